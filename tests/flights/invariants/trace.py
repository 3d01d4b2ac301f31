"""What was seen of a simulated flight from outside, in the order in which it came to pass.

`n` counts everything; `at_ms` is virtual time since the beginning, which no step of a machine's
clock changes. Times inside entries, samples and snapshots are as that clock had them.

Values only: nothing here judges, and nothing here asks the code under test.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from cockpit.core.actions import Action, Finding
from cockpit.core.observe import AclBinding, Sample, TopicPartition
from cockpit.core.plan import Side
from cockpit.core.snapshot import Snapshot
from cockpit.core.survey import Survey

Verb = Literal["precheck", "do", "verify"]
LOOKS = ("Prove", "Probe", "Find", "Seek")
"""How the names of actions begin that change nothing."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The world's truth at one moment.

    `open`: (service, topic) whose writes a side would accept now from an instance at work there.
    `own`: by topic, records on the target that the mirror did not bring. `left`: by topic, source
    records that are not on the target, None where nobody needs them; `left_by_others`: how many of
    these nobody of the plan wrote. `others`: by topic, all source records that nobody of the plan
    wrote.
    """

    at_ms: int
    views: tuple[frozenset[AclBinding], ...]
    bindings: frozenset[AclBinding]
    brokers_down: frozenset[int]
    where: Mapping[str, str]
    open: Mapping[Side, frozenset[tuple[str, str]]]
    members: Mapping[Side, Mapping[str, int]]
    connectors: Mapping[str, Mapping[str, str]]
    own: Mapping[str, int]
    left: Mapping[str, int] | None
    left_by_others: Mapping[str, int]
    others: Mapping[str, int]
    commits: Mapping[str, Mapping[TopicPartition, int]] | None = None
    """Of each group on the target; None where nobody needs them."""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry of the journal, and whether the disk had to have it at once.

    `written`: the journal has taken it; a disk that is full has not, and the flight goes on.
    """

    n: int
    at_ms: int
    entry: Mapping[str, Any]
    synced: bool
    moment: Moment | None
    written: bool = True

    @property
    def kind(self) -> str:
        """The entry's kind."""
        return str(self.entry["kind"])


@dataclass(slots=True)
class Call:
    """A call of the effector; `ended_n` is -1 while it is under way."""

    n: int
    at_ms: int
    verb: Verb
    action: Action
    written: str
    """The action as the journal should have it: see `as_written`."""
    ended_n: int = -1
    ended_ms: int = 0
    found: Finding | None = None
    error: Exception | None = None
    truth: Moment | None = None
    """At its end, where it has proved something."""
    before: Mapping[str, Any] = field(default_factory=dict)
    """What a change of this kind would replace, at its end."""

    @property
    def changes(self) -> bool:
        """Whether it may change the world."""
        return self.verb == "do" and not type(self.action).__name__.startswith(LOOKS)


@dataclass(frozen=True, slots=True)
class Placing:
    """How a group would resume on the target: records of the source that it would never read, and
    that it would read again."""

    skipped: int
    again: int


@dataclass(frozen=True, slots=True)
class Felt:
    """Something that has happened in the world, in the world's words."""

    n: int
    at_ms: int
    name: str
    moment: Moment | None
    placing: Placing | None = None


@dataclass(frozen=True, slots=True)
class Shot:
    """A snapshot as it was published."""

    n: int
    at_ms: int
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Read:
    """One answer of a feed; `sample` is None when it failed. `asked_ms` is the machine's clock."""

    n: int
    at_ms: int
    feed: str
    asked_ms: int
    asked_at_ms: int
    """The same in virtual time."""
    sample: Sample | Survey | None


Item = Line | Call | Felt | Shot | Read
K = TypeVar("K", Line, Call, Felt, Shot, Read)


@dataclass(frozen=True, slots=True)
class Trace:
    """A whole flight. `ended_ms`: when nobody looked any more."""

    items: tuple[Item, ...]
    ended_ms: int
    repeated: Mapping[TopicPartition, int]
    """Records that the target holds more than once, because the mirror brought them again."""

    def of(self, kind: type[K]) -> list[K]:
        """Everything of one kind, in order."""
        return [item for item in self.items if isinstance(item, kind)]


def as_written(action: Action) -> str:
    """An action as the journal should have it, as text that is the same for the same action."""
    content = {"type": type(action).__name__, **dataclasses.asdict(action)}
    return json.dumps(content, sort_keys=True)


def in_order(*parts: Iterable[Item]) -> list[Item]:
    """Several kinds of things seen, as they came."""
    return sorted((item for part in parts for item in part), key=lambda item: item.n)


def last(items: Iterable[K]) -> K | None:
    """The last one, if any."""
    found = None
    for item in items:
        found = item
    return found
