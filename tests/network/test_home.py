"""What a home's automation relies on (design, section 8), tried with a real broker: the introduction to Home Assistant,
its birth message, health that goes on, TLS with certificates, and mosquitto_rr."""

import json
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from fixture import P, Connected, Party  # noqa: E402
from parties import Broker, Host, Subscriber, retained, until  # noqa: E402

CONFIG = "homeassistant/device/woodshed_room1/config"


class Discovery(Connected):
    def reload(self, listener):
        """The host's way of switching discovery on or off."""
        self.broker.publish(f"{P}/request/config.reload", "{}")
        listener.wait_json(f"{P}/response/config.reload")

    def test_introduction_is_retained(self):
        listener = self.listen()
        self.host("--discovery")
        listener.wait(f"{P}/availability", lambda payload: payload == "online")
        # Before `online`, so that whoever sees that sees the rest.
        config = listener.wait_json(CONFIG, seconds=0.1)
        self.assertEqual(json.loads(retained(self.broker.port, CONFIG)), config)
        self.assertLessEqual({"dev", "o", "cmps"}, set(config))
        self.assertEqual(config["cmps"]["session"]["options"], ["default", "thursday"])

    def test_told_again_when_home_assistant_starts(self):
        listener = self.listen()
        self.host("--discovery")
        config = listener.wait_json(CONFIG)
        for payload in ("online", "online"):
            self.broker.publish("homeassistant/status", payload)
            self.assertEqual(listener.wait_json(CONFIG), config)
        for payload in ("offline", "online ", "ONLINE", "", b"\xff" * 70000):
            self.broker.publish("homeassistant/status", payload)
        # None of those was taken for a birth: the next answer comes without an introduction before it.
        self.broker.publish(f"{P}/request/session.list", "{}")
        listener.wait_json(f"{P}/response/session.list")
        self.assertFalse(any(topic == CONFIG for topic, _, _ in listener.seen))

    def test_without_discovery_the_device_goes_once(self):
        self.broker.publish(CONFIG, '{"dev": "of yesterday"}', "-r")
        listener = self.listen()
        listener.wait_json(CONFIG)
        self.host()
        self.assertEqual(listener.wait(CONFIG), "")
        listener.wait(f"{P}/availability", lambda payload: payload == "online")
        self.assertIsNone(retained(self.broker.port, CONFIG))
        self.broker.publish("homeassistant/status", "online")
        self.broker.kill()
        self.broker.start()
        listener = self.listen()
        listener.wait(f"{P}/availability", lambda payload: payload == "online")
        self.assertTrue(listener.silence(CONFIG, 0.3))

    def test_a_reload_switches_it(self):
        listener = self.listen()
        self.host("--discovery")
        listener.wait_json(CONFIG)
        self.reload(listener)
        self.assertEqual(listener.wait(CONFIG), "")
        self.assertIsNone(retained(self.broker.port, CONFIG))
        self.reload(listener)
        self.assertIn("cmps", listener.wait_json(CONFIG))
        self.assertIn("cmps", json.loads(retained(self.broker.port, CONFIG)))

    def test_broker_that_lost_it_gets_it_again(self):
        self.host("--discovery")
        until(lambda: retained(self.broker.port, CONFIG), "introduced")
        self.broker.kill()
        self.broker.start()
        returned = time.monotonic()
        until(lambda: retained(self.broker.port, f"{P}/availability") == "online", "online", 5)
        self.assertIsNotNone(retained(self.broker.port, CONFIG))
        self.assertLess(time.monotonic() - returned, 5 + 2)  # two looks of a second each

    def test_refused_introduction_holds_nothing_up(self):
        """A broker whose ACL has no room for homeassistant/: the rest is published all the same."""
        self.broker.close()
        acl = self.folder.path / "acl"
        acl.write_text("topic readwrite woodshed/#\n")
        acl.chmod(0o644)
        self.folder.path.chmod(0o755)
        self.broker = self.closing(Broker(self.folder.path, f"allow_anonymous true\nacl_file {acl}\n"))
        host = self.host("--discovery")
        until(lambda: retained(self.broker.port, f"{P}/availability") == "online", "online")
        until(lambda: "refused a message on homeassistant/" in host.errors(), "told")

    def test_health_goes_on(self):
        """The host's ten seconds are one; a health that says the same is said again."""
        self.host()
        start = time.monotonic()
        listener = self.closing(Subscriber(self.broker.port, f"{P}/health"))
        for _ in range(4):
            listener.wait_json(f"{P}/health")
        self.assertGreater(time.monotonic() - start, 1.5)

    def test_mosquitto_rr(self):
        self.host()
        until(lambda: retained(self.broker.port, f"{P}/availability") == "online", "online")
        done = subprocess.run(
            ["mosquitto_rr", "-p", str(self.broker.port), "-V", "5", "-q", "1", "-W", "5", "-t",
             f"{P}/request/session.list", "-e", f"{P}/reply/rr", "-m", '{"transaction": 7}', "-D", "publish",
             "correlation-data", "seven"], capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual((answer["status"], answer["transaction"]), ("ok", 7))
        self.assertEqual(answer["data"]["sessions"], ["default", "thursday"])


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)


class Authority:
    """A CA and what it vouches for, as PEM files."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key, self.file = folder / f"{name}.key", folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.file)

    def vouch(self, name, address=None):
        """(certificate, key)"""
        key, request, file = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        more = self.folder / f"{name}.ext"
        more.write_text(f"subjectAltName=IP:{address}\n" if address else "basicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-days", "2",
                "-extfile", more, "-out", file)
        for path in self.folder.glob("*.key"):
            path.chmod(0o644)
        return file, key


class TlsBroker(Broker):
    """Speaks TLS, and asks for a certificate of `clients` if there is one."""

    def __init__(self, folder, authority, certificate, clients=None):
        settings = f"allow_anonymous true\ncafile {(clients or authority).file}\n" \
                   f"certfile {certificate[0]}\nkeyfile {certificate[1]}\n" \
                   f"require_certificate {'true' if clients else 'false'}\n"
        folder.chmod(0o755)
        super().__init__(folder, settings)


class Tls(Party):
    def setUp(self):
        super().setUp()
        self.ca = Authority(self.folder.path, "home")
        self.certificate = self.ca.vouch("broker", "127.0.0.1")

    def broker(self, **more):
        return self.closing(TlsBroker(self.folder.path, self.ca, more.pop("certificate", self.certificate), **more))

    def host(self, broker, *options):
        return self.closing(Host(self.folder.path, url=f"mqtts://127.0.0.1:{broker.port}", options=options))

    def online(self, broker, *options):
        found = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "--cafile", str(self.ca.file), *options, "-t",
                                f"{P}/availability", "-C", "1", "-W", "30"], capture_output=True, text=True, timeout=60,
                               check=False)
        self.assertEqual(found.stdout.strip(), "online", found.stderr)

    def test_ca_and_client_certificate(self):
        broker = self.broker(clients=self.ca)
        file, key = self.ca.vouch("room1")
        self.host(broker, "--ca-file", str(self.ca.file), "--cert-file", str(file), "--key-file", str(key))
        self.online(broker, "--cert", str(file), "--key", str(key))

    def test_key_in_the_certificates_file(self):
        broker = self.broker(clients=self.ca)
        file, key = self.ca.vouch("room1")
        both = self.folder.path / "both.pem"
        both.write_text(file.read_text() + key.read_text())
        self.host(broker, "--ca-file", str(self.ca.file), "--cert-file", str(both))
        self.online(broker, "--cert", str(file), "--key", str(key))

    def test_refused(self):
        """Nobody is spoken to whom the CA does not vouch for, and the log says why."""
        stranger = Authority(self.folder.path, "stranger")
        elsewhere = self.ca.vouch("elsewhere", "192.0.2.1")
        file, key = stranger.vouch("intruder")
        cases = [({}, ["--ca-file", str(stranger.file)], "certificate verify failed"),
                 ({}, [], "certificate verify failed"),
                 ({"certificate": elsewhere}, ["--ca-file", str(self.ca.file)], "trying again"),
                 ({"clients": self.ca}, ["--ca-file", str(self.ca.file)], "trying again"),
                 ({"clients": self.ca}, ["--ca-file", str(self.ca.file), "--cert-file", str(file), "--key-file",
                                         str(key)], "trying again")]
        for setting, options, message in cases:
            with self.subTest(setting=setting, options=options):
                broker = self.broker(**setting)
                host = self.host(broker, *options)
                until(lambda host=host, message=message: message in host.errors(), message)
                self.assertNotIn("connected to", host.errors())
                self.assertEqual(host.kill(), 0)
                (self.folder.path / "host.err").unlink()
                broker.kill()


if __name__ == "__main__":
    unittest.main()
