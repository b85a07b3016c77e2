"""render: eight tracks, each with a high-pass, four bands of EQ and a compressor, FLAC in and out, beside ffmpeg
doing the same on one thread and on all, beside what libFLAC alone needs for those files, and beside the same tracks
of digital silence."""
import hashlib
import json
import pathlib
import re
import tempfile
import wave
import zlib

import material
from measure import BenchError, Row, flac_alone, in_turns, level_in, run, say
from places import BUILD

TRACKS, RATE = 8, 48000
SECONDS, QUICK_SECONDS = 150, 30
REPETITIONS, QUICK_REPETITIONS = 5, 2
GAIN_DB = -12  # of each track, so that their sum keeps below full scale
BANDS = ((120, 1.0, 2.0), (400, 1.4, -3.0), (2500, 1.0, 2.5), (8000, 0.7, 1.5))  # Hz, Q, dB
ALIKE_LU = 0.1  # without the compressors, of which no two follow a level alike
COMPRESSED_ALIKE_LU = 4.0
FFMPEG_TARGET, FLAC_TARGET = 0.25, 2.0  # of a quarter of ffmpeg's time; twice libFLAC's alone
HIGHPASS = "highpass: {frequency: 80 Hz, slope: 12}"
EQ = "eq: {bands: [%s]}" % ", ".join(f"{{type: peak, frequency: {f} Hz, q: {q}, gain: {g} dB}}" for f, q, g in BANDS)
COMPRESSOR = "compressor: {threshold: -30 dB, ratio: 4:1, attack: 8 ms, release: 200 ms, knee: 6 dB}"
# A knee is a ratio to ffmpeg: 2 are 6 dB.
FFMPEG_COMPRESSOR = "acompressor=threshold=-30dB:ratio=4:attack=8:release=200:knee=2:detection=peak,"


def encode(source, flac):
    run("flac", "-s", "-3", "-o", flac, source)


def track_entry(folder, index, frames):
    """What the manifest says of a track's file."""
    path = f"raw/{index:02}-mic{index}.flac"
    data = (folder / path).read_bytes()
    return {"index": index, "name": f"mic{index}", "role": None, "inputs": [f"desk/{index}"], "file": path,
            "frames": frames, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
            "crc32": f"{zlib.crc32(data):08x}", "peak_dbfs": -6.0, "lufs": -23.0, "clipped": 0}


def write_manifest(folder, frames, tracks=TRACKS):
    manifest = {
        "format": 1, "id": folder.name, "session": "bench", "title": "Bench", "artist": None, "state": "recorded",
        "error": None, "recovered": False, "started": "2026-01-01T00:00:00.000000Z", "rate": RATE,
        "frames": frames, "pre_roll_frames": 0,
        "interfaces": [{"name": "desk", "node": "desk", "frames": frames, "ppm": 0.0, "gaps": []}],
        "tracks": [track_entry(folder, index, frames) for index in range(1, tracks + 1)],
        "markers": [], "renders": []}
    (folder / "take.json").write_text(json.dumps(manifest), encoding="utf-8")


def write_session(path, compress=True):
    lines = ["woodshed: 1", "name: bench", "edit: {preset: none}", "mix: {preset: none}", "tracks:"]
    for index in range(1, TRACKS + 1):
        lines += [f"  - name: mic{index}", f"    input: desk/{index}", f"    gain: {GAIN_DB} dB", "    chain:"]
        lines += [f"      - {processor}" for processor in (HIGHPASS, EQ, *([COMPRESSOR] if compress else []))]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def make_take(folder, waves, seconds):
    (folder / "raw").mkdir(parents=True)
    for index, source in enumerate(waves, 1):
        encode(source, folder / f"raw/{index:02}-mic{index}.flac")
    write_session(folder / "session.yaml")
    write_manifest(folder, seconds * RATE)
    return folder


def silence(path, seconds):
    """A WAV file of digital silence, but for one sample of sound: what follows it decays."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(3)
        out.setframerate(RATE)
        out.writeframes(b"\0\0\x40" + bytes(3 * (seconds * RATE - 1)))
    return path


def graph(compress):
    """The session as ffmpeg's filters."""
    bands = ",".join(f"equalizer=f={f}:t=q:w={q}:g={g}" for f, q, g in BANDS)
    gain = 10 ** (GAIN_DB / 20)
    chain = (f"highpass=f=80:p=2,{bands},{FFMPEG_COMPRESSOR if compress else ''}"
             f"pan=stereo|c0={gain:.6f}*c0|c1={gain:.6f}*c0")
    strips = ";".join(f"[{i}:a]{chain}[s{i}]" for i in range(TRACKS))
    return f"{strips};{''.join(f'[s{i}]' for i in range(TRACKS))}amix=inputs={TRACKS}:normalize=0[mix]"


class Mixes:
    """One take, mixed into a folder."""

    def __init__(self, folder, seconds):
        self.take = make_take(folder / "20260101-000000-bench", material.microphones(TRACKS, seconds), seconds)
        self.silent = make_take(folder / "20260101-000001-silence", [silence(folder / "silence.wav", seconds)] * TRACKS,
                                seconds)
        self.raw = sorted((self.take / "raw").iterdir())
        self.plain = folder / "plain.yaml"
        write_session(self.plain, compress=False)
        self.out, self.peer = folder / "out", folder / "ffmpeg.flac"
        self.mix = self.out / "mix.flac"
        self.level = level_in("appliance/delivery.c")

    def woodshed(self, *options, jobs=("--jobs", 1)):
        return run(BUILD / "woodshed", "render", self.take, "--stage", "mix", *jobs, "--out", self.out, *options)

    def woodshed_all(self):
        return self.woodshed(jobs=())

    def woodshed_silence(self):
        return run(BUILD / "woodshed", "render", self.silent, "--stage", "mix", "--jobs", 1, "--out", f"{self.out}-silent")

    def ffmpeg(self, compress=True, threads=("-threads", 1)):
        one = ("-filter_threads", 1, "-filter_complex_threads", 1) if threads else ()
        inputs = [part for path in self.raw for part in (*threads, "-i", path)]
        return run("ffmpeg", "-nostdin", "-v", "error", "-y", *one, *inputs, "-filter_complex", graph(compress),
                   "-map", "[mix]", "-sample_fmt", "s32", "-bits_per_raw_sample", 24, "-c:a", "flac",
                   "-compression_level", self.level, *threads, self.peer)

    def ffmpeg_all(self):
        return self.ffmpeg(threads=())

    def libflac(self):
        return flac_alone("decode", *self.raw) + flac_alone("encode", self.level, self.mix)

    def check(self, most_lu, how, path=None, peer="ffmpeg"):
        """A peer that did something else would make any ratio worthless."""
        ours, theirs = loudness(self.mix), loudness(path or self.peer)
        say(f"render, {how}: our mix has {ours:.1f} LUFS, {peer}'s {theirs:.1f}")
        if abs(ours - theirs) > most_lu + 0.01:
            raise BenchError(f"render, {how}: {ours:.1f} LUFS beside {peer}'s {theirs:.1f} is not the same work")


def loudness(path):
    """Integrated LUFS, by a meter that is not ours."""
    said = run("ffmpeg", "-nostdin", "-hide_banner", "-i", path, "-af", "ebur128", "-f", "null", "-", output="stderr")
    return float(re.findall(r"I:\s+(\S+) LUFS", said.output)[-1])


def measure(quick):
    """Rows for the table."""
    seconds = QUICK_SECONDS if quick else SECONDS
    with tempfile.TemporaryDirectory(prefix="bench-") as temp:
        mixes = Mixes(pathlib.Path(temp), seconds)
        mixes.woodshed("--session", mixes.plain)
        mixes.ffmpeg(compress=False)
        mixes.check(ALIKE_LU, "without compressors")
        ours, theirs, all_ours, all_theirs, alone, silent = in_turns(
            QUICK_REPETITIONS if quick else REPETITIONS, mixes.woodshed, mixes.ffmpeg, mixes.woodshed_all,
            mixes.ffmpeg_all, mixes.libflac, mixes.woodshed_silence)
        mixes.check(COMPRESSED_ALIKE_LU, "with compressors")
    what = f"render {TRACKS} tracks x {seconds} s"
    cpu, all_cpu = [used.cpu_s for used in ours], [used.cpu_s for used in all_ours]
    return [Row(f"{what}, one job, wall", "ffmpeg, one thread", walls(ours), walls(theirs), FFMPEG_TARGET),
            Row(f"{what}, all jobs, wall", "ffmpeg, all threads", walls(all_ours), walls(all_theirs), FFMPEG_TARGET),
            Row(f"{what}, one job, CPU", "ffmpeg, one thread", cpu, [used.cpu_s for used in theirs]),
            Row(f"{what}, one job, CPU", "libFLAC alone, in and out", cpu, alone, FLAC_TARGET),
            Row(f"{what}, all jobs, CPU", "libFLAC alone, in and out", all_cpu, alone, FLAC_TARGET),
            Row(f"{what}, silence, CPU", "the same with noise", [used.cpu_s for used in silent], cpu, 1)]


def walls(runs):
    return [used.wall_s for used in runs]
