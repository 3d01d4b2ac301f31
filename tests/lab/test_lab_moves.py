"""A lab that is used hard: services move, writers are fenced, parts are killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

import cockpit.lab
from cockpit.lab.checker import check
from cockpit.lab.clusters import Login, connected
from cockpit.lab.looking import Status
from cockpit.lab.mirror import SOURCE_CONNECTOR
from cockpit.lab.planfile import MAX_REREAD_RECORDS
from cockpit.lab.procs import marked
from cockpit.lab.state import load

pytestmark = pytest.mark.broker

DENY_WRITE = (2, "shop.prices", 3, "User:*", "*", 4, 2)
"""Topic, literal, every principal and host, WRITE, DENY."""


@pytest.mark.soak
def test_services_move_by_http_and_nothing_is_lost(own_lab: Status) -> None:
    urls = own_lab.as_json()["services"]
    search, pricing = Service(urls["search"]), Service(urls["pricing"])
    _sync_acls(own_lab, on=False)

    assert search.post("/start?cluster=target").status_code == 409
    stopped = search.post("/stop")
    assert (stopped.status_code, stopped.json()["running"]) == (200, False)
    assert search.post("/stop").status_code == 200
    _until(lambda: _rereads(own_lab, "shop-search") in range(MAX_REREAD_RECORDS + 1))
    assert search.post("/start?cluster=target").status_code == 200
    assert search.post("/start?cluster=target").status_code == 200
    _until(lambda: _newest_cluster(own_lab, "search") == "target")

    # A fenced producer counts errors, sends nothing, and stops promptly all the same.
    _acl(own_lab, CreateAclsRequest(*DENY_WRITE))
    _until(lambda: "TopicAuthorization" in str(pricing.status()["last_error"]))
    produced = pricing.status()["produced"]
    began = time.perf_counter()
    assert pricing.post("/stop").status_code == 200
    assert time.perf_counter() - began < 5.0
    assert pricing.status()["produced"] == produced
    _acl(own_lab, DeleteAclsRequest(*DENY_WRITE))
    assert pricing.post("/start?cluster=source").status_code == 200
    _until(lambda: pricing.status()["produced"] > produced)

    settled_ms = time.time_ns() // 1_000_000
    _until(lambda: check(own_lab.folder, until_ms=settled_ms).lost == 0, deadline_s=30.0)
    verdict = check(own_lab.folder)
    assert verdict.reordered == 0
    assert verdict.duplicated <= MAX_REREAD_RECORDS


@pytest.mark.soak
def test_a_killed_broker_comes_back_where_it_was_and_nothing_is_lost(own_lab: Status) -> None:
    search = Service(own_lab.as_json()["services"]["search"])
    for side in ("source", "target"):
        os.kill(own_lab.as_json()["pids"][side], signal.SIGKILL)
        _until(lambda: cockpit.lab.status(own_lab.folder).state == "partial")
        cockpit.lab.restart(own_lab.folder, side)
        _until(lambda: cockpit.lab.status(own_lab.folder).state == "up", deadline_s=30.0)

    consumed = search.status()["consumed"]
    _until(lambda: search.status()["consumed"] > consumed + 100, deadline_s=60.0)
    settled_ms = time.time_ns() // 1_000_000
    _until(lambda: check(own_lab.folder, until_ms=settled_ms).lost == 0, deadline_s=60.0)
    assert check(own_lab.folder).reordered == 0


@pytest.mark.soak
def test_up_after_a_crash_stops_what_was_left_and_down_leaves_nothing(own_lab: Status) -> None:
    record = load(own_lab.folder)
    assert record is not None
    pids = own_lab.as_json()["pids"]
    for name in ("source", "connect", "audit"):
        os.kill(pids[name], signal.SIGKILL)
    _until(lambda: cockpit.lab.status(own_lab.folder).state == "partial")
    assert set(pids) - set(cockpit.lab.status(own_lab.folder).as_json()["pids"]) == {
        "source",
        "connect",
        "audit",
    }

    said: list[str] = []
    again = cockpit.lab.up(own_lab.folder, said.append)
    assert "stopped what an earlier lab had left" in said[0]
    assert again.state == "up"
    assert marked(record.lab_id) == ()

    newer = load(own_lab.folder)
    assert newer is not None
    assert len(marked(newer.lab_id)) == len(again.as_json()["pids"])
    cockpit.lab.down(own_lab.folder)
    assert marked(newer.lab_id) == ()
    assert cockpit.lab.status(own_lab.folder).state == "down"
    assert cockpit.lab.down(own_lab.folder) == ()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 130), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_an_up_that_is_broken_off_leaves_nothing_or_what_down_finds(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    # What is started in the background of a shell inherits that interrupts are ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-m", "cockpit", "lab", "up", "--folder", str(tmp_path / "lab")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as up:
        assert up.stderr is not None
        for line in up.stderr:
            if "source: answers" in line:
                up.send_signal(number)
                break
        said = up.stderr.read()
    assert up.returncode == code
    assert "Traceback" not in said

    record = load(tmp_path / "lab")
    assert record is not None
    if number is signal.SIGKILL:
        assert marked(record.lab_id)
        assert "source" in cockpit.lab.down(tmp_path / "lab")
    assert marked(record.lab_id) == ()
    assert cockpit.lab.status(tmp_path / "lab").state == "down"


class Service:
    """The control port of one service."""

    def __init__(self, base: str) -> None:
        self._base = base

    def post(self, path: str) -> httpx.Response:
        return httpx.post(f"{self._base}{path}", timeout=30.0)

    def status(self) -> dict[str, Any]:
        body: dict[str, Any] = httpx.get(f"{self._base}/status").json()
        return body


def _sync_acls(lab: Status, *, on: bool) -> None:
    """Otherwise the mirror would copy the fence to the target, and stop there itself."""
    base = f"{lab.as_json()['connect']}/connectors/{SOURCE_CONNECTOR}"
    config = httpx.get(f"{base}/config").json() | {"sync.topic.acls.enabled": str(on).lower()}
    assert httpx.put(f"{base}/config", json=config).status_code == 200
    time.sleep(0.5)
    _until(lambda: [t["state"] for t in httpx.get(f"{base}/status").json()["tasks"]] == ["RUNNING"])


def _acl(lab: Status, request: object) -> None:
    async def send() -> None:
        async with connected(_login(lab, "source")) as setup:
            await setup.send(request)

    asyncio.run(send())


def _rereads(lab: Status, group: str) -> int | None:
    """Records that the group would read again on the target; None while a commit is missing."""
    source, target = (_commits(lab, side, group) for side in ("source", "target"))
    if not source or source.keys() != target.keys():
        return None
    return sum(source[place] - target[place] for place in source)


def _commits(lab: Status, side: str, group: str) -> dict[tuple[str, int], int]:
    async def read() -> dict[tuple[str, int], int]:
        admin = AIOKafkaAdminClient(**_login(lab, side).client_options())
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(group)
        finally:
            await admin.close()
        return {(tp.topic, tp.partition): value.offset for tp, value in offsets.items()}

    return asyncio.run(read())


def _login(lab: Status, side: str) -> Login:
    password = (lab.folder / "secrets" / "cockpit").read_text()
    return Login(lab.as_json()["bootstrap"][side], "cockpit", password)


def _newest_cluster(lab: Status, service: str) -> str:
    lines = (lab.folder / "consumed" / f"{service}.jsonl").read_text().splitlines()
    return str(json.loads(lines[-1])["cluster"])


def _until(holds: Callable[[], bool], deadline_s: float = 15.0) -> None:
    end = time.perf_counter() + deadline_s
    while not holds():
        assert time.perf_counter() < end, "not within the deadline"
        time.sleep(0.1)
