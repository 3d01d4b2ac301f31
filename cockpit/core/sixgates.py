"""The six gates before a migration's first wave: what is asked at each, who owns it, what is found.

Decisions over what was read and what the plan says. A gate is ready when nothing is missing,
everything could be read, and its owner has signed; nobody else can say so for him.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cockpit.core.inventory import Inventory
from cockpit.core.lag import ReplicationLag, first_unknown, not_there, select
from cockpit.core.mirroredgroups import MirroredGroups
from cockpit.core.observe import MISSING, Unknown
from cockpit.core.plan import Plan, ReverseStep, Service, Wave, WriteOwner
from cockpit.core.stated import GATES, GateName, Signature, Stated

Word = Literal["ready", "not ready", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found at a gate. `note` stands in nobody's way."""

    word: Literal["missing", "unknown", "note"]
    text: str


@dataclass(frozen=True, slots=True)
class ReadyGate:
    """One gate as it stands."""

    name: GateName
    owner: str
    signed: Signature | None
    word: Word
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was read of both clusters, for those gates that need it."""

    inventory: Inventory
    lag: ReplicationLag | Unknown
    groups: MirroredGroups | Unknown
    mirror: Sequence[str] = ()
    """What is wrong with the mirror."""
    unread: Sequence[str] = ()
    """Feeds that a flight needs and that could not be read, and why."""
    rights_missing: Sequence[str] = ()
    rights_unproven: Sequence[str] = ()
    shut: Sequence[str] = ()
    """Sides that let nobody in, and why."""


def ready_gates(
    plan: Plan, stated: Mapping[GateName, Stated], evidence: Evidence, now_ms: int
) -> tuple[ReadyGate, ...]:
    """All six, in their order. `now_ms`: no signature and no decommission is from then on."""
    found = {
        "inventory": _inventory(evidence),
        "replication": _replication(plan, evidence),
        "offsets": _offsets(plan, evidence),
        "security": _security(evidence),
        "cutover": _cutover(plan),
        "exit": _exit(stated.get("exit", Stated()), now_ms),
    }
    return tuple(_gate(n, stated.get(n, Stated()), tuple(found[n]), now_ms) for n in GATES)


def _gate(name: GateName, stated: Stated, findings: tuple[Finding, ...], now_ms: int) -> ReadyGate:
    more = []
    if not stated.owner:
        more.append(_missing("nobody owns it: readiness: {" + name + ": {owner: ...}}"))
    elif stated.signed is None:
        more.append(_missing(f"{stated.owner} has not signed"))
    elif stated.signed.at_ms > now_ms:
        more.append(_missing(f"signed by {stated.signed.by} at a time that has not come"))
    findings = (*findings, *more)
    words = {finding.word for finding in findings}
    word: Word = "not ready" if "missing" in words else "unknown" if "unknown" in words else "ready"
    return ReadyGate(name, stated.owner, stated.signed, word, findings)


def _missing(text: str) -> Finding:
    return Finding("missing", text)


def _inventory(evidence: Evidence) -> Iterator[Finding]:
    inventory = evidence.inventory
    kinds = dict.fromkeys(item.kind for item in inventory.items)
    for kind in kinds:
        if count := inventory.count("unassigned", kind):
            names = [i.name for i in inventory.of(kind) if i.word == "unassigned"]
            yield _missing(f"{count} unassigned of kind {kind}: {_some(names)}")
    yield from (Finding("unknown", why) for why in inventory.unread)
    done = len(inventory.items) - inventory.count("unassigned")
    yield Finding("note", f"{done} of {len(inventory.items)} items have a disposition")


def _replication(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    yield from (_missing(why) for why in evidence.mirror)
    yield from (Finding("unknown", why) for why in evidence.unread)
    lag = evidence.lag
    if isinstance(lag, Unknown):
        yield Finding("unknown", f"replication lag: {lag.reason}")
        return
    if (absent := not_there(lag.logs, plan.topics())) is not None:
        yield Finding("unknown", f"replication lag: {absent.reason}")
    indexes = select(lag.logs, plan.topics())
    if (why := first_unknown(lag, indexes)) is not None:
        yield Finding("unknown", f"replication lag: {why}")
    column = lag.lag[indexes]
    known = column[column != MISSING]
    if len(known):
        total, worst = int(known.sum()), int(known.max())
        yield Finding("note", f"replication lag {total} records, {worst} at most in a partition")


def _offsets(plan: Plan, evidence: Evidence) -> Iterator[Finding]:
    yield from _carried(plan, evidence.groups)
    for service in plan.services:
        if service.group is None:
            continue
        yield Finding("note", f"{service.group}: {_decision(service)}")
        if not service.owner:
            yield _missing(f"{service.group}: service {service.name} has no owner who could decide")
        spec = service.offsets
        if service.resume == "translated" and (
            spec is None or spec.replay_tolerance_records is None
        ):
            yield _missing(
                f"{service.group}: translated offsets are approximate, and nobody has said how "
                "many records may be read twice"
            )


def _carried(plan: Plan, groups: MirroredGroups | Unknown) -> Iterator[Finding]:
    """What the mirror makes of group offsets. Where it decides the places, what it drops is
    missing; where the records do, it is worth a word."""
    if isinstance(groups, Unknown):
        yield Finding("unknown", f"what the mirror makes of group offsets: {groups.reason}")
        return
    believed = {s.group for s in plan.services if s.resume == "translated"}
    for name, why in groups.unread:
        yield Finding("unknown" if name in believed else "note", f"{name}: {why}")
    for name, found, wanted in groups.partly:
        text = f"the target has {found} of its {wanted} commits"
        yield _dropped(name, text, believed=name in believed)
    lost = [name for name in groups.dropped if name in believed]
    for name in lost:
        yield _dropped(name, "the mirror carries none of its commits", believed=True)
    if others := [name for name in groups.dropped if name not in believed]:
        yield Finding("note", f"the mirror carries no commit of {len(others)}: {_some(others)}")
    if groups.count:
        whole = f"{len(groups.carried)} of {groups.count} groups"
        yield Finding("note", f"the mirror carries all commits of {whole}, by those on the target")


def _dropped(name: str, text: str, *, believed: bool) -> Finding:
    if believed:
        return _missing(f"{name}: {text}, and it resumes by them (resume: exact does not)")
    return Finding("note", f"{name}: {text}")


def _decision(service: Service) -> str:
    spec = service.offsets
    tolerance = spec.replay_tolerance_records if spec is not None else None
    again = "" if tolerance is None else f", at most {tolerance} records may be read twice"
    accepted = spec.accept_loss or spec.accept_replay if spec is not None else None
    by = "" if accepted is None else f", accepted by {accepted.by}"
    return f"resumes {service.resume}{again}{by}"


def _security(evidence: Evidence) -> Iterator[Finding]:
    yield from (_missing(why) for why in evidence.shut)
    yield from (_missing(f"missing: {right}") for right in evidence.rights_missing)
    yield from (Finding("unknown", f"unproven: {right}") for right in evidence.rights_unproven)


def _cutover(plan: Plan) -> Iterator[Finding]:
    for wave in plan.waves:
        for what in _unsaid(wave):
            yield _missing(f"wave {wave.name} says {what}")
    if not plan.freeze_windows:
        yield Finding("note", "no freeze window: a wave may begin at any time")
    if plan.people is None:
        yield Finding("note", "no people: whoever may use this account may drive")


def _unsaid(wave: Wave) -> Iterator[str]:
    if not wave.rollback.triggers:
        yield "not what takes it back"
    if not wave.approvers:
        yield "not who approves it"
    if wave.rollback_window_ms is None and not _closes(wave):
        yield "not for how long it must be able to go back"


def _closes(wave: Wave) -> bool:
    """Whether it takes the writes along with nothing that brings them back: once it has written, it
    can promise no time in which it could go back, and the plan is refused if it does."""
    takes_writes = wave.write_owner == WriteOwner("source", "target")
    return takes_writes and not any(isinstance(step, ReverseStep) for step in wave.steps)


def _exit(stated: Stated, now_ms: int) -> Iterator[Finding]:
    if stated.decommission_ms is None:
        yield _missing("no date when the source goes (decommission)")
    elif stated.decommission_ms <= now_ms:
        yield _missing("the date when the source goes has passed")
    if not stated.retained:
        yield _missing("not said what is kept of the source (retained)")
    if not stated.audit:
        yield _missing("not said what an audit needs (audit)")


def _some(names: Sequence[str], shown: int = 3) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
