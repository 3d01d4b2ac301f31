"""A simulated world for any plan: what is taken shorter, how traffic is invented, what goes wrong.

Values only. Such a world shows the order of a plan and its way back; it knows nothing of the real
clusters' speed, and never claims to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from cockpit.core.conditions import Momentary
from cockpit.core.plan import (
    Condition,
    GroupLagGate,
    Plan,
    ReplicationLagGate,
    ReverseStep,
    Service,
    SignalGate,
    SoakStep,
    Step,
    Wave,
)
from cockpit.core.prove.model import KIND_NAMES
from cockpit.sim.faults import (
    BrokerDown,
    ClusterRefuses,
    ClusterSlow,
    ClusterUnreachable,
    ConnectDown,
    EffectFault,
    EffectMode,
    ErrorBurst,
    EscapingWriter,
    Fault,
    FenceVanishes,
    MirrorStalled,
    MirrorTaskFailed,
    ServiceCrash,
    SignalDown,
    SignalGarbage,
    StalePositions,
    When,
)
from cockpit.sim.feeds import BASELINES
from cockpit.sim.loop import EPOCH_MS
from cockpit.sim.spec import MirrorSpec, WorldSpec

USUAL_RATE_PER_S: Final = 60.0
LAG_S: Final = 4.0
"""Of traffic: what a lag limit leaves room for, twice what the simulated mirror is behind."""
QUIET_SHARE: Final = 0.4
"""Of its strictest limit: a signal's value on a good day, before noise of up to half as much."""
STREAM: Final = 77
"""Of the seed: apart from the world's own streams, so that faults do not change its traffic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invented:
    """What a person says about a world that nobody has measured."""

    seed: int = 1
    partitions: int = 4
    partitions_of: Mapping[str, int] = field(default_factory=dict)
    rate_per_s: float | None = None
    """Of each producing service; None: as much as the plan's gates leave room for."""


def unrehearsed(plan: Plan) -> tuple[str, ...]:
    """Why the plan cannot be rehearsed, though it could be flown; empty: it can."""
    if plan.replication.kind != "mirrormaker2":
        name = KIND_NAMES[plan.replication.kind]
        return (f"replication by {name} is not rehearsed yet: this world has MirrorMaker",)
    return tuple(
        f"wave {wave.name}: step reverse is not rehearsed yet: this world has one mirror only"
        for wave in plan.waves
        for step in wave.steps
        if isinstance(step, ReverseStep)
    )


def shortened(plan: Plan, longest_ms: int) -> tuple[Plan, tuple[str, ...]]:
    """The plan with every wait that is longer than that taken as long as that, without windows of
    the calendar; and each such change in words."""
    notes: list[str] = []
    waves = tuple(_shorter(wave, longest_ms, notes) for wave in plan.waves)
    services = tuple(_in_its_time(service, notes) for service in plan.services)
    if plan.freeze_windows:
        notes.append("freeze windows are left out: this flight has no date")
    if plan.first_hop is not None:
        notes.append("first_hop is left out: the simulated mirror reads the source itself")
    return replace(plan, services=services, waves=waves, freeze_windows=()), tuple(notes)


def _in_its_time(service: Service, notes: list[str]) -> Service:
    """A simulated flight has a date of its own, and its records have too."""
    if service.offsets is None or service.offsets.at_ms is None:
        return service
    notes.append(f"{service.name}: resumes where the simulated flight begins, not at a date")
    return replace(service, offsets=replace(service.offsets, at_ms=EPOCH_MS))


def _shorter(wave: Wave, longest_ms: int, notes: list[str]) -> Wave:
    longest_s = longest_ms / 1000
    steps: list[Step] = []
    for step in wave.steps:
        if isinstance(step, SoakStep) and step.for_ms > longest_ms:
            notes.append(f"{wave.name}: soak of {step.for_ms / 1000:g} s takes {longest_s:g} s")
            steps.append(replace(step, for_ms=longest_ms))
        else:
            steps.append(step)
    gates = tuple(_sooner(gate, longest_ms) for gate in wave.gates)
    triggers = tuple(_sooner(trigger, longest_ms) for trigger in wave.rollback.triggers)
    changed = sum(a != b for a, b in zip(wave.gates, gates, strict=True))
    changed += sum(a != b for a, b in zip(wave.rollback.triggers, triggers, strict=True))
    if changed:
        judged = "1 condition is" if changed == 1 else f"{changed} conditions are"
        notes.append(f"{wave.name}: {judged} judged over {longest_s:g} s")
    rollback = replace(wave.rollback, triggers=triggers)
    return replace(wave, steps=tuple(steps), gates=gates, rollback=rollback)


def _sooner(condition: Condition, longest_ms: int) -> Condition:
    if not isinstance(condition, Momentary) and condition.over is not None:
        return replace(condition, over=None, for_ms=min(condition.over.over_ms, longest_ms))
    if condition.for_ms > longest_ms:
        return replace(condition, for_ms=longest_ms)
    return condition


def world_of(plan: Plan, invented: Invented, faults: tuple[Fault, ...] = ()) -> WorldSpec:
    """A world in which the plan's gates can be met, on a day on which only `faults` go wrong."""
    rate = invented.rate_per_s
    return WorldSpec(
        seed=invented.seed,
        partitions=dict(invented.partitions_of),
        default_partitions=invented.partitions,
        default_rate_per_s=_rate_per_s(plan, invented) if rate is None else rate,
        signal_baselines=_baselines(plan),
        mirror=MirrorSpec(latency_ms=200, flush_ms=1_000, offset_lag_max=0),
        faults=faults,
    )


def _conditions(plan: Plan) -> Iterator[Condition]:
    for wave in plan.waves:
        yield from (*wave.gates, *wave.rollback.triggers)


def _rate_per_s(plan: Plan, invented: Invented) -> float:
    rate = USUAL_RATE_PER_S
    fewest = min((invented.partitions, *invented.partitions_of.values()))
    for condition in _conditions(plan):
        match condition:
            case ReplicationLagGate(max_records=most):
                rate = min(rate, most * fewest / LAG_S)
            case GroupLagGate(max_records=most):
                rate = min(rate, most / LAG_S)
            case _:
                pass
    return max(rate, 1.0)


def _baselines(plan: Plan) -> dict[str, float]:
    baselines = {spec.name: BASELINES[spec.unit] for spec in plan.signals}
    for condition in _conditions(plan):
        if isinstance(condition, SignalGate):
            quiet = QUIET_SHARE * condition.max_value
            baselines[condition.name] = min(baselines[condition.name], quiet)
    return baselines


# --- what goes wrong ------------------------------------------------------------------------------

_Draw = Callable[[Plan, WorldSpec, np.random.Generator, When], Fault | None]


def _pick(rng: np.random.Generator, names: tuple[Any, ...]) -> Any:  # noqa: ANN401  # of any type
    return names[int(rng.integers(len(names)))] if names else None


def _signal(kind: Callable[..., Fault]) -> _Draw:
    def draw(plan: Plan, _: WorldSpec, rng: np.random.Generator, when: When) -> Fault | None:
        name = _pick(rng, tuple(signal.name for signal in plan.signals))
        return kind(signal=name, when=when) if name else None

    return draw


def _burst(plan: Plan, _: WorldSpec, rng: np.random.Generator, when: When) -> Fault | None:
    name = _pick(rng, tuple(signal.name for signal in plan.signals))
    limits = [c.max_value for c in _conditions(plan) if isinstance(c, SignalGate)]
    value = 2 * max(limits, default=0.5) + 0.1
    return ErrorBurst(signal=name, value=value, when=when) if name else None


def _side(kind: Callable[..., Fault], **more: Any) -> _Draw:  # the kind's own fields
    def draw(_plan: Plan, _: WorldSpec, rng: np.random.Generator, when: When) -> Fault:
        return kind(side=_pick(rng, ("source", "target")), when=when, **more)

    return draw


def _broker(_plan: Plan, spec: WorldSpec, rng: np.random.Generator, when: When) -> Fault:
    side = _pick(rng, ("source", "target"))
    return BrokerDown(side=side, broker=int(rng.integers(spec.brokers)), when=when)


def _plain(kind: Callable[..., Fault]) -> _Draw:
    def draw(_plan: Plan, _: WorldSpec, _rng: np.random.Generator, when: When) -> Fault:
        return kind(when=when)

    return draw


def _escaping(plan: Plan, _: WorldSpec, rng: np.random.Generator, when: When) -> Fault | None:
    topic = _pick(rng, tuple(sorted({t for s in plan.services for t in s.produces})))
    return EscapingWriter(topics=(topic,), when=when) if topic else None


def _crash(plan: Plan, _: WorldSpec, rng: np.random.Generator, when: When) -> Fault:
    return ServiceCrash(service=_pick(rng, plan.services).name, when=when)


def _effect(mode: EffectMode) -> _Draw:
    def draw(_plan: Plan, _: WorldSpec, rng: np.random.Generator, when: When) -> Fault:
        delay_ms = int(rng.integers(1_000, 20_000))
        return EffectFault(mode=mode, delay_ms=delay_ms, when=replace(when, for_ms=None))

    return draw


KINDS: Final[Mapping[str, _Draw]] = {
    "error-burst": _burst,
    "signal-down": _signal(SignalDown),
    "signal-garbage": _signal(SignalGarbage),
    "cluster-unreachable": _side(ClusterUnreachable),
    "cluster-refuses": _side(ClusterRefuses),
    "cluster-slow": _side(ClusterSlow, latency_ms=1_500),
    "broker-down": _broker,
    "connect-down": _plain(ConnectDown),
    "mirror-stalled": _plain(MirrorStalled),
    "mirror-task-failed": _plain(MirrorTaskFailed),
    "stale-positions": _plain(StalePositions),
    "escaping-writer": _escaping,
    "fence-vanishes": _plain(FenceVanishes),
    "service-crash": _crash,
    "request-lost": _effect("lost_before"),
    "reply-lost": _effect("lost_after"),
    "effect-slow": _effect("slow"),
    "effect-refused": _effect("refused"),
}
"""What can go wrong in a rehearsal, by the name that a person uses."""


def never_came_about(
    asked: tuple[str, ...], drawn: tuple[str, ...], met: Collection[int]
) -> tuple[tuple[str, str], ...]:
    """Kinds of fault that a flight was to have and has not had, and why. `drawn` are the names of
    its faults in their order, `met` the indexes of those that something was hit by."""
    found = [(kind, "the plan gives it nothing to act on") for kind in asked if kind not in drawn]
    for index, kind in enumerate(drawn):
        if index not in met:
            found.append((kind, "nothing had met it when the flight ended"))
    return tuple(found)


def draw_faults(
    plan: Plan, spec: WorldSpec, kinds: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], tuple[Fault, ...]]:
    """Faults by the world's seed: one of each kind named, or of two to four kinds drawn; and the
    names of those that this plan gives something to.

    KeyError: there is no such kind.
    """
    rng = np.random.default_rng([spec.seed, STREAM])
    if not kinds:
        count = int(rng.integers(2, 5))
        drawn = rng.permutation(len(KINDS))[:count].tolist()
        kinds = tuple(list(KINDS)[index] for index in sorted(drawn))
    found = [(kind, KINDS[kind](plan, spec, rng, _when(plan, rng))) for kind in kinds]
    real = [(kind, fault) for kind, fault in found if fault is not None]
    return tuple(kind for kind, _ in real), tuple(fault for _, fault in real)


def _when(plan: Plan, rng: np.random.Generator) -> When:
    """Some time within the flight: half of all while clients are blocked, where it hurts."""
    delay_ms, for_ms = int(rng.integers(0, 2_000)), int(rng.integers(2_000, 20_000))
    wave = _pick(rng, plan.waves)
    verb, name = _pick(rng, ("stop", "start")), _pick(rng, wave.services)
    if rng.random() < 0.5:
        return When(event=f"{verb} {name}", delay_ms=delay_ms, for_ms=for_ms)
    return When(delay_ms=int(rng.integers(0, 120_000)), for_ms=for_ms)
