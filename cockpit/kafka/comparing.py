"""Records of one partition compared on both sides, and the schema ids in them.

Says what differs in words, lengths and offsets: records may be about people, so none of their
bytes ever leaves here.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cockpit.core.survey import SchemaUse
from cockpit.kafka.protocol.fetch import Record

GLUE_NOTE: Final = "Glue, ids not checked"
HEADER_NOTE: Final = "schema ids in headers, not checked"
FORGOTTEN_MS: Final = 3_600_000
"""An id that no look has found for so long is forgotten."""
IDS_KEPT: Final = 256

_CLASSIC: Final = struct.Struct(">bi")
_GLUE_BYTES: Final = 18
_FEW_IDS: Final = 3
_LIKE_AN_ID: Final = 1 << 24
"""Registries count their ids up from 1: a larger number is other data."""
_SELDOM: Final = 20
"""One part in so many that looks like one with an id may be chance."""
_NUMBER_SIZES: Final = frozenset({8, 16})
_ID_HEADERS: Final = frozenset({"__key_schema_id", "__value_schema_id"})

Kept = Mapping[tuple[str, int], tuple[SchemaUse, int]]
"""By part and id: the use, and when it was found."""
Token = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...], int]


@dataclass(frozen=True, slots=True)
class Compared:
    """How source records and the target's records of the same stretch agree."""

    compared: int
    missing: int
    surplus: int
    first_difference: str
    foreign: int = 0
    """Of the surplus, those that are like no source record of the window."""


def compare(
    source: Sequence[Record], target: Sequence[Record], *, timed: bool, headers: bool
) -> Compared:
    """Look for each source record among the target's, by key, value, headers and time.

    The target's window is what lies from the first record found to the last one; in there,
    whatever is not needed is surplus.
    """
    places: dict[Token, list[int]] = {}
    for at, record in enumerate(target):
        places.setdefault(_token(record, timed, headers), []).append(at)
    found: set[int] = set()
    missing: list[Record] = []
    for record in source:
        free = places.get(_token(record, timed, headers))
        if free:
            found.add(free.pop(0))
        else:
            missing.append(record)
    window = range(min(found), max(found) + 1) if found else range(0)
    surplus = [target[at] for at in window if at not in found]
    known = {_token(record, timed, headers) for record in source}
    foreign = sum(1 for record in surplus if _token(record, timed, headers) not in known)
    return Compared(
        compared=len(source),
        missing=len(missing),
        surplus=len(surplus),
        first_difference=_words(missing, surplus, target, timed=timed, headers=headers),
        foreign=foreign,
    )


def _token(record: Record, timed: bool, headers: bool) -> Token:
    kept = record.headers if headers else ()
    return record.key, record.value, kept, record.timestamp_ms if timed else 0


def _words(
    missing: Sequence[Record],
    surplus: Sequence[Record],
    target: Sequence[Record],
    *,
    timed: bool,
    headers: bool,
) -> str:
    if missing:
        lost = missing[0]
        near = _likest(lost, target, timed=timed)
        if near is None:
            return f"source offset {lost.offset} is not on the target"
        parts = _parts(lost, near, timed=timed, headers=headers)
        return f"source offset {lost.offset}, target offset {near.offset}: {parts}"
    if surplus:
        return f"target offset {surplus[0].offset} is no copy of a source record, or one too many"
    return ""


def _likest(lost: Record, target: Iterable[Record], *, timed: bool) -> Record | None:
    """A target record that may be this one, changed: of the same key, and the same time or
    value."""
    for record in target:
        same_time = timed and record.timestamp_ms == lost.timestamp_ms
        if record.key == lost.key and (same_time or record.value == lost.value):
            return record
    for record in target:
        if timed and record.timestamp_ms == lost.timestamp_ms and record.value == lost.value:
            return record
    return None


def _parts(ours: Record, theirs: Record, *, timed: bool, headers: bool) -> str:
    differing: list[str] = []
    for name, one, other in (
        ("key", ours.key, theirs.key),
        ("value", ours.value, theirs.value),
    ):
        if one != other:
            differing.append(f"{name} differs ({_size(one)}, on the target {_size(other)})")
    if headers and ours.headers != theirs.headers:
        counts = f"{len(ours.headers)}, on the target {len(theirs.headers)}"
        differing.append(f"headers differ ({counts})")
    if timed and ours.timestamp_ms != theirs.timestamp_ms:
        differing.append(f"time differs by {theirs.timestamp_ms - ours.timestamp_ms} ms")
    return ", ".join(differing) or "one copy too few"


def _size(data: bytes | None) -> str:
    return "null" if data is None else f"{len(data)} bytes"


@dataclass(frozen=True, slots=True)
class Ids:
    """Schema ids in the records of one partition."""

    uses: tuple[SchemaUse, ...]
    notes: frozenset[str]
    """On ids of a kind that is not checked."""
    unknown: str
    """Why there may be ids that are not among these; empty: there are none."""


def schema_uses(records: Sequence[Record]) -> Ids:
    """Schema ids of one partition's records in Confluent's classic format, and notes on others.

    Classic: a zero byte, then the id as an int32. Glue: 3, then 0 or 5, then a UUID. Newer
    Confluent clients put a GUID into a header. Plain binary data may look like an id: see `_ids`.
    """
    notes: set[str] = set()
    if any(name in _ID_HEADERS for record in records for name, _ in record.headers):
        notes.add(HEADER_NOTE)
    keys = [record.key for record in records if record.key is not None]
    values = [record.value for record in records if record.value is not None]
    if any(_is_glue(data) for data in (*keys, *values)):
        notes.add(GLUE_NOTE)
    (in_keys, why), (in_values, why_not) = _ids("key", keys), _ids("value", values)
    return Ids((*in_keys, *in_values), frozenset(notes), why or why_not)


def _is_glue(data: bytes) -> bool:
    return len(data) >= _GLUE_BYTES and data[0] == 3 and data[1] in (0, 5)


def _ids(part: Literal["key", "value"], parts: Sequence[bytes]) -> tuple[list[SchemaUse], str]:
    """Ids that are plausible (most parts begin with one, and few ids are shared by many), or why
    there may be some all the same."""
    found: Counter[int] = Counter()
    for data in parts:
        if len(data) >= _CLASSIC.size:
            magic, number = _CLASSIC.unpack_from(data)
            if magic == 0 and number > 0:
                found[number] += 1
    framed = found.total()
    mixed = 2 * framed <= len(parts)
    if mixed or len(found) > max(_FEW_IDS, framed // 4):
        # Other binary data has any number there, or seldom any.
        like_ids = sum(n for number, n in found.items() if number <= _LIKE_AN_ID)
        if like_ids * _SELDOM < max(1, len(parts)):
            return [], ""
        seen = f"{like_ids} of {len(parts)} {part}s begin like one with a schema id"
        why = "the others do not" if mixed else f"{len(found)} ids are too many to be sure"
        return [], f"{seen}, {why}"
    sizes = {len(data) for data in parts}
    doubtful = len(sizes) == 1 and sizes <= _NUMBER_SIZES
    uses = [SchemaUse(part, number, n, doubtful=doubtful) for number, n in sorted(found.items())]
    return uses, ""


def remembered(old: Kept, found: Iterable[SchemaUse], *, now_ms: int) -> Kept:
    """Ids of the newest look, and those of earlier ones that are not too long ago.

    Each counts the records of the last look that found it: looks meet the same records again.
    """
    kept = {id_: seen for id_, seen in old.items() if now_ms - seen[1] <= FORGOTTEN_MS}
    for use in found:
        kept[use.part, use.schema_id] = (use, now_ms)
    newest_first = sorted(kept.items(), key=lambda item: (-item[1][1], item[0]))
    return dict(sorted(newest_first[:IDS_KEPT]))
