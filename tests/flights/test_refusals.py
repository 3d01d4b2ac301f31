"""A mistake on real clusters is refused with exit 5 before anything is touched."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from cockpit.cli import exits
from cockpit.core.observe import AclBinding
from cockpit.kafka.protocol.acls import create_acls, delete_acls
from cockpit.lab.looking import Status
from tests.kafka.clock import until
from tests.kafka.real import client_as, library_options, ports_of

pytestmark = [pytest.mark.broker, pytest.mark.timeout(200)]

ALTER = AclBinding("cluster", "kafka-cluster", "literal", "User:cockpit", "*", "alter", "allow")


def refused(plan: Path, state: Path) -> str:
    """What was said; the flight must not have begun."""
    done = subprocess.run(
        [sys.executable, "-m", "cockpit", "run", str(plan), "--headless", "--gate-wait", "1s"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "XDG_STATE_HOME": str(state), "XDG_RUNTIME_DIR": str(state)},
        check=False,
    )
    assert done.returncode == exits.REFUSED, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not list(state.glob("*.sock"))
    for journal in (state / "cockpit" / "sessions").glob("*/journal.jsonl"):
        assert '"kind":"intent"' not in journal.read_text()
    return done.stderr


async def test_a_missing_right_is_refused_with_the_acl_that_grants_it(
    lab: Status, tmp_path: Path
) -> None:
    async with client_as(lab, "source", "admin") as admin:
        await admin.ask_any(delete_acls([ALTER]))
        try:
            said = refused(lab.folder / "plan.yaml", tmp_path)
        finally:
            await admin.ask_any(create_acls([ALTER]))
    assert "source: User:cockpit may not alter the cluster; grant it: kafka-acls" in said
    assert "--allow-principal=User:cockpit --operation=Alter --cluster" in said


def test_a_super_user_producer_is_refused_by_name(lab: Status, tmp_path: Path) -> None:
    text = (lab.folder / "plan.yaml").read_text()
    plan = tmp_path / "plan.yaml"
    plan.write_text(text.replace('"User:gateway"', '"User:admin"').replace(
        "principal: User:gateway", "principal: User:admin"))  # fmt: skip
    assert plan.read_text() != text
    said = refused(plan, tmp_path)
    assert "no ACL lets User:admin write" in said
    assert "is it a super user?" in said


async def test_a_group_at_work_on_the_target_is_refused(lab: Status, tmp_path: Path) -> None:
    options = library_options(lab, "target", "search")
    consumer = AIOKafkaConsumer(
        "shop.prices", group_id="shop-search", enable_auto_commit=False, **options
    )
    await consumer.start()
    try:
        async with ports_of(lab) as ports:

            async def at_work() -> bool:
                found = (await ports.target.groups()).groups.get("shop-search")
                return found is not None and found.members > 0 and found.state == "Stable"

            await until(at_work, timeout_s=20)
            # in a thread: the member has to show that it lives
            said = await asyncio.to_thread(refused, lab.folder / "plan.yaml", tmp_path)
    finally:
        await consumer.stop()
    assert "group shop-search is at work on the target already, with 1 members" in said
