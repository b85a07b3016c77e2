"""record: two interfaces of 16 channels, 24 bit, beside what libFLAC alone needs to encode the same tracks."""
import json
import pathlib
import shutil

import material
from measure import BenchError, Row, flac_alone, in_turns, level_in, run, say
from places import BUILD
from rig.room import Room

INTERFACES, CHANNELS = ("left", "right"), 16
SECONDS, QUICK_SECONDS = 60, 10
REPETITIONS, QUICK_REPETITIONS = 3, 1
TARGET = 1.3  # of libFLAC's own CPU


def write_config(room):
    path = room.path("appliance.yaml")
    lines = [f"  - {{name: {name}, node: {name}, channels: {CHANNELS}}}" for name in INTERFACES]
    path.write_text("\n".join(["woodshed: 1", "name: bench", "takes: takes", "interfaces:", *lines, ""]),
                    encoding="utf-8")
    return path


def open_interfaces(room, seconds):
    files = material.microphones(len(INTERFACES) * CHANNELS, seconds)
    for i, name in enumerate(INTERFACES):
        room.interface(name, channels=CHANNELS, loop=True, ppm=20 * i,
                       play=files[i * CHANNELS:(i + 1) * CHANNELS]).wait_ready()


class Recording:
    """Takes of one length, of which only the last is kept."""

    def __init__(self, room, seconds):
        self.room, self.seconds = room, seconds
        self.config = write_config(room)
        self.take = None

    def record(self):
        if self.take:
            shutil.rmtree(self.take)
        used = run(BUILD / "woodshed", "record", "--config", self.config, "--for", f"{self.seconds}s",
                   env=self.room.env)
        self.take = pathlib.Path(used.output.strip().splitlines()[-1])
        self.check()
        return used.cpu_s

    def check(self):
        manifest = json.loads((self.take / "take.json").read_text(encoding="utf-8"))
        tracks = manifest["tracks"]
        if len(tracks) != len(INTERFACES) * CHANNELS or manifest["frames"] < self.seconds * self.room.rate:
            raise BenchError(f"record: {len(tracks)} tracks of {manifest['frames']} frames")
        lost = sum(gap["frames"] for one in manifest["interfaces"] for gap in one["gaps"])
        if lost:
            say(f"record: {lost} frames were lost; the machine was too busy")

    def encode_alone(self):
        return flac_alone("encode", level_in("recorder/track.c"), *sorted((self.take / "raw").glob("*.flac")))


def measure(quick):
    """Rows for the table."""
    seconds = QUICK_SECONDS if quick else SECONDS
    with Room() as room:
        open_interfaces(room, seconds)
        recording = Recording(room, seconds)
        ours, alone = in_turns(QUICK_REPETITIONS if quick else REPETITIONS, recording.record, recording.encode_alone)
    what = f"record {len(INTERFACES) * CHANNELS} tracks x {seconds} s, CPU"
    return [Row(what, "libFLAC alone", ours, alone, TARGET)]
