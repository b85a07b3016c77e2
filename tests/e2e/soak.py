"""A long life of the service in a short time: takes start and stop, interfaces, links and clients come and go, renders
run, takes are removed. What is looked at after every round is what the process holds then: memory, descriptors,
threads."""
import statistics
import subprocess
import time

from e2e.desk import wait_until
from e2e.home import BY_COMMAND, TOPIC, Home

KEPT = 3  # takes
GROWTH_KIB = 1024  # what a heap of three arenas wanders by; a leak of 8 KiB a take is more in two hours
STRETCH = 12  # rounds, in each of which everything happens as often as in any other
PLANTED_S = 7


class Soak:
    """`tracks` channels in two interfaces, in a room whose clock may run as fast as it likes."""

    def __init__(self, room, tracks, take_s):
        self.room, self.take_s = room, take_s
        self.channels = {"desk": tracks - 2, "guest": 2}
        # It loses something now and then: a gap is a line in the log, the manifest and the broker.
        xruns = [f"{48000 * PLANTED_S * n}:{256 * (1 + n % 3)}" for n in range(1, 64)]
        room.interface("desk", channels=tracks - 2, quantum=1024, noise=-40, xrun_at=xruns).wait_ready()
        self.guest = None
        self.plug()
        self.home = Home(room, self.channels, BY_COMMAND, render=False).start()
        self.takes, self.samples, self.round, self.renders = [], [], 0, 0
        self.began = time.monotonic()

    # ---- what happens ----

    def plug(self):
        self.guest = self.room.interface("guest", channels=2, quantum=256, noise=-40).wait_ready()

    def wait_event(self, kind, mark):
        return self.home.wait_event(kind, since=mark, timeout=120)

    def clients(self):
        """What phones and scripts do, some of it wrong, some of it left in the middle."""
        home, room = self.home, self.room
        assert home.ask("take.list")["status"] == "ok"
        assert home.ask("levels")["status"] == "ok"
        assert home.ask("no.such.verb")["status"] == "error"
        home.tell("request/take.get", "{\"transaction\": ")
        for path in ("", "api/v1/state", "api/v1/health", "api/v1/takes", "metrics", "api/v1/takes/none", "nowhere"):
            home.curl(path)
        assert home.curl("api/v1/takes", token=False)[0] == 401
        room.run("mosquitto_sub", *room.the_broker.login(), "-t", TOPIC + "state", "-C", "1")
        guard = f"Authorization: Bearer {home.token}"
        room.run("curl", "-sN", "-m", "0.2", "-H", guard, home.url + "api/v1/events")
        if self.takes:
            url = f"{home.url}api/v1/takes/{self.takes[-1]}"
            room.run("curl", "-s", "-o", "/dev/null", "-m", "0.1", "--limit-rate", "10k", "-H", guard,
                     url + "/stems.zip")
            room.run("curl", "-s", "-o", "/dev/null", "-r", "100-2000", "-H", guard,
                     url + "/files/raw/01-desk-capture-aux0.flac")

    def disturb(self):
        """In a take that runs: an interface goes and comes, a link is removed, a marker is set."""
        if self.round % 3 == 0:
            self.guest.stop()
            self.home.tell("marker/set", f"round {self.round}")
            self.plug()
        if self.round % 3 == 1:
            self.room.run("pw-link", "-d", "desk:capture_AUX1", "woodshed.desk:input_2")

    def play_round(self):
        home = self.home
        mark = home.watcher.mark()
        if self.round % 2:
            assert home.curl("api/v1/record/start", "-X", "POST")[0] < 300
        else:
            home.tell("record/set", "ON")
        take = self.wait_event("take_started", mark)["take"]
        ends = time.monotonic() + self.take_s / self.room.speed
        self.disturb()
        self.clients()
        time.sleep(max(0, ends - time.monotonic()))
        home.tell("record/set", "OFF")
        self.wait_event("take_stopped", mark)
        self.takes.append(take)
        if self.round % 4 == 3:
            assert home.ask("take.render", take=take)["status"] == "ok"
            self.wait_event("take_mastered", mark)
            self.renders += 1
        while len(self.takes) > KEPT:
            assert home.ask("take.remove", take=self.takes.pop(0))["status"] == "ok"
        home.wait_state("idle", since=mark)
        self.round += 1
        self.samples.append(self.look())

    # ---- what it holds ----

    @property
    def pid(self):
        return self.home.process.pid

    def status(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as file:
            return dict(line.split(":", 1) for line in file)

    def descriptors(self):
        return len(subprocess.run(["ls", f"/proc/{self.pid}/fd"], check=True, capture_output=True,
                                  text=True).stdout.split())

    def look(self):
        """When the last round's clients have gone: (virtual seconds, RSS, peak RSS in KiB, descriptors, threads)."""
        if self.samples:
            least = min(sample[3] for sample in self.samples)
            wait_until(lambda: self.descriptors() <= least, f"no more than {least} descriptors")
        status = self.status()
        seconds = (time.monotonic() - self.began) * self.room.speed
        return (seconds, int(status["VmRSS"].split()[0]), int(status["VmHWM"].split()[0]), self.descriptors(),
                int(status["Threads"]))

    def faults(self, growth_kib=GROWTH_KIB):
        """What has grown from the second quarter to the last; the first is for warming up."""
        quarter = len(self.samples) // 4
        before, after = self.samples[quarter:2 * quarter], self.samples[-quarter:]

        def grown(column, judge):
            return judge(sample[column] for sample in after) - judge(sample[column] for sample in before)
        found = (("KiB of memory", self._memory_grown(quarter), growth_kib), ("descriptors", grown(3, min), 0),
                 ("threads", grown(4, min), 0))
        return [f"{more:g} {what} more" for what, more, most in found if more > most]

    def _memory_grown(self, quarter):
        """A heap takes a step of some MiB once or twice, whenever it happens to; what leaks is more in every stretch."""
        memory = [sample[1] for sample in self.samples]
        if quarter < 2 * STRETCH:
            return statistics.median(memory[-quarter:]) - statistics.median(memory[quarter:2 * quarter])
        stretches = [late - early for early, late in zip(memory[quarter:], memory[quarter + STRETCH:])]
        return statistics.median(stretches) * 2 * quarter / STRETCH
