"""Writes the preset files as a C table: embed.py OUTPUT FILE...

A file's folder is its kind, its name without the ending is the preset's. Bytes, not a literal: C sets no limit
on how long an array is."""

import pathlib
import sys


def rows(data):
    for start in range(0, len(data), 20):
        yield "\t" + " ".join(f"{byte}," for byte in data[start:start + 20])


def main():
    output, *files = map(pathlib.Path, sys.argv[1:])
    lines = ['#include "config/preset_search.h"', ""]
    table = []
    for number, file in enumerate(files):
        data = file.read_bytes()
        lines += [f"static const unsigned char text_{number}[] = {{", *rows(data), "};", ""]
        kind = f"PRESET_{file.parent.name.upper()}"
        table.append(f'\t{{{kind}, "{file.stem}", text_{number}, sizeof(text_{number})}},')
    lines += ["const struct preset presets[] = {", *table, "};", ""]
    lines += ["const size_t preset_count = sizeof(presets) / sizeof(presets[0]);", ""]
    output.write_text("\n".join(lines))


main()
