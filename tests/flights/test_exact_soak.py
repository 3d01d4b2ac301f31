"""Flights of the lab with random timing, and what came of each: by content nothing is read twice,
by translation exactly what was predicted, and what comes back after a soak neither. Resumable.

`FLIGHTS=n` says how many of each; `make soak` runs them. Each has a lab of its own, but for those
that come back: they leave the lab as it was, and share one that is counted after each. What came of
it is kept in `.soak/exact.json`, and flights that passed with this code are not flown again.
`python -m tests.flights.blocked_table` prints how long clients were blocked in them.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

import cockpit.lab
from cockpit.cli import exits
from cockpit.lab.checker import check
from cockpit.lab.looking import Status
from tests.flights import soaking
from tests.flights.blocked import blocked_rows, cockpit_median_ms, kept_flights
from tests.flights.real import (
    Event,
    Flight,
    begun_at_once,
    drill_signal,
    drilled_plan,
    fly,
    quick,
    write_plan,
)
from tests.flights.soaking import KEPT, source_hash
from tests.flights.test_lab import assert_nothing_lost

Kind = Literal["exact", "translated", "back"]
KINDS: tuple[Kind, ...] = ("exact", "translated", "back")
FILE = KEPT / "exact.json"
COCKPIT_MS = 2_000
"""The longest that the cockpit itself may keep clients waiting, in half of all waves."""
PLANS = {"exact": "plan-exact.yaml", "translated": "plan.yaml", "back": "plan-exact.yaml"}


def rows_so_far(kind: Kind) -> list[dict[str, Any]]:
    """Flights of this kind that passed with this code."""
    return [row for row in kept_flights(FILE).get(kind, []) if row["code"] == source_hash()]


def keep(kind: Kind, rows: list[dict[str, Any]]) -> None:
    """Instead of what was kept of this kind."""
    soaking.keep(FILE, {**kept_flights(FILE), kind: rows})


def places_ms(flight: Flight) -> list[int]:
    """How long each `offsets` step took."""
    begun: dict[str, int] = {}
    took: list[int] = []
    for event in flight.events:
        if event.get("step") != "offsets":
            continue
        if event["kind"] == "step_started":
            begun[event["wave"]] = event["at_ms"]
        elif event["kind"] == "step_done":
            took.append(event["at_ms"] - begun[event["wave"]])
    return took


def predicted(flight: Flight) -> dict[str, int]:
    """Records that were said to be read again, by group and partition, where there are any."""
    found: Counter[str] = Counter()
    for event in flight.events:
        if event["kind"] == "offsets_placed":
            found.update({f"{event['group']} {place}": n for place, n in event["rereads"].items()})
    return dict(sorted(found.items()))


def counted(lab: Status) -> dict[str, int]:
    """Records that were read again, by group and partition, where there are any."""
    found = {
        f"shop-{count.service} {count.topic}/{partition}": times
        for count in check(lab.folder).counts
        for partition, times in count.duplicated_in.items()
    }
    return dict(sorted(found.items()))


@contextlib.contextmanager
def new_lab(folder: Path) -> Iterator[Status]:
    """Real clusters, everything on the source."""
    lab = cockpit.lab.up(folder / "lab", lambda _: None)
    (folder / "state").mkdir()
    try:
        yield lab
    finally:
        cockpit.lab.down(lab.folder)


def fly_once(kind: Kind, number: int, lab: Status) -> dict[str, Any]:
    """One flight: everything moves, or the readers move, soak and come back."""
    dice = random.Random(f"{kind} {number}")
    state = lab.folder.parent / "state"
    with drill_signal() as drill:

        def trip(event: Event) -> None:
            if event["kind"] == "step_done" and event["step"] == "soak":
                drill.value = 0.5

        plan, flown = lab.folder / PLANS[kind], lab.folder / "flown.yaml"
        time.sleep(dice.uniform(0.0, 5.0))
        if kind == "back":
            content = yaml.safe_load(drilled_plan(plan, drill, flown).read_text())
        else:
            content = quick(plan)
        flight = fly(write_plan(begun_at_once(content), flown), state, trip)
    wanted = exits.ROLLED_BACK if kind == "back" else exits.COMPLETED
    assert flight.exit_code == wanted, flight.story()
    assert_nothing_lost(lab)
    verdict = check(lab.folder)
    return {
        "code": source_hash(),
        "flight": number,
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "reordered": verdict.reordered,
        "predicted": flight.result["predicted_duplicates_max"],
        "predicted_in": predicted(flight),
        "duplicated_in": counted(lab),
        "offsets_ms": places_ms(flight),
        "blocked": blocked_rows(lab, flight),
    }


def assert_as_predicted(kind: Kind, row: dict[str, Any]) -> None:
    """Nothing lost or out of order, and what was read twice is what was said, place by place."""
    assert (row["lost"], row["reordered"]) == (0, 0), row
    assert row["duplicated_in"] == row["predicted_in"], row
    assert row["duplicated"] == row["predicted"], row
    assert row["predicted"] == 0 or kind == "translated", row


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_by_translation_exactly_those_records_are_read_twice_that_were_predicted(
    tmp_path: Path,
) -> None:
    with new_lab(tmp_path) as lab:
        row = fly_once("translated", 0, lab)
    assert_as_predicted("translated", row)
    assert row["blocked"]


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_flights_with_random_timing(tmp_path: Path, kind: Kind) -> None:
    wanted = int(os.environ.get("FLIGHTS", "20"))
    rows = rows_so_far(kind)
    with contextlib.ExitStack() as labs:
        for number in range(len(rows), wanted):
            folder = tmp_path / str(number if kind != "back" else "all")
            if not folder.exists():
                folder.mkdir()
                labs.close()
                lab = labs.enter_context(new_lab(folder))
            row = fly_once(kind, number, lab)
            assert_as_predicted(kind, row)
            rows.append(row)
            keep(kind, rows)
    assert len(rows) >= wanted
    if kind == "exact":
        assert cockpit_median_ms(rows) < COCKPIT_MS
