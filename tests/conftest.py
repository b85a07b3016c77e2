"""What every test may ask for: the project's root, the build folder, the program."""
import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(ROOT, os.environ.get("WOODSHED_BUILD", "build")).resolve()

# So that a test says `from rig.room import Room`, wherever it lies.
sys.path.insert(0, str(ROOT / "tests"))


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def build():
    return BUILD


@pytest.fixture(scope="session")
def program(build):
    """The path of `woodshed`."""
    path = build / "woodshed"
    if not path.exists():
        pytest.fail(f"{path} is not built: tests/run builds it", pytrace=False)
    return path
