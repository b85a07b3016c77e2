"""Losses: those that no clock tells of are found in the sound, and every loss is told while the take runs."""
import time

import pytest

from e2e.desk import Take, appliance, numbers, recorded, wait_until
from e2e.home import BY_COMMAND, Home
from rig import band

SECONDS = 8
PAST, REST = 3 * 1024, 2048  # what a loss needs around it to be found, and before the take's end
SONG = band.SONGS / "chuggachugga.mid"


def suspected(take, name):
    """[(frame, frames, kind)] and how many there were."""
    interface, = (one for one in take.manifest["interfaces"] if one["name"] == name)
    listed = [(one["frame"], one["frames"], one["kind"]) for one in interface.get("suspected", [])]
    return listed, interface.get("suspected_total", 0)


def first_frame(value, skips):
    """The interface's frame at which a ramp has a value, where it was skipped forward on the way."""
    for frame, frames in skips:
        if frame <= value - frames:
            value -= frames
    return value


def test_losses_that_no_clock_tells_of(room):
    """Planted over half a minute, so that some fall into the take however slow the machine is."""
    zeros = [(second * 48000 + 7, 6 + 23 * second) for second in range(1, 32)]
    skips = [(second * 48000 + 24001, 30 + 60 * second) for second in range(1, 32)]
    room.interface("poor", channels=4, ramp=True, zeros_at=[f"{at}:{n}" for at, n in zeros],
                   skip_at=[f"{at}:{n}" for at, n in skips]).wait_ready()
    room.interface("sound", channels=2, ramp=True).wait_ready()
    config = appliance(room, {"poor": 4, "sound": 2})
    done = room.woodshed("record", "--config", config, "--for", f"{SECONDS} s")
    take = recorded(done)
    start = first_frame(numbers(take.raw(take.tracks[0])[:3])[0], skips)
    assert suspected(take, "sound") == ([], 0)
    inside = sorted((at - start, frames, kind) for at, frames, kind in
                    [(at, n, "zeros") for at, n in zeros] + [(at, None, "jump") for at, _ in skips]
                    if PAST < at - start < SECONDS * 48000 - (frames or 0) - REST)
    listed, total = suspected(take, "poor")
    assert len(inside) >= 2 * SECONDS - 4
    assert [one for one in listed if PAST < one[0] < SECONDS * 48000 - REST - 1000] == [
        one for one in inside if one[0] < SECONDS * 48000 - REST - 1000]
    assert total == len(listed)
    assert f"0 frames lost, {total} losses suspected\n" in done.stderr
    assert take.gaps == {"poor": [], "sound": []}  # nothing was inserted
    take.check_files()
    shown = room.woodshed("show", "--config", config, take.manifest["id"]).stdout
    assert f"suspected at {listed[0][0]}: " in shown


@pytest.mark.parametrize("noise", [None, -80])
def test_a_band_is_not_suspected(room, noise):
    players = [track.path for track in band.render(SONG, room.folder("band"), seconds=12, noise=noise)]
    room.interface("desk", channels=len(players), lead_silence=1, play=players).wait_ready().wait_line("playing")
    take = recorded(room.woodshed("record", "--config", appliance(room, {"desk": len(players)}), "--for", "11 s"))
    assert suspected(take, "desk") == ([], 0)


def test_losses_are_told_while_the_take_runs(room):
    """A gap is on its way to everybody within a second of the loss."""
    xruns = [f"{second * 48000}:512" for second in range(2, 60, 4)]
    zeros = [f"{second * 48000}:96" for second in range(4, 60, 4)]
    desk = room.interface("desk", channels=2, ramp=True, xrun_at=xruns, zeros_at=zeros).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False).start()
    home.tell("record/set", "ON")
    name = home.wait_event("take_started")["take"]
    took = []
    for _ in range(2):
        mark, since = home.watcher.mark(), len(desk.output.lines)
        lost = int(desk.wait_line("xrun", since=since).split()[2])
        begun = time.monotonic()
        gap = home.wait("event", lambda message: message.json.get("cause"), since=mark).json
        took.append(time.monotonic() - begun)
        assert gap["event_type"] == "gap" and "suspected" not in gap
        assert (gap["interface"], gap["cause"], gap["frames"]) == ("desk", "missed", lost)
    assert min(took) < 1  # a busy machine may hold one up
    loss = home.wait("event", lambda message: message.json.get("suspected"), since=mark).json
    assert loss["event_type"] == "gap" and "cause" not in loss
    assert (loss["interface"], loss["kind"], loss["frames"]) == ("desk", "zeros", 96)
    home.end_take()
    take = Take(room.path("takes", name))
    assert (loss["frame"], 96, "zeros") in suspected(take, "desk")[0]
    assert home.wait_health(lambda health: health["suspected"] > 0)["gap_frames"] >= 512
    wait_until(lambda: take.manifest["state"] == "recorded", "the take is closed")
