"""A plan seen from one topic: who writes and reads it, and the waves that concern it.

Every promise that is proved is about one topic and at most two services, so a proof looks at pairs,
and equal pairs are proved once. Never explores; it only makes small what is explored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cockpit.core.plan import ReplicationKind
from cockpit.core.prove.model import EVERYBODY, Model, StepModel

MOVING = frozenset({"stop", "fence", "drain", "offsets", "start", "reverse", "promote"})
"""Steps that change anything; whoever waits or asks in between changes no proof."""
STAYS = -1
"""The lane of a service that is in no wave."""
OUTSIDER = -2
"""In place of a service: somebody outside the plan, who writes on the source and stays there."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One wave, as far as it concerns the topic."""

    steps: tuple[StepModel, ...]
    writes: bool
    """One of its services writes the topic: its fence covers the topic."""
    promotes: bool
    goes_back_by_itself: bool
    rollback_window: bool
    names_everybody: bool = False
    """Who denies its producers by their principals denies all."""

    @property
    def denies(self) -> str:
        """Whose writes its fence really refuses: `all`, `producers` or `nobody`; empty: none."""
        said = next((step.deny for step in self.steps if step.word == "fence"), "")
        return "all" if said == "producers" and self.names_everybody else said


@dataclass(frozen=True, slots=True)
class Party:
    """One service, as far as it concerns the topic."""

    lane: int
    """Index into the lanes, or STAYS."""
    writes: bool
    reads: bool
    denied_by: int = 0
    """Other lanes, as bits, whose producers (or the canary) have its principal: their fences refuse
    it too."""
    outside: bool = False
    """It is no service of the plan, and stays on the source."""
    canary: bool = False
    """It has the canary's principal."""


@dataclass(frozen=True, slots=True)
class View:
    """All that a proof about one topic and one or two services depends on; equal views are equal
    proofs."""

    kind: ReplicationKind
    lanes: tuple[Lane, ...]
    parties: tuple[Party, ...]
    interleaved: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """A view, and what its numbers stand for."""

    view: View
    topic: str
    waves: tuple[int, ...]
    """The wave of each lane."""
    services: tuple[int, ...]
    """The service of each party."""
    alike: tuple[tuple[int, ...], ...]
    """For each party, the other services that stand in exactly its place."""


_Role = tuple[int, bool, bool]
"""Wave (or STAYS, or OUTSIDER), writes, reads."""


def sights(model: Model) -> Iterator[Sight]:
    """Every pair (and every single service) that a promise is about, one of each kind a topic."""
    turning = _turning_waves(model)
    moving = [
        tuple(replace(step, topics=frozenset()) for step in wave.steps if step.word in MOVING)
        for wave in model.waves
    ]
    for name, roles in _by_topic(model).items():
        waves = {wave for wave, _, _ in roles if wave >= 0} | turning[name]
        lanes = {wave: _lane(model, name, wave, moving[wave]) for wave in waves}
        for services in _companies(roles):
            yield _sight(model, name, services, turning[name], roles, lanes)


def _turning_waves(model: Model) -> Mapping[str, set[int]]:
    """For each topic the first wave that promotes it and the first that reverses its mirror: they
    turn it for everybody.

    A later one finds the topic turned already, and is looked at with those who move in it.
    """
    found: dict[str, set[int]] = defaultdict(set)
    turned: set[tuple[str, str]] = set()
    for index, wave in enumerate(model.waves):
        for step in wave.steps:
            topics = model.written_by_wave[index] if step.word == "reverse" else step.topics
            for topic in topics:
                if (topic, step.word) not in turned:
                    turned.add((topic, step.word))
                    found[topic].add(index)
    return found


def _by_topic(model: Model) -> dict[str, dict[_Role, list[int]]]:
    found: dict[str, dict[_Role, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, service in enumerate(model.services):
        wave = model.wave_of.get(index, STAYS)
        reads = frozenset(service.consumes)
        writes = frozenset(service.produces)
        for topic in (*service.produces, *(t for t in service.consumes if t not in writes)):
            found[topic][wave, topic in writes, topic in reads].append(index)
    for topic in model.outside:
        if any(writes for _, writes, _ in found.get(topic, ())):
            found[topic][OUTSIDER, True, False].append(OUTSIDER)
    return found


def _companies(members: dict[_Role, list[int]]) -> Iterator[tuple[int, ...]]:
    """One pair of services for each pair of roles; a service alone, where there is no pair."""
    roles = list(members)
    paired = False
    for place, role in enumerate(roles):
        for other in roles[place:]:
            if not (role[1] or other[1]):
                continue  # two readers do not disturb each other
            if role != other:
                yield members[role][0], members[other][0]
            elif len(members[role]) > 1:
                yield members[role][0], members[role][1]
            else:
                continue
            paired = True
    if not paired:
        for role in roles:
            yield (members[role][0],)


def _lane(model: Model, topic: str, index: int, steps: tuple[StepModel, ...]) -> Lane:
    wave = model.waves[index]
    return Lane(
        steps=steps,
        writes=topic in model.written_by_wave[index],
        promotes=any(topic in s.topics for s in wave.steps if s.word == "promote"),
        goes_back_by_itself=wave.goes_back_by_itself,
        rollback_window=wave.rollback_window,
        names_everybody=index in model.denying.get(EVERYBODY, ()),
    )


def _sight(
    model: Model,
    topic: str,
    services: tuple[int, ...],
    also: set[int],
    roles: dict[_Role, list[int]],
    lanes: Mapping[int, Lane],
) -> Sight:
    own = {model.wave_of[s] for s in services if s in model.wave_of}
    waves = tuple(sorted(own | also))
    lane_of = {wave: lane for lane, wave in enumerate(waves)}

    parties = tuple(_party(model, topic, s, lane_of) for s in services)
    found = tuple(lanes[wave] for wave in waves)
    view = View(model.kind, found, parties, topic in model.interleaved)
    alike = []
    for service, party in zip(services, parties, strict=True):
        wave = OUTSIDER if party.outside else model.wave_of.get(service, STAYS)
        members = roles[wave, party.writes, party.reads]
        alike.append(tuple(member for member in members if member not in services))
    return Sight(view, topic, waves, services, tuple(alike))


def _party(model: Model, topic: str, index: int, lane_of: Mapping[int, int]) -> Party:
    if index == OUTSIDER:
        return Party(STAYS, writes=True, reads=False, outside=True)
    service, wave = model.services[index], model.wave_of.get(index, STAYS)
    denying = model.denying.get(service.principal, frozenset()) - {wave}
    return Party(
        lane=lane_of.get(wave, STAYS),
        writes=topic in service.produces,
        reads=topic in service.consumes,
        denied_by=sum(1 << lane_of[other] for other in denying if other in lane_of),
        canary=bool(model.canary) and service.principal == model.canary,
    )
