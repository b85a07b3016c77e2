"""A network of one's own, for test_found.py: run inside new network and mount namespaces (unshare), it has an interface that
goes nowhere, a system bus, and an Avahi; then it does what the lines of standard input say, each answered with a line.

host NAME | stop NAME | avahi | no-avahi | browse TYPE | resolve NAME
"""
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from parties import HOST  # noqa: E402

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"""
AVAHI = """[server]
host-name=thebox
allow-interfaces=wood0
use-ipv6=no
[publish]
publish-workstation=no
"""


def run(*command):
    subprocess.run([str(part) for part in command], check=True)


class Neighbourhood:
    def __init__(self, folder):
        self.folder, self.parts = folder, {}
        for command in ("ip link set lo up", "ip link add wood0 type veth peer name wood1", "ip link set wood1 up",
                        "ip addr add 192.0.2.7/24 dev wood0", "ip link set wood0 up", "mount -t tmpfs tmpfs /run", "mkdir /run/dbus"):
            run(*command.split())
        (folder / "bus.conf").write_text(BUS)
        (folder / "avahi.conf").write_text(AVAHI)
        self.spawn("bus", "dbus-daemon", "--nofork", "--nopidfile", f"--config-file={folder}/bus.conf")
        while not pathlib.Path("/run/dbus/system_bus_socket").exists():
            time.sleep(0.02)

    def spawn(self, name, *command, **more):
        log = open(self.folder / f"{name}.log", "a")
        self.parts[name] = subprocess.Popen([str(part) for part in command], stderr=log,
                                            stdout=more.get("stdout", log), text=True)

    def end(self, name):
        part = self.parts.pop(name)
        part.send_signal(signal.SIGTERM)
        return part.wait(10)

    def avahi(self):
        self.spawn("avahi", "avahi-daemon", "-f", self.folder / "avahi.conf", "--no-drop-root", "--no-chroot", "--no-rlimits")
        return "ok"

    def host(self, name):
        takes = self.folder / f"takes-{name}"
        takes.mkdir()
        self.spawn(name, HOST, "--name", "room1", "--takes", takes, "--listen", "0.0.0.0:0", "--token-file",
                   takes / "token", stdout=subprocess.PIPE)
        return self.parts[name].stdout.readline().split()[1]

    @staticmethod
    def answer(*command):
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout.replace("\n", "|")

    def do(self, words):
        if words[0] == "browse":
            return self.answer("avahi-browse", "-rptk", words[1])
        if words[0] == "resolve":
            return self.answer("avahi-resolve", "-4", "-n", words[1])
        if words[0] == "host":
            return self.host(words[1])
        if words[0] == "avahi":
            return self.avahi()
        return str(self.end("avahi" if words[0] == "no-avahi" else words[1]))


def main():
    neighbourhood = Neighbourhood(pathlib.Path(sys.argv[1]))
    print("ready", flush=True)
    for line in sys.stdin:
        print(neighbourhood.do(line.split()), flush=True)
    for name in list(neighbourhood.parts)[::-1]:
        neighbourhood.end(name)


if __name__ == "__main__":
    main()
