"""`cockpit check --explain`: the ownership matrix, in 80 columns and whole.

Never leaves a name out and never cuts one; what is long is wrapped.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from cockpit.core.plan import Side
from cockpit.core.prove.matrix import Block, Row

WIDTH = 80
_PROXIED = (
    "Until a topic is promoted, what is written on the target goes through the link's proxy to the "
    "source."
)
_STEP, _SIDE = 9, 16


def explain_lines(blocks: tuple[Block, ...], *, proxied: bool = False) -> list[str]:
    """All blocks: topics, who uses them, then a row for each step of each wave.

    `proxied`: what is written on the target goes to the source until a topic is promoted.
    """
    lines = ["", *_wrapped(_PROXIED, "")] if proxied else []
    for block in blocks:
        lines += ["", *_names("", [use.name for use in block.topics])]
        written_by = _every(use.written_by for use in block.topics)
        lines += _names("  written by ", written_by, "somebody outside the plan")
        lines += _names("  read by ", _every(use.read_by for use in block.topics))
        lines.append(_cells("step", "written on", "read on", "going back costs"))
        wave = ""
        for row in block.rows:
            if row.wave != wave:
                wave = row.wave
                lines += _wrapped(f"  -- wave {wave}", "     ")
            lines.append(_row(row))
    return lines


def explain_json(blocks: tuple[Block, ...]) -> list[dict[str, Any]]:
    """The same as JSON, with every topic's own writers and readers."""
    return [
        {
            "topics": [
                {
                    "topic": use.name,
                    "written_by": list(use.written_by),
                    "read_by": list(use.read_by),
                }
                for use in block.topics
            ],
            "rows": [
                {
                    "wave": row.wave,
                    "step": row.step,
                    "written_on": list(row.written_on),
                    "read_on": list(row.read_on),
                    "going_back_costs": row.cost,
                }
                for row in block.rows
            ],
        }
        for block in blocks
    ]


def _every(groups: Iterable[tuple[str, ...]]) -> list[str]:
    return list(dict.fromkeys(name for names in groups for name in names))


def _names(head: str, names: list[str], otherwise: str = "nobody") -> list[str]:
    return _wrapped(head + (", ".join(names) or otherwise), "    ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def _row(row: Row) -> str:
    return _cells(row.step, _sides(row.written_on), _sides(row.read_on), row.cost)


def _cells(step: str, written: str, read: str, cost: str) -> str:
    return f"  {step:<{_STEP}}{written:<{_SIDE}}{read:<{_SIDE}}{cost}".rstrip()


def _sides(sides: tuple[Side, ...]) -> str:
    return " + ".join(sides) or "nobody"
