"""Disks that are full, failing, slow or not there: what was written stays, what was lost is told, and a take is
always closed whole."""
import contextlib
import shutil
import subprocess
import time

import pytest

from e2e.desk import Take, appliance, check_ramps, first_difference, ramp, ramp_start, recorded, size_of, takes, wait_until
from e2e.home import BY_COMMAND, HANDS_FREE, Home
from rig.room import BUILD, DEADLINE

RIG = BUILD / "tests/rig"
EIO, EROFS = 5, 30
CHANNELS = 4


def bad_disk(room, *rules, slow=None, when=None):
    """The environment of a disk that fails: rules (call, part of the path, calls that are well, errno)."""
    env = room.guarded()
    env["LD_PRELOAD"] = f"{env.get('LD_PRELOAD', '')}:{RIG}/libbad-disk.so".strip(":")
    env["BAD_DISK"] = ", ".join(" ".join(map(str, rule)) for rule in rules)
    return env | ({"BAD_DISK_SLOW": slow} if slow else {}) | ({"BAD_DISK_WHEN": str(when)} if when else {})


def ramps(room, **options):
    """An interface that plays a ramp; the configuration to record it."""
    room.interface("desk", channels=CHANNELS, ramp=True, **options).wait_ready()
    return appliance(room, {"desk": CHANNELS})


def start_record(room, config, env=None):
    recording = room.spawn("record", BUILD / "woodshed", "record", "--config", config, env=env or room.guarded())
    recording.wait_error("recording ")
    return recording


def verify(room, take):
    done = room.woodshed("verify", take.folder)
    assert done.returncode == 0, done.stdout + done.stderr


def check_track(take, track):
    """The ramp, but for the gaps of the track."""
    channel = int(track["inputs"][0].split("/")[1]) - 1
    data = take.raw(track)
    wanted = bytearray(ramp(ramp_start(data, channel) + channel * 65536, track["frames"]))
    for gap in track.get("gaps", []):
        part = slice(gap["frame"] * 3, (gap["frame"] + gap["frames"]) * 3)
        wanted[part] = data[part]
        assert gap["cause"] == "disk"
    if data != wanted:
        pytest.fail(f"{track['file']}: {first_difference(data, wanted)}")


# ---- one file fails ----

@pytest.mark.parametrize("call", ["write", "sync"])
def test_a_file_that_fails_is_followed_by_another(room, call):
    """Not a frame is lost: what no sync had made safe is written again."""
    config = ramps(room)
    recording = start_record(room, config, bad_disk(room, (call, "/02-capture-aux1.flac", 4, EIO)))
    recording.wait_error("it goes on in file 2")
    time.sleep(1)
    assert recording.stop() == 0, recording.stderr
    take = Take(recording.stdout.strip())
    manifest = take.manifest
    assert (manifest["state"], manifest["error"]) == ("recorded", None)
    good, failed = manifest["tracks"][0], manifest["tracks"][1]
    assert "segments" not in good and len(failed["segments"]) == 1 and "gaps" not in failed
    assert failed["segments"][0]["file"] == "raw/02-capture-aux1.2.flac"
    assert "from frame" in room.woodshed("show", take.folder).stdout
    take.check_files()
    verify(room, take)
    check_ramps(take, {"desk": CHANNELS})
    # The mix is a null test: every segment is where it belongs.
    session = room.path("sum.yaml")
    session.write_text("woodshed: 1\nname: sum\nedit: {preset: none}\nmix: {preset: none}\n", encoding="utf-8")
    done = room.woodshed("render", take.folder, "--stage", "mix", "--session", session)
    assert done.returncode == 0, done.stderr
    assert (take.folder / "mix.flac").exists()


def test_a_power_cut_after_a_file_failed(room):
    """The manifest of that moment may not know of the second file: the file does."""
    config = ramps(room)
    recording = start_record(room, config, bad_disk(room, ("sync", "/01-capture-aux0.flac", 3, EIO),
                                                       ("create", "take.json", 2, EIO)))
    recording.wait_error("it goes on in file 2")
    first, second = (takes(room)[0] / f"raw/01-capture-aux0.{end}" for end in ("flac", "2.flac"))
    # Not only what was not safe in the first: more than a second's ramp beyond.
    wait_until(lambda: size_of(second) > size_of(first) + 8192, "the second file grows")
    recording.kill()
    for _ in range(2):
        done = room.woodshed("recover", "--config", config)
        assert done.returncode == 0, done.stderr
        take = Take(takes(room)[0])
        manifest = take.manifest
        assert (manifest["state"], manifest["recovered"]) == ("recorded", True)
        assert manifest["tracks"][0]["segments"][0]["file"].endswith("aux0.2.flac")
        take.check_files()
        verify(room, take)
    for track in manifest["tracks"]:
        held = track["frames"] - track.get("padded", 0)
        channel = int(track["inputs"][0].split("/")[1]) - 1
        data = take.raw(track)
        assert data[:held * 3] == ramp(ramp_start(data, channel) + channel * 65536, held), track["file"]
        assert held > 48000


def test_a_file_that_cannot_be_made(room):
    """What no file holds is told while it happens, at the end and in the manifest; the other tracks are whole."""
    config = ramps(room)
    recording = start_record(room, config, bad_disk(room, ("create", "/02-capture-aux1", 0, EIO)))
    take = Take(takes(room)[0])
    others = [take.folder / track["file"] for track in take.tracks if track["index"] != 2]
    wait_until(lambda: all(size_of(path) > 8192 for path in others), "the other tracks grow")
    assert recording.stop() == 1
    frames = take.manifest["frames"]
    assert f"track capture-aux1: {frames} frames from frame 0 on are lost (disk)" in recording.stderr
    assert f"({frames} frames), 0 frames lost, and {frames} of single tracks to the disk" in recording.stderr
    assert [track.get("gaps", []) for track in take.tracks] == [
        [{"frame": 0, "frames": frames, "cause": "disk"}] if track["index"] == 2 else [] for track in take.tracks]
    for track in take.tracks:
        if track["index"] != 2:
            check_track(take, track)


def test_the_service_counts_what_no_file_holds(room):
    room.interface("desk", channels=CHANNELS, noise=-20).wait_ready()
    home = Home(room, {"desk": CHANNELS}, recording=BY_COMMAND, render=False)
    env = bad_disk(room, ("create", "/02-capture-aux1", 0, EIO))
    room.guarded = lambda **extra: env | extra
    home.start()
    lost = 0
    for _ in range(2):
        mark = home.watcher.mark()
        home.ask("record.start")
        take = home.take(home.wait_event("take_started", since=mark)["take"])
        wait_until(lambda take=take: size_of(take.folder / take.tracks[0]["file"]) > 8192, "the first track grows")
        home.end_take()
        frames = take.manifest["frames"]
        gap = home.wait_event("gap", since=mark)
        assert (gap["track"], gap["frame"], gap["frames"], gap["cause"]) == ("capture-aux1", 0, frames, "disk")
        lost += frames
        home.wait_health(lambda health, lost=lost: health["disk"]["lost_frames"] == lost)


# ---- the whole disk fails ----

def test_read_only(room):
    """As a card that the kernel gives up: the take ends, and what was written is there for recovery."""
    config, when = ramps(room), room.path("now")
    rules = [(call, "/takes/", 0, EROFS) for call in ("write", "create")]
    recording = start_record(room, config, bad_disk(room, *rules, when=when))
    take = Take(takes(room)[0])
    take.wait_growth()  # more than a second of the ramp
    when.touch()
    assert recording.wait() == 1
    assert "Read-only file system" in recording.stderr
    assert sorted(path.suffixes for path in (take.folder / "raw").iterdir()) == [[".flac"]] * CHANNELS  # it did not spin
    done = room.woodshed("recover", "--config", config)
    assert done.returncode == 0, done.stderr
    verify(room, take)
    assert take.manifest["frames"] > 48000
    for track in take.tracks:
        check_track(take, track)


def test_unplugged_card(room):
    """Every call fails: the service says so, ends the take and is armed; once the card is back it records again, and
    makes whole what was cut off."""
    room.interface("desk", channels=CHANNELS, noise=-20).wait_ready()
    when = room.path("now")
    home = Home(room, {"desk": CHANNELS}, recording=BY_COMMAND, render=False)
    env = bad_disk(room, *[(call, "/takes/", 0, EIO) for call in ("write", "sync", "create")], when=when)
    room.guarded = lambda **extra: env | extra
    home.start()
    assert home.ask("record.start")["status"] == "ok"
    cut_off = home.take(home.wait_event("take_started")["take"])
    time.sleep(1)
    mark = home.watcher.mark()
    when.touch()
    home.wait_health(lambda health: any("Input/output error" in alert for alert in health["alerts"]), since=mark)
    stopped = home.wait("event", lambda message: message.json["event_type"].startswith("take_"), since=mark).json
    assert "the disk ended the take" in stopped["error"]
    home.wait_state("idle", since=mark)
    mark = home.watcher.mark()
    home.ask("record.start")
    assert "no take could be made" in home.wait_event("take_failed", since=mark)["error"]
    when.unlink()
    mark = home.watcher.mark()
    home.ask("record.start")
    home.wait_event("take_started", since=mark)
    home.ask("record.stop")
    take = home.take(home.wait_event("take_stopped", since=mark)["take"])
    verify(room, take)
    assert home.wait_event("take_recovered", since=mark)["take"] == cut_off.folder.name
    assert (cut_off.manifest["state"], cut_off.manifest["recovered"]) == ("recorded", True)
    verify(room, cut_off)


# ---- full ----

@contextlib.contextmanager
def small_disk(room, size_kib):
    """The folder of takes as a file system of its own."""
    folder = room.folder("takes")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", folder], capture_output=True,
                          text=True, timeout=DEADLINE, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True, timeout=DEADLINE)


def noise(room, channels):
    """An interface whose sound does not pack."""
    room.interface("desk", channels=channels, noise=-6).wait_ready()
    return appliance(room, {"desk": channels})


def check_closed_by_disk(room, take):
    manifest = take.manifest
    assert manifest["state"] == "recorded"
    assert "the disk ended the take" in manifest["error"]
    assert {track["frames"] for track in manifest["tracks"]} == {manifest["frames"]}
    assert not [track for track in manifest["tracks"] if "gaps" in track]
    assert not (take.folder / ".reserve").exists()
    assert list((take.folder / "clock").iterdir())
    take.check_files()
    verify(room, take)


def test_a_disk_that_fills_up(room):
    """The take ends while there is still room to close it."""
    config = noise(room, 8)
    with small_disk(room, 18000) as folder:
        done = room.woodshed("record", "--config", config, "--for", "60 s")
        assert done.returncode == 1
        assert "keep_free asks for 60" in done.stderr
        take = Take(done.stdout.strip())
        check_closed_by_disk(room, take)
        assert take.manifest["frames"] > 24000
        assert "it is full" in take.manifest["error"]
        again = room.woodshed("record", "--config", config, "--for", "1 s")
        assert again.returncode == 1
        assert "the disk is full" in again.stderr.splitlines()[-1]
        assert len(list(folder.glob("2*"))) == 1


def test_a_disk_that_is_full_at_once(room):
    """Faster than anyone looked: what was set aside is enough, and nothing is lost."""
    config = noise(room, 8)
    with small_disk(room, 60000) as folder:
        recording = start_record(room, config)
        wait_until(lambda: sum(path.stat().st_size for path in folder.glob("2*/raw/*")) > 3 << 20, "a take grows")
        with contextlib.suppress(OSError), open(folder / "filler", "wb", buffering=0) as filler:
            while True:
                filler.write(bytes(1 << 16))
        assert recording.wait() == 1
        check_closed_by_disk(room, Take(recording.stdout.strip()))


def test_the_service_on_a_full_disk(room):
    """It warns, ends the take, stays armed, and records again by itself when there is room."""
    room.interface("desk", channels=8, noise=-6, lead_silence=2.5).wait_ready()
    with small_disk(room, 40000) as folder:
        home = Home(room, {"desk": 8}, recording=HANDS_FREE.replace("above: auto", "above: -30 dB"), render=False)
        home.process = room.service(home.config)
        home.wait_event("disk_low")
        take = home.take(home.wait_event("take_started", timeout=60)["take"])
        filler = folder / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as out:
            while shutil.disk_usage(folder).free > 4 << 20:
                out.write(bytes(1 << 16))
        stopped = home.wait_event("take_stopped")
        assert "it is full" in stopped["error"]
        check_closed_by_disk(room, take)
        home.wait_health(lambda health: any("it is full" in alert for alert in health["alerts"]))
        mark = home.watcher.mark()
        time.sleep(2.5)
        assert not [message for message in home.watcher.since(mark) if "take_started" in message.payload]
        filler.unlink()
        home.wait_event("take_started", since=mark)
        mark = home.watcher.mark()
        home.process.stop()
        for one in folder.glob("2*"):
            Take(one).check_files()


def test_hours_left_are_those_of_what_is_recorded(open_room):
    """All channels of stereo tracks, at the rate that the interface runs at; also while nothing is recorded."""
    room = open_room(rate=96000)
    room.interface("desk", channels=3, noise=-20).wait_ready()
    home = Home(room, {"desk": 3}, recording=BY_COMMAND, render=False)
    home.write_session("thursday", "woodshed: 1\nname: thursday\ntracks:\n  - {name: keys, input: [desk/1, desk/2]}\n")
    home.start()

    def is_right(health):
        seconds = health["disk"]["free_bytes"] / (2 * 96000 * 3 * 0.7)
        return health["disk"]["hours_left"] == pytest.approx(seconds / 3600, rel=0.01)
    home.wait_health(is_right)


# ---- slow, missing, elsewhere ----

def test_a_slow_card(room):
    """Every write and every sync takes its time: no frame is lost, and what a power cut would cost is told, once that
    is three seconds, for which the take is long enough."""
    seconds = 12
    room.interface("desk", channels=2, ramp=True).wait_ready()
    config = appliance(room, {"desk": 2})
    done = room.woodshed("record", "--config", config, "--for", f"{seconds} s", env=bad_disk(room, slow="300-900"))
    take = recorded(done)
    assert "a power cut now would cost" in done.stderr
    check_ramps(take, {"desk": 2}, seconds * 48000)
    assert not any(take.gaps.values())
    assert not [track for track in take.tracks if "segments" in track]
    take.check_files()


def test_the_folder_of_takes_is_missing(room):
    """Nothing is made where a disk will be; when it is there, it is recorded to."""
    room.interface("desk", channels=CHANNELS, noise=-20).wait_ready()
    home = Home(room, {"desk": CHANNELS}, recording=BY_COMMAND, render=False)
    config = home.config.read_text(encoding="utf-8").replace("takes: takes", "takes: card/takes")
    home.config.write_text(config, encoding="utf-8")
    done = room.woodshed("record", "--config", home.config, "--for", "1 s")
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if "is its disk mounted?" in line]
    assert len(errors) == 1 and "card/takes" in errors[0], done.stderr
    home.process = room.service(home.config)
    home.wait_event("interface_found")
    home.wait_health(lambda health: any("is its disk mounted?" in alert for alert in health["alerts"]))
    mark = home.watcher.mark()
    home.ask("record.start")
    assert "is its disk mounted?" in home.wait_event("take_failed", since=mark)["error"]
    assert not room.path("card").exists()
    room.path("card").mkdir()
    home.wait_health(lambda health: not any("mounted?" in alert for alert in health["alerts"]), since=mark)
    mark = home.watcher.mark()
    home.ask("record.start")
    take = home.wait_event("take_started", since=mark)["take"]
    home.ask("record.stop")
    home.wait_event("take_stopped", since=mark)
    verify(room, Take(room.path("card/takes", take)))


def test_the_clock_is_set_back(room):
    """An hour back in the middle of a take: it is as long as it was, and the next one is another."""
    room.interface("desk", channels=CHANNELS, ramp=True).wait_ready()
    home = Home(room, {"desk": CHANNELS}, recording=BY_COMMAND, render=False)
    env = home.room.guarded(SET_CLOCK=str(room.path("offset")))
    env["LD_PRELOAD"] = f"{env.get('LD_PRELOAD', '')}:{RIG}/libset-clock.so".strip(":")
    room.guarded = lambda **extra: env | extra
    home.start()
    found = []
    for offset in ("0", "-3600", "0"):
        mark, before = home.watcher.mark(), time.monotonic()
        home.ask("record.start")
        take = home.take(home.wait_event("take_started", since=mark)["take"])
        time.sleep(0.7)
        room.path("offset.new").write_text(offset, encoding="utf-8")
        room.path("offset.new").rename(room.path("offset"))
        time.sleep(0.7)
        home.ask("record.stop")
        home.wait_event("take_stopped", since=mark)
        manifest = take.manifest
        assert manifest["state"] == "recorded" and manifest["error"] is None
        assert 1.2 < manifest["frames"] / 48000 < time.monotonic() - before + 2
        check_ramps(take, {"desk": CHANNELS})
        found.append(manifest)
    assert len({manifest["id"] for manifest in found}) == 3
    started = [manifest["started"] for manifest in found]
    assert started[2] < started[0] < started[1]
    assert [manifest["id"][:15] for manifest in found] == [text.replace("-", "").replace(":", "").replace("T", "-")[:15]
                                                           for text in started]
