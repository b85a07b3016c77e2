"""The page in Debian's Chromium, in front of the real service: a band in the room, a hand on a phone."""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from e2e.desk import decode, numbers, takes
from e2e.home import BY_COMMAND, Home
from e2e.test_band import SONG
from places import BUILD
from rig import band
from rig.room import Room

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE_S = 240
PLAYED_S = 14
TAKES = 500
SESSION = """woodshed: 1
name: {name}
song: {{title: Night Bus, artist: The Trays}}
tracks:
  - {{name: drums, input: desk/1, role: overhead}}
  - {{name: bass, input: desk/2, role: bass}}
  - {{name: guitar, input: desk/3, role: electric-guitar}}
edit: {{preset: none}}
mix: {{preset: rock, balance: {balance}}}
master: {{preset: streaming, loudness: -14 LUFS, true_peak: -1 dBTP, formats: [flac, mp3]}}
"""
TRACKS = ["drums", "bass", "guitar"]


@pytest.fixture(scope="session")
def modules():
    """Where npm's packages are, as the lock file has them: in the build folder, fetched once."""
    lock = (HERE / "package-lock.json").read_bytes()
    folder = BUILD / f"page-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=BUILD) as outer:
            made = pathlib.Path(outer, "made")
            made.mkdir()
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, made)
            done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=made,
                                  capture_output=True, text=True, timeout=PATIENCE_S, check=False)
            assert done.returncode == 0, f"npm could not install what tests/page needs:\n{done.stderr}"
            # All of it or nothing, whoever ends this; another run may be at it too, and the first that is done stays.
            with contextlib.suppress(OSError):
                made.rename(folder)
            assert folder.exists()
    return folder


class Visitor:
    """Who looks at the page of a home."""

    def __init__(self, home, modules):
        self.home, self.modules = home, modules

    def _call(self, scenario, given):
        given = {"url": self.home.url, "token": self.home.token, "pictures": os.environ.get("PAGE_PICTURES")} | given
        return ["node", HERE / "scenarios.mjs", scenario, json.dumps(given)]

    @property
    def env(self):
        return os.environ | {"PAGE_MODULES": str(self.modules)}

    def does(self, scenario, **given):
        """What the scenario says of it."""
        done = subprocess.run(self._call(scenario, given), env=self.env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        if done.returncode:
            pytest.fail(f"{scenario}:\n{done.stderr[-4000:]}", pytrace=False)
        return json.loads(done.stdout)

    def begins(self, scenario, **given):
        """The process, whose output is waited for."""
        return self.home.room.spawn("visitor", *self._call(scenario, given), env=self.env)


@pytest.fixture(scope="module")
def home(program, tmp_path_factory):
    """A service with a band that plays for ever, and one take of it, mastered."""
    assert program
    players = {track.path.stem: track.path for track in
               band.render(SONG, tmp_path_factory.mktemp("song"), seconds=PLAYED_S)}
    with Room() as room:
        fake = room.interface("desk", channels=4, loop=True, play=[players[name] for name in TRACKS])
        fake.wait_ready()
        home = Home(room, {"desk": 4}, BY_COMMAND, sessions=())
        for name, balance in (("thursday", "auto"), ("bare", "off")):
            home.write_session(name, SESSION.format(name=name, balance=balance))
        yield home.start()


@pytest.fixture(scope="module")
def visitor(home, modules):
    return Visitor(home, modules)


@pytest.fixture(scope="module")
def evening(home, visitor):
    """What came of recording on a phone: what the visitor saw, and the take."""
    saw = visitor.does("evening", title="Night Bus", channels=4, length="0:12")
    return saw, home.take(takes(home.room)[-1].name)


def test_an_evening_on_a_phone(evening):
    saw, take = evening
    manifest = take.manifest
    master = next(render for render in manifest["renders"] if render["file"] == "master.flac")
    assert saw["sum"] == master["sha256"]
    assert [(marker["label"], marker["kind"]) for marker in manifest["markers"]] == [("chorus", "user")]


def test_waveforms_are_audiowaveforms(home, evening):
    _, take = evening
    manifest = take.manifest
    for name, channels, frames in [("drums", 1, manifest["frames"]), ("bass", 1, manifest["frames"]),
                                   ("guitar", 1, manifest["frames"]), ("mix", 2, None), ("master", 2, None)]:
        peaks = home.get_json(f"api/v1/takes/{manifest['id']}/files/peaks/{name}.json")
        assert (peaks["version"], peaks["bits"], peaks["channels"]) == (2, 8, channels)
        assert peaks["sample_rate"] == manifest["rate"]
        assert len(peaks["data"]) == 2 * channels * peaks["length"]
        assert all(-128 <= value <= 127 for value in peaks["data"])
        if frames:
            assert peaks["length"] == -(-frames // peaks["samples_per_pixel"])
    # The least and the greatest of the samples, by a decoder that is not ours.
    peaks = json.loads((take.folder / "peaks/drums.json").read_text(encoding="utf-8"))
    samples, step = numbers(decode(take.folder / manifest["tracks"][0]["file"])), peaks["samples_per_pixel"]
    for pixel in range(0, peaks["length"], 97):
        part = samples[pixel * step:(pixel + 1) * step]
        wanted = [int(min(0, *part) / 65536), int(max(0, *part) / 65536)]
        assert [min(0, peaks["data"][2 * pixel]), max(0, peaks["data"][2 * pixel + 1])] == wanted


def test_listening(evening, visitor):
    _, take = evening
    manifest = take.manifest
    visitor.does("listening", title="Night Bus", id=manifest["id"], tracks=TRACKS,
                 seconds=manifest["frames"] / manifest["rate"])


def test_passages_are_exact(evening, visitor):
    """The tracks of the player are put together from pieces: not a sample is lost or moved."""
    _, take = evening
    manifest = take.manifest
    track = manifest["tracks"][2]
    samples = numbers(decode(take.folder / track["file"]))
    last = manifest["frames"] - 1
    found = visitor.does("passages", path=f"/api/v1/takes/{manifest['id']}/files/{track['file']}", size=track["bytes"],
                         rate=manifest["rate"], **{"from": [0, 4096, 100001, last // 2, last]}, count=2)
    assert len(found) >= 8
    for wanted, begin, frames, got in found:
        if got != samples[begin:begin + frames]:  # not `assert`, which would print all of them
            pytest.fail(f"{len(got)} samples from {begin}, for {wanted}")
    for wanted in {row[0] for row in found}:
        first = next(row for row in found if row[0] == wanted)
        assert first[1] <= wanted < first[1] + first[2] + manifest["rate"] / 4


def test_nothing_is_in_anybodys_way(evening, visitor):
    assert evening
    visitor.does("accessible", title="Night Bus")


def test_without_a_mouse(evening, visitor):
    assert evening
    visitor.does("keyboard", title="Night Bus")


def test_signing_in(visitor):
    visitor.does("signIn")


def test_the_recorder_comes_back(home, visitor):
    phone = visitor.begins("away")
    phone.wait_line("there")
    home.process.kill()
    phone.wait_line("lost")
    home.start()
    assert phone.wait() == 0, phone.stderr


def test_a_take_is_cared_for(home, evening, visitor):
    _, take = evening
    visitor.does("caring", title="Night Bus", renamed="Night Bus, slow <b>&amp;", tracks=TRACKS, other="bare")
    assert take.folder not in takes(home.room)
    assert len(takes(home.room)) == 1  # what was just played


def test_five_hundred_takes(home, visitor):
    """Scrolled to the end, and one of them found by its title."""
    for number in range(TAKES):
        name = f"202501{1 + number // 24:02d}-{number % 24:02d}0000-thursday"
        folder = home.room.folder("takes", name)
        manifest = {"format": 1, "id": name, "session": "thursday", "title": f"Song {number:03d}", "artist": "The Trays",
                    "state": "mastered", "error": None, "recovered": False,
                    "started": f"{name[:4]}-{name[4:6]}-{name[6:8]}T{name[9:11]}:00:00.000000Z", "rate": 48000,
                    "frames": 48000 * 200, "pre_roll_frames": 0, "interfaces": [], "tracks": [], "markers": [],
                    "renders": [{"file": "master.flac", "bytes": 1, "sha256": "0" * 64, "crc32": "0" * 8,
                                 "lufs": -14.0, "dbtp": -1.0}]}
        (folder / "take.json").write_text(json.dumps(manifest), encoding="utf-8")
    took = visitor.does("many", count=len(takes(home.room)), search="Song 017")
    assert took["searched"] < 5000 and took["shown"] < 3000, took
