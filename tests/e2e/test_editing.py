"""Editing of real songs: what was planted is found and goes, what was not planted stays as it was, and the report
says what was done."""
import hashlib
import json
import math
import random
import re
import subprocess

import pytest

from e2e.desk import decode, numbers, packed
from e2e.studio import (DEADLINE, FULL, RATE, StudioTake, delayed, difference, level, mix, noise, play, rms_db)
from rig import band

SECONDS = 20
FROM = 26          # of the song: by then all of them play
SILENCE = 2 * RATE  # before the song, where the room's noise can be learnt
DELAY = 347         # frames, 7.2 ms: the far microphone of the bass
NEAR = RATE // 2000


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    tracks = play(tmp_path_factory.mktemp("band"), band.SONGS / "chuggachugga.mid", FROM + SECONDS)
    assert set(tracks) == {"drums", "bass", "guitar", "guitar2", "ensemble", "guitar3"}
    tracks = {name: [0] * SILENCE + samples[FROM * RATE + SILENCE:] for name, samples in tracks.items()}
    return {name: level(samples, -26) for name, samples in tracks.items() if any(samples)}


def hum(frames):
    """A transformer's: 50.02 Hz and its harmonics, the odd ones stronger."""
    parts = [(h, 10 ** ((-40 - 4 * h - (6 if h % 2 == 0 else 0)) / 20)) for h in range(1, 9)]
    turn = 2 * math.pi * 50.02 / RATE
    return [round(FULL * sum(level * math.sin(h * turn * frame + h) for h, level in parts)) for frame in range(frames)]


def click(samples, seed):
    """Bursts of 1 to 12 samples, four a second; returns the places."""
    of, places = random.Random(seed), []
    for place in range(SILENCE, len(samples) - RATE, RATE // 4):
        place += of.randrange(RATE // 8)
        length = of.randint(1, 12)
        places.append((place, length))
        for frame in range(place, place + length):
            samples[frame] = max(-FULL, min(FULL - 1, samples[frame] + of.choice((-1, 1)) * of.randrange(FULL // 10, FULL // 4)))
    return places


@pytest.fixture(scope="module")
def studio(program, song, tmp_path_factory):
    """One take with a fault a track, and its edited tracks."""
    folder, frames = tmp_path_factory.mktemp("studio"), len(song["bass"])
    # What spills into each microphone has ways of its own.
    spills = [mix(*((0, delayed(song[name], of.randrange(RATE // 200, RATE // 50))) for name in song if name != "bass"))
              for of in map(random.Random, range(3))]
    clicked = mix((-3, song["guitar3"]), (0, noise(frames, -80, 4)))
    before = list(clicked)
    places = click(clicked, 5)
    tracks = {
        "bass": mix((-3, song["bass"]), (-30, spills[0]), (0, noise(frames, -70, 1))),
        "bass far": [-value for value in mix((-8, delayed(song["bass"], DELAY)), (-26, spills[1]), (0, noise(frames, -66, 2)))],
        "drums": song["drums"],
        "other": mix((-6, song["guitar"]), (-24, delayed(song["bass"], 200)), (-30, spills[2]), (0, noise(frames, -70, 3))),
        "clean": song["guitar2"],
        "hum": mix((0, song["guitar2"]), (0, hum(frames))),
        "clicks": clicked,
        "noise": mix((0, song["guitar"]), (0, noise(frames, -62, 6))),
    }
    take = StudioTake(folder / "takes", "20260101-000000-studio", tracks)
    take.session("{preset: rehearsal}", {
        "bass": ", role: bass, edit: []", "bass far": ", role: bass, edit: []", "drums": ", role: overhead, edit: []",
        "other": ", role: electric-guitar, edit: [{align: {to: bass}}]", "clean": ", role: keys, edit: [hum]",
        "hum": ", role: keys, edit: [hum]", "clicks": ", role: acoustic-guitar, edit: [declick]",
        "noise": ", role: electric-guitar, edit: [denoise]"})
    take.places, take.before = places, before
    return take, take.edited(program, folder / "out")


def test_a_far_microphone_is_brought_into_step(studio):
    take, edited = studio
    edit = edited.edit("bass far", "align")
    assert (edit["applied"], edit["turned"], edit["from"]) == (True, True, "preset rehearsal")
    assert abs(edit["delay_ms"] * RATE / 1000 - DELAY) <= 1
    shift = round(edit["delay_ms"] * RATE / 1000)
    assert edited.samples("bass far")[:-shift] == [-value for value in take.tracks["bass far"][shift:]]
    assert edited.edits("bass") == []


def test_what_only_shares_bleed_is_left_alone(studio):
    take, edited = studio
    assert edited.edit("other", "align")["applied"] is False
    assert edited.edits("drums") == []
    for name in ("other", "drums", "bass"):
        assert edited.samples(name) == take.tracks[name]


def test_hum_goes_by_30_db(studio, song):
    take, edited = studio
    planted = rms_db(difference(take.tracks["hum"], song["guitar2"]))
    left = rms_db(difference(edited.samples("hum"), song["guitar2"]))
    assert planted > -46.5
    assert planted - left >= 30
    edit = edited.edit("hum", "hum")
    assert edit["applied"] and edit["fundamental_hz"] == pytest.approx(50.02, abs=0.01)
    assert edited.edit("clean", "hum")["applied"] is False
    assert edited.samples("clean") == song["guitar2"]


def test_clicks_are_filled_in_and_attacks_are_not(studio):
    take, edited = studio
    clicked, mended = take.tracks["clicks"], edited.samples("clicks")
    touched = [frame for frame, (a, b) in enumerate(zip(clicked, mended)) if a != b]
    found = nearer = 0
    for place, length in take.places:
        span = slice(place, place + length)
        was = difference(clicked[span], take.before[span])
        left = difference(mended[span], take.before[span])
        found += mended[span] != clicked[span]
        nearer += rms_db(left) < rms_db(was) - 6
    assert found >= 0.95 * len(take.places)
    assert nearer >= 0.9 * len(take.places)
    near = set()
    for place, length in take.places:
        near.update(range(place - NEAR, place + length + NEAR))
    strays = [frame for frame in touched if frame not in near]
    bursts = sum(b - a > NEAR for a, b in zip([-RATE, *strays], strays))
    assert bursts <= max(1, SECONDS / 60)
    assert edited.edit("clicks", "declick")["clicks"] == pytest.approx(len(take.places), abs=0.05 * len(take.places) + 1)


def levels(path, begin, seconds):
    """RMS of each third of an octave from 100 Hz to 8 kHz, in dB."""
    thirds = [1000 * 2 ** (third / 3) for third in range(-10, 10)]
    heard = []
    for hz in thirds:
        band_of = f"{hz / 2 ** (1 / 6):.1f}-{hz * 2 ** (1 / 6):.1f}"
        done = subprocess.run(["sox", path, "-n", "trim", str(begin), str(seconds), "sinc", "-t", "50", band_of, "stats"],
                              capture_output=True, text=True, check=True, timeout=DEADLINE)
        heard.append(float(re.search(r"RMS lev dB\s+(\S+)", done.stderr)[1]))
    return heard


def test_noise_goes_by_9_db_and_the_music_stays(studio):
    take, edited = studio
    was, now = take.tracks["noise"], edited.samples("noise")
    silence = slice(RATE // 4, SILENCE - RATE // 4)
    assert rms_db(was[silence]) - rms_db(now[silence]) == pytest.approx(9, abs=1)
    raw, = take.folder.glob("raw/*-noise.flac")
    made, = edited.folder.glob("edited/*-noise.flac")
    floor, before, after = (levels(path, *span) for path, span in
                            ((raw, (0.25, 1.5)), (raw, (3, 15)), (made, (3, 15))))
    loud = [(a, b) for quiet, a, b in zip(floor, before, after) if a > quiet + 20]
    assert len(loud) >= 8
    assert max(abs(a - b) for a, b in loud) < 0.5


def test_any_number_of_jobs_gives_the_same_bytes(program, studio, tmp_path):
    take, edited = studio
    wanted = {path.name: path.read_bytes() for path in edited.folder.glob("edited/*.flac")}
    assert len(wanted) == len(take.tracks)
    for jobs in (1, 7):
        again = take.edited(program, tmp_path / f"out{jobs}", "--jobs", jobs)
        assert {path.name: path.read_bytes() for path in again.folder.glob("edited/*.flac")} == wanted


def test_without_edits_nothing_changes_but_the_place(program, song, tmp_path):
    """Edited files beside the take, in its manifest, and a mix that is the exact sum."""
    tracks = {name: [value // 2 for value in song[name][:3 * RATE + 77]] for name in ("bass", "drums")}
    take = StudioTake(tmp_path, "20260101-000000-none", tracks)
    take.session("{preset: none}")
    status, said = take.render(program, "edit", None)
    assert status == 0, said
    manifest = json.loads((take.folder / "take.json").read_text(encoding="utf-8"))
    assert [render["file"] for render in manifest["renders"]] == ["edited/01-bass.flac", "edited/02-drums.flac"]
    for render, name in zip(manifest["renders"], tracks):
        data = (take.folder / render["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == render["sha256"]
        assert numbers(decode(take.folder / render["file"])) == tracks[name]
    status, said = take.render(program, "mix", tmp_path / "out")
    assert status == 0, said
    wanted = [sum(values) for values in zip(*tracks.values()) for _ in "lr"]
    assert decode(tmp_path / "out/mix.flac") == packed(wanted)
    report = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))
    assert [track["edits"] for track in report["tracks"]] == [[], []]


# ---- the ends, and passages from other takes ----


def test_a_take_is_trimmed_to_its_songs(program, song, tmp_path):
    first, last = 4 * RATE, 9 * RATE
    tracks = {"bass": mix((-12, song["drums"][:12 * RATE]), (0, noise(12 * RATE, -50, 1)))}
    take = StudioTake(tmp_path, "20260101-000000-trim", tracks,
                      markers=[("song 1", first, "song"), ("chorus", 6 * RATE, "user"), ("song 1 end", last, "song")])
    take.session("{trim: songs, lead_in: 1 s, lead_out: 2 s, fade_in: 10 ms, fade_out: 1 s}",
                 {"bass": ", automation: {mute: [{from: chorus, to: 7 s}]}"})
    status, said = take.render(program, "mix", tmp_path / "out")
    assert status == 0, said
    made = numbers(decode(tmp_path / "out/mix.flac"))[::2]
    part = tracks["bass"][first - RATE:last + 2 * RATE]
    assert len(made) == len(part)
    edit = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))["edit"]
    assert edit == {"preset": "none", "first_frame": first - RATE, "frames": len(part),
                    "fade_in_frames": RATE // 100, "fade_out_frames": RATE}
    middle = slice(RATE // 100, 3 * RATE)  # to the mute at frame 6 s of the take
    assert made[middle] == part[middle]
    assert not any(made[3 * RATE + RATE // 100:4 * RATE])
    assert made[4 * RATE + RATE // 100:-RATE] == part[4 * RATE + RATE // 100:-RATE]
    assert rms_db(made[-RATE // 10:]) < rms_db(part[-RATE // 10:]) - 20
    take.session("{trim: none}")
    status, said = take.render(program, "mix", tmp_path / "whole")
    assert status == 0, said
    assert numbers(decode(tmp_path / "whole/mix.flac"))[::2] == tracks["bass"]


def punched(program, take, edit, out):
    take.session(edit)
    return take.edited(program, out)


def test_a_passage_comes_from_another_take(program, song, tmp_path):
    """Frame for frame, at its place, on all tracks at once, joined at equal power."""
    tracks = {name: [value // 2 for value in song[name][SILENCE:SILENCE + 6 * RATE]] for name in ("bass", "guitar")}
    better = {name: [value // 2 for value in song[name][SILENCE + RATE:SILENCE + 8 * RATE]] for name in ("bass", "guitar")}
    StudioTake(tmp_path, "20260102-000000-better", better, markers=[("chorus", RATE + 5, "user")])
    take = StudioTake(tmp_path, "20260101-000000-punch", tracks, markers=[("chorus", 2 * RATE, "user")])
    punch = "{punch: [{from: 20260102-000000-better, start: chorus, end: 4 s, fade: 20 ms}]}"
    edited = punched(program, take, punch, tmp_path / "out")
    fade, begin, end = RATE // 50, 2 * RATE, 4 * RATE
    for name in tracks:
        made, own, other = edited.samples(name), tracks[name], better[name]
        inside = slice(begin + fade // 2, end - fade // 2)
        assert made[:begin - fade // 2] == own[:begin - fade // 2]
        assert made[inside] == other[inside.start - begin + RATE + 5:inside.stop - begin + RATE + 5]
        assert made[end + fade // 2:] == own[end + fade // 2:]
        middle = math.sqrt(0.5) * (own[begin] + other[RATE + 5])
        near = math.sqrt(0.5) * (own[begin - 1] + other[RATE + 4])
        assert abs(made[begin] - middle) < abs(middle - near) + 0.002 * FULL
        assert edited.edit(name, "punch") == {
            "edit": "punch", "from": "session", "take": "20260102-000000-better", "frame": begin - fade // 2,
            "frames": end - begin + fade, "source_frame": RATE + 5 - fade // 2}
    edited = punched(program, take, punch.replace("}]}", ", tracks: [bass], source: 1.5 s}]}"), tmp_path / "one")
    assert edited.samples("guitar") == tracks["guitar"]
    assert edited.samples("bass")[3 * RATE] == better["bass"][2 * RATE + RATE // 2]


@pytest.mark.parametrize("punch, wrong", [
    ("{from: 20260102-000000-nobody, start: 1, end: 2}", "edit.punch[0]: 20260102-000000-nobody: no such take"),
    ("{from: 20260102-000000-slow, start: 1, end: 2}", "edit.punch[0]: take 20260102-000000-slow is at 44100 Hz, this one at 48000 Hz"),
    ("{from: 20260102-000000-better, start: 1, end: verse}", "edit.punch[0]: take 20260101-000000-bad has no marker verse"),
    ("{from: 20260102-000000-better, start: 1, end: 2, source: verse}", "edit.punch[0]: take 20260102-000000-better has no marker verse"),
    ("{from: 20260102-000000-better, start: 2, end: 1}", "edit.punch[0]: 1 is not after 2"),
    ("{from: 20260102-000000-better, start: 1, end: 3}, {from: 20260102-000000-better, start: 2, end: 3}",
     "edit.punch: the one from 20260102-000000-better at 2 begins before the one from 20260102-000000-better at 1 has ended"),
    ("{from: 20260102-000000-better, start: 1, end: 2, tracks: [drums]}", "edit.punch[0].tracks[0]: no track \"drums\""),
])
def test_a_passage_that_cannot_be_is_told(program, tmp_path, punch, wrong):
    samples = noise(4 * RATE, -40, 1)
    StudioTake(tmp_path, "20260102-000000-better", {"bass": samples})
    StudioTake(tmp_path, "20260102-000000-slow", {"bass": samples}, rate=44100)
    take = StudioTake(tmp_path, "20260101-000000-bad", {"bass": samples})
    take.session(f"{{punch: [{punch}]}}")
    status, said = take.render(program, "edit", tmp_path / "out")
    assert status in (1, 2)
    assert wrong in said
