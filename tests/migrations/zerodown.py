"""A shop leaves Kafka 2.8 in waves by risk, with drills, a wave that comes back and goes again, and
a job that nobody had thought of: the flights, and what must be true of them.

Used by the test and by `python -m tests.migrations`.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import cockpit.lab
from cockpit.cli import exits
from cockpit.cli.output import complain
from cockpit.lab.checker import Verdict
from cockpit.lab.looking import Status
from cockpit.lab.wavesshop import REPORTS, WAVES_SHOP
from cockpit.lab.workload import WORKLOAD
from tests.flights.real import Flight, fly
from tests.flights.test_lab import runs_on
from tests.migrations.inflight import FailsOnce, settled
from tests.migrations.saying import says

SETTLE_S = 150.0
"""The job reads once a minute."""
GATE_WAIT = "20m"
"""For a machine that others use, too."""
BACK = "money"
"""The wave that comes back by its own trigger, and goes again."""
DRILLS = {
    "low-risk": ("stop-task on mm2-source", "call on audit"),
    "edge": ("call on gateway",),
}


def take_off(folder: Path) -> Status:
    """The lab of this migration, running; its progress is printed."""
    return cockpit.lab.up(folder / "lab", complain, profile="zero-downtime-waves")


def zerodown(lab: Status, state: Path) -> tuple[Flight, Verdict]:
    """Everything moves, the forgotten job is found and moved, and all of it is packed."""
    state.mkdir(exist_ok=True)
    plan = lab.folder / "plan.yaml"
    trouble = FailsOnce(lab, state, BACK, "billing", 0.3)
    flight = fly(plan, state, trouble, "--gate-wait", GATE_WAIT, "--again")
    assert flight.exit_code == exits.COMPLETED, flight.story()
    assert_waves(flight)
    assert_drills(flight)
    assert_came_back_once(flight)
    assert {runs_on(lab, work.name) for work in WORKLOAD} == {"target"}
    met = stragglers(plan, state)
    assert [one["name"] for one in met["stragglers"]] == [REPORTS.group], met
    tail = fly(lab.folder / "long-tail.yaml", state, lambda _: None, "--gate-wait", GATE_WAIT)
    assert tail.exit_code == exits.COMPLETED, tail.story()
    assert runs_on(lab, REPORTS.name) == "target"
    assert flight.result["predicted_duplicates_max"] == 0
    assert tail.result["predicted_duplicates_max"] == 0
    left = stragglers(plan, state)
    assert left["stragglers"] == [], left
    verdict = settled(lab, SETTLE_S)
    assert (verdict.lost, verdict.duplicated, verdict.reordered) == (0, 0, 0)
    archive(plan, state)
    return flight, verdict


def assert_waves(flight: Flight) -> None:
    """All are done, in the order of their risk."""
    names = [name for name, _ in WAVES_SHOP.waves]
    assert [wave["name"] for wave in flight.result["waves"]] == names
    assert {wave["state"] for wave in flight.result["waves"]} == {"done"}


def assert_drills(flight: Flight) -> None:
    """Each was noticed within its time."""
    found: dict[str, list[str]] = {wave: [] for wave in DRILLS}
    for event in flight.events:
        if event["kind"] == "step_done" and event["step"] == "drill":
            found[event["wave"]].append(event["text"])
    for wave, drills in DRILLS.items():
        assert len(found[wave]) == len(drills), found
        for text, drill in zip(found[wave], drills, strict=True):
            assert f"{drill}: noticed after " in text, text


def assert_came_back_once(flight: Flight) -> None:
    """One wave, by its own trigger, with nobody asked."""
    fired = [e for e in flight.events if e["kind"] == "trigger" and e["wave"] == BACK]
    assert [event["trigger"] for event in fired] == ["signal billing-errors"]
    back = [e["wave"] for e in flight.events if e["kind"] == "wave_rolled_back"]
    assert back == [BACK]


def stragglers(plan: Path, state: Path) -> Any:  # what JSON gave
    """Who still reads or writes on the source, watched for longer than the job pauses."""
    done = cockpit_says("stragglers", plan, state, "--watch", "75s", "--every", "2s", "--json")
    found = json.loads(done.stdout.splitlines()[-1])
    (state / "stragglers.jsonl").open("a").write(json.dumps(found) + "\n")
    assert done.returncode == (exits.FAILED if found["stragglers"] else exits.COMPLETED), done
    return found


def archive(plan: Path, state: Path) -> None:
    """Pack what is kept, with nothing missing."""
    done = cockpit_says("archive", plan, state, "--json", "-o", str(state / "archive.tar.gz"))
    assert done.returncode == exits.COMPLETED, done.stdout + done.stderr


def cockpit_says(
    verb: str, plan: Path, state: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    """One command about a plan, as a script would."""
    return says(state, verb, str(plan), *options)
