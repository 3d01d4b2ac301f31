"""A report as Markdown that reads well as plain text too. Nothing in it can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from cockpit.report.alternative import in_words
from cockpit.report.document import Block, Document, Heat, Paragraph, Plot, Strips, Table, Todo
from cockpit.report.wording import line

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$@]|:(?=//)|(?<=www)\.)")
_AT_START = re.compile(r"^(\d+)([.)])|^([-=])")


def markdown(document: Document) -> str:
    """The whole document; ends with a line end."""
    lines = [f"# {escaped(document.title)}", ""]
    lines += [f"- {escaped(name)}: {_inline(value)}" for name, value in document.facts]
    for section in document.sections:
        lines += ["", f"## {section.number}. {escaped(section.title)}"]
        for block in section.blocks:
            lines += ["", *_block(block)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text that no Markdown reader takes for anything else."""
    return _AT_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", _inline(text))


def _inline(text: str) -> str:
    """The same where it does not begin a line."""
    return _SPECIAL.sub(r"\\\1", line(text))


def _block(block: Block) -> Iterable[str]:
    match block:
        case Paragraph(text=text, events=events):
            return [escaped(text) + _events(events)]
        case Todo(text=text):
            return [f"- [ ] To do: {_inline(text)}"]
        case Table():
            return _table(block)
        case Plot() | Strips() | Heat():
            return [f"Plot: {_inline(in_words(block))}"]
        case _:
            assert_never(block)


def _table(table: Table) -> Iterator[str]:
    if not table.rows:
        yield f"{escaped(table.name)}: {escaped(table.empty)}"
        return
    yield "| " + " | ".join(map(_inline, table.columns)) + " |"
    yield "| " + " | ".join("---" for _ in table.columns) + " |"
    for row in table.rows:
        yield "| " + " | ".join(_inline(c.text) + _events(c.events) for c in row) + " |"


def _events(events: tuple[int, ...]) -> str:
    """Where it comes from: the first few of the events."""
    if not events:
        return ""
    more = "…" if len(events) > 3 else ""
    return " \\[" + ", ".join(f"e{number}" for number in events[:3]) + more + "\\]"
