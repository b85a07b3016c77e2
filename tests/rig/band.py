#!/usr/bin/python3
"""A band for the room: renders a MIDI song as multitrack WAV files, one a player.

usage: band.py SONG OUTDIR [--seconds S] [--bleed DB] [--noise DBFS] [--rate HZ] [--soundfont FILE]

SONG is a MIDI file, or a number: the songs of Debian's openttd-openmsx, in the order of their names. Each MIDI
channel that plays becomes one mono 24-bit file, named after its instrument; all have one length. --bleed mixes
all the others into each track, as in a room full of microphones; --noise adds a white noise floor (RMS). The
players are rendered by fluidsynth, mixed by sox. Prints a line a track: file, instrument, peak in dBFS.
"""
import argparse
import dataclasses
import pathlib
import re
import subprocess
import sys
import tempfile

SOUNDFONT = pathlib.Path("/usr/share/sounds/sf2/TimGM6mb.sf2")
SONGS = pathlib.Path("/usr/share/games/openttd/baseset/openmsx")
DRUM_CHANNEL = 9
# General MIDI's families, eight programs each.
FAMILIES = ("piano", "chromatic", "organ", "guitar", "bass", "strings", "ensemble", "brass", "reed", "pipe",
            "lead", "pad", "fx", "ethnic", "percussive", "sound")


class BandError(Exception):
    """What is wrong with the song, or with a tool."""


@dataclasses.dataclass
class Track:
    path: pathlib.Path
    instrument: str
    peak_dbfs: float


@dataclasses.dataclass
class Event:
    """One MIDI event: its time in ticks since the one before, its status, and its bytes as they are written."""
    delta: int
    status: int
    data: bytes

    @property
    def channel(self):
        return self.status & 15 if self.status < 0xF0 else None

    @property
    def kind(self):
        return self.status >> 4


class Reader:
    """Reads one MTrk chunk's events."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def take(self, count):
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self):
        value = 0
        while True:
            byte = self.byte()
            value = value << 7 | byte & 127
            if byte < 128:
                return value

    def events(self):
        running = 0
        while self.at < len(self.data):
            delta, begin = self.number(), self.at
            status = self.data[begin]
            if status >= 0xF0:
                self.take(2 if status == 0xFF else 1)
                self.take(self.number())
                yield Event(delta, status, self.data[begin:self.at])
                continue
            if status >= 0x80:
                running = self.byte()
            # Written out with its status, since the event before it may be dropped.
            yield Event(delta, running, bytes([running]) + self.take(1 if running >> 4 in (12, 13) else 2))


def chunks(midi):
    at = 0
    while at + 8 <= len(midi):
        size = int.from_bytes(midi[at + 4:at + 8], "big")
        yield midi[at:at + 4], midi[at + 8:at + 8 + size]
        at += 8 + size


def pack_number(value):
    packed = bytes([value & 127])
    while value := value >> 7:
        packed = bytes([value & 127 | 128]) + packed
    return packed


def keep_channel(body, channel):
    """The chunk without the other channels' events; everyone's tempo and timing stay."""
    kept, owed = bytearray(), 0
    for event in Reader(body).events():
        owed += event.delta
        if event.channel in (None, channel):
            kept += pack_number(owed) + event.data
            owed = 0
    return bytes(kept)


def solo(midi, channel):
    out = bytearray()
    for kind, body in chunks(midi):
        if kind == b"MTrk":
            body = keep_channel(body, channel)
        out += kind + len(body).to_bytes(4, "big") + body
    return bytes(out)


def players(midi):
    """channel → name of its instrument, for all channels that play a note."""
    programs, playing = {}, set()
    for kind, body in chunks(midi):
        for event in Reader(body).events() if kind == b"MTrk" else ():
            if event.kind == 0xC:
                programs.setdefault(event.channel, event.data[1])
            elif event.kind == 9 and event.data[2]:
                playing.add(event.channel)
    names = {}
    for channel in sorted(playing):
        family = "drums" if channel == DRUM_CHANNEL else FAMILIES[programs.get(channel, 0) // 8]
        same = sum(re.sub(r"\d+$", "", name) == family for name in names.values())
        names[channel] = f"{family}{same + 1}" if same else family
    return names


def run(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BandError(f"{command[0]}: {done.stderr.strip() or done.returncode}")
    return done


def play(midi, channel, path, rate, soundfont):
    """One player alone, dry, as a mono float file."""
    score, stereo = path.with_suffix(".mid"), path.with_suffix(".stereo.wav")
    score.write_bytes(solo(midi, channel))
    run("fluidsynth", "-ni", "-q", "-R", 0, "-C", 0, "-g", 0.4, "-r", rate, "-O", "float", "-F", stereo,
        soundfont, score)
    run("sox", stereo, "-e", "float", "-b", 32, path, "remix", "1-2")
    stereo.unlink()


def seconds_of(path):
    return float(run("soxi", "-D", path).stdout)


def peak_of(path):
    return float(re.search(r"Pk lev dB\s+(\S+)", run("sox", path, "-n", "stats").stderr)[1])


def sum_of(paths, out):
    """All of them together, so that a microphone needs no more than its own player and this one for the bleed."""
    inputs = [part for path in paths for part in ("-v", 1, path)]
    run("sox", *(["-m"] if len(paths) > 1 else []), *inputs, "-e", "float", "-b", 32, out)


def noise_floor(path, seconds, rate, rms):
    # sox's white noise is uniform: its RMS is 4.77 dB below its peak. -R: the same on every run.
    run("sox", "-R", "-n", "-r", rate, "-c", 1, "-e", "float", "-b", 32, path, "synth", seconds, "whitenoise",
        "gain", rms + 4.77)


def mix(dry, everybody, floor, out, seconds, bleed):
    """Writes what the microphone of the player in `dry` hears, cut or padded to `seconds`; `floor` may be None."""
    heard = [(1.0, dry)]
    if bleed is not None:
        part = 10 ** (bleed / 20)
        heard = [(1 - part, dry), (part, everybody)]
    if floor is not None:
        heard.append((1.0, floor))
    inputs = [part for gain, path in heard for part in ("-v", gain, path)]
    # wavpcm: a plain header, which Python's wave module reads too.
    run("sox", "-R", *(["-m"] if len(heard) > 1 else []), *inputs, "-b", 24, "-e", "signed-integer", "-t", "wavpcm",
        out, "pad", 0, seconds, "trim", 0, seconds)


def songs():
    return sorted(SONGS.glob("*.mid"))


def render(song, outdir, seconds=None, bleed=None, noise=None, rate=48000, soundfont=SOUNDFONT, only=None):
    """Writes the tracks of `song` into `outdir`, and returns them as a list of Track. Times in seconds, `bleed`
    in dB, `noise` in dBFS; `only` is the one player who plays."""
    midi = pathlib.Path(song).read_bytes()
    if midi[:4] != b"MThd":
        raise BandError(f"{song}: not a standard MIDI file")
    outdir = pathlib.Path(outdir)
    outdir.mkdir(parents=True, exist_ok=True)
    tracks = []
    with tempfile.TemporaryDirectory() as temp:
        dry = {}
        for channel, name in players(midi).items():
            if only not in (None, name):
                continue
            dry[name] = pathlib.Path(temp, f"{name}.wav")
            play(midi, channel, dry[name], rate, soundfont)
        length = seconds or max(map(seconds_of, dry.values()))
        everybody = pathlib.Path(temp, "everybody.wav")
        if bleed is not None:
            sum_of(list(dry.values()), everybody)
        floor = None if noise is None else pathlib.Path(temp, "noise floor.wav")
        if floor:
            noise_floor(floor, length, rate, noise)
        for name in dry:
            path = outdir / f"{name}.wav"
            mix(dry[name], everybody, floor, path, length, bleed)
            tracks.append(Track(path, re.sub(r"\d+$", "", name), peak_of(path)))
    return tracks


def main():
    ask = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].splitlines()[0], description=__doc__,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("song")
    ask.add_argument("outdir")
    ask.add_argument("--seconds", type=float)
    ask.add_argument("--bleed", type=float)
    ask.add_argument("--noise", type=float)
    ask.add_argument("--rate", type=int, default=48000)
    ask.add_argument("--soundfont", default=SOUNDFONT)
    options = vars(ask.parse_args())
    song = options.pop("song")
    try:
        if song.isdigit():
            song = songs()[int(song)]
        for track in render(song, options.pop("outdir"), **options):
            print(f"{track.path.name}\t{track.instrument}\t{track.peak_dbfs:.1f}")
    except (BandError, OSError, IndexError) as problem:
        sys.exit(f"band.py: {problem}")


if __name__ == "__main__":
    main()
