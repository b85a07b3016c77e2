"""Masters in every format, looked at with ffmpeg, flac and metaflac."""
import hashlib
import json
import struct
import subprocess
import zlib

import pytest

from e2e.sounds import DEADLINE, loudness, probe
from e2e.test_render import RATE, MadeTake

FORMATS = {"flac": "flac", "wav": "pcm_s24le", "mp3": "mp3", "ogg": "vorbis", "opus": "opus"}
SECONDS = 6
SONG = "song: {title: Nächtlicher Bus, artist: The Trays, genre: rock, key: Em, tempo: 92.5}\n"


def png():
    """The smallest picture there is."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(b"\0\xff\x80\0")) + chunk(b"IEND", b""))


class Dark(MadeTake):
    """Noise that falls by 6 dB an octave from 800 Hz on, as codecs expect of music."""

    def noise(self, seed):
        samples, last = [], 0
        for sample in super().noise(seed):
            last = 0.9 * last + sample
            samples.append(round(last))
        return samples


def make_take(folder, master, cover=False):
    take = Dark(folder, ["left", "right"], SECONDS * RATE)
    manifest = json.loads((take.folder / "take.json").read_text())
    manifest["markers"] = [{"frame": 0, "label": "intro", "kind": "section"},
                           {"frame": RATE, "label": "look", "kind": "user"},
                           {"frame": 2 * RATE + 24, "label": "chorus", "kind": "section"}]
    (take.folder / "take.json").write_text(json.dumps(manifest))
    take.session(f"{SONG}mix: {{preset: none}}\nmaster: {master}\ntracks:\n"
                 "  - {name: left, input: desk/1}\n  - {name: right, input: desk/2}\n")
    if cover:
        (take.folder / "cover.png").write_bytes(png())
    return take


def render(program, take, status=0):
    done = subprocess.run([program, "render", take.folder], capture_output=True, text=True, timeout=DEADLINE,
                          check=False)
    assert done.returncode == status, done.stderr
    return json.loads((take.folder / "report.json").read_text()) if status == 0 else done.stderr


@pytest.fixture(scope="module")
def delivered(program, tmp_path_factory):
    take = make_take(tmp_path_factory.mktemp("delivered"),
                     "{loudness: -16, formats: [flac, wav, mp3, vorbis, opus]}", cover=True)
    return take, render(program, take)


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format(delivered, ending):
    take, report = delivered
    path = take.folder / f"master.{ending}"
    told = probe(path)
    assert (told["codec"], told["rate"], told["channels"]) == (FORMATS[ending], RATE, 2)
    assert told["seconds"] == pytest.approx(SECONDS, abs={"mp3": 0.06, "opus": 0.01}.get(ending, 0.001))
    manifest = json.loads((take.folder / "take.json").read_text())
    made, = (one for one in manifest["renders"] if one["file"] == path.name)
    assert made["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    lufs, _, dbtp = loudness(path)
    assert lufs == pytest.approx(made["lufs"], abs=0.11)
    assert lufs == pytest.approx(-16, abs=0.11 if ending in ("flac", "wav") else 0.35)  # noise is hard on codecs
    assert dbtp == pytest.approx(made["dbtp"], abs=0.3) and made["dbtp"] <= 0
    said, = (one for one in report["files"] if one["file"] == path.name)
    assert (said["lufs"], said["dbtp"]) == (pytest.approx(made["lufs"], abs=0.006),
                                            pytest.approx(made["dbtp"], abs=0.006))
    tags = told["tags"]
    if ending == "wav":
        return
    assert (tags["TITLE"], tags["ARTIST"], tags["GENRE"]) == ("Nächtlicher Bus", "The Trays", "rock")
    assert tags["DATE"] == "2026-01-01"
    if ending == "opus":
        assert int(tags["R128_TRACK_GAIN"]) == pytest.approx(256 * (-23 - made["lufs"]), abs=2)
        assert "REPLAYGAIN_TRACK_GAIN" not in tags
    else:
        assert float(tags["REPLAYGAIN_TRACK_GAIN"].removesuffix(" dB")) == pytest.approx(-18 - made["lufs"], abs=0.01)
        assert float(tags["REPLAYGAIN_TRACK_PEAK"]) == pytest.approx(10 ** (made["dbtp"] / 20), abs=0.001)
    if ending == "mp3":
        assert (tags["TBPM"], tags["TKEY"]) == ("92", "Em")
    else:
        assert (tags["BPM"], tags["INITIALKEY"]) == ("92.5", "Em")
    if ending in ("ogg", "opus"):
        assert told["chapters"] == [(0, "intro"), (2.001, "chorus")]
    assert told["cover"]


def test_flac_is_sound_and_has_its_cue_sheet(delivered):
    take, _ = delivered
    path = take.folder / "master.flac"
    subprocess.run(["flac", "-t", "-s", path], check=True, timeout=DEADLINE)
    listed = subprocess.run(["metaflac", "--list", path], capture_output=True, text=True, check=True,
                            timeout=DEADLINE).stdout
    assert "CHAPTER002=00:00:02.001" in listed and "CHAPTER002NAME=chorus" in listed
    assert "type: 5 (CUESHEET)" in listed and "image/png" in listed
    assert [int(line.split()[1]) for line in listed.splitlines() if line.startswith("      offset:")] == \
        [0, 2 * RATE + 24, SECONDS * RATE]


def test_wav_says_its_loudness(delivered):
    take, report = delivered
    data = (take.folder / "master.wav").read_bytes()
    assert data[:4] == b"RIFF"
    at = data.index(b"bext") + 8
    assert data[at:at + 16].rstrip(b"\0").decode() == "Nächtlicher Bus"
    assert data[at + 256:at + 265] == b"The Trays"
    assert data[at + 320:at + 338] == b"2026-01-0100:00:00"
    version, = struct.unpack_from("<H", data, at + 346)
    lufs, _, dbtp, _, _ = struct.unpack_from("<5h", data, at + 412)
    assert version == 2
    assert (lufs / 100, dbtp / 100) == (pytest.approx(report["achieved"]["lufs"], abs=0.011),
                                        pytest.approx(report["achieved"]["dbtp"], abs=0.011))


def decoded(path):
    return subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "s24le", "-"], capture_output=True,
                          check=True, timeout=DEADLINE).stdout


def test_wav_and_flac_are_the_same_samples(delivered):
    take, _ = delivered
    assert decoded(take.folder / "master.wav") == decoded(take.folder / "master.flac")


def test_again_gives_the_same_bytes(program, tmp_path, delivered):
    first, _ = delivered
    take = make_take(tmp_path, "{loudness: -16, formats: [flac, wav, mp3, vorbis, opus]}", cover=True)
    render(program, take)
    for ending in FORMATS:
        assert (take.folder / f"master.{ending}").read_bytes() == (first.folder / f"master.{ending}").read_bytes(), ending


def test_a_codec_that_passes_full_scale_is_made_lower(program, tmp_path):
    take = make_take(tmp_path, "{preset: loud, loudness: -7, true_peak: -0.1, formats: [flac, mp3, vorbis, opus]}")
    report = render(program, take)
    lowered = {one["file"]: one["lowered_db"] for one in report["files"]}
    assert lowered["master.flac"] == 0 and max(lowered.values()) > 0
    for ending in ("mp3", "ogg", "opus"):
        assert loudness(take.folder / f"master.{ending}")[2] <= 0.1, ending
        assert all(one["dbtp"] <= 0 for one in report["files"])


@pytest.mark.parametrize("master, rate, bits, mp3", [
    ("{preset: cd, formats: [flac, wav, mp3]}", 44100, "16", 44100),
    ("{rate: 96 kHz, bits: 24, formats: [flac, mp3, opus]}", 96000, "24", 48000),
])
def test_rates_and_words(program, tmp_path, master, rate, bits, mp3):
    take = make_take(tmp_path, master)
    report = render(program, take)
    told = probe(take.folder / "master.flac")
    assert (told["rate"], told["bits"], told["seconds"]) == (rate, bits, pytest.approx(SECONDS, abs=0.001))
    assert probe(take.folder / "master.mp3")["rate"] == mp3
    lufs, _, dbtp = loudness(take.folder / "master.flac")
    assert lufs == pytest.approx(report["achieved"]["lufs"], abs=0.1)
    assert lufs == pytest.approx(report["requested"]["lufs"], abs=0.16) or report["limited_by"]
    assert dbtp <= report["requested"]["dbtp"] + 0.1
    listed = subprocess.run(["metaflac", "--list", take.folder / "master.flac"], capture_output=True, text=True,
                            check=True, timeout=DEADLINE).stdout
    assert f"offset: {round((2 * RATE + 24) * rate / RATE)}\n" in listed


def test_only_what_is_asked_for(program, tmp_path):
    take = make_take(tmp_path, "{formats: [mp3]}")
    render(program, take)
    assert sorted(path.name for path in take.folder.glob("master*")) == ["master.cue", "master.mp3"]
    assert not list(take.folder.glob("*.new*"))


def test_translation_is_in_the_report(delivered):
    _, report = delivered
    assert report["translation"]["mono"]["result"] in ("pass", "warn")
    assert {one: report["translation"][one]["result"] for one in ("car", "earbuds")} == {"car": "pass", "earbuds": "pass"}
    assert -6.5 < report["tilt_db_per_octave"] < -2.5
    assert all(isinstance(report[name], float) for name in ("lra_lu", "plr_lu", "psr_lu", "correlation"))
