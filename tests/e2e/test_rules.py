"""The capture rules (docs/architecture.md) that a ramp alone does not show: what the graph does to a take in its
middle, and interfaces that come late or never."""
import signal

import pytest

from e2e.desk import Take, appliance, check_ramps, recorded, takes, wait_until
from e2e.home import BY_COMMAND, Home, wait_tracks_grow

RATE = 48000


def begin(room, config):
    """`woodshed record` of a take that runs, and its folder."""
    record = room.spawn_woodshed("record", "--config", config)
    record.wait_error(" tracks at ")
    folder, = takes(room)
    wait_tracks_grow(Take(folder))
    return record, folder


def end(record, folder):
    record.signal(signal.SIGINT)
    assert record.wait() == 0
    return Take(folder)


def grow_on(folder, by=16384):
    """Until every track has got some more."""
    sizes = {path: path.stat().st_size + by for path in (folder / "raw").iterdir()}
    wait_until(lambda: all(path.stat().st_size > size for path, size in sizes.items()), "the tracks grow on")


def test_a_link_that_somebody_removes_is_made_again(room):
    """The node stays, so nothing but the link itself says so. What was not heard meanwhile is silence, and the rest
    is where it was."""
    channels = {"desk": 3, "other": 2}
    for name, count in channels.items():
        room.interface(name, channels=count, ramp=True).wait_ready()
    record, folder = begin(room, appliance(room, channels))
    for time in (1, 2):
        done = room.run("pw-link", "-d", "desk:capture_AUX1", "woodshed.desk:input_2")
        assert done.returncode == 0, done.stderr
        wait_until(lambda: record.stderr.count("(unplugged)") == time, "the interface is heard again")
        grow_on(folder)
    take = end(record, folder)
    check_ramps(take, channels)
    assert take.gaps["other"] == []
    assert [cause for _, _, cause in take.gaps["desk"]] == ["unplugged"] * 2
    assert all(lost < RATE for _, lost, _ in take.gaps["desk"])
    take.check_files()


def test_another_quantum_in_the_middle(room):
    """Whatever the interface asks for, the graph may run at another quantum; not a frame may be lost by that."""
    fake = room.interface("desk", channels=4, ramp=True, quantum=256).wait_ready()
    assert fake
    record, folder = begin(room, appliance(room, {"desk": 4}))
    for quantum in (64, 1024, 2048, 128):
        done = room.run("pw-metadata", "-n", "settings", "0", "clock.force-quantum", str(quantum))
        assert done.returncode == 0, done.stderr
        grow_on(folder)
    take = end(record, folder)
    check_ramps(take, {"desk": 4})
    assert take.gaps["desk"] == []


def test_another_driver_in_the_middle(room):
    """Another clock's id and position: the time alone says how much was lost, to the frame."""
    planted = [f"{second * RATE}:{lost}" for second, lost in enumerate([300, 4096, 1, 777, 48000] * 4, 3)]
    fake = room.interface("desk", channels=2, ramp=True, ppm=-150, driver_at=planted).wait_ready()
    take = recorded(room.woodshed("record", "--config", appliance(room, {"desk": 2}), "--for", "6 s"))
    start = check_ramps(take, {"desk": 2}, 6 * RATE)["desk"]
    inside = [(frame - start, lost, "driver") for frame, lost in fake.frames_of("driver")
              if start < frame and frame + lost <= start + 6 * RATE]
    assert len(inside) >= 3
    assert [gap for gap in take.gaps["desk"] if gap in inside] == inside
