"""How long clients were blocked in a flight of the lab: what the cockpit told, and what was.

The truth is in the services' ledgers, read by a program that shares no code with the cockpit.
"""

from __future__ import annotations

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
