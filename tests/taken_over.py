"""Simulated flights whose engine dies in the middle of a step and that another one takes over,
recorded in one file as real engines do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cockpit.cli.pilot import Orders, Pilot
from cockpit.cli.wiring import engine_ports
from cockpit.core.beginning import Beginning, begun
from cockpit.core.plan import Plan
from cockpit.engine.journal import Journal
from cockpit.engine.loop import Engine, LocalSession, Ports
from cockpit.engine.recorder import Recorder
from cockpit.engine.recovery import left_behind
from cockpit.plan.loader import load_plan
from cockpit.sim.faults import Fault
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.sim.prepared import connect_prepared
from cockpit.sim.rehearsal import Invented, world_of
from cockpit.wire.sessionhead import session_head
from tests.recorded import PLAN

FAR = Path("/plans/week.yaml")


@dataclass(frozen=True, slots=True)
class Death:
    """The end of one engine, at the first event of this kind and with these data that it tells."""

    kind: str
    wave: str
    step: str = ""
    late_ms: int = 0
    """So long after the event."""
    down_ms: int = 5_000
    go_on: bool = True
    """Whether whoever takes over goes on with the wave, or takes it back."""
    in_order: bool = False
    """It ends by a signal and says so; else it is killed."""

    def is_at(self, event: Mapping[str, Any]) -> bool:
        """Whether this event is it."""
        data = {"kind": self.kind, "wave": self.wave, **({"step": self.step} if self.step else {})}
        return data.items() <= event.items()


def record_taken_over(
    path: Path,
    deaths: Sequence[Death],
    faults: Sequence[Fault] = (),
    *,
    orders: Orders | None = None,
    text: str = PLAN,
) -> None:
    """Fly a plan's text with as many engines as it takes; all of them die as they are told to, or
    this fails."""
    flight = _Flight(path, tuple(faults), orders or Orders(user="ana"), text)
    run_virtual(flight.fly(deaths))


class _Flight:
    def __init__(self, path: Path, faults: tuple[Fault, ...], orders: Orders, text: str) -> None:
        self._path, self._text, self._orders = path, text, orders
        self._faults = faults
        self._journal = path.with_name("journal.jsonl")
        self._journal.touch(0o600)

    async def fly(self, deaths: Sequence[Death]) -> None:
        """One engine after another."""
        clock = VirtualClock()
        plan = load_plan(self._text, origin=str(FAR))
        world = connect_prepared(plan, clock, world_of(plan, Invented(), self._faults))
        ports, orders = engine_ports(world, clock), self._orders
        for death in deaths:
            assert await self._life(plan, ports, orders, death), f"nobody died: {death}"
            await clock.sleep(death.down_ms)
            orders = replace(self._orders, go_on=death.go_on)
        await self._life(plan, ports, orders, None)

    async def _life(self, plan: Plan, ports: Ports, orders: Orders, death: Death | None) -> bool:
        """One engine; whether it died."""
        journal, entries = Journal.reopened(self._journal)
        left, at_ms = left_behind(entries), ports.clock.now_ms()
        beginning = Beginning(session="s-1", simulated=True, at_ms=at_ms)
        if left is not None:
            beginning = replace(
                beginning,
                takes_over=True,
                record=left.record,
                intents=left.intents,
                open=left.open,
                intended=left.intended,
            )
        head = session_head(
            version="0.1.0",
            plan_text=self._text,
            plan_origin=str(FAR),
            plan_name=plan.name,
            beginning=beginning,
        )
        recorder = Recorder(self._path, head, at_ms=at_ms, reserve_bytes=0)
        engine = Engine(
            begun(plan, beginning),
            ports,
            journal,
            takes_over=beginning.takes_over,
            open_intents=beginning.open,
            recorder=recorder,
        )
        dying = _listen(recorder, death)
        async with asyncio.TaskGroup() as group:
            engine_task = group.create_task(engine.run(), name="engine")
            pilot = Pilot(LocalSession(engine), orders, lambda _event: None)
            pilot_task = group.create_task(pilot.fly(), name="pilot")
            waits = group.create_task(dying.wait(), name="death")
            await asyncio.wait({pilot_task, waits}, return_when=asyncio.FIRST_COMPLETED)
            if death is not None and dying.is_set():
                await ports.clock.sleep(death.late_ms)
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(5):
                        await asyncio.wait({engine_task})
            for task in (engine_task, pilot_task, waits):
                task.cancel()
        journal.close()
        if death is None or death.in_order:
            recorder.close("the flight ended" if death is None else "stopped by a signal")
        else:
            assert recorder._file is not None
            recorder._file.close()  # a killed process says nothing more
        return dying.is_set()


def _listen(recorder: Recorder, death: Death | None) -> asyncio.Event:
    """Set as soon as the engine tells what it dies of."""
    heard, tell = asyncio.Event(), recorder.tell

    def told(event: Mapping[str, Any]) -> None:
        tell(event)
        if death is not None and death.is_at(event):
            heard.set()

    recorder.tell = told  # type: ignore[method-assign]  # listens, changes nothing
    return heard
