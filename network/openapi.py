"""Writes docs/openapi.yaml, which the program serves, as a C array: openapi.py FILE OUTPUT."""
import pathlib
import sys

data = pathlib.Path(sys.argv[1]).read_bytes()
rows = ["\t" + " ".join(f"{byte}," for byte in data[at:at + 20]) for at in range(0, len(data), 20)]
pathlib.Path(sys.argv[2]).write_text("\n".join(
    ['#include "network/server.h"', "", "const unsigned char openapi[] = {", *rows, "};",
     "const size_t openapi_size = sizeof(openapi);", ""]))
