"""No answer is no equality: what a silent feed told last is unknown, and says since when."""

from __future__ import annotations

import pytest

from cockpit.core.facts import Facts, absorb
from cockpit.core.freshness import MAX_AGE_MS
from cockpit.core.mirrorsurvey import ConnectSurvey
from cockpit.core.observe import ConnectorState, Failure, MirrorSample, TaskState
from cockpit.core.parity import all_checks
from cockpit.core.snapshot import CheckView
from tests.core import planted
from tests.core.planted import PLANTED, base

NOW = 10_000
RUNNING = ConnectorState("mm2-source", "RUNNING", (TaskState(0, "RUNNING"),))
OTHER = ConnectorState("sink", "RUNNING", (TaskState(0, "RUNNING"),))


def seen(facts: Facts, now_ms: int = NOW) -> list[CheckView]:
    return list(all_checks(planted.plan(), facts, now_ms=now_ms))


def watched(at_ms: int = NOW) -> Facts:
    facts = base().facts(at_ms)
    facts = absorb(facts, MirrorSample(at_ms, at_ms, (RUNNING,), {}))
    return absorb(facts, ConnectSurvey(at_ms, at_ms, "3.9", (RUNNING, OTHER)))


def failed(facts: Facts, *feeds: str, at_ms: int = NOW) -> Facts:
    for feed in feeds:
        facts = absorb(facts, Failure(feed, at_ms, at_ms, "unreachable", "no connection"))
    return facts


def kinds(checks: list[CheckView], word: str) -> set[str]:
    return {check.kind for check in checks if check.word == word}


def test_every_check_has_the_time_of_the_oldest_sample_that_it_stands_on() -> None:
    facts = watched(5_000)
    facts = absorb(facts, ConnectSurvey(9_000, 9_000, "3.9", (OTHER,)))
    times = {(check.kind, check.name): check.at_ms for check in seen(facts)}
    assert times.pop(("connector", "sink")) == 9_000
    for windowed in (("records", "orders"), ("records", "payments"),
                     ("schema", "orders value id 3")):  # fmt: skip
        assert times.pop(windowed) == 1_000
    assert set(times.values()) == {5_000}


@pytest.mark.parametrize(
    ("feed", "blind"),
    [
        ("source.acls", {"acl"}),
        ("target.configs", {"topic", "config"}),
        ("source.quotas", {"quota"}),
        ("target.users", {"user"}),
        ("source.registry", {"schema"}),
        ("windows", {"records", "schema"}),
    ],
)
def test_a_failed_feed_makes_what_stands_on_it_unknown_at_once(feed: str, blind: set[str]) -> None:
    checks = seen(failed(watched(), feed))
    assert kinds(checks, "unknown") == blind
    for check in checks:
        if check.word == "unknown":
            assert check.why.startswith(f"{feed}: no connection; seen last: ")
            assert (check.source, check.target) == ("?", "?")
            assert check.at_ms is not None
    assert "open" not in {check.word for check in checks}


def test_schemas_stay_compared_where_only_the_windows_fail() -> None:
    checks = [c for c in seen(failed(watched(), "windows")) if c.kind == "schema"]
    unknown = {c.name for c in checks if c.word == "unknown"}
    assert unknown == {"orders value id 3"}
    assert {c.word for c in checks if c.name not in unknown} == {"equal"}


@pytest.mark.parametrize(
    ("feed", "kind"),
    [("acls", "acl"), ("configs", "config"), ("quotas", "quota"), ("users", "user"),
     ("registry", "schema"), ("windows", "records"), ("mirror", "connector")],
)  # fmt: skip
def test_a_sample_older_than_its_pace_allows_is_unknown(feed: str, kind: str) -> None:
    limit = MAX_AGE_MS[feed]
    facts = watched()
    assert kind not in kinds(seen(facts, NOW + limit), "unknown") or feed == "mirror"
    late = [c for c in seen(facts, NOW + limit + 1) if c.kind == kind]
    if feed == "mirror":  # Connect's own survey told of it as well
        assert {c.word for c in late} == {"equal"}
        late = [c for c in seen(facts, NOW + MAX_AGE_MS["connect"] + 1) if c.kind == kind]
    assert {c.word for c in late} == {"unknown"}
    assert all("not read for more than" in c.why for c in late)


def test_an_open_difference_that_nobody_sees_any_more_is_unknown_and_comes_first() -> None:
    world = next(p for p in PLANTED if p.name == "acl write literal").change(base())
    first = seen(failed(world.facts(NOW), "source.acls"))[0]
    assert (first.word, first.rank) == ("unknown", 0)
    assert first.name.startswith("User:checkout write topic orders")
    assert "seen last: open, allowed | not allowed, cannot write" in first.why


def test_what_answers_again_is_compared_again() -> None:
    facts = failed(watched(), "source.acls", "source.registry")
    again = base().facts(NOW + 1_000)
    for sample in (again.acls["source"], *again.surveys["source.registry"]):
        facts = absorb(facts, sample)
    assert kinds(seen(facts, NOW + 1_000), "unknown") == set()


def test_a_connector_runs_only_while_somebody_says_so() -> None:
    def connectors(facts: Facts) -> dict[str, str]:
        return {c.name: c.word for c in seen(facts) if c.kind == "connector"}

    assert connectors(watched()) == {"mm2-source": "equal", "sink": "equal"}
    assert connectors(failed(watched(), "mirror")) == {
        "mm2-source": "equal", "mm2-checkpoint": "unknown", "sink": "equal",
    }  # fmt: skip
    assert connectors(failed(watched(), "connect")) == {
        "mm2-source": "equal", "mm2-checkpoint": "unknown", "sink": "unknown",
    }  # fmt: skip
    assert set(connectors(failed(watched(), "connect", "mirror")).values()) == {"unknown"}
    assert connectors(failed(Facts(), "mirror")) == {
        "mm2-source": "unknown", "mm2-checkpoint": "unknown",
    }  # fmt: skip
