"""Fills a manual page's template with what the program says of itself.

usage: pages.py TEMPLATE COMMANDS REFERENCE DATE OUTPUT
COMMANDS is what `woodshed --help --json` prints, REFERENCE what `woodshed schema reference` does. A line of the
template that begins with @ is replaced: @COMMANDS by the subcommands, @KEYS HEADING by the tables below that
heading of the reference (up to the next of its kind).
"""
import json
import pathlib
import re
import sys


def escape(text):
    """Plain text, for roff."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def inline(text):
    """A line of Markdown: `code` is bold, *emphasis* italic."""
    text = text.replace("\\|", "|")
    parts = re.split(r"(`[^`]*`|\*[^*]+\*)", text)
    marked = {"`": "\\fB", "*": "\\fI"}
    return "".join(f"{marked[part[0]]}{escape(part[1:-1])}\\fP" if part[:1] in marked and len(part) > 1
                   else escape(part) for part in parts)


def command_lines(command):
    synopsis = f" \\fI{escape(command['synopsis'])}\\fP" if command["synopsis"] else ""
    yield from (".TP", f"\\fBwoodshed {escape(command['name'])}\\fP{synopsis} [\\fIOPTION\\fP…]", escape(command["help"]))
    if command["options"]:
        yield ".RS"
        for option in command["options"]:
            argument = f" \\fI{escape(option['argument'])}\\fP" if option["argument"] else ""
            yield from (".TP", f"\\fB\\-\\-{escape(option['name'])}\\fP{argument}", escape(option["help"]))
        yield ".RE"


def row_lines(head, row):
    """A row of a table: what it is called, then a sentence of what the columns between say."""
    cells = dict(zip(head, row))
    name, what = row[0], row[-1]
    facts = [f"{column}: {cells[column]}" for column in head[1:-1] if cells[column]]
    yield from (".TP", inline(name))
    yield inline(f"{what} ({'; '.join(facts)})" if facts else what) or "\\&"


def reference_lines(lines):
    """Markdown as the reference has it: headings, tables, paragraphs."""
    head = None
    for line in lines:
        if line.startswith("|"):
            row = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if head is None:
                head = row
            elif not all(set(cell) <= set("-: ") for cell in row):
                yield from row_lines(head, row)
            continue
        head = None
        if line.startswith("#"):
            yield from (".SS", inline(line.lstrip("#").strip()))
        elif line:
            yield inline(line)
        else:
            yield ".PP"


def section(reference, heading):
    """The lines below `## heading`, up to the next heading of that kind."""
    lines = reference.splitlines()
    start = lines.index(f"## {heading}") + 1
    end = next((at for at in range(start, len(lines)) if lines[at].startswith("## ")), len(lines))
    return lines[start:end]


def tidy(lines):
    """Without paragraphs that have nothing in them, which groff's checks and lintian mind."""
    kept = []
    for line in lines:
        if line == ".PP" and (not kept or kept[-1] in (".PP", ".RE") or kept[-1].startswith((".S", ".T"))):
            continue
        if line.startswith((".S", ".TP")) and kept and kept[-1] == ".PP":
            kept.pop()
        kept.append(line)
    return kept


def page(template, commands, reference, date):
    for line in template.splitlines():
        if line == "@COMMANDS":
            for command in commands["commands"]:
                yield from command_lines(command)
        elif line.startswith("@KEYS "):
            lines = list(reference_lines(section(reference, line.removeprefix("@KEYS "))))
            while lines and lines[-1] == ".PP":
                lines.pop()
            yield from lines
        else:
            yield line.replace("@VERSION@", commands["version"]).replace("@DATE@", date)


def main():
    template, commands, reference, date, output = sys.argv[1:]
    lines = page(pathlib.Path(template).read_text(encoding="utf-8"),
                 json.loads(pathlib.Path(commands).read_text(encoding="utf-8")),
                 pathlib.Path(reference).read_text(encoding="utf-8"), date)
    pathlib.Path(output).write_text("\n".join(tidy(lines)) + "\n", encoding="utf-8")


main()
