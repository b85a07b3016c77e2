"""Writes the page's files as C arrays, each with its type and its ETag: embed.py OUTPUT FILE..."""

import hashlib
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}


def array(number, data):
    lines = [f"static const unsigned char asset_{number}[] = {{"]
    lines += ["\t" + " ".join(f"{byte}," for byte in data[at:at + 20]) for at in range(0, len(data), 20)]
    return lines + ["};", ""]


def row(number, file):
    etag = hashlib.sha256(file.read_bytes()).hexdigest()
    return (f'\t{{"{file.name}", "{TYPES[file.suffix]}", "\\"{etag}\\"", asset_{number}, '
            f"sizeof(asset_{number})}},")


def main():
    output, *files = map(pathlib.Path, sys.argv[1:])
    lines = ['#include "network/web.h"', ""]
    for number, file in enumerate(files):
        lines += array(number, file.read_bytes())
    lines.append("const struct web_asset web_assets[] = {")
    lines += [row(number, file) for number, file in enumerate(files)]
    lines += ["};", f"const size_t web_asset_count = {len(files)};", ""]
    output.write_text("\n".join(lines))


main()
