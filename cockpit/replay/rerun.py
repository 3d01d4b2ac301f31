"""A recorded flight gone through once more: the same plan, the same beginning, the same events.

Works out anew what was decided; never shows it in the place of what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cockpit.core.beginning import begun
from cockpit.core.durable import RestoreError
from cockpit.core.flight import Command, Event, FlightState, Ticked
from cockpit.core.judging import Judge, Judged
from cockpit.core.machine import step
from cockpit.core.plan import Plan
from cockpit.core.project import project
from cockpit.core.snapshot import Snapshot
from cockpit.core.tuning import Proposal, Tuning
from cockpit.core.whatif import Otherwise, WhatIf
from cockpit.plan.loader import load_plan
from cockpit.plan.problems import PlanInvalid
from cockpit.wire.recording import Frame, Life, Reader
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
        return load_plan(head.plan_text, origin=head.plan_origin or head.plan_name)
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
        raise RerunError("it follows a gap in the recording: what led to it is not known")
    try:
        return begun(flown_plan(head), head.beginning)
    except RestoreError as error:
        raise RerunError(f"its beginning cannot be worked out: {error}") from error


def rerun(reader: Reader, life: Life) -> Iterator[Again]:
    """Every frame of a life, in order. Raises RerunError, RecordingError."""
    state = first_state(life_head(life))
    for number in range(life.first_frame, life.first_frame + life.frames):
        frame = reader.frame(number)
        taken: list[Taken] = []
        for event in frame.inputs():
            state, commands = _stepped(state, event)
            taken.append((event, state, commands))
        yield Again(frame, tuple(taken), state)


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
    """Lives that could not be gone through, and why."""


def verify(reader: Reader, found: Verified) -> Iterator[Difference]:
    """Differences in verdicts and in how waves stood, as they are met; `found` counts on."""
    for life in reader.lives:
        try:
            for again in rerun(reader, life):
                yield from _compared(again, found)
        except RerunError as error:
            found.skipped = (*found.skipped, f"engine {life.number + 1}: {error}")


def _compared(again: Again, found: Verified) -> Iterator[Difference]:
    recorded = again.frame.snapshot()
    now = project(again.state, recorded.seq)
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


def what_if(reader: Reader, other: Plan) -> Iterator[Otherwise]:
    """Where the flight would have decided otherwise with another plan's tolerances. Lives that
    cannot be gone through are left out; raises RerunError when none can."""
    problems: list[str] = []
    for life in reader.lives:
        try:
            found = WhatIf(flown_plan(life_head(life)), other)
            for again in rerun(reader, life):
                for event, state, commands in again.taken:
                    found.take(event, state, commands)
        except RerunError as error:
            problems.append(str(error))
            continue
        yield from found.found()
    if len(problems) == len(reader.lives):
        raise RerunError("; ".join(dict.fromkeys(problems)) or "nothing was recorded")


def judged_ticks(reader: Reader, life: Life) -> Iterator[tuple[int, Mapping[str, Judged]]]:
    """At each tick of a life every condition of its own plan. Raises RerunError."""
    judge = Judge(flown_plan(life_head(life)))
    for again in rerun(reader, life):
        for event, state, _ in again.taken:
            if isinstance(event, Ticked) and not state.outcome:
                yield state.at_ms, judge.judge(state)


def proposals(readers: Iterator[Reader]) -> tuple[Proposal, ...]:
    """Tolerances that these sessions suggest together."""
    tuning = Tuning()
    for reader in readers:
        for life in reader.lives:
            try:
                tuning.add(judged_ticks(reader, life))
            except RerunError:
                continue
    return tuning.proposals()
