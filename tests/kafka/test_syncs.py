"""Offset-sync records, by bytes that real MirrorMakers wrote."""

from __future__ import annotations

import pytest

from cockpit.kafka.protocol.codec import DecodeError
from cockpit.kafka.protocol.fetch import Record
from cockpit.kafka.syncs import decode_sync


def record(key: str, value: str | None) -> Record:
    return Record(
        offset=0,
        timestamp_ms=0,
        append_time=False,
        key=bytes.fromhex(key),
        value=None if value is None else bytes.fromhex(value),
        headers=(),
    )


@pytest.mark.parametrize(
    ("key", "value", "sync"),
    [
        (
            "00067061792e747800000000",
            "00000000000000060000000000000005",
            (("pay.tx", 0), 6, 5),
        ),
        (
            "00086f72646572732e3000000000",
            "000000000000005f000000000000005f",
            (("orders.0", 0), 95, 95),
        ),
        (
            "000a6f72646572732e74786e00000000",
            "0000000000000014000000000000000f",
            (("orders.txn", 0), 20, 15),
        ),
    ],
)
def test_real_records(key: str, value: str, sync: object) -> None:
    assert decode_sync(record(key, value)) == sync


def test_a_tombstone_is_no_sync() -> None:
    assert decode_sync(record("00067061792e747800000000", None)) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("0006706179", "00000000000000060000000000000005"),
        ("00067061792e747800000000", "0006"),
        ("00067061792e747800000000", "000000000000000600000000000000050000"),
    ],
)
def test_other_bytes_are_an_error(key: str, value: str) -> None:
    with pytest.raises(DecodeError):
        decode_sync(record(key, value))
