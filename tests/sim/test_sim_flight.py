"""Waves flown by hand: done right nothing is lost; done wrong the checker says what happened."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.core.actions import CommitOffsets, Fence, ProveDrained, Unfence
from cockpit.ports import PortError
from cockpit.sim.factory import SimPorts
from cockpit.sim.spec import MirrorSpec, WorldSpec
from cockpit.sim.truth import TruthReport
from tests.sim.fly import (
    CALM,
    READERS,
    SYNC_OFF,
    TOPICS,
    WRITERS,
    call_all,
    exclude,
    fence_and_drain,
    in_world,
    make_so,
    mirror_has_passed,
    move_readers,
    move_writers,
)

LEDGER = READERS[0]

WORLDS = st.builds(
    WorldSpec,
    seed=st.integers(0, 2**32 - 1),
    default_partitions=st.integers(1, 5),
    warmup_ms=st.just(3_000),
    base_spread=st.sampled_from((0, 1, 5_000)),
    source_marker_every=st.sampled_from((0, 3, 40)),
    target_marker_every=st.sampled_from((0, 2, 25)),
    default_rate_per_s=st.sampled_from((5.0, 80.0, 600.0)),
    mirror=st.builds(
        MirrorSpec,
        latency_ms=st.sampled_from((100, 400, 1_500)),
        flush_ms=st.sampled_from((500, 2_000)),
        offset_lag_max=st.sampled_from((0, 10, 100)),
    ),
)


@settings(max_examples=25, deadline=None)
@given(spec=WORLDS)
def test_two_waves_lose_nothing_and_repeat_no_more_than_predicted(spec: WorldSpec) -> None:
    async def scene(ports: SimPorts) -> tuple[int, TruthReport]:
        predicted = await move_readers(ports)
        await ports.clock.sleep(2_000)
        predicted += await move_writers(ports)
        await ports.clock.sleep(3_000)
        return predicted, ports.truth()

    predicted, truth = in_world(scene, spec)
    assert (truth.lost, truth.disordered, truth.violations) == (0, 0, ())
    assert truth.duplicated <= predicted
    assert all(service.processed for service in truth.services)


def test_after_the_move_every_service_works_on_the_target() -> None:
    async def scene(ports: SimPorts) -> None:
        await move_readers(ports)
        await move_writers(ports)
        ends = (await ports.source.logs()).end.copy()
        before = (await ports.target.groups()).groups["ledger"].committed()
        await ports.clock.sleep(3_000)
        assert set(ports.where().values()) == {"target"}
        assert ((await ports.source.logs()).end == ends).all()
        after = (await ports.target.groups()).groups["ledger"]
        assert after.state == "Stable"
        assert any(after.committed()[name] > before[name] for name in before)
        assert {g.state for g in (await ports.source.groups()).groups.values()} == {"Empty"}

    in_world(scene)


def test_a_wave_taken_back_before_its_start_loses_and_repeats_nothing() -> None:
    async def scene(ports: SimPorts) -> TruthReport:
        await exclude(ports, WRITERS)
        await call_all(ports, WRITERS, "stop")
        await fence_and_drain(ports)
        await make_so(ports, Unfence(TOPICS))
        await call_all(ports, WRITERS, "undo")
        await ports.clock.sleep(3_000)
        assert set(ports.where().values()) == {"source"}
        return ports.truth()

    truth = in_world(scene)
    assert (truth.lost, truth.duplicated, truth.disordered, truth.violations) == (0, 0, 0, ())


def test_offsets_committed_too_far_are_seen_as_just_so_many_lost_records() -> None:
    assert _shifted_start(by=5).lost == 5


def test_offsets_committed_too_early_are_seen_as_just_so_many_duplicates() -> None:
    truth = _shifted_start(by=-7)
    assert (truth.lost, truth.duplicated) == (0, 7)


def test_offsets_committed_exactly_lose_and_repeat_nothing() -> None:
    truth = _shifted_start(by=0)
    assert (truth.lost, truth.duplicated, truth.disordered) == (0, 0, 0)


def _shifted_start(*, by: int) -> TruthReport:
    """Start the ledger on the target at its true place, but for one partition."""

    async def scene(ports: SimPorts) -> TruthReport:
        await exclude(ports, (LEDGER,))
        await call_all(ports, (LEDGER,), "stop")
        committed = await mirror_has_passed(ports, "ledger")
        await ports.clock.sleep(3_000)
        world = ports.world
        source, target = (world.shores[side].offset_map for side in ("source", "target"))
        offsets = []
        for name, offset in committed.items():
            p = world.layout.keys.position[name]
            place = source.place(p, offset) + (by if name == ("payments", 1) else 0)
            offsets.append((name, target.offset(p, place)))
        await make_so(ports, CommitOffsets("target", "ledger", tuple(offsets)))
        await call_all(ports, (LEDGER,), "start")
        await ports.clock.sleep(2_000)
        return ports.truth()

    return in_world(scene)


def test_a_group_without_commits_on_the_target_reads_everything_again() -> None:
    async def scene(ports: SimPorts) -> TruthReport:
        await exclude(ports, (LEDGER,))
        await call_all(ports, (LEDGER,), "stop")
        commits = (await ports.target.groups()).groups["ledger"].committed()
        gone = tuple((name, None) for name in commits)
        await make_so(ports, CommitOffsets("target", "ledger", gone))
        assert "ledger" not in (await ports.target.groups()).groups
        await call_all(ports, (LEDGER,), "start")
        await ports.clock.sleep(5_000)
        return ports.truth()

    truth = in_world(scene)
    assert truth.lost == 0
    assert truth.duplicated > CALM.history_records * CALM.default_partitions


def test_starting_without_a_stop_or_a_fence_is_two_writers_at_once() -> None:
    async def scene(ports: SimPorts) -> TruthReport:
        for service in WRITERS:
            ports.call_service(service.name, "start")
        await ports.clock.sleep(5_000)
        return ports.truth()

    truth = in_world(scene)
    assert {text.split()[4] for text in truth.violations} == set(TOPICS)


def test_behind_a_fence_a_start_without_a_stop_is_no_second_writer() -> None:
    async def scene(ports: SimPorts) -> TruthReport:
        await make_so(ports, SYNC_OFF)
        await ports.effector.do(Fence(TOPICS))
        await ports.clock.sleep(1_000)
        for service in WRITERS:
            ports.call_service(service.name, "start")
        await ports.clock.sleep(5_000)
        return ports.truth()

    assert in_world(scene, CALM).violations == ()


def test_starting_before_the_drain_puts_records_out_of_order() -> None:
    async def scene(ports: SimPorts) -> TruthReport:
        await move_readers(ports)
        await call_all(ports, WRITERS, "stop")
        await call_all(ports, WRITERS, "start")
        await ports.clock.sleep(8_000)
        return ports.truth()

    slow = replace(CALM, start_ms=100, stop_ms=100, mirror=MirrorSpec(latency_ms=3_000))
    truth = in_world(scene, slow)
    assert truth.disordered > 0
    assert truth.lost == 0


def test_going_back_after_the_start_loses_what_only_the_target_has() -> None:
    async def scene(ports: SimPorts) -> TruthReport:
        await move_writers(ports)
        await ports.clock.sleep(3_000)
        await call_all(ports, WRITERS, "stop")
        await make_so(ports, Unfence(TOPICS))
        await call_all(ports, WRITERS, "undo")
        await ports.clock.sleep(3_000)
        return ports.truth()

    truth = in_world(scene)
    assert next(s for s in truth.services if s.service == "ledger").lost > 0


def test_refused_writes_wait_in_their_producer_and_arrive_in_order() -> None:
    async def scene(ports: SimPorts) -> tuple[int, TruthReport]:
        await make_so(ports, SYNC_OFF)
        await ports.effector.do(Fence(TOPICS))
        await ports.clock.sleep(2_000)
        unsent = ports.truth().unsent
        signal = (await ports.signals.read("checkout-errors")).value
        assert signal == 1.0
        await make_so(ports, Unfence(TOPICS))
        await ports.clock.sleep(2_000)
        return unsent, ports.truth()

    unsent, truth = in_world(scene)
    assert unsent > 0
    assert (truth.unsent, truth.lost, truth.duplicated, truth.disordered) == (0, 0, 0, 0)


def test_the_ends_of_a_proved_drain_are_the_ends_of_both_logs() -> None:
    async def scene(ports: SimPorts) -> None:
        await call_all(ports, WRITERS, "stop")
        await fence_and_drain(ports)
        data = await ports.effector.do(ProveDrained(TOPICS))
        for side, cluster in (("source", ports.source), ("target", ports.target)):
            logs = await cluster.logs()
            named = {f"{t}/{p}": int(logs.end[i]) for i, (t, p) in enumerate(logs.keys.names)}
            assert data[f"{side}_end"] == {
                k: v for k, v in named.items() if k in data["source_end"]
            }
        assert data["source_end"] != data["target_end"]

    in_world(scene, replace(CALM, source_marker_every=9, target_marker_every=4))


def test_a_drain_is_not_proved_while_records_are_on_their_way() -> None:
    async def scene(ports: SimPorts) -> None:
        finding = await ports.effector.verify(ProveDrained(TOPICS))
        assert finding.holds is False
        with pytest.raises(PortError, match="not drained"):
            await ports.effector.do(ProveDrained(TOPICS))

    in_world(scene)


def test_a_record_of_the_target_alone_undoes_the_drain() -> None:
    async def scene(ports: SimPorts) -> None:
        await move_writers(ports)
        await ports.clock.sleep(1_000)
        assert (await ports.effector.verify(ProveDrained(TOPICS))).holds is False

    in_world(scene)
