"""A wave is taken as moved by an earlier flight only where looks some seconds apart agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.adopted import APART_MS
from cockpit.core.intents import Arm
from cockpit.core.parity import fence_binding
from cockpit.core.plan import OffsetsSpec, OffsetsStep, Plan
from tests.core.build import two_wave_plan
from tests.core.driver import Script


def moved() -> Script:
    script = Script()
    script.members = {"source": 0, "target": 1}
    return script


def word(script: Script, wave: int = 0) -> str:
    return script.state.waves[wave].word


def test_one_look_is_not_enough_and_the_wave_waits_for_the_other() -> None:
    script = moved()
    script.look(1)
    assert word(script) == "ready"
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is None
    assert "seems to be on the target already: it is looked at once more" in script.told[-1].text


def test_looks_that_agree_some_seconds_apart_are() -> None:
    script = moved()
    script.look(1)
    begun_ms = script.now_ms
    while word(script) != "done":
        script.look(1)
        assert script.now_ms - begun_ms < 10_000
    assert script.now_ms - begun_ms >= APART_MS
    assert script.kinds().count("wave_found") == 1


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_look_between_that_disagrees_begins_it_anew(side: str) -> None:
    script = moved()
    script.look(2)
    script.members = {"source": int(side == "source"), "target": int(side == "source")}
    script.look(1)
    script.members = {"source": 0, "target": 1}
    script.look(2)
    assert word(script) == "ready"
    script.look(2)
    assert word(script) == "done"


def test_the_same_answer_seen_twice_is_one_look() -> None:
    script = moved()
    script.look(1)
    script.silent = "source"  # its groups are not read again
    script.look(4)
    assert word(script) == "ready"


def both_waves() -> Plan:
    """The second wave's service has a group too."""
    plan = two_wave_plan()
    ledger, checkout = plan.services
    reading = replace(checkout, consumes=("orders",), group="ledger", offsets=OffsetsSpec())
    writers = plan.waves[1]
    steps = (*writers.steps[:3], OffsetsStep(), *writers.steps[3:])
    waves = (plan.waves[0], replace(writers, steps=steps))
    return replace(plan, services=(ledger, reading), waves=waves)


def test_waves_that_were_all_moved_are_found_together_a_fenced_one_by_two_readings_of_acls() -> (
    None
):
    script = Script(both_waves())
    script.members = {"source": 0, "target": 1}
    script.acls["source"] = {fence_binding("orders")}
    script.look(4)
    assert [word(script, n) for n in (0, 1)] == ["done", "done"]
    script = Script(both_waves())
    script.members = {"source": 0, "target": 1}
    script.look(4)
    assert [word(script, n) for n in (0, 1)] == ["done", "ready"]
