"""The prover against a world of records that knows nothing of it (`prove_oracle`)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.plan import Interleaving, ReplicationKind
from cockpit.core.prove import model_of, prove, prove_model
from cockpit.core.prove import rules as prover_rules
from cockpit.core.prove import waves as wave_rules
from tests.core.prove_oracle import fly
from tests.core.random_plans import plan_of, random_plan, wave_of
from tests.core.test_prove import BROKEN, CHECKOUT, LEDGER, RIGHT, WEB

PLANS = 250
FLIGHTS = 12
SEEN_BY_RECORDS = (
    "downstream-first",
    "one-writer-side",
    "stop-before-offsets",
    "offsets-before-start",
    "fence-and-drain",
    "no-way-back",
    "promote-when-moved",
    "proxy-not-fenced",
)
"""Rules that guard the records themselves, in a way that this world can show."""


def flown(name: str, flights: int = 60) -> set[str]:
    """What goes wrong in some flight of a broken plan."""
    return {wrong for seed in range(flights) for wrong in fly(BROKEN[name], seed)}


@pytest.mark.parametrize("kind", ["mirrormaker2", "msk-replicator", "link"])
def test_what_is_proved_loses_nothing_in_any_flight(kind: ReplicationKind) -> None:
    proved = 0
    for seed in range(PLANS):
        plan = random_plan(seed, kind)
        if not prove(plan).proved:
            continue
        proved += 1
        for flight in range(FLIGHTS):
            assert fly(plan, flight) == set(), (seed, flight)
    assert proved > PLANS // 4


@pytest.mark.parametrize("name", [name for name in RIGHT if "allowed" not in name])
def test_the_right_plans_fly_well(name: str) -> None:
    for flight in range(40):
        assert fly(RIGHT[name], flight) == set(), flight


@pytest.mark.parametrize("name", SEEN_BY_RECORDS)
def test_what_a_rule_refuses_goes_wrong_in_some_flight(name: str) -> None:
    assert flown(name)


def test_most_refusals_have_a_flight_that_shows_why() -> None:
    """The prover is not merely strict. A flight is random: some need more luck than others."""
    refused = shown = 0
    for seed in range(120):
        plan = random_plan(seed)
        rules = {violation.rule for violation in prove(plan).violations}
        if rules & set(SEEN_BY_RECORDS):
            refused += 1
            shown += any(fly(plan, flight) for flight in range(40))
    assert refused > 40
    assert shown >= 0.9 * refused


@pytest.mark.parametrize("name", SEEN_BY_RECORDS)
def test_without_a_rule_some_accepted_plan_goes_wrong(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, table in ((prover_rules, "RULES"), (wave_rules, "CHECKS")):
        kept = tuple(rule for rule in getattr(module, table) if rule[0] != name)
        monkeypatch.setattr(module, table, kept)
    assert prove(BROKEN[name]).proved
    assert flown(name)


def test_the_world_sees_what_an_allowed_interleaving_costs() -> None:
    """Both sides are written: nothing is lost, but the order is."""
    plan = RIGHT["a topic is allowed on both sides"]
    assert prove(plan).proved
    wrong = {kind for seed in range(80) for kind in fly(plan, seed)}
    assert "lost" not in wrong
    assert "out of order" in wrong


def test_what_is_allowed_on_both_sides_may_lose_its_order_and_nothing_else() -> None:
    proved = 0
    for seed in range(PLANS):
        plan = random_plan(seed)
        allowed = tuple(Interleaving(topic, "any order", "team") for topic in plan.topics())
        plan = replace(plan, interleavings=allowed)
        if not prove(plan).proved:
            continue
        proved += 1
        for flight in range(FLIGHTS):
            assert not fly(plan, flight) & {"lost", "read twice"}, (seed, flight)
    assert proved > PLANS // 4


@pytest.mark.parametrize("kind", ["mirrormaker2", "link"])
def test_what_is_proved_beside_somebody_who_stays_loses_nothing(kind: ReplicationKind) -> None:
    proved = shown = 0
    for seed in range(PLANS):
        plan = random_plan(seed, kind)
        left = frozenset(topic for service in plan.services for topic in service.produces)
        if not prove(plan).proved:
            continue
        alone = prove_model(replace(model_of(plan), outside=left)).proved
        wrong = {what for flight in range(FLIGHTS) for what in fly(plan, flight, left)}
        if alone:
            proved += 1
            assert wrong == set(), seed
        shown += bool(wrong)
    assert proved > 20
    assert shown  # some plan is refused for what it would lose


def test_the_world_sees_a_wave_too_many() -> None:
    waves = (wave_of("all", (CHECKOUT,)), wave_of("web", (WEB,)), wave_of("readers", (LEDGER,)))
    plan = plan_of((LEDGER, CHECKOUT, WEB), waves)
    assert {kind for seed in range(40) for kind in fly(plan, seed)} >= {"lost", "cut off"}
    assert not prove(replace(plan, waves=waves)).proved
