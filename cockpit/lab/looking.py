"""`lab status`: which parts of the lab live, and which really answer.

Never starts or stops anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx

from cockpit.lab import access, clusters, hop, hopfiles, mirror
from cockpit.lab.components import java_components
from cockpit.lab.layout import Layout
from cockpit.lab.linkpart import link_answers
from cockpit.lab.logins import login_at
from cockpit.lab.procs import alive
from cockpit.lab.profiles import DEFAULT
from cockpit.lab.state import State, load
from cockpit.lab.surroundings import AROUND, around_answers
from cockpit.lab.workload import Side

ASK_TIMEOUT_S = 3.0


def parts_of(record: State | None) -> tuple[str, ...]:
    """Names of a lab's processes."""
    profile = DEFAULT if record is None else record.profile
    tools = ("link",) if profile.mirror.kind == "link" else ()
    around = AROUND if profile.surroundings else ()
    return (*java_components(record), *tools, *around, *profile.hosted())


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the lab. `pid` is None when it was never started, or ended."""

    name: str
    pid: int | None
    answers: bool


@dataclass(frozen=True, slots=True)
class Status:
    """A lab as it is now."""

    folder: Path
    state: Literal["up", "partial", "down"]
    parts: tuple[Part, ...]
    record: State | None

    def as_json(self) -> dict[str, Any]:
        """The form for scripts; addresses are null while there is no lab."""
        layout, record = Layout(self.folder), self.record
        running = record if self.state != "down" else None
        return {
            "state": self.state,
            "folder": str(self.folder),
            "plan": str(layout.plan) if running else None,
            "bootstrap": {
                side: ",".join(running.bootstrap(side)) if running else None
                for side in ("source", "target")
            },
            "connect": running.url("connect") if running and "connect" in running.ports else None,
            "link": running.url("link") if running and "link" in running.ports else None,
            "profile": running.profile.name if running else None,
            "services": _services(running) if running else {},
            "pids": {part.name: part.pid for part in self.parts if part.pid is not None},
            "parts": {
                part.name: {"alive": part.pid is not None, "answers": part.answers}
                for part in self.parts
            },
        }


def _services(record: State) -> dict[str, str]:
    """Base URL of each service's controls."""
    return {work.name: record.url(work.name) for work in record.profile.workload.works}


async def read_status(folder: Path) -> Status:
    """The state of the lab in this folder. Raises LabError when its record is damaged."""
    layout = Layout.of(folder)
    record = load(layout.folder)
    if record is None:
        parts = tuple(Part(name, None, answers=False) for name in parts_of(None))
        return Status(layout.folder, "down", parts, None)
    return await look(layout, record)


async def look(layout: Layout, record: State) -> Status:
    """Ask every living part."""
    pids = {process.name: process.pid for process in record.processes if alive(process)}
    names = parts_of(record)
    async with (
        httpx.AsyncClient(timeout=ASK_TIMEOUT_S, trust_env=False) as http,
        asyncio.TaskGroup() as group,
    ):
        asked = {
            name: group.create_task(part_answers(name, layout, record, http), name=f"ask-{name}")
            for name in names
            if name in pids
        }
    parts = tuple(
        Part(name, pids.get(name), answers=name in asked and asked[name].result()) for name in names
    )
    if not pids:
        return Status(layout.folder, "down", parts, record)
    whole = record.phase == "ready" and all(part.answers for part in parts)
    return Status(layout.folder, "up" if whole else "partial", parts, record)


async def part_answers(name: str, layout: Layout, record: State, http: httpx.AsyncClient) -> bool:
    """Whether one part does its work: more than an open port."""
    ask = _question(name, layout, record, http)
    try:
        async with asyncio.timeout(ASK_TIMEOUT_S):
            return await ask()
    except TimeoutError:
        return False


def _question(
    name: str, layout: Layout, record: State, http: httpx.AsyncClient
) -> Callable[[], Awaitable[bool]]:
    match name:
        case "zookeeper":
            return lambda: _zookeeper_answers(record.ports["zookeeper"])
        case "source" if record.profile.source.is_before_groups:
            return lambda: hop.old_broker_answers(record.address("source"))
        case hopfiles.FIRST_HOP:
            return lambda: hop.first_hop_works(record, hopfiles.FIRST_HOP)
        case "source" | "source-2" | "target" | "between":
            return lambda: _broker_answers(name, layout, record)
        case "link":
            return lambda: link_answers(http, record.url("link"))
        case "connect" | "connect-source":
            return lambda: mirror.answers(http, record.url(name))
        case "prometheus" | "registry-source" | "registry-target":
            return lambda: around_answers(http, record, name)
        case _:
            urls = [record.url(service) for service in record.profile.hosted()[name]]
            return lambda: _services_answer(http, urls)


async def _broker_answers(name: str, layout: Layout, record: State) -> bool:
    """Whether it does by itself, whatever its neighbour does."""
    side: Side = "target" if name == "target" else "source"
    try:
        login = login_of(access.COCKPIT, side, layout, record, broker=name)
        return await clusters.answers(login)
    except OSError:
        return False


def login_of(
    user: str, side: Side, layout: Layout, record: State, *, broker: str | None = None
) -> clusters.Login:
    """How a principal of the lab logs in at a side, or at one broker of it. Raises OSError."""
    at = record.address(broker) if broker else ",".join(record.bootstrap(side))
    return login_at(at, user, side, layout, record.profile)


async def _services_answer(http: httpx.AsyncClient, urls: Sequence[str]) -> bool:
    """Whether each of a process's services does."""
    try:
        for url in urls:
            if (await http.get(f"{url}/status")).status_code != 200:
                return False
    except httpx.HTTPError:
        return False
    return True


async def _zookeeper_answers(port: int) -> bool:
    """Whether ZooKeeper answers its `srvr` command as a serving node."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"srvr")
        await writer.drain()
        return b"Mode:" in await reader.read(4096)
    except OSError:
        return False
    finally:
        writer.close()
