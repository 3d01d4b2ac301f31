"""Brokers that stop, die and come back: unknown in between, and never a wrong answer."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

import cockpit.lab
from cockpit.core.actions import Fence
from cockpit.core.observe import GroupSample
from cockpit.kafka.factory import RealPorts
from cockpit.ports import PortError
from tests.kafka.clock import until
from tests.kafka.real import plan_of, ports_of

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker


async def test_a_stopped_broker_is_slow_a_killed_one_unreachable_and_both_come_back(
    own_lab: Status,
) -> None:
    async with ports_of(own_lab) as ports:
        await _assert_stopped_is_slow_and_back(own_lab, ports)
        await _assert_killed_is_unreachable_and_back(own_lab, ports)
        await _assert_clusters_are_read_without_connect(own_lab, ports)


async def _assert_stopped_is_slow_and_back(lab: Status, ports: RealPorts) -> None:
    await ports.source.logs()
    pid = lab.as_json()["pids"]["source"]
    os.kill(pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(8):
            with pytest.raises(PortError) as caught:
                await _read_for_ever(ports)  # an answer may be on its way already
        assert caught.value.kind == "slow"
        found = await ports.effector.verify(Fence(("shop.orders",)))
        assert found.holds is None
        assert "no answer from" in found.detail
    finally:
        os.kill(pid, signal.SIGCONT)
    await until(lambda: _answers(ports), timeout_s=30)


async def _answers(ports: RealPorts) -> bool:
    try:
        logs = await ports.source.logs()
        groups = await ports.source.groups()
    except PortError:
        return False
    return not logs.errors and all(g.unknown is None for g in groups.groups.values())


async def _assert_killed_is_unreachable_and_back(lab: Status, ports: RealPorts) -> None:
    """While a broker comes back it knows of no groups for a time: that must never be believed."""
    names = set(plan_of(lab).groups())
    before = await ports.source.groups()
    os.kill(lab.as_json()["pids"]["source"], signal.SIGKILL)
    with pytest.raises(PortError) as caught:
        await _read_for_ever(ports)
    assert caught.value.kind == "unreachable"

    async with asyncio.TaskGroup() as tasks:
        restart = asyncio.to_thread(cockpit.lab.restart, lab.folder, "source")
        restarting = tasks.create_task(restart, name="restart")
        samples: list[GroupSample] = []
        async with asyncio.timeout(90):
            while not (restarting.done() and samples and _known(samples[-1], names)):
                try:
                    samples.append(await ports.source.groups())
                except PortError:
                    await asyncio.sleep(0.02)
    for sample in samples:
        assert names <= set(sample.groups)
        for name in names:
            group, then = sample.groups[name], before.groups[name].committed()
            if group.unknown is None:
                assert group.committed().keys() >= then.keys()
                assert all(offset >= then.get(tp, 0) for tp, offset in group.committed().items())


async def _assert_clusters_are_read_without_connect(lab: Status, ports: RealPorts) -> None:
    """The mirror is unknown while Connect hangs or is dead; both clusters are read all the same."""
    pid = lab.as_json()["pids"]["connect"]
    await until(lambda: _mirror_word(ports, ""), timeout_s=60)
    for number, word in ((signal.SIGSTOP, "slow"), (signal.SIGKILL, "unreachable")):
        os.kill(pid, number)
        await until(lambda word=word: _mirror_word(ports, word), timeout_s=10)  # type: ignore[misc]
        assert await _answers(ports)


async def _mirror_word(ports: RealPorts, word: str) -> bool:
    """Whether the mirror is read, or fails in this way."""
    try:
        await ports.replication.mirror()
    except PortError as error:
        return error.kind == word
    return not word


async def _read_for_ever(ports: RealPorts) -> None:
    while True:
        await ports.source.groups()


def _known(sample: GroupSample, names: set[str]) -> bool:
    return all(name in sample.groups and not sample.groups[name].unknown for name in names)
