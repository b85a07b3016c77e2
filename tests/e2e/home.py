"""The service as a home sees it: a broker, a watcher of all that is said, and an HTTP client that is not ours."""
import itertools
import json

from e2e.desk import Take
from rig.room import free_port

TOPIC = "woodshed/room1/"

# Short, so that a test is.
RECORDING = """recording:
  pre_roll: 2 s
  post_roll: 500 ms
  start: {when: WHEN, above: auto, for: 300 ms}
  stop: {when: STOP, below: auto, for: 1 s}"""
HANDS_FREE = RECORDING.replace("WHEN", "signal").replace("STOP", "silence")
BY_COMMAND = RECORDING.replace("WHEN", "command").replace("STOP", "command")

SESSION = ("woodshed: 1\nname: {name}\nsong: {{title: Night Bus, artist: The Trays}}\n"
           "edit: {{preset: none}}\nmix: {{preset: none}}\n"
           "master: {{preset: streaming, loudness: -14 LUFS, true_peak: -1 dBTP}}\n")


class Home:
    """`woodshed run` for interfaces {name: channels}, with a session `thursday` unless told otherwise."""

    def __init__(self, room, interfaces, recording=HANDS_FREE, render=True, sessions=("thursday",),
                 discovery=False):
        self.room, self.interfaces, self.recording, self.render = room, interfaces, recording, render
        self.discovery = discovery
        self.broker = room.broker()
        self.port = free_port()
        self.config = room.path("appliance.yaml")
        room.folder("sessions")
        for name in sessions:
            self.write_session(name, SESSION.format(name=name))
        room.path("mqtt.password").write_text(self.broker.accounts["room1"] + "\n", encoding="utf-8")
        self.write_config()
        self.watcher = room.watcher()
        self._transactions = itertools.count(1)
        self.process = None

    def write_session(self, name, text):
        path = self.room.path("sessions", f"{name}.yaml")
        path.write_text(text, encoding="utf-8")
        return path

    def write_config(self, extra="", session="thursday"):
        lines = ["woodshed: 1", "name: room1", "takes: takes", f"session: sessions/{session}.yaml", "interfaces:"]
        lines += [f"  - {{name: {name}, node: {name}, channels: {channels}}}"
                  for name, channels in self.interfaces.items()]
        lines += [self.recording,
                  f"mqtt: {{url: \"{self.broker.url}\", username: room1, password_file: mqtt.password,"
                  f" discovery: {str(self.discovery).lower()}}}",
                  f"http: {{listen: \"127.0.0.1:{self.port}\", token_file: http.token}}",
                  f"render: {{on_stop: {str(self.render).lower()}}}", extra, ""]
        self.config.write_text("\n".join(lines), encoding="utf-8")

    def start(self):
        """Until it is online, and everything that it was told to record is there."""
        mark = self.watcher.mark()
        self.process = self.room.service(self.config)
        self.wait("availability", lambda message: message.payload == "online", since=mark)
        self.wait_health(lambda health: health["ok"], since=mark)
        return self

    def stop(self):
        """SIGTERM: it ends well, and says so to everybody. What the broker passes on may come after its end."""
        mark = self.watcher.mark()
        assert self.process.stop() == 0
        self.wait("availability", lambda message: message.payload == "offline", since=mark)
        assert self.said("availability")[-1].payload == "offline"

    # ---- what it says ----

    def wait(self, topic, fits=lambda message: True, since=0, **kw):
        return self.watcher.wait(lambda message: message.topic == TOPIC + topic and fits(message), since=since, **kw)

    def wait_state(self, record, since=0):
        return self.wait("state", lambda message: message.json["record"] == record, since=since).json

    def wait_event(self, kind, since=0, **kw):
        return self.wait("event", lambda message: message.json["event_type"] == kind, since=since, **kw).json

    def wait_health(self, fits, since=0):
        return self.wait("health", lambda message: fits(message.json), since=since).json

    def said(self, topic):
        """Everything that was published there, one after the other."""
        return [message for message in self.watcher.messages if message.topic == TOPIC + topic]

    def states(self):
        """The record states it went through."""
        states = [message.json["record"] for message in self.said("state")]
        return [state for state, _ in itertools.groupby(states)]

    # ---- what it is told ----

    def tell(self, topic, payload, **kw):
        self.room.publish(TOPIC + topic, payload, **kw)

    def ask(self, verb, **arguments):
        """A request; returns the response."""
        transaction = f"t{next(self._transactions)}"
        mark = self.watcher.mark()
        self.tell(f"request/{verb}", arguments | {"transaction": transaction})
        answer = self.wait(f"response/{verb}", since=mark).json
        assert answer["transaction"] == transaction
        return answer

    def take(self, name):
        return Take(self.room.path("takes", name))

    def _record(self, on, over):
        verb = "start" if on else "stop"
        if over == "set":
            self.tell("record/set", "ON" if on else "OFF")
        elif over == "request":
            assert self.ask(f"record.{verb}")["status"] == "ok"
        else:
            assert self.curl(f"api/v1/record/{verb}", "-X", "POST")[0] == 202

    def start_take(self, over="set", size=8192):
        """A take that was told to start over `set`, `request` (both MQTT) or `http`, once there are more than `size`
        bytes in every track."""
        mark = self.watcher.mark()
        self._record(True, over)
        take = self.take(self.wait_event("take_started", since=mark)["take"])
        take.wait_growth(size)
        return take

    def end_take(self, over="set"):
        """Ends it; returns what is said of its end."""
        mark = self.watcher.mark()
        self._record(False, over)
        return self.wait_event("take_stopped", since=mark)

    # ---- HTTP ----

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    @property
    def token(self):
        return self.room.path("http.token").read_text(encoding="utf-8").strip()

    def curl(self, url, *args, token=True):
        """(status, headers, body) of a request; `url` may be only the path."""
        out, headers = self.room.path("curl.out"), self.room.path("curl.headers")
        out.write_bytes(b"")
        if not url.startswith("http"):
            url = self.url + url
        guard = ["-H", f"Authorization: Bearer {self.token}"] if token else []
        done = self.room.run("curl", "-sS", "-o", out, "-D", headers, "-w", "%{http_code}", *guard, *args, url)
        assert done.returncode == 0, done.stderr
        lines = headers.read_text(encoding="utf-8").splitlines()[1:]
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        return int(done.stdout), {key.lower(): value for key, value in fields.items()}, out.read_bytes()

    def get_json(self, path):
        status, _, body = self.curl(path)
        assert status == 200, body
        return json.loads(body)
