"""Masters of all kinds of sources to all kinds of targets: the loudness asked for, or the reason why not; and a true
peak that never passes, by ffmpeg's meter."""
import concurrent.futures
import json
import math
import os
import re
import subprocess
import wave

import pytest

from e2e.sounds import DEADLINE, ffmpeg, noise, write_wav
from rig import band

SECONDS = 8
TARGETS = (-9, -14, -16, -23)
CEILING = -1
# Measured between samples by another interpolation than ours, which the meter prints to a tenth.
PEAK_SLACK = 0.05 + 0.05


def song(name, options=()):
    def make(path):
        played = path.with_suffix(".song.wav")
        subprocess.run(["fluidsynth", "-ni", "-g", "0.6", "-r", "48000", "-O", "s24", "-T", "wav", "-F", played,
                        band.SOUNDFONT, band.SONGS / name], check=True, timeout=DEADLINE, capture_output=True)
        ffmpeg("-v", "error", "-ss", "5", "-t", str(SECONDS), "-i", played, *options, path)
        played.unlink()
    return make


def speech(path):
    text = ("The box in the corner of the rehearsal room hears the band start to play. It records every channel, and "
            "when they stop it edits, mixes and masters the take. Nobody has to touch it.")
    subprocess.run(["espeak-ng", "-w", path.with_suffix(".raw.wav"), text], check=True, timeout=DEADLINE)
    ffmpeg("-v", "error", "-i", path.with_suffix(".raw.wav"), "-ar", "48000", path)


def lavfi(source, options=()):
    return lambda path: ffmpeg("-v", "error", "-f", "lavfi", "-i", source.format(d=SECONDS), *options, path)


def samples(of, rate=48000, sides=2):
    def make(path):
        one = [of(frame / rate) for frame in range(SECONDS * rate)]
        write_wav(path, [one] * sides, rate)
    return make


def clicks(rate):
    """Single samples: they reach to half the rate, and peak between the samples where a filter has moved them. None is the
    file's first: before it, ffmpeg's resampler reads the file backwards instead of silence, and 0.5 dB more."""
    return samples(lambda t: 0.9 if round(t * rate) % (rate // 2) == rate // 4 else 0.0, rate)


def squares(t):
    return (0.4 if t * 441 % 1 < 0.5 else -0.4) + (0.2 if t * 1377 % 1 < 0.5 else -0.2)


def bass_and_kick(t):
    beat = t % 0.5
    return 0.35 * math.sin(2 * math.pi * 60 * t) + 0.55 * math.exp(-18 * beat) * math.sin(
        2 * math.pi * (50 * beat + 6 * (1 - math.exp(-30 * beat))))


def near_silence(path):
    write_wav(path, [noise(SECONDS * 48000, 0.0001, seed) for seed in (1, 2)])


SOURCES = {
    "march": song("chuggachugga.mid"),
    "blues": song("city_blues_redfarn.mid"),
    "song-44100": song("moo_redfarn.mid", ["-ar", "44100"]),
    "song-96000": song("the_hobo_redfarn.mid", ["-ar", "96000"]),
    "mono-song": song("flying_scotsman.mid", ["-ac", "1"]),
    "clipped-song": song("boogi_marabi_redfarn.mid", ["-af", "volume=14dB"]),
    "quiet-song": song("relax_song.mid", ["-af", "volume=-30dB", "-c:a", "pcm_s24le"]),
    "speech": speech,
    "pink": lavfi("anoisesrc=color=pink:d={d}:a=0.3:r=48000"),
    "white-96000": lavfi("anoisesrc=color=white:d={d}:a=0.2:r=96000"),
    "white-44100": lavfi("anoisesrc=color=white:d={d}:a=0.5:r=44100"),
    "clicks-44100": clicks(44100),
    "clicks-48000": clicks(48000),
    "clicks-96000": clicks(96000),
    "squares": samples(squares),
    "bass-and-kick": samples(bass_and_kick),
    "near-silence": near_silence,
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda item: item[1](folder / f"{item[0]}.wav"), SOURCES.items()))
    return folder


def heard(path):
    """(integrated LUFS, LRA, dBTP) by ffmpeg; of silence -70 and -inf."""
    said = ffmpeg("-i", path, "-af", "ebur128=peak=true", "-f", "null", "-")
    summary = said[said.rindex("Summary:"):]
    return tuple(float(re.search(rf"{name}:\s+(-?[\d.]+|-inf)", summary)[1]) for name in ("I", "LRA", "Peak"))


def master(program, source, out, preset, target=None):
    asked = f", loudness: {target} LUFS, true_peak: {CEILING} dBTP" if target else ""
    out.mkdir(parents=True)
    session = out / "session.yaml"
    session.write_text(f"woodshed: 1\nmaster: {{preset: {preset}{asked}}}\n")
    done = subprocess.run([program, "master", source, "--session", session, "--out", out], capture_output=True, text=True,
                          timeout=DEADLINE, check=False)
    assert done.returncode == 0, done.stderr
    return out / f"{source.stem}.flac", json.loads((out / "report.json").read_text())


@pytest.mark.parametrize("name", SOURCES)
def test_the_target_or_a_reason(program, tmp_path, sources, name):
    for target in TARGETS:
        made, report = master(program, sources / f"{name}.wav", tmp_path / str(target), "streaming", target)
        lufs, _, dbtp = heard(made)
        assert dbtp <= CEILING + PEAK_SLACK
        assert report["achieved"]["dbtp"] <= CEILING
        if report["achieved"]["lufs"] is not None:
            assert lufs == pytest.approx(report["achieved"]["lufs"], abs=0.11)
        if report["limited_by"] is None:
            assert lufs == pytest.approx(target, abs=0.15)  # the meter prints tenths
            assert report["achieved"]["lufs"] == pytest.approx(target, abs=0.1)
        else:
            assert report["limited_by"] in ("reduction", "psr", "silence")
            assert report["achieved"]["lufs"] is None or report["achieved"]["lufs"] < target


@pytest.mark.parametrize("name", ["march", "blues", "speech", "quiet-song"])
def test_streaming_keeps_the_range(program, tmp_path, sources, name):
    made, report = master(program, sources / f"{name}.wav", tmp_path / "out", "streaming")
    assert abs(heard(made)[1] - heard(sources / f"{name}.wav")[1]) <= 3
    chain = report["master"]["chain"]
    assert all(abs(band["gain_db"]) <= 2.05 for band in chain["tone"])
    assert len(chain["multiband"]) == 4 and chain["glue"]["most_reduction_db"] <= 2


@pytest.mark.parametrize("preset", ["streaming", "loud", "cd", "vinyl", "broadcast", "apple", "aes-album", "none"])
def test_silence_stays_silence(program, tmp_path, preset):
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as out:
        out.setparams((2, 2, 48000, 0, "NONE", ""))
        out.writeframes(bytes(4 * 48000 * 2))
    made, report = master(program, silence, tmp_path / "out", preset)
    assert report["limited_by"] == (None if preset == "none" else "silence")
    done = subprocess.run(["flac", "-d", "-c", "-s", "--force-raw-format", "--endian=little", "--sign=signed", made],
                          capture_output=True, check=True, timeout=DEADLINE)
    assert done.stdout and not any(done.stdout)


@pytest.mark.parametrize("preset", ["loud", "cd", "vinyl", "broadcast", "apple", "aes-album"])
def test_every_preset_keeps_its_promise(program, tmp_path, sources, preset):
    made, report = master(program, sources / "blues.wav", tmp_path / "out", preset)
    lufs, _, dbtp = heard(made)
    assert dbtp <= report["requested"]["dbtp"] + PEAK_SLACK
    assert report["limited_by"] or lufs == pytest.approx(report["requested"]["lufs"], abs=0.15)
    assert report["master"]["dither"] == ("shaped" if preset == "cd" else "tpdf")


def test_none_leaves_the_mix_alone(program, tmp_path, sources):
    made, report = master(program, sources / "bass-and-kick.wav", tmp_path / "out", "none")
    assert report["master"]["chain"] is None and report["master"]["dither"] == "none"
    raw = [subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "s32le", "-"], capture_output=True, check=True,
                          timeout=DEADLINE).stdout for path in (sources / "bass-and-kick.wav", made)]
    assert raw[0] == raw[1]


def test_a_reference_is_gone_for(program, tmp_path, sources):
    ffmpeg("-v", "error", "-i", sources / "pink.wav", "-af", "treble=g=6:f=3000", tmp_path / "bright.wav")
    folder = tmp_path / "out"
    folder.mkdir()
    session = tmp_path / "session.yaml"
    session.write_text("woodshed: 1\nmaster: {preset: none, loudness: -20 LUFS, reference: bright.wav}\n")
    subprocess.run([program, "master", sources / "pink.wav", "--session", session, "--out", folder], check=True,
                   timeout=DEADLINE, capture_output=True)
    chain = json.loads((folder / "report.json").read_text())["master"]["chain"]
    tone = {band["frequency_hz"]: band["gain_db"] for band in chain["tone"]}
    assert tone[10000] - tone[315] == pytest.approx(6, abs=1)
    session.write_text("woodshed: 1\nmaster: {reference: missing.wav}\n")
    done = subprocess.run([program, "master", sources / "pink.wav", "--session", session, "--out", folder],
                          capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 1 and "missing.wav" in done.stderr


def test_any_number_of_threads_makes_the_same(program, tmp_path, sources):
    """taskset leaves it one core, and it takes as many threads as it has cores."""
    made, _ = master(program, sources / "blues.wav", tmp_path / "all", "loud")
    out = tmp_path / "one"
    subprocess.run(["taskset", "-c", str(min(os.sched_getaffinity(0))), program, "master",
                    sources / "blues.wav", "--session", tmp_path / "all/session.yaml", "--out", out], check=True,
                   timeout=DEADLINE, capture_output=True)
    assert made.read_bytes() == (out / made.name).read_bytes()
