"""Files made to hang, crash or fill the program: each is refused with what is wrong and where, in bounded memory and
time, whether it comes as a session, an appliance or a preset."""
import json
import os
import subprocess
import sys

import pytest

MEMORY_MIB = 64
# Of the processor's time, how long it takes by the clock being the machine's business; and of this processor's, in
# yards: what a piece of work takes that is the same everywhere.
YARDS = 180

# Runs a command and tells its end and what it took. A process's peak memory begins with that of who started it, so
# that is a small one.
METER = """
import json, resource, subprocess, sys, time
def yard():
    begun = time.process_time()
    sum(n * n % 7 for n in range(100000))
    return time.process_time() - begun
shortest = min(yard() for _ in range(3))
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"status": done.returncode, "out": done.stdout.decode("utf-8", "replace"),
                  "err": done.stderr.decode("utf-8"), "mib": used.ru_maxrss / 1024,
                  "yards": (used.ru_utime + used.ru_stime) / shortest}))
"""


def metered(*command):
    """Bounded memory and time, an end by itself; returns (status, what was said on standard error)."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", METER, *map(str, command)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=90, check=True)
    told = json.loads(done.stdout)
    assert told["mib"] <= MEMORY_MIB and told["yards"] < YARDS, told
    return told["status"], told["err"]


def bomb(levels, width):
    """Each anchor stands for `width` of the one before: width to the power of `levels` in all."""
    lines = ["a0: &a0 [" + ",".join("x" * width) + "]"]
    for i in range(1, levels):
        lines.append(f"a{i}: &a{i} [" + ",".join([f"*a{i - 1}"] * width) + "]")
    return "\n".join(lines).encode() + b"\n"


DEEP = 10_000
# What is written, and where and what is said of it: {file}:LINE:COLUMN and a part of the text.
CONTENTS = {
    "billion laughs": (bomb(10, 9), "6:", "too large with its aliases written out"),
    "quadratic blow-up": (
        b"a: &a [" + b"x," * 20_000 + b"]\nb: [" + b"*a," * 20_000 + b"]\n", "2:", "too large with its aliases"),
    "circle": (b"tracks: &t\n- *t\n", "2:3:", "no circles"),
    "many anchors": (b"".join(b"a%d: &a%d x\n" % (i, i) for i in range(5000)), "1001:", "too many anchors"),
    "deep lists": (b"name: " + b"[" * DEEP + b"]" * DEEP + b"\n", "1:", "nested too deeply"),
    "deep maps": (b"{a: " * DEEP + b"b" + b"}" * DEEP, "1:", "nested too deeply"),
    "deep blocks": (b"".join(b" " * i + b"a:\n" for i in range(2000)), "65:", "nested too deeply"),
    "open lists": (b"name: " + b"[" * DEEP, "1:", "nested too deeply"),
    "deep dashes": (b"- " * DEEP, "1:", "nested too deeply"),
    "many keys": (b"".join(b"k%d: 1\n" % i for i in range(150_000)), "", "too large"),
    "many faults": (b"".join(b"k%d: 1\n" % i for i in range(90_000)), "1:1:", "unknown key"),
    "same keys": (b"name: a\n" * 50_000, "2:1:", "given twice"),
    "many tracks": (b"tracks:\n" + b"- {name: a, input: x/1}\n" * 30_000, "2:1:", "at most"),
    "many inserts": (b"tracks:\n- {name: a, input: x/1, chain: [" + b"eq," * 50_000 + b"]}\n", "2:", "at most"),
    "long word": (b"song: {title: " + b"x" * 3_000_000 + b"}\n", "1:15:", "too long"),
    "long key": (b"k" * 900 + b": 1\n", "1:1:", "unknown key"),
    "long line of text": (b'song: {title: "' + b"\\x41" * 700_000 + b'"}\n', "1:15:", "too long"),
    "not UTF-8": (b"name: caf\xe9\n", "1:10:", "not UTF-8"),
    "overlong UTF-8": (b"name: \xc0\xaf\n", "1:7:", "not UTF-8"),
    "surrogate": (b"name: \xed\xa0\x80\n", "1:7:", "not UTF-8"),
    "UTF-16": ("name: a\n".encode("utf-16"), "1:1:", "not UTF-8"),
    "UTF-32": ("name: a\n".encode("utf-32-be"), "1:1:", "a NUL"),
    "NUL": (b"name: a\0b\n", "1:8:", "a NUL"),
    "escape sequence": (b"name: \x1b[2Ja\n", "1:7:", "a control character"),
    "hidden control": (b'name: "\\e[2J"\n', "1:7:", "a control character"),
    "right to left": (b'name: "\\u202Eevil"\n', "1:7:", "a control character"),
    "tab": (b"song:\n\ttitle: a\n", "2:1:", "a tab"),
    "duplicate key": (b"name: a\nsong: {}\nname: b\n", "3:1:", "given twice"),
    "merge key": (b"song: &s {title: a}\nmaster:\n  <<: *s\n", "3:3:", "merge keys"),
    "two documents": (b"name: a\n---\nname: b\n", "2:1:", "a second document"),
    "tag of Python": (b"name: !!python/object/apply:os.system [id]\n", "1:7:", "tags"),
    "tag of a file": (b"name: !include /etc/passwd\n", "1:7:", "tags"),
    "complex key": (b"? [a, b]\n: c\n", "1:3:", "a map or list as a key"),
    "huge exponent": (b"song: {tempo: 1e999}\n", "1:15:", "1e999"),
    "tiny exponent": (b"song: {tempo: 1e-999}\n", "1:15:", "out of range"),
    "long number": (b"song: {tempo: 1" + b"0" * 400 + b"}\n", "1:15:", "1000"),
    "longer number": (b"song: {tempo: " + b"9" * 1_000_000 + b"}\n", "1:15:", "9999"),
    "not a number": (b"song: {tempo: .nan}\nmaster: {loudness: NaN}\n", "2:20:", "NaN"),
    "infinity": (b"song: {tempo: .inf}\nmaster: {loudness: -inf}\n", "2:20:", "-inf"),
    "hexadecimal": (b"song: {tempo: 0x50}\n", "1:15:", "0x50"),
    "only a dash": (b"-", "1:1:", "not a mapping"),
    "only a text": (b"hello\n", "1:1:", "not a mapping"),
    "a program": (b"\x7fELF\x02\x01\x01\0\0\0", "1:1:", "a control character"),
    "random bytes": (bytes(range(255, 127, -1)) * 4000, "1:1:", "not UTF-8"),
}


@pytest.mark.parametrize("content", CONTENTS)
def test_a_file(program, tmp_path, content):
    data, place, text = CONTENTS[content]
    path = tmp_path / "session.yaml"
    path.write_bytes(data)
    status, said = metered(program, "check", path)
    assert status == 2, said
    assert any(line.startswith(f"{path}:{place}") and text in line for line in said.splitlines()), said[:2000]
    assert all(line.startswith(f"{path}:") and len(line) < 2000 for line in said.splitlines())
    assert all(character >= " " for character in said.replace("\n", ""))


@pytest.mark.parametrize("content", CONTENTS)
def test_a_preset(program, tmp_path, content):
    """It is in the preset's own file that the fault is told."""
    data, _, _ = CONTENTS[content]
    (tmp_path / "presets/mix").mkdir(parents=True)
    preset = tmp_path / "presets/mix/mine.yaml"
    preset.write_bytes(data)
    session = tmp_path / "s.yaml"
    session.write_text("mix: {preset: mine}\n", encoding="utf-8")
    status, said = metered(program, "check", session)
    assert status == 2
    assert said.splitlines() and all(line.startswith(f"{preset}:") for line in said.splitlines()), said[:2000]
    status, said = metered(program, "presets", "--session", session)
    assert status == 0 and not said


HARMLESS = {
    "empty": b"", "a newline": b"\n", "only comments": b"# nothing\n  # here\n", "a mark": b"\xef\xbb\xbfname: a\n",
    "carriage returns": b"name: a\r\nsong:\r\n  title: b\r\n", "null": b"song:\ntracks: ~\n", "no end": b"name: a",
    "an end": b"---\nname: a\n...\n", "any script": "song: {title: 木工 🪵 café}\n".encode(), "quotes": b"song: {title: 'a: b # c'}\n",
}


@pytest.mark.parametrize("content", HARMLESS)
def test_what_only_looks_odd_is_fine(program, tmp_path, content):
    path = tmp_path / "session.yaml"
    path.write_bytes(HARMLESS[content])
    assert metered(program, "check", path) == (0, "")


# ---- names that are no plain files ----

def make_big(path):
    with path.open("wb") as stream:
        stream.write(b"name: a # " + b"x" * (50 << 20) + b"\n")


def make_sparse(path):
    with path.open("wb") as stream:
        stream.truncate(1 << 40)


def make_circle(path):
    path.symlink_to(path.name)


def make_unreadable(path):
    path.write_text("name: a\n", encoding="utf-8")
    path.chmod(0)


KINDS = {
    "nothing": (lambda path: None, "No such file"),
    "a folder": (lambda path: path.mkdir(), "Is a directory"),
    "a FIFO": (os.mkfifo, "no plain file"),
    "endless zeros": (lambda path: path.symlink_to("/dev/zero"), "no plain file"),
    "a terminal": (lambda path: path.symlink_to("/dev/tty"), ""),
    "50 MB": (make_big, "larger than 4 MiB"),
    "a hole of a terabyte": (make_sparse, "larger than 4 MiB"),
    "a circle of links": (make_circle, "symbolic links"),
    "a link to nowhere": (lambda path: path.symlink_to("nowhere"), "No such file"),
    "unreadable": (make_unreadable, "Permission denied"),
    "a name too long": (None, "File name too long"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_is_no_plain_file(program, tmp_path, kind):
    make, text = KINDS[kind]
    if kind == "unreadable" and os.geteuid() == 0:
        pytest.skip("root may read anything")
    path = tmp_path / ("x" * 300 if make is None else "session.yaml")
    if make:
        make(path)
    for command in (["check", path], ["takes", "--config", path]):
        status, said = metered(program, *command)
        assert status == 2
        line, = said.splitlines()
        assert line.startswith(f"{path}:1:1: error: ") and text in line


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"nothing", "a name too long", "a link to nowhere"}))
def test_a_preset_that_is_no_plain_file(program, tmp_path, kind):
    make, text = KINDS[kind]
    if kind == "unreadable" and os.geteuid() == 0:
        pytest.skip("root may read anything")
    (tmp_path / "presets/master").mkdir(parents=True)
    path = tmp_path / "presets/master/streaming.yaml"
    make(path)
    session = tmp_path / "s.yaml"
    session.write_text("song: {title: a}\n", encoding="utf-8")
    status, said = metered(program, "check", session)
    assert status == 2
    line, = said.splitlines()
    assert line.startswith(f"{path}:1:1: error: ") and text in line
