"""The set-up's scripts: what they say and refuse. That they install is tried by tests/stress/bare-debian."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

GROUPS = ("build", "test", "demo", "bench", "fuzz", "package", "lint")
SCRIPTS = ("packaging/dependencies", "packaging/demo", "tests/run", "packaging/configure",
           "packaging/build-deb", "tests/stress/bare-debian",
           "tests/stress/package", "tests/stress/arm64", "tests/lint", "tests/fuzz/run", ".ci/run", "bench/run")


@pytest.fixture
def dependencies(root):
    def run(*args, **kw):
        return subprocess.run([root / "packaging/dependencies", *args], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False, **kw)
    return run


class Bare:
    """A PATH with only what the script calls, a dpkg-query that knows of no package, and no sudo."""

    def __init__(self, folder, script):
        self.folder = folder
        for name in ("sh", "awk", "cat", "id", "env"):
            (folder / name).symlink_to(shutil.which(name))
        self.program("dpkg-query", "exit 1")
        self.program("apt-get", 'echo called >>"$0.calls"; exit 1')
        # A copy, since the tree may be where an unprivileged user can't look.
        self.script = shutil.copy(script, folder)

    def program(self, name, text):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)

    def install(self, group):
        """As an unprivileged user, really."""
        user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        return subprocess.run([self.script, "--install", group], env={"PATH": str(self.folder)}, cwd="/",
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=False, **user)

    def apt_was_called(self):
        return (self.folder / "apt-get.calls").exists()


@pytest.fixture
def bare(root):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        yield Bare(pathlib.Path(folder), root / "packaging/dependencies")


def rows(text):
    """[(name, groups, reason)] of what --list prints."""
    return [(name, groups.split(" "), reason)
            for name, groups, reason in (re.split(r"\s{2,}", line, maxsplit=2) for line in text.splitlines())]


def test_every_package_has_its_groups_and_a_reason(dependencies):
    listed = dependencies("--list")
    assert (listed.returncode, listed.stderr) == (0, "")
    table = rows(listed.stdout)
    assert len(table) > 20
    for name, groups, reason in table:
        assert re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name), name
        assert groups and set(groups) <= set(GROUPS), name
        assert len(reason) > 5, name
    names = [name for name, _, _ in table]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_brings_what_the_build_needs(dependencies, group):
    everything = rows(dependencies("--list").stdout)
    wanted = [row for row in everything if group in row[1] or "build" in row[1]]
    assert rows(dependencies("--list", group).stdout) == wanted


def test_the_list_covers_what_meson_asks_for(root, dependencies):
    """Every dependency that meson.build names comes with a package of the group build."""
    packages = {"libpipewire-0.3": "libpipewire-0.3-dev", "flac": "libflac-dev", "sndfile": "libsndfile1-dev",
                "yaml-0.1": "libyaml-dev", "libebur128": "libebur128-dev", "soxr": "libsoxr-dev",
                "jansson": "libjansson-dev", "libmicrohttpd": "libmicrohttpd-dev",
                "libsystemd": "libsystemd-dev", "libcrypto": "libssl-dev", "libdeflate": "libdeflate-dev",
                "paho-mqtt3as": "libpaho-mqtt-dev", "cmocka": "libcmocka-dev", "lilv-0": "liblilv-dev",
                "kissfft-float": "libkissfft-dev", "threads": "libc6-dev", "m": "libc6-dev"}
    asked = re.findall(r"(?:dependency|find_library)\('([^']+)'", (root / "meson.build").read_text("utf-8"))
    assert asked
    listed = {name for name, _, _ in rows(dependencies("--list", "build").stdout)}
    assert {packages[name] for name in asked} <= listed


@pytest.mark.parametrize("args", [
    (), ("--install",), ("--install", "everything"), ("--install", "build", "test"), ("--list", "everything"),
    ("--list", "build", "test"), ("--remove", "build"), ("build",), ("--install", "")])
def test_what_it_does_not_know_is_a_usage_error(dependencies, args):
    refused = dependencies(*args)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith("usage: packaging/dependencies")


def test_neither_root_nor_sudo_is_told_what_an_administrator_can_run(dependencies, bare):
    refused = bare.install("test")
    assert refused.returncode == 1
    names = " ".join(name for name, _, _ in rows(dependencies("--list", "test").stdout))
    assert f"not installed: {names}\n" in refused.stderr
    assert f"apt-get install --no-install-recommends {names}\n" in refused.stderr
    assert not bare.apt_was_called()


def test_a_sudo_that_would_ask_is_not_used_without_a_terminal(bare):
    bare.program("sudo", '[ "$1" = -n ] && exit 1; exec sleep 60')
    refused = bare.install("build")
    assert refused.returncode == 1
    assert "there is no sudo to be had" in refused.stderr
    assert not bare.apt_was_called()


def test_a_sudo_that_needs_no_password_is_used(bare):
    bare.program("sudo", '[ "$1" = -n ] && exit 0; echo "sudo $*" >>"$0.calls"')
    for name in ("mktemp", "rm"):
        (bare.folder / name).symlink_to(shutil.which(name))
    done = bare.install("build")
    assert done.returncode == 0, done.stderr
    update, install = (bare.folder / "sudo.calls").read_text("utf-8").splitlines()
    assert update.endswith(" update")
    assert " install --no-install-recommends gcc " in install
    assert "DEBIAN_FRONTEND=noninteractive" in install


def test_elsewhere_than_on_debian_it_says_so(bare):
    (bare.folder / "apt-get").unlink()
    refused = bare.install("build")
    assert refused.returncode == 1
    assert "not a Debian system" in refused.stderr


def test_nothing_missing_means_that_apt_is_left_alone(bare):
    bare.program("dpkg-query", "echo installed")
    done = bare.install("bench")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not bare.apt_was_called()


@pytest.mark.parametrize("args", [("--for",), ("--for", "soon"), ("--for", "0s"), ("--unreal",), ("--dir",)])
def test_the_demo_refuses_a_wrong_call_before_it_installs_anything(root, args):
    refused = subprocess.run([root / "packaging/demo", *args], stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert "usage: packaging/demo" in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize("script", SCRIPTS)
def test_shellcheck_has_nothing_to_say(root, script):
    done = subprocess.run(["shellcheck", "-x", root / script], cwd=root, capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_can_be_run(root, script):
    assert os.access(root / script, os.X_OK)


def test_functions_that_are_compiled_twice_have_names_of_their_own(root):
    """audio/wide.h says why; gcc, which builds for the tests, would not tell."""
    sources = [path for path in root.glob("*/*.c") if not path.parent.name.startswith("build")]
    found = [re.search(r"(\w+)\($", line)[1] if line.startswith("WIDE static ") else line
             for path in sources
             for line in re.findall(r"^WIDE [^(]*\(", path.read_text(encoding="utf-8"), re.MULTILINE)]
    assert len(found) > 20 and all(name.isidentifier() for name in found)
    assert len(set(found)) == len(found)
