"""What a comparison found, before and after the plan's approved differences are applied.

Only what is open can be approved: an approval never hides that something is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cockpit.core.plan import ApprovedDifference, DifferenceKind, Plan
from cockpit.core.snapshot import CheckKind, CheckView

ANY = "*"

_SHOWN_AS: dict[DifferenceKind, CheckKind] = {
    "config": "config",
    "partitions": "topic",
    "acl": "acl",
    "quota": "quota",
    "user": "user",
    "schema": "schema",
    "records": "records",
}
_WORDS = ("open", "unknown", "noted", "approved", "equal")


@dataclass(frozen=True, slots=True)
class Found:
    """A check, and what an approval would call it.

    `names` are the topics, principals, quota entities or subjects that an approval may name;
    without a `kind` nothing can approve it. `feeds` are what it stands on, where that is not what
    its kind of comparison does.
    """

    check: CheckView
    kind: DifferenceKind | None = None
    names: tuple[str, ...] = ()
    config: str = ""
    feeds: tuple[str, ...] = ()


def approve(
    plan: Plan, kinds: Iterable[DifferenceKind], found: Sequence[Found]
) -> tuple[Found, ...]:
    """Open checks that the plan approves become approved; an approval without use is noted."""
    wanted = frozenset(kinds)
    approvals = [a for a in plan.approved_differences if a.kind in wanted]
    used: set[int] = set()
    checks: list[Found] = []
    for item in found:
        if item.check.word != "open":
            checks.append(item)
            continue
        matching = [i for i, approval in enumerate(approvals) if _matches(approval, item)]
        used.update(matching)
        if not matching:
            checks.append(item)
            continue
        by = approvals[matching[0]]
        why = f"{by.why} ({by.by}); {item.check.why}"
        checks.append(replace(item, check=replace(item.check, word="approved", why=why)))
    blind = {item.check.kind for item in checks if item.check.word == "unknown"}
    for i, approval in enumerate(approvals):
        shown_as = _SHOWN_AS[approval.kind]
        if i not in used and shown_as not in blind:
            why = f"approved by {approval.by}, but there is no such difference"
            checks.append(Found(CheckView(shown_as, _name(approval), "noted", "-", "-", why)))
    return tuple(checks)


def ranked(checks: Iterable[CheckView]) -> tuple[CheckView, ...]:
    """Open ones first, and of these the ones that nobody may miss."""
    return tuple(sorted(checks, key=lambda c: (_WORDS.index(c.word), c.rank, c.kind, c.name)))


def _matches(approval: ApprovedDifference, item: Found) -> bool:
    if approval.kind != item.kind:
        return False
    match approval.kind:
        case "config":
            return _is(approval.topic, item.names) and approval.config in (ANY, item.config)
        case "partitions" | "records":
            return _is(approval.topic, item.names)
        case "acl" | "quota" | "user":
            return _is(approval.principal, item.names)
        case "schema":
            return _is(approval.subject, item.names)


def _is(wanted: str, names: tuple[str, ...]) -> bool:
    return wanted == ANY or wanted in names


def _name(approval: ApprovedDifference) -> str:
    said = (approval.topic, approval.config, approval.principal, approval.subject)
    return " ".join(["approval:", approval.kind, *(word for word in said if word)])
