"""The lists of songs that listening is tuned on and judged by."""
from rig import songs

LISTS = (songs.TUNED, songs.MORE, songs.FIRST_HELD_OUT, songs.SECOND_HELD_OUT, songs.HELD_OUT)


def test_no_song_is_in_two_lists():
    every = [song for one in LISTS for song in one]
    assert len(every) == len(set(every))


def test_nothing_that_is_held_out_is_tuned_on():
    assert not set(songs.to_tune_on()) & set(songs.HELD_OUT)
