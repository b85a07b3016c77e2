"""What every test may ask for: the project's root, the build folder, the program."""
import pathlib
import sys

import pytest

# So that a test says `from rig.room import Room`, wherever it lies.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from places import BUILD, ROOT


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
