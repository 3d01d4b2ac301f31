"""A world is the same each time, and whatever is done in it no record comes from nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.core.actions import (
    Action,
    CallService,
    CommitOffsets,
    ExcludeGroups,
    Fence,
    PatchConnector,
    Unfence,
)
from cockpit.ports import OutcomeUnknownError, PortError
from cockpit.sim import faults as f
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import SimPorts
from cockpit.sim.loop import EPOCH_MS
from cockpit.sim.spec import WorldSpec
from cockpit.sim.world import World
from tests.sim.fly import CALM, PLAN, TOPICS, in_world, move_readers, move_writers

HISTORY = """
from tests.sim.fly import in_world, move_readers
from tests.sim.test_sim_world import history
from cockpit.sim.demo import demo_world
import hashlib
print(hashlib.sha256(in_world(history, demo_world(5))).hexdigest())
"""


async def history(ports: SimPorts) -> bytes:
    """A flight with everything that was seen on the way, as bytes."""
    seen: list[Any] = []
    await move_readers(ports)
    for _ in range(5):
        for cluster in (ports.source, ports.target):
            logs = await cluster.logs()
            seen.append((logs.asked_at_ms, logs.answered_at_ms, logs.end.tolist()))
            seen.append(await cluster.groups())
            seen.append(sorted((await cluster.acls()).bindings))
            seen.append(await cluster.info())
        seen.append(await ports.replication.mirror())
        seen.append(await ports.replication.syncs())
        seen.append(await ports.signals.read("checkout-errors"))
        await ports.clock.sleep(700)
    await move_writers(ports)
    seen.append(ports.truth())
    return repr(seen).encode() + ports.world.dump()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, again = (in_world(history, demo_world(5)) for _ in range(2))
    assert first == again
    assert in_world(history, demo_world(6)) != first


def test_the_order_of_sets_in_a_process_changes_nothing() -> None:
    digests = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", HISTORY],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_how_often_a_world_is_looked_at_changes_nothing() -> None:
    seldom, often = (World(PLAN, CALM, EPOCH_MS) for _ in range(2))
    for at_ms in range(0, 20_001, 37):
        often.advance_to(EPOCH_MS + at_ms)
    often.advance_to(EPOCH_MS + 20_000)
    seldom.advance_to(EPOCH_MS + 20_000)
    assert seldom.dump() == often.dump()


def test_a_world_never_goes_back_in_time() -> None:
    world = World(PLAN, CALM, EPOCH_MS)
    world.advance_to(EPOCH_MS + 5_000)
    before = world.dump()
    world.advance_to(EPOCH_MS + 1_000)
    assert world.dump() == before


def test_a_few_virtual_minutes_of_the_demo_world_cost_less_than_a_second() -> None:
    world = World(demo_plan(), demo_world(), EPOCH_MS)
    began = time.process_time()
    world.advance_to(EPOCH_MS + 180_000)
    assert time.process_time() - began < 1.0


def test_raw_offsets_of_the_two_sides_differ_though_the_records_are_the_same() -> None:
    async def scene(ports: SimPorts) -> None:
        source, target = await ports.source.logs(), await ports.target.logs()
        assert (source.end != target.end).all()
        assert (source.end - source.start >= target.end - target.start).all()

    in_world(scene)


def assert_contents(world: World) -> None:
    """Every accepted record is in exactly one log, and each group's sums agree."""
    lanes = [[] for _ in world.layout.lanes]  # type: list[list[tuple[int, int]]]
    for shore in world.shores.values():
        for p in range(len(world.layout.keys)):
            for lane, number, count in shore.logs.pieces(p, 0, int(shore.logs.end[p])):
                if lane < 0:
                    end = int(world.shores["source"].logs.end[p])
                    assert 0 <= number < number + count <= end
                else:
                    assert world.layout.lanes[lane].partition == p
                    lanes[lane].append((number, number + count))
    for lane, spans in enumerate(lanes):
        following = 0
        for first, last in sorted(spans):
            assert first == following
            following = last
        assert following == int(world.traffic.next_number[lane])


def assert_sums(world: World) -> None:
    """What was accepted is processed, pending or lost: nothing else."""
    truth = world.truth()
    where = world.layout.lane_partition
    for group, index in enumerate(world.layout.group_service):
        service = next(s for s in truth.services if s.service == world.layout.services[index].name)
        accepted = int(world.traffic.next_number[world.layout.reads[group][where]].sum())
        known = sum(int(world._begun_at[p]) for p in np.flatnonzero(world.layout.reads[group]))
        assert service.lost >= 0
        distinct = service.processed - service.duplicated
        assert distinct + service.pending + service.lost == accepted - known


NAMES = st.sampled_from([service.name for service in PLAN.services])
CALLS = st.builds(CallService, NAMES, st.sampled_from(("stop", "start", "undo")))
COMMITS = st.builds(
    CommitOffsets,
    st.sampled_from(("source", "target")),
    st.sampled_from(PLAN.groups()),
    st.lists(
        st.tuples(
            st.tuples(st.sampled_from(("payments", "refunds")), st.integers(0, 2)),
            st.one_of(st.none(), st.integers(0, 12_000)),
        ),
        max_size=3,
        unique_by=lambda pair: pair[0],
    ).map(tuple),
)
ACTIONS = st.one_of(
    CALLS,
    CALLS,
    COMMITS,
    st.sampled_from(
        (
            Fence(TOPICS),
            Fence(("payments",)),
            Unfence(TOPICS),
            ExcludeGroups(("ledger",), True),
            ExcludeGroups(("ledger",), False),
            PatchConnector("mm2-source", (("sync.topic.acls.enabled", "false"),)),
        )
    ),
)
WHENS = st.builds(
    f.When,
    event=st.sampled_from(("", "", "fence", "stop checkout", "started ledger")),
    delay_ms=st.integers(0, 8_000),
    for_ms=st.sampled_from((300, 2_000, 6_000, None)),
)
FAULTS = st.lists(
    st.one_of(
        st.builds(
            f.BrokerDown,
            side=st.sampled_from(("source", "target")),
            broker=st.integers(0, 2),
            when=WHENS,
        ),
        st.builds(f.MirrorStalled, when=WHENS),
        st.builds(f.MirrorTaskFailed, replays=st.booleans(), when=WHENS),
        st.builds(f.StalePositions, when=WHENS),
        st.builds(f.FenceVanishes, when=WHENS),
        st.builds(f.ServiceCrash, service=NAMES, when=WHENS),
        st.builds(f.EscapingWriter, topics=st.just(("payments", "audit")), when=WHENS),
        st.builds(
            f.EffectFault,
            mode=st.sampled_from(("lost_before", "lost_after", "slow", "refused")),
            when=WHENS,
        ),
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    actions=st.lists(st.tuples(ACTIONS, st.integers(0, 3_000)), max_size=8),
    script=FAULTS,
    markers=st.sampled_from(((0, 0), (5, 0), (0, 3), (4, 7))),
)
def test_whatever_is_done_no_record_appears_from_nowhere_or_vanishes(
    seed: int,
    actions: list[tuple[Action, int]],
    script: list[f.Fault],
    markers: tuple[int, int],
) -> None:
    async def scene(ports: SimPorts) -> None:
        for action, pause_ms in actions:
            with suppress(PortError, OutcomeUnknownError):
                await ports.effector.do(action)
            await ports.clock.sleep(pause_ms)
            assert_sums(ports.world)
        await ports.clock.sleep(2_000)
        assert_contents(ports.world)
        assert_sums(ports.world)

    spec = WorldSpec(
        seed=seed,
        default_partitions=3,
        warmup_ms=1_000,
        faults=tuple(script),
        source_marker_every=markers[0],
        target_marker_every=markers[1],
    )
    in_world(scene, spec)


def test_two_copies_of_a_service_read_everything_twice() -> None:
    world = World(PLAN, replace(CALM, start_ms=2_000), EPOCH_MS)
    world.call_service("ledger", "start")
    world.advance_to(EPOCH_MS + 3_000)
    assert world.where()["ledger"] == "both"
    world.advance_to(EPOCH_MS + 12_000)
    assert world.where()["ledger"] == "target"
    assert world.truth().duplicated > 0
    assert_sums(world)
