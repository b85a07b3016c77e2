"""The demo, once everything is built: a room with a band in it, the service, one take from the first note to
the master, and what came of it on one page. packaging/demo installs, builds and calls this.
"""
import argparse
import contextlib
import hashlib
import json
import math
import os
import pathlib
import re
import signal
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from rig import material, room as rig  # noqa: E402 (found through the line above)

NAME = "demo"  # the appliance's, and so its MQTT id
SONG_SECONDS = 90  # what the band plays without --for
INTERFACES = (("desk", 8, 14), ("stage", 4, -31))  # name, channels, ppm of its crystal
NOISE_DBFS = -84  # of the simulated microphone amplifiers
START_S, SILENCE_S = 20, 3  # patience for the first note; silence that ends a take

PREAMP_PEAK_DBFS = -12  # where the presets expect a track's peaks

# The family of a part's instrument: the session's role for it, and where the player stands.
ROLES = {"bass": ("bass", "C"), "guitar": ("electric-guitar", "L40"), "ethnic": ("acoustic-guitar", "L20"),
         "piano": ("keys", "R35"), "organ": ("keys", "R50"), "chromatic": ("keys", "L50"),
         "strings": ("strings", "L60"), "ensemble": ("strings", "R60"), "brass": ("brass", "R25"),
         "reed": ("brass", "L20"), "pipe": ("brass", "R15"), "lead": ("synth", "C"), "pad": ("synth", "L30"),
         "fx": ("synth", "R30"), "percussive": ("percussion", "L30")}
# The whole kit comes through one channel, and no role is meant for that.
KIT = ("pan: C, chain: [{highpass: {frequency: 30 Hz, slope: 24}}, "
       "{compressor: {threshold: -16 dB, ratio: 3:1, attack: 20 ms, release: 150 ms, knee: 6 dB}}]")


class DemoError(Exception):
    pass


class Progress:
    """On a terminal one line that is written again and again, elsewhere a line for each step."""

    def __init__(self):
        self.live = sys.stdout.isatty()

    def step(self, text):
        print(("\r\033[K" if self.live else "") + text, flush=True)

    def now(self, text):
        if self.live:
            print(f"\r\033[K{text}", end="", flush=True)

    def bar(self, done, whole, text):
        filled = min(24, int(24 * done / whole)) if whole else 0
        self.now(f"{text} {'█' * filled}{'·' * (24 - filled)} {clock(done)}")


def clock(seconds):
    """75.26 → 1:15.3"""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def size(count):
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def figure(value, unit, digits=1):
    known = isinstance(value, (int, float)) and math.isfinite(value)
    return f"{value:.{digits}f} {unit}" if known else "unknown"


def seconds_of(text):
    """30s, 2 m, 1.5h → seconds; packaging/demo has checked the form."""
    number, unit = re.fullmatch(r"([0-9.]+) ?(s|m|min|h)", text).groups()
    return float(number) * {"s": 1, "m": 60, "min": 60, "h": 3600}[unit]


def table(head, rows):
    """Columns as wide as they need to be, numbers to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    right = [all(re.match(r"[-+0-9]", row[at]) for row in rows) for at in range(len(head))]
    for row in [head, *rows]:
        cells = (cell.rjust(width) if to_right else cell.ljust(width)
                 for cell, width, to_right in zip(row, widths, right))
        print("  " + "   ".join(cells).rstrip())


def parse_arguments():
    ask = argparse.ArgumentParser(prog="packaging/demo")
    ask.add_argument("--for", dest="seconds", type=seconds_of)
    ask.add_argument("--real", action="store_true")
    ask.add_argument("--dir", type=pathlib.Path)
    args = ask.parse_args()
    data = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share")
    args.dir = (args.dir or data / "woodshed-demo").resolve()
    return args


# The band -------------------------------------------------------------------------------------------------

def seat_parts(parts):
    """[(interface's name, channel from 1, part)]: spread by the interfaces' sizes, so that a small band too
    needs them all."""
    free = {name: iter(range(1, channels + 1)) for name, channels, _ in INTERFACES}
    order = sorted((at / channels, name) for name, channels, _ in INTERFACES for at in range(channels))
    return [(name, next(free[name]), part) for (_, name), part in zip(order, parts)]


def set_preamp(room, part):
    """The part as the microphone amplifier delivers it: what the sound check is for."""
    path = room.folder("preamps") / f"{part.name}.wav"
    done = room.run("sox", part.path, path, "norm", PREAMP_PEAK_DBFS)
    if done.returncode:
        raise DemoError(f"sox: {done.stderr.strip()}")
    return path


def open_room(room, parts):
    """Both interfaces, silent, and the seats of the band."""
    seats = seat_parts(parts)
    interfaces = []
    for name, channels, ppm in INTERFACES:
        files = [set_preamp(room, part) for where, _, part in seats if where == name]
        interfaces.append(room.interface(name, channels=channels, ppm=ppm, noise=NOISE_DBFS, wait=True,
                                         play=files or None))
    for interface in interfaces:
        interface.wait_ready()
    return interfaces, seats


def track_lines(seats):
    """The session's tracks; a second player of a family stands across the room from the first."""
    seen = {}
    for interface, channel, part in seats:
        role, pan = ROLES.get(part.family, ("di", "C"))
        seen[part.family] = seen.get(part.family, 0) + 1
        if seen[part.family] % 2 == 0:
            pan = pan.translate(str.maketrans("LR", "RL"))
        strip = KIT if part.family == "drums" else f"role: {role}, pan: {pan}"
        yield f"  - {{name: {part.name}, input: {interface}/{channel}, {strip}}}"


# The files ------------------------------------------------------------------------------------------------

def write_session(folder, title, seats):
    tracks = ["tracks:", *track_lines(seats)] if seats else []
    song = [f"song: {{title: {json.dumps(title)}, artist: The Trays}}"] if title else []
    (folder / "sessions").mkdir(parents=True, exist_ok=True)
    (folder / "sessions/demo.yaml").write_text("\n".join([
        "woodshed: 1", "name: demo", *song, *tracks, "edit: {preset: none}", "mix: {preset: rock}",
        "master: {preset: streaming, loudness: -14 LUFS, true_peak: -1 dBTP, formats: [flac]}", ""]), "utf-8")


def write_appliance(folder, broker, port, simulated):
    interfaces = ["interfaces:", *(f"  - {{name: {name}, node: {name}, channels: {channels}}}"
                                   for name, channels, _ in INTERFACES)] if simulated else []
    password = folder / "mqtt.password"
    password.touch(0o600)
    password.write_text(broker.accounts[NAME] + "\n", "utf-8")
    config = folder / "appliance.yaml"
    config.write_text("\n".join([
        "woodshed: 1", f"name: {NAME}", "takes: takes", "session: sessions/demo.yaml", *interfaces,
        "recording:", "  pre_roll: 2 s", "  start: {when: signal, above: auto, for: 300 ms}",
        f"  stop: {{when: silence, below: auto, for: {SILENCE_S} s}}",
        f"mqtt: {{url: \"{broker.url}\", username: {NAME}, password_file: mqtt.password, discovery: true}}",
        f"http: {{listen: \"127.0.0.1:{port}\", token_file: http.token}}",
        "render: {on_stop: true}", ""]), "utf-8")
    return config


# The service ----------------------------------------------------------------------------------------------

class Service:
    """`woodshed run`, watched through its broker as home automation would."""

    def __init__(self, room, folder, config, port, environment):
        self.room, self.folder, self.port = room, folder, port
        self.begun = time.monotonic()
        self.steps = []  # (seconds since the start, what was said)
        self.watcher = room.watcher(f"woodshed/{NAME}/#")
        self.process = rig.Process(room, "service", [rig.BUILD / "woodshed", "run", "--config", config],
                                   env=environment)
        self._seen = 0

    def wait_message(self, fits, timeout, late, tick=lambda: None):
        """The next message that fits, each being looked at once; `tick` is called while waiting."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for message in self.watcher.messages[self._seen:]:
                self._seen += 1
                self._note(message)
                if fits(message):
                    return message
            if self.process.returncode is not None:
                raise DemoError(f"the service ended with status {self.process.returncode}: "
                                f"{self.process.stderr.strip()[-800:] or 'it said nothing'}")
            tick()
            time.sleep(0.1)
        raise DemoError(late)

    def wait_event(self, types, timeout, late, tick=lambda: None):
        return self.wait_message(
            lambda message: message.topic.endswith("/event") and message.json["event_type"] in types,
            timeout, late, tick).json

    def wait_armed(self):
        self.wait_message(lambda message: message.topic.endswith("/state") and
                          message.json["record"] == "armed", START_S, f"the service was not armed after {START_S} s")

    def _note(self, message):
        topic = message.topic.removeprefix(f"woodshed/{NAME}/")
        said = {"availability": lambda: message.payload,
                "state": lambda: f"record: {message.json['record']}",
                "event": lambda: message.json["event_type"]}.get(topic)
        if said and message.payload:
            step = (topic, said())
            if not self.steps or self.steps[-1][1:] != step:
                self.steps.append((time.monotonic() - self.begun, *step))

    @property
    def token(self):
        return (self.folder / "http.token").read_text("utf-8").strip()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def get(self, path):
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def stop(self):
        status = self.process.stop()
        if status:
            raise DemoError(f"the service ended with status {status}: {self.process.stderr.strip()[-800:]}")


# One take -------------------------------------------------------------------------------------------------

def newest_take(folder):
    manifests = sorted((folder / "takes").glob("*/take.json"))
    if not manifests:
        raise DemoError(f"there is no take in {folder / 'takes'}")
    return manifests[-1].parent


def follow_take(service, progress, seconds, stop_after):
    """From the signal to the master. `stop_after`: a real band goes on, so its take is ended for it."""
    started = time.monotonic()
    progress.step("Recording: the signal has started a take")
    stopping = False

    def tick():
        nonlocal stopping
        heard = time.monotonic() - started
        progress.bar(heard, seconds or 0, "Recording")
        if stop_after and heard >= seconds and not stopping:
            stopping = True
            service.room.publish(f"woodshed/{NAME}/record/set", "OFF")

    patience = (seconds or 4 * 3600) + SILENCE_S + 60
    service.wait_event({"take_stopped"}, patience, "the take did not end", tick)
    progress.step("Mixing and mastering: the take is closed")
    rendering = time.monotonic()
    told = service.wait_event({"take_mastered", "take_failed"}, 600 + 2 * (seconds or 3600),
                              "the master did not come",
                              lambda: progress.bar(time.monotonic() - rendering, 0, "Mixing and mastering"))
    if told["event_type"] == "take_failed":
        raise DemoError(f"the take failed: {told.get('error') or json.dumps(told)}")
    return newest_take(service.folder)


def print_summary(service, take):
    manifest = json.loads((take / "take.json").read_text("utf-8"))
    report = json.loads((take / "report.json").read_text("utf-8"))
    rate, seconds = manifest["rate"], manifest["frames"] / manifest["rate"]
    print(f"\nTake {manifest['id']}: {clock(seconds)}, of which {clock(manifest['pre_roll_frames'] / rate)} "
          f"from before the signal; {len(manifest['tracks'])} tracks, {rate / 1000:g} kHz\n")
    table(["INTERFACE", "NODE", "TRACKS", "CRYSTAL", "GAPS"],
          [[one["name"], one["node"], sum(track["inputs"][0].split("/")[0] == one["name"]
                                          for track in manifest["tracks"]),
            figure(one["ppm"], "ppm"), gaps(one["gaps"], rate)] for one in manifest["interfaces"]])
    print()
    asked, got = report["requested"], report["achieved"]
    table(["MASTER", "REQUESTED", "ACHIEVED"],
          [["loudness", figure(asked["lufs"], "LUFS"), figure(got["lufs"], "LUFS")],
           ["true peak", figure(asked["dbtp"], "dBTP"), figure(got["dbtp"], "dBTP", 2)]])
    if report.get("limited_by") not in (None, "none"):
        print(f"  limited by {report['limited_by']}")
    print()
    print_files(take, manifest)
    print()
    table(["MQTT", "AFTER", "TOPIC"], [[said, f"{after:.1f} s", f"woodshed/{NAME}/{topic}"]
                                       for after, topic, said in service.steps])


def gaps(found, rate):
    if not found:
        return "none"
    lost = sum(gap["frames"] for gap in found) / rate
    return f"{len(found)}, {lost * 1000:.0f} ms: {', '.join(sorted({gap['cause'] for gap in found}))}"


def print_files(take, manifest):
    print(f"  {take}/")
    figures = {track["file"]: f"{figure(track['lufs'], 'LUFS')}, peak {figure(track['peak_dbfs'], 'dBFS')}"
               for track in manifest["tracks"]}
    figures |= {one["file"]: f"{figure(one['lufs'], 'LUFS')}, peak {figure(one['dbtp'], 'dBTP', 2)}"
                for one in manifest["renders"]}
    files = [(str(path.relative_to(take)), path) for path in sorted(take.rglob("*")) if path.is_file()]
    table(["FILE", "SIZE", "LEVEL"],
          [[name, size(path.stat().st_size), figures.get(name, "")] for name, path in files])


def check_download(service, take):
    """What a phone would do: fetch the master over HTTP, and compare it with the manifest."""
    manifest = json.loads((take / "take.json").read_text("utf-8"))
    for one in manifest["renders"]:
        data = service.get(f"api/v1/takes/{manifest['id']}/files/{one['file']}")
        if hashlib.sha256(data).hexdigest() != one["sha256"]:
            raise DemoError(f"{one['file']} came over HTTP with another SHA-256 than the manifest's")
        print(f"  fetched {one['file']} over HTTP: {size(len(data))}, SHA-256 as in the manifest")


def print_address(service, serving):
    print(f"\n  page    {service.url}   token {service.token}")
    print(f"  fetch   curl -H 'Authorization: Bearer {service.token}' {service.url}api/v1/takes")
    print("\nServing until Ctrl-C." if serving else "\nDone.", flush=True)


# All of it ------------------------------------------------------------------------------------------------

def real_environment():
    """That of the caller, whose PipeWire has the interfaces; the room's own has none."""
    runtime = os.environ.get("PIPEWIRE_RUNTIME_DIR") or os.environ.get("XDG_RUNTIME_DIR") or "/run/pipewire"
    if not pathlib.Path(runtime, os.environ.get("PIPEWIRE_REMOTE", "pipewire-0")).is_socket():
        raise DemoError(f"no PipeWire runs for this user ({runtime}/pipewire-0 is not there); run the demo as "
                        "the user whose PipeWire has the interfaces, without sudo")
    return dict(os.environ)


def room_band(room, seconds, progress):
    """Simulated interfaces and what they will hear: (interfaces, seats, title)."""
    progress.step("The band tunes up: its parts are rendered from a MIDI song")
    title, parts = material.band(room.folder("band"), seconds)
    return *open_room(room, parts), title


def show(args, room, environment, stack):
    progress = Progress()
    if args.real:
        seconds, interfaces, seats, title = args.seconds, [], [], None
    else:
        seconds = args.seconds or SONG_SECONDS
        interfaces, seats, title = room_band(room, seconds, progress)
    broker = room.broker(users=(NAME,))
    port = rig.free_port()
    write_session(args.dir, title, seats)
    config = write_appliance(args.dir, broker, port, simulated=not args.real)
    service = Service(room, args.dir, config, port, environment)
    stack.callback(service.stop)
    service.wait_armed()
    progress.step(f"Armed: play something. The page: {service.url}, token {service.token}" if args.real else
                  f"Armed: the band plays {title!r} for {clock(seconds)}")
    for interface in interfaces:
        interface.play()

    service.wait_event({"take_started"}, math.inf if args.real else START_S, "the signal started no take")
    take = follow_take(service, progress, seconds, stop_after=args.real and seconds is not None)
    print_summary(service, take)
    check_download(service, take)
    serving = args.seconds is None
    print_address(service, serving)
    while serving:
        # A real band plays on, and its next takes are told too.
        service.wait_event({"take_started"}, math.inf, "")
        print_summary(service, follow_take(service, progress, None, stop_after=False))
        print_address(service, serving)


def interrupt(_number, _frame):
    raise KeyboardInterrupt


def main():
    args = parse_arguments()
    args.dir.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        environment = real_environment() if args.real else None
        with rig.Room() as room, contextlib.ExitStack() as stack:
            try:
                show(args, room, environment or room.env, stack)
            except KeyboardInterrupt:
                print(f"\nEnding. What was recorded stays in {args.dir / 'takes'}", flush=True)
    except KeyboardInterrupt:
        return 130
    except (DemoError, rig.RigError, OSError) as problem:
        print(f"packaging/demo: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
