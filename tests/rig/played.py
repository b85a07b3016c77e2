"""Takes of the band playing whole songs, and how well what was heard of them agrees with their scores."""
import dataclasses
import fcntl
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile

from . import band, songs
from .score import Score

BEAT_S, SECTION_S, TEMPO_PART, STEP_S = 0.07, 3, 0.02, 0.01
SESSION = "woodshed: 1\nname: played\nedit: {preset: none}\nmix: {preset: none}\nmaster: {preset: none}\n"
DEADLINE = 600
ALL_SOUND_OFF = 120  # a controller


@dataclasses.dataclass(frozen=True)
class Way:
    """How a song is played and recorded."""
    name: str = "plain"
    faster: float = 1
    semitones: int = 0
    bleed: float = -24
    noise: float = -70
    rate: int = 48000


PLAIN = Way()
# What rhythm is found in: half the rate, which is twice what listening uses, and the first two minutes.
HALF, HALF_S = Way("half", rate=24000), 120
EAR = pathlib.Path(__file__).resolve().parents[2] / "listening/ear.c"
# Other takes of the same song.
OTHERS = (Way("fast", 1.06, 1, -24, -60), Way("slow", 0.94, -1, -18, -55), Way("noisy", 1, 0, -20, -50))


def last_tick(midi, seconds):
    """The tick that is so many seconds from the beginning."""
    score, low, high = Score(midi), 0, 1
    while score.time(high) < seconds:
        low, high = high, 2 * high
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if score.time(middle) < seconds else (low, middle)
    return high


def changed(midi, way, until=None):
    """The song faster and higher, its drums as they are; without what is later than the tick `until`."""
    out = bytearray()
    # 120 beats a minute, where the song does not say how fast it is.
    opening = b"\0\xff\x51\x03" + round(500000 / way.faster).to_bytes(3, "big")
    for kind, body in band.chunks(midi):
        if kind == b"MTrk":
            kept, opening, tick = bytearray(opening), b"", 0
            for event in band.Reader(body).events():
                data, tick = bytearray(event.data), tick + event.delta
                if until is not None and tick > until:
                    kept += b"".join(bytes([0, 0xB0 | channel, ALL_SOUND_OFF, 0]) for channel in range(16))
                    kept += b"\0\xff\x2f\0"
                    break
                if event.status == 0xFF and data[1] == 0x51:
                    data[3:6] = round(int.from_bytes(data[3:6], "big") / way.faster).to_bytes(3, "big")
                elif event.kind in (8, 9) and event.channel != band.DRUM_CHANNEL:
                    data[1] = min(127, max(0, data[1] + way.semitones))
                kept += band.pack_number(event.delta) + data
            body = bytes(kept)
        out += kind + len(body).to_bytes(4, "big") + body
    return bytes(out)


def loudness(program, path):
    done = subprocess.run([program, "measure", path, "--json"], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    told = told[0] if isinstance(told, list) else told
    return told["integrated_lufs"]


def play(program, folder, song, way=PLAIN, seconds=None, only=None):
    """The tracks of a song, or `only` the one of a player, as FLAC files in `folder`, made once, whoever else wants
    them at the same time: {name: (path, LUFS or None)}."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / f"{folder.name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _play(program, folder, song, way, seconds, only)


def _play(program, folder, song, way, seconds, only):
    told = folder / "tracks.json"
    if not told.exists():
        with tempfile.NamedTemporaryFile(suffix=".mid") as midi:
            # Instruments ring on for a while.
            score = songs.midi_of(song)
            midi.write(changed(score, way, last_tick(score, (seconds + 1) * way.faster) if seconds else None))
            midi.flush()
            tracks = band.render(midi.name, folder, seconds=seconds, bleed=way.bleed, noise=way.noise,
                                 rate=way.rate, only=only)
        lufs = {track.path.stem: loudness(program, track.path) for track in tracks}
        subprocess.run(["flac", "-s", "-1", "-f", "--delete-input-file", *(track.path for track in tracks)],
                       check=True, capture_output=True)
        told.write_text(json.dumps(lufs), encoding="utf-8")
    lufs = json.loads(told.read_text(encoding="utf-8"))
    return {name: (folder / f"{name}.flac", loud) for name, loud in lufs.items()}


def kept(program, rhythm, cache, song):
    """What the ears, as they are now, give of the beginning of a song: a file for tests/rig/rhythm, made once."""
    path = cache / f"{song}-{hashlib.sha256(EAR.read_bytes()).hexdigest()[:8]}.heard"
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}")
        tracks = play(program, cache / f"{song}-{HALF.name}-{HALF_S}s", song, HALF, seconds=HALF_S).values()
        subprocess.run([rhythm, "hear", part, *(str(said) for file, lufs in tracks for said in (lufs or 0, file))],
                       check=True, capture_output=True, text=True)
        part.rename(path)
    return path


def said_by(path, what):
    return int(subprocess.run(["metaflac", f"--show-{what}", path], capture_output=True, check=True).stdout)


def take_of(takes, name, tracks, said="", title=None, markers=()):
    """Makes a take of `tracks` with a session whose `song` says that. The raw files are linked."""
    folder = takes / name
    (folder / "raw").mkdir(parents=True)
    listed, frames, rate = [], 0, 48000
    for index, (track, (path, lufs)) in enumerate(tracks.items(), 1):
        frames, rate, file = said_by(path, "total-samples"), said_by(path, "sample-rate"), f"raw/{index:02}-{track}.flac"
        (folder / file).symlink_to(path.resolve()) if path.stat().st_dev != takes.stat().st_dev else \
            (folder / file).hardlink_to(path)
        listed.append({"index": index, "name": track, "role": None, "inputs": [f"desk/{index}"], "file": file,
                       "frames": frames, "bytes": path.stat().st_size, "sha256": None, "crc32": None,
                       "peak_dbfs": -1.0, "lufs": lufs, "clipped": 0})
    manifest = {"format": 1, "id": name, "session": "played", "title": title, "artist": None, "state": "recorded",
                "error": None, "recovered": False, "started": "2026-01-01T00:00:00.000000Z", "rate": rate,
                "frames": frames, "pre_roll_frames": 0,
                "interfaces": [{"name": "desk", "node": "desk", "frames": frames, "ppm": 0.0, "gaps": []}],
                "tracks": listed, "renders": [],
                "markers": [{"frame": frame, "label": label, "kind": kind} for label, frame, kind in markers]}
    (folder / "take.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "session.yaml").write_text(SESSION + (f"song: {{{said}}}\n" if said else ""), encoding="utf-8")
    return folder


def render(program, folder, *options):
    done = subprocess.run([program, "render", folder, *map(str, options)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    out = pathlib.Path(options[options.index("--out") + 1]) if "--out" in options else folder
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


def hear(program, folder):
    """The same `song` that a render tells, by tests/rig/hear, which mixes nothing."""
    done = subprocess.run([program, folder], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)["song"]


# ---- how well it agrees ----

def f_measure(found, truth, within):
    """Each moment of one list meets at most one of the other."""
    i = j = met = 0
    while i < len(found) and j < len(truth):
        if abs(found[i] - truth[j]) <= within:
            met, i, j = met + 1, i + 1, j + 1
        elif found[i] < truth[j]:
            i += 1
        else:
            j += 1
    return 2 * met / (len(found) + len(truth)) if found or truth else 1.0


def tempo_of(song):
    return song["tempo_bpm"]["value"] or 0


def tempo_right(song, score):
    return abs(tempo_of(song) / score.tempo - 1) <= TEMPO_PART


def octave_off(song, score):
    return any(abs(tempo_of(song) * ratio / score.tempo - 1) <= TEMPO_PART for ratio in (2, 0.5, 3, 1 / 3))


def beats(song, score):
    return f_measure(song["beats"]["beats_s"] if song["beats"] else [], score.beats, BEAT_S)


def bar_lines(song, score):
    return f_measure(song["beats"]["bars_s"] if song["beats"] else [], score.bars[:-1], BEAT_S)


def sections(song, score):
    found = [section["from_s"] for section in (song["sections"] or [])[1:]]
    return f_measure(found, score.sections, SECTION_S)


NOTES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def named(text):
    """(tonic, minor) of "C#m"."""
    tonic = NOTES[text[0]] + text.count("#") - text[1:].count("b")
    return tonic % 12, text.endswith("m")


def key(song, score):
    """MIREX's weights: right 1, a fifth off 0.5, the relative 0.3, the parallel 0.2."""
    if not song["key"]["value"]:
        return 0.0
    (tonic, minor), (true_tonic, true_minor) = named(song["key"]["value"]), score.key
    off = (tonic - true_tonic) % 12
    if minor == true_minor:
        return {0: 1.0, 7: 0.5, 5: 0.5}.get(off, 0.0)
    return 0.3 if off == (9 if minor else 3) else 0.2 if off == 0 else 0.0


def chords(song, score):
    """The part of the time that has a chord in which the right one is told, or one of those that fit alike."""
    right = total = 0.0
    for begin, end, triads in score.chords:
        if not triads:
            continue
        total += end - begin
        for told in song["chords"] or []:
            over = min(end, told["to_s"]) - max(begin, told["from_s"])
            if over > 0 and told["chord"] and named(told["chord"]) in triads:
                right += over
    return right / total


def voices(song, score):
    """[(channel, track)] of the players of one voice with at least 40 notes."""
    return [(channel, name) for channel, name in band.players(songs.midi_of(song)).items()
            if channel != band.DRUM_CHANNEL and score.single_voiced(channel) and len(score.voice(channel)) >= 40]


def melody(found, notes):
    """Raw pitch accuracy: the part of the notes' time in which the note that sounds is told. An instrument that
    sounds an octave from what is written for it, as organs do, is right throughout or not at all."""
    right, total, at = {-12: 0, 0: 0, 12: 0}, 0, 0
    for note in notes:
        moment = note.begin + STEP_S / 2
        while moment < note.end:
            while at < len(found) and found[at].end <= moment:
                at += 1
            total += 1
            if at < len(found) and found[at].begin <= moment and found[at].pitch - note.pitch in right:
                right[found[at].pitch - note.pitch] += 1
            moment += STEP_S
        at = max(0, at - 8)
    return max(right.values()) / total if total else 0.0


def melody_of(folder):
    """The notes of song.mid's melody."""
    return Score(folder / "song.mid").voice(0)
