"""`mix: {balance: auto}` on a band in one room, whatever its preamplifiers were set to."""
import hashlib
import json
import pathlib
import random
import subprocess
import zlib

import pytest

from e2e.desk import DEADLINE, measure
from rig import band

# Its piano and its strings do not play within the first 30 s: those microphones hear the others alone.
SONG, SECONDS, RATE = band.SONGS / "busy_schedule.mid", 30, 48000
ROLES = {"drums": "overhead", "bass": "bass", "bass2": "synth", "brass": "brass", "piano": "keys",
         "reed": "lead-vocal", "strings": "strings"}
OFFSETS = {"drums": -9, "bass": -5, "bass2": -8, "brass": -6, "reed": 0}  # of the preset rock
HEADROOM_DB = -12  # so that +15 dB clip nothing
AUTO = "mix: {preset: rock, balance: auto}"


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    tracks = band.render(SONG, tmp_path_factory.mktemp("song"), seconds=SECONDS, bleed=-24, noise=-60)
    assert {track.path.stem for track in tracks} == set(ROLES)
    return {track.path.stem: track.path for track in tracks}


class Recorded:
    """A take of the song; `gains` are those of the preamplifiers, by the tracks' names."""

    def __init__(self, program, folder, song, gains):
        self.program, self.folder = program, folder / "20260101-000000-made"
        (self.folder / "raw").mkdir(parents=True)
        tracks = [self.track(index, name, song[name], gains.get(name, 0)) for index, name in enumerate(ROLES, 1)]
        frames = SECONDS * RATE
        manifest = {
            "format": 1, "id": self.folder.name, "session": "made", "title": None, "artist": None,
            "state": "recorded", "error": None, "recovered": False, "started": "2026-01-01T00:00:00.000000Z",
            "rate": RATE, "frames": frames, "pre_roll_frames": 0, "tracks": tracks, "renders": [], "markers": [],
            "interfaces": [{"name": "desk", "node": "desk", "frames": frames, "ppm": 0.0, "gaps": []}]}
        (self.folder / "take.json").write_text(json.dumps(manifest), encoding="utf-8")

    def track(self, index, name, wave, gain):
        path = self.folder / f"raw/{index:02}-{name}.flac"
        done = subprocess.run(["sox", "-D", wave, "-b", "24", path, "gain", str(HEADROOM_DB + gain)], check=True,
                              capture_output=True, text=True, timeout=DEADLINE)
        assert "clipped" not in done.stderr
        data = path.read_bytes()
        return {"index": index, "name": name, "role": ROLES[name], "inputs": [f"desk/{index}"],
                "file": f"raw/{path.name}", "frames": SECONDS * RATE, "bytes": len(data),
                "sha256": hashlib.sha256(data).hexdigest(), "crc32": f"{zlib.crc32(data):08x}", "peak_dbfs": -20.0,
                "lufs": -40.0, "clipped": 0}

    def render(self, mix=AUTO, more=None, jobs=0):
        """The folder with the mix, and the report by the tracks' names."""
        more = more or {}
        lines = [f"  - {{name: {name}, input: desk/{index}, role: {role}{more.get(name, '')}}}"
                 for index, (name, role) in enumerate(ROLES.items(), 1)]
        session = self.folder / "session.yaml"
        session.write_text("\n".join(["woodshed: 1", "name: made", mix, "tracks:", *lines, ""]), encoding="utf-8")
        out = self.folder / "out"
        command = [self.program, "render", self.folder, "--stage", "mix", "--out", out, "--jobs", str(jobs or 2)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
        report = json.loads((out / "report.json").read_text(encoding="utf-8"))
        return out / "mix.flac", {track["name"]: track for track in report["tracks"]}, done.stderr

    def contributions(self):
        """Loudness of each track alone, by ffmpeg: with its fader, its pan and its reverberation."""
        return {name: measure(self.render(more={name: ", solo: true"})[0])[0] for name in OFFSETS}


@pytest.fixture(scope="module")
def plain(program, song, tmp_path_factory):
    return Recorded(program, tmp_path_factory.mktemp("plain"), song, {})


@pytest.fixture(scope="module")
def reference(plain):
    return plain.contributions()


def turned(seed):
    of = random.Random(seed)
    return {name: of.uniform(-15, 15) for name in ROLES}


def test_preamplifiers_do_not_matter(program, song, plain, reference, tmp_path):
    mix, reported, _ = plain.render()
    wanted, peak = measure(mix)
    assert -23 < wanted < -19 and peak < -2
    gains = turned(5)
    assert max(map(abs, gains.values())) > 10
    take = Recorded(program, tmp_path, song, gains)
    mix, tracks, _ = take.render()
    assert abs(measure(mix)[0] - wanted) < 0.2
    found = take.contributions()
    for name in OFFSETS:
        assert abs(found[name] - reference[name]) < 0.5, (name, found, reference)
        assert abs(tracks[name]["gain_db"] + gains[name] - reported[name]["gain_db"]) < 0.5, name


def test_every_track_is_where_its_role_belongs(plain, reference):
    _, tracks, _ = plain.render()
    for name, offset in OFFSETS.items():
        track = tracks[name]
        assert track["plays"] is True
        assert abs(track["target_lufs"] - tracks["reed"]["target_lufs"] - offset) < 0.02
        assert abs(track["lufs"] + track["gain_db"] - track["target_lufs"]) < 0.02
    for name, found in reference.items():  # ffmpeg's gate is its own, bleed and reverberation add up
        assert abs(found - tracks[name]["target_lufs"]) < 2, (name, found, tracks[name])


@pytest.mark.parametrize("gain", [-10, 0, 25])
def test_a_microphone_that_hears_the_others_is_not_turned_up(program, song, tmp_path, gain):
    piano = Recorded(program, tmp_path, song, {"piano": gain}).render()[1]["piano"]
    assert piano["plays"] is False
    assert piano["target_lufs"] is None
    assert piano["gain_db"] <= 0
    assert (piano["lufs"] or -70) + piano["gain_db"] < -55


def test_any_number_of_jobs_gives_the_same_bytes(plain):
    assert len({hashlib.sha256(pathlib.Path(plain.render(jobs=jobs)[0]).read_bytes()).hexdigest()
                for jobs in (1, 2, 5)}) == 1


def test_a_person_has_the_last_word(plain):
    _, before, _ = plain.render()
    leant = plain.render(more={"bass": ", trim: 3 dB", "brass": ", gain: -7 dB", "strings": ", pan: L30"})
    _, tracks, _ = leant
    assert tracks["bass"]["gain_db"] == before["bass"]["gain_db"]
    assert tracks["bass"]["trim_db"] == 3
    assert (tracks["brass"]["gain_db"], tracks["brass"]["input_gain_db"]) == (-7, 0)
    assert tracks["strings"]["pan"] == -30
    alone = [measure(plain.render(more={"bass": f", solo: true, trim: {trim} dB"})[0])[0] for trim in (0, 3)]
    assert 2.2 < alone[1] - alone[0] < 3.1  # the mix's compressor holds a little of it


def test_the_preset_none_stays_exact(plain):
    _, tracks, said = plain.render(mix="mix: {preset: none, balance: auto}")
    assert "warning: mix.balance: the preset none leaves the tracks as they are" in said or not said
    assert all(track["target_lufs"] is None and track["gain_db"] == 0 for track in tracks.values())


def test_unmasking_cuts_and_says_so(plain):
    _, off, _ = plain.render()
    _, tracks, _ = plain.render(mix="mix: {preset: pop, balance: auto}")
    assert all(track["unmask"] == [] for track in off.values())
    cuts = {name: track["unmask"] for name, track in tracks.items() if track["unmask"]}
    assert cuts and "reed" not in cuts  # nobody is more important than the lead vocal
    for name, made in cuts.items():
        for cut in made:
            assert -2 <= cut["gain_db"] < 0 and cut["frequency_hz"] > 180
            assert tracks[cut["for"]]["target_lufs"] > tracks[name]["target_lufs"]
        track = tracks[name]
        assert abs(track["lufs"] + track["gain_db"] - track["target_lufs"]) < 0.02
