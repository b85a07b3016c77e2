"""The demo, once everything is built: a room with a band in it, the service, one take from the first note to
the master, and what came of it on one page. packaging/demo installs, builds and calls this.
"""
import argparse
import contextlib
import fcntl
import hashlib
import json
import math
import os
import pathlib
import re
import signal
import socket
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "packaging")]

import stage  # noqa: E402 (found through the line above, as are the next ones)
from display import Display, Steps, clock, figure, gaps, size  # noqa: E402
from rig import band, room as rig  # noqa: E402

PORTS = range(8090, 8100)  # the page's: the first one that is free
START_S = 20  # patience for what takes a moment: the links, the first note
TOPIC = f"woodshed/{stage.NAME}/"


class DemoError(Exception):
    pass


# Told in one line; the rig's own faults show its logs.
FAULTS = (DemoError, stage.StageError, band.BandError)


class Interruption:
    """Ctrl-C, SIGTERM and a terminal that is closed: the first one ends the demo in order, more are not needed.
    What must not be torn apart holds them off."""

    def __init__(self):
        self.wanted, self._holding = False, 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number, _frame):
        first, self.wanted = not self.wanted, True
        if first and not self._holding:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def held(self):
        before = self.wanted
        self._holding += 1
        try:
            yield
        finally:
            self._holding -= 1
        if self.wanted and not before and not self._holding:
            raise KeyboardInterrupt


# What was asked for ---------------------------------------------------------------------------------------

def seconds_of(text):
    """30s, 2 m, 1.5h → seconds; packaging/demo has checked the form."""
    number, unit = re.fullmatch(r"([0-9.]+) ?(s|m|min|h)", text).groups()
    return float(number) * {"s": 1, "m": 60, "min": 60, "h": 3600}[unit]


def parse_arguments():
    ask = argparse.ArgumentParser(prog="packaging/demo", allow_abbrev=False)
    ask.add_argument("--for", dest="seconds", type=seconds_of)
    ask.add_argument("--real", action="store_true")
    ask.add_argument("--dir", type=pathlib.Path)
    return ask.parse_args()


def music_seconds(args):
    return min(args.seconds or stage.DEFAULT_SECONDS, stage.SONG_SECONDS)


def lock(folder):
    """An open file that keeps the folder for this demo, or None where another one has it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = open(folder / ".lock", "w", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return file
    except BlockingIOError:
        file.close()
        return None


def claim_folder(wanted):
    """(folder, lock). A second demo beside a first one gets a folder of its own, unless it names that one."""
    if wanted:
        folder = wanted.resolve()
        held = lock(folder)
        if not held:
            raise DemoError(f"{folder} is in use by another demo")
        return folder, held
    data = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share").resolve()
    for number in range(1, 100):
        folder = data / ("woodshed-demo" if number == 1 else f"woodshed-demo-{number}")
        held = lock(folder)
        if held:
            return folder, held
    raise DemoError(f"{data} is full of running demos")


def page_port():
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    return rig.free_port()


# The service ----------------------------------------------------------------------------------------------

STATES = {"idle": "waits for its interfaces", "armed": f"listens; the last {stage.PRE_ROLL_S} s are always kept",
          "recording": "somebody plays", "finalizing": "the take is being closed"}
EVENTS = {"take_started": lambda event: event["take"],
          "take_stopped": lambda event: f"the take is {clock(event['seconds'])} long",
          "take_mastered": lambda event: f"{figure(event.get('lufs'), 'LUFS')}, "
                                         f"true peak {figure(event.get('dbtp'), 'dBTP')}",
          "take_failed": lambda event: event.get("error") or event.get("take"),
          "gap": lambda event: f"{event['interface']}: {event['frames']} frames lost ({event['cause']})"}


class Service:
    """`woodshed run`, watched through its broker as home automation would."""

    def __init__(self, room, folder, config, port, environment, display):
        self.room, self.folder, self.display = room, folder, display
        self.page = f"http://127.0.0.1:{port}/"
        self.watcher = room.watcher(f"{TOPIC}#")
        self.steps = Steps(display)
        self.process = rig.Process(room, "service", [rig.BUILD / "woodshed", "run", "--config", config],
                                   env=environment)
        self._mark, self._fresh, self._said = 0, [], {}

    def wait_message(self, fits, timeout, late, tick=lambda: None):
        """The next message that fits, each being looked at once; `tick` is called while waiting."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for message in self._take_fresh():
                self._tell(message)
                if fits(message):
                    return message
            if self.process.returncode is not None:
                raise DemoError(f"the service ended with status {self.process.returncode}: {self.last_words()}")
            tick()
            time.sleep(0.1)
        raise DemoError(f"{late}: {self.last_words()}")

    def _take_fresh(self):
        mark = self.watcher.mark()
        self._fresh += self.watcher.since(self._mark, mark)
        self._mark = mark
        while self._fresh:
            yield self._fresh.pop(0)

    def _tell(self, message):
        """Each change of the state and each event in a line of plain words."""
        topic, text = message.topic.removeprefix(TOPIC), message.payload
        if topic == "availability":
            self.steps.add(text, "the service is there" if text == "online" else "the service has ended")
        elif topic == "state":
            state = message.json["record"]
            if self._said.get(topic) != state:
                self.steps.add(state, STATES.get(state, ""))
            self._said[topic] = state
        elif topic == "event":
            kind = message.json["event_type"]
            words = EVENTS.get(kind, lambda event: event.get("interface") or event.get("take") or "")
            self.steps.add(kind, words(message.json))

    def listen(self, seconds):
        """Tells what is said in that time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for message in self._take_fresh():
                self._tell(message)
            time.sleep(0.1)

    def wait_event(self, types, timeout, late, take=None, tick=lambda: None):
        def fits(message):
            return message.topic == f"{TOPIC}event" and message.json["event_type"] in types and \
                take in (None, message.json.get("take"))
        return self.wait_message(fits, timeout, late, tick).json

    def wait_armed(self):
        self.wait_message(lambda message: message.topic == f"{TOPIC}state" and message.json["record"] == "armed",
                          START_S, f"the service was not armed after {START_S} s")

    def last_words(self):
        return self.process.stderr.strip()[-800:] or "it said nothing"

    @property
    def token(self):
        return (self.folder / "http.token").read_text("utf-8").strip()

    @property
    def address(self):
        """The page; whoever opens this is signed in."""
        return f"{self.page}#token={self.token}"

    def get(self, path):
        request = urllib.request.Request(self.page + path, headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.URLError as problem:
            raise DemoError(f"{path} over HTTP: {problem}") from None

    def stop(self):
        status = self.process.stop()
        # It may not have come to its own handling of SIGTERM yet.
        if status not in (0, -signal.SIGTERM):
            raise DemoError(f"the service ended with status {status}: {self.last_words()}")


# One take -------------------------------------------------------------------------------------------------

def follow_take(service, seconds=None, stop_after=None):
    """From the first note to the master; returns the take's folder. `seconds` are expected; after `stop_after` a
    band that goes on has its take ended for it."""
    started = time.monotonic()
    display = service.display
    stopped = False

    def record():
        nonlocal stopped
        heard = time.monotonic() - started
        if seconds and heard > seconds:
            display.now(f"  The band has ended; {stage.SILENCE_S} s of silence end the take")
        else:
            display.bar("Recording", heard, seconds or stop_after)
        if stop_after and heard >= stop_after and not stopped:
            stopped = True
            service.room.publish(f"{TOPIC}record/set", "OFF")

    # Whoever records by hand may play for hours.
    patience = seconds + stage.SILENCE_S + 60 if seconds else math.inf
    told = service.wait_event({"take_stopped", "take_failed"}, patience, "the take did not end", tick=record)
    take = told["take"]
    if told["event_type"] == "take_stopped":
        ended = time.monotonic()
        told = service.wait_event(
            {"take_mastered", "take_failed"}, 600 + 2 * told["seconds"], "the master did not come", take,
            lambda: display.bar("Mixing and mastering", time.monotonic() - ended))
    if told["event_type"] == "take_failed":
        raise DemoError(f"the take failed: {told.get('error') or json.dumps(told)}")
    return service.folder / "takes" / take


def show_take(service, take):
    """The summary."""
    display = service.display
    manifest = json.loads((take / "take.json").read_text("utf-8"))
    report = json.loads((take / "report.json").read_text("utf-8"))
    rate = manifest["rate"]
    display.heading(f"{manifest.get('title') or 'A take'}: {clock(manifest['frames'] / rate)}, "
                    f"{len(manifest['tracks'])} tracks at {rate / 1000:g} kHz")
    display.line(f"  the first {manifest['pre_roll_frames'] / rate:.1f} s are from before the signal\n")
    heard_by = [track["inputs"][0].split("/")[0] for track in manifest["tracks"]]
    display.table(["INTERFACE", "TRACKS", "CRYSTAL", "GAPS"],
                  [[one["name"], heard_by.count(one["name"]), figure(one["ppm"], "ppm"), gaps(one["gaps"], rate)]
                   for one in manifest["interfaces"]])
    display.line()
    asked, got = report["requested"], report["achieved"]
    display.table(["MASTER", "ASKED FOR", "REACHED"],
                  [["loudness", figure(asked["lufs"], "LUFS"), figure(got["lufs"], "LUFS")],
                   ["true peak", figure(asked["dbtp"], "dBTP"), figure(got["dbtp"], "dBTP")]])
    if report.get("limited_by") not in (None, "none"):
        display.line(f"  limited by {report['limited_by']}")
    display.line()
    show_files(display, take, manifest)
    display.line()
    check_download(service, manifest)
    display.line()


def show_files(display, take, manifest):
    levels = {track["file"]: (track["lufs"], f"{figure(track['peak_dbfs'], 'dBFS')}")
              for track in manifest["tracks"]}
    levels |= {one["file"]: (one["lufs"], f"{figure(one['dbtp'], 'dBTP')}") for one in manifest["renders"]}
    rows = []
    for path in sorted(path for path in take.rglob("*") if path.is_file()):
        name = str(path.relative_to(take))
        lufs, peak = levels.get(name, (None, ""))
        rows.append([name, size(path.stat().st_size), figure(lufs, "LUFS") if peak else "", peak])
    display.table(["FILE", "SIZE", "LOUDNESS", "PEAK"], rows)


def check_download(service, manifest):
    """What a phone would do: fetch the master over HTTP; it must be what the manifest says."""
    for one in manifest["renders"]:
        data = service.get(f"api/v1/takes/{manifest['id']}/files/{one['file']}")
        digest = hashlib.sha256(data).hexdigest()
        if digest != one["sha256"]:
            raise DemoError(f"{one['file']} came over HTTP with another SHA-256 ({digest}) than the manifest's")
        if one["file"].startswith("master."):
            service.display.line(f"  {one['file']} fetched over HTTP, {size(len(data))}: its SHA-256 is the manifest's,\n"
                                 f"  {digest}")


# All of it ------------------------------------------------------------------------------------------------

def real_environment():
    """That of the caller, whose PipeWire has the interfaces; the room's own has none."""
    runtime = os.environ.get("PIPEWIRE_RUNTIME_DIR") or os.environ.get("XDG_RUNTIME_DIR") or "/run/pipewire"
    server = pathlib.Path(runtime, os.environ.get("PIPEWIRE_REMOTE", "pipewire-0"))
    if not server.is_socket():
        raise DemoError(f"--real: no PipeWire runs for this user ({server} is not there).\n"
                        "Run it as the user whose PipeWire has the interfaces, without sudo; "
                        "without --real two simulated interfaces play.")
    return dict(os.environ)


def open_stage(room, seconds, display):
    """Simulated interfaces and what they will hear: (interfaces, seats, title)."""
    display.now("  The band tunes up: its parts are rendered from a MIDI song")
    title, seats = stage.hire_band(room, seconds)
    interfaces = stage.plug_interfaces(room, seats)
    display.heading(f"{title}, {len(seats)} players, two simulated USB interfaces")
    display.table(["INTERFACE", "INPUTS", "CRYSTAL", "PLAYERS"],
                  [[name, channels, f"{ppm:+} ppm", ", ".join(part.name for where, _, part in seats if where == name)]
                   for name, channels, ppm in stage.INTERFACES])
    return interfaces, seats, title


def show_interfaces(room, environment, display):
    """What is plugged in."""
    done = room.woodshed("interfaces", env=environment)
    if done.returncode:
        raise DemoError(f"woodshed interfaces: {done.stderr.strip()}")
    if not done.stdout:
        raise DemoError("--real: PipeWire runs, but has no interface to record; plug one in")
    display.heading("What is plugged in")
    for line in done.stdout.splitlines():
        display.line(f"  {line}")


def start_service(args, room, environment, display, interruption):
    """(service, the interfaces that are to play)"""
    interfaces, seats, title = [], [], None
    with interruption.held():
        broker = room.broker(users=(stage.NAME,))
    if args.real:
        show_interfaces(room, environment, display)
    else:
        interfaces, seats, title = open_stage(room, music_seconds(args), display)
    port = page_port()
    stage.write_session(args.dir, title, seats)
    config = stage.write_appliance(args.dir, broker, port, simulated=not args.real)
    with interruption.held():
        service = Service(room, args.dir, config, port, environment, display)
    return service, interfaces


def play(service, interfaces, args):
    """The first take, from armed to its master; returns its folder."""
    display = service.display
    display.heading(f"What MQTT says ({TOPIC[:-1]})")
    service.steps.head("SAYS", "MEANING")
    service.wait_armed()
    if interfaces:
        # The pre-roll is to have something in it.
        service.listen(stage.PRE_ROLL_S)
        for interface in interfaces:
            interface.play()
    service.wait_event({"take_started"}, START_S if interfaces else math.inf, "the signal started no take",
                       tick=lambda: interfaces or display.now("  Play something"))
    args.recorded = args.dir / "takes"
    if args.real:
        return follow_take(service, stop_after=args.seconds)
    return follow_take(service, seconds=music_seconds(args))


def show(args, room, environment, stack, interruption):
    display = Display()
    service, interfaces = start_service(args, room, environment, display, interruption)
    stack.callback(service.stop)
    display.heading("The page")
    display.line(f"  {service.address}")
    take = play(service, interfaces, args)
    show_take(service, take)
    display.line(f"  The files stay in {take}")
    if args.seconds is not None:
        return
    args.serving = True
    while True:
        display.line(f"  The page: {service.address}\n\nServing until Ctrl-C.")
        # A real band plays on, and its next takes are told too.
        service.wait_event({"take_started"}, math.inf, "")
        show_take(service, follow_take(service))


def run(args, interruption):
    """Everything that was started ends with the `with`, in reverse order."""
    environment = real_environment() if args.real else None
    args.dir, held = claim_folder(args.dir)
    with held, contextlib.ExitStack() as stack:
        with interruption.held():
            room = stack.enter_context(rig.Room())
        try:
            with contextlib.ExitStack() as inner:
                show(args, room, environment or room.env, inner, interruption)
        except KeyboardInterrupt:
            print(f"\nEnded.{args.recorded and f' What was recorded stays in {args.recorded}'}", flush=True)
            return 0 if args.serving else 130
        except BrokenPipeError:
            # Whoever read has left: `packaging/demo | head`.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except FAULTS as problem:
            print(f"\npackaging/demo: {problem}", file=sys.stderr)
            return 1
    return 0


def main():
    interruption = Interruption()
    args = parse_arguments()
    args.serving, args.recorded = False, ""
    try:
        return run(args, interruption)
    except KeyboardInterrupt:
        return 130
    except OSError as problem:
        what = f"{problem.filename}: {problem.strerror}" if problem.filename else problem
        print(f"packaging/demo: {what}", file=sys.stderr)
        return 1
    except (*FAULTS, rig.RigError) as problem:
        print(f"packaging/demo: {problem}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
