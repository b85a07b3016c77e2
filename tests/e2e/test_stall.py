"""A disk that hangs for a while, at its shortest; tests/stress/stall takes the full 30 s."""
import json
import subprocess


def test_a_hanging_disk_costs_no_frame(root):
    done = subprocess.run([root / "tests/stress/stall", "3"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["gap_frames"] == 0
