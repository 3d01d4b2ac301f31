"""What is proved and not flown yet is refused by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.plan import Interleaving, Plan, PromoteStep, Replication, ReverseStep, Step
from cockpit.core.script import undo_words
from cockpit.core.unflown import unflown
from cockpit.sim.demo import demo_plan
from tests.core.build import two_wave_plan

PLAN = two_wave_plan()


def with_step(step: Step) -> Plan:
    wave = replace(PLAN.waves[1], steps=(*PLAN.waves[1].steps, step))
    return replace(PLAN, waves=(PLAN.waves[0], wave))


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (replace(PLAN, replication=Replication(kind="link")), "replication by a link"),
        (
            replace(PLAN, replication=Replication(kind="msk-replicator")),
            "replication by MSK Replicator",
        ),
        (with_step(PromoteStep()), "wave writers: step promote"),
        (
            replace(PLAN, interleavings=(Interleaving("orders", "why", "who"),)),
            "allow_interleaving of orders",
        ),
    ],
)
def test_it_is_refused_by_name(plan: Plan, reason: str) -> None:
    assert unflown(plan) == (f"{reason} is not flown yet",)


@pytest.mark.parametrize("plan", [PLAN, demo_plan()])
def test_what_can_be_flown_has_no_reason_against_it(plan: Plan) -> None:
    assert unflown(plan) == ()


def test_their_undo_has_words_all_the_same() -> None:
    assert undo_words(PromoteStep()) == ""
    assert "reverse mirror" in undo_words(ReverseStep("back"))
