"""Tolerances proposed from what was seen, never from too little."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import GateView
from cockpit.core.tuning import Proposal, Tuning

GATE = "waves.readers.gates.0"
TRIGGER = "waves.readers.rollback.triggers.0"


def shown(at_ms: int, value: float | Unknown, limit: float, unit: str, name: str) -> GateView:
    return GateView(name, "PASS", value, limit, unit, at_ms, 0, 0, "")


def tuned(
    *sessions: Sequence[float | Unknown],
    path: str = GATE,
    limit: float = 100,
    unit: str = "records",
    name: str = "replication_lag",
) -> Proposal:
    tuning = Tuning()
    for values in sessions:
        tuning.begin()
        for i, value in enumerate(values):
            tuning.take(i * 1_000, [(path, shown(i * 1_000, value, limit, unit, name))])
    (found,) = tuning.proposals()
    return found


def test_a_gate_is_proposed_with_room_over_what_99_of_100_samples_stayed_under() -> None:
    found = tuned([20.0] * 198 + [90.0] * 2, limit=100)
    assert found.proposed == 30
    assert (found.median, found.p99, found.most, found.most_at_ms) == (20, 20, 90, 198_000)
    assert (found.known, found.unknown, found.sessions, found.span_ms) == (200, 0, 1, 199_000)


def test_a_trigger_is_proposed_over_the_most_that_was_seen() -> None:
    assert tuned([20.0] * 198 + [90.0] * 2, path=TRIGGER).proposed == 180


def test_too_little_proposes_nothing_and_says_what_is_needed() -> None:
    few: list[Sequence[float | Unknown]] = [[20.0] * 59, [20.0] * 10 + [Unknown("blind")] * 200]
    for values in few:
        found = tuned(values)
        assert found.proposed is None
        assert "at least 60 samples" in found.why
    assert tuned([Unknown("blind")] * 100).why == "no known value was seen"


def test_unknown_is_counted_and_never_taken_for_a_value() -> None:
    found = tuned([20.0] * 100 + [Unknown("blind")] * 30 + [math.inf])
    assert (found.known, found.unknown, found.most) == (100, 31, 20)


def test_several_sessions_add_up() -> None:
    found = tuned([10.0] * 70, [30.0] * 70)
    assert (found.sessions, found.known, found.span_ms) == (2, 140, 138_000)


def test_the_same_samples_read_once_more_are_not_more_data() -> None:
    tuning = Tuning()
    tuning.begin()
    for at_ms in range(0, 200_000, 1_000):
        tuning.take(at_ms, [(GATE, shown(5, 20.0, 100, "records", "replication_lag"))])
    assert tuning.proposals()[0].known == 1


def test_between_two_engines_of_a_session_nothing_was_seen() -> None:
    tuning = Tuning()
    tuning.begin()
    for begun_ms in (0, 1_000_000):
        tuning.begin(part=True)
        for at_ms in range(begun_ms, begun_ms + 70_000, 1_000):
            tuning.take(at_ms, [(GATE, shown(at_ms, 20.0, 100, "records", "replication_lag"))])
    (found,) = tuning.proposals()
    assert (found.sessions, found.known, found.span_ms) == (1, 140, 138_000)


def test_a_limit_that_is_crossed_or_far_off_is_told() -> None:
    near = tuned([20.0, 120.0] * 100)
    assert near.broken == 100
    assert "crossed 100 times" in near.why
    assert "notice nothing" in tuned([2.0] * 100, limit=5_000).why


@pytest.mark.parametrize("name", ["parity", "client_probe"])
def test_what_must_not_be_has_no_tolerance(name: str) -> None:
    assert tuned([0.0] * 100, name=name, unit="differences", limit=0).proposed is None


def test_ratios_keep_two_digits_and_zeros_propose_nothing() -> None:
    assert tuned([0.00312] * 100, unit="ratio", limit=0.02).proposed == 0.0047
    assert tuned([0.0] * 100, unit="ratio", limit=0.02).proposed is None
