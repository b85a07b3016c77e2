"""master: five minutes of songs to -14 LUFS and -1 dBTP, WAV in and out, beside ffmpeg's loudnorm in its two passes
(the first measures, the second is told what it found), and what both reached by ffmpeg's own meter."""
import json
import pathlib
import re
import subprocess
import tempfile

from measure import BenchError, Row, in_turns, run, say
from places import BUILD
from rig import band

SONGS = ("chuggachugga.mid", "city_blues_redfarn.mid", "moo_redfarn.mid", "the_hobo_redfarn.mid", "flying_scotsman.mid")
RATE = 48000
SECONDS, QUICK_SECONDS = 300, 20
REPETITIONS, QUICK_REPETITIONS = 5, 1
LUFS, DBTP = -14, -1
REACHED_LU = 0.1
TARGET = 0.1
SESSION = f"woodshed: 1\nmaster: {{preset: streaming, loudness: {LUFS} LUFS, true_peak: {DBTP} dBTP, formats: [wav]}}\n"


def mix(seconds):
    """A stereo WAV file of songs one after another, made once."""
    path = BUILD / "bench-material" / f"songs-{seconds}s.wav"
    if path.exists():
        return path
    say(f"playing {seconds} s of songs")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        played = []
        for song in SONGS:
            played.append(pathlib.Path(folder, f"{song}.wav"))
            run("fluidsynth", "-ni", "-g", "0.6", "-r", RATE, "-O", "s24", "-T", "wav", "-F", played[-1],
                band.SOUNDFONT, band.SONGS / song)
        run("sox", *played, f"{folder}/all.wav", "trim", 0, seconds)
        pathlib.Path(folder, "all.wav").rename(path)
    return path


def loudnorm(source, out):
    """Both passes: what they used together."""
    asked = f"loudnorm=I={LUFS}:TP={DBTP}:LRA=11"
    first = run("ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-i", source, "-af", f"{asked}:print_format=json",
                "-f", "null", "-", output="stderr")
    found = json.loads(first.output[first.output.rindex("{"):first.output.rindex("}") + 1])
    told = ":".join(f"measured_{ours}={found[theirs]}" for ours, theirs in (
        ("I", "input_i"), ("TP", "input_tp"), ("LRA", "input_lra"), ("thresh", "input_thresh")))
    second = run("ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-y", "-i", source, "-af",
                 f"{asked}:{told}:offset={found['target_offset']}:linear=true", "-ar", RATE, "-c:a", "pcm_s24le", out,
                 output="stderr")
    return first.wall_s + second.wall_s, first.cpu_s + second.cpu_s


def reached(path):
    """(LUFS, dBTP) by ffmpeg's ebur128."""
    said = subprocess.run(["ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-i", path, "-af", "ebur128=peak=true",
                           "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    summary = said[said.rindex("Summary:"):]
    return tuple(float(re.search(rf"{name}:\s+(-?[\d.]+)", summary)[1]) for name in ("I", "Peak"))


def measure(quick):
    seconds = QUICK_SECONDS if quick else SECONDS
    source = mix(seconds)
    with tempfile.TemporaryDirectory() as folder:
        session = pathlib.Path(folder, "session.yaml")
        session.write_text(SESSION, encoding="utf-8")
        theirs, ours = pathlib.Path(folder, "loudnorm.wav"), pathlib.Path(folder, "out", source.name)

        def master():
            used = run(BUILD / "woodshed", "master", source, "--session", session, "--out", ours.parent)
            return used.wall_s, used.cpu_s

        mine, peers = in_turns(QUICK_REPETITIONS if quick else REPETITIONS, master,
                               lambda: loudnorm(source, theirs))
        (our_lufs, our_dbtp), (their_lufs, their_dbtp) = reached(ours), reached(theirs)
    if abs(our_lufs - LUFS) > REACHED_LU + 0.05:  # the meter prints tenths
        raise BenchError(f"the master is at {our_lufs} LUFS, not {LUFS}")
    peer = f"loudnorm twice (reached {their_lufs} LUFS, {their_dbtp} dBTP; ours {our_lufs}, {our_dbtp})"
    return [Row(f"master {seconds} s to {LUFS} LUFS, wall", peer, [wall for wall, _ in mine],
                [wall for wall, _ in peers], TARGET),
            Row(f"master {seconds} s to {LUFS} LUFS, CPU", "the same", [cpu for _, cpu in mine],
                [cpu for _, cpu in peers])]
