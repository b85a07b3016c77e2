"""One allocation of a program fails, then another: each run must say so and end, or come to the same."""
import collections
import dataclasses
import random
import re
import shutil
import struct
import subprocess

from e2e.studio import StudioTake, mix, noise
from rig.room import BUILD

SHIM = BUILD / "tests/rig/libno-memory.so"
DEADLINE_S = 300
# What report and output say of their own render.
OF_THE_RUN = re.compile(rb'"seconds": [0-9.]+|[0-9.]+ s of work')


SESSION = """woodshed: 1
name: scarce
song: {{title: Night Bus, artist: The Trays, melody: vox}}
tracks:
  - {{name: kick, input: desk/1, role: kick}}
  - name: vox
    input: desk/2
    role: lead-vocal
    edit: [{{denoise: {{reduce: 9 dB}}}}, {{hum: {{}}}}, {{declick: {{}}}}]
mix: {{preset: rock, balance: auto}}
master: {{preset: streaming, formats: [{formats}]}}
"""


def take(folder, formats="flac, wav"):
    """Of two seconds and two tracks, with something for every stage; its folder."""
    frames = 2 * 48000
    beats = [value if at % 24000 < 2400 else 0 for at, value in enumerate(noise(frames, -12, 1))]
    made = StudioTake(folder, "20260101-000000-scarce", {"kick": beats, "vox": mix((0, noise(frames, -24, 2)))})
    (made.folder / "session.yaml").write_text(SESSION.format(formats=formats), encoding="utf-8")
    return made.folder


@dataclasses.dataclass
class Outcome:
    places: int = 0
    runs: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    faults: list = dataclasses.field(default_factory=list)

    def __str__(self):
        counts = ", ".join(f"{count} {what}" for what, count in sorted(self.runs.items()))
        return f"{self.places} places that ask for memory: {counts or 'none tried'}; {len(self.faults)} faults"


def attempt(command, out, env):
    """Without the addresses that change from run to run, by which places are told. (status, its lines, its files)."""
    shutil.rmtree(out, ignore_errors=True)
    variables = [f"{key}={value}" for key, value in env.items()]
    done = subprocess.run(["setarch", "-R", "env", *variables, f"LD_PRELOAD={SHIM}", BUILD / "woodshed", *command],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          timeout=DEADLINE_S, check=False)
    files = {path.name: OF_THE_RUN.sub(b"", path.read_bytes()) for path in out.glob("*")}
    return done.returncode, done.stderr.splitlines(), files | {"": OF_THE_RUN.sub(b"", done.stdout.encode())}


def places(log):
    """The number of the first allocation of each place."""
    first = {}
    for number, place in struct.iter_unpack("<QQ", log.read_bytes()):
        first.setdefault(place, number)
    return sorted(first.values())


def judge(status, lines, files, whole_status, whole_lines, whole):
    """What a run came to; (that, whether it may)."""
    if (status, lines) == (whole_status, whole_lines) and files == whole:
        return "did without", True
    if status == 0:
        differ = sorted(name for name in files.keys() | whole.keys() if files.get(name) != whole.get(name))
        return f"ended well with another {', '.join(name or 'output' for name in differ)}", not differ
    if status == 1 and lines:  # not 2, which is for files that are wrong
        return "failed and said why", True
    return f"ended with {status}", False


def run(folder, command, most=None, seed=1):
    """Tries every place, or `most` of them by chance. What the command makes goes into `folder`/out."""
    out = folder / "out"
    whole = attempt(command, out, {"NO_MEMORY_LOG": folder / "log"})
    assert whole[0] in (0, 1), whole[1]
    numbers = places(folder / "log")
    outcome = Outcome(len(numbers))
    for number in random.Random(seed).sample(numbers, min(most or len(numbers), len(numbers))):
        status, lines, files = attempt(command, out, {"NO_MEMORY": number})
        what, may = judge(status, lines, files, *whole)
        outcome.runs[what] += 1
        if not may:
            outcome.faults.append(f"allocation {number}: {what}: {lines[-1:]}")
    return outcome


def session(folder):
    """A session file with a chain."""
    path = folder / "scarce.yaml"
    path.write_text(SESSION.format(formats="flac"), encoding="utf-8")
    return path


def render(folder, formats="flac, wav"):
    """The command that renders such a take."""
    return ["render", take(folder, formats), "--jobs", "1", "--out", folder / "out"]
