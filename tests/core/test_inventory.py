"""Each item of two clusters gets its disposition, and what nobody could read is never absent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from cockpit.core.facts import Facts, absorb
from cockpit.core.inventory import COLUMNS, KINDS, Exclusion, Inventory, Item, take_inventory
from cockpit.core.inventory.decide import topics_of
from cockpit.core.mirrorsurvey import ConnectSurvey
from cockpit.core.observe import (
    ConfigSample,
    ConnectorState,
    Failure,
    GroupSample,
    GroupState,
    LogSample,
    PartitionKeys,
    Sample,
    TaskState,
    Unknown,
)
from cockpit.core.plan import SIDES, ApprovedDifference, Plan, Side
from cockpit.core.survey import (
    GroupMembers,
    Member,
    MembersSurvey,
    ProducersSurvey,
    ProducerState,
    ScramCredential,
    StorageSurvey,
    Subject,
    Survey,
    TopicFacts,
    TopicsSurvey,
    Transaction,
    TransactionsSurvey,
)
from tests.core import planted
from tests.core.build import acl
from tests.core.planted import CONFIGS, QUOTAS, SUBJECTS

LOG_TOPICS = ("orders", "payments", "legacy", "audit-log")
KEYS = PartitionKeys.of(tuple((topic, p) for topic in LOG_TOPICS for p in range(2)))

BYTES = {("orders", 0): 5, ("orders", 1): 6}


def topics(side: Side, *names: str, internal: Iterable[str] = ()) -> TopicsSurvey:
    found = {name: TopicFacts("", 2, 3, 0, 0) for name in names}
    found |= {name: TopicFacts("", 50, 3, 0, 0, internal=True) for name in internal}
    return TopicsSurvey(side, 1_000, 1_000, found)


def logs(side: Side, at_ms: int, **ends: int) -> LogSample:
    """Every partition of a topic ends there; topics that are not named end at 100."""
    column = np.array([ends.get(topic.replace("-", "_"), 100) for topic, _ in KEYS.names])
    return LogSample(side, at_ms, at_ms, KEYS, np.zeros_like(column), column)


def group(name: str, offset: int, *topics: str, members: int = 1) -> GroupState:
    keys = tuple((topic, p) for topic in topics for p in range(2))
    return GroupState(name, "Stable" if members else "Empty", members, keys, (offset,) * len(keys))


def groups(side: Side, at_ms: int, *states: GroupState) -> GroupSample:
    return GroupSample(side, at_ms, at_ms, {state.name: state for state in states})


def producer(number: int, topic: str, sequence: int, partition: int = 0) -> ProducerState:
    return ProducerState(topic, partition, number, 0, sequence, 900, -1)


def producers(side: Side, at_ms: int, *states: ProducerState) -> ProducersSurvey:
    return ProducersSurvey(side, at_ms, at_ms, states)


def whole() -> Facts:
    """Two clusters of which everything was read, twice where it matters, 10 s apart."""
    facts = planted.base().facts()
    member = Member("m", "archiver", "/10.0.0.9", (("legacy", 0), ("legacy", 1)))
    archive = GroupMembers("archive", "classic", "Stable", (member,))
    samples: list[Sample | Survey] = [
        topics("source", *LOG_TOPICS, internal=["__consumer_offsets"]),
        topics("target", "orders", "payments", "mm2-offset-syncs.a.internal", "heartbeats", "new"),
        *(logs(side, 1_000) for side in SIDES),
        *(groups(side, 1_000, group("ledger", 50, "orders")) for side in SIDES),
        MembersSurvey("source", 1_000, 1_000, {"archive": archive}),
        MembersSurvey("target", 1_000, 1_000, {}),
        producers("source", 1_000, producer(7, "orders", 10), producer(8, "legacy", 10)),
        producers("target", 1_000),
        *(TransactionsSurvey(side, 1_000, 1_000, ()) for side in SIDES),
        *(StorageSurvey(side, 1_000, 1_000, BYTES, ()) for side in SIDES),
        ConnectSurvey(1_000, 1_000, "3.9", (
            ConnectorState("mm2-source", "RUNNING", (TaskState(0, "RUNNING"),)),
            ConnectorState("sink", "RUNNING", (TaskState(0, "FAILED"), TaskState(1, "RUNNING"))),
        )),
        logs("source", 11_000, orders=160, legacy=120, audit_log=103),
        logs("target", 11_000),
        groups(
            "source", 11_000,
            group("ledger", 80, "orders"), group("archive", 3, "legacy"),
            group("spy", 9, "orders", members=0), group("connect-sink", 1, "legacy"),
        ),
        groups(
            "target", 11_000,
            group("ledger", 80, "orders", members=0), group("old", 1, "legacy"),
        ),
        producers("source", 11_000, producer(7, "orders", 130), producer(8, "legacy", 50)),
        producers("target", 11_000),
    ]  # fmt: skip
    for sample in samples:
        facts = absorb(facts, sample)
    return facts


def plan() -> Plan:
    found = planted.plan()
    return replace(
        found,
        replication=replace(
            found.replication,
            connect="http://127.0.0.1:1",
            source_connector="mm2-source",
            checkpoint_connector="mm2-checkpoint",
        ),
        services=tuple(replace(s, owner=f"team-{s.name}") for s in found.services),
    )


def taken(*exclusions: Exclusion, facts: Facts | None = None) -> Inventory:
    return take_inventory(replace(plan(), excluded=exclusions), whole() if facts is None else facts)


def item(inventory: Inventory, kind: str, name: str) -> Item:
    (found,) = (i for i in inventory.items if (i.kind, i.name) == (kind, name))
    return found


def leave(kind: str, name: str, how: str = "leave") -> Exclusion:
    return Exclusion(kind, name, how, "nobody needs it", "kim")  # type: ignore[arg-type]  # words


# --- dispositions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "where", "word", "why"),
    [
        ("topic", "orders", "both", "in the plan", "written by checkout; read by ledger"),
        ("topic", "legacy", "source", "unassigned", "no service of the plan uses it"),
        ("topic", "__consumer_offsets", "source", "excluded", "Kafka's own"),
        ("topic", "mm2-offset-syncs.a.internal", "target", "excluded", "MirrorMaker's own"),
        ("topic", "heartbeats", "target", "excluded", "MirrorMaker's own"),
        ("topic", "new", "target", "excluded", "only on the target"),
        ("group", "ledger", "both", "in the plan", "of service ledger"),
        ("group", "spy", "source", "unassigned", "reads orders, which the plan moves"),
        ("group", "archive", "source", "unassigned", "of no service of the plan"),
        ("group", "connect-sink", "source", "unassigned", "of connector sink"),
        ("group", "old", "target", "excluded", "only on the target"),
        ("producer", "source producer 7", "source", "in the plan", "orders is written by checkout"),
        ("producer", "source producer 8", "source", "unassigned", "no service of the plan writes"),
        ("producer", "source unlisted writer of audit-log", "source", "unassigned", "no service"),
        ("quota", "user=checkout producer_byte_rate", "both", "in the plan", "of service checkout"),
        ("quota", "user=(default) producer_byte_rate", "both", "in the plan", "a default"),
        ("quota", "ip=10.0.0.7 connection_creation_rate", "both", "unassigned", "client ids"),
        ("user", "batch", "both", "unassigned", "no service of the plan logs in so"),
        ("schema", "orders-value", "both", "in the plan", "named after orders"),
        ("connector", "mm2-source", "both", "in the plan", "the mirror"),
        ("connector", "sink", "both", "unassigned", "the plan does not name it"),
    ],
)
def test_each_item_has_one_disposition_and_a_reason(
    kind: str, name: str, where: str, word: str, why: str
) -> None:
    found = item(taken(), kind, name)
    assert (found.where(), found.word) == (where, word)
    assert why in found.why


def test_nothing_is_there_twice_and_columns_are_the_tables_own() -> None:
    inventory = taken()
    names = [(i.kind, i.name, i.values.get("mechanism")) for i in inventory.items]
    assert len(set(names)) == len(names)
    for one in inventory.items:
        assert one.values.keys() <= set(COLUMNS[one.kind]), one.name
    assert [i.kind for i in inventory.items] == sorted(
        (i.kind for i in inventory.items), key=KINDS.index
    )


def test_what_the_plan_imports_is_in_it_over_any_number_of_steps() -> None:
    """`orders-value` imports `money` in the planted registry."""
    imported = [r.subject for v in SUBJECTS["orders-value"].versions for r in v.references]
    assert imported == ["money"]
    assert item(taken(), "schema", "money").why == "imported by orders-value"
    lone = replace(planted.base(), source=replace(
        planted.base().source, subjects={**SUBJECTS, "lone": Subject("lone", ())}
    ))  # fmt: skip
    facts = whole()
    for survey in lone.facts().surveys["source.registry"]:
        facts = absorb(facts, survey)
    assert item(taken(facts=facts), "schema", "lone").word == "unassigned"


@pytest.mark.parametrize(
    ("exclusion", "kind", "name"),
    [
        (leave("topic", "legacy"), "topic", "legacy"),
        (leave("topic", "leg*"), "topic", "legacy"),
        (leave("topic", "legacy"), "group", "archive"),
        (leave("topic", "legacy"), "producer", "source producer 8"),
        (leave("producer", "legacy"), "producer", "source producer 8"),
        (leave("producer", "*"), "producer", "source unlisted writer of audit-log"),
        (leave("group", "spy", "drop"), "group", "spy"),
        (leave("connector", "sink"), "connector", "sink"),
        (leave("connector", "sink"), "group", "connect-sink"),
        (leave("user", "User:batch"), "user", "batch"),
        (leave("quota", "ip=*"), "quota", "ip=10.0.0.7 connection_creation_rate"),
        (leave("acl", "User:batch"), "acl",
         "User:batch allow read on topic * (literal) from *"),
    ],
)  # fmt: skip
def test_an_exclusion_says_who_decided_it(exclusion: Exclusion, kind: str, name: str) -> None:
    assert item(taken(), kind, name).word == "unassigned"
    inventory = taken(exclusion)
    assert item(inventory, kind, name).word == "excluded"
    assert not [note for note in inventory.notes if "excluded" in note]
    direct = (exclusion.kind, exclusion.name) == (kind, name)
    if direct:
        assert item(inventory, kind, name).why == f"{exclusion.how}: nobody needs it (kim)"


def test_the_plan_goes_before_an_exclusion_which_is_told_of() -> None:
    inventory = taken(leave("topic", "orders"), leave("group", "gone"))
    assert item(inventory, "topic", "orders").word == "in the plan"
    for name in ("topic orders", "group gone"):
        assert (
            f"excluded {name}: nothing that the plan leaves out is called that" in inventory.notes
        )


def test_an_exclusion_covers_nothing_that_is_only_called_alike() -> None:
    assert item(taken(leave("topic", "leg")), "topic", "legacy").word == "unassigned"
    assert item(taken(leave("group", "legacy")), "topic", "legacy").word == "unassigned"


def test_the_principal_of_everybody_is_no_pattern() -> None:
    """`User:*` is how Kafka writes everybody; `*` alone stands for every principal."""
    facts = whole()
    sample = facts.acls["source"]
    more = sample.bindings | {acl("*", "read", "topic", "legacy")}
    facts = absorb(facts, replace(sample, bindings=more))
    everybody = "User:* allow read on topic legacy (literal) from *"
    batch = "User:batch allow read on topic * (literal) from *"
    some = taken(leave("acl", "User:*"), facts=facts)
    assert (item(some, "acl", everybody).word, item(some, "acl", batch).word) == (
        "excluded", "unassigned",
    )  # fmt: skip
    assert item(taken(leave("acl", "*")), "acl", batch).word == "excluded"
    assert item(taken(leave("acl", "User:b*")), "acl", batch).word == "excluded"


def test_a_right_of_a_stranger_on_what_moves_is_called_so() -> None:
    inventory = taken()
    name = "User:batch allow write on topic orders (literal) from 10.0.0.7"
    assert item(inventory, "acl", name).why.endswith("and it is on what the plan moves")
    everybody = "User:* allow describe on topic orders (literal) from *"
    assert item(inventory, "acl", everybody).word == "in the plan"


def test_a_writer_of_what_is_only_on_the_target_has_nothing_to_move() -> None:
    facts = absorb(whole(), producers("target", 12_000, producer(1, "new", 1)))
    assert item(taken(facts=facts), "producer", "target producer 1").word == "excluded"
    facts = absorb(whole(), producers("target", 12_000, producer(1, "legacy", 1)))
    assert item(taken(facts=facts), "producer", "target producer 1").word == "unassigned"


def test_a_group_or_right_on_a_topic_that_is_gone_is_not_excluded_by_that() -> None:
    facts = absorb(whole(), groups("source", 12_000, group("stale", 1, "gone")))
    assert item(taken(facts=facts), "group", "stale").word == "unassigned"
    sample = facts.acls["source"]
    more = sample.bindings | {acl("reader", "read", "topic", "gone")}
    facts = absorb(facts, replace(sample, bindings=more))
    name = "User:reader allow read on topic gone (literal) from *"
    assert item(taken(facts=facts), "acl", name).word == "unassigned"


def test_an_approved_difference_is_no_exclusion() -> None:
    approving = replace(plan(), approved_differences=(ApprovedDifference("a", "b", "orders", "*"),))
    assert take_inventory(approving, whole()).items == taken().items


# --- values ---------------------------------------------------------------------------------------


def test_rates_are_what_two_looks_differ_by() -> None:
    inventory = taken()
    orders = item(inventory, "topic", "orders").values
    assert orders["records_per_s"] == 12.0  # two partitions grew by 60 each in 10 s
    assert (orders["offsets"], orders["bytes"], orders["partitions"]) == (320, 11, 2)
    assert orders["retention.ms"] == CONFIGS["retention.ms"]
    assert (orders["owner"], orders["read_by_groups"]) == ("team-checkout", "ledger, spy")
    assert item(inventory, "producer", "source producer 7").values["records_per_s"] == 12.0
    writer = item(inventory, "producer", "source unlisted writer of audit-log").values
    assert writer["records_per_s"] == 0.6
    ledger = item(inventory, "group", "ledger").values
    assert (ledger["commits_per_s"], ledger["lag"]) == (6.0, 160)
    assert (ledger["target_state"], ledger["owner"]) == ("Empty", "team-ledger")
    assert item(inventory, "connector", "sink").values["failed_tasks"] == 1
    archive = item(inventory, "group", "archive").values
    assert (archive["clients"], archive["members"]) == ("archiver@10.0.0.9", 1)


def test_one_look_has_no_rates_and_no_unlisted_writers() -> None:
    facts = Facts()
    for sample in (topics("source", "orders"), logs("source", 1_000)):
        facts = absorb(facts, sample)
    inventory = taken(facts=facts)
    rate = item(inventory, "topic", "orders").values["records_per_s"]
    assert rate == Unknown("looked at once only")
    assert not inventory.of("producer")


def test_a_producer_that_the_first_look_could_not_see_has_no_rate() -> None:
    facts = whole()
    first = replace(producers("source", 12_000), errors={("orders", 0): "not leader (6)"})
    for survey in (first, producers("source", 22_000, producer(7, "orders", 10))):
        facts = absorb(facts, survey)
    rate = item(taken(facts=facts), "producer", "source producer 7").values["records_per_s"]
    assert rate == Unknown("the first look could not see it: not leader (6)")


def test_a_transactional_producer_is_called_by_its_id() -> None:
    one = Transaction("pay-1", 7, "Ongoing", 1, 60_000, ())
    facts = absorb(whole(), TransactionsSurvey("source", 11_000, 11_000, (one,)))
    found = item(taken(facts=facts), "producer", "source producer 7")
    assert found.values["transactional_id"] == "pay-1"


# --- what could not be read -----------------------------------------------------------------------


def failed(facts: Facts, feed: str) -> Facts:
    return absorb(facts, Failure(feed, 12_000, 12_000, "unsupported", "too old"))


def test_a_side_that_was_not_read_may_have_everything() -> None:
    facts = Facts()
    for sample in (topics("target", "legacy"), groups("target", 1_000, group("spy", 1, "orders"))):
        facts = absorb(facts, sample)
    inventory = taken(facts=facts)
    for kind, name in (("topic", "legacy"), ("group", "spy")):
        found = item(inventory, kind, name)
        assert (found.source, found.word) == (None, "unassigned")
        assert found.why == "whether the source has it is not known"
        assert found.where() == "target, source not known"


@pytest.mark.parametrize("kind", ["topics", "logs", "groups", "acls", "members", "producers",
                                  "quotas", "users", "registry"])  # fmt: skip
@pytest.mark.parametrize("side", SIDES)
def test_a_feed_that_may_hold_items_is_unread(side: Side, kind: str) -> None:
    assert taken().unread == ()
    assert taken(facts=failed(whole(), f"{side}.{kind}")).unread == (f"{side}.{kind}: too old",)


def test_a_feed_that_was_never_asked_is_unread() -> None:
    unread = taken(facts=Facts()).unread
    assert "source.topics: not read" in unread
    assert "connect: not read" in unread
    assert len(unread) == 2 * 9 + 1


@pytest.mark.parametrize("kind", ["configs", "transactions", "storage"])
def test_a_feed_that_only_describes_items_is_a_note(kind: str) -> None:
    inventory = taken(facts=failed(whole(), f"source.{kind}"))
    assert inventory.unread == ()
    assert f"source.{kind}: too old" in inventory.notes


def test_parts_that_did_not_answer_are_named() -> None:
    broken = GroupState("dark", "Dead", 0, (), (), "not coordinator (16)")
    sample = replace(groups("source", 12_000, broken), unlisted="Kafka 0.8.2 lists no groups")
    facts = absorb(whole(), sample)
    dark = ConfigSample("source", 12_000, 12_000, {}, {}, {"legacy": "configs: refused"})
    inventory = taken(facts=absorb(facts, dark))
    assert inventory.unread == (
        "source.groups: Kafka 0.8.2 lists no groups: only the plan's groups were looked for",
        "source.groups: dark: not coordinator (16)",
    )
    assert item(inventory, "topic", "legacy").values["retention.ms"] == Unknown("configs: refused")
    assert item(inventory, "group", "ledger").source is None


def test_users_and_quotas_of_an_old_source_are_unknown_there() -> None:
    facts = absorb(Facts(), planted.base().facts().surveys["target.users"][-1])
    found = item(taken(facts=facts), "user", "batch")
    assert (found.source, found.target, found.word) == (None, True, "unassigned")
    assert ScramCredential("batch", "SCRAM-SHA-512", 4096) in planted.CREDENTIALS
    assert isinstance(found.values["iterations"], Unknown)
    assert QUOTAS


@pytest.mark.parametrize(
    ("subject", "topics"),
    [
        ("orders-value", ("orders",)),
        ("a-b-key", ("a-b",)),
        ("orders-com.shop.Order", ("orders",)),
        ("a-b-com.shop.Order", ("a", "a-b")),
        ("com.shop.Order", ()),
        ("-value", ()),
    ],
)
def test_topics_that_a_subject_may_be_of(subject: str, topics: tuple[str, ...]) -> None:
    assert topics_of(subject) == topics


def test_an_acl_for_an_excluded_topic_goes_with_it() -> None:
    facts = whole()
    sample = facts.acls["source"]
    more = sample.bindings | {acl("reader", "read", "topic", "legacy")}
    facts = absorb(facts, replace(sample, bindings=more))
    name = "User:reader allow read on topic legacy (literal) from *"
    assert item(taken(facts=facts), "acl", name).word == "unassigned"
    found = item(taken(leave("topic", "legacy"), facts=facts), "acl", name)
    assert (found.word, found.why) == ("excluded", "topic legacy is excluded")
