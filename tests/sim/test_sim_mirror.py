"""The simulated mirror is as late, as coarse and as stubborn as the real one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.actions import CommitOffsets, ExcludeGroups, Fence, PatchConnector, Unfence
from cockpit.core.observe import AclBinding, Unknown
from cockpit.core.translate import translate
from cockpit.ports import PortError
from cockpit.sim.acls import allows, fence_bindings, mirrored
from cockpit.sim.factory import SimPorts
from cockpit.sim.spec import MirrorSpec
from tests.sim.fly import CALM, PLAN, SYNC_OFF, TOPICS, call_all, in_world, make_so

LEDGER = PLAN.services[:1]
NAME = ("payments", 0)


def test_positions_trail_the_source_and_never_pass_it() -> None:
    async def scene(ports: SimPorts) -> None:
        for _ in range(20):
            positions = (await ports.replication.mirror()).positions
            logs = await ports.source.logs()
            lags = [
                int(end) - positions[n] for n, end in zip(logs.keys.names, logs.end, strict=True)
            ]
            assert min(lags) >= 0
            assert max(lags) > 0
            await ports.clock.sleep(330)

    in_world(scene)


@pytest.mark.parametrize("markers", [(0, 0), (6, 3)])
def test_a_translation_never_lies_past_the_true_place(markers: tuple[int, int]) -> None:
    async def scene(ports: SimPorts) -> None:
        source, target = (ports.world.shores[s].offset_map for s in ("source", "target"))
        for _ in range(20):
            await ports.clock.sleep(450)
            slots = (await ports.replication.syncs()).slots
            groups = (await ports.source.groups()).groups
            for name, committed in groups["settlement"].committed().items():
                p = ports.world.layout.keys.position[name]
                true = target.offset(p, source.place(p, committed))
                translated = translate(slots[name], committed)
                assert isinstance(translated, Unknown) or translated <= true

    spec = replace(CALM, source_marker_every=markers[0], target_marker_every=markers[1])
    in_world(scene, spec)


def test_group_sync_makes_groups_on_the_target_and_follows_them() -> None:
    async def scene(ports: SimPorts) -> None:
        before = (await ports.target.groups()).groups["ledger"]
        assert (before.state, before.members) == ("Empty", 0)
        await ports.clock.sleep(6_000)
        after = (await ports.target.groups()).groups["ledger"].committed()
        assert any(after[name] > offset for name, offset in before.committed().items())

    in_world(scene)


def test_group_sync_never_lowers_a_commit_and_leaves_an_excluded_group_alone() -> None:
    async def scene(ports: SimPorts) -> None:
        high = CommitOffsets("target", "ledger", ((NAME, 10**6),))
        await make_so(ports, high)
        await ports.clock.sleep(6_000)
        assert (await ports.effector.verify(high)).holds is True
        await make_so(ports, ExcludeGroups(("ledger",), True))
        gone = CommitOffsets("target", "ledger", ((NAME, None),))
        await make_so(ports, gone)
        await ports.clock.sleep(6_000)
        assert (await ports.effector.verify(gone)).holds is True
        await make_so(ports, ExcludeGroups(("ledger",), False))
        await ports.clock.sleep(6_000)
        assert (await ports.effector.verify(gone)).holds is False

    in_world(scene)


def test_group_sync_leaves_a_group_with_members_alone_and_the_cluster_refuses_ours() -> None:
    async def scene(ports: SimPorts) -> None:
        await call_all(ports, LEDGER, "start")
        await ports.clock.sleep(2_000)
        stolen = CommitOffsets("target", "ledger", ((NAME, 3),))
        with pytest.raises(PortError, match="has members") as caught:
            await ports.effector.do(stolen)
        assert caught.value.kind == "refused"
        assert (await ports.effector.verify(stolen)).holds is False

    in_world(scene)


def test_a_sink_connector_s_group_comes_back_although_a_pattern_leaves_it_out_for_ever() -> None:
    """MirrorMaker never syncs `connect-...`: what was put on its list is taken off it again."""

    async def scene(ports: SimPorts) -> None:
        await make_so(ports, ExcludeGroups(("connect-sink",), True))
        back = ExcludeGroups(("connect-sink",), False)
        await make_so(ports, back)
        assert (await ports.effector.verify(back)).holds is True
        assert ports.world.mirror.is_excluded("connect-sink")

    in_world(scene)


def test_the_excluded_list_comes_back_as_it_was() -> None:
    async def scene(ports: SimPorts) -> None:
        configs = ports.world.mirror.configs["mm2-checkpoint"]
        before = dict(configs)
        data = await ports.effector.do(ExcludeGroups(("ledger", "notifier"), True))
        assert data == {"previous": {"groups.exclude": None}}
        assert configs["groups.exclude"].endswith("ledger,notifier")
        await ports.effector.do(ExcludeGroups(("notifier",), False))
        await ports.effector.do(ExcludeGroups(("ledger",), False))
        assert configs == before

    in_world(scene)


def test_a_patch_returns_the_former_values_and_takes_the_tasks_away_for_a_while() -> None:
    async def scene(ports: SimPorts) -> None:
        patch = PatchConnector("mm2-source", (("offset.lag.max", "0"), ("new.key", "x")))
        assert (await ports.effector.precheck(patch)).holds is False
        data = await ports.effector.do(patch)
        assert data == {"previous": {"offset.lag.max": "100", "new.key": None}}
        task = (await ports.replication.mirror()).connectors[0].tasks[0]
        assert task.state == "UNASSIGNED"
        assert (await ports.effector.verify(patch)).holds is True
        assert (await ports.effector.do(patch))["previous"] == dict(patch.settings)
        back = PatchConnector("mm2-source", tuple(data["previous"].items()))
        await ports.effector.do(back)
        assert "new.key" not in ports.world.mirror.configs["mm2-source"]

    in_world(scene)


@pytest.mark.parametrize("sync_off", [True, False])
def test_acl_sync_copies_the_fence_to_the_target_unless_it_is_off(sync_off: bool) -> None:
    async def scene(ports: SimPorts) -> bool:
        if sync_off:
            await make_so(ports, SYNC_OFF)
        await ports.effector.do(Fence(TOPICS))
        await ports.clock.sleep(3_000)
        await ports.effector.do(Unfence(TOPICS))
        await ports.clock.sleep(3_000)
        return fence_bindings(TOPICS) <= (await ports.target.acls()).bindings

    spec = replace(CALM, mirror=MirrorSpec(acl_sync_ms=1_000))
    assert in_world(scene, spec) is not sync_off


def test_a_fence_takes_a_moment_to_reach_every_broker() -> None:
    async def scene(ports: SimPorts) -> None:
        await call_all(ports, PLAN.services[2:], "stop")
        await ports.effector.do(Fence(TOPICS))
        assert (await ports.effector.verify(Fence(TOPICS))).holds is False
        await ports.clock.sleep(2_000)
        assert (await ports.effector.verify(Fence(TOPICS))).holds is True
        assert (await ports.effector.precheck(Fence(TOPICS))).holds is True
        again = await ports.effector.do(Fence(TOPICS))
        assert again["already_there"] == list(TOPICS)
        removed = await ports.effector.do(Unfence(TOPICS))
        assert removed == {"removed": len(TOPICS)}
        assert await ports.effector.do(Unfence(TOPICS)) == {"removed": 0}

    in_world(scene, replace(CALM, acl_delay_ms=1_500))


def binding(**changes: str) -> AclBinding:
    values = {
        "resource_type": "topic",
        "resource_name": "orders",
        "pattern": "literal",
        "principal": "User:a",
        "host": "*",
        "operation": "write",
        "permission": "allow",
    }
    return AclBinding(**{**values, **changes})


def test_a_deny_beats_every_allow_and_nothing_is_allowed_by_silence() -> None:
    allow, deny = binding(), binding(permission="deny", principal="User:*")
    assert allows({allow}, "User:a", "write", "orders")
    assert not allows({allow, deny}, "User:a", "write", "orders")
    assert allows({allow, deny, binding(operation="read")}, "User:a", "read", "orders")
    assert not allows(set(), "User:a", "write", "orders")
    assert not allows({allow}, "User:b", "write", "orders")
    assert allows({binding(operation="all", resource_name="*")}, "User:a", "write", "orders")
    prefixed = binding(pattern="prefixed", resource_name="ord")
    assert allows({prefixed}, "User:a", "write", "orders")
    assert not allows({prefixed}, "User:a", "write", "payments")


def test_the_mirror_copies_acls_as_mirrormaker_does() -> None:
    deny = binding(permission="deny")
    read_all = binding(operation="all")
    kept = {deny, binding(operation="describe")}
    dropped = {binding(), binding(pattern="prefixed"), binding(resource_type="group")}
    assert mirrored(kept | dropped | {read_all}, ("orders",)) == kept | {binding(operation="read")}
    assert mirrored(kept, ("payments",)) == frozenset()
