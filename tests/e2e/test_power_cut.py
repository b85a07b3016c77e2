"""Pulling the plug: what is left on the disk becomes a whole take again, whatever the moment."""
import json
import pathlib
import shutil
import time

import pytest

from crash import kills, power_cut
from crash.scene import SHIM, Scene, work_folder
from e2e.desk import Take, appliance, wait_until
from rig.room import BUILD

IMAGES = 300
KILLS = 3


@pytest.fixture
def work():
    folder = pathlib.Path(work_folder())
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_a_power_cut_at_any_moment(work, program):
    assert program
    outcome = power_cut.run(Scene.record(work), IMAGES)
    print(outcome)
    assert not outcome.faults, "\n".join([str(outcome), *outcome.faults])
    assert outcome.images >= IMAGES * 0.9
    assert outcome.recovered > IMAGES / 2


def test_the_bound_holds_on_a_slow_card(work, program):
    """30 ms a sync, one after the other: half of each second is spent waiting for the card."""
    assert program
    outcome = power_cut.run(Scene.record(work, seconds=3.0, sync_ms=30), 40, seed=2, again_every=1000)
    assert not outcome.faults, "\n".join([str(outcome), *outcome.faults])


def test_a_power_cut_around_a_failed_sync(work, program):
    """Two tracks go on in another file."""
    assert program
    scene = Scene.record(work, seconds=3.0, channels=4, fails="sync aux2.flac 5 5")
    assert [len(take.joined) for take in scene.takes if take.joined]
    outcome = power_cut.run(scene, 60, seed=3)
    print(outcome)
    assert not outcome.faults, "\n".join([str(outcome), *outcome.faults])
    assert outcome.recovered > 10


def test_a_kill_in_the_middle_of_a_take(room):
    kills.run(room, KILLS)


def test_a_card_that_fails_to_sync_one_file(room):
    """None of its files keeps anything: it is told at once and in the take; every other track is whole."""
    config = kills.start(room)
    env = room.env | {"LD_PRELOAD": str(SHIM), "STORAGE_SHIM_ROOT": str(room.path("takes")),
                      "STORAGE_SHIM_LOG": str(room.path("storage-log")), "STORAGE_SHIM_FAIL": "/03-"}
    recording = room.spawn("record", BUILD / "woodshed", "record", "--config", config, env=env)
    recording.wait_error("03-left-capture-aux2.flac: not safely on the disk")
    time.sleep(1)
    assert recording.stop() == 1
    take = Take(recording.stdout.strip())
    take.check_files()
    assert "03-left-capture-aux2" in take.manifest["error"]
    assert take.manifest["state"] == "recorded"
    assert {track["frames"] for track in take.tracks} == {take.manifest["frames"]}
    assert take.manifest["frames"] > 48000


# ---- the service ----

@pytest.fixture
def cut_off(room):
    """(configuration, take): a service was killed while it recorded."""
    broker = room.broker()
    room.interface("xr18", channels=4, ramp=True).wait_ready()
    password = room.path("mqtt.password")
    password.write_text(broker.accounts["room1"], encoding="utf-8")
    config = appliance(room, {"xr18": 4}, f"mqtt: {{url: '{broker.url}', username: room1, password_file: "
                                          "mqtt.password}\nhttp: {listen: '127.0.0.1:0'}\n"
                                          "recording: {pre_roll: 0 s, start: {when: command}, stop: {when: command}}")
    watcher = room.watcher("woodshed/#")
    service = room.service(config)
    watcher.wait(lambda message: message.topic.endswith("/info") and '"live":true' in message.payload.replace(" ", ""))
    room.publish("woodshed/room1/record/set", "ON")
    started = watcher.wait(lambda message: "take_started" in message.payload)
    take = Take(room.path("takes", started.json["take"]))
    # A ramp takes next to no room, but more than the head of the file.
    wait_until(lambda: [path for path in take.folder.glob("raw/*") if path.stat().st_size > 400], "something recorded")
    yield room, watcher, service, config, take


def test_the_service_recovers_tells_and_renders(cut_off):
    room, watcher, service, config, take = cut_off
    other = room.woodshed("recover", "--config", config)
    assert other.returncode == 1
    assert f"process {service.pid}" in other.stderr
    second = room.service(config)
    assert second.wait() == 1
    assert f"process {service.pid}" in second.stderr
    assert take.manifest["state"] == "recording"
    service.kill()
    since = watcher.mark()
    room.service(config)
    told = watcher.wait(lambda message: "take_recovered" in message.payload, since=since)
    assert (told.json["take"], told.json["seconds"] > 0) == (take.manifest["id"], True)
    watcher.wait(lambda message: "take_mastered" in message.payload, since=since)
    assert (take.manifest["state"], take.manifest["recovered"]) == ("mastered", True)
    take.check_files()


def test_a_take_that_is_being_recorded_is_left_alone(room):
    config = kills.start(room)
    recording = room.spawn("record", BUILD / "woodshed", "record", "--config", config)
    recording.wait_error("recording ")
    done = room.woodshed("recover", "--config", config, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stderr
    assert recording.stop() == 0
    take = Take(recording.stdout.strip())
    take.check_files()
    assert not take.manifest["recovered"]
