"""Single voices of many songs, each alone and in a microphone that hears the band, and how well what was followed of
them agrees with their scores.

The songs are those of songs.py, the other ones of simutrans-data, and those of freedoom, as lumps in its WADs. The
new ones are TUNED if the first byte of their name's SHA-256 is even, otherwise they are MORE_HELD_OUT: only the totals
of those were ever read, once, after everything else was done.

A voice counts by what its score says:
- no two of its notes overlap by more than 30 ms, and it has at least 40 of them (played.voices);
- all notes are in the range that pitch.h names, from B0 to B6 (a glockenspiel sounds two octaves above what is
  written);
- its instrument sounds what is written: neither General MIDI's lead of fifths, which sounds two notes, nor its
  percussive instruments and sound effects.
"""
import dataclasses
import functools
import os
import pathlib
import statistics
import subprocess
import tempfile

from . import band, songs
from .score import Score

LOWEST, HIGHEST, GLOCKENSPIEL, NO_PITCH = 23, 95, 9, {86, *range(112, 128)}
RATE = 24000
STEP_S, HALF_SEMITONE, SURE = 0.01, 0.5, 0.5
OCTAVES = (-12, 0, 12)


@functools.cache
def freedoom():
    """The names of freedoom's songs, one each, as some are there twice."""
    found = {}
    for name, midi in songs.lumps().items():
        found.setdefault(midi, name)
    return tuple(found.values())


def groups():
    """{name: songs}"""
    more = [path.stem for path in sorted(songs.SIMUTRANS.glob("*.mid"))
            if path.stem not in (*songs.TUNED, *songs.FIRST_HELD_OUT)]
    even = {song: songs.digest(song)[0] % 2 == 0 for song in (*more, *freedoom())}
    return {"tuned": [*songs.TUNED, *(song for song in even if even[song])], "held out": list(songs.FIRST_HELD_OUT),
            "more held out": [song for song in even if not even[song]]}


@dataclasses.dataclass
class Voice:
    song: str
    name: str
    channel: int
    notes: list
    bends: list  # [(s, semitones)]


def bends_of(midi, channel, score):
    """How far the wheel bends a channel: from when on, and how many semitones."""
    events = []
    for kind, body in band.chunks(midi):
        tick = 0
        for event in band.Reader(body).events() if kind == b"MTrk" else ():
            tick += event.delta
            if event.channel == channel and event.kind in (0xB, 0xE):
                events.append((tick, event.kind, *event.data[1:3]))
    parameter, reach, bent, found = [127, 127], 2, 0.0, []
    for tick, kind, first, second in sorted(events, key=lambda event: event[0]):
        if kind == 0xE:
            bent = ((second << 7 | first) - 8192) / 8192
        elif first in (100, 101):
            parameter[101 - first] = second
        elif first == 6 and parameter == [0, 0]:
            reach = second
        elif first == 121:
            bent = 0.0
        if not found or found[-1][1] != bent * reach:
            found.append((score.time(tick), bent * reach))
    return found


def voices(song):
    midi = songs.midi_of(song)
    with tempfile.NamedTemporaryFile(suffix=".mid") as file:
        file.write(midi)
        file.flush()
        score = Score(file.name)
    found = []
    for channel, name in band.players(midi).items():
        notes, program = score.voice(channel), score.programs.get(channel, 0)
        above = 24 if program == GLOCKENSPIEL else 0
        if channel != band.DRUM_CHANNEL and program not in NO_PITCH and score.single_voiced(channel) and \
                len(notes) >= 40 and min(note.pitch for note in notes) + above >= LOWEST and \
                max(note.pitch for note in notes) + above <= HIGHEST:
            found.append(Voice(song, name, channel, notes, bends_of(midi, channel, score)))
    return found


# ---- how it sounds ----

def synthesise(follow, midi, path):
    """The song, or a part of it, dry, as mono floats at 12 kHz; made once."""
    if path.exists():
        return path
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        score, raw, thin = (pathlib.Path(folder, name) for name in ("score.mid", "stereo.raw", "thin.f32"))
        score.write_bytes(midi)
        band.run("fluidsynth", "-ni", "-q", "-R", 0, "-C", 0, "-g", 0.4, "-r", RATE, "-O", "float", "-T", "raw",
                 "-F", raw, band.SOUNDFONT, score)
        band.run(follow, "thin", raw, thin)
        os.replace(thin, path)
    return path


@dataclasses.dataclass
class Followed:
    """Times are in seconds."""
    confidence: float
    guesses: list  # (from, to, note, confidence, signs)
    begin: float
    step: float
    pitches: list


def follow(program, *paths):
    done = subprocess.run([program, *paths], capture_output=True, text=True, check=True)
    told = Followed(0.0, [], 0.0, 1.0, [])
    for kind, *values in map(str.split, done.stdout.splitlines()):
        if kind == "confidence":
            told.confidence = float(values[0])
        elif kind == "guess":
            told.guesses.append((float(values[0]), float(values[1]), int(values[2]), float(values[3]),
                                 [float(value) for value in values[4:]]))
        elif kind == "pitches":
            told.begin, told.step, *told.pitches = map(float, values)
    return told


def heard(program, cache, voice, bleed):
    midi = songs.midi_of(voice.song)
    paths = [synthesise(program, band.solo(midi, voice.channel), cache / f"{voice.song}--{voice.name}.f32")]
    if bleed:
        paths.append(synthesise(program, midi, cache / f"{voice.song}--all.f32"))
    return follow(program, *paths)


# ---- how well it agrees ----

def steps(begin, end):
    """The hundredths of a second whose middle lies between two moments."""
    return range(max(0, -int(-(begin / STEP_S - 0.5) // 1)), max(0, -int(-(end / STEP_S - 0.5) // 1)))


def written_steps(notes):
    """{step: pitch}; the later one of two notes."""
    return {step: note.pitch for note in notes for step in steps(note.begin, note.end)}


@dataclasses.dataclass
class Judged:
    pitch: float  # raw pitch accuracy, as mir_eval and MIREX define it
    written: float  # the part of the notes' time in which the note is written, 0 if the melody is not told
    precise: float  # the part of what is written of notes at all, told or not, that is right
    told: bool
    rights: list  # of each guess, whether it is


def judge(voice, told):
    truth = written_steps(voice.notes)
    guessed = {step: note for begin, end, note, _, _ in told.guesses for step in steps(begin, end)}
    # An instrument may sound an octave from what is written for it, throughout.
    octave = max(OCTAVES, key=lambda octave: sum(guessed.get(step) == pitch + octave for step, pitch in truth.items()))
    sure = [guess for guess in told.guesses if guess[3] >= SURE]
    written = {step: note for begin, end, note, _, _ in sure for step in steps(begin, end)}
    right = sum(written.get(step) == pitch + octave for step, pitch in truth.items())
    rights = [is_right(truth, octave, guess) for guess in told.guesses]
    lengths = [(guess[1] - guess[0], well) for guess, well in zip(told.guesses, rights) if guess[3] >= SURE]
    precise = sum(length for length, well in lengths if well) / (sum(length for length, _ in lengths) or 1)
    return Judged(pitch_accuracy(voice, truth, told), right / len(truth) if told.confidence >= SURE else 0.0, precise,
                  told.confidence >= SURE, rights)


def is_right(truth, octave, guess):
    """Where it sounds at all: a tone may ring on behind its note's end, but not for longer than that."""
    begin, end, note, _, _ = guess
    reach = steps(begin, end)
    voiced = [truth[step] + octave == note for step in reach if step in truth]
    return sum(voiced) >= 0.5 * len(reach) or (len(voiced) * STEP_S >= 0.06 and sum(voiced) >= 0.8 * len(voiced))


def pitch_accuracy(voice, truth, told):
    """Of the steps in which the score has a note, the part in which the pitch is less than half a semitone from it,
    bent as it is; whether anything is told or the pitch is only guessed."""
    met, at, bend = dict.fromkeys(OCTAVES, 0), 0, 0.0
    for step in sorted(truth):
        moment = (step + 0.5) * STEP_S
        while at < len(voice.bends) and voice.bends[at][0] <= moment:
            bend, at = voice.bends[at][1], at + 1
        place = min(len(told.pitches) - 1, max(0, round((moment - told.begin) / told.step)))
        off = told.pitches[place] - truth[step] - bend
        for octave in OCTAVES:
            met[octave] += abs(off - octave) < HALF_SEMITONE
    return max(met.values()) / len(truth)


def mean(values):
    values = list(values)
    return statistics.mean(values) if values else 0.0
