"""A mistake on real clusters is refused with exit 5 before anything is touched."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from cockpit.cli import exits
from cockpit.core.mirrorsurvey import MarksSurvey
from cockpit.core.observe import AclBinding, GroupState, TopicPartition
from cockpit.core.plan import Side
from cockpit.kafka.factory import connect_real
from cockpit.kafka.protocol.acls import create_acls, delete_acls
from cockpit.lab.looking import Status
from cockpit.lab.workload import WORKLOAD
from cockpit.plan import load_plan_file
from tests.flights.real import quick, write_plan
from tests.flights.standing import assert_stands_as, settled
from tests.kafka.clock import RealClock, until
from tests.kafka.real import client_as, library_options, ports_of, producer_as, scratch_topic

pytestmark = [pytest.mark.broker, pytest.mark.timeout(200)]

ALTER = AclBinding("cluster", "kafka-cluster", "literal", "User:cockpit", "*", "alter", "allow")


GROUPS = tuple(work.group for work in WORKLOAD if work.group is not None)
AHEAD = "shop.ahead"
FOREIGN = 120
"""Records that somebody writes straight to the target."""


def refused(plan: Path, state: Path, *options: str, code: int = exits.REFUSED) -> str:
    """What was said; the flight must not have begun."""
    words = ["run", str(plan), "--headless", *(options or ("--gate-wait", "1s"))]
    done = subprocess.run(
        [sys.executable, "-m", "cockpit", *words],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "XDG_STATE_HOME": str(state), "XDG_RUNTIME_DIR": str(state)},
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not list(state.glob("*.sock"))
    for journal in (state / "cockpit" / "sessions").glob("*/journal.jsonl"):
        assert '"kind":"intent"' not in journal.read_text()
    return done.stdout + done.stderr


@contextlib.asynccontextmanager
async def without(lab: Status, side: Side, acl: AclBinding) -> AsyncIterator[None]:
    """An ACL is not there meanwhile."""
    async with client_as(lab, side, "admin") as admin:
        await admin.ask_any(delete_acls([acl]))
        try:
            yield
        finally:
            await admin.ask_any(create_acls([acl]))


async def at_work(lab: Status) -> dict[str, dict[TopicPartition, int]]:
    """The groups of the workload, each with its commits on the source, as soon as all of them are
    at work there; no commit on the target is a cockpit's."""
    found: dict[str, GroupState] = {}
    async with ports_of(lab) as ports:
        assert ports.surveyor is not None
        (marks,) = [feed for feed in ports.surveyor.feeds() if feed.name == "target.marks"]

        async def all_work() -> bool:
            found.update((await ports.source.groups()).groups)
            known = [found[name] for name in GROUPS if name in found]
            return len(known) == len(GROUPS) and all(state.members for state in known)

        await until(all_work, timeout_s=60)
        marked, target = await marks.read(), await ports.target.groups()
    assert isinstance(marked, MarksSurvey)
    assert not [g for g, seen in marked.groups.items() if any(m.ours for m in seen.values())]
    assert not any(target.groups[name].members for name in GROUPS if name in target.groups)
    return {name: found[name].committed() for name in GROUPS}


async def assert_untouched(lab: Status, before: dict[str, dict[TopicPartition, int]]) -> None:
    """Every group has only gone on where it was."""
    now = await at_work(lab)
    assert now.keys() == before.keys()
    for group, commits in before.items():
        assert not [name for name, offset in commits.items() if now[group][name] < offset], group


async def test_a_missing_right_is_refused_with_the_acl_that_grants_it(
    lab: Status, tmp_path: Path
) -> None:
    async with without(lab, "source", ALTER):
        said = refused(lab.folder / "plan.yaml", tmp_path)
    assert "source: User:cockpit may not alter the cluster; grant it: kafka-acls" in said
    assert "--allow-principal=User:cockpit --operation=Alter --cluster" in said


async def test_a_producer_that_may_not_write_on_the_target_is_refused_with_the_acl_it_lacks(
    lab: Status, tmp_path: Path
) -> None:
    """No gate of the plan asks for it: the mirror copies no right to write."""
    content = quick(lab.folder / "plan.yaml")
    for wave in content["waves"]:
        wave["gates"] = [gate for gate in wave["gates"] if "parity" not in gate]
    plan = write_plan(content, tmp_path / "unasked.yaml")
    write = AclBinding("topic", "shop.clicks", "literal", "User:gateway", "*", "write", "allow")
    async with without(lab, "target", write):
        said = refused(plan, tmp_path)
    assert "target: User:gateway may not write topic shop.clicks; grant it: kafka-acls" in said
    assert "--allow-principal=User:gateway --operation=Write --topic=shop.clicks" in said


async def test_a_group_that_reads_more_than_the_plan_names_is_refused(
    lab: Status, tmp_path: Path
) -> None:
    content = quick(lab.folder / "plan.yaml")
    audit = next(one for one in content["services"] if one["name"] == "audit")
    audit["consumes"].remove("shop.mail")
    plan = write_plan(content, tmp_path / "fewer.yaml")
    await at_work(lab)
    said = refused(plan, tmp_path)
    assert "group shop-audit reads shop.mail, which audit does not name" in said
    assert "add to what audit consumes" in said


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


async def write_behind_the_mirror(lab: Status, plan: Path) -> None:
    """Five records come over the mirror; then as many as never were on the source."""
    async with producer_as(lab, "admin") as producer:
        for number in range(5):
            await producer.send_and_wait(AHEAD, b"%d" % number, partition=0)
    ports = connect_real(load_plan_file(plan), RealClock())

    async def copied() -> bool:
        syncs, logs = await ports.replication.syncs(), await ports.target.logs()
        end = int(logs.end[logs.keys.position[AHEAD, 0]])
        return end == 5 and (AHEAD, 0) in syncs.slots

    try:
        await until(copied, timeout_s=60)
    finally:
        await ports.close()
    async with producer_as(lab, "admin", side="target") as foreign:
        for number in range(FOREIGN):
            await foreign.send(AHEAD, b"foreign %d" % number, partition=0)
        await foreign.flush()


async def test_a_target_that_is_ahead_is_refused_before_and_while_a_flight_waits(
    lab: Status, tmp_path: Path
) -> None:
    """The topic is quiet: nothing but the ends of both logs shows it."""
    content = quick(lab.folder / "plan.yaml")
    for service in content["services"]:
        if service["name"] == "search":
            service["consumes"].append(AHEAD)
    plan = write_plan(content, tmp_path / "ahead.yaml")
    async with scratch_topic(lab, AHEAD, sides=("source", "target")):
        await write_behind_the_mirror(lab, plan)
        before, places = await asyncio.to_thread(settled, lab), await at_work(lab)
        said = refused(plan, tmp_path)
        wait = ("--no-preflight", "--gate-wait", "8s")
        told = refused(plan, tmp_path, *wait, code=exits.GATE_NOT_MET)
        await assert_untouched(lab, places)
        await asyncio.to_thread(assert_stands_as, before, lab)
    ahead = f"the target is ahead on {AHEAD}/0: {FOREIGN} records more than the mirror can have"
    assert ahead in said
    assert "find who writes there, and stop it" in said
    assert ahead in told
