"""What a service may do on the source and not on the target is said before anything is touched."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.mistakes import before_flight, mistakes, unproved
from cockpit.core.observe import AclBinding
from cockpit.core.plan import ApprovedDifference, Plan, Side
from tests.core.build import acl, two_wave_plan
from tests.core.driver import Script

WRITE = acl("checkout", "write", "topic", "orders")
READ = acl("ledger", "read", "topic", "orders")


def writers_first() -> Plan:
    plan = two_wave_plan()
    return replace(plan, waves=(plan.waves[1], plan.waves[0]))


def with_rules(
    *source: AclBinding, target: tuple[AclBinding, ...], plan: Plan | None = None
) -> Script:
    script = Script(plan or writers_first())
    sides: dict[Side, tuple[AclBinding, ...]] = {"source": source, "target": target}
    for side, bindings in sides.items():
        script.acls[side] |= set(bindings)
    script.look(3)
    return script


def said(script: Script) -> list[str]:
    return list(mistakes(script.state, script.state.wave()))


def test_a_producer_that_may_write_on_the_source_alone_keeps_its_wave_from_beginning() -> None:
    script = with_rules(WRITE, READ, target=(READ,))
    (text,) = said(script)
    assert text.startswith("target: User:checkout may not write topic orders; grant it: ")
    assert "--add --allow-principal=User:checkout --operation=Write --topic=orders" in text


def test_a_right_given_by_prefix_or_to_everybody_is_the_same_right() -> None:
    for given in (
        replace(WRITE, pattern="prefixed", resource_name="ord"),
        replace(WRITE, principal="User:*"),
        replace(WRITE, operation="all"),
        replace(WRITE, host="10.0.0.7"),
    ):
        assert said(with_rules(WRITE, READ, target=(READ, given))) == []


def test_a_denial_on_the_target_is_named_with_what_takes_it_away() -> None:
    denied = replace(WRITE, principal="User:*", permission="deny")
    (text,) = said(with_rules(WRITE, READ, target=(WRITE, READ, denied)))
    assert "may not write topic orders: User:* deny write topic orders; take it away: " in text
    assert "--remove --force" in text
    assert "--deny-principal=User:*" in text.replace("'", "")


def test_a_denied_right_on_a_group_is_given_back_on_the_group() -> None:
    may = acl("ledger", "read", "group", "ledger")
    denied = replace(may, permission="deny")
    (text,) = said(with_rules(READ, may, target=(READ, may, denied), plan=two_wave_plan()))
    assert "User:ledger may not read group ledger: User:ledger deny read group ledger" in text
    assert text.endswith("--operation=Read --group=ledger")


def test_a_fence_that_stands_on_the_source_hides_no_right_that_is_lost() -> None:
    fence = replace(WRITE, principal="User:*", permission="deny")
    script = with_rules(WRITE, READ, fence, target=(READ,))
    assert any("may not write topic orders" in text for text in said(script))


def test_a_difference_that_somebody_approved_is_none() -> None:
    approved = ApprovedDifference(
        "a super user there", "ana", kind="acl", principal="User:checkout"
    )
    plan = replace(writers_first(), approved_differences=(approved,))
    assert said(with_rules(WRITE, READ, target=(READ,), plan=plan)) == []


def test_what_no_acl_of_the_target_is_about_is_not_proved_and_refuses_nothing() -> None:
    script = with_rules(WRITE, target=())
    assert said(script) == []
    (text,) = unproved(script.state, script.state.waves)
    assert text.startswith("not proved: User:checkout may write topic orders on the target")


def test_what_the_source_does_not_tell_of_is_no_reason() -> None:
    assert said(with_rules(READ, target=(READ,))) == []


def test_the_rights_of_later_waves_are_told_before_the_flight() -> None:
    script = with_rules(WRITE, READ, target=(READ,), plan=two_wave_plan())
    assert said(script) == []
    (text,) = before_flight(script.state, script.state.waves)
    assert "User:checkout may not write topic orders" in text
