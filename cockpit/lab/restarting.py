"""Starting one part of a running lab again, after it was killed or stopped for a trial.

Never starts a second one beside a living one, and never touches the other parts.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path

import httpx

from cockpit.lab import components
from cockpit.lab.components import fetch_parts
from cockpit.lab.home import LabError, locked
from cockpit.lab.jars import Progress, fetch
from cockpit.lab.layout import Layout
from cockpit.lab.looking import part_answers, parts_of
from cockpit.lab.procs import Process, alive
from cockpit.lab.profiles import DEFAULT
from cockpit.lab.state import State, load, save
from cockpit.lab.waiting import PartDiedError, wait_for_answer

ATTEMPTS = 5
"""ZooKeeper keeps a killed broker's registration for its session: the first tries may end."""


GOES_WITHIN_S = 3.0
"""A killed process of a busy machine is there for a moment longer."""


async def start_again(folder: Path, name: str, progress: Progress) -> Process:
    """Start a part that has ended and wait until it answers. Raises LabError.

    Services come back stopped: its control port answers, and `/start` is for the caller.
    """
    layout = Layout.of(folder)
    with locked(layout.lock, busy=f"another command is at work on the lab in {layout.folder}"):
        state = load(layout.folder)
        if state is None or state.phase != "ready":
            raise LabError(f"there is no running lab in {layout.folder}")
        if name not in (parts := parts_of(state)):
            raise LabError(f"{name} is not a part of the lab; there are {', '.join(parts)}")
        if any([await _lives(one) for one in state.processes if one.name == name]):
            raise LabError(f"{name} is running")
        for attempt in range(1, ATTEMPTS + 1):
            state, process = await _start(name, layout, state, progress)
            try:
                await _answered(name, process, layout, state)
            except PartDiedError:
                if attempt == ATTEMPTS:
                    raise
            else:
                progress(f"{name}: answers")
                return process
    raise AssertionError("every attempt returns or raises")


async def _lives(process: Process) -> bool:
    """Whether it runs, and is not one that was killed a moment ago."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GOES_WITHIN_S):
            while alive(process):  # noqa: ASYNC110  # the kernel tells it no other way
                await asyncio.sleep(0.1)
    return alive(process)


async def _start(
    name: str, layout: Layout, state: State, progress: Progress
) -> tuple[State, Process]:
    if name in components.java_components(state):
        is_usual = state.profile is DEFAULT
        jars = await (fetch(progress) if is_usual else fetch_parts(progress, state.profile))
        process = components.start_java(name, jars=jars, layout=layout, state=state)
    else:
        process = components.start_services(name, layout=layout, state=state)
    others = tuple(p for p in state.processes if p.name != name)
    state = replace(state, processes=(*others, process))
    save(layout.folder, state)
    return state, process


async def _answered(name: str, process: Process, layout: Layout, state: State) -> None:
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
        await wait_for_answer(
            name,
            process,
            lambda: part_answers(name, layout, state, http),
            log=layout.log(name),
        )
