"""Takes made by hand and plain HTTP, for what the host of the tests serves."""
import hashlib
import http.client
import json
import random
import zlib


def checksums(data):
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), "crc32": f"{zlib.crc32(data):08x}"}


def make_take(takes, name, tracks, renders=(), state="mastered", sums=True):
    """A take's folder: `tracks` and `renders` are (file, bytes)."""
    folder = takes / name
    (folder / "raw").mkdir(parents=True)
    (folder / "peaks").mkdir()
    none = {"bytes": 0, "sha256": None, "crc32": None}
    manifest = {
        "format": 1, "id": name, "session": "thursday", "title": "Night Bus", "artist": None, "state": state,
        "error": None, "recovered": False, "started": "2026-11-22T19:03:11.123456Z", "rate": 48000, "frames": 480000,
        "pre_roll_frames": 0, "markers": [],
        "interfaces": [{"name": "xr18", "node": "alsa", "frames": 480000, "ppm": 0.0, "gaps": []}],
        "tracks": [{"index": i + 1, "name": f"t{i + 1}", "role": None, "inputs": [f"xr18/{i + 1}"], "file": file,
                    "frames": 480000, "peak_dbfs": None, "lufs": None, "clipped": 0,
                    **(checksums(data) if sums else none)} for i, (file, data) in enumerate(tracks)],
        "renders": [{"file": file, "lufs": -14.0, "dbtp": -1.0, **checksums(data)} for file, data in renders]}
    for file, data in [*tracks, *renders]:
        (folder / file).write_bytes(data)
    (folder / "take.json").write_text(json.dumps(manifest))
    return folder


def noise(size, seed):
    return random.Random(seed).randbytes(size)


class Client:
    """One connection that is kept."""

    def __init__(self, host):
        self.host = host
        self.connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=20)

    def ask(self, method, path, headers=None, body=None, token=True):
        """status, headers (lower case), body"""
        given = {"Authorization": f"Bearer {self.host.token}"} if token else {}
        self.connection.request(method, path, body, {**given, **(headers or {})})
        answer = self.connection.getresponse()
        found = {}
        for name, value in answer.getheaders():
            found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
        return answer.status, found, answer.read()

    def get(self, path, **headers):
        return self.ask("GET", path, {name.replace("_", "-"): value for name, value in headers.items()})

    def close(self):
        self.connection.close()
