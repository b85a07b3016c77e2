"""GET /api/v1/events: what every listener hears, and that nobody waits for one who does not listen."""
import http.client
import json
import os
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from fixture import Hosted  # noqa: E402
from parties import Folder, Host, until  # noqa: E402

TAKE = "20261122-190311-thursday"


class Listener:
    """One stream, read event by event."""

    def __init__(self, host, query="", token=None, buffer=None):
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(15)
        self.socket.connect(("127.0.0.1", host.port))
        self.socket.sendall(f"GET /api/v1/events{query} HTTP/1.1\r\nHost: localhost\r\n"
                            f"Authorization: Bearer {token or host.token}\r\n\r\n".encode())
        self.stream = self.socket.makefile("rb")
        self.status = int(self.stream.readline().split()[1])
        self.headers = {}
        while (line := self.stream.readline().strip()):
            name, value = line.decode().split(": ", 1)
            self.headers[name.lower()] = value
        self.text = b""

    def more(self):
        size = int(self.stream.readline() or b"0", 16)
        if size == 0:
            raise EOFError
        self.text += self.stream.read(size)
        self.stream.readline()

    def block(self):
        while b"\n\n" not in self.text:
            self.more()
        block, self.text = self.text.split(b"\n\n", 1)
        return dict(line.split(": ", 1) if ": " in line else (line, "") for line in block.decode().split("\n"))

    def event(self, kind=None, matches=lambda data: True):
        """The next event, of that kind if one is named: its kind, data and id."""
        while True:
            fields = self.block()
            if "event" not in fields or (kind and fields["event"] != kind):
                continue
            data = json.loads(fields["data"])
            if matches(data):
                return fields["event"], data, int(fields["id"])

    def close(self):
        self.stream.close()
        self.socket.close()


class Events(Hosted):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        cls.host = Host(cls.folder.path, takes=1)

    def listen(self, *args, **more):
        listener = Listener(self.host, *args, **more)
        self.addCleanup(listener.close)
        return listener

    def test_begins_with_what_is(self):
        listener = self.listen()
        self.assertEqual((listener.status, listener.headers["content-type"]), (200, "text/event-stream"))
        self.assertEqual(listener.headers["cache-control"], "no-store")
        self.assertEqual(listener.block(), {"retry": "2000"})
        kind, state, first = listener.event()
        self.assertEqual((kind, state), ("state", self.host.json("/api/v1/state")[1]))
        kind, health, second = listener.event()
        self.assertEqual((kind, health["alerts"]), ("health", ['disk "low"']))
        self.assertGreater(second, first)

    def test_what_happens(self):
        listener = self.listen("?levels=0")
        self.host.curl("/api/v1/marker", "-d", '{"label": "sölo"}')
        self.assertEqual(listener.event("take")[1], {"event_type": "marker", "label": "sölo"})
        self.host.curl("/api/v1/record/start", "-X", "POST")
        self.assertEqual(listener.event("state", lambda state: state["record"] == "recording")[1]["take"], TAKE)
        self.host.curl("/api/v1/record/stop", "-X", "POST")
        listener.event("state", lambda state: state["record"] == "idle")

    def test_levels_and_progress(self):
        listener = self.listen()
        levels = listener.event("levels")[1]
        self.assertEqual(levels["interfaces"][0], {"name": "xr18", "channels": [
            {"peak": -12.35, "rms": -20.0, "clipped": 0}, {"peak": None, "rms": None, "clipped": 0}]})
        self.assertEqual(listener.event("progress")[1], {"take": TAKE, "stage": "mix", "done": 0.25})

    def test_no_levels_for_who_wants_none(self):
        watcher, listener = self.listen("?levels=1"), self.listen("?levels=0")
        for _ in range(3):
            watcher.event("levels")
        kinds = {listener.event()[0] for _ in range(4)}
        self.assertNotIn("levels", kinds)
        self.assertEqual(self.host.curl("/api/v1/events?levels=yes")[0], 400)

    def test_token_and_head(self):
        for options in ([], ["-I"]):
            self.assertEqual(self.host.curl("/api/v1/events", *options, token=False)[0], 401)
        status, headers, _ = self.host.curl("/api/v1/events", "-I")
        self.assertEqual((status, headers["content-type"]), (200, "text/event-stream"))
        self.assertEqual(self.host.curl("/api/v1/events", "-X", "POST")[0], 405)

    def test_many_and_too_many(self):
        listeners = [self.listen("?levels=0") for _ in range(100)]
        self.assertEqual({listener.status for listener in listeners}, {200})
        begun = time.monotonic()
        self.host.curl("/api/v1/marker", "-d", '{"label": "all"}')
        for listener in listeners:
            self.assertEqual(listener.event("take")[1]["label"], "all")
        self.assertLess(time.monotonic() - begun, 2)
        rest = [self.listen("?levels=0") for _ in range(40)]
        self.assertEqual({listener.status for listener in rest}, {200, 503})
        for listener in listeners + rest:
            listener.close()

        def room_again():
            """For as many, so that enough is left for the next test when these have gone, too."""
            self.host.curl("/api/v1/marker", "-d", '{"label": "gone"}')  # who has gone is found out by writing to him
            more = [Listener(self.host, "?levels=0") for _ in listeners]
            for listener in more:
                listener.close()
            return {listener.status for listener in more} == {200}

        until(room_again, "there is room again")

    def test_who_does_not_read_is_dropped(self):
        slow, quick = self.listen("?levels=0", buffer=4096), self.listen("?levels=0")
        client = http.client.HTTPConnection("127.0.0.1", self.host.port, timeout=10)
        self.addCleanup(client.close)
        count, heard = 1500, 0  # more than both buffers and the queue hold; whoever reads has every one of them
        for _ in range(count):
            client.request("POST", "/api/v1/marker", json.dumps({"label": "x" * 200}),
                           {"Authorization": f"Bearer {self.host.token}"})
            client.getresponse().read()
            quick.event("take")
        with self.assertRaises((EOFError, ConnectionError)):
            while True:
                heard += slow.event()[0] == "take"
        self.assertLess(heard, count)


class End(unittest.TestCase):
    def test_stop_ends_every_stream(self):
        folder = Folder()
        self.addCleanup(folder.close)
        host = Host(folder.path)
        self.addCleanup(host.close)
        listeners = [Listener(host) for _ in range(20)]
        for listener in listeners:
            self.addCleanup(listener.close)
            listener.event("state")
        begun = time.monotonic()
        self.assertEqual(host.kill(), 0)
        self.assertLess(time.monotonic() - begun, 3)
        for listener in listeners:
            with self.assertRaises((EOFError, ConnectionError)):
                while True:
                    listener.block()


if __name__ == "__main__":
    unittest.main()
