"""What keeps a wave from beginning that only asking the clusters tells: rights, a fence's worth.

Values and one decision over them; never asks anybody. A right that nobody can prove is no refusal:
it is said before the wave is confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from cockpit.core.plan import (
    DrainStep,
    FenceStep,
    OffsetsStep,
    Plan,
    Wave,
    produced_topics,
    touched_topics,
)
from cockpit.core.rights import Right, grant_arguments, rights
from cockpit.core.shell import shell_line


@dataclass(frozen=True, slots=True)
class ReadinessSurvey:
    """Of each wave by its name: rights that it lacks, those that nobody can prove and why, and why
    its fence would not hold (empty: it would, or it has none)."""

    asked_at_ms: int
    answered_at_ms: int
    missing: Mapping[str, tuple[Right, ...]] = field(default_factory=dict)
    unproven: Mapping[str, tuple[tuple[Right, str], ...]] = field(default_factory=dict)
    unfenceable: Mapping[str, str] = field(default_factory=dict)

    @property
    def feed(self) -> str:
        """`readiness`."""
        return "readiness"


def wave_rights(plan: Plan, wave: Wave) -> tuple[Right, ...]:
    """The rights that this wave's own effects and proofs need, on both sides."""
    services = plan.wave_services(wave)
    steps = {type(step) for step in wave.steps}
    alone = replace(plan, waves=(wave,), services=services)
    topics: set[str] = set()
    if OffsetsStep in steps:
        topics.update(touched_topics(services))
    if DrainStep in steps:
        topics.update(produced_topics(services))
    groups = {s.group for s in services if s.group and OffsetsStep in steps}
    return tuple(one for one in rights(alone) if _is_needed(one, wave, topics, groups))


def _is_needed(right: Right, wave: Wave, topics: set[str], groups: set[str]) -> bool:
    """Whether an effect fails without it; what is only observed with it is doctor's to say."""
    fences = any(isinstance(step, FenceStep) and step.by == "acl" for step in wave.steps)
    match right.resource:
        case "cluster":
            by_fence = right.operation in ("alter", "describe_configs")
            return fences and right.side == "source" and by_fence
        case "topic":
            return right.canary or (right.operation == "read" and right.name in topics)
        case "group":
            return right.name in groups and right.operation in ("read", "delete")
        case "transactional_id":
            return False


def why_not_ready(plan: Plan, wave: str, survey: ReadinessSurvey | None) -> Iterator[str]:
    """Each reason for which this wave must not begin; nothing where nobody has asked."""
    if survey is None:
        return
    for right in survey.missing.get(wave, ()):
        yield missing_text(plan, right)
    if why := survey.unfenceable.get(wave, ""):
        yield f"no fence would hold: {why}"


def missing_text(plan: Plan, right: Right) -> str:
    """A missing right in words, and the ACL that grants it as a command."""
    spec = plan.source if right.side == "source" else plan.target
    whom = " (the canary)" if right.canary else ""
    command = shell_line(grant_arguments(right, spec.bootstrap[0]))
    return f"{right.side}: {right.principal}{whom} may not {right.words()}; grant it: {command}"


def unproven_texts(wave: str, survey: ReadinessSurvey | None) -> Iterator[str]:
    """Rights that nobody can prove, one line each."""
    for right, why in survey.unproven.get(wave, ()) if survey is not None else ():
        yield f"not proved: {right.principal} may {right.words()} on the {right.side}: {why}"
