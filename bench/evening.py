"""evening: from the last note to the mastered file, for 16 tracks of 10 minutes: the whole of what a box does by itself
when a band has stopped, on all cores, beside the time that they played."""
import json
import pathlib
import tempfile

import material
import render
from measure import Row, in_turns, run
from places import BUILD

TRACKS = 16
SECONDS, QUICK_SECONDS = 600, 20
REPETITIONS, QUICK_REPETITIONS = 3, 1
TARGET = 0.5  # a band that plays again at once must not find the box behind


def write_take(folder, seconds):
    """A take of a whole band, with presets for a rehearsal: what `woodshed run` would leave."""
    (folder / "raw").mkdir(parents=True)
    for index, source in enumerate(material.microphones(TRACKS, seconds), start=1):
        render.encode(source, folder / f"raw/{index:02}-mic{index}.flac")
    render.write_manifest(folder, seconds * render.RATE, TRACKS)
    lines = ["woodshed: 1", "name: bench", "edit: {preset: rehearsal}", "mix: {preset: rock, balance: auto}",
             "master: {preset: streaming, formats: [flac, mp3]}", "tracks:"]
    roles = ("kick", "snare", "bass", "electric-guitar", "keys", "lead-vocal", "backing-vocal", "overhead")
    lines += [f"  - {{name: mic{i}, input: desk/{i}, role: {roles[(i - 1) % len(roles)]}}}"
              for i in range(1, TRACKS + 1)]
    (folder / "session.yaml").write_text("\n".join([*lines, ""]), encoding="utf-8")


def measure(quick):
    """Rows for the table."""
    seconds = QUICK_SECONDS if quick else SECONDS
    with tempfile.TemporaryDirectory(prefix="bench-") as temp:
        take = pathlib.Path(temp) / "20260101-000000-bench"
        write_take(take, seconds)
        out = pathlib.Path(temp) / "out"

        def finish():
            used = run(BUILD / "woodshed", "render", take, "--out", out)
            assert json.loads((out / "report.json").read_text(encoding="utf-8"))["achieved"]["lufs"] < 0
            return used

        ours, = in_turns(QUICK_REPETITIONS if quick else REPETITIONS, finish)
    what = f"last note to master, {TRACKS} tracks x {seconds} s, wall"
    return [Row(what, "the time they played", [used.wall_s for used in ours], [float(seconds)] * len(ours), TARGET)]
