"""docs/openapi.yaml against the service: every path, method, status and schema in it, and no route beside it."""
import json
import re
import subprocess

import jsonschema
import pytest
import yaml

from e2e.desk import wait_until
from e2e.home import BY_COMMAND, Home
from network.web import Client

METHODS = {"get": "GET", "post": "POST", "patch": "PATCH", "delete": "DELETE", "options": "OPTIONS",
           "x-propfind": "PROPFIND"}
# Only a service that comes or goes says this, or one whose disk is full.
UNSEEN = {"503", "507"}


@pytest.fixture(scope="module")
def spec(root):
    return yaml.safe_load((root / "docs/openapi.yaml").read_text(encoding="utf-8"))


def resolve(spec, part):
    while isinstance(part, dict) and "$ref" in part:
        place = spec
        for name in part["$ref"].removeprefix("#/").split("/"):
            place = place[name]
        part = place
    return part


def operations(spec):
    for path, item in spec["paths"].items():
        for key, method in METHODS.items():
            if key in item:
                yield path, method, item[key]


def test_every_route_is_described(spec, build):
    """The table in the program and the file have the same paths and methods."""
    printed = subprocess.run([build / "tests/network/network-host", "--routes"], capture_output=True, text=True,
                             check=True).stdout
    routes = set()
    for method, pattern, guard in map(str.split, printed.splitlines()):
        # Behind what is open to all but / are the files of the page.
        if (method, guard) != ("GET", "open") or pattern == "/":
            routes.add((method, pattern.replace("{*}", "{}")))
    described = {(method, re.sub(r"\{\w+\}", "{}", path)) for path, method, _ in operations(spec)}
    assert routes == described


def test_is_openapi(spec):
    """What the standard wants of every operation, and that every reference leads somewhere."""
    assert spec["openapi"] == "3.1.0"
    for path, method, operation in operations(spec):
        item = spec["paths"][path]
        given = [resolve(spec, one) for one in item.get("parameters", []) + operation.get("parameters", [])]
        names = {one["name"] for one in given if one["in"] == "path"}
        assert names == set(re.findall(r"\{(\w+)\}", path)), path
        assert operation["summary"] and operation["responses"], (path, method)
        for response in operation["responses"].values():
            assert resolve(spec, response)["description"]
    for reference in re.findall(r"'\$ref': '([^']+)'", str(spec)):
        assert resolve(spec, {"$ref": reference})
    for schema in spec["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


class Held:
    """Asks the service, holds each answer against the file, and remembers what was seen."""

    def __init__(self, spec, home):
        self.spec, self.home, self.seen = spec, home, set()

    def fill(self, address, names):
        for one in self.spec["paths"][address].get("parameters", []):
            one = resolve(self.spec, one)
            address = address.replace("{" + one["name"] + "}", names.get(one["name"], str(one["example"])))
        return address

    def check(self, path, method, status, headers, body):
        where = f"{method} {path}: {status}"
        operation = next(found for at, how, found in operations(self.spec) if (at, how) == (path, method))
        assert str(status) in operation["responses"], f"{where} is not described: {body[:200]}"
        self.seen.add((path, method, str(status)))
        response = resolve(self.spec, operation["responses"][str(status)])
        kinds = response.get("content", {})
        kind = headers.get("content-type", "").split(";")[0]
        assert not kinds or kind in kinds or "*/*" in kinds, f"{where}: {kind}"
        for name in response.get("headers", {}):
            assert name.lower() in headers or name == "ETag" or name == "Content-Disposition", f"{where}: no {name}"
        schema = kinds.get(kind, {}).get("schema")
        if schema:
            whole = {**schema, "components": self.spec["components"]}
            jsonschema.Draft202012Validator(whole).validate(json.loads(body))
        return json.loads(body) if kind.endswith("json") else body

    def ask(self, method, address, expected, body=None, query="", headers=None, token=True, head=False, **names):
        client = Client(self.home)
        try:
            text = json.dumps(body) if isinstance(body, (dict, list)) else body
            url = self.fill(address, names) + query
            status, found, answer = client.ask("HEAD" if head else method, url, headers, text, token)
        finally:
            client.close()
        assert status == expected, f"{method} {url}: {status} {answer[:200]}"
        return None if head else self.check(address, method, status, found, answer)


def example(operation):
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example")


def refuse(held):
    """What every operation has in common: who may not, what is too much."""
    cookie = {"Cookie": f"woodshed-token={held.home.token}", "Origin": "http://evil.example"}
    for path, method, operation in operations(held.spec):
        answers = operation["responses"]
        if operation.get("security", True):
            assert "401" in answers, path
            held.ask(method, path, 401, token=False)
        if method in ("POST", "PATCH", "DELETE"):
            assert {"403", "413"} <= set(answers), path
            held.ask(method, path, 403, headers=cookie, token=False)
        if "413" in answers:
            held.ask(method, path, 413, b"x" * 70000)
        if method in ("POST", "PATCH", "DELETE"):
            held.ask(method, path, 400, b"rubbish")
        if "{id}" in path:
            held.ask(method, path, 404, example(operation))
    held.ask("GET", "/", 403, headers={"Host": "evil.example"}, token=False)
    held.ask("GET", "/", 431, headers={"X-Long": "x" * 20000}, token=False)
    held.ask("POST", "/login", 401, {"token": "wrong"}, token=False)
    held.ask("GET", "/api/v1/takes", 400, query="?limit=0")
    held.ask("GET", "/api/v1/events", 400, query="?levels=2")
    for path in ("/dav", "/dav/{path}"):
        held.ask("PROPFIND", path, 403)
        held.ask("PROPFIND", path, 400, b"rubbish", headers={"Depth": "1"})
    held.ask("GET", "/dav/{path}", 404, path="nothing")
    held.ask("PROPFIND", "/dav/{path}", 404, path="nothing", headers={"Depth": "0"})
    held.ask("POST", "/api/v1/session", 404, {"session": "nothing"})
    held.ask("POST", "/api/v1/record/start", 404, {"session": "nothing"})


def look(held):
    """What can be had at any time."""
    held.ask("GET", "/", 200, token=False)
    held.ask("POST", "/login", 204, {"token": held.home.token}, token=False)
    for path in ("openapi.yaml", "info", "state", "health", "sessions", "takes"):
        held.ask("GET", f"/api/v1/{path}", 200)
        held.ask("GET", f"/api/v1/{path}", 200, head=True)
    held.ask("GET", "/metrics", 200)
    held.ask("GET", "/dav", 301)
    held.ask("GET", "/dav/{path}", 200)
    for path in ("/dav", "/dav/{path}"):
        held.ask("OPTIONS", path, 200)
        held.ask("PROPFIND", path, 207, headers={"Depth": "1"})
    status, found, _ = stream(held.home)
    held.check("/api/v1/events", "GET", status, found, b"")


def stream(home):
    client = Client(home)
    client.connection.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {home.token}"})
    answer = client.connection.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    first = answer.readline()
    client.connection.sock and client.connection.sock.close()
    client.close()
    assert first == b"retry: 2000\n"
    return answer.status, found, first


def record(held):
    """A take from its beginning to its removal."""
    home = held.home
    held.ask("POST", "/api/v1/record/stop", 409)
    held.ask("POST", "/api/v1/marker", 409, {"label": "too early"})
    held.ask("POST", "/api/v1/session", 200, {"session": "other"})
    held.ask("POST", "/api/v1/record/start", 202, {"session": "thursday", "title": "First"})
    take = home.wait_event("take_started")["take"]
    home.take(take).wait_growth()
    held.ask("POST", "/api/v1/record/start", 409)
    held.ask("POST", "/api/v1/record/save", 409)
    held.ask("POST", "/api/v1/marker", 202, {"label": "chorus"})
    held.ask("POST", "/api/v1/takes/{id}/render", 409, id=take)
    held.ask("GET", "/api/v1/takes/{id}/stems.zip", 409, id=take)
    held.ask("GET", "/api/v1/takes/{id}", 200, id=take)
    track = home.take(take).manifest["tracks"][0]["file"]
    held.ask("GET", "/api/v1/takes/{id}/files/{path}", 206, id=take, path=track, headers={"Range": "bytes=0-99"})
    held.ask("POST", "/api/v1/record/stop", 202)
    home.wait_event("take_stopped")
    return take


def pull(held, take):
    track = held.home.take(take).manifest["tracks"][0]["file"]
    for path, more in (("/api/v1/takes/{id}/files/{path}", {"path": track}), ("/api/v1/takes/{id}/stems.zip", {}),
                       ("/dav/{path}", {"path": f"{take}/{track}"})):
        at = {"id": take, **more}
        held.ask("GET", path, 200, **at)
        held.ask("GET", path, 206, headers={"Range": "bytes=10-19"}, **at)
        held.ask("GET", path, 416, headers={"Range": "bytes=9999999999-"}, **at)
        held.ask("GET", path, 304, headers={"If-None-Match": "*"}, **at)
        held.ask("GET", path, 412, headers={"If-Match": '"x"'}, **at)
        held.ask("GET", path, 200, head=True, **at)


def change(held, take):
    home = held.home
    held.ask("GET", "/dav/{path}", 301, path=take)
    assert held.ask("PATCH", "/api/v1/takes/{id}", 200, {"title": "Second", "keep": True}, id=take)["keep"] is True
    held.ask("POST", "/api/v1/takes/{id}/render", 404, {"session": "nothing"}, id=take)
    mark = home.watcher.mark()
    held.ask("POST", "/api/v1/takes/{id}/render", 202, {"session": "thursday"}, id=take)
    held.ask("DELETE", "/api/v1/takes/{id}", 409, id=take)
    home.wait_event("take_mastered", since=mark, timeout=120)
    wait_until(lambda: home.said("state")[-1].json["rendering"] == 0, "the render is over")
    entry = held.ask("GET", "/api/v1/takes", 200)["takes"][0]
    assert (entry["id"], entry["title"], entry["master"]) == (take, "Second", "master.flac")
    held.ask("GET", "/api/v1/takes/{id}", 200, id=take)
    held.ask("POST", "/api/v1/record/save", 202, {"title": "After the fact"})
    home.wait_event("take_stopped", since=mark)
    held.ask("DELETE", "/api/v1/takes/{id}", 409, id=take)
    held.ask("PATCH", "/api/v1/takes/{id}", 200, {"keep": False}, id=take)
    assert held.ask("DELETE", "/api/v1/takes/{id}", 200, id=take) == {"take": take}
    held.ask("GET", "/api/v1/takes/{id}", 404, id=take)


def test_the_service_keeps_to_it(room, spec, root):
    room.interface("desk", channels=2, ramp=True).wait_ready()
    home = Home(room, {"desk": 2}, recording=BY_COMMAND, render=False, sessions=("thursday", "other")).start()
    held = Held(spec, home)
    refuse(held)
    look(held)
    take = record(held)
    pull(held, take)
    change(held, take)
    assert held.ask("GET", "/api/v1/openapi.yaml", 200) == (root / "docs/openapi.yaml").read_bytes()
    wanted = {(path, method, status) for path, method, operation in operations(spec)
              for status in operation["responses"] if status not in UNSEEN}
    # The library itself is a folder, and of one address with another name not everything is tried twice.
    wanted -= {("/dav", "GET", status) for status in ("200", "206", "304", "404", "412", "416")} | {("/dav", "PROPFIND", "404")}
    # Only a service that is being stopped, or has too much to do, says "not now" to these.
    wanted -= {("/api/v1/session", "POST", "409"), ("/api/v1/takes/{id}", "PATCH", "409")}
    assert wanted <= held.seen
