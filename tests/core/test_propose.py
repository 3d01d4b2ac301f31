"""Which services rights, groups and producers point to, and which they do not."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.facts import Facts, absorb
from cockpit.core.inventory import Exclusion, take_inventory
from cockpit.core.inventory.propose import Proposed, propose
from cockpit.core.observe import AclBinding, AclSample
from cockpit.core.plan import Login, Plan, SecretRef
from tests.core import planted
from tests.core.build import acl
from tests.core.test_inventory import group, groups, logs, producer, producers, topics


def facts(*bindings: AclBinding, ends: dict[str, int] | None = None) -> Facts:
    """A source where `ledger` reads orders and `archive` legacy; `ends` grew in the second look."""
    found = Facts()
    for sample in (
        topics("source", "orders", "payments", "legacy", "audit-log"),
        topics("target"),
        AclSample("source", 1_000, 1_000, frozenset(bindings)),
        logs("source", 1_000),
        logs("source", 11_000, **(ends or {})),
        groups(
            "source", 11_000, group("ledger", 1, "orders"), group("archive", 1, "legacy"),
            group("idle", 1),
        ),
    ):  # fmt: skip
        found = absorb(found, sample)
    return found


def plan() -> Plan:
    login = Login("canary", SecretRef("env", "X"))
    found = planted.plan()
    return replace(found, services=(), waves=(), source=replace(found.source, canary=login))


def proposed(seen: Facts, *exclusions: Exclusion) -> dict[str, Proposed]:
    begun = replace(plan(), excluded=exclusions)
    inventory = take_inventory(begun, seen)
    return {one.name: one for one in propose(begun, seen, inventory)}


def shape(one: Proposed) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    return one.principal, one.group, one.consumes, one.produces


def test_without_rights_a_group_is_a_service_and_a_writer_another() -> None:
    found = proposed(facts(ends={"orders": 110}))
    assert {name: shape(one) for name, one in found.items()} == {
        "ledger": ("", "ledger", ("orders",), ()),
        "archive": ("", "archive", ("legacy",), ()),
        "writer-of-orders": ("", "", (), ("orders",)),
    }
    assert found["ledger"].why.endswith("no right says who it is")


def test_a_right_on_a_group_says_who_it_is_and_what_it_writes() -> None:
    found = proposed(facts(
        acl("books", "read", "group", "ledger"), acl("books", "read", "topic", "orders"),
        acl("books", "write", "topic", "pay", pattern="prefixed"),
    ))  # fmt: skip
    assert shape(found["books"]) == ("User:books", "ledger", ("orders",), ("payments",))
    assert "ledger" not in found


def test_a_principal_that_may_write_and_reads_in_no_group_is_a_service() -> None:
    found = proposed(facts(acl("checkout", "write", "topic", "orders"), ends={"orders": 110}))
    assert shape(found["checkout"]) == ("User:checkout", "", (), ("orders",))
    assert "writer-of-orders" not in found


def test_a_right_by_name_goes_before_one_by_prefix_and_everything_is_no_evidence() -> None:
    found = proposed(facts(
        acl("mirror", "read", "group", "l", pattern="prefixed"),
        acl("admin", "all", "group", "*"), acl("admin", "all", "topic", "*"),
        acl("books", "read", "group", "ledger"),
    ))  # fmt: skip
    assert found["books"].principal == "User:books"
    assert set(found) == {"books", "archive"}


def test_two_who_may_be_a_group_leave_it_open() -> None:
    found = proposed(facts(
        acl("a", "read", "group", "ledger"), acl("b", "read", "group", "ledger"),
    ))  # fmt: skip
    assert found["ledger"].principal == ""
    assert "User:a, User:b may all be it" in found["ledger"].why


def test_a_principal_of_two_groups_is_two_services_that_may_both_write() -> None:
    found = proposed(facts(
        acl("x", "read", "group", "ledger"), acl("x", "read", "group", "archive"),
        acl("x", "write", "topic", "payments"),
    ))  # fmt: skip
    assert {name: one.produces for name, one in found.items()} == {
        "ledger": ("payments",), "archive": ("payments",),
    }  # fmt: skip
    assert "which of them writes is not known" in found["ledger"].why


def test_topics_of_one_producer_are_one_services() -> None:
    seen = facts()
    for survey in (
        producers("source", 1_000),
        producers("source", 11_000, producer(7, "orders", 1), producer(7, "legacy", 1),
                  producer(8, "legacy", 1), producer(8, "payments", 1)),
    ):  # fmt: skip
        seen = absorb(seen, survey)
    found = proposed(seen)
    assert found["writer-of-legacy"].produces == ("legacy", "orders", "payments")


def test_what_is_excluded_is_in_no_service() -> None:
    rights = (acl("mm2", "write", "topic", "orders"), acl("mm2", "read", "group", "archive"))
    seen = facts(*rights, ends={"legacy": 110})
    assert "mm2" in proposed(seen)
    found = proposed(
        seen,
        Exclusion("acl", "User:mm2", "leave", "the mirror", "kim"),
        Exclusion("topic", "legacy", "drop", "unused", "kim"),
    )
    assert set(found) == {"ledger"}


def test_the_cockpits_own_principals_are_no_services() -> None:
    assert set(proposed(facts(acl("canary", "write", "topic", "orders")))) == {"ledger", "archive"}


def test_a_deny_gives_no_service_and_names_are_fit_for_a_plan() -> None:
    deny = acl("no", "write", "topic", "orders", permission="deny")
    odd = replace(acl("x", "write", "topic", "orders"), principal="User:CN=pay ment,OU=x")
    same = replace(acl("x", "write", "topic", "orders"), principal="User:pay-ment")
    found = proposed(facts(deny, odd, same))
    assert {"pay-ment", "pay-ment-2"} <= set(found)
    assert "no" not in found
