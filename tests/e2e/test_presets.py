"""Presets as files: listed, printed, one's own over those that come with the program, and kept with the take."""
import json
import subprocess

import pytest
from e2e.desk import Take, appliance


def woodshed(program, *args, **env):
    done = subprocess.run([program, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"} | env, check=False)
    return done.returncode, done.stdout, done.stderr


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(name="home")
def folders(tmp_path):
    """A session with presets beside it, and a folder in the place of /etc/woodshed/presets."""
    put(tmp_path / "s.yaml", "mix: {preset: ours}\ntracks: [{name: a, input: x/1, role: theremin}]\n")
    put(tmp_path / "presets/mix/ours.yaml", "help: As we like it.\nextends: jazz\n")
    put(tmp_path / "presets/roles/theremin.yaml", "extends: synth\npan: L20\n")
    put(tmp_path / "etc/master/streaming.yaml", "help: House rules.\nextends: streaming\nloudness: -15 LUFS\n")
    return tmp_path


def test_the_list(program, home):
    status, out, err = woodshed(program, "presets", "--session", home / "s.yaml", WOODSHED_PRESETS=str(home / "etc"))
    lines = out.splitlines()
    assert (status, err) == (0, "")
    assert lines[0].startswith("roles/kick ") and lines[0].endswith("[shipped]")
    assert f"mix/ours               As we like it. [{home}/presets/mix/ours.yaml]" in lines
    assert f"master/streaming       House rules. [{home}/etc/master/streaming.yaml]" in lines
    (theremin,) = [line for line in lines if line.startswith("roles/theremin ")]
    assert "Synthesizer" in theremin  # inherited
    assert "edit/none              Edits nothing. [shipped]" in lines


def test_the_list_for_scripts(program, home):
    put(home / "presets/mix/broken.yaml", "extends: jaz\n")
    status, out, err = woodshed(program, "presets", "--session", home / "s.yaml", "--json")
    listed = {(one["kind"], one["name"]): one for one in json.loads(out)}
    assert (status, err) == (0, "")
    assert listed["mix", "ours"]["extends"] == "jazz" and listed["mix", "ours"]["error"] is None
    assert listed["mix", "metal"]["from"] == "shipped" and listed["mix", "metal"]["help"]
    assert listed["mix", "broken"]["error"].startswith(f"{home}/presets/mix/broken.yaml:1:10: error: extends: ")
    roles = [name for kind, name in listed if kind == "roles"]
    assert len(roles) == 19 and roles[-1] == "theremin"


@pytest.mark.parametrize("name,file", [("rock", "mix/rock"), ("mix/none", "mix/none"), ("roles/kick", "roles/kick"),
                                       ("vinyl", "master/vinyl"), ("edit/none", "edit/none")])
def test_one_is_printed_as_it_is(program, root, name, file):
    status, out, err = woodshed(program, "presets", name)
    assert (status, err) == (0, "")
    first, rest = out.split("\n", 1)
    assert first == f"# {file} [shipped]"
    assert rest == (root / f"config/presets/{file}.yaml").read_text(encoding="utf-8")
    status, out, _ = woodshed(program, "presets", name, "--json")
    assert json.loads(out)["text"] == rest


def test_ones_own_is_printed_in_its_place(program, home):
    put(home / "presets/mix/rock.yaml", "extends: rock\n")
    status, out, _ = woodshed(program, "presets", "rock", "--session", home / "s.yaml")
    assert (status, out) == (0, f"# mix/rock [{home}/presets/mix/rock.yaml]\nextends: rock\n")


@pytest.mark.parametrize("name,status,said", [
    ("none", 2, "none is the name of 3 presets; one of edit/none, mix/none, master/none"),
    ("speech", 2, "speech is the name of 2 presets; one of roles/speech, mix/speech"),
    ("mteal", 1, "there is no preset mteal; did you mean metal?"), ("mix/kick", 1, "there is no preset mix/kick"),
    ("mix/mteal", 1, "did you mean metal?"), ("../mix/rock", 1, "there is no preset"), ("", 1, "there is no preset"),
    ("polka/rock", 1, "there is no preset polka/rock")])
def test_what_there_is_not(program, name, status, said):
    done = woodshed(program, "presets", name)
    assert done[:2] == (status, "")
    line, = done[2].splitlines()
    assert said in line


def test_a_faulty_preset_is_told_where_it_is(program, home):
    """With what is wrong with the session, in one go, each in its own file."""
    preset = put(home / "presets/mix/ours.yaml",
                 "extends: jazz\nroles:\n- {role: kik}\n- {role: tom, gain: 99 dB}\n")
    session = put(home / "s.yaml", "mix: {preset: ours}\nmaster: {loudness: 3}\ntracks: [{name: a, input: x}]\n")
    status, out, err = woodshed(program, "check", session)
    assert (status, out) == (2, "")
    places = [line.split(": ")[0] for line in err.splitlines()]
    assert places == [f"{session}:2:20", f"{session}:3:27", f"{preset}:3:10", f"{preset}:4:21"]


def test_a_preset_is_checked_by_itself(program, home):
    ours = home / "presets/mix/ours.yaml"
    for path, cwd in ((ours, home), ("presets/mix/ours.yaml", home), ("ours.yaml", ours.parent)):
        done = subprocess.run([program, "check", path], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}: ok\n", "")
    put(ours, "extends: jazzz\nroles:\n- {role: theremin, pan: L200}\n")
    status, out, err = woodshed(program, "check", ours)
    assert (status, out) == (2, "")
    assert [line.split(": ")[0] for line in err.splitlines()] == [f"{ours}:1:10", f"{ours}:3:25"]
    # What is wrong with what it extends is told where that is.
    put(ours, "extends: theirs\n")
    theirs = put(home / "presets/mix/theirs.yaml", "roles: 3\n")
    assert woodshed(program, "check", ours)[2].startswith(f"{theirs}:1:8: error: roles: not a list; ")
    # Elsewhere a file of that name is no preset.
    session = put(home / "mix/ours.yaml", "song: {title: x}\n")
    assert woodshed(program, "check", session) == (0, f"{session}: ok\n", "")


def test_the_shipped_ones_pass_the_check(program, root):
    files = sorted((root / "config/presets").glob("*/*.yaml"))
    assert len(files) >= 35
    assert woodshed(program, "check", *files)[::2] == (0, "")


def test_a_take_keeps_the_presets_it_was_made_with(room):
    """Rendered again after its presets have changed, or gone, a take sounds as it did."""
    fake = room.interface("desk", channels=2, ramp=True, wait=True).wait_ready()
    mix = "extends: rock\nroles: [{role: di, gain: -9 dB, pan: L50}]\n"
    ours = put(room.path("presets/mix/ours.yaml"), mix)
    put(room.path("etc/mix/rock.yaml"), "extends: rock\nchain: []\n")
    put(room.path("etc/roles/di.yaml"), "chain: [highpass]\n")
    session = put(room.path("s.yaml"), "mix: {preset: ours}\ntracks: [{name: a, input: desk/1, role: di}]\n")
    room.env["WOODSHED_PRESETS"] = str(room.path("etc"))
    record = room.spawn_woodshed("record", "--config", appliance(room, {"desk": 2}), "--session", session, "--for", "1 s")
    record.wait_error("recording 1 track")
    fake.play()
    assert record.wait() == 0, record.stderr
    take = Take(record.stdout.strip())
    assert [one["file"] for one in take.manifest["presets"]] == [
        "presets/mix/ours.yaml", "presets/etc/mix/rock.yaml", "presets/etc/roles/di.yaml"]
    assert (take.folder / "presets/mix/ours.yaml").read_text(encoding="utf-8") == mix

    def render(name):
        done = room.woodshed("render", take.folder, "--stage", "mix", "--out", room.path(name))
        assert done.returncode == 0, done.stderr
        return room.path(name, "mix.flac").read_bytes()

    before = render("before")
    ours.unlink()
    put(room.path("etc/mix/rock.yaml"), "not: one\n")
    put(room.path("etc/roles/di.yaml"), "gain: -40 dB\n")
    put(room.path("etc/mix/ours.yaml"), "strips: false\n")
    assert render("after") == before
    assert room.woodshed("verify", take.folder).returncode == 0
    (take.folder / "presets/mix/ours.yaml").write_text("extends: rock\n", encoding="utf-8")
    assert render("changed") != before
    broken = room.woodshed("verify", take.folder)
    assert broken.returncode == 1 and "presets/mix/ours.yaml" in broken.stdout + broken.stderr
