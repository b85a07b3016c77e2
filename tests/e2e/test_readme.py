"""What README.md and docs/ promise: their YAML passes the check, and the demo does what it says."""
import json
import pathlib
import re
import signal
import subprocess
import time
import urllib.request

import pytest

from rig.room import ROOT

BLOCK = re.compile(r"^```ya?ml\n(.*?)^```", re.M | re.S)
DEMO_S = 120  # seconds: a build that is up to date, and some music


def yaml_blocks():
    """[(file:line, text)]"""
    found = []
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))):
        text = path.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append((f"{path.relative_to(ROOT)}:{line}", match[1]))
    return found


def test_there_is_an_example_to_check():
    assert any(where.startswith("README.md:") for where, _ in yaml_blocks())


@pytest.mark.parametrize("where,text", yaml_blocks(), ids=[where for where, _ in yaml_blocks()])
def test_examples_pass_the_check(program, tmp_path, where, text):
    path = tmp_path / "example.yaml"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run([program, "check", path], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, f"{where}: {done.stderr}"


def test_the_commands_of_the_readme_exist(program):
    """Every `woodshed COMMAND` of the README is one that the program knows."""
    asked = set(re.findall(r"(?:build/|`)woodshed ([a-z]+)\b", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert {"run", "record", "check"} <= asked
    known = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert asked <= set(re.findall(r"^  ([a-z]+) ", known, re.M))


@pytest.fixture
def demo(build):
    """Starts packaging/demo with arguments; it is ended with the test."""
    if build != ROOT / "build":
        pytest.skip("the demo builds in build/")
    started = []

    def start(*args):
        process = subprocess.Popen([ROOT / "packaging/demo", *args], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=DEMO_S)


def test_the_demo(demo, tmp_path):
    process = demo("--for", "10s", "--dir", tmp_path)
    out, err = process.communicate(timeout=DEMO_S)
    assert process.returncode == 0, out + err
    assert re.search(r"^  http://127\.0\.0\.1:\d+/#token=[0-9a-f]+$", out, re.M)
    steps = re.findall(r"^ +[\d.]+ s   (\S+)", out, re.M)
    # State and events are two topics; only within one is their order sure.
    assert [step for step in steps if step in ("armed", "recording", "finalizing")] == [
        "armed", "recording", "finalizing", "armed"]
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
    assert 10 <= manifest["frames"] / manifest["rate"] < 25
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


def test_real_interfaces_without_a_pipewire(tmp_path):
    done = subprocess.run([ROOT / "packaging/demo", "--real", "--for", "1s", "--dir", tmp_path / "takes"],
                          env={"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}, capture_output=True,
                          text=True, timeout=DEMO_S, check=False)
    assert done.returncode == 1
    assert "no PipeWire runs for this user" in done.stderr
    assert not (tmp_path / "takes").exists()
