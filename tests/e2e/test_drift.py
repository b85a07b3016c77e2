"""Interfaces whose crystals disagree: their raw tracks slip against each other, their rendered ones do not."""
import json

import pytest

from e2e.desk import Take, appliance, decode, numbers, recorded, wait_until
from rig.room import BUILD

RATE = 48000
SESSION = """woodshed: 1
name: drift
tracks:
  - {name: one, input: left/1, pan: L100}
  - {name: other, input: right/1, pan: R100}
edit: {preset: none}
mix: {preset: none}
"""


def clicks(samples):
    """The centre of each click, to a fraction of a frame."""
    found, at, end = [], 0, len(samples) - 100
    while at < end:
        if samples[at] < 1 << 21:
            at += 1
            continue
        peak = max(range(at, at + 20), key=samples.__getitem__)
        if peak < 50:
            at += 100
            continue
        around = range(peak - 30, peak + 31)
        found.append(sum(samples[n] * n for n in around) / sum(samples[n] for n in around))
        at = peak + 100
    return found


def apart(ones, others):
    """How far each click of one is from the nearest of the other."""
    return [min((other - one for other in others), key=abs) for one in ones if RATE < one < ones[-1] - RATE / 2]


def rendered(room, config, take, *options):
    out = room.path("out")
    done = room.woodshed("render", "--config", config, "--stage", "mix", "--out", out, *options, take.folder)
    assert done.returncode == 0, done.stderr
    mix = numbers(decode(out / "mix.flac"))
    return mix[0::2], mix[1::2], json.loads((out / "report.json").read_text(encoding="utf-8")), done.stdout


def prepare(room, ppm, **options):
    for name, drift in zip(("left", "right"), ppm):
        room.interface(name, channels=1, clicks=0.5, ppm=drift, **options.get(name, {})).wait_ready()
    config = appliance(room, {"left": 1, "right": 1})
    config.write_text(config.read_text("utf-8").replace(
        "node: right,", f"node: right, clock: {options.get('clock', 'own')},"), encoding="utf-8")
    session = room.path("drift.yaml")
    session.write_text(SESSION, encoding="utf-8")
    return config, session


def record(room, length, ppm, **options):
    config, session = prepare(room, ppm, **options)
    done = room.woodshed("record", "--config", config, "--session", session, "--for", length)
    return config, recorded(done)


def test_tracks_coincide_after_the_render(room):
    config, take = record(room, "20 s", (60, -40))
    left, right = (clicks(numbers(take.raw(track))) for track in take.tracks)
    slipped = apart(left, right)
    assert slipped[-1] - slipped[0] == pytest.approx(-100e-6 * 18 * RATE, abs=8)  # 86 frames

    left, right, report, said = rendered(room, config, take)
    left, right = clicks(left), clicks(right)
    assert len(left) >= 38
    together = apart(left, right)
    assert max(map(abs, together)) < 0.1

    one, other = report["interfaces"]
    assert (one["name"], one["corrected_ppm"]) == ("left", 0)
    assert one["ppm"] == pytest.approx(60, abs=0.5) and other["ppm"] == pytest.approx(-40, abs=0.5)
    assert other["corrected_ppm"] == pytest.approx(-100, abs=0.5)
    assert "drift    right ran -100.0" in said or "drift    right ran -99.9" in said


def test_the_manifest_names_the_clock_logs(room):
    _, take = record(room, "3 s", (60, -40))
    for number, one in enumerate(take.manifest["interfaces"], 1):
        assert one["clock"] == "own"
        assert one["clock_log"] == f"clock/{number:02}-{one['name']}.csv"
        header, *lines = (take.folder / one["clock_log"]).read_text(encoding="ascii").splitlines()
        assert header == "stretch,frame,nsec"
        stretches, frames, _ = zip(*(map(int, line.split(",")) for line in lines))
        assert set(stretches) == {1}
        assert len(frames) >= 3 and list(frames) == sorted(frames)


def test_a_gap_moves_nothing(room):
    """Cycles lost, seen or unseen by the driver's count: what follows is where it belongs."""
    config, take = record(room, "12 s", (60, -40), right={
        "xrun_at": [f"{second * RATE + 1000}:512" for second in range(3, 40, 5)],
        "overrun_at": [f"{second * RATE + 1000}:700" for second in range(5, 40, 5)]})
    assert len(take.gaps["right"]) >= 3
    left, right, *_ = rendered(room, config, take)
    together = apart(clicks(left), clicks(right))
    assert len(together) >= 18
    # A click may lie in a gap.
    assert sum(abs(frames) < 0.25 for frames in together) >= len(together) - 4


def test_a_shared_clock_is_left_alone(room):
    config, take = record(room, "3 s", (100, -100), clock="shared")
    assert [one["clock"] for one in take.manifest["interfaces"]] == ["own", "shared"]
    left, right, report, _ = rendered(room, config, take)
    assert [left, right] == [numbers(take.raw(track)) for track in take.tracks]
    assert [one["corrected_ppm"] for one in report["interfaces"]] == [0, 0]


def test_one_pace_is_left_alone(room):
    config, take = record(room, "3 s", (70, 70))
    left, right, *_ = rendered(room, config, take)
    assert [left, right] == [numbers(take.raw(track)) for track in take.tracks]


@pytest.mark.parametrize("log,warning", [
    (None, "No such file"), (b"", "not a clock log"), (b"\x00" * 4096, "not a clock log"),
    (b"stretch,frame,nsec\n", ""), (b"stretch,frame,nsec\n1,0,1\n1,48000,2\n", "cannot be right")])
def test_a_lost_log_costs_the_correction_only(room, log, warning):
    config, take = record(room, "1 s", (100, -100))
    path = take.folder / take.manifest["interfaces"][1]["clock_log"]
    path.unlink() if log is None else path.write_bytes(log)
    done = room.woodshed("render", "--config", config, "--stage", "mix", take.folder)
    assert done.returncode == 0, done.stderr
    assert warning in done.stderr
    mix = numbers(decode(Take(take.folder).folder / "mix.flac"))
    assert mix[1::2] == numbers(take.raw(take.tracks[1]))


def test_a_recovered_take_is_aligned(room):
    """Killed in the middle: what there is of the clock log by then is enough."""
    config, session = prepare(room, (200, -200))
    recorder = room.spawn("record", BUILD / "woodshed", "record", "--config", config, "--session", session)

    def long_logs():
        logs = sorted(room.path("takes").glob("*/clock/*.csv"))
        return logs if len(logs) == 2 and all(log.read_text("ascii").count("\n") > 8 for log in logs) else None
    logs = wait_until(long_logs, "ten seconds of clock logs")
    recorder.kill()
    done = room.woodshed("recover", "--config", config)
    assert done.returncode == 0, done.stderr
    take = Take(logs[0].parent.parent)
    assert take.manifest["recovered"]
    assert [one["ppm"] for one in take.manifest["interfaces"]] == pytest.approx([200, -200], abs=1)
    left, right, report, _ = rendered(room, config, take)
    together = apart(clicks(left), clicks(right))
    assert len(together) >= 10
    assert max(map(abs, together)) < 0.25
    assert report["interfaces"][1]["corrected_ppm"] == pytest.approx(-400, abs=2)
