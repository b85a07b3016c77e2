#!/usr/bin/python3
"""Runs the benchmarks and prints their ratios as one table; bench/run prepares what it needs.

usage: table.py [--quick] [NAME…]
"""
import argparse
import os
import pathlib
import statistics
import sys

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))

import master
import processors
import record
import render
from measure import BenchError
from places import BUILD
from rig.band import BandError
from rig.room import RigError

BENCHMARKS = {"record": record.measure, "render": render.measure, "master": master.measure,
              "processors": processors.measure}
HEADINGS = ("", "beside", "ours", "peer", "", "ratio", "from-to", "target")


def check_build():
    """Of a folder that somebody named, nothing is known."""
    for name in ("woodshed", "bench/flac-alone", "bench/processor-cost", "bench/pw-idle", "tests/rig/fake-interface"):
        if not (BUILD / name).exists():
            raise BenchError(f"not built: {BUILD / name}")


def cells(row):
    low, high = row.spread
    target = "-" if row.target is None else f"<= {row.target:g} {'met' if row.ratio <= row.target else 'missed'}"
    return (row.what, row.peer, f"{statistics.median(row.ours):.2f}", f"{statistics.median(row.theirs):.2f}",
            row.unit, f"{row.ratio:.2f}", f"{low:.2f}-{high:.2f}", target)


def show(rows):
    table = [HEADINGS, *map(cells, rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(HEADINGS))]
    for line in table:
        words = [text.rjust(width) if i in (2, 3, 5, 6) else text.ljust(width)
                 for i, (text, width) in enumerate(zip(line, widths))]
        print("  ".join(words).rstrip())
    print("Medians of repetitions in turns; a ratio under 1 is less than the peer takes. "
          f"Load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.")


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--quick", action="store_true")
    ask.add_argument("name", nargs="*", choices=[[], *BENCHMARKS])
    options = ask.parse_args()
    rows = []
    try:
        check_build()
        for name in options.name or BENCHMARKS:
            rows += BENCHMARKS[name](options.quick)
    except (BenchError, BandError, RigError, OSError) as problem:
        sys.exit(f"bench/run: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
    show(rows)


if __name__ == "__main__":
    main()
