"""A flight judged once more with other tolerances: what would have been decided otherwise."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.flight import Event, FlightState
from cockpit.core.intents import Arm
from cockpit.core.plan import (
    Condition,
    Plan,
    ReplicationLagGate,
    Rollback,
    SignalGate,
    SignalSpec,
)
from cockpit.core.whatif import Otherwise, what_if
from tests.core.build import two_wave_plan
from tests.core.driver import Script


class Recorded(Script):
    """Keeps what went in, as a recording does."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.begun: FlightState = self.state
        self.events: list[Event] = []

    def send(self, event: Event) -> None:
        self.events.append(event)
        super().send(event)

    def otherwise(self, other: Plan) -> list[tuple[str, str, str, str]]:
        return [(o.what, o.path, o.was, o.would) for o in self.found(other)]

    def found(self, other: Plan) -> tuple[Otherwise, ...]:
        return what_if(self.begun, self.events, other)


def with_gates(plan: Plan, *gates: Condition, triggers: tuple[Condition, ...] = ()) -> Plan:
    first = replace(plan.waves[0], gates=gates, rollback=Rollback(triggers, "ask"))
    return replace(plan, waves=(first, *plan.waves[1:]))


def signalled(*, gate: float, trigger: float = 1.0) -> Plan:
    signal = SignalSpec("errors", "http://127.0.0.1:1/", "ratio")
    plan = replace(two_wave_plan(), signals=(signal,))
    triggers = (SignalGate("errors", trigger),)
    return with_gates(plan, SignalGate("errors", gate), triggers=triggers)


def test_the_plan_that_was_flown_would_have_decided_the_same() -> None:
    flown = Recorded(signalled(gate=0.1))
    flown.fly_readers()
    assert flown.found(flown.state.plan) == ()


def test_a_tighter_gate_would_have_refused_the_advance_and_says_on_which_reading() -> None:
    flown = Recorded(signalled(gate=0.1))
    flown.signal = 0.05
    flown.fly_readers()
    found = flown.found(signalled(gate=0.04))
    orders = [one for one in found if one.what == "advance"]
    assert [(o.path, o.was, o.would) for o in orders] == [("waves.readers", "accepted", "refused")]
    assert orders[0].evidence == "gate signal errors FAIL"
    gates = [one for one in found if one.what == "gate"]
    assert [(o.path, o.was, o.would) for o in gates] == [("waves.readers.gates.0", "PASS", "FAIL")]
    assert gates[0].at_ms < orders[0].at_ms <= gates[0].until_ms
    assert "5%" in gates[0].evidence


def test_a_tighter_gate_would_have_begun_the_soak_again() -> None:
    flown = Recorded(signalled(gate=0.1))
    flown.signal = 0.01
    flown.fly_readers_to_start()
    flown.end_all()
    flown.members["target"] = 1
    flown.commits["target"] = {("orders", 0): 95, ("orders", 1): 95}
    flown.signal = 0.05
    flown.look(4)
    assert flown.otherwise(signalled(gate=0.04)) == [
        ("soak", "waves.readers.gates.0", "PASS", "FAIL")
    ]


def test_a_looser_gate_would_have_let_a_refused_advance_through() -> None:
    flown = Recorded(signalled(gate=0.01))
    flown.signal = 0.05
    flown.look(2)
    flown.ask(Arm("advance", "ana"))
    assert ("advance", "waves.readers", "refused", "accepted") in flown.otherwise(
        signalled(gate=0.1)
    )
    assert flown.otherwise(signalled(gate=0.02)) == []


def test_a_trigger_that_did_not_fire_would_have_and_the_other_way_round() -> None:
    flown = Recorded(signalled(gate=1.0, trigger=0.5))
    flown.signal = 0.3
    flown.fly_readers()
    path = "waves.readers.rollback.triggers.0"
    assert flown.otherwise(signalled(gate=1.0, trigger=0.2)) == [("trigger", path, "PASS", "FAIL")]
    assert flown.otherwise(signalled(gate=1.0, trigger=0.4)) == []


def test_a_condition_that_only_one_of_the_plans_has_is_told_as_absent() -> None:
    flown = Recorded(signalled(gate=0.1))
    flown.signal = 0.05
    flown.look(2)
    plan = flown.state.plan
    more = with_gates(plan, *plan.waves[0].gates, SignalGate("errors", 0.01))
    assert flown.otherwise(more) == [("gate", "waves.readers.gates.1", "absent", "FAIL")]


def test_a_wave_that_the_other_plan_does_not_have_is_not_judged_by_it() -> None:
    flown = Recorded(signalled(gate=0.1))
    flown.look(2)
    plan = flown.state.plan
    other = replace(plan, waves=(replace(plan.waves[0], name="others"), *plan.waves[1:]))
    assert flown.otherwise(other) == []


def test_lag_is_judged_from_the_same_samples() -> None:
    plan = with_gates(two_wave_plan(), ReplicationLagGate(10))
    flown = Recorded(plan)
    flown.ends["source"] = (104, 100)
    flown.look(3)
    assert flown.otherwise(with_gates(plan, ReplicationLagGate(3))) == [
        ("gate", "waves.readers.gates.0", "PASS", "FAIL")
    ]
