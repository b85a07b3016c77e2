"""Takes of real songs without a room: a band's tracks as lists of samples, damaged as a test wants, and written as a
take; and what editing made of them."""
import array
import hashlib
import json
import math
import random
import subprocess
import wave
import zlib

from e2e.desk import decode, numbers, packed
from rig import band

RATE = 48000
FULL = 1 << 23
DEADLINE = 120


def play(folder, song, seconds):
    """The dry tracks of a song: {name: samples as 24-bit integers}."""
    tracks = {}
    for track in band.render(song, folder, seconds=seconds):
        with wave.open(str(track.path)) as file:
            tracks[track.path.stem] = numbers(file.readframes(file.getnframes()))
    return tracks


def noise(frames, dbfs, seed):
    """White noise of that RMS, another one for every seed."""
    peak = math.sqrt(3) * FULL * 10 ** (dbfs / 20)
    raw = array.array("h", random.Random(seed).randbytes(2 * frames))
    return [round(value * peak / 32768) for value in raw]


def mix(*parts):
    """The sum of (gain in dB, samples) pairs, held to 24 bits."""
    gains = [10 ** (gain / 20) for gain, _ in parts]
    return [max(-FULL, min(FULL - 1, round(sum(gain * value for gain, value in zip(gains, values)))))
            for values in zip(*(samples for _, samples in parts))]


def level(samples, dbfs):
    """The same at that RMS, or as near as the peaks let it."""
    gain = min(dbfs - rms_db(samples), 20 * math.log10(FULL / max(map(abs, samples))) - 1)
    return mix((gain, samples))


def delayed(samples, frames):
    return [0] * frames + samples[:len(samples) - frames]


def rms_db(samples):
    power = sum(value * value for value in samples) / len(samples)
    return 10 * math.log10(power / FULL / FULL) if power else -math.inf


def difference(a, b):
    return [x - y for x, y in zip(a, b, strict=True)]


def encode(samples):
    done = subprocess.run(["flac", "-s", "-1", "-c", "--force-raw-format", "--endian=little", "--sign=signed",
                           "--channels=1", "--bps=24", f"--sample-rate={RATE}", "-"],
                          input=packed(samples), capture_output=True, check=True, timeout=DEADLINE)
    return done.stdout


class StudioTake:
    """A take of `tracks`, {name: samples}, all of one length."""

    def __init__(self, takes, name, tracks, markers=(), rate=RATE):
        self.folder, self.tracks = takes / name, tracks
        self.frames = len(next(iter(tracks.values())))
        (self.folder / "raw").mkdir(parents=True)
        manifest = {
            "format": 1, "id": name, "session": "studio", "title": None, "artist": None, "state": "recorded",
            "error": None, "recovered": False, "started": "2026-01-01T00:00:00.000000Z", "rate": rate,
            "frames": self.frames, "pre_roll_frames": 0,
            "interfaces": [{"name": "desk", "node": "desk", "frames": self.frames, "ppm": 0.0, "gaps": []}],
            "tracks": [self._write(*track) for track in enumerate(tracks, 1)], "renders": [],
            "markers": [{"frame": frame, "label": label, "kind": kind} for label, frame, kind in markers]}
        (self.folder / "take.json").write_text(json.dumps(manifest), encoding="utf-8")

    def _write(self, index, name):
        data = encode(self.tracks[name])
        path = f"raw/{index:02}-{name.replace(' ', '-')}.flac"
        (self.folder / path).write_bytes(data)
        return {"index": index, "name": name, "role": None, "inputs": [f"desk/{index}"], "file": path,
                "frames": self.frames, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
                "crc32": f"{zlib.crc32(data):08x}", "peak_dbfs": -1.0, "lufs": -20.0, "clipped": 0}

    def session(self, edit, tracks=(), rest=""):
        """Writes the take's session; `tracks` has what it says of some: {name: text}."""
        said = dict(tracks)
        lines = [f"  - {{name: {name}, input: desk/{index}{said.get(name, '')}}}"
                 for index, name in enumerate(self.tracks, 1)]
        text = "\n".join(["woodshed: 1", "name: studio", f"edit: {edit}", "mix: {preset: none}", "tracks:", *lines, rest])
        (self.folder / "session.yaml").write_text(text + "\n", encoding="utf-8")

    def render(self, program, stage, out, *options):
        """Runs it; returns (status, what it said)."""
        done = subprocess.run([program, "render", self.folder, "--stage", stage, *(["--out", out] if out else []),
                               *map(str, options)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=DEADLINE, check=False)
        return done.returncode, done.stdout + done.stderr

    def edited(self, program, out, *options):
        status, said = self.render(program, "edit", out, *options)
        assert status == 0, said
        return Edited(out)


class Edited:
    """What `--stage edit` left in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.report = json.loads((folder / "report.json").read_text(encoding="utf-8"))

    def samples(self, name):
        path, = self.folder.glob(f"edited/*-{name.replace(' ', '-')}.flac")
        return numbers(decode(path))

    def edits(self, name):
        track, = (track for track in self.report["tracks"] if track["name"] == name)
        return track["edits"]

    def edit(self, name, kind):
        found, = (edit for edit in self.edits(name) if edit["edit"] == kind)
        return found
