"""What counts as a difference of configs, modes and ids, and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cockpit.core.facts import absorb
from cockpit.core.observe import Unknown
from cockpit.core.parity import all_checks
from cockpit.core.plan import ApprovedDifference, Plan
from cockpit.core.project import project
from cockpit.core.snapshot import CheckView
from cockpit.core.survey import (
    RegistrySurvey,
    SchemaUse,
    SchemaVersion,
    Subject,
    Window,
    WindowsSurvey,
)
from tests.core import planted
from tests.core.build import acl
from tests.core.driver import Script
from tests.core.planted import CONFIGS, ORDERS, SUBJECTS, TOPICS, World, base


def seen(world: World, plan: Plan | None = None) -> dict[str, CheckView]:
    """What is neither equal nor about something else, by name."""
    found = all_checks(plan or planted.plan(), world.facts(), now_ms=1_000)
    return {check.name: check for check in found if check.word != "equal"}


def both(source: Mapping[str, object], target: Mapping[str, object]) -> World:
    world = base()
    return replace(
        world,
        source=replace(world.source, **source),  # type: ignore[arg-type]  # names of fields
        target=replace(world.target, **target),  # type: ignore[arg-type]  # names of fields
    )


def configs(**changes: str) -> dict[str, object]:
    named = {name.replace("_", "."): value for name, value in changes.items()}
    return {"configs": {**dict.fromkeys(TOPICS, CONFIGS), "orders": {**CONFIGS, **named}}}


# --- configs --------------------------------------------------------------------------------------


def test_the_order_of_a_list_is_no_difference() -> None:
    world = both(
        configs(cleanup_policy="compact,delete"), configs(cleanup_policy="delete, compact")
    )
    assert seen(world) == {}
    world = both(configs(cleanup_policy="compact,delete"), configs(cleanup_policy="delete"))
    assert seen(world)["orders cleanup.policy"].word == "open"


@pytest.mark.parametrize(
    ("config", "source", "target", "word"),
    [
        ("min.insync.replicas", "2", "1", "open"),
        ("min.insync.replicas", "2", "3", "noted"),
        ("unclean.leader.election.enable", "false", "true", "open"),
        ("unclean.leader.election.enable", "true", "false", "noted"),
    ],
)
def test_weaker_durability_is_open_and_can_be_approved(
    config: str, source: str, target: str, word: str
) -> None:
    here, there = ({"configs": {t: {**CONFIGS, config: value} for t in TOPICS}}
                   for value in (source, target))  # fmt: skip
    check = seen(both(here, there))[f"orders {config}"]
    assert check.word == word
    assert ("weaker durability" in check.why) is (word == "open")
    plan = planted.plan(ApprovedDifference("agreed", "kim", "*", config))
    accepted = seen(both(here, there), plan)[f"orders {config}"]
    assert accepted.word == ("approved" if word == "open" else "noted")


def test_fewer_copies_are_open_and_more_are_noted() -> None:
    fewer = seen(both({}, {"replicas": 2}))["orders replicas"]
    assert (fewer.word, fewer.source, fewer.target) == ("open", "3 replicas", "2 replicas")
    assert seen(both({}, {"replicas": 4}))["orders replicas"].word == "noted"
    plan = planted.plan(ApprovedDifference("agreed", "kim", "*", "replication.factor"))
    assert seen(both({}, {"replicas": 2}), plan)["orders replicas"].word == "approved"


def test_an_equal_value_that_only_one_topic_has_set_itself_is_noted() -> None:
    facts = base().facts()
    owns = (("source", {"retention.ms", "segment.bytes"}), ("target", {"retention.ms"}))
    for side, own in owns:
        sample = facts.configs["source" if side == "source" else "target"]
        facts = absorb(facts, replace(sample, own={"orders": frozenset(own)}))
    found = all_checks(planted.plan(), facts, now_ms=1_000)
    (check,) = [c for c in found if c.word != "equal"]
    assert (check.name, check.word, check.source, check.target) == (
        "orders set on source only", "noted", "own", "default",
    )  # fmt: skip
    assert check.why == "same value, set on the topic on the source only: segment.bytes"


# --- modes of registries --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        ("READWRITE", "READWRITE", {}),
        ("READWRITE", "NO MODES", {}),
        ("READONLY", "READONLY", {"registry writable": "noted"}),
        ("READONLY", "READWRITE", {"registry mode": "open"}),
        ("IMPORT", "READWRITE", {"registry mode": "open"}),
        ("READWRITE", "READONLY", {"registry mode": "open", "registry writable": "noted"}),
        ("IMPORT", "READONLY", {"registry mode": "open", "registry writable": "noted"}),
    ],
)
def test_modes_in_force_are_compared_and_a_target_that_takes_nothing_is_told(
    source: str, target: str, found: dict[str, str]
) -> None:
    checks = seen(both({"mode": source}, {"mode": target}))
    assert {name: check.word for name, check in checks.items()} == found


@pytest.mark.parametrize(
    ("own", "registry", "found"),
    [
        ((None, None), ("READWRITE", "READWRITE"), {}),
        (("READONLY", "READONLY"), ("READWRITE", "READWRITE"), {}),
        (("READONLY", None), ("READWRITE", "READWRITE"), {"money mode": "open"}),
        ((None, "IMPORT"), ("READWRITE", "READWRITE"), {"money mode": "open"}),
        (("READONLY", None), ("READWRITE", "READONLY"), {"registry mode": "open"}),
        (("READWRITE", "READWRITE"), ("READONLY", "READWRITE"), {"registry mode": "open"}),
        (("READWRITE", None), ("READONLY_OVERRIDE", "READONLY_OVERRIDE"), {}),
    ],
)
def test_a_subject_has_its_own_mode_or_its_registrys(
    own: tuple[str | None, str | None], registry: tuple[str, str], found: dict[str, str]
) -> None:
    left, right = ({**SUBJECTS, "money": replace(SUBJECTS["money"], mode=mode)} for mode in own)
    world = both({"subjects": left, "mode": registry[0]}, {"subjects": right, "mode": registry[1]})
    words = {name: check.word for name, check in seen(world).items()}
    words.pop("registry writable", None)
    assert words == found


def test_a_mode_that_was_refused_is_unknown() -> None:
    refused = Unknown("mode: HTTP 403")
    facts = base().facts()
    survey = RegistrySurvey("source", 1_000, 1_000, SUBJECTS, "BACKWARD", refused)
    checks = all_checks(planted.plan(), absorb(facts, survey), now_ms=1_000)
    (check,) = [c for c in checks if c.word == "unknown"]
    assert (check.name, check.why) == ("registry mode", "mode: HTTP 403")


# --- ids in records -------------------------------------------------------------------------------

OTHER = Subject("other", (SchemaVersion(1, 2, "AVRO", '{"name":"quite-another"}'),))
NOT_LISTED = {"orders-value": replace(SUBJECTS["orders-value"], versions=(ORDERS[1],)),
              "money": SUBJECTS["money"]}  # fmt: skip


def carried(
    number: int,
    target: Mapping[str, Subject],
    *,
    here: Mapping[int, SchemaVersion | Unknown] | None = None,
    there: Mapping[int, SchemaVersion | Unknown] | None = None,
    doubtful: bool = False,
    at_ms: int = 1_000,
) -> CheckView | None:
    """What is said of an id that records of `orders` carry and the source no longer lists."""
    facts = base().facts()
    for side, subjects, unlisted in (("source", NOT_LISTED, here), ("target", target, there)):
        survey = RegistrySurvey(
            "source" if side == "source" else "target",
            at_ms,
            at_ms,
            subjects,
            "BACKWARD",
            "READWRITE",
            unlisted or {},
        )
        facts = absorb(facts, survey)
    use = SchemaUse("value", number, 7, doubtful)
    window = Window(100, 0, 0, "", (use,), at_ms=1_000)
    facts = absorb(facts, WindowsSurvey(at_ms, at_ms, {("orders", 0): window}))
    checks = all_checks(planted.plan(), facts, now_ms=at_ms)
    return next((c for c in checks if c.name == f"orders value id {number}"), None)


@pytest.mark.parametrize("here", [None, {2: ORDERS[0]}, {2: Unknown("HTTP 500")}])
def test_an_id_that_only_the_target_lists_as_something_else_is_open_and_first(
    here: Mapping[int, SchemaVersion | Unknown] | None,
) -> None:
    check = carried(2, {**NOT_LISTED, "other": OTHER}, here=here)
    assert check is not None
    assert (check.word, check.rank) == ("open", 0)
    assert "silent corruption" in check.why


def test_a_deleted_schema_that_both_still_resolve_alike_is_equal() -> None:
    check = carried(2, NOT_LISTED, here={2: ORDERS[0]}, there={2: ORDERS[0]})
    assert check is not None
    assert (check.word, check.source, check.target) == ("equal", "deleted", "deleted")
    listed = carried(2, dict(SUBJECTS), here={2: ORDERS[0]})
    assert listed is not None
    assert (listed.word, listed.source, listed.target) == ("equal", "deleted", "resolves")


def test_a_deleted_schema_that_the_target_resolves_to_another_or_to_none_is_open() -> None:
    for there in ({2: OTHER.versions[0]}, {}):
        check = carried(2, NOT_LISTED, here={2: ORDERS[0]}, there=there)
        assert check is not None
        assert (check.word, check.rank) == ("open", 0)


def test_an_id_that_could_not_be_asked_for_is_unknown() -> None:
    check = carried(2, NOT_LISTED, here={2: Unknown("HTTP 500")})
    assert check is not None
    assert (check.word, check.why) == ("unknown", "HTTP 500; 7 sampled records carry it")


def test_an_id_that_nobody_knows_is_noted_and_a_doubtful_one_no_id() -> None:
    check = carried(2, NOT_LISTED)
    assert check is not None
    assert check.word == "noted"
    assert carried(2, {**NOT_LISTED, "other": OTHER}, doubtful=True) is None


def test_ids_of_windows_older_than_half_an_hour_say_nothing() -> None:
    assert carried(3, dict(SUBJECTS), at_ms=1_801_000) is not None
    assert carried(3, dict(SUBJECTS), at_ms=1_802_000) is None
    world = base()
    facts = absorb(world.facts(1_861_000), WindowsSurvey(1_861_000, 1_861_000, world.windows))
    found = all_checks(planted.plan(), facts, now_ms=1_861_000)
    whys = {c.name: c.why for c in found if c.kind == "schema" and c.word == "unknown"}
    assert whys == dict.fromkeys(
        ("orders ids in records", "payments ids in records"), "stale: looked at 31 min ago"
    )


def test_ids_of_a_kind_that_is_not_checked_are_noted() -> None:
    window = replace(planted.WINDOWS["orders", 0], notes=("schema ids in headers, not checked",))
    note = seen(replace(base(), windows={**planted.WINDOWS, ("orders", 0): window}))
    assert note["orders other ids"].why == "schema ids in headers, not checked"


# --- fences ---------------------------------------------------------------------------------------


def test_only_a_fence_that_the_flight_has_ordered_is_no_difference() -> None:
    fence = acl("*", "write", "topic", "orders", permission="deny")

    def shown(script: Script) -> list[str]:
        checks = project(script.state, 1).checks
        return [c.why for c in checks if c.kind == "acl" and c.word == "open"]

    early = Script()
    early.acls["source"] = {fence}
    early.look(2)
    assert shown(early) == ["fenced, and not by this flight"]
    script = Script()
    script.fly_readers()
    script.fly_writers_to_drain()
    script.acls["source"] = {fence}
    script.look()
    assert shown(script) == []
