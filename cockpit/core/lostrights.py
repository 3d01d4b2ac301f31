"""Rights of a wave's services that the source's ACLs give and the target's do not.

A mirror copies no right to write: without it a producer fails on the target, past its point of no
return. Judged whether or not the plan has a gate for it; what no ACL tells is no reason here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from cockpit.core.clearing import remove_acls
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.observe import AclBinding, AclSample
from cockpit.core.parity.access import ANY_HOST, allowed, binding_text
from cockpit.core.parity.fence import EVERYBODY
from cockpit.core.parity.people import matches
from cockpit.core.plan import Plan, Service
from cockpit.core.readiness import missing_text
from cockpit.core.remember import Remembered
from cockpit.core.rights import Right
from cockpit.core.turn import services_of

Resource = Literal["topic", "group"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the ACLs of both sides say of the rights that services need and have on the source."""

    lost: tuple[tuple[Right, AclBinding | None], ...]
    """Not there on the target, with the DENY that takes each; None: it was never given."""
    untold: tuple[Right, ...]
    """On what no ACL of the target is about."""


_JUDGED: Final[Remembered[Judged]] = Remembered(8)


def lost_rights(state: FlightState, wave: WaveState) -> Iterator[str]:
    """Each right that a service of the wave has on the source and not on the target, in words, with
    the command that gives it."""
    plan = state.plan
    for right, denial in _judged(state, wave).lost:
        if denial is None:
            yield missing_text(plan, right)
            continue
        command = remove_acls(plan.target, [denial])
        yield (
            f"target: {right.principal} may not {right.words()}: {binding_text(denial)};"
            f" take it away: {command}"
        )


def untold_rights(state: FlightState, wave: WaveState) -> Iterator[str]:
    """Rights of the wave's services on what no ACL of the target is about: whoever the brokers let
    in without one has them, and no ACL tells."""
    for right in _judged(state, wave).untold:
        yield (
            f"not proved: {right.principal} may {right.words()} on the target: no ACL there is"
            " about it (allow.everyone.if.no.acl.found?)"
        )


def _judged(state: FlightState, wave: WaveState) -> Judged:
    """By the newest ACLs of both sides; without them nothing is said."""
    plan = state.plan
    source, target = state.facts.acls.get("source"), state.facts.acls.get("target")
    if source is None or target is None:
        return Judged((), ())
    stands_on = (plan, wave.wave, source.bindings, target.bindings)
    services = services_of(state, wave)
    return _JUDGED.get(stands_on, lambda: _judge(plan, services, _Index(source), _Index(target)))


def _judge(plan: Plan, services: Iterable[Service], source: _Index, target: _Index) -> Judged:
    lost: list[tuple[Right, AclBinding | None]] = []
    untold: list[Right] = []
    for right in _held(plan, services, source):
        there = target.of(right)
        if not target.is_any_on(right):
            untold.append(right)
        elif not _may(there, right):
            denials = (b for b in there if b.permission == "deny")
            taking = (b for b in denials if b.operation in (right.operation, "all"))
            lost.append((right, next(taking, None)))
    return Judged(tuple(lost), tuple(untold))


def _held(plan: Plan, services: Iterable[Service], rules: _Index) -> Iterator[Right]:
    """What the services need by the plan and the source's ACLs give them, but for differences that
    somebody approved. A DENY there may be a fence: it hides no right."""
    for service in services:
        approved = any(
            one.kind == "acl" and one.principal in (service.principal, "*")
            for one in plan.approved_differences
        )
        for right in () if approved else _needed(service):
            if _may([b for b in rules.of(right) if b.permission == "allow"], right):
                yield right


def _needed(service: Service) -> Iterator[Right]:
    needs: list[tuple[Resource, str, str]] = [("topic", t, "write") for t in service.produces]
    needs += [("topic", t, "read") for t in service.consumes]
    needs += [("group", service.group, "read")] if service.group else []
    for resource, name, operation in needs:
        why = (f"what {service.name} does",)
        yield Right("target", service.principal, resource, name, operation, "act", why)


class _Index:
    """The bindings of one cluster by what they are about."""

    def __init__(self, sample: AclSample) -> None:
        self._named: dict[tuple[str, str], list[AclBinding]] = {}
        self._wide: dict[tuple[str, str], list[AclBinding]] = {}
        self._beginnings: set[tuple[str, str]] = set()
        for binding in sample.bindings:
            kind, name = binding.resource_type, binding.resource_name
            if binding.pattern == "prefixed" or name == "*":
                self._wide.setdefault((kind, binding.principal), []).append(binding)
                self._beginnings.add((kind, name if binding.pattern == "prefixed" else ""))
            else:
                self._named.setdefault((kind, name), []).append(binding)

    def is_any_on(self, right: Right) -> bool:
        """Whether there is one about its resource, of anybody: with none, brokers may let everybody
        in."""
        kind, name = right.resource, right.name
        begun = ((kind, name[:length]) in self._beginnings for length in range(len(name) + 1))
        return (kind, name) in self._named or any(begun)

    def of(self, right: Right) -> list[AclBinding]:
        """Those about its resource that count for its principal."""
        whom = (right.principal, EVERYBODY)
        named = self._named.get((right.resource, right.name), ())
        wide = (b for who in whom for b in self._wide.get((right.resource, who), ()))
        mine = [b for b in named if b.principal in whom]
        return sorted([*mine, *(b for b in wide if matches(b, right.name))])


def _may(bindings: Iterable[AclBinding], right: Right) -> bool:
    """Whether these allow it from any host at all: where a service runs, nobody here knows."""
    every = list(bindings)
    hosts = dict.fromkeys((ANY_HOST, *(b.host for b in every if b.permission == "allow")))
    return any(right.operation in allowed(every, host, right.resource) for host in hosts)
