"""Best-of: which take has each section played tightest, of takes that were played as tightly as the test says."""
import json
import random

from e2e.studio import FULL, RATE, StudioTake

BEAT = RATE // 2
SONG = """song: {tempo: 120}
arrangement:
  comp: best
  sections: [{name: verse, bars: 3}, {name: chorus, bars: 3}]
"""
BARS = 12 * BEAT
START = 10000


def drums(spreads, seed, late=0):
    """Eighths of short bursts, each off by as much as the spread of its section (frames) at random."""
    rng = random.Random(seed)
    samples = [round(rng.uniform(-1, 1) * FULL * 1e-4) for _ in range(START + 2 * BARS + RATE)]
    for n in range(2 * 24):
        spread = spreads[n // 24]
        at = START + n * BEAT // 2 + late + round(max(-3, min(3, rng.gauss(0, 1))) * spread)
        for i in range(1500):
            samples[at + i] = round(rng.uniform(-1, 1) * FULL * 0.3 * (1 - i / 1500))
    return samples


def plant(tmp_path, name, spreads, seed, clipped=None, late=0):
    tracks = {"kick": drums(spreads, seed, late), "snare": drums(spreads, seed + 100, late)}
    if clipped is not None:
        tracks["kick"][clipped] = FULL - 1
    take = StudioTake(tmp_path, name, tracks, [("verse", START, "section"), ("chorus", START + BARS, "section")])
    take.session("{preset: none}", rest=SONG)
    return take


def test_the_tightest_take_is_proposed(program, tmp_path):
    take = plant(tmp_path, "20261122-190311-studio", (200, 600), 1)
    plant(tmp_path, "20261122-191311-studio", (600, 200), 2, late=300)
    plant(tmp_path, "20261122-192311-studio", (10, 10), 3, clipped=START + BARS + 20000)
    other = plant(tmp_path, "20261122-193311-studio", (1, 1), 4)
    path = other.folder / "take.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"session": "studio"', '"session": "another"'),
                    encoding="utf-8")
    assert take.render(program, "mix", tmp_path / "out")[0] == 0
    verse, chorus = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))["comp"]
    assert (verse["section"], chorus["section"]) == ("verse", "chorus")
    # The third is the tightest where it is whole; where it is clipped, the second, which is late but steady.
    assert verse["take"] == "20261122-192311-studio" and chorus["take"] == "20261122-191311-studio"
    assert len(verse["takes"]) == 3 and "the least" in verse["why"] and "1 of 3 are clipped" in chorus["why"]
    spreads = {one["take"][9:13]: one["spread_ms"] for one in verse["takes"]}
    assert spreads["1903"] < spreads["1913"] and spreads["1923"] < spreads["1903"]
    assert abs(spreads["1903"] - 200 / 48) < 1.2 and spreads["1923"] < 1
    assert {one["clipped"] for one in chorus["takes"]} == {0, 1}


def test_nothing_to_compare(program, tmp_path):
    take = plant(tmp_path, "20261122-190311-studio", (200, 600), 1)
    take.session("{preset: none}", rest=SONG.replace("name: chorus", "name: coda"))
    assert take.render(program, "mix", tmp_path / "out")[0] == 0
    verse, coda = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))["comp"]
    assert verse["take"] == "20261122-190311-studio"
    assert coda["take"] is None and coda["why"] == "no take has this section" and coda["takes"] == []
    take.session("{preset: none}", rest=SONG.replace("comp: best", "comp: off"))
    assert take.render(program, "mix", tmp_path / "out")[0] == 0
    assert json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))["comp"] is None
