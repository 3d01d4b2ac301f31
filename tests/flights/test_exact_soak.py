"""Twenty flights of the lab with random timing, by content and by translation. Resumable.

`FLIGHTS=n` says how many; `make soak` runs them. Each has a lab of its own; what came of it is kept
in `.soak/exact.json`, and flights that passed with this code are not flown again.
"""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

import cockpit.lab
from cockpit.cli import exits
from cockpit.lab.checker import check
from tests.flights.real import Event, Flight, drill_signal, drilled_plan, fly
from tests.flights.test_lab import assert_nothing_lost
from tests.flights.test_soak import ROOT, source_hash

KEPT = ROOT / ".soak" / "exact.json"
TRANSLATED_EVERY = 5
"""Each fifth flight resumes by MirrorMaker's translation: no more twice than was predicted."""


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


def fly_once(number: int, folder: Path) -> dict[str, Any]:
    """One lab and its flights: perhaps the readers come back first, then everything moves."""
    dice = random.Random(number)
    resume = "translated" if number % TRANSLATED_EVERY == TRANSLATED_EVERY - 1 else "exact"
    plan = "plan-exact.yaml" if resume == "exact" else "plan.yaml"
    comes_back = dice.random() < 0.5
    state = folder / "state"
    lab = cockpit.lab.up(folder / "lab", lambda _: None)
    state.mkdir()
    try:
        with drill_signal() as drill:

            def trip(event: Event) -> None:
                if event["kind"] == "step_done" and event["step"] == "soak" and comes_back:
                    drill.value = 0.5

            drilled = drilled_plan(lab.folder / plan, drill, lab.folder / "drilled.yaml")
            time.sleep(dice.uniform(0.0, 5.0))
            flights = [fly(drilled, state, trip)] if comes_back else []
            drill.value = 0.0
            time.sleep(dice.uniform(0.0, 3.0))
            flights.append(fly(drilled, state))
        assert_nothing_lost(lab)
        verdict = check(lab.folder)
    finally:
        cockpit.lab.down(lab.folder)
    assert flights[-1].exit_code == exits.COMPLETED, flights[-1].errors
    return {
        "flight": number,
        "resume": resume,
        "comes_back": comes_back,
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "reordered": verdict.reordered,
        "predicted": sum(f.result["predicted_duplicates_max"] for f in flights),
        "offsets_ms": [ms for flight in flights for ms in places_ms(flight)],
    }


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_twenty_flights_with_random_timing_read_nothing_twice(tmp_path: Path) -> None:
    wanted = int(os.environ.get("FLIGHTS", "20"))
    code = source_hash()
    KEPT.parent.mkdir(exist_ok=True)
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    rows = kept["flights"] if kept.get("code") == code else []
    for number in range(len(rows), wanted):
        folder = tmp_path / str(number)
        folder.mkdir()
        row = fly_once(number, folder)
        assert (row["lost"], row["reordered"]) == (0, 0), row
        assert row["duplicated"] <= row["predicted"], row
        assert row["predicted"] == 0 or row["resume"] == "translated", row
        rows.append(row)
        KEPT.write_text(json.dumps({"code": code, "flights": rows}, indent=1))
    assert len(rows) >= wanted
