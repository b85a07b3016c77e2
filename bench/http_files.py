"""http: one file of 1 GiB over loopback, and the same file from nginx; and a take's tracks as one archive."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from measure import BenchError, Row, in_turns, run
from places import BUILD

SIZE, QUICK_SIZE = 1 << 30, 64 << 20
REPETITIONS, QUICK_REPETITIONS = 7, 2
TARGET = 1.11  # of the time that nginx takes: nine tenths of its throughput
TAKE = "20260101-000000-bench"
FILE = "raw/01-noise.flac"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_take(folder, size):
    """A take of one track, which is nothing that anybody could play."""
    take = folder / "takes" / TAKE
    (take / "raw").mkdir(parents=True)
    block = pathlib.Path("/dev/urandom").open("rb").read(1 << 20)
    with (take / FILE).open("wb") as file:
        for _ in range(size >> 20):
            file.write(block)
    track = {"index": 1, "name": "noise", "role": None, "inputs": ["a/1"], "file": FILE, "frames": 1, "bytes": size,
             "sha256": "0" * 64, "crc32": "0" * 8, "peak_dbfs": None, "lufs": None, "clipped": 0}
    manifest = {"format": 1, "id": TAKE, "session": "bench", "title": None, "artist": None, "state": "recorded",
                "error": None, "recovered": False, "started": "2026-01-01T00:00:00Z", "rate": 48000, "frames": 1,
                "pre_roll_frames": 0, "markers": [], "renders": [], "tracks": [track],
                "interfaces": [{"name": "a", "node": "a", "frames": 1, "ppm": None, "gaps": []}]}
    (take / "take.json").write_text(json.dumps(manifest), encoding="utf-8")
    return take


class Server:
    """A program that serves at a free port until it is closed."""

    def __init__(self, folder, command, port):
        self.port, self.log = port, (folder / f"{pathlib.Path(command[0]).name}.log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self):
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise BenchError(f"{self.process.args[0]} does not listen: {self.log.read_text()[-500:]}")

    def close(self):
        self.process.terminate()
        self.process.wait()


def nginx(folder, root):
    """As Debian's package has it: a process a core, sendfile, tcp_nopush."""
    port, own = free_port(), folder / "nginx"
    own.mkdir()
    paths = "".join(f"{kind}_temp_path {own}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = own / "nginx.conf"
    # As root it would hand over to a user who may not look into our folder.
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(f"{user} daemon off; worker_processes auto; error_log {own}/error.log; pid {own}/pid;"
                      f"events {{ worker_connections 768; }} http {{ access_log off; sendfile on; tcp_nopush on; {paths}"
                      f"server {{ listen 127.0.0.1:{port}; root {root}; }} }}", encoding="utf-8")
    return Server(folder, [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-c", config, "-p", own], port)


def woodshed(folder):
    """The program's own server alone, as test_server.py has it: no recorder is part of the work."""
    port = free_port()
    return Server(folder, [BUILD / "tests/network/network-host", "--takes", folder / "takes", "--listen",
                           f"127.0.0.1:{port}", "--token-file", folder / "token"], port)


def download(url, size, token=None):
    """Seconds."""
    guard = ["-H", f"Authorization: Bearer {token}"] if token else []
    said = run("curl", "-s", "-f", "-o", "/dev/null", "-w", "%{time_total} %{size_download}", *guard, url).output
    seconds, got = said.split()
    if int(got) < size:
        raise BenchError(f"http: {got} bytes of {url}")
    return float(seconds)


def measure(quick):
    """Rows for the table."""
    size = QUICK_SIZE if quick else SIZE
    with tempfile.TemporaryDirectory(prefix="woodshed-bench-") as name:
        folder = pathlib.Path(name)
        take = make_take(folder, size)
        servers = []
        try:
            for make in (lambda: nginx(folder, take), lambda: woodshed(folder)):
                servers.append(make())
                servers[-1].wait()
            peer, ours = (f"http://127.0.0.1:{server.port}" for server in servers)
            token, api = (folder / "token").read_text().strip(), f"{ours}/api/v1/takes/{TAKE}"
            run("cat", take / FILE, output="stderr")  # from memory, for both
            file, theirs, archive = in_turns(
                QUICK_REPETITIONS if quick else REPETITIONS, lambda: download(f"{api}/files/{FILE}", size, token),
                lambda: download(f"{peer}/{FILE}", size), lambda: download(f"{api}/stems.zip", size, token))
        finally:
            for server in servers:
                server.close()
    what = f"http {size >> 20} MiB"
    return [Row(f"{what}, a file", "nginx", file, theirs, TARGET), Row(f"{what}, stems.zip", "nginx, the file", archive, theirs)]
