"""Seeds of the swarm: whatever goes wrong, no invariant is broken; flights arrive.

`make swarm` flies as many as are wanted.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.flights.soaking import ROOT
from tests.flights.swarm import draw, fly_drawn, fly_seed
from tests.flights.swarm_kinds import KINDS

SEEDS = 1_000
"""What each kind's share is counted over."""
FLOWN = 1_000
CHUNK = 25
TWICE = (3, 11, 42)


@pytest.mark.parametrize("first", range(0, FLOWN, CHUNK))
def test_no_seed_breaks_an_invariant_and_most_arrive(first: int) -> None:
    outcomes = Counter(fly_seed(seed).result.outcome for seed in range(first, first + CHUNK))
    assert outcomes["completed"] >= CHUNK // 4, outcomes
    assert outcomes.total() - outcomes["completed"] >= 2, outcomes


def test_each_of_at_least_35_kinds_is_on_in_at_least_one_seed_of_twenty() -> None:
    drawn = Counter(kind.name for seed in range(SEEDS) for kind in draw(seed).kinds)
    assert len(KINDS) >= 35
    rare = {kind.name: drawn[kind.name] for kind in KINDS if drawn[kind.name] < SEEDS // 20}
    assert not rare


def test_some_seeds_are_calm() -> None:
    assert any(not draw(seed).kinds for seed in range(SEEDS))


def digest(seed: int) -> str:
    """Of everything that a flight has left: journal, effects and records."""
    flown = fly_drawn(draw(seed))
    text = repr((flown.journal, flown.felt, flown.truth, flown.result))
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_same_seed_is_the_same_flight_in_any_process() -> None:
    here = [digest(seed) for seed in TWICE]
    assert [digest(seed) for seed in TWICE] == here
    script = "from tests.flights.test_swarm import TWICE, digest\nprint(*map(digest, TWICE))"
    elsewhere = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": str(ROOT)},
    )
    assert elsewhere.stdout.split() == here


def test_the_handbook_lists_just_these_kinds() -> None:
    text = Path(ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| ([a-z][^|]*) \| ([^|]*) \|$", text, re.MULTILINE)
    assert [(name.strip(), line.strip()) for name, line in listed] == [
        (kind.name, kind.line) for kind in KINDS
    ]
