"""A gate over a long window counts what an engine before has seen, and no more than that."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from cockpit.cli.pasts import open_rows, rows_before
from cockpit.cli.wiring import engine_ports
from cockpit.core.beginning import Beginning, begun
from cockpit.core.openings import gate_views
from cockpit.core.peaks import Over
from cockpit.core.plan import Plan, ReplicationLagGate
from cockpit.core.snapshot import GateView
from cockpit.engine.loop import Engine
from cockpit.sim.demo import demo_plan
from cockpit.sim.factory import SimPorts, connect_sim
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.sim.spec import WorldSpec

CALM = WorldSpec(seed=7, default_partitions=2, warmup_ms=4_000)


def plan_over(over_ms: int, max_gap_ms: int) -> Plan:
    """The demonstration with one gate in its first wave."""
    plan = demo_plan()
    gate = ReplicationLagGate(500, over=Over(over_ms, max_gap_ms=max_gap_ms))
    first = dataclasses.replace(plan.waves[0], gates=(gate,))
    return dataclasses.replace(plan, waves=(first, *plan.waves[1:]))


async def watch(plan: Plan, world: SimPorts, for_ms: int) -> GateView:
    """An engine that begins with what was kept, looks on, and dies; its gate at the end."""
    clock = VirtualClock()
    rows = open_rows(plan)
    now_ms = clock.now_ms()
    before = rows_before(rows, now_ms)
    beginning = Beginning(session="s", simulated=True, at_ms=now_ms, rows=before)
    engine = Engine(begun(plan, beginning), engine_ports(world, clock), None, gate_rows=rows)
    async with asyncio.TaskGroup() as group:
        flight = group.create_task(engine.run(), name="engine")
        await clock.sleep(for_ms)
        flight.cancel()
    return gate_views(engine.state, engine.state.wave())[0]


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def two_watches(plan: Plan, *, first_ms: int, pause_ms: int, second_ms: int) -> GateView:
    async def scene() -> GateView:
        world = connect_sim(plan, VirtualClock(), CALM)
        await watch(plan, world, first_ms)
        await VirtualClock().sleep(pause_ms)
        return await watch(plan, world, second_ms)

    return run_virtual(scene())


def test_a_window_goes_on_over_the_death_of_its_engine_and_a_short_pause() -> None:
    plan = plan_over(60_000, 12_000)
    found = two_watches(plan, first_ms=40_000, pause_ms=5_000, second_ms=25_000)
    assert (found.verdict, found.for_ms) == ("PASS", 60_000)


def test_a_pause_that_is_longer_than_the_gap_begins_the_window_anew() -> None:
    plan = plan_over(60_000, 12_000)
    found = two_watches(plan, first_ms=40_000, pause_ms=14_000, second_ms=25_000)
    assert found.verdict == "UNKNOWN"
    assert "nothing known for 1" in found.evidence


def test_a_plan_without_a_long_window_keeps_nothing(tmp_path: Path) -> None:
    assert open_rows(demo_plan()) is None
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_was_not_seen_and_does_not_keep_a_flight_from_beginning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cockpit").mkdir(0o700)
    (tmp_path / "cockpit" / "gates").write_text("in the way")
    plan = plan_over(60_000, 12_000)
    assert open_rows(plan) is None
    assert "not kept" in capsys.readouterr().err
