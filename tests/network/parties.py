"""The broker, the host and the clients that the tests drive: each a real program on a free loopback port,
ended by its id."""

import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

BUILD = pathlib.Path(__file__).resolve().parents[2] / os.environ.get("WOODSHED_BUILD", "build")
HOST = os.environ.get("NETWORK_HOST", str(BUILD / "tests/network/network-host"))
DEADLINE = 30.0  # seconds; generous, since nothing waits it out. Who promises less is measured by the test.
MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, what, seconds=DEADLINE):
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Folder:
    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="woodshed-network-"))

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Process:
    process = None

    def kill(self, how=signal.SIGTERM):
        """Ends it; its exit status, or None if it did not run."""
        if not self.process:
            return None
        process, self.process = self.process, None
        process.send_signal(how)
        status = process.wait(DEADLINE)
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()
        return status


class Broker(Process):
    def __init__(self, folder, settings=""):
        self.port = free_port()
        self.file = folder / "mosquitto.conf"
        self.log = open(folder / "mosquitto.log", "a")
        self.file.write_text(f"listener {self.port} 127.0.0.1\npersistence false\n" +
                             (settings or "allow_anonymous true\n"))
        self.start()

    def start(self):
        self.process = subprocess.Popen([MOSQUITTO, "-c", str(self.file)], stdout=self.log, stderr=self.log)
        until(self.answers, "mosquitto listens")

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def close(self):
        self.kill()
        self.log.close()

    def publish(self, topic, payload, *options):
        data = payload if isinstance(payload, bytes) else payload.encode()
        subprocess.run(["mosquitto_pub", "-p", str(self.port), "-q", "1", "-t", topic, *options,
                        "-s" if data else "-n"], input=data, check=True, timeout=20)


class Subscriber(Process):
    """Collects (topic, payload) as they come."""

    def __init__(self, port, topic, *options):
        self.messages = queue.Queue()
        self.seen = []
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", "mosquitto_sub", "-p", str(port), "-t", topic, "-F", "%t %r %p", "-V", "5", "-d", *options],
            stdout=subprocess.PIPE, text=True, errors="replace")
        ready = threading.Event()
        threading.Thread(target=self.read, args=(self.process.stdout, ready), daemon=True).start()
        if not ready.wait(DEADLINE):
            self.close()
            raise AssertionError("mosquitto_sub did not subscribe")

    def read(self, stream, ready):
        try:
            for line in stream:
                if line.startswith("Subscribed"):
                    ready.set()
                elif line.startswith(("woodshed/", "homeassistant/")):
                    self.messages.put(line.rstrip("\n").split(" ", 2))
        except ValueError:
            pass  # closed

    def wait(self, topic, matches=lambda payload: True, seconds=DEADLINE):
        """The first payload on `topic` that matches, among what is not yet looked at."""
        end = time.monotonic() + seconds
        while True:
            for i, (found, _, payload) in enumerate(self.seen):
                if found == topic and matches(payload):
                    del self.seen[i]
                    return payload
            left = end - time.monotonic()
            try:
                self.seen.append(self.messages.get(timeout=max(left, 0.001)))
            except queue.Empty:
                raise AssertionError(f"nothing fits on {topic}; seen: {self.seen[-5:]}") from None

    def wait_json(self, topic, matches=lambda json: True, seconds=DEADLINE):
        return json.loads(self.wait(topic, lambda payload: matches(json.loads(payload)), seconds))

    def silence(self, topic, seconds=0.5):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self.seen.append(self.messages.get(timeout=left))
            except queue.Empty:
                break
        return not any(found == topic for found, _, _ in self.seen)

    def close(self):
        """What mosquitto_sub does on SIGTERM wants a lock that it may have itself just then, and it would wait for ever."""
        self.kill(signal.SIGKILL)


def retained(port, topic):
    """What a newcomer finds on `topic`, or None. It subscribes to a sign as well, whose message comes after that of what
    it subscribed to before: so nothing is waited for that does not come."""
    sign = f"woodshed/sign/{time.monotonic_ns()}"

    def publish(*message):
        subprocess.run(["mosquitto_pub", "-p", str(port), "-q", "1", "-r", "-t", sign, *message], check=True,
                       timeout=DEADLINE)

    publish("-m", "here")
    process = subprocess.Popen(["stdbuf", "-oL", "mosquitto_sub", "-p", str(port), "-t", topic, "-t", sign,
                                "--retained-only", "-F", "%t %p"], stdout=subprocess.PIPE, text=True)
    with process:
        found = None
        for line in process.stdout:
            at, _, payload = line.rstrip("\n").partition(" ")
            if at == sign:
                break
            found = payload
        process.kill()  # as Subscriber.close
    publish("-n")
    return found or None


class Host(Process):
    def __init__(self, folder, broker=None, takes=0, options=(), url=None):
        self.folder = folder
        self.error = open(folder / "host.err", "a+")
        arguments = [HOST, "--takes", str(folder / "takes"), "--make", str(takes),
                     "--listen", "127.0.0.1:0", "--token-file", str(folder / "token"), *options]
        if broker or url:
            arguments += ["--mqtt", url or f"mqtt://127.0.0.1:{broker.port}"]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=self.error, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            message = self.errors()
            self.close()
            raise AssertionError("the host did not start: " + message)
        self.port = int(line.split()[1])
        self.token = (folder / "token").read_text().strip()

    def errors(self):
        self.error.flush()
        self.error.seek(0)
        return self.error.read()

    def close(self):
        self.kill()
        self.error.close()

    def curl(self, path, *options, token=True):
        """status, headers (lower case), body"""
        headers = ["-H", f"Authorization: Bearer {self.token}"] if token else []
        output = self.folder / "body"
        output.write_bytes(b"")
        done = subprocess.run(["curl", "-s", "-m", "20", "--path-as-is", "-D", "-", "-o", str(output), *headers,
                               *options, f"http://127.0.0.1:{self.port}{path}"], capture_output=True, text=True,
                              timeout=30)
        blocks = [block for block in re.split(r"\r?\n\r?\n", done.stdout) if block.startswith("HTTP/")]
        if not blocks:
            return done.returncode * -1, {}, b""
        lines = blocks[-1].splitlines()
        found = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        return int(lines[0].split()[1]), {k.lower(): v for k, v in found.items()}, output.read_bytes()

    def json(self, path, *options, token=True):
        status, _, body = self.curl(path, *options, token=token)
        return status, json.loads(body)
