"""I17, I18, I19: what is shown is as old as it says, holds no secret, drives no terminal."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping

import numpy as np

from cockpit.core.observe import (
    MISSING,
    LogSample,
    MirrorSample,
    PartitionKeys,
    SignalSample,
    Unknown,
)
from cockpit.core.plan import Condition
from cockpit.core.snapshot import GateView, PartitionTable, Snapshot
from cockpit.tui.lines import key_bar, message_line, small_lines
from cockpit.tui.link import CONNECTED
from cockpit.tui.plain import plain_line
from cockpit.tui.status import status_lines
from tests.flights.invariants.case import Case
from tests.flights.invariants.recorder import SECRET
from tests.flights.invariants.trace import Shot

LAG_SAMPLES = 16
"""A lag may stand on an older sample of the logs: one that was read just before the positions."""
MAX_DRAWN = 6
ACTING = ("Cc", "Cf", "Cs", "Zl", "Zp")


def check_ages(case: Case) -> Iterator[str]:
    """I17: no value younger than its sample, no good word without a good answer."""
    for shot in case.shots:
        wrong = next(_wrong(case, shot), None)
        if wrong is not None:
            yield f"I17: at {shot.at_ms} ms {wrong}"
            return


def _wrong(case: Case, shot: Shot) -> Iterator[str]:
    snapshot = shot.snapshot
    yield from _feeds(case, shot)
    yield from _table(case, shot, snapshot.partitions)
    wave = case.wave(snapshot.status.wave)
    conditions = {_name(gate): gate for gate in wave.gates}
    for view in snapshot.gates:
        yield from _gate(case, shot, view, conditions.get(view.name))
    for signal in snapshot.signals:
        feed = f"signal.{signal.name}"
        sample = None if signal.at_ms is None else case.sampled(feed, signal.at_ms)
        told = sample.value if isinstance(sample, SignalSample) else Unknown("")
        newest = case.newest(feed, shot.n)
        if not isinstance(signal.value, Unknown) and (told != signal.value or newest is None):
            yield f"{feed} is shown as {signal.value} of {signal.at_ms}, it was {told}"
    for check in snapshot.checks:
        if check.word in ("equal", "approved") and check.at_ms is None:
            yield f"{check.name} is called {check.word} on nothing that was read"
        if check.at_ms is not None and check.at_ms > snapshot.at_ms:
            yield f"{check.name} is younger than now"


def _feeds(case: Case, shot: Shot) -> Iterator[str]:
    """`connected` needs an answer, and the newest one that was shown to be good."""
    words: dict[str, str] = {}
    for view in shot.snapshot.feeds:
        words[view.feed] = view.word
        good = case.newest_good(view.feed, shot.n)
        if view.asked_at_ms is not None and (good is None or view.asked_at_ms > good.asked_ms):
            yield f"{view.feed} is shown as asked at {view.asked_at_ms}, it was not"
        if view.word == "connected" and view.asked_at_ms is None:
            yield f"{view.feed} is called connected and has never answered"
    for side in (shot.snapshot.source, shot.snapshot.target):
        told = {words.get(f"{side.side}.{what}") for what in ("logs", "groups")}
        if side.health == "connected" and "connected" not in told:
            yield f"{side.side} is called connected, and neither its logs nor its groups answer"
    failed = case.newest("mirror", shot.n)
    if shot.snapshot.mirror == "running" and words.get("mirror") != "connected":
        yield f"the mirror is called running, its newest answer was {failed}"


def _gate(case: Case, shot: Shot, view: GateView, condition: Condition | None) -> Iterator[str]:
    if view.at_ms is not None and view.at_ms > shot.snapshot.at_ms:
        yield f"gate {view.name} is younger than now"
    if view.verdict != "PASS":
        return
    if isinstance(view.value, Unknown) or view.at_ms is None:
        yield f"gate {view.name} passes on an unknown value"
    elif view.value > view.limit:
        yield f"gate {view.name} passes at {view.value}, its limit is {view.limit}"
    elif condition is not None and shot.snapshot.at_ms - view.at_ms > condition.max_age_ms:
        yield f"gate {view.name} passes on what is {shot.snapshot.at_ms - view.at_ms} ms old"
    feed = view.name.replace("signal ", "signal.")
    asked = case.sampled(feed, view.at_ms) if view.at_ms is not None else None
    if view.name.startswith("signal ") and asked is None:
        yield f"gate {view.name} stands on an answer of {view.at_ms} that never came"


def _name(gate: Condition) -> str:
    names = {
        "ReplicationLagGate": "replication_lag",
        "GroupLagGate": "group_lag",
        "OffsetDeltaGate": "offset_delta",
        "ParityGate": "parity",
    }
    return names.get(type(gate).__name__) or f"signal {getattr(gate, 'name', '')}"


def _table(case: Case, shot: Shot, table: PartitionTable) -> Iterator[str]:
    """Ends are those of the sample that is named; a lag is the difference of two that were read."""
    columns = {"source": (table.source_at_ms, table.source_end),
               "target": (table.target_at_ms, table.target_end)}  # fmt: skip
    for side, (at_ms, ends) in columns.items():
        sample = None if at_ms is None else case.sampled(f"{side}.logs", at_ms)
        if at_ms is not None and not isinstance(sample, LogSample):
            yield f"ends of {side} are shown as of {at_ms}, nobody asked then"
        elif (
            isinstance(sample, LogSample)
            and _aligned(sample, sample.end, table.keys) != ends.tolist()
        ):
            yield f"ends of {side} are not those of {at_ms}"
    if table.mirror_at_ms is not None:
        sample = case.sampled("mirror", table.mirror_at_ms)
        if not isinstance(sample, MirrorSample):
            yield f"the mirror is shown as of {table.mirror_at_ms}, nobody asked then"
    known = (table.lag != MISSING) & (table.mirror_position != MISSING)
    if known.any() and not _is_difference(case, shot, table, known):
        yield "a lag is not the source's end less the mirror's position"


def _is_difference(
    case: Case, shot: Shot, table: PartitionTable, known: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> bool:
    ends = (table.lag + table.mirror_position)[known].tolist()
    reads = [r for r in case.reads.get("source.logs", []) if r.n < shot.n][-LAG_SAMPLES:]
    for read in reversed(reads):
        if isinstance(read.sample, LogSample):
            column = np.array(_aligned(read.sample, read.sample.end, table.keys))
            if column[known].tolist() == ends:
                return True
    return False


def _aligned(sample: LogSample, column: object, keys: PartitionKeys) -> list[int]:
    values = np.asarray(column).tolist()
    if sample.keys is keys:
        return list(values)
    at: Mapping[tuple[str, int], int] = dict(zip(sample.keys.names, values, strict=True))
    return [at.get(name, MISSING) for name in keys.names]


def check_secrets(case: Case) -> Iterator[str]:
    """I18: the secret that lies where the plan says, and nowhere else."""
    places: dict[str, object] = {
        "the journal": [dict(line.entry) for line in case.lines],
        "an event": [dict(event) for event in case.flown.events],
    }
    for name, content in places.items():
        if SECRET in json.dumps(content, default=repr):
            yield f"I18: the secret is in {name}"
    for shot in _sample(case.shots):
        if SECRET in repr(shot.snapshot):
            yield "I18: the secret is in a snapshot"
            return


def _sample(shots: list[Shot]) -> list[Shot]:
    """First, last and a few between: what is in one is mostly in all after it."""
    step = max(1, len(shots) // 4)
    return [*shots[::step], *shots[-1:]]


def check_terminal(case: Case) -> Iterator[str]:
    """I19: what clusters say reaches the screen as text, and presses no button."""
    drawn = 0
    for shot in case.shots:
        if drawn >= MAX_DRAWN:
            break
        if not _is_hostile(shot.snapshot):
            continue
        drawn += 1
        for text in _texts(shot.snapshot):
            acting = [c for c in text if unicodedata.category(c) in ACTING]
            if acting:
                yield f"I19: {acting[0]!r} reaches the screen at {shot.at_ms} ms"
                return


def _is_hostile(snapshot: Snapshot) -> bool:
    told = (snapshot.source.reason, snapshot.target.reason, snapshot.mirror,
            *(alarm.text for alarm in snapshot.alarms),
            *(feed.reason for feed in snapshot.feeds))  # fmt: skip
    return any("\x1b" in text for text in told)


def _texts(snapshot: Snapshot) -> Iterator[str]:
    """What a screen and a plain line make of it."""
    yield plain_line(snapshot)
    lines = [
        *status_lines(snapshot, width=132, user="test"),
        message_line(snapshot, None, user="test", width=400),
        key_bar(snapshot, width=132, table=True),
    ]
    lines.extend(small_lines(snapshot, width=60, height=12, link=CONNECTED))
    yield from (line.plain for line in lines)
