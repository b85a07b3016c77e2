"""Home Assistant: the entities of the introduction and what they show and do, and the automations in docs, each tried
against what the real service says to the real broker."""
import datetime
import json
import pathlib

import pytest
import yaml

from e2e.assistant import Assistant
from e2e.crowd import Client, publication
from e2e.desk import check_ramps, wait_until
from e2e.home import BY_COMMAND, SESSION, TOPIC, Home

AUTOMATIONS = pathlib.Path(__file__).resolve().parents[2] / "docs/home-assistant/automations.yaml"
BOX = "woodshed_room1_"


def open_home(room, **more):
    home = Home(room, {"desk": 2, "stage": 1}, BY_COMMAND, discovery=True, **more)
    assistant = Assistant(room, home.watcher, "woodshed_room1")
    return home, assistant


def shows(assistant, entity, state, what=None):
    wait_until(lambda: entity in assistant.entities and assistant.entities[entity].state == state,
               what or f"{entity} shows {state}")


def test_entities(room):
    """A rehearsal, seen and driven from Home Assistant alone."""
    room.interface("desk", channels=2, noise=-20).wait_ready()
    stage = room.interface("stage", channels=1, noise=-20).wait_ready()
    home, assistant = open_home(room, sessions=("thursday", "friday"))
    home.start()
    shows(assistant, f"switch.{BOX}record", "off")
    wait_until(lambda: len(assistant.entities) == 12, "every entity is there")
    entity = {name.split(".")[1].removeprefix(BOX): one for name, one in assistant.entities.items()}
    assert set(entity) == {"record", "marker", "save", "session", "last_take", "loudness", "time_left", "recording_since",
                           "take_event", "problem", "interface_desk", "interface_stage"}
    assert entity["save"].component["name"] == "Save the last 2 s"
    assert entity["session"].component["options"] == ["friday", "thursday"]
    assert entity["session"].state == "thursday" and entity["problem"].state == "off"
    assert entity["recording_since"].state is None and entity["last_take"].state is None
    assert float(entity["time_left"].state) > 0
    shows(assistant, entity["interface_desk"].id, "on")
    shows(assistant, entity["interface_stage"].id, "on")

    # A take.
    entity["session"].send("friday")
    shows(assistant, entity["session"].id, "friday")
    entity["record"].send("ON")
    shows(assistant, entity["record"].id, "on")
    since = datetime.datetime.fromisoformat(entity["recording_since"].state.replace("Z", "+00:00"))
    assert abs((datetime.datetime.now(datetime.timezone.utc) - since).total_seconds()) < 30
    take = home.take(home.wait_event("take_started")["take"])
    take.wait_growth()
    entity["marker"].press()
    home.wait_event("marker")
    assert entity["take_event"].state == "marker" and entity["take_event"].attributes["take"] == take.folder.name
    mark = home.watcher.mark()
    entity["save"].press()
    answer = home.wait("response/record.save", since=mark).json
    assert answer["status"] == "error" and "a take is being recorded" in answer["error"]
    stage.kill()
    shows(assistant, entity["interface_stage"].id, "off")
    shows(assistant, entity["problem"].id, "on")
    assert any("stage" in alert for alert in entity["problem"].attributes["alerts"])
    entity["record"].send("OFF")
    shows(assistant, entity["record"].id, "off")
    home.wait_event("take_mastered", timeout=60)
    shows(assistant, entity["last_take"].id, "Night Bus")
    wait_until(lambda: entity["last_take"].attributes["state"] == "mastered", "mastered")
    assert float(entity["loudness"].state) == pytest.approx(-14, abs=0.3)
    assert entity["last_take"].attributes["id"] == take.folder.name
    assert [marker["label"] for marker in take.manifest["markers"]] == ["marker"]

    # With no take any more, what it showed is unknown, not an error.
    assert home.ask("take.remove", take=take.folder.name)["status"] == "ok"
    wait_until(lambda: home.said("take/latest")[-1].payload == "", "there is none")
    assert entity["last_take"].state is None and entity["loudness"].state is None
    assert entity["last_take"].attributes == {}
    assert all(not message.retain for message in home.said("event"))


def test_save(room):
    """What was played before anyone thought of it becomes a take, whole and bit for bit."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    room.interface("stage", channels=1, ramp=True).wait_ready()
    home, assistant = open_home(room)
    home.start()
    wait_until(lambda: f"button.{BOX}save" in assistant.entities, "there is a button")
    assistant.entities[f"button.{BOX}save"].press()
    assert home.wait("response/record.save").json["status"] == "ok"
    take = home.take(home.wait_event("take_stopped")["take"])
    assert 0 < take.manifest["pre_roll_frames"] <= 2 * 48000 + 1
    assert take.manifest["frames"] >= take.manifest["pre_roll_frames"]
    check_ramps(take, {"desk": 2, "stage": 1})
    home.wait_event("take_mastered", timeout=60)
    assert "recording" not in home.states()
    # Twice, and the second before the take's end, which is a quarter of a second later: no time for two programs.
    mark = home.watcher.mark()
    client = Client(room.the_broker, "hasty")
    client.send(b"".join(publication(TOPIC + "request/record.save", json.dumps({"title": "Again", "transaction": name}))
                         for name in ("first", "second")))
    answers = [home.wait("response/record.save", lambda message, name=name: message.json["transaction"] == name,
                         since=mark).json for name in ("first", "second")]
    client.close()
    assert answers[0]["status"] == "ok" and answers[1]["status"] == "error", answers
    assert "just ended" in answers[1]["error"]
    second = home.take(home.wait_event("take_stopped", since=mark)["take"])
    assert second.manifest["title"] == "Again"
    check_ramps(second, {"desk": 2, "stage": 1})


def test_introduction_follows(room):
    """Sessions that come and go, interfaces that a reload takes away, discovery switched off and on."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    room.interface("stage", channels=1, ramp=True).wait_ready()
    home, assistant = open_home(room)
    home.start()

    def options():
        return assistant.entities[f"select.{BOX}session"].component["options"]

    wait_until(lambda: f"select.{BOX}session" in assistant.entities and options() == ["thursday"], "one session")
    home.write_session("friday", SESSION.format(name="friday"))
    home.room.path("sessions", "Not a name.yaml").write_text("", encoding="utf-8")
    assert home.ask("session.list")["data"] == {"sessions": ["friday", "thursday"], "session": "thursday"}
    wait_until(lambda: options() == ["friday", "thursday"], "two sessions")
    home.room.path("sessions", "friday.yaml").unlink()
    wait_until(lambda: options() == ["thursday"], "one session again, which nobody asked for", timeout=25)

    # An interface that is not to be any more is taken leave of.
    home.interfaces = {"desk": 2}
    home.write_config()
    mark = home.watcher.mark()
    assert home.ask("config.reload")["status"] == "ok"
    # Two messages: the leave-taking, and after it what there is from then on.
    home.watcher.wait(lambda message: message.topic == assistant.topic and "interface_stage" not in message.json["cmps"],
                      since=mark)
    assert len(assistant.entities) == 11
    said = [message.json["cmps"] for message in home.watcher.since(mark) if message.topic == assistant.topic]
    assert said[0]["interface_stage"] == {"p": "binary_sensor"} and "interface_stage" not in said[-1]

    home.discovery = False
    home.write_config()
    mark = home.watcher.mark()
    assert home.ask("config.reload")["data"] == {"restart": []}
    message = home.watcher.wait(lambda message: message.topic == assistant.topic, since=mark)
    assert message.payload == ""
    late = room.watcher()
    late.wait(lambda message: message.topic == "woodshed/room1/availability")
    assert not [message for message in late.messages if message.topic == assistant.topic]
    home.discovery = True
    home.write_config()
    mark = home.watcher.mark()
    assert home.ask("config.reload")["status"] == "ok"
    home.watcher.wait(lambda message: message.topic == assistant.topic and "cmps" in message.json, since=mark)
    mark = home.watcher.mark()
    room.publish("homeassistant/status", "online")
    home.watcher.wait(lambda message: message.topic == assistant.topic, since=mark)


class Trigger:
    """The `trigger` variable of an automation that a message started."""

    def __init__(self, message):
        self.topic, self.payload = message.topic, message.payload
        self.payload_json = json.loads(message.payload)


def parts(node, kind):
    """Every mapping below `node` that has the key `kind`."""
    if isinstance(node, dict):
        if kind in node:
            yield node
        for value in node.values():
            yield from parts(value, kind)
    elif isinstance(node, list):
        for value in node:
            yield from parts(value, kind)


def texts(node):
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else [node]:
        if isinstance(value, (dict, list)):
            yield from texts(value)
        elif isinstance(value, str):
            yield value


def test_automations(room):
    """Those in docs/home-assistant: their triggers fire on what is really said, and every template has a value."""
    automations = yaml.safe_load(AUTOMATIONS.read_text(encoding="utf-8"))
    desk = room.interface("desk", channels=2, ramp=True,
                          xrun_at=[f"{second * 48000}:512" for second in range(4, 60, 3)]).wait_ready()
    room.interface("stage", channels=1, ramp=True).wait_ready()
    home, assistant = open_home(room)
    home.start()
    home.tell("record/set", "ON")
    home.wait_event("take_started")
    home.wait_event("gap", timeout=60)
    desk.kill()
    home.wait_health(lambda health: not health["ok"], since=home.watcher.mark())
    assert assistant.entities[f"switch.{BOX}record"].state == "on"
    problem = automations[2]["actions"][0]["data"]["message"]
    assert "desk" in assistant.render(problem)
    conditions = [one["value_template"] for one in automations[3]["conditions"]]
    assert [assistant.render(one) for one in conditions] == ["True"]
    home.tell("record/set", "OFF")
    home.wait_event("take_mastered", timeout=60)
    wait_until(lambda: home.said("take/latest")[-1].json["state"] == "mastered", "mastered")

    ours = {entity for entity in assistant.entities}
    fired = {}
    for automation in automations:
        for trigger in automation["triggers"]:
            if trigger["trigger"] == "mqtt":
                fired[automation["alias"]] = [
                    Trigger(message) for message in home.watcher.messages if message.topic == trigger["topic"] and
                    assistant.render(trigger["value_template"], message.payload) == trigger["payload"]]
            elif trigger["trigger"] == "state":
                assert trigger["entity_id"] in ours
        for target in parts(automation["actions"], "entity_id"):
            assert target["entity_id"] in ours | {"light.red_light"}
        for data in parts(automation["actions"], "topic"):
            assert data["topic"] in {entity.component.get("command_topic") for entity in assistant.entities.values()}
    assert len(fired) == 2
    for automation in automations:
        for trigger in fired.get(automation["alias"], []):
            for text in texts(automation["actions"]):
                assert assistant.render(text, trigger=trigger) not in (None, "")
    mastered = fired[automations[1]["alias"]]
    data = automations[1]["actions"][0]["data"]
    shown = [assistant.render(text, trigger=mastered[0]) for text in (data["title"], data["message"], data["data"]["url"])]
    latest = home.said("take/latest")[-1].json
    assert len(mastered) == 1 and shown[0] == "Night Bus" and shown[2] == latest["url"]
    assert shown[1].endswith(f"mastered to {latest['lufs']} LUFS")
    assert len(fired[automations[3]["alias"]]) >= 1
