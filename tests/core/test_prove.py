"""The prover: each rule with its smallest broken plan, in exact words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.plan import (
    DrainStep,
    FenceStep,
    Interleaving,
    Login,
    OffsetsSpec,
    OffsetsStep,
    Plan,
    ProbeStep,
    PromoteStep,
    ReverseStep,
    Rollback,
    SecretRef,
    Service,
    SignalGate,
    SoakStep,
    StartStep,
    Step,
    StopStep,
    Wave,
)
from cockpit.core.prove import Proof, prove, rule_statements
from cockpit.core.prove import rules as prover_rules
from cockpit.core.prove import waves as wave_rules
from cockpit.core.schedule import FlightWindow, FreezeWindow
from cockpit.sim.demo import demo_plan
from tests.core.build import service
from tests.core.random_plans import plan_of, wave_of

LEDGER = service("ledger", consumes=("orders",))
CHECKOUT = service("checkout", produces=("orders",))
WEB = service("web", produces=("orders",))
BOTH = (LEDGER, CHECKOUT)
READERS = wave_of("readers", (LEDGER,))
WRITERS = wave_of("writers", (CHECKOUT,))
READ, WRITE = READERS.steps, WRITERS.steps
HOUR = 3_600_000


def writers(*steps: Step, **more: object) -> Wave:
    return replace(WRITERS, steps=steps or WRITE, **more)  # type: ignore[arg-type]  # fields of a wave


def mirrored(*waves: Wave, services: tuple[Service, ...] = BOTH, **more: object) -> Plan:
    return replace(plan_of(services, waves), **more)  # type: ignore[arg-type]  # fields of a plan


def linked(*waves: Wave, services: tuple[Service, ...] = BOTH) -> Plan:
    return plan_of(services, waves, "link")


def found(proof: Proof) -> list[tuple[str, str]]:
    return [(v.rule, v.message) for v in proof.violations]


def only(plan: Plan) -> tuple[str, str, tuple[str, ...]]:
    proof = prove(plan)
    assert len(proof.violations) == 1, found(proof)
    assert not proof.proved
    violation = proof.violations[0]
    return violation.rule, violation.message, violation.counter_example


def with_reverse(**settings: str) -> Wave:
    reverse = ReverseStep("mirror-back", **settings)  # type: ignore[arg-type]  # its words
    return writers(StopStep(), FenceStep(deny="producers"), DrainStep(), reverse, StartStep())


# --- plans that are right -------------------------------------------------------------------------

BY_TRIGGER = Rollback((SignalGate("errors", 0.1),), "rollback")
PROMOTED = wave_of("rest", (LEDGER,), *READ, PromoteStep(("orders",)))

RIGHT = {
    "consumers first": mirrored(READERS, WRITERS),
    "everybody under one fence": mirrored(
        wave_of("all", BOTH, StopStep(), FenceStep(), DrainStep(), OffsetsStep(), StartStep())
    ),
    "offsets between fence and drain": mirrored(
        wave_of("all", BOTH, StopStep(), FenceStep(), OffsetsStep(), DrainStep(), StartStep())
    ),
    "a consumer wave goes back by itself": mirrored(
        replace(READERS, rollback=BY_TRIGGER, rollback_window_ms=HOUR), WRITERS
    ),
    "a trigger pauses beyond the point of no return": mirrored(
        READERS, writers(rollback=replace(BY_TRIGGER, after_no_return="pause"))
    ),
    "a reverse mirror lets producers go back": mirrored(
        READERS, replace(with_reverse(), rollback=BY_TRIGGER, rollback_window_ms=HOUR)
    ),
    "a reverse mirror feeds the consumers that stayed": mirrored(with_reverse(), READERS),
    "a topic is allowed on both sides": mirrored(
        READERS,
        writers(StopStep(), FenceStep(deny="producers"), StartStep()),
        wave_of("more", (WEB,)),
        services=(LEDGER, CHECKOUT, WEB),
        interleavings=(Interleaving("orders", "keys are independent", "team-pay"),),
    ),
    "a link: producers first, without a fence": linked(writers(StopStep(), StartStep()), PROMOTED),
    "a link: producers in batches": linked(
        writers(StopStep(), StartStep(), rollback=BY_TRIGGER, rollback_window_ms=HOUR),
        wave_of("web", (WEB,), StopStep(), StartStep()),
        PROMOTED,
        services=(LEDGER, CHECKOUT, WEB),
    ),
    "msk replicator, as a mirror": plan_of(BOTH, (READERS, WRITERS), "msk-replicator"),
    "the demonstration": demo_plan(),
}


@pytest.mark.parametrize("plan", RIGHT.values(), ids=RIGHT.keys())
def test_a_right_plan_is_proved(plan: Plan) -> None:
    assert found(prove(plan)) == []


# --- plans that are not ---------------------------------------------------------------------------


def test_a_producer_before_its_consumer() -> None:
    assert only(mirrored(WRITERS, READERS)) == (
        "downstream-first",
        "checkout produces orders and starts on the target while ledger still reads it on the "
        "source",
        (
            "wave writers, step start: checkout starts on the target and writes orders there",
            "ledger still reads orders on the source (it moves in wave readers, later): it would "
            "miss them",
        ),
    )


def test_a_producer_without_its_consumer() -> None:
    _, _, way = only(mirrored(WRITERS))
    assert way[-1].startswith("ledger still reads orders on the source (it is in no wave)")


def test_producers_in_two_waves() -> None:
    plan = mirrored(READERS, WRITERS, wave_of("more", (WEB,)), services=(*BOTH, WEB))
    assert only(plan) == (
        "one-writer-side",
        "checkout and web both produce orders, and do not move under one fence: web moves in wave "
        "more, later",
        (
            "wave writers, step fence: orders refuses writes on the source",
            "web still writes orders on the source (it moves in wave more, later): the fence "
            "refuses its records",
        ),
    )


def test_a_fence_by_principal_leaves_the_other_producer_writing() -> None:
    apart = writers(StopStep(), FenceStep(deny="producers"), DrainStep(), StartStep())
    plan = mirrored(READERS, apart, wave_of("more", (WEB,)), services=(*BOTH, WEB))
    rule, _, way = only(plan)
    assert rule == "one-writer-side"
    assert way[-1] == (
        "web still writes orders on the source (it moves in wave more, later): both sides are "
        "written, in no order"
    )


def test_a_fence_that_only_watches_stopped_producers_needs_all_of_them() -> None:
    watched = writers(StopStep(), FenceStep(by="stop"), DrainStep(), StartStep())
    assert prove(mirrored(READERS, watched)).proved
    plan = mirrored(READERS, watched, wave_of("more", (WEB,)), services=(*BOTH, WEB))
    assert only(plan)[0] == "one-writer-side"


def test_an_allowed_topic_is_not_fenced_for_everybody() -> None:
    allowed = (Interleaving("orders", "any order", "team-pay"),)
    plan = mirrored(
        READERS, WRITERS, wave_of("more", (WEB,)), services=(*BOTH, WEB), interleavings=allowed
    )
    rule, message, _ = only(plan)
    assert rule == "one-writer-side"
    assert "the fence of wave writers denies everybody orders" in message


def test_a_fence_by_principal_also_refuses_who_shares_it() -> None:
    allowed = (Interleaving("orders", "any order", "team-pay"),)
    steps = (StopStep(), FenceStep(deny="producers"), StartStep())
    apart = (writers(*steps), wave_of("more", (WEB,), *steps))
    same = replace(WEB, principal=CHECKOUT.principal)

    def plan(web: Service) -> Plan:
        return mirrored(READERS, *apart, services=(*BOTH, web), interleavings=allowed)

    assert prove(plan(WEB)).proved
    assert only(plan(same)) == (
        "one-writer-side",
        "the fence of wave writers denies the principal of its producers, and web, which moves in "
        "wave more, later, writes orders as the same one",
        (
            "wave writers, step fence: orders refuses writes on the source",
            "web still writes orders on the source: the fence refuses its records",
        ),
    )


def two_batches_of_writers(*services: Service) -> Plan:
    """Of one topic that both sides may write meanwhile, each behind a fence by principal."""
    steps = (StopStep(), FenceStep(deny="producers"), StartStep())
    return mirrored(
        READERS,
        writers(*steps),
        wave_of("more", (WEB,), *steps),
        services=services,
        interleavings=(Interleaving("orders", "any order", "team-pay"),),
    )


def test_a_fence_by_principal_also_refuses_who_has_the_canary_s() -> None:
    """The canary is denied, too: it has to see that the fence stands."""
    plan = two_batches_of_writers(*BOTH, WEB)

    def seen_by(canary: str) -> Plan:
        return replace(
            plan, source=replace(plan.source, canary=Login(canary, SecretRef("env", "CANARY")))
        )

    assert prove(seen_by("canary")).proved
    assert only(seen_by("web"))[:2] == (
        "one-writer-side",
        "the fence of wave writers denies the canary too, and web, which moves in wave more, "
        "later, writes orders as the same principal",
    )


def test_a_fence_that_names_everybody_denies_more_than_its_producers() -> None:
    """The reverse mirror writes under it, and so does a producer of a later wave."""
    everybody = replace(CHECKOUT, principal="User:*")
    rule, message, _ = only(mirrored(READERS, with_reverse(), services=(LEDGER, everybody)))
    assert rule == "reverse-conditions"
    assert message == "reverse in wave writers: the fence denies everybody, the reverse mirror too"
    plan = two_batches_of_writers(LEDGER, everybody, WEB)
    assert only(plan)[0] == "one-writer-side"


def test_what_an_allowance_gives_up_is_said() -> None:
    plan = RIGHT["a topic is allowed on both sides"]
    assert prove(plan).notes == (
        "orders may be written on both sides, its producers move in 2 waves: no drain proof and "
        "no rollback for it (keys are independent; team-pay)",
    )


def test_offsets_before_stop() -> None:
    plan = mirrored(wave_of("readers", (LEDGER,), OffsetsStep(), StopStep(), StartStep()), WRITERS)
    assert only(plan) == (
        "stop-before-offsets",
        "offsets before stop: ledger is still running",
        (
            "wave readers, step offsets: the group of ledger gets its place on the target",
            "ledger goes on reading orders on the source: its place on the target is soon the "
            "wrong one",
        ),
    )


def test_start_without_stop() -> None:
    rule, message, _ = only(mirrored(wave_of("readers", (LEDGER,), StartStep()), WRITERS))
    assert (rule, message) == (
        "stop-before-offsets",
        "start before stop: ledger is still running on the source",
    )


def test_a_consumer_without_its_place() -> None:
    plan = mirrored(wave_of("readers", (LEDGER,), StopStep(), StartStep(), OffsetsStep()), WRITERS)
    assert only(plan) == (
        "offsets-before-start",
        "wave readers starts ledger, which consumes, without its place: it needs offsets before "
        "start",
        (
            "wave readers, step stop: ledger stops on the source",
            "wave readers, step start: ledger starts on the target and reads orders there",
            "the group of ledger has no place on the target: it begins where its reset policy says",
        ),
    )


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((StopStep(), StartStep()), "it needs fence and drain before start"),
        ((StopStep(), FenceStep(), StartStep()), "it needs a drain between fence and start"),
        ((StopStep(), DrainStep(), StartStep()), "it needs a fence before drain"),
        ((StopStep(), StartStep(), FenceStep(), DrainStep()), "it needs fence and drain before"),
        ((StopStep(), DrainStep(), FenceStep(), StartStep()), "drain before fence in wave writers"),
        ((StopStep(), FenceStep(), StartStep(), DrainStep()), "a drain between fence and start"),
    ],
)
def test_a_producer_that_is_not_fenced_and_drained(steps: tuple[Step, ...], message: str) -> None:
    rule, found_message, way = only(mirrored(READERS, writers(*steps)))
    assert rule == "fence-and-drain"
    assert message in found_message
    assert way[-2] == (
        "wave writers, step start: checkout starts on the target and writes orders there"
    )


def test_a_way_back_beyond_the_point_of_no_return() -> None:
    assert only(mirrored(READERS, writers(rollback_window_ms=HOUR))) == (
        "no-way-back",
        "wave writers promises a way back (rollback_window) beyond its point of no return",
        (
            "wave readers is flown: ledger on the target",
            "wave writers, step start: checkout starts on the target and writes orders there",
            "a record of orders is written on the target that the source has not",
            "going back would lose that record, or have to replay it",
        ),
    )


def test_a_trigger_that_goes_back_by_itself() -> None:
    rule, message, _ = only(mirrored(READERS, writers(rollback=BY_TRIGGER)))
    assert rule == "no-way-back"
    assert message.startswith("wave writers goes back by itself (on_trigger: rollback)")


def test_a_step_that_can_fail_after_a_promotion() -> None:
    steps = (StopStep(), OffsetsStep(), PromoteStep(), SoakStep(1), StartStep())
    rule, message, _ = only(linked(wave_of("all", BOTH, *steps)))
    assert (rule, message) == (
        "undo-until-no-return",
        "start after promote in wave all: promote has no undo",
    )


def test_a_fence_without_a_producer() -> None:
    plan = mirrored(wave_of("readers", (LEDGER,), StopStep(), FenceStep(), *READ[1:]), WRITERS)
    assert only(plan)[:2] == (
        "fence-needs-producer",
        "fence in wave readers, which produces nothing",
    )


def test_a_place_that_msk_replicator_overwrites() -> None:
    exact = replace(LEDGER, offsets=OffsetsSpec(resume="exact"))
    plan = plan_of((exact, CHECKOUT), (READERS, WRITERS), "msk-replicator")
    assert only(plan)[0] == "place-holds"


def test_a_wave_in_a_freeze() -> None:
    freeze = FreezeWindow(10 * HOUR, 12 * HOUR, "audit")
    meant = replace(READERS, window=FlightWindow(11 * HOUR, 14 * HOUR))
    plan = mirrored(meant, WRITERS, freeze_windows=(freeze,))
    assert only(plan)[:2] == (
        "freeze-windows",
        "wave readers is meant for a freeze: 1970-01-01T10:00Z to 1970-01-01T12:00Z (audit)",
    )
    after = replace(READERS, window=FlightWindow(12 * HOUR, 14 * HOUR))
    assert prove(mirrored(after, WRITERS, freeze_windows=(freeze,))).proved


def test_a_wave_that_does_not_fit_between_two_freezes() -> None:
    daily = FreezeWindow(18 * HOUR, 8 * HOUR, "nights", daily=True)
    long = replace(READERS, steps=(*READ, SoakStep(11 * HOUR)))
    plan = mirrored(long, WRITERS, freeze_windows=(daily,))
    assert only(plan)[:2] == (
        "freeze-fits",
        "wave readers takes at least 11h, and there are 10h between two freezes",
    )


def test_a_gate_may_hold_in_a_freeze_before_its_wave_begins() -> None:
    daily = FreezeWindow(18 * HOUR, 21 * HOUR, "peak", daily=True)
    patient = replace(READERS, gates=(SignalGate("errors", 0.1, for_ms=22 * HOUR),))
    assert prove(mirrored(patient, WRITERS, freeze_windows=(daily,))).proved


def test_freezes_that_leave_no_time_in_which_a_wave_could_begin() -> None:
    morning = FreezeWindow(0, 12 * HOUR, daily=True)
    rest = FreezeWindow(12 * HOUR, 0, daily=True)
    assert only(mirrored(READERS, WRITERS, freeze_windows=(morning, rest))) == (
        "freeze-fits",
        "no wave can ever begin: the daily freezes leave no time between them",
        (
            "nothing may be moved in 00:00-12:00 UTC every day",
            "nothing may be moved in 12:00-00:00 UTC every day",
            "that is the whole day",
        ),
    )
    assert prove(mirrored(READERS, WRITERS, freeze_windows=(rest,))).proved


# --- the whole ------------------------------------------------------------------------------------


def test_one_mistake_is_told_once_with_everybody_it_concerns() -> None:
    more = service("fraud", consumes=("orders", "refunds"))
    refunds = service("refund", produces=("refunds",))
    both = service("mailer", consumes=("orders",))
    services = (LEDGER, CHECKOUT, more, refunds, both)
    plan = mirrored(
        wave_of("writers", (CHECKOUT,)),
        wave_of("readers", (LEDGER, more, both)),
        wave_of("refunds", (refunds,)),
        services=services,
    )
    violations = prove(plan).violations
    assert [v.rule for v in violations] == ["downstream-first"]
    assert violations[0].also == ("fraud (orders)", "mailer (orders)")


BROKEN: dict[str, Plan] = {
    "downstream-first": mirrored(WRITERS, READERS),
    "one-writer-side": mirrored(READERS, WRITERS, wave_of("more", (WEB,)), services=(*BOTH, WEB)),
    "stop-before-offsets": mirrored(
        wave_of("readers", (LEDGER,), OffsetsStep(), StopStep(), StartStep()), WRITERS
    ),
    "offsets-before-start": mirrored(
        wave_of("readers", (LEDGER,), StopStep(), StartStep()), WRITERS
    ),
    "fence-and-drain": mirrored(READERS, writers(StopStep(), StartStep())),
    "no-way-back": mirrored(READERS, writers(rollback_window_ms=HOUR)),
    "reverse-conditions": mirrored(READERS, with_reverse(forward="kept")),
    "promote-when-moved": linked(writers(StopStep(), StartStep(), PromoteStep()), READERS),
    "proxy-not-fenced": linked(writers(StopStep(), FenceStep(), StartStep()), PROMOTED),
    "fence-needs-producer": mirrored(
        wave_of("readers", (LEDGER,), StopStep(), FenceStep(), *READ[1:]), WRITERS
    ),
    "undo-until-no-return": linked(
        wave_of("all", BOTH, StopStep(), OffsetsStep(), PromoteStep(), StartStep())
    ),
    "place-holds": plan_of(
        (replace(LEDGER, offsets=OffsetsSpec(resume="exact")), CHECKOUT),
        (READERS, WRITERS),
        "msk-replicator",
    ),
    "place-accepted": plan_of(
        (replace(LEDGER, offsets=OffsetsSpec(resume="latest")), CHECKOUT), (READERS, WRITERS)
    ),
    "probe-has-a-place": mirrored(
        wave_of("readers", (LEDGER,), StopStep(), ProbeStep(), *READ[1:]), WRITERS
    ),
    "freeze-windows": mirrored(
        replace(READERS, window=FlightWindow(0, HOUR)),
        WRITERS,
        freeze_windows=(FreezeWindow(0, HOUR),),
    ),
    "freeze-fits": mirrored(
        replace(READERS, window=FlightWindow(0, HOUR), steps=(*READ, SoakStep(2 * HOUR))), WRITERS
    ),
}


def test_every_rule_has_a_plan_that_only_it_refuses() -> None:
    assert [name for name, _ in rule_statements()] == list(BROKEN)
    for name, plan in BROKEN.items():
        assert {v.rule for v in prove(plan).violations} == {name}


@pytest.mark.parametrize("name", BROKEN)
def test_without_the_rule_its_plan_would_pass(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, table in ((prover_rules, "RULES"), (wave_rules, "CHECKS")):
        kept = tuple(entry for entry in getattr(module, table) if entry[0] != name)
        monkeypatch.setattr(module, table, kept)
    assert prove(BROKEN[name]).proved
