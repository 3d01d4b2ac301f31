"""Whole flights go through the stream encoding and come back: every event, tell and snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.core.flight import Event, Observed, Ticked
from cockpit.core.observe import (
    MISSING,
    GroupSample,
    GroupState,
    LogSample,
    MirrorSample,
    PartitionKeys,
    SyncsSample,
    TopicPartition,
)
from cockpit.core.snapshot import PartitionTable, Snapshot
from cockpit.sim.faults import ClusterUnreachable, Fault, When
from cockpit.wire.backlog import Backlog
from cockpit.wire.decoder import StreamDecoder
from cockpit.wire.encoder import Encoded, StreamEncoder
from cockpit.wire.frames import json_bytes
from cockpit.wire.guess import MAX_REACH
from cockpit.wire.records import CHANGE, DELTA, KEY, TABLE
from cockpit.wire.state import COLUMNS, VALUES, Head
from cockpit.wire.tables import TableShelf, read_table
from cockpit.wire.trees import fields_of
from cockpit.wire.values import WireError, to_json
from tests.wire.taping import Taped, differs, flown


class Stream:
    """An encoder and a decoder that hears all of it."""

    def __init__(self, *, inputs: bool = True) -> None:
        self.encoder = StreamEncoder()
        self.shelf = TableShelf()
        self.decoder = self.hear(inputs=inputs)

    def hear(self, *, inputs: bool = True) -> StreamDecoder:
        return StreamDecoder(self.shelf, Head(), inputs=inputs)

    def encode(self, frame: Taped, backlog: Backlog | None = None) -> bytes:
        for event in frame.inputs:
            self.encoder.observe(event)
        for tell in frame.tells:
            self.encoder.tell(tell)
        found: Encoded = self.encoder.publish(frame.snapshot)
        for table in found.tables:
            self.shelf.put(*read_table(table))
        if backlog is not None:
            for table in found.tables:
                backlog.put(TABLE, table)
            backlog.put(DELTA, found.frame)
        return found.frame

    def fresh(self, base: bytes) -> None:
        """A state that is loaded has the same columns as one that was read up to here."""
        loaded = self.hear()
        loaded.load(self.encoder.key())
        assert columns_of(loaded) == columns_of(self.decoder)
        if base:
            loaded.load(base, self.encoder.difference())
            assert columns_of(loaded) == columns_of(self.decoder)

    def through(self, frame: Taped) -> None:
        self.decoder.frame(self.encode(frame))
        assert not unequal(frame, self.decoder)


def columns_of(decoder: StreamDecoder) -> list[list[int]]:
    return [column.at(0).tolist() for column in decoder.columns()]


def unequal(frame: Taped, decoder: StreamDecoder, *, inputs: bool = True) -> str:
    found = differs(frame.snapshot, decoder.snapshot(), "snapshot")
    if inputs:
        found = found or differs(frame.inputs, decoder.events, "inputs")
    return found or differs(list(frame.tells), list(decoder.tells), "tells")


FLIGHTS: tuple[tuple[Fault, ...], ...] = (
    (),
    (ClusterUnreachable(side="source", when=When(delay_ms=9_000, for_ms=6_000)),),
)


def test_every_column_of_partitions_is_recorded() -> None:
    hints = PartitionTable.__annotations__
    assert tuple(name for name, hint in hints.items() if hint == "I64") == COLUMNS


@pytest.mark.parametrize("faults", FLIGHTS)
def test_a_whole_flight_comes_back(faults: tuple[Fault, ...]) -> None:
    stream = Stream()
    frames = flown(*faults, demo_faults=not faults)
    for number, frame in enumerate(frames):
        stream.through(frame)
        back = stream.decoder.snapshot()
        for name in fields_of(Snapshot)[0]:
            if name != "partitions":
                shown = json_bytes(to_json(getattr(frame.snapshot, name)))
                assert shown == json_bytes(to_json(getattr(back, name)))
        if number in (3, 40):
            stream.decoder.reorder(stream.encoder.key(base=True))
    assert sum(len(frame.inputs) for frame in frames) > 500


def test_one_may_join_at_any_frame_by_the_backlog_and_read_on() -> None:
    stream = Stream()
    backlog = Backlog()
    joined: list[StreamDecoder] = []
    frames = flown(demo_faults=True)
    for number, frame in enumerate(frames):
        payload = stream.encode(frame, backlog)
        for decoder in joined:
            decoder.frame(payload)
            assert not unequal(frame, decoder)
        if number % 30 == 2:
            joined.append(stream.hear())
            for one in backlog.joining():
                if one.kind == TABLE:
                    stream.shelf.put(*read_table(one.content))
            join(joined[-1], backlog)
            assert not unequal(frame, joined[-1])
        if number % 20 == 15:
            key = stream.encoder.key(base=True)
            backlog.put(KEY, key)
            for decoder in joined:
                decoder.reorder(key)
        elif number > 15 and number % 5 == 0:
            backlog.put(CHANGE, stream.encoder.difference())
    assert len(joined) == 4
    assert len(backlog.joining()) < MAX_REACH + 30


def join(decoder: StreamDecoder, backlog: Backlog) -> None:
    sent = [one for one in backlog.joining() if one.kind != TABLE]
    if sent[0].kind == KEY:
        change = sent[1].content if sent[1].kind == CHANGE else None
        decoder.load(sent[0].content, change)
        sent = sent[1 if change is None else 2 :]
    for one in sent:
        if one.kind == KEY:
            decoder.reorder(one.content)
        else:
            decoder.frame(one.content)


def test_one_who_reads_no_events_sees_the_same_snapshots() -> None:
    stream = Stream(inputs=False)
    for frame in flown(demo_faults=True):
        stream.decoder.frame(stream.encode(frame))
        assert stream.decoder.events == ()
        assert not unequal(frame, stream.decoder, inputs=False)


def test_a_frame_that_is_missing_or_comes_twice_is_refused() -> None:
    stream = Stream()
    frames = flown(demo_faults=True)[:6]
    payloads = [stream.encode(frame) for frame in frames]
    stream.decoder.frame(payloads[0])
    for wrong in (payloads[0], payloads[2]):
        with pytest.raises(WireError, match="not the next"):
            stream.decoder.frame(wrong)


def test_who_has_missed_a_new_order_of_rows_is_told() -> None:
    stream = Stream()
    frames = flown(demo_faults=True)
    for frame in frames[:10]:
        stream.through(frame)
    stream.encoder.key(base=True)
    with pytest.raises(WireError, match="order"):
        stream.decoder.frame(stream.encode(frames[10]))


def test_documents_of_a_newer_version_are_refused() -> None:
    stream = Stream()
    decoder = StreamDecoder(stream.shelf, Head(values=VALUES + 1))
    decoder.frame(stream.encode(flown(demo_faults=True)[0]))
    with pytest.raises(WireError, match="version"):
        decoder.snapshot()


def test_a_stream_without_a_column_that_is_shown_is_refused() -> None:
    with pytest.raises(WireError, match="columns"):
        StreamDecoder(TableShelf(), Head(columns=COLUMNS[1:]))


# --- made-up samples: tables that come and go, values of every size ------------------------------

offset = st.one_of(st.integers(0, 400), st.just(MISSING), st.integers(-(2**63), 2**63 - 1))
TOPICS = tuple((topic, n) for topic in ("a", "b", "c/d") for n in range(4))
tables = st.lists(st.sampled_from(TOPICS), unique=True, max_size=8).map(tuple)
_KEYS: dict[tuple[TopicPartition, ...], PartitionKeys] = {}


@st.composite
def samples(draw: st.DrawFn) -> Event:
    at_ms = draw(st.integers(0, 10**13))
    names = draw(tables)
    column = st.lists(offset, min_size=len(names), max_size=len(names))
    match draw(st.sampled_from(("logs", "groups", "mirror", "syncs", "tick"))):
        case "logs":
            keys = _KEYS.setdefault(names, PartitionKeys.of(names))
            start, end = (np.array(draw(column), dtype=np.int64) for _ in range(2))
            return Observed(at_ms, LogSample("source", at_ms, at_ms + 5, keys, start, end))
        case "groups":
            split = draw(st.integers(0, len(names)))
            values = tuple(draw(column))
            groups = {
                "g": GroupState("g", "Stable", 2, names[:split], values[:split]),
                "h": GroupState("h", "Empty", 0, names[split:], values[split:], unknown="why"),
            }
            return Observed(at_ms, GroupSample("target", at_ms, at_ms + 1, groups))
        case "mirror":
            positions = dict(zip(names, draw(column), strict=True))
            return Observed(at_ms, MirrorSample(at_ms, at_ms, (), positions))
        case "syncs":
            pairs = st.lists(st.tuples(st.integers(0, 9**18), st.integers(0, 99)), max_size=3)
            slots = {name: tuple(draw(pairs)) for name in names}
            return Observed(at_ms, SyncsSample(at_ms, at_ms, slots, read_to_end=True))
        case _:
            return Ticked(at_ms)


@st.composite
def shown(draw: st.DrawFn) -> Snapshot:
    """A snapshot of a flight with other partitions."""
    before = flown(demo_faults=True)[0].snapshot
    names = draw(tables)
    column = st.lists(offset, min_size=len(names), max_size=len(names))
    columns: dict[str, Any] = {name: np.array(draw(column), dtype=np.int64) for name in COLUMNS}
    keys = _KEYS.setdefault(names, PartitionKeys.of(names))
    table = replace(before.partitions, keys=keys, **columns)
    return replace(before, at_ms=draw(st.integers(0, 10**13)), partitions=table)


frames = st.builds(Taped, st.lists(samples(), max_size=4).map(tuple), st.just(()), shown())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(frames, st.sampled_from(("", "base", "load"))), max_size=8))
def test_samples_of_any_tables_and_values_come_back(told: list[tuple[Taped, str]]) -> None:
    stream = Stream()
    base = b""
    for frame, then in told:
        stream.through(frame)
        if then == "base":
            base = stream.encoder.key(base=True)
            stream.decoder.reorder(base)
        elif then == "load":
            stream.fresh(base)


def test_a_steady_flight_costs_no_bytes_for_what_is_foretold() -> None:
    """Lag, rates and the snapshot's copies of columns are worked out by the reader."""
    names = tuple(("t", n) for n in range(2_000))
    keys = PartitionKeys.of(names)
    rng = np.random.default_rng(1)
    end = np.full(2_000, 10**6, dtype=np.int64)
    rates = []
    stream = Stream()
    before = flown(demo_faults=True)[0].snapshot
    zero = np.zeros(2_000, dtype=np.int64)
    sizes = []
    for second in range(30):
        end = end + rng.integers(0, 90, 2_000)
        rates.append(end)
        at_ms = 1_000 * second
        base = rates[max(second - 10, 0)]
        span_ms = 1_000 * min(second, 10)
        rate = (end - base) * 1_000_000 // span_ms if second else np.full(2_000, MISSING)
        table = PartitionTable(
            keys, zero, end, zero, end, zero, zero, zero, rate, rate, 0, 0, 0, frozenset()
        )
        inputs = tuple(
            Observed(at_ms, sample)
            for sample in (
                LogSample("source", at_ms, at_ms, keys, zero, end),
                LogSample("target", at_ms, at_ms, keys, zero, end),
            )
        )
        frame = Taped(inputs, (), replace(before, partitions=table))
        payload = stream.encode(frame)
        stream.decoder.frame(payload)
        assert not unequal(frame, stream.decoder)
        sizes.append(len(payload))
    assert len(fields_of(PartitionTable)[0]) > len(COLUMNS)
    assert max(sizes[15:]) < 2 * 2_000 + 200
