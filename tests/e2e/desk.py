"""What the end-to-end tests share: configurations, and takes looked at with programs that are not ours."""
import array
import hashlib
import json
import math
import pathlib
import re
import subprocess
import time
import zlib

import pytest

from rig.room import DEADLINE, RigError


def wait_until(condition, what, timeout=DEADLINE):
    """For what nobody announces, such as a file that grows: the first true answer of `condition`."""
    end = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise RigError(f"not within {timeout} s: {what}")
        time.sleep(0.02)


def size_of(path):
    """The bytes of a file; 0: it is not there yet, as a track's before its first frames."""
    return path.stat().st_size if path.exists() else 0


def appliance(room, interfaces, extra=""):
    """Writes appliance.yaml for interfaces {name: channels}, whose takes lie in the room; returns its path."""
    lines = ["woodshed: 1", "name: room1", "takes: takes"]
    if interfaces:
        lines += ["interfaces:", *(f"  - {{name: {name}, node: {name}, channels: {channels}}}"
                                   for name, channels in interfaces.items())]
    path = room.path("appliance.yaml")
    path.write_text("\n".join([*lines, extra, ""]), encoding="utf-8")
    return path


def takes(room):
    """The folders of the takes there are."""
    return sorted(room.path("takes").glob("2*"))


class Take:
    """A take's folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    @property
    def manifest(self):
        return json.loads((self.folder / "take.json").read_text(encoding="utf-8"))

    @property
    def tracks(self):
        return self.manifest["tracks"]

    @property
    def gaps(self):
        """{interface: [(frame, frames, cause)]}"""
        return {one["name"]: [(gap["frame"], gap["frames"], gap["cause"]) for gap in one["gaps"]]
                for one in self.manifest["interfaces"]}

    @staticmethod
    def files(track):
        """[(frame, entry with file and sums)]: a track's files, and where in the take each is in force."""
        return [(0, track), *((one["frame"], one) for one in track.get("segments", []))]

    def wait_growth(self, size=8192):
        """Of a take that runs: until each of its tracks has more than `size` bytes in its newest file."""
        def grown():
            newest = [self.folder / self.files(track)[-1][1]["file"] for track in self.tracks]
            return newest and all(size_of(path) > size for path in newest)
        wait_until(grown, f"the tracks of {self.folder} grow")

    def raw(self, track):
        """The track's samples, its files one after the other with silence between them."""
        files = self.files(track)
        if len(files) == 1:
            return decode(self.folder / track["file"])
        size = 3 * len(track["inputs"])
        data = bytearray(track["frames"] * size)
        ends = [frame for frame, _ in files[1:]] + [track["frames"]]
        for (frame, entry), end in zip(files, ends):
            # One whose sync failed may have lost its end, past what it is in force for.
            piece = decode(self.folder / entry["file"], whole=bool(entry["sha256"]))[:(end - frame) * size]
            data[frame * size:frame * size + len(piece)] = piece
        return bytes(data)

    def check_files(self):
        """Every file is what the manifest says of it, and every FLAC file is whole."""
        manifest = self.manifest
        entries = [entry for track in manifest["tracks"] for _, entry in self.files(track)
                   if entry is self.files(track)[-1][1] or entry["sha256"]]
        for entry in (*entries, *manifest["renders"]):
            path = self.folder / entry["file"]
            data = path.read_bytes()
            assert len(data) == entry["bytes"], path
            assert hashlib.sha256(data).hexdigest() == entry["sha256"], path
            assert f"{zlib.crc32(data):08x}" == entry["crc32"], path
            subprocess.run(["flac", "-ts", path], check=True, timeout=DEADLINE)


def recorded(done):
    """The take of a `woodshed record` that went well."""
    assert done.returncode == 0, done.stderr
    return Take(done.stdout.strip())


def decode(path, whole=True):
    """The samples of a FLAC file: signed, little endian, in as many bytes as they have."""
    return subprocess.run(["flac", "-dcs", "--force-raw-format", "--endian=little", "--sign=signed", path],
                          check=whole, stdout=subprocess.PIPE, timeout=DEADLINE).stdout


def numbers(data):
    """24-bit samples as integers."""
    wide = bytearray(len(data) // 3 * 4)
    for byte in range(3):
        wide[byte + 1::4] = data[byte::3]
    return [value >> 8 for value in array.array("i", bytes(wide))]


def packed(values):
    """The lower 24 bits of integers, as samples."""
    wide = array.array("i", values).tobytes()
    data = bytearray(len(wide) // 4 * 3)
    for byte in range(3):
        data[byte::3] = wide[byte::4]
    return bytes(data)


def ramp(first, frames):
    """What the ramp of a simulated interface is worth from a value on."""
    return packed(range(first, first + frames))


def first_value(data):
    return int.from_bytes(data[:3], "little")


def ramp_start(data, channel):
    """The interface's frame at which a ramp's recording begins."""
    return (first_value(data) - channel * 65536) & 0xFFFFFF


def ramp_with_gaps(first, frames, gaps):
    """The ramp as it must be on disk where some of it was lost: silence, and nothing else moves."""
    data = bytearray(ramp(first, frames))
    for frame, lost, _ in gaps:
        data[frame * 3:(frame + lost) * 3] = bytes(lost * 3)
    return bytes(data)


RETURN_FRAMES = 12000  # within which an interface's links are made


def absences(take, interface):
    """[(frame, frames)] in which an interface was away. While its links are made the graph may skip some cycles once
    more: gaps of their own, which belong to the same return."""
    found = []
    for frame, lost, cause in take.gaps[interface]:
        assert cause == "unplugged"
        if found and frame < sum(found[-1]) + RETURN_FRAMES:
            found[-1] = (found[-1][0], frame + lost - found[-1][0])
        else:
            found.append((frame, lost))
    return found


def check_ramps(take, channels, frames=None):
    """Each track is its interface's ramp, but for the gaps that the manifest tells of. Returns the frame of each
    interface at which the take begins."""
    manifest = take.manifest
    frames = frames or manifest["frames"]
    assert manifest["error"] is None
    assert manifest["frames"] == frames
    assert {track["frames"] for track in manifest["tracks"]} == {frames}
    for one in manifest["interfaces"]:
        assert one["frames"] + sum(gap["frames"] for gap in one["gaps"]) == frames
    assert len(manifest["tracks"]) == sum(channels.values())
    starts = {}
    for track in manifest["tracks"]:
        name, number = track["inputs"][0].split("/")
        data = take.raw(track)
        starts.setdefault(name, ramp_start(data, int(number) - 1))
        first = starts[name] + (int(number) - 1) * 65536
        wanted = ramp_with_gaps(first, frames, take.gaps[name])
        if data != wanted:  # not `assert`, which would print megabytes
            pytest.fail(f"{track['file']}: {first_difference(data, wanted)}")
    return starts


def first_difference(data, wanted):
    if len(data) != len(wanted):
        return f"{len(data) // 3} frames and not {len(wanted) // 3}"
    at = next(i for i in range(0, len(data), 3) if data[i:i + 3] != wanted[i:i + 3])
    return f"frame {at // 3} is {data[at:at + 3].hex()} and not {wanted[at:at + 3].hex()}"


def streaminfo(path, *shown):
    done = subprocess.run(["metaflac", *(f"--show-{name}" for name in shown), path], check=True,
                          capture_output=True, text=True, timeout=DEADLINE)
    return [int(line) for line in done.stdout.split()]


def tags(path):
    done = subprocess.run(["metaflac", "--export-tags-to=-", path], check=True, capture_output=True,
                          text=True, timeout=DEADLINE)
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def measure(path):
    """(LUFS, dBTP) by ffmpeg."""
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-i", path, "-af",
         "ebur128=peak=true:metadata=1,ametadata=print:file=-", "-f", "null", "-"],
        check=True, capture_output=True, text=True, timeout=DEADLINE)
    lufs = re.findall(r"^lavfi\.r128\.I=(\S+)$", done.stdout, re.M)[-1]
    peaks = re.findall(r"^lavfi\.r128\.true_peaks_ch\d=(\S+)$", done.stdout, re.M)
    return float(lufs), 20 * math.log10(max(map(float, peaks)))
