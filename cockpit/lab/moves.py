"""An outsider's clock: how long each topic had no accepted write, and each reader no record, while
they moved from one cluster to the other.

Shares no code with the rest of the project, and never talks to a cluster. Times are when a service
wrote down that a record was acknowledged to it, or processed.

Run as `python -m cockpit.lab.moves FOLDER [--json]`. Exit code 2 when the ledgers cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Noted:
    """One record as a ledger has it."""

    service: str
    topic: str
    cluster: str
    noted_at_ms: int


@dataclass(frozen=True, slots=True)
class Call:
    """One good call of a service's control."""

    service: str
    verb: str
    asked_at_ms: int
    answered_at_ms: int


@dataclass(frozen=True, slots=True)
class Move:
    """From the last record on one cluster to the first on the other."""

    kind: Literal["writes", "reads"]
    name: str
    """The topic that is written, or the service that reads."""
    left: str
    reached: str
    last_at_ms: int
    first_at_ms: int
    stopped_at_ms: int | None
    """When the last of its services had answered its stop call; None: no ledger has it."""
    started_at_ms: int | None
    """When the first of its services was told to start."""

    @property
    def blocked_ms(self) -> int:
        """All of it."""
        return self.first_at_ms - self.last_at_ms

    @property
    def between_ms(self) -> int | None:
        """While every service stood still and none was told to start: whoever moves them took it,
        and the mirror. None where a call is not known."""
        if self.stopped_at_ms is None or self.started_at_ms is None:
            return None
        return max(0, self.started_at_ms - max(self.stopped_at_ms, self.last_at_ms))

    def as_json(self) -> dict[str, object]:
        """The form for scripts."""
        between_ms = self.between_ms
        return {
            "kind": self.kind,
            "name": self.name,
            "from": self.left,
            "to": self.reached,
            "last_at_ms": self.last_at_ms,
            "first_at_ms": self.first_at_ms,
            "blocked_ms": self.blocked_ms,
            "between_ms": between_ms,
            "services_ms": None if between_ms is None else self.blocked_ms - between_ms,
        }


def moves(folder: Path) -> tuple[Move, ...]:
    """Every move in a lab's folder, in the order of time. Raises OSError, ValueError or KeyError
    where a ledger cannot be read."""
    calls = [call for path in _files(folder / "calls") for call in _calls(path)]
    written = [row for path in _files(folder / "produced") for row in _noted(path)]
    read = [row for path in _files(folder / "consumed") for row in _noted(path)]
    topics: dict[str, list[Noted]] = {}
    for row in written:
        topics.setdefault(row.topic, []).append(row)
    readers: dict[str, list[Noted]] = {}
    writers = {row.service for row in written}
    for row in read:
        if row.service not in writers:
            readers.setdefault(row.service, []).append(row)
    found = [move for name, rows in topics.items() for move in _of("writes", name, rows, calls)]
    found += [move for name, rows in readers.items() for move in _of("reads", name, rows, calls)]
    return tuple(sorted(found, key=lambda move: (move.last_at_ms, move.name)))


def _of(
    kind: Literal["writes", "reads"], name: str, rows: list[Noted], calls: list[Call]
) -> Iterable[Move]:
    in_order = sorted(rows, key=lambda row: row.noted_at_ms)
    services = {row.service for row in rows}
    mine = [call for call in calls if call.service in services]
    for last, first in pairwise(in_order):
        if last.cluster == first.cluster:
            continue
        until_ms = first.noted_at_ms
        stops = {s: _newest(mine, s, "stop", until_ms) for s in services}
        starts = {s: _newest(mine, s, "start", until_ms) for s in services}
        answered = [call.answered_at_ms for call in stops.values() if call is not None]
        asked = [
            start.asked_at_ms
            for s, start in starts.items()
            if start is not None and (stop := stops[s]) is not None
            if start.asked_at_ms >= stop.asked_at_ms
        ]
        yield Move(
            kind,
            name,
            last.cluster,
            first.cluster,
            last.noted_at_ms,
            until_ms,
            max(answered) if len(answered) == len(services) else None,
            min(asked, default=None),
        )


def _newest(calls: list[Call], service: str, verb: str, until_ms: int) -> Call | None:
    found = [c for c in calls if (c.service, c.verb) == (service, verb) if c.asked_at_ms < until_ms]
    return max(found, key=lambda call: call.asked_at_ms, default=None)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def _whole_lines(path: Path) -> list[bytes]:
    """A last line without an end is what a killed process leaves."""
    return path.read_bytes().split(b"\n")[:-1]


def _noted(path: Path) -> Iterable[Noted]:
    for line in _whole_lines(path):
        body = json.loads(line)
        at_ms = int(body["noted_at_ms"])
        yield Noted(path.stem, str(body["topic"]), str(body["cluster"]), at_ms)


def _calls(path: Path) -> Iterable[Call]:
    for line in _whole_lines(path):
        body = json.loads(line)
        if body["good"]:
            asked_ms, answered_ms = int(body["asked_at_ms"]), int(body["answered_at_ms"])
            yield Call(path.stem, str(body["verb"]), asked_ms, answered_ms)


def moves_table(found: tuple[Move, ...]) -> str:
    """For people."""
    lines = [f"{'moved':20} {'to':7} {'blocked':>9} {'between':>9} {'services':>9}"]
    for move in found:
        between_ms = move.between_ms
        rest = "" if between_ms is None else f"{(move.blocked_ms - between_ms) / 1000:7.2f} s"
        told = "unknown" if between_ms is None else f"{between_ms / 1000:.2f} s"
        blocked = f"{move.blocked_ms / 1000:.2f} s"
        lines.append(f"{move.name:20} {move.reached:7} {blocked:>9} {told:>9} {rest:>9}")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Command line; the exit code."""
    summary = str(__doc__).partition("\n\n")[0].replace("\n", " ")
    parser = argparse.ArgumentParser(prog="cockpit.lab.moves", description=summary)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(argv)
    try:
        found = moves(options.folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"the ledgers do not tell when: {error!r}\n")
        return 2
    body = json.dumps([move.as_json() for move in found], indent=1)
    sys.stdout.write((body if options.json else moves_table(found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
