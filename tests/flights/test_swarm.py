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

from cockpit.core.late import LANDS_WITHIN_MS
from cockpit.sim.faults import EffectFault
from tests.flights.soaking import ROOT
from tests.flights.swarm import draw, fly_drawn, fly_seed
from tests.flights.swarm_kinds import ACTIONS, EFFECTS, FENCE_LATE_MS, KINDS

SEEDS = 1_000
"""What each kind's share is counted over."""
FLOWN = 1_000
MET_IN = 200
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


@pytest.mark.soak
def test_each_kind_of_an_effect_is_met_by_some_effect_in_at_least_3_seeds_of_100() -> None:
    met: Counter[str] = Counter()
    names = {kind.name for kind in EFFECTS}
    for drawn in map(draw, range(MET_IN)):
        if any(kind.name in names for kind in drawn.kinds):
            met.update(fly_drawn(drawn).opened & names)
    rare = {name: met[name] for name in names if met[name] < MET_IN * 3 // 100}
    assert not rare


def test_faults_wait_for_each_effect_that_a_flight_may_lose() -> None:
    faults = [f for seed in range(SEEDS) for f in draw(seed).spec.faults]
    drawn = Counter((f.action, f.mode) for f in faults if isinstance(f, EffectFault))
    for action in ACTIONS:
        for mode in ("lost_before", "lost_after", "slow", "refused", "twice"):
            assert drawn[action, mode], (action, mode)


def test_no_fence_lands_later_than_the_cockpit_waits_for_it() -> None:
    faults = [f for seed in range(SEEDS) for f in draw(seed).spec.faults]
    slow = [f for f in faults if isinstance(f, EffectFault) and f.mode == "slow"]
    fences = [f.delay_ms for f in slow if f.action in ("any", "fence")]
    assert max(fences) <= FENCE_LATE_MS < LANDS_WITHIN_MS
    assert max(f.delay_ms for f in slow) > FENCE_LATE_MS


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
