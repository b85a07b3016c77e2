#!/usr/bin/python3
"""Runs the benchmarks, prints their ratios as one table and keeps them (results.py); bench/run prepares what it needs.

usage: table.py [--quick] [NAME…]
"""
import argparse
import os
import pathlib
import sys

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "tests"))

import ardour
import evening
import http_files
import master
import processors
import record
import render
import results
from measure import BenchError
from places import BUILD
from rig.band import BandError
from rig.room import RigError

BENCHMARKS = {
    "record": record.measure,
    "render": render.measure,
    "ardour": ardour.measure,
    "master": master.measure,
    "processors": processors.measure,
    "evening": evening.measure,
    "http": http_files.measure,
}


def check_build():
    """Of a folder that somebody named, nothing is known."""
    for name in ("woodshed", "bench/flac-alone", "bench/processor-cost", "bench/pw-idle", "tests/rig/fake-interface",
                 "tests/network/network-host"):
        if not (BUILD / name).exists():
            raise BenchError(f"not built: {BUILD / name}")


def show(rows):
    print(results.table(map(results.cells, rows)))
    print(f"{results.NOTE} Load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.")


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--quick", action="store_true")
    ask.add_argument("name", nargs="*", choices=[[], *BENCHMARKS])
    options = ask.parse_args()
    rows = []
    try:
        check_build()
        for name in options.name or BENCHMARKS:
            measured = BENCHMARKS[name](options.quick)
            rows += measured
            if measured and not options.quick:
                results.keep(name, measured)
    except (BenchError, BandError, RigError, OSError) as problem:
        sys.exit(f"bench/run: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)
    show(rows)


if __name__ == "__main__":
    main()
