"""What the demo puts on paper: lines, a bar that moves where there is a terminal, tables, figures in words."""
import math
import os
import re
import shutil
import sys
import time

BAR = 24


def clock(seconds):
    """75.26 → 1:15.3"""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def size(count):
    if count < 1000:
        return f"{count} bytes"
    for unit in ("kB", "MB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} GB"


def figure(value, unit, digits=1):
    known = isinstance(value, (int, float)) and math.isfinite(value)
    return f"{value:.{digits}f} {unit}" if known else "unknown"


def gaps(found, rate):
    if not found:
        return "none"
    lost = sum(gap["frames"] for gap in found) / rate
    return f"{len(found)}, {lost * 1000:.0f} ms: {', '.join(sorted({gap['cause'] for gap in found}))}"


class Display:
    """Standard output: lines that stay, and on a terminal one that is written again and again below them."""

    def __init__(self):
        plain = not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb"
        self.live = not plain
        self.colour = not plain and not os.environ.get("NO_COLOR")
        self._drawn = ""

    @property
    def width(self):
        return shutil.get_terminal_size().columns

    def _clear(self):
        if self._drawn:
            print("\r\033[K", end="")
            self._drawn = ""

    def _dressed(self, text, code):
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def line(self, text=""):
        self._clear()
        print(text, flush=True)

    def heading(self, text):
        self.line()
        self.line(self._dressed(text, 1))

    def faint(self, text):
        self.line(self._dressed(text, 2))

    def now(self, text):
        """What is going on; never wider than the terminal, where it could not be written over."""
        text = text[:max(0, self.width - 1)]
        if self.live and text != self._drawn:
            print(f"\r\033[K{text}", end="", flush=True)
            self._drawn = text

    def bar(self, text, done, whole=None):
        """`done` seconds, of `whole` if that is known."""
        if not whole:
            self.now(f"  {text}  {clock(done)}")
            return
        filled = min(BAR, int(BAR * done / whole))
        self.now(f"  {text}  {'█' * filled}{'░' * (BAR - filled)}  {clock(min(done, whole))} of {clock(whole)}")

    def table(self, head, rows):
        """Columns as wide as they need to be, numbers to the right; closer together where there is no room."""
        rows = [[str(cell) for cell in row] for row in rows]
        widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
        right = [all(re.match(r"[-+0-9]|unknown", row[at]) for row in rows) for at in range(len(head))]
        room = self.width if self.live else 80
        between = next((gap for gap in (3, 2) if 2 + sum(widths) + gap * (len(head) - 1) <= room), 1)
        for number, row in enumerate([head, *rows]):
            cells = (cell.rjust(width) if to_right else cell.ljust(width)
                     for cell, width, to_right in zip(row, widths, right))
            text = ("  " if between > 1 else " ") + (" " * between).join(cells).rstrip()
            (self.faint if number == 0 else self.line)(text)


class Steps:
    """A table that grows by a line whenever something happens."""

    def __init__(self, display):
        self.display = display
        self.begun = time.monotonic()

    @property
    def _narrow(self):
        return self.display.live and self.display.width < 72

    def head(self, what, meaning):
        if not self._narrow:
            self.display.faint(f"  {'AFTER':>8}   {what:<15}   {meaning}")

    def add(self, what, meaning):
        after = f"{time.monotonic() - self.begun:.1f} s"
        self.display.line((f"{after:>7} {what}: {meaning}" if self._narrow else
                           f"  {after:>8}   {what:<15}   {meaning}").rstrip(": "))
