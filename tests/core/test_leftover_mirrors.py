"""A second mirror that runs for no wave is found, and stopped before anything is put back."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

import pytest

from cockpit.core.exclusions import DEFAULT_TOPICS
from cockpit.core.flight import Ticked
from cockpit.core.left import Effect
from cockpit.core.leftovers import leftovers
from cockpit.core.mirrorsurvey import TOPICS_EXCLUDE
from cockpit.core.observe import ConnectorState, Failure, TaskState
from cockpit.core.openings import why_not_advance
from tests.core.build import acl, mirror
from tests.core.driver import Script
from tests.core.test_leftovers import FENCE, NOW, Ground, past
from tests.core.test_reversing import reversing_plan


def running(name: str, state: str = "RUNNING") -> ConnectorState:
    return ConnectorState(name, state, (TaskState(0, state),))


def reversing(back: str, **more: Any) -> Ground:
    """Both of the plan's own connectors run, and the second mirror is in this state."""
    every = (running("mm2-source"), running("mm2-checkpoint"), running("mm2-back", back))
    return Ground(reversing_plan(), connectors=every, **more)


@pytest.mark.parametrize("state", ["RUNNING", "FAILED", "UNASSIGNED"])
def test_a_second_mirror_that_runs_for_no_moved_wave_keeps_every_wave_from_beginning(
    state: str,
) -> None:
    one = reversing(state).only()
    assert (one.kind, one.names, one.harms) == (
        "second mirror", ("mm2-back",), ("readers", "writers"),
    )  # fmt: skip
    assert f"mm2-back is {state}" in one.text
    assert "those that mm2-source copies go round" in one.text
    assert shlex.split(one.command) == [
        "curl", "-sS", "--fail", "-X", "PUT", "http://127.0.0.1:1/connectors/mm2-back/stop",
    ]  # fmt: skip


def test_a_second_mirror_is_stopped_before_anything_else_is_put_back() -> None:
    excludes = {"mm2-source": {TOPICS_EXCLUDE: f"{DEFAULT_TOPICS},orders"}}
    ground = reversing("RUNNING", settings=excludes, source=frozenset({FENCE}))
    kinds = [one.kind for one in ground.found()]
    assert kinds == ["second mirror", "fence", "topics"]


def test_a_second_mirror_that_waits_or_serves_a_moved_wave_is_not_left_over() -> None:
    assert reversing("PAUSED").found() == ()
    fence = acl("checkout", "write", "topic", "orders", permission="deny")
    assert reversing("RUNNING", source=frozenset({fence}), ends=(200, 100)).found() == ()
    idle = ConnectorState("mm2-back", "PAUSED", (TaskState(0, "RUNNING"),))
    assert Ground(reversing_plan(), connectors=(idle,)).only().kind == "second mirror"


def test_the_flight_that_let_the_second_mirror_run_is_named() -> None:
    started = Effect(6_000, {"type": "StartMirror", "connector": "mm2-back", "positions": []})
    one = reversing("RUNNING", past=(past("half-way", started),)).only()
    assert (one.session, one.since_ms) == ("s-1", 6_000)
    assert one.advice() == "cockpit resume s-1"


def test_a_second_mirror_that_nobody_could_look_at_keeps_waves_from_beginning() -> None:
    silent = dataclasses.replace(mirror(NOW - 10, (100, 100)), reverse_unknown="HTTP 500")
    left = leftovers(Ground(reversing_plan()).state(silent))
    assert left.found == ()
    assert left.unread == left.needed == ("connector mm2-back: HTTP 500",)
    away = Failure("mirror", NOW, NOW, "unreachable", "nobody answers")
    left = leftovers(Ground(reversing_plan()).state(away))
    assert left.unread == left.needed == ("mirror: nobody answers",)
    assert leftovers(Ground().state(away)).needed == ()


def test_no_wave_begins_beside_a_second_mirror_that_runs_or_that_nobody_sees() -> None:
    script = Script(reversing_plan())
    script.look(2)
    assert why_not_advance(script.state) == ""
    seen = mirror(script.now_ms, (100, 100))
    silent = dataclasses.replace(seen, reverse_unknown="HTTP 500")
    script.see(silent)
    script.send(Ticked(script.now_ms))
    assert why_not_advance(script.state) == (
        "not known whether a second mirror runs: connector mm2-back: HTTP 500"
    )
    runs = dataclasses.replace(seen, connectors=(*seen.connectors, running("mm2-back")))
    script.see(runs)
    script.send(Ticked(script.now_ms))
    assert why_not_advance(script.state).startswith("left over: connector mm2-back is RUNNING")
    assert "/connectors/mm2-back/stop" in why_not_advance(script.state)
    script.look(1)
    assert why_not_advance(script.state) == ""
