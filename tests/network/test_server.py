"""What the network promises over HTTP (design, section 9), tried with real clients: who is let in, files and their parts,
commands, and a server's beginning and end."""

import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from fixture import TAKE, Hosted, Party  # noqa: E402
from parties import Folder, Host  # noqa: E402


class Http(Hosted):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        cls.host = Host(cls.folder.path, takes=3)
        cls.take = cls.folder.path / "takes" / TAKE

    def status(self, path, *options, token=True):
        return self.host.curl(path, *options, token=token)[0]

    def file(self, name, *options):
        return self.host.curl(f"/api/v1/takes/{TAKE}/files/{name}", *options)

    def test_token_file(self):
        mode = (self.folder.path / "token").stat().st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.assertEqual(len(self.host.token), 64)

    def test_token_guards(self):
        for path in ("/api/v1/state", "/api/v1/takes", f"/api/v1/takes/{TAKE}/files/master.flac"):
            status, headers, body = self.host.curl(path, token=False)
            self.assertEqual((status, headers["content-type"]), (401, "application/problem+json"))
            self.assertTrue(headers["www-authenticate"].startswith("Bearer"))
            self.assertEqual(json.loads(body)["status"], 401)
        for wrong in ("Bearer x", "Bearer", f"Bearer {self.host.token}x", f"Bearer {self.host.token[:-1]}",
                      f"Basic {self.host.token}", self.host.token):
            self.assertEqual(self.status("/api/v1/state", "-H", f"Authorization: {wrong}", token=False), 401)
        self.assertEqual(self.status("/api/v1/record/start", "-X", "POST", token=False), 401)

    def test_page(self):
        for path, kind in (("/", "text/html"), ("/web/style.css", "text/css"),
                           ("/web/app.js", "text/javascript")):
            status, headers, body = self.host.curl(path, token=False)
            self.assertEqual(status, 200)
            self.assertTrue(headers["content-type"].startswith(kind))
            self.assertEqual(headers["x-content-type-options"], "nosniff")
            self.assertIn("default-src 'none'", headers["content-security-policy"])
            self.assertNotIn("access-control-allow-origin", headers)
            self.assertGreater(len(body), 500)

    def test_cookie(self):
        token = json.dumps({"token": self.host.token})
        status, headers, _ = self.host.curl("/login", "-d", token, token=False)
        cookie = headers["set-cookie"]
        self.assertEqual(status, 204)
        self.assertIn("HttpOnly", cookie)
        self.assertIn("SameSite=Strict", cookie)
        cookie = ["-H", "Cookie: " + cookie.split(";")[0]]
        self.assertEqual(self.status("/api/v1/state", *cookie, token=False), 200)
        stop = ["-X", "POST", *cookie]
        same = f"Origin: http://127.0.0.1:{self.host.port}"
        for headers, expected in (([], 403), (["-H", "Origin: http://evil.example"], 403),
                                  (["-H", "Origin: null"], 403), (["-H", "Sec-Fetch-Site: cross-site"], 403),
                                  (["-H", "Sec-Fetch-Site: same-site"], 403),
                                  (["-H", "Sec-Fetch-Site: cross-site", "-H", same], 403),
                                  (["-H", "Sec-Fetch-Site: same-origin"], 409), (["-H", same], 409)):
            with self.subTest(headers=headers):
                self.assertEqual(self.status("/api/v1/record/stop", *stop, *headers, token=False), expected)
        for body in ('{"token": "x"}', "{}", '{"token": null}'):
            self.assertEqual(self.status("/login", "-d", body, token=False), 401)
        self.assertEqual(self.status("/login", "-d", "nonsense", token=False), 400)
        self.assertEqual(self.status("/login", "-d", token, "-H", "Origin: http://evil.example", token=False), 403)

    def test_host_header(self):
        name = socket.gethostname()
        for host, expected in (("localhost", 200), ("LOCALHOST:80", 200), ("127.0.0.1", 200), ("[::1]:8090", 200),
                               ("192.168.1.7:8090", 200), (name, 200), (f"{name}.local:8090", 200),
                               ("evil.example", 403), ("localhost.evil.example", 403), ("localhost:x", 403),
                               ("[::1", 403), ("127.0.0.1.evil.example", 403), ("", 403)):
            with self.subTest(host=host):
                header = f"Host: {host}" if host else "Host;"
                self.assertEqual(self.status("/api/v1/state", "-H", header), expected)

    def test_unknown_and_wrong_method(self):
        for path in ("/nothing", "/api/v1", "/api/v1/", "/api/v1/state/", "/api/v1/takes/", "/api/v2/state",
                     "//api/v1/state", f"/api/v1/takes/{TAKE}/files/", f"/api/v1/takes/{TAKE}/files",
                     "/api/v1/state%00"):
            self.assertEqual(self.status(path), 404, path)
        status, headers, _ = self.host.curl("/api/v1/state", "-X", "POST")
        self.assertEqual((status, headers["allow"]), (405, "GET, HEAD"))
        status, headers, _ = self.host.curl("/api/v1/record/start")
        self.assertEqual((status, headers["allow"]), (405, "POST"))
        self.assertEqual(self.status("/api/v1/state", "-X", "OPTIONS"), 405)
        self.assertEqual(self.status("/api/v1/state", "-X", "get"), 405)

    def test_takes(self):
        status, page = self.host.json("/api/v1/takes")
        self.assertEqual((status, len(page["takes"]), page["cursor"]), (200, 3, None))
        self.assertEqual(self.host.json("/api/v1/takes?cursor=&limit="), (200, page))
        ids, cursor = [], ""
        while cursor is not None:
            _, page = self.host.json(f"/api/v1/takes?limit=2&cursor={cursor or ''}")
            ids += [take["id"] for take in page["takes"]]
            cursor = page["cursor"]
        self.assertEqual(ids, sorted(ids, reverse=True))
        self.assertEqual(len(ids), 3)
        for bad in ("limit=0", "limit=-1", "limit=9999", "limit=x", "limit=%20", "cursor=..", "cursor=%2e%2e%2f"):
            self.assertEqual(self.status(f"/api/v1/takes?{bad}"), 400, bad)
        status, take = self.host.json(f"/api/v1/takes/{TAKE}")
        self.assertEqual((status, take["title"]), (200, "Night Bus"))
        for bad in ("20200101-000000-none", "..", "%2e%2e", "x", "20261122-190311-thursday%2f.."):
            self.assertEqual(self.status(f"/api/v1/takes/{bad}"), 404, bad)

    def test_file(self):
        status, headers, body = self.file("master.flac")
        expected = (self.take / "master.flac").read_bytes()
        self.assertEqual((status, body), (200, expected))
        self.assertEqual(headers["etag"], f'"{hashlib.sha256(expected).hexdigest()}"')
        self.assertEqual(headers["content-type"], "audio/flac")
        self.assertEqual(headers["accept-ranges"], "bytes")
        self.assertEqual(headers["content-disposition"], 'attachment; filename="Night Bus - master.flac"')
        status, head, body = self.file("master.flac", "-I")
        self.assertEqual((status, head["content-length"]), (200, str(len(expected))))
        self.assertTrue(body.endswith(b"\r\n\r\n"))
        self.assertEqual(head["etag"], headers["etag"])
        self.assertEqual(self.file("raw/01-kick.flac")[0], 200)
        self.assertEqual(self.file("raw%2f01-kick.flac")[0], 200)
        status, headers, body = self.file("take.json")
        self.assertEqual((status, headers["content-type"]), (200, "application/json"))
        self.assertEqual(headers["etag"], f'"{hashlib.sha256(body).hexdigest()}"')

    def test_ranges(self):
        whole = (self.take / "master.flac").read_bytes()
        size = len(whole)
        for given, first, last in (("0-0", 0, 0), ("0-99", 0, 99), ("100-", 100, size - 1), ("-1", size - 1, size - 1),
                                   (f"0-{size * 2}", 0, size - 1), (f"-{size * 2}", 0, size - 1),
                                   (f"{size - 1}-99999999999999999999999", size - 1, size - 1)):
            with self.subTest(given=given):
                status, headers, body = self.file("master.flac", "-r", given)
                self.assertEqual((status, body), (206, whole[first:last + 1]))
                self.assertEqual(headers["content-range"], f"bytes {first}-{last}/{size}")
        for given in (f"{size}-", f"{size}-{size + 5}", "-0", "99999999999999999999999-"):
            with self.subTest(given=given):
                status, headers, _ = self.file("master.flac", "-r", given)
                self.assertEqual((status, headers["content-range"]), (416, f"bytes */{size}"))
        for header in ("bytes=5-1", "bytes=x-", "bytes=", "bytes=-", "items=0-1", "bytes=0-1,5-6", "bytes=0x1-2",
                       "bytes=1-2x", "bytes= - 5"):
            self.assertEqual(self.file("master.flac", "-H", f"Range: {header}")[0], 200, header)

    def test_conditions(self):
        etag = self.file("master.flac", "-I")[1]["etag"]
        match = lambda value, *more: self.file("master.flac", "-H", f"If-None-Match: {value}", *more)  # noqa: E731
        for value in (etag, f"W/{etag}", "*", f'"x", {etag}'):
            status, headers, body = match(value)
            self.assertEqual((status, body, headers["etag"]), (304, b"", etag), value)
        self.assertEqual(match('"x"')[0], 200)
        self.assertEqual(match(etag, "-r", "0-1")[0], 304)
        self.assertEqual(self.file("master.flac", "-r", "0-1", "-H", f"If-Range: {etag}")[0], 206)
        for value in ('"x"', f"W/{etag}", "Sun, 22 Nov 2026 15:04:49 GMT"):
            self.assertEqual(self.file("master.flac", "-r", "0-1", "-H", f"If-Range: {value}")[0], 200, value)

    def test_resume(self):
        part = self.folder.path / "part"
        part.write_bytes((self.take / "master.flac").read_bytes()[:1000000])
        subprocess.run(["curl", "-s", "-f", "-C", "-", "-o", str(part), "-H", f"Authorization: Bearer {self.host.token}",
                        f"http://127.0.0.1:{self.host.port}/api/v1/takes/{TAKE}/files/master.flac"], check=True)
        self.assertEqual(part.read_bytes(), (self.take / "master.flac").read_bytes())

    def test_nothing_else_gets_out(self):
        (self.take / "peaks").mkdir(exist_ok=True)
        for name, target in (("peaks/link.json", "/etc/hostname"), ("report.json", "secret.txt"),
                             ("peaks/folder.json", None)):
            path = self.take / name
            path.symlink_to(target) if target else path.mkdir()
        os.mkfifo(self.take / "peaks/pipe.json")
        for name in ("secret.txt", "../20261122-190411-thursday/master.flac", "%2e%2e/x", "..%2f..%2ftoken", "../../token",
                     "/etc/passwd", "%2fetc%2fpasswd", "raw/../secret.txt", "raw/", "raw", ".", "peaks/link.json",
                     "peaks/../secret.json", "peaks/folder.json", "peaks/pipe.json", "report.json", "master.flac/",
                     "master.flac%00", "./master.flac", "raw//01-kick.flac", "peaks/.json", "%ff%fe"):
            with self.subTest(name=name):
                self.assertEqual(self.file(name)[0], 404)
        link = self.folder.path / "takes" / "20270101-000000-link"
        link.symlink_to(self.take)
        self.assertEqual(self.status(f"/api/v1/takes/{link.name}/files/master.flac"), 404)
        link.unlink()

    def test_commands(self):
        post = lambda path, body=None, *more: self.host.json(  # noqa: E731
            path, "-X", "POST", *(["-d", body] if body is not None else []), *more)
        self.assertEqual(post("/api/v1/record/start")[0], 202)
        self.assertEqual(post("/api/v1/record/start")[0], 409)
        self.assertEqual(self.host.json("/api/v1/state")[1]["record"], "recording")
        self.assertEqual(post("/api/v1/record/stop", "{}")[0], 202)
        self.assertEqual(post("/api/v1/marker", '{"label": "solo"}')[0], 202)
        for body in ("{}", "[]", "x", '{"label": 1}', '{"label": "a", "b": 1}', '{"label": ""}'):
            self.assertEqual(post("/api/v1/marker", body)[0], 400, body)
        self.assertEqual(post(f"/api/v1/takes/{TAKE}/render")[1]["take"], TAKE)
        self.assertEqual(post(f"/api/v1/takes/{TAKE}/render", '{"take": "20200101-000000-x"}')[1]["take"], TAKE)
        self.assertEqual(self.host.json("/api/v1/sessions")[1]["sessions"], ["default", "thursday"])

    def test_commands_to_takes_that_there_cannot_be(self):
        """As GET says of the same addresses; and what the body names is no other way to a take."""
        for name in ("%2e%2e", "nothing", "20200101-000000-X", "%ff", f"{TAKE}%00"):
            for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/render")):
                with self.subTest(name=name, method=method):
                    status, body = self.host.json(f"/api/v1/takes/{name}{path}", "-X", method, "-d",
                                                  json.dumps({"take": TAKE}))
                    self.assertEqual((status, body["status"]), (404, 404))

    def test_large_bodies(self):
        body = self.folder.path / "large"
        body.write_bytes(b"x" * 70000)
        big = ["-X", "POST", "--data-binary", f"@{body}"]
        self.assertEqual(self.status("/api/v1/marker", *big), 413)
        self.assertEqual(self.status("/api/v1/marker", *big, "-H", "Transfer-Encoding: chunked"), 413)
        body.write_bytes(b"x" * 20000000)
        self.assertIn(self.status("/api/v1/marker", *big), (413, -55, -56))
        self.assertLess(self.status("/api/v1/marker", *big, "-H", "Transfer-Encoding: chunked"), 500)
        self.assertEqual(self.status("/api/v1/state", "-H", "X-Long: " + "y" * 100000), 431)
        self.assertEqual(self.status("/api/v1/state"), 200)

    def test_slow_and_silent_clients(self):
        idle = [socket.create_connection(("127.0.0.1", self.host.port)) for _ in range(40)]
        for client in idle:
            client.sendall(b"POST /api/v1/marker HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{")
        slow = subprocess.Popen(["curl", "-s", "-o", "/dev/null", "--limit-rate", "100k", "-H",
                                 f"Authorization: Bearer {self.host.token}",
                                 f"http://127.0.0.1:{self.host.port}/api/v1/takes/{TAKE}/files/master.flac"])
        start = time.monotonic()
        for _ in range(10):
            self.assertEqual(self.status("/api/v1/state"), 200)
        self.assertLess(time.monotonic() - start, 3)
        slow.kill()
        slow.wait()
        for client in idle:
            client.close()


class Lifecycle(Party):
    def test_port_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            with self.assertRaisesRegex(AssertionError, "Address already in use"):
                Host(self.folder.path, options=["--listen", f"127.0.0.1:{taken.getsockname()[1]}"])

    def test_bad_settings(self):
        for options, message in ((["--listen", "nowhere"], "not ADDRESS:PORT"), (["--listen", "::1:80"], "not ADDRESS"),
                                 (["--listen", "example.org:80"], "listen"), (["--mqtt", "http://x"], "mqtt://")):
            with self.subTest(options=options), self.assertRaisesRegex(AssertionError, message):
                Host(self.folder.path, options=options)
        (self.folder.path / "token").write_text("short")
        with self.assertRaisesRegex(AssertionError, "not a token"):
            Host(self.folder.path)

    def test_stop_while_clients_wait(self):
        """A stopped loop keeps calls suspended; the end answers them."""
        host = Host(self.folder.path, takes=1)
        self.addCleanup(host.close)
        stop = threading.Event()

        def hammer():
            while not stop.is_set():
                subprocess.run(["curl", "-s", "-m", "5", "-o", "/dev/null", "-X", "POST", "-H",
                                f"Authorization: Bearer {host.token}",
                                f"http://127.0.0.1:{host.port}/api/v1/record/start"], check=False)

        hammers = [threading.Thread(target=hammer) for _ in range(6)]
        for thread in hammers:
            thread.start()
        time.sleep(1)
        status = host.kill()
        stop.set()
        for thread in hammers:
            thread.join()
        self.assertEqual(status, 0)

    def test_ipv6(self):
        if not socket.has_ipv6:
            self.skipTest("no IPv6")
        host = Host(self.folder.path, options=["--listen", "[::1]:0"])
        self.addCleanup(host.close)
        status = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-g",
                                 f"http://[::1]:{host.port}/"], capture_output=True, text=True, check=False).stdout
        self.assertEqual(status, "200")


if __name__ == "__main__":
    unittest.main()
