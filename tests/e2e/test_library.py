"""Takes that are there already: listed, kept, verified and removed, by hand, over HTTP and MQTT, and by retention."""
import ctypes
import datetime
import hashlib
import json
import shutil
import subprocess
import zlib

import pytest

from e2e.desk import wait_until
from e2e.home import BY_COMMAND, Home

RATE, FRAMES = 48000, 12000
NOW = datetime.datetime.now(datetime.timezone.utc)


@pytest.fixture(name="sound", scope="module")
def make_sound(tmp_path_factory):
    """A FLAC file; every track of every take is a copy of it."""
    path = tmp_path_factory.mktemp("sound") / "tone.flac"
    subprocess.run(["sox", "-q", "-r", str(RATE), "-c", "1", "-b", "24", "-n", path, "synth", f"{FRAMES}s", "sine", "440",
                    "vol", "-12dB"], check=True, timeout=30)
    return path


def take_id(days, name="thursday"):
    return (NOW - datetime.timedelta(days=days)).strftime(f"%Y%m%d-%H%M%S-{name}")


def hashes(data):
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "crc32": f"{zlib.crc32(data):08x}"}


class Shelf:
    """A folder of takes, and the program's word on it."""

    def __init__(self, program, folder, sound):
        self.program, self.folder, self.data = program, folder, sound.read_bytes()
        folder.mkdir(exist_ok=True)

    def put(self, days, name="thursday", tracks=2, **changes):
        """A mastered take of so many days ago; returns its id."""
        take = take_id(days, name)
        folder = self.folder / take
        (folder / "raw").mkdir(parents=True)
        entry = {"role": None, "frames": FRAMES, "peak_dbfs": -12.0, "lufs": None, "clipped": 0, **hashes(self.data)}
        files = [f"raw/{index:02}-t.flac" for index in range(1, tracks + 1)]
        for file in (*files, "master.flac"):
            (folder / file).write_bytes(self.data)
        started = (NOW - datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        manifest = {"format": 1, "id": take, "session": name, "title": None, "artist": None, "state": "mastered",
                    "error": None, "recovered": False, "started": started, "rate": RATE, "frames": FRAMES,
                    "pre_roll_frames": 0, "interfaces": [], "markers": [],
                    "tracks": [entry | {"index": index, "name": "t", "inputs": [f"desk/{index}"], "file": file}
                               for index, file in enumerate(files, 1)],
                    "renders": [{"file": "master.flac", "lufs": -14.0, "dbtp": -1.0, **hashes(self.data)}]}
        (folder / "take.json").write_text(json.dumps(manifest | changes), encoding="utf-8")
        return take

    def manifest(self, take):
        return json.loads((self.folder / take / "take.json").read_text(encoding="utf-8"))

    def ids(self):
        return sorted((path.name for path in self.folder.glob("2*")), reverse=True)

    def run(self, *args):
        return subprocess.run([self.program, *args, "--takes", self.folder], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)

    def done(self, *args):
        done = self.run(*args)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def refused(self, *args):
        done = self.run(*args)
        assert done.returncode == 1 and done.stderr.count("\n") == 1, done
        return done.stderr


@pytest.fixture(name="shelf")
def make_shelf(program, tmp_path, sound):
    return Shelf(program, tmp_path / "takes", sound)


# ---- by hand ----

def test_pages(shelf):
    ids = [shelf.put(days, tracks=1) for days in range(130)]
    listed = shelf.run("takes")
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ids[:100]
    assert f"--before {ids[99]}" in listed.stderr and "--limit 0" in listed.stderr
    assert [take["id"] for take in json.loads(shelf.run("takes", "--json").stdout)] == ids[:100]
    assert [take["id"] for take in json.loads(shelf.done("takes", "--json", "--before", ids[99]))] == ids[100:]
    assert [take["id"] for take in json.loads(shelf.done("takes", "--json", "--limit", "0"))] == ids
    assert [take["id"] for take in json.loads(shelf.run("takes", "--json", "--limit", "2").stdout)] == ids[:2]
    shutil.rmtree(shelf.folder / ids[0])
    assert json.loads(shelf.run("takes", "--json", "--limit", "1").stdout)[0]["id"] == ids[1]


def test_show_has_a_line_for_everything(shelf):
    """Also of figures that nobody knows, as of silence."""
    markers = [{"frame": frame, "label": label, "kind": "user"} for frame, label in ((0, "one"), (4800, "two"))]
    renders = [{"file": file, "lufs": None, "dbtp": None, **hashes(shelf.data)} for file in ("mix.flac", "master.flac")]
    lines = shelf.done("show", shelf.put(1, markers=markers, renders=renders)).splitlines()
    at = lines.index("markers")
    assert lines[at + 1:at + 4] == ["  marker at 0.000 s: one", "  marker at 0.100 s: two", "renders"]
    assert [line.split()[0] for line in lines[at + 4:]] == ["mix.flac", "master.flac"]


@pytest.mark.parametrize("args", [("--limit", "-1"), ("--limit", "x"), ("--limit", ""), ("--limit", "1.5"),
                                  ("--limit", "99999999999"), ("--before", "x"), ("--before", "../x")])
def test_wrong_pages(shelf, args):
    done = shelf.run("takes", *args)
    assert done.returncode == 2 and args[0] in done.stderr and done.stdout == ""


def test_an_empty_shelf(shelf):
    assert shelf.done("takes") == ""
    assert json.loads(shelf.done("takes", "--json")) == []
    shutil.rmtree(shelf.folder)
    assert shelf.done("takes") == ""


def test_keep_and_remove(shelf):
    take, other = shelf.put(1), shelf.put(2)
    before = shelf.manifest(take)
    shelf.done("keep", take)
    shelf.done("keep", take)
    assert shelf.manifest(take) == before | {"keep": True}
    assert "kept" in shelf.done("takes").splitlines()[0]
    assert "kept" in shelf.refused("remove", take)
    assert shelf.done("verify", take)
    shelf.done("keep", "--not", take)
    assert shelf.manifest(take) == before | {"keep": False}
    shelf.done("remove", take)
    assert shelf.ids() == [other]
    shelf.done("remove", str(shelf.folder / other) + "/")
    assert [path.name for path in shelf.folder.iterdir()] == []
    for command in ("keep", "remove", "verify"):
        assert "no such take" in shelf.refused(command, take)


@pytest.mark.parametrize("state", ["recording", "rendering"])
def test_what_is_not_closed_stays(shelf, state):
    take = shelf.put(1, state=state)
    shelf.refused("remove", take)
    assert shelf.ids() == [take]


def test_leftovers_go_with_the_next_recovery(shelf):
    take = shelf.put(1)
    (shelf.folder / take).rename(shelf.folder / f".removing-{take}")
    assert shelf.done("takes") == ""
    shelf.done("recover")
    assert not list(shelf.folder.glob(".removing*"))


def test_verify(shelf):
    take = shelf.put(1)
    folder = shelf.folder / take
    lines = shelf.done("verify", take).splitlines()
    assert [line.split() for line in lines] == [["raw/01-t.flac", "OK"], ["raw/02-t.flac", "OK"], ["master.flac", "OK"]]
    report = json.loads(shelf.done("verify", "--json", take))
    assert report["ok"] is True and [file["ok"] for file in report["files"]] == [True] * 3

    data = bytearray(shelf.data)
    data[-100] ^= 1
    (folder / "raw/02-t.flac").write_bytes(data)
    (folder / "master.flac").unlink()
    done = shelf.run("verify", take)
    assert done.returncode == 1 and "2 files" in done.stderr
    first, second, third = done.stdout.splitlines()
    assert first.endswith("OK") and "SHA-256" in second and "missing" in third
    done = shelf.run("verify", "--json", str(folder))
    report = json.loads(done.stdout)
    assert done.returncode == 1 and report["ok"] is False
    assert [file["ok"] for file in report["files"]] == [True, False, False]
    assert report["files"][2] == {"file": "master.flac", "ok": False, "fault": "missing"}


def test_verify_decodes(shelf):
    """Checksums of a file that was damaged before they were taken say nothing."""
    data = bytearray(shelf.data)
    data[len(data) // 2] ^= 1
    take = shelf.put(1, tracks=1)
    manifest = shelf.manifest(take)
    manifest["tracks"][0] |= hashes(bytes(data))
    (shelf.folder / take / "raw/01-t.flac").write_bytes(data)
    (shelf.folder / take / "take.json").write_text(json.dumps(manifest), encoding="utf-8")
    done = shelf.run("verify", take)
    assert done.returncode == 1 and "raw/01-t.flac" in done.stdout and "SHA" not in done.stdout


# ---- the service ----

@pytest.fixture(name="home")
def open_home(room, sound):
    def make(retention="{keep: all}", days=()):
        shelf = Shelf(None, room.folder("takes"), sound)
        ids = [shelf.put(age, **changes) for age, changes in days]
        room.interface("desk", channels=1).wait_ready()
        home = Home(room, {"desk": 1}, BY_COMMAND, render=False)
        home.write_config(f"retention: {retention}")
        return home, shelf, ids
    return make


def change(home, method, take, body=None):
    """(status, the answer)"""
    data = ["-d", body if isinstance(body, str) else json.dumps(body)] if body is not None else []
    status, _, answer = home.curl(f"api/v1/takes/{take}", "-X", method, *data)
    return status, json.loads(answer)


def test_http(home):
    home, shelf, ids = home(days=[(days, {"tracks": 1}) for days in range(1, 8)])
    home.start()
    pages, cursor = [], None
    while not pages or cursor:
        page = home.get_json("api/v1/takes?limit=3" + (f"&cursor={cursor}" if cursor else ""))
        pages.append([take["id"] for take in page["takes"]])
        cursor = page["cursor"]
    assert pages == [ids[:3], ids[3:6], ids[6:]]

    status, take = change(home, "PATCH", ids[0], {"title": "Last Bus", "keep": True})
    assert (status, take["title"], take["keep"]) == (200, "Last Bus", True)
    assert take == shelf.manifest(ids[0]) == home.get_json(f"api/v1/takes/{ids[0]}")
    assert home.wait("take/latest", lambda message: message.json["title"] == "Last Bus").json["id"] == ids[0]
    assert change(home, "DELETE", ids[0])[0] == 409
    assert change(home, "PATCH", ids[0], {"keep": False})[1]["title"] == "Last Bus"
    assert change(home, "DELETE", ids[0]) == (200, {"take": ids[0]})
    assert shelf.ids() == ids[1:]
    home.wait("take/latest", lambda message: message.json["id"] == ids[1])
    for method in ("DELETE", "GET"):
        assert change(home, method, ids[0])[0] == 404
    assert change(home, "PATCH", ids[0], {"keep": True})[0] == 404


def test_http_refuses(home):
    home, shelf, (take, open_take) = home(days=[(1, {}), (2, {"state": "failed"})])
    home.start()
    before = shelf.manifest(take)
    for body in ({}, {"title": ""}, {"title": 5}, {"title": "a\nb"}, {"title": "x" * 201}, {"keep": "yes"},
                 {"keep": None}, {"frames": 0}, {"title": "x", "state": "failed"}, "[]", "{", "{\"keep\":true}x"):
        status, problem = change(home, "PATCH", take, body)
        assert (status, problem["status"]) == (400, 400), body
    # libmicrohttpd 1.0 resolves the dots before it asks us: then there is no such path.
    assert change(home, "PATCH", "%2e%2e", {"keep": True})[0] in (400, 404)
    assert change(home, "DELETE", "..%2f..")[0] in (400, 404)
    for method in ("PATCH", "DELETE"):
        assert home.curl(f"api/v1/takes/{take}", "-X", method, "-d", "{\"keep\": true}", token=False)[0] == 401
    assert shelf.manifest(take) == before and open_take in shelf.ids()


def test_mqtt(home):
    home, shelf, ids = home(days=[(days, {"tracks": 1}) for days in range(1, 5)])
    home.start()
    first = home.ask("take.list", limit=3)["data"]
    assert [take["id"] for take in first["takes"]] == ids[:3]
    rest = home.ask("take.list", cursor=first["cursor"])["data"]
    assert ([take["id"] for take in rest["takes"]], rest["cursor"]) == (ids[3:], None)
    assert home.ask("take.keep", take=ids[0])["data"]["keep"] is True
    refused = home.ask("take.remove", take=ids[0])
    assert refused["status"] == "error" and "kept" in refused["error"]
    assert home.ask("take.keep", take=ids[0], keep=False)["data"] == shelf.manifest(ids[0])
    assert home.ask("take.remove", take=ids[0])["status"] == "ok"
    assert shelf.ids() == ids[1:]
    for verb, arguments in (("take.remove", {"take": ids[0]}), ("take.keep", {"take": ids[0]}), ("take.remove", {}),
                            ("take.keep", {"take": ids[1], "keep": 1}), ("take.list", {"limit": 0}),
                            ("take.list", {"cursor": "x"}), ("take.remove", {"take": "../takes"})):
        assert home.ask(verb, **arguments)["status"] == "error", verb


def test_many_at_once(home):
    """The same transaction again and again, before the first is answered: done once, answered each time."""
    home, shelf, (take, other) = home(days=[(1, {}), (2, {})])
    home.start()
    for _ in range(5):
        home.tell("request/take.remove", {"take": take, "transaction": "once"})
    wait_until(lambda: len([1 for message in home.watcher.messages if message.topic.endswith("response/take.remove")]) == 5,
               "five answers")
    answers = [message.json for message in home.said("response/take.remove")]
    assert all(answer["status"] == "ok" for answer in answers), answers
    assert shelf.ids() == [other]


def test_what_runs_can_be_kept_and_not_removed(home):
    home, shelf, _ = home()
    home.start()
    home.tell("record/set", "ON")
    take = home.wait_event("take_started")["take"]
    status, manifest = change(home, "PATCH", take, {"title": "While it runs", "keep": True})
    assert (status, manifest["state"]) == (200, "recording")
    home.tell("marker/set", "here")  # the recorder saves the manifest for it
    home.wait_event("marker")
    assert change(home, "DELETE", take)[0] == 409
    home.end_take()
    manifest = shelf.manifest(take)
    assert (manifest["title"], manifest["keep"], manifest["state"]) == ("While it runs", True, "recorded")
    assert [marker["label"] for marker in manifest["markers"]] == ["here"]


@pytest.mark.parametrize("retention, left", [
    ("{keep: all}", [0, 1, 2, 3, 4, 5]),
    ("{days: 90}", [0, 1, 2, 3]),
    ("{takes: 2}", [0, 1, 2, 3]),
    ("{takes: 1}", [0, 2, 3]),
])
def test_retention_at_the_start(home, retention, left):
    home, shelf, ids = home(retention, [(1, {}), (80, {}), (100, {"keep": True}), (110, {"keep": True}), (120, {}),
                                        (130, {"state": "failed"})])
    home.start()
    wait_until(lambda: shelf.ids() == [ids[i] for i in left], "what is left")
    listed = home.get_json("api/v1/takes")["takes"]
    assert [take["id"] for take in listed] == [ids[i] for i in left]
    removed = [ids[i] for i in range(6) if i not in left]
    for take in removed:  # A take is told of once it is gone.
        home.process.wait_error(take)
    assert "keep" not in retention or "removed" not in home.process.stderr


def test_retention_after_a_take(home):
    home, shelf, ids = home("{takes: 2}", [(1, {}), (2, {})])
    home.start()
    home.tell("record/set", "ON")
    take = home.wait_event("take_started")["take"]
    assert shelf.ids() == [take, *ids]
    home.end_take()
    wait_until(lambda: shelf.ids() == [take, ids[0]], "the oldest goes")


def clock_is_kept_by_a_server():
    """adjtimex(2) says 5 for a clock that nobody keeps."""
    return ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)) != 5


@pytest.mark.skipif(clock_is_kept_by_a_server(), reason="the clock is kept by a time server, so it is believed")
def test_a_clock_a_year_ahead_costs_nothing(home):
    """As far as the service knew, it was the year before; a week of doubt is what it gives."""
    home, shelf, ids = home("{days: 90}", [(1, {}), (80, {}), (400, {}), (500, {})])
    believed = NOW - datetime.timedelta(days=365)
    (shelf.folder / ".clock").write_text(believed.strftime("%Y-%m-%dT%H:%M:%S.000000Z\n"), encoding="utf-8")
    home.start()
    wait_until(lambda: ids[3] not in shelf.ids(), "what was old by then, goes")
    home.process.wait_error("removed")
    assert shelf.ids() == ids[:3]
