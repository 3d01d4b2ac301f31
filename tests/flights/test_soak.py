"""Many simulated flights, each with a random few of the faults. Resumable: passed seeds are kept.

`SEEDS=n` says how many; `make soak` runs them. A failure is a seed, and the same seed fails again.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.core.plan import Side
from cockpit.sim.faults import (
    BrokerDown,
    ClusterSlow,
    ClusterUnreachable,
    ConnectDown,
    EffectFault,
    EffectMode,
    ErrorBurst,
    EscapingWriter,
    Fault,
    MirrorStalled,
    MirrorTaskFailed,
    SignalDown,
    SignalGarbage,
    StalePositions,
    When,
)
from tests.flights.simulate import ORDERS, Flown, fly

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".soak" / "flights.json"
EVENTS = (
    "",
    "fence writers",
    "stop checkout",
    "stopped ledger",
    "start settlement",
    "commit ledger",
)
SIDES: tuple[Side, Side] = ("source", "target")


def random_when(dice: random.Random) -> When:
    """Some window, opened by the clock or by an effect."""
    event = dice.choice(EVENTS)
    delay_ms = dice.randrange(0, 3_000 if event else 30_000)
    return When(event=event, delay_ms=delay_ms, for_ms=dice.randrange(500, 20_000))


def random_faults(seed: int) -> tuple[Fault, ...]:
    """None to three faults."""
    dice = random.Random(seed)
    side = dice.choice(SIDES)
    modes: tuple[EffectMode, ...] = ("lost_before", "lost_after", "slow", "refused")
    kinds: tuple[Fault, ...] = (
        ErrorBurst(signal="checkout-errors", value=0.3, when=random_when(dice)),
        SignalDown(signal="checkout-errors", when=random_when(dice)),
        SignalGarbage(signal="settlement-errors", when=random_when(dice)),
        ClusterUnreachable(side=side, when=random_when(dice)),
        ClusterSlow(side=side, latency_ms=dice.choice((300, 2_000, 9_000)), when=random_when(dice)),
        BrokerDown(side=side, broker=dice.randrange(3), when=random_when(dice)),
        ConnectDown(when=random_when(dice)),
        MirrorStalled(when=random_when(dice)),
        MirrorTaskFailed(replays=False, when=random_when(dice)),
        StalePositions(when=random_when(dice)),
        EscapingWriter(topics=("payments",), when=random_when(dice)),
        EffectFault(mode=dice.choice(modes), when=random_when(dice)),
    )
    return tuple(dice.sample(kinds, dice.randrange(4)))


def source_hash() -> str:
    """Passed seeds count for the code that they passed with."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "cockpit").rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def assert_safe(flown: Flown, seed: int, faults: tuple[Fault, ...]) -> None:
    """Nothing lost, nothing out of order, never two writer sides, never an effect twice at once."""
    told = f"seed {seed}: {faults}: {flown.result}"
    assert flown.truth.violations == (), told
    assert flown.truth.lost == 0, told
    assert flown.truth.disordered == 0, told
    if flown.result.left_running:
        return
    assert flown.truth.duplicated <= flown.predicted(), told


def fly_seed(seed: int) -> Flown:
    """One seed."""
    faults = random_faults(seed)
    flown = fly(*faults, seed=seed, orders=replace(ORDERS, gate_wait_ms=120_000))
    assert_safe(flown, seed, faults)
    return flown


def test_forty_flights_with_random_faults_lose_nothing_and_most_arrive() -> None:
    outcomes = Counter(fly_seed(seed).result.outcome for seed in range(1_000, 1_040))
    assert outcomes["completed"] >= 15, outcomes
    assert outcomes["rolled_back"] >= 3, outcomes


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_many_flights_with_random_faults_lose_nothing() -> None:
    wanted = int(os.environ.get("SEEDS", "2000"))
    code = source_hash()
    KEPT.parent.mkdir(exist_ok=True)
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    first = kept.get("passed", 0) if kept.get("code") == code else 0
    for seed in range(first, wanted):
        fly_seed(seed)
        KEPT.write_text(json.dumps({"code": code, "passed": seed + 1}))
    assert json.loads(KEPT.read_text())["passed"] >= wanted
