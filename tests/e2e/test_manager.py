"""What the service manager hears: a socket of our own in systemd's place."""
import signal
import socket
import threading
import time

import pytest

from e2e.desk import wait_until
from e2e.home import BY_COMMAND, Home
from e2e.test_disk import RIG
from rig.room import Interface

WATCHDOG_S = 1.0
STANDS = "a writer stands still"


class Manager:
    """Listens as systemd does: [(monotonic time, {name: value})]."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.said = []
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while message := self.socket.recv(65536):
            fields = dict(line.split("=", 1) for line in message.decode("utf-8").splitlines())
            with self._changed:
                self.said.append((time.monotonic(), fields))
                self._changed.notify_all()

    def wait(self, name, fits=lambda value: True, since=0, timeout=30):
        """The index of the first message from `since` on that says so."""
        at, end = since, time.monotonic() + timeout
        with self._changed:
            while True:
                for at in range(at, len(self.said)):
                    if name in self.said[at][1] and fits(self.said[at][1][name]):
                        return at
                if not self._changed.wait(end - time.monotonic()):
                    raise AssertionError(f"no {name} within {timeout} s; the last were {self.said[-5:]}")

    def names(self, since=0):
        return [name for _, fields in self.said[since:] for name in fields]

    def mark(self):
        return len(self.said)


@pytest.fixture
def managed(room):
    """start(watchdog=seconds or None, **environment): (manager, home)."""
    def start(watchdog=None, **extra):
        manager = Manager(room.path("notify"))
        watched = {"WATCHDOG_USEC": str(int(watchdog * 1e6))} if watchdog else {}
        env = room.guarded(NOTIFY_SOCKET=str(room.path("notify")), **watched)
        if extra:
            env["LD_PRELOAD"] = f"{env.get('LD_PRELOAD', '')}:{RIG}/libbad-disk.so".strip(":")
        env |= extra
        room.guarded = lambda **more: env | more
        room.interface("desk", channels=2, noise=-20).wait_ready()
        return manager, Home(room, {"desk": 2}, BY_COMMAND, render=False).start()
    return start


def test_ready_status_stopping(managed):
    manager, home = managed()
    manager.wait("READY", lambda value: value == "1")
    manager.wait("STATUS", lambda value: value == "waits for a command")
    take = home.start_take("request")
    manager.wait("STATUS", lambda value: value == f"recording {take.folder.name}")
    mark = manager.mark()
    home.process.signal(signal.SIGTERM)
    assert home.process.wait() == 0
    assert take.manifest["state"] == "recorded"
    stopping = manager.wait("STOPPING", lambda value: value == "1", since=mark)
    # More time is asked for while the take is being closed.
    manager.wait("EXTEND_TIMEOUT_USEC", lambda value: int(value) >= 30e6, since=stopping)
    manager.wait("STATUS", lambda value: value == f"closing {take.folder.name}", since=mark)
    # Nobody watches, so nobody is fed.
    assert "WATCHDOG" not in manager.names()
    assert manager.names().count("READY") == 1


def test_what_is_wrong_is_in_the_status(managed, room):
    manager, _ = managed()
    manager.wait("READY")
    mark = manager.mark()
    next(one for one in room.processes if isinstance(one, Interface)).kill()
    manager.wait("STATUS", lambda value: "waits for a command; " in value and "desk" in value, since=mark)


def test_the_watchdog_is_fed_while_the_writers_advance(managed, room):
    """A writer that hangs is not covered up, and is a reason to live again once it goes on."""
    hangs = room.path("hang")
    manager, home = managed(WATCHDOG_S, BAD_DISK_HANG=str(hangs))
    ready = manager.wait("READY")
    # The tapes hold more than a second: it is not to be given up before they are full.
    patience = manager.wait("WATCHDOG_USEC", since=0)
    assert int(manager.said[patience][1]["WATCHDOG_USEC"]) > 60e6
    fed = manager.wait("WATCHDOG", since=ready)
    take = home.start_take("request")
    manager.wait("WATCHDOG", since=manager.mark())
    told = home.process.stderr.count(STANDS)
    hangs.touch()
    wait_until(room.path("hang.hangs").exists, "a writer hangs")
    # One round may have been gone since the last question, so it is the next but one that finds it out.
    wait_until(lambda: home.process.stderr.count(STANDS) > told, "a writer is found to stand still")
    mark = manager.mark()
    time.sleep(3 * WATCHDOG_S)
    assert "WATCHDOG" not in manager.names(since=mark)
    hangs.unlink()
    manager.wait("WATCHDOG", since=mark)
    home.end_take("request")
    assert take.gaps == {"desk": []}
    take.check_files()
    assert manager.said[fed][1] == {"WATCHDOG": "1"}

