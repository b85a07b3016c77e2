"""The songs that listening is tuned on and judged by, and where Debian's packages have them.

usage, in tests/: python3 -m rig.songs   (says which songs the rule takes, and why not the others)

What was counted, weighed and chosen in listening/ was on the songs of the first four lists; those of HELD_OUT were never
looked at, only their totals. TUNED and FIRST_HELD_OUT: of openttd-openmsx every second song by name; of
simutrans-data, by the SHA-256 of the name: if its second byte is even, an even first byte makes it TUNED, an odd one
FIRST_HELD_OUT (of these the first twelve by hash). MORE and SECOND_HELD_OUT are the other songs of simutrans-data and
those in freedoom's WADs: of those that the rule takes, an even third byte of the SHA-256 of the name makes one MORE, an
odd one SECOND_HELD_OUT. What was held out first and second was tuned on once its totals had been read, some two times,
and new songs had come in: HELD_OUT, which are all that the rule takes of mma's examples and grooves,
planetblupi-music-midi and freedink-data. Melodies and harmony were never tuned on FIRST_HELD_OUT.

The rule asks the score alone: at least 60 s from its beginning to the last note, at least three players, no second
copy, and a tempo map that is that of the notes: at least 0.6 of them begin within 1/32 of a beat of its quarters or
thirds (wherever they fell, 0.37 of them would, as they do where music was converted from a format without beats)."""
import functools
import hashlib
import pathlib
import struct

from . import band
from .score import Score

TUNED = ("5432gone_redfarn", "boogi_marabi_redfarn", "careless_perc_redfarn", "chuggachugga", "coconut_run2",
         "harp_harmony", "linns_basket", "mighty_giant_run", "moo_redfarn", "no_work_song_redfarn",
         "run_for_your_life", "slow_neasy_redfarn", "the_hobo_redfarn", "ttsong_iii_imuh3", "tttheme2",
         "wood_whistles", "04-Simutrans-B-Theme", "07-Transport-chaos", "08-The-journey-home", "09-Simupolitan-Swing",
         "14-Last-journey-of-the-Niagara", "16-Midnight-Express2", "22-Variable-Journeys", "29-Runaway",
         "33-Journey-to-times-gone-by", "36-faded-things", "45-Misty-Forest", "50-Snowy-Road")
MORE = ("02-Gotta-catch-that-train", "13-Stephenson-blues", "20-Last-Trip", "21-Dusty-Eyes",
        "23-Something-for-Silver-Sand", "28-Road-to-Warm-Places", "30-On-the-waterfront", "35-deep-ride",
        "39-bangin-mover", "40-alternative", "42-Stranger-Echoes", "47-Salty-Breeze", "49-Last-Sunday",
        "52-Dreamy-Oriental-Nights", "D_E1M2", "D_E1M3", "D_E1M5", "D_E1M6", "D_E1M7", "D_E1M8", "D_E1M9", "D_INTER",
        "D_E2M4", "D_E2M5", "D_E3M2", "D_E3M3", "D_E3M5", "D_E3M8", "D_READ_M", "D_COUNTD", "D_DOOM", "D_DDTBLU",
        "D_IN_CIT", "D_THEDA2", "D_DDTBL2", "D_RUNNI2", "D_DEAD2", "D_STLKS3", "D_MESSAG", "D_DDTBL3", "D_MESSG2",
        "D_SHAWN3", "D_ULTIMA")
FIRST_HELD_OUT = ("be_sharp_bw_redfarn", "busy_schedule", "chemistry_lab", "city_blues_redfarn", "flying_scotsman",
                  "keep_on_rolling", "midnight_snow_run", "modern_motion", "mosey_along_redfarn", "relax_song",
                  "say_what_redfarn", "the_fast_route", "train_filled_with_cash", "ttsong_iv_imuh3", "ultimate_run",
                  "05-Boring-afternoon", "10-Easy-driving", "11-Stucked-Convoi", "15-The-Wayside-Blues",
                  "18-Ride-that-train", "37-inevitably-engrossed", "38-positive-thrill", "41-Libertador",
                  "43-Driving-on-the-midnight-highway", "44-Above-the-sky", "48-Techno-movement",
                  "53-Where-Thomassons-Lie")
SECOND_HELD_OUT = ("01-Simutrans-Main-Theme", "03-Sunday-drivers", "06-A-busy-day-at-the-depot",
                   "12-Steamin-across-the-prairies", "17-The-Benevolent-Dictators-March", "19-Rockin-trucker",
                   "24-needlessly-striking", "25-Float-on-by", "26-Tantalizingly-Unusual", "27-March-Winds",
                   "31-Courtenay-Bridge", "32-incidental-skies", "34-flyingaway", "46-House-in-the-station",
                   "51-Summer-Intersection", "D_ADRIAN", "D_AMPIE", "D_BETWEE", "D_COUNT2", "D_DOOM2", "D_E1M1",
                   "D_E1M4", "D_E2M1", "D_E2M2", "D_E2M3", "D_E2M7", "D_E2M8", "D_E2M9", "D_E3M1", "D_E3M4", "D_E3M6",
                   "D_E3M7", "D_E3M9", "D_EVIL", "D_ROMER2", "D_ROMERO", "D_RUNNIN", "D_STALKS", "D_STLKS2", "D_TENSE")
HELD_OUT = ("mma-cresc", "mma-barb", "mma-bossa", "mma-when-or-where", "mma-frankie", "mma-countme", "mma-rockgroove",
            "mma-shes-just-my-style", "mma-grooves", "mma-midinote", "mma-bill-bailey", "mma-hits", "mma-deep-river",
            "mma-fella2", "style-16beat1", "style-16beat2", "style-8beat1", "style-8beat2", "style-highfive",
            "style-metal1", "style-metal2", "style-rock1", "style-slowrock", "blupi-music000", "blupi-music001",
            "blupi-music002", "blupi-music003", "dink-104", "dink-13", "dink-18", "dink-7")
SIMUTRANS = pathlib.Path("/usr/share/games/simutrans/music")
# Prefix of the names → where the files are, and how deep.
OTHERS = {"mma-": ("/usr/share/doc/mma/examples", "**/*.mid"), "style-": ("/usr/share/mma/lib", "**/*.mid"),
          "blupi-": ("/usr/share/planetblupi/music", "*.mid"), "dink-": ("/usr/share/games/dink/dink/Sound", "*.mid")}
WADS = tuple(pathlib.Path("/usr/share/games/doom") / name for name in ("freedoom1.wad", "freedoom2.wad"))
LEAST_S, LEAST_PLAYERS, LEAST_ON_GRID, GRID = 60, 3, 0.6, 1 / 32


@functools.cache
def lumps():
    """name → bytes of the songs in the WADs: 'IWAD', how many lumps, where their list is; each of which has an offset,
    a size and eight bytes of name (The Unofficial Doom Specs, chapter 2)."""
    found = {}
    for path in WADS:
        wad = path.read_bytes() if path.exists() else bytes(12)
        count, at = struct.unpack("<ii", wad[4:12])
        for offset, size, name in struct.iter_unpack("<ii8s", wad[at:at + 16 * count]):
            if wad[offset:offset + 4] == b"MThd":
                found.setdefault(name.rstrip(b"\0").decode("ascii"), wad[offset:offset + size])
    return found


@functools.cache
def others():
    """name → path of the songs in OTHERS."""
    return {prefix + path.stem: path for prefix, (folder, pattern) in OTHERS.items()
            for path in sorted(pathlib.Path(folder).glob(pattern))}


def midi_of(song):
    """The bytes of the MIDI file."""
    for path in (band.SONGS / f"{song}.mid", SIMUTRANS / f"{song}.mid", others().get(song)):
        if path and path.exists():
            return path.read_bytes()
    return lumps()[song]


def on_grid(midi):
    """The part of the notes that begin near quarters or thirds of beats."""
    near = count = division = 0
    for kind, body in band.chunks(midi):
        if kind == b"MThd":
            division = int.from_bytes(body[4:6], "big")
            continue
        tick = 0
        for event in band.Reader(body).events() if kind == b"MTrk" else ():
            tick += event.delta
            if event.kind == 9 and event.data[2]:
                beat, count = tick / division, count + 1
                near += min(abs(beat * parts - round(beat * parts)) / parts for parts in (4, 3)) <= GRID
    return near / count if count else 0


def refused(midi):
    """Why the rule does not take a song, or None."""
    if not band.players(midi):
        return "no notes"
    score = Score(midi)
    if score.last - score.begin < LEAST_S:
        return f"{score.last - score.begin:.0f} s"
    if len(band.players(midi)) < LEAST_PLAYERS:
        return f"{len(band.players(midi))} players"
    grid = on_grid(midi)
    return None if grid >= LEAST_ON_GRID else f"{grid:.2f} of the notes on the grid"


def to_tune_on():
    return (*TUNED, *MORE, *FIRST_HELD_OUT, *SECOND_HELD_OUT)


def digest(name):
    return hashlib.sha256(name.encode()).digest()


def ruled():
    """name → the list that the rule makes it one of, or why none, of all songs that it asks."""
    midis = {path.stem: path.read_bytes() for path in sorted(SIMUTRANS.glob("*.mid"))
             if path.stem not in TUNED + FIRST_HELD_OUT} | lumps()
    seen, found = set(), {}
    for name, midi in (midis | {name: path.read_bytes() for name, path in others().items()}).items():
        why = "a copy" if midi in seen else refused(midi)
        seen.add(midi)
        found[name] = why or ("HELD_OUT" if name in others() else
                              "SECOND_HELD_OUT" if digest(name)[2] % 2 else "MORE")
    return found


if __name__ == "__main__":
    for song, told in ruled().items():
        print(f"{song:32} {told}")
