"""Rules about single services and their groups.

Never about the order of waves.
"""

from __future__ import annotations

from cockpit.core.plan import SOUGHT
from cockpit.plan.draft import Draft, Word, word
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


def resume_fits(draft: Draft, problems: Problems) -> None:
    """`at` is said with `resume: timestamp` and only there; accept_loss and accept_replay only
    where a group does not go on where it stopped; replay_tolerance not of external offsets."""
    for service in draft.services:
        how = service.resume
        if how == "timestamp" and "at" not in service.says and service.offsets_at:
            message = f"{service.label} resumes at a timestamp and does not say which"
            problems.add(service.offsets_at, message, 'add at: "2026-11-27T18:00Z"')
        wrong = {
            "at": (how != "timestamp", "remove it, or write resume: timestamp"),
            "accept_loss": (how not in SOUGHT, "remove it: cockpit sets no such place"),
            "accept_replay": (how not in SOUGHT, "write replay_tolerance, a number"),
            "replay_tolerance": (how == "external", "remove it: the cockpit cannot count there"),
        }
        for key, (is_wrong, hint) in wrong.items():
            if how and is_wrong and key in service.says:
                message = f"{key} means nothing with resume: {how}"
                problems.add(service.says[key], message, hint)


def two_hops_translate_nothing(draft: Draft, problems: Problems) -> None:
    """Where a first hop brings the records, no offset of the source is translated by anybody."""
    replication = draft.root.fields.get("replication")
    if replication is None or "first_hop" not in replication.key_places:
        return
    for service in draft.services:
        if service.consumes and service.whole and service.resume in ("", "translated"):
            message = f"{service.label} resumes by translation: over two hops nothing translates"
            hint = "write resume: exact, or earliest with what it may read again"
            problems.add(service.offsets_at or service.place, message, hint)


_OF_BROKERS = frozenset(
    {"__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"}
)


def service_has_topics(draft: Draft, problems: Problems) -> None:
    """A service produces or consumes something, and produces no topic that only brokers write."""
    for service in draft.services:
        for topic in service.produces:
            if topic.text in _OF_BROKERS:
                message = f"{service.label} produces {topic.text}, which only brokers write"
                problems.add(topic.place, message, "remove it: neither mirror nor fence is for it")
        if service.whole and not service.produces and not service.consumes:
            message = f"{service.label} neither produces nor consumes"
            problems.add(service.place, message, "add produces or consumes")


def control_timeout(draft: Draft, problems: Problems) -> None:
    """Only a command says its timeout beside it; an http call has its own."""
    services = draft.root.fields.get("services")
    for service in services.items if services is not None else ():
        for verb in ("stop", "start", "undo"):
            control = service.fields.get(verb)
            if control is None or "command" in control.fields or "timeout" not in control.fields:
                continue
            message = "a timeout without a command"
            hint = "write it inside: {http: {url: ..., timeout: ...}}"
            problems.add(control.key_places["timeout"], message, hint)


def client_probe_fits(draft: Draft, problems: Problems) -> None:
    """client_probe is a gate of waves whose services all have a probe, and never a trigger."""
    waves = draft.root.fields.get("waves")
    for wave in draft.waves:
        item = waves.items[wave.index] if waves is not None else None
        fields = item.fields if item is not None else {}
        gates = fields["gates"].items if "gates" in fields else ()
        asking = next((gate for gate in gates if "client_probe" in gate.fields), None)
        for service in draft.members(wave) if asking is not None else ():
            if service.probe_at is None and asking is not None:
                message = f"client_probe in {wave.label}, and {service.label} has no probe"
                hint = f"add probe: {{command: [...]}} to {service.label}"
                problems.add(asking.place, message, hint)
        rollback = fields.get("rollback")
        triggers = rollback.fields.get("triggers") if rollback is not None else None
        for trigger in triggers.items if triggers is not None else ():
            if "client_probe" in trigger.fields:
                message = "client_probe is no trigger: probes run before a wave begins"
                problems.add(trigger.place, message, "make it a gate")


def groups_differ(draft: Draft, problems: Problems) -> None:
    """A consumer group belongs to one service, or to the first hop."""
    owners: dict[str, str] = {}
    replication = draft.root.fields.get("replication")
    first_hop = replication.fields.get("first_hop") if replication is not None else None
    of_hop = word(first_hop.fields.get("group")) if first_hop is not None else None
    if of_hop is not None:
        owners[of_hop.text] = "the first hop"
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
    ("resume-fits", resume_fits),
    ("two-hops-translate-nothing", two_hops_translate_nothing),
    ("service-has-topics", service_has_topics),
    ("control-timeout", control_timeout),
    ("client-probe-fits", client_probe_fits),
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
