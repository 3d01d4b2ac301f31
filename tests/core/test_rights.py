"""The rights that a plan needs: each one for a reason, none that another one carries."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.plan import FenceStep, Login, OffsetsStep, Plan, SecretRef, Security
from cockpit.core.rights import MirrorNames, Right, grant_arguments, principal_of, rights
from tests.core.build import two_wave_plan


def words(plan: Plan, side: str, *, mirror: MirrorNames | None = None) -> set[str]:
    """What the cockpit itself needs on a side."""
    found = rights(plan, mirror)
    return {right.words() for right in found if right.side == side and not right.canary}


def observing(plan: Plan) -> Plan:
    """The plan without anything that changes a cluster."""
    waves = tuple(
        replace(
            wave,
            steps=tuple(s for s in wave.steps if not isinstance(s, FenceStep | OffsetsStep)),
        )
        for wave in plan.waves
    )
    return replace(plan, waves=waves)


def test_to_observe_takes_no_right_to_change_anything() -> None:
    plan = observing(two_wave_plan())
    found = rights(plan)
    assert {right.need for right in found} == {"observe"}
    assert {right.operation for right in found} == {"describe", "describe_configs", "read"}
    assert {right.resource for right in found if right.operation == "read"} == {"topic"}


def test_every_topic_and_group_of_the_plan_is_covered_on_both_sides() -> None:
    plan = two_wave_plan()
    for side in ("source", "target"):
        found = words(plan, side)
        for topic in plan.topics():
            assert {f"read topic {topic}", f"describe the configs of topic {topic}"} <= found
        for group in plan.groups():
            assert f"read group {group}" in found or f"describe group {group}" in found


def test_a_fence_needs_alter_on_the_source_alone_and_its_canary_may_write() -> None:
    plan = two_wave_plan()
    canary_login = Login("canary", SecretRef("env", "CANARY"))
    plan = replace(plan, source=replace(plan.source, canary=canary_login))
    assert "alter the cluster" in words(plan, "source")
    assert "alter the cluster" not in words(plan, "target")
    canary = [right for right in rights(plan) if right.canary]
    assert [(right.principal, right.name) for right in canary] == [("User:canary", "orders")]
    assert {(right.side, right.operation, right.need) for right in canary} == {
        ("source", "write", "act")
    }
    assert not [right for right in rights(observing(plan)) if right.canary]


def test_what_another_right_carries_is_not_asked_for_but_stays_a_reason() -> None:
    found = rights(two_wave_plan())
    for right in found:
        same = [r for r in found if (r.side, r.principal, r.resource, r.name) == _of(right)]
        if any(r.operation in ("read", "write", "alter", "delete") for r in same):
            assert "describe" not in {r.operation for r in same}
    (alter,) = [right for right in found if right.operation == "alter"]
    assert alter.need == "act"
    assert any(why.startswith("with it describe: ") for why in alter.why)


def _of(right: Right) -> tuple[str, str, str, str]:
    return right.side, right.principal, right.resource, right.name


def test_each_right_is_there_once() -> None:
    bindings = [(right.side, right.binding()) for right in rights(two_wave_plan(), MirrorNames())]
    assert len(bindings) == len(set(bindings))


def test_the_mirrors_own_topics_by_its_own_names() -> None:
    plan = two_wave_plan()
    default = MirrorNames("old", "new")
    assert "read topic mm2-offset-syncs.new.internal" in words(plan, "source", mirror=default)
    assert "read topic old.checkpoints.internal" in words(plan, "target", mirror=default)
    other = MirrorNames("old", "new", separator="-", syncs_on="target")
    assert "read topic mm2-offset-syncs-old-internal" in words(plan, "target", mirror=other)
    assert not any("mm2" in word for word in words(plan, "source", mirror=other))


def test_the_principal_is_the_login_or_a_placeholder_that_says_so() -> None:
    spec = two_wave_plan().source
    assert principal_of(replace(spec, security=Security())) == "User:ANONYMOUS"
    certificate = Security("ssl", cert_file="/c.pem")
    assert principal_of(replace(spec, security=certificate)) == "User:SUBJECT-OF-THE-CERTIFICATE"
    token = Security("sasl_ssl", "oauthbearer")
    assert principal_of(replace(spec, security=token)) == "User:SUBJECT-OF-THE-TOKEN"


def test_the_command_keeps_names_apart_from_options() -> None:
    right = Right("source", "User:c", "group", "--remove", "describe_configs", "act", ("x",))
    assert grant_arguments(right, "kafka:9092") == (
        "kafka-acls",
        "--bootstrap-server=kafka:9092",
        "--command-config=admin.properties",
        "--add",
        "--allow-principal=User:c",
        "--operation=DescribeConfigs",
        "--group=--remove",
    )
    cluster = replace(right, resource="cluster", name="kafka-cluster")
    assert grant_arguments(cluster, "k:1")[-1] == "--cluster"
    anything = replace(right, resource="transactional_id", name="*")
    assert grant_arguments(anything, "k:1")[-1] == "--transactional-id=*"
