"""What HTTP gives away: archives, folders and figures, and what it does when it is treated badly."""
import base64
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest
import xml.etree.ElementTree
import zipfile

sys.path.insert(0, os.path.dirname(__file__))
from fixture import Hosted  # noqa: E402
from parties import Folder, Host, until  # noqa: E402
from web import Client, make_take, noise  # noqa: E402

TAKE = "20261122-190311-thursday"
RUNNING = "20261123-190311-running"


class Server(Hosted):
    """A host with one take of three files and one that is being recorded."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        cls.takes = cls.folder.path / "takes"
        cls.tracks = [("raw/01-kick.flac", noise(300_001, 1)), ("raw/02-vox.flac", noise(70_000, 2)),
                      ("raw/03-none.flac", b"")]
        cls.master = noise(2_000_000, 3)
        cls.take = make_take(cls.takes, TAKE, cls.tracks, [("master.flac", cls.master)])
        (cls.take / "session.yaml").write_text("woodshed: 1\nname: thursday\n")
        (cls.take / "report.json").write_text("{}")
        (cls.take / "peaks/master.json").write_text('{"version": 2}')
        cls.running = make_take(cls.takes, RUNNING, [("raw/01-kick.flac", noise(5000, 4))], state="recording",
                                sums=False)
        cls.host = Host(cls.folder.path)

    def setUp(self):
        self.client = Client(self.host)
        self.addCleanup(self.client.close)


class Zip(Server):
    PATH = f"/api/v1/takes/{TAKE}/stems.zip"

    def test_holds_the_tracks(self):
        status, headers, body = self.client.get(self.PATH)
        self.assertEqual((status, headers["content-type"]), (200, "application/zip"))
        self.assertEqual(headers["content-length"], str(len(body)))
        self.assertEqual(headers["content-disposition"], 'attachment; filename="Night Bus - stems.zip"')
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual([(info.filename, archive.read(info)) for info in archive.infolist()], self.tracks)
            for info in archive.infolist():
                self.assertEqual((info.compress_type, info.date_time, info.external_attr >> 16),
                                 (zipfile.ZIP_STORED, (2026, 11, 22, 19, 3, 10), 0o100644))
        self.assertIn(b"PK\x06\x06", body[-100:])
        self.assertEqual(self.client.get(self.PATH)[2], body)

    def test_head(self):
        whole = self.client.get(self.PATH)
        status, headers, body = self.client.ask("HEAD", self.PATH)
        self.assertEqual((status, body), (200, b""))
        for name in ("content-length", "etag", "content-type", "accept-ranges"):
            self.assertEqual(headers[name], whole[1][name])

    def test_every_part_is_the_same(self):
        _, headers, whole = self.client.get(self.PATH)
        size, etag = len(whole), headers["etag"]
        self.assertRegex(etag, r'^"[0-9a-f]{64}"$')
        ends = [0, 1, 29, 30, 70, 71, 300_000, 300_070, 300_100, 370_000, 370_200, size - 23, size - 1]
        for first in ends:
            for last in {first, first + 1, first + 50, first + 200_000, size - 1}:
                status, headers, body = self.client.get(self.PATH, Range=f"bytes={first}-{last}", If_Range=etag)
                self.assertEqual((status, body), (206, whole[first:last + 1]), (first, last))
                self.assertEqual(headers["content-range"], f"bytes {first}-{min(last, size - 1)}/{size}")
        self.assertEqual(self.client.get(self.PATH, Range=f"bytes={size}-")[0], 416)
        self.assertEqual(self.client.get(self.PATH, If_None_Match=etag)[0], 304)
        self.assertEqual(self.client.get(self.PATH, If_Match='"x"')[0], 412)
        self.assertEqual(self.client.get(self.PATH, Range="bytes=0-1", If_Range='"x"')[0], 200)

    def test_refusals(self):
        self.assertEqual(self.client.get(f"/api/v1/takes/{RUNNING}/stems.zip")[0], 409)
        self.assertEqual(self.client.get("/api/v1/takes/20200101-000000-x/stems.zip")[0], 404)
        self.assertEqual(self.client.get("/api/v1/takes/..%2f/stems.zip")[0], 404)
        self.assertEqual(self.client.ask("POST", self.PATH)[0], 405)
        # A file that is not what the manifest says ends the answer; nothing else is passed off as it.
        other = make_take(self.takes, "20261124-190311-short", [("raw/01-kick.flac", noise(50000, 5))])
        (other / "raw/01-kick.flac").write_bytes(b"short")
        with self.assertRaises((ConnectionError, __import__("http.client").client.HTTPException)):
            self.client.get(f"/api/v1/takes/{other.name}/stems.zip")
        shutil.rmtree(other)

    def test_past_four_gigabytes(self):
        """Holes instead of sound; only the end is read, where every figure needs its 64 bits."""
        take = make_take(self.takes, "20261125-190311-long", [(f"raw/0{i}-t.flac", b"") for i in (1, 2)])
        manifest = json.loads((take / "take.json").read_text())
        for track in manifest["tracks"]:
            track["bytes"] = 5 << 30
            os.truncate(take / track["file"], 5 << 30)
        (take / "take.json").write_text(json.dumps(manifest))
        path = f"/api/v1/takes/{take.name}/stems.zip"
        size = int(self.client.ask("HEAD", path)[1]["content-length"])
        self.assertGreater(size, 10 << 30)
        end = self.client.get(path, Range="bytes=-1000")[2]

        class Tail(io.RawIOBase):
            at = 0
            seekable = readable = lambda self: True

            def seek(self, offset, whence=0):
                self.at = {0: 0, 1: self.at, 2: size}[whence] + offset
                return self.at

            def tell(self):
                return self.at

            def read(self, count=-1):
                begin = self.at - (size - len(end))
                data = end[begin:] if count < 0 else end[begin:begin + count]
                self.at += len(data)
                return data

        with zipfile.ZipFile(Tail()) as archive:
            first, second = archive.infolist()
            self.assertEqual((first.file_size, second.file_size), (5 << 30, 5 << 30))
            self.assertGreater(second.header_offset, 5 << 30)
        header = self.client.get(path, Range=f"bytes={second.header_offset}-{second.header_offset + 3}")[2]
        self.assertEqual(header, b"PK\x03\x04")
        shutil.rmtree(take)


class Files(Server):
    def file(self, take, name, **headers):
        return self.client.get(f"/api/v1/takes/{take}/files/{name}", **headers)

    def test_a_running_take_grows(self):
        path = self.running / "raw/01-kick.flac"
        before = path.read_bytes()
        status, headers, body = self.file(RUNNING, "raw/01-kick.flac")
        self.assertEqual((status, body), (200, before))
        self.assertNotIn("etag", headers)
        with path.open("ab") as more:
            more.write(b"more")
        status, headers, body = self.file(RUNNING, "raw/01-kick.flac", Range=f"bytes={len(before)}-")
        self.assertEqual((status, body), (206, b"more"))
        self.assertEqual(headers["content-range"], f"bytes {len(before)}-{len(before) + 3}/{len(before) + 4}")
        # What can change has no tag to be compared, so a part with a condition is all of it.
        self.assertEqual(self.file(RUNNING, "raw/01-kick.flac", Range="bytes=1-", If_Range='"x"')[0], 200)

    def test_companions(self):
        for name, kind in (("take.json", "application/json"), ("session.yaml", "application/yaml"),
                           ("report.json", "application/json"), ("peaks/master.json", "application/json"),
                           ("master.flac", "audio/flac"), ("raw/02-vox.flac", "audio/flac")):
            status, headers, body = self.file(TAKE, name)
            self.assertEqual((status, headers["content-type"], body), (200, kind, (self.take / name).read_bytes()))
            self.assertRegex(headers["etag"], r'^"[0-9a-f]{64}"$')
            self.assertEqual(headers["content-disposition"],
                             f'attachment; filename="Night Bus - {name.rpartition("/")[2]}"')
            self.assertRegex(headers["last-modified"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
        self.assertEqual(self.file(TAKE, "mix.flac")[0], 404)
        self.assertEqual(self.file(TAKE, "raw/03-none.flac")[::2], (200, b""))
        self.assertEqual(self.file(TAKE, "raw/03-none.flac", Range="bytes=0-")[0], 416)


class Dav(Server):
    NAMESPACE = "{DAV:}"

    def propfind(self, path, depth="1", **more):
        return self.client.ask("PROPFIND", path, {"Depth": depth, **more.pop("headers", {})}, **more)

    def listed(self, path, depth="1"):
        """href → its properties"""
        status, headers, body = self.propfind(path, depth)
        self.assertEqual((status, headers["content-type"]), (207, "application/xml; charset=utf-8"), body)
        found = {}
        for response in xml.etree.ElementTree.fromstring(body).findall("{DAV:}response"):
            properties = response.find("{DAV:}propstat/{DAV:}prop")
            found[response.findtext("{DAV:}href")] = {child.tag[6:]: child.text or [part.tag for part in child]
                                                      for child in properties}
        return found

    def test_options(self):
        for path in ("/dav", "/dav/", f"/dav/{TAKE}/"):
            status, headers, _ = self.client.ask("OPTIONS", path)
            self.assertEqual((status, headers["dav"]), (200, "1"))
            self.assertEqual(headers["allow"], "OPTIONS, GET, HEAD, PROPFIND")

    def test_password(self):
        basic = lambda text: {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}  # noqa: E731
        for user in ("", "me", "room 1"):
            status, _, _ = self.propfind("/dav/", headers=basic(f"{user}:{self.host.token}"), token=False)
            self.assertEqual(status, 207)
        for wrong in (basic("me:"), basic(f"me:{self.host.token}x"), basic(self.host.token), {"Authorization": "Basic"},
                      {"Authorization": "Basic %%%"}, {}):
            status, headers, _ = self.propfind("/dav/", headers=wrong, token=False)
            self.assertEqual(status, 401)
            self.assertIn("Basic", headers["www-authenticate"])
        # A browser sends a password wherever it is told to; it is good for looking at files alone.
        right = basic(f"me:{self.host.token}")
        self.assertEqual(self.client.ask("GET", "/api/v1/state", right, token=False)[0], 401)
        self.assertEqual(self.client.ask("POST", "/api/v1/record/start", right, token=False)[0], 401)

    def test_folders(self):
        library = self.listed("/dav/")
        self.assertEqual(list(library)[0], "/dav/")
        self.assertEqual(set(library), {"/dav/", f"/dav/{TAKE}/", f"/dav/{RUNNING}/"})
        self.assertEqual(library[f"/dav/{TAKE}/"], {
            "displayname": TAKE, "getlastmodified": "Sun, 22 Nov 2026 19:03:11 GMT",
            "resourcetype": ["{DAV:}collection"]})
        take = self.listed(f"/dav/{TAKE}/")
        names = ["", "raw/", "master.flac", "take.json", "session.yaml", "report.json", "peaks/"]
        self.assertEqual(list(take), [f"/dav/{TAKE}/{name}" for name in names])
        master = take[f"/dav/{TAKE}/master.flac"]
        self.assertEqual((master["getcontentlength"], master["getcontenttype"]), ("2000000", "audio/flac"))
        self.assertEqual(master["getetag"], self.client.get(f"/dav/{TAKE}/master.flac")[1]["etag"])
        raw = self.listed(f"/dav/{TAKE}/raw")
        self.assertEqual(list(raw), [f"/dav/{TAKE}/raw/"] + [f"/dav/{TAKE}/{file}" for file, _ in self.tracks])

    def test_depth(self):
        self.assertEqual(list(self.listed("/dav/", "0")), ["/dav/"])
        self.assertEqual(list(self.listed(f"/dav/{TAKE}", "0")), [f"/dav/{TAKE}/"])
        self.assertEqual(list(self.listed(f"/dav/{TAKE}/raw", "0")), [f"/dav/{TAKE}/raw/"])
        for depth in ("0", "1"):
            self.assertEqual(list(self.listed(f"/dav/{TAKE}/raw/02-vox.flac", depth)), [f"/dav/{TAKE}/raw/02-vox.flac"])
        for depth, expected in (("infinity", 403), ("Infinity", 403), ("2", 400), ("", 400), ("1,noroot", 400)):
            self.assertEqual(self.propfind("/dav/", depth)[0], expected, depth)
        self.assertEqual(self.client.ask("PROPFIND", "/dav/")[0], 403)

    def test_files(self):
        status, headers, body = self.client.get(f"/dav/{TAKE}/master.flac", Range="bytes=10-19")
        self.assertEqual((status, body), (206, self.master[10:20]))
        self.assertEqual(self.client.ask("HEAD", f"/dav/{TAKE}/master.flac")[1]["content-length"], "2000000")
        self.assertEqual(self.client.get(f"/dav/{TAKE}/raw/02-vox.flac")[2], self.tracks[1][1])
        for path in ("/dav", f"/dav/{TAKE}", f"/dav/{TAKE}/raw"):
            status, headers, body = self.client.get(path)
            self.assertEqual((status, headers["location"], body), (301, path + "/", b""))
        status, headers, body = self.client.get(f"/dav/{TAKE}/")
        self.assertEqual((status, headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(f'href="/dav/{TAKE}/raw/"', body.decode())

    def test_bodies(self):
        for body in (b'<?xml version="1.0"?><propfind xmlns="DAV:"><allprop/></propfind>', b"", b"\xef\xbb\xbf <a/>"):
            self.assertEqual(self.propfind("/dav/", body=body)[0], 207)
        self.assertEqual(self.propfind("/dav/", body=b"hello")[0], 400)
        self.assertEqual(self.propfind("/dav/", body=b"<" + b"a" * 70000)[0], 413)

    def test_nothing_is_written(self):
        path = f"/dav/{TAKE}/master.flac"
        for method in ("PUT", "DELETE", "MKCOL", "MOVE", "COPY", "PROPPATCH", "LOCK", "UNLOCK", "POST"):
            status, headers, _ = self.client.ask(method, path, {"Destination": "/dav/x"}, b"x")
            self.assertEqual((status, headers["allow"]), (405, "OPTIONS, GET, HEAD, PROPFIND"), method)
        self.assertEqual((self.take / "master.flac").read_bytes(), self.master)

    def test_nothing_else_gets_out(self):
        (self.take / "secret.txt").write_text("secret")
        for path in ("/dav/nothing/", "/dav/..", "/dav/%2e%2e/", f"/dav/{TAKE}/secret.txt", f"/dav/{TAKE}/nothing/",
                     f"/dav/{TAKE}/raw/..", f"/dav/{TAKE}/raw/../secret.txt", f"/dav/{TAKE}/%2e%2e/token", "/dav//",
                     f"/dav/{TAKE}//raw", f"/dav/{TAKE}/ra", f"/dav/{TAKE}/raw/01", "/davx", "/dav/%ff"):
            for method in ("GET", "PROPFIND"):
                self.assertEqual(self.client.ask(method, path, {"Depth": "1"})[0], 404, (method, path))
        self.assertNotIn("secret.txt", str(self.listed(f"/dav/{TAKE}/")))

    def test_many_takes(self):
        takes = self.folder.path / "many"
        for i in range(500):
            make_take(takes, f"20250101-{i // 3600:02}{i // 60 % 60:02}{i % 60:02}-many", [])
        host = Host(self.folder.path, options=["--takes", str(takes)])
        self.addCleanup(host.close)
        client = Client(host)
        self.addCleanup(client.close)
        begun = time.monotonic()
        status, _, body = client.ask("PROPFIND", "/dav/", {"Depth": "1"})
        self.assertLess(time.monotonic() - begun, 0.5)
        self.assertEqual((status, body.count(b"<D:response>")), (207, 501))


class Metrics(Server):
    LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\\\n]*",?)*)\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$')

    def read(self):
        status, headers, body = self.client.get("/metrics")
        self.assertEqual((status, headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        return body.decode()

    def parse(self, text):
        """Everything that the format asks for: a family's HELP and TYPE, then its samples, all together."""
        kinds, samples, family = {}, {}, None
        self.assertTrue(text.endswith("\n"))
        for line in text.splitlines():
            if line.startswith("# HELP "):
                family = line.split(" ", 3)[2]
                self.assertNotIn(family, kinds)
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.assertEqual(name, family)
                self.assertIn(kind, ("gauge", "counter"))
                self.assertEqual(kind == "counter", name.endswith("_total"), name)
                kinds[name] = kind
            else:
                match = self.LINE.match(line)
                self.assertTrue(match, line)
                self.assertEqual(match[1], family)
                self.assertNotIn((match[1], match[2]), samples)
                samples[match[1], match[2]] = float(match[3])
        return samples

    def test_figures(self):
        until(lambda: "woodshed_disk_free_bytes" in self.read(), "health")
        samples = self.parse(self.read())
        for name, value in (("recording", 0), ("takes", 2), ("xruns_total", 0), ("gaps_total", 0), ("ok", 1), ("alerts", 1),
                            ("disk_free_bytes", 5e9), ("disk_lost_frames_total", 4096), ("renders", 0), ("ring_bytes", 0), ("http_listeners", 0)):
            self.assertEqual(samples["woodshed_" + name, None], value, name)
        self.assertGreater(samples["woodshed_resident_memory_bytes", None], 1e6)
        self.assertEqual(samples["woodshed_record_state", 'state="idle"'], 1)
        self.assertNotIn(("woodshed_disk_left_seconds", None), samples)

    def test_counts(self):
        count = lambda code: self.parse(self.read())["woodshed_http_requests_total", f'code="{code}xx"']  # noqa: E731
        fine, bad = count(2), count(4)
        self.client.get("/nothing")
        self.assertEqual((count(2), count(4)), (fine + 2, bad + 1))

    def test_needs_the_token(self):
        self.assertEqual(self.client.ask("GET", "/metrics", token=False)[0], 401)
        self.assertEqual(self.client.ask("POST", "/metrics")[0], 405)


class Hostile(Server):
    def open(self, text=b""):
        connection = socket.create_connection(("127.0.0.1", self.host.port), 20)
        self.addCleanup(connection.close)
        connection.sendall(text)
        return connection

    def raw(self, text):
        with self.open(text) as connection:
            connection.settimeout(20)
            answer = b""
            try:
                while (data := connection.recv(65536)):
                    answer += data
                    if b"\r\n\r\n" in answer:
                        break
            except ConnectionError:
                pass
        return int(answer.split()[1]) if answer.startswith(b"HTTP/1.") else None, answer

    def ask(self, path="/api/v1/state", more=""):
        return self.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.host.token}\r\n"
                        f"{more}\r\n".encode("latin-1"))

    def test_too_much_of_everything(self):
        for path, more in (("/api/v1/state", "X-A: " + "a" * 20000 + "\r\n"),
                           ("/api/v1/state", "".join(f"X-{i}: {'a' * 15}\r\n" for i in range(800))),
                           ("/api/v1/state?" + "a" * 30000, ""), ("/" + "a" * 60000, ""),
                           ("/api/v1/state", "Cookie: " + f"a={'b' * 50}; " * 500 + "\r\n")):
            status, answer = self.ask(path, more)
            self.assertEqual(status, 431)
            self.assertIn(b"application/problem+json", answer)
        for size in (200_000, 5_000_000):
            try:
                status, _ = self.ask("/api/v1/state", "X-A: " + "a" * size + "\r\n")
            except ConnectionError:
                continue
            self.assertIn(status, (431, None))
        self.assertEqual(self.ask()[0], 200)

    def test_rubbish(self):
        for text in (b"\r\n\r\n\r\n\r\n", b"GET\r\n\r\n", b"GET /\r\n\r\n", b"\0" * 1000 + b"\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n",
                     b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"\xff\xfe" * 300 + b"\r\n\r\n",
                     b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                     b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n",
                     b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500):
            with self.open(text) as connection:
                connection.settimeout(0.5)  # what is not even half a request is waited for, and may be
                answer = b""
                try:
                    while (data := connection.recv(65536)):
                        answer += data
                except (ConnectionError, TimeoutError):
                    pass
            self.assertNotRegex(answer, rb"^HTTP/1\.[01] (2|50[0-4])", text)
        self.assertEqual(self.ask()[0], 200)

    def test_traversal(self):
        """However it is written, nothing but a take's own files is behind these addresses."""
        ups = ("..", "%2e%2e", ".%2e", "%2E.", "%252e%252e", "..%00", "..;", "%c0%ae%c0%ae", "\xc0\xae\xc0\xae", "....//")
        slashes = ("/", "%2f", "%5c", "\\", "%c0%af", "//")
        for base in ("", f"/api/v1/takes/{TAKE}/files", f"/dav/{TAKE}", "/dav", "/api/v1/takes"):
            for up in ups:
                for slash in slashes:
                    for target in ("etc/passwd", "token", "../token"):
                        path = f"{base}/" + (up + slash) * 4 + target
                        status, answer = self.ask(path)
                        self.assertIn(status, (400, 404), path)
                        self.assertNotIn(b"root:", answer)

    def test_foreign_pages(self):
        origin = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
        cookie = {"Cookie": f"woodshed-token={self.host.token}", **origin}
        for method, path, body in (("POST", "/api/v1/record/start", None), ("DELETE", f"/api/v1/takes/{TAKE}", None),
                                   ("PATCH", f"/api/v1/takes/{TAKE}", b'{"title": "x"}'), ("POST", "/api/v1/marker", b"{}")):
            self.assertEqual(self.client.ask(method, path, cookie, body, token=False)[0], 403)
        for path in ("/", "/api/v1/state", "/dav/"):
            status, headers, _ = self.client.ask("GET", path, origin)
            self.assertNotIn("access-control-allow-origin", headers)
            self.assertEqual(headers["cross-origin-resource-policy"], "same-origin")
            self.assertEqual(self.client.ask("GET", path, {"Host": "evil.example"})[0], 403)
        self.assertEqual(self.client.ask("OPTIONS", "/api/v1/record/start",
                                         {**origin, "Access-Control-Request-Method": "POST"})[0], 405)

    def test_problems(self):
        for method, path, status, body in (
                ("GET", "/nothing", 404, None), ("POST", "/api/v1/state", 405, None), ("GET", "/api/v1/takes?limit=x", 400, None),
                ("POST", "/api/v1/marker", 413, b"x" * 70000), ("POST", "/api/v1/marker", 400, b"x"),
                ("GET", f"/api/v1/takes/{TAKE}/files/x", 404, None), ("PROPFIND", "/dav/", 403, None)):
            found, headers, answer = self.client.ask(method, path, body=body)
            self.assertEqual((found, headers["content-type"]), (status, "application/problem+json"), path)
            problem = json.loads(answer)
            self.assertEqual(set(problem), {"type", "title", "status", "detail"})
            self.assertEqual(problem["status"], status)
            if status == 413:
                self.client.close()

    def test_five_hundred_slow_ones(self):
        """Half a request each, a byte now and then; a download begun before and one begun after both go on."""
        path = f"/api/v1/takes/{TAKE}/files/master.flac"
        slow = subprocess.Popen(["curl", "-s", "--limit-rate", "600k", "-H", f"Authorization: Bearer {self.host.token}",
                                 f"http://127.0.0.1:{self.host.port}{path}"], stdout=subprocess.PIPE)
        crowd = [self.open(b"GET /api/v1/state HTTP/1.1\r\nHost: local" if i % 2 else
                           b"POST /api/v1/marker HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
                 for i in range(500)]
        stop = threading.Event()

        def trickle():
            while not stop.wait(0.2):
                for connection in crowd:
                    try:
                        connection.send(b"x")
                    except OSError:
                        pass

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            for _ in range(20):
                begun = time.monotonic()
                self.assertEqual(self.ask()[0], 200)
                self.assertLess(time.monotonic() - begun, 1)
            self.assertEqual(self.client.get(path)[2], self.master)
            self.assertEqual(slow.communicate(timeout=30)[0], self.master)
        finally:
            stop.set()
            thread.join()


if __name__ == "__main__":
    unittest.main()
