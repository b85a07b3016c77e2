"""What the last measurements came to, kept for the README: bench/results/rows.json, and of it a text and a chart.
A benchmark that is run alone replaces its own rows; the others stay what they were."""
import datetime
import html
import json
import math
import os
import pathlib
import platform
import statistics

FOLDER = pathlib.Path(__file__).resolve().parent / "results"
HEADINGS = ("", "beside", "ours", "peer", "", "ratio", "from-to", "target")
NOTE = "Medians of repetitions in turns; a ratio under 1 is less than the peer takes."


def cells(row):
    low, high = row.spread
    target = "-" if row.target is None else f"<= {row.target:g} {'met' if row.ratio <= row.target else 'missed'}"
    return (row.what, row.peer, f"{statistics.median(row.ours):.2f}", f"{statistics.median(row.theirs):.2f}",
            row.unit, f"{row.ratio:.2f}", f"{low:.2f}-{high:.2f}", target)


def table(lines):
    """Lines of cells as one text, figures to the right."""
    lines = [HEADINGS, *lines]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    shown = []
    for line in lines:
        words = [text.rjust(width) if i in (2, 3, 5, 6) else text.ljust(width)
                 for i, (text, width) in enumerate(zip(line, widths))]
        shown.append("  ".join(words).rstrip())
    return "\n".join(shown)


def machine():
    """Its processor, as it calls itself."""
    name = platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith(("model name", "Model")):
            name = line.split(":", 1)[1].strip()
            break
    return f"{name}, {os.cpu_count()} cores"


# --- the chart ---

LEFT, BAR, GAP, WIDTH, RIGHT = 430, 16, 8, 860, 60
LEAST, MOST = 0.05, 5
STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #222 } .axis { stroke: #ccc } .one { stroke: #222; stroke-width: 1.5 }
  .met { fill: #2c7a4b } .missed { fill: #b4530a } .bare { fill: #51708f } .target { stroke: #222; stroke-dasharray: 2 2 }
  .paper { fill: #fff } .note { fill: #555 }
  @media (prefers-color-scheme: dark) { text { fill: #ddd } .axis { stroke: #444 } .one, .target { stroke: #ddd }
    .paper { fill: #161616 } .note { fill: #aaa } }
"""


def place(ratio):
    """Where a ratio lies from left to right, on a logarithmic axis."""
    share = math.log(min(max(ratio, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def bar(kept, top):
    middle = top + BAR - 4
    ratio, target = kept["ratio"], kept["target"]
    kind = "bare" if target is None else "met" if ratio <= target else "missed"
    peer = kept["cells"][1].split(" (")[0]  # what both reached is in the text
    words = html.escape(f"{kept['cells'][0]} / {peer}")
    begin, end = sorted((place(1), place(ratio)))
    drawn = [f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end">{words}</text>',
             f'<rect class="{kind}" x="{begin:.1f}" y="{top}" width="{max(end - begin, 1):.1f}" height="{BAR}"/>',
             f'<text x="{WIDTH - RIGHT + 8}" y="{middle}">{ratio:.2f}</text>']
    if target is not None:
        at = place(target)
        drawn.append(f'<line class="target" x1="{at:.1f}" x2="{at:.1f}" y1="{top - 2}" y2="{top + BAR + 2}"/>')
    return drawn


def chart(rows, said):
    """An SVG: a bar a row from 1 (as much as the peer) to its ratio; to the left is less."""
    height = 60 + len(rows) * (BAR + GAP) + 30
    drawn = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" '
             'aria-label="What Woodshed takes beside its peers: ratios">',
             f"<style>{STYLE}</style>", f'<rect class="paper" width="{WIDTH}" height="{height}"/>']
    for ratio in (0.1, 0.25, 0.5, 1, 2, 4):
        at, kind = place(ratio), "one" if ratio == 1 else "axis"
        drawn += [f'<line class="{kind}" x1="{at:.1f}" x2="{at:.1f}" y1="40" y2="{height - 30}"/>',
                  f'<text x="{at:.1f}" y="30" text-anchor="middle">{ratio:g}</text>']
    for index, kept in enumerate(rows):
        drawn += bar(kept, 46 + index * (BAR + GAP))
    drawn.append(f'<text class="note" x="8" y="{height - 10}">{html.escape(said)}</text></svg>')
    return "\n".join(drawn) + "\n"


# --- keeping ---

def keep(name, rows, folder=FOLDER):
    """Puts a benchmark's rows in place of its earlier ones, and draws everything anew."""
    folder.mkdir(exist_ok=True)
    path = folder / "rows.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept[name] = {"date": datetime.date.today().isoformat(), "machine": machine(),
                  "rows": [{"cells": cells(row), "ratio": row.ratio, "target": row.target} for row in rows]}
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    draw(kept, folder)


def draw(kept, folder):
    texts, compared = [], []
    for name, one in sorted(kept.items()):
        texts.append(f"{name}, {one['date']}, {one['machine']}\n\n{table([row['cells'] for row in one['rows']])}\n")
        # What a processor costs in silence beside noise is a list of its own, too long for a chart.
        compared += [] if name == "processors" else one["rows"]
    machines = "; ".join(sorted({one["machine"] for one in kept.values()}))
    (folder / "ratios.txt").write_text("\n".join([*texts, NOTE, ""]), encoding="utf-8")
    said = f"Ours / the peer's, less is better; dashed: the target. {machines}"
    (folder / "ratios.svg").write_text(chart(compared, said), encoding="utf-8")
