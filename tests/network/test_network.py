"""What the network promises over MQTT (design, section 8), tried with a real broker and real clients."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from fixture import TAKE, P, Connected  # noqa: E402
from parties import Broker, Host, Subscriber, retained, until  # noqa: E402


class Mqtt(Connected):
    def test_state_is_retained(self):
        self.host(takes=1)
        until(lambda: retained(self.broker.port, f"{P}/availability") == "online", "online")
        self.assertEqual(json.loads(retained(self.broker.port, f"{P}/state"))["record"], "idle")
        self.assertEqual(json.loads(retained(self.broker.port, f"{P}/take/latest"))["id"], TAKE)
        health = json.loads(retained(self.broker.port, f"{P}/health"))
        self.assertEqual(health["alerts"], ['disk "low"'])
        self.assertGreater(health["rss"], 0)
        self.assertIn("version", json.loads(retained(self.broker.port, f"{P}/info")))

    def test_levels_pass(self):
        self.host()
        listener = self.listen()
        listener.wait(f"{P}/availability", lambda payload: payload == "online")
        self.assertEqual(self.request(listener, "levels", '{"transaction": "l"}')["status"], "ok")
        levels = listener.wait_json(f"{P}/levels")
        self.assertEqual(levels, {"interfaces": [
            {"name": "xr18", "channels": [{"peak": -12.35, "rms": -20.0, "clipped": 0},
                                          {"peak": None, "rms": None, "clipped": 0}]},
            {"name": "um2", "channels": [{"peak": 0.0, "rms": -3.0, "clipped": 7}]}]})
        self.assertIsNone(retained(self.broker.port, f"{P}/levels"))

    def test_clean_stop_says_offline(self):
        host = self.host()
        listener = self.listen()
        listener.wait(f"{P}/availability", lambda payload: payload == "online")
        start = time.monotonic()
        self.assertEqual(host.kill(), 0)
        self.assertLess(time.monotonic() - start, 3)
        listener.wait(f"{P}/availability", lambda payload: payload == "offline")
        self.assertEqual(retained(self.broker.port, f"{P}/availability"), "offline")

    def test_kill_leaves_the_will(self):
        host = self.host()
        listener = self.listen()
        listener.wait(f"{P}/availability", lambda payload: payload == "online")
        host.kill(signal.SIGKILL)
        listener.wait(f"{P}/availability", lambda payload: payload == "offline")
        self.assertEqual(retained(self.broker.port, f"{P}/availability"), "offline")

    def test_broker_returns_with_nothing(self):
        self.host(takes=1)
        until(lambda: retained(self.broker.port, f"{P}/availability") == "online", "online")
        for _ in range(2):
            self.broker.kill(signal.SIGKILL)
            time.sleep(3)
            self.broker.start()
            listener = Subscriber(self.broker.port, f"{P}/#")
            listener.wait(f"{P}/availability", lambda payload: payload == "online", 5)
            self.assertEqual(json.loads(retained(self.broker.port, f"{P}/state"))["record"], "idle")
            self.assertIsNotNone(retained(self.broker.port, f"{P}/take/latest"))
            self.assertEqual(self.request(listener, "session.list", "{}")["status"], "ok")
            listener.close()

    def test_broker_missing_at_start(self):
        self.broker.kill()
        host = self.host()
        status, state = host.json("/api/v1/state")
        self.assertEqual((status, state["record"]), (200, "idle"))
        time.sleep(1.5)
        self.broker.start()
        until(lambda: retained(self.broker.port, f"{P}/availability") == "online", "online", 5)

    def test_stop_without_broker(self):
        self.broker.kill()
        host = self.host()
        time.sleep(0.5)
        start = time.monotonic()
        self.assertEqual(host.kill(), 0)
        self.assertLess(time.monotonic() - start, 2.5)

    def test_frozen_broker_holds_nothing_up(self):
        host = self.host()
        until(lambda: retained(self.broker.port, f"{P}/availability") == "online", "online")
        self.broker.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.broker.process.send_signal, signal.SIGCONT)
        for _ in range(300):
            status, _, _ = host.curl("/api/v1/marker", "-d", '{"label": "x"}')
            self.assertEqual(status, 202)
            if host.process.poll() is not None:
                break
        start = time.monotonic()
        self.assertEqual(host.kill(), 0)
        self.assertLess(time.monotonic() - start, 3.5)
        self.broker.process.send_signal(signal.SIGCONT)

    def test_events_wait_for_the_broker(self):
        host = self.host()
        until(lambda: retained(self.broker.port, f"{P}/availability") == "online", "online")
        self.broker.kill()
        host.curl("/api/v1/marker", "-d", '{"label": "while away"}')
        self.broker.start()
        listener = self.listen(f"{P}/event")
        until(lambda: retained(self.broker.port, f"{P}/availability") == "online", "online again")
        host.curl("/api/v1/marker", "-d", '{"label": "now"}')
        event = listener.wait_json(f"{P}/event")
        # Where the host was faster than the subscriber, the first is gone, as it is not retained.
        if event["label"] != "now":
            self.assertEqual(event, {"event_type": "marker", "label": "while away"})
            event = listener.wait_json(f"{P}/event")
        self.assertEqual(event, {"event_type": "marker", "label": "now"})

    def test_setters(self):
        self.host()
        listener = self.listen()
        listener.wait(f"{P}/availability", lambda payload: payload == "online")
        self.broker.publish(f"{P}/record/set", "ON")
        listener.wait_json(f"{P}/state", lambda state: state["record"] == "recording")
        self.broker.publish(f"{P}/record/set", "OFF")
        listener.wait_json(f"{P}/state", lambda state: state["record"] == "idle")
        self.broker.publish(f"{P}/session/set", "thursday")
        listener.wait_json(f"{P}/state", lambda state: state["session"] == "thursday")
        self.broker.publish(f"{P}/marker/set", "chörus 2")
        self.assertEqual(listener.wait_json(f"{P}/event"), {"event_type": "marker", "label": "chörus 2"})

    def test_requests_are_answered_once(self):
        self.host()
        listener = self.listen()
        listener.wait(f"{P}/availability", lambda payload: payload == "online")
        first = self.request(listener, "record.start", '{"transaction": "a1"}')
        self.assertEqual(first, {"status": "ok", "error": None, "data": {"done": 1}, "transaction": "a1"})
        self.assertEqual(self.request(listener, "record.start", '{"transaction": "a1"}'), first)
        busy = self.request(listener, "record.start", '{"transaction": "a2"}')
        self.assertEqual((busy["status"], busy["transaction"]), ("error", "a2"))
        self.assertIn("being recorded", busy["error"])
        self.assertEqual(self.request(listener, "record.stop", '{"transaction": "a1"}')["data"], {"done": 3})

    def test_rubbish_is_answered(self):
        host = self.host()
        listener = self.listen()
        listener.wait(f"{P}/availability", lambda payload: payload == "online")
        bad = [("record.start", b""), ("record.start", b"ON"), ("record.start", b"[]"), ("record.start", b'"x"'),
               ("record.start", b'{"take": "x"}'), ("record.start", b'{"a": 1, "a": 2}'),
               ("record.start", b"{} {}"), ("record.start", b'{"title": "\xff\xfe"}'),
               ("record.start", b'{"title": ""}'), ("record.start", b'{"title": "a\\u0000b"}'),
               ("record.start", b'{"title": "a\\nb"}'), ("record.start", b'{"transaction": {}}'),
               ("record.start", b"[" * 60000), ("record.start", b'{"title": "' + b"x" * 70000 + b'"}'),
               ("record.start", b"x" * 900000), ("record", b"{}"), ("record.star", b"{}"),
               ("record.start2", b"{}"), ("RECORD.START", b"{}"), ("take.get", b"{}"),
               ("take.get", b'{"take": "../../etc"}'), ("take.get", b'{"take": 5}'),
               ("session.set", b'{"session": "../x"}'), ("session.set", b'{"session": "missing"}'),
               ("marker.add", b"{}"), ("marker.add", b'{"label": null}')]
        for verb, payload in bad:
            with self.subTest(verb=verb, payload=payload[:40]):
                answer = self.request(listener, verb, payload)
                self.assertEqual(answer["status"], "error")
                self.assertTrue(answer["error"])
        for topic, payload in [("record/set", b"on"), ("record/set", b""), ("record/set", b"ON\0"),
                               ("session/set", b"\xff"), ("session/set", b"a/b"), ("marker/set", b"x" * 100000),
                               ("marker/set", b""), ("request/" + "v" * 300, b"{}")]:
            self.broker.publish(f"{P}/{topic}", payload)
        self.assertEqual(self.request(listener, "session.list", "{}")["status"], "ok")
        self.assertEqual(host.json("/api/v1/state")[1]["record"], "idle")
        self.assertLess(host.errors().count("warning"), 30)

    def test_flood(self):
        host = self.host()
        listener = self.listen(f"{P}/response/take.list")
        until(lambda: retained(self.broker.port, f"{P}/availability") == "online", "online")
        flood = subprocess.Popen(["mosquitto_pub", "-p", str(self.broker.port), "-t", f"{P}/record/set", "-l"],
                                 stdin=subprocess.PIPE)
        flood.communicate(b"rubbish\n" * 50000, timeout=60)
        # The flood is still on its way, so this request arrives in the middle of it.
        self.assertEqual(self.request(listener, "take.list", "{}")["status"], "ok")
        self.assertLess(host.errors().count("\n"), 40)

    def test_retained_commands_are_ignored(self):
        self.broker.publish(f"{P}/record/set", "ON", "-r")
        self.broker.publish(f"{P}/request/record.start", "{}", "-r")
        host = self.host()
        listener = self.listen(f"{P}/response/+")
        until(lambda: retained(self.broker.port, f"{P}/availability") == "online", "online")
        self.broker.publish(f"{P}/record/set", "ON", "-r")
        self.assertEqual(self.request(listener, "session.list", "{}")["status"], "ok")
        self.assertEqual(host.json("/api/v1/state")[1]["record"], "idle")

    def test_response_topic(self):
        self.host()
        listener = self.listen()
        listener.wait(f"{P}/availability", lambda payload: payload == "online")
        properties = ["-V", "5", "-D", "publish", "correlation-data", "c 1", "-D", "publish", "response-topic"]
        answer = self.closing(Subscriber(self.broker.port, f"{P}/reply/me", "-F", "%t %r %D|%p"))
        self.broker.publish(f"{P}/request/session.list", "{}", *properties, f"{P}/reply/me")
        self.assertTrue(answer.wait(f"{P}/reply/me").startswith("c 1|"))
        for outside in ("elsewhere/me", f"{P}x/me", f"{P}/state", f"{P}/request/record.start", f"{P}/a/set"):
            self.broker.publish(f"{P}/request/session.list", "{}", *properties, outside)
            listener.wait_json(f"{P}/response/session.list")
        self.assertEqual(json.loads(retained(self.broker.port, f"{P}/state"))["record"], "idle")

    def test_password_and_acl(self):
        self.broker.close()
        passwords = self.folder.path / "passwords"
        subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "room1", "sesame"], check=True)
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), "all", "all"], check=True)
        passwords.chmod(0o644)
        acl = self.folder.path / "acl"
        acl.write_text("user all\ntopic readwrite #\npattern readwrite woodshed/%u/#\n")
        acl.chmod(0o644)
        self.folder.path.chmod(0o755)
        self.broker = self.closing(Broker(self.folder.path, f"allow_anonymous false\npassword_file {passwords}\n"
                                          f"acl_file {acl}\n"))
        secret = self.folder.path / "secret"
        secret.write_text("wrong\n")
        host = self.host("--username", "room1", "--password-file", str(secret))
        listener = self.closing(Subscriber(self.broker.port, f"{P}/#", "-u", "all", "-P", "all"))
        until(lambda: "trying again" in host.errors(), "refused")
        secret.write_text("sesame\n")
        listener.wait(f"{P}/availability", lambda payload: payload == "online")

    def test_broker_without_mqtt_5(self):
        old = OldBroker()
        self.closing(old)
        host = self.closing(Host(self.folder.path, url=f"mqtt://127.0.0.1:{old.port}"))
        until(lambda: "MQTT 3.1.1" in host.errors(), "connected with 3.1.1")
        self.assertEqual(old.levels[:2], [5, 4])
        until(lambda: b"online" in old.received, "publishes")


class OldBroker:
    """Refuses MQTT 5 as the 3.1.1 standard asks for; acknowledges the rest of what one client sends."""

    def __init__(self):
        self.levels, self.received = [], b""
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def close(self):
        self.server.close()

    def run(self):
        try:
            while True:
                with self.server.accept()[0] as client:
                    self.serve(client.makefile("rwb"))
        except (OSError, ValueError):
            pass

    def serve(self, stream):
        while (head := stream.read(1)):
            size, shift = 0, 0
            while True:
                byte = stream.read(1)[0]
                size |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
            body = stream.read(size)
            self.received += body
            answer = self.answer(head[0], body)
            stream.write(answer)
            stream.flush()
            if answer == b"\x20\x02\x00\x01":
                return

    def answer(self, head, body):
        kind = head >> 4
        if kind == 1:
            self.levels.append(body[6])
            return b"\x20\x02\x00\x00" if body[6] == 4 else b"\x20\x02\x00\x01"
        if kind == 8:
            return b"\x90\x07" + body[:2] + b"\x01\x01\x01\x01\x01"
        if kind == 3 and head & 2:
            length = int.from_bytes(body[:2], "big")
            return b"\x40\x02" + body[2 + length:4 + length]
        return b"\xd0\x00" if kind == 12 else b""


if __name__ == "__main__":
    unittest.main()
