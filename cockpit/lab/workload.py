"""Workloads as values; the lab's usual one, a shop: twelve topics, eight services, who reads and
writes what.

Never reads a file, a clock or a cluster. The shop: 200 records/s in all: gateway 60, sensors 40,
pricing 30, fraud 40, fulfil 30.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PREFIX = "shop."
GROUP_PREFIX = "shop-"
PARTITIONS = 10
TICK_S = 0.1

Side = Literal["source", "target"]
SIDES: tuple[Side, Side] = ("source", "target")


@dataclass(frozen=True, slots=True)
class Batch:
    """When a job that is no standing service is at work: for so long, again and again."""

    every_s: float
    for_s: float
    """Joins its group, reads for this time, commits and leaves."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one service does."""

    name: str
    owner: str
    generates: tuple[tuple[str, int], ...] = ()
    """(topic, records a tick) of a service that has no input."""
    emits: tuple[tuple[str, tuple[str | None, ...]], ...] = ()
    """(input topic, outputs in turn) of a service that consumes and produces; None: no output."""
    reads: tuple[str, ...] = ()
    """Topics of a service that only consumes."""
    batch: Batch | None = None
    """Of a service that only consumes, and is there now and then only."""
    spoils_every: int = 0
    """Of so many records that it makes, one is spoiled: no strict reader of JSON takes it."""
    dead_letters: str | None = None
    """Of a sink connector, which is no process of its own: where it puts what it cannot read."""
    criticality: Literal["low", "normal", "high"] = "normal"
    commits_in_zookeeper: bool = False
    """On a cluster that is old enough for that; elsewhere in Kafka, as all do."""
    group_prefix: str = GROUP_PREFIX
    consumes: tuple[str, ...] = field(init=False)
    produces: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Derive what the service consumes and produces, sorted."""
        consumes = {*self.reads, *(topic for topic, _ in self.emits)}
        produces = {topic for topic, _ in self.generates}
        produces |= {out for _, outs in self.emits for out in outs if out is not None}
        produces |= {self.dead_letters} if self.dead_letters else set()
        object.__setattr__(self, "consumes", tuple(sorted(consumes)))
        object.__setattr__(self, "produces", tuple(sorted(produces)))

    @property
    def group(self) -> str | None:
        """The consumer group, None for a service that reads nothing."""
        return f"{self.group_prefix}{self.name}" if self.consumes else None

    @property
    def principal(self) -> str:
        """The Kafka principal that the service logs in as."""
        return f"User:{self.name}"


WORKLOAD: tuple[Work, ...] = (
    Work(
        name="audit",
        owner="team-risk",
        reads=("shop.metrics", "shop.alerts", "shop.verdicts", "shop.mail"),
        criticality="low",
    ),
    Work(
        name="billing",
        owner="team-money",
        reads=("shop.payments", "shop.shipments", "shop.returns"),
    ),
    Work(name="search", owner="team-find", reads=("shop.prices",), criticality="low"),
    Work(
        name="pricing",
        owner="team-find",
        emits=(("shop.clicks", ("shop.prices",)), ("shop.stock", ("shop.prices",))),
    ),
    Work(
        name="fulfil",
        owner="team-move",
        emits=(
            ("shop.orders", ("shop.shipments",)),
            ("shop.payments", ("shop.mail", None, "shop.alerts", None)),
        ),
        criticality="high",
    ),
    Work(
        name="fraud",
        owner="team-risk",
        emits=(
            ("shop.orders", ("shop.payments",)),
            ("shop.users", ("shop.verdicts", "shop.returns", "shop.verdicts", "shop.alerts")),
        ),
        criticality="high",
    ),
    Work(
        name="gateway",
        owner="team-web",
        generates=(("shop.orders", 2), ("shop.clicks", 2), ("shop.users", 2)),
        criticality="high",
    ),
    Work(name="sensors", owner="team-iot", generates=(("shop.metrics", 3), ("shop.stock", 1))),
)


@dataclass(frozen=True, slots=True)
class Hurry:
    """How soon a record is to be read; a hundred consumers in a hurry keep two cores busy."""

    fetch_bytes: int = 1
    """Brokers answer a fetch once so much is there."""
    fetch_wait_ms: int = 300
    """Or after this time."""
    pace_s: float = 0.1
    """Between two looks of a service at what has come."""
    mirror_wait_ms: int = 100
    """As `fetch_wait_ms`, of the mirror."""
    groups_every_s: int = 1
    """How often the mirror carries the groups' commits over."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Services and their topics, and the waves in which they move."""

    works: tuple[Work, ...]
    waves: tuple[tuple[str, tuple[str, ...]], ...]
    prefix: str
    group_prefix: str
    partitions: int
    """Of each topic."""
    tick_s: float
    """How often a generator writes its share."""
    hurry: Hurry = field(default_factory=Hurry)
    single_copy: tuple[str, ...] = ()
    """Topics with one copy where the source has two brokers: each of these leads half of them."""
    with_schemas: tuple[str, ...] = ()
    """Topics whose records begin with the id of their schema."""
    topics: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Derive the topics, sorted."""
        names = {topic for work in self.works for topic in (*work.consumes, *work.produces)}
        object.__setattr__(self, "topics", tuple(sorted(names)))

    @property
    def group_prefixes(self) -> tuple[str, ...]:
        """How its groups begin: a sink connector's has a name that Connect gives."""
        theirs = (work.group_prefix for work in self.works if work.dead_letters)
        return (self.group_prefix, *dict.fromkeys(theirs))

    @property
    def sinks(self) -> tuple[Work, ...]:
        """Its sink connectors."""
        return tuple(work for work in self.works if work.dead_letters)

    def dead_letters_of(self, topic: str) -> str | None:
        """Where what nobody can read of a topic must end; None: nowhere."""
        return next((w.dead_letters for w in self.sinks if topic in w.consumes), None)

    def work_of(self, name: str) -> Work:
        """The service of that name. Raises KeyError."""
        for work in self.works:
            if work.name == name:
                return work
        raise KeyError(name)


WAVES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("readers", ("audit", "billing", "search")),
    ("pricing", ("pricing",)),
    ("fulfilment", ("fulfil", "fraud")),
    ("edge", ("gateway", "sensors")),
)

SHOP = Workload(
    works=WORKLOAD,
    waves=WAVES,
    prefix=PREFIX,
    group_prefix=GROUP_PREFIX,
    partitions=PARTITIONS,
    tick_s=TICK_S,
    single_copy=("shop.metrics", "shop.stock"),
)
TOPICS = SHOP.topics


def work_of(name: str) -> Work:
    """The service of that name in the shop. Raises KeyError."""
    return SHOP.work_of(name)
