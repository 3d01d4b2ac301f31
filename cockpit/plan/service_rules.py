"""Rules about single services, their groups, signals and approved differences.

Never about the order of waves.
"""

from __future__ import annotations

from cockpit.plan.draft import Draft, Word, word
from cockpit.plan.problems import Problems, did_you_mean
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


def signal_exists(draft: Draft, problems: Problems) -> None:
    """A gate or trigger reads a signal that the plan has."""
    known = _signal_units(draft)
    for wave in draft.waves:
        for use in wave.signal_uses:
            if use.name.text not in known and not problems.full:
                message = f"unknown signal {quoted(use.name.text)}"
                hint = did_you_mean(use.name.text, known) or "the plan has no signals"
                problems.add(use.name.place, message, hint)


def signal_limit_fits(draft: Draft, problems: Problems) -> None:
    """The limit of a ratio is at most 100%, and only a ratio is written as a percentage."""
    units = _signal_units(draft)
    for wave in draft.waves:
        for use in wave.signal_uses:
            unit = units.get(use.name.text)
            if unit is None or use.limit is None:
                continue
            if unit == "ratio" and use.limit.value > 1:
                message = f"{use.name.text} is a ratio; this limit is over 100%"
                problems.add(use.limit_place, message, "write a percentage such as 0.5%")
            if unit != "ratio" and use.limit.percent:
                message = f"{use.name.text} counts {unit}; a percentage means nothing there"
                problems.add(use.limit_place, message, "write a number")


def difference_topic_exists(draft: Draft, problems: Problems) -> None:
    """An approved difference is about a topic of the plan, or about all."""
    topics = {t.text for s in draft.services for t in (*s.produces, *s.consumes)}
    if not all(service.whole for service in draft.services):
        return
    for topic, _config in _differences(draft):
        if topic.text != "*" and topic.text not in topics and not problems.full:
            message = f"no service produces or consumes topic {quoted(topic.text)}"
            problems.add(topic.place, message, did_you_mean(topic.text, topics))


def differences_differ(draft: Draft, problems: Problems) -> None:
    """A difference of one topic's config is approved once."""
    seen: set[tuple[str, str]] = set()
    for topic, config in _differences(draft):
        if config is None:
            continue
        if (topic.text, config.text) in seen:
            message = f"{config.text} of topic {quoted(topic.text)} is approved twice"
            problems.add(topic.place, message, "remove one")
        seen.add((topic.text, config.text))


CHECKS = (
    ("service-names-differ", service_names_differ),
    ("consumes-and-group", consumes_and_group),
    ("offsets-need-consumes", offsets_need_consumes),
    ("service-has-topics", service_has_topics),
    ("groups-differ", groups_differ),
    ("signal-exists", signal_exists),
    ("signal-limit-fits", signal_limit_fits),
    ("difference-topic-exists", difference_topic_exists),
    ("differences-differ", differences_differ),
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


def _signal_units(draft: Draft) -> dict[str, str | None]:
    """Unit of each signal of the plan by name; None where it was not readable."""
    signals = draft.root.fields.get("signals")
    if signals is None:
        return {}
    found: dict[str, str | None] = {}
    for name, signal in signals.fields.items():
        unit = word(signal.fields.get("unit"))
        found[name] = unit.text if unit else None
    return found


def _differences(draft: Draft) -> list[tuple[Word, Word | None]]:
    """Topic and config of each approved difference whose topic was readable."""
    differences = draft.root.fields.get("approved_differences")
    found: list[tuple[Word, Word | None]] = []
    for item in differences.items if differences else ():
        topic = word(item.fields.get("topic"))
        if topic is not None:
            found.append((topic, word(item.fields.get("config"))))
    return found
