"""The arranged render: pieces of a take in another order, cut at the same frames on every track, joined unheard."""
import json
import math
import re
import subprocess

import pytest

from e2e.desk import decode, numbers, tags
from e2e.sounds import probe
from e2e.studio import RATE, StudioTake, noise, play
from rig import band

FADE = round(0.02 * RATE)
EDGE = round(0.005 * RATE)
FRAMES = 9 * RATE
SECTIONS = {"intro": (24000, 2), "verse": (120000, 2), "chorus": (216000, 3), "outro": (360000, 1)}
MARKERS = [(name, frame, "section") for name, (frame, _) in SECTIONS.items()] + [("fill", 170000, "user")]
SONG = """song: {title: Night Bus, tempo: 120}
arrangement:
  sections: [{name: intro, bars: 1}, {name: verse, bars: 2, meter: 2/4}, {name: chorus, bars: 3, meter: 2/4},
             {name: outro, bars: 1}]
"""
ORDER = "verse chorus@3 intro,verse chorus outro"
#        (source, frames) of each; a bar of 2/4 at 120 is a second, the outro lasts two
PIECES = [(120000, 96000), (312000, 48000), (24000, 96000), (120000, 96000), (216000, 144000), (360000, 72000)]


@pytest.fixture(name="take")
def make_take(tmp_path):
    """Two tracks of noise, which never decays: no tail is to be carried over."""
    take = StudioTake(tmp_path, "20261122-190311-studio", {name: noise(FRAMES, -20, seed) for seed, name in
                                                           enumerate(("kick", "vox"), 1)}, MARKERS)
    take.session("{preset: none}", rest=SONG)
    return take


def starts(pieces):
    return [sum(frames for _, frames in pieces[:i]) for i in range(len(pieces))]


def wanted(samples, pieces):
    """What the arrangement of a track is, sample by sample."""
    out = [0.0] * sum(frames for _, frames in pieces)
    for i, ((source, frames), at) in enumerate(zip(pieces, starts(pieces))):
        follows = i > 0 and pieces[i - 1][0] + pieces[i - 1][1] == source
        followed = i + 1 < len(pieces) and source + frames == pieces[i + 1][0]
        lead = 0 if i == 0 or follows else FADE
        for n in range(-lead, frames):
            gain = 1.0
            if n < 0:
                gain = math.sin(math.pi / 2 * (n + lead + 0.5) / FADE)
            if i == 0 and n < EDGE:
                gain *= math.sin(math.pi / 2 * (n + 0.5) / EDGE)
            left = frames - n - 1
            if i + 1 == len(pieces) and left < EDGE and source + frames < FRAMES:
                gain *= math.sin(math.pi / 2 * (left + 0.5) / EDGE)
            elif i + 1 < len(pieces) and not followed and left < FADE:
                gain *= math.sin(math.pi / 2 * (left + 0.5) / FADE)
            out[at + n] += gain * samples[source + n]
    return out


def test_pieces_and_joins(program, take, tmp_path):
    edited = take.edited(program, tmp_path / "out", "--order", ORDER)
    for name, samples in take.tracks.items():
        got, expected = edited.samples(name), wanted(samples, PIECES)
        assert len(got) == len(expected) == sum(frames for _, frames in PIECES)
        assert max(abs(a - b) for a, b in zip(got, expected)) <= 0.51
    pieces = edited.report["arrangement"]["pieces"]
    assert [(piece["source_frame"], piece["frames"]) for piece in pieces] == PIECES
    assert [piece["frame"] for piece in pieces] == starts(PIECES)
    assert [piece["fade_frames"] for piece in pieces] == [0, FADE, FADE, 0, 0, 0]


def test_the_sessions_order(program, take, tmp_path):
    take.session("{preset: none}", rest=SONG + "  order: [outro, intro]\n")
    report = take.edited(program, tmp_path / "out").report
    assert [piece["section"] for piece in report["arrangement"]["pieces"]] == ["outro", "intro"]
    assert report["arrangement"]["frames"] == 72000 + 96000
    # The caller's goes first.
    report = take.edited(program, tmp_path / "out", "--order", "intro").report
    assert report["arrangement"]["frames"] == 96000


def test_as_it_was_played_it_is_what_it_was(program, take, tmp_path):
    """Pieces that follow on are the take, bit for bit, but for the fade at the first frame."""
    edited = take.edited(program, tmp_path / "out", "--order", "intro verse chorus outro")
    raw = take.tracks["vox"][24000:360000 + 72000]
    assert edited.samples("vox")[EDGE:] == raw[EDGE:]


def test_any_number_of_jobs(program, take, tmp_path):
    files = []
    for jobs in (1, 3):
        out = tmp_path / f"jobs-{jobs}"
        assert take.render(program, "master", out, "--order", ORDER, "--jobs", jobs)[0] == 0
        files.append([(out / name).read_bytes() for name in ("mix.flac", "master.flac", "master.cue")])
    assert files[0] == files[1]


def test_markers_follow(program, take, tmp_path):
    out = tmp_path / "out"
    assert take.render(program, "master", out, "--order", ORDER)[0] == 0
    labels, at = ["verse", "chorus", "intro", "verse", "chorus", "outro"], starts(PIECES)
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert [(cue["label"], cue["frame"]) for cue in report["cues"]] == list(zip(labels, at))
    assert probe(out / "master.flac")["seconds"] == pytest.approx(sum(frames for _, frames in PIECES) / RATE, abs=1e-3)
    comments = tags(out / "master.flac")
    assert [comments[f"CHAPTER{i:03}NAME"] for i in range(1, 7)] == labels
    cue = (out / "master.cue").read_text(encoding="utf-8")
    found = re.findall(r'TITLE "(\w+)"\n    INDEX 01 (\d+):(\d+):(\d+)', cue)
    assert [(name, (int(m) * 60 + int(s)) * 75 + int(f)) for name, m, s, f in found] \
        == [(name, frame * 75 // RATE) for name, frame in zip(labels, at)]
    sheet = subprocess.run(["metaflac", "--list", "--block-type=CUESHEET", out / "master.flac"], capture_output=True,
                           text=True, check=True, timeout=60).stdout
    assert [int(n) for n in re.findall(r"^    track\[\d+\]\n      offset: (\d+)", sheet, re.M)][:6] == at


WRONG = {
    "no such section": ("intro verze", 2, 'no section "verze"; did you mean verse?'),
    "no such bar": ("chorus@2-4", 2, "chorus has no bar 4; 1 to 3"),
    "not a choice": ("chorus@", 2, "is no choice of bars"),
    "not twice": ("verse#2", 2, "does not have verse 2 times"),
    "empty": (" , ", 2, "the order is empty"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_orders(program, take, tmp_path, case):
    order, wanted_status, says = WRONG[case]
    status, said = take.render(program, "mix", tmp_path / "out", "--order", order)
    assert status == wanted_status and says in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_without_sections(program, tmp_path):
    """Asked for it is an error; an order of the session alone does not keep a take from being mixed."""
    take = StudioTake(tmp_path, "20261122-190311-studio", {"kick": noise(RATE, -20, 1)}, [("song 1", 0, "song")])
    take.session("{preset: none}", rest=SONG + "  order: [outro, intro]\n")
    status, said = take.render(program, "mix", tmp_path / "out", "--order", "intro")
    assert status == 1 and "has no section markers" in said and said.count("\n") == 1
    status, said = take.render(program, "mix", tmp_path / "out")
    assert status == 0 and "rendered as it was played" in said
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert "has no section markers" in report["arrangement"]["error"] and report["arrangement"]["pieces"] == []


def test_a_tail_is_carried_over(program, tmp_path):
    """A note that rings over the end of its piece rings on under the next one; a track that goes on is cut."""
    cut, frames = 2 * RATE, 4 * RATE
    ring = [round(2 ** 21 * math.exp(-max(0, n - cut + 4800) / 12000) * math.sin(n / 20)) for n in range(frames)]
    hits = noise(frames, -20, 1)
    take = StudioTake(tmp_path, "20261122-190311-studio", {"ring": ring, "hits": hits}, [("a", 0, "section"), ("b", cut, "section"),
                                                                     ("c", 3 * RATE, "section")])
    take.session("{preset: none}", rest="song: {tempo: 60}")
    edited = take.edited(program, tmp_path / "out", "--order", "a c b")
    got, join = edited.samples("ring"), cut
    level = [math.sqrt(sum(x * x for x in got[at:at + 480]) / 480) for at in range(join, join + RATE // 2, 480)]
    # Piece c alone has almost died away: what is heard here is the tail of a, which sinks and does not break off.
    assert level[0] > 2 ** 21 * 0.3 and all(b < a * 1.05 for a, b in zip(level, level[1:]))
    assert all(b > a * 0.7 for a, b in zip(level[:40], level[1:40]))
    plain = edited.samples("hits")[join:join + RATE // 2]
    assert plain == hits[3 * RATE:3 * RATE + RATE // 2]


HOP = 32


def rises(samples):
    """Of every HOP frames, how much louder its highest octaves, where a click stands out, are than those before."""
    high = samples
    for _ in range(3):
        high = [b - a for a, b in zip(high, high[1:])]
    levels = [math.sqrt(sum(value * value for value in high[at:at + HOP])) for at in range(0, len(high) - HOP, HOP)]
    return [b - a for a, b in zip(levels, levels[1:])]


def around(found, joins):
    """The largest of them near each join."""
    return [max(found[(join - FADE) // HOP - 4:(join + FADE) // HOP + 4]) for join in joins]


def test_no_join_is_heard(program, tmp_path):
    """Of a band: nowhere around a join does the spectrum rise faster than it does within the song."""
    tracks = play(tmp_path / "band", band.songs()[0], 14)
    bar = 2 * RATE
    markers = [(name, bar * n + 777, "section") for n, name in enumerate("abcdef")]
    take = StudioTake(tmp_path, "20261122-190311-studio", tracks, markers)
    take.session("{preset: none}", rest="song: {tempo: 120}")
    assert take.render(program, "mix", tmp_path / "plain", "--order", "a b c d e f")[0] == 0
    assert take.render(program, "mix", tmp_path / "out", "--order", "c a e b f d a")[0] == 0
    plain, got = (numbers(decode(tmp_path / name / "mix.flac"))[::2] for name in ("plain", "out"))
    report = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))
    joins = [piece["frame"] for piece in report["arrangement"]["pieces"][1:]]
    ours = around(rises(got), joins)
    assert len(joins) == 6 and max(ours) <= max(rises(plain))
    # The measure hears cuts that are none: the same pieces, hard against one another.
    starts_of = [piece["source_frame"] - 777 for piece in report["arrangement"]["pieces"]]
    hard = [sample for at, piece in zip(starts_of, report["arrangement"]["pieces"])
            for sample in plain[at:at + piece["frames"]]]
    cut = around(rises(hard), joins)
    assert sum(cut) > 1.5 * sum(ours)
