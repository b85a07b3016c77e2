"""The service: nobody touches it, everybody hears of it."""
import hashlib
import json

import pytest

from e2e.desk import absences, check_ramps, measure, ramp, ramp_start, takes, wait_until
from e2e.home import BY_COMMAND, TOPIC, Home
from e2e.test_band import SONG, material_samples
from rig import band

PLAYED_S = 6


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    """Some players of a song, who all begin at once: {name: file}."""
    folder = tmp_path_factory.mktemp("song")
    tracks = band.render(SONG, folder, seconds=PLAYED_S)
    return {track.path.stem: track.path for track in tracks if track.peak_dbfs > -60}


def in_order(steps, wanted):
    """True if `wanted` are among `steps`, one after the other."""
    rest = iter(steps)
    return all(step in rest for step in wanted)


def master_of(take):
    """What the manifest says of master.flac."""
    render, = (one for one in take.manifest["renders"] if one["file"] == "master.flac")
    return render


def check_said(home, take):
    """What was said, in order; and of the take at last."""
    said = [(message.topic.removeprefix(TOPIC), message) for message in home.watcher.messages]
    steps = [message.payload if topic == "availability" else
             message.json["record"] if topic == "state" else message.json["event_type"]
             for topic, message in said if topic in ("availability", "state", "event")]
    for wanted in (["armed", "recording", "armed", "take_mastered"],
                   ["online", "take_started", "take_stopped", "take_mastered"]):
        assert in_order(steps, wanted), steps
    # Idle until it knows which interfaces there are. A state that is over before the broker had the message before it is
    # not told any more, and a take may be closed so soon.
    brief = ["finalizing"] if "finalizing" in home.states() else []
    assert home.states() in (["armed", "recording", *brief, "armed"], ["idle", "armed", "recording", *brief, "armed"])
    assert in_order([message.json["state"] for message in home.said("take/latest")],
                    ["recording", "recorded", "mastered"])
    assert in_order([message.json["rendering"] for message in home.said("state")], [0, 1, 0])
    assert all(message.topic.startswith(TOPIC) or message.topic.startswith("homeassistant/")
               for message in home.watcher.messages)
    latest, manifest, render = home.said("take/latest")[-1].json, take.manifest, master_of(take)
    assert latest["id"] == manifest["id"] and latest["title"] == manifest["title"] == "Night Bus"
    assert latest["lufs"] == pytest.approx(-14, abs=0.2) and latest["dbtp"] <= -0.9
    assert (latest["lufs"], latest["dbtp"]) == pytest.approx((render["lufs"], render["dbtp"]), abs=0.01)
    assert latest["seconds"] == pytest.approx(manifest["frames"] / 48000, abs=0.01)


def check_heard_late(room, home):
    """Who comes late hears the same. The first on each topic is what was kept; a health may follow at any time."""
    late = room.watcher(TOPIC + "#")
    late.wait(lambda message: message.topic == TOPIC + "take/latest")
    kept = {}
    for message in late.messages:
        kept.setdefault(message.topic.removeprefix(TOPIC), message)
    assert set(kept) >= {"availability", "info", "state", "take/latest"} and "event" not in kept
    assert all(message.retain for message in kept.values())
    assert kept["availability"].payload == "online" and kept["take/latest"].json == home.said("take/latest")[-1].json


def check_fetched(home, take):
    """The master, fetched from where it was said to be."""
    status, headers, body = home.curl(home.said("take/latest")[-1].json["url"] + "/files/master.flac")
    sha256 = master_of(take)["sha256"]
    assert status == 200 and headers["content-type"] == "audio/flac"
    assert hashlib.sha256(body).hexdigest() == sha256 and headers["etag"] == f'"{sha256}"'
    assert body == (take.folder / "master.flac").read_bytes()


def check_played(take, song):
    """All that was played, and what was before it."""
    manifest = take.manifest
    assert manifest["state"] == "mastered" and take.gaps == {"desk": []}
    places = set()
    for track, path in zip(manifest["tracks"], song.values()):
        data, played = take.raw(track), material_samples(path)
        at = data.find(played)
        assert at >= 0 and at % 3 == 0, track["name"]
        assert not any(data[:at]) and not any(data[at + len(played):])
        places.add(at // 3)
    place, = places
    # The band was noticed soon after it began; what the pre-roll kept from before then is silence.
    assert manifest["pre_roll_frames"] == pytest.approx(2 * 48000, abs=4800)
    assert 0 < place < manifest["pre_roll_frames"]
    assert manifest["frames"] > place + PLAYED_S * 48000
    take.check_files()
    assert measure(take.folder / "master.flac")[0] == pytest.approx(-14, abs=0.2)


def test_hands_free(room, song):
    """A band plays and stops: there is a master to be fetched, and every step has been told."""
    fake = room.interface("desk", channels=8, ppm=50, wait=True, lead_silence=2.5, play=list(song.values()))
    fake.wait_ready()
    home = Home(room, {"desk": 8}).start()
    home.wait_state("armed")
    assert not takes(room)
    fake.play()
    started = home.wait_event("take_started", timeout=60)
    home.wait_event("take_stopped", timeout=60)
    home.wait_event("take_mastered", timeout=120)
    home.wait("take/latest", lambda message: message.json["state"] == "mastered")
    # The state is told twice where the take's end and the render's begin fall together, but ends so.
    wait_until(lambda: home.said("state")[-1].json["rendering"] == 0, "the render is over")
    take = home.take(started["take"])
    check_said(home, take)
    check_heard_late(room, home)
    check_fetched(home, take)
    check_played(take, song)
    home.stop()


def test_two_takes_in_a_row(room, song):
    """After a take it is armed again, and rendering the first does not keep it from hearing the second."""
    fake = room.interface("desk", channels=8, wait=True, play=list(song.values())).wait_ready()
    home = Home(room, {"desk": 8}).start()
    ids = []
    for _ in range(2):
        mark = home.watcher.mark()
        fake.play()
        ids.append(home.wait_event("take_stopped", since=mark, timeout=60)["take"])
    for number in ids:
        home.watcher.wait(lambda message, number=number: message.topic == TOPIC + "event" and
                          message.json["event_type"] == "take_mastered" and message.json["take"] == number)
    assert len(set(ids)) == 2
    for number in ids:
        take = home.take(number)
        assert take.gaps == {"desk": []} and take.manifest["state"] == "mastered"
        for track, path in zip(take.tracks, song.values()):
            assert material_samples(path) in take.raw(track), track["name"]


def test_commands(room):
    """ON and OFF, markers, and the requests that scripts make."""
    room.interface("desk", channels=4, ramp=True).wait_ready()
    home = Home(room, {"desk": 4}, BY_COMMAND, render=False, sessions=("thursday", "friday")).start()
    home.wait_state("idle")

    home.tell("record/set", "ON")
    first = home.take(home.wait_event("take_started")["take"])
    home.wait_state("recording")
    home.tell("marker/set", "the good one")
    home.wait_event("marker")
    assert home.ask("record.start")["status"] == "error"  # one runs already
    first.wait_growth()
    mark = home.watcher.mark()
    assert home.end_take()["take"] == first.folder.name
    home.wait_state("idle", since=mark)
    check_ramps(first, {"desk": 4})
    marker, = first.manifest["markers"]
    assert marker["label"] == "the good one" and marker["kind"] == "user"
    assert 0 < marker["frame"] <= first.manifest["frames"]
    assert first.manifest["pre_roll_frames"] > 0

    assert home.ask("session.list")["data"] == {"sessions": ["friday", "thursday"], "session": "thursday"}
    assert home.ask("session.set", session="friday")["status"] == "ok"
    mark = home.watcher.mark()
    assert home.ask("record.start", title="Last Bus")["status"] == "ok"
    second = home.take(home.wait_event("take_started", since=mark)["take"])
    second.wait_growth()
    assert home.ask("record.stop")["status"] == "ok"
    home.wait_event("take_stopped", since=mark)
    manifest = second.manifest
    assert (manifest["session"], manifest["title"]) == ("friday", "Last Bus")
    # What was already in the first take is not in the second's pre-roll.
    starts = [check_ramps(take, {"desk": 4})["desk"] for take in (first, second)]
    assert starts[1] >= starts[0] + first.manifest["frames"]

    listed = home.ask("take.list")["data"]["takes"]
    assert listed == [second.manifest, first.manifest]
    assert home.ask("take.get", take=first.folder.name)["data"] == first.manifest
    for answer in (home.ask("record.stop"), home.ask("take.get", take="20200101-000000-none"),
                   home.ask("take.get", take="../../etc"), home.ask("record.start", nonsense="1"),
                   home.ask("record.explode")):
        assert answer["status"] == "error" and answer["error"]


def test_a_transaction_is_done_once(room):
    room.interface("desk", channels=1, ramp=True).wait_ready()
    home = Home(room, {"desk": 1}, BY_COMMAND, render=False).start()
    answers = []
    for _ in range(2):
        mark = home.watcher.mark()
        home.tell("request/record.start", {"transaction": "same"})
        answers.append(home.wait("response/record.start", since=mark).json)
    assert answers[0]["status"] == "ok" and answers[0] == answers[1]


def test_retained_and_broken_commands_are_ignored(room):
    """A retained command would start a take whenever the service connects."""
    room.interface("desk", channels=1, ramp=True).wait_ready()
    home = Home(room, {"desk": 1}, BY_COMMAND, render=False)
    home.tell("record/set", "ON", retain=True)
    home.tell("request/record.start", {"transaction": "old"}, retain=True)
    home.start()
    for payload in ("on", "{}", "ON\n", "ONE", "[" * 70000, "\x7f\x01"):
        home.tell("record/set", payload)
    for payload in ("[]", "{", '{"a":1,"a":2}', '{"transaction": 1} {}', "x" * 70000):
        home.tell("request/record.start", payload)
    assert home.ask("session.list")["status"] == "ok"  # commands are done in order, so these have been seen
    assert home.states() == ["idle"]
    assert not home.said("response/record.start") or all(
        message.json["status"] == "error" for message in home.said("response/record.start"))
    assert not takes(room)
    assert home.process.returncode is None


def test_terminated_while_recording(room):
    """The take is closed whole, and mastered when the service is back."""
    room.interface("desk", channels=4, noise=-20).wait_ready()
    home = Home(room, {"desk": 4}, BY_COMMAND).start()
    take = home.start_take()
    home.stop()
    assert take.manifest["state"] == "recorded" and take.manifest["frames"] > 0
    take.check_files()
    late = room.watcher(TOPIC + "availability")
    assert late.wait(lambda message: message.topic == TOPIC + "availability").payload == "offline"

    mark = home.watcher.mark()
    home.start()
    assert home.wait_event("take_mastered", since=mark)["take"] == take.folder.name
    assert take.manifest["state"] == "mastered"


def test_killed(room):
    """The broker tells that it is gone, and it comes back as if nothing had been."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False).start()
    mark = home.watcher.mark()
    home.process.kill()
    home.wait("availability", lambda message: message.payload == "offline", since=mark)
    home.start()
    take = home.start_take()
    home.end_take()
    check_ramps(take, {"desk": 2})


def test_the_broker_comes_and_goes(room):
    """Recording never notices; what happened meanwhile is told when the broker is back, with nothing retained."""
    room.interface("desk", channels=4, ramp=True).wait_ready()
    home = Home(room, {"desk": 4}, BY_COMMAND, render=False).start()
    take = home.start_take("http", size=0)
    home.watcher.stop()
    home.broker.stop()
    take.wait_growth()
    assert home.curl("api/v1/record/stop", "-X", "POST")[0] == 202
    wait_until(lambda: take.manifest["state"] == "recorded", "the take is closed")
    home.broker.start()
    home.watcher = room.watcher()
    home.wait("availability", lambda message: message.payload == "online")
    home.wait_state("idle")
    assert home.wait("take/latest").json["id"] == take.folder.name
    check_ramps(take, {"desk": 4})
    assert take.gaps == {"desk": []}
    assert home.ask("session.list")["status"] == "ok"


def test_an_interface_leaves_and_returns(room):
    fake = room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False).start()
    take = home.start_take()
    mark = home.watcher.mark()
    fake.kill()
    assert home.wait_event("interface_lost", since=mark)["interface"] == "desk"
    alert, = home.wait_health(lambda health: not health["ok"], since=mark)["alerts"]
    assert "desk" in alert
    mark = home.watcher.mark()
    room.interface("desk", channels=2, ramp=True).wait_ready()
    assert home.wait_event("interface_found", since=mark)["interface"] == "desk"
    assert home.wait_event("gap", since=mark)["cause"] == "unplugged"
    home.wait_health(lambda health: health["ok"] and not health["alerts"], since=mark)
    home.end_take()
    (_, lost), = absences(take, "desk")
    assert lost > 0
    take.check_files()


def test_pipewire_comes_and_goes(room):
    """The take goes on with silence for the time between, and what was played before and after is there."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False).start()
    take = home.start_take()
    mark = home.watcher.mark()
    room.pipewire.kill()
    home.wait_event("interface_lost", since=mark)
    home.wait_health(lambda health: not health["ok"], since=mark)
    room.start_pipewire()
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home.wait_event("interface_found", since=mark)
    home.wait_event("gap", since=mark)
    home.end_take()
    (frame, lost), = absences(take, "desk")
    assert frame > 0 and lost > 0
    take.check_files()
    for channel, track in enumerate(take.tracks):
        data = take.raw(track)
        before, after = data[:3 * frame], data[3 * (frame + lost):]
        assert not any(any(data[3 * at:3 * (at + silent)]) for at, silent, _ in take.gaps["desk"])
        assert len(after) > 0
        for part in (before, after):  # each PipeWire's interface counts from its own beginning
            if part != ramp(ramp_start(part, channel) + channel * 65536, len(part) // 3):
                pytest.fail(f"{track['file']} is not what was played")


def check_guarded(room, home, base):
    """Without the token there is only the page."""
    assert home.curl("", token=False)[0] == 200
    for path in ("api/v1/info", "api/v1/state", "api/v1/takes", base, f"{base}/files/master.flac"):
        status, headers, body = home.curl(path, token=False)
        assert status == 401, path
        assert headers["content-type"] == "application/problem+json" and json.loads(body)["status"] == 401
    assert home.curl("api/v1/record/start", "-X", "POST", token=False)[0] == 401
    assert home.curl("api/v1/info", "-H", "Authorization: Bearer " + "0" * 64, token=False)[0] == 401
    assert room.woodshed("token", "--config", home.config).stdout.strip() == home.token
    assert room.path("http.token").stat().st_mode & 0o777 == 0o600


def check_served(home, take, base):
    """What there is."""
    assert home.get_json("api/v1/state")["record"] == "idle"
    assert home.get_json("api/v1/info")["interfaces"][0]["name"] == "desk"
    assert home.get_json("api/v1/health")["ok"] is True
    listed, = home.get_json("api/v1/takes")["takes"]
    assert listed["id"] == take.folder.name and listed["state"] == "mastered"
    assert home.get_json(base) == take.manifest
    for entry in (*take.tracks, *take.manifest["renders"]):
        status, headers, body = home.curl(f"{base}/files/{entry['file']}")
        assert status == 200 and headers["etag"] == f'"{entry["sha256"]}"'
        assert hashlib.sha256(body).hexdigest() == entry["sha256"]


def check_refused(home, base):
    """And what is not."""
    for path in ("nonsense", "api/v1/nonsense", "api/v1/takes/20200101-000000-none", "api/v1/takes/..",
                 f"{base}/files/nonsense.flac", f"{base}/files/../../../http.token", f"{base}/files/raw",
                 f"{base}/files/%2e%2e/%2e%2e/http.token", f"{base}/files//etc/passwd"):
        status, headers, _ = home.curl(path, "--path-as-is")
        assert status == 404, path
        assert headers["content-type"] == "application/problem+json"
    assert home.curl("api/v1/takes", "-X", "POST")[0] == 405
    assert home.curl("api/v1/info", "-H", "Host: evil.example")[0] in (400, 403, 421)


def check_parts(room, home, url, master):
    """Parts of a file."""
    status, headers, body = home.curl(url, "-r", "100-299")
    assert status == 206 and body == master[100:300]
    assert headers["content-range"] == f"bytes 100-299/{len(master)}"
    assert home.curl(url, "-r", "-50")[2] == master[-50:]
    assert home.curl(url, "-r", f"{len(master) - 10}-")[2] == master[-10:]
    status, headers, _ = home.curl(url, "-r", f"{len(master)}-")
    assert status == 416 and headers["content-range"] == f"bytes */{len(master)}"
    assert home.curl(url, "-r", "0-9", "-H", 'If-Range: "another"')[2] == master
    assert home.curl(url, "-r", "0-9", "-H", f"If-Range: {headers['etag']}")[2] == master[:10]
    status, headers, _ = home.curl(url, "-I")
    assert status == 200 and int(headers["content-length"]) == len(master)
    assert home.curl(url, "-H", f"If-None-Match: {headers['etag']}")[0] == 304
    # A download that was cut off goes on where it was.
    part = room.path("part.flac")
    part.write_bytes(master[:1000])
    done = room.run("curl", "-sS", "-C", "-", "-o", part, "-H", f"Authorization: Bearer {home.token}", home.url + url)
    assert done.returncode == 0 and part.read_bytes() == master


def test_http(room):
    """What an HTTP client may have, and what it may not."""
    room.interface("desk", channels=2, noise=-20).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND).start()
    take = home.start_take("http")
    status, _, _ = home.curl("api/v1/marker", "-H", "Content-Type: application/json", "-d", '{"label": "here"}')
    assert status == 202
    assert home.curl("api/v1/record/stop", "-X", "POST")[0] == 202
    home.wait_event("take_mastered")
    base = f"api/v1/takes/{take.folder.name}"
    check_guarded(room, home, base)
    check_served(home, take, base)
    check_refused(home, base)
    check_parts(room, home, f"{base}/files/master.flac", (take.folder / "master.flac").read_bytes())
