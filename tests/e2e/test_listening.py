"""A render listens to its take: what the report, the take and song.mid say of it agrees with the score."""
import json
import shutil

import pytest

from e2e.desk import tags
from rig import played, songs
from rig.score import Score

SONG, SECONDS, VOICE = "run_for_your_life", 60, "guitar2"
FAST = played.OTHERS[0]


class Library:
    """A folder of takes, and the tracks of two ways to play one song."""

    def __init__(self, program, folder):
        self.program, self.folder, self.takes, self.count = program, folder, folder / "takes", 0
        self.takes.mkdir()
        self.plain = played.play(program, folder / "plain", SONG, seconds=SECONDS)
        self.fast = played.play(program, folder / "fast", SONG, FAST, seconds=SECONDS)

    def take(self, tracks, **options):
        self.count += 1
        return played.take_of(self.takes, f"20260101-{self.count:06}-played", tracks, **options)

    def render(self, take, *options):
        return played.render(self.program, take, *options)


@pytest.fixture(scope="module")
def library(program, tmp_path_factory):
    return Library(program, tmp_path_factory.mktemp("listening"))


@pytest.fixture(scope="module")
def first(library):
    """The take with a title, rendered, and its report."""
    take = library.take(library.plain, title="For Your Life", said="melody: " + VOICE)
    return take, library.render(take)


@pytest.fixture(scope="module")
def score():
    whole = Score(songs.midi_of(SONG))
    whole.last = SECONDS - 1
    return whole


def test_the_song_is_told(first, score):
    _, report = first
    song = report["song"]
    assert played.tempo_right(song, score)
    assert song["meter"]["value"] == "4/4"
    assert played.beats(song, score) >= 0.9
    assert played.bar_lines(song, score) >= 0.9
    truth = [chord for chord in score.chords if chord[1] < SECONDS]
    score.chords = truth
    assert played.chords(song, score) >= 0.7
    assert all(0 <= song[what]["confidence"] <= 1 for what in ("tempo_bpm", "meter", "key", "beats"))
    assert song["title"] == {"value": "For Your Life", "from": "take", "confidence": None}
    assert song["disagreements"] == [] and "songs" not in report


def test_sections_become_markers(first):
    take, report = first
    sections = report["song"]["sections"]
    markers = json.loads((take / "take.json").read_text(encoding="utf-8"))["markers"]
    assert [marker["label"] for marker in markers] == [section["label"] for section in sections]
    assert all(marker["kind"] == "section" for marker in markers)
    assert [cue["label"] for cue in report["cues"]] == [section["label"] for section in sections]


def test_song_mid_has_the_tempo_map_and_the_melody(first, score):
    take, report = first
    midi = Score(take / "song.mid")
    assert abs(midi.tempo / score.tempo - 1) < 0.05
    assert played.f_measure(midi.beats, [beat for beat in score.beats if beat < SECONDS], played.BEAT_S) >= 0.9
    assert report["song"]["melody"]["notes"] == len(midi.voice(0)) > 20
    channel, = (channel for channel, name in played.band.players(songs.midi_of(SONG)).items()
                if name == VOICE)
    notes = [note for note in score.voice(channel) if note.end < SECONDS]
    assert played.melody(midi.voice(0), notes) >= 0.8


def test_masters_say_what_was_found(first):
    take, report = first
    said = tags(take / "master.flac")
    assert float(said["BPM"]) == pytest.approx(report["song"]["tempo_bpm"]["value"], abs=0.06)
    assert said.get("INITIALKEY") == report["song"]["key"]["value"]


def test_twice_the_same(library, first):
    take, report = first
    for jobs in (1, 3):
        again = library.render(take, "--jobs", jobs, "--out", library.folder / f"again{jobs}")
        assert again["song"] == report["song"]
        for file in ("song.mid", "master.flac"):
            assert (library.folder / f"again{jobs}" / file).read_bytes() == (take / file).read_bytes(), file
        assert not (library.folder / f"again{jobs}" / "fingerprint.json").exists()  # nothing is compared with it


def test_another_take_of_it_is_known(library, first):
    """Faster, higher, with more noise; and then by somebody else's name."""
    take = library.take(library.fast)
    song = library.render(take)["song"]
    assert song["match"]["take"] == first[0].name
    assert song["match"]["semitones"] == FAST.semitones
    assert song["title"]["value"] == "For Your Life" and song["title"]["from"] == "match"
    assert song["title"]["confidence"] >= 0.5
    assert json.loads((take / "take.json").read_text(encoding="utf-8"))["title"] == "For Your Life"
    assert tags(take / "master.flac")["TITLE"] == "For Your Life"
    shutil.rmtree(take)


def test_what_the_session_states_wins(library, first):
    assert first
    take = library.take(library.plain, said="title: Other, tempo: 130, key: C#m, meter: 4/4")
    song = library.render(take)["song"]
    assert song["title"]["value"] == "Other"
    assert song["tempo_bpm"]["value"] == 130 and song["tempo_bpm"]["from"] == "session"
    assert song["key"]["value"] == "C#m" and song["key"]["from"] == "session"
    told = " ".join(song["disagreements"])
    assert "the session says 130" in told and "the session says C#m" in told and "For Your Life" in told
    said = tags(take / "master.flac")
    assert (said["BPM"], said["INITIALKEY"]) == ("130", "C#m")
    shutil.rmtree(take)


def test_nobody_listens_unasked(library, tmp_path):
    take = library.take(library.fast, said="listen: false")
    report = library.render(take)
    assert report["song"] is None
    assert not (take / "song.mid").exists() and not (take / "fingerprint.json").exists()
    assert library.render(take, "--stage", "mix", "--out", tmp_path)["song"] is None
    shutil.rmtree(take)


def test_what_is_beside_a_take_does_not_stop_it(library, first):
    """Fingerprints that are none, and a take that is none."""
    for name, text in (("20251231-000001-a", "{"), ("20251231-000002-b", '{"format": 1, "songs": 5}'),
                       ("20251231-000003-c", '{"format": 1, "step_s": 0.5, "songs": [{"classes": "xyz"}, 7, null]}'),
                       ("20251231-000004-d", '{"format": 2, "songs": []}'), ("20251231-000005-e", "")):
        (library.takes / name).mkdir()
        (library.takes / name / "fingerprint.json").write_text(text, encoding="utf-8")
    take = library.take({"drums": library.fast["drums"]})
    song = library.render(take)["song"]
    assert song["match"] is None or song["match"]["take"] == first[0].name
    shutil.rmtree(take)


def test_a_take_of_several_songs(library):
    """Each from its marker on; what recording numbered gets its title."""
    frames = played.said_by(library.plain["drums"][0], "total-samples")
    markers = [("song 1", 0, "song"), ("song 1 end", frames // 2, "song"), ("song 2", frames // 2 + 4800, "song"),
               ("song 2 end", frames - 4800, "song")]
    take = library.take(library.plain, markers=markers)
    report = library.render(take)
    assert report["song"] is None and len(report["songs"]) == 2
    assert [song["frame"] for song in report["songs"]] == [0, frames // 2 + 4800]
    # Which octave it is, half a minute may not tell.
    for song in report["songs"]:
        beats = song["beats"]["beats_s"]
        bpm = 60 * (len(beats) - 1) / (beats[-1] - beats[0])
        assert min(abs(bpm / 170 - 1), abs(bpm / 85 - 1)) < 0.02
        assert song["tempo_bpm"]["value"] in (None, pytest.approx(bpm, rel=0.02))
    assert report["songs"][1]["beats"]["beats_s"][0] > frames / 2 / 48000
    labels = [marker["label"] for marker in json.loads((take / "take.json").read_text(encoding="utf-8"))["markers"]
              if marker["kind"] == "song"]
    assert labels[1] == "song 1 end" and labels[3] == "song 2 end"
    assert labels[0] in ("song 1", "For Your Life")
