"""A short life of the service, eight times as fast as the world's; tests/stress/soak has the two hours."""
import time

from e2e.soak import Soak

SPEED, TRACKS, TAKE_S, ROUNDS_S = 8, 16, 4, 18
# Some 100 KiB a round until the thirtieth, by when the heap has been warmed, and a step of 3 or 4 MiB at one of them: too
# few rounds to tell small leaks, for which the two hours are. A tape or a track's encoder that stays is more.
GROWTH_KIB = 8192


def test_nothing_grows(program, open_room):
    assert program
    room = open_room(speed=SPEED)
    soak = Soak(room, TRACKS, TAKE_S)
    ends = time.monotonic() + ROUNDS_S
    while time.monotonic() < ends or soak.round < 8:
        soak.play_round()
    assert not soak.faults(growth_kib=GROWTH_KIB)
