"""The order of services from what they read and write: waves in which nobody misses a record.

Consumers first, then who reads and writes, from the downstream end, then who only writes. Who must
move together is one wave: producers of a topic, and services that read in a circle what they write.
Pure; never says that an order is right, the prover does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cockpit.core.plan import ReplicationKind
from cockpit.core.prove.model import Model, ServiceModel, StepModel, WaveModel, right_steps

NAME_MAX_CHARS = 80


@dataclass(frozen=True, slots=True)
class OrderedWave:
    """One wave that was derived. `services` are indexes."""

    name: str
    services: tuple[int, ...]
    steps: tuple[StepModel, ...]
    writes: bool
    why: tuple[str, ...]
    """Why these move together, a sentence each; a circle is named by its services and topics."""


def derive(services: Sequence[ServiceModel], kind: ReplicationKind) -> tuple[OrderedWave, ...]:
    """The waves of these services, first to last."""
    before, flows = _before(services, frozenset()), _flows(services)
    groups = _components(before)
    readers = [g[0] for g in groups if len(g) == 1 and not services[g[0]].produces]
    rest = [group for group in groups if group[0] not in readers or len(group) > 1]
    mixed = [group for group in rest if any(services[s].consumes for s in group)]
    writers = [group for group in rest if group not in mixed]
    ordered = [*([sorted(readers)] if readers else []), *mixed, *writers]
    names: set[str] = set()
    left = {topic for service in services for topic in service.produces}
    # what nobody here writes is not promoted: its writers stay on the source
    waves: list[OrderedWave] = []
    for number, group in enumerate(ordered):
        alone = bool(readers) and number == 0
        later = {
            topic
            for other in ordered[number + 1 :]
            for s in other
            for topic in (*services[s].produces, *services[s].consumes)
        }
        ready = left - later
        left -= ready
        name = _name("readers" if alone else services[group[0]].name, len(group), names, alone)
        why = () if alone else _why(group, services, flows)
        waves.append(_wave(name, group, services, kind, ready, why))
    return tuple(waves)


def model_of_order(
    services: Sequence[ServiceModel], kind: ReplicationKind, order: Sequence[OrderedWave]
) -> Model:
    """The model that proves an order."""
    waves = tuple(WaveModel(wave.name, wave.services, wave.steps) for wave in order)
    return Model(kind, tuple(services), waves)


def together(
    services: Sequence[ServiceModel], apart: frozenset[str] = frozenset()
) -> Mapping[int, tuple[int, ...]]:
    """Of each service that cannot move alone the whole group that moves in one wave; `apart` are
    topics whose producers may move in several."""
    groups = _components(_before(services, apart))
    return {s: tuple(group) for group in groups if len(group) > 1 for s in group}


def why_together(
    services: Sequence[ServiceModel], group: Sequence[int], first: int, second: int, topic: str
) -> str:
    """Why these two of a group, of which the second reads the topic of the first, are in it."""
    flows = _flows(services)
    way = _way(second, first, set(group), flows)
    return _named([(first, topic), *way], services) if way else _ties(group, services)


_Flows = Mapping[int, Sequence[tuple[int, str]]]
"""For each service, who reads what it writes, and which topic that is."""


def _wave(
    name: str,
    group: Sequence[int],
    services: Sequence[ServiceModel],
    kind: ReplicationKind,
    ready: set[str],
    why: tuple[str, ...],
) -> OrderedWave:
    reads = any(services[s].consumes for s in group)
    writes = any(services[s].produces for s in group)
    steps = right_steps(kind=kind, reads=reads, writes=writes)
    if kind == "link" and ready:
        steps = (*steps, StepModel("promote", topics=frozenset(ready)))
    return OrderedWave(name, tuple(group), steps, writes, why)


def _before(services: Sequence[ServiceModel], apart: frozenset[str]) -> list[set[int]]:
    """For each service, who may not move later than it: its readers, and all producers with it but
    those of a topic whose producers may move apart."""
    readers: dict[str, list[int]] = defaultdict(list)
    writers: dict[str, list[int]] = defaultdict(list)
    for index, service in enumerate(services):
        for topic in service.consumes:
            readers[topic].append(index)
        for topic in service.produces:
            writers[topic].append(index)
    found: list[set[int]] = [set() for _ in services]
    for topic, producers in writers.items():
        ring = zip(producers, [*producers[1:], producers[0]], strict=True)
        for producer, other in ring:  # a ring ties them all together
            tied = set() if topic in apart else {other}
            found[producer] |= {*tied, *readers[topic]} - {producer}
    return found


def _flows(services: Sequence[ServiceModel]) -> _Flows:
    readers: dict[str, list[int]] = defaultdict(list)
    for index, service in enumerate(services):
        for topic in service.consumes:
            readers[topic].append(index)
    return {
        index: [(reader, topic) for topic in service.produces for reader in readers[topic]]
        for index, service in enumerate(services)
    }


def _components(before: Sequence[set[int]]) -> list[list[int]]:
    """Who must move together, each group after those that must be before it.

    Tarjan's algorithm, without recursion: it yields a component after all that it reaches.
    """
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    found: list[list[int]] = []
    for root in range(len(before)):
        if root in index:
            continue
        work = [(root, iter(sorted(before[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, rest = work[-1]
            child = next(rest, None)
            if child is None:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    found.append(_popped(stack, on_stack, node))
            elif child not in index:
                index[child] = low[child] = len(index)
                stack.append(child)
                on_stack.add(child)
                work.append((child, iter(sorted(before[child]))))
            elif child in on_stack:
                low[node] = min(low[node], index[child])
    return found


def _popped(stack: list[int], on_stack: set[int], last: int) -> list[int]:
    group: list[int] = []
    while True:
        member = stack.pop()
        on_stack.discard(member)
        group.append(member)
        if member == last:
            return sorted(group)


def _why(group: Sequence[int], services: Sequence[ServiceModel], flows: _Flows) -> tuple[str, ...]:
    """Why a group moves together: circles of records, and topics that several of them write."""
    if len(group) == 1:
        return ()
    found = [_named(circle, services) for circle in _circles(group, flows)]
    ties = _ties(group, services)
    return (*found, ties) if ties else tuple(found)


def _ties(group: Sequence[int], services: Sequence[ServiceModel]) -> str:
    """The topics that several of a group write; empty: there is none."""
    shared: dict[str, list[str]] = defaultdict(list)
    for s in group:
        for topic in services[s].produces:
            shared[topic].append(services[s].name)
    topics = [topic for topic, names in shared.items() if len(names) > 1]
    return f"all producers of a topic move together: {', '.join(sorted(topics))}" if topics else ""


def _named(circle: Sequence[tuple[int, str]], services: Sequence[ServiceModel]) -> str:
    parts = [f"{services[s].name} writes {topic}" for s, topic in circle]
    return f"a circle: {', '.join(parts)}, which {services[circle[0][0]].name} reads"


def _circles(group: Sequence[int], flows: _Flows) -> Iterator[list[tuple[int, str]]]:
    """Circles in which each flow that goes round is at least once, each as short as one through
    its first flow can be."""
    named: set[tuple[int, str, int]] = set()
    members = set(group)
    for start in group:
        for reader, topic in flows[start]:
            if reader == start or reader not in members or (start, topic, reader) in named:
                continue
            rest = _way(reader, start, members, flows)
            if rest:
                circle = [(start, topic), *rest]
                readers = [*(node for node, _ in rest), start]
                named |= {(*flow, to) for flow, to in zip(circle, readers, strict=True)}
                yield circle


def _way(start: int, goal: int, members: set[int], flows: _Flows) -> list[tuple[int, str]]:
    """The shortest way of records from one service to another: who writes, and which topic; empty:
    there is none."""
    came_from: dict[int, tuple[int, str]] = {}
    waiting = [start]
    for node in waiting:
        for reader, topic in flows[node]:
            if reader == goal and node != goal:
                return [*_back(node, start, came_from), (node, topic)]
            if reader in members and reader not in came_from and reader not in (start, goal):
                came_from[reader] = (node, topic)
                waiting.append(reader)
    return []


def _back(node: int, start: int, came_from: Mapping[int, tuple[int, str]]) -> list[tuple[int, str]]:
    path: list[tuple[int, str]] = []
    while node != start:
        step = came_from[node]
        path.append(step)
        node = step[0]
    return path[::-1]


def _name(first: str, size: int, taken: set[str], alone: bool) -> str:
    more = f"-and-{size - 1}" if size > 1 and not alone else ""
    name = first[: NAME_MAX_CHARS - len(more)] + more
    number = 2
    while name in taken:
        end = f"-{number}"
        name = f"{first[: NAME_MAX_CHARS - len(more) - len(end)]}{more}{end}"
        number += 1
    taken.add(name)
    return name
