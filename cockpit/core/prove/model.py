"""What a proof looks at: services, waves and steps, without anything that it does not need.

Never knows where something stands in a file; `cockpit.plan` keeps the places.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cockpit.core.plan import (
    CommandStep,
    FenceStep,
    HttpStep,
    Interleaving,
    OffsetsSpec,
    Plan,
    PromoteStep,
    ReplicationKind,
    ReverseStep,
    SoakStep,
    Step,
    Wave,
    step_name,
)
from cockpit.core.schedule import FlightWindow, FreezeWindow

EVERYBODY: Final = "User:*"
"""Kafka's name for every principal: who denies it denies all."""
KIND_NAMES: Final[Mapping[ReplicationKind, str]] = {
    "mirrormaker2": "MirrorMaker 2",
    "link": "a link",
    "msk-replicator": "MSK Replicator",
}


@dataclass(frozen=True, slots=True)
class StepModel:
    """One step: its word and the settings that a proof depends on."""

    word: str
    deny: str = "all"
    """Of a fence: `all`, `producers`, or `nobody` where it only watches stopped producers."""
    forward: str = "excluded"
    start_at: str = "drained"
    topics: frozenset[str] = frozenset()
    """Of a promotion."""
    accepted: bool = False
    """Of a promotion: it names topics, and somebody accepts what their writers lose."""
    undoable: bool = True
    """Of a call: the plan says what takes it back, or that there is nothing to take back."""


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """A service: what it reads and writes."""

    name: str
    produces: tuple[str, ...]
    consumes: tuple[str, ...]
    resume: str = "translated"
    accepts: frozenset[str] = frozenset()
    """What is said of its offsets: `replay_tolerance`, `accept_loss`, `accept_replay`."""
    principal: str = ""
    """Empty: one of its own."""


@dataclass(frozen=True, slots=True)
class WaveModel:
    """A wave; its services are indexes into the model's."""

    name: str
    services: tuple[int, ...]
    steps: tuple[StepModel, ...]
    goes_back_by_itself: bool = False
    """A trigger takes it back, whatever that costs."""
    rollback_window: bool = False
    duration_ms: int = 0
    """The least time that it takes, its soaks; its gates hold before it begins."""
    window: FlightWindow | None = None
    late: bool = False
    """Somebody else has moved the writers of what its services read."""


@dataclass(frozen=True)
class Model:
    """A plan as the prover sees it."""

    kind: ReplicationKind
    services: tuple[ServiceModel, ...]
    waves: tuple[WaveModel, ...]
    interleavings: tuple[Interleaving, ...] = ()
    freezes: tuple[FreezeWindow, ...] = ()
    outside: frozenset[str] = frozenset()
    """Topics that somebody who is no service writes on the source, and goes on writing there."""
    canary: str = ""
    """The principal that shows whether a fence stands; empty: there is none."""

    @cached_property
    def wave_of(self) -> Mapping[int, int]:
        """The wave of each service that is in one."""
        return {s: index for index, wave in enumerate(self.waves) for s in wave.services}

    @cached_property
    def interleaved(self) -> frozenset[str]:
        """Topics that may be written on both sides."""
        return frozenset(entry.topic for entry in self.interleavings)

    @cached_property
    def written_by_wave(self) -> tuple[frozenset[str], ...]:
        """For each wave, the topics that its services write."""
        return tuple(
            frozenset(topic for s in wave.services for topic in self.services[s].produces)
            for wave in self.waves
        )

    @cached_property
    def denying(self) -> Mapping[str, frozenset[int]]:
        """For each principal, the waves whose fence denies it where it denies producers only: those
        of its producers, and the canary, which has to see that it does."""
        found: dict[str, set[int]] = defaultdict(set)
        for index, wave in enumerate(self.waves):
            writers = [self.services[s] for s in wave.services if self.services[s].produces]
            for principal in (*(w.principal for w in writers), self.canary if writers else ""):
                if principal:
                    found[principal].add(index)
        return {principal: frozenset(waves) for principal, waves in found.items()}


def model_of(plan: Plan) -> Model:
    """The model of a whole plan."""
    index = {service.name: number for number, service in enumerate(plan.services)}
    return Model(
        kind=plan.replication.kind,
        services=tuple(
            ServiceModel(
                s.name,
                s.produces,
                s.consumes,
                s.offsets.resume if s.offsets else "",
                _accepts(s.offsets),
                s.principal,
            )
            for s in plan.services
        ),
        waves=tuple(_wave(wave, plan, index) for wave in plan.waves),
        interleavings=plan.interleavings,
        freezes=plan.freeze_windows,
        canary="" if plan.source.canary is None else f"User:{plan.source.canary.username}",
    )


def _accepts(offsets: OffsetsSpec | None) -> frozenset[str]:
    if offsets is None:
        return frozenset()
    said = {
        "replay_tolerance": offsets.replay_tolerance_records,
        "accept_loss": offsets.accept_loss,
        "accept_replay": offsets.accept_replay,
    }
    return frozenset(key for key, value in said.items() if value is not None)


def right_steps(*, kind: ReplicationKind, reads: bool, writes: bool) -> tuple[StepModel, ...]:
    """The steps that a wave needs, in order, before what soaks and promotes."""
    words = ["stop"]
    if writes and kind != "link":
        words += ["fence", "drain"]
    if reads:
        words.append("offsets")
    return tuple(StepModel(word) for word in [*words, "start"])


def _wave(wave: Wave, plan: Plan, index: Mapping[str, int]) -> WaveModel:
    rollback = wave.rollback
    return WaveModel(
        name=wave.name,
        services=tuple(index[name] for name in wave.services),
        steps=tuple(_step(step, wave, plan) for step in wave.steps),
        goes_back_by_itself=bool(rollback.triggers)
        and rollback.on_trigger == "rollback"
        and rollback.after_no_return == "rollback",
        rollback_window=wave.rollback_window_ms is not None,
        duration_ms=sum(step.for_ms for step in wave.steps if isinstance(step, SoakStep)),
        window=wave.window,
        late=wave.write_owner.before == "target",
    )


def _step(step: Step, wave: Wave, plan: Plan) -> StepModel:
    word = step_name(step)
    match step:
        case FenceStep():
            return StepModel(word, deny=step.deny if step.by == "acl" else "nobody")
        case ReverseStep():
            return StepModel(word, forward=step.forward, start_at=step.start_at)
        case PromoteStep():
            moved = plan.wave_services(wave)
            own = (topic for s in moved for topic in (*s.produces, *s.consumes))
            accepted = bool(step.topics) and step.accept_loss is not None
            return StepModel(word, topics=frozenset(step.topics or own), accepted=accepted)
        case HttpStep() | CommandStep():
            return StepModel(word, undoable=step.undo is not None or step.undoes_nothing)
        case _:
            return StepModel(word)
