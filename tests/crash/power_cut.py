"""Cuts the power at chosen moments of a recorded scene, recovers what is left, and judges it."""
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import time
import zlib

from crash.scene import BOUND, JUDGE, SHIM
from crash.storage import CLOCK, SYNC_BEGIN, SYNC_END, Disk, load_tree, read_log
from e2e.desk import Take
from rig.room import BUILD

WORKERS = 2
NEVER_FINISHED = re.compile(r".*\.new|(take|report)\.json\.\w{6}|session\.yaml\.\w{6}")


class Fault(AssertionError):
    """What a crash image came to, though it must not."""


@dataclasses.dataclass
class Outcome:
    images: int = 0
    recovered: int = 0
    again: int = 0  # of the images, those of recovery itself being cut off
    worst_s: float = 0.0
    faults: list = dataclasses.field(default_factory=list)

    def add(self, other):
        self.images += other.images
        self.recovered += other.recovered
        self.again += other.again
        self.worst_s = max(self.worst_s, other.worst_s)
        self.faults += other.faults

    def __str__(self):
        return (f"{self.images} crash images ({self.again} of recovery being cut off), {self.recovered} takes "
                f"recovered, {len(self.faults)} faults, worst loss {self.worst_s:.3f} s of {BOUND:.3f} s")


def moments(records, count, chance):
    """Positions in the log: before and after every sync, then any."""
    syncs = [at + after for at, record in enumerate(records) if record.kind in (SYNC_BEGIN, SYNC_END)
             for after in (0, 1)]
    syncs = [at for at in syncs if 0 < at < len(records)]
    chance.shuffle(syncs)
    # At most two of three, so that what lies between syncs has its share.
    chosen = syncs[:count * 2 // 3]
    chosen += [chance.randrange(1, len(records)) for _ in range(count - len(chosen))]
    return sorted(chosen)


def run(scene, count, seed=1, again_every=12, again_count=3):
    """Tries `count` images; every `again_every`th moment recovery is cut off too, `again_count` times."""
    chance = random.Random(seed)
    share = 1 + again_count / again_every
    places = moments(scene.records, round(count / share), chance)
    jobs = [(scene, places[worker::WORKERS], seed * 1000 + worker, again_every, again_count)
            for worker in range(WORKERS)]
    total = Outcome()
    with concurrent.futures.ProcessPoolExecutor(WORKERS) as pool:
        for outcome in pool.map(work, jobs):
            total.add(outcome)
    return total


def work(job):
    scene, places, seed, again_every, again_count = job
    chance = random.Random(seed)
    outcome = Outcome()
    disk = Disk(scene.root)
    played = 0
    folder = scene.folder / f"images-{seed}"
    folder.mkdir()
    for number, place in enumerate(places):
        for record in scene.records[played:place]:
            disk.play(record)
        played = place
        cut_ns = scene.records[place].nsec
        image = folder / "image"
        mood = disk.image(image, chance)
        label = f"record {place} of {len(scene.records)}, {mood}"
        if number % again_every == 0:
            cut_again(scene, image, cut_ns, chance, again_count, outcome, label)
        attempt(scene, image, cut_ns, outcome, label)
        if len(outcome.faults) > 20:
            break
    shutil.rmtree(folder, ignore_errors=True)
    return outcome


def attempt(scene, image, cut_ns, outcome, label):
    """Recovers and judges one image, which is gone afterwards but for a fault's."""
    outcome.images += 1
    try:
        report = recover(image)
        outcome.recovered += sum(1 for take in report if take["outcome"] == "recovered")
        for take in scene.takes:
            outcome.worst_s = max(outcome.worst_s, judge(take, image / take.id, cut_ns))
        check_idle(image)
    except (Fault, subprocess.SubprocessError) as fault:
        kept = image.with_name(f"fault-{time.monotonic_ns()}")
        image.rename(kept)
        kept = shutil.move(kept, os.environ.get("POWER_CUT_KEEP", "/tmp")) if len(outcome.faults) < 3 else ""
        outcome.faults.append(f"{label}: {fault} {kept}")
    shutil.rmtree(image, ignore_errors=True)


def cut_again(scene, image, cut_ns, chance, count, outcome, label):
    """The power goes again while the first recovery is at work."""
    base = image.with_name("base")
    log = image.with_name("recovery-log")
    shutil.copytree(image, base)
    recover(base, {"LD_PRELOAD": str(SHIM), "STORAGE_SHIM_ROOT": str(base), "STORAGE_SHIM_LOG": str(log)})
    records = [record for record in read_log(log) if record.kind != CLOCK]
    places = sorted(chance.randrange(1, len(records) + 1) for _ in range(count)) if records else []
    disk = Disk(str(base), load_tree(image))
    played = 0
    for place in places:
        for record in records[played:place]:
            disk.play(record)
        played = place
        second = image.with_name("second")
        mood = disk.image(second, chance)
        outcome.again += 1
        attempt(scene, second, cut_ns, outcome, f"{label}, then record {place} of recovery's {len(records)}, {mood}")
    shutil.rmtree(base)
    log.unlink()


def recover(takes, env=None):
    done = subprocess.run([BUILD / "woodshed", "recover", "--takes", takes, "--json"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False, env=os.environ | (env or {}))
    if done.returncode:
        raise Fault(f"recover ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


# ---- what must be true ----

def judge(reference, folder, cut_ns):
    """Returns how many seconds of the take a track lost, at worst."""
    if not (folder / "take.json").exists():
        lost = max(0, min(cut_ns, reference.end) - reference.origin) / 1e9
        expect(lost <= BOUND, f"{reference.id} is gone, {lost:.3f} s of it")
        return lost
    manifest = json.loads((folder / "take.json").read_text("utf-8"))
    expect(manifest["id"] == reference.id, "another id")
    expect(manifest["state"] in ("recorded", "mastered") or (manifest["state"], manifest["frames"]) == ("failed", 0),
           f"{reference.id} is left {manifest['state']}, {manifest['frames']} frames: {manifest['error']}")
    for path in folder.rglob("*"):
        expect(not NEVER_FINISHED.fullmatch(path.name), f"{path} is left")
    files = [entry for track in manifest["tracks"] for _, entry in Take.files(track)]
    # A file whose sync failed has no sum, and must hold only what the track needs of it.
    files = [entry for entry in files if entry["sha256"] or not (entry.get("segments") or "frame" in entry)]
    for entry in (*files, *manifest["renders"]):
        check_hash(folder / entry["file"], entry)
    return judge_tracks(reference, folder, manifest, cut_ns)


def check_hash(path, entry):
    data = path.read_bytes() if path.exists() else None
    expect(data is not None, f"{path} is not there")
    expect(len(data) == entry["bytes"] and hashlib.sha256(data).hexdigest() == entry["sha256"] and
           f"{zlib.crc32(data):08x}" == entry["crc32"], f"{path} is not what the manifest says")


def judge_tracks(reference, folder, manifest, cut_ns):
    expect(len(manifest["tracks"]) == len(reference.manifest["tracks"]), "tracks are missing")
    due = max(0, min(cut_ns, reference.end) - reference.origin) / 1e9
    worst = 0.0
    single = [track for track in manifest["tracks"] if track["file"] not in reference.joined]
    for track in manifest["tracks"]:
        if track not in single:
            judge_joined(reference, folder, track, due)
    done = subprocess.run([JUDGE, reference.pcm, *(folder / track["file"] for track in single)],
                          capture_output=True, text=True, timeout=120, check=True)
    for track, line in zip(single, done.stdout.splitlines(), strict=True):
        name, whole, frames, same, silent_from = line.split()
        held = track["frames"] - track.get("padded", 0)
        expect(whole == "1", f"{name} is not whole")
        expect(int(frames) == track["frames"] == manifest["frames"],
               f"{name} has {frames} frames, by the manifest {track['frames']} of {manifest['frames']}")
        expect(int(same) >= held, f"{name} differs from what was played at frame {same} of {held}")
        expect(int(silent_from) <= held, f"{name} is not silent from {held} on, but from {silent_from}")
        worst = max(worst, due - held / reference.rate)
        expect(worst <= BOUND, f"{name} lost {worst:.3f} s")
    return worst


def judge_joined(reference, folder, track, due):
    """A track that went on in another file: exact through the seam, at whatever moment of it the power went. What
    a failed sync did not make safe waits for the next one, so the bound is that of two."""
    held = track["frames"] - track.get("padded", 0)
    size = 3 * len(track["inputs"])
    data = Take(folder).raw(track)
    expect("gaps" not in track, f"{track['file']} has gaps {track.get('gaps')}")
    expect(data[:held * size] == reference.joined[track["file"]][:held * size],
           f"{track['file']} differs from what was played")
    expect(not any(data[held * size:]), f"{track['file']} is not silent from {held} on")
    lost = due - held / reference.rate
    expect(lost <= 2 * BOUND, f"{track['file']} lost {lost:.3f} s")


def check_idle(takes):
    """Another recovery finds nothing to do and touches nothing."""
    before = tree(takes)
    expect(recover(takes) == [], "a second recovery found something to do")
    expect(tree(takes) == before, "a second recovery changed something")


def tree(folder):
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        status = path.stat()
        if path.name != ".lock":
            found[str(path)] = (status.st_ino, status.st_size, status.st_mtime_ns if path.is_file() else 0)
    return found


def expect(true, what):
    if not true:
        raise Fault(what)
