"""How long a wave's clients could not write, and by whom they were kept: from recorded marks.

Pure: marks are times of effects and of samples, on the engine's clock. Never guesses a mark that is
missing: what stands on it is unknown. What it counts is at most, never less than what was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from cockpit.core.actions import Action, CallService, Fence, ProveSilent
from cockpit.core.observe import MISSING, LogSample, Unknown

Kind = Literal["stop", "fence", "start"]
NO_WRITE: Final = "no write on target was seen"


@dataclass(frozen=True, slots=True)
class Mark:
    """One effect of the wave: when it was asked for, and when its answer was there."""

    action_id: str
    asked_ms: int
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened between two looks: not before `after_ms`, by `by_ms`."""

    after_ms: int
    by_ms: int


@dataclass(frozen=True, slots=True)
class Track:
    """The ends of one topic on one side, as looked at again and again."""

    asked_ms: int
    records: int
    """All partitions' ends together."""
    grown: Moment | None = None
    """When it grew last; None: not while it was watched."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known of one attempt of a wave. Not durable: a flight that was taken over half-way
    has only the marks from there on."""

    attempt: int = 0
    told: bool = False
    calls: Mapping[tuple[Kind, str], Mark] = field(default_factory=dict)
    """The newest effect of each kind by service; a fence has no service."""
    source: Mapping[str, Track] = field(default_factory=dict)
    """Produced topics on the source."""
    target: Mapping[str, Track] = field(default_factory=dict)
    written: Mapping[str, Moment] = field(default_factory=dict)
    """First growth of a topic on the target after the wave's start was asked for."""

    def begun(self, kind: Kind) -> int | None:
        """When the first effect of a kind was asked for."""
        return min((m.asked_ms for (k, _), m in self.calls.items() if k == kind), default=None)

    def ended(self, kind: Kind, services: tuple[str, ...]) -> int | None:
        """When the last of these services' effects was answered; None unless all are known."""
        found = [self.calls.get((kind, name)) for name in services]
        ends = [mark.ended_ms for mark in found if mark is not None and mark.ended_ms is not None]
        return max(ends) if ends and len(ends) == len(services) else None


@dataclass(frozen=True, slots=True)
class Blocked:
    """Time without an accepted write, and who took it; `total_ms` is the sum of the three."""

    total_ms: int
    cockpit_ms: int
    mirror_ms: int
    """From the verified fence until the last record had arrived."""
    services_ms: int
    """From the last write until all had stopped, and from the start call to the first write."""

    def as_json(self) -> dict[str, int]:
        """For the journal and for scripts."""
        return {
            "blocked_ms": self.total_ms,
            "cockpit_ms": self.cockpit_ms,
            "mirror_ms": self.mirror_ms,
            "services_ms": self.services_ms,
        }


# --- marks ----------------------------------------------------------------------------------------


def asked(marks: Marks, action_id: str, action: Action, at_ms: int) -> Marks:
    """With an effect that leaves now."""
    key = _key(action)
    return marks if key is None else _with(marks, key, Mark(action_id, at_ms))


def ended(marks: Marks, action_id: str, at_ms: int) -> Marks:
    """With the answer of an effect, if it is one of these."""
    found = next((key for key, mark in marks.calls.items() if mark.action_id == action_id), None)
    if found is None:
        return marks
    return _with(marks, found, replace(marks.calls[found], ended_ms=at_ms))


def _with(marks: Marks, key: tuple[Kind, str], mark: Mark) -> Marks:
    return replace(marks, calls={**marks.calls, key: mark})


def _key(action: Action) -> tuple[Kind, str] | None:
    match action:
        case CallService(service=service, verb="stop"):
            return "stop", service
        case CallService(service=service, verb="start"):
            return "start", service
        case Fence() | ProveSilent():
            return "fence", ""
        case _:
            return None


def seen(marks: Marks, sample: LogSample, topics: tuple[str, ...]) -> Marks:
    """With what a sample shows of the topics that the wave writes."""
    tracks = dict(marks.source if sample.side == "source" else marks.target)
    written = dict(marks.written)
    started_ms = marks.begun("start")
    for topic in topics:
        records = _records(sample, topic)
        if records is None:
            continue
        before = tracks.get(topic)
        if before is not None and sample.asked_at_ms <= before.asked_ms:
            continue
        grown = before.grown if before else None
        if before is not None and records > before.records:
            moment = Moment(before.asked_ms, sample.answered_at_ms)
            if sample.side == "source" or started_ms is None or sample.asked_at_ms <= started_ms:
                grown = moment
            else:
                began = replace(moment, after_ms=max(moment.after_ms, started_ms))
                written.setdefault(topic, began)
        tracks[topic] = Track(sample.asked_at_ms, records, grown)
    side: dict[str, Any] = {sample.side: tracks}
    return replace(marks, **side, written=written)


def _records(sample: LogSample, topic: str) -> int | None:
    where = sample.keys.by_topic.get(topic)
    if where is None or not len(where):
        return None
    ends = sample.end[where]
    return None if (ends == MISSING).any() else int(ends.sum())


# --- shares ---------------------------------------------------------------------------------------


def of_topic(marks: Marks, topic: str, services: tuple[str, ...]) -> Blocked | Unknown:
    """From the last write on the source to the first on the target. `services` are the wave's."""
    source = marks.source.get(topic)
    stopped_ms, started_ms = marks.ended("stop", services), marks.begun("start")
    if source is None or source.grown is None:
        return Unknown("no write on source was seen")
    if stopped_ms is None or started_ms is None:
        return Unknown("not every service was stopped and started by the cockpit")
    if topic not in marks.written:
        return Unknown(NO_WRITE)
    last_ms, first_ms = source.grown.after_ms, marks.written[topic].by_ms
    own_ms = max(0, started_ms - max(stopped_ms, last_ms))
    mirror_ms = min(own_ms, _mirror_ms(marks, topic))
    total_ms = max(0, first_ms - last_ms)
    return Blocked(total_ms, own_ms - mirror_ms, mirror_ms, total_ms - own_ms)


def _mirror_ms(marks: Marks, topic: str) -> int:
    """How long the mirror went on after the fence was verified, at the least."""
    fence, track = marks.calls.get(("fence", "")), marks.target.get(topic)
    if fence is None or fence.ended_ms is None or track is None or track.grown is None:
        return 0
    return max(0, track.grown.after_ms - fence.ended_ms)


def of_calls(
    marks: Marks, services: tuple[str, ...], proved_ms: int | None = None
) -> Blocked | Unknown:
    """For a wave that writes nothing: from the first stop call until its groups were seen at work,
    `proved_ms`; where nobody saw that (None), to the last start's answer, behind which a group may
    still be joining."""
    stop_ms, start_ms = marks.begun("stop"), marks.begun("start")
    stopped_ms, started_ms = marks.ended("stop", services), marks.ended("start", services)
    if stop_ms is None or start_ms is None or stopped_ms is None or started_ms is None:
        return Unknown("not every service was stopped and started by the cockpit")
    own_ms = max(0, start_ms - stopped_ms)
    total_ms = max(started_ms, proved_ms or started_ms) - stop_ms
    return Blocked(total_ms, own_ms, 0, total_ms - own_ms)


@dataclass(frozen=True, slots=True)
class Account:
    """A whole wave's: that of the topic which waited longest, and each topic's own."""

    wave: Blocked | Unknown
    topics: Mapping[str, Blocked | Unknown]

    def is_whole(self) -> bool:
        """Whether nothing that is still to come could add to it."""
        return all(not isinstance(found, Unknown) for found in (self.wave, *self.topics.values()))


def account(
    marks: Marks,
    topics: tuple[str, ...],
    services: tuple[str, ...],
    proved_ms: int | None = None,
) -> Account:
    """What the marks tell so far. `proved_ms`: when its start was proved, None: not yet."""
    if not topics:
        return Account(of_calls(marks, services, proved_ms), {})
    found = {topic: of_topic(marks, topic, services) for topic in topics}
    known = [each for each in found.values() if isinstance(each, Blocked)]
    why = next((each for each in found.values() if isinstance(each, Unknown)), Unknown(NO_WRITE))
    return Account(max(known, key=lambda each: each.total_ms, default=why), found)


def account_text(name: str, told: Account, *, writes: bool) -> str:
    """One line for people."""
    what = "writes blocked" if writes else "reading stopped"
    if isinstance(told.wave, Unknown):
        return f"{name}: how long clients were blocked is not known: {told.wave.reason}"
    split = (
        f"cockpit {told.wave.cockpit_ms / 1000:.1f} s, mirror {told.wave.mirror_ms / 1000:.1f} s, "
        f"services {told.wave.services_ms / 1000:.1f} s"
    )
    unknown = [topic for topic, each in told.topics.items() if isinstance(each, Unknown)]
    also = f"; not known for {', '.join(unknown)}" if unknown else ""
    return f"{name}: {what} for at most {told.wave.total_ms / 1000:.1f} s: {split}{also}"


def account_json(told: Account) -> dict[str, Any]:
    """For the journal and for scripts; null where it is not known."""
    return {
        **_json(told.wave),
        "topics": {topic: _json(each) for topic, each in told.topics.items()},
    }


def _json(found: Blocked | Unknown) -> dict[str, Any]:
    if isinstance(found, Blocked):
        return dict(found.as_json())
    return {"blocked_ms": None, "why": found.reason}
