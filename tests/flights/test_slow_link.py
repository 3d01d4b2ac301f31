"""The link that a flight by keys is flown over: as slow as it says, and nothing is lost on it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from tests.flights.slow_link import WINDOW_BYTES, Way

DELAY_S, BYTES_PER_S = 0.3, 50_000.0


def arrivals(way: Way, now_s: float) -> Iterator[tuple[float, bytes]]:
    """What arrives, and when, of all that is on its way."""
    while way.is_busy():
        now_s += way.wait_s(now_s)
        yield now_s, way.take(now_s)


@given(st.lists(st.tuples(st.floats(0, 0.1), st.binary(min_size=1, max_size=3_000)), max_size=40))
def test_everything_arrives_in_order_not_before_its_delay_and_no_faster_than_the_pace(
    pieces: list[tuple[float, bytes]],
) -> None:
    way, now_s = Way(DELAY_S, BYTES_PER_S), 0.0
    sent: list[tuple[float, int]] = []
    for pause_s, data in pieces:
        now_s += pause_s
        way.put(data, now_s)
        sent.append((now_s, len(data)))
    came = list(arrivals(way, 0.0))
    assert b"".join(data for _, data in came) == b"".join(data for _, data in pieces)
    total = 0
    for at_s, data in came:
        total += len(data)
        assert at_s >= sent_at(sent, total) + DELAY_S - 1e-6
        assert at_s >= DELAY_S + total / BYTES_PER_S - 1e-6


def sent_at(sent: list[tuple[float, int]], count: int) -> float:
    """When the byte of that number was sent."""
    for at_s, size in sent:
        count -= size
        if count <= 0:
            return at_s
    raise AssertionError("so many were not sent")


def test_a_full_way_takes_no_more_until_something_has_arrived() -> None:
    way = Way(DELAY_S, BYTES_PER_S)
    while way.has_room():
        way.put(b"x" * 2_048, 0.0)
    assert way.take(DELAY_S + WINDOW_BYTES / 2 / BYTES_PER_S) != b""
    assert way.has_room()


def test_a_program_behind_it_is_typed_to_and_answers_late() -> None:
    master, slave = pty.openpty()
    words = [sys.executable, "-m", "tests.flights.slow_link", "200", "50000", "cat"]
    begun = subprocess.Popen(words, stdin=slave, stdout=slave)
    try:
        time.sleep(1.0)
        sent_s, seen = time.perf_counter(), b""
        os.write(master, b"hello\n\x04")
        while b"hello" not in seen:
            seen += os.read(master, 1024)
        assert time.perf_counter() - sent_s >= 0.4, "there and back"
        assert begun.wait(10) == 0
    finally:
        begun.kill()
        begun.wait()
        os.close(master)
        os.close(slave)
