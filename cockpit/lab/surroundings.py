"""What stands around the clusters of a profile that has it: two schema registries, a sink connector
on two Connects, and a Prometheus.

Never stops anything: `cockpit.lab.stopping` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx

from cockpit.lab import mirror, prometheus, subjects
from cockpit.lab.components import environment
from cockpit.lab.home import LabError
from cockpit.lab.layout import Layout
from cockpit.lab.procs import Process, spawn
from cockpit.lab.registry import CONFLUENT_PATH, RegistryServer
from cockpit.lab.sinkconfig import CONNECTS, sink_config
from cockpit.lab.state import State
from cockpit.lab.workload import SIDES, Side

AROUND: Final = ("registry-source", "registry-target", "prometheus")
"""Its processes that are neither Kafka's nor services."""


def registry_url(state: State, side: Side) -> str:
    """Base address of a registry's Confluent interface."""
    return state.url(f"registry-{side}") + CONFLUENT_PATH


def start_registry(server: RegistryServer, side: Side, layout: Layout, state: State) -> Process:
    """Start one; it is empty. Raises LabError."""
    name = f"registry-{side}"
    argv = server.argv(state.ports[name])
    return spawn(name, argv, env=environment(state.lab_id), log=layout.log(name))


def start_prometheus(layout: Layout, state: State) -> Process:
    """Start it; it scrapes every service. Raises LabError."""
    name = "prometheus"
    targets = {work.name: state.address(work.name) for work in state.profile.workload.works}
    argv = prometheus.command(layout.data / name, state.ports[name], targets)
    return spawn(name, argv, env=environment(state.lab_id), log=layout.log(name))


async def around_answers(http: httpx.AsyncClient, state: State, name: str) -> bool:
    """Whether one of these parts does its work."""
    if name == "prometheus":
        url = f"{state.url(name)}/-/ready"
    else:
        url = f"{state.url(name)}{CONFLUENT_PATH}/subjects"
    try:
        return (await http.get(url)).is_success
    except httpx.HTTPError:
        return False


async def fill_registry(http: httpx.AsyncClient, state: State, side: Side) -> None:
    """The bank's schemas. Raises LabError."""
    await subjects.fill(http, registry_url(state, side), side)


async def create_sinks(http: httpx.AsyncClient, state: State, layout: Layout) -> None:
    """Each sink connector on both Connects, stopped: its service starts one. Raises LabError."""
    for work in state.profile.workload.sinks:
        for side in SIDES:
            config = sink_config(work, side, state, layout)
            await _create_stopped(http, state.url(CONNECTS[side]), work.name, config)


async def _create_stopped(
    http: httpx.AsyncClient, base: str, name: str, config: Mapping[str, str]
) -> None:
    body = {"name": name, "config": dict(config), "initial_state": "STOPPED"}
    reply = await mirror.patiently(lambda: http.post(f"{base}/connectors", json=body))
    if not reply.is_success:
        raise LabError(f"Connect refused {name}: {reply.status_code} {reply.text[:500]}")
