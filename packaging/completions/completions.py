"""Writes a shell's completions from what the program says of itself.

usage: completions.py bash|zsh COMMANDS OUTPUT      (COMMANDS: what `woodshed --help --json` prints)
"""
import json
import pathlib
import re
import sys

BASH = """# bash completion for woodshed; made from `woodshed --help --json`
_woodshed()
{{
	local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} words
	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W '{commands} --help --version' -- "$current")
		return
	fi
	case ${{COMP_WORDS[1]}},$previous in
{values}
	esac
	case ${{COMP_WORDS[1]}} in
{options}
	*) return ;;
	esac
	case $current in
	-*) mapfile -t COMPREPLY < <(compgen -W "$words --help" -- "$current") ;;
	*)
		case ${{COMP_WORDS[1]}} in
{words}
		esac
		;;
	esac
}}
complete -F _woodshed woodshed
"""

# What stands for an argument: how bash and zsh complete it. A take is an id of the appliance's folder, or a path.
BASH_KINDS = {
    "FILE": "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$current\")",
    "DIR": "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$current\")",
    "TAKE": "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$current\"; compgen -W "
            "\"$(woodshed takes --json --limit 0 2>/dev/null | grep -oE '\"id\": *\"[^\"]*\"' | cut -d '\"' -f 4)\" -- "
            "\"$current\")",
}
ZSH_KINDS = {"FILE": "_files", "DIR": "_files -/", "TAKE": "_woodshed_takes"}

ZSH = """#compdef woodshed
# zsh completion for woodshed; made from `woodshed --help --json`
_woodshed_takes() {{
	local -a ids
	ids=(${{(f)"$(woodshed takes --json --limit 0 2>/dev/null | grep -oE '"id": *"[^"]*"' | cut -d '"' -f 4)"}})
	_alternative 'takes:take:compadd -a ids' 'folders:folder:_files -/'
}}
_woodshed() {{
	local -a commands
	commands=(
{commands}
	)
	if (( CURRENT == 2 )); then
		_describe command commands
		return
	fi
	shift words
	(( CURRENT-- ))
	case $words[1] in
{cases}
	esac
}}
_woodshed "$@"
"""


def kind(word):
    """FILE, DIR, TAKE, [choices] or None for what nobody can complete."""
    if re.fullmatch(r"[a-z]+(\|[a-z]+)+", word):
        return word.split("|")
    word = word.rstrip("…")
    word = "FILE" if word in ("SESSION",) else word
    return word if word in BASH_KINDS else None


def bash_action(what):
    if isinstance(what, list):
        return f"mapfile -t COMPREPLY < <(compgen -W '{' '.join(what)}' -- \"$current\")"
    return BASH_KINDS.get(what, ":")


def bash(commands):
    values, options, words = [], [], []
    for command in commands:
        flags = " ".join(f"--{option['name']}" for option in command["options"])
        options.append(f"\t{command['name']}) words='{flags}' ;;")
        for option in command["options"]:
            if option["argument"]:
                action = bash_action(kind(option["argument"]))
                values.append(f"\t{command['name']},--{option['name']})\n\t\t{action}\n\t\treturn\n\t\t;;")
        if kind(command["synopsis"]):
            words.append(f"\t\t{command['name']}) {bash_action(kind(command['synopsis']))} ;;")
    return BASH.format(commands=" ".join(command["name"] for command in commands), values="\n".join(values),
                       options="\n".join(options), words="\n".join(words))


def zsh_text(text):
    """Inside single quotes, where _arguments minds brackets and colons."""
    return re.sub(r"([\[\]:])", r"\\\1", text.replace("'", "’"))


def zsh_action(what):
    return f"({' '.join(what)})" if isinstance(what, list) else ZSH_KINDS.get(what, " ")


def zsh_case(command):
    lines = [f"\t{command['name']})", "\t\t_arguments \\", "\t\t\t'--help[tell its options]' \\"]
    for option in command["options"]:
        argument = f":{zsh_text(option['argument'])}:{zsh_action(kind(option['argument']))}" if option["argument"] else ""
        lines.append(f"\t\t\t'--{option['name']}[{zsh_text(option['help'])}]{argument}' \\")
    if kind(command["synopsis"]):
        lines.append(f"\t\t\t'*:{zsh_text(command['synopsis'].rstrip('…'))}:{zsh_action(kind(command['synopsis']))}' \\")
    lines[-1] = lines[-1].removesuffix(" \\")
    return "\n".join([*lines, "\t\t;;"])


def zsh(commands):
    listed = "\n".join(f"\t\t'{command['name']}:{zsh_text(command['help'])}'" for command in commands)
    return ZSH.format(commands=listed, cases="\n".join(map(zsh_case, commands)))


def main():
    shell, source, output = sys.argv[1:]
    commands = json.loads(pathlib.Path(source).read_text(encoding="utf-8"))["commands"]
    pathlib.Path(output).write_text({"bash": bash, "zsh": zsh}[shell](commands), encoding="utf-8")


main()
