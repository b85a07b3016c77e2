"""What README.md and docs/ promise: their YAML passes the check, and the demo does what it says."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import urllib.request

import pytest

from rig.room import ROOT

# A block is a whole file. What follows its language says what it is if it is no session or appliance: the path of a
# preset, `fragment`, which cannot be checked by itself, or `later`: parts of it are to come, which is a warning each.
BLOCK = re.compile(r"^```ya?ml(?: ([^\n]+))?\n(.*?)^```", re.M | re.S)
EXAMPLES = ROOT / "docs/examples"
DEMO_S = 120  # seconds: a build that is up to date, and some music


def yaml_blocks():
    """[(file:line, what it is, text)]"""
    found = []
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))):
        text = path.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append((f"{path.relative_to(ROOT)}:{line}", match[1], match[2]))
    return found


def test_there_is_an_example_to_check():
    assert any(where.startswith("README.md:") for where, _, _ in yaml_blocks())


def check(program, *args):
    """Not even a warning."""
    done = subprocess.run([program, "check", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def session_with(preset):
    """A session that uses the preset at presets/KIND/NAME.yaml."""
    kind, name = pathlib.Path(preset).parent.name, pathlib.Path(preset).stem
    role = name if kind == "roles" else "kick"
    section = f"{kind}: {{preset: {name}}}\n" if kind != "roles" else ""
    return f"{section}tracks: [{{name: a, input: x/1, role: {role}}}]\n"


@pytest.mark.parametrize("where,what,text", [block for block in yaml_blocks() if block[1] != "fragment"],
                         ids=[where for where, what, _ in yaml_blocks() if what != "fragment"])
def test_examples_pass_the_check(program, tmp_path, where, what, text):
    path = tmp_path / "example.yaml"
    if what == "later":
        path.write_text(text, encoding="utf-8")
        done = subprocess.run([program, "check", path], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 and done.stderr.count("\n") == done.stderr.count(": warning: "), done.stderr
        return
    path.write_text(session_with(what) if what else text, encoding="utf-8")
    if what:
        assert re.fullmatch(r"presets/[a-z]+/[a-z0-9-]+\.yaml", what), where
        (tmp_path / what).parent.mkdir(parents=True)
        (tmp_path / what).write_text(text, encoding="utf-8")
    check(program, path)


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.yaml")))
def test_the_example_files_pass_the_check(program, name):
    """Against the interfaces of the example's appliance."""
    check(program, "--config", EXAMPLES / "appliance.yaml", EXAMPLES / name)


def test_the_examples_are_what_is_said_of_them():
    files = {path.stem: path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*.yaml")}
    assert {"appliance", "rock-band", "jazz-quartet", "choir", "podcast", "solo-acoustic"} <= set(files)
    inputs = {name: len(set(re.findall(r"(?:xr18|desk)/\d+", text))) for name, text in files.items()}
    assert inputs["rock-band"] == 16 and inputs["podcast"] == 4
    assert len(re.findall(r"input: \[", files["choir"])) == 2


def commands_in(path):
    """[(verb, its options)] of every `woodshed VERB …` that stands in code, each to the end of its line or span."""
    code = re.compile(r"(?:^|[/`]|sudo )woodshed (?!woodshed)([a-z]+)((?: [^\n`|#]*)?)", re.M)
    return [(verb, re.findall(r" (--[a-z-]+)", rest)) for verb, rest in code.findall(path.read_text(encoding="utf-8"))]


def test_commands_and_options_that_are_shown_exist(program):
    told = subprocess.run([program, "--help", "--json"], capture_output=True, text=True, timeout=60, check=True).stdout
    known = {command["name"]: {f"--{option['name']}" for option in command["options"]}
             for command in json.loads(told)["commands"]}
    shown = {(path.name, verb, option) for path in (ROOT / "README.md", *(ROOT / "docs").glob("**/*.md"))
             for verb, options in commands_in(path) for option in (None, *options)}
    assert {("README.md", "run", "--config"), ("README.md", "render", "--order")} <= shown
    assert not [use for use in shown if use[1] not in known or use[2] not in {None, *known[use[1]]}]


def test_the_readme_counts_what_there_is(program):
    def printed(*args):
        return subprocess.run([program, *args], capture_output=True, text=True, timeout=60, check=True).stdout

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    told, = re.findall(r"with (\d+) processors and LV2 plugins.*presets for (\w+) kinds of music and (\d+) roles", text)
    processors = {processor["name"] for processor in json.loads(printed("processors", "--json"))}
    presets = re.findall(r"^(\w+)/(\S+)", printed("presets"), re.M)
    numbers = ("six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    mixes = sum(kind == "mix" and name != "none" for kind, name in presets)
    roles = sum(kind == "roles" for kind, _ in presets)
    assert told == (str(len(processors - {"lv2"})), numbers[mixes - 6], str(roles))


def test_what_is_named_in_the_tree_is_there():
    """Every path that a document quotes, the changelog aside, which tells of what was; and every link within."""
    quoted = re.compile(r"`((?:appliance|network|recorder|editing|mixer|mastering|listening|takes|config|audio|common"
                        r"|tests|bench|packaging|docs)/[\w./-]*)(?:[` ])")
    missing = []
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md"), ROOT / "bench/README.md"):
        text = path.read_text(encoding="utf-8") if path.name != "CHANGELOG.md" else ""
        missing += [f"{path.name}: {name}" for name in quoted.findall(text)
                    if not (ROOT / name).exists() and name != "docs/reference.md"]  # which the build makes
        missing += [f"{path.name}: {name}" for name in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", text)
                    if not (path.parent / name).exists()]
    assert not missing


@pytest.fixture
def demo(build):
    """Starts packaging/demo with arguments, and what it is to find in its environment; it is ended with the test. It makes
    sure first that everything is built, which only the build that is tested is, and only for the same compiler."""
    if build != ROOT / "build":
        pytest.skip("the demo builds in build/")
    started = []

    def start(*args, **more):
        process = subprocess.Popen([ROOT / "packaging/demo", *args], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True, env=os.environ | more)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=DEMO_S)


def test_the_demo(demo, tmp_path):
    process = demo("--for", "5s", "--dir", tmp_path)
    out, err = process.communicate(timeout=DEMO_S)
    assert process.returncode == 0, out + err
    assert re.search(r"^  http://127\.0\.0\.1:\d+/#token=[0-9a-f]+$", out, re.M)
    steps = re.findall(r"^ +[\d.]+ s   (\S+)", out, re.M)
    # State and events are two topics; only within one is their order sure. A take may be closed, which is `finalizing`,
    # before the broker is told of it.
    states = [step for step in steps if step in ("armed", "recording", "finalizing")]
    assert states in (["armed", "recording", "finalizing", "armed"], ["armed", "recording", "armed"])
    assert [step for step in steps if step.startswith("take_")] == [
        "take_started", "take_stopped", "take_mastered"]
    assert re.search(r"^  loudness +-14\.0 LUFS +-14\.0 LUFS$", out, re.M)
    assert re.search(r"^  true peak +-1\.0 dBTP +-1\.\d dBTP$", out, re.M)
    take = pathlib.Path(re.search(r"The files stay in (.+)$", out, re.M)[1])
    check_take(take, out)


def check_take(take, out):
    manifest = json.loads((take / "take.json").read_text(encoding="utf-8"))
    assert manifest["state"] == "mastered"
    assert {one["name"]: round(one["ppm"]) for one in manifest["interfaces"]} == {"desk": 14, "stage": -31}
    assert {track["inputs"][0].split("/")[0] for track in manifest["tracks"]} == {"desk", "stage"}
    assert manifest["pre_roll_frames"] > 0
    assert 5 <= manifest["frames"] / manifest["rate"] < 20
    master = next(one for one in manifest["renders"] if one["file"] == "master.flac")
    assert f"  {master['sha256']}\n" in out
    for entry in (*manifest["tracks"], *manifest["renders"]):
        assert entry["file"] in out


def read_until(process, expression):
    text = ""
    for line in process.stdout:
        text += line
        found = re.search(expression, text, re.M)
        if found:
            return found
    raise AssertionError(f"the demo did not print {expression}:\n{text}{process.stderr.read()}")


def fetch(address):
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.status


def test_the_demo_serves_until_it_is_interrupted(demo, tmp_path):
    process = demo("--dir", tmp_path)
    page = read_until(process, r"^  (http://127\.0\.0\.1:\d+/)#token=")[1]
    read_until(process, r"take_started")
    assert fetch(page) == 200
    second = subprocess.run([ROOT / "packaging/demo", "--for", "1s", "--dir", tmp_path], capture_output=True,
                            text=True, timeout=DEMO_S, check=False)
    assert (second.returncode, "in use by another demo" in second.stderr) == (1, True)
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    out, err = process.communicate(timeout=DEMO_S)
    assert process.returncode == 130, out + err
    assert "What was recorded stays in" in out and err == ""
    assert time.monotonic() - begun < 20
    (manifest,) = (tmp_path / "takes").glob("*/take.json")
    assert json.loads(manifest.read_text(encoding="utf-8"))["state"] == "recorded"


def test_real_interfaces_without_a_pipewire(demo, tmp_path):
    process = demo("--real", "--for", "1s", "--dir", tmp_path / "takes", XDG_RUNTIME_DIR=str(tmp_path),
                   PIPEWIRE_RUNTIME_DIR=str(tmp_path), PIPEWIRE_REMOTE="pipewire-0")
    out, err = process.communicate(timeout=DEMO_S)
    assert process.returncode == 1, out + err
    assert "no PipeWire runs for this user" in err
    assert not (tmp_path / "takes").exists()
