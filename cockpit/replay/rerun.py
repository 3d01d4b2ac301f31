"""A recorded flight gone through once more: the same plan, the same beginning, the same events.

Works out anew what was decided; never shows it in the place of what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cockpit.core.beginning import begun
from cockpit.core.durable import RestoreError
from cockpit.core.flight import Command, Event, FlightState
from cockpit.core.machine import step
from cockpit.core.plan import Plan
from cockpit.core.project import project
from cockpit.core.snapshot import Snapshot
from cockpit.core.whatif import Otherwise, WhatIf
from cockpit.plan.loader import load_flown
from cockpit.plan.problems import PlanInvalid
from cockpit.wire.recording import Frame, Life, Reader
from cockpit.wire.records import RecordingError
from cockpit.wire.sessionhead import SessionHead, read_session_head
from cockpit.wire.values import WireError, to_json


class RerunError(Exception):
    """A life cannot be gone through once more; the text says why."""


Taken = tuple[Event, FlightState, tuple[Command, ...]]
"""An event, the state after it and what came of it."""


@dataclass(frozen=True, slots=True)
class Again:
    """One frame, worked out anew."""

    frame: Frame
    taken: tuple[Taken, ...]
    state: FlightState
    """That its snapshot shows."""


def flown_plan(head: SessionHead) -> Plan:
    """The plan of a life as it was flown; raises RerunError where it is none any more."""
    try:
        return load_flown(head.plan_text, origin=head.plan_origin or head.plan_name)
    except PlanInvalid as invalid:
        first = invalid.problems[0]
        raise RerunError(f"its plan is not valid for this version: {first}") from invalid


def life_head(life: Life) -> SessionHead:
    """The head of a life; raises RerunError."""
    if life.why_not:
        raise RerunError(life.why_not)
    try:
        return read_session_head(life.head)
    except WireError as error:
        raise RerunError(f"its header cannot be read: {error}") from error


def first_state(head: SessionHead) -> FlightState:
    """From where a life's engine flew; raises RerunError."""
    if head.beginning is None:
        gap = "it follows a gap in the recording: what led to it is not known"
        raise RerunError(head.why_no_beginning or gap)
    try:
        return begun(flown_plan(head), head.beginning)
    except RestoreError as error:
        raise RerunError(f"its beginning cannot be worked out: {error}") from error


def rerun(reader: Reader, life: Life) -> Iterator[Again]:
    """Every frame of a life, in order. Raises RerunError, RecordingError."""
    state = first_state(life_head(life))
    for number in range(life.first_frame, life.first_frame + life.frames):
        frame = reader.frame(number)
        if reader.place_in_life(number) != number - life.first_frame:
            raise RerunError(f"moments before the one at {frame.at_ms} ms are lost")
        taken: list[Taken] = []
        for event in frame.inputs():
            state, commands = _stepped(state, event)
            taken.append((event, state, commands))
        yield Again(frame, tuple(taken), state)


def rerun_as_far(reader: Reader, life: Life, left_out: list[str]) -> Iterator[Again]:
    """The same as far as a life can be gone through; `left_out` is told why no further.

    Behind damage nothing more of that life is worked out: events are lost, and without them every
    verdict would seem to differ. The next life begins with a state of its own.
    """
    done = 0
    try:
        for again in rerun(reader, life):
            yield again
            done += 1
    except (RerunError, RecordingError) as error:
        why = f"{_engine(life)}: {error}"
        if done or isinstance(error, RecordingError):
            why += f"; {life.frames - done} of its {life.frames} moments are left out"
        left_out.append(why)


def _engine(life: Life) -> str:
    return f"engine {life.number + 1}"


def _stepped(state: FlightState, event: Event) -> tuple[FlightState, tuple[Command, ...]]:
    """As an engine takes an event: a defect pauses it."""
    try:
        return step(state, event)
    except Exception:  # noqa: BLE001  # as the engine does, whatever the defect is
        return replace(state, paused=True), ()


# --- verify ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is worked out otherwise than it was recorded."""

    frame: int
    at_ms: int
    what: str
    """Such as `gate replication_lag` or `wave readers`."""
    recorded: str
    now: str


@dataclass(slots=True)
class Verified:
    """What came of working everything out anew."""

    frames: int = 0
    verdicts: int = 0
    """So many of gates and triggers were compared."""
    exact: int = 0
    """So many snapshots are the same in every part."""
    differences: int = 0
    skipped: tuple[str, ...] = ()
    """What could not be gone through, and why."""
    damages: tuple[str, ...] = ()
    """Every record that is not what it was, whether it was needed here or not."""


def verify(reader: Reader, found: Verified) -> Iterator[Difference]:
    """Differences in verdicts and in how waves stood, as they are met; `found` counts on. What is
    damaged is skipped."""
    skipped: list[str] = []
    for life in reader.lives:
        unread: list[RecordingError] = []
        for again in rerun_as_far(reader, life, skipped):
            try:
                recorded = again.frame.snapshot()
            except RecordingError as error:
                unread.append(error)
                continue
            yield from _compared(again, recorded, found)
        if unread:
            skipped.append(
                f"{_engine(life)}: {unread[0]}; {len(unread)} snapshots cannot be compared"
            )
    skipped.extend(
        f"{hole.end - hole.offset} bytes at byte {hole.offset} are damaged: whether moments are "
        "lost there is not known"
        for hole in reader.contents.holes
        if not hole.is_tail
    )
    found.skipped = tuple(skipped)
    found.damages = damages(reader)


def damages(reader: Reader) -> tuple[str, ...]:
    """Every record that is not what it was, in words. A torn one at the end is told apart: an
    engine that writes, or that was killed, leaves it, and nothing else is wrong."""
    tails = {hole.offset for hole in reader.contents.holes if hole.is_tail}
    return tuple(
        f"the recording ends at byte {error.offset} in a record that is not whole"
        if error.offset in tails
        else str(error)
        for error in reader.damages()
    )


def _compared(again: Again, recorded: Snapshot, found: Verified) -> Iterator[Difference]:
    # the journal is not what is worked out: its head is taken as it was recorded
    now = replace(project(again.state, recorded.seq), head=recorded.head)
    found.frames += 1
    was, worked_out = _words(recorded), _words(now)
    found.verdicts += len(recorded.gates) + len(recorded.triggers)
    found.exact += _is_same(recorded, now)
    for what in dict.fromkeys((*was, *worked_out)):
        if was.get(what) != worked_out.get(what):
            found.differences += 1
            yield Difference(
                again.frame.number,
                recorded.at_ms,
                what,
                was.get(what, "absent"),
                worked_out.get(what, "absent"),
            )


def _words(snapshot: Snapshot) -> dict[str, str]:
    """Every verdict with its evidence, and every wave's word."""
    found: dict[str, str] = {}
    for kind, views in (("gate", snapshot.gates), ("trigger", snapshot.triggers)):
        for number, view in enumerate(views):
            text = f"{view.verdict}: {view.evidence} (limit {view.limit:g})"
            found[f"{kind} {number} {view.name}"] = text
    found.update({f"wave {wave.name}": wave.word for wave in snapshot.waves})
    return found


def _is_same(recorded: Snapshot, now: Snapshot) -> bool:
    """Whether two snapshots are equal in every part."""
    return digest_tree(recorded) == digest_tree(now)


def digest_tree(snapshot: Snapshot) -> object:
    """A snapshot as a JSON tree, its columns as bytes: equal trees are equal screens."""
    table = snapshot.partitions
    columns = [
        value.tobytes() if hasattr(value := getattr(table, name), "tobytes") else value
        for name in table.__slots__
        if name != "keys"
    ]
    rest = replace(snapshot, partitions=None)  # type: ignore[arg-type]  # told apart above
    return to_json(rest), table.keys.names, columns


# --- other tolerances -----------------------------------------------------------------------------


def what_if(reader: Reader, other: Plan, left_out: list[str]) -> Iterator[Otherwise]:
    """Where the flight would have decided otherwise with another plan's tolerances. `left_out` is
    told what cannot be gone through; raises RerunError when nothing can."""
    is_any = False
    for life in reader.lives:
        try:
            found = WhatIf(flown_plan(life_head(life)), other)
        except RerunError as error:
            left_out.append(f"{_engine(life)}: {error}")
            continue
        for again in rerun_as_far(reader, life, left_out):
            is_any = True
            for event, state, commands in again.taken:
                found.take(event, state, commands)
        yield from found.found()
    if not is_any:
        raise RerunError("; ".join(dict.fromkeys(left_out)) or "nothing was recorded")
