"""A recording that was damaged or made to do harm ends in a clear error or in the flight's data."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

import pytest

from cockpit.wire.composer import Pace
from tests.wire.memory import at_most
from tests.wire.mutants import KINDS, mutant, read
from tests.wire.tapes import recording
from tests.wire.taping import Taped, flown

MAX_MB = 256
OFTEN = Pace(
    first_key_ms=1_500,
    second_key_ms=3_000,
    key_ms=3_000,
    change_ms=1_000,
    totals_ms=3_000,
    index_ms=4_000,
)


def frames_short() -> tuple[Taped, ...]:
    return flown(demo_faults=True)[10:24]


def flown_short() -> bytes:
    """Two lives of a few seconds each: small, so that many mutants are read in little time."""
    return recording(frames_short(), lives=2, pace=OFTEN)


def all_read(seeds: Iterable[int]) -> Counter[str]:
    whole = flown_short()
    truth = {frame.snapshot.seq: frame.snapshot for frame in frames_short()}
    seen: Counter[str] = Counter()
    for seed in seeds:
        try:
            seen += read(mutant(whole, seed), truth, random.Random(seed))
        except Exception as error:
            error.add_note(f"mutant {seed}")
            raise
    return seen


@pytest.mark.parametrize("part", range(4))
def test_two_thousand_mutants_are_refused_named_or_read_rightly(part: int) -> None:
    with at_most(MAX_MB):
        seen = all_read(range(part, 2_000, 4))
    assert seen["read"] > 200
    assert seen["named"] > 50


@pytest.mark.soak
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("part", range(10))
def test_a_hundred_thousand_mutants_are_refused_named_or_read_rightly(part: int) -> None:
    with at_most(MAX_MB):
        seen = all_read(range(10_000 + part, 110_000, 10))
    assert seen["read"] > 4_000, seen
    assert seen["named"] > 1_000, seen


def test_every_kind_of_mutant_is_another_recording() -> None:
    whole = flown_short()
    for seed in range(len(KINDS)):
        assert mutant(whole, seed).data != whole
