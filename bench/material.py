"""What the benchmarks work on: a band in front of microphones. Made once, and kept in the build folder."""
import pathlib
import shutil
import tempfile

from measure import say
from places import BUILD
from rig import band

SONG = "chuggachugga.mid"
BLEED_DB, NOISE_DBFS = -24, -72  # of a microphone in a room; digital silence would cost libFLAC nothing


def players(seconds):
    """24-bit mono WAV files of `seconds` each, one a player."""
    folder = BUILD / "bench-material" / f"{pathlib.Path(SONG).stem}-{seconds}s"
    if not folder.exists():
        say(f"playing {seconds} s of {SONG}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = tempfile.mkdtemp(dir=folder.parent)
        try:
            band.render(band.SONGS / SONG, new, seconds=seconds, bleed=BLEED_DB, noise=NOISE_DBFS)
            pathlib.Path(new).rename(folder)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
    return sorted(folder.glob("*.wav"))


def microphones(count, seconds):
    """As many files, by name again and again: some players are heard by several microphones."""
    files = players(seconds)
    return [files[i % len(files)] for i in range(count)]
