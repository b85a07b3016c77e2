"""Levels while someone wants them."""
import itertools
import statistics
import time

import pytest

from e2e.home import BY_COMMAND, Home

AWAY_S = 30  # how long one request is good for
SPEED = 8


def channels(message, name):
    """[(peak, rms, clipped)] of an interface."""
    interface, = (one for one in message.json["interfaces"] if one["name"] == name)
    return [(one["peak"], one["rms"], one["clipped"]) for one in interface["channels"]]


def test_levels_while_they_are_wanted(room):
    room.interface("tone", channels=2, tone="997:-12").wait_ready()
    room.interface("hot", channels=1, tone="997:3").wait_ready()
    home = Home(room, {"tone": 2, "hot": 1}, BY_COMMAND, render=False).start()
    assert not home.said("levels")
    assert home.ask("levels")["data"] == {"seconds": AWAY_S}
    first = home.wait("levels")
    assert first.qos == 0 and not first.retain
    assert [one["name"] for one in first.json["interfaces"]] == ["tone", "hot"]
    for _ in range(20):
        last = home.wait("levels", since=home.watcher.mark())
        for peak, rms, clipped in channels(last, "tone"):
            assert (peak, rms, clipped) == (pytest.approx(-12, abs=0.1), pytest.approx(-15, abs=0.1), 0)
    # A busy machine holds some of them up, and leaves some out.
    apart = [(b.heard - a.heard).total_seconds() for a, b in itertools.pairwise(home.said("levels"))]
    assert statistics.median(apart) == pytest.approx(0.2, abs=0.04)

    # Clips are counted from the take's start on: half of a sine of +3 dBFS is above full scale. Right then there is none.
    before, = channels(last, "hot")
    assert before[0] == pytest.approx(3, abs=0.1)
    mark = home.watcher.mark()
    home.tell("record/set", "ON")
    home.wait_event("take_started", since=mark)
    home.wait("levels", lambda one: 0 < channels(one, "hot")[0][2] < before[2], since=mark)
    home.end_take()
    assert home.wait_health(lambda health: health["clipped"] > 0, since=mark)
    assert home.ask("levels", seconds=5)["status"] == "error"


def test_levels_end_by_themselves(open_room):
    """So long after the last request, in a room where that goes by faster."""
    room = open_room(speed=SPEED)
    room.interface("tone", channels=1, tone="997:-12").wait_ready()
    home = Home(room, {"tone": 1}, BY_COMMAND, render=False).start()
    assert home.ask("levels")["status"] == "ok"
    home.wait("levels")
    time.sleep(0.5 * AWAY_S / SPEED)
    assert home.ask("levels")["status"] == "ok"
    answered = home.said("response/levels")[-1].heard
    time.sleep(1.5 * AWAY_S / SPEED)
    said = home.said("levels")
    assert (said[-1].heard - answered).total_seconds() > (AWAY_S - 5) / SPEED
    time.sleep(1)
    assert len(home.said("levels")) == len(said)
