"""The last data records of partitions, read backwards over markers and aborted transactions.

Changes nothing; gives up, rather than guess, where no data record is near the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cockpit.core.observe import TopicPartition
from cockpit.kafka.client import Client
from cockpit.kafka.errors import code_error
from cockpit.kafka.protocol.codec import DecodeError
from cockpit.kafka.protocol.fetch import FetchedPartition, Record, decode_records, fetch
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

FIRST_WINDOW: Final = 16
GROWTH: Final = 8
KEPT: Final = 16
ROUNDS: Final = 400


@dataclass(frozen=True, slots=True)
class Span:
    """A partition's log from `start` up to `end`, and who leads it."""

    leader: int
    start: int
    end: int


@dataclass(slots=True)
class _Walk:
    """One partition being read: a window that ends at the log's end and grows backwards."""

    span: Span
    wanted: int
    window: int = FIRST_WINDOW
    cursor: int = 0
    records: list[Record] = field(default_factory=list)
    alone: bool = False
    """Asked by itself next time: in company its first batch may have been too large to come."""

    def __post_init__(self) -> None:
        self.cursor = self.begin

    @property
    def begin(self) -> int:
        return max(self.span.start, self.span.end - self.window)

    def advance(self) -> bool:
        """After the window was read: True when that is enough, else a larger window begins."""
        if self.cursor < self.span.end:
            return False
        if len(self.records) >= self.wanted or self.begin <= self.span.start:
            return True
        self.window *= GROWTH
        self.records.clear()
        self.cursor = self.begin
        return False


async def read_tails(
    client: Client,
    spans: Mapping[TopicPartition, Span],
    *,
    committed_only: bool,
    wanted: Mapping[TopicPartition, int] | None = None,
) -> dict[TopicPartition, tuple[Record, ...]]:
    """Last data records of each partition, oldest first: at least as many as `wanted` (1).

    Fewer only where the partition holds no more. Raises PortError when a partition cannot be read.
    """
    walks = {
        tp: _Walk(span, (wanted or {}).get(tp, 1)) for tp, span in spans.items() if span.end > 0
    }
    found: dict[TopicPartition, tuple[Record, ...]] = dict.fromkeys(spans, ())
    pending = {tp for tp, walk in walks.items() if not walk.advance()}
    for _ in range(ROUNDS):
        if not pending:
            return found
        for part in await _round(client, {tp: walks[tp] for tp in pending}, committed_only):
            tp = (part.topic, part.partition)
            if tp not in pending:
                continue
            _take(walks[tp], part, committed_only=committed_only)
            if walks[tp].advance():
                found[tp] = tuple(walks[tp].records)
                pending.discard(tp)
    topic, partition = min(pending)
    raise PortError("slow", one_line(f"no data record found near the end of {topic}/{partition}"))


async def _round(
    client: Client, walks: Mapping[TopicPartition, _Walk], committed_only: bool
) -> Iterable[FetchedPartition]:
    """One fetch of each leader: of a partition that must be alone, or of all others."""
    cursors: dict[int, dict[TopicPartition, int]] = {}
    for tp, walk in sorted(walks.items(), key=lambda item: not item[1].alone):
        asked = cursors.setdefault(walk.span.leader, {})
        if not asked or not any(walks[other].alone for other in asked):
            asked[tp] = walk.cursor
    requests: dict[int, Request[tuple[FetchedPartition, ...]]] = {
        node: fetch(asked, committed_only=committed_only) for node, asked in cursors.items()
    }
    answers, failures = await client.ask_each(requests)
    for node in sorted(failures):
        raise PortError(failures[node].kind, one_line(f"broker {node}: {failures[node].reason}"))
    return [part for answer in answers.values() for part in answer]


def _take(walk: _Walk, part: FetchedPartition, *, committed_only: bool) -> None:
    """Keep what came of one partition and move on."""
    if part.error:
        raise code_error(part.error, f"records of {part.topic}/{part.partition}")
    try:
        decoded = decode_records(part, committed_only=committed_only)
    except DecodeError as error:
        raise PortError("protocol", one_line(error)) from error
    fresh = [r for r in decoded.records if walk.cursor <= r.offset < walk.span.end]
    walk.records = (walk.records + fresh)[-max(KEPT, walk.wanted) :]
    if decoded.next_offset is not None:
        walk.cursor = max(walk.cursor, decoded.next_offset)
        walk.alone = False
    elif walk.alone:
        # Nothing from here to the end: compaction took it.
        walk.cursor = walk.span.end
        walk.alone = False
    else:
        walk.alone = True
