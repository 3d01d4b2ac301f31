"""A recording as the material of a report: nothing else is read, no cluster and no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, get_args

from cockpit.core.plan import Plan
from cockpit.core.snapshot import Snapshot
from cockpit.plan.loader import load_flown
from cockpit.plan.problems import PlanInvalid
from cockpit.report.material import Event, Gap, Level, Life, Material
from cockpit.wire.recording import LIFE_ENDS, Frame, Reader
from cockpit.wire.records import RecordingError
from cockpit.wire.sessionhead import SessionHead, read_session_head
from cockpit.wire.values import WireError

EVERY_MS = 1_000
"""Snapshots of a report are so far apart; and all are taken at which one of these was told:"""
LOOKED_AT = frozenset({"armed", "gate", "trigger"})
_LEVELS: dict[str, Level] = {level: level for level in get_args(Level)}
_OWN = frozenset({"seq", "at_ms", "kind", "text", "level"})


class Watcher(Protocol):
    """Who is given every moment while a report goes through them, those between looks too."""

    def moment(self, frame: Frame, snapshot: Snapshot) -> None:
        """A moment, in order; a report may go through all of them more than once."""

    def unread(self, frame: Frame, error: RecordingError) -> None:
        """One that cannot be read."""


class MaterialError(Exception):
    """There is no report of this recording; the text says why."""


def material(reader: Reader, watcher: Watcher | None = None) -> Material:
    """All that a recording holds. What is damaged is a gap. Raises MaterialError where not one
    engine's part can be read."""
    heads = dict(_heads(reader))
    if not heads:
        why = next((life.why_not for life in reader.lives if life.why_not), "nothing was recorded")
        raise MaterialError(f"no part of the recording can be read: {why}")
    head = heads[min(heads)]
    events, gaps = _events(reader)
    return Material(
        session=head.session,
        plan=_plan(head),
        plan_text=head.plan_text,
        plan_hash=head.plan_sha256,
        simulated=head.simulated,
        lives=_lives(reader, heads),
        gaps=tuple(Gap(gap.from_ms, gap.to_ms, gap.why) for gap in reader.gaps()) + gaps,
        events=events,
        snapshots=lambda: _snapshots(reader, watcher),
    )


def _heads(reader: Reader) -> Iterator[tuple[int, SessionHead]]:
    for life in reader.lives:
        try:
            yield life.number, read_session_head(life.head)
        except WireError:
            continue


def _plan(head: SessionHead) -> Plan:
    try:
        return load_flown(head.plan_text, origin=head.plan_origin or head.plan_name)
    except PlanInvalid as invalid:
        why = f"its plan is not valid for this version: {invalid.problems[0]}"
        raise MaterialError(why) from invalid


def _lives(reader: Reader, heads: Mapping[int, SessionHead]) -> tuple[Life, ...]:
    ends = [told for told in reader.events() if told.content.get("kind") == LIFE_ENDS]
    found = []
    for life in reader.lives:
        head = heads.get(life.number)
        ended = [str(told.content.get("text", "")) for told in ends
                 if life.begin_ms <= told.at_ms <= life.end_ms]  # fmt: skip
        beginning = head.beginning if head is not None else None
        found.append(
            Life(
                number=life.number + 1,
                from_ms=life.begin_ms,
                to_ms=life.end_ms,
                version=head.version if head is not None else "unknown",
                takes_over=beginning is not None and beginning.takes_over,
                ended=ended[-1] if ended else "",
            )
        )
    return tuple(found)


def _events(reader: Reader) -> tuple[tuple[Event, ...], tuple[Gap, ...]]:
    """Everything that was told, numbered; and the frames that cannot be read."""
    events: list[Event] = []
    gaps: list[Gap] = []
    # what a frame tells stands in it alone; whether it can be shown, only damage makes a question
    is_whole = not any(error.offset < reader.contents.end for error in reader.damages())
    for frame in reader.walk():
        try:
            told = reader.told(frame.number) if is_whole else frame.tells()
        except WireError as error:
            if not gaps or gaps[-1].to_ms < frame.at_ms - EVERY_MS:
                why = error.reason if isinstance(error, RecordingError) else str(error)
                gaps.append(Gap(frame.at_ms, frame.at_ms, f"damaged: {why}"))
            gaps[-1] = Gap(gaps[-1].from_ms, frame.at_ms, gaps[-1].cause)
            continue
        for content in told:
            if (event := _event(len(events) + 1, content)) is not None:
                events.append(event)
    return tuple(events), tuple(gaps)


def _event(number: int, content: Mapping[str, Any]) -> Event | None:
    kind, at_ms = content.get("kind"), content.get("at_ms")
    level = _LEVELS.get(str(content.get("level")))
    if not isinstance(kind, str) or not isinstance(at_ms, int) or level is None:
        return None
    data = {key: value for key, value in content.items() if key not in _OWN}
    return Event(number, at_ms, kind, level, str(content.get("text", "")), data)


def _snapshots(reader: Reader, watcher: Watcher | None) -> Iterator[Snapshot]:
    """About one a second, every one that shows an armed order for the first time, a gate that
    opened or shut before its wave, or a trigger that fired, and the last."""
    taken_ms: int | None = None
    newest: Snapshot | None = None
    for frame in reader.walk():
        try:
            snapshot = frame.snapshot()
            asked = any(told.get("kind") in LOOKED_AT for told in frame.tells())
        except RecordingError as error:
            if watcher is not None:
                watcher.unread(frame, error)
            continue
        if watcher is not None:
            watcher.moment(frame, snapshot)
        if taken_ms is None or asked or frame.at_ms - taken_ms >= EVERY_MS:
            yield snapshot
            taken_ms, newest = frame.at_ms, None
        else:
            newest = snapshot
    if newest is not None:
        yield newest
