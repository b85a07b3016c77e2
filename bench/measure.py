"""Programs run to their end and what they used; repetitions in turns; ratios."""
import dataclasses
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from places import BUILD, ROOT


class BenchError(Exception):
    """Why there is no figure."""


@dataclasses.dataclass
class Used:
    """What one run of a program took; `cpu_s` is user and system time, of its children too."""
    cpu_s: float
    wall_s: float
    output: str
    by_thread: dict  # CPU seconds by a thread's name


@dataclasses.dataclass
class Row:
    """One ratio of the table: ours and the peer's figures, a pair for each repetition."""
    what: str
    peer: str
    ours: list
    theirs: list
    target: float = None
    unit: str = "s"

    @property
    def ratio(self):
        return statistics.median(self.ours) / statistics.median(self.theirs)

    @property
    def spread(self):
        """The least and the greatest ratio of one repetition."""
        pairs = [ours / theirs for ours, theirs in zip(self.ours, self.theirs)]
        return min(pairs), max(pairs)


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Threads:
    """Seconds of CPU that each of a program's threads took, by their names, as long as the program lives. Whoever looks
    misses what a thread did after the last look."""
    LOOK_S = 0.05

    def __init__(self, pid):
        self.pid, self.used, self.ended = pid, {}, threading.Event()
        self.watch = threading.Thread(target=self._look_on, daemon=True)
        self.watch.start()

    def _look_on(self):
        while not self.ended.wait(self.LOOK_S):
            try:
                for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
                    name = "main" if task.name == str(self.pid) else (task / "comm").read_text().strip()
                    self.used[task.name] = (name, int((task / "schedstat").read_text().split()[0]) * 1e-9)
            except (OSError, IndexError):
                pass  # a thread that ended meanwhile, or all of them

    def end(self):
        """Seconds by name, threads of one name together."""
        self.ended.set()
        self.watch.join()
        seconds = {}
        for name, used in self.used.values():
            seconds[name] = seconds.get(name, 0) + used
        return seconds


def finished(process, begun, command, log, threads):
    """Waits for a child that writes to `log`, and returns what it used."""
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)  # or Popen would wait for it again
    log.seek(0)
    text = log.read()
    if process.returncode:
        raise BenchError(f"{command[0]}: status {process.returncode}: {text.strip()[-1500:]}")
    return Used(usage.ru_utime + usage.ru_stime, wall_s, text, threads.end() if threads else {})


def run(*command, env=None, output="stdout", by_thread=False):
    """Runs a program to its end; `output` is the stream that is read, of which the other is thrown away. `by_thread`
    has Used tell its threads apart."""
    command = [str(part) for part in command]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log, \
            tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as other:
        streams = {"stdout": log, "stderr": other} if output == "stdout" else {"stdout": other, "stderr": log}
        begun = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=env, **streams)
        try:
            return finished(process, begun, command, log, Threads(process.pid) if by_thread else None)
        except BenchError as problem:
            other.seek(0)
            raise BenchError(f"{problem}\n{other.read()[-1500:]}") from None
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()


def flac_alone(*args):
    """CPU seconds of what libFLAC alone needs: ("decode", FILE…) or ("encode", LEVEL, FILE…)."""
    return float(run(BUILD / "bench/flac-alone", *args).output.split()[0])


def level_in(source):
    """The compression level that a source file of ours gives libFLAC, so that both encode alike."""
    found = re.search(r"\bCOMPRESSION = (\d)", (ROOT / source).read_text(encoding="utf-8"))
    if not found:
        raise BenchError(f"{source} does not say its COMPRESSION any more")
    return int(found[1])


def in_turns(repetitions, *parts):
    """A, B, C, A, B, C, …: what each part returned, a list a part. A machine that slows down slows all of them."""
    results = [[] for _ in parts]
    for repetition in range(repetitions):
        say(f"repetition {repetition + 1} of {repetitions}")
        for part, result in zip(parts, results):
            result.append(part())
    return results
