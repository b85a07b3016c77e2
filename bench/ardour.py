"""ardour: the tracks of `render`, mixed by Ardour's own headless utilities where Debian's `ardour` is installed: a session
made by ardour7-lua, with the equaliser and compressor that Ardour brings, exported by ardour7-export."""
import math
import os
import pathlib
import shutil
import tempfile
import xml.etree.ElementTree as ET

import material
from measure import Row, in_turns, run, say
from render import BANDS, COMPRESSED_ALIKE_LU, GAIN_DB, RATE, TRACKS, Mixes, walls

SECONDS, QUICK_SECONDS = 60, 30
REPETITIONS, QUICK_REPETITIONS = 5, 2
ALIKE_LU = 0.5  # a low shelf stands for the high-pass
COMPRESSOR = (8, 200, 6, 4, -30, 0)  # attack and release in ms, knee, ratio, threshold, make-up: as render's
NEW, EXPORT = "ardour7-lua", "ardour7-export"
SUPERCLOCKS = 282240000  # a second of Ardour's
NEW_SESSION = """
local s = create_session("{folder}", "session", {rate})
assert(s)
local function insert(route, place, uri, settings)
	local processor = ARDOUR.LuaAPI.new_plugin(s, uri, ARDOUR.PluginType.LV2, "")
	assert(not processor:isnil() and route:add_processor_by_index(processor, place, nil, true) == 0)
	for i, value in pairs(settings) do
		assert(ARDOUR.LuaAPI.set_processor_param(processor, i, value))
	end
end
for route in s:new_audio_track(1, 2, nil, {count}, "", -1, ARDOUR.TrackMode.Normal, true):iter() do
{strip}
end
s:save_state("", false, false, false, false, false)
close_session()
"""
PAN_LAW_DB = 20 * math.log10(math.sqrt(2))  # what a mono track in the middle loses on each side
# On all cores, as ours.
CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<Ardour><Config><Option name="processor-usage" value="0"/></Config></Ardour>
"""


def processor_flags():
    """What 7.3 has for AVX-512 spoils its heap: of 31 exports 13 ended in a double free, of 10 with AVX and FMA none."""
    cpu = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    return {"ARDOUR_FPU_FLAGS": "0x5f"} if " avx512f" in cpu else {}


def strip(gain_db, bands, compressor):
    """Lua that sets up a route: a low shelf in place of a high-pass, which Ardour brings none of, four bands as (Hz, Q,
    dB), and a compressor by a-comp's own parameters, or None."""
    fader = 10 ** ((gain_db + PAN_LAW_DB) / 20)
    lines = [f"route:gain_control():set_value({fader:.9f}, PBD.GroupControlDisposition.NoGroup)"]
    settings = [80, -20]
    for hz, q, db in bands:
        settings += [hz, db, 2 * math.asinh(1 / (2 * q)) / math.log(2)]  # a bandwidth in octaves
    lines.append(f'insert(route, 0, "urn:ardour:a-eq", {table(settings)})')
    if compressor:
        lines.append(f'insert(route, 1, "urn:ardour:a-comp", {table(compressor)})')
    return "\n".join(lines)


def table(values):
    return "{%s}" % ", ".join(f"[{i}] = {value}" for i, value in enumerate(values))


class Session:
    """A session in `folder` with a track for each of `files`, `frames` long; `strip` is what `strip()` made."""

    def __init__(self, folder, files, rate, frames, strip):
        self.folder, self.rate, self.played = folder, rate, folder / "played.wav"
        (self.folder / "ardour7").mkdir(parents=True)
        (self.folder / "ardour7/config").write_text(CONFIG, encoding="utf-8")
        self.session = self.folder / "session"
        self.env = os.environ | {"HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)} | processor_flags()
        script = self.folder / "new.lua"
        script.write_text(NEW_SESSION.format(folder=self.session, rate=rate, count=len(files), strip=strip),
                          encoding="utf-8")
        run(NEW, script, env=self.env)
        self.add(files, frames * SUPERCLOCKS // rate)

    def add(self, files, length):
        """What importing does: sources, and a region of each at the beginning of its own track."""
        path = self.session / "session.ardour"
        tree = ET.parse(path)
        root = tree.getroot()
        for number, (file, playlist) in enumerate(zip(files, root.find("Playlists"), strict=True)):
            name = f"{number + 1:02}-{file.name}"
            shutil.copy(file, self.session / "interchange/session/audiofiles" / name)
            source, region = str(90001 + number), str(91001 + number)
            ET.SubElement(root.find("Sources"), "Source", {
                "name": name, "take-id": "", "type": "audio", "flags": "", "id": source, "channel": "0", "gain": "1"})
            ET.SubElement(playlist, "Region", {
                "name": name, "id": region, "type": "audio", "muted": "0", "opaque": "1", "locked": "0",
                "automatic": "0", "whole-file": "0", "import": "0", "external": "0", "sync-marked": "0",
                "hidden": "0", "start": "a0", "length": f"a{length}@a0", "sync-position": "a0", "stretch": "1",
                "shift": "1", "layering-index": "0", "envelope-active": "0", "default-fade-in": "0",
                "default-fade-out": "0", "fade-in-active": "0", "fade-out-active": "0", "scale-amplitude": "1",
                "source-0": source, "master-source-0": source, "channels": "1"})
        ET.SubElement(root.find("Locations"), "Location", {
            "id": "92001", "name": "session", "start": "a0", "end": f"a{length}", "flags": "IsSessionRange",
            "locked": "0", "timestamp": "0"})
        tree.write(path, encoding="utf-8", xml_declaration=True)

    def export(self):
        """Into a WAV file: it writes nothing else."""
        return run(EXPORT, "--samplerate", self.rate, "--bitdepth", 24, "--output", self.played, self.session, "session",
                   env=self.env)


def measure(quick):
    """Rows for the table; none where Ardour is not installed."""
    if not all(shutil.which(program) for program in (NEW, EXPORT)):
        say("ardour: not installed, nothing to measure")
        return []
    seconds = QUICK_SECONDS if quick else SECONDS
    with tempfile.TemporaryDirectory(prefix="bench-") as temp:
        temp = pathlib.Path(temp)
        mixes = Mixes(temp, seconds)
        plain, compressed = (
            Session(temp / name, material.microphones(TRACKS, seconds), RATE, seconds * RATE,
                    strip(GAIN_DB, BANDS, compressor))
            for name, compressor in (("plain", None), ("compressed", COMPRESSOR)))
        mixes.woodshed("--session", mixes.plain)
        plain.export()
        mixes.check(ALIKE_LU, "without compressors", plain.played, "Ardour")
        ours, theirs = in_turns(QUICK_REPETITIONS if quick else REPETITIONS, mixes.woodshed_all, compressed.export)
        mixes.check(COMPRESSED_ALIKE_LU, "with compressors", compressed.played, "Ardour")
    what = f"render {TRACKS} tracks x {seconds} s, all jobs"
    return [Row(f"{what}, wall", EXPORT, walls(ours), walls(theirs)),
            Row(f"{what}, CPU", EXPORT, [used.cpu_s for used in ours], [used.cpu_s for used in theirs])]
