"""How far the target is over two hops: found in the records, never guessed, never too far."""

from __future__ import annotations

from collections.abc import Sequence

from cockpit.kafka.effects.tails import Span
from cockpit.kafka.hops import _place
from cockpit.kafka.protocol.fetch import Record

SPAN = Span(1, 100, 104)


def source(*values: str) -> list[Record]:
    """Records of 0.8 from offset 100 on: without a time."""
    return [Record(100 + n, -1, False, None, v.encode(), ()) for n, v in enumerate(values)]


def target(*values: str, stamped_ms: int = 5_000) -> list[Record]:
    """As they came to the target, numbered and stamped on the way."""
    return [Record(n, stamped_ms + n, False, None, v.encode(), ()) for n, v in enumerate(values)]


def place(ours: Sequence[Record], theirs: Sequence[Record]) -> int | None:
    return _place(ours, theirs, SPAN)


def test_the_place_is_after_the_source_s_equal_of_the_target_s_last_record() -> None:
    assert place(source("a", "b", "c", "d"), target("a", "b")) == 102
    assert place(source("a", "b", "c", "d"), target("a", "b", "c", "d")) == 104


def test_of_equal_records_the_earliest_counts() -> None:
    assert place(source("a", "b", "a", "b"), target("a", "b")) == 102


def test_where_nothing_has_arrived_it_is_the_log_s_start() -> None:
    assert place(source("a", "b"), ()) == SPAN.start


def test_records_that_others_write_on_the_target_are_looked_past() -> None:
    assert place(source("a", "b", "c"), target("a", "b", "c", "new", "newer")) == 103


def test_what_is_not_found_is_not_known() -> None:
    assert place(source("c", "d"), target("x", "y")) is None
