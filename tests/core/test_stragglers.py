"""Who is left on the source: only what happened after the move counts, and nobody is invented."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.alarms import troubles
from cockpit.core.facts import Facts, absorb
from cockpit.core.observe import GroupState, TopicPartition, Unknown
from cockpit.core.snapshot import StragglerView
from cockpit.core.stragglers import SEQUENCES, UNLISTED, Moved, stragglers
from cockpit.core.survey import (
    GroupMembers,
    Member,
    MembersSurvey,
    ProducersSurvey,
    ProducerState,
)
from tests.core.build import group, groups, logs, two_wave_plan

PLAN = two_wave_plan()
AT_MS = 100_000
"""When the services had moved."""


def left(facts: Facts, *services: str, at_ms: int = AT_MS) -> tuple[StragglerView, ...]:
    return stragglers(Moved(PLAN, dict.fromkeys(services, at_ms)), facts)


def seen(*states: GroupState, at_ms: int, facts: Facts | None = None) -> Facts:
    return absorb(facts or Facts(), groups("source", at_ms, *states))


def producer(pid: int, sequence: int, partition: int = 0, epoch: int = 0) -> ProducerState:
    return ProducerState("orders", partition, pid, epoch, sequence, 0, -1)


def surveyed(
    *pairs: tuple[int, tuple[ProducerState, ...]],
    errors: dict[TopicPartition, str] | None = None,
    facts: Facts | None = None,
) -> Facts:
    facts = facts or Facts()
    for at_ms, states in pairs:
        facts = absorb(facts, ProducersSurvey("source", at_ms, at_ms, states, errors or {}))
    return facts


def grown(*ends: tuple[int, int], facts: Facts | None = None) -> Facts:
    facts = facts or Facts()
    for i, pair in enumerate(ends):
        facts = absorb(facts, logs("source", AT_MS + 1_000 + i * 10_000, pair))
    return facts


def test_nobody_is_left_before_anything_has_moved() -> None:
    facts = seen(group("ledger", 3, {("orders", 0): 5}), at_ms=AT_MS + 1)
    assert left(facts) == ()


def test_a_group_with_members_after_its_service_moved_is_named_with_clients_and_hosts() -> None:
    facts = seen(group("ledger", 1, {("orders", 0): 5}), at_ms=AT_MS + 1_000)
    member = Member("m-1", "app-7", "/10.0.0.9", (("orders", 0),))
    survey = {"ledger": GroupMembers("ledger", "classic", "Stable", (member,))}
    facts = absorb(facts, MembersSurvey("source", 1, 1, survey))
    (one,) = left(facts, "ledger")
    assert (one.kind, one.name, one.who, one.service) == (
        "reader", "ledger", "app-7@10.0.0.9", "ledger",
    )  # fmt: skip
    assert isinstance(one.rate_milli, Unknown)


def test_members_seen_before_the_move_do_not_count() -> None:
    facts = seen(group("ledger", 1, {("orders", 0): 5}), at_ms=AT_MS - 1)
    assert left(facts, "ledger") == ()


def test_commits_that_move_tell_of_a_reader_without_members() -> None:
    facts = seen(group("ledger", 0, {("orders", 0): 5}), at_ms=AT_MS + 1_000)
    facts = seen(group("ledger", 0, {("orders", 0): 25}), at_ms=AT_MS + 11_000, facts=facts)
    (one,) = left(facts, "ledger")
    assert one.rate_milli == 2_000


def test_an_empty_group_with_old_commits_is_no_straggler() -> None:
    facts = seen(group("ledger", 0, {("orders", 0): 5}), at_ms=AT_MS + 1_000)
    facts = seen(group("ledger", 0, {("orders", 0): 5}), at_ms=AT_MS + 11_000, facts=facts)
    assert left(facts, "ledger") == ()


def test_a_forgotten_reader_of_a_topic_that_is_written_on_the_target_is_named() -> None:
    facts = seen(
        group("batch", 1, {("orders", 0): 5}), group("other", 1, {("stock", 0): 5}),
        at_ms=AT_MS + 1_000,
    )  # fmt: skip
    found = left(facts, "ledger", "checkout")
    assert [(one.name, one.service, one.where) for one in found] == [("batch", "", "orders")]


def test_a_service_that_has_not_moved_may_still_read() -> None:
    facts = seen(group("ledger", 1, {("orders", 0): 5}), at_ms=AT_MS + 1_000)
    assert left(facts, "checkout") == ()


def test_an_unreadable_group_of_a_moved_service_is_unknown_and_not_called_a_reader() -> None:
    blind = GroupState("ledger", "", 3, (), (), "coordinator is loading")
    (one,) = left(seen(blind, at_ms=AT_MS + 1_000), "ledger")
    assert (one.kind, one.name, one.who, one.where, one.service) == (
        "unknown", "ledger", "coordinator is loading", "orders", "ledger",
    )  # fmt: skip
    (trouble,) = troubles(Moved(PLAN, {"ledger": AT_MS}), Facts(), Unknown(""), (one,), AT_MS)
    assert trouble.text == (
        "whether ledger still reads on the source is not known: coordinator is loading"
    )
    assert left(seen(blind, at_ms=AT_MS - 1), "ledger") == ()
    assert left(seen(replace(blind, name="spy"), at_ms=AT_MS + 1_000), "ledger", "checkout") == ()


def spying(at_ms: int, *assigned: TopicPartition) -> Facts:
    facts = seen(group("spy", 1, {}), at_ms=AT_MS + 5_000)
    member = Member("m", "spy-1", "/10.0.0.9", assigned)
    groups_ = {"spy": GroupMembers("spy", "classic", "Stable", (member,))}
    return absorb(facts, MembersSurvey("source", at_ms, at_ms, groups_))


def test_a_reader_that_never_commits_is_known_by_what_its_members_are_assigned() -> None:
    facts = spying(AT_MS + 5_000, ("orders", 0), ("orders", 1))
    (one,) = left(facts, "checkout", "ledger")
    assert (one.kind, one.name, one.who, one.where, one.service) == (
        "reader", "spy", "spy-1@10.0.0.9", "orders", "",
    )  # fmt: skip
    assert left(facts, "ledger") == (), "orders is still written on the source"
    assert left(spying(AT_MS - 1, ("orders", 0)), "checkout", "ledger") == ()
    assert left(spying(AT_MS + 5_000, ("stock", 0)), "checkout", "ledger") == ()


def test_a_listed_producer_does_not_hide_an_unlisted_one_on_the_same_partition() -> None:
    facts = grown((0, 0), (100_001, 40))
    both = (producer(1, 10), producer(2, 10, partition=1))
    more = (producer(1, 11), producer(2, 50, partition=1))
    facts = surveyed((AT_MS + 1_000, both), (AT_MS + 11_000, more), facts=facts)
    found = left(facts, "checkout")
    assert [(s.kind, s.where) for s in found] == [
        ("writer", "orders/0"), ("writer", "orders/1"), ("unlisted writer", "orders/0"),
    ]  # fmt: skip
    assert found[2].rate_milli == 10_000_000


def test_transaction_markers_are_not_somebody_elses_records() -> None:
    def transactional(sequence: int) -> tuple[ProducerState, ...]:
        return (replace(producer(1, sequence), transaction_start=5),)

    facts = grown((0, 0), (21, 0))
    facts = surveyed(
        (AT_MS + 1_000, transactional(0)), (AT_MS + 11_000, transactional(10)), facts=facts
    )
    assert [s.kind for s in left(facts, "checkout")] == ["writer"]


def test_what_a_listed_producer_writes_outside_of_the_looks_is_not_somebody_elses() -> None:
    """Ends are read each second, producers each five: the last ends are newer than the look."""
    facts = Facts()
    for second in range(12):
        facts = absorb(facts, logs("source", AT_MS + second * 1_000, (second * 100, 0)))
    facts = surveyed(
        (AT_MS + 1_500, (producer(1, 150),)), (AT_MS + 6_500, (producer(1, 650),)), facts=facts
    )
    assert [s.kind for s in left(facts, "checkout")] == ["writer"]


def test_a_producer_whose_sequence_moved_is_named_with_its_rate() -> None:
    facts = surveyed((AT_MS + 1_000, (producer(7, 10),)), (AT_MS + 11_000, (producer(7, 40),)))
    (one,) = left(facts, "checkout")
    assert (one.kind, one.name, one.where, one.rate_milli, one.service) == (
        "writer", "producer 7", "orders/0", 3_000, "checkout",
    )  # fmt: skip


def test_sequences_begin_again_at_zero() -> None:
    facts = surveyed(
        (AT_MS + 1_000, (producer(7, SEQUENCES - 5),)), (AT_MS + 11_000, (producer(7, 5),))
    )
    assert left(facts, "checkout")[0].rate_milli == 1_000


def test_presence_is_not_activity() -> None:
    states = (producer(7, 10), producer(8, 3))
    assert left(surveyed((AT_MS + 1_000, states), (AT_MS + 11_000, states)), "checkout") == ()


def test_a_new_producer_or_a_new_epoch_is_active_at_an_unknown_rate() -> None:
    facts = surveyed(
        (AT_MS + 1_000, (producer(7, 10),)),
        (AT_MS + 11_000, (producer(7, 0, epoch=1), producer(9, 3))),
    )
    found = left(facts, "checkout")
    assert [one.name for one in found] == ["producer 7", "producer 9"]
    assert all(isinstance(one.rate_milli, Unknown) for one in found)


def test_what_happened_before_the_move_is_nobodys_fault() -> None:
    facts = surveyed((AT_MS - 5_000, (producer(7, 10),)), (AT_MS + 5_000, (producer(7, 40),)))
    assert left(facts, "checkout") == ()


def test_growth_without_a_listed_producer_is_a_producer_without_idempotence() -> None:
    facts = grown((100, 50), (130, 50))
    quiet = (producer(7, 10),)
    facts = surveyed((AT_MS + 500, quiet), (AT_MS + 10_500, quiet), facts=facts)
    (one,) = left(facts, "checkout")
    assert (one.kind, one.where, one.who) == ("unlisted writer", "orders/0", UNLISTED)
    assert isinstance(one.rate_milli, int)
    assert 2_000 <= one.rate_milli <= 3_500


def test_growth_that_a_listed_producer_explains_is_told_once() -> None:
    facts = grown((100, 50), (130, 50))
    facts = surveyed(
        (AT_MS + 500, (producer(7, 10),)), (AT_MS + 10_500, (producer(7, 40),)), facts=facts
    )
    assert [one.kind for one in left(facts, "checkout")] == ["writer"]


def test_growth_whose_producers_were_not_read_has_an_unknown_writer() -> None:
    (one,) = left(grown((100, 50), (130, 50)), "checkout")
    assert one.kind == "unknown"
    assert "not read twice" in one.who
    quiet = (producer(7, 10, partition=1),)
    facts = surveyed(
        (AT_MS + 500, quiet), (AT_MS + 10_500, quiet),
        errors={("orders", 0): "NOT_LEADER_OR_FOLLOWER"}, facts=grown((100, 50), (130, 50)),
    )  # fmt: skip
    (two,) = left(facts, "checkout")
    assert (two.kind, two.who) == ("unknown", "producers not known: NOT_LEADER_OR_FOLLOWER")


def test_silence_is_silence() -> None:
    assert left(grown((100, 50), (100, 50)), "checkout") == ()
