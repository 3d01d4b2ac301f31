"""Plants a defect, flies a scene, and asks the invariants what they have seen."""

from __future__ import annotations

import pytest

from tests.flights.invariants import check
from tests.flights.mutants.listing import Mutant
from tests.flights.mutants.scenes import play


def seen(mutant: Mutant, seed: int) -> tuple[str, ...]:
    """What the invariants say of one flight with the defect in it."""
    with pytest.MonkeyPatch.context() as patch:
        mutant.plant(patch)
        return check(play(mutant.scene, seed))


def ids(texts: tuple[str, ...]) -> frozenset[str]:
    """The invariants that have spoken."""
    return frozenset(text.partition(":")[0] for text in texts)


def catches(mutant: Mutant, texts: tuple[str, ...]) -> bool:
    """Whether one of those that must has."""
    return bool(ids(texts) & set(mutant.breaks))


def find(mutant: Mutant, seeds: range) -> int | None:
    """The first seed on which it is caught."""
    return next((seed for seed in seeds if catches(mutant, seen(mutant, seed))), None)
