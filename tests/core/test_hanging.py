"""A transaction is overdue beyond its own timeout, or beyond what any may take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.flight import Observed
from cockpit.core.hanging import overdue
from cockpit.core.mistakes import mistakes
from cockpit.core.survey import ProducersSurvey, ProducerState, Transaction, TransactionsSurvey
from tests.core.driver import Script

MINUTE_MS = 60_000
ORDERS = ("orders", 0)


def an_hour_in() -> Script:
    script = Script()
    script.now_ms += 60 * MINUTE_MS
    return script


def seen(script: Script, *states: ProducerState, asked: bool = True, **unknown: str) -> bool:
    """Whether something is overdue after one more look at the producers, and at coordinators that
    have nothing open."""
    script.look(1)
    now = script.now_ms
    if asked:
        script.send(Observed(now, TransactionsSurvey("source", now, now, (), unknown)))
    script.send(Observed(now, ProducersSurvey("source", now, now, states)))
    return ORDERS in overdue(script.state.facts, ("orders",))


def producer(script: Script, age_ms: int, start: int = 90) -> ProducerState:
    """One whose last record is this old."""
    return ProducerState(*ORDERS, 7, 0, 3, script.now_ms - age_ms, start)


def coordinated(script: Script, age_ms: int, timeout_ms: int) -> None:
    """Its coordinator has it open for this long."""
    now = script.now_ms
    found = Transaction("till", 7, "Ongoing", now - age_ms, timeout_ms, (ORDERS,))
    script.send(Observed(now, TransactionsSurvey("source", now, now, (found,))))


def test_one_that_no_coordinator_tells_of_is_overdue_by_its_last_record_in_two_looks() -> None:
    script = an_hour_in()
    state = producer(script, 20 * MINUTE_MS)
    assert not seen(script, state)
    assert seen(script, state)
    assert not seen(script, replace(state, transaction_start=95)), "another one"
    assert not seen(script, replace(state, transaction_start=-1)), "none is open"


@pytest.mark.parametrize("age_ms", [0, 5 * MINUTE_MS, 15 * MINUTE_MS])
def test_one_that_may_still_end_by_itself_is_not(age_ms: int) -> None:
    script = an_hour_in()
    state = producer(script, age_ms)
    assert not seen(script, state)
    assert not seen(script, state)


@pytest.mark.parametrize(
    ("age_ms", "timeout_ms", "told"),
    [
        (5 * MINUTE_MS, MINUTE_MS, True),
        (90_000, MINUTE_MS, False),
        (20 * MINUTE_MS, 60 * MINUTE_MS, False),
    ],
)
def test_one_that_its_coordinator_tells_of_is_judged_by_its_own_timeout(
    age_ms: int, timeout_ms: int, told: bool
) -> None:
    script = an_hour_in()
    state = producer(script, age_ms)
    seen(script, state)
    coordinated(script, age_ms, timeout_ms)
    assert seen(script, state, asked=False) is told


def test_one_whose_coordinator_nobody_could_ask_is_not_known_to_hang() -> None:
    script = an_hour_in()
    state = producer(script, 20 * MINUTE_MS)
    seen(script, state, asked=False)
    assert not seen(script, state, asked=False), "nobody was asked"
    assert not seen(script, state, broker_2="no answer"), "one was silent"
    assert seen(script, state)


def test_what_coordinators_told_before_it_was_first_seen_says_nothing_of_it() -> None:
    script = an_hour_in()
    seen(script)
    state = producer(script, 20 * MINUTE_MS)  # records may be of any time
    assert not seen(script, state, asked=False)
    assert not seen(script, state, asked=False)


def test_only_a_wave_that_drains_is_held_up_and_the_command_that_ends_it_is_named() -> None:
    script = an_hour_in()
    state = producer(script, 20 * MINUTE_MS)
    seen(script, state)
    assert seen(script, state)
    readers, writers = script.state.waves
    assert not list(mistakes(script.state, readers))
    (why,) = mistakes(script.state, writers)
    assert "producer 7 is open on orders/0 from offset 90 on" in why
    assert "look first, for cockpit may lack the right to see whose it is" in why
    assert "kafka-transactions.sh --bootstrap-server=127.0.0.1:1 find-hanging" in why
    assert why.endswith(
        "kafka-transactions.sh --bootstrap-server=127.0.0.1:1 abort --topic=orders --partition=0"
        " --start-offset=90"
    )
