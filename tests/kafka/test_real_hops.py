"""Two real hops, the first of which is killed and copies again: what the connector says of itself
is then past the source's end, and how far the target is, is still told rightly."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

import cockpit.lab
from cockpit.cli.preflight import patiently
from cockpit.core.observe import TopicPartition
from cockpit.core.plan import Plan
from cockpit.kafka.client import Client
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.effects.offsets import lay_out, offsets_of
from cockpit.kafka.factory import connect_real
from cockpit.kafka.http import Http
from cockpit.kafka.protocol.offsets import LATEST
from cockpit.kafka.security import access
from cockpit.lab.clickstream import CLICKSTREAM
from cockpit.lab.hopfiles import FIRST_HOP
from cockpit.lab.looking import Status
from cockpit.plan import load_plan_file
from tests.kafka.clock import RealClock, until

pytestmark = [pytest.mark.broker, pytest.mark.soak, pytest.mark.timeout(900)]

AWAY_S = 2.0
Offsets = Mapping[TopicPartition, int]


@pytest.fixture
def lab(tmp_path: Path) -> object:
    try:
        yield cockpit.lab.up(tmp_path / "lab", lambda _text: None, profile="ec2-082")
    finally:
        cockpit.lab.down(tmp_path / "lab")


def silence(lab: Status) -> None:
    """Nobody writes any more, whoever feeds others first."""
    writers = [work for work in CLICKSTREAM.works if work.produces]
    for work in sorted(writers, key=lambda work: bool(work.consumes)):
        url = lab.as_json()["services"][work.name]
        httpx.post(f"{url}/stop", trust_env=False, timeout=30).raise_for_status()
        time.sleep(1.0 if not work.consumes else 0.0)


async def ends(client: Client, plan: Plan) -> Offsets:
    return await offsets_of(client, await lay_out(client, plan.topics()), LATEST)


async def test_a_record_that_came_twice_in_between_is_no_progress(lab: Status) -> None:
    os.kill(lab.as_json()["pids"][FIRST_HOP], signal.SIGKILL)
    await asyncio.sleep(AWAY_S)
    await asyncio.to_thread(cockpit.lab.restart, lab.folder, FIRST_HOP)
    await asyncio.to_thread(silence, lab)
    plan = load_plan_file(lab.folder / "plan.yaml")
    assert plan.first_hop is not None
    ports = connect_real(plan, RealClock())
    source = Client(access(plan.source, lambda _ref: ""))
    between = Client(access(plan.first_hop.between, lambda _ref: ""))
    http = Http()
    connect = ConnectRest(http, plan.replication.connect)
    try:
        here = await ends(source, plan)

        async def arrived() -> bool:
            return dict((await patiently(ports.replication.mirror)).positions) == here

        await until(arrived, timeout_s=120)
        twice = sum((await ends(between, plan)).values()) - sum(here.values())
        assert twice > 0, "the first hop has copied nothing again: nothing was proved"
        own = await connect.positions(plan.replication.source_connector)
        assert sum(own.values()) > sum(here.values())  # more than the source has ever had
    finally:
        await ports.close()
        for client in (source, between):
            await client.close()
        await http.close()
