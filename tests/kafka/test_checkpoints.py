"""Checkpoint records, by bytes that a real MirrorMaker wrote."""

from __future__ import annotations

import pytest

from cockpit.core.mirrorsurvey import Checkpoint
from cockpit.kafka.checkpoints import decode_checkpoint
from cockpit.kafka.protocol.codec import DecodeError
from cockpit.kafka.protocol.fetch import Record

KEY = "0002673100066f726465727300000001"
VALUE = "0000" + "00000000000000fa" + "00000000000000fb" + "00066d6574612d31"


def record(key: str, value: str | None) -> Record:
    content = None if value is None else bytes.fromhex(value)
    return Record(0, 17, False, bytes.fromhex(key), content, ())


def test_a_real_record() -> None:
    name, checkpoint = decode_checkpoint(record(KEY, VALUE))
    assert name == ("g1", ("orders", 1))
    assert checkpoint == Checkpoint(250, 251, 17)


def test_a_tombstone_takes_a_checkpoint_away() -> None:
    assert decode_checkpoint(record(KEY, None)) == (("g1", ("orders", 1)), None)


@pytest.mark.parametrize(
    ("key", "value"), [(KEY, "0001" + VALUE[4:]), (KEY[:-2], VALUE), (KEY, VALUE[:30]), ("", VALUE)]
)
def test_other_bytes_are_an_error(key: str, value: str) -> None:
    with pytest.raises(DecodeError):
        decode_checkpoint(record(key, value))
