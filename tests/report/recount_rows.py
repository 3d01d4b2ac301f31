"""Heat maps and strips of a report, compared with raw samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from cockpit.core.observe import MISSING, Unknown
from cockpit.core.snapshot import Behind, Snapshot
from tests.report.raw import Raw

Json = dict[str, Any]
Values = Iterator[tuple[str, float | None]]
"""A row's name, and what one look shows of it."""
ONCE = {"delta_heat"}
"""Looked at once a stretch."""


def _lag(look: Snapshot) -> Values:
    table = look.partitions
    for (topic, number), lag in zip(table.keys.names, table.lag.tolist(), strict=True):
        yield f"{topic}/{number}", None if lag == MISSING else float(lag)


def _deltas(look: Snapshot) -> Values:
    for row in look.deltas:
        delta = None if isinstance(row.delta, Unknown) else float(abs(row.delta))
        yield f"{row.group}: {row.topic}/{row.partition}", delta


def _behind(look: Snapshot) -> Values:
    for group in look.groups:
        if group.service:
            for side, behind in (("source", group.source_behind), ("target", group.target_behind)):
                known = behind.duration_ms / 1_000 if isinstance(behind, Behind) else None
                yield f"{group.name} on {side}", known


def _near(look: Snapshot) -> Values:
    for one in look.triggers:
        if one.limit:
            share = None if isinstance(one.value, Unknown) else one.value / one.limit
            yield f"{look.status.wave}: {one.name}", share


HEATS: dict[str, Callable[[Snapshot], Values]] = {
    "lag_heat": _lag,
    "delta_heat": _deltas,
    "behind_heat": _behind,
    "trigger_heat": _near,
}


def assert_heat(raw: Raw, heat: Json) -> int:
    """Every cell that is shown is the most of its looks, and the row with the most of all is
    shown; how many cells are known."""
    values = HEATS[heat["name"]]
    columns = max((len(row["values"]) for row in heat["rows"]), default=1)
    most: dict[str, list[float | None]] = {}
    looked: set[int] = set()
    for look in raw.looks:
        column = min((look.at_ms - heat["from_ms"]) // heat["step_ms"], columns - 1)
        if heat["name"] in ONCE and column in looked:
            continue
        looked.add(column)
        for name, value in values(look):
            row = most.setdefault(name, [None] * columns)
            known = [one for one in (row[column], value) if one is not None]
            row[column] = max(known, default=None)
    assert heat["of"] == len(most), heat["name"]
    for row in heat["rows"]:
        assert row["values"] == most[row["name"]], (heat["name"], row["name"])
    peaks = {
        name: max((v for v in row if v is not None), default=-1.0) for name, row in most.items()
    }
    shown = [peaks[row["name"]] for row in heat["rows"]]
    assert max(shown, default=-1.0) == max(peaks.values(), default=-1.0)
    return sum(value is not None for row in heat["rows"] for value in row["values"])


def _words(raw: Raw, name: str) -> Iterator[tuple[int, str, str]]:
    """Time, row and word of every look."""
    for look in raw.looks:
        if name == "gate_strips":
            for place, gate in enumerate(look.gates):
                if all(other.name != gate.name for other in look.gates[:place]):
                    yield look.at_ms, f"{look.status.wave}: {gate.name}", gate.verdict
        else:
            for group in look.groups:
                if group.service:
                    states = (("source", group.source_state), ("target", group.target_state))
                    for side, state in states:
                        yield look.at_ms, f"{group.name} on {side}", state or "unknown"


def assert_strips(raw: Raw, strips: Json) -> int:
    """Every look is in a stretch with its word, or every stretch is that of an event; how many."""
    rows: dict[str, list[Json]] = {}
    for strip in strips["strips"]:
        assert all(a["to_ms"] <= b["from_ms"] for a, b in pairwise(strip["stretches"]))
        rows.setdefault(strip["name"], strip["stretches"])
    if strips["name"] in ("gate_strips", "group_states"):
        words = list(_words(raw, strips["name"]))
        for at_ms, row, word in words:
            found = [one for one in rows[row] if one["from_ms"] <= at_ms <= one["to_ms"]]
            assert word in {one["text"] for one in found}, (strips["name"], row, at_ms)
        return len(words)
    every = [one for strip in strips["strips"] for one in strip["stretches"]]
    for one in every:
        if strips["name"] == "course":
            assert raw.events[one["event"] - 1]["at_ms"] == one["from_ms"]
            assert one["to_ms"] in {raw.to_ms, *(event["at_ms"] for event in raw.events)}
        if strips["name"] == "blocked" and one["event"] is not None:
            event = raw.events[one["event"] - 1]
            assert event[f"{one['text']}_ms"] == one["to_ms"] - one["from_ms"]
    return len(every)


def assert_rows(raw: Raw, blocks: Sequence[Json]) -> int:
    """All of them; how many values that were."""
    checked = sum(assert_heat(raw, block) for block in blocks if block["kind"] == "heat")
    return checked + sum(assert_strips(raw, block) for block in blocks if block["kind"] == "strips")
