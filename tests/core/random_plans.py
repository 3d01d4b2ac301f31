"""Small random plans, right and wrong ones, from a seed."""

from __future__ import annotations

import random
from dataclasses import replace

from cockpit.core.plan import (
    ClusterSpec,
    ConfirmStep,
    DrainStep,
    FenceStep,
    OffsetsStep,
    Plan,
    PromoteStep,
    Replication,
    ReplicationKind,
    ReverseStep,
    Rollback,
    Security,
    Service,
    SignalGate,
    StartStep,
    Step,
    StopStep,
    Wave,
    WriteOwner,
)
from tests.core.build import service

NOWHERE = ClusterSpec(("127.0.0.1:1",), Security())


def plan_of(
    services: tuple[Service, ...], waves: tuple[Wave, ...], kind: ReplicationKind = "mirrormaker2"
) -> Plan:
    """A plan of these services and waves."""
    return Plan("random", NOWHERE, NOWHERE, Replication(kind=kind), services, waves)


def wave_of(name: str, services: tuple[Service, ...], *steps: Step) -> Wave:
    """A wave; without steps, those that its services need."""
    names = tuple(s.name for s in services)
    return Wave(name, names, steps or right(services), WriteOwner("source", "source"))


def right(
    services: tuple[Service, ...], kind: ReplicationKind = "mirrormaker2"
) -> tuple[Step, ...]:
    """The steps that these services need to move."""
    steps: list[Step] = [StopStep()]
    if any(s.produces for s in services) and kind != "link":
        steps += [FenceStep(), DrainStep()]
    if any(s.consumes for s in services):
        steps.append(OffsetsStep())
    return (*steps, StartStep())


def random_services(dice: random.Random, *, most: int = 5) -> tuple[Service, ...]:
    """Services over up to three topics; each does something."""
    topics = ["a", "b", "c"][: dice.randint(1, 3)]
    found = []
    for number in range(dice.randint(2, most)):
        produces = tuple(t for t in topics if dice.random() < 0.35)
        consumes = tuple(t for t in topics if dice.random() < 0.35)
        if not produces and not consumes:
            consumes = (topics[0],)
        found.append(service(f"s{number}", consumes=consumes, produces=produces))
    return tuple(found)


def random_plan(seed: int, kind: ReplicationKind = "mirrormaker2") -> Plan:
    """Services in random waves, whose steps are right, or nearly."""
    dice = random.Random(seed)
    services = random_services(dice)
    shuffled = list(services)
    if dice.random() < 0.5:
        dice.shuffle(shuffled)
    else:  # more often right: consumers first
        shuffled.sort(key=lambda s: (bool(s.produces), not s.consumes))
    count = dice.randint(1, min(3, len(services)))
    cuts = sorted(dice.sample(range(1, len(shuffled)), count - 1))
    waves = []
    for number, (begin, end) in enumerate(zip([0, *cuts], [*cuts, len(shuffled)], strict=True)):
        members = tuple(shuffled[begin:end])
        wave = wave_of(f"w{number}", members, *_bent(dice, list(right(members, kind)), kind))
        waves.append(_promising(dice, wave))
    if kind == "link" and dice.random() < 0.6:
        last = waves[-1]
        written = tuple(sorted({t for s in services for t in s.produces}))
        touched = tuple(sorted({t for s in services for t in (*s.produces, *s.consumes)}))
        named = written if written and dice.random() < 0.9 else touched
        waves[-1] = replace(last, steps=(*last.steps, PromoteStep(named)))
    return plan_of(services, tuple(waves), kind)


def _bent(dice: random.Random, steps: list[Step], kind: ReplicationKind) -> list[Step]:
    """Now and then a step is missing, moved or too much."""
    luck = dice.random()
    if luck < 0.12 and len(steps) > 2:
        del steps[dice.randrange(1, len(steps) - 1)]
    elif luck < 0.24:
        place = dice.randrange(len(steps) - 1)
        steps[place : place + 2] = reversed(steps[place : place + 2])
    elif luck < 0.3:
        steps.insert(dice.randrange(len(steps)), ConfirmStep("go on?"))
    elif luck < 0.36 and kind == "link":
        steps.insert(dice.randrange(1, len(steps)), PromoteStep())
    elif luck < 0.45 and any(isinstance(step, FenceStep) for step in steps):
        _with_reverse(dice, steps)
    return steps


def _with_reverse(dice: random.Random, steps: list[Step]) -> None:
    for place, step in enumerate(steps):
        if isinstance(step, FenceStep) and dice.random() < 0.67:
            steps[place] = replace(step, deny="producers")
    steps.insert(len(steps) - 1, ReverseStep("back"))


def _promising(dice: random.Random, wave: Wave) -> Wave:
    if dice.random() < 0.1:
        return replace(wave, rollback_window_ms=3_600_000)
    if dice.random() < 0.1:
        trigger = (SignalGate("errors", 0.1),)
        after = dice.choice(("pause", "rollback"))
        return replace(wave, rollback=Rollback(trigger, "rollback", after))  # type: ignore[arg-type]  # one of the two words
    return wave
