"""Clients that are not ours: what people pull takes with, and players that seek in them."""
import json
import os
import socket
import subprocess
import sys
import threading
import unittest
import zipfile

sys.path.insert(0, os.path.dirname(__file__))
from parties import Folder, Host  # noqa: E402
from web import make_take, noise  # noqa: E402

TAKE = "20261122-190311-thursday"
SECONDS = 60


class Cutter:
    """A proxy that hangs up in the middle of its first answers, as a bad network would."""

    def __init__(self, port, after, times):
        self.target, self.after, self.times, self.requests = port, after, times, []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.served = []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thread.join()
        for thread in self.served:
            thread.join()

    def run(self):
        try:
            while True:
                self.served.append(threading.Thread(target=self.serve, args=[self.server.accept()[0]]))
                self.served[-1].start()
        except OSError:
            pass

    def serve(self, client):
        """One request a connection."""
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            request = b""
            while b"\r\n\r\n" not in request:
                more = client.recv(65536)
                if not more:
                    return
                request += more
            self.requests.append(request.decode())
            server.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            left = self.after if self.times > 0 else 1 << 62
            self.times -= 1
            while left > 0 and (data := server.recv(min(65536, left))):
                left -= len(data)
                try:
                    client.sendall(data)
                except OSError:
                    return


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        takes, sound = cls.folder.path / "takes", cls.folder.path / "sound.flac"
        # A tone whose pitch says where in the file one is.
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"aevalsrc=sin(200*t*t):s=48000:d={SECONDS}",
                        str(sound)], check=True, timeout=60)
        cls.master = sound.read_bytes()
        cls.tracks = [("raw/01-kick.flac", noise(3_000_000, 1)), ("raw/02-vox.flac", cls.master)]
        cls.take = make_take(takes, TAKE, cls.tracks, [("master.flac", cls.master)])
        cls.host = Host(cls.folder.path)
        cls.base = f"http://127.0.0.1:{cls.host.port}"
        cls.api = f"/api/v1/takes/{TAKE}"
        cls.bearer = f"Authorization: Bearer {cls.host.token}"

    @classmethod
    def tearDownClass(cls):
        cls.host.close()
        cls.folder.close()

    def run_client(self, *command, **more):
        done = subprocess.run([str(part) for part in command], capture_output=True, timeout=60, check=False,
                              env={**os.environ, "HOME": str(self.folder.path), "LC_ALL": "C.UTF-8"}, **more)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace")[-2000:])
        return done.stdout

    def cut(self, after, times=1):
        cutter = Cutter(self.host.port, after, times)
        self.addCleanup(cutter.close)
        return cutter

    def target(self, name):
        path = self.folder.path / self.id().rsplit(".", 1)[1] / name
        path.parent.mkdir(exist_ok=True)
        return path

    def check_stems(self, path):
        with zipfile.ZipFile(path) as archive:
            self.assertEqual([(name, archive.read(name)) for name in archive.namelist()], self.tracks)

    def test_wget_resumes(self):
        for address, check in (("files/master.flac", lambda path: self.assertEqual(path.read_bytes(), self.master)),
                               ("stems.zip", self.check_stems)):
            cutter, path = self.cut(700_000, times=2), self.target(address.replace("/", "-"))
            self.run_client("wget", "-q", "-c", "--tries=5", "--waitretry=0", "--retry-connrefused", "--header", self.bearer, "-O", path,
                            f"http://127.0.0.1:{cutter.port}{self.api}/{address}")
            check(path)
            ranges = [line for request in cutter.requests for line in request.split("\r\n") if line.startswith("Range")]
            self.assertEqual(len(cutter.requests), 3)
            self.assertEqual(len(ranges), 2)

    def test_curl_resumes(self):
        cutter, path = self.cut(1_000_000), self.target("stems.zip")
        url = f"http://127.0.0.1:{cutter.port}{self.api}/stems.zip"
        first = subprocess.run(["curl", "-s", "-f", "-o", str(path), "-H", self.bearer, url], timeout=30, check=False)
        self.assertEqual(first.returncode, 18)  # a part of it
        self.run_client("curl", "-s", "-f", "-C", "-", "-o", path, "-H", self.bearer, url)
        self.check_stems(path)

    def test_rclone_over_http(self):
        copy = self.target("copy")
        self.run_client("rclone", "copy", "--http-url", f"{self.base}/dav/", "--http-headers",
                        f"Authorization,Bearer {self.host.token}", f":http:{TAKE}", copy)
        self.check_copy(copy)

    def rclone_dav(self, *command):
        password = self.run_client("rclone", "obscure", self.host.token).decode().strip()
        options = ["--webdav-url", f"{self.base}/dav/", "--webdav-user", "me", "--webdav-pass", password]
        return self.run_client("rclone", command[0], *options, *command[1:])

    def check_copy(self, copy):
        names = {str(path.relative_to(self.take)) for path in self.take.rglob("*") if path.is_file()}
        self.assertEqual({str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}, names)
        for name in names:
            self.assertEqual((copy / name).read_bytes(), (self.take / name).read_bytes(), name)

    def test_rclone_over_webdav(self):
        self.assertEqual(self.rclone_dav("lsf", ":webdav:").decode(), TAKE + "/\n")
        listed = json.loads(self.rclone_dav("lsjson", "-R", f":webdav:{TAKE}"))
        self.assertEqual({entry["Path"]: entry["Size"] for entry in listed if not entry["IsDir"]}["raw/01-kick.flac"], 3_000_000)
        copy = self.target("copy")
        self.rclone_dav("copy", f":webdav:{TAKE}", copy)
        self.check_copy(copy)
        refused = subprocess.run(["rclone", "--retries", "1", "touch", f":webdav,url='{self.base}/dav/',user=me,pass=x:{TAKE}/new"],
                                 capture_output=True, timeout=30, check=False)
        self.assertNotEqual(refused.returncode, 0)

    def test_ffprobe_and_seeking(self):
        url = f"{self.base}{self.api}/files/master.flac"
        headers = ["-headers", self.bearer + "\r\n"]
        probed = json.loads(self.run_client("ffprobe", "-v", "error", *headers, "-show_format", "-of", "json", url))
        self.assertAlmostEqual(float(probed["format"]["duration"]), SECONDS, places=3)
        cutter = self.cut(0, times=0)
        through = f"http://127.0.0.1:{cutter.port}{self.api}/files/master.flac"
        options = ["-ss", "50", "-t", "0.1", "-i"]
        decode = ["-f", "s16le", "-"]
        here = self.run_client("ffmpeg", "-v", "error", *options, self.take / "master.flac", *decode)
        there = self.run_client("ffmpeg", "-v", "error", *headers, *options, through, *decode)
        self.assertEqual(there, here)
        self.assertTrue(any("Range: bytes=" in request and "Range: bytes=0-" not in request
                            for request in cutter.requests), cutter.requests)


if __name__ == "__main__":
    unittest.main()
