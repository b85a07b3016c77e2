"""The broker as an enemy: rubbish in floods, and a broker that dies. Short; tests/stress/mqtt has the long runs."""
from e2e.crowd import (TOPIC, Client, answer_times, answered_after, broker_away, finish, flood, nasty, percentile, processor_s,
                       publication, recording, resident_kib)
from e2e.desk import wait_until

CHANNELS = {"desk": 4}


def test_nothing_nasty_does_anything(room):
    """Each of them alone, under a take: those with a verb are answered with an error, and the take is whole."""
    home, take = recording(room, CHANNELS)
    client = Client(room.the_broker, "nasty").subscribe(TOPIC + "response/#")
    for topic, payload, retain in nasty():
        client.send(publication(TOPIC + topic, payload, retain))
    client.send(publication(TOPIC + "request/session.list", '{"transaction": "last"}'))
    client.wait(lambda topic, payload: b'"last"' in payload, 0)
    assert all(b'"status":"error"' in payload for _, payload, _ in client.heard[:-1])
    # Of those of a megabyte the first is answered or was not let through; the retained are not.
    verbs = sum(topic.startswith("request/") and len(topic) < 80 and " " not in topic and not retain for topic, _, retain in nasty())
    assert verbs - 1 <= len(client.heard) - 1 <= verbs
    assert not any(b"kept" in payload for _, payload, _ in client.heard)
    assert home.said("state")[-1].json["record"] == "recording"
    assert len([line for line in home.process.stderr.splitlines() if "mqtt:" in line]) < 30
    client.close()
    finish(home, take, CHANNELS)


def test_flood(room):
    """10,000 a second: memory stays, requests of others are answered, the take is whole."""
    home, take = recording(room, CHANNELS)
    # The markers that it sets stay, as many as a take may have: some 2 MiB, which are no leak.
    wait_until(lambda: flood(room, 0.5, 10000) and len(take.manifest["markers"]) > 900, "the take is full of markers")
    answered_after(room)
    before, used = resident_kib(home.process), [processor_s(one) for one in (home.process, home.broker.process)]
    sent, _ = flood(room, 3, 10000)
    assert sent >= 30000
    answered_after(room)
    # How long that is by the clock is the machine's business, and the broker's, which has the same messages to look at.
    ours, brokers = (processor_s(one) - then for one, then in zip((home.process, home.broker.process), used))
    assert ours < 5 * brokers, f"{ours} s of a processor, beside the broker's {brokers}"
    grown = resident_kib(home.process) - before
    assert grown < 2048, f"{grown} KiB more"
    assert len(take.manifest["markers"]) <= 1000
    assert home.process.returncode is None
    assert len(home.process.stderr.splitlines()) < 100
    finish(home, take, CHANNELS)


def test_broker_returns_with_nothing(room):
    home, take = recording(room, CHANNELS)
    assert broker_away(room, home, 1.5) < 5
    assert home.ask("marker.add", label="back")["status"] == "ok"
    finish(home, take, CHANNELS)


def test_answers_are_quick(room):
    """Under 36 tracks; tests/stress/mqtt has the figure for a machine of its own."""
    channels = {"desk": 18, "stage": 18}
    home, take = recording(room, channels)
    times = answer_times(room, 120)
    assert percentile(times, 50) < 0.02, sorted(times)[-10:]
    assert home.ask("record.stop")["status"] == "ok"
    home.wait_event("take_stopped")
    assert len(take.manifest["tracks"]) == 36 and all(gaps == [] for gaps in take.gaps.values())
