"""MirrorMaker 2 on the lab's Connect worker: three connectors, over Connect's REST interface.

Never starts the worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx

from cockpit.lab.access import MIRROR
from cockpit.lab.certificates import Tls
from cockpit.lab.home import LabError
from cockpit.lab.layout import Layout
from cockpit.lab.properties import scram, scram_tls, tls_client
from cockpit.lab.state import State
from cockpit.lab.workload import SIDES, Side

SOURCE_CONNECTOR = "mm2-source"
CHECKPOINT_CONNECTOR = "mm2-checkpoint"
HEARTBEAT_CONNECTOR = "mm2-heartbeat"
_PACKAGE = "org.apache.kafka.connect.mirror"
_BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"

_ACLS = {"sync.topic.acls.enabled": "true", "sync.topic.acls.interval.seconds": "5"}


def connector_configs(state: State, layout: Layout) -> dict[str, dict[str, str]]:
    """Configuration of each connector by its name."""
    common = _common(state, layout)
    workload = state.profile.workload
    topics = f"{workload.prefix.replace('.', '[.]')}.*"
    every_s = str(workload.hurry.groups_every_s)
    has_acls = state.profile.source.security != "plaintext"
    return {
        SOURCE_CONNECTOR: common
        | {
            "connector.class": f"{_PACKAGE}.MirrorSourceConnector",
            "tasks.max": "1",
            "topics": topics,
            "replication.factor": "1",
            "refresh.topics.interval.seconds": "5",
            "sync.topic.configs.interval.seconds": "5",
            "offset.lag.max": "0",
            "consumer.auto.offset.reset": "earliest",
            "consumer.fetch.max.wait.ms": str(workload.hurry.mirror_wait_ms),
            "producer.linger.ms": "0",
            **(_ACLS if has_acls else {}),
        },
        CHECKPOINT_CONNECTOR: common
        | {
            "connector.class": f"{_PACKAGE}.MirrorCheckpointConnector",
            "tasks.max": "1",
            "topics": topics,
            "groups": "|".join(f"{prefix}.*" for prefix in workload.group_prefixes),
            "emit.checkpoints.interval.seconds": every_s,
            "sync.group.offsets.enabled": "true",
            "sync.group.offsets.interval.seconds": every_s,
            "refresh.groups.interval.seconds": "2",
        },
        HEARTBEAT_CONNECTOR: common
        | {
            "connector.class": f"{_PACKAGE}.MirrorHeartbeatConnector",
            "tasks.max": "1",
            "emit.heartbeats.interval.seconds": "1",
        },
    }


def _common(state: State, layout: Layout) -> dict[str, str]:
    config = {
        "source.cluster.alias": "source",
        "target.cluster.alias": "target",
        "replication.policy.class": f"{_PACKAGE}.IdentityReplicationPolicy",
        "offset-syncs.topic.location": "target",
        "offset-syncs.topic.replication.factor": "1",
        "checkpoints.topic.replication.factor": "1",
        "heartbeats.topic.replication.factor": "1",
        "key.converter": _BYTES,
        "value.converter": _BYTES,
        "header.converter": _BYTES,
    }
    for side in SIDES:
        reads_between = side == "source" and state.profile.mirror.first_hop
        at = (state.address("between"),) if reads_between else state.bootstrap(side)
        config[f"{side}.cluster.bootstrap.servers"] = ",".join(at)
        security = _security(state, side, layout)
        config |= {f"{side}.cluster.{key}": value for key, value in security.items()}
    return config


def _security(state: State, side: Side, layout: Layout) -> dict[str, str]:
    """How the mirror logs in; a password is named by its file, so that REST never shows one."""
    match state.profile.cluster(side).security:
        case "scram":
            return scram(MIRROR, f"${{directory:{layout.secrets}:{MIRROR}}}")
        case "scram_tls":
            return scram_tls(MIRROR, f"${{directory:{layout.secrets}:{MIRROR}}}", layout.tls)
        case "mtls":
            return tls_client(Tls(layout.tls, MIRROR))
        case "plaintext":
            return {"security.protocol": "PLAINTEXT"}


async def answers(http: httpx.AsyncClient, base: str) -> bool:
    """Whether the worker serves its REST interface: early on it gives 404, 500 or no JSON."""
    try:
        reply = await http.get(f"{base}/connectors")
        return reply.status_code == 200 and isinstance(reply.json(), list)
    except (httpx.HTTPError, ValueError):
        return False


async def create(http: httpx.AsyncClient, base: str, configs: dict[str, dict[str, str]]) -> None:
    """Create the connectors or bring them to these configurations. Raises LabError."""
    for name, config in configs.items():
        url = f"{base}/connectors/{name}/config"
        reply = await patiently(partial(http.put, url, json=config))
        if not reply.is_success:
            raise LabError(f"Connect refused {name}: {reply.status_code} {reply.text[:500]}")


async def patiently(ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """What a worker answers once it can."""
    for _ in range(20):
        reply = await ask()
        # 409: the worker is rebalancing; 404 and 500: its interface is not complete yet.
        if reply.status_code not in {404, 409, 500}:
            break
        await asyncio.sleep(0.25)
    return reply


async def failure(http: httpx.AsyncClient, base: str) -> str | None:
    """Why a connector or task has failed; None while none has."""
    try:
        reply = await http.get(f"{base}/connectors", params={"expand": "status"})
        body: dict[str, Any] = reply.json()
    except (httpx.HTTPError, ValueError):
        return None
    for name, entry in body.items():
        status = entry.get("status", {})
        for part in (status.get("connector", {}), *status.get("tasks", ())):
            if part.get("state") == "FAILED":
                cause = str(part.get("trace", "")).strip().splitlines()
                return f"{name}: {cause[0] if cause else 'FAILED'}"
    return None
