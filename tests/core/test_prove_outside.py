"""The prover where somebody outside the plan writes on the source, and stays there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.plan import (
    Acceptance,
    DrainStep,
    FenceStep,
    Interleaving,
    Plan,
    PromoteStep,
    StartStep,
    StopStep,
    Wave,
)
from cockpit.core.prove import Proof, Violation, model_of, prove_model
from tests.core.random_plans import wave_of
from tests.core.test_prove import LEDGER, READ, READERS, linked, mirrored, with_reverse, writers

ALLOWED = (Interleaving("orders", "any order", "team-pay"),)


def beside(plan: Plan, *topics: str) -> Proof:
    """The proof where these topics are written by somebody who stays."""
    return prove_model(replace(model_of(plan), outside=frozenset(topics or ("orders",))))


def only(plan: Plan) -> Violation:
    (violation,) = beside(plan).violations
    return violation


def fenced(fence: FenceStep) -> Wave:
    return writers(StopStep(), fence, DrainStep(), StartStep())


@pytest.mark.parametrize("fence", [FenceStep(deny="producers"), FenceStep(by="stop")])
def test_a_fence_that_lets_the_producer_who_stays_write_on(fence: FenceStep) -> None:
    found = only(mirrored(READERS, fenced(fence)))
    assert (found.rule, found.message) == (
        "one-writer-side",
        "checkout produces orders and moves, and another producer of it is excluded and stays on "
        "the source",
    )
    assert found.counter_example == (
        "wave writers, step start: checkout starts on the target and writes orders there",
        "who stays still writes orders on the source: both sides are written, in no order",
    )
    assert (found.anchor.kind, found.anchor.wave, found.also) == ("service", 1, ())


def test_a_fence_that_is_missing_is_told_alone() -> None:
    """One that denies all would mend both."""
    assert only(mirrored(READERS, writers(StopStep(), StartStep()))).rule == "fence-and-drain"


def test_a_fence_that_denies_everybody_also_denies_the_producer_who_stays() -> None:
    assert beside(mirrored(READERS, fenced(FenceStep()))).proved


def test_a_topic_that_is_allowed_on_both_sides_may_be_written_by_who_stays() -> None:
    apart = fenced(FenceStep(deny="producers"))
    assert beside(mirrored(READERS, apart, interleavings=ALLOWED)).proved


def test_a_producer_who_stays_with_another_topic_disturbs_nobody() -> None:
    assert beside(mirrored(READERS, fenced(FenceStep(deny="producers"))), "refunds").proved


def test_a_reverse_mirror_beside_the_producer_who_stays() -> None:
    found = only(mirrored(READERS, with_reverse()))
    assert (found.rule, found.message) == (
        "reverse-conditions",
        "reverse in wave writers while a producer of orders is excluded and stays on the source",
    )
    assert found.counter_example[-1] == (
        "who stays still writes orders on the source: nothing brings that to the target any more"
    )


def test_a_promotion_beside_the_producer_who_stays_needs_somebody_who_accepts_that() -> None:
    def promoting(step: PromoteStep) -> Plan:
        moved = writers(StopStep(), StartStep())
        return linked(moved, wave_of("rest", (LEDGER,), *READ, step))

    found = only(promoting(PromoteStep(("orders",))))
    assert (found.rule, found.message) == (
        "promote-when-moved",
        "promote in wave rest while a producer of orders is excluded and stays on the source",
    )
    accepted = Acceptance("its feed ends with the old cluster", "team-pay")
    assert beside(promoting(PromoteStep(("orders",), accept_loss=accepted))).proved


def test_over_a_link_a_producer_may_stay_until_the_promotion() -> None:
    assert beside(linked(writers(StopStep(), StartStep()), READERS)).proved
