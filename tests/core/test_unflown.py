"""What is proved and not flown yet is refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from cockpit.core.plan import (
    FenceStep,
    Interleaving,
    LinkApiWord,
    OffsetsSpec,
    Plan,
    PromoteStep,
    Replication,
    ReverseStep,
    Step,
)
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


def over_a_link(api: LinkApiWord | Literal[""], *steps: Step) -> Plan:
    exact = OffsetsSpec(resume="exact")
    services = tuple(replace(s, offsets=exact if s.group else None) for s in PLAN.services)
    wave = replace(PLAN.waves[0], steps=(*PLAN.waves[0].steps, *steps))
    link = Replication(kind="link", name="old-to-new", api=api)
    return replace(PLAN, replication=link, services=services, waves=(wave,))


def test_a_link_is_flown_over_an_interface_that_somebody_has_written() -> None:
    assert unflown(over_a_link("stand-in", PromoteStep())) == ()
    assert "api is named" in unflown(over_a_link(""))[0]
    assert "no proxy for producers" in unflown(over_a_link("confluent"))[0]


def test_over_a_link_nothing_is_fenced_and_no_offset_translated() -> None:
    (fence,) = unflown(over_a_link("stand-in", FenceStep()))
    assert fence == "wave readers: step fence is not flown yet over a link"
    link = over_a_link("stand-in").replication
    (group,) = unflown(replace(PLAN, replication=link, waves=PLAN.waves[:1]))
    assert group == "ledger: a link translates no offsets, write resume: exact"


@pytest.mark.parametrize("plan", [PLAN, demo_plan()])
def test_what_can_be_flown_has_no_reason_against_it(plan: Plan) -> None:
    assert unflown(plan) == ()


def test_their_undo_has_words_all_the_same() -> None:
    assert undo_words(PromoteStep()) == ""
    assert "reverse mirror" in undo_words(ReverseStep("back"))
