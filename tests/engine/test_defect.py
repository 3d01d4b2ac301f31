"""A defect in a rule of ours stops the acting, not the watching."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

import cockpit.engine.loop
from cockpit.core.flight import begin
from cockpit.core.machine import step
from cockpit.engine.loop import Engine, LocalSession, Ports
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import connect_sim
from cockpit.sim.loop import VirtualClock, run_virtual


def test_it_says_which_rule_broke_pauses_and_goes_on_showing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(state: Any, event: Any) -> Any:
        if state.at_ms > begun_ms + 5_000:
            raise AssertionError("fenced on both sides")
        return step(state, event)

    begun_ms = VirtualClock().now_ms()
    monkeypatch.setattr(cockpit.engine.loop, "step", broken)

    async def watch() -> list[Any]:
        clock = VirtualClock()
        world = connect_sim(demo_plan(), clock, replace(demo_world(1), faults=()))
        ports = Ports(
            world.source, world.target, world.replication, world.signals, world.effector, clock
        )
        state = begin(demo_plan(), session="s", simulated=True, at_ms=clock.now_ms())
        engine = Engine(state, ports, None)
        session = LocalSession(engine)
        told: list[Any] = []
        async with asyncio.TaskGroup() as group:
            task = group.create_task(engine.run(), name="engine")
            async with asyncio.timeout(20):
                while True:
                    news = await session.news()
                    assert news is not None
                    told.extend(e for e in news[0] if e["kind"] == "defect")
                    if told and news[1] is not None and news[1].status.paused:
                        break
            task.cancel()
        return told

    (defect,) = run_virtual(watch())
    assert "fenced on both sides" in defect["text"]
    assert "Traceback" in capsys.readouterr().err
