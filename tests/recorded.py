"""Simulated flights of plans in YAML, recorded as a real engine records them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cockpit.cli.pilot import Orders, Pilot
from cockpit.cli.wiring import engine_ports
from cockpit.core.beginning import Beginning, begun
from cockpit.core.plan import Plan
from cockpit.core.snapshot import Snapshot
from cockpit.engine.fanout import News
from cockpit.engine.loop import Engine, LocalSession
from cockpit.engine.recorder import Recorder
from cockpit.plan.loader import load_plan
from cockpit.sim.faults import Fault
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.sim.prepared import connect_prepared
from cockpit.sim.rehearsal import Invented, world_of
from cockpit.wire.recording import Reader
from cockpit.wire.sessionhead import session_head

PLAN = """\
cockpit: 1
name: first-move
environment: TEST
source:
  bootstrap: ["127.0.0.1:1"]
  security: {protocol: sasl_plaintext, mechanism: plain, username: cockpit, password: "${env:A}"}
  canary: {username: canary, password: "${env:B}"}
target: {bootstrap: ["127.0.0.1:2"], security: {protocol: plaintext}}
replication: {kind: mirrormaker2, connect: "http://127.0.0.1:3",
              connectors: {source: mirror-source, checkpoint: mirror-checkpoint}}
signals:
  checkout-errors: {http: "http://127.0.0.1:4/status", path: errors.ratio, unit: ratio}
services:
  - {name: ledger, owner: team-fin, principal: "User:ledger", consumes: [orders], group: ledger,
     offsets: {resume: translated, replay_tolerance: 1000},
     stop: {http: {method: POST, url: "http://127.0.0.1:5/stop"}},
     start: {http: {method: POST, url: "http://127.0.0.1:5/start"}},
     undo: {http: {method: POST, url: "http://127.0.0.1:5/undo"}}}
  - {name: checkout, owner: team-pay, principal: "User:checkout", produces: [orders],
     stop: {http: {method: POST, url: "http://127.0.0.1:6/stop"}},
     start: {http: {method: POST, url: "http://127.0.0.1:6/start"}},
     undo: {http: {method: POST, url: "http://127.0.0.1:6/undo"}}}
waves:
  - name: readers
    services: [ledger]
    write_owner: {before: source, after: source}
    gates:
      - replication_lag: {max: 500, for: 5s}
      - parity
      - signal: {name: checkout-errors, max: 2%, for: 5s}
    steps: [stop, offsets, start, {soak: {for: 10s}}]
    rollback: {triggers: [{group_lag: {max: 50000, for: 5s}}], on_trigger: ask}
  - name: writers
    services: [checkout]
    write_owner: {before: source, after: target}
    gates: [{replication_lag: {max: 500, for: 5s}}, parity]
    steps: [stop, {fence: {deadline: 60s, at_zero: unfence}}, drain, start, {soak: {for: 10s}}]
    rollback: {triggers: [{signal: {name: checkout-errors, max: 2%, for: 2s}}], on_trigger: ask}
"""


@dataclass(slots=True)
class Recorded:
    """A flight and its recording."""

    path: Path
    plan: Plan
    text: str
    shown: list[Snapshot]
    """Every snapshot that was published."""
    told: list[Mapping[str, Any]]

    def reader(self) -> Reader:
        """The recording, read."""
        return Reader(self.path.read_bytes())


class _Watching(LocalSession):
    async def news(self) -> News | None:
        return await super().news()


def record(
    path: Path, *faults: Fault, text: str = PLAN, orders: Orders | None = None, session: str = "s-1"
) -> Recorded:
    """Fly a plan's text in simulation to its end; the recording is complete and closed."""
    return run_virtual(_record(path, faults, text, orders or Orders(user="ana"), session))


async def _record(
    path: Path, faults: tuple[Fault, ...], text: str, orders: Orders, session: str
) -> Recorded:
    clock = VirtualClock()
    plan = load_plan(text, origin="/plans/week.yaml")
    world = connect_prepared(plan, clock, world_of(plan, Invented(), faults))
    beginning = Beginning(session=session, simulated=True, at_ms=clock.now_ms())
    header = session_head(
        version="0.1.0",
        plan_text=text,
        plan_origin="/plans/week.yaml",
        plan_name=plan.name,
        beginning=beginning,
    )
    recorder = Recorder(path, header, at_ms=beginning.at_ms, reserve_bytes=0)
    engine = Engine(begun(plan, beginning), engine_ports(world, clock), None, recorder=recorder)
    found = Recorded(path, plan, text, [], [])
    publish = recorder.publish

    def published(snapshot: Snapshot) -> None:
        found.shown.append(snapshot)
        publish(snapshot)

    recorder.publish = published  # type: ignore[method-assign]  # listens, changes nothing
    async with asyncio.TaskGroup() as group:
        flight = group.create_task(engine.run(), name="engine")
        await Pilot(_Watching(engine), orders, found.told.append).fly()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.wait({flight})
        flight.cancel()
    recorder.close("the flight ended")
    return found
