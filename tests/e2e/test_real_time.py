"""The capture callbacks do nothing that a real-time thread may not. Every program of the end-to-end tests runs under
tests/rig/rt-guard.c; here it is shown that the guard would tell, and what the callbacks cost."""
import json

import pytest

from rig.room import Room

SESSION = "woodshed: 1\nname: guarded\nmix: {preset: none}\n"


@pytest.fixture(name="room")
def _room():
    with Room() as room:
        room.interface("desk", channels=18, ramp=True).wait_ready()
        yield room


def record(room, tmp_path, **environment):
    session = tmp_path / "guarded.yaml"
    session.write_text(SESSION)
    return room.woodshed("record", "--for", "1s", "--takes", tmp_path / "takes", "--session", session,
                         env=room.guarded(**environment))


@pytest.mark.parametrize("how, said", [("syscall", "system call"), ("malloc", "malloc"),
                                       ("lock", "pthread_mutex_lock")])
def test_the_guard_tells(room, tmp_path, how, said):
    done = record(room, tmp_path, WOODSHED_RT_MISBEHAVE=how)
    assert done.returncode < 0
    assert f"rt-guard: in a capture callback: {said}" in done.stderr


def test_the_capture_callback_is_clean(room, tmp_path):
    times = tmp_path / "times.json"
    done = record(room, tmp_path, WOODSHED_RT_TIMES=str(times))
    assert done.returncode == 0, done.stderr
    figures = json.loads(times.read_text())
    print(figures)
    assert figures["calls"] > 100
    assert figures["system_calls_watched"] is True
