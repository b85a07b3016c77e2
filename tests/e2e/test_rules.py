"""The capture rules (docs/architecture.md) that a ramp alone does not show: what the graph does to a take in its
middle, and interfaces that come late or never."""
import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess

import pytest

from e2e.desk import (Take, absences, appliance, check_ramps, first_value, ramp_with_gaps, recorded, size_of, takes,
                      wait_until)
from e2e.home import BY_COMMAND, Home
from rig.room import BUILD

RATE = 48000
LONG_CYCLE = 4096  # what the program asks for


def begin(room, config):
    """`woodshed record` of a take that runs, and its folder."""
    record = room.spawn_woodshed("record", "--config", config)
    record.wait_error(" tracks at ")
    folder, = takes(room)
    Take(folder).wait_growth()
    return record, folder


def end(record, folder):
    record.signal(signal.SIGINT)
    assert record.wait() == 0
    return Take(folder)


def grow_on(folder, by=4096):
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
    for _ in range(2):
        told = record.stderr.count("(unplugged)")
        done = room.run("pw-link", "-d", "desk:capture_AUX1", "woodshed.desk:input_2")
        assert done.returncode == 0, done.stderr
        wait_until(lambda: record.stderr.count("(unplugged)") > told, "the interface is heard again")
        grow_on(folder)
    take = end(record, folder)
    check_ramps(take, channels)
    assert take.gaps["other"] == []
    assert [lost < RATE for _, lost in absences(take, "desk")] == [True] * 2
    take.check_files()


def is_0_3(room):
    return "libpipewire 0.3." in room.run("pipewire", "--version").stdout


def test_another_quantum_in_the_middle(room):
    """Whatever the interface asks for, the graph may run at another quantum; not a frame may be lost by that, but for
    the moment in which PipeWire 1.4 suspends the interface itself: it is told, and every frame around it in its place."""
    fake = room.interface("desk", channels=4, ramp=True, quantum=256).wait_ready()
    assert fake
    record, folder = begin(room, appliance(room, {"desk": 4}))
    for quantum in (64, 1024, 2048, 128):
        done = room.run("pw-metadata", "-n", "settings", "0", "clock.force-quantum", str(quantum))
        assert done.returncode == 0, done.stderr
        grow_on(folder)
    take = end(record, folder)
    check_ramps(take, {"desk": 4})
    if is_0_3(room):
        assert take.gaps["desk"] == []
    assert len(take.gaps["desk"]) <= 4
    assert all(cause == "unplugged" and lost < RATE / 2 for _, lost, cause in take.gaps["desk"])


def quantum_heard(room, asked=None):
    """Frames a cycle that another client gets in the end, which may ask for so many."""
    env = room.env | ({"PIPEWIRE_LATENCY": f"{asked}/{RATE}"} if asked else {})
    done = room.run(BUILD / "tests/rig/probe", str(RATE), "desk:4", env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["last"]["duration"]


def test_long_cycles_unless_somebody_asks_for_less(room):
    """A recorder can wait, whoever plays through the box cannot: he gets what he asks for, in the middle of a take
    too, and the take has every frame."""
    room.interface("desk", channels=4, ramp=True, any_quantum=True).wait_ready()
    assert quantum_heard(room) < LONG_CYCLE
    record, folder = begin(room, appliance(room, {"desk": 4}))
    for asked in (256, 64):
        assert quantum_heard(room) == LONG_CYCLE
        assert quantum_heard(room, asked) == asked
    grow_on(folder)
    take = end(record, folder)
    check_ramps(take, {"desk": 4})
    assert take.gaps["desk"] == []
    take.check_files()


def test_another_driver_in_the_middle(room):
    """Another clock's count of position: the time alone says how much was lost, to the frame."""
    planted = [f"{second * RATE}:{lost}" for second, lost in enumerate([300, 4096, 1, 777, 48000] * 4, 3)]
    fake = room.interface("desk", channels=2, ramp=True, ppm=-150, driver_at=planted).wait_ready()
    take = recorded(room.woodshed("record", "--config", appliance(room, {"desk": 2}), "--for", "6 s"))
    start = check_ramps(take, {"desk": 2}, 6 * RATE)["desk"]
    inside = [(frame - start, lost, "driver") for frame, lost in fake.frames_of("driver")
              if start < frame and frame + lost <= start + 6 * RATE]
    assert len(inside) >= 3
    assert [gap for gap in take.gaps["desk"] if gap in inside] == inside


def test_a_rate_that_the_interface_turns_to(room):
    """The take ends with the last frame before, and another begins with what comes then, at its rate. (The room's
    PipeWire goes on with 48 kHz, and the resampler of 0.3 starves: what is in the other take, and that not a frame is
    lost between them, test-recorder shows.)"""
    change, planted = 44100, 5 * RATE
    fake = room.interface("desk", channels=2, ramp=True, rate_at=[f"{planted}:{change}"]).wait_ready()
    done = room.woodshed("record", "--config", appliance(room, {"desk": 2}), "--for", "7 s")
    assert done.returncode == 0, done.stderr
    assert "the rate changed from 48000 Hz to 44100 Hz" in done.stderr
    first, second = map(Take, done.stdout.split())
    start = check_ramps(first, {"desk": 2})["desk"]
    ((at, rate),) = fake.frames_of("rate")
    assert rate == change and start + first.manifest["frames"] == at
    manifest = second.manifest
    assert manifest["rate"] == change
    assert first.manifest["frames"] / RATE + manifest["frames"] / change == pytest.approx(7, abs=0.001)
    assert first.gaps == {"desk": []}
    if not is_0_3(room):
        assert second.gaps == {"desk": []} and check_ramps(second, {"desk": 2})["desk"] == at
    second.check_files()


def test_a_rate_that_pipewire_turns_to(room):
    """It suspends the interface and all who listen, and begins anew at the other rate. Of what is heard before and
    after, not a frame is lost; the take ends and another begins."""
    change = 44100
    fake = room.interface("desk", channels=2, ramp=True, any_rate=True).wait_ready()
    record, folder = begin(room, appliance(room, {"desk": 2}))
    done = room.run("pw-metadata", "-n", "settings", "0", "clock.force-rate", str(change))
    assert done.returncode == 0, done.stderr
    record.wait_error("recording 2 tracks at 44100 Hz")
    assert "the rate changed from 48000 Hz to 44100 Hz: the take ends, another begins" in record.stderr
    other, = (path for path in takes(room) if path != folder)
    grow_on(other)
    first, second = end(record, folder), Take(other)
    ((at, rate),) = fake.frames_of("rate")
    assert rate == second.manifest["rate"] == change and first.manifest["rate"] == RATE
    last = check_ramps(first, {"desk": 2})["desk"] + first.manifest["frames"]
    begins = check_ramps(second, {"desk": 2})["desk"]
    assert last <= at <= begins
    assert begins - last < RATE / 2
    assert first.gaps == second.gaps == {"desk": []}
    first.check_files()
    second.check_files()


def test_late_and_never(room):
    """One comes in the middle of a take, one never does: their tracks are silence until then, and all are of one
    length. Who is missing is said."""
    channels = {"desk": 2, "late": 3, "never": 1}
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, channels, BY_COMMAND, render=False)
    home.process = room.service(home.config)
    health = home.wait_health(lambda health: any("interface late is not there" in alert for alert in health["alerts"]))
    assert not health["ok"]
    home.wait_state("idle")
    home.wait("info", lambda message: any(one["name"] == "desk" and one["live"] for one in message.json["interfaces"]))
    home.tell("record/set", "ON")
    take = home.take(home.wait_event("take_started")["take"])
    wait_until(lambda: size_of(take.folder / "raw/01-desk-capture-aux0.flac") > 8192, "the desk is heard")
    room.interface("late", channels=3, ramp=True, ppm=80).wait_ready()
    home.wait_event("gap")
    home.wait_health(lambda health: all("interface late" not in alert for alert in health["alerts"]))
    wait_tracks = [take.folder / track["file"] for track in take.tracks if track["inputs"][0].startswith("late/")]
    wait_until(lambda: all(size_of(path) > 8192 for path in wait_tracks), "the late one is heard")
    home.end_take()
    manifest, frames = take.manifest, take.manifest["frames"]
    assert len(manifest["tracks"]) == 6 and {track["frames"] for track in manifest["tracks"]} == {frames}
    assert take.gaps["desk"] == [] and take.gaps["never"] == [(0, frames, "unplugged")]
    (at, silent), = absences(take, "late")
    assert at == 0 and 0 < silent < frames
    for track in manifest["tracks"]:
        name, number = track["inputs"][0].split("/")
        data = take.raw(track)
        heard = {"desk": 0, "late": silent, "never": frames}[name]
        assert data == ramp_with_gaps(first_value(data[3 * heard:]) - heard, frames, take.gaps[name])
    take.check_files()


def test_an_interface_that_nobody_plugs_in_ends_record(room):
    """`record` waits for it a little, and says which one."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    done = room.woodshed("record", "--config", appliance(room, {"desk": 2, "never": 1}), "--for", "1 s")
    assert done.returncode == 1 and done.stdout == ""
    assert "interface never is not there: no running node matches never" in done.stderr
    assert not takes(room)


def test_for_counts_the_frames_of_what_is_recorded(room):
    """Whatever else is configured: an interface that the session does not need may not be there."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    session = room.path("session.yaml")
    session.write_text("woodshed: 1\nname: duo\ntracks: [{name: vox, input: desk/1}]\n", encoding="utf-8")
    done = room.woodshed("record", "--config", appliance(room, {"never": 1, "desk": 2}), "--session", session,
                         "--for", "1 s")
    check_ramps(recorded(done), {"desk": 1}, RATE)


def limited(room, config, *limits):
    """`woodshed run` under resource limits, without root's right to pass those on locked memory and priority."""
    lost = "-ipc_lock,-sys_nice"
    as_others = ["setpriv", f"--bounding-set={lost}", f"--inh-caps={lost}"] if os.geteuid() == 0 else []
    return room.spawn("service", *as_others, "prlimit", *limits, BUILD / "woodshed", "run", "--config", config)


def test_a_ring_that_cannot_be_had_is_refused(room):
    """With the pre-roll that would fit; what is asked for instead is had without starting again."""
    room.interface("desk", channels=16, ramp=True).wait_ready()
    home = Home(room, {"desk": 16}, BY_COMMAND.replace("pre_roll: 2 s", "pre_roll: 600 s"), render=False)
    # Each thread's first malloc would set 64 MiB of addresses aside, some of them after the advice was given.
    home.process = limited(room, home.config, f"--as={4 << 28}", "env", "MALLOC_ARENA_MAX=1")
    health = home.wait_health(lambda health: any("pre_roll" in alert for alert in health["alerts"]))
    alert, = health["alerts"]
    found = re.fullmatch(r"interface desk: pre_roll: 600 s of 16 channels at 48000 Hz, and 32 s for storage that "
                         r"hangs, need 1\.\d\d GiB; RLIMIT_AS leaves 0\.\d\d GiB; at most pre_roll: (\d+) s fits", alert)
    assert found, alert
    assert not health["ok"] and health["ring"] == {"seconds": 0, "bytes": 0, "locked": True}
    assert home.ask("record.start")["error"].startswith("interface desk: pre_roll: 600 s")
    assert 60 < int(found[1]) < 300
    fits = int(found[1]) - 50  # the addresses of threads that have begun since then count too
    home.recording = home.recording.replace("600 s", f"{fits} s")
    home.write_config()
    mark = home.watcher.mark()
    home.process.signal(signal.SIGHUP)
    health = home.wait_health(lambda health: health["ok"], since=mark)
    assert fits + 32 <= health["ring"]["seconds"] <= fits + 40
    assert health["ring"]["bytes"] >= health["ring"]["seconds"] * 16 * 4 * RATE
    take = home.start_take()
    home.end_take()
    check_ramps(take, {"desk": 16})


def test_memory_that_may_not_be_locked_is_said(room):
    """And nothing worse happens."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False)
    home.process = limited(room, home.config, "--memlock=65536")
    health = home.wait_health(lambda health: health["ring"]["bytes"] > 0)
    assert health["ring"]["locked"] is False
    assert health["ring"]["seconds"] == pytest.approx(42, abs=0.1)
    assert "not locked in memory" in home.process.stderr


def real_time_threads(pid):
    """Of a process: (all, those with a real-time policy)."""
    policies = []
    for thread in map(int, os.listdir(f"/proc/{pid}/task")):
        with contextlib.suppress(ProcessLookupError):  # Threads end while one looks.
            policies.append(os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK)
    return len(policies), sum(policy in (os.SCHED_FIFO, os.SCHED_RR) for policy in policies)


def nice_values(pid):
    """Of a process's threads, by name."""
    found = {}
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # Threads end while one looks.
            found.setdefault((thread / "comm").read_text("utf-8").strip(), set()).add(
                os.getpriority(os.PRIO_PROCESS, int(thread.name)))
    return found


def settable(limit):
    """That much of RLIMIT_NICE, or as much as this test may give away."""
    hard = resource.getrlimit(resource.RLIMIT_NICE)[1]
    able = subprocess.run(["prlimit", f"--nice={limit}", "true"], capture_output=True, check=False).returncode == 0
    return limit if able else min(limit, hard)


@pytest.mark.parametrize("limit", [None, 31, 25, 0])
def test_what_writes_and_syncs_goes_before_ordinary_work(room, limit):
    """As far as LimitNICE lets it, or a right of root's, and health says how far; what else there is stays as it was."""
    own = os.getpriority(os.PRIO_PROCESS, 0)
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False)
    if limit is None and os.geteuid() == 0:
        nice = min(own, -11)
        home.process = room.service(home.config)
    else:
        limit = settable(limit or 0)
        nice = min(own, max(-11, 20 - limit))
        home.process = limited(room, home.config, f"--nice={limit}")
    health = home.wait_health(lambda health: health["ok"] and health["nice"] == nice)
    assert health["unsafe"] == {"seconds": 0, "most": 0}
    found = nice_values(home.process.pid)
    assert found["writer"] == found["syncer"] == {nice}
    assert own in found["woodshed"]


def test_health_says_what_a_power_cut_would_cost(room):
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND.replace("pre_roll: 2 s", "pre_roll: 0 s"), render=False)
    home.process = room.service(home.config)
    home.wait_health(lambda health: health["ok"] and health["ring"]["bytes"] > 0)
    home.tell("record/set", "ON")
    health = home.wait_health(lambda health: health["unsafe"]["seconds"] > 0)
    assert health["unsafe"]["seconds"] < health["unsafe"]["most"] + 1
    mark = home.watcher.mark()
    home.tell("record/set", "OFF")
    home.wait_event("take_stopped")
    home.wait_health(lambda health: health["unsafe"] == {"seconds": 0, "most": 0}, since=mark)


@pytest.mark.parametrize("limits", [[], ["--rtprio=0"]])
def test_health_says_whether_capture_has_real_time_priority(room, limits):
    """Not what was asked for: what the capture thread has. Without it, it records all the same."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False)
    home.process = limited(room, home.config, *limits) if limits else room.service(home.config)
    health = home.wait_health(lambda health: health["ok"])
    threads, real_time = real_time_threads(home.process.pid)
    assert threads > 3 and health["realtime"] is (real_time > 0)
    if limits:
        assert health["realtime"] is False
    take = home.start_take()
    home.end_take()
    check_ramps(take, {"desk": 2})
