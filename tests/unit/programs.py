"""The unit tests' programs of a build folder, as meson knows them.

Run as a script it prints the ninja targets of the programs that a sanitizer's build needs.
"""
import json
import pathlib
import subprocess
import sys

# The parts that share memory between threads; a race elsewhere would be a thread where there should be none.
THREADED = {"disk", "worker", "ring", "loop", "tape", "syncer", "writer", "recorder", "recorder-room"}


def programs(build):
    """[{name, cmd, env, timeout, …}] of every CMocka program that `build` (a path) is to run."""
    told = subprocess.run(["meson", "introspect", "--tests", str(build)], capture_output=True, text=True,
                          check=True).stdout
    found = [test for test in json.loads(told) if any(suite.endswith("unit") for suite in test["suite"])]
    if "tsan" in pathlib.Path(build).name:
        found = [test for test in found if test["name"] in THREADED]
    return found


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1]).resolve()
    for test in programs(folder):
        print(pathlib.Path(test["cmd"][0]).relative_to(folder))
