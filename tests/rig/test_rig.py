"""The room itself: what it promises to the tests that use it."""
import json
import pathlib
import signal
import subprocess
import wave

import pytest

import band
from room import BUILD, Room, Watcher

FAKE = BUILD / "tests/rig/fake-interface"


@pytest.fixture
def room():
    with Room() as it:
        yield it


def exact(report, frames):
    """Every sample of every channel is the ramp's, and the clock says where it belongs."""
    assert report["frames"] >= frames
    assert report["wrong"] == 0
    assert report["discontinuities"] == 0 and report["position_jumps"] == 0
    assert report["first"] == report["first_position"] % (1 << 24)
    assert report["last"]["frame"] == report["last"]["position"] % (1 << 24)


@pytest.mark.parametrize("channels,rate,quantum", [(18, 48000, 256), (64, 48000, 128), (2, 44100, 64),
                                                   (1, 96000, 1024)])
def test_ramp_is_exact(channels, rate, quantum):
    with Room(rate=rate) as room:
        room.interface("a", channels=channels, quantum=quantum, ramp=True).wait_ready()
        report, = room.probe(2 * rate, f"a:{channels}")
    exact(report, 2 * rate)
    assert report["last"]["duration"] == quantum


def test_two_interfaces_keep_their_own_time(room):
    room.interface("a", ramp=True, ppm=60).wait_ready()
    room.interface("b", ramp=True, ppm=-40, quantum=512).wait_ready()
    reports = room.probe(4 * 48000, "a:18", "b:18")
    for report, ppm in zip(reports, (60, -40)):
        exact(report, 4 * 48000)
        frames = report["last"]["position"] - report["first_position"]
        ns = report["last"]["nsec"] - report["first_nsec"]
        assert frames * 1e9 / ns / 48000 == pytest.approx(1 + ppm * 1e-6, abs=1e-8)
    assert reports[0]["last"]["clock"] != reports[1]["last"]["clock"]


def test_planted_gaps_are_seen_exactly(room):
    a = room.interface("a", channels=4, ramp=True, xrun_at=["96000:512", "120000:77"],
                       overrun_at=["150000:300"]).wait_ready()
    report, = room.probe(200000, "a:4")
    assert report["wrong"] == 0
    assert report["position_jumps"] == 2
    jumps = report["jumps"]
    assert [(j["got"], j["got"] - j["expected"]) for j in jumps] == [
        (frame + lost, lost) for frame, lost in a.frames_of("xrun") + a.frames_of("overrun")]
    for jump, position_lost, lost in zip(jumps, (512, 77, 0), (512, 77, 300)):
        before, after = jump["before"], jump["after"]
        assert after["position"] - before["position"] - before["duration"] == position_lost
        elapsed = (after["nsec"] - before["nsec"]) * 48000 / 1e9
        assert elapsed - before["duration"] == pytest.approx(lost, abs=0.01)


def test_a_follower_that_stalls_loses_nothing(room):
    """Not while it joins: then the interface waits for it less long."""
    room.interface("a", ramp=True).wait_ready()
    probe = room.spawn("probe", BUILD / "tests/rig/probe", 6 * 48000, "a:18")
    probe.wait_error("hears a")
    room.run("sh", "-c", f"sleep 3; kill -STOP {probe.pid}; sleep 1; kill -CONT {probe.pid}")
    assert probe.wait() == 0
    exact(json.loads(probe.stdout), 6 * 48000)


def test_unplugged_and_returned(room):
    a = room.interface("a", channels=4, ramp=True, unplug_at=5, return_after=1).wait_ready()
    report, = room.probe(48000 * 11 // 2, "a:4")
    (unplugged,), = a.frames_of("unplugged")
    (returned,), = a.frames_of("returned")
    assert unplugged == pytest.approx(5 * 48000, abs=256)
    assert returned - unplugged >= 48000
    jump, = report["jumps"]
    assert report["wrong"] == 0
    assert jump["expected"] <= unplugged and jump["got"] >= returned
    assert jump["got"] - jump["after"]["position"] == returned  # position began at 0 again
    # nsec is the interface's own time, unplugged or not: it gives the length of the gap to the sample.
    ns = jump["after"]["nsec"] - jump["before"]["nsec"]
    assert ns * 48000 / 1e9 == pytest.approx(jump["got"] - jump["before"]["frame"], abs=0.01)


def make_wav(path, rate, values):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1), out.setsampwidth(2), out.setframerate(rate)
        out.writeframes(b"".join(v.to_bytes(2, "little", signed=True) for v in values))
    return path


def test_play_begins_when_told_and_ends(room):
    track = make_wav(room.path("t.wav"), 48000, [1000] * 24000)
    a = room.interface("a", channels=2, play=[track], wait=True, lead_silence=0.25, exit_after_play=True)
    a.wait_ready()
    begin = a.play()
    assert int(a.wait_line("done").split()[1]) == begin + 24000
    assert a.wait() == 0


@pytest.mark.parametrize("arguments,message", [
    (["--channels", "65"], "--channels"), (["--channels", "0"], "--channels"), (["--channels", "two"], "two"),
    (["--channels"], "--channels"), (["--rate", "47999"], "--rate"), (["--nonsense"], "--nonsense"),
    (["--play"], "--play"), (["--play", "absent.wav"], "absent.wav"), (["--ramp", "--tone", "440:-6"], "--tone"),
    (["--tone", "440"], "--tone"), (["--xrun-at", "5"], "--xrun-at"), (["--xrun-at", "5:0"], "--xrun-at"),
    (["--zeros-at", "5:"], "--zeros-at"), (["--skip-at", "-5:6"], "--skip-at"),
    (["--noise", "loud"], "--noise"), (["--clicks", "0"], "--clicks"), (["--clicks", "1", "--ramp"], "--clicks"), (["--return-after", "1"], "--unplug-at"), (["--ppm", "nan"], "--ppm"),
    (["--exit-after-play"], "--play"), (["--quantum", "256.5"], "--quantum")])
def test_bad_options(arguments, message):
    done = subprocess.run([FAKE, *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert message in done.stderr and done.stderr.count("\n") == 1


def test_files_must_fit(tmp_path):
    track = make_wav(tmp_path / "slow.wav", 44100, [1] * 100)
    done = subprocess.run([FAKE, "--play", track], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and "44100" in done.stderr
    track = make_wav(tmp_path / "fast.wav", 48000, [1] * 100)
    done = subprocess.run([FAKE, "--channels", "1", "--play", track, track], capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == 2 and "channels" in done.stderr


def test_another_rate_than_the_graphs_is_an_error(room):
    interface = room.interface("a", rate=44100)
    assert interface.wait() == 2
    assert "48000" in interface.stderr


def test_no_pipewire_is_an_error(tmp_path):
    done = subprocess.run([FAKE], capture_output=True, text=True, timeout=30, check=False,
                          env={"XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 1 and "PipeWire" in done.stderr


def test_the_room_leaves_nothing_behind():
    with Room() as room:
        interface = room.interface("a").wait_ready()
        room.broker()
        room.watcher()
        interface.signal(signal.SIGSTOP)  # even one that hangs
        ids = [process.pid for process in room.processes]
        folder = room.root
    assert len(ids) == 4
    assert not any(pathlib.Path(f"/proc/{i}").exists() for i in ids)
    assert not folder.exists()


def test_a_failing_block_keeps_the_logs(capsys):
    with pytest.raises(ZeroDivisionError), Room() as room:
        room.interface("a").wait_ready()
        raise ZeroDivisionError
    assert "interface-a.out" in capsys.readouterr().err
    assert room.root.exists()
    subprocess.run(["rm", "-r", room.root], check=True)


def test_broker_and_watcher(room):
    broker = room.broker(users=("room1", "room2"))
    watcher = room.watcher()
    room.publish("woodshed/room1/state", {"record": "idle"}, retain=True, user="room1")
    message = watcher.wait(lambda m: m.topic == "woodshed/room1/state")
    assert message.json == {"record": "idle"} and not message.retain
    mark = watcher.mark()
    room.publish("woodshed/room1/state", "forbidden", user="room2")
    room.publish("woodshed/room2/state", "allowed", user="room2")
    assert watcher.wait(lambda m: m.topic.endswith("/state"), since=mark).payload == "allowed"
    late = Watcher(room, "woodshed/room1/#")
    assert late.wait(lambda m: m.topic == "woodshed/room1/state").retain
    broker.stop()
    broker.start()
    room.watcher()


def test_joining_and_leaving_under_load_is_lossless(room):
    for _ in range(2):
        room.spawn("load", "sh", "-c", "while :; do :; done")
    room.interface("a", ramp=True).wait_ready()
    for _ in range(8):
        report, = room.probe(6000, "a:18")
        exact(report, 6000)


def test_band(tmp_path):
    tracks = band.render(band.songs()[0], tmp_path, seconds=4, bleed=-30, noise=-80)
    assert len(tracks) >= 3
    for track in tracks:
        with wave.open(str(track.path)) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 3, 48000)
            assert file.getnframes() == 4 * 48000
    assert max(track.peak_dbfs for track in tracks) > -40


def test_band_says_what_is_wrong(tmp_path):
    (tmp_path / "x.mid").write_bytes(b"RIFF0000")
    with pytest.raises(band.BandError):
        band.render(tmp_path / "x.mid", tmp_path / "out")
