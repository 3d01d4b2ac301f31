"""The link's stand-in as a part of a lab: how it is started, and whether it works.

Never copies anything itself: `cockpit.lab.link` does, in a process of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import httpx

import cockpit
from cockpit.lab.components import environment
from cockpit.lab.layout import Layout
from cockpit.lab.procs import Process, spawn
from cockpit.lab.state import State
from cockpit.lab.tournamentplan import LINK


def start_link(layout: Layout, state: State) -> Process:
    """Start it; both clusters answer already. Raises LabError."""
    workload = state.profile.workload
    options = {
        "name": LINK,
        "source": state.address("source"),
        "target": state.address("target"),
        "topics": workload.prefix,
        "groups": workload.group_prefix,
        "proxy": str(state.ports["link-proxy"]),
        "http": str(state.ports["link"]),
        "state": str(layout.data / "link.json"),
    }
    argv = [sys.executable, "-m", "cockpit.lab.link"]
    argv += [word for key, value in options.items() for word in (f"--{key}", value)]
    package = str(Path(cockpit.__file__).resolve().parent.parent)
    env = environment(state.lab_id) | {"PYTHONPATH": package}
    return spawn("link", argv, env=env, log=layout.log("link"))


async def link_answers(http: httpx.AsyncClient, base: str) -> bool:
    """Whether it tells how it stands."""
    return await _status(http, base) is not None


async def link_failure(http: httpx.AsyncClient, base: str) -> str | None:
    """Why a topic has failed; None while none has."""
    status = await _status(http, base)
    for name, topic in (status or {"topics": {}})["topics"].items():
        if topic["state"] == "FAILED":
            return f"{name}: {topic['reason']}"
    return None


async def _status(http: httpx.AsyncClient, base: str) -> dict[str, Any] | None:
    try:
        reply = await http.get(f"{base}/links/{LINK}")
        body: dict[str, Any] = reply.json()
    except (httpx.HTTPError, ValueError):
        return None
    return body if reply.status_code == 200 else None
