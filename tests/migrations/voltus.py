"""A hundred services leave Kafka 1.0.2 in eight waves: the flight, and what must be true of it.

Used by the test and by `python -m tests.migrations`.
"""

from __future__ import annotations

import json
from pathlib import Path

import cockpit.lab
from cockpit.cli import exits
from cockpit.cli.output import complain
from cockpit.lab.checker import Verdict
from cockpit.lab.grid import GRID
from cockpit.lab.looking import Status
from tests.flights.real import Event, Flight, fly
from tests.flights.test_lab import runs_on, until
from tests.migrations.inflight import note_event, settled
from tests.migrations.saying import says

SETTLE_S = 120.0
CARRIED_S = 300.0
"""Within which the mirror has the commits of every group; before the flight it is read whether."""
GATE_WAIT = "20m"
"""For a machine that others use, too."""


def take_off(folder: Path) -> Status:
    """The lab of this migration, running; its progress is printed."""
    return cockpit.lab.up(folder / "lab", complain, profile="voltus")


def places(lab: Status, state: Path) -> list[str]:
    """What `cockpit readiness` finds at the gate of offsets; kept beside the flight."""
    done = says(state, "readiness", str(lab.folder / "plan.yaml"), "--json", "--all")
    (state / "readiness.json").write_text(done.stdout)
    gates = json.loads(done.stdout)["gates"]
    offsets = next(gate for gate in gates if gate["gate"] == "offsets")
    return [finding["text"] for finding in offsets["findings"]]


def voltus(lab: Status, state: Path) -> tuple[Flight, Verdict]:
    """Fly all eight waves without a screen and judge them from outside."""
    state.mkdir(exist_ok=True)
    groups = len({work.group for work in GRID.works if work.group})
    whole = f"the mirror carries all commits of {groups} of {groups} groups"
    until(lambda: any(text.startswith(whole) for text in places(lab, state)), CARRIED_S, every_s=5)

    def keep(event: Event) -> None:
        note_event(state, event)

    flight = fly(lab.folder / "plan.yaml", state, keep, "--gate-wait", GATE_WAIT)
    assert flight.exit_code == exits.COMPLETED, flight.story()
    assert {wave["state"] for wave in flight.result["waves"]} == {"done"}
    assert len(flight.result["waves"]) == len(GRID.waves)
    assert flight.result["predicted_duplicates_max"] == 0
    assert {runs_on(lab, work.name) for work in GRID.works} == {"target"}
    verdict = settled(lab, SETTLE_S)
    assert (verdict.lost, verdict.duplicated, verdict.reordered) == (0, 0, 0)
    return flight, verdict
