"""Each fault shows through the ports as what their contracts say, and goes when it is over."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cockpit.core.actions import (
    CallService,
    CommitOffsets,
    ExcludeGroups,
    Fence,
    PatchConnector,
    ProveDrained,
    Unfence,
)
from cockpit.core.observe import MISSING, Unknown
from cockpit.core.plan import Manual
from cockpit.ports import OutcomeUnknownError, PortError
from cockpit.sim import faults as f
from cockpit.sim.factory import SimPorts
from tests.sim.fly import (
    CALM,
    PLAN,
    SYNC_OFF,
    TOPICS,
    WRITERS,
    call_all,
    in_world,
    make_so,
    move_readers,
    with_faults,
)

FOR_5_S = f.When(for_ms=5_000)
STOP_LEDGER = CallService("ledger", "stop")


async def failing(awaitable: Any) -> PortError:
    with pytest.raises(PortError) as caught:
        await awaitable
    assert caught.value.reason.startswith("simulated: ")
    return caught.value


def test_an_unreachable_cluster_answers_nothing_until_it_is_back() -> None:
    async def scene(ports: SimPorts) -> None:
        for read in (ports.source.logs, ports.source.groups, ports.source.acls, ports.source.info):
            assert (await failing(read())).kind == "unreachable"
        assert (await failing(ports.effector.do(Fence(TOPICS)))).kind == "unreachable"
        finding = await ports.effector.verify(Fence(TOPICS))
        assert finding.holds is None
        assert (await ports.target.logs()).end.min() > 0
        await ports.clock.sleep(5_000)
        assert (await ports.source.logs()).end.min() > 0

    in_world(scene, with_faults(f.ClusterUnreachable(side="source", when=f.When(for_ms=9_000))))


def test_a_refused_login_is_refused_and_not_unreachable() -> None:
    async def scene(ports: SimPorts) -> None:
        assert (await failing(ports.target.groups())).kind == "refused"

    in_world(scene, with_faults(f.ClusterRefuses(side="target", when=FOR_5_S)))


def test_a_slow_cluster_answers_late_with_the_time_it_was_asked() -> None:
    async def scene(ports: SimPorts) -> None:
        began = ports.clock.now_ms()
        sample = await ports.source.logs()
        assert sample.asked_at_ms == began
        assert sample.answered_at_ms == began + 2_000

    slow = f.ClusterSlow(side="source", latency_ms=2_000, when=FOR_5_S)
    in_world(scene, with_faults(slow))


def test_a_cluster_slower_than_the_call_timeout_is_a_slow_failure_after_that_time() -> None:
    async def scene(ports: SimPorts) -> None:
        began = ports.clock.now_ms()
        assert (await failing(ports.source.logs())).kind == "slow"
        assert ports.clock.now_ms() == began + CALM.call_timeout_ms

    slow = f.ClusterSlow(side="source", latency_ms=60_000, when=FOR_5_S)
    in_world(scene, with_faults(slow))


def test_a_lost_broker_leaves_its_partitions_missing_and_its_groups_unknown() -> None:
    async def scene(ports: SimPorts) -> None:
        await ports.clock.sleep(1_000)
        logs = await ports.source.logs()
        missing = {logs.keys.names[int(p)] for p in np.flatnonzero(logs.end == MISSING)}
        assert missing == set(logs.errors) != set()
        assert len(missing) < len(logs.keys)
        assert (logs.start == MISSING).tolist() == (logs.end == MISSING).tolist()
        groups = (await ports.source.groups()).groups
        layout = ports.world.layout
        for name, at in zip(layout.groups, layout.coordinator_of, strict=True):
            assert (groups[name].unknown is not None) == (at == 1)
        assert len((await ports.source.info()).brokers) == CALM.brokers - 1
        assert (await failing(ports.effector.precheck(Fence(TOPICS)))).kind == "unreachable"
        assert (await ports.effector.verify(Fence(TOPICS))).holds is None
        assert (await ports.effector.verify(ProveDrained(TOPICS))).holds is None
        again = await ports.source.logs()
        assert again.keys is logs.keys
        await ports.clock.sleep(5_000)
        assert not (await ports.source.logs()).errors
        await ports.clock.sleep(2_000)
        truth = ports.truth()
        assert (truth.lost, truth.duplicated, truth.disordered, truth.unsent) == (0, 0, 0, 0)

    in_world(scene, with_faults(f.BrokerDown(side="source", broker=1, when=FOR_5_S)))


def test_connect_can_be_down_while_the_mirror_copies_on() -> None:
    async def scene(ports: SimPorts) -> None:
        before = (await ports.target.logs()).end
        assert (await failing(ports.replication.mirror())).kind == "unreachable"
        assert (await failing(ports.effector.do(SYNC_OFF))).kind == "unreachable"
        excluding = ExcludeGroups(("ledger",), True)
        assert (await failing(ports.effector.precheck(excluding))).kind == "unreachable"
        await ports.clock.sleep(2_000)
        assert (await ports.target.logs()).end.sum() > before.sum()
        assert ports.world.mirror.configs["mm2-source"]["sync.topic.acls.enabled"] == "true"

    in_world(scene, with_faults(f.ConnectDown(when=FOR_5_S)))


def test_a_stalled_mirror_says_that_it_runs_and_copies_nothing() -> None:
    async def scene(ports: SimPorts) -> None:
        await ports.clock.sleep(1_000)
        before = (await ports.target.logs()).end
        await ports.clock.sleep(2_000)
        assert ((await ports.target.logs()).end == before).all()
        states = (await ports.replication.mirror()).connectors
        assert {task.state for c in states for task in c.tasks} == {"RUNNING"}
        await ports.clock.sleep(5_000)
        assert (await ports.target.logs()).end.sum() > before.sum()

    in_world(scene, with_faults(f.MirrorStalled(when=FOR_5_S)))


def test_a_failed_task_shows_beneath_a_running_connector_and_then_copies_again() -> None:
    async def scene(ports: SimPorts) -> None:
        await move_readers(ports)
        await ports.clock.sleep(4_000)
        clean = ports.truth()
        ports.world.happened("now")
        await ports.clock.sleep(1_000)
        connector = (await ports.replication.mirror()).connectors[0]
        assert connector.state == "RUNNING"
        assert connector.tasks[0].state == "FAILED"
        assert "TimeoutException" in connector.tasks[0].cause
        await ports.clock.sleep(6_000)
        truth = ports.truth()
        assert truth.duplicated > clean.duplicated
        assert truth.lost == 0

    now = f.When(event="now", delay_ms=500, for_ms=2_000)
    in_world(scene, with_faults(f.MirrorTaskFailed(when=now)))


def test_what_the_mirror_has_copied_once_is_not_cut_off_the_source_though_it_copies_it_again() -> (
    None
):
    async def scene(ports: SimPorts) -> None:
        await move_readers(ports)
        source, mirror = ports.world.shores["source"], ports.world.mirror
        for _ in range(30):
            await ports.clock.sleep(100)
            ports.world.advance_to(ports.clock.now_ms())
            if (mirror.farthest > mirror.copied).any():
                break
        assert (mirror.farthest > mirror.copied).any()
        before = mirror.farthest.copy()
        ports.world.happened("now")
        await ports.clock.sleep(200)
        ports.world.advance_to(ports.clock.now_ms())
        assert (source.logs.end >= before).all()

    cut = f.Truncation(when=f.When(event="now"))
    in_world(scene, with_faults(f.MirrorLoops(when=f.When()), cut))


def test_stale_positions_stand_still_while_records_arrive() -> None:
    async def scene(ports: SimPorts) -> None:
        positions = (await ports.replication.mirror()).positions
        before = (await ports.target.logs()).end
        await ports.clock.sleep(4_000)
        assert (await ports.replication.mirror()).positions == positions
        assert (await ports.target.logs()).end.sum() > before.sum()
        await ports.clock.sleep(3_000)
        assert (await ports.replication.mirror()).positions != positions

    in_world(scene, with_faults(f.StalePositions(when=FOR_5_S)))


def test_a_burst_lifts_its_signal_and_no_other() -> None:
    async def scene(ports: SimPorts) -> None:
        assert (await ports.signals.read("checkout-errors")).value == 0.3
        other = (await ports.signals.read("settlement-errors")).value
        assert isinstance(other, float)
        assert other < 0.01
        await ports.clock.sleep(5_000)
        calm = (await ports.signals.read("checkout-errors")).value
        assert isinstance(calm, float)
        assert calm < 0.01

    burst = f.ErrorBurst(signal="checkout-errors", value=0.3, when=FOR_5_S)
    in_world(scene, with_faults(burst))


def test_a_signal_that_is_down_fails_and_one_that_says_nonsense_is_unknown() -> None:
    async def scene(ports: SimPorts) -> None:
        assert (await failing(ports.signals.read("checkout-errors"))).kind == "unreachable"
        value = (await ports.signals.read("settlement-errors")).value
        assert isinstance(value, Unknown)
        assert "oops" in value.reason
        assert (await failing(ports.signals.read("no-such"))).kind == "protocol"

    down = f.SignalDown(signal="checkout-errors", when=FOR_5_S)
    garbage = f.SignalGarbage(signal="settlement-errors", text="oops", when=FOR_5_S)
    in_world(scene, with_faults(down, garbage))


def test_a_writer_that_escapes_the_fence_is_seen_by_its_verification() -> None:
    async def scene(ports: SimPorts) -> None:
        await call_all(ports, WRITERS, "stop")
        await make_so(ports, SYNC_OFF)
        await ports.effector.do(Fence(TOPICS))
        await ports.clock.sleep(1_000)
        finding = await ports.effector.verify(Fence(TOPICS))
        assert finding.holds is False
        assert "payments" in finding.detail

    escaping = f.EscapingWriter(topics=("payments",), rate_per_s=50, when=f.ALWAYS)
    in_world(scene, with_faults(escaping))


def test_a_super_user_that_was_not_stopped_escapes_the_fence_too() -> None:
    async def scene(ports: SimPorts) -> None:
        await ports.effector.do(Fence(TOPICS))
        await ports.clock.sleep(1_000)
        assert (await ports.effector.verify(Fence(TOPICS))).holds is False

    in_world(scene, replace(CALM, super_users=("checkout",)))


def test_a_fence_that_somebody_removes_does_not_hold_any_more() -> None:
    async def scene(ports: SimPorts) -> None:
        await call_all(ports, WRITERS, "stop")
        await make_so(ports, Fence(TOPICS))
        await ports.clock.sleep(3_000)
        assert (await ports.effector.verify(Fence(TOPICS))).holds is False
        assert (await ports.effector.verify(Unfence(TOPICS))).holds is True

    vanishing = f.FenceVanishes(when=f.When(event="fence writers", delay_ms=2_000))
    in_world(scene, with_faults(vanishing))


@pytest.mark.parametrize("how", ["removed", "forgotten"])
def test_a_fence_that_goes_while_its_flat_samples_are_taken_is_not_proved(how: str) -> None:
    async def scene(ports: SimPorts) -> None:
        await call_all(ports, WRITERS, "stop")
        await make_so(ports, Fence(TOPICS))
        acls = ports.world.shores["source"].acls
        async with asyncio.TaskGroup() as tasks:
            proof = tasks.create_task(ports.effector.verify(Fence(TOPICS)), name="proof")
            await ports.clock.sleep(350)
            assert not proof.done()
            if how == "forgotten":
                acls.forget(1, forgotten=True)
            else:
                denies = frozenset(b for b in acls.bindings if b.permission == "deny")
                acls.change(ports.world.now_ms, remove=denies)
        assert proof.result().holds is False, proof.result().detail

    in_world(scene)


def test_a_crash_repeats_what_was_not_committed_and_loses_nothing() -> None:
    async def scene(ports: SimPorts) -> None:
        await ports.clock.sleep(1_000)
        assert (await ports.source.groups()).groups["ledger"].state == "Empty"
        await ports.clock.sleep(5_000)
        assert (await ports.source.groups()).groups["ledger"].state == "Stable"
        truth = ports.truth()
        assert truth.lost == 0
        assert truth.duplicated > 0

    crash = f.ServiceCrash(service="ledger", when=f.When(delay_ms=450, for_ms=3_000))
    in_world(scene, with_faults(crash))


@pytest.mark.parametrize(
    ("mode", "happens"), [("lost_before", False), ("lost_after", True), ("slow", True)]
)
def test_a_call_without_a_reply_is_an_unknown_outcome(mode: f.EffectMode, happens: bool) -> None:
    async def scene(ports: SimPorts) -> None:
        with pytest.raises(OutcomeUnknownError):
            await ports.effector.do(STOP_LEDGER)
        await ports.clock.sleep(15_000)
        assert (ports.where()["ledger"] == "stopped") is happens
        await ports.effector.do(STOP_LEDGER)
        assert ports.where()["ledger"] == "stopped"

    lost = f.EffectFault(action="call", mode=mode, subject="ledger stop", delay_ms=20_000)
    in_world(scene, with_faults(lost))


def test_a_slow_call_within_its_timeout_is_only_slow() -> None:
    async def scene(ports: SimPorts) -> None:
        began = ports.clock.now_ms()
        await ports.effector.do(STOP_LEDGER)
        assert ports.clock.now_ms() - began > 4_000
        assert ports.where()["ledger"] == "stopped"

    in_world(scene, with_faults(f.EffectFault(action="call", mode="slow", delay_ms=4_000)))


def test_a_commit_can_be_refused_once() -> None:
    async def scene(ports: SimPorts) -> None:
        await call_all(ports, PLAN.services[:1], "stop")
        commit = CommitOffsets("source", "ledger", ((("payments", 0), 12),))
        assert (await failing(ports.effector.do(commit))).kind == "refused"
        assert (await ports.effector.verify(commit)).holds is False
        data = await ports.effector.do(commit)
        assert data["previous"]["payments/0"] > 12
        assert (await ports.effector.verify(commit)).holds is True

    in_world(scene, with_faults(f.EffectFault(action="commit", mode="refused", subject="ledger")))


def test_a_fence_whose_reply_is_lost_can_be_found_by_reading() -> None:
    async def scene(ports: SimPorts) -> None:
        with pytest.raises(OutcomeUnknownError):
            await ports.effector.do(Fence(TOPICS))
        await ports.clock.sleep(500)
        assert (await ports.effector.precheck(Fence(TOPICS))).holds is True

    in_world(scene, with_faults(f.EffectFault(action="fence", mode="lost_after")))


def test_a_window_opens_at_the_occurrence_it_names() -> None:
    async def scene(ports: SimPorts) -> list[bool]:
        high = []
        for _ in range(3):
            await ports.effector.do(Fence(TOPICS))
            await ports.clock.sleep(500)
            value = (await ports.signals.read("settlement-errors")).value
            assert isinstance(value, float)
            high.append(value > 1)
            await make_so(ports, Unfence(TOPICS))
            await ports.clock.sleep(3_000)
        return high

    second = f.When(event="fence writers", occurrence=2, delay_ms=100, for_ms=2_000)
    burst = f.ErrorBurst(signal="settlement-errors", value=7.0, when=second)
    assert in_world(scene, with_faults(burst)) == [False, True, False]


def test_what_the_plan_does_not_know_is_refused_by_name() -> None:
    async def scene(ports: SimPorts) -> None:
        unknown = (
            PatchConnector("no-such", (("a", "b"),)),
            CommitOffsets("source", "no-such", ()),
            CommitOffsets("source", "ledger", ((("payments", 99), 1),)),
            Fence(("no-such",)),
        )
        for action in unknown:
            error = await failing(ports.effector.do(action))
            assert error.kind == "protocol"
            assert "no-such" in error.reason or "payments/99" in error.reason
        with pytest.raises(PortError, match="no service no-such"):
            await ports.effector.do(CallService("no-such", "stop"))

    in_world(scene)


def test_what_a_person_does_cannot_be_called() -> None:
    async def scene(ports: SimPorts) -> None:
        with pytest.raises(PortError, match="done by a person"):
            await ports.effector.do(STOP_LEDGER)
        ports.call_service("ledger", "stop")
        await ports.clock.sleep(1_000)
        assert (await ports.source.groups()).groups["ledger"].state == "Empty"

    ledger = replace(PLAN.services[0], stop=Manual("stop it"))
    in_world(scene, CALM, replace(PLAN, services=(ledger, *PLAN.services[1:])))


def test_without_a_canary_no_fence_is_made() -> None:
    async def scene(ports: SimPorts) -> None:
        with pytest.raises(PortError, match="no canary"):
            await ports.effector.do(Fence(TOPICS))
        bindings = (await ports.source.acls()).bindings
        assert not any(binding.permission == "deny" for binding in bindings)

    in_world(scene, CALM, replace(PLAN, source=replace(PLAN.source, canary=None)))


def test_a_drain_that_cannot_be_read_is_neither_proved_nor_refuted() -> None:
    async def scene(ports: SimPorts) -> None:
        assert (await ports.effector.verify(ProveDrained(TOPICS))).holds is None
        assert (await failing(ports.effector.do(ProveDrained(TOPICS)))).kind == "unreachable"

    in_world(scene, with_faults(f.ClusterUnreachable(side="target", when=FOR_5_S)))
