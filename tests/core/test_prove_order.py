"""Waves from what services read and write, and how fast large plans are proved."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from cockpit.core.plan import (
    DrainStep,
    FenceStep,
    Interleaving,
    OffsetsStep,
    Plan,
    PromoteStep,
    ReplicationKind,
    ReverseStep,
    Service,
    SoakStep,
    StartStep,
    Step,
    StopStep,
)
from cockpit.core.prove import prove, prove_model
from cockpit.core.prove.model import ServiceModel
from cockpit.core.prove.order import OrderedWave, derive, model_of_order
from tests.core.build import service
from tests.core.random_plans import plan_of, wave_of

A = service("a", produces=("x",), consumes=("y",))
B = service("b", produces=("y",), consumes=("x",))
KINDS: tuple[ReplicationKind, ...] = ("mirrormaker2", "link", "msk-replicator")
TOPICS = ["a", "b", "c", "d", "e"]


@some.composite
def graphs(draw: some.DrawFn) -> tuple[ServiceModel, ...]:
    count = draw(some.integers(1, 9))
    topics = some.lists(some.sampled_from(TOPICS), max_size=3, unique=True)
    found = []
    for number in range(count):
        produces, consumes = tuple(draw(topics)), tuple(draw(topics))
        if not produces and not consumes:
            consumes = ("a",)
        found.append(ServiceModel(f"s{number}", produces, consumes))
    return tuple(found)


@settings(max_examples=150, deadline=None)
@given(graphs(), some.sampled_from(KINDS))
def test_every_derived_order_is_proved(
    services: tuple[ServiceModel, ...], kind: ReplicationKind
) -> None:
    waves = derive(services, kind)
    assert sorted(s for wave in waves for s in wave.services) == list(range(len(services)))
    assert len({wave.name for wave in waves}) == len(waves)
    proof = prove_model(model_of_order(services, kind, waves))
    assert proof.proved, proof.violations
    _in_order(services, waves)


def _in_order(services: tuple[ServiceModel, ...], waves: tuple[OrderedWave, ...]) -> None:
    """Readers of a topic not after its writers, and all its writers together."""
    place = {s: number for number, wave in enumerate(waves) for s in wave.services}
    for topic in TOPICS:
        writers = {place[n] for n, s in enumerate(services) if topic in s.produces}
        readers = {place[n] for n, s in enumerate(services) if topic in s.consumes}
        assert len(writers) <= 1
        assert not writers or all(reader <= min(writers) for reader in readers)


def names(services: tuple[ServiceModel, ...]) -> list[tuple[str, ...]]:
    waves = derive(services, "mirrormaker2")
    return [tuple(services[s].name for s in wave.services) for wave in waves]


def test_consumers_then_the_downstream_end_then_producers() -> None:
    services = (
        ServiceModel("checkout", ("orders",), ()),
        ServiceModel("pricing", ("priced",), ("orders",)),
        ServiceModel("billing", ("bills",), ("priced",)),
        ServiceModel("archive", (), ("bills", "orders")),
        ServiceModel("report", (), ("priced",)),
    )
    assert names(services) == [("archive", "report"), ("billing",), ("pricing",), ("checkout",)]


def test_producers_of_one_topic_move_together() -> None:
    services = (ServiceModel("a", ("t",), ()), ServiceModel("b", ("t", "u"), ()))
    (wave,) = derive(services, "mirrormaker2")
    assert wave.name == "a-and-1"
    assert wave.why == ("all producers of a topic move together: t",)


def test_a_circle_is_one_wave_and_is_named() -> None:
    services = (
        ServiceModel("source", ("in",), ()),
        ServiceModel("ping", ("x",), ("y", "in")),
        ServiceModel("pong", ("y",), ("x",)),
    )
    waves = derive(services, "mirrormaker2")
    assert [wave.services for wave in waves] == [(1, 2), (0,)]
    assert waves[0].why == ("a circle: ping writes x, pong writes y, which ping reads",)


def test_every_circle_and_every_tie_of_a_wave_is_named() -> None:
    services = (
        ServiceModel("a", ("xx",), ("zz",)),
        ServiceModel("b", ("zz",), ("xx",)),
        ServiceModel("m", ("nn", "xx"), ("oo",)),
        ServiceModel("nx", ("oo",), ("nn",)),
    )
    (wave,) = derive(services, "mirrormaker2")
    assert wave.why == (
        "a circle: a writes xx, b writes zz, which a reads",
        "a circle: m writes nn, nx writes oo, which m reads",
        "all producers of a topic move together: xx",
    )


def test_circles_that_share_services_are_each_named() -> None:
    services = (
        ServiceModel("hub", ("out",), ("left", "right")),
        ServiceModel("one", ("left",), ("out",)),
        ServiceModel("two", ("right",), ("out",)),
    )
    (wave,) = derive(services, "mirrormaker2")
    assert wave.why == (
        "a circle: hub writes out, one writes left, which hub reads",
        "a circle: hub writes out, two writes right, which hub reads",
    )


def test_a_service_that_reads_what_it_writes_is_alone() -> None:
    (wave,) = derive((ServiceModel("loop", ("t",), ("t",)),), "mirrormaker2")
    assert wave.why == ()
    assert [step.word for step in wave.steps] == ["stop", "fence", "drain", "offsets", "start"]


def test_a_link_promotes_each_topic_once_everybody_has_moved() -> None:
    services = (ServiceModel("checkout", ("orders",), ()), ServiceModel("ledger", (), ("orders",)))
    waves = derive(services, "link")
    promoted = [sorted(t for step in wave.steps for t in step.topics) for wave in waves]
    assert promoted == [[], ["orders"]]


def test_a_link_does_not_promote_what_nobody_here_writes() -> None:
    services = (
        ServiceModel("checkout", ("orders",), ()),
        ServiceModel("ledger", (), ("orders", "rates")),
    )
    waves = derive(services, "link")
    assert [sorted(step.topics) for step in waves[-1].steps if step.topics] == [["orders"]]
    (alone,) = derive((ServiceModel("ledger", (), ("rates",)),), "link")
    assert "promote" not in [step.word for step in alone.steps]


def test_names_stay_short_and_different() -> None:
    long = "x" * 80
    services = (ServiceModel(long, ("t",), ()), ServiceModel("readers", ("u",), ("t",)))
    reading = ServiceModel("z", (), ("u",))
    assert all(len(wave.name) <= 80 for wave in derive((*services, reading), "mirrormaker2"))
    assert len({wave.name for wave in derive((*services, reading), "mirrormaker2")}) == 3


# --- size -----------------------------------------------------------------------------------------


def large_plan(services: int = 200, topics: int = 400, seed: int = 1) -> Plan:
    """Services in layers, each reading from the layers above, one wave for each few of them."""
    dice = random.Random(seed)
    found = []
    for number in range(services):
        own = tuple(f"t{t}" for t in range(topics) if t % services == number)
        above = [f"t{t}" for t in range(topics) if t % services < number]
        consumes = tuple(sorted(dice.sample(above, min(len(above), dice.randint(0, 8)))))
        found.append(service(f"s{number}", produces=own, consumes=consumes))
    ordered = list(reversed(found))
    waves = []
    for number in range(0, services, 4):
        members = tuple(ordered[number : number + 4])
        wave = wave_of(f"w{number}", members)
        # waves that differ in ways that do not matter must not cost anything
        steps = list(wave.steps)
        for _ in range(dice.randrange(4)):
            steps.insert(dice.randrange(1, len(steps)), SoakStep(1 + dice.randrange(1_000)))
        waves.append(replace(wave, steps=tuple(steps)))
    return plan_of(tuple(found), tuple(waves))


def test_a_large_plan_costs_little_more_than_its_different_pairs() -> None:
    proof = prove(large_plan())
    assert proof.proved
    assert proof.views <= 60
    assert proof.worlds <= 10_000


def hub(count: int, kind: ReplicationKind, turn: Step) -> Plan:
    """Everybody writes one topic, each moves alone and promotes it, or reverses its mirror."""
    everybody = tuple(service(f"s{n}", produces=("hub", f"t{n}")) for n in range(count))
    steps: tuple[Step, ...] = (StopStep(), StartStep(), turn)
    if kind != "link":
        steps = (StopStep(), FenceStep(deny="producers"), DrainStep(), turn, StartStep())
    waves = (wave_of(f"w{n}", (alone,), *steps) for n, alone in enumerate(everybody))
    return plan_of(everybody, tuple(waves), kind)


@pytest.mark.parametrize(
    ("kind", "turn"), [("link", PromoteStep()), ("mirrormaker2", ReverseStep("back"))]
)
def test_a_wave_that_turns_a_topic_costs_the_others_no_proof(
    kind: ReplicationKind, turn: Step
) -> None:
    few, many = prove(hub(6, kind, turn)), prove(hub(24, kind, turn))
    assert not many.proved
    assert (many.views, many.worlds) == (few.views, few.worlds)


def test_a_large_plan_s_one_mistake_is_found() -> None:
    plan = large_plan()
    hasty = tuple(s for s in plan.waves[30].steps if not isinstance(s, OffsetsStep))
    broken = replace(plan.waves[30], steps=hasty)
    proof = prove(replace(plan, waves=(*plan.waves[:30], broken, *plan.waves[31:])))
    (violation,) = proof.violations
    assert violation.rule == "offsets-before-start"
    assert violation.anchor.wave == 30


def test_a_soak_in_between_moves_the_place_of_a_mistake_and_nothing_else() -> None:
    services = (service("ledger", consumes=("t",)), service("checkout", produces=("t",)))
    early = wave_of("readers", services[:1], SoakStep(1), OffsetsStep(), StopStep(), StartStep())
    (violation,) = prove(plan_of(services, (early, wave_of("writers", services[1:])))).violations
    assert (violation.rule, violation.anchor.step) == ("stop-before-offsets", 1)


@pytest.mark.parametrize(
    ("first", "then", "circle"),
    [
        (A, B, "a circle: a writes x, b writes y, which a reads"),
        (B, A, "a circle: b writes y, a writes x, which b reads"),
    ],
)
def test_a_circle_that_is_split_is_mended_by_one_wave_alone(
    first: Service, then: Service, circle: str
) -> None:
    """Whichever moves first, the other one would have to be before it."""
    waves = (wave_of("one", (first,)), wave_of("two", (then,)))
    (violation,) = prove(plan_of((A, B), waves)).violations
    assert violation.rule == "downstream-first"
    assert violation.hint == f"move {first.name} and {then.name} in one wave: {circle}"


def test_a_long_circle_is_named_whole() -> None:
    c = service("c", produces=("z",), consumes=("y",))
    a = replace(A, consumes=("z",))
    waves = (wave_of("one", (a,)), wave_of("two", (B, c)))
    (violation,) = prove(plan_of((a, B, c), waves)).violations
    assert violation.hint == (
        "move a and b in one wave: a circle: a writes x, b writes y, c writes z, which a reads"
    )


def test_who_also_writes_with_its_reader_is_told_of_the_topic_that_ties_them() -> None:
    writer = service("writer", produces=("x", "z"))
    reader = service("reader", produces=("z",), consumes=("x",))
    waves = (wave_of("one", (writer,)), wave_of("two", (reader,)))
    found = prove(plan_of((writer, reader), waves)).violations
    (hint,) = [violation.hint for violation in found if violation.rule == "downstream-first"]
    assert hint == ("move writer and reader in one wave: all producers of a topic move together: z")
    allowed = (Interleaving("z", "any order", "team"),)
    found = prove(replace(plan_of((writer, reader), waves), interleavings=allowed)).violations
    (hint,) = [violation.hint for violation in found if violation.rule == "downstream-first"]
    assert hint == "move reader first, or in the same wave"
