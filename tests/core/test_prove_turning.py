"""The prover where a topic is turned: reverse mirrors and promotions, in exact words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.plan import (
    Acceptance,
    CommandCall,
    CommandStep,
    DrainStep,
    FenceStep,
    HttpCall,
    HttpStep,
    Interleaving,
    OffsetsStep,
    Plan,
    PromoteStep,
    ReverseStep,
    StartStep,
    Step,
    StopStep,
    Wave,
    step_name,
)
from cockpit.core.prove import prove
from tests.core.random_plans import plan_of, wave_of
from tests.core.test_prove import (
    BOTH,
    CHECKOUT,
    HOUR,
    LEDGER,
    PROMOTED,
    READ,
    READERS,
    WEB,
    WRITE,
    found,
    linked,
    mirrored,
    only,
    with_reverse,
    writers,
)


def test_a_reverse_mirror_that_begins_after_the_start_comes_too_late() -> None:
    late = (StopStep(), FenceStep(deny="producers"), DrainStep(), StartStep(), ReverseStep("back"))
    rules = [rule for rule, _ in found(prove(mirrored(READERS, writers(*late))))]
    assert rules == ["reverse-conditions"]
    rules = [
        rule for rule, _ in found(prove(mirrored(READERS, writers(*late, rollback_window_ms=HOUR))))
    ]
    assert sorted(rules) == ["no-way-back", "reverse-conditions"]


@pytest.mark.parametrize(
    ("wave", "message"),
    [
        (with_reverse(forward="kept"), "keeps orders in the forward filter"),
        (with_reverse(start_at="earliest"), "begins at earliest"),
        (with_reverse(start_at="latest"), "begins at latest"),
        (
            writers(StopStep(), FenceStep(), DrainStep(), ReverseStep("back"), StartStep()),
            "the fence denies everybody, the reverse mirror too",
        ),
        (
            writers(
                StopStep(),
                FenceStep(deny="producers"),
                ReverseStep("back"),
                DrainStep(),
                StartStep(),
            ),
            "begins where the drain ended, and nothing has drained",
        ),
    ],
)
def test_a_reverse_mirror_without_its_conditions(wave: Wave, message: str) -> None:
    rule, found_message, _ = only(mirrored(READERS, wave))
    assert rule == "reverse-conditions"
    assert message in found_message


@pytest.mark.parametrize("reverse_first", [True, False])
def test_a_topic_that_is_allowed_on_both_sides_has_no_reverse_mirror(
    reverse_first: bool,
) -> None:
    """Nothing proves where one would begin: the producer of the other wave writes beside it."""
    allowed = (Interleaving("orders", "any order", "team-pay"),)
    apart = wave_of("more", (WEB,), StopStep(), FenceStep(deny="producers"), StartStep())
    waves = (with_reverse(), apart) if reverse_first else (apart, with_reverse())
    plan = mirrored(READERS, *waves, services=(*BOTH, WEB), interleavings=allowed)
    rule, message, way = only(plan)
    assert rule == "reverse-conditions"
    assert message == (
        "reverse in wave writers of orders, which allow_interleaving lets both sides write"
    )
    assert way[-1] == (
        "orders is proved by no drain: there is no end of it to begin at, and no rollback for it"
    )


def test_a_reverse_mirror_under_a_fence_of_one_producer_is_told_by_the_other() -> None:
    """Out of the forward filter, what web writes would reach no reader that has moved."""
    plan = mirrored(READERS, with_reverse(), wave_of("more", (WEB,)), services=(*BOTH, WEB))
    (told,) = [one for one in prove(plan).violations if one.rule == "reverse-conditions"]
    assert told.message == "reverse in wave writers while web still writes orders on the source"
    assert told.counter_example[-1] == (
        "web still writes orders on the source (it moves in wave more, later): nothing brings that "
        "to the target any more"
    )


@pytest.mark.parametrize("kind", ["link", "msk-replicator"])
def test_only_mirrormaker_has_a_reverse_mirror(kind: str) -> None:
    plan = plan_of(BOTH, (READERS, with_reverse()), kind)  # type: ignore[arg-type]  # a kind
    assert "reverse-conditions" in {v.rule for v in prove(plan).violations}


def test_a_link_needs_no_reverse_mirror() -> None:
    reverse = writers(StopStep(), ReverseStep("back"), StartStep())
    _, message, way = only(linked(reverse, PROMOTED))
    assert message == "reverse in wave writers: a link has no reverse mirror"
    assert way[-1] == (
        "until the promotion orders is written on the source anyway; after it there is no way back"
    )


def test_a_promotion_before_everybody_has_moved() -> None:
    early = writers(StopStep(), StartStep(), PromoteStep())
    plan = linked(early, wave_of("rest", (LEDGER, WEB), *READ), services=(LEDGER, CHECKOUT, WEB))
    assert {v.message for v in prove(plan).violations} == {
        "promote in wave writers while ledger still reads orders on the source",
        "promote in wave writers while web still writes orders on the source",
    }


def test_a_promotion_waits_for_a_place_only_of_a_stopped_consumer() -> None:
    steps = (StopStep(), OffsetsStep(), StartStep(), PromoteStep())
    assert prove(linked(wave_of("all", BOTH, *steps))).proved


def test_a_topic_that_nobody_of_the_plan_writes_is_not_promoted_unasked() -> None:
    """Its writer stays on the source, and nothing copies what it writes any more."""
    reader = replace(LEDGER, consumes=("orders", "rates"))
    moved = writers(StopStep(), StartStep())

    def promoting(step: PromoteStep) -> Plan:
        return linked(moved, wave_of("rest", (reader,), *READ, step), services=(reader, CHECKOUT))

    rule, message, way = only(promoting(PromoteStep()))
    assert rule == "promote-when-moved"
    assert message == (
        "promote in wave rest: no service of the plan writes rates, whose writers stay on the "
        "source"
    )
    assert way[-1] == (
        "whoever writes rates writes on the source: nothing brings that to the target any more"
    )
    accepted = Acceptance("its feed ended in May", "team-fx")
    named = PromoteStep(("orders", "rates"))
    assert not prove(promoting(named)).proved
    assert not prove(promoting(PromoteStep(accept_loss=accepted))).proved
    assert prove(promoting(replace(named, accept_loss=accepted))).proved
    assert prove(promoting(PromoteStep(("orders",)))).proved


def test_a_mirror_promotes_nothing() -> None:
    plan = mirrored(READERS, writers(*WRITE, PromoteStep()))
    assert only(plan)[:2] == (
        "promote-when-moved",
        "promote in wave writers: MirrorMaker 2 has nothing to promote",
    )


def test_a_promotion_cannot_be_taken_back() -> None:
    promoted = replace(PROMOTED, rollback_window_ms=HOUR)
    rule, message, _ = only(linked(writers(StopStep(), StartStep()), promoted))
    assert (rule, message) == (
        "no-way-back",
        "wave rest promises a way back (rollback_window), and a promotion cannot be undone",
    )


@pytest.mark.parametrize(
    "call", [CommandStep(CommandCall(("warm-caches",))), HttpStep(HttpCall("http://127.0.0.1:1/x"))]
)
def test_a_call_after_a_promotion_could_fail_where_nothing_can_be_taken_back(call: Step) -> None:
    rest = wave_of("rest", (LEDGER,), *READ, PromoteStep(("orders",)), call)
    rule, message, _ = only(linked(writers(StopStep(), StartStep()), rest))
    assert rule == "undo-until-no-return"
    assert message == f"{step_name(call)} after promote in wave rest: promote has no undo"


def test_a_fence_in_the_way_of_the_proxy() -> None:
    rule, message, way = only(linked(writers(StopStep(), FenceStep(), StartStep()), PROMOTED))
    assert rule == "proxy-not-fenced"
    assert "also refuses what checkout writes through the link's proxy" in message
    assert way == (
        "wave writers, step fence: orders refuses writes on the source",
        "until the promotion what checkout writes on the target goes to the source, and is refused",
    )


@pytest.mark.parametrize("step", [FenceStep(by="stop"), DrainStep()])
def test_a_step_that_means_nothing_over_a_link(step: Step) -> None:
    (violation,) = prove(linked(writers(StopStep(), step, StartStep()), PROMOTED)).violations
    assert (violation.rule, violation.message, violation.hint) == (
        "proxy-not-fenced",
        f"{step_name(step)} in wave writers: over a link nothing is fenced or drained",
        f"remove {step_name(step)}: a link needs none",
    )


def test_a_fence_over_a_link_is_no_mistake_of_another_batch() -> None:
    batch = wave_of("web", (WEB,), StopStep(), StartStep())
    fenced = writers(StopStep(), FenceStep(), StartStep())
    rule, _, _ = only(linked(fenced, batch, PROMOTED, services=(LEDGER, CHECKOUT, WEB)))
    assert rule == "proxy-not-fenced"
