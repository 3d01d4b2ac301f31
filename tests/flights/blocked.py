"""How long clients were blocked in a flight of the lab: what the cockpit told, and what was.

The truth is in the services' ledgers, read by a program that shares no code with the cockpit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

from cockpit.lab.looking import Status
from cockpit.lab.moves import Move, moves
from tests.flights.real import Flight

Row = dict[str, Any]
LEDGER_MS = 500
"""A service writes a record down once all that it sent with it is acknowledged."""


def blocked_rows(lab: Status, flight: Flight) -> list[Row]:
    """One row for each topic of each wave that moved: the account of the flight beside the
    truth."""
    truth: dict[str, Move] = {
        move.name: move
        for move in moves(lab.folder)
        if move.kind == "writes" and move.reached == "target"
    }
    rows: list[Row] = []
    for wave in flight.result["clients_blocked"]:
        for topic, told in wave["topics"].items():
            move = truth[topic].as_json()
            rows.append(
                {
                    "wave": wave["wave"],
                    "topic": topic,
                    "told": told,
                    "true": {key: move[key] for key in ("blocked_ms", "between_ms", "services_ms")},
                }
            )
    return rows


def assert_told_truly(rows: list[Row], *, within_ms: int) -> None:
    """What was told is not less than what was, as far as ledgers tell, and not much more."""
    known = [row for row in rows if row["told"]["blocked_ms"] is not None]
    assert known, f"nothing was told of any topic: {rows}"
    for row in known:
        told_ms, true_ms = row["told"]["blocked_ms"], row["true"]["blocked_ms"]
        assert true_ms - LEDGER_MS <= told_ms <= true_ms + within_ms, row


def kept_flights(path: Path) -> dict[str, list[dict[str, Any]]]:
    """What the soak has kept, by kind of flight; each flight has the `code` that flew it."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def slowest_by_wave(rows: list[Row]) -> dict[str, Row]:
    """Of each wave of one flight: the topic that waited longest."""
    found: dict[str, Row] = {}
    for row in rows:
        longest = found.setdefault(row["wave"], row)
        if row["true"]["blocked_ms"] > longest["true"]["blocked_ms"]:
            found[row["wave"]] = row
    return found


def cockpit_median_ms(flights: Iterable[dict[str, Any]]) -> float:
    """The cockpit's own share, over all waves of all flights. Raises StatisticsError where none is
    known."""
    slowest = [row for each in flights for row in slowest_by_wave(each["blocked"]).values()]
    told = [row["told"].get("cockpit_ms") for row in slowest]
    return median(int(ms) for ms in told if ms is not None)
