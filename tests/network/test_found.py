"""The box is found on the network: registered with a real Avahi, looked for with Avahi's own tools, in a network of its own
(neighbourhood.py)."""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from parties import Folder, until  # noqa: E402

HERE = pathlib.Path(__file__).parent
WOODSHED = "_woodshed._sub._http._tcp"


class Found(unittest.TestCase):
    def setUp(self):
        folder = Folder()
        self.addCleanup(folder.close)
        alone = ["unshare", "--net", "--mount", "--fork", "--kill-child"]
        if os.geteuid() != 0:
            alone += ["--user", "--map-root-user"]
        self.process = subprocess.Popen([*alone, sys.executable, str(HERE / "neighbourhood.py"), str(folder.path)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        self.assertEqual(self.process.stdout.readline(), "ready\n")

    def end(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def ask(self, *words):
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def names(self, kind=WOODSHED):
        """{name: (host, address, port, texts)} of what is found."""
        found = {}
        for line in self.ask("browse", kind).split("|"):
            fields = line.split(";")
            if fields[0] == "=":
                found[fields[3].replace("\\032", " ").replace("\\035", "#")] = (*fields[6:9], fields[9])
        return found

    def test_found(self):
        port = self.ask("host", "first")  # before there is any Avahi
        self.ask("avahi")
        until(lambda: "room1" in self.names(), "found", 20)
        for kind in (WOODSHED, "_http._tcp"):
            host, address, found, texts = self.names(kind)["room1"]
            self.assertEqual((host, address, found), ("thebox.local", "192.0.2.7", port))
            self.assertIn('"path=/"', texts)
        self.assertEqual(self.ask("resolve", "room1.local").split()[1].strip("|"), "192.0.2.7")

        # Avahi goes and comes.
        self.ask("no-avahi")
        self.ask("avahi")
        until(lambda: "room1" in self.names(), "found again", 20)

        # Another of the same name is found too, under another.
        second = self.ask("host", "second")
        until(lambda: self.names().get("room1 #2", ())[2:3] == (second,), "both found", 20)
        self.assertEqual(self.names()["room1"][2], port)

        # Who goes is not found any more.
        self.assertEqual(self.ask("stop", "first"), "0")
        until(lambda: "room1" not in self.names(), "gone", 20)
        self.assertIn("room1 #2", self.names())


if __name__ == "__main__":
    unittest.main()
