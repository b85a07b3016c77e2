"""Every sample of every channel in its place: the ramp of a simulated interface says of each which one it is."""
import json
import signal
import wave

import pytest

from e2e.desk import (Take, absences, appliance, check_ramps, ramp, ramp_start, recorded, streaminfo, takes,
                      wait_until)

CHANNELS = 18


def ramps(room, channels, ppm=(0, 0), **options):
    """Interfaces that play ramps; returns the configuration that names them."""
    for (name, count), drift in zip(channels.items(), ppm):
        room.interface(name, channels=count, ramp=True, ppm=drift, **options).wait_ready()
    return appliance(room, channels)


def test_two_interfaces_of_18_channels(room):
    channels = {"left": CHANNELS, "right": CHANNELS}
    config = ramps(room, channels, ppm=(40, -60))
    take = recorded(room.woodshed("record", "--config", config, "--for", "6 s"))
    check_ramps(take, channels, 6 * 48000)
    assert take.gaps == {"left": [], "right": []}
    take.check_files()
    manifest = take.manifest
    assert manifest["rate"] == 48000
    assert [one["ppm"] for one in manifest["interfaces"]] == pytest.approx([40, -60], abs=1)

    listed = json.loads(room.woodshed("takes", "--json", "--config", config).stdout)
    assert listed == [manifest]
    shown = room.woodshed("show", "--json", "--config", config, manifest["id"])
    assert json.loads(shown.stdout) == manifest


@pytest.mark.parametrize("rate,quantum,channels", [
    (44100, 64, {"left": 2, "right": 3}), (96000, 1024, {"left": 4, "right": 2}), (48000, 256, {"large": 64})])
def test_rates_and_sizes(open_room, rate, quantum, channels):
    room = open_room(rate=rate)
    config = ramps(room, channels, quantum=quantum)
    take = recorded(room.woodshed("record", "--config", config, "--for", "2 s"))
    check_ramps(take, channels, 2 * rate)
    assert all(not gaps for gaps in take.gaps.values())
    for track in take.tracks:
        assert streaminfo(take.folder / track["file"], "sample-rate", "bps", "channels", "total-samples") == [
            rate, 24, 1, 2 * rate]


def test_takes_agree_how_interfaces_lie_to_each_other(room):
    """The interfaces' common time is known to the frame: from take to take they only drift as their crystals do."""
    channels = {"left": 1, "right": 1}
    config = ramps(room, channels, ppm=(200, -300))
    first, second = (check_ramps(recorded(room.woodshed("record", "--config", config, "--for", "1 s")), channels)
                     for _ in range(2))
    left, right = (second[name] - first[name] for name in channels)
    assert left > 48000
    assert right == pytest.approx(left * (1 - 300e-6) / (1 + 200e-6), abs=1.5)


def test_lost_frames_become_as_much_silence(room):
    """One of two interfaces loses cycles and overruns; planted over half a minute, so that some fall into
    the take however slow the machine is. An overrun shows in the clock only, as more than a cycle's time."""
    channels = {"sound": 2, "poor": 3}
    xruns = [f"{second * 48000}:{256 * (1 + second % 3)}" for second in range(2, 32)]
    overruns = [f"{second * 48000 + 24000}:{257 + second}" for second in range(2, 32)]
    for name, options in (("sound", {}), ("poor", {"xrun_at": xruns, "overrun_at": overruns})):
        interface = room.interface(name, channels=channels[name], ramp=True, **options).wait_ready()
    config = appliance(room, channels)
    take = recorded(room.woodshed("record", "--config", config, "--for", "5 s"))
    frames = 5 * 48000
    starts = check_ramps(take, channels, frames)
    assert take.gaps["sound"] == []
    planted = [(frame - starts["poor"], lost, cause)
               for word, cause in (("xrun", "missed"), ("overrun", "overrun"))
               for frame, lost in interface.frames_of(word)]
    inside = sorted((frame, min(lost, frames - frame), cause)
                    for frame, lost, cause in planted if 0 < frame < frames)
    assert sum(cause == "missed" for _, _, cause in inside) >= 3
    assert sum(cause == "overrun" for _, _, cause in inside) >= 3
    assert take.gaps["poor"] == inside
    take.check_files()


def test_unplugged_and_returned(room):
    """What was unplugged is silent, and comes back in its place: the ramp goes on as far as the gap is long."""
    channels = {"stays": 2, "leaves": 2}
    room.interface("stays", channels=2, ramp=True, ppm=100).wait_ready()
    leaves = room.interface("leaves", channels=2, ramp=True, ppm=-100, unplug_at=8, return_after=1).wait_ready()
    record = room.spawn_woodshed("record", "--config", appliance(room, channels))
    record.wait_error("recording 4 tracks")
    leaves.wait_line("returned")
    record.wait_error("frames lost at frame")
    folder, = takes(room)
    track = folder / "raw/04-leaves-capture-aux1.flac"
    size = track.stat().st_size
    wait_until(lambda: track.stat().st_size > size + 1000, "the track grows after the return")
    record.signal(signal.SIGINT)
    assert record.wait() == 0
    take = Take(folder)
    starts = check_ramps(take, channels)
    (frame, lost), = absences(take, "leaves")
    assert take.gaps["stays"] == []
    (unplugged,), (returned,) = leaves.frames_of("unplugged")[0], leaves.frames_of("returned")[0]
    assert frame + starts["leaves"] <= unplugged < returned <= frame + lost + starts["leaves"]
    take.check_files()


def test_returned_at_once(room):
    """As by a bad cable: whoever is back before the graph went another round was away all the same."""
    channels = {"desk": 2, "stays": 1}
    desk, _ = (room.interface(name, channels=count, ramp=True).wait_ready() for name, count in channels.items())
    record = room.spawn_woodshed("record", "--config", appliance(room, channels))
    record.wait_error("recording 3 tracks")
    take = Take(takes(room)[0])
    take.wait_growth()
    for _ in range(6):
        told = record.stderr.count("frames lost at frame")
        desk.kill()
        desk = room.interface("desk", channels=2, ramp=True).wait_ready()
        wait_until(lambda told=told: record.stderr.count("frames lost at frame") > told, "the desk is heard again")
    assert record.stop() == 0
    assert take.gaps["stays"] == [] and {cause for _, _, cause in take.gaps["desk"]} == {"unplugged"}
    assert len(take.gaps["desk"]) >= 6
    take.check_files()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_take_whole(room, number):
    channels = {"left": CHANNELS, "right": CHANNELS}
    record = room.spawn_woodshed("record", "--config", ramps(room, channels))
    record.wait_error("recording 36 tracks")
    folder, = takes(room)
    assert Take(folder).manifest["state"] == "recording"
    Take(folder).wait_growth()
    record.signal(number)
    assert record.wait() == 0
    assert record.stdout.strip() == str(folder)
    take = Take(folder)
    check_ramps(take, channels)
    assert take.gaps == {"left": [], "right": []}
    take.check_files()


def test_16_bit_take(room):
    """What an interface of 16 bits delivers fits exactly."""
    path = room.path("ramp16.wav")
    values = bytes(range(256)) * 256
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2), out.setsampwidth(2), out.setframerate(48000)
        out.writeframes(values * 4)
    fake = room.interface("fake", channels=2, play=[path], loop=True).wait_ready()
    fake.wait_line("playing")
    config = appliance(room, {"fake": 2}, "recording: {bit_depth: 16}")
    take = recorded(room.woodshed("record", "--config", config, "--for", "2 s"))
    for channel, track in enumerate(take.tracks):
        assert streaminfo(take.folder / track["file"], "bps") == [16]
        material = values[2 * channel::4], values[2 * channel + 1::4]
        cycle = bytes(byte for pair in zip(*material) for byte in pair)
        assert take.raw(track) in cycle * (4 + 2 * 2 * 48000 // len(cycle))
    take.check_files()


def test_session_names_tracks(room):
    """Only what the session asks for, under its names; two inputs are one stereo track."""
    config = ramps(room, {"desk": 6})
    session = room.path("session.yaml")
    session.write_text("woodshed: 1\nname: thursday\nsong: {title: Night Bus, artist: The Trays}\ntracks:\n"
                       "  - {name: keys, input: [desk/5, desk/2], role: keys}\n"
                       "  - {name: Bass Drum, input: desk/1}\n", encoding="utf-8")
    take = recorded(room.woodshed("record", "--config", config, "--session", session, "--for", "500 ms"))
    manifest = take.manifest
    assert manifest["session"] == "thursday" and take.folder.name == manifest["id"]
    assert manifest["id"].endswith("-thursday")
    assert (manifest["title"], manifest["artist"]) == ("Night Bus", "The Trays")
    assert (take.folder / "session.yaml").read_bytes() == session.read_bytes()
    keys, drum = manifest["tracks"]
    assert (keys["name"], keys["role"], keys["inputs"]) == ("keys", "keys", ["desk/5", "desk/2"])
    data = take.raw(keys)
    start = ramp_start(data, 4)
    stereo = bytearray(2 * 3 * 24000)
    for side, channel in enumerate((4, 1)):
        for byte in range(3):
            stereo[side * 3 + byte::6] = ramp(start + channel * 65536, 24000)[byte::3]
    assert data == bytes(stereo)
    assert take.raw(drum) == ramp(start, 24000)

    other = recorded(room.woodshed("record", "--config", config, "--session", session, "--for", "500 ms",
                                   "--takes", room.path("elsewhere"), "--name", "other"))
    assert other.folder.parent == room.path("elsewhere") and other.folder.name.endswith("-other")
