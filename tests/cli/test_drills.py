"""A drill breaks something, somebody notices in time, it is mended: the whole flight in simulation,
and what keeps it from clusters that anybody needs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from cockpit.cli.main import main
from cockpit.cli.rehearsing import Rehearsed, rehearse
from cockpit.cli.sabotage import brokers_elsewhere, saboteur_of, why_no_drills
from cockpit.core.drills import DrillKind, DrillStep, Expect, elsewhere
from cockpit.core.observe import ClusterInfo
from cockpit.core.plan import (
    FirstHop,
    GroupLagGate,
    HttpCall,
    Plan,
    ReplicationLagGate,
    Rollback,
    Side,
)
from cockpit.plan import load_plan_file
from cockpit.ports import PortError
from cockpit.sim.rehearsal import Invented, shortened, world_of

SAMPLE = Path(__file__).parents[2] / "sample-plans" / "drills.yaml"


def plan_with(*drills: DrillStep, rollback: Rollback | None = None) -> Plan:
    """The sample's first wave with these drills before its stop, and no other wave."""
    plan, _ = shortened(load_plan_file(SAMPLE), 2_000)
    wave = plan.waves[0]
    steps = tuple(step for step in wave.steps if not isinstance(step, DrillStep))
    wave = dataclasses.replace(wave, steps=(*drills, *steps), rollback=rollback or wave.rollback)
    return dataclasses.replace(plan, waves=(wave,))


def call(service: str, expect: Expect) -> DrillStep:
    calls = (HttpCall("http://127.0.0.1:1/break"), HttpCall("http://127.0.0.1:1/mend"))
    return DrillStep("call", service, expect, 30_000, 60_000, calls)


def drill(do: DrillKind, on: str, expect: Expect, within_ms: int = 30_000) -> DrillStep:
    return DrillStep(do, on, expect, within_ms, 60_000)


def flown(plan: Plan) -> tuple[Rehearsed, list[dict[str, object]]]:
    events: list[dict[str, object]] = []
    spec = world_of(plan, Invented(rate_per_s=60.0))
    return rehearse(plan, spec, session="drills", on_event=events.append), events


GATE = Expect("gate", "replication_lag")
ALARM = Expect("alarm", "brokers of target")


def test_each_kind_of_drill_is_noticed_mended_and_forgotten() -> None:
    plan = plan_with(
        drill("stop-task", "mirror-source", GATE, 60_000),
        drill("cut-connection", "target", ALARM),
        drill("kill-broker", "target/1", Expect("gate", "0")),
    )
    found, _ = flown(plan)
    assert (found.result.outcome, found.wrong) == ("completed", ())
    drills = [step for step in found.waves[0].steps if step.name == "drill"]
    assert [step.word for step in drills] == ["done"] * 3
    assert all(": noticed after " in step.detail for step in drills)
    assert [step.detail.partition(": noticed")[0] for step in drills] == [
        "stop-task on mirror-source",
        "cut-connection on target",
        "kill-broker on target/1",
    ]


def test_a_service_that_is_called_to_break_shows_errors_until_it_is_called_to_mend() -> None:
    """In simulation; what a real call does is up to its owner."""
    found, events = flown(plan_with(call("checkout", Expect("gate", "checkout-errors"))))
    assert (found.result.outcome, found.wrong) == ("completed", ())
    (step,) = [step for step in found.waves[0].steps if step.name == "drill"]
    assert step.detail.startswith("call on checkout: noticed after ")
    assert "gate signal checkout-errors FAIL" in step.detail
    texts = [str(e["text"]) for e in events if e["kind"] == "action_started"]
    assert "drill: mend call on checkout" in texts


def test_a_service_that_no_signal_would_show_is_not_called_in_simulation() -> None:
    found, events = flown(plan_with(call("ledger", GATE)))
    assert found.result.outcome != "completed"
    assert any("no signal that begins with ledger" in str(e["text"]) for e in events)


def test_a_broker_that_no_simulated_cluster_has_is_played_by_another_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(SAMPLE.read_text().replace("target/1,", "target/99999,"))
    note = (
        "readers: target/99999 is played by target/0, for a simulated cluster has brokers 0 to 2 "
        "only: that one is killed"
    )
    code = main(
        ["rehearse", str(path), "--longest", "2s", "--seed", "1", "--faults", "signal-down"]
    )
    assert f"  {note}\n" in capsys.readouterr().out
    assert main(["rehearse", str(path), "--longest", "2s", "--no-faults", "--json"]) == code
    assert note in json.loads(capsys.readouterr().out.splitlines()[-1])["notes"]


def test_what_is_no_broker_fails_the_drill() -> None:
    found, events = flown(plan_with(drill("kill-broker", "target/b", GATE)))
    assert found.result.outcome != "completed"
    assert any("target/b is no broker's number" in str(e["text"]) for e in events)
    assert not any("defect" in str(e["kind"]) for e in events)


def test_a_drill_that_nobody_notices_in_time_fails_its_step_and_is_mended_all_the_same() -> None:
    plan = plan_with(drill("stop-task", "mirror-source", ALARM, 5_000))
    found, events = flown(plan)
    assert found.result.outcome == "rolled_back"
    failed = [e["text"] for e in events if e["kind"] == "step_failed"]
    assert failed == [
        "readers: drill failed: stop-task on mirror-source: alarm brokers of target did not "
        "notice within 5 s"
    ]
    texts = [str(e["text"]) for e in events if e["kind"] == "action_started"]
    assert texts.index("drill: stop-task on mirror-source") < texts.index(
        "drill: mend stop-task on mirror-source"
    )
    assert found.waves[0].left_behind == ()


def test_a_trigger_that_a_drill_is_to_set_off_fires_and_takes_nothing_back() -> None:
    trigger = Rollback((GroupLagGate(100_000), ReplicationLagGate(150)), "rollback")
    expect = Expect("trigger", "replication_lag")
    plan = plan_with(drill("stop-task", "mirror-source", expect, 60_000), rollback=trigger)
    found, events = flown(plan)
    assert "trigger" in [e["kind"] for e in events]
    assert found.result.outcome == "completed"
    assert found.waves[0].went_back == ()


def test_any_other_trigger_takes_the_wave_back_and_that_mends_the_drill() -> None:
    trigger = Rollback((ReplicationLagGate(150),), "rollback")
    plan = plan_with(drill("stop-task", "mirror-source", ALARM, 60_000), rollback=trigger)
    found, _ = flown(plan)
    assert found.result.outcome == "rolled_back"
    assert found.waves[0].went_back[0].startswith("trigger replication_lag")
    assert found.waves[0].left_behind == ()


def test_a_drill_does_not_begin_while_what_it_wants_to_see_is_so_already() -> None:
    always = Rollback((ReplicationLagGate(0),), "rollback")
    first = DrillStep("kill-broker", "target/1", Expect("trigger", "0"), 30_000, 5_000)
    found, events = flown(plan_with(first, rollback=always))
    failed = [str(e["text"]) for e in events if e["kind"] == "step_failed"]
    assert failed
    assert failed[0].startswith("readers: drill failed: before the drill already: trigger ")
    assert not any(e["kind"] == "action_started" and "drill" in str(e["text"]) for e in events)
    assert found.result.outcome != "completed"


# --- where drills may be flown for real -----------------------------------------------------------


def test_a_drill_is_flown_on_this_machine_only(tmp_path: Path) -> None:
    far = load_plan_file(SAMPLE)
    (why,) = why_no_drills(far, tmp_path / "plan.yaml")
    assert why.startswith("wave readers: stop-task on mirror-source: kafka-old-1.example.internal")
    assert "not on this machine" in why
    near = on_loopback(far)
    (why,) = why_no_drills(near, tmp_path / "plan.yaml")
    assert why == (
        "wave readers: kill-broker on target/1: only a broker of a lab, flown by a plan in the "
        "lab's folder, can be killed"
    )
    forbidden = dataclasses.replace(near, drills=False)
    assert "does not say drills: allowed" in why_no_drills(forbidden, tmp_path / "p")[0]
    assert saboteur_of(near, tmp_path / "plan.yaml") is None


def on_loopback(plan: Plan) -> Plan:
    source = dataclasses.replace(plan.source, bootstrap=("127.0.0.1:1",))
    target = dataclasses.replace(plan.target, bootstrap=("localhost:2", "[::1]:3"))
    replication = dataclasses.replace(plan.replication, connect="http://127.0.0.9:4")
    return dataclasses.replace(plan, source=source, target=target, replication=replication)


def test_a_service_is_called_on_this_machine_only(tmp_path: Path) -> None:
    plan = on_loopback(plan_with(call("checkout", GATE)))
    assert why_no_drills(plan, tmp_path / "plan.yaml") == ()
    away = (HttpCall("http://127.0.0.1:1/break"), HttpCall("http://checkout.example.internal/"))
    far = on_loopback(plan_with(dataclasses.replace(call("checkout", GATE), calls=away)))
    (why,) = why_no_drills(far, tmp_path / "plan.yaml")
    assert "http://checkout.example.internal/ is not on this machine" in why


@pytest.mark.parametrize(
    "address", ["10.0.0.1:1", "127.0.0.1.example.internal:1", "localhost.example.internal:1", ":1"]
)
def test_only_loopback_is_this_machine(address: str) -> None:
    assert elsewhere((address,), ()) == (address,)
    assert elsewhere(("127.1.2.3:1", "[::1]:1", "localhost:1"), ("http://[::1]:8083",)) == ()
    assert elsewhere((), (f"http://{address}",)) == (f"http://{address}",)


def test_the_cluster_in_between_is_on_this_machine_too(tmp_path: Path) -> None:
    near = on_loopback(load_plan_file(SAMPLE))
    between = dataclasses.replace(near.source, bootstrap=("kafka-between.example.internal:9092",))
    plan = dataclasses.replace(near, first_hop=FirstHop("hop", between))
    (why,) = why_no_drills(plan, tmp_path / "plan.yaml")
    assert "kafka-between.example.internal:9092 is not on this machine" in why


class Forwarded:
    """A cluster whose metadata names these brokers, whatever address it is asked at."""

    def __init__(self, *brokers: str) -> None:
        self._brokers = brokers

    async def info(self) -> ClusterInfo:
        if not self._brokers:
            raise PortError("unreachable", "nobody answers")
        return ClusterInfo("source", 0, "id", self._brokers)


HERE = Forwarded("1 127.0.0.1:9092")


async def advertised(plan: Plan, source: Forwarded, target: Forwarded) -> tuple[str, ...]:
    clusters: dict[Side, Any] = {"source": source, "target": target}
    return await brokers_elsewhere(plan, clusters)


async def test_a_forwarded_port_is_not_taken_for_this_machine() -> None:
    plan = on_loopback(load_plan_file(SAMPLE))
    assert await advertised(plan, HERE, HERE) == ()
    away = Forwarded("1 127.0.0.1:9092", "2 kafka-new-2.example.internal:9092")
    assert await advertised(plan, HERE, away) == (
        "target/2 is at kafka-new-2.example.internal:9092, not on this machine, by its own word",
        "wave readers: stop-task on mirror-source: rehearse it, or fly it on a lab",
    )
    unknown, _ = await advertised(plan, Forwarded(), HERE)
    assert unknown == "where the brokers of source are is not known: unreachable: nobody answers"


async def test_a_plan_without_drills_is_flown_wherever_its_brokers_are() -> None:
    plan = plan_with()
    assert await advertised(plan, Forwarded(), Forwarded("1 far.example.internal:9092")) == ()
