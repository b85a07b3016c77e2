"""A real take of 16 tracks, made in the room while another is being rendered, with everything that the program did
to the disk written down."""
import array
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import wave

from crash.storage import CLOCK, read_log
from e2e.desk import Take
from rig.room import BUILD, Room

SYNC_EVERY = 1.0
# The Contract's bound on what a power cut may take.
BOUND = SYNC_EVERY + 0.25
SHIM = BUILD / "tests/rig/libstorage-shim.so"
JUDGE = BUILD / "tests/crash/flac-judge"


class Reference:
    """A take as it was in the end: what any image's take must be the beginning of."""

    def __init__(self, folder, clock_offset, pcm):
        self.manifest = json.loads((folder / "take.json").read_text("utf-8"))
        self.id, self.rate, self.frames = (self.manifest[key] for key in ("id", "rate", "frames"))
        self.origin = utc_ns(self.manifest["started"]) - clock_offset  # monotonic
        self.end = self.origin + self.frames * 1_000_000_000 // self.rate
        self.pcm = str(pcm)
        self.raw = {track["file"]: (folder / track["file"]).read_bytes() for track in self.manifest["tracks"]}
        # Of tracks that went on in further files: all of it, as samples.
        self.joined = {track["file"]: Take(folder).raw(track)
                       for track in self.manifest["tracks"] if "segments" in track}


def utc_ns(text):
    """RFC 3339 with microseconds."""
    import calendar
    import time
    seconds, micro = re.fullmatch(r"(.*)\.(\d{6})Z", text).groups()
    return (calendar.timegm(time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")) * 1_000_000 + int(micro)) * 1000


class Scene:
    """The log and what came of it."""

    def __init__(self, folder, root, records, takes):
        self.folder, self.root, self.records, self.takes = folder, root, records, takes

    @classmethod
    def record(cls, folder, seconds=4.0, channels=8, sync_ms=0, fails=None):
        """Everything that is kept goes into `folder`. `fails`: rules of bad-disk.c."""
        with Room() as room:
            root = folder / "root"
            root.mkdir()
            env = room.env | {"LD_PRELOAD": str(SHIM), "STORAGE_SHIM_ROOT": str(root),
                              "STORAGE_SHIM_LOG": str(folder / "log"), "STORAGE_SHIM_SYNC_MS": str(sync_ms)}
            if fails:  # before the log: what failed is not in it
                env |= {"LD_PRELOAD": f"{BUILD}/tests/rig/libbad-disk.so:{SHIM}", "BAD_DISK": fails}
            config = write_config(room, root, channels)
            noise = room.path("noise.wav")
            write_noise(noise, channels, seconds + 8)
            # The ramp shows every sample that is lost or moved; noise fills files as music does.
            # What is still in a cycle is lost too: the longest there are.
            for name, options in (("ramp", {"ramp": True}), ("noise", {"play": [noise], "loop": True})):
                room.interface(name, channels=channels, any_quantum=True, **options).wait_ready()
            ids = [record_take(room, config, env, "first", 1.0)]
            render = room.spawn("render", BUILD / "woodshed", "render", root / ids[0], "--config", config, env=env)
            ids.append(record_take(room, config, env, "second", seconds))
            assert render.wait() == 0, render.stderr
        records = read_log(folder / "log")
        offset = next(record.offset - record.nsec for record in records if record.kind == CLOCK)
        takes = [Reference(root / take, offset, decoded(folder, root / take)) for take in ids]
        return cls(folder, str(root), records, takes)


def write_config(room, root, channels):
    path = room.path("appliance.yaml")
    path.write_text(f"woodshed: 1\ntakes: {root}\nrecording: {{sync_every: {SYNC_EVERY} s}}\ninterfaces:\n"
                    f"  - {{name: ramp, node: ramp, channels: {channels}}}\n"
                    f"  - {{name: noise, node: noise, channels: {channels}}}\n", encoding="utf-8")
    return path


def write_noise(path, channels, seconds):
    chance = random.Random(1)
    frames = int(seconds * 48000)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(array.array("h", chance.randbytes(2 * channels * frames)).tobytes())


def record_take(room, config, env, name, seconds):
    done = room.run(BUILD / "woodshed", "record", "--config", config, "--for", f"{seconds}s", "--name", name,
                    env=env)
    assert done.returncode == 0, done.stderr
    return os.path.basename(done.stdout.strip())


def decoded(folder, take):
    """A folder with the samples of the take's raw files."""
    pcm = folder / f"{take.name}.pcm"
    pcm.mkdir()
    subprocess.run([JUDGE, "--decode", pcm, *sorted((take / "raw").iterdir())], check=True, timeout=120)
    return pcm


def work_folder():
    """In memory where there is room: crash images are many, and a real disk would be synced for each."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > 2e9 else None
    return tempfile.mkdtemp(prefix="power-cut-", dir=base)
