"""bench/run runs and prints its table. What the figures are is no test's business: the machine has other work."""
import subprocess
import sys
import xml.etree.ElementTree

import pytest

DEADLINE = 120  # seconds; generous, since it is far from them on a machine that has nothing else to do


def run(root, *args):
    return subprocess.run([root / "bench/run", *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=DEADLINE, check=False)


def test_a_quick_render_prints_its_table(root, program):
    done = run(root, "--quick", "--build", program.parent, "render")
    assert done.returncode == 0, done.stderr
    heading, *rows, note = done.stdout.splitlines()
    assert heading.split() == ["beside", "ours", "peer", "ratio", "from-to", "target"]
    assert [row.split("  ")[0] for row in rows] == [f"render 8 tracks x 30 s, {of}" for of in (
        "one job, wall", "all jobs, wall", "one job, CPU", "one job, CPU", "all jobs, CPU", "silence, CPU")]
    assert "Load of the machine" in note


def test_a_quick_master_says_what_both_reached(root, program):
    done = run(root, "--quick", "--build", program.parent, "master")
    assert done.returncode == 0, done.stderr
    _, *rows, _ = done.stdout.splitlines()
    assert [row.split("  ")[0] for row in rows] == ["master 20 s to -14 LUFS, wall", "master 20 s to -14 LUFS, CPU"]
    assert "; ours -14.0, -1." in rows[0]


def test_the_processors_are_listed(root, program):
    done = run(root, "--quick", "--build", program.parent, "processors")
    assert done.returncode == 0, done.stderr
    _, *rows, _ = done.stdout.splitlines()
    assert {"eq, silence", "compressor, silence", "limiter, silence"} <= {row.split("  ")[0] for row in rows}
    assert all("ns/sample" in row for row in rows)


@pytest.mark.parametrize("args, said", [
    (["--fast"], "unknown: --fast"), (["rendering"], "unknown: rendering"), (["--build"], "--build needs a folder"),
    (["--build="], "unknown: --build=")])
def test_what_it_does_not_know_is_a_usage_error(root, args, said):
    refused = run(root, *args)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith(f"bench/run: {said}\nusage: bench/run")


def test_a_build_that_lacks_a_program_is_said(root, tmp_path):
    refused = run(root, "--quick", "--build", tmp_path, "render")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "bench/run: not built: " in refused.stderr


def test_a_programs_threads_are_told_apart(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "bench"))
    from measure import Threads, run
    burn = "import time\nwhile time.process_time() < 1: pass"
    used = run(sys.executable, "-c", burn, by_thread=True)
    assert set(used.by_thread) == {"main"}
    assert 0.5 < used.by_thread["main"] <= used.cpu_s + 0.01
    # One that is over before anybody looks, however long it takes to start.
    monkeypatch.setattr(Threads, "LOOK_S", DEADLINE)
    assert run(sys.executable, "-c", "").by_thread == {}


def test_results_are_kept_and_drawn(root, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "bench"))
    import results
    from measure import Row
    results.keep("render", [Row("mix <a song>", "peer", [1.0, 2.0, 3.0], [4.0, 4.0, 4.0], 0.25)], tmp_path)
    results.keep("record", [Row("record", "peer", [3.0], [2.0])], tmp_path)
    results.keep("render", [Row("mix <a song>", "peer", [1.0], [5.0], 0.25)], tmp_path)  # in place of the first
    text = (tmp_path / "ratios.txt").read_text(encoding="utf-8")
    assert "<= 0.25 met" in text and "missed" not in text and "1.50" in text
    drawn = xml.etree.ElementTree.parse(tmp_path / "ratios.svg")
    bars = [rect.get("class") for rect in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert sorted(bars) == ["bare", "met", "paper"]
