"""What followed voices are judged by."""
from rig import band, songs, voices
from rig.score import Note

NOTES = [Note(0, 60, 0.0, 0.5), Note(0, 64, 0.5, 1.0)]


def voice(bends=()):
    return voices.Voice("song", "guitar", 0, NOTES, list(bends))


def told(pitches, confidence=0.9, octave=0):
    guesses = [(note.begin, note.end, note.pitch + octave, confidence, []) for note in NOTES]
    return voices.Followed(confidence, guesses, 0.005, 0.01, pitches)


def right(offset=0.0):
    return [60 + offset] * 50 + [64 + offset] * 50


def test_all_right():
    judged = voices.judge(voice(), told(right()))
    assert (judged.pitch, judged.written, judged.precise, judged.told) == (1, 1, 1, True)
    assert judged.rights == [True, True]


def test_an_octave_throughout_is_right_but_not_one_in_places():
    judged = voices.judge(voice(), told(right(12), octave=12))
    assert (judged.pitch, judged.written) == (1, 1)
    assert abs(voices.judge(voice(), told([60] * 50 + [76] * 50)).pitch - 0.5) < 0.03


def test_half_a_semitone_is_wrong():
    assert voices.judge(voice(), told(right(0.4))).pitch == 1
    assert voices.judge(voice(), told(right(0.6))).pitch == 0


def test_what_is_not_told_is_not_written_but_its_pitch_counts():
    judged = voices.judge(voice(), told(right(), confidence=0.3))
    assert (judged.pitch, judged.written, judged.told) == (1, 0, False)


def test_a_bent_note_has_another_pitch():
    bent = voice([(0.5, 1.0)])
    assert abs(voices.judge(bent, told(right())).pitch - 0.5) < 0.03
    assert voices.judge(bent, told([60] * 50 + [65] * 50)).pitch == 1


def test_a_tone_that_rings_on_is_right_and_another_is_wrong():
    truth = voices.written_steps(NOTES)
    assert voices.is_right(truth, 0, (0.9, 1.2, 64, 0.9, []))
    assert not voices.is_right(truth, 0, (0.9, 1.2, 65, 0.9, []))
    assert not voices.is_right(truth, 0, (1.1, 1.4, 64, 0.9, []))


def test_bends_are_read_with_their_reach():
    class Ticks:
        def time(self, tick):
            return tick / 100
    wheel_up, reach = b"\xe0\x00\x60", b"\xb0\x65\x00\x00\xb0\x64\x00\x00\xb0\x06\x0c"
    body = b"\x00" + wheel_up + b"\x0a" + reach + b"\x0a\xe0\x00\x40\x00\xe1\x00\x00"
    midi = b"MTrk" + len(body).to_bytes(4, "big") + body
    assert next(band.chunks(midi))[0] == b"MTrk"
    assert voices.bends_of(midi, 0, Ticks()) == [(0.0, 1.0), (0.1, 6.0), (0.2, 0.0)]


def test_every_song_is_in_one_group():
    grouped = [song for group in voices.groups().values() for song in group]
    assert len(grouped) == len(set(grouped))
    assert set(songs.TUNED) <= set(voices.groups()["tuned"])
    assert voices.groups()["held out"] == list(songs.FIRST_HELD_OUT)


def test_voices_of_a_song():
    found = voices.voices("chemistry_lab")
    assert found and all(len(one.notes) >= 40 for one in found)
    assert len({one.channel for one in found}) == len(found)
