"""What was sent and not answered in time is still on its way: it lands when its delay is over."""

from __future__ import annotations

import pytest

from cockpit.core.actions import (
    Action,
    CallService,
    CommitOffsets,
    ExcludeGroups,
    Fence,
    PatchConnector,
    ProveDrained,
    Unfence,
)
from cockpit.ports import OutcomeUnknownError, PortError
from cockpit.sim import faults as f
from cockpit.sim.factory import SimPorts
from tests.sim.fly import CALM, SYNC_OFF, TOPICS, in_world, make_so, with_faults

DELAY_MS = 20_000
COMMIT = CommitOffsets("source", "ledger", ((("payments", 0), 12),))
EXCLUDE = ExcludeGroups(("ledger",), True)


def late(action: f.ActionWord) -> f.EffectFault:
    return f.EffectFault(action=action, mode="slow", delay_ms=DELAY_MS)


async def sent_in_vain(ports: SimPorts, action: Action) -> None:
    began_ms = ports.clock.now_ms()
    with pytest.raises(OutcomeUnknownError, match="no reply within"):
        await ports.effector.do(action)
    assert ports.clock.now_ms() - began_ms < CALM.call_timeout_ms + 1_000


async def holds(ports: SimPorts, action: Action) -> bool | None:
    return (await ports.effector.precheck(action)).holds


@pytest.mark.parametrize(
    ("word", "action"),
    [("fence", Fence(TOPICS)), ("patch", SYNC_OFF), ("exclude", EXCLUDE), ("commit", COMMIT)],
)
def test_an_effect_lands_when_its_delay_is_over_and_not_with_the_error(
    word: f.ActionWord, action: Action
) -> None:
    async def scene(ports: SimPorts) -> None:
        await ports.effector.do(CallService("ledger", "stop"))
        await sent_in_vain(ports, action)
        assert await holds(ports, action) is False
        await ports.clock.sleep(DELAY_MS - CALM.call_timeout_ms - 2_000)
        assert await holds(ports, action) is False
        await ports.clock.sleep(3_000)
        assert await holds(ports, action) is True

    in_world(scene, with_faults(late(word)))


def test_an_order_to_unfence_takes_down_a_fence_that_was_made_after_it_was_sent() -> None:
    async def scene(ports: SimPorts) -> None:
        await make_so(ports, Fence(TOPICS))
        await sent_in_vain(ports, Unfence(TOPICS))
        await make_so(ports, Unfence(TOPICS))
        await make_so(ports, Fence(TOPICS))
        await ports.clock.sleep(DELAY_MS)
        assert await holds(ports, Unfence(TOPICS)) is True

    in_world(scene, with_faults(late("unfence")))


def test_a_commit_that_lands_while_its_group_has_members_is_not_taken() -> None:
    async def scene(ports: SimPorts) -> None:
        await ports.effector.do(CallService("ledger", "stop"))
        await sent_in_vain(ports, COMMIT)
        await ports.effector.do(CallService("ledger", "undo"))
        await ports.clock.sleep(DELAY_MS)
        assert "commit ledger" not in [name for _, name in ports.world.events]
        assert await holds(ports, COMMIT) is False
        truth = ports.truth()
        assert (truth.lost, truth.duplicated) == (0, 0)

    in_world(scene, with_faults(late("commit")))


def test_what_could_not_be_sent_lands_never() -> None:
    async def scene(ports: SimPorts) -> None:
        with pytest.raises(PortError, match="no-such"):
            await ports.effector.do(Fence(("no-such",)))
        await ports.clock.sleep(2 * DELAY_MS)
        assert "fence" not in [name for _, name in ports.world.events]

    in_world(scene, with_faults(late("fence")))


def test_a_patch_of_a_connector_that_is_unknown_changes_nothing() -> None:
    async def scene(ports: SimPorts) -> None:
        await sent_in_vain(ports, PatchConnector("no-such", (("a", "b"),)))
        await ports.clock.sleep(2 * DELAY_MS)
        assert not any(name.startswith("patch") for _, name in ports.world.events)

    in_world(scene, with_faults(late("patch")))


def test_a_reading_that_is_late_leaves_nothing_behind() -> None:
    async def scene(ports: SimPorts) -> None:
        await sent_in_vain(ports, ProveDrained(TOPICS))
        before = list(ports.world.events)
        await ports.clock.sleep(2 * DELAY_MS)
        assert ports.world.events == before

    in_world(scene, with_faults(late("prove_drained")))
