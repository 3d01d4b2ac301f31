"""Prints, as Markdown, how long clients were blocked in the flights that the soak has kept.

Run as `python -m tests.flights.blocked_table`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from statistics import median
from typing import Any

from tests.flights.soaking import KEPT

HEAD = """\
| wave | flights | blocked, by the ledgers | as told | cockpit | mirror | services |
| --- | --- | --- | --- | --- | --- | --- |
"""


def _seconds(values: Iterable[int | None]) -> str:
    """The median of what is known, and the longest."""
    known = [value for value in values if value is not None]
    if not known:
        return "unknown"
    return f"{median(known) / 1000:.2f} s (to {max(known) / 1000:.2f})"


def _slowest(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Of one wave of one flight: the topic that waited longest."""
    return max(rows, key=lambda row: int(row["true"]["blocked_ms"]))


def table(flights: Iterable[dict[str, Any]]) -> str:
    """Medians over flights, of the topic of each wave that waited longest."""
    waves: dict[str, list[dict[str, Any]]] = {}
    for flight in flights:
        by_wave: dict[str, list[dict[str, Any]]] = {}
        for row in flight["blocked"]:
            by_wave.setdefault(row["wave"], []).append(row)
        for wave, rows in by_wave.items():
            waves.setdefault(wave, []).append(_slowest(rows))
    everything = [row for rows in waves.values() for row in rows]
    lines = [_line(wave, rows) for wave, rows in [*waves.items(), ("all", everything)] if rows]
    return HEAD + "".join(lines)


def _line(wave: str, rows: list[dict[str, Any]]) -> str:
    columns = [
        _seconds(row["true"]["blocked_ms"] for row in rows),
        *(
            _seconds(row["told"].get(key) for row in rows)
            for key in ("blocked_ms", "cockpit_ms", "mirror_ms", "services_ms")
        ),
    ]
    return f"| {wave} | {len(rows)} | {' | '.join(columns)} |\n"


def main() -> None:
    """Print the table of everything that is kept."""
    kept = json.loads((KEPT / "exact.json").read_text())
    flights = [flight for rows in kept["flights"].values() for flight in rows]
    counts = ", ".join(f"{len(rows)} {kind}" for kind, rows in kept["flights"].items())
    sums = [
        sum(f[key] for f in flights) for key in ("lost", "duplicated", "predicted", "reordered")
    ]
    sys.stdout.write(f"Flights: {counts}. Records lost {sums[0]}, read twice {sums[1]} (predicted ")
    sys.stdout.write(f"{sums[2]}), out of order {sums[3]}.\n\n{table(flights)}")


if __name__ == "__main__":
    main()
