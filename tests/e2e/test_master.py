"""`woodshed master`: finished mixes of several rates and formats, alone and as an album."""
import json
import os
import struct
import subprocess

import pytest

from e2e.sounds import DEADLINE, ffmpeg, loudness, pink, probe


def master(program, *arguments, status=0, folder=None):
    done = subprocess.run([program, "master", *map(str, arguments)], capture_output=True, text=True, check=False,
                          timeout=DEADLINE, cwd=folder)
    assert done.returncode == status, done.stderr
    return done


@pytest.fixture(scope="module")
def mixes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixes")
    return [pink(folder / "01 Opening.wav", 8, 48000, 0.1, 1),
            pink(folder / "02 Loud.flac", 7, 44100, 0.3, 2, ["-metadata", "title=Loud \"One\""]),
            pink(folder / "03 Close.aiff", 6, 48000, 0.05, 3)]


def test_one_file_by_the_default_preset(program, tmp_path, mixes):
    said = master(program, mixes[0], "--out", tmp_path / "out").stdout
    assert sorted(os.listdir(tmp_path / "out")) == ["01 Opening.flac", "report.json"]
    assert "-14.0 LUFS" in said
    lufs, _, dbtp = loudness(tmp_path / "out/01 Opening.flac")
    assert lufs == pytest.approx(-14, abs=0.11) and dbtp <= -0.9
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["requested"] == {"lufs": -14, "dbtp": -1} and report["limited_by"] is None
    assert report["achieved"]["lufs"] == pytest.approx(-14, abs=0.1)
    assert report["translation"]["car"]["result"] == "pass"
    subprocess.run(["flac", "-t", "-s", tmp_path / "out/01 Opening.flac"], check=True, timeout=DEADLINE)
    assert probe(tmp_path / "out/01 Opening.flac")["tags"]["TITLE"] == "01 Opening"


def samples_of(path):
    return subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "s24le", "-"], capture_output=True,
                          check=True, timeout=DEADLINE).stdout


@pytest.mark.parametrize("rate", [48000, 44100])
def test_a_wav_file_is_the_master_and_says_its_loudness(program, tmp_path, mixes, rate):
    """It is written while the master is made, before anybody knows what it will be."""
    session = tmp_path / "wav.yaml"
    session.write_text("woodshed: 1\nsong: {artist: The Trays}\n"
                       f"master: {{preset: streaming, formats: [flac, wav], rate: {rate}}}\n")
    out = tmp_path / "out"
    master(program, mixes[0], "--session", session, "--out", out)
    assert sorted(os.listdir(out)) == ["01 Opening.flac", "01 Opening.wav", "report.json"]
    report = json.loads((out / "report.json").read_text())
    data = (out / "01 Opening.wav").read_bytes()
    at = data.index(b"bext") + 8
    lufs, _, dbtp, _, _ = struct.unpack_from("<5h", data, at + 412)
    assert data[at + 256:at + 265] == b"The Trays" and data[at:at + 10] == b"01 Opening"
    assert (lufs / 100, dbtp / 100) == (pytest.approx(report["achieved"]["lufs"], abs=0.011),
                                        pytest.approx(report["achieved"]["dbtp"], abs=0.011))
    heard = samples_of(out / "01 Opening.wav")
    assert len(heard) == 8 * rate * 6 and heard == samples_of(out / "01 Opening.flac")


def test_an_album_keeps_its_differences(program, tmp_path, mixes):
    session = tmp_path / "album.yaml"
    session.write_text("woodshed: 1\nsong: {title: Three, artist: The Trays}\n"
                       "master: {preset: vinyl, loudness: -20, formats: [flac, mp3]}\n")
    out = tmp_path / "out"
    master(program, *mixes, "--session", session, "--out", out, "--gap", "2 s")
    names = ["01 Opening", "02 Loud", "03 Close"]
    assert sorted(os.listdir(out)) == sorted(["album.cue", "report.json",
                                              *(f"{name}.{ending}" for name in names for ending in ("flac", "mp3"))])
    report = json.loads((out / "report.json").read_text())
    shifts = []
    for path, name, told in zip(mixes, names, report["masters"]):
        before, after = loudness(path)[0], loudness(out / f"{name}.flac")
        shifts.append(after[0] - before)
        assert after[0] == pytest.approx(told["lufs"], abs=0.11)
        assert after[2] <= -2.9
        seconds = {"01 Opening": 8, "02 Loud": 7, "03 Close": 6}[name]
        heard = probe(out / f"{name}.flac")
        assert (heard["rate"], heard["seconds"]) == (48000, pytest.approx(seconds, abs=0.001))
        assert (heard["tags"]["ALBUM"], heard["tags"]["ARTIST"]) == ("Three", "The Trays")
        assert float(heard["tags"]["REPLAYGAIN_ALBUM_GAIN"].removesuffix(" dB")) == \
            pytest.approx(-18 - report["achieved"]["lufs"], abs=0.01)
        assert probe(out / f"{name}.mp3")["tags"]["TRACK"] == str(names.index(name) + 1)
    assert max(shifts) - min(shifts) < 0.4  # one gain and one tone: the titles keep their differences
    assert report["achieved"]["lufs"] == pytest.approx(-20, abs=0.1)
    assert (out / "album.cue").read_text() == (
        'TITLE "Three"\nPERFORMER "The Trays"\n'
        'FILE "01 Opening.flac" WAVE\n  TRACK 01 AUDIO\n    TITLE "01 Opening"\n    PERFORMER "The Trays"\n'
        '    INDEX 01 00:00:00\n'
        'FILE "02 Loud.flac" WAVE\n  TRACK 02 AUDIO\n    TITLE "Loud \'One\'"\n    PERFORMER "The Trays"\n'
        '    PREGAP 00:02:00\n    INDEX 01 00:00:00\n'
        'FILE "03 Close.flac" WAVE\n  TRACK 03 AUDIO\n    TITLE "03 Close"\n    PERFORMER "The Trays"\n'
        '    PREGAP 00:02:00\n    INDEX 01 00:00:00\n')


def test_the_loudest_title_of_an_album_counts(program, tmp_path, mixes):
    session = tmp_path / "album.yaml"
    session.write_text("woodshed: 1\nmaster: {preset: aes-album}\n")
    master(program, *mixes, "--session", session, "--out", tmp_path / "out")
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["requested"]["lufs"] == -14 and report["master"]["loudness_of"] == "loudest title"
    assert max(one["lufs"] for one in report["masters"]) == pytest.approx(-14, abs=0.1)
    master(program, mixes[0], "--session", session, "--out", tmp_path / "one")
    assert json.loads((tmp_path / "one/report.json").read_text())["achieved"]["lufs"] == pytest.approx(-16, abs=0.1)


def test_mono_and_low_rates(program, tmp_path):
    ffmpeg("-v", "error", "-f", "lavfi", "-i", "anoisesrc=color=pink:d=3:a=0.2:r=22050", tmp_path / "mono.wav")
    master(program, tmp_path / "mono.wav", "--out", tmp_path)
    heard = probe(tmp_path / "mono.flac")
    assert (heard["rate"], heard["channels"]) == (22050, 2)
    assert loudness(tmp_path / "mono.flac")[0] == pytest.approx(-14, abs=0.11)


def test_every_bad_file_is_told(program, tmp_path, mixes):
    (tmp_path / "text.wav").write_text("no sound")
    ffmpeg("-v", "error", "-f", "lavfi", "-i", "anoisesrc=d=1", "-ac", "6", tmp_path / "six.wav")
    said = master(program, mixes[0], tmp_path / "text.wav", tmp_path / "six.wav", tmp_path / "missing.wav", mixes[0],
                  "--out", tmp_path / "out", status=1).stderr
    for part in ("text.wav: no sound file", "six.wav: 6 channels", "missing.wav: No such file",
                 "01 Opening.wav: its master would be named", "4 of 5 files"):
        assert part in said
    assert not (tmp_path / "out").exists()


def test_no_mix_is_replaced(program, tmp_path, mixes):
    path = tmp_path / "song.flac"
    path.write_bytes(mixes[1].read_bytes())
    said = master(program, path, "--out", tmp_path, status=1).stderr
    assert "would take the place of a mix" in said
    assert path.read_bytes() == mixes[1].read_bytes()
    master(program, path, folder=tmp_path)
    assert (tmp_path / "masters/song.flac").exists()


def test_a_wrong_session_and_wrong_words(program, tmp_path, mixes):
    session = tmp_path / "wrong.yaml"
    session.write_text("woodshed: 1\nmaster: {formats: [mp4]}\n")
    assert "mp4" in master(program, mixes[0], "--session", session, status=2).stderr
    assert "--gap" in master(program, mixes[0], "--gap", "soon", status=2).stderr
    master(program, status=2)
