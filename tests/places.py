"""Where things are: the project's root and the build folder that is tested."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(ROOT, os.environ.get("WOODSHED_BUILD", "build")).resolve()
