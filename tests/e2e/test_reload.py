"""The files are read again while the box runs: what counts at once, what from the next take, and what never breaks."""
import signal

from e2e.desk import check_ramps
from e2e.home import BY_COMMAND, SESSION, Home

TRACKS = "tracks:\n  - {{name: {}, input: desk/1}}\n  - {{name: {}, input: desk/2}}\n"


def test_a_running_take_keeps_its_session(room):
    """The take that runs is the old session's to its end, session.yaml and all; the next is the new one's."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False)
    thursday = SESSION.format(name="thursday") + TRACKS.format("kick", "bass")
    friday = SESSION.format(name="friday") + TRACKS.format("vox", "keys")
    home.write_session("thursday", thursday)
    home.write_session("friday", friday)
    home.start()
    first = home.start_take("request")
    home.write_config(session="friday")
    for _ in range(3):
        answer = home.ask("config.reload")
        assert (answer["status"], answer["data"]) == ("ok", {"restart": []})
    home.process.signal(signal.SIGHUP)
    assert home.ask("marker.add", label="chorus")["status"] == "ok"
    assert first.manifest["session"] == "thursday"
    home.end_take("request")
    assert [track["name"] for track in first.tracks] == ["kick", "bass"]
    assert (first.folder / "session.yaml").read_text(encoding="utf-8") == thursday
    check_ramps(first, {"desk": 2})
    second = home.start_take("request")
    home.end_take("request")
    assert second.manifest["session"] == "friday"
    assert [track["name"] for track in second.tracks] == ["vox", "keys"]
    assert (second.folder / "session.yaml").read_text(encoding="utf-8") == friday
    check_ramps(second, {"desk": 2})


def test_a_bad_file_is_an_alert(room):
    """Until a reload works; whichever of the two files it is, and whoever asked."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False).start()
    good = home.config.read_text(encoding="utf-8")
    for ask in (lambda: home.ask("config.reload"), lambda: home.process.signal(signal.SIGHUP)):
        for broken, where in ((good.replace("pre_roll", "prerol"), home.config),
                              (good.replace("thursday", "broken"), home.write_session("broken", "mix: {preset: rokc}\n"))):
            home.config.write_text(broken, encoding="utf-8")
            told = f"the configuration stays as it was: {where}:"
            mark = home.watcher.mark()
            ask()
            # Every ten seconds there is a health anyhow, which may yet tell of the file before.
            alert, = home.wait_health(lambda health, told=told: any(alert.startswith(told) for alert in health["alerts"]),
                                      since=mark)["alerts"]
            assert "did you mean" in alert
        home.config.write_text(good, encoding="utf-8")
        mark = home.watcher.mark()
        ask()
        home.wait_health(lambda health: health["ok"] and not health["alerts"], since=mark)
    take = home.start_take("request")
    home.end_take("request")
    assert take.manifest["session"] == "thursday"
    check_ramps(take, {"desk": 2})


def test_another_interface_from_the_next_take(room):
    """One more is plugged in and written down while a take runs: that take is as it began, the next has both."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    room.interface("stage", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False).start()
    first = home.start_take("request")
    home.interfaces = {"desk": 2, "stage": 1}
    home.write_config()
    assert home.ask("config.reload")["status"] == "ok"
    home.end_take("request")
    assert {track["inputs"][0] for track in first.tracks} == {"desk/1", "desk/2"}
    check_ramps(first, {"desk": 2})
    mark = home.watcher.mark()
    home.wait("info", lambda message: {one["name"]: (one["channels"], one["live"])
                                       for one in message.json["interfaces"]} == {"desk": (2, True), "stage": (1, True)})
    second = home.start_take("request")
    home.end_take("request")
    assert {track["inputs"][0] for track in second.tracks} == {"desk/1", "desk/2", "stage/1"}
    check_ramps(second, {"desk": 2, "stage": 1})
    # And one fewer.
    home.interfaces = {"stage": 2}
    home.write_config()
    assert home.ask("config.reload")["status"] == "ok"
    home.wait("info", lambda message: [(one["name"], one["channels"], one["live"])
                                       for one in message.json["interfaces"]] == [("stage", 2, True)], since=mark)
    third = home.start_take("request")
    home.end_take("request")
    check_ramps(third, {"stage": 2})


def test_what_needs_another_start_is_said(room):
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False).start()
    home.config.write_text(home.config.read_text(encoding="utf-8").replace("\nname: room1", "\nname: room2")
                           .replace("token_file: http.token", "token_file: other.token"), encoding="utf-8")
    answer = home.ask("config.reload")
    assert (answer["status"], answer["data"]) == ("ok", {"restart": ["name", "http"]})
    home.process.wait_error("http was changed")
    assert home.get_json("api/v1/health")["ok"]
