"""What the Debian package is made of; tests/stress/package builds, installs and purges it."""
import json
import os
import re
import shutil
import subprocess

import pytest

EXPOSURE_MOST = 1.5
SYSTEM_UNITS = ("woodshed.service", "woodshed-pipewire.service", "woodshed-wireplumber.service")


def run(*command, **kw):
    return subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False, **kw)


@pytest.fixture(scope="module")
def commands(program):
    return json.loads(run(program, "--help", "--json").stdout)["commands"]


@pytest.fixture
def control(root):
    """{field: value} of the two paragraphs, one after the other."""
    text = re.sub(r"\n[ \t]+", " ", (root / "packaging/debian/control").read_text("utf-8"))
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


# ---- the package ----

def test_the_build_wants_what_the_list_has(root, control):
    """No second list: debian/control has the group build of packaging/dependencies, and debhelper."""
    listed = run(root / "packaging/dependencies", "--list", "build").stdout
    wanted = {line.split()[0] for line in listed.splitlines()} - {"gcc", "libc6-dev"}  # build-essential
    asked = {re.sub(r"[ :(<].*", "", one.strip()) for one in control["Build-Depends"].split(",") if one.strip()}
    assert asked - {"debhelper-compat", "dh-sequence-installsysusers"} == wanted


def test_the_versions_agree(root):
    version = re.search(r"^  version: '([^']+)'", (root / "meson.build").read_text("utf-8"), re.M).group(1)
    assert (root / "packaging/debian/changelog").read_text("utf-8").startswith(f"woodshed ({version}) ")


def test_debhelper_finds_it_in_the_root(root):
    assert (root / "debian").resolve() == root / "packaging/debian"
    for unit in (root / "packaging/systemd").iterdir():
        assert any(link.resolve() == unit for link in (root / "debian").glob("woodshed.*")), unit


def test_every_document_of_the_package_is_there(root):
    for name in ("woodshed.docs", "woodshed.examples"):
        for line in (root / "debian" / name).read_text("utf-8").splitlines():
            assert list(root.glob(line)), line
            assert all(path.stat().st_size for path in root.glob(line)), line


def test_the_configuration_of_the_package_has_no_fault(root, program):
    done = run(program, "check", root / "packaging/etc/appliance.yaml", root / "packaging/etc/sessions/default.yaml")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SYSTEM_UNITS)
def test_a_unit_may_do_little(root, unit):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    done = run("systemd-analyze", "security", "--offline=true", f"--threshold={int(EXPOSURE_MOST * 10)}", "--no-pager",
               root / "packaging/systemd" / unit)
    told = re.search(r"exposure level for \S+ (\d+\.\d+)", done.stdout)
    assert told, done.stdout + done.stderr
    assert float(told.group(1)) <= EXPOSURE_MOST
    assert done.returncode == 0


@pytest.mark.parametrize("unit", (*SYSTEM_UNITS, "woodshed-pipewire.socket", "woodshed.user.service"))
def test_a_unit_says_nothing_that_systemd_does_not_know(root, unit, tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    for path in (root / "packaging/systemd").iterdir():
        text = re.sub(r"/usr/bin/(woodshed|pipewire|wireplumber)", "/bin/true", path.read_text("utf-8"))
        (tmp_path / path.name.replace(".user.", "-user.")).write_text(re.sub(r"(?m)^Documentation=.*$", "", text), "utf-8")
    done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", tmp_path / unit.replace(".user.", "-user."),
               env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"})
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or line.startswith(unit)]
    assert not ours


# ---- what is said of the commands ----

def test_the_help_for_programs_is_the_help(program, commands):
    shown = run(program, "--help").stdout
    for command in commands:
        assert re.search(rf"^  {command['name']} +{re.escape(command['help'])}$", shown, re.M)
        told = run(program, command["name"], "--help").stdout
        assert [option["name"] for option in command["options"]] == re.findall(r"^  --([a-z-]+)", told, re.M)


def test_the_manual_has_every_command_and_option(build, commands):
    page = (build / "docs/woodshed.1").read_text("utf-8").replace("\\-", "-")
    for command in commands:
        assert page.count(f"\\fBwoodshed {command['name']}\\fP") >= 1, command["name"]
        part = page.split(f".TP\n\\fBwoodshed {command['name']}\\fP")[1].split(".TP\n\\fBwoodshed ")[0]
        for option in command["options"]:
            assert f"\\fB--{option['name']}\\fP" in part and option["help"] in part


@pytest.mark.parametrize("page, heading", [
    ("woodshed-appliance.5", "The appliance file"), ("woodshed-session.5", "A session file"),
    ("woodshed-session.5", "Processors")])
def test_the_manual_has_every_key(build, page, heading):
    reference = (build / "docs/reference.md").read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    keys = re.findall(r"^\| `([^`]+)` \|", reference, re.M)
    assert len(keys) > 10
    text = (build / "docs" / page).read_text("utf-8").replace("\\-", "-")
    for key in keys:
        assert f".TP\n\\fB{key}\\fP\n" in text, key


@pytest.mark.parametrize("page", ["woodshed.1", "woodshed-appliance.5", "woodshed-session.5"])
def test_the_manual_is_what_groff_understands(build, page):
    if not shutil.which("groff"):
        pytest.skip("groff is not here")
    done = run("groff", "-man", "-ww", "-b", "-z", "-Kutf8", "-Tutf8", build / "docs" / page)
    assert (done.returncode, done.stderr) == (0, "")


def complete(build, *words):
    """What bash offers behind these words."""
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _woodshed; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = run("bash", "-c", script, "bash", build / "docs/woodshed", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


def test_bash_completes_what_there_is(build, commands, tmp_path):
    names = {command["name"] for command in commands}
    assert complete(build, "woodshed", "") == names | {"--help", "--version"}
    assert complete(build, "woodshed", "re") == {name for name in names if name.startswith("re")}
    for command in commands:
        options = {f"--{option['name']}" for option in command["options"]} | {"--help"}
        assert complete(build, "woodshed", command["name"], "-") == options
    (tmp_path / "thursday.yaml").touch()
    assert complete(build, "woodshed", "check", f"{tmp_path}/thu") == {f"{tmp_path}/thursday.yaml"}
    assert complete(build, "woodshed", "run", "--config", f"{tmp_path}/t") == {f"{tmp_path}/thursday.yaml"}
    assert {"appliance", "session"} <= complete(build, "woodshed", "schema", "")


def test_what_is_not_there_is_not_completed(build):
    assert complete(build, "woodshed", "explode", "-") == set()
    assert complete(build, "woodshed", "zz") == set()
    assert complete(build, "woodshed", "record", "--for", "1") == set()


def test_zsh_has_the_same(build, commands):
    text = (build / "docs/_woodshed").read_text("utf-8")
    assert text.startswith("#compdef woodshed\n")
    for command in commands:
        part = text.split(f"\t{command['name']})\n")[1].split(";;")[0]
        assert re.findall(r"'--([a-z-]+)\[", part) == ["help", *(option["name"] for option in command["options"])]
    if shutil.which("zsh"):
        assert run("zsh", "-n", build / "docs/_woodshed").returncode == 0
