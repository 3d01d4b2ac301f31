"""Every planted difference is found, none is invented, and each approval does what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.core.facts import Facts, absorb
from cockpit.core.observe import AclBinding, AclSample, Failure, Unknown
from cockpit.core.parity import ParityKind, all_checks, asked_at_ms, checks
from cockpit.core.parity.access import OPERATIONS, Rules, allowed, covers
from cockpit.core.plan import ApprovedDifference, Login, ParityGate, Plan, SecretRef
from cockpit.core.snapshot import CheckView
from cockpit.core.survey import Quota, SchemaUse, ScramCredential, Window, WindowsSurvey
from tests.core import planted
from tests.core.build import acl, service
from tests.core.planted import BINDINGS, PLANTED, Planted, base


def everything(world: planted.World, plan: Plan) -> tuple[CheckView, ...]:
    return all_checks(plan, world.facts(), now_ms=1_000)


def of(found: tuple[CheckView, ...], *words: str) -> list[CheckView]:
    return [check for check in found if check.word in words]


def test_two_equal_clusters_have_no_difference_and_nothing_to_note() -> None:
    found = everything(base(), planted.plan())
    assert {check.word for check in found} == {"equal"}
    assert {check.kind for check in found} == {
        "acl", "user", "schema", "records", "topic", "config", "quota",
    }  # fmt: skip


@pytest.mark.parametrize("one", PLANTED, ids=lambda p: p.name)
def test_a_planted_difference_is_found_and_explained(one: Planted) -> None:
    found = everything(one.change(base()), planted.plan())
    hits = [c for c in of(found, "open") if c.kind == one.kind and one.finds in c.name]
    assert hits, [c.name for c in of(found, "open")]
    assert any(one.says in check.why for check in hits), [check.why for check in hits]


@pytest.mark.parametrize("one", PLANTED, ids=lambda p: p.name)
def test_nothing_else_becomes_open(one: Planted) -> None:
    found = everything(one.change(base()), planted.plan())
    kinds = {check.kind for check in of(found, "open")}
    assert kinds <= {one.kind} | ({"schema"} if one.kind == "schema" else set())


@pytest.mark.parametrize("one", PLANTED, ids=lambda p: p.name)
def test_an_approved_difference_is_approved_with_who_and_why(one: Planted) -> None:
    if one.approval is None:
        everything_else = planted.plan(ApprovedDifference("agreed", "kim", "*", "*"))
        assert of(everything(one.change(base()), everything_else), "open")
        return
    found = everything(one.change(base()), planted.plan(one.approval))
    hits = [c for c in of(found, "approved") if c.kind == one.kind and one.finds in c.name]
    assert hits
    assert all("agreed (kim)" in check.why for check in hits)
    assert not [c for c in of(found, "open") if c.kind == one.kind and one.finds in c.name]


@pytest.mark.parametrize("one", [p for p in PLANTED if p.first], ids=lambda p: p.name)
def test_what_nobody_may_miss_comes_first(one: Planted) -> None:
    found = everything(one.change(base()), planted.plan())
    first = [check for check in found if check.rank == 0]
    assert found[: len(first)] == tuple(first)
    assert any(one.finds in check.name for check in first)


def test_there_are_enough_of_them_and_each_has_a_name_of_its_own() -> None:
    assert len(PLANTED) >= 40
    assert len({one.name for one in PLANTED}) == len(PLANTED)


def test_an_approval_of_a_difference_that_is_not_there_is_noted() -> None:
    plan = planted.plan(ApprovedDifference("was so", "kim", "orders", "retention.ms"))
    (noted,) = of(everything(base(), plan), "noted")
    assert "there is no such difference" in noted.why
    assert "retention.ms" in noted.name


def test_an_approval_for_every_topic_covers_each_of_them() -> None:
    world = next(p for p in PLANTED if p.name == "config retention.ms").change(base())
    plan = planted.plan(ApprovedDifference("longer", "kim", "*", "retention.ms"))
    assert [c.name for c in of(everything(world, plan), "approved")] == ["orders retention.ms"]


# --- rights ---------------------------------------------------------------------------------------


def acls(
    source: frozenset[AclBinding],
    target: frozenset[AclBinding],
    plan: Plan | None = None,
    fences: frozenset[AclBinding] = frozenset(),
) -> tuple[CheckView, ...]:
    facts = Facts()
    facts = absorb(facts, AclSample("source", 1, 1, source))
    facts = absorb(facts, AclSample("target", 1, 1, target))
    found = checks("acls", plan or planted.plan(), facts, fences=fences)
    assert not isinstance(found, Unknown)
    return found


@pytest.mark.parametrize(
    "wider",
    [
        acl("checkout", "write", "topic", "ord", pattern="prefixed"),
        acl("checkout", "write", "topic", "*"),
        acl("checkout", "all", "topic", "orders"),
        acl("*", "write", "topic", "orders"),
    ],
    ids=["prefixed", "wildcard", "all", "everybody"],
)
def test_a_binding_that_another_one_covers_is_noted_not_missing(wider: AclBinding) -> None:
    narrow = acl("checkout", "write", "topic", "orders")
    found = acls(BINDINGS, (BINDINGS - {narrow}) | {wider})
    assert not of(found, "open")
    (note,) = [c for c in of(found, "noted") if "covered by" in c.why]
    assert note.name == "User:checkout allow write topic orders"


def test_rights_that_several_bindings_grant_together_are_not_missing() -> None:
    whole = acl("checkout", "all", "topic", "orders")
    parts = frozenset(acl("checkout", op, "topic", "orders") for op in OPERATIONS["topic"])
    found = acls(BINDINGS | {whole}, BINDINGS | parts)
    assert not of(found, "open")


def test_a_narrower_host_on_the_target_is_a_lost_right() -> None:
    narrow = replace(acl("checkout", "write", "topic", "orders"), host="10.1.1.1")
    found = acls(BINDINGS, (BINDINGS - {replace(narrow, host="*")}) | {narrow})
    assert found_names(found) == ["User:checkout write topic orders"]


def found_names(found: tuple[CheckView, ...]) -> list[str]:
    return [check.name for check in of(found, "open")]


FENCE = acl("*", "write", "topic", "orders", permission="deny")


def test_the_cockpits_own_fence_on_the_source_hides_nothing_and_is_no_difference() -> None:
    ours = frozenset({FENCE})
    assert not of(acls(BINDINGS | ours, BINDINGS, fences=ours), "open")
    without = BINDINGS - {acl("checkout", "write", "topic", "orders")}
    found = acls(BINDINGS | ours, without, fences=ours)
    assert found_names(found) == ["User:checkout write topic orders"]


def test_a_fence_that_this_flight_has_not_ordered_is_shown_and_hides_no_lost_right() -> None:
    (check,) = of(acls(BINDINGS | {FENCE}, BINDINGS), "open")
    assert (check.name, check.why) == (
        "User:* deny write topic orders", "fenced, and not by this flight",
    )  # fmt: skip
    without = BINDINGS - {acl("checkout", "write", "topic", "orders")}
    names = found_names(acls(BINDINGS | {FENCE}, without))
    assert names == ["User:checkout write topic orders", "User:* deny write topic orders"]


def test_a_deny_on_both_sides_is_no_difference() -> None:
    deny = acl("ledger", "write", "topic", "orders", permission="deny")
    assert not of(acls(BINDINGS | {deny}, BINDINGS | {deny}), "open")


def test_rights_of_the_cockpit_and_the_canary_are_not_compared() -> None:
    plan = planted.plan()
    login = Login("canary", SecretRef("env", "X"))
    plan = replace(plan, source=replace(plan.source, canary=login))
    mine = acl("canary", "write", "topic", "orders")
    assert not of(acls(BINDINGS | {mine}, BINDINGS, plan), "open")


def test_a_service_that_no_acl_allows_on_either_side_is_noted() -> None:
    plan = planted.plan()
    plan = replace(plan, services=(*plan.services, service("boss", produces=("orders",))))
    found = acls(BINDINGS, BINDINGS, plan)
    (note,) = [c for c in of(found, "noted") if "boss" in c.name]
    assert "super user" in note.why


operations = st.sampled_from((*OPERATIONS["topic"], "all"))
a_binding = st.builds(
    AclBinding,
    st.just("topic"),
    st.sampled_from(("orders", "or", "*", "payments")),
    st.sampled_from(("literal", "prefixed")),
    st.sampled_from(("User:checkout", "User:*", "User:batch")),
    st.sampled_from(("*", "10.0.0.1")),
    operations,
    st.sampled_from(("allow", "deny")),
).filter(lambda b: b.pattern == "literal" or b.resource_name != "*")


@settings(deadline=None)
@given(st.frozensets(a_binding, max_size=6), st.frozensets(a_binding, max_size=6))
def test_lost_rights_are_open_exactly_when_kafkas_rules_say_that_they_are_lost(
    source: frozenset[AclBinding], target: frozenset[AclBinding]
) -> None:
    fences = {acl("*", "write", "topic", t, permission="deny") for t in planted.TOPICS}
    rules = [Rules(source - fences), Rules(target)]
    lost = set()
    for topic in planted.TOPICS:
        for host in ("*", "10.0.0.1"):
            left, right = (
                allowed(r.about("User:checkout", "topic", topic), host, "topic") for r in rules
            )
            lost |= {(topic, op) for op in left - right}
    rows = [c for c in of(acls(source, target), "open") if "after the move" in c.why]
    said = {
        (words[2], op)
        for check in rows
        if check.name.startswith("User:checkout ")
        for words in [_parts(check.name)]
        for op in words[0].split(", ")
        if words[2] in planted.TOPICS
    }
    assert said == lost


def _parts(name: str) -> tuple[str, str, str]:
    operations, _, rest = name.removeprefix("User:checkout ").partition(" topic ")
    return operations, "topic", rest.partition(" from ")[0]


@given(a_binding, a_binding, st.sampled_from(("orders", "order", "payments", "or")))
def test_a_covering_binding_allows_all_that_the_covered_one_does(
    one: AclBinding, other: AclBinding, name: str
) -> None:
    if one.permission == "deny" or not covers(one, other):
        return
    for host in ("*", "10.0.0.1"):
        wide = allowed(Rules({one}).about(other.principal, "topic", name), host, "topic")
        narrow = allowed(Rules({other}).about(other.principal, "topic", name), host, "topic")
        assert narrow <= wide


# --- what is not known ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["acls", "users", "schemas", "records", "topics", "quotas"])
def test_what_was_not_read_is_unknown_with_the_reason_of_the_failure(kind: str) -> None:
    feeds = {"schemas": "source.registry", "records": "windows", "topics": "source.configs"}
    why = "DESCRIBE on CLUSTER is missing"
    facts = absorb(Facts(), Failure(feeds.get(kind, f"source.{kind}"), 1, 2, "refused", why))
    found = checks(kind, planted.plan(), facts)  # type: ignore[arg-type]
    assert isinstance(found, Unknown)
    assert "DESCRIBE on CLUSTER is missing" in found.reason


def test_without_a_sides_acls_no_user_and_no_quota_is_none_of_the_plans_business() -> None:
    stranger = Quota((("user", "stranger"),), "producer_byte_rate", 1.0)
    login = ScramCredential("stranger", "SCRAM-SHA-512", 4096)
    world = base()
    source = replace(
        world.source,
        quotas=world.source.quotas | {stranger},
        credentials=world.source.credentials | {login},
    )
    facts = replace(world, source=source).facts()
    blind = replace(facts, acls={side: s for side, s in facts.acls.items() if side == "source"})
    kinds: tuple[ParityKind, ...] = ("users", "quotas")
    for kind in kinds:
        told = checks(kind, planted.plan(), facts)
        untold = checks(kind, planted.plan(), blind)
        assert not isinstance(told, Unknown)
        assert not isinstance(untold, Unknown)
        assert [c.word for c in told if "stranger" in c.name] == ["noted"]
        (one,) = [c for c in untold if "stranger" in c.name]
        assert one.word == "open"
        assert "ACLs of target not read" in one.why


AFTER, DIFFERENCE = "message.timestamp.after.max.ms", "message.timestamp.difference.max.ms"
NEVER = str((1 << 63) - 1)


@pytest.mark.parametrize(
    ("source", "target", "word"),
    [
        ({}, {AFTER: "3600000"}, "open"),
        ({DIFFERENCE: NEVER}, {AFTER: "3600000"}, "open"),
        ({DIFFERENCE: "3600000"}, {AFTER: "3600000"}, "equal"),
        ({DIFFERENCE: "1000"}, {AFTER: "3600000"}, "equal"),
        ({}, {AFTER: NEVER}, "equal"),
        ({AFTER: "3600000"}, {}, "equal"),
        ({AFTER: "3600000"}, {DIFFERENCE: "1000"}, "open"),
        ({AFTER: "3600000"}, {AFTER: "1000"}, "open"),
        ({}, {AFTER: "3600000", "message.timestamp.type": "LogAppendTime"}, "equal"),
    ],
)
def test_a_limit_that_only_the_targets_kafka_has_is_open_where_it_refuses_what_the_source_takes(
    source: dict[str, str], target: dict[str, str], word: str
) -> None:
    plan = planted.plan()
    world = base()
    sides = [
        replace(one, configs={t: {"cleanup.policy": "delete", **more} for t in planted.TOPICS})
        for one, more in ((world.source, source), (world.target, target))
    ]
    found = everything(replace(world, source=sides[0], target=sides[1]), plan)
    name = "orders" if word == "equal" else f"orders {next(iter(target))}"
    assert [c.word for c in found if c.kind == "config" and c.name == name] == [word]
    approved = planted.plan(ApprovedDifference("known", "kim", "*", next(iter(target), AFTER)))
    again = everything(replace(world, source=sides[0], target=sides[1]), approved)
    assert not of(again, "open")


def test_a_topic_of_which_nothing_could_be_read_is_unknown_not_absent() -> None:
    facts = base().facts()
    target = facts.configs["target"]
    gone = {t: n for t, n in target.partitions.items() if t != "orders"}
    blind = replace(target, partitions=gone, unknown={"orders": "not allowed to describe it"})
    found = checks("topics", planted.plan(), absorb(facts, blind))
    assert not isinstance(found, Unknown)
    (one,) = [c for c in found if c.name == "orders"]
    assert one.word == "unknown"
    assert one.why == "target: not allowed to describe it"


def test_a_subject_that_could_not_be_read_is_unknown_and_takes_no_other_with_it() -> None:
    blind = {**planted.SUBJECTS, "money": replace(planted.SUBJECTS["money"], unknown="HTTP 500")}
    world = base()
    world = replace(world, target=replace(world.target, subjects=blind))
    found = everything(world, planted.plan())
    assert [c.name for c in of(found, "unknown")] == ["money"]
    assert any(c.name == "orders-value" for c in of(found, "equal"))


def test_records_that_were_written_on_the_target_are_noted_once_their_topic_is_written_there() -> (
    None
):
    world = next(p for p in PLANTED if p.name == "records surplus").change(base())
    found = checks("records", planted.plan(), world.facts(), frozenset({"orders"}))
    assert not isinstance(found, Unknown)
    assert [c.word for c in found if c.name == "orders/0"] == ["noted"]


def test_only_what_a_gate_asks_for_is_said_to_be_unread() -> None:
    plan = replace(planted.plan(), source_registry=None, target_registry=None)
    assert {c.kind for c in all_checks(plan, Facts(), now_ms=0)} == {"topic", "acl"}
    wave = replace(plan.waves[0], gates=(ParityGate(quotas=True, users=True),))
    asked = all_checks(replace(plan, waves=(wave,)), Facts(), now_ms=0)
    assert {c.kind for c in asked} == {"topic", "acl", "quota", "user"}
    assert {c.word for c in asked} == {"unknown"}


# --- windows of records ---------------------------------------------------------------------------

NOW = 10_000_000


def windowed(*windows: Window, at_ms: int = NOW) -> Facts:
    by_name = {("orders", number): window for number, window in enumerate(windows)}
    by_name["payments", 0] = Window(60, 0, 0, "", at_ms=NOW)
    return absorb(base().facts(), WindowsSurvey(at_ms, at_ms, by_name))


def of_orders(facts: Facts) -> list[CheckView]:
    found = checks("records", planted.plan(), facts)
    assert not isinstance(found, Unknown)
    return [c for c in found if c.name.partition("/")[0] == "orders"]


def test_a_window_in_which_nothing_was_compared_is_unknown() -> None:
    (check,) = of_orders(windowed(Window(0, 0, 0, "", at_ms=NOW)))
    assert (check.name, check.word, check.why) == ("orders/0", "unknown", "nothing was compared")


def test_an_empty_topic_is_equal_and_said_to_be_empty() -> None:
    empty = Window(0, 0, 0, "", both_empty=True, at_ms=NOW)
    (check,) = of_orders(windowed(empty, empty))
    assert (check.word, check.source, check.why) == ("equal", "empty", "2 partitions, both empty")
    (check,) = of_orders(windowed(empty, Window(60, 0, 0, "", at_ms=NOW - 120_000)))
    assert (check.word, check.source) == ("equal", "60 records")
    assert check.why == "2 windows, 1 both empty, the oldest 2 min old"


@pytest.mark.parametrize("window", [Window(60, 0, 0, "", at_ms=0), Window(60, 3, 1, "x", at_ms=0)])
def test_a_window_older_than_half_an_hour_is_unknown_in_a_new_survey(window: Window) -> None:
    (fresh,) = of_orders(windowed(replace(window, at_ms=NOW - 1_800_000)))
    assert fresh.word != "unknown"
    (stale,) = of_orders(windowed(replace(window, at_ms=NOW - 1_860_000)))
    assert (stale.word, stale.why) == ("unknown", "stale: looked at 31 min ago")


def test_parity_of_records_is_as_old_as_its_oldest_window() -> None:
    facts = windowed(
        Window(60, 0, 0, "", at_ms=NOW - 5_000), Window(60, 0, 0, "", at_ms=NOW - 90_000)
    )
    assert asked_at_ms("records", facts) == (NOW - 90_000,)
    assert asked_at_ms("records", absorb(facts, WindowsSurvey(NOW, NOW, {}))) == (NOW,)


def test_ids_that_the_source_does_not_know_are_noted_and_doubtful_ones_are_no_ids() -> None:
    uses = (
        SchemaUse("key", 101_327, 20, doubtful=True),
        SchemaUse("value", 4_711, 20),
        SchemaUse("value", 3, 5, doubtful=True),
    )
    facts = windowed(Window(60, 0, 0, "", uses, at_ms=NOW))
    found = checks("schemas", planted.plan(), facts)
    assert not isinstance(found, Unknown)
    ids = {c.name: c.word for c in found if c.name.startswith("orders ")}
    assert ids == {"orders value id 3": "equal", "orders value id 4711": "noted"}
    assert not of(found, "open", "unknown")


def test_an_approved_subject_does_not_cover_an_id_that_means_something_else() -> None:
    one = next(p for p in PLANTED if p.name == "schema other content")
    accepted = ApprovedDifference("agreed", "kim", kind="schema", subject="orders-value")
    open_checks = of(everything(one.change(base()), planted.plan(accepted)), "open")
    assert any(check.name == "id 3" for check in open_checks)


def test_schemas_are_not_known_to_be_equal_before_records_were_looked_at() -> None:
    blind = replace(base(), windows={})
    unknown = of(everything(blind, planted.plan()), "unknown")
    assert any(check.kind == "schema" and "ids in records" in check.name for check in unknown)
