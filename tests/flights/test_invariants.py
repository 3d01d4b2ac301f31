"""The checker of the invariants: what it sees where a trace was changed, and what is said of it."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.core.actions import ProveShut
from cockpit.sim.faults import EscapingWriter, FenceVanishes, ServiceCrash, When
from tests.flights.invariants import check
from tests.flights.invariants.trace import Call, Felt, Item, Line, Read, Shot
from tests.flights.mutants.document import document
from tests.flights.mutants.scenes import play
from tests.flights.simulate import Flown

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "invariants.md"


@pytest.fixture(scope="module")
def calm() -> Flown:
    """A flight on which nothing goes wrong."""
    return play("calm", 2)


def with_items(flown: Flown, items: list[Item]) -> Flown:
    return replace(flown, trace=replace(flown.trace, items=tuple(items)))


def test_a_calm_flight_breaks_nothing_and_was_seen_whole(calm: Flown) -> None:
    assert check(calm) == ()
    kinds = {type(item).__name__ for item in calm.trace.items}
    assert kinds == {"Line", "Call", "Felt", "Shot", "Read"}
    assert len(calm.journal) == sum(isinstance(item, Line) for item in calm.trace.items)


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("intent", "I5"),
        ("outcome", "I5"),
        ("confirmed", "I10"),
        ("armed", "I10"),
        ("asked", "I10"),
        ("state", "I16"),
    ],
)
def test_an_entry_that_is_missing_from_the_journal_is_missed(
    calm: Flown, kind: str, broken: str
) -> None:
    without = [i for i in calm.trace.items if not (isinstance(i, Line) and i.kind == kind)]
    found = check(with_items(calm, without))
    assert any(text.startswith(f"{broken}:") for text in found), found


def test_an_entry_that_was_changed_afterwards_breaks_the_chain(calm: Flown) -> None:
    changed = [dict(entry) for entry in calm.journal]
    changed[7]["at_ms"] += 1
    found = check(replace(calm, journal=tuple(changed)))
    assert any(text.startswith("I16: entry 8 ") for text in found), found


def test_a_value_that_no_sample_has_ever_had_is_seen(calm: Flown) -> None:
    items = list(calm.trace.items)
    at = next(i for i, item in enumerate(items) if isinstance(item, Shot) and item.n > 500)
    shot = items[at]
    assert isinstance(shot, Shot)
    table = shot.snapshot.partitions
    wrong = dataclasses.replace(table, source_end=table.source_end + 1)
    items[at] = replace(shot, snapshot=replace(shot.snapshot, partitions=wrong))
    found = check(with_items(calm, items))
    assert any(text.startswith("I17: ") for text in found), found


def test_a_wave_whose_signal_nobody_has_read_has_begun_on_nothing(calm: Flown) -> None:
    silent = [
        item
        for item in calm.trace.items
        if not (isinstance(item, Read) and item.feed == "signal.checkout-errors")
    ]
    found = check(with_items(calm, silent))
    assert any(text.startswith("I2: ") for text in found), found


@pytest.mark.parametrize(("by_others", "is_broken"), [(0, True), (2, True), (3, False)])
def test_own_records_are_awaited_whoever_else_writes(
    calm: Flown, by_others: int, is_broken: bool
) -> None:
    items = list(calm.trace.items)
    at, start = next(
        (i, item)
        for i, item in enumerate(items)
        if isinstance(item, Felt) and item.name == "start checkout"
    )
    assert start.moment is not None
    strange = {"payments": by_others}
    moment = replace(start.moment, left={"payments": 3}, left_by_others=strange)
    items[at] = replace(start, moment=moment)
    escaping = (EscapingWriter(topics=("payments",), when=When()), FenceVanishes(when=When()))
    found = check(with_items(replace(calm, faults=escaping), items))
    told = [text for text in found if "before its records are there" in text]
    assert bool(told) is is_broken, found


@pytest.mark.parametrize("told", [True, False])
def test_who_wrote_behind_the_fence_is_told_before_the_start(calm: Flown, told: bool) -> None:
    items = list(calm.trace.items)
    at, look = last_look(items)
    assert look.truth is not None
    items[at] = replace(look, truth=replace(look.truth, others={"payments": 4}))
    if told:
        entry = {"kind": "fence_escaped", "text": "a writer escapes the fence"}
        items.insert(at, Line(look.n, look.at_ms, entry, False, None, written=False))
    found = check(with_items(calm, items))
    assert any("nobody was told who wrote" in text for text in found) is not told, found


def last_look(items: list[Item]) -> tuple[int, Call]:
    """The last proof before producers are released."""
    return [
        (i, item)
        for i, item in enumerate(items)
        if isinstance(item, Call) and isinstance(item.action, ProveShut) and item.verb == "verify"
    ][-1]


def test_a_lost_record_is_lost_whatever_the_cockpit_says(calm: Flown) -> None:
    services = tuple(replace(s, lost=s.lost + 1) for s in calm.truth.services[:1])
    lost = replace(calm, truth=replace(calm.truth, services=services))
    assert any(text.startswith("I7: ledger has lost 1") for text in check(lost))


def test_what_a_crashed_service_reads_again_is_not_held_against_the_cockpit(calm: Flown) -> None:
    services = tuple(replace(s, duplicated=9_999) for s in calm.truth.services[:1])
    again = replace(calm, truth=replace(calm.truth, services=services))
    assert any(text.startswith("I7: ") for text in check(again))
    crash = ServiceCrash(service="ledger", when=When())
    assert check(replace(again, faults=(crash,))) == ()


@pytest.mark.parametrize("key_open", [True, False])
def test_a_wave_that_holds_is_at_an_end_only_where_somebody_can_press_a_key(
    calm: Flown, key_open: bool
) -> None:
    items = list(calm.trace.items)
    shot = next(item for item in reversed(items) if isinstance(item, Shot))
    at = shot.snapshot.status.wave_number - 1
    waves = list(shot.snapshot.waves)
    waves[at] = replace(waves[at], word="holding")
    actions = tuple(replace(action, enabled=key_open) for action in shot.snapshot.actions)
    held = replace(shot.snapshot, waves=tuple(waves), actions=actions)
    for minute in range(13):
        later = shot.at_ms + 60_000 * minute
        items.append(replace(shot, n=shot.n + 1 + minute, at_ms=later, snapshot=held))
    found = [text for text in check(with_items(calm, items)) if text.startswith("I8:")]
    assert bool(found) is not key_open, found


def test_the_document_lists_what_is_checked_and_planted() -> None:
    assert DOCUMENT.read_text() == document(), "python -m tests.flights.mutants document"
