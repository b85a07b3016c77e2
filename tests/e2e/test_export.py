"""woodshed export: what other programs get of a take, read by code that is not ours."""
import json
import math
import os
import pathlib
import re
import struct
import subprocess
import xml.etree.ElementTree as ET
import zipfile

import pytest

from e2e.desk import decode, numbers
from e2e.studio import RATE, StudioTake, noise

SCHEMA = pathlib.Path(__file__).parent / "dawproject.xsd"
FRAMES = 4 * RATE
STARTED = (19 * 60 + 3) * 60 + 11.25  # seconds of the day
MARKERS = [("song 1", 12000, "song"), ("intro", 24000, "section"), ("verse", 72000, "section"),
           ("nice \"fill\" <&>", 90000, "user"), ("song 1 end", 180000, "song")]
SONG = """song: {title: "Night/Bus", artist: "The <Trays> & Co", genre: rock, tempo: 120, meter: 6/8}
arrangement:
  sections: [{name: intro, bars: 1, tempo: 180, tempo_to: 90}, {name: verse, bars: 2, meter: 3/4}]
"""


def export(program, take, form, out, *options):
    return subprocess.run([program, "export", take.folder, "--as", form, "--out", out, *options], timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


@pytest.fixture(name="take")
def make_take(tmp_path):
    tracks = {name: noise(FRAMES, -20, seed) for seed, name in enumerate(("kick", "lead vox", "say \"a\" & b"), 1)}
    take = StudioTake(tmp_path, "20261122-190311-studio", tracks, MARKERS)
    manifest = json.loads((take.folder / "take.json").read_text(encoding="utf-8"))
    manifest["started"] = "2026-11-22T19:03:11.250000Z"
    (take.folder / "take.json").write_text(json.dumps(manifest), encoding="utf-8")
    take.session("{preset: none}", {"kick": ", role: kick, gain: -6 dB, pan: L50, mute: true",
                                    "lead vox": ", role: lead-vocal, trim: 3 dB"}, SONG)
    path = take.folder / "session.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace('name: say "a" & b', "name: 'say \"a\" & b'"),
                    encoding="utf-8")
    return take


def chunks(path):
    """{name: bytes} of a RIFF file, without the samples."""
    data = pathlib.Path(path).read_bytes()
    assert data[:4] == b"RIFF" and data[8:12] == b"WAVE"
    found, at = {}, 12
    while at < len(data):
        name, size = data[at:at + 4], struct.unpack_from("<I", data, at + 4)[0]
        found[name.decode()] = data[at + 8:at + 8 + size]
        at += 8 + size + size % 2
    return found


def check_stem(path, samples):
    parts = chunks(path)
    form, channels, rate, _, align, bits = struct.unpack_from("<HHIIHH", parts["fmt "])
    assert form in (1, 0xfffe) and (channels, rate, align, bits) == (1, RATE, 3, 24)
    assert numbers(parts["data"]) == samples
    bext = parts["bext"]
    assert bext[320:330] == b"2026-11-22" and bext[330:338] == b"19:03:11"
    assert struct.unpack_from("<Q", bext, 338)[0] == round(STARTED * RATE)


NAMES = ["01-kick.wav", "02-lead-vox.wav", "03-say--a----b.wav"]


def test_stems(program, take, tmp_path):
    out = tmp_path / "some" / "where"
    done = export(program, take, "wav", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [str(out / name) for name in NAMES]
    assert sorted(path.name for path in out.iterdir()) == NAMES
    for name, samples in zip(NAMES, take.tracks.values()):
        check_stem(out / name, samples)


def tokens(line):
    """Of a line of a Reaper project: words, and texts in any of three marks."""
    return [next(part for part in found if part) for found in re.findall(r'"([^"]*)"|\'([^\']*)\'|`([^`]*)`|(\S+)', line)
            if any(found)]


def parse_rpp(text):
    """A tree of [name, values, children]."""
    root, stack = None, []
    for line in map(str.strip, text.splitlines()):
        if line == ">":
            root = stack.pop()
            continue
        words = tokens(line.removeprefix("<"))
        node = [words[0], words[1:], []]
        if stack:
            stack[-1][2].append(node)
        if line.startswith("<"):
            stack.append(node)
    assert not stack
    return root


def of(node, name):
    return [child for child in node[2] if child[0] == name]


def test_reaper(program, take, tmp_path):
    done = export(program, take, "reaper", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    path = tmp_path / "out" / "Night-Bus.RPP"
    root = parse_rpp(path.read_text(encoding="utf-8"))
    assert root[0] == "REAPER_PROJECT" and of(root, "TITLE")[0][1] == ["Night/Bus"]
    assert of(root, "AUTHOR")[0][1] == ["The <Trays> & Co"]
    tracks = of(root, "TRACK")
    assert [of(track, "NAME")[0][1][0] for track in tracks] == ["kick", "lead vox", 'say "a" & b']
    volumes = [float(of(track, "VOLPAN")[0][1][0]) for track in tracks]
    assert volumes == pytest.approx([10 ** (-6 / 20), 10 ** (3 / 20), 1])
    assert [float(of(track, "VOLPAN")[0][1][1]) for track in tracks] == [-0.5, 0, 0]
    assert [of(track, "MUTESOLO")[0][1][0] for track in tracks] == ["1", "0", "0"]
    assert len({of(track, "PEAKCOL")[0][1][0] for track in tracks}) == 3
    for track, samples in zip(tracks, take.tracks.values()):
        item, = of(track, "ITEM")
        assert float(of(item, "POSITION")[0][1][0]) == 0 and float(of(item, "LENGTH")[0][1][0]) == FRAMES / RATE
        media = of(of(item, "SOURCE")[0], "FILE")[0][1][0]
        assert not media.startswith("/")
        check_stem(path.parent / media, samples)
    # A ramp of eighths from 180 to 90 in 6/8: quarters from 90 to 45, and the verse's quarters.
    points = [list(map(float, point[1])) for point in of(of(root, "TEMPOENVEX")[0], "PT")]
    ramp_s = 120 * 6 / 270
    assert points[0] == [0.5, 90, 0, 6 | 8 << 16]
    assert points[1] == pytest.approx([0.5 + ramp_s, 45, 1], abs=1e-5)
    assert points[2] == [1.5, 120, 1, 3 | 4 << 16]
    markers = {}
    for number, at, label, region in (marker[1][:4] for marker in of(root, "MARKER") if len(marker[1]) > 3):
        markers[label] = (float(at), region == "1", number)
    assert markers["song 1"][:2] == (0.25, False) and markers["intro"][:2] == (0.5, True)
    assert markers['nice "fill" <&>'][:2] == (90000 / RATE, False)


def test_audacity(program, take, tmp_path):
    done = export(program, take, "audacity", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    labels = [line.split("\t") for line in (tmp_path / "out/Night-Bus.txt").read_text(encoding="utf-8").splitlines()]
    assert labels == [["0.250000", "3.750000", "song 1"], ["0.500000", "1.500000", "intro"],
                      ["1.500000", "3.750000", "verse"], ["1.875000", "1.875000", 'nice "fill" <&>'],
                      ["3.750000", "3.750000", "song 1 end"]]
    files = re.findall(r'^file "(.*)" offset 0$', (tmp_path / "out/Night-Bus.lof").read_text(encoding="utf-8"), re.M)
    assert files == [f"audio/{name}" for name in NAMES]
    for name, samples in zip(files, take.tracks.values()):
        check_stem(tmp_path / "out" / name, samples)


def xmllint(data, published, tmp_path):
    path = tmp_path / "checked.xml"
    path.write_bytes(data)
    folder = os.environ.get("WOODSHED_DAWPROJECT")
    for schema in [SCHEMA] + ([pathlib.Path(folder) / published] if folder else []):
        done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", schema, path], capture_output=True,
                              text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


def test_the_schema_refuses(tmp_path):
    """What is not as the format has it is told by our part of its schemas."""
    good = (b'<Project version="1.0"><Application name="a" version="1"/><Structure><Track id="t"><Channel id="c" '
            b'role="regular" audioChannels="1"><Volume id="v" unit="linear" value="1"/></Channel></Track></Structure>'
            b'<Arrangement id="a"><Lanes id="l" timeUnit="seconds"><Lanes id="m" track="t"><Clips id="n"><Clip time="0">'
            b'<Audio id="o" duration="1" channels="1" sampleRate="48000"><File path="x"/></Audio></Clip></Clips></Lanes>'
            b'</Lanes></Arrangement></Project>')
    xmllint(good, "Project.xsd", tmp_path)
    for before, after in ((b'role="regular"', b'role="drum"'), (b'duration="1"', b'duration="long"'),
                          (b'<File path="x"/>', b""), (b' version="1.0"', b""), (b'unit="linear"', b'unit="loud"'),
                          (b'<Clip time="0">', b"<Clip>"), (b'track="t"', b"")):
        with pytest.raises(AssertionError):
            xmllint(good.replace(before, after), "Project.xsd", tmp_path)


def test_dawproject(program, take, tmp_path):
    done = export(program, take, "dawproject", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["Night-Bus.dawproject"]
    with zipfile.ZipFile(tmp_path / "out/Night-Bus.dawproject") as container:
        assert container.testzip() is None
        project, metadata = container.read("project.xml"), container.read("metadata.xml")
        container.extractall(tmp_path / "opened")
    xmllint(project, "Project.xsd", tmp_path)
    xmllint(metadata, "MetaData.xsd", tmp_path)
    tree = ET.fromstring(project)
    # libxml2 knows the types ID and IDREF, and does not look whether they fit.
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(set(ids)) == len(ids)
    assert {element.get(name) for element in tree.iter() for name in ("track", "destination", "parameter")
            if element.get(name)} <= set(ids)
    tracks = {track.get("id"): track for track in tree.findall("Structure/Track")}
    lanes = tree.findall("Arrangement/Lanes/Lanes")
    assert [tracks[lane.get("track")].get("name") for lane in lanes] == list(take.tracks)
    for lane, samples in zip(lanes, take.tracks.values()):
        audio = lane.find("Clips/Clip/Audio")
        assert float(audio.get("duration")) == FRAMES / RATE
        check_stem(tmp_path / "opened" / audio.find("File").get("path"), samples)
    channel = tracks["track1"].find("Channel")
    assert float(channel.find("Volume").get("value")) == pytest.approx(10 ** (-6 / 20))
    assert float(channel.find("Pan").get("value")) == 0.25 and channel.find("Mute").get("value") == "true"
    assert re.fullmatch("#[0-9a-f]{6}", tracks["track1"].get("color"))
    assert [(float(marker.get("time")), marker.get("name")) for marker in tree.findall("Arrangement/Markers/Marker")] \
        == [(frame / RATE, label) for label, frame, _ in MARKERS]
    tempos = [(float(point.get("time")), float(point.get("value")), point.get("interpolation"))
              for point in tree.findall("Arrangement/TempoAutomation/RealPoint")]
    assert tempos == [(0.5, 90, "linear"), (pytest.approx(0.5 + 8 / 3), 45, "hold"), (1.5, 120, "hold")]
    data = ET.fromstring(metadata)
    assert (data.find("Title").text, data.find("Artist").text, data.find("Year").text) \
        == ("Night/Bus", "The <Trays> & Co", "2026")


def test_cue(program, take, tmp_path):
    assert export(program, take, "cue", tmp_path / "out").returncode == 1
    assert take.render(program, "master", None)[0] == 0
    done = export(program, take, "cue", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out/Night-Bus.flac").read_bytes() == (take.folder / "master.flac").read_bytes()
    cue = (tmp_path / "out/Night-Bus.cue").read_text(encoding="utf-8")
    assert 'FILE "Night-Bus.flac" WAVE' in cue
    found = re.findall(r'TRACK (\d+) AUDIO\n    TITLE "(.*)"\n.*\n    INDEX 01 (\d+):(\d+):(\d+)', cue)
    wanted = [(label, frame) for label, frame, kind in MARKERS if kind != "user"]
    assert [(title, (int(m) * 60 + int(s)) * 75 + int(f)) for _, title, m, s, f in found] \
        == [(label, math.floor(frame * 75 / RATE)) for label, frame in wanted]


def test_nothing_is_replaced_unasked(program, take, tmp_path):
    for form, name in (("wav", NAMES[1]), ("reaper", "Night-Bus.RPP"), ("audacity", "Night-Bus.lof"),
                       ("dawproject", "Night-Bus.dawproject"), ("reaper", f"audio/{NAMES[2]}")):
        out = tmp_path / f"{form}-{name.replace('/', '-')}"
        (out / name).parent.mkdir(parents=True)
        (out / name).write_text("mine", encoding="utf-8")
        done = export(program, take, form, out)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"{out / name} is there already; --force" in done.stderr and done.stderr.count("\n") == 1
        assert [path for path in out.rglob("*") if path.is_file()] == [out / name]
        assert (out / name).read_text(encoding="utf-8") == "mine"
        assert export(program, take, form, out, "--force").returncode == 0
        assert (out / name).stat().st_size > 100


def test_wrong_calls(program, take, tmp_path):
    def run(*args):
        return subprocess.run([program, "export", *args], capture_output=True, text=True, timeout=60, check=False)

    done = export(program, take, "protools", tmp_path / "out")
    assert done.returncode == 2 and "wav, reaper, audacity, dawproject or cue" in done.stderr
    assert not (tmp_path / "out").exists()
    for args, status in (([], 2), ([take.folder], 2), ([take.folder, "--as", "wav"], 2),
                         ([take.folder, "--as", "wav", "--out", ""], 2),
                         ([take.folder, "--out", tmp_path / "out"], 2),
                         ([tmp_path / "no", "--as", "wav", "--out", tmp_path / "out"], 1),
                         ([take.folder, "--as", "wav", "--out", take.folder / "take.json"], 1)):
        done = run(*args)
        assert (done.returncode, done.stdout) == (status, "") and done.stderr.count("\n") == 1, done
    path = take.folder / "take.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"recorded"', '"recording"'), encoding="utf-8")
    done = export(program, take, "wav", tmp_path / "out")
    assert done.returncode == 1 and "still being recorded" in done.stderr


def test_drift_is_corrected(program, take, tmp_path):
    """Stems of a second interface that runs 200 ppm fast lie where a render has them."""
    path = take.folder / "take.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    (take.folder / "clock").mkdir()
    for number, ppm in ((1, 0), (2, 200)):
        rows = [f"1,{frame},{10 ** 9 + round(frame / (RATE * (1 + ppm / 1e6)) * 1e9)}\n"
                for frame in range(0, FRAMES, 1024)]
        name = f"clock/0{number}-desk{number}.csv"
        (take.folder / name).write_text("stretch,frame,nsec\n" + "".join(rows), encoding="ascii")
        manifest["interfaces"].append(dict(manifest["interfaces"][0], name=f"desk{number}", clock_log=name, ppm=ppm,
                                           clock="own"))
    del manifest["interfaces"][0]
    for track in manifest["tracks"]:
        track["inputs"] = [track["inputs"][0].replace("desk/", "desk1/" if track["index"] == 1 else "desk2/")]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    session = take.folder / "session.yaml"
    session.write_text(session.read_text(encoding="utf-8").replace("desk/1", "desk1/1").replace("desk/", "desk2/"),
                       encoding="utf-8")
    assert export(program, take, "wav", tmp_path / "out").returncode == 0
    assert take.render(program, "edit", tmp_path / "edited")[0] == 0
    for name, (track, raw) in zip(NAMES, take.tracks.items()):
        stem = numbers(chunks(tmp_path / "out" / name)["data"])
        edited = numbers(decode(tmp_path / "edited/edited" / name.replace(".wav", ".flac")))
        assert max(abs(a - b) for a, b in zip(stem, edited, strict=True)) <= 1
        assert (stem == raw) == (track == "kick")
