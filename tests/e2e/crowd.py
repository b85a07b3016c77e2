"""Clients of the broker that are faster, and worse, than those one can install: a small MQTT 3.1.1 client of sockets, what
it does to a service that records, and what is asked of the service meanwhile. tests/stress/mqtt has the long runs."""
import json
import os
import socket
import statistics
import threading
import time

from e2e.desk import check_ramps, wait_until
from e2e.home import BY_COMMAND, TOPIC, Home
from rig.room import DEADLINE

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ = 1, 2, 3, 4, 8, 9, 12


def _text(text):
    data = text if isinstance(text, bytes) else text.encode()
    return len(data).to_bytes(2, "big") + data


def _packet(kind, flags, body):
    size, left = b"", len(body)
    while True:
        left, byte = left >> 7, left & 127
        size += bytes([byte | (128 if left else 0)])
        if not left:
            return bytes([kind << 4 | flags]) + size + body


def publication(topic, payload, retain=False):
    """The bytes of a message of QoS 0."""
    data = payload if isinstance(payload, bytes) else payload.encode()
    return _packet(PUBLISH, int(retain), _text(topic) + data)


class Client:
    """`heard` collects (topic, payload, monotonic seconds); messages are published with QoS 0, and those that come are
    asked for with it: nothing is acknowledged, nothing waits."""

    def __init__(self, broker, name, user="watcher"):
        self.socket = socket.create_connection((broker.host, broker.port), DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")
        body = _text("MQTT") + b"\x04\xc2" + (0).to_bytes(2, "big") + _text(name) + _text(user)
        self.socket.sendall(_packet(CONNECT, 0, body + _text(broker.accounts[user])))
        assert self._read() == (CONNACK, 0, b"\x00\x00")
        self.heard, self._changed = [], threading.Condition()

    def _read(self):
        head = self.stream.read(1)
        if not head:
            return None
        size = shift = 0
        while True:
            byte = self.stream.read(1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return head[0] >> 4, head[0] & 15, self.stream.read(size)

    def subscribe(self, topic):
        self.socket.sendall(_packet(SUBSCRIBE, 2, b"\x00\x01" + _text(topic) + b"\x00"))
        assert self._read() == (SUBACK, 0, b"\x00\x01\x00")
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def _listen(self):
        try:
            while (packet := self._read()) is not None:
                kind, _, body = packet
                if kind != PUBLISH:
                    continue
                size = int.from_bytes(body[:2], "big")
                with self._changed:
                    self.heard.append((body[2:2 + size].decode(), body[2 + size:], time.monotonic()))
                    self._changed.notify_all()
        except (OSError, ValueError, IndexError):
            pass  # closed

    def look(self, fits, since, timeout):
        """The first of `heard` from `since` on for which fits(topic, payload) is true; None when time is over."""
        end, at = time.monotonic() + timeout, since
        with self._changed:
            while True:
                for found in self.heard[at:]:
                    if fits(found[0], found[1]):
                        return found
                at = len(self.heard)
                left = end - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)

    def wait(self, fits, since, timeout=DEADLINE):
        found = self.look(fits, since, timeout)
        assert found, f"nothing fits within {timeout} s, after {self.heard[-3:]}"
        return found

    def send(self, data):
        self.socket.sendall(data)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


# ---- a service that records ----

def recording(room, channels):
    """(home, take): a take of ramps that runs, of interfaces {name: channels}."""
    for name, count in channels.items():
        room.interface(name, channels=count, ramp=True).wait_ready()
    home = Home(room, channels, BY_COMMAND, render=False).start()
    return home, home.start_take()


def finish(home, take, channels):
    """Ends the take; not a frame of it may be lost or in another place."""
    home.tell("record/set", "OFF")
    wait_until(lambda: take.manifest["state"] == "recorded", "the take is closed", timeout=60)
    assert all(gaps == [] for gaps in take.gaps.values()), take.gaps
    check_ramps(take, channels)
    return take.manifest["frames"]


def resident_kib(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def processor_s(process):
    """What it has had of the processors so far."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- how fast it answers ----

def answer_times(room, count, pause=0.0):
    """Seconds from a request to its answer, `count` of them one after the other, of several kinds."""
    requests = [("marker.add", {"label": "here"}), ("session.list", {}), ("take.list", {"limit": 1}), ("levels", {})]
    client = Client(room.the_broker, "asks").subscribe(TOPIC + "response/+")
    times = []
    for number in range(count):
        verb, arguments = requests[number % len(requests)]
        wanted = f'"transaction":"a{number}"'.encode()
        since, begin = len(client.heard), time.monotonic()
        client.send(publication(TOPIC + f"request/{verb}", json.dumps(arguments | {"transaction": f"a{number}"})))
        _, payload, end = client.wait(lambda topic, payload, wanted=wanted: wanted in payload, since)
        assert b'"status":"ok"' in payload, payload
        times.append(end - begin)
        time.sleep(pause)
    client.close()
    return times


def answered_after(room):
    """Seconds until a request is answered that is asked again every half second, with the same transaction: a broker drops
    what a subscriber is too slow for, whoever it is from."""
    client = Client(room.the_broker, "insists").subscribe(TOPIC + "response/session.list")
    begin, found = time.monotonic(), None
    while not found:
        assert time.monotonic() < begin + DEADLINE, "no answer"
        client.send(publication(TOPIC + "request/session.list", '{"transaction": "insists"}'))
        found = client.look(lambda topic, payload: b'"insists"' in payload and b'"ok"' in payload, 0, 0.5)
    client.close()
    return found[2] - begin


def percentile(values, percent):
    return statistics.quantiles(values, n=1000, method="inclusive")[percent * 10 - 1]


# ---- what it must not fall for ----

def nasty():
    """[(topic, payload, retain)]: everything that was ever thought of. None of it does anything but set a marker, which is
    what anything is to `marker/set` that is a short text."""
    deep = b'{"take":' * 8000 + b"1" + b"}" * 8000
    return [
        *((f"request/{verb}", payload, False) for verb in ("record.start", "take.get", "take.remove") for payload in (
            b"", b"{", b"[]", b"null", b'"x"', b"{} {}", b'{"a":1,"a":2}', b"\xff\xfe\x00", b'{"take":"\x00"}',
            b'{"take":"a\\u0000b"}', b"[" * 60000, deep, b'{"take":"' + b"x" * 66000 + b'"}', b"\x00" * 100,
            b'{"transaction":' + b"9" * 4000 + b"}", b'{"transaction":"' + b"x" * 200 + b'"}', b'{"take":"../../../etc"}',
            b'{"session":"../../etc/passwd"}', b'{"title":"\x1b[2J"}', b'{"transaction":1e999}')),
        *((f"request/{verb}", b"{}", False) for verb in (
            "record", "record.", "record.star", "record.startx", "RECORD.STOP", "record.stop ", "take", "config", "x" * 60,
            "x" * 500, "%s%n%x", "$SYS")),
        *((topic, payload, False) for topic in ("record/set", "session/set", "marker/set") for payload in (
            b"", b"\x00", b"on", b"ON\x00", b"OFF ", b"\xff\xff", b"../x", b"x" * 70000, b"\n")),
        ("record/set", b"OFF", True), ("request/record.stop", b'{"transaction":"kept"}', True),
        ("session/set", b"thursday", True), ("request/take.remove", b"{}", True),
        ("request/record.stop", b"x" * (1 << 20), False), ("record/set", b"O" * (1 << 20), False)]


def flood(room, seconds, rate):
    """Sends what is nasty, over and over, `rate` messages a second, but for the two of a megabyte and those that are
    retained: once a second. Returns how many there were."""
    client = Client(room.the_broker, "floods")
    all_of_it = [(publication(TOPIC + topic, payload, retain), retain or len(payload) > 100000)
                 for topic, payload, retain in nasty()]
    seldom = [data for data, rare in all_of_it if rare]
    small = [data for data, rare in all_of_it if not rare and len(data) < 1000]
    large = [data for data, rare in all_of_it if not rare and len(data) >= 1000]
    sent, begin, slice_s = 0, time.monotonic(), 0.01
    burst = int(rate * slice_s)
    for turn in range(int(seconds / slice_s)):
        batch = [small[(sent + i) % len(small)] for i in range(burst)]
        if turn % 20 == 0:
            batch[-1] = large[turn // 20 % len(large)]
        if turn % 100 == 0:
            batch += seldom
        client.send(b"".join(batch))
        sent += len(batch)
        time.sleep(max(0.0, begin + (turn + 1) * slice_s - time.monotonic()))
    took = time.monotonic() - begin
    client.close()
    return sent, sent / took


# ---- a broker that goes ----

def broker_away(room, home, seconds):
    """Kills the broker, and after so long starts one that knows nothing. Returns how long it took from its first answer
    until state was right, all of it."""
    wanted = {topic: home.said(topic)[-1] for topic in ("state", "info")}
    home.watcher.stop()
    home.broker.process.kill()
    time.sleep(seconds)
    home.broker.start()
    begin = time.monotonic()
    home.watcher = room.watcher()
    home.wait("availability", lambda message: message.payload == "online")
    right = time.monotonic() - begin
    for topic, before in wanted.items():
        now = home.said(topic)[-1]
        assert now.payload == before.payload if topic == "state" else now.json["interfaces"], topic
    for topic in ("health", "take/latest"):
        assert home.said(topic), topic
    return right
