"""What the tables of keys print: JSON Schema that real validators take, the reference, the effective configuration."""
import functools
import json
import os
import re
import shutil
import subprocess

import pytest
import yaml
from jsonschema import Draft202012Validator

from e2e.test_readme import EXAMPLES, yaml_blocks
from rig.room import ROOT

RANDOM = 150  # files of each kind


def examples():
    """[(where, text)] of every appliance and session that the documentation has."""
    found = [(where, text) for where, what, text in yaml_blocks() if what in (None, "later")]
    found += [(path.name, path.read_text(encoding="utf-8")) for path in sorted(EXAMPLES.glob("*.yaml"))]
    return pytest.mark.parametrize("where,text", found, ids=[where for where, _ in found])


class Loader(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors have it: `off` is a text, 4:1 no number of seconds, 010 is ten."""


Loader.yaml_implicit_resolvers = {}
for tag, expression, first in (
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"), ("null", r"~|null|Null|NULL|", "~nN\0"),
        ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789")):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{expression})$"), list(first))
Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])
Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value, 0)
                       if node.value.lower().startswith(("0x", "0o")) else int(node.value))
Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))


def woodshed(program, *args, **options):
    return subprocess.run([program, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False, **options)


@functools.lru_cache
def validator(program, kind):
    schema = json.loads(woodshed(program, "schema", kind).stdout)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def faults(program, kind, text):
    """What the schema says of a file's text."""
    return [f"{error.json_path}: {error.message}"
            for error in validator(program, kind).iter_errors(yaml.load(text, Loader))]


def kind_of(text):
    return "session" if re.search(r"^(song|tracks|mix|master|edit|buses|arrangement):", text, re.M) else "appliance"


def bad_files():
    """[(line, kind, text, faults)] of tests/unit/bad-files.txt."""
    blocks = re.split(r"^== ", (ROOT / "tests/unit/bad-files.txt").read_text(encoding="utf-8"), flags=re.M)
    line, found = blocks[0].count("\n") + 1, []
    for block in blocks[1:]:
        kind, rest = block.split("\n", 1)
        text, expected = rest.split("\n--\n", 1)
        found.append((line, kind, text, expected.splitlines()))
        line += block.count("\n")
    return found


@pytest.mark.parametrize("kind", ["appliance", "session"])
def test_the_schema_is_one(program, kind):
    schema = validator(program, kind).schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    for name, definition in schema["$defs"].items():
        assert definition.get("additionalProperties") is False or name == "processor", name
    assert all(value["description"] for value in schema["properties"].values())


@examples()
def test_examples_fit_the_schema(program, where, text):
    assert not faults(program, kind_of(text), text), where


def chains_of(preset):
    """Every chain that a preset of any kind has."""
    found = [preset[key] for key in ("chain", "chain+") if key in preset]
    for strip in preset.get("roles", []) + preset.get("buses", []):
        found += chains_of(strip)
    return found


def test_every_preset_fits_the_schema(program):
    """A preset's chains are what a session may say."""
    count = 0
    for path in sorted((ROOT / "config/presets").glob("*/*.yaml")):
        chains = chains_of(yaml.load(path.read_text(encoding="utf-8"), Loader) or {})
        tracks = [{"name": f"t{i}", "input": f"xr18/{i + 1}", "chain": chain} for i, chain in enumerate(chains)]
        errors = list(validator(program, "session").iter_errors({"tracks": tracks}))
        assert not errors, (path, errors[0])
        count += len(chains)
    assert count > 18


def test_what_the_loader_takes_fits_the_schema(program, build, tmp_path):
    """Random files that the tables allow: the loader takes them (tests/unit/test-print.c), so must the schema."""
    subprocess.run([build / "tests/unit/test-print", tmp_path, str(RANDOM)], check=True, timeout=60)
    files = sorted(tmp_path.glob("*.yaml"))
    assert len(files) == 2 * RANDOM
    for path in files:
        found = faults(program, path.name.split("-")[0], path.read_text(encoding="utf-8"))
        assert not found, (path.read_text(encoding="utf-8"), found[0])


# What no schema can hold: names that must be there, rules between keys, and ranges of values with units.
BEYOND = re.compile(
    r"given twice|no interface|has no channel|is no role|is no \w+ preset|no section|is no bus|is no VCA|is no return|"
    r"but no return|a return, to be|is taken by|leads back|is the mix itself|no file|are two interfaces|are one channel|"
    r"[03] inputs|is no broker|is no address|is no moment|a second rule|has a slash|out of range; |between the steps|"
    r"is no row of chords|bars of chords|from no tempo|not below the true peak|is no key|is no meter|is no input|"
    r"not a whole number|is not a name|is no choice of bars|has no bar|no track ")
SYNTAX = re.compile(r"tab where|belongs?; look|inside quotes|merge keys|no such anchor|key is a text|tags such|no circles|"
                    r"one a file|its colon|cannot start with|does not belong|close what")


def test_the_schema_refuses_what_the_loader_refuses(program):
    """Unknown keys, wrong types, missing keys, words that are none of the choices: an editor tells them all."""
    refused = 0
    for line, kind, text, expected in bad_files():
        if any(SYNTAX.search(fault) for fault in expected):
            continue
        found = faults(program, kind, text)
        refused += bool(found)
        if not found:
            assert all(BEYOND.search(fault) for fault in expected if ": error: " in fault), (line, text, expected)
    assert refused > 150


def test_ranges_of_bare_numbers(program):
    track = "tracks: [{name: a, input: xr18/1, chain: [compressor: {%s}]}]"
    assert not faults(program, "session", track % "attack: 8, threshold: -20, ratio: 4")
    assert not faults(program, "session", track % "attack: 8 ms, threshold: -20dB, ratio: 4:1, bypass: true")
    for wrong in ("attack: -1", "threshold: 1", "ratio: 0.5", "ratio: 4:2", "threshold: 8 ms", "attack: 1e9", "knie: 3",
                  "bypass: off"):
        assert faults(program, "session", track % wrong), wrong


# ---- processors and reference ----

def every_key(parameters):
    for parameter in parameters:
        yield parameter
        yield from every_key(parameter.get("parameters", []))


def test_processors_for_programs_and_people(program):
    listed = json.loads(woodshed(program, "processors", "--json").stdout)
    text = woodshed(program, "processors").stdout
    assert {"highpass", "lowpass", "eq", "compressor"} <= {one["name"] for one in listed}
    for one in listed:
        assert one["help"] and f"{one['name']}: " in text
        for key in every_key(one["parameters"]):
            assert key["help"] and key["allowed"], key
            if isinstance(key["default"], float) and "least" in key:
                assert key["least"] <= key["default"] <= key["most"], key
            assert key["required"] or key["default"] is not None or "unit" in key or "parameters" in key or (
                "choices" in key or key["allowed"]), key
    attack = next(key for one in listed if one["name"] == "compressor" for key in one["parameters"]
                  if key["name"] == "attack")
    assert (attack["unit"], attack["most"]) == ("s", 1)


def test_the_reference_has_every_key(program, build):
    page = woodshed(program, "schema", "reference").stdout
    assert (build / "docs/reference.md").read_text(encoding="utf-8") == page
    for kind in ("appliance", "session"):
        schema = validator(program, kind).schema
        for record in (schema, *schema["$defs"].values()):
            for name in record.get("properties", {}):
                assert f"| `{name}` |" in page or f"### `{name}`" in page or "Not in this version yet" in str(
                    record["properties"][name]), name
    assert not re.search(r"\|\s*\|\s*\|\s*$", page, re.M), "a row without help"


def test_what_there_is_no_schema_of(program):
    done = woodshed(program, "schema", "drums")
    assert (done.returncode, done.stdout) == (2, "") and "appliance, session or reference" in done.stderr


# ---- the effective configuration ----

@examples()
def test_printed_examples_load_to_the_same(program, tmp_path, where, text):
    """Printed, loaded and printed again it is the same, and from another folder too."""
    example, printed = tmp_path / "here" / "example.yaml", tmp_path / "there" / "example.yaml"
    shutil.copytree(EXAMPLES, example.parent)
    printed.parent.mkdir()
    example.write_text(text, encoding="utf-8")
    once = woodshed(program, "check", "--print", example)
    assert once.returncode == 0, (where, once.stderr)
    printed.write_text(once.stdout, encoding="utf-8")
    twice = woodshed(program, "check", "--print", printed)
    assert (twice.returncode, twice.stdout) == (0, once.stdout), where
    assert not faults(program, kind_of(text), once.stdout)
    assert not re.search(r"^\s*\w+:\s*$\n(?!\s)", once.stdout, re.M), "a key with nothing behind it"


def test_print_says_what_the_defaults_are(program, tmp_path):
    path = tmp_path / "empty.yaml"
    path.write_text("", encoding="utf-8")
    printed = woodshed(program, "check", "--print", path).stdout
    assert "  bit_depth: 24 bit\n  pre_roll: 2 min\n" in printed and "mqtt:" not in printed
    path.write_text("mqtt:\nretention: {days: 90}\n", encoding="utf-8")
    printed = woodshed(program, "check", "--print", path).stdout
    assert '  url: "mqtt://localhost:1883"\n' in printed and printed.endswith("retention:\n  days: 90\n")


def test_print_takes_one_sound_file(program, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("name: Room 1\n", encoding="utf-8")
    done = woodshed(program, "check", "--print", path)
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith(f"{path}:1:7: error: name: ")
    assert woodshed(program, "check", "--print", path, path).returncode == 2


# ---- check ----

def test_an_appliance_is_checked_with_its_session(program, tmp_path):
    (tmp_path / "sessions").mkdir()
    session, appliance = tmp_path / "sessions/friday.yaml", tmp_path / "appliance.yaml"
    session.write_text("tracks:\n  - {name: a, input: dsk/1, role: kick}\n", encoding="utf-8")
    appliance.write_text("session: sessions/friday.yaml\ninterfaces: [{name: desk, node: desk}]\n", encoding="utf-8")
    environment = os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}
    done = woodshed(program, "check", appliance, env=environment)
    assert (done.returncode, done.stdout) == (2, f"{appliance}: ok\n")
    assert done.stderr == (f"{session}:2:22: error: tracks[0].input: no interface \"dsk\"; did you mean desk? "
                           "One of desk\n")
    # Sessions after an appliance are of its room.
    other = tmp_path / "other.yaml"
    other.write_text("tracks:\n  - {name: a, input: desk/1}\n", encoding="utf-8")
    session.write_text(other.read_text(encoding="utf-8"), encoding="utf-8")
    done = woodshed(program, "check", appliance, other, env=environment)
    assert done.returncode == 0
    assert done.stdout == f"{appliance}: ok\n{session}: ok\n{other}: ok\n"
    assert done.stderr.count("warning: tracks[0]: no role") == 2


def on_terminal(program, *args, env=None, rows=24, columns=60):
    """(status, what the terminal was written) of the program on a terminal of its own."""
    master, slave = os.openpty()
    subprocess.run(["stty", "rows", str(rows), "cols", str(columns)], stdin=slave, check=True)
    base = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen([program, *args], stdin=slave, stdout=slave, stderr=slave,
                               env=base | {"TERM": "xterm"} | (env or {}))
    os.close(slave)
    text = b""
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:
            break
        if not data:
            break
        text += data
    os.close(master)
    return process.wait(timeout=60), text.decode("utf-8").replace("\r\n", "\n")


def test_a_terminal_is_shown_the_place(program, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("song: {title: \"Füße 夜\", tempo: fast}\nmaster: {loudness: -5 LUFS}\n", encoding="utf-8")
    status, text = on_terminal(program, "check", path, columns=200)
    assert status == 2
    assert (f"\033[1m{path}:1:32: \033[1;31merror:\033[0m song.tempo: \"fast\" is not a number; 20 to 400\n"
            "    song: {title: \"Füße 夜\", tempo: fast}\n" + " " * 36 + "\033[1;31m^\033[0m\n") in text
    assert text.endswith(f"{path}: 1 error\n")
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        _, text = on_terminal(program, "check", path, env=env)
        assert "\033" not in text and "\n" + " " * 36 + "^\n" in text
    path.write_text("tracks: [{name: a, input: xr18/1}]\n", encoding="utf-8")
    status, text = on_terminal(program, "check", path)
    assert status == 0 and text.endswith(f"{path}: fine, 1 warning\n")
    path.write_text("song: {tempo: 92}\n", encoding="utf-8")
    assert on_terminal(program, "check", path) == (0, f"{path}: fine\n")
