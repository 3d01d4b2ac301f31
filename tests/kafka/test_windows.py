"""Records of two stretches compared, and the schema ids in them."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import pytest

from cockpit.core.survey import SchemaUse
from cockpit.kafka.comparing import (
    GLUE_NOTE,
    HEADER_NOTE,
    Compared,
    as_uses,
    compare,
    schema_uses,
)
from cockpit.kafka.protocol.fetch import Record


def record(at: int, **changes: object) -> Record:
    plain = Record(at, 1_000 + at, False, b"key-%d" % at, b"secret-%d" % at, (("h", b"x"),))
    return replace(plain, **changes)  # type: ignore[arg-type]


SOURCE = tuple(record(at) for at in range(5))


def compared(*target: Record, timed: bool = True, headers: bool = True) -> Compared:
    return compare(SOURCE, target, timed=timed, headers=headers)


def test_equal_records_at_other_offsets_are_no_difference() -> None:
    assert compared(*(replace(r, offset=r.offset + 90) for r in SOURCE)) == Compared(5, 0, 0, "")


def test_what_lies_around_the_window_does_not_count() -> None:
    around = (record(70), *SOURCE, record(71), SOURCE[0])
    assert compared(*around) == Compared(5, 0, 0, "")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value": b"longer value"}, "value differs (8 bytes, on the target 12 bytes)"),
        ({"value": None}, "value differs (8 bytes, on the target null)"),
        ({"key": b""}, "key differs (5 bytes, on the target 0 bytes)"),
        ({"headers": ()}, "headers differ (1, on the target 0)"),
        ({"timestamp_ms": 5_002}, "time differs by 4000 ms"),
    ],
)
def test_a_changed_record_is_told_by_what_changed(change: dict[str, Any], words: str) -> None:
    found = compared(SOURCE[0], SOURCE[1], replace(SOURCE[2], **change), SOURCE[3], SOURCE[4])
    assert (found.missing, found.surplus) == (1, 1)
    assert found.first_difference == f"source offset 2, target offset 2: {words}"
    assert "secret" not in found.first_difference


def test_a_missing_and_a_repeated_record_are_counted() -> None:
    assert compared(SOURCE[0], SOURCE[1], SOURCE[3], SOURCE[4]).first_difference == (
        "source offset 2 is not on the target"
    )
    found = compared(*SOURCE[:3], replace(SOURCE[1], offset=99), *SOURCE[3:])
    assert (found.missing, found.surplus, found.foreign) == (0, 1, 0)
    assert "target offset 99" in found.first_difference


def test_a_foreign_record_is_surplus() -> None:
    found = compared(*SOURCE[:3], record(50), *SOURCE[3:])
    assert (found.missing, found.surplus, found.foreign) == (0, 1, 1)


def test_equal_records_are_matched_one_by_one() -> None:
    twins = (record(0), record(0), record(0))
    assert compare(twins, twins[:2], timed=True, headers=True).missing == 1


def test_times_and_headers_count_only_where_the_mirror_keeps_them() -> None:
    other = tuple(replace(r, timestamp_ms=7, headers=()) for r in SOURCE)
    assert compared(*other, timed=False, headers=False) == Compared(5, 0, 0, "")
    assert compared(*other, timed=False).missing == 5


def test_schema_ids_are_counted_by_part_and_format() -> None:
    classic = struct.pack(">bi", 0, 7) + b"payload"
    glue = b"\x03\x00" + bytes(16) + b"payload"
    counts, notes = schema_uses(
        [
            record(0, key=classic, value=classic),
            record(1, value=classic),
            record(2, value=glue),
            record(3, headers=(("__value_schema_id", b"\x01" + bytes(16)),)),
            record(4, key=None, value=b"\x00\x00"),
            record(5, value=struct.pack(">bi", 0, -1)),
            record(6, value=b"\x03 text that is long enough to be one"),
        ]
    )
    assert as_uses(counts) == (SchemaUse("key", 7, 1), SchemaUse("value", 7, 2))
    assert notes == {GLUE_NOTE, HEADER_NOTE}
