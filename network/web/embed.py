"""Writes the page's files as C arrays: embed.py OUTPUT FILE..., in the order of the enum in web.h."""

import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


def array(number, data):
    lines = [f"static const unsigned char asset_{number}[] = {{"]
    lines += ["\t" + " ".join(f"{byte}," for byte in data[at:at + 20]) for at in range(0, len(data), 20)]
    return lines + ["};", ""]


def main():
    output, *files = map(pathlib.Path, sys.argv[1:])
    lines = ['#include "network/web.h"', ""]
    for number, file in enumerate(files):
        lines += array(number, file.read_bytes())
    lines.append("const struct web_asset web_assets[WEB_ASSETS] = {")
    lines += [f'\t{{"{TYPES[file.suffix]}", asset_{n}, sizeof(asset_{n})}},' for n, file in enumerate(files)]
    output.write_text("\n".join(lines + ["};", ""]))


main()
