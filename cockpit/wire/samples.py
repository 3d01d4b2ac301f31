"""Events of the core as a document and columns, and back.

A slot is one kind of event of one feed: `Ticked`, `Asked Arm`, `Observed LogSample source.logs`.
The columns of its events are a series each. Knows no bytes.
"""

from __future__ import annotations

import operator
import struct
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from cockpit.core.facts import feed_of
from cockpit.core.flight import Asked, Event, Finished, Observed, Ticked
from cockpit.core.intents import Intent
from cockpit.core.observe import (
    I64,
    Failure,
    GroupSample,
    GroupState,
    LogSample,
    MirrorSample,
    OffsetColumn,
    PartitionKeys,
    Sample,
    SyncsSample,
    TopicPartition,
)
from cockpit.core.survey import Survey
from cockpit.wire.tables import Names
from cockpit.wire.trees import fields_of
from cockpit.wire.values import WireError, from_json, read_fields

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "LogSample": ("start", "end"),
    "GroupSample": ("offsets",),
    "MirrorSample": ("positions", "reverse_positions"),
}
_SAMPLES: Final[Mapping[str, type]] = {
    kind.__name__: kind for kind in (*typing.get_args(Sample | Survey), Failure)
}
_INTENTS: Final[Mapping[str, type]] = {kind.__name__: kind for kind in typing.get_args(Intent)}
_GROUP_FIELDS: Final = tuple(
    name for name in fields_of(GroupState)[0] if name not in ("keys", "offsets")
)
_read_group: Final = operator.attrgetter(*_GROUP_FIELDS)
_SPARE_ROWS: Final = 1_000
"""A table of commits is made anew when so many more of its rows are dead than live."""


@dataclass(frozen=True, slots=True)
class Parts:
    """One event, taken apart."""

    slot: str
    document: Mapping[str, Any]
    """Values of the core; `trees.to_tree` makes JSON of them."""
    columns: tuple[tuple[Names, I64], ...] = ()
    at_ms: int = 0
    """When the sample was asked for."""


def slot_columns(slot: str) -> tuple[str, ...]:
    """The names of the columns of a slot's events."""
    words = slot.split(" ", 2)
    return COLUMNS.get(words[1], ()) if words[0] == "Observed" and len(words) == 3 else ()


class Apart:
    """Takes events apart. Remembers what the last of each feed looked like."""

    def __init__(self) -> None:
        self._commits: dict[str, _Commits] = {}
        self._positions: dict[str, _Positions] = {}
        self._slots: dict[TopicPartition, tuple[object, str]] = {}

    def event(self, event: Event) -> Parts:
        """One event's parts."""
        match event:
            case Ticked(at_ms=at_ms):
                return Parts("Ticked", {"at_ms": at_ms})
            case Asked(at_ms=at_ms, intent=intent, seat=seat):
                content = {"at_ms": at_ms, "intent": intent, **({"seat": seat} if seat else {})}
                return Parts(f"Asked {type(intent).__name__}", content)
            case Finished():
                names, read = fields_of(Finished)
                return Parts("Finished", dict(zip(names, read(event), strict=True)))
            case Observed(at_ms=at_ms, sample=sample):
                return self._observed(at_ms, sample)

    def _observed(self, at_ms: int, sample: Sample | Survey | Failure) -> Parts:
        kind: type = type(sample)
        names, read = fields_of(kind)
        content = dict(zip(names, read(sample), strict=True))
        columns: tuple[tuple[Names, I64], ...] = ()
        feed = feed_of(sample)
        match sample:
            case LogSample(keys=keys, start=start, end=end):
                columns = ((keys.names, start), (keys.names, end))
                for name in ("keys", "start", "end"):
                    del content[name]
            case GroupSample(groups=groups):
                commits = self._commits.setdefault(feed, _Commits())
                content["groups"], table, offsets = commits.of(groups)
                columns = ((table, offsets),)
            case MirrorSample():
                named = COLUMNS["MirrorSample"]
                columns = tuple(
                    self._positions.setdefault(name, _Positions()).of(content.pop(name))
                    for name in named
                )
            case SyncsSample(slots=slots):
                content["slots"] = self._slot_texts(slots)
            case _:
                pass
        slot = f"Observed {type(sample).__name__} {feed}"
        document = {"at_ms": at_ms, "sample": content}
        return Parts(slot, document, columns, sample.asked_at_ms)

    def _slot_texts(
        self, slots: Mapping[TopicPartition, tuple[tuple[int, int], ...]]
    ) -> Mapping[TopicPartition, str]:
        texts: dict[TopicPartition, tuple[object, str]] = {}
        for name, pairs in slots.items():
            known = self._slots.get(name)
            if known is not None and (known[0] is pairs or known[0] == pairs):
                texts[name] = known
            else:
                texts[name] = (pairs, " ".join(f"{up},{down}" for up, down in pairs))
        self._slots = texts
        return {name: text for name, (_, text) in texts.items()}


class _Positions:
    """A mapping of positions as a table and a column."""

    def __init__(self) -> None:
        self._names: Names = ()
        self._last: Mapping[TopicPartition, int] = {}
        self._column: I64 = np.empty(0, dtype=np.int64)

    def of(self, positions: Mapping[TopicPartition, int]) -> tuple[Names, I64]:
        if positions is not self._last:
            names = tuple(positions)
            if names != self._names:
                self._names = names
            self._last = positions
            # in one go, and compared as bytes: each number of Python is looked at once
            packed = struct.pack(f"={len(names)}q", *positions.values())
            if packed != self._column.tobytes():
                self._column = np.frombuffer(packed, dtype=np.int64)
        return self._names, self._column


class _Commits:
    """The commits of all groups of a side in one column: each group has a run of rows.

    A group whose partitions change gets a new run at the end; the old one is dead.
    """

    def __init__(self) -> None:
        self._names: Names = ()
        self._runs: dict[str, list[tuple[Names, int]]] = {}
        """By group its runs: the keys, and where they begin; the one used last is first."""
        self._told: dict[str, tuple[object, Mapping[str, Any]]] = {}
        """By group what its document was made of, and the document."""

    def of(
        self, groups: Mapping[str, GroupState]
    ) -> tuple[Mapping[str, Mapping[str, Any]], Names, I64]:
        live = sum(len(state.keys) for state in groups.values())
        if len(self._names) > 2 * live + _SPARE_ROWS:
            self._names, self._runs = (), {}
        begins = self._begins(groups)
        column = np.zeros(len(self._names), dtype=np.int64)
        told: dict[str, tuple[object, Mapping[str, Any]]] = {}
        for (name, state), begin in zip(groups.items(), begins, strict=True):
            count = len(state.keys)
            offsets = _column(state.offsets)
            if len(offsets) != count:
                raise TypeError("commits that are not aligned to their partitions")
            column[begin : begin + count] = offsets
            made_of = (_read_group(state), begin, count)
            known = self._told.get(name)
            if known is None or known[0] != made_of:
                content = dict(zip(_GROUP_FIELDS, made_of[0], strict=True))
                known = made_of, {**content, "rows": (begin, count)}
            told[name] = known
        self._told = told
        return {name: document for name, (_, document) in told.items()}, self._names, column

    def _begins(self, groups: Mapping[str, GroupState]) -> list[int]:
        """Where the run of each group begins; adds those that are new."""
        more: list[TopicPartition] = []
        begins: list[int] = []
        rows = len(self._names)
        for name, state in groups.items():
            keys = state.keys
            if not keys:
                begins.append(0)
                continue
            runs = self._runs.get(name)
            if runs is not None and runs[0][0] is keys:
                begins.append(runs[0][1])
                continue
            runs = self._runs.setdefault(name, [])
            at = next((i for i, (known, _) in enumerate(runs) if known == keys), None)
            if at is None:
                run = (keys, rows + len(more))
                more.extend(keys)
            else:
                run = (keys, runs.pop(at)[1])
            runs.insert(0, run)
            begins.append(run[1])
        if more:
            self._names = (*self._names, *more)
        return begins


def _column(offsets: Sequence[int]) -> I64:
    if isinstance(offsets, OffsetColumn):
        return offsets.column  # one by one they would cost a millisecond
    return np.array(offsets, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Rows:
    """A column that was read, with its table."""

    names: Names
    column: I64
    keys: Callable[[], PartitionKeys]
    """The table as keys, the same object each time."""


def event_of(slot: str, document: Any, columns: Sequence[Rows]) -> Event:  # noqa: ANN401  # JSON
    """The event of a slot's document and columns; raises WireError."""
    words = slot.split(" ", 2)
    if not isinstance(document, dict):
        raise WireError("the document of an event is an object")
    match words:
        case ["Ticked"]:
            return Ticked(**_only(document, at_ms=int))
        case ["Asked", word] if word in _INTENTS:
            seat = {"seat": str} if "seat" in document else {}
            return Asked(**_only(document, at_ms=int, intent=_INTENTS[word], **seat))
        case ["Finished"]:
            finished: Finished = from_json(Finished, document)
            return finished
        case ["Observed", word, _] if word in _SAMPLES:
            if document.keys() != {"at_ms", "sample"}:
                raise WireError("an observation has a time and a sample")
            at_ms = from_json(int, document["at_ms"])
            return Observed(at_ms, _sample(_SAMPLES[word], document["sample"], columns))
        case _:
            msg = f"an event of a kind that is not known: {slot!r:.60}"
            raise WireError(msg)


def _only(document: dict[str, Any], **kinds: Any) -> dict[str, Any]:
    if document.keys() != kinds.keys():
        raise WireError("an event with other fields")
    return {name: from_json(kind, document[name]) for name, kind in kinds.items()}


def _sample(kind: type, tree: Any, columns: Sequence[Rows]) -> Any:  # noqa: ANN401  # by `kind`
    if len(columns) != len(COLUMNS.get(kind.__name__, ())):
        raise WireError("a sample with other columns")
    if kind is LogSample:
        start, end = columns
        return read_fields(kind, tree, keys=end.keys(), start=start.column, end=end.column)
    if kind is GroupSample:
        return _groups(tree, columns[0])
    if kind is MirrorSample:
        given = {
            name: dict(zip(rows.names, rows.column.tolist(), strict=True))
            for name, rows in zip(COLUMNS["MirrorSample"], columns, strict=True)
        }
        return read_fields(kind, tree, **given)
    if kind is SyncsSample:
        tree = _without(tree, "slots")
        texts: Mapping[TopicPartition, str] = from_json(Mapping[TopicPartition, str], tree[1])
        return read_fields(kind, tree[0], slots={name: _pairs(t) for name, t in texts.items()})
    return from_json(kind, tree)


def _without(tree: Any, name: str) -> tuple[dict[str, Any], Any]:  # noqa: ANN401  # JSON
    if not isinstance(tree, dict) or name not in tree:
        msg = f"a sample without {name}"
        raise WireError(msg)
    return {key: value for key, value in tree.items() if key != name}, tree[name]


def _pairs(text: str) -> tuple[tuple[int, int], ...]:
    try:
        pairs = [pair.split(",") for pair in text.split(" ")] if text else []
        return tuple((int(up), int(down)) for up, down in pairs)
    except ValueError as error:
        raise WireError("offset-syncs are pairs of numbers") from error


def _groups(tree: Any, rows: Rows) -> GroupSample:  # noqa: ANN401  # JSON
    rest, groups = _without(tree, "groups")
    if not isinstance(groups, dict):
        raise WireError("groups are an object")
    found: dict[str, GroupState] = {}
    for name, group in groups.items():
        content, place = _without(group, "rows")
        begin, count = from_json(tuple[int, int], place)
        if not 0 <= begin <= begin + count <= len(rows.names):
            raise WireError("the commits of a group are not in the column")
        offsets = OffsetColumn(rows.column[begin : begin + count])
        keys = _run_keys(rows.names, begin, count)
        found[name] = read_fields(GroupState, content, keys=keys, offsets=offsets)
    sample: GroupSample = read_fields(GroupSample, rest, groups=found)
    return sample


def _run_keys(names: Names, begin: int, count: int) -> Names:
    return names[begin : begin + count]
