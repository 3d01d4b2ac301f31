"""Who owns what at each step: who writes and reads a topic where, and what going back costs.

Pure; topics that behave the same at every step are one block. Never judges a plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Final, Literal

from cockpit.core.plan import Side
from cockpit.core.prove.model import Model, WaveModel

Cost = Literal[
    "nothing", "records are read again", "records on target lost or replayed", "not possible"
]
NOTHING: Final[Cost] = "nothing"
RE_READ: Final[Cost] = "records are read again"
LOSSY: Final[Cost] = "records on target lost or replayed"
CLOSED: Final[Cost] = "not possible"
_BY_DEARNESS: Final = (NOTHING, RE_READ, LOSSY, CLOSED)


@dataclass(frozen=True, slots=True)
class Row:
    """The state after one step. No side: everybody is stopped, or there is nobody."""

    wave: str
    step: str
    written_on: tuple[Side, ...]
    read_on: tuple[Side, ...]
    cost: Cost
    """What taking the wave back from here costs: a wave goes back as one, so it is that of its
    dearest topic."""


@dataclass(frozen=True, slots=True)
class TopicUse:
    """A topic, with who writes and who reads it."""

    name: str
    written_by: tuple[str, ...]
    """Empty: nobody of the plan, so somebody outside of it."""
    read_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Topics that behave the same, and how."""

    topics: tuple[TopicUse, ...]
    rows: tuple[Row, ...]


def matrix(model: Model) -> tuple[Block, ...]:
    """Every topic's block, by the order in which topics are first moved."""
    writers: dict[str, list[int]] = defaultdict(list)
    readers: dict[str, list[int]] = defaultdict(list)
    for index, service in enumerate(model.services):
        for topic in service.produces:
            writers[topic].append(index)
        for topic in service.consumes:
            readers[topic].append(index)
    topics = sorted(writers.keys() | readers.keys())
    walked = [_Walk(model, topic, writers[topic], readers[topic]).rows() for topic in topics]
    blocks: dict[tuple[Row, ...], list[TopicUse]] = defaultdict(list)
    names = [service.name for service in model.services]
    for topic, rows in zip(topics, _as_one(walked), strict=True):
        use = TopicUse(
            topic,
            tuple(names[s] for s in writers[topic]),
            tuple(names[s] for s in readers[topic]),
        )
        blocks[rows].append(use)
    place = {wave.name: number for number, wave in enumerate(model.waves)}
    order = sorted(blocks.items(), key=partial(_first_wave, place))
    return tuple(Block(tuple(uses), rows) for rows, uses in order)


def _as_one(walked: Sequence[tuple[Row, ...]]) -> Iterator[tuple[Row, ...]]:
    """The rows of each topic, each with what going back costs the whole wave at that step."""
    dearest: dict[tuple[str, int], Cost] = {}
    for rows in walked:
        for key, row in _numbered(rows):
            known = dearest.get(key, NOTHING)
            dearest[key] = max(known, row.cost, key=_BY_DEARNESS.index)
    for rows in walked:
        yield tuple(replace(row, cost=dearest[key]) for key, row in _numbered(rows))


def _numbered(rows: tuple[Row, ...]) -> Iterator[tuple[tuple[str, int], Row]]:
    """Each row with its wave and the number of its step there."""
    for wave, steps in groupby(rows, key=attrgetter("wave")):
        for number, row in enumerate(steps):
            yield (wave, number), row


def _first_wave(
    place: Mapping[str, int], entry: tuple[tuple[Row, ...], list[TopicUse]]
) -> tuple[int, str]:
    rows, uses = entry
    return (place[rows[0].wave] if rows else len(place)), uses[0].name


class _Walk:
    """One topic through all waves that concern it."""

    def __init__(self, model: Model, topic: str, writers: list[int], readers: list[int]) -> None:
        self._model = model
        self._topic = topic
        self._writers = frozenset(writers)
        self._readers = frozenset(readers)
        self._sides: dict[int, Side | None] = dict.fromkeys((*writers, *readers), "source")
        self._reversed = False
        self._promoted = False

    def rows(self) -> tuple[Row, ...]:
        found: list[Row] = []
        for wave in self._model.waves:
            members = frozenset(wave.services) & self._sides.keys()
            promotes = any(self._topic in step.topics for step in wave.steps)
            if members or promotes:
                found += self._wave(wave, members)
        return tuple(found)

    def _wave(self, wave: WaveModel, members: frozenset[int]) -> list[Row]:
        found: list[Row] = []
        started_at: int | None = None
        outside: Side | None = None
        if not self._writers:
            outside = "target" if wave.late else "source"
        for number, step in enumerate(wave.steps):
            match step.word:
                case "stop":
                    self._sides |= dict.fromkeys(members, None)
                case "start":
                    self._sides |= dict.fromkeys(members, "target")
                    started_at = number
                case "reverse":
                    self._reversed = self._reversed or bool(members & self._writers)
                case "promote":
                    self._promoted = self._promoted or self._topic in step.topics
                case _:
                    pass
            cost = self._cost(members, started_at, number)
            written_on = (outside,) if outside else self._where(self._writers)
            row = Row(wave.name, step.word, written_on, self._where(self._readers), cost)
            found.append(row)
        return found

    def _where(self, services: frozenset[int]) -> tuple[Side, ...]:
        sides = {self._sides[service] for service in services}
        found: list[Side] = []
        if "source" in sides:
            found.append("source")
        if "target" in sides:
            found.append("target")
        return tuple(found)

    def _cost(self, members: frozenset[int], started_at: int | None, number: int) -> Cost:
        if self._model.kind == "link":
            return CLOSED if self._promoted else NOTHING
        if started_at is None:
            return NOTHING
        if members & self._writers and not self._reversed:
            # the first record that only the target has closes the way back
            return LOSSY if number == started_at else CLOSED
        return RE_READ if members & self._readers else NOTHING
