"""The program killed in the middle of a take, as a crash would; then recovered."""
import random
import time

from crash.scene import utc_ns
from e2e.desk import Take, ramp, ramp_start
from rig.room import BUILD, RigError

CHANNELS = 8
# What the program had not yet given to the kernel: a FLAC block, the writer's rounds, the interface's own cycle.
MOST_LOST_S = 0.25


def start(room):
    """Two interfaces that play a ramp; the configuration to record them with."""
    names = ("left", "right")
    for name in names:
        room.interface(name, channels=CHANNELS, ramp=True, any_quantum=True).wait_ready()
    config = room.path("appliance.yaml")
    config.write_text("woodshed: 1\ntakes: takes\ninterfaces:\n" + "".join(
        f"  - {{name: {name}, node: {name}, channels: {CHANNELS}}}\n" for name in names), encoding="utf-8")
    return config


def kill_once(room, config, after_s):
    """Kills a recording `after_s` after it began; returns (take, UTC ns of the kill)."""
    recording = room.spawn("record", BUILD / "woodshed", "record", "--config", config)
    before = set(takes(room))
    recording.wait_error("recording ")
    time.sleep(after_s)
    killed_ns = time.time_ns()
    recording.kill()
    fresh = set(takes(room)) - before
    if len(fresh) != 1:
        raise RigError(f"one take was to be there, not {sorted(fresh)}")
    return Take(fresh.pop()), killed_ns


def takes(room):
    folder = room.path("takes")
    return [path for path in folder.iterdir() if path.is_dir()] if folder.exists() else []


def check(take, killed_ns):
    """Exact to the sample, in step, and nothing lost but what was on its way. Returns the seconds lost."""
    take.check_files()
    manifest = take.manifest
    assert (manifest["state"], manifest["recovered"]) == ("recorded", True), manifest["error"]
    lost = 0.0
    for name in ("left", "right"):
        starts = set()
        for track in (one for one in manifest["tracks"] if one["inputs"][0].startswith(name)):
            channel = int(track["inputs"][0].split("/")[1]) - 1
            data = take.raw(track)
            held = track["frames"] - track.get("padded", 0)
            assert len(data) == 3 * manifest["frames"]
            first = int.from_bytes(data[:3], "little")
            assert data[:3 * held] == ramp(first, held), f"{track['file']} is not the ramp that was played"
            assert not any(data[3 * held:]), f"{track['file']} is not silent past what was recorded"
            starts.add(ramp_start(data, channel))
            due = (killed_ns - utc_ns(manifest["started"])) / 1e9
            lost = max(lost, due - held / manifest["rate"])
        assert len(starts) == 1, f"the tracks of {name} slipped: {starts}"
    assert lost <= MOST_LOST_S, f"{lost:.3f} s lost"
    return lost


def run(room, times, seed=1):
    """Returns the worst loss in seconds."""
    chance = random.Random(seed)
    config = start(room)
    worst = 0.0
    for _ in range(times):
        take, killed_ns = kill_once(room, config, chance.uniform(0.3, 2.5))
        done = room.woodshed("recover", "--config", config, "--json")
        assert done.returncode == 0, done.stderr
        worst = max(worst, check(take, killed_ns))
        again = room.woodshed("recover", "--config", config, "--json")
        assert (again.returncode, again.stdout.strip()) == (0, "[]"), again.stderr
    return worst
