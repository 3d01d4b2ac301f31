"""The command line as data, read off argparse: what completion and the man page are made from."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["", "file", "folder", "session", "choice"]
"""What completes a value; empty: nothing does."""


@dataclass(frozen=True, slots=True)
class Option:
    """An option, or a place for a word (`flags` empty)."""

    flags: tuple[str, ...]
    help: str
    takes: str
    """What stands for its value in usage; empty: it takes none."""
    kind: Kind
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """The program, one of its commands, or a part of one."""

    path: tuple[str, ...]
    """As typed: `("cockpit", "lab", "up")`."""
    help: str
    """In a line."""
    description: str
    usage: str
    options: tuple[Option, ...]
    words: tuple[Option, ...]
    parts: tuple[Command, ...]

    @property
    def name(self) -> str:
        """`cockpit lab up`."""
        return " ".join(self.path)

    def all(self) -> Iterator[Command]:
        """Itself and everything below."""
        yield self
        for part in self.parts:
            yield from part.all()


def describe(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = ("cockpit",), line: str = ""
) -> Command:
    """A parser as data; `line` is what its parent's list says of it."""
    options: list[Option] = []
    words: list[Option] = []
    parts: list[Command] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            told = {one.dest: one.help or "" for one in action._choices_actions}
            parts.extend(
                describe(child, (*path, name), told[name])
                for name, child in action.choices.items()
                if name in told  # what is not listed is not for people
            )
        elif action.help != argparse.SUPPRESS:
            (options if action.option_strings else words).append(_option(action))
    return Command(
        path, line, parser.description or line, _usage(parser), tuple(options), tuple(words),
        tuple(parts),
    )  # fmt: skip


def _usage(parser: argparse.ArgumentParser) -> str:
    """Without the program's name and line breaks."""
    text = " ".join(parser.format_usage().removeprefix("usage:").split())
    return text.removeprefix(parser.prog).strip()


def _option(action: argparse.Action) -> Option:
    help_text = " ".join(((action.help or "") % _values(action)).split())
    choices = tuple(str(one) for one in action.choices or ())
    takes = "" if action.nargs == 0 else _metavar(action, choices)
    return Option(tuple(action.option_strings), help_text, takes, _kind(action, takes), choices)


def _values(action: argparse.Action) -> dict[str, object]:
    return {"default": action.default, "prog": "cockpit"}


def _metavar(action: argparse.Action, choices: Sequence[str]) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if choices:
        return "{" + ",".join(choices) + "}"
    return action.dest.upper()


def _kind(action: argparse.Action, takes: str) -> Kind:
    if action.choices:
        return "choice"
    if takes in {"DIR", "FOLDER"}:
        return "folder"
    if takes == "SESSION":
        return "session"
    return "file" if action.type is Path or takes in {"FILE", "PATH"} else ""
