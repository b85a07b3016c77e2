"""`woodshed measure` of files of every kind, beside ffmpeg's meters; its picture and its errors."""
import json
import math
import subprocess
import xml.etree.ElementTree

import pytest

from e2e.sounds import DEADLINE, ffmpeg, loudness, pink, write_wav

RATE = 48000
KEYS = ("integrated_lufs max_momentary_lufs max_short_term_lufs lra_lu true_peak_dbtp plr_lu psr_lu crest_db correlation"
        " tilt_db_per_octave translation").split()


def measure(program, *arguments, status=0):
    done = subprocess.run([program, "measure", *map(str, arguments)], capture_output=True, text=True, check=False,
                          timeout=DEADLINE)
    assert done.returncode == status, done.stderr
    return done


def figures(program, path):
    return json.loads(measure(program, path, "--json").stdout)


def tones(levels_db, channels=2, hertz=1000):
    """A sine of so many dBFS a stretch: [(dB, seconds)]; the same on all channels."""
    samples, frame = [], 0
    for level, seconds in levels_db:
        gain = 10 ** (level / 20)
        for _ in range(round(seconds * RATE)):
            samples.append(gain * math.sin(2 * math.pi * hertz * frame / RATE))
            frame += 1
    return [samples] * channels


@pytest.mark.parametrize("levels, lufs", [
    ([(-23, 20)], -23),
    ([(-33, 20)], -33),
    ([(-36, 10), (-23, 60), (-36, 10)], -23),
    ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
])
def test_tech_3341(program, tmp_path, levels, lufs):
    found = figures(program, write_wav(tmp_path / "a.wav", tones(levels)))
    assert found["integrated_lufs"] == pytest.approx(lufs, abs=0.1)
    assert found["correlation"] == 1 and found["crest_db"] > 3


def test_tech_3341_case_6(program, tmp_path):
    """Five channels; without a map of them, WAV's order of 5.0 is L R C Ls Rs."""
    length = 20 * RATE
    sine = [math.sin(2 * math.pi * 1000 * n / RATE) for n in range(length)]
    channels = [[10 ** (level / 20) * s for s in sine] for level in (-28, -28, -24, -30, -30)]
    found = figures(program, write_wav(tmp_path / "five.wav", channels))
    assert found["channels"] == 5 and found["integrated_lufs"] == pytest.approx(-23, abs=0.1)
    assert found["correlation"] is None and found["translation"] is None


@pytest.mark.parametrize("levels, lra", [([(-20, 20), (-30, 20)], 10), ([(-40, 20), (-20, 20)], 20)])
def test_tech_3342(program, tmp_path, levels, lra):
    assert figures(program, write_wav(tmp_path / "a.wav", tones(levels)))["lra_lu"] == pytest.approx(lra, abs=1)


@pytest.mark.parametrize("name, options", [
    ("a.wav", []), ("a.flac", []), ("a.aiff", []), ("a.mp3", ["-b:a", "256k"]), ("a.ogg", ["-c:a", "libvorbis"]),
    ("a.opus", ["-c:a", "libopus"]), ("mono.wav", ["-ac", "1"]), ("fast.flac", ["-ar", "96000"]),
    ("slow.wav", ["-ar", "8000"]), ("float.wav", ["-c:a", "pcm_f32le"]), ("big.rf64.wav", ["-rf64", "always"]),
])
def test_any_file_beside_ffmpeg(program, tmp_path, name, options):
    path = pink(tmp_path / name, options=options)
    found, (lufs, lra, dbtp) = figures(program, path), loudness(path)
    assert all(key in found for key in KEYS)
    assert found["integrated_lufs"] == pytest.approx(lufs, abs=0.11)
    assert found["true_peak_dbtp"] == pytest.approx(dbtp, abs=0.3)
    assert found["lra_lu"] == pytest.approx(lra, abs=1)
    assert found["plr_lu"] == pytest.approx(found["true_peak_dbtp"] - found["integrated_lufs"], abs=0.02)
    assert found["psr_lu"] == pytest.approx(found["true_peak_dbtp"] - found["max_short_term_lufs"], abs=0.02)
    if name not in ("slow.wav", "a.mp3", "a.opus"):
        assert found["tilt_db_per_octave"] == pytest.approx(-3, abs=0.5)


def test_translation(program, tmp_path):
    side = tones([(-12, 5)])[0]
    found = figures(program, write_wav(tmp_path / "left.wav", [side, [0.0] * len(side)]))["translation"]
    assert found["mono"] == {"result": "warn", "loss_lu": pytest.approx(3.01, abs=0.02),
                             "worst_band_db": pytest.approx(3.01, abs=0.02), "worst_band_hz": 1000}
    assert found["earbuds"] == {"result": "warn", "side_only_s": pytest.approx(5, abs=0.2)}
    found = figures(program, write_wav(tmp_path / "both.wav", [side, side]))["translation"]
    assert {one["result"] for one in found.values()} == {"pass"}


def test_silence_and_nothing(program, tmp_path):
    for seconds in (0, 0.1, 2):
        found = figures(program, write_wav(tmp_path / "a.wav", [[0.0] * round(seconds * RATE)] * 2))
        assert found["integrated_lufs"] is None and found["true_peak_dbtp"] is None
        assert found["translation"]["mono"]["result"] == "pass"
        measure(program, tmp_path / "a.wav", "--svg", tmp_path / "a.svg")
        xml.etree.ElementTree.parse(tmp_path / "a.svg")
        assert "nan" not in (tmp_path / "a.svg").read_text() and "inf" not in (tmp_path / "a.svg").read_text()


def test_the_picture(program, tmp_path):
    path = pink(tmp_path / "a & <b>.wav")
    said = measure(program, path, "--svg", tmp_path / "a.svg").stdout
    assert "LUFS" in said and "dBTP" in said
    root = xml.etree.ElementTree.parse(tmp_path / "a.svg").getroot()
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0] == "a & <b>.wav" and {"Translation", "Mono", "Phone", "Car", "Earbuds"} <= set(texts)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}rect"))) == 1 + 31
    text = (tmp_path / "a.svg").read_text()
    assert "prefers-color-scheme:dark" in text and "nan" not in text


def test_several_files_and_bad_ones(program, tmp_path):
    good = write_wav(tmp_path / "good.wav", tones([(-20, 1)]))
    (tmp_path / "text.wav").write_text("no sound")
    whole = pink(tmp_path / "whole.flac", 3).read_bytes()
    (tmp_path / "cut.flac").write_bytes(whole[:len(whole) // 2])
    ffmpeg("-v", "error", "-i", good, "-c:a", "pcm_f32le", tmp_path / "nan.wav")
    data = bytearray((tmp_path / "nan.wav").read_bytes())
    data[-40:-36] = b"\0\0\xc0\x7f"
    (tmp_path / "nan.wav").write_bytes(data)
    done = measure(program, good, *(tmp_path / name for name in ("text.wav", "cut.flac", "nan.wav", "none.wav")), good,
                   "--json", status=1)
    assert [one["file"] for one in json.loads(done.stdout)] == [str(good), str(good)]
    lines = done.stderr.splitlines()
    assert len(lines) == 4
    for line, part in zip(lines, ("text.wav: no sound file", "cut.flac: ", "nan.wav: frame 47995", "none.wav: No such")):
        assert part in line
    measure(program, status=2)
    measure(program, good, good, "--svg", tmp_path / "x.svg", status=2)
