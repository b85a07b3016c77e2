"""What is heard at each place of songs' bars, counted: the numbers of listening/counted.c."""
import bisect
import dataclasses
import math

# As listening/places.h and listening/evidence.h have them.
PLACES = ("LINE", "BACK", "MIDDLE", "BEAT", "HALF", "NO_QUARTER", "FOUR_HALF", "QUARTER", "FIRST_THIRD", "LAST_THIRD")
KINDS = ("ONSET", "KICK", "SNARE", "HAT", "BASS", "NOTES", "CHANGE")
BINS = 5  # a sixth: whoever is heard rests
# Beats are heard so much later than they are told (listening/song.c).
LATE_S = 0.012
# Beats have a part where at least this much of what begins between beats begins, within so much of a beat.
OFTEN, NEAR = 0.12, 0.06
# Less than so many moments of a song tell nothing of a place; songs' worth of "as anywhere" that are added.
LEAST, SMOOTH = 24, 1


@dataclasses.dataclass(frozen=True)
class Heard:
    """Of a song: the bins of each kind, a digit a frame; how many frames a second."""
    rate: float
    rows: tuple


def read_bins(text):
    rate, *rows = text.splitlines()
    return Heard(float(rate), tuple(rows))


def parts_of(score):
    """(quarters, first thirds, last thirds): how much of what begins between beats begins there."""
    found, between = {1 / 4: 0, 3 / 4: 0, 1 / 3: 0, 2 / 3: 0}, 1
    for note in score.notes:
        at = bisect.bisect(score.beats, note.begin) - 1
        if not 0 <= at < len(score.beats) - 1:
            continue
        place = (note.begin - score.beats[at]) / (score.beats[at + 1] - score.beats[at])
        if NEAR < place < 1 - NEAR:
            nearest = min((*found, 1 / 2), key=lambda part: abs(part - place))
            between += 1
            if nearest in found and abs(nearest - place) <= NEAR:
                found[nearest] += 1
    return (found[1 / 4] + found[3 / 4]) / between, found[1 / 3] / between, found[2 / 3] / between


def beat_places(score):
    """(beat, its places) a beat."""
    for begin, end in zip(score.bars, score.bars[1:]):
        beats = [beat for beat in score.beats if begin - 0.01 <= beat < end - 0.01]
        if len(beats) < 2:
            continue
        meter = round((end - begin) / (beats[1] - beats[0]))
        # The first bar may begin before the song does.
        for i, beat in enumerate(beats, round((beats[0] - begin) / (beats[1] - beats[0]))):
            if i == 0:
                yield beat, ("LINE",)
            elif meter == 4:
                yield beat, ("BEAT", "MIDDLE" if i == 2 else "BACK")
            else:
                yield beat, ("BEAT",)


def places_of(score):
    """[(moment, place)] of a song by its score."""
    quarters, first, last = parts_of(score)
    if max(first, last) > max(quarters, OFTEN):
        parts = ((1 / 3, "FIRST_THIRD"), (2 / 3, "LAST_THIRD")) if first < last / 2 else ()
    elif quarters > OFTEN:
        parts = ((1 / 2, "FOUR_HALF"), (1 / 4, "QUARTER"), (3 / 4, "QUARTER"))
    else:
        parts = ((1 / 2, "HALF"), (1 / 4, "NO_QUARTER"), (3 / 4, "NO_QUARTER"))
    found = [(beat, place) for beat, places in beat_places(score) for place in places]
    return found + [(beat + part * (after - beat), place)
                    for beat, after in zip(score.beats, score.beats[1:]) for part, place in parts]


def bins_of(score, heard):
    """(place, kind) → the part of its moments in each bin, and kind → that of all frames; where there are enough."""
    found = {}
    for moment, place in places_of(score):
        frame = round((moment + LATE_S) * heard.rate)
        for kind, row in zip(KINDS, heard.rows):
            bin_ = int(row[frame]) if frame < len(row) else BINS
            if bin_ < BINS:
                found.setdefault((place, kind), [0] * BINS)[bin_] += 1
    for kind, row in zip(KINDS, heard.rows):
        found[kind] = [row.count(str(bin_)) for bin_ in range(BINS)]
    return {what: [count / sum(counts) for count in counts] for what, counts in found.items() if sum(counts) >= LEAST}


def table_of(songs):
    """The logarithms, PLACES × KINDS × BINS, of what bins_of gave of each song, which count alike."""
    def mean(parts, more):
        rows = parts + more
        return [sum(row[bin_] for row in rows) / len(rows) for bin_ in range(BINS)]
    table = []
    for place in PLACES:
        table.append([])
        for kind in KINDS:
            # What a song has nowhere may be met in another.
            least = [1e-4] * BINS
            with_place = [song for song in songs if (place, kind) in song]
            anywhere = [max(pair) for pair in zip(mean([song[kind] for song in songs if kind in song], []), least)]
            there = mean([song[place, kind] for song in with_place], [anywhere] * SMOOTH)
            usual = mean([song[kind] for song in with_place], [anywhere] * SMOOTH)
            table[-1].append([math.log(max(a, 1e-4) / max(b, 1e-4)) if kind != "ONSET" else 0.0
                              for a, b in zip(there, usual)])
    return table
