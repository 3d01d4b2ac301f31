"""`lab down`: stops exactly what the lab started, also after a crash.

Never signals a process that is not the one that was started.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from cockpit.lab.home import locked
from cockpit.lab.jars import Progress
from cockpit.lab.layout import Layout
from cockpit.lab.procs import Process, alive, marked, stop
from cockpit.lab.state import State, load, save

GRACE_S = 3.0
"""Kafka's combined broker and controller may never end by itself; see KAFKA_ORDER."""


async def take_down(folder: Path, progress: Progress) -> tuple[str, ...]:
    """Stop the lab of this folder; names of what was stopped. Raises LabError."""
    layout = Layout.of(folder)
    if load(layout.folder) is None:
        return ()
    with locked(layout.lock, busy=f"another command is at work on the lab in {layout.folder}"):
        state = load(layout.folder)
        if state is None:
            return ()
        stopped = await stop_everything(layout, state)
        for name in stopped:
            progress(f"stopped {name}")
        return stopped


async def stop_everything(layout: Layout, state: State) -> tuple[str, ...]:
    """Stop every living process of this lab; names of them. Raises LabError."""
    stopped: list[str] = []
    for group in _order(state, (*state.processes, *_unrecorded(state))):
        living = tuple(process for process in group if alive(process))
        if living:
            await asyncio.to_thread(stop, living, grace_s=GRACE_S)
            stopped += [process.name for process in living]
    save(layout.folder, replace(state, phase="down", processes=()))
    return tuple(stopped)


def _unrecorded(state: State) -> tuple[Process, ...]:
    """Children that were started a moment before a crash and never written down."""
    known = {(process.pid, process.born) for process in state.processes}
    return tuple(p for p in marked(state.lab_id) if (p.pid, p.born) not in known)


def _order(state: State, processes: tuple[Process, ...]) -> tuple[tuple[Process, ...], ...]:
    """Services first, so that they commit; ZooKeeper last, so that its broker can leave."""
    services = tuple(p for p in processes if p.name in state.profile.hosted())
    last = tuple(p for p in processes if p.name == "zookeeper")
    rest = tuple(p for p in processes if p not in services and p not in last)
    return services, rest, last
