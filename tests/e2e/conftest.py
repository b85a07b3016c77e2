"""The room for a test; when the test fails, its logs are printed and its folder stays."""
import pytest

from rig.room import Room

FAILED = pytest.StashKey()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    if outcome.get_result().failed:
        item.stash[FAILED] = True


@pytest.fixture
def open_room(request):
    """open_room(rate=44100): a room that closes with the test."""
    rooms = []

    def make(**options):
        room = Room(**options)
        room.__enter__()
        rooms.append(room)
        return room

    yield make
    for room in reversed(rooms):
        if request.node.stash.get(FAILED, False):
            room.keep = True
            room.show_logs()
        room.__exit__(None, None, None)


@pytest.fixture
def room(open_room, program):
    assert program
    return open_room()
