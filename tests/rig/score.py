#!/usr/bin/python3
"""What a MIDI song says of itself: the truth for what is found in its recording.

usage: score.py SONG.mid

- beats: the quarters of each bar, or its three eighths where there are three, six, nine or twelve, as such bars are
  counted, from the first note to the last; a bar of an eighth before the song, as editors write
  one that begins with an upbeat, moves all beats by an eighth, and has none itself.
- bars: by the time signatures. A file without any says nothing of bars: they are of four quarters and count from the
  first note's quarter (two of the songs have everything a beat late, which their drums contradict).
- tempo: of the median beat, as a report tells it.
- key: the one whose profile (D. Temperley, "The Cognition of Basic Musical Structures", 2001) fits the sounding
  time of the pitch classes best. Key signatures are missing in most of the files and wrong in others (one sharp
  over Gm, Cm and Dm).
- chords: of each bar the major or minor triads that fit its notes best: sounding time in the triad less sounding
  time outside it; its root counts again where the lowest voice has it. They are several where the notes leave it
  open, as a bar of E and B does between E and Em: a quarter of all bars has no third. Bars without three quarters
  of a beat of pitched notes have none.
- sections: bar lines where the score turns into something else. Each bar is the set of (channel, eighth of the bar,
  pitch); two bars are alike by the part of both that they share. A section begins where a checkerboard of eight bars
  (J. Foote, 2000) on the matrix of likenesses peaks; what lies nearer than four bars to a stronger one does not count.
- voices: of a channel, whether no two of its notes overlap by more than 30 ms.
"""
import dataclasses
import functools
import math
import pathlib
import statistics
import struct
import sys

from . import band

MAJOR = (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0)
MINOR = (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0)
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
KERNEL, APART, LEAST_NOVELTY = 8, 4, 0.14


@dataclasses.dataclass(frozen=True)
class Note:
    channel: int
    pitch: int
    begin: float
    end: float


def key_name(tonic, minor):
    return NAMES[tonic % 12] + ("m" if minor else "")


def correlation(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    top = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    return top / (math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)) or 1)


class Score:
    """Times are in seconds of the recording, which fluidsynth begins with tick 0."""

    def __init__(self, midi, until=None):
        """Of the bytes of a MIDI file, or of a path to one. What begins `until` seconds after its beginning or later
        is not part of the song."""
        midi = midi if isinstance(midi, bytes) else pathlib.Path(midi).read_bytes()
        self.division, self.tempi, self.signatures = 480, [(0, 500000)], []
        self.programs, events = {}, []
        for kind, body in band.chunks(midi):
            if kind == b"MThd":
                self.division = struct.unpack(">HHH", body[:6])[2]
            elif kind == b"MTrk":
                events += self._track(body)
        self.tempi.sort(key=lambda change: change[0])
        events.sort(key=lambda event: (event[0], event[1]))
        self.notes = [note for note in self._notes(events) if until is None or note.begin < until]
        self.begin = min(note.begin for note in self.notes)
        self.end = max(note.end for note in self.notes if note.channel != band.DRUM_CHANNEL)
        self.last = max(note.begin for note in self.notes)

    def _track(self, body):
        tick, found = 0, []
        for event in band.Reader(body).events():
            tick += event.delta
            if event.status == 0xFF:
                self._meta(tick, event.data[1], event.data[3:])
            elif event.kind == 0xC:
                self.programs.setdefault(event.channel, event.data[1])
            elif event.kind in (8, 9):
                on = event.kind == 9 and event.data[2] > 0
                found.append((tick, on, event.channel, event.data[1]))
        return found

    def _meta(self, tick, kind, data):
        if kind == 0x51:
            self.tempi.append((tick, int.from_bytes(data[:3], "big")))
        elif kind == 0x58:
            self.signatures.append((tick, data[0], 1 << data[1]))

    def _notes(self, events):
        sounding, notes = {}, []
        for tick, on, channel, pitch in events:
            began = sounding.pop((channel, pitch), None)
            if began is not None:
                notes.append(Note(channel, pitch, self.time(began), self.time(tick)))
            if on:
                sounding[channel, pitch] = tick
        return sorted((note for note in notes if note.end > note.begin), key=lambda note: note.begin)

    @functools.lru_cache(maxsize=None)
    def time(self, tick):
        seconds, at, us = 0.0, 0, 500000
        for change, tempo in self.tempi:
            if change >= tick:
                break
            seconds += (change - at) * us / self.division / 1e6
            at, us = change, tempo
        return seconds + (tick - at) * us / self.division / 1e6

    # ---- rhythm ----

    @functools.cached_property
    def beats(self):
        found = []
        for tick, end in zip(self._bar_ticks, self._bar_ticks[1:]):
            step = self._beat_ticks(tick)
            while tick + step <= end:
                if self.begin - 0.02 <= self.time(tick) <= self.last + 0.02:
                    found.append(self.time(tick))
                tick += step
        return found

    def _signature(self, tick):
        """(numerator, denominator) of the bar at a tick."""
        now = [change for change in sorted(self.signatures) if change[0] <= tick] or [(0, 4, 4)]
        return now[-1][1:]

    def _beat_ticks(self, tick):
        upper, lower = self._signature(tick)
        return self.division * 3 // 2 if lower == 8 and upper % 3 == 0 else self.division

    @functools.cached_property
    def _bar_ticks(self):
        found, tick = [], 0 if self.signatures else self._first_beat
        while self.time(tick) <= self.last + 0.02:
            found.append(tick)
            upper, lower = self._signature(tick)
            tick += self.division * 4 * upper // lower
        return [*found, tick]

    @property
    def _first_beat(self):
        """The last quarter before the first note, or with it."""
        tick = 0
        while self.time(tick + self.division) <= self.begin + 0.02:
            tick += self.division
        return tick

    @functools.cached_property
    def bars(self):
        """The bar lines, one behind the last included."""
        return [self.time(tick) for tick in self._bar_ticks]

    @functools.cached_property
    def meter(self):
        return self.signatures[-1][1] if self.signatures else 4

    @functools.cached_property
    def tempo(self):
        return 60 / statistics.median(after - before for before, after in zip(self.beats, self.beats[1:]))

    # ---- harmony ----

    @property
    def pitched(self):
        return [note for note in self.notes if note.channel != band.DRUM_CHANNEL]

    @functools.cached_property
    def key(self):
        """(tonic, minor)"""
        classes = [0.0] * 12
        for note in self.pitched:
            classes[note.pitch % 12] += min(note.end - note.begin, 4)
        fits = {(tonic, minor): correlation([classes[(i + tonic) % 12] for i in range(12)], MINOR if minor else MAJOR)
                for tonic in range(12) for minor in (False, True)}
        return max(fits, key=fits.get)

    def triads(self, begin, end):
        """All (root, minor) that fit the notes between two moments best."""
        classes, lowest = [0.0] * 12, [0.0] * 12
        notes = [note for note in self.pitched if note.begin < end and note.end > begin]
        for note in notes:
            sounds = min(note.end, end) - max(note.begin, begin)
            classes[note.pitch % 12] += sounds
            if not any(other.pitch < note.pitch and other.begin < note.end - 0.03 and other.end > note.begin + 0.03
                       for other in notes):
                lowest[note.pitch % 12] += sounds
        total = sum(classes)
        if total < 0.75 * 60 / self.tempo:
            return []

        def fit(root, minor):
            inside = sum(classes[(root + step) % 12] for step in (0, 3 if minor else 4, 7))
            return 2 * inside - total + lowest[root]
        fits = {(root, minor): fit(root, minor) for root in range(12) for minor in (False, True)}
        return [chord for chord, value in fits.items() if value >= max(fits.values()) - 1e-6 * total]

    @functools.cached_property
    def chords(self):
        """[(begin, end, triads)] a bar."""
        return [(begin, end, self.triads(begin, end)) for begin, end in zip(self.bars, self.bars[1:])]

    # ---- form ----

    @functools.cached_property
    def _bar_sets(self):
        sets = [set() for _ in self.bars[1:]]
        at = 0
        for note in self.notes:
            while at + 1 < len(sets) and note.begin >= self.bars[at + 1] - 0.01:
                at += 1
            place = (note.begin - self.bars[at]) / (self.bars[at + 1] - self.bars[at])
            sets[at].add((note.channel, round(place * 8), note.pitch))
        return sets

    @functools.cached_property
    def sections(self):
        """Moments at which a section begins, but for the first one's."""
        sets, count = self._bar_sets, len(self._bar_sets)
        alike = [[2 * len(a & b) / ((len(a) + len(b)) or 1) for b in sets] for a in sets]

        def novelty(bar):
            within = across = pairs = 0
            reach = range(1, min(KERNEL, bar, count - bar) + 1)
            for i in reach:
                for j in reach:
                    within += (alike[bar - i][bar - j] + alike[bar + i - 1][bar + j - 1]) / 2
                    across += alike[bar - i][bar + j - 1]
                    pairs += 1
            return (within - across) / pairs
        novelties = {bar: novelty(bar) for bar in range(APART, count - APART + 1)}
        chosen = []
        for bar in sorted(novelties, key=novelties.get, reverse=True):
            if novelties[bar] >= LEAST_NOVELTY and all(abs(bar - other) >= APART for other in chosen):
                chosen.append(bar)
        return sorted(self.bars[bar] for bar in chosen)

    # ---- voices ----

    def voice(self, channel):
        return [note for note in self.notes if note.channel == channel]

    def single_voiced(self, channel):
        notes = self.voice(channel)
        return bool(notes) and all(a.end - b.begin <= 0.03 for a, b in zip(notes, notes[1:]))


if __name__ == "__main__":
    told = Score(sys.argv[1])
    print(f"{told.tempo:.2f} bpm, {told.meter} beats a bar, {key_name(*told.key)}, {len(told.beats)} beats")
    print(" | ".join(" or ".join(key_name(*chord) for chord in triads) or "-" for _, _, triads in told.chords))
    print("sections:", " ".join(f"{moment:.1f}" for moment in told.sections))
