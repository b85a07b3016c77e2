"""HTTP as an enemy, beside a recorder: whatever is thrown at it, the take is whole and a download that goes on is too.
What each of the attacks is answered with: tests/network/test_http.py."""
import contextlib
import hashlib
import itertools
import json
import socket

from e2e.crowd import finish, recording
from network.web import Client, make_take, noise

CHANNELS = {"desk": 8}
SLOW = 500
OLD, FILE = "20260101-000000-old", "raw/01-noise.flac"
UPS = ("..", "%2e%2e", "%252e%252e", "..%00", "%c0%ae%c0%ae")
FOREIGN = ({"Host": "evil.example"}, {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}, {"Origin": "null"})


def raw(home, text):
    """What the service says to these bytes; what is not even half a request it waits for, and may."""
    with socket.create_connection(("127.0.0.1", home.port), 20) as connection, \
            contextlib.suppress(ConnectionError, TimeoutError):
        connection.sendall(text)
        connection.settimeout(0.5)
        return connection.recv(65536)
    return b""


def attack(home):
    """Floods of headers, rubbish, paths that lead out, ranges that mean nothing."""
    token = f"Host: localhost\r\nAuthorization: Bearer {home.token}\r\n"
    for more in ("X-A: " + "a" * 100_000, "".join(f"X-{i}: a\r\n" for i in range(3000))):
        assert b" 200 " not in raw(home, f"GET / HTTP/1.1\r\n{token}{more}\r\n\r\n".encode())[:15]
    for rubbish in (b"\0" * 4096, b"\xff\xfe" * 600, b"GET\r\n\r\n", b"POST /login HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
        assert b" 200 " not in raw(home, rubbish)[:15]
    for up, base in itertools.product(UPS, (f"/api/v1/takes/{OLD}/files", "/dav")):
        said = raw(home, f"GET {base}/{up}/{up}/{up}/{up}/etc/passwd HTTP/1.1\r\n{token}\r\n".encode())
        assert b"root:" not in said and b" 200 " not in said[:15]
    for span in ("bytes=9-1", "bytes=-", "bytes=0-0,2-2,4-4", "bytes=99999999999999999999-", "lines=1-2"):
        raw(home, f"GET /api/v1/takes/{OLD}/files/{FILE} HTTP/1.1\r\n{token}Range: {span}\r\n\r\n".encode())


def command_from_elsewhere(home):
    """Stop, asked for by another site's page in a browser that is signed in."""
    client = Client(home)
    for headers in FOREIGN:
        cookie = {"Cookie": f"woodshed-token={home.token}", **headers}
        status, _, _ = client.ask("POST", "/api/v1/record/stop", cookie, token=False)
        assert status in (400, 403, 421), headers
    client.close()


def test_the_take_does_not_notice(room):
    home, take = recording(room, CHANNELS)
    data = noise(8 << 20, 1)
    make_take(room.path("takes"), OLD, [(FILE, data)])
    with contextlib.ExitStack() as crowd:
        download = Client(home)
        download.connection.request("GET", f"/api/v1/takes/{OLD}/files/{FILE}",
                                    headers={"Authorization": f"Bearer {home.token}"})
        answer, found = download.connection.getresponse(), hashlib.sha256()
        for _ in range(SLOW):
            slow = crowd.enter_context(socket.create_connection(("127.0.0.1", home.port), 20))
            slow.sendall(b"GET /api/v1/state HTTP/1.1\r\nHost: loc")
        attack(home)
        command_from_elsewhere(home)
        client = Client(home)
        status, _, body = client.get("/api/v1/state")
        assert status == 200 and json.loads(body)["record"] == "recording"
        client.close()
        while (piece := answer.read(1 << 18)):
            found.update(piece)
        assert found.hexdigest() == hashlib.sha256(data).hexdigest()
        download.close()
    finish(home, take, CHANNELS)
