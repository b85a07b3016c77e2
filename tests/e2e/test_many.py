"""As many tracks as one box may have to take: 128, in few large interfaces and in many small ones."""
import pytest

from e2e.desk import appliance, check_ramps, recorded, streaminfo

SECONDS = 1


@pytest.mark.parametrize("rate,quantum,channels", [
    (48000, 256, {"left": 64, "right": 64}),
    (96000, 512, {"left": 64, "right": 64}),
    (44100, 256, {f"desk{number}": 8 for number in range(1, 5)}),
    (48000, 128, {"one": 1, "two": 2, "three": 3, "five": 5, "fifty": 50, "last": 64}),
])
def test_tracks(open_room, rate, quantum, channels):
    room = open_room(rate=rate)
    for number, (name, count) in enumerate(channels.items()):
        room.interface(name, channels=count, ramp=True, quantum=quantum, ppm=20 * (number - 1)).wait_ready()
    take = recorded(room.woodshed("record", "--config", appliance(room, channels), "--for", f"{SECONDS} s"))
    check_ramps(take, channels, SECONDS * rate)
    assert all(not gaps for gaps in take.gaps.values())
    assert take.manifest["rate"] == rate
    assert streaminfo(take.folder / take.tracks[-1]["file"], "sample-rate", "total-samples") == [rate, SECONDS * rate]
