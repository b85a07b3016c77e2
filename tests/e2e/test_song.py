"""woodshed song: the chart as text, as a page and as JSON, and what is said of sessions that are wrong."""
import html.parser
import json
import subprocess

import pytest

SONG = """woodshed: 1
name: thursday
song: {title: Night Bus, artist: "The <Trays> & Co", genre: rock, key: Em, tempo: 92, meter: 4/4}
arrangement:
  count_in: 2
  click: phones
  sections:
    - {name: intro, bars: 4, chords: Em | C | G | D}
    - name: verse
      bars: 8
      chords: Em | C Dsus4 | G | D/F#
      lyrics:
        - Waiting at the night bus stop and the rain is coming down again until the morning comes around
        - Über uns der Mond
    - {name: chorus, bars: 8, chords: "C | G", tempo: 96, tempo_to: 104}
    - {name: bridge, bars: 3, meter: 6/8, chords: "Am | Em | %", lyrics: [one, two, three]}
    - {name: outro, bars: 4}
  order: [intro, verse@1-4, chorus, chorus, outro]
"""


def song(program, path, *args):
    return subprocess.run([program, "song", path, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)


@pytest.fixture(name="session")
def make_session(tmp_path):
    path = tmp_path / "thursday.yaml"
    path.write_text(SONG, encoding="utf-8")
    return path


def test_text(program, session):
    done = song(program, session)
    assert done.returncode == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert lines[0] == "Night Bus - The <Trays> & Co"
    for fact in ("Key Em", "Tempo 92", "Metre 4/4", "Genre rock"):
        assert fact in lines[1]
    # Every bar line of the song stands in the same columns.
    rows = [line for line in lines if line.startswith("  |")]
    full = {tuple(i for i, c in enumerate(row) if c == "|") for row in rows if row.count("|") == 5}
    assert len(full) == 1
    assert all([i for i, c in enumerate(row) if c == "|"] == list(next(iter(full)))[:row.count("|")] for row in rows)
    # Two rows of the verse, each with its line of lyrics below; the chorus, where nothing is sung, is read once.
    verse = lines[lines.index(next(line for line in lines if line.startswith("[verse]"))):]
    assert verse[1].split() == ["|", "Em", "|", "C", "Dsus4", "|", "G", "|", "D/F#", "|"]
    assert verse[2].startswith("    Waiting") and verse[3].startswith("        ")
    assert verse[5] == "    Über uns der Mond"
    assert any(row.endswith("  x2") for row in rows)
    assert any(line.startswith("[chorus]") and "tempo 96 to 104" in line for line in lines)
    assert any(line.startswith("[bridge]") and "metre 6/8" in line for line in lines)
    assert lines[-1].startswith("Order: intro verse@1-4 chorus chorus outro (28 bars")


class Page(html.parser.HTMLParser):
    """The tags, what they fetch, and the text."""

    def __init__(self):
        super().__init__()
        self.tags, self.fetched, self.open, self.text = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_page(program, session):
    done = song(program, session, "--html")
    assert done.returncode == 0
    page = Page()
    page.feed(done.stdout)
    assert page.open == [] and page.fetched == []
    assert "script" not in page.tags
    assert "prefers-color-scheme:dark" in done.stdout and "width=device-width" in done.stdout
    for text in ("The <Trays> & Co", "Dsus4", "Über uns der Mond", "tempo 96 to 104", "verse@1-4"):
        assert text in page.text


def test_json(program, session):
    sheet = json.loads(song(program, session, "--json").stdout)
    assert (sheet["title"], sheet["key"], sheet["tempo_bpm"], sheet["bars"]) == ("Night Bus", "Em", 92, 27)
    chorus = sheet["sections"][2]
    assert chorus["first_bar"] == 13 and chorus["chords"] == ["C", "G"] * 4
    assert chorus["start_s"] == pytest.approx(48 * 60 / 92)
    assert chorus["length_s"] == pytest.approx(120 * 32 / 200)
    assert sheet["sections"][3]["length_s"] == pytest.approx(18 * 60 / 92)
    assert sheet["arranged"]["bars"] == 28
    assert sheet["arranged"]["seconds"] == pytest.approx(2 * 38.4 / 2 + 48 * 60 / 92)


WRONG = {
    "key": ("song: {key: H}\n", 2, "1:13: error: song.key:"),
    "order": ("arrangement: {sections: [{name: verse, bars: 2}], order: [verze]}\n", 2, "did you mean verse?"),
    "bars": ("arrangement: {sections: [{name: a, bars: 2}], order: [a@2-3]}\n", 2, "a has no bar 3; 1 to 2"),
    "choice": ("arrangement: {sections: [{name: a, bars: 2}], order: [a@x]}\n", 2, "is no choice of bars"),
    "appliance": ("name: room1\ntakes: /tmp\n", 2, "unknown key"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_sessions(program, tmp_path, name):
    text, status, says = WRONG[name]
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    done = song(program, path)
    assert (done.returncode, done.stdout) == (status, "")
    assert f"{path}:" in done.stderr and says in done.stderr


def test_wrong_calls(program, session, tmp_path):
    for args in ([session, "--html", "--json"], [], [session, session], [tmp_path / "none.yaml"], [tmp_path]):
        done = subprocess.run([program, "song", *args], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2 and done.stdout == "" and done.stderr


def test_without_a_song(program, tmp_path):
    path = tmp_path / "bare.yaml"
    path.write_text("woodshed: 1\n", encoding="utf-8")
    assert song(program, path).stdout.splitlines()[0] == "bare"
    assert json.loads(song(program, path, "--json").stdout)["sections"] == []
