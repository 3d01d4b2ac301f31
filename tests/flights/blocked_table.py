"""Prints `docs/flights/blocked.md`: what came of the flights that the soak has kept, and how long
clients were blocked in them.

`python -m tests.flights.blocked_table > docs/flights/blocked.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from statistics import median
from typing import Any

from tests.flights.blocked import kept_flights, slowest_by_wave
from tests.flights.soaking import KEPT

PAGE = """\
# Records and blocked clients in real flights

Flights of the [lab](../lab.md) with random timing (`make soak`): `exact` moves everything, each
group by content; `translated` moves everything by MirrorMaker's translation; `back` moves the
readers by content, lets them soak and takes them back. Records are counted by the lab's checker,
which shares no code with the cockpit.

`.venv/bin/python -m tests.flights.blocked_table` prints this page from what is kept in `.soak/`:
where nothing is, it is empty. `code`: of the rooms that can change a flight. To compare, a tree's:
`.venv/bin/python -c 'from tests.flights.soaking import source_hash; print(source_hash())'`.

"""
TOLD = """
Blocked: from the last accepted write on the source to the first on the target, of the topic of
each wave that waited longest; the median, and the longest. By the ledgers of the services, and as
the flight told it, split into the cockpit's own share, the mirror's and the services'. `make soak`
fails where the median of the cockpit's share is 2 s or more. On a machine that is busy with other
things all of it is longer.

"""
COUNTED = ("lost", "duplicated", "predicted", "reordered")
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


def table(flights: Iterable[dict[str, Any]]) -> str:
    """Medians over flights, of the topic of each wave that waited longest."""
    waves: dict[str, list[dict[str, Any]]] = {}
    for flight in flights:
        for wave, row in slowest_by_wave(flight["blocked"]).items():
            waves.setdefault(wave, []).append(row)
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
    kept = kept_flights(KEPT / "exact.json")
    rows = ["| kind | flights | lost | read twice | predicted | out of order | code |"]
    rows += ["| --- |" + " --- |" * 6]
    for kind, each in kept.items():
        sums = [sum(flight[key] for flight in each) for key in COUNTED]
        codes = " ".join(sorted({flight["code"] for flight in each}))
        rows.append(f"| {kind} | {len(each)} | {' | '.join(map(str, sums))} | {codes} |")
    flights = [flight for each in kept.values() for flight in each]
    sys.stdout.write(PAGE + "\n".join(rows) + "\n" + TOLD + table(flights))


if __name__ == "__main__":
    main()
