"""The room: a private PipeWire with simulated USB interfaces, a broker, and the program under test.

    with Room() as room:
        xr18 = room.interface("xr18", channels=18, ramp=True, ppm=40)
        xr18.wait_ready()
        take = room.woodshed("record", "--for", "5 s", "--takes", room.path("takes"))

Everything lives in one private folder and is ended by its id, in reverse order, when the room closes. When the
block fails, the last lines of every log are printed and the folder is kept. Every wait has a deadline and waits
for an event.
"""
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

RIG = pathlib.Path(__file__).resolve().parent
ROOT = RIG.parent.parent
BUILD = pathlib.Path(ROOT, os.environ.get("WOODSHED_BUILD", "build")).resolve()
DEADLINE = float(os.environ.get("RIG_DEADLINE", "30"))  # seconds; generous, since nothing waits it out

PATIENCE_S = 5  # of the world, with a follower; what fake-interface has by default


class RigError(AssertionError):
    """Something in the room did not do what it should have done in time."""


def _drop_privileged_names(env):
    foreign = re.compile(r"DBUS_|PULSE_|PIPEWIRE_|SPA_|XDG_|JACK_|WOODSHED_(?!BUILD)")
    return {key: value for key, value in env.items() if not foreign.match(key)}


def free_port():
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Lines:
    """The lines of a growing file or pipe, collected by a thread; `wait` sleeps until one fits."""

    def __init__(self, stream, log=None):
        self.lines = []
        self.ended = False
        self._changed = threading.Condition()
        self._stream, self._log = stream, log
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self._stream:
            if self._log:
                self._log.write(line)
                self._log.flush()
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def wait(self, fits, timeout=DEADLINE, since=0):
        """The first line, from number `since` on, for which fits(line) is true; None when time is over."""
        end = time.monotonic() + timeout
        at = since
        with self._changed:
            while True:
                while at < len(self.lines):
                    if fits(self.lines[at]):
                        return self.lines[at]
                    at += 1
                left = end - time.monotonic()
                if left <= 0 or self.ended:
                    return None
                self._changed.wait(left)

    def join(self):
        self._thread.join(DEADLINE)


class Process:
    """A program of the room. Its standard output is collected line by line and kept in a log, as is its
    standard error."""

    def __init__(self, room, name, command, env=None, cwd=None):
        self.room, self.name, self.command = room, name, [str(part) for part in command]
        self.out_path = room.log(f"{name}.out")
        self.err_path = room.log(f"{name}.err")
        self._out = open(self.out_path, "w", encoding="utf-8")
        self._err = open(self.err_path, "w", encoding="utf-8")
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._err,
            env=env or room.env, cwd=cwd, text=True, encoding="utf-8", errors="replace",
            process_group=0)  # Ctrl-C is for whoever opened the room, who then ends all of it in order
        self.output = Lines(self.process.stdout, self._out)
        room.processes.append(self)

    @property
    def pid(self):
        return self.process.pid

    @property
    def returncode(self):
        return self.process.poll()

    @property
    def stdout(self):
        return self.out_path.read_text(encoding="utf-8", errors="replace")

    @property
    def stderr(self):
        return self.err_path.read_text(encoding="utf-8", errors="replace")

    def wait_line(self, prefix, timeout=DEADLINE, since=0):
        """The first line of standard output that begins with `prefix`."""
        line = self.output.wait(lambda text: text.startswith(prefix), timeout, since)
        if line is None:
            raise RigError(f"{self.name} did not say '{prefix}' within {timeout} s (it said "
                           f"{self.output.lines[-5:]}; status {self.returncode}):\n{self.stderr[-2000:]}")
        return line

    def wait_error(self, text, timeout=DEADLINE):
        """Waits until standard error holds `text` (a string, or a compiled expression)."""
        found = text.search if hasattr(text, "search") else lambda log: text in log
        end = time.monotonic() + timeout
        while not found(self.stderr):
            if time.monotonic() > end or self.returncode is not None and not found(self.stderr):
                raise RigError(f"{self.name} did not report {text!r} within {timeout} s (status "
                               f"{self.returncode}):\n{self.stderr[-2000:]}")
            time.sleep(0.02)
        return self.stderr

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=DEADLINE):
        """Waits until it ends by itself; returns its status."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise RigError(f"{self.name} still runs after {timeout} s:\n{self.stderr[-2000:]}") from None
        self._close()
        return status

    def stop(self, timeout=DEADLINE):
        """SIGTERM, then waits; returns the status. Kills it and raises when it does not end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)  # a stopped one could not hear
            self.process.terminate()
        try:
            return self.wait(timeout)
        except RigError:
            self.kill()
            raise

    def kill(self):
        """As a power cut would: SIGKILL."""
        if self.process.poll() is None:
            self.process.kill()
        status = self.process.wait()
        self._close()
        return status

    def _close(self):
        self.output.join()
        self.process.stdout.close()
        self._out.close()
        self._err.close()


class Interface(Process):
    """A simulated USB interface; see fake-interface --help for its lines."""

    def wait_ready(self, timeout=DEADLINE):
        self.wait_line("ready", timeout)
        return self

    def play(self):
        """With wait=True: the band begins. Returns the frame at which it does."""
        since = len(self.output.lines)
        self.signal(signal.SIGUSR1)
        return int(self.wait_line("playing", since=since).split()[1])

    def frames_of(self, word):
        """The numbers of every line that begins with `word`: [(frame,), …] or [(frame, frames), …]."""
        return [tuple(int(part) for part in line.split()[1:])
                for line in self.output.lines if line.split()[0] == word]


class Broker:
    """A mosquitto of the room's own. `accounts` maps users to passwords; `watcher` may read everything."""

    def __init__(self, room, users=("room1",), port=None):
        self.room, self.host = room, "127.0.0.1"
        self.port = port or free_port()
        self.accounts = {user: f"{user}-secret" for user in (*users, "watcher")}
        self.folder = room.folder("broker")
        self._write_files()
        self.process = None
        self.start()

    @property
    def url(self):
        return f"mqtt://{self.host}:{self.port}"

    def _write_files(self):
        passwords = self.folder / "passwords"
        passwords.touch()
        for user, secret in self.accounts.items():
            subprocess.run(["mosquitto_passwd", "-b", passwords, user, secret], check=True,
                           capture_output=True, timeout=DEADLINE)
        acl = self.folder / "acl"
        acl.write_text("pattern readwrite woodshed/%u/#\n"
                       "pattern readwrite homeassistant/#\n"
                       "user watcher\ntopic readwrite #\n", encoding="utf-8")
        # mosquitto gives up root by itself; it must still read its files.
        user = "user root\n" if os.geteuid() == 0 else ""
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            f"acl_file {acl}\npersistence false\nlog_dest stderr\nlog_type all\n{user}", encoding="utf-8")

    def start(self):
        """(Again) after a stop: same port, nothing retained."""
        mosquitto = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.process = Process(self.room, self.room.name("mosquitto"),
                               [mosquitto, "-c", self.folder / "mosquitto.conf"])
        _wait_for_socket(socket.AF_INET, (self.host, self.port), self.process)
        return self

    def stop(self):
        return self.process.stop()

    def login(self, user="watcher"):
        return ["-h", self.host, "-p", str(self.port), "-u", user, "-P", self.accounts[user], "-V", "mqttv5"]


class Message:
    """`heard`: the time at which mosquitto_sub had it."""

    def __init__(self, topic, retain, qos, payload, heard):
        self.topic, self.retain, self.qos, self.payload, self.heard = topic, retain, qos, payload, heard

    @property
    def json(self):
        return json.loads(self.payload)

    def __repr__(self):
        return f"{self.topic}{' (retained)' if self.retain else ''}: {self.payload}"


class Subscription(Process):
    """A mosquitto_sub. What it does on SIGTERM wants a lock that it may have itself just then, and it would wait for ever;
    it has nothing to lose."""

    def stop(self, timeout=DEADLINE):
        return self.kill()


class Watcher:
    """A subscriber. When it is made its subscription is in force and whatever was retained is among its messages: it
    has seen a message of its own come and go."""

    def __init__(self, room, topic="#", user="watcher"):
        self.room = room
        broker = room.the_broker
        sign = f"woodshed/{user}/rig/{time.monotonic_ns()}"
        self.process = Subscription(room, room.name("watcher"), [
            "mosquitto_sub", *broker.login(user), "-q", "1", "-t", topic, "-t", sign, "-F", "%j"])
        # It is in force once a message arrives; one published too early is lost, so it is retained.
        room.publish(sign, "here", retain=True, user=user)
        if not self.process.output.wait(lambda line: _message(line).topic == sign):
            raise RigError(f"no subscription to {topic}:\n{self.process.stderr[-2000:]}")
        room.publish(sign, "", retain=True, user=user)
        # The sign may have been among what was retained, in any order; that it was taken away comes after all of it.
        if not self.process.output.wait(lambda line: _message(line).topic == sign and not _message(line).payload):
            raise RigError(f"what is retained on {topic} did not come:\n{self.process.stderr[-2000:]}")
        self._sign = sign

    @property
    def messages(self):
        return self.since(0)

    def wait(self, fits, timeout=DEADLINE, since=0):
        """The first message (from line `since` on; see mark()) for which fits(message) is true."""
        def check(line):
            message = _message(line)
            return message.topic != self._sign and fits(message)
        line = self.process.output.wait(check, timeout, since)
        if line is None:
            raise RigError(f"no such message within {timeout} s; the last were {self.messages[-8:]}")
        return _message(line)

    def since(self, mark, end=None):
        """The messages after mark() said `mark`, up to when it said `end`."""
        lines = self.process.output.lines[mark:end]
        return [m for m in map(_message, lines) if m.topic != self._sign]

    def mark(self):
        """A number for wait(since=…) and since(…): only messages after now."""
        return len(self.process.output.lines)

    def stop(self):
        return self.process.stop()


def _message(line):
    fields = json.loads(line)
    heard = datetime.datetime.fromisoformat(fields["tst"][:len("2026-11-22T19:03:11.123456")])
    return Message(fields["topic"], bool(fields.get("retain")), fields.get("qos"), fields.get("payload") or "", heard)


def _wait_for_socket(family, address, process):
    end = time.monotonic() + DEADLINE
    while True:
        with socket.socket(family) as probe:
            try:
                probe.connect(address)
                return
            except OSError as problem:
                if time.monotonic() > end or process.returncode is not None:
                    raise RigError(f"{process.name} does not listen at {address}: {problem}\n"
                                   f"{process.stderr[-2000:]}") from None
        time.sleep(0.02)


def _arguments(options):
    """channels=18, ramp=True, xrun_at=["96000:512"] → --channels 18 --ramp --xrun-at 96000:512"""
    repeatable = ("xrun_at", "overrun_at", "driver_at", "rate_at", "zeros_at", "skip_at")
    for key, value in options.items():
        flag = "--" + key.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            yield flag
        elif isinstance(value, (list, tuple)) and key in repeatable:
            for part in value:
                yield from (flag, str(part))
        elif isinstance(value, (list, tuple)):
            yield from (flag, *map(str, value))
        else:
            yield from (flag, str(value))


class Room:
    def __init__(self, rate=48000, keep=False, speed=1):
        """`rate` is the graph's; all interfaces of a room have it, as 0.3.65 cannot run two at once. Its monotonic
        clock runs `speed` times as fast as the world's (warp.c)."""
        self.rate, self.keep, self.speed = rate, keep, speed
        self.processes = []
        self.the_broker = None
        self._names = {}

    def __enter__(self):
        # Short, since a socket's path may have only 107 characters.
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="room-", dir="/tmp"))
        runtime = self.folder("run")
        runtime.chmod(0o700)
        self.env = _drop_privileged_names(os.environ)
        self.env |= {"XDG_RUNTIME_DIR": str(runtime), "PIPEWIRE_RUNTIME_DIR": str(runtime),
                     "HOME": str(self.folder("home")), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        if self.speed != 1:
            self.env |= {"LD_PRELOAD": str(BUILD / "tests/rig/libwarp.so"),
                         "WOODSHED_WARP": f"{time.monotonic_ns()}:{self.speed}"}
        try:
            config = (RIG / "pipewire.conf").read_text(encoding="utf-8")
            self.path("pipewire.conf").write_text(
                re.sub(r"(default\.clock\.rate = )\d+", rf"\g<1>{self.rate}", config), encoding="utf-8")
            self.start_pipewire()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def start_pipewire(self):
        """(Again) after it was ended."""
        self.pipewire = self.spawn("pipewire", "pipewire", "-c", self.path("pipewire.conf"))
        _wait_for_socket(socket.AF_UNIX, self.env["PIPEWIRE_RUNTIME_DIR"] + "/pipewire-0", self.pipewire)

    def __exit__(self, kind, problem, trace):
        faults = []
        for process in reversed(self.processes):
            try:
                process.stop()
            except (RigError, OSError) as fault:
                faults.append(str(fault))
        if kind or faults:
            self.show_logs()
        if not (kind or faults or self.keep):
            shutil.rmtree(self.root, ignore_errors=True)
        if faults and not kind:
            raise RigError("; ".join(faults))

    def show_logs(self, lines=25):
        print(f"The room's folder is kept: {self.root}", file=sys.stderr)
        for path in sorted((self.root / "logs").iterdir()):
            tail = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
            if tail:
                print(f"--- {path.name}", *tail, sep="\n", file=sys.stderr)

    def path(self, *parts):
        return self.root.joinpath(*parts)

    def folder(self, *parts):
        path = self.path(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def log(self, name):
        return self.folder("logs") / name

    def name(self, base):
        """base, base-2, base-3 … so that no log is overwritten."""
        self._names[base] = self._names.get(base, 0) + 1
        return base if self._names[base] == 1 else f"{base}-{self._names[base]}"

    def spawn(self, name, *command, **kw):
        """Any program, in the room's environment, ended with the room."""
        return Process(self, self.name(name), command, **kw)

    def run(self, *command, timeout=DEADLINE, **kw):
        """Any program, to its end."""
        kw.setdefault("env", self.env)
        return subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout, check=False, **kw)

    def interface(self, name="fake", **options):
        """Starts fake-interface --name NAME with the options, `-` written as `_`; lists repeat."""
        options.setdefault("rate", self.rate)
        if self.speed != 1:
            # A follower that is late is so by the world's clock, however fast the room's is.
            options.setdefault("patience", PATIENCE_S * self.speed)
        command = [BUILD / "tests/rig/fake-interface", "--name", name, *_arguments(options)]
        return Interface(self, self.name(f"interface-{name}"), command)

    def probe(self, frames, *interfaces, timeout=DEADLINE):
        """Runs the probe to its end; returns its objects, one for each "NODE:CHANNELS"."""
        done = self.run(BUILD / "tests/rig/probe", frames, *interfaces, timeout=timeout)
        if done.returncode:
            raise RigError(f"probe: status {done.returncode}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def broker(self, users=("room1",), port=None):
        self.the_broker = Broker(self, users, port)
        return self.the_broker

    def watcher(self, topic="#", user="watcher"):
        return Watcher(self, topic, user)

    def publish(self, topic, payload, retain=False, qos=1, user="watcher"):
        command = ["mosquitto_pub", *self.the_broker.login(user), "-q", str(qos), "-t", topic]
        command += ["-m", payload if isinstance(payload, str) else json.dumps(payload)] if payload else ["-n"]
        done = self.run(*command, *(["-r"] if retain else []))
        if done.returncode:
            raise RigError(f"mosquitto_pub {topic}: {done.stderr}")

    def guarded(self, **extra):
        """The environment in which a capture callback that calls the system, allocates or locks ends the program."""
        guard = BUILD / "tests/rig/librt-guard.so"
        loaded = [self.env.get("LD_PRELOAD"), str(guard) if guard.exists() else None]
        return self.env | {"LD_PRELOAD": ":".join(filter(None, loaded))} | extra

    def woodshed(self, *args, timeout=120, **kw):
        """Runs the program to its end; returns subprocess.CompletedProcess with text output."""
        kw.setdefault("env", self.guarded())
        return self.run(BUILD / "woodshed", *args, timeout=timeout, **kw)

    def spawn_woodshed(self, *args):
        """Starts the program, to be waited for or signalled."""
        return self.spawn(f"woodshed-{args[0]}", BUILD / "woodshed", *args, env=self.guarded())

    def service(self, config, *args):
        """Starts `woodshed run --config CONFIG`."""
        return self.spawn("service", BUILD / "woodshed", "run", "--config", config, *args, env=self.guarded())
