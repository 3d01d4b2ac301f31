"""What earlier attempts have left on real clusters is found, refused over, and cleared as told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from cockpit.cli import exits
from cockpit.core.actions import CommitOffsets
from cockpit.core.observe import AclBinding
from cockpit.kafka.protocol.acls import create_acls
from cockpit.lab.components import JVM, environment
from cockpit.lab.jars import fetch
from cockpit.lab.looking import Status
from tests.flights.real import Event, fly, quick, write_plan
from tests.flights.test_lab import until
from tests.kafka.real import client_as, plan_of, ports_of
from tests.kafka.tools import ACLS, GROUPS, QUIET, tools_of

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

FENCE = AclBinding("topic", "shop.orders", "literal", "User:gateway", "*", "write", "deny")


def cockpit(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cockpit", *words],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "XDG_STATE_HOME": str(state), "XDG_RUNTIME_DIR": str(state)},
        check=False,
    )


def left_over(plan: Path, state: Path) -> tuple[int, dict[str, Mapping[str, Any]], list[str]]:
    """Exit code, what was found by its kind, and what nobody could look at."""
    done = cockpit(state, "leftovers", str(plan), "--json")
    assert "Traceback" not in done.stderr, done.stderr
    told = json.loads(done.stdout)
    return done.returncode, {one["kind"]: one for one in told["left_over"]}, told["unread"]


async def plant(lab: Status) -> None:
    """A fence of one producer, which the mirror copies; its settings; a pause; a commit."""
    async with client_as(lab, "source", "admin") as admin:
        await admin.ask_any(create_acls([FENCE]))
    async with ports_of(lab) as ports:
        place = ((("shop.prices", 0), 1_000_000_000),)
        await ports.effector.do(CommitOffsets("target", "shop-search", place))
        for _ in range(60):
            if FENCE in (await ports.target.acls()).bindings:
                break
            await asyncio.sleep(0.25)
    base = plan_of(lab).replication.connect
    async with httpx.AsyncClient(trust_env=False, base_url=f"{base}/connectors") as http:
        for connector, change in (
            ("mm2-source", {"sync.topic.acls.enabled": "false"}),
            ("mm2-checkpoint", {"groups.exclude": "shop-audit,x.*"}),
        ):
            (await http.patch(f"/{connector}/config", json=change)).raise_for_status()
        (await http.put("/mm2-source/pause")).raise_for_status()


async def shell_tools(lab: Status, folder: Path) -> None:
    """Kafka's scripts under their own names, and the file that the commands ask for."""
    tools = await tools_of(lab, "target", folder)
    (folder / "admin.properties").write_text(tools.login.read_text())
    jars = await fetch(lambda _: None)
    for name, main in (("kafka-acls.sh", ACLS), ("kafka-consumer-groups.sh", GROUPS)):
        words = " ".join([jars.java, "-Xmx128m", *JVM, QUIET, main["target"]])
        script = folder / name
        script.write_text(f'#!/bin/bash\nexec {words} "$@"\n')
        script.chmod(0o700)


def run_line(line: str, folder: Path, classpath: str) -> None:
    env = environment("tools") | {"CLASSPATH": classpath, "PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", line], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


async def test_planted_remains_refuse_a_flight_and_go_by_the_commands_that_are_told(
    own_lab: Status, tmp_path: Path
) -> None:
    plan = own_lab.folder / "plan.yaml"
    code, found, unread = left_over(plan, tmp_path)
    assert (code, found, unread) == (exits.COMPLETED, {}, [])
    await plant(own_lab)
    await shell_tools(own_lab, tmp_path)
    code, found, unread = left_over(plan, tmp_path)
    assert (code, unread) == (exits.FAILED, [])
    kinds = {"fence", "copied fence", "connector", "settings", "groups", "offsets"}
    assert found.keys() == kinds
    assert found["groups"]["names"] == ["shop-audit"]
    assert found["fence"]["harms"] == ["edge"]
    assert found["offsets"]["harms"] == []
    refused = cockpit(tmp_path, "run", str(plan), "--headless", "--json")
    assert refused.returncode == exits.REFUSED, refused.stderr
    assert json.loads(refused.stdout)["outcome"] == "refused"
    for kind in ("fence", "copied fence", "connector"):
        assert found[kind]["command"] in refused.stderr
    doctor = cockpit(tmp_path, "doctor", str(plan))
    assert doctor.returncode == exits.FAILED
    assert doctor.stdout.count("left over:") == len(kinds)
    classpath = (await fetch(lambda _: None)).classpath("target")
    for one in found.values():
        run_line(str(one["command"]), tmp_path, classpath)
    until(lambda: left_over(plan, tmp_path)[0] == exits.COMPLETED, within_s=30)


@pytest.mark.soak
def test_a_flight_that_died_is_named_and_leaves_nothing_once_it_was_taken_back(
    own_lab: Status, tmp_path: Path
) -> None:
    """The engine is killed behind the fence of the second wave."""
    state = tmp_path / "state"
    state.mkdir()
    content = quick(own_lab.folder / "plan.yaml")
    for wave in content["waves"]:
        wave["steps"] = [s for s in wave["steps"] if "soak" not in s]
    wave = content["waves"][1]
    wave["steps"].insert(wave["steps"].index("drain"), {"soak": {"for": "30s"}})
    plan = write_plan(content, own_lab.folder / "dies.yaml")

    def kill(event: Event) -> None:
        if event["kind"] == "step_done" and event["step"] == "fence":
            (meta,) = (state / "cockpit" / "sessions").glob("*/session.json")
            os.kill(json.loads(meta.read_text())["pid"], signal.SIGKILL)

    flight = fly(plan, state, kill)
    assert flight.exit_code == exits.UNKNOWN, flight.story()
    code, found, _ = left_over(plan, state)
    assert code == exits.FAILED
    assert found.keys() >= {"fence", "settings"}
    session = found["fence"]["session"]
    assert session
    assert found["fence"]["advice"] == f"cockpit resume {session}"
    assert found["fence"]["since_ms"] > 0
    resumed = cockpit(state, "resume", session, "--headless", "--json")
    assert resumed.returncode == exits.ROLLED_BACK, resumed.stdout[-3_000:] + resumed.stderr
    result = json.loads(resumed.stdout.splitlines()[-1])
    assert result["left_over"] == [], result
    assert left_over(plan, state)[0] == exits.COMPLETED
