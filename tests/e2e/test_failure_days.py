"""Bad days that no other test has; docs/failure-days.md names the test of each."""
import contextlib
import os
import pathlib
import re
import resource
import signal

import pytest

from crash import memory
from e2e.desk import Take, absences, appliance, check_ramps, decode, takes, wait_until
from e2e.home import BY_COMMAND, Home
from e2e.studio import StudioTake, noise
from rig.room import BUILD

RIG = BUILD / "tests/rig"
OLD = "20260101-000000-studio"
MINUTE = 60
# Of the room's clock: what is in time at its speed on a machine that has other work too.
SPEED, QUANTUM = 4, 1024
LINKED_S = 5 * SPEED


def test_every_day_has_its_test(root):
    """The table names tests that there are, and no bad day is only promised."""
    text = (root / "docs/failure-days.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| the day", "| ---"))]
    assert len(rows) >= 12
    for row in rows:
        named = re.findall(r"`(tests/[a-z0-9/_-]+(?:\.py)?)(?:::(test_\w+))?`", row)
        assert named, row
        for path, test in named:
            assert (root / path).exists(), path
            assert not test or f"def {test}(" in (root / path).read_text("utf-8"), test


# ---- an interface that is unplugged for a minute ----

def test_unplugged_for_a_minute(open_room):
    """Exactly a minute of silence, and both interfaces in their places before and after it."""
    room = open_room(speed=SPEED)
    channels = {"stays": 1, "leaves": 1}
    room.interface("stays", channels=1, ramp=True, quantum=QUANTUM).wait_ready()
    leaves = room.interface("leaves", channels=1, ramp=True, quantum=QUANTUM, unplug_at=5 * SPEED,
                            return_after=MINUTE).wait_ready()
    record = room.spawn_woodshed("record", "--config", appliance(room, channels))
    leaves.wait_line("returned")
    record.wait_error("frames lost at frame")
    track, = (takes(room)[0] / "raw").glob("*leaves*")
    size = track.stat().st_size
    wait_until(lambda: track.stat().st_size > size + 1000, "the track grows after the return")
    assert record.stop() == 0
    take = Take(takes(room)[0])
    start = check_ramps(take, channels)["leaves"]
    (frame, lost), = absences(take, "leaves")
    assert take.gaps["stays"] == []
    (unplugged,), (returned,) = leaves.frames_of("unplugged")[0], leaves.frames_of("returned")[0]
    assert returned - unplugged >= MINUTE * 48000
    assert frame + start <= unplugged < returned <= frame + lost + start < returned + LINKED_S * 48000
    take.check_files()


# ---- a render that ends in its own way ----

def children(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # Threads end while one looks.
            found += map(int, (task / "children").read_text("ascii").split())
    return found


def oom_score(pid):
    return int(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text("ascii"))


def is_render(pid):
    try:
        return b"\0render\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@pytest.fixture
def rendering(room):
    """(home, child): a service that has begun a render of an older take, and the render's process, stopped."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    studio = StudioTake(room.folder("takes"), OLD, {f"t{n}": noise(20 * 48000, -20, n) for n in range(3)})
    studio.session("{preset: none}")
    home = Home(room, {"desk": 2}, BY_COMMAND)
    home.process = room.service(home.config)
    found = []
    wait_until(lambda: found.extend(filter(is_render, children(home.process.pid))) or found, "a render runs")
    wait_until(lambda: oom_score(found[0]) == 1000, "it has put itself behind everything else")
    os.kill(found[0], signal.SIGSTOP)
    home.wait_health(lambda health: health["ok"])  # The interface is there, so that a take can start.
    return home, found[0]


def check_the_rest_goes_on(home, mark, said):
    """The failure is told and blamed on the one take; a take that runs meanwhile is whole, and the render works when it
    is asked for again."""
    failed = home.wait_event("take_failed", since=mark)
    assert failed["take"] == OLD and re.search(said, failed["error"]), failed
    home.wait_health(lambda health: any(OLD in alert for alert in health["alerts"]), since=mark)
    assert home.take(OLD).manifest["state"] == "failed"
    take = home.take(home.end_take()["take"])
    check_ramps(take, {"desk": 2})
    assert take.gaps == {"desk": []}
    mark = home.watcher.mark()
    assert home.ask("take.render", take=OLD)["status"] == "ok"
    home.watcher.wait(lambda message: "take_mastered" in message.payload and OLD in message.payload, since=mark, timeout=120)
    assert home.take(OLD).manifest["state"] == "mastered"


def test_the_kernel_takes_a_render_before_the_service(rendering):
    """Where memory runs out, a render can be made again and a take cannot; what the kernel sends is SIGKILL."""
    home, child = rendering
    assert oom_score(child) > oom_score(home.process.pid)
    mark = home.watcher.mark()
    home.start_take(size=400)
    os.kill(child, signal.SIGKILL)
    check_the_rest_goes_on(home, mark, r"killed by signal 9")


def test_a_render_without_memory(rendering):
    """It may have no more than it has: it says so and ends, and nothing else does."""
    home, child = rendering
    mark = home.watcher.mark()
    home.start_take(size=400)
    # Both: what malloc has set aside and not used yet counts as address space already, but not as data.
    pages, _, _, _, _, data, _ = map(int, pathlib.Path(f"/proc/{child}/statm").read_text("ascii").split())
    for limit, most in ((resource.RLIMIT_AS, pages), (resource.RLIMIT_DATA, data)):
        resource.prlimit(child, limit, (most * resource.getpagesize(), ) * 2)
    os.kill(child, signal.SIGCONT)
    check_the_rest_goes_on(home, mark, r"out of memory|[Cc]annot allocate memory")


# ---- a manifest that there is no memory for ----

def test_a_take_that_is_removed_while_it_waits_for_its_render(rendering):
    """By hand, which the service does not hear of: it says what is left to render."""
    home, child = rendering
    other = StudioTake(home.room.folder("takes"), "20260202-020202-other", {"t": noise(48000, -20, 1)})
    other.session("{preset: none}")
    assert home.ask("take.render", take=other.folder.name)["status"] == "ok"
    assert home.room.woodshed("remove", other.folder).returncode == 0
    mark = home.watcher.mark()
    os.kill(child, signal.SIGCONT)
    home.wait_event("take_mastered", since=mark, timeout=120)
    home.wait("state", lambda message: message.json["rendering"] == 0, since=mark)


def test_a_manifest_without_memory(room):
    """Jansson says of it what it says of a broken one, so its memory is the program's, which ends without it."""
    good = StudioTake(room.folder("takes"), OLD, {"t": noise(4800, -20, 1)})
    manifest = (good.folder / "take.json").read_bytes()
    env = room.guarded()
    env["LD_PRELOAD"] = f"{env.get('LD_PRELOAD', '')}:{RIG}/libno-json.so".strip(":")
    done = room.woodshed("recover", "--config", appliance(room, {"desk": 1}), env=env)
    assert done.returncode == 0, done.stderr
    assert (good.folder / "take.json").read_bytes() == manifest
    assert not list(good.folder.glob("take.json.*"))


# ---- one allocation that fails ----

@pytest.mark.parametrize("command, most", [
    (memory.render, 25), (lambda folder: ["verify", memory.take(folder)], 100),
    (lambda folder: ["song", memory.session(folder)], None), (lambda folder: ["check", memory.session(folder)], 100)],
    ids=["render", "verify", "song", "check"])
def test_one_allocation_fails(tmp_path, program, command, most):
    """At any place: that is said, or nothing has changed. tests/stress/memory tries all of a render's."""
    assert program
    outcome = memory.run(tmp_path, command(tmp_path), most)
    print(outcome)
    assert sum(outcome.runs.values()) == (most or outcome.places) and outcome.places > (most or 0)
    assert not outcome.faults, "\n".join([str(outcome), *outcome.faults])


# ---- a manifest that is not one ----

@pytest.mark.parametrize("damage", [lambda text: text[:len(text) // 2], lambda text: b"", lambda text: b"\0" * len(text),
                                    lambda text: text.replace(b'"frames"', b'"fr\xffmes"')],
                         ids=["cut", "empty", "zeros", "no text"])
def test_a_corrupted_manifest(room, damage):
    """What the files themselves say is told anew, with every sample; the other takes and the next one are as ever."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    good, bad = (StudioTake(room.folder("takes"), name, {"t": noise(4800, -20, 1)})
                 for name in (OLD, "20260102-000000-studio"))
    sound, = (decode(path) for path in (bad.folder / "raw").iterdir())
    manifest = bad.folder / "take.json"
    manifest.write_bytes(damage(manifest.read_bytes()))
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False)
    home.process = room.service(home.config)
    assert home.wait_event("take_recovered")["take"] == bad.folder.name
    assert "take.json" in home.process.stderr and "told anew from the raw files" in home.process.stderr
    home.wait_health(lambda health: health["ok"])
    listed = home.ask("take.list")["data"]["takes"]
    assert [take["id"] for take in listed] == [bad.folder.name, good.folder.name]
    take = home.take(bad.folder.name)
    assert take.manifest["recovered"] and take.manifest["frames"] == bad.frames
    assert [take.raw(track) for track in take.tracks] == [sound]
    take.check_files()
    assert not home.take(good.folder.name).manifest.get("recovered")
    take = home.start_take(size=400)
    home.end_take()
    check_ramps(take, {"desk": 2})
