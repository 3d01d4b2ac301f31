"""Completion scripts for bash, zsh and fish, made of a described command line.

The scripts ask nothing of the program: names of sessions are looked up as folders, so that a tab
never starts anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from cockpit.cli.describe import Command, Option

SESSIONS: Final = '"${XDG_STATE_HOME:-$HOME/.local/state}"/cockpit/sessions/*/'


def _quoted(text: str) -> str:
    """One word of any of the three shells."""
    return "'" + text.replace("\\", "/").replace("'", "'\\''") + "'"


def _word(text: str) -> str:
    """As `_quoted`, with backslashes that zsh is to see."""
    return "'" + text.replace("'", "'\\''") + "'"


def _first_sentence(text: str) -> str:
    return text.partition("; ")[0].partition(". ")[0]


def _values(command: Command) -> Iterator[tuple[str, Option]]:
    """Each `path flag` that takes a value."""
    for option in command.options:
        if option.takes:
            for flag in option.flags:
                yield f"{command.name} {flag}", option


def _paths(command: Command) -> str:
    return "|".join(f'"{one.name}"' for one in command.all() if len(one.path) > 1)


# --- bash -----------------------------------------------------------------------------------------


def bash(command: Command) -> str:
    """Works without the package bash-completion, and in bash 3.2."""
    lines = [
        "# completion of cockpit for bash: cockpit completion bash > FILE, and source it",
        "_cockpit_sessions() {",
        "    local folder",
        f"    for folder in {SESSIONS}; do",
        '        [ -d "$folder" ] && folder=${folder%/} && echo "${folder##*/}"',
        "    done",
        "}",
        "_cockpit() {",
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}",
        '    local at="cockpit" word words="" flags="" kind=""',
        '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
        f'        case "$at $word" in {_paths(command)}) at="$at $word" ;; esac',
        "    done",
        '    case "$at $prev" in',
    ]
    for one in command.all():
        lines += [f"        {_quoted(where)}) {_bash_one(opt)} ;;" for where, opt in _values(one)]
    lines += ['        *) case "$at" in']
    for one in command.all():
        flags = " ".join(flag for opt in one.options for flag in opt.flags)
        words = [part.path[-1] for part in one.parts]
        words += [choice for word in one.words for choice in word.choices]
        kinds = [word.kind for word in one.words if word.kind not in {"", "choice"}]
        kind = f" kind={kinds[0]}" if kinds else ""
        said = f"words={_quoted(' '.join(words))}{kind} flags={_quoted(flags)}"
        lines.append(f"            {_quoted(one.name)}) {said} ;;")
    lines += [
        "        esac ;;",
        "    esac",
        '    case "$cur" in -*) words=$flags kind="" ;; esac',
        '    COMPREPLY=($(compgen -W "$words" -- "$cur"))',
        '    case "$kind" in',
        '        file) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$cur")) ;;',
        '        folder) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -d -- "$cur")) ;;',
        '        session) COMPREPLY+=($(compgen -W "$(_cockpit_sessions)" -- "$cur")) ;;',
        "    esac",
        "}",
        "complete -F _cockpit cockpit",
    ]
    return "\n".join(lines) + "\n"


def _bash_one(option: Option) -> str:
    if option.choices:
        return f"words={_quoted(' '.join(option.choices))}"
    return f"kind={option.kind}" if option.kind else ":"


# --- zsh ------------------------------------------------------------------------------------------


def zsh(command: Command) -> str:
    """For a folder of `fpath`, as `_cockpit`; or sourced after `compinit`."""
    lines = [
        "#compdef cockpit",
        "# completion of cockpit for zsh: cockpit completion zsh > a folder of fpath/_cockpit",
        "_cockpit() {",
        '    local at="cockpit" word',
        "    local -a found flags",
        '    for word in "${(@)words[2,CURRENT-1]}"; do',
        f'        case "$at $word" in {_paths(command)}) at="$at $word" ;; esac',
        "    done",
        '    case "$at ${words[CURRENT-1]}" in',
    ]
    for one in command.all():
        lines += [f"        {_quoted(where)}) {_zsh_one(opt)} ;;" for where, opt in _values(one)]
    lines += ['        *) case "$at" in']
    for one in command.all():
        told = [_zsh_word(part.path[-1], part.help) for part in one.parts]
        told += [_zsh_word(choice, "") for word in one.words for choice in word.choices]
        flags = [_zsh_word(flag, opt.help) for opt in one.options for flag in opt.flags]
        kinds = "; ".join(_zsh_one(word) for word in one.words if not word.choices and word.kind)
        lines += [
            f"            {_quoted(one.name)})",
            f"                found=({' '.join(told)})",
            f"                flags=({' '.join(flags)})",
            f"                {kinds or ':'} ;;",
        ]
    lines += [
        "        esac",
        '        if [[ "$PREFIX" == -* ]]; then',
        "            _describe -o -t options option flags",
        "        elif (( $#found )); then",
        "            _describe -t commands command found",
        "        fi ;;",
        "    esac",
        "}",
        'if [ "$funcstack[1]" = "_cockpit" ]; then',
        '    _cockpit "$@"',
        "else",
        "    compdef _cockpit cockpit",
        "fi",
    ]
    return "\n".join(lines) + "\n"


def _zsh_word(word: str, text: str) -> str:
    told = _first_sentence(text).replace(":", "\\:")
    return _word(word.replace(":", "\\:") + (f":{told}" if told else ""))


def _zsh_one(option: Option) -> str:
    match option.kind:
        case "choice":
            return f"compadd -- {' '.join(_quoted(one) for one in option.choices)}"
        case "file":
            return "_files"
        case "folder":
            return "_files -/"
        case "session":
            return f"compadd -- {SESSIONS}(N:h:t)"
        case _:
            return f"_message {_quoted(option.takes)}"


# --- fish -----------------------------------------------------------------------------------------


def fish(command: Command) -> str:
    """For `~/.config/fish/completions/cockpit.fish`."""
    names = " ".join(_quoted(one.name) for one in command.all() if len(one.path) > 1)
    lines = [
        "# completion of cockpit for fish: cockpit completion fish > its completions/cockpit.fish",
        "function __cockpit_at",
        "    set -l at cockpit",
        "    for word in (commandline -opc)[2..-1]",
        f'        contains -- "$at $word" {names}; and set at "$at $word"',
        "    end",
        '    test "$at" = "$argv"',
        "end",
        "function __cockpit_sessions",
        "    set -l home $XDG_STATE_HOME",
        '    test -n "$home"; or set home $HOME/.local/state',
        "    for folder in $home/cockpit/sessions/*/",
        "        basename $folder",
        "    end",
        "end",
        "complete -c cockpit -f",
    ]
    for one in command.all():
        lines.extend(_fish_lines(one))
    return "\n".join(lines) + "\n"


def _fish_lines(command: Command) -> Iterator[str]:
    at = f'complete -c cockpit -n "__cockpit_at {command.name}"'
    for part in command.parts:
        yield f"{at} -a {part.path[-1]} -d {_quoted(_first_sentence(part.help))}"
    for option in command.options:
        flags = " ".join(
            f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags
        )
        value = _fish_value(option) if option.takes else ""
        needs = " -r" if option.takes else ""
        yield f"{at} {flags}{needs}{value} -d {_quoted(_first_sentence(option.help))}"
    for word in command.words:
        if value := _fish_value(word):
            yield f"{at}{value}"


def _fish_value(option: Option) -> str:
    match option.kind:
        case "choice":
            return f" -a {_quoted(' '.join(option.choices))}"
        case "file":
            return " -F"
        case "folder":
            return " -a '(__fish_complete_directories)'"
        case "session":
            return " -a '(__cockpit_sessions)'"
        case _:
            return ""


SHELLS: Final[dict[str, Callable[[Command], str]]] = {"bash": bash, "zsh": zsh, "fish": fish}
