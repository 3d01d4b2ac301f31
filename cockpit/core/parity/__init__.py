"""Differences between the clusters, object by object: equal, approved, open, noted or unknown.

Compares effective values and effective rights. The fences that this flight has ordered are no
difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, assert_never

from cockpit.core.facts import Facts
from cockpit.core.observe import AclBinding, Unknown
from cockpit.core.parity.acls import acls
from cockpit.core.parity.age import aged, standing
from cockpit.core.parity.connectors import connectors
from cockpit.core.parity.fence import EVERYBODY, fence_binding
from cockpit.core.parity.found import Found, approve, ranked
from cockpit.core.parity.quotas import quotas
from cockpit.core.parity.records import records
from cockpit.core.parity.schemas import schemas
from cockpit.core.parity.topics import topics
from cockpit.core.parity.users import users
from cockpit.core.plan import SIDES, DifferenceKind, ParityGate, Plan
from cockpit.core.remember import Remembered
from cockpit.core.snapshot import CheckKind, CheckView
from cockpit.core.survey import WindowsSurvey

__all__ = [
    "EVERYBODY",
    "KINDS",
    "ParityKind",
    "all_checks",
    "asked_at_ms",
    "checks",
    "fence_binding",
    "wanted_by",
]

ParityKind = Literal["acls", "users", "schemas", "records", "topics", "quotas"]
KINDS: Final[tuple[ParityKind, ...]] = (
    "acls", "users", "schemas", "records", "topics", "quotas",
)  # fmt: skip

_APPROVED_AS: Final[Mapping[ParityKind, tuple[DifferenceKind, ...]]] = {
    "acls": ("acl",),
    "users": ("user",),
    "schemas": ("schema",),
    "records": ("records",),
    "topics": ("partitions", "config"),
    "quotas": ("quota",),
}
_SHOWN_AS: Final[Mapping[ParityKind, CheckKind]] = {
    "acls": "acl",
    "users": "user",
    "schemas": "schema",
    "records": "records",
    "topics": "topic",
    "quotas": "quota",
}
_SURVEYS: Final[Mapping[ParityKind, tuple[str, ...]]] = {
    "acls": (),
    "users": ("source.users", "target.users"),
    "schemas": ("source.registry", "target.registry", "windows"),
    "records": ("windows",),
    "topics": ("source.topics", "target.topics"),
    "quotas": ("source.quotas", "target.quotas"),
}
"""The feeds that each comparison stands on, besides configs and ACLs."""

_ABOUT_PEOPLE: Final[tuple[ParityKind, ...]] = ("users", "quotas")
"""By ACLs these tell whom the plan is about."""

_CONFIG_FEEDS = tuple(f"{side}.configs" for side in SIDES)

_STANDS_ON: Final[Mapping[ParityKind, tuple[str, ...]]] = {
    "acls": tuple(f"{side}.acls" for side in SIDES),
    "users": tuple(f"{side}.users" for side in SIDES),
    "schemas": tuple(f"{side}.registry" for side in SIDES),
    "records": ("windows",),
    "topics": _CONFIG_FEEDS,
    "quotas": tuple(f"{side}.quotas" for side in SIDES),
}
"""The feeds that a finding stands on, unless it names its own."""

_MEMORY: dict[ParityKind, Remembered[tuple[Found, ...] | Unknown]] = {
    kind: Remembered() for kind in KINDS
}
_SHOWN: Remembered[dict[ParityKind, tuple[Found, ...] | Unknown]] = Remembered()
_AGED: dict[ParityKind, Remembered[tuple[CheckView, ...]]] = {kind: Remembered() for kind in KINDS}


def checks(
    kind: ParityKind,
    plan: Plan,
    facts: Facts,
    moved_topics: frozenset[str] = frozenset(),
    fences: frozenset[AclBinding] = frozenset(),
) -> tuple[CheckView, ...] | Unknown:
    """One kind compared, the plan's approvals applied, by the newest samples whatever their age.
    `moved_topics` are written on the target by now; `fences` are this flight's own."""
    found = _found(kind, plan, facts, moved_topics, fences)
    return found if isinstance(found, Unknown) else tuple(item.check for item in found)


def _found(
    kind: ParityKind,
    plan: Plan,
    facts: Facts,
    moved_topics: frozenset[str],
    fences: frozenset[AclBinding],
) -> tuple[Found, ...] | Unknown:
    samples = [facts.acls.get(side) for side in SIDES]
    bindings = [None if sample is None else sample.bindings for sample in samples]
    surveys = [facts.surveys.get(feed, (None,))[-1] for feed in _SURVEYS[kind]]
    configs = [facts.configs.get(side) for side in SIDES] if kind == "topics" else []
    feeds = (*_SURVEYS[kind], *(f"{side}.{kind}" for side in SIDES), *_CONFIG_FEEDS)
    failed = [facts.failures.get(feed) for feed in feeds]
    stands_on = (plan, moved_topics, fences, *bindings, *surveys, *configs, *failed)
    return _MEMORY[kind].get(stands_on, lambda: _compare(kind, plan, facts, moved_topics, fences))


def _compare(
    kind: ParityKind,
    plan: Plan,
    facts: Facts,
    moved_topics: frozenset[str],
    fences: frozenset[AclBinding],
) -> tuple[Found, ...] | Unknown:
    found: list[Found] | Unknown
    match kind:
        case "acls":
            found = acls(plan, facts, fences)
        case "users":
            found = users(plan, facts)
        case "schemas":
            found = schemas(plan, facts)
        case "records":
            found = records(plan, facts, moved_topics)
        case "topics":
            found = topics(plan, facts)
        case "quotas":
            found = quotas(plan, facts)
        case _:
            assert_never(kind)
    if isinstance(found, Unknown):
        return found
    return approve(plan, _APPROVED_AS[kind], found)


def all_checks(
    plan: Plan,
    facts: Facts,
    moved_topics: frozenset[str] = frozenset(),
    fences: frozenset[AclBinding] = frozenset(),
    *,
    now_ms: int,
) -> tuple[CheckView, ...]:
    """Everything that is compared, worst first, as far as it says anything about `now_ms`. What
    nobody reads and no gate asks for is left out."""
    samples = (facts.acls, facts.configs, facts.surveys, facts.failures)
    compared = _SHOWN.get(
        (plan, moved_topics, fences, *samples),
        lambda: {k: _found(k, plan, facts, moved_topics, fences) for k in _shown(plan, facts)},
    )
    found: list[CheckView] = []
    for kind, one in compared.items():
        if isinstance(one, Unknown):
            found.append(CheckView(_SHOWN_AS[kind], "all", "unknown", "?", "?", one.reason))
        else:
            found.extend(_of_now(kind, one, facts, now_ms))
    return ranked((*found, *connectors(plan, facts, now_ms)))


def _shown(plan: Plan, facts: Facts) -> Iterator[ParityKind]:
    gates = [c for wave in plan.waves for c in wave.gates if isinstance(c, ParityGate)]
    asked = {kind for gate in gates for kind in wanted_by(gate)} | {"topics", "acls"}
    for kind in KINDS:
        feeds = _SURVEYS[kind]
        if kind not in asked and not any(feed in facts.surveys for feed in feeds):
            continue
        if kind == "schemas" and kind not in asked and plan.source_registry is None:
            continue
        yield kind


def _of_now(
    kind: ParityKind, found: tuple[Found, ...], facts: Facts, now_ms: int
) -> tuple[CheckView, ...]:
    feeds = _STANDS_ON[kind]
    stands = standing(found, feeds, facts, now_ms)
    return _AGED[kind].get((found, stands), lambda: aged(found, feeds, stands))


def wanted_by(gate: ParityGate) -> tuple[ParityKind, ...]:
    """What a gate compares."""
    switches: dict[ParityKind, bool] = {
        "acls": gate.acls,
        "users": gate.users,
        "schemas": gate.schemas,
        "records": gate.records,
        "topics": gate.topics,
        "quotas": gate.quotas,
    }
    return tuple(kind for kind in KINDS if switches[kind])


def asked_at_ms(kind: ParityKind, facts: Facts) -> tuple[int, ...]:
    """When the samples that a comparison stands on were asked for; of windows the oldest one."""
    if kind == "topics":
        return tuple(sample.asked_at_ms for sample in facts.configs.values())
    if kind == "acls":
        return tuple(sample.asked_at_ms for sample in facts.acls.values())
    windows = facts.survey(WindowsSurvey, "windows")
    if kind == "records" and windows is not None and windows.windows:
        return (min(window.at_ms for window in windows.windows.values()),)
    found = (facts.surveys.get(feed, ()) for feed in _SURVEYS[kind])
    times = [surveys[-1].asked_at_ms for surveys in found if surveys]
    if kind in _ABOUT_PEOPLE:
        times.extend(sample.asked_at_ms for sample in facts.acls.values())
    return tuple(times)
