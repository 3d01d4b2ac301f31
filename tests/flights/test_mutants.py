"""The checker is checked: every planted defect is seen, and nothing where none is planted."""

from __future__ import annotations

import pytest

from tests.flights.invariants import check
from tests.flights.mutants.hunt import catches, find, seen
from tests.flights.mutants.listing import MUTANTS, Mutant
from tests.flights.mutants.scenes import play

FLOWN = sorted({(mutant.scene, mutant.seed) for mutant in MUTANTS.values()})
ALL = [pytest.param(mutant, id=name) for name, mutant in MUTANTS.items()]


@pytest.mark.parametrize(("scene", "seed"), FLOWN)
def test_a_flight_on_which_defects_show_is_clean_without_them(scene: str, seed: int) -> None:
    assert check(play(scene, seed)) == ()


@pytest.mark.parametrize("mutant", ALL)
def test_a_planted_defect_is_seen(mutant: Mutant) -> None:
    told = seen(mutant, mutant.seed)
    assert catches(mutant, told), told


def test_every_invariant_that_flights_are_checked_for_sees_some_defect() -> None:
    seen_by = {number for mutant in MUTANTS.values() for number in mutant.breaks}
    assert seen_by == {f"I{number}" for number in range(1, 21)}


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("mutant", ALL)
def test_a_planted_defect_is_seen_on_the_seed_that_the_list_names_first(mutant: Mutant) -> None:
    assert find(mutant, range(1, mutant.seed + 1)) == mutant.seed
    others = [seed for seed in range(1, 21) if catches(mutant, seen(mutant, seed))]
    assert len(others) >= 5, others
