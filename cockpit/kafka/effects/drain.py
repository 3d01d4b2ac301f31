"""ProveDrained: the last data record of each source partition is the last one of the target.

Compares content, never offsets: markers, compaction and a mirror that began late make offsets of
two clusters incomparable. Where content alone proves little, the mirror's own position must have
passed the record too. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cockpit.core.actions import Finding
from cockpit.core.observe import TopicPartition, partition_text
from cockpit.core.overtaken import SET_POSITION, gone_text
from cockpit.core.plan import Side
from cockpit.kafka.client import Client
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.effects.offsets import (
    Layout,
    lay_out,
    lay_out_present,
    offsets_at,
    offsets_of,
    unreplicated,
)
from cockpit.kafka.effects.open_transactions import TO_END_IT, open_transactions
from cockpit.kafka.effects.tails import Span, read_tails
from cockpit.kafka.habits import habits_of
from cockpit.kafka.protocol.fetch import Record
from cockpit.kafka.protocol.offsets import EARLIEST, LATEST
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

NAMED: Final = 5
"""How many partitions a finding names."""

Tails = Mapping[TopicPartition, tuple[Record, ...]]


@dataclass(slots=True)
class _Look:
    """Both sides as they were read once."""

    source: Layout
    target: Layout
    source_spans: dict[TopicPartition, Span]
    target_spans: dict[TopicPartition, Span]
    late: dict[TopicPartition, str] = field(default_factory=dict)
    """Partitions that are not drained, and what is missing."""
    position_needed: dict[TopicPartition, int] = field(default_factory=dict)
    """Where equal records prove little: what the mirror's position must have reached."""
    open: dict[TopicPartition, int] = field(default_factory=dict)
    """Where a transaction is open on the source, and the offset from which on."""
    emptied: dict[TopicPartition, int] = field(default_factory=dict)
    """Where records are gone from the source and none is left: what the mirror's position must have
    reached, the beginning of the log."""
    unproven: dict[TopicPartition, str] = field(default_factory=dict)
    """Partitions of which nobody can say whether they are drained, and why."""


class DrainProof:
    """Compares the ends of topics on both clusters.

    `written` names the side that `source` is: the way back is proved with the clusters the other
    way round, and another mirror.
    """

    def __init__(
        self,
        *,
        source: Client,
        target: Client,
        rest: ConnectRest,
        mirror: str,
        written: Side = "source",
        positions: Callable[[], Awaitable[Mapping[TopicPartition, int]]] | None = None,
    ) -> None:
        """`positions`: what tells the mirror's position, where its connector alone does not."""
        self._positions = positions
        self._source = source
        self._target = target
        self._rest = rest
        self._mirror = mirror
        self._words = (written, "target" if written == "source" else "source")

    def back(self, mirror: str) -> DrainProof:
        """The proof that what was written on the target is on the source."""
        return DrainProof(
            source=self._target,
            target=self._source,
            rest=self._rest,
            mirror=mirror,
            written="target",
        )

    async def verify(self, topics: Sequence[str]) -> Finding:
        """Whether everything has arrived; None where a side could not be read."""
        try:
            look = await self._look(topics)
        except PortError as error:
            return Finding(None, error.reason)
        return self._finding(look)

    async def do(self, topics: Sequence[str]) -> Mapping[str, Any]:
        """Ends of both sides. Raises PortError, also where something has not arrived."""
        look = await self._look(topics)
        if look.late or look.unproven:
            raise PortError("protocol", self._finding(look).detail)
        spans = (look.source_spans, look.target_spans)
        return {
            f"{word}_end": {partition_text(tp): span.end for tp, span in sorted(of.items())}
            for word, of in zip(self._words, spans, strict=True)
        }

    async def _look(self, topics: Sequence[str]) -> _Look:
        source = await lay_out(self._source, topics)
        source_spans = await _spans(self._source, source, committed_only=False)
        target = await lay_out_present(self._target, topics)
        target_spans = await _spans(self._target, target, committed_only=True)
        look = _Look(source, target, source_spans, target_spans)
        ends = {tp: span.end for tp, span in source_spans.items()}
        stable = await _stable_ends(self._source, source, ends)
        behind = await unreplicated(self._source, source, ends)
        for tp, span in source_spans.items():
            if tp in behind:
                look.late[tp] = f"{behind[tp]} records not replicated on the {self._words[0]} yet"
            elif tp not in target_spans:
                look.late[tp] = f"no such partition on the {self._words[1]}"
            elif stable[tp] < span.end:
                look.open[tp] = stable[tp]
        look.late |= await open_transactions(self._source, source, look.open)
        await self._compare(look)
        if look.position_needed or look.emptied:
            positions = await self._passed(look)
            look.unproven = not_passed(look.position_needed, positions)
            look.unproven |= gone_unread(look.emptied, positions)
        return look

    async def _passed(self, look: _Look) -> Mapping[TopicPartition, int]:
        """The mirror's positions. Raises PortError, with a partition that needs one."""
        ask = self._positions
        try:
            return await (self._rest.positions(self._mirror) if ask is None else ask())
        except PortError as error:
            first = partition_text(min(look.position_needed.keys() | look.emptied.keys()))
            why = f"{first}: only the mirror's position proves it: {error.reason}"
            raise PortError(error.kind, one_line(why)) from error

    async def _compare(self, look: _Look) -> None:
        open_keys = [tp for tp in look.source_spans if tp not in look.late]
        spans = {tp: look.source_spans[tp] for tp in open_keys}
        written = await read_tails(self._source, spans, committed_only=False)
        differing = await self._differing(look, written)
        unsure = differing | look.position_needed.keys()
        if unsure:
            committed = await read_tails(
                self._source, {tp: spans[tp] for tp in unsure}, committed_only=True
            )
            aborted = {tp: committed[tp] for tp in unsure if committed[tp] != written[tp]}
            if aborted and await self._skips_aborted():
                differing -= aborted.keys() - await self._unlike(look, aborted)
        await self._count(look, {tp: written[tp] for tp in differing})

    async def _differing(self, look: _Look, source: Tails) -> set[TopicPartition]:
        """Partitions whose last source record is not the last one of the target.

        A run of equal records at the end counts: as many must have arrived. Where retention has
        left none, content says nothing of those that are gone.
        """
        for tp in source:
            if not source[tp] and look.source_spans[tp].start > 0:
                look.emptied[tp] = look.source_spans[tp].start
        runs = {tp: _run(tail) for tp, tail in source.items() if tail}
        spans = {tp: look.target_spans[tp] for tp in runs}
        wanted = {tp: run + 1 for tp, run in runs.items()}  # and what stands before the run
        target = await read_tails(self._target, spans, committed_only=True, wanted=wanted)
        differing = {tp for tp in runs if not _arrived(source[tp][-1], runs[tp], target[tp])}
        for tp in runs.keys() - differing:
            if proves_little(source[tp], target[tp]):
                look.position_needed[tp] = source[tp][-1].offset + 1
        return differing

    async def _unlike(self, look: _Look, committed: Tails) -> set[TopicPartition]:
        """As `_differing`, of a source without what was aborted: what proves too little there needs
        no more than it needed with it."""
        needed = {tp: at for tp, at in look.position_needed.items() if tp in committed}
        for tp in needed:
            del look.position_needed[tp]
        differing = await self._differing(look, committed)
        look.position_needed.update({tp: needed[tp] for tp in needed.keys() & differing})
        return differing

    async def _skips_aborted(self) -> bool:
        """Whether the mirror reads committed records only, by its own config."""
        config = await self._rest.config(self._mirror)
        return habits_of(config).committed_only is True

    async def _count(self, look: _Look, differing: Tails) -> None:
        """Say how much is missing, by the place on the source of the target's last record."""
        if not differing:
            return
        spans = {tp: look.target_spans[tp] for tp in differing}
        last = await read_tails(self._target, spans, committed_only=True)
        timeless = {tp for tp, tail in differing.items() if tail[-1].timestamp_ms < 0}
        look.late.update(dict.fromkeys(timeless, "its last record is not there yet"))
        times = {tp: t[-1].timestamp_ms for tp, t in last.items() if t and tp not in timeless}
        at = await offsets_at(self._source, look.source, times)
        for tp in differing.keys() - timeless:
            span = look.source_spans[tp]
            reached = at.get(tp, -1)
            missing = span.end - (reached + 1 if reached >= 0 else span.start)
            look.late[tp] = f"about {max(missing, 1)} records not there yet"

    def _finding(self, look: _Look) -> Finding:
        count = len(look.source_spans)
        if look.late:
            text = f"{len(look.late)} of {count} not drained: {_named(look.late)}"
            return Finding(False, text + (f"; {TO_END_IT}" if look.open else ""))
        if look.unproven:
            text = f"{len(look.unproven)} of {count} unproven: {_named(look.unproven)}"
            advice = f"; {SET_POSITION}" if look.unproven.keys() & look.emptied.keys() else ""
            return Finding(None, text + advice)
        return Finding(
            True, f"the last record of all {count} partitions is on the {self._words[1]}"
        )


async def _stable_ends(
    client: Client, layout: Layout, ends: Mapping[TopicPartition, int]
) -> Mapping[TopicPartition, int]:
    """Where open transactions begin; the ends, where there are none yet (before 0.11)."""
    try:
        return await offsets_of(client, layout, LATEST, committed_only=True)
    except PortError as error:
        if error.kind != "unsupported":
            raise
        return ends


async def _spans(
    client: Client, layout: Layout, *, committed_only: bool
) -> dict[TopicPartition, Span]:
    starts = await offsets_of(client, layout, EARLIEST)
    ends = await offsets_of(client, layout, LATEST, committed_only=committed_only)
    return {tp: Span(node, starts[tp], ends[tp]) for tp, node in layout.leader.items()}


def _run(tail: Sequence[Record]) -> int:
    """How many records at the end of a tail are the same as the last."""
    run = 0
    for record in reversed(tail):
        if not same_record(record, tail[-1]):
            break
        run += 1
    return run


def _arrived(last: Record, run: int, target: Sequence[Record]) -> bool:
    return len(target) >= run and all(same_record(last, record) for record in target[-run:])


def proves_little(source: Sequence[Record], target: Sequence[Record]) -> bool:
    """Whether tails that end alike may still be different places of a log that repeats itself.

    So it is where time was not compared, where a run of equal records may go back beyond what was
    read or what is left of the log, where the last record stands at another place too, and where
    what stands before it is not the same.
    """
    last, run = source[-1], _run(source)
    if not _timed(last, target[-1]):
        return True
    if run == len(source) and source[0].offset > 0:
        return True
    before, there = source[:-run], target[:-run]
    if any(same_record(last, record) for record in (*before, *there)):
        return True
    if not before or not there:
        return bool(before or there)
    return not same_record(before[-1], there[-1])


def not_passed(
    needed: Mapping[TopicPartition, int], positions: Mapping[TopicPartition, int]
) -> dict[TopicPartition, str]:
    """Partitions whose last record the mirror has not passed as far as its positions tell.

    Positions are next source offsets of records, so markers at the end do not count. The mirror
    writes them down some time after the records: one that is behind proves nothing either way.
    """
    found: dict[TopicPartition, str] = {}
    for tp, offset in needed.items():
        if tp not in positions:
            found[tp] = "equal last records prove little, and the mirror has no position"
        elif positions[tp] < offset:
            at = f"the mirror's position is {positions[tp]}, not yet {offset}"
            found[tp] = f"equal last records prove little, and {at}"
    return found


def gone_unread(
    emptied: Mapping[TopicPartition, int], positions: Mapping[TopicPartition, int]
) -> dict[TopicPartition, str]:
    """Partitions without a record on the source, whose last ones may have gone before the mirror
    had read them.

    Positions are of records: where markers were the last to go, one stays behind for ever, and
    nobody can tell.
    """
    return {
        tp: gone_text(start, positions.get(tp))
        for tp, start in emptied.items()
        if positions.get(tp, -1) < start
    }


def same_record(source: Record, target: Record) -> bool:
    """Equal in key, value and headers, and in time where both have kept one."""
    timed = _timed(source, target)
    return (
        source.key == target.key
        and source.value == target.value
        and source.headers == target.headers
        and (not timed or source.timestamp_ms == target.timestamp_ms)
    )


def _timed(source: Record, target: Record) -> bool:
    """Whether their times can be compared: no broker has set one, and the source's format (before
    0.10) has any."""
    return not (source.append_time or target.append_time) and source.timestamp_ms >= 0


def _named(whys: Mapping[TopicPartition, str]) -> str:
    named = [f"{partition_text(tp)}: {why}" for tp, why in sorted(whys.items())[:NAMED]]
    more = f" and {len(whys) - NAMED} more" if len(whys) > NAMED else ""
    return one_line(f"{'; '.join(named)}{more}")
