"""The flow in docs/node-red, run by a real Node-RED against the real broker and the real service."""
import json
import pathlib
import subprocess

import pytest

from e2e.desk import check_ramps, wait_until
from e2e.home import BY_COMMAND, Home

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLOW = ROOT / "docs/node-red/rehearsal.json"
BROKER = "wsd0000000000002"

SETTINGS = """module.exports = {
    flowFile: "flow.json", credentialSecret: false, httpAdminRoot: false, httpNodeRoot: false,
    telemetry: {enabled: false}, editorTheme: {tours: false},
    logging: {console: {level: "info", metrics: false, audit: false}}
}
"""


@pytest.fixture(scope="module")
def node_red():
    """The folder that it is installed in; where npm's registry cannot be reached, this fails."""
    done = subprocess.run([ROOT / "tests/node-red/install"], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return pathlib.Path(done.stdout.strip())


def start(room, installed):
    """The flow as it is, but for the broker's address; everything else in it is what a person imports."""
    flow = json.loads(FLOW.read_text(encoding="utf-8"))
    broker, = (node for node in flow if node["type"] == "mqtt-broker")
    assert broker["id"] == BROKER
    broker |= {"broker": room.the_broker.host, "port": str(room.the_broker.port)}
    folder = room.folder("node-red")
    (folder / "flow.json").write_text(json.dumps(flow), encoding="utf-8")
    login = {"user": "watcher", "password": room.the_broker.accounts["watcher"]}
    (folder / "flow_cred.json").write_text(json.dumps({BROKER: login}), encoding="utf-8")
    (folder / "settings.js").write_text(SETTINGS, encoding="utf-8")
    process = room.spawn("node-red", "node", installed / "node_modules/node-red/red.js", "--userDir", folder,
                         "--settings", folder / "settings.js", "flow.json", cwd=folder)
    line = process.output.wait(lambda text: "Connected to broker" in text, 60)
    assert line, process.stdout[-2000:] + process.stderr[-2000:]
    # Connected is not subscribed: what is retained comes with the subscription to it.
    return process


def test_flow(room, node_red):
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND).start()
    home.wait_state("idle")
    flow = start(room, node_red)
    lamp = home.watcher

    def wait(topic, payload, since=0):
        return lamp.wait(lambda message: message.topic == topic and payload in message.payload, since=since)

    def press(how):
        room.publish("button/rehearsal", how)

    wait("lamp/rehearsal/set", "OFF")

    # Nothing runs: what was just played is saved.
    mark = lamp.mark()
    press("double")
    saved = home.take(home.wait_event("take_stopped", since=mark)["take"])
    assert saved.manifest["title"] == "Saved by the button"
    check_ramps(saved, {"desk": 2})
    wait("notify/rehearsal", "Saved by the button: mastered to", since=mark)

    # A take from the button's first press to its second, with a marker; the lamp follows.
    mark = lamp.mark()
    press("single")
    take = home.take(home.wait_event("take_started", since=mark)["take"])
    wait("lamp/rehearsal/set", "ON", since=mark)
    take.wait_growth()
    press("hold")
    assert home.wait_event("marker", since=mark)["label"] == "button by the door"
    press("double")
    wait("notify/rehearsal", "Not saved: a take is being recorded", since=mark)
    press("single")
    home.wait_event("take_stopped", since=mark)
    wait("lamp/rehearsal/set", "OFF", since=mark)
    wait("notify/rehearsal", "Night Bus: mastered to", since=mark)
    wait_until(lambda: take.manifest["state"] == "mastered", "mastered")
    lamps = [message.payload for message in lamp.messages if message.topic == "lamp/rehearsal/set"]
    assert lamps == ["OFF", "ON", "OFF"]
    assert all(message.retain is False for message in lamp.messages if message.topic.endswith("/record/set"))
    assert "error" not in flow.stdout.lower(), flow.stdout
