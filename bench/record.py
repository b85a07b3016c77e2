"""record: two interfaces of 16 channels, 24 bit, beside what libFLAC alone needs to encode the same tracks, and
beside jack_capture; and a program with as many ports that does nothing."""
import json
import mmap
import pathlib
import re
import shutil
import time

import material
from measure import BenchError, Row, flac_alone, in_turns, level_in, run, say
from places import BUILD
from rig.room import Room

INTERFACES, CHANNELS = ("left", "right"), 16
SECONDS, QUICK_SECONDS, SHORT_SECONDS = 120, 10, 4  # a short song; to see that it runs; what a take costs but once
MUSIC_SECONDS = 40  # which loop
OFTEN_SECONDS = 12  # of the rows at a short quantum, and of ports that do nothing
REPETITIONS, QUICK_REPETITIONS = 3, 1
TARGET = 1.3  # of libFLAC's own CPU
TOUCHED = 512 << 20  # bytes: twice the tape
QUANTUM = 4096  # frames a cycle: what the program asks for, and gets on a box where nobody asks for less
PEER_QUANTUM = 1024  # what PipeWire gives whoever asks for nothing, as the peer does
SHORT_QUANTUM = 256  # what somebody may who plays through the same box


def touch_memory():
    """A virtual machine may get its memory from the host when a page is first touched: 2 ms a MiB where it was seen
    instead of 0.1, and the tape is 236 MiB. Free pages go back to the host after some seconds. Which run would meet
    such pages is chance, so they are fetched before each of ours. Of the same kind: what is shared lies elsewhere."""
    with mmap.mmap(-1, TOUCHED, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, TOUCHED, mmap.PAGESIZE):
            memory[at] = 1


def write_config(room):
    path = room.path("appliance.yaml")
    lines = [f"  - {{name: {name}, node: {name}, channels: {CHANNELS}}}" for name in INTERFACES]
    path.write_text("\n".join(["woodshed: 1", "name: bench", "takes: takes", "interfaces:", *lines, ""]),
                    encoding="utf-8")
    return path


def music(seconds):
    """A file for each microphone, for takes of so many seconds."""
    return material.microphones(len(INTERFACES) * CHANNELS, min(seconds, MUSIC_SECONDS))


def open_interfaces(room, seconds, **options):
    files = music(seconds)
    for i, name in enumerate(INTERFACES):
        room.interface(name, channels=CHANNELS, loop=True, ppm=20 * i, play=files[i * CHANNELS:(i + 1) * CHANNELS],
                       **options).wait_ready()


# Threads by their names; what has none is the capture thread, which PipeWire makes, and the program's own name.
PARTS = {"writer": "writers: encoding, levels, loudness", "woodshed": "the capture thread", "syncer": "syncs",
         "checksums": "checksums"}
REST = "all else: start, tape, control"


class Recording:
    """Takes of one length, of which only the last is kept. They start in the middle of the music, which loops."""

    def __init__(self, room, seconds):
        self.room, self.seconds = room, seconds
        self.config = write_config(room)
        self.take = None

    def record(self):
        """CPU seconds of one take, from the program's start to its end: of all, then of its parts in PARTS' order."""
        if self.take:
            shutil.rmtree(self.take)
        touch_memory()
        used = run(BUILD / "woodshed", "record", "--config", self.config, "--for", f"{self.seconds}s",
                   env=self.room.env, by_thread=True)
        self.take = pathlib.Path(used.output.strip().splitlines()[-1])
        self.check()
        own = [used.by_thread.get(name, 0) for name in PARTS]
        return [used.cpu_s, *own, used.cpu_s - sum(own)]

    def check(self):
        manifest = json.loads((self.take / "take.json").read_text(encoding="utf-8"))
        tracks = manifest["tracks"]
        if len(tracks) != len(INTERFACES) * CHANNELS or manifest["frames"] < self.seconds * self.room.rate:
            raise BenchError(f"record: {len(tracks)} tracks of {manifest['frames']} frames")
        lost = sum(gap["frames"] for one in manifest["interfaces"] for gap in one["gaps"])
        if lost:
            say(f"record: {lost} frames were lost; the machine was too busy")

    def encode_alone(self):
        return flac_alone("encode", level_in("recorder/track-file.c"), *sorted((self.take / "raw").glob("*.flac")))


def check_wave(path, seconds, rate):
    """The peer heard all of it: as many channels and frames, and none of them silent."""
    said = run("soxi", path).output
    channels, frames = (int(re.search(pattern, said)[1]) for pattern in (r"Channels\s*: (\d+)", r"= (\d+) samples"))
    if channels != len(INTERFACES) * CHANNELS or frames < seconds * rate:
        raise BenchError(f"record: jack_capture wrote {channels} channels of {frames} frames")
    peaks = re.search(r"Pk lev dB(.*)", run("sox", path, "-n", "trim", 0, 5, "stats", output="stderr").output)[1]
    if "-inf" in peaks:
        raise BenchError("record: jack_capture wrote silence")


def jack_capture(seconds):
    """CPU seconds of the peer: the same microphones, of one interface, into a WAV file. A JACK client has but one
    driver, so two interfaces with their own clocks are not for it."""
    with Room() as room:
        name, channels = "desk", len(INTERFACES) * CHANNELS
        room.interface(name, description=name, channels=channels, loop=True, quantum=PEER_QUANTUM,
                       play=music(seconds)).wait_ready()
        path = room.path("jack.wav")
        used = run("pw-jack", "jack_capture", "--no-stdin", "--disable-console", "--bitdepth", 24,
                   "--channels", channels, "--port", f"{name}:capture_AUX*", "--recording-time", seconds,
                   "--filename", path, env=room.env)
        check_wave(path, seconds, room.rate)
        return used.cpu_s


def idle(room, seconds):
    """CPU seconds of a program that is in the graph with as many ports and leaves what it is given alone."""
    process = room.spawn(room.name("idle"), BUILD / "bench/pw-idle", seconds, CHANNELS, *INTERFACES)
    process.wait_line("ready")
    for name in INTERFACES:
        for channel in range(CHANNELS):
            link(room, f"{name}:capture_AUX{channel}", f"idle.{name}:input_{channel + 1}")
    status = process.wait(seconds + 30)
    if status:
        raise BenchError(f"pw-idle: status {status}: {process.stderr}")
    used, cycles = process.stdout.split()[1:]
    if int(cycles) < 0.9 * len(INTERFACES) * seconds * room.rate / QUANTUM:
        raise BenchError(f"pw-idle: {cycles} cycles")
    return float(used)


def link(room, output, port):
    """Ports show some time after the node that they belong to."""
    for _ in range(100):
        try:
            run("pw-link", output, port, env=room.env)
            return
        except BenchError as problem:
            last = problem
            time.sleep(0.05)
    raise last


def less(long, short):
    """What the seconds cost by which one take is longer: without what a take costs but once."""
    return [whole - start for whole, start in zip(long, short)]


def parts_of(takes, alone):
    """A row for each part of what Recording.record returned."""
    return [Row(f"  {name}", "libFLAC alone", [take[at] for take in takes], alone)
            for at, name in enumerate([*PARTS.values(), REST], start=1)]


def measure(quick):
    """Rows for the table."""
    seconds, often_seconds = (QUICK_SECONDS, SHORT_SECONDS) if quick else (SECONDS, OFTEN_SECONDS)
    with Room() as room, Room() as hasty:
        open_interfaces(room, seconds, any_quantum=True)
        open_interfaces(hasty, seconds, quantum=SHORT_QUANTUM)
        short, long = Recording(room, SHORT_SECONDS), Recording(room, seconds)
        often = Recording(hasty, often_seconds)
        takes, alone, jack, short_takes, alone_short, often_takes, alone_often, nothing, nothing_often = in_turns(
            QUICK_REPETITIONS if quick else REPETITIONS, long.record, long.encode_alone,
            lambda: jack_capture(seconds), short.record, short.encode_alone, often.record, often.encode_alone,
            lambda: idle(room, often_seconds), lambda: idle(hasty, often_seconds))
    ours, ours_short, ours_often = ([take[0] for take in some] for some in (takes, short_takes, often_takes))
    what = f"record {len(INTERFACES) * CHANNELS} tracks x {seconds} s, CPU"
    return [Row(what, "libFLAC alone", ours, alone, TARGET),
            *parts_of(takes, alone),
            Row(f"  without what the first {SHORT_SECONDS} s cost", "libFLAC alone", less(ours, ours_short),
                less(alone, alone_short)),
            Row(f"ports that do nothing, {often_seconds} s", "libFLAC alone", nothing, alone_often),
            Row(what, "jack_capture, to WAV", ours, jack),
            Row(f"record {often_seconds} s at a quantum of {SHORT_QUANTUM}, CPU", "libFLAC alone", ours_often,
                alone_often),
            Row("  ports that do nothing", "libFLAC alone", nothing_often, alone_often)]
