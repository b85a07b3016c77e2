"""The click: what a sink is given against what the take has, by the machine's clock that both can be told by.

Each interface is given a click of its own whenever the machine's clock is at a multiple of half a second, so its own
recording says which frame was played when; the sink keeps every cycle's time beside its samples.
"""
import math
import struct

import pytest

from e2e.desk import appliance, numbers, recorded, tags
from e2e.test_drift import clicks

HALF_NS = 500_000_000
SESSION = """woodshed: 1
name: clicked
song: {title: Night Bus, tempo: 240, meter: 4/4}
arrangement:
  count_in: 1
  click: "phones*"
  sections:
    - {name: verse, bars: 1}
    - {name: chorus, bars: 2, meter: 3/4, tempo: 180, tempo_to: 300}
    - {name: bridge, bars: 1, meter: 6/8, tempo: 300}
    - {name: never, bars: 200}
tracks:
  - {name: one, input: left/1}
  - {name: other, input: right/1}
edit: {preset: none}
mix: {preset: none}
master: {preset: none}
"""


def grid(rate):
    """[(frame from bar 1, 0 for a bar line, 1 for a group's, 2 for a beat)] of the count-in and the first three
    sections, by a numerical integration where the tempo changes."""
    beats = [(-n * rate / 4, 0 if n == 4 else 2) for n in (4, 3, 2, 1)]
    beats += [(n * rate / 4, 0 if n % 4 == 0 else 2) for n in range(4)]
    length = 120 * 6 / 480  # six beats from 180 to 300
    for n in range(6):
        # n = (180 t + 120 t² / 2 length) / 60
        t = (-180 + math.sqrt(180 ** 2 + 4 * 60 / length * 60 * n)) / (2 * 60 / length)
        beats.append(((1 + t) * rate, 0 if n % 3 == 0 else 2))
    beats += [((1 + length + n / 5) * rate, (0, 2, 2, 1, 2, 2)[n]) for n in range(6)]
    return beats


def read_sink(path):
    """[(ns, sample)] of every frame that it was given."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        nsec, following, frames = struct.unpack_from("<QQQ", data, at)
        samples = struct.unpack_from(f"<{frames}f", data, at + 24)
        step = (following - nsec) / max(frames, 1)
        found += [(nsec + n * step, sample) for n, sample in enumerate(samples)]
        at += 24 + 4 * frames
    return found


def onsets(heard):
    """[(ns of the first sample of a click, its level)]"""
    found, quiet = [], 0
    for ns, sample in heard:
        if abs(sample) > 0.15 and quiet > 200:
            found.append((ns, abs(sample)))
        quiet = 0 if abs(sample) > 2e-3 else quiet + 1
    return found


def frame_at(take):
    """A function from the machine's clock to frames of the take, by what the first interface recorded."""
    log = (take.folder / take.manifest["interfaces"][0]["clock_log"]).read_text(encoding="ascii").splitlines()
    _, frame, nsec = map(int, log[-1].split(","))
    rate = take.manifest["rate"]
    found = clicks(numbers(take.raw(take.tracks[0])))
    at = [round((nsec + (peak - frame) / rate * 1e9) / HALF_NS) * HALF_NS for peak in found]
    assert len(found) > 10 and len(set(at)) == len(at)
    middle_ns, middle = sum(at) / len(at), sum(found) / len(found)
    slope = sum((ns - middle_ns) * (peak - middle) for ns, peak in zip(at, found)) \
        / sum((ns - middle_ns) ** 2 for ns in at)
    assert max(abs(middle + (ns - middle_ns) * slope - peak) for ns, peak in zip(at, found)) < 0.05
    return lambda ns: middle + (ns - middle_ns) * slope


def record(room, sink_options, length="7 s", session=SESSION, **options):
    for name, ppm in (("left", 90), ("right", -70)):
        room.interface(name, channels=1, clicks=0.5, ppm=ppm, **options).wait_ready()
    sink = room.interface("phones.main", channels=2, sink=room.path("phones.raw"), **sink_options).wait_ready() \
        if sink_options is not None else None
    config = appliance(room, {"left": 1, "right": 1})
    path = room.path("clicked.yaml")
    path.write_text(session, encoding="utf-8")
    done = room.woodshed("record", "--config", config, "--session", path, "--for", length)
    take = recorded(done)
    if sink:
        sink.stop()
    return config, take, done


SINKS = {"a crystal of its own": {"ppm": 150}, "the first interface's": {"follow": "left"}}


@pytest.mark.parametrize("rate,sink,options", [(48000, "a crystal of its own", {}), (44100, "a crystal of its own", {}),
                                               (48000, "the first interface's", {}),
                                               (48000, "the first interface's", {"any_quantum": True})])
def test_bar_lines_are_where_the_grid_says(open_room, program, rate, sink, options):
    assert program
    room = open_room(rate=rate)
    config, take, _ = record(room, SINKS[sink], **options)
    sections = {marker["label"]: marker["frame"] for marker in take.manifest["markers"]
                if marker["kind"] == "section"}
    bar_1 = sections["verse"]
    assert sections["chorus"] == bar_1 + rate and sections["bridge"] == bar_1 + round(2.5 * rate)
    assert sections["never"] == bar_1 + round(3.7 * rate)
    to_frame = frame_at(take)
    heard = [(to_frame(ns), level) for ns, level in onsets(read_sink(room.path("phones.raw")))]
    wanted = grid(rate)
    assert len(heard) > len(wanted)
    levels = (0.5, 0.35, 0.25)
    for (frame, level), (beat, kind) in zip(heard, wanted):
        assert abs(frame - bar_1 - beat) <= 1  # half a frame of it is the sink's own raster
        assert level == pytest.approx(levels[kind], rel=0.1)
    # Nothing of it is recorded: the tracks have the interfaces' own clicks and nothing else.
    for track in take.tracks:
        assert len(clicks(numbers(take.raw(track)))) in range(13, 16)
    check_master(room, config, take, sections)


def check_master(room, config, take, sections):
    done = room.woodshed("render", "--config", config, take.folder)
    assert done.returncode == 0, done.stderr
    comments = tags(take.folder / "master.flac")
    labels = [comments[key] for key in sorted(comments) if key.startswith("CHAPTER") and key.endswith("NAME")]
    assert [label for label in labels if not label.startswith("song")] == list(sections)
    cue = (take.folder / "master.cue").read_text(encoding="utf-8")
    assert 'TITLE "bridge"' in cue and 'FILE "master.flac" WAVE' in cue


def test_a_missing_sink_costs_the_click_alone(room):
    _, take, done = record(room, None, length="7 s")
    assert 'no sink matches "phones*"' in done.stderr and done.returncode == 0
    assert [marker for marker in take.manifest["markers"] if marker["kind"] == "section"] == []
    assert take.manifest["frames"] == 7 * 48000


def test_a_song_without_a_tempo_has_no_click(room):
    _, take, _ = record(room, {}, length="2 s", session=SESSION.replace("tempo: 240, ", ""))
    assert all(marker["kind"] != "section" for marker in take.manifest["markers"])
    assert not any(sample for _, sample in read_sink(room.path("phones.raw")))
