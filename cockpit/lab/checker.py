"""An outsider's check of a workload's ledgers: lost, duplicated and reordered records.

Shares no code with the rest of the project: it reads `workload.json`, `produced/*.jsonl` and
`consumed/*.jsonl` of a folder, and nothing else. Never talks to a cluster.

A record is known by its topic, producer and sequence number. For each consuming service and each
topic it reads:

- lost: acknowledged to its producer, settled, and never processed by this service. Settled means
  made at least `margin_ms` before the newest record that this service has processed of that topic
  (before the newest one made, if it has processed none; before `until_ms`, if that is given): what
  is younger may be on its way.
- duplicated: times that a record was processed again.
- reordered: records processed for the first time after a younger one of the same producer in the
  same partition.

Run as `python -m cockpit.lab.checker FOLDER [--json] [--until MS] [--margin MS]`. Exit code 0 when
nothing is lost, 1 when something is, 2 when the folder cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

MARGIN_MS = 5_000


class FolderError(Exception):
    """The folder does not hold what the check needs."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a ledger."""

    cluster: str
    topic: str
    partition: int
    offset: int
    producer: str
    seq: int
    at_ms: int

    @property
    def identity(self) -> tuple[str, int]:
        """What makes it the same record wherever it is read, within its topic."""
        return self.producer, self.seq


@dataclass(frozen=True, slots=True)
class Count:
    """What one service made of one topic."""

    service: str
    topic: str
    acknowledged: int
    settled: int
    behind: int
    """Acknowledged, not settled and not processed: on their way, or the service has stopped."""
    consumed: int
    lost: int
    duplicated: int
    reordered: int
    unexplained: int
    """Records processed that no producer has down as acknowledged: written, but the reply was
    lost."""
    first_lost: str | None = None
    duplicated_in: Mapping[int, int] = field(default_factory=dict)
    """`duplicated` by partition of the cluster where it was read again, where there is any."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole folder."""

    counts: tuple[Count, ...]

    @property
    def lost(self) -> int:
        """Settled records that some service never processed."""
        return sum(count.lost for count in self.counts)

    @property
    def duplicated(self) -> int:
        """Times that a service processed a record again."""
        return sum(count.duplicated for count in self.counts)

    @property
    def reordered(self) -> int:
        """Records that a service processed after a younger one of their partition."""
        return sum(count.reordered for count in self.counts)

    def as_json(self) -> dict[str, object]:
        """The form for scripts."""
        return {
            "lost": self.lost,
            "duplicated": self.duplicated,
            "reordered": self.reordered,
            "settled": sum(count.settled for count in self.counts),
            "behind": sum(count.behind for count in self.counts),
            "by_topic": [asdict(count) for count in self.counts],
        }


def check(folder: Path, *, until_ms: int | None = None, margin_ms: int = MARGIN_MS) -> Verdict:
    """Check a folder. Raises FolderError."""
    produced = _by_topic(_ledgers(folder / "produced"))
    counts = []
    for service, topics in sorted(_readers(folder).items()):
        consumed = _by_topic(_rows(folder / "consumed" / f"{service}.jsonl"))
        for topic in topics:
            made, read = produced.get(topic, []), consumed.get(topic, [])
            horizon_ms = until_ms if until_ms is not None else _newest(read or made) - margin_ms
            counts.append(_count(service, topic, made, read, horizon_ms))
    return Verdict(tuple(counts))


def _newest(rows: list[Row]) -> int:
    return max((row.at_ms for row in rows), default=0)


def _count(service: str, topic: str, made: list[Row], read: list[Row], horizon_ms: int) -> Count:
    known = {row.identity: row for row in made}
    seen: set[tuple[str, int]] = set()
    newest: dict[tuple[str, int], int] = {}
    again: Counter[int] = Counter()
    reordered = 0
    for row in read:
        if row.identity in seen:
            again[row.partition] += 1
            continue
        seen.add(row.identity)
        lane = (row.producer, row.partition)
        if row.seq < newest.get(lane, -1):
            reordered += 1
        newest[lane] = max(row.seq, newest.get(lane, -1))
    settled = {identity for identity, row in known.items() if row.at_ms <= horizon_ms}
    missing = sorted(settled - seen)
    first = known[missing[0]] if missing else None
    return Count(
        service=service,
        topic=topic,
        acknowledged=len(known),
        settled=len(settled),
        behind=len(known.keys() - settled - seen),
        consumed=len(seen),
        lost=len(missing),
        duplicated=again.total(),
        reordered=reordered,
        unexplained=len(seen - known.keys()),
        first_lost=None
        if first is None
        else f"{first.producer} {first.seq} at {first.cluster} {first.partition}/{first.offset}",
        duplicated_in=dict(sorted(again.items())),
    )


def _readers(folder: Path) -> dict[str, list[str]]:
    path = folder / "workload.json"
    try:
        services = json.loads(path.read_text(encoding="utf-8"))["services"]
        return {
            str(name): [str(topic) for topic in service["consumes"]]
            for name, service in services.items()
            if service["consumes"]
        }
    except OSError as error:
        raise FolderError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FolderError(f"{path} does not describe a workload: {error!r}") from error


def _ledgers(folder: Path) -> Iterator[Row]:
    for path in sorted(folder.glob("*.jsonl")):
        yield from _rows(path)


def _rows(path: Path) -> Iterator[Row]:
    """The rows of a ledger. A last line without an end is what a killed process leaves."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise FolderError(f"cannot read {path}: {error.strerror}") from error
    for number, line in enumerate(lines[:-1], 1):
        try:
            body = json.loads(line)
            yield Row(
                str(body["cluster"]),
                str(body["topic"]),
                int(body["partition"]),
                int(body["offset"]),
                str(body["producer"]),
                int(body["seq"]),
                int(body["at_ms"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise FolderError(f"{path} line {number}: {error!r}") from error


def _by_topic(rows: Iterator[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.topic, []).append(row)
    return found


def _table(verdict: Verdict) -> str:
    heads = ("settled", 8), ("behind", 6), ("lost", 6), ("again", 6), ("order", 6)
    lines = [f"{'service':12} {'topic':18} " + " ".join(f"{head:>{size}}" for head, size in heads)]
    lines += [
        f"{count.service:12} {count.topic:18} {count.settled:8} {count.behind:6} {count.lost:6} "
        f"{count.duplicated:6} {count.reordered:6}"
        + (f"  first: {count.first_lost}" if count.first_lost else "")
        for count in verdict.counts
    ]
    lines.append(
        f"lost {verdict.lost}, duplicated {verdict.duplicated}, reordered {verdict.reordered}"
    )
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Command line; the exit code."""
    parser = argparse.ArgumentParser(prog="cockpit.lab.checker", description=_summary())
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--until", type=int, metavar="MS", help="all made until then must be there")
    parser.add_argument("--margin", type=int, metavar="MS", default=MARGIN_MS)
    options = parser.parse_args(argv)
    try:
        verdict = check(options.folder, until_ms=options.until, margin_ms=options.margin)
    except FolderError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    text = json.dumps(verdict.as_json(), indent=1) if options.json else _table(verdict)
    sys.stdout.write(text + "\n")
    return 1 if verdict.lost else 0


def _summary() -> str:
    return str(__doc__).splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
