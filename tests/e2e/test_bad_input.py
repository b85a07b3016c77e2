"""Whatever is wrong is said, in a line that helps, and changes nothing that was right."""
import re
import shutil
import signal
import subprocess

import pytest

from e2e.desk import Take, appliance, check_ramps, recorded, takes
from e2e.home import BY_COMMAND, SESSION, Home
from rig.room import BUILD, DEADLINE, Room, free_port

# Each: the fault's line and column, what the message names, and the text.
BROKEN = {
    "unknown key": (3, 8, "title", "song: {titel: x}\n"),
    "input": (4, 24, "nowhere", "tracks:\n  - {name: vox, input: nowhere/2}\n"),
    "channel": (4, 24, "9", "tracks:\n  - {name: vox, input: desk/9}\n"),
    "role": (4, 38, "singer", "tracks:\n  - {name: vox, input: desk/1, role: singer}\n"),
    "processor": (6, 13, "compressor",
                  "tracks:\n  - name: vox\n    input: desk/1\n    chain: [compresor: {ratio: 4:1}]\n"),
    "key": (6, 25, "kik", "tracks:\n  - name: vox\n    input: desk/1\n    chain: [gate: {key: kik}]\n"),
    "align": (6, 24, "kik", "tracks:\n  - name: vox\n    input: desk/1\n    edit: [align: {to: kik}]\n"),
    "preset": (3, 15, "polka", "mix: {preset: polka}\n"),
    "range": (3, 20, "-200", "master: {loudness: -200 LUFS}\n"),
    "unit": (3, 20, "-14 Hz", "master: {loudness: -14 Hz}\n"),
    "not closed": (4, 1, "bracket", "tracks: [\n"),
    "twice": (3, 1, "name", "name: again\n"),
}

# What only those see that make the chains: the check and the render, not the service.
UNMADE = {
    "plugin": (6, 13, "did you mean <http://plugin.org.uk/swh-plugins/amp>",
               "tracks:\n  - name: vox\n    input: desk/1\n"
               "    chain: [lv2: {uri: 'http://plugin.org.uk/swh-plugins/apm'}]\n"),
    "control": (6, 13, "gian: unknown; did you mean gain",
                "tracks:\n  - name: vox\n    input: desk/1\n"
                "    chain: [lv2: {uri: 'http://plugin.org.uk/swh-plugins/amp', controls: {gian: 3}}]\n"),
    "edit": (6, 12, "tempo", "tracks:\n  - name: vox\n    input: desk/1\n    edit: [delay: {note: 1/8}]\n"),
    "tempo": (6, 13, "tempo", "tracks:\n  - name: vox\n    input: desk/1\n    chain: [delay: {note: 1/8}]\n"),
}


def one_line(done, status, *words):
    """It failed with one line on standard error that says all the words."""
    assert done.returncode == status, done.stderr
    line, = done.stderr.splitlines()
    assert all(word in line for word in words), line


@pytest.fixture
def desk(room):
    """A ramp on four channels and the configuration for it."""
    room.interface("desk", channels=4, ramp=True).wait_ready()
    return appliance(room, {"desk": 4})


@pytest.fixture(scope="module")
def take_source(tmp_path_factory, program):
    """A take of noise with a master, to be copied by each test that breaks something."""
    assert program
    with Room() as room:
        room.interface("desk", channels=2, noise=-20).wait_ready()
        config = appliance(room, {"desk": 2})
        take = recorded(room.woodshed("record", "--config", config, "--for", "2 s"))
        done = room.woodshed("render", "--config", config, take.folder)
        assert done.returncode == 0, done.stderr
        kept = tmp_path_factory.mktemp("source") / take.folder.name
        shutil.copytree(take.folder, kept)
    return kept


@pytest.fixture
def take(take_source, tmp_path):
    return Take(shutil.copytree(take_source, tmp_path / take_source.name))


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_sessions_are_refused_alike(room, desk, take, fault):
    line, column, word, text = BROKEN[fault]
    session = room.path("broken.yaml")
    session.write_text("woodshed: 1\nname: broken\n" + text, encoding="utf-8")
    manifest = take.manifest
    for command in (["check", session], ["record", "--session", session], ["run", "--config", broken_run(room, desk)],
                    ["render", take.folder, "--session", session]):
        # A render knows no interfaces, so it can't miss one.
        if command[0] == "render" and fault in ("input", "channel"):
            continue
        done = room.woodshed(*command, *([] if "--config" in command else ["--config", desk]))
        assert done.returncode == 2, (command, done.stderr)
        fault_line = next(one for one in done.stderr.splitlines()
                          if one.startswith(f"{session}:") and ": warning: " not in one)
        assert fault_line.startswith(f"{session}:{line}:{column}: error: "), (command, done.stderr)
        assert word in fault_line
    assert not takes(room)
    assert take.manifest == manifest
    take.check_files()


@pytest.mark.parametrize("fault", UNMADE)
def test_chains_that_cannot_be_made_are_told_by_their_place(room, desk, take, fault):
    line, column, word, text = UNMADE[fault]
    session = room.path("unmade.yaml")
    session.write_text("woodshed: 1\nname: unmade\n" + text, encoding="utf-8")
    for command in (["check", session], ["render", take.folder, "--session", session]):
        done = room.woodshed(*command, "--config", desk)
        assert done.returncode == 2, (command, done.stderr)
        fault_line = next(one for one in done.stderr.splitlines()
                          if one.startswith(f"{session}:") and ": warning: " not in one)
        assert fault_line.startswith(f"{session}:{line}:{column}: error: "), (command, done.stderr)
        assert word in fault_line
    take.check_files()


def broken_run(room, config):
    path = room.path("run.yaml")
    path.write_text(config.read_text(encoding="utf-8") + "session: broken.yaml\n", encoding="utf-8")
    return path


def test_every_fault_of_a_file_is_reported_at_once(room):
    path = room.path("faults.yaml")
    path.write_text("woodshed: 1\nname: Room One\nrecording: {bit_depth: 20, pre_rol: 3 s}\n"
                    "interfaces:\n  - {name: desk, node: desk, channels: 400}\n", encoding="utf-8")
    done = room.woodshed("check", path)
    assert done.returncode == 2 and not done.stdout
    lines = [re.match(rf"{re.escape(str(path))}:(\d+):(\d+): error: ", line) for line in done.stderr.splitlines()]
    assert all(lines)
    assert sorted((int(line[1]), int(line[2])) for line in lines) == [(2, 7), (3, 24), (3, 28), (5, 40)]
    assert "pre_roll" in done.stderr  # did you mean


@pytest.mark.parametrize("content", [
    b"name: \xff\xfe\n", bytes(range(256)) * 100, b"{" * 50000, b"- " * 50000, b"\x00", b"woodshed: 1\n---\nname: b\n",
    b"a: &a [x, x]\nb: &b [*a, *a]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c, c, c - 1, c - 1)
                                                 for c in range(ord("c"), ord("z"))),
    b"woodshed: 2\n", b"just a text", b"name: *nobody\n"], ids=lambda content: repr(content[:12]))
def test_what_is_no_configuration(room, content):
    path = room.path("junk.yaml")
    path.write_bytes(content)
    done = room.woodshed("check", path, timeout=30)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{path}:") and ": error: " in done.stderr


def test_files_that_are_not_there(room):
    for name in ("absent.yaml", "home"):
        done = room.woodshed("check", room.path(name))
        one_line(done, 2, name)
        done = room.woodshed("run", "--config", room.path(name))
        one_line(done, 2, name)
        for command in ("measure", "master"):
            one_line(room.woodshed(command, room.path(name)), 1, name)


@pytest.mark.parametrize("arguments,status,words", [
    (["fly"], 2, ["fly"]), ([], 2, ["usage"]), (["record", "--nonsense"], 2, ["--nonsense"]),
    (["record", "--for"], 2, ["--for"]), (["record", "--for", "soon"], 2, ["soon"]),
    (["record", "--for", "-3 s"], 2, ["-3 s"]), (["record", "extra"], 2, ["extra"]), (["render"], 2, ["TAKE"]),
    (["render", "a", "b"], 2, ["b"]), (["render", "x", "--stage", "fold"], 2, ["fold"]),
    (["render", "x", "--jobs", "0"], 2, ["--jobs"]), (["render", "20200101-000000-none"], 1, ["20200101-000000-none"]),
    (["show", "nothing"], 1, ["nothing"]), (["show", "/"], 1, ["take.json"]),
    (["takes", "--json=1"], 2, ["--json"])])
def test_calls_that_are_wrong(room, arguments, status, words):
    done = room.woodshed(*arguments)
    assert done.returncode == status
    assert not done.stdout
    assert all(word in done.stderr for word in words), done.stderr


# Also more than stdio keeps, which fails before its end.
@pytest.mark.parametrize("arguments", [["--version"], ["measure", "--json"], ["presets"], ["schema", "session"]],
                         ids=" ".join)
def test_output_that_nobody_takes(program, take, arguments):
    """On a full disk half of it is not all of it; a reader that had enough is none of our business."""
    assert program
    command = [BUILD / "woodshed", *arguments, *([take.folder / "master.flac"] if arguments[0] == "measure" else [])]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=DEADLINE, check=False)
    one_line(done, 1, "standard output", "No space left")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert process.wait(DEADLINE) == 0 and not process.stderr.read()


def test_a_missing_interface_is_named(room):
    room.interface("desk", channels=2, ramp=True).wait_ready()
    config = appliance(room, {"desk": 2, "away": 2})
    done = room.woodshed("record", "--config", config, "--for", "1 s")
    assert done.returncode == 1
    assert "away" in done.stderr.splitlines()[-1]
    assert not takes(room)


def test_an_interface_with_fewer_channels_is_named(room):
    room.interface("desk", channels=2, ramp=True).wait_ready()
    config = appliance(room, {"desk": 8})
    done = room.woodshed("check", config)
    assert done.returncode == 0
    assert f"{config}:5:40: warning: interfaces[0].channels: there are 2 now" in done.stderr
    done = room.woodshed("record", "--config", config, "--for", "1 s")
    assert done.returncode == 1
    assert "interface desk has 2 channels, and 8 are asked for" in done.stderr.splitlines()[-1]


def test_no_interface_at_all(room):
    done = room.woodshed("record", "--config", appliance(room, {}), "--for", "1 s")
    one_line(done, 1, "interface")


def test_no_pipewire(room):
    config = appliance(room, {"desk": 2}, f"http: {{listen: \"127.0.0.1:{free_port()}\", token_file: token}}")
    room.pipewire.stop()
    for command in (["record", "--for", "1 s"], ["run"], ["interfaces"]):
        done = room.woodshed(*command, "--config", config)
        assert done.returncode == 1, command
        assert "PipeWire" in done.stderr.splitlines()[-1]


def test_pipewire_ends(room, desk):
    """What was recorded until then is a whole take."""
    record = room.spawn_woodshed("record", "--config", desk)
    record.wait_error("recording 4 tracks")
    folder, = takes(room)
    take = Take(folder)
    take.wait_growth()
    room.pipewire.kill()
    record.wait_error("PipeWire")
    record.signal(signal.SIGINT)
    record.wait()
    assert take.manifest["state"] == "recorded"
    take.check_files()


def test_takes_folder_that_can_not_be(room, desk):
    """A file stands where the folder should: that holds for root too, who may write anywhere."""
    room.path("file").write_text("", encoding="utf-8")
    done = room.woodshed("record", "--config", desk, "--takes", room.path("file/takes"), "--for", "1 s")
    assert done.returncode == 1
    assert "file/takes" in done.stderr.splitlines()[-1]
    config = room.path("other.yaml")
    config.write_text(desk.read_text(encoding="utf-8").replace("takes: takes", "takes: file/takes"), encoding="utf-8")
    done = room.woodshed("run", "--config", config)
    assert done.returncode == 1
    assert "file/takes" in done.stderr.splitlines()[-1]


def test_a_take_that_is_being_recorded_is_not_rendered(room, desk):
    record = room.spawn_woodshed("record", "--config", desk)
    record.wait_error("recording 4 tracks")
    folder, = takes(room)
    one_line(room.woodshed("render", folder), 1, "recorded")
    record.signal(signal.SIGINT)
    assert record.wait() == 0
    check_ramps(Take(folder), {"desk": 4})


def flip_middle(path):
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 2, len(data) // 2 + 64):
        data[at] ^= 0x55
    path.write_bytes(data)


def cut(path):
    data = path.read_bytes()
    path.write_bytes(data[:len(data) * 2 // 3])


DAMAGES = {"flipped": flip_middle, "cut": cut, "empty": lambda path: path.write_bytes(b""),
           "gone": lambda path: path.unlink(), "text": lambda path: path.write_bytes(b"hello\n" * 1000)}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_track_is_said(room, take, damage):
    """The old master stays as it was, and the manifest says that and why there is no new one."""
    track = take.tracks[1]
    there = sorted(path.name for path in take.folder.iterdir())
    DAMAGES[damage](take.folder / track["file"])
    kept = {name: (take.folder / name).read_bytes() for name in ("mix.flac", "master.flac", "report.json")}
    renders = take.manifest["renders"]
    one_line(room.woodshed("render", take.folder), 1, track["file"])
    assert {name: (take.folder / name).read_bytes() for name in kept} == kept
    manifest = take.manifest
    assert manifest["state"] == "failed" and track["file"] in manifest["error"]
    assert manifest["renders"] == renders
    assert sorted(path.name for path in take.folder.iterdir()) == there


@pytest.mark.parametrize("manifest", [b"", b"{}", b"[1]", b"{", b"\xff", b'{"format": 1}', b'{"format": 99}'])
def test_a_broken_manifest_is_said(room, take, manifest):
    (take.folder / "take.json").write_bytes(manifest)
    for command in ("render", "show"):
        one_line(room.woodshed(command, take.folder), 1, "take.json")
    listed = room.woodshed("takes", "--json", "--takes", take.folder.parent)
    assert listed.returncode == 0 and listed.stdout.strip() == "[]"
    assert (take.folder / "take.json").read_bytes() == manifest


# ---- the service ----

def test_the_service_keeps_its_session(room):
    """A broken session or configuration changes nothing, whichever way it comes, and is answered with the fault."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False).start()
    broken = home.write_session("broken", SESSION.format(name="broken") + "tracks:\n  - {name: vox, input: desk/9}\n")
    answer = home.ask("session.set", session="broken")
    assert answer["status"] == "error" and answer["error"].startswith(f"{broken}:8:24: ")
    answer = home.ask("session.set", session="absent")
    assert answer["status"] == "error" and "absent" in answer["error"]
    answer = home.ask("record.start", session="broken")
    assert answer["status"] == "error" and answer["error"].startswith(f"{broken}:8:24: ")

    good = home.config.read_text(encoding="utf-8")
    home.config.write_text(good.replace("pre_roll", "prerol"), encoding="utf-8")
    answer = home.ask("config.reload")
    assert answer["status"] == "error" and answer["error"].startswith(f"{home.config}:") and "pre_roll" in answer["error"]
    home.process.signal(signal.SIGHUP)
    home.process.wait_error("stays as it was")
    # A good configuration with a broken session changes nothing either.
    home.write_config(session="broken")
    answer = home.ask("config.reload")
    assert answer["status"] == "error" and answer["error"].startswith(f"{broken}:8:24: ")

    take = home.start_take("request")
    home.end_take("request")
    assert take.manifest["session"] == "thursday"
    check_ramps(take, {"desk": 2})

    # And a good one is taken.
    home.write_session("friday", SESSION.format(name="friday") + "tracks:\n  - {name: vox, input: desk/2}\n")
    home.write_config(session="friday")
    assert home.ask("config.reload")["status"] == "ok"
    assert home.said("state")[-1].json["session"] == "friday"


def test_a_take_that_is_refused_changes_no_session(room):
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False, sessions=("thursday", "friday"))
    home.process = room.service(home.config)
    home.wait_health(lambda health: health["alerts"])

    def refused():
        status, _, body = home.curl("api/v1/record/start", "-d", '{"session": "friday"}')
        assert status == 409, body
        assert home.ask("record.start", session="friday")["status"] == "error"
        assert home.ask("session.list")["data"]["session"] == "thursday"
        assert home.get_json("api/v1/state")["session"] == "thursday"

    refused()  # there is no interface yet
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home.wait_health(lambda health: health["ok"])
    home.start_take("request")
    refused()
    home.end_take("request")
    assert {message.json["session"] for message in home.said("state")} == {"thursday"}

    mark = home.watcher.mark()
    assert home.ask("record.start", session="friday")["status"] == "ok"
    take = home.take(home.wait_event("take_started", since=mark)["take"])
    take.wait_growth()
    home.end_take("request")
    assert take.manifest["session"] == home.said("state")[-1].json["session"] == "friday"
    check_ramps(take, {"desk": 2})


def test_the_service_waits_for_a_missing_interface(room):
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2, "away": 2}, BY_COMMAND, render=False)
    home.process = room.service(home.config)
    # At first neither of them is; the first that is missing is named.
    home.wait_health(lambda health: len(health["alerts"]) == 1 and "away" in health["alerts"][0])
    assert home.curl("api/v1/health")[0] == 200
    mark = home.watcher.mark()
    room.interface("away", channels=2, ramp=True).wait_ready()
    assert home.wait_event("interface_found", since=mark)["interface"] == "away"
    home.wait_health(lambda health: health["ok"] and not health["alerts"], since=mark)
    take = home.start_take("request")
    home.end_take("request")
    check_ramps(take, {"desk": 2, "away": 2})


def test_the_service_refuses_to_render_what_is_recorded(room):
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND, render=False).start()
    take = home.start_take("request")
    answer = home.ask("take.render", take=take.folder.name)
    assert answer["status"] == "error" and "recorded" in answer["error"]
    assert take.manifest["state"] == "recording"
    home.end_take("request")
    assert take.manifest["state"] == "recorded"
    check_ramps(take, {"desk": 2})


def test_the_service_tells_of_a_render_that_fails(room, take):
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND).start()
    broken = shutil.copytree(take.folder, room.path("takes", take.folder.name))
    cut(broken / take.tracks[0]["file"])
    mark = home.watcher.mark()
    assert home.ask("take.render", take=broken.name)["status"] == "ok"
    event = home.wait_event("take_failed", since=mark)
    assert event["take"] == broken.name and take.tracks[0]["file"] in event["error"]
    assert Take(broken).manifest["state"] == "failed"
    alert, = home.wait_health(lambda health: not health["ok"], since=mark)["alerts"]
    assert broken.name in alert
    assert home.ask("session.list")["status"] == "ok"


def test_the_service_renders_with_sound_sessions_only(room, take):
    """A session that is wrong is the asker's fault and not the take's, which stays mastered."""
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, BY_COMMAND).start()
    mastered = Take(shutil.copytree(take.folder, room.path("takes", take.folder.name)))
    broken = home.write_session("broken", SESSION.format(name="broken") + "mix: {preset: rock}\n")
    answer = home.ask("take.render", take=take.folder.name, session="broken")
    assert answer["status"] == "error" and answer["error"].startswith(f"{broken}:7:1: ")
    answer = home.ask("take.render", take=take.folder.name, session="absent")
    assert answer["status"] == "error" and "absent.yaml" in answer["error"]
    assert mastered.manifest == take.manifest
    assert home.ask("take.render", take=take.folder.name, session="thursday")["status"] == "ok"
    assert home.wait_event("take_mastered")["take"] == take.folder.name


def test_the_port_is_taken(room):
    """Said with the address, and the service ends: whoever started it must know."""
    home = Home(room, {"desk": 2})
    first = room.service(home.config)
    home.wait("availability")
    second = room.path("second.yaml")
    second.write_text(home.config.read_text(encoding="utf-8").replace("takes: takes", "takes: others"),
                      encoding="utf-8")
    done = room.woodshed("run", "--config", second)
    assert done.returncode == 1
    assert str(home.port) in done.stderr.splitlines()[-1]
    assert first.stop() == 0
