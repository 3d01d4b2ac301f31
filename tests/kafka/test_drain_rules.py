"""When equal last records prove that everything has arrived, and when they prove little."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.kafka.effects.drain import not_passed, proves_little, same_record
from cockpit.kafka.effects.tails import KEPT
from cockpit.kafka.protocol.fetch import Record


def tail(*values: bytes, first: int = 100, append_time: bool = False) -> tuple[Record, ...]:
    """Records with these values, one offset and one time after the other's."""
    return tuple(
        Record(first + i, 1_000, append_time, b"k", value, ()) for i, value in enumerate(values)
    )


def test_a_last_record_unlike_the_one_before_it_proves_enough() -> None:
    records = tail(b"a", b"b")
    assert not proves_little(records, records)


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_time_that_a_broker_set_on_either_side_proves_little(side: str) -> None:
    timed, untimed = tail(b"a", b"b"), tail(b"a", b"b", append_time=True)
    pair = (untimed, timed) if side == "source" else (timed, untimed)
    assert proves_little(*pair)


def timeless(*values: bytes) -> tuple[Record, ...]:
    """As Kafka 0.8 keeps them."""
    return tuple(replace(record, timestamp_ms=-1) for record in tail(*values))


def test_a_record_without_a_time_is_the_same_whatever_time_it_got_on_the_way() -> None:
    assert same_record(timeless(b"a")[0], tail(b"a")[0])
    assert not same_record(timeless(b"a")[0], tail(b"b")[0])


def test_equal_last_records_without_a_time_prove_little() -> None:
    """A log that repeats itself looks alike at many places."""
    assert proves_little(timeless(b"a", b"b"), tail(b"a", b"b"))


def test_a_run_that_fills_all_that_was_read_proves_little() -> None:
    run = tail(*[b"same"] * KEPT)
    assert proves_little(run, run)
    ended = (replace(run[0], value=b"other"), *run[1:])
    assert not proves_little(ended, ended)


def test_a_run_that_is_the_whole_log_proves_enough() -> None:
    run = tail(b"same", b"same", first=0)
    assert not proves_little(run, run)


def test_a_last_record_that_stands_at_another_place_too_proves_little() -> None:
    """on, off, on in one millisecond: a target that has only the first `on` ends just so."""
    source = tail(b"x", b"on", b"off", b"on")
    assert proves_little(source, tail(b"x", b"on"))
    assert proves_little(source, source)


def test_other_records_before_the_last_one_prove_little() -> None:
    """The same may stand farther back than was read."""
    assert proves_little(tail(b"b", b"on"), tail(b"a", b"on"))
    assert proves_little(tail(b"b", b"on"), tail(b"on"))


def test_records_that_a_mirror_copied_again_prove_enough_until_the_last_one_is_among_them() -> None:
    source = tail(b"a", b"b", b"c")
    assert not proves_little(source, tail(b"a", b"b", b"a", b"b", b"c"))
    assert proves_little(source, tail(b"a", b"b", b"c", b"a", b"b", b"c"))


def test_the_mirror_must_have_passed_the_last_record_and_an_unknown_position_is_no_proof() -> None:
    needed = {("t", 0): 5, ("t", 1): 5, ("t", 2): 5, ("t", 3): 5}
    found = not_passed(needed, {("t", 0): 5, ("t", 1): 6, ("t", 2): 4})
    assert set(found) == {("t", 2), ("t", 3)}
    assert "4, not yet 5" in found["t", 2]
    assert "no position" in found["t", 3]
