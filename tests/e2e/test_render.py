"""`woodshed render` of takes that the test makes itself: what the graph of a session comes to in mix.flac."""
import array
import hashlib
import json
import random
import subprocess
import sys
import zlib

import pytest

from e2e.desk import decode, numbers
from e2e.studio import encode

RATE = 48000
DEADLINE = 120
QUIET = 1 << 14  # so that hundreds of tracks still sum below full scale


class MadeTake:
    """A take of mono tracks of noise; `names` may be more than there are files for: they repeat."""

    def __init__(self, folder, names, frames, markers=(), sources=4, offset=0):
        self.folder, self.frames, self.offset = folder / "20260101-000000-made", frames, offset
        (self.folder / "raw").mkdir(parents=True)
        self.samples = [array.array("i", self.noise(seed)) for seed in range(min(sources, len(names)))]
        self.files = [encode(samples) for samples in self.samples]
        tracks = [self.track(index, name) for index, name in enumerate(names, 1)]
        manifest = {
            "format": 1, "id": self.folder.name, "session": "made", "title": None, "artist": None,
            "state": "recorded", "error": None, "recovered": False, "started": "2026-01-01T00:00:00.000000Z",
            "rate": RATE, "frames": frames, "pre_roll_frames": 0,
            "interfaces": [{"name": "desk", "node": "desk", "frames": frames, "ppm": 0.0, "gaps": []}],
            "tracks": tracks, "renders": [],
            "markers": [{"frame": frame, "label": label, "kind": "user"} for label, frame in markers]}
        (self.folder / "take.json").write_text(json.dumps(manifest), encoding="utf-8")

    def noise(self, seed):
        of = random.Random(seed)
        return [of.randrange(-QUIET, QUIET) + self.offset for _ in range(self.frames)]

    def track(self, index, name):
        path, data = f"raw/{index:03}-{name}.flac", self.files[(index - 1) % len(self.files)]
        (self.folder / path).write_bytes(data)
        return {"index": index, "name": name, "role": None, "inputs": [f"desk/{index}"], "file": path,
                "frames": self.frames, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
                "crc32": f"{zlib.crc32(data):08x}", "peak_dbfs": -54.0, "lufs": -60.0, "clipped": 0}

    def session(self, text):
        (self.folder / "session.yaml").write_text(f"woodshed: 1\nname: made\n{text}", encoding="utf-8")


# A process is charged with the memory of the one that it was forked from: of this small one, not of the tests'.
MEASURED = """import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL).returncode
print("memory", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
sys.exit(status)
"""


def render(program, take, out, *options):
    """The status, the most memory that it took, in bytes, and what it said."""
    done = subprocess.run([sys.executable, "-c", MEASURED, program, "render", take.folder, "--stage", "mix", "--out", out,
                           *map(str, options)], capture_output=True, text=True, timeout=DEADLINE, check=False)
    *said, memory = done.stdout.splitlines()
    return done.returncode, int(memory.split()[1]), "\n".join([*said, done.stderr])


def mix(program, take, out, *options):
    status, memory, said = render(program, take, out, *options)
    assert status == 0, said
    return memory, said


def session_of(names, rest, more=lambda name: ""):
    tracks = "\n".join(f"  - {{name: {name}, input: desk/{i}{more(name)}}}" for i, name in enumerate(names, 1))
    return f"mix: {{preset: none}}\ntracks:\n{tracks}\n{rest}"


GRAPH = """buses:
  - {name: drums, chain: [{compressor: {threshold: -60, ratio: 4:1, lookahead: 5 ms}}], sends: {plate: -12}}
  - {name: band, bus: all, pan: L20}
  - {name: all, chain: [{eq: {bands: [{frequency: 1 kHz, gain: 3 dB}]}}], vca: faders}
  - {name: plate, kind: return, chain: [{limiter: {ceiling: -40}}], bus: all, gain: -3}
vcas: {faders: {gain: -1, automation: {gain: [{at: 0, gain: 0}, {at: chorus, gain: -6}]}}}
"""


def busy(name):
    number = int(name[1:])
    return (f", bus: {('drums', 'band', 'all')[number % 3]}, sends: {{plate: {{level: -9, pre: {number % 2 == 0}}}}},"
            f" pan: R{number}, gain: -{number}, chain: [highpass, {{compressor: {{threshold: -70, lookahead: {number} ms}}}}]"
            .replace("True", "true").replace("False", "false"))


def test_any_number_of_jobs_gives_the_same_bytes(program, tmp_path):
    names = [f"t{n}" for n in range(13)]
    take = MadeTake(tmp_path, names, 3 * RATE + 123, markers=[("chorus", RATE)])
    take.session(session_of(names, GRAPH, busy))
    hashes = set()
    for jobs in (1, 2, 7, 64):
        out = tmp_path / f"out{jobs}"
        mix(program, take, out, "--jobs", jobs)
        hashes.add(hashlib.sha256((out / "mix.flac").read_bytes()).hexdigest())
    mix(program, take, tmp_path / "out")
    hashes.add(hashlib.sha256((tmp_path / "out/mix.flac").read_bytes()).hexdigest())
    assert len(hashes) == 1
    assert len(decode(tmp_path / "out/mix.flac")) == 2 * 3 * take.frames


def test_the_preset_none_is_the_sum_through_buses_too(program, tmp_path):
    names = [f"t{n}" for n in range(5)]
    take = MadeTake(tmp_path, names, 30000)
    late = "{name: b, bus: a, chain: [{compressor: {threshold: 0, ratio: 1:1, lookahead: 7 ms}}, {eq: {bypass: true}}]}"
    take.session(session_of(names, f"buses:\n  - {{name: a}}\n  - {late}\n",
                            lambda name: f", bus: {'ab'[int(name[1:]) % 2]}"))
    mix(program, take, tmp_path / "out")
    wanted = [sum(take.samples[n % 4][frame] for n in range(5)) for frame in range(take.frames)]
    found = numbers(decode(tmp_path / "out/mix.flac"))
    assert found[0::2] == wanted
    assert found[1::2] == wanted


AMP = "http://plugin.org.uk/swh-plugins/amp"
EFFECTS = """song: {tempo: 92}
buses:
  - {name: plate, kind: return, chain: [{reverb: {decay: 1.2 s, predelay: 20 ms}}, {width: {width: 120 %, mono_below: 120 Hz}}]}
  - {name: echo, kind: return, chain: [{delay: {note: 3/16, feedback: 30 %, lowpass: 5 kHz, ping_pong: true}}], sends: {plate: -6}}
"""


def test_effects_give_the_same_bytes_for_any_number_of_jobs(program, tmp_path):
    names = [f"t{n}" for n in range(4)]
    take = MadeTake(tmp_path, names, 2 * RATE + 17)
    take.session(session_of(names, EFFECTS, lambda name: ", sends: {plate: -9, echo: -12}, chain: "
                            f"[{{saturation: {{drive: 12 dB}}}}, {{chorus: {{voices: 2}}}}, {{lv2: {{uri: '{AMP}'}}}}]"))
    hashes = set()
    for jobs in (1, 5):
        mix(program, take, tmp_path / f"out{jobs}", "--jobs", jobs)
        hashes.add(hashlib.sha256((tmp_path / f"out{jobs}/mix.flac").read_bytes()).hexdigest())
    assert len(hashes) == 1


def test_what_effects_are_late_is_made_up_for(program, tmp_path):
    """A track against itself turned over, through a plugin and a saturation that leave it as it is: nothing."""
    take = MadeTake(tmp_path, ["t0", "t1"], RATE, sources=1)
    chain = f"[polarity, {{lv2: {{uri: '{AMP}'}}}}, {{saturation: {{mix: 0 %}}}}, {{delay: {{samples: 0}}}}, width]"
    take.session(session_of(["t0", "t1"], "", lambda name: f", chain: {chain}" if name == "t1" else ""))
    mix(program, take, tmp_path / "out")
    assert set(numbers(decode(tmp_path / "out/mix.flac"))) == {0}


def test_memory_is_bounded_by_the_tracks_not_their_length(program, tmp_path):
    names = [f"t{n}" for n in range(512)]
    memory = {}
    for seconds in (1, 4):
        (tmp_path / str(seconds)).mkdir()
        take = MadeTake(tmp_path / str(seconds), names, seconds * RATE, sources=1)
        take.session(session_of(names, "", lambda name: ", gain: -40 dB, chain: [highpass, compressor]"))
        memory[seconds], _ = mix(program, take, tmp_path / f"out{seconds}")
    whole = 512 * 3 * RATE * 8  # the three seconds more, as samples in memory
    assert memory[4] < memory[1] + whole / 10
    assert memory[4] < 256 << 20


def test_a_marker_that_is_not_there_is_told(program, tmp_path):
    take = MadeTake(tmp_path, ["t0"], 20000, markers=[("verse", 100)])
    take.session(session_of(["t0"], "", lambda name: ", automation: {mute: [{from: verse, to: solo}]}"))
    _, said = mix(program, take, tmp_path / "out")
    assert "no marker solo" in said
    assert numbers(decode(tmp_path / "out/mix.flac"))[0::2] == list(take.samples[0])


@pytest.mark.parametrize("rest, more, said", [
    ("buses: [{name: r, kind: return, sends: {r: 0}}]\n", "", "which leads back to it"),
    ("buses: [{name: a, bus: b}, {name: b, bus: a}]\n", "", "which leads back to it"),
    ("", ", sends: {plate: 0}", "\"plate\" is no return"),
    ("", ", bus: drums", "\"drums\" is no bus"),
])
def test_a_way_that_leads_nowhere_is_a_fault_of_the_session(program, tmp_path, rest, more, said):
    take = MadeTake(tmp_path, ["t0"], 4096)
    take.session(session_of(["t0"], rest, lambda name: more))
    status, _, told = render(program, take, tmp_path / "out")
    assert status == 2
    assert said in told
    assert not (tmp_path / "out/mix.flac").exists()


@pytest.mark.parametrize("jobs", ["0", "65", "1.5", "two", "-1"])
def test_jobs_are_a_whole_number(program, tmp_path, jobs):
    status, _, told = render(program, MadeTake(tmp_path, ["t0"], 4096), tmp_path / "out", "--jobs", jobs)
    assert status == 2
    assert "--jobs: a whole number from 1 to 64" in told


def test_a_damaged_track_ends_every_thread(program, tmp_path):
    names = [f"t{n}" for n in range(6)]
    take = MadeTake(tmp_path, names, 4 * RATE)
    take.session(session_of(names, ""))
    hurt = take.folder / take_file(take, 3)
    data = bytearray(hurt.read_bytes())
    data[len(data) // 2] ^= 0x55
    hurt.write_bytes(data)
    status, _, told = render(program, take, tmp_path / "out", "--jobs", 4)
    assert status == 1
    assert hurt.name in told and "damaged at frame" in told
    assert not (tmp_path / "out/mix.flac").exists()


def take_file(take, index):
    return json.loads((take.folder / "take.json").read_text(encoding="utf-8"))["tracks"][index]["file"]


def test_a_processor_of_editing_hears_the_take_before_it_is_mixed(program, tmp_path):
    take = MadeTake(tmp_path, ["t0"], 3 * RATE, offset=5000)
    chains = {}
    for name, chain in (("raw", "[]"), ("clean", "[dc]"), ("bus", "[]")):
        take.session(session_of(["t0"], f"buses: [{{name: b, chain: {'[dc]' if name == 'bus' else '[]'}}}]\n",
                                lambda _, chain=chain: f", bus: b, chain: {chain}"))
        mix(program, take, tmp_path / name, "--jobs", 2)
        samples = numbers(decode(tmp_path / name / "mix.flac"))[0::2]
        assert len(samples) == take.frames
        chains[name] = abs(sum(samples[RATE:]) / (2 * RATE))
    assert chains["raw"] > 4000
    assert chains["clean"] < 100 and chains["bus"] < 100


def test_the_report_says_what_a_place_did(program, tmp_path):
    take = MadeTake(tmp_path, ["t0", "t1"], 20000)
    take.session(session_of(["t0", "t1"], "", lambda name: ", pan: R10, trim: 1.5, place: {width: R30, depth: 50 %}"
                            if name == "t1" else ", automation: {gain: [{at: end, gain: 3}]}"))
    mix(program, take, tmp_path / "out")
    report = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))
    plain, placed = report["tracks"]
    assert plain["place"] is None and plain["gain_db"] == 0
    assert (placed["gain_db"], placed["trim_db"]) == (0, 1.5)
    assert placed["place"] == {"pan": 40, "side_percent": 70, "gain_db": -3, "treble_db": -3, "bass_db": 0, "delay_ms": 5}
    assert report["mix"]["missing_marker"] == "end"
