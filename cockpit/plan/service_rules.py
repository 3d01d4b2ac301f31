"""Rules about single services and their groups.

Never about the order of waves.
"""

from __future__ import annotations

from cockpit.plan.draft import Draft, Word
from cockpit.plan.problems import Problems
from cockpit.plan.text import quoted


def service_names_differ(draft: Draft, problems: Problems) -> None:
    """No two services have the same name."""
    note_same_names([s.name for s in draft.services], "service", problems)


def consumes_and_group(draft: Draft, problems: Problems) -> None:
    """A service that consumes has a group, and only such a service has one."""
    for service in draft.services:
        if service.consumes and not service.says_group:
            message = f"{service.label} consumes topics and has no group"
            problems.add(service.place, message, "add group: its consumer group")
        elif service.group and not service.consumes and service.whole:
            message = f"{service.label} has a group and consumes nothing"
            problems.add(service.group.place, message, "add consumes, or remove group")


def offsets_need_consumes(draft: Draft, problems: Problems) -> None:
    """Only a service that consumes says how its offsets resume."""
    for service in draft.services:
        if service.offsets_at and not service.consumes and service.whole:
            message = f"{service.label} says how offsets resume and consumes nothing"
            problems.add(service.offsets_at, message, "add consumes, or remove offsets")


def service_has_topics(draft: Draft, problems: Problems) -> None:
    """A service produces or consumes something."""
    for service in draft.services:
        if service.whole and not service.produces and not service.consumes:
            message = f"{service.label} neither produces nor consumes"
            problems.add(service.place, message, "add produces or consumes")


def groups_differ(draft: Draft, problems: Problems) -> None:
    """A consumer group belongs to one service."""
    owners: dict[str, str] = {}
    for service in draft.services:
        group = service.group
        if group is None:
            continue
        if group.text in owners:
            message = f"group {quoted(group.text)} is the group of {owners[group.text]} already"
            problems.add(group.place, message, "a group moves with one service")
        owners.setdefault(group.text, service.label)


CHECKS = (
    ("service-names-differ", service_names_differ),
    ("consumes-and-group", consumes_and_group),
    ("offsets-need-consumes", offsets_need_consumes),
    ("service-has-topics", service_has_topics),
    ("groups-differ", groups_differ),
)


def note_same_names(names: list[Word | None], what: str, problems: Problems) -> None:
    """Note each name that an earlier one of the list has already."""
    seen: dict[str, Word] = {}
    for name in names:
        if name is None:
            continue
        if name.text in seen:
            line = seen[name.text].place.line
            message = f"{what} {quoted(name.text)} is there twice"
            problems.add(name.place, message, f"it is in line {line} already")
        seen.setdefault(name.text, name)
