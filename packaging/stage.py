"""The demo's stage: who plays what into which simulated interface, and the files that tell Woodshed so."""
import json
import math
import os
import secrets

from rig import material

NAME = "demo"  # the appliance's, and so its MQTT id
DEFAULT_SECONDS, SONG_SECONDS = 60, 147  # of music without --for; as much as the band knows
INTERFACES = (("desk", 8, 14), ("stage", 4, -31))  # name, channels, ppm of its crystal
NOISE_DBFS = -84  # of the simulated microphone amplifiers
PRE_ROLL_S, SILENCE_S = 2, 3  # kept from before the first note; silence that ends a take
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


class StageError(Exception):
    pass


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
        raise StageError(f"sox: {done.stderr.strip()}")
    return path


def hire_band(room, seconds):
    """The song's title, and the seats of those who play in so many seconds of it."""
    title, parts = material.band(room.folder("band"), seconds)
    return title, seat_parts([part for part in parts if math.isfinite(part.peak_dbfs)])


def plug_interfaces(room, seats):
    """Starts all interfaces; they are silent until told to play."""
    interfaces = []
    for name, channels, ppm in INTERFACES:
        files = [set_preamp(room, part) for where, _, part in seats if where == name]
        interfaces.append(room.interface(name, channels=channels, ppm=ppm, noise=NOISE_DBFS, wait=True,
                                         play=files or None))
    for interface in interfaces:
        interface.wait_ready()
    return interfaces


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


def write_session(folder, title, seats):
    """Without seats every channel there is becomes a track."""
    song = [f"song: {{title: {json.dumps(title)}, artist: The Trays}}"] if title else []
    tracks = ["tracks:", *track_lines(seats)] if seats else []
    (folder / "sessions").mkdir(exist_ok=True)
    (folder / "sessions/demo.yaml").write_text("\n".join([
        "woodshed: 1", "name: demo", *song, *tracks, "edit: {preset: rehearsal}", "mix: {preset: rock}",
        "master: {preset: streaming, loudness: -14 LUFS, true_peak: -1 dBTP, formats: [flac]}", ""]), "utf-8")


def write_secret(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")


def write_appliance(folder, broker, port, simulated):
    """Returns the path of the appliance file. The token is made here, short enough for a line with the page's
    address."""
    interfaces = ["interfaces:", *(f"  - {{name: {name}, node: {name}, channels: {channels}}}"
                                   for name, channels, _ in INTERFACES)] if simulated else []
    write_secret(folder / "mqtt.password", broker.accounts[NAME])
    if not (folder / "http.token").exists():
        write_secret(folder / "http.token", secrets.token_hex(12))
    config = folder / "appliance.yaml"
    config.write_text("\n".join([
        "woodshed: 1", f"name: {NAME}", "takes: takes", "session: sessions/demo.yaml", *interfaces,
        "recording:", f"  pre_roll: {PRE_ROLL_S} s", "  start: {when: signal, above: auto, for: 300 ms}",
        f"  stop: {{when: silence, below: auto, for: {SILENCE_S} s}}",
        f"mqtt: {{url: \"{broker.url}\", username: {NAME}, password_file: mqtt.password, discovery: true}}",
        f"http: {{listen: \"127.0.0.1:{port}\", token_file: http.token}}",
        "render: {on_stop: true}", ""]), "utf-8")
    return config
