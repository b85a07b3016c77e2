"""What there is to play in the room: band.py's songs, by name or by default."""
import dataclasses
import pathlib
import re

from rig import band as player

SONG = "be_sharp_bw_redfarn"  # guitar, bass, two pianos and drums; 2:27, and all of them play from the first bar on


@dataclasses.dataclass
class Part:
    """One player: `family` is the instrument's, as band.py tells it, `name` is unique within the song."""
    name: str
    family: str
    path: pathlib.Path
    peak_dbfs: float


def title(song):
    """flying_scotsman → Flying Scotsman"""
    return re.sub(r"_(bw|perc|redfarn|imuh3)(?=_|$)", "", song.stem).replace("_", " ").title()


def find(song):
    """A MIDI file's path, or the name of one of the songs that band.py knows."""
    if pathlib.Path(song).suffix == ".mid":
        return pathlib.Path(song)
    for path in player.songs():
        if path.stem == song:
            return path
    raise player.BandError(f"there is no song {song!r} in {player.SONGS}")


def band(folder, seconds=None, song=SONG, bleed=None, noise=None, rate=48000):
    """Renders a song into `folder`: its title, and its parts as mono files of one length."""
    path = find(song)
    tracks = player.render(path, folder, seconds=seconds, bleed=bleed, noise=noise, rate=rate)
    return title(path), [Part(track.path.stem, track.instrument, track.path, track.peak_dbfs) for track in tracks]
