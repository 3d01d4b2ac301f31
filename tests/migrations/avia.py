"""Live tournaments move over a link: a batch that goes back, then the whole flight.

Used by the test and by `python -m tests.migrations`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import yaml

import cockpit.lab
from cockpit.cli import exits
from cockpit.cli.output import complain, say
from cockpit.lab.checker import Verdict
from cockpit.lab.looking import Status
from cockpit.lab.tournament import TOURNAMENT
from tests.flights.real import Event, Flight, fly, write_plan
from tests.flights.test_lab import runs_on
from tests.migrations.gaps import longest_gaps_ms
from tests.migrations.inflight import note_event, settled

SETTLE_S = 60.0
GATE_WAIT = "5m"
"""For a machine that others use, too."""
GAP_MAX_MS = 1_000
"""Between two writes to a topic that were accepted."""
BATCH = ("arena-a", "wallet-a")
FAULT = 0.5


def take_off(folder: Path) -> Status:
    """The lab of this migration, running; its progress is printed."""
    return cockpit.lab.up(folder / "lab", complain, profile="avia")


def avia(lab: Status, state: Path) -> tuple[Flight, Verdict]:
    """Fly without a screen and judge from outside."""
    (state / "first").mkdir(parents=True, exist_ok=True)
    _a_batch_goes_back(lab, state / "first")
    flight = _the_whole(lab, state)
    verdict = settled(lab, SETTLE_S)
    assert (verdict.lost, verdict.duplicated, verdict.reordered) == (0, 0, 0)
    gaps = longest_gaps_ms(lab.folder)
    say(f"longest gap between accepted writes: {gaps}")
    assert gaps.keys() == set(TOURNAMENT.topics)
    assert max(gaps.values()) <= GAP_MAX_MS
    return flight, verdict


def _a_batch_goes_back(lab: Status, state: Path) -> None:
    """The first batch alone: while it soaks its errors grow, and its trigger takes it back. Nobody
    fenced, nobody drained, and the other batch plays on."""
    content = yaml.safe_load((lab.folder / "plan.yaml").read_text())
    plan = write_plan(content, lab.folder / "plan-back.yaml")
    arena = f"{lab.as_json()['services'][BATCH[0]]}/fault"

    def break_it(event: Event) -> None:
        if event["kind"] == "step_done" and event["step"] == "start":
            httpx.get(arena, params={"ratio": FAULT}, trust_env=False)

    flight = fly(plan, state, _kept(state, break_it), "--gate-wait", GATE_WAIT)
    httpx.get(arena, params={"ratio": 0}, trust_env=False)
    assert flight.exit_code == exits.ROLLED_BACK, flight.story()
    assert {runs_on(lab, name) for name in BATCH} == {"source"}
    assert flight.result["predicted_duplicates_max"] in (0, None)


def _the_whole(lab: Status, state: Path) -> Flight:
    flight = fly(lab.folder / "plan.yaml", state, _kept(state), "--gate-wait", GATE_WAIT)
    assert flight.exit_code == exits.COMPLETED, flight.story()
    assert {wave["state"] for wave in flight.result["waves"]} == {"done"}
    assert len(flight.result["waves"]) == len(TOURNAMENT.waves)
    assert flight.result["predicted_duplicates_max"] == 0
    assert {runs_on(lab, work.name) for work in TOURNAMENT.works} == {"target"}
    link = httpx.get(f"{lab.as_json()['link']}/links/old-to-new", trust_env=False).json()
    assert {topic["state"] for topic in link["topics"].values()} == {"STOPPED"}
    return flight


def _kept(state: Path, also: Callable[[Event], None] = lambda _: None) -> Callable[[Event], None]:
    def keep(event: Event) -> None:
        note_event(state, event)
        also(event)

    return keep
