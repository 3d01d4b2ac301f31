"""What a task may look at, and what it may answer: wait, done, failed, or carry out this action.

Values, and the one look at a group that most tasks begin with; decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cockpit.core.actions import Action
from cockpit.core.facts import Facts
from cockpit.core.gates import Subject
from cockpit.core.observe import GroupState
from cockpit.core.plan import Side


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet, and what is missing."""

    detail: str
    patient: bool = False
    """Whether no timeout ends it: it goes on by itself, or by a person's order."""


@dataclass(frozen=True, slots=True)
class Done:
    """It is so. `remember` goes into the wave's memory."""

    detail: str = ""
    remember: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """It cannot become so without a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Act:
    """Carry this out; its outcome ends the task, but that of a search is only remembered.

    `note` is told before, with what is remembered.
    """

    action: Action
    verify_ms: int
    remember: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


Progress = Wait | Done | Failed | Act


@dataclass(frozen=True, slots=True)
class Scene:
    """What a task may look at."""

    facts: Facts
    subject: Subject
    memory: Mapping[str, Any]
    now_ms: int
    started_at_ms: int


def group_on(scene: Scene, side: Side, group: str) -> GroupState | Wait | None:
    """The group in a sample asked after the task began; None when it does not exist there."""
    sample = scene.facts.newest_groups(side)
    if sample is None or sample.states_asked_at_ms() <= scene.started_at_ms:
        failure = scene.facts.failures.get(f"{side}.groups")
        return Wait(failure.reason if failure else f"reads groups on {side}")
    state = sample.groups.get(group)
    why = (state.unknown or state.members_unknown) if state is not None else None
    return Wait(f"group {group} on {side}: {why}") if why is not None else state
