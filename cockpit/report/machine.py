"""A report as JSON: the same sections and tables, each number with the events that it stands on."""

from __future__ import annotations

import json
import math
from typing import Any, Final, assert_never

from cockpit.report.alternative import in_words
from cockpit.report.document import (
    Band,
    Block,
    Cell,
    Document,
    Heat,
    Paragraph,
    Plot,
    Strips,
    Table,
    Tick,
    Todo,
)
from cockpit.report.wording import line

SCHEMA_VERSION: Final = 1


def as_json(document: Document) -> str:
    """One object, indented, keys sorted: the same report gives the same bytes."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "title": line(document.title),
        "facts": {line(name): line(value) for name, value in document.facts},
        "sections": [
            {
                "number": section.number,
                "title": section.title,
                "blocks": [_block(block) for block in section.blocks],
            }
            for section in document.sections
        ],
    }
    return json.dumps(_finite(content), indent=1, sort_keys=True, allow_nan=False) + "\n"


def _finite(content: Any) -> Any:  # noqa: ANN401  # a tree of JSON
    """The same without numbers that JSON does not have: of what is unbounded the words tell."""
    match content:
        case dict():
            return {key: _finite(value) for key, value in content.items()}
        case list() | tuple():
            return [_finite(value) for value in content]
        case float() if not math.isfinite(content):
            return None
        case _:
            return content


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Paragraph(text=text, events=events):
            return {"kind": "text", "text": line(text), "events": list(events)}
        case Todo(text=text):
            return {"kind": "todo", "text": line(text)}
        case Table(name=name, columns=columns, rows=rows):
            return {
                "kind": "table",
                "name": name,
                "columns": list(columns),
                "rows": [[_cell(cell) for cell in row] for row in rows],
            }
        case Plot():
            return _plot(block)
        case Strips():
            return _strips(block)
        case Heat():
            return _heat(block)
        case _:
            assert_never(block)


def _cell(cell: Cell) -> dict[str, Any]:
    return {"text": line(cell.text), "value": cell.value, "events": list(cell.events)}


def _plot(plot: Plot) -> dict[str, Any]:
    return {
        "kind": "plot",
        "name": plot.name,
        "title": line(plot.title),
        "unit": plot.unit,
        "words": in_words(plot),
        "from_ms": plot.from_ms,
        "to_ms": plot.to_ms,
        "limits": dict(plot.limits),
        "lines": {one.name: [list(point) for point in one.points] for one in plot.lines},
        "ticks": _ticks(plot.ticks),
        "bands": _bands(plot.bands),
    }


def _ticks(ticks: tuple[Tick, ...]) -> list[dict[str, Any]]:
    return [{"at_ms": t.at_ms, "text": line(t.text), "event": t.event} for t in ticks]


def _bands(bands: tuple[Band, ...]) -> list[dict[str, Any]]:
    return [
        {"from_ms": b.from_ms, "to_ms": b.to_ms, "kind": b.kind, "text": line(b.text)}
        for b in bands
    ]


def _strips(strips: Strips) -> dict[str, Any]:
    return {
        "kind": "strips",
        "name": strips.name,
        "title": line(strips.title),
        "words": in_words(strips),
        "from_ms": strips.from_ms,
        "to_ms": strips.to_ms,
        "relative": strips.relative,
        "limit": strips.limit,
        "strips": [
            {
                "name": line(strip.name),
                "limit_ms": strip.limit_ms,
                "stretches": [
                    {"from_ms": s.from_ms, "to_ms": s.to_ms, "text": line(s.text), "kind": s.kind,
                     "event": s.event}
                    for s in strip.stretches
                ],
            }
            for strip in strips.strips
        ],
        "ticks": _ticks(strips.ticks),
        "bands": _bands(strips.bands),
    }  # fmt: skip


def _heat(heat: Heat) -> dict[str, Any]:
    return {
        "kind": "heat",
        "name": heat.name,
        "title": line(heat.title),
        "unit": heat.unit,
        "words": in_words(heat),
        "from_ms": heat.from_ms,
        "step_ms": heat.step_ms,
        "steps": list(heat.steps),
        "of": heat.of,
        "rows": [{"name": line(name), "values": list(row)} for name, row in heat.rows],
        "ticks": _ticks(heat.ticks),
        "bands": _bands(heat.bands),
    }
