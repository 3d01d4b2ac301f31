"""What happens as sentences: for a screen reader, a terminal that cannot draw, and a log.

One line a change, each with its UTC time; what must not be missed begins with `ANN:`, which a
reader can be told to speak at once. Pure: two snapshots in, lines out. A line may hold data of a
cluster: whoever prints it cleans it. Never a number that is stale, never a box and never a colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cockpit.core.curveboard import curve_marks, curves
from cockpit.core.observe import Unknown
from cockpit.core.serviceboard import service_board
from cockpit.core.snapshot import GateView, LogLine, SideView, Snapshot
from cockpit.tui.alarms import standing
from cockpit.tui.curvewords import trace_text
from cockpit.tui.format import (
    age,
    clock,
    count,
    distance_text,
    quantity,
    straggler_text,
    unit_word,
    utc,
)
from cockpit.tui.fresh import Fresh, is_stale, lag
from cockpit.tui.plain import plain_line
from cockpit.tui.ranking import worst_first

ANNOUNCED: Final = "ANN: "
LEFT_S: Final = (60, 30, 10)
"""So many seconds before a fence's deadline it is announced."""
WORST: Final = 10
_LEVEL: Final = {"warn": "WARN ", "bad": "BAD ", "info": "", "good": ""}


def beginning(now: Snapshot) -> list[str]:
    """Where the flight stands, for somebody who has just come."""
    return [ANNOUNCED + plain_line(now), *(f"alarm: {one.words()}" for one in standing(now))]


def changes(before: Snapshot, now: Snapshot) -> list[str]:
    """Every event since `before`, and every state that is another now."""
    stamp = utc(now.at_ms)
    new = _new(before, now)
    told = [f"{utc(line.at_ms)} {_LEVEL[line.level]}{line.text}" for line in new]
    if before.log and new and (gap := new[0].seq - before.log[-1].seq - 1) > 0:
        told.insert(0, f"{ANNOUNCED}{stamp} {count(gap)} events were not told here")
    return [*told, *(f"{ANNOUNCED}{stamp} {text}" for text in _states(before, now))]


def _new(before: Snapshot, now: Snapshot) -> Sequence[LogLine]:
    last = before.log[-1].seq if before.log else 0
    return [line for line in now.log if line.seq > last]


def _states(before: Snapshot, now: Snapshot) -> Iterator[str]:
    was, status = before.status, now.status
    if status.outcome != was.outcome and status.outcome:
        yield f"the flight is over: {status.outcome.replace('_', ' ')}"
    if status.wave != was.wave and status.wave:
        yield f"wave {status.wave_number} of {status.waves}, {status.wave}"
    if status.writes != was.writes:
        yield f"WRITES: {status.writes} {status.writes_detail}".rstrip()
    if status.rollback != was.rollback:  # what it costs changes all the time, and is in the log
        yield f"ROLLBACK {status.rollback}: {status.rollback_detail}".removesuffix(": ")
    if status.paused != was.paused:
        yield "PAUSED" if status.paused else "no longer paused"
    yield from _clock(before, now)
    for old, side in ((before.source, now.source), (before.target, now.target)):
        if (word := _health(side, now.at_ms)) != _health(old, before.at_ms):
            yield f"{word} {side.reason}".rstrip()
    if _driver(now) != _driver(before):
        yield _driver(now)
    yield from _alarms(before, now)


def _clock(before: Snapshot, now: Snapshot) -> Iterator[str]:
    """How long clients have been blocked, when that begins and ends and as its end comes near."""
    was, status = before.status, now.status
    if status.blocked_since_ms is None:
        if was.blocked_since_ms is not None:
            yield f"clients are no longer blocked, after {clock(now.at_ms - was.blocked_since_ms)}"
        return
    if was.blocked_since_ms is None:
        budget = "" if status.deadline_ms is None else _left(status.deadline_ms - now.at_ms)
        yield f"clients are BLOCKED{budget}"
    elif status.deadline_ms is not None and was.deadline_ms is not None:
        left_ms, left_before = status.deadline_ms - now.at_ms, was.deadline_ms - before.at_ms
        if left_ms <= 0 < left_before:
            yield "the fence's deadline has PASSED, clients are still blocked"
        elif any(left_ms <= s * 1_000 < left_before for s in LEFT_S):
            yield f"clients are blocked{_left(left_ms)}"


def _left(left_ms: int) -> str:
    return f", {age(left_ms)} until the fence's deadline"


def _health(side: SideView, now_ms: int) -> str:
    stale = is_stale(side.asked_at_ms, now_ms) and side.asked_at_ms is not None
    return f"{side.side} {'STALE' if stale and side.health == 'connected' else side.health}"


def _driver(now: Snapshot) -> str:
    crew = now.crew
    if not crew.driver:
        return "nobody drives"
    if not crew.seat:
        return f"{crew.driver}, who drives, is GONE"
    idle = crew.asks(now.at_ms) and crew.is_open(now.at_ms)
    return f"{crew.driver} drives{' and presses no key: drive takes over' if idle else ''}"


def _alarms(before: Snapshot, now: Snapshot) -> Iterator[str]:
    old = {one.subject: one for one in standing(before)}
    new = {one.subject: one for one in standing(now)}
    for subject, one in new.items():
        known = old.get(subject)
        if known is None:
            yield f"ALARM {one.text}"
        elif one.seen_by and not known.seen_by:
            yield f"alarm seen by {one.seen_by}: {one.text}"
    for subject, one in old.items():
        if subject not in new:
            yield f"alarm over: {one.text}"


# --- what is asked for ----------------------------------------------------------------------------


def waves(now: Snapshot) -> list[str]:
    """Every wave, and the steps of the one that is flown."""
    lines: list[str] = []
    for number, wave in enumerate(now.waves, 1):
        services = ", ".join(wave.services)
        detail = f": {wave.detail}" if wave.detail else ""
        lines.append(f"wave {number}, {wave.name}, {wave.word}, {services}{detail}")
        if wave.name == now.status.wave:
            lines.extend(
                f"  step {step.name}, {step.word} {step.detail}".rstrip() for step in wave.steps
            )
    return lines


def gates(now: Snapshot) -> list[str]:
    """Every gate and trigger with what it stands on."""
    lines = [_gate("gate", gate, now.at_ms) for gate in now.gates]
    lines += [_gate("trigger", one, now.at_ms) for one in now.triggers]
    return lines or ["no gates and no triggers in this wave"]


def _gate(kind: str, gate: GateView, now_ms: int) -> str:
    word: str = gate.verdict
    if kind == "trigger":
        word = {"PASS": "quiet", "FAIL": "FIRED", "INCONCLUSIVE": "rising"}.get(word, word)
    limit = f"limit {quantity(gate.limit, gate.unit)} {unit_word(gate.unit)}".rstrip()
    old = "no sample" if gate.at_ms is None else f"{age(now_ms - gate.at_ms)} old"
    if isinstance(gate.value, Unknown):
        value = f"unknown, {gate.value.reason}"
    elif gate.verdict == "UNKNOWN":
        value = "not known now"
    else:
        value = quantity(gate.value, gate.unit)
    held = f", held {clock(gate.held_ms)} of {clock(gate.for_ms)}" if gate.for_ms else ""
    evidence = f": {gate.evidence}" if gate.evidence else ""
    far = f", {text}" if (text := distance_text(gate)) else ""
    return f"{kind} {gate.name} {word}, {value}, {limit}{far}, {old}{held}{evidence}"


def lags(now: Snapshot) -> list[str]:
    """The partitions whose replication lags most."""
    table, fresh = now.partitions, Fresh.of(now)
    stale = fresh.stale(table.source_at_ms, "source.logs") or fresh.stale(
        table.mirror_at_ms, "mirror"
    )
    lines = []
    for row in worst_first(table.lag)[:WORST]:
        topic, partition = table.keys.names[int(row)]
        value, _ = lag(int(table.lag[row]), stale=False)
        word = "STALE" if stale else "unknown" if value == "?" else value
        lines.append(f"{topic} partition {partition}: {word}")
    rest = len(table.keys) - len(lines)
    return [*lines, f"and {count(rest)} more partitions, none worse"] if rest > 0 else lines


def services(now: Snapshot) -> list[str]:
    """Where every service runs, whose it is, and who still touches the source."""
    board = service_board(now)
    if not board.rows:
        return ["? this engine tells of no services"]
    lines = [f"{board.moved} of {len(board.rows)} services have moved"]
    for row in board.rows:
        one = row.service
        owner = f", of {one.owner}" if one.owner else ""
        wave = f", wave {one.wave}" if one.wave else ", in no wave"
        lines.append(f"service {one.name}{owner}{wave}, runs on {one.word}")
        lines.extend(f"  STILL ON SOURCE, {who.kind} {straggler_text(who, now.at_ms)}"
                     for who in row.touches)  # fmt: skip
    lines.extend(f"STILL ON SOURCE, {who.kind} of no service, {straggler_text(who, now.at_ms)}"
                 for who in board.others)  # fmt: skip
    return lines


def going_back(now: Snapshot) -> list[str]:
    """Whether going back is possible, its price, and what it would undo."""
    status, back = now.status, now.way_back
    lines = [f"ROLLBACK {status.rollback}: {status.rollback_detail}".removesuffix(": ")]
    if back is None:
        return [*lines, "? this engine does not tell what would be undone"]
    if back.why_not:
        lines.append(f"refused now: {back.why_not}")
    if back.until_ms is not None:
        lines.append(f"the rollback window of wave {back.wave} ends {utc(back.until_ms)}")
    lines.extend(f"would undo {one.name}: {one.words}" for one in back.undo)
    return lines


def curve_words(now: Snapshot) -> list[str]:
    """Signals, lag, writes and answer times of the last minutes, as a plot would show them."""
    found, marks = curves(now), curve_marks(now)
    lines = [
        f"{curve.title}: {trace_text(curve, trace, now.at_ms)}"
        for curve in found
        for trace in curve.traces
    ]
    if not lines:
        return ["nothing was measured yet"]
    return [*lines, *(f"{utc(mark.at_ms)} {mark.text}" for mark in marks)]


def alarm_lines(now: Snapshot) -> list[str]:
    """Every alarm, worst first."""
    return [f"alarm: {one.words()}" for one in standing(now)] or ["no alarm"]


def people(now: Snapshot) -> list[str]:
    """Who is here, and who drives."""
    lines = [_driver(now)] if now.crew.people else ["nobody else can be here"]
    for one in now.crew.people:
        roles = f", {', '.join(one.roles)}" if one.roles else ""
        lines.append(f"{one.user}{roles}, here for {age(now.at_ms - one.since_ms)}")
    if now.crew.veto:
        lines.append(f"VETO: {now.crew.veto}")
    return lines
