"""A bank leaves a managed Kafka for brokers in its own cloud: a sink connector goes back once, then
a difference of schemas holds the first wave, the connector moves, and trouble comes once there is
no way back. The flights, and what must be true of them.

Used by the test and by `python -m tests.migrations`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

import cockpit.lab
from cockpit.cli import exits
from cockpit.cli.output import complain
from cockpit.lab.bank import BANK, DEAD_LETTERS, STATEMENTS
from cockpit.lab.checker import Verdict
from cockpit.lab.looking import Status
from cockpit.lab.subjects import FORGOTTEN, LEVEL
from cockpit.lab.surroundings import registry_url
from tests.flights.real import Event, Flight, fly, write_plan
from tests.flights.test_lab import runs_on, until
from tests.migrations.inflight import call, note_event, settled
from tests.migrations.rewinding import Doubled, Rewind
from tests.migrations.saying import says

SETTLE_S = 120.0
GATE_WAIT = "20m"
"""For a machine that others use, too."""
MENDED_WITHIN_S = 600.0
LAST = "branches"
"""The wave in trouble, when all that is left is forward."""
FIRST, STAND_S = "statements", 60
"""The wave that goes back, and how long it would stand between `offsets` and `start`."""
FAILING = ("tellers", "scoring")
FAULT = 0.5
REWOUND_RECORDS = 100
FIRED = {"signal failing-clients", "signal sink-duplicates"}


def take_off(folder: Path) -> Status:
    """The lab of this migration, running; its progress is printed."""
    return cockpit.lab.up(folder / "lab", complain, profile="byoc")


@dataclass(slots=True)
class Trouble:
    """The owner of the registry does what a failing gate asks for. Once the last wave has started,
    two clients begin to fail and somebody sets the connector back."""

    lab: Status
    state: Path
    mended: bool = field(default=False)
    doubled: Doubled | None = field(default=None)

    def __call__(self, event: Event) -> None:
        note_event(self.state, event)
        at = (event["kind"], event.get("gate"), event.get("verdict"))
        if at == ("gate", "parity", "FAIL") and not self.mended:
            assert FORGOTTEN in event["text"], event
            self.mended = True
            self._set_level()
        if (event["kind"], event.get("wave"), event.get("step")) == ("step_done", LAST, "start"):
            for name in FAILING:
                call(self.lab, name, f"fault?ratio={FAULT}")
            connect = self.lab.as_json()["connect"]
            rewind = Rewind(connect, "warehouse", STATEMENTS, 0, REWOUND_RECORDS)
            self.doubled = rewind(self.lab.folder)

    def _set_level(self) -> None:
        assert self.lab.record is not None
        url = f"{registry_url(self.lab.record, 'target')}/config/{FORGOTTEN}"
        reply = httpx.put(url, json={"compatibility": LEVEL}, trust_env=False, timeout=20.0)
        reply.raise_for_status()


def byoc(lab: Status, state: Path) -> tuple[Flight, Verdict]:
    """Everything moves, the last wave is recovered forward, and the verdict is as predicted."""
    state.mkdir(exist_ok=True)
    plan = lab.folder / "plan.yaml"
    assert_ready(plan, state)
    the_connector_goes_back(lab, state / "first")
    trouble = Trouble(lab, state)
    flight = fly(plan, state, trouble, "--gate-wait", GATE_WAIT)
    assert flight.exit_code == exits.STOPPED, flight.story()
    assert_left_to_a_person(flight)
    recovered(state)
    assert {runs_on(lab, work.name) for work in BANK.works} == {"target"}
    assert flight.result["predicted_duplicates_max"] == 0
    assert trouble.doubled is not None
    (state / "doubled.json").write_text(json.dumps(asdict(trouble.doubled)) + "\n")
    verdict = settled(lab, SETTLE_S)
    assert_doubled(verdict, trouble.doubled)
    return flight, verdict


def the_connector_goes_back(lab: Status, state: Path) -> None:
    """The first wave alone, which stands still once its groups have their places: clients fail, its
    trigger takes it back, and the connector goes on where it was."""
    state.mkdir()
    content = yaml.safe_load((lab.folder / "plan.yaml").read_text())
    del content["readiness"]  # no flight asks for it, and its instants would lose their quotes
    wave = next(wave for wave in content["waves"] if wave["name"] == FIRST)
    wave["gates"] = [gate for gate in wave["gates"] if "replication_lag" in gate]
    wave["steps"].insert(wave["steps"].index("start"), {"soak": {"for": f"{STAND_S}s"}})

    def fail(event: Event) -> None:
        if (event["kind"], event.get("step")) == ("step_done", "offsets"):
            for name in FAILING:
                call(lab, name, f"fault?ratio={FAULT}")

    flight = fly(
        write_plan(content, lab.folder / "plan-back.yaml"), state, fail, "--gate-wait", GATE_WAIT
    )
    for name in FAILING:
        call(lab, name, "fault?ratio=0")
    assert flight.exit_code == exits.ROLLED_BACK, flight.story()
    fired = [event["trigger"] for event in flight.events if event["kind"] == "trigger"]
    assert fired == ["signal failing-clients"], flight.story()
    assert {runs_on(lab, work.name) for work in BANK.works} == {"source"}


def assert_ready(plan: Path, state: Path) -> None:
    """Every gate has its owner and his signature, and nothing is missing or unknown, once the
    mirror has told of every partition that it has a place there."""
    gates: dict[str, Any] = {}

    def is_known() -> bool:
        done = says(state, "readiness", str(plan), "--json")
        (state / "readiness.json").write_text(done.stdout)
        gates.update({gate["gate"]: gate for gate in json.loads(done.stdout)["gates"]})
        return done.returncode != exits.UNKNOWN

    until(is_known)
    assert all(gate["owner"] == gate["signed_by"] for gate in gates.values()), gates
    assert {gate["word"] for gate in gates.values()} == {"ready"}, gates


def assert_left_to_a_person(flight: Flight) -> None:
    """All but the last wave are done; that one stands on its triggers, and cannot go back."""
    states = {wave["name"]: wave["state"] for wave in flight.result["waves"]}
    assert list(states) == [name for name, _ in BANK.waves]
    assert [name for name, word in states.items() if word != "done"] == [LAST], flight.story()
    assert flight.result["left_running"]
    first = next(event for event in flight.events if event.get("verdict") == "FAIL")
    assert first["gate"] == "parity", first
    fired = {e["trigger"] for e in flight.events if e["kind"] == "trigger" and e["wave"] == LAST}
    assert fired & FIRED, flight.story()


def recovered(state: Path) -> None:
    """Once both triggers have fired a person does what the plan says for beyond the point of no
    return, and goes on."""
    until(lambda: fires_now(state) >= FIRED, MENDED_WITHIN_S, every_s=1.0)
    act(state, "recover")
    until(lambda: not fires_now(state), MENDED_WITHIN_S, every_s=1.0)
    until(lambda: acted(state, "confirm") == exits.COMPLETED, MENDED_WITHIN_S, every_s=1.0)
    until(lambda: acted(state, "advance") == exits.COMPLETED, MENDED_WITHIN_S, every_s=1.0)
    until(lambda: standing(state)["waves"][-1]["word"] == "done", MENDED_WITHIN_S, every_s=1.0)
    act(state, "end")


def fires_now(state: Path) -> set[str]:
    """Triggers of the wave that are beyond their limit."""
    triggers = standing(state)["triggers"]
    return {trigger["name"] for trigger in triggers if trigger["verdict"] == "FAIL"}


def act(state: Path, verb: str) -> None:
    """One order, which must be carried out."""
    assert acted(state, verb) == exits.COMPLETED


def acted(state: Path, verb: str) -> int:
    """One order; its exit code."""
    done = says(state, "act", verb, "--confirm", LAST, "--json")
    with (state / "orders.jsonl").open("a") as out:
        out.write(done.stdout)
    return done.returncode


def standing(state: Path) -> Any:  # what JSON gave
    """How the flight stands."""
    return json.loads(says(state, "status", "--json").stdout)


def assert_doubled(verdict: Verdict, doubled: Doubled) -> None:
    """Nothing is lost or out of order, and read again is what setting back the connector must
    double: nothing else."""
    assert (verdict.lost, verdict.reordered) == (0, 0)
    again = {
        (count.service, count.topic): count.duplicated
        for count in verdict.counts
        if count.duplicated
    }
    wanted = {
        ("warehouse", STATEMENTS): doubled.rows,
        ("triage", DEAD_LETTERS): doubled.dead_letters,
    }
    assert again == {place: records for place, records in wanted.items() if records}
