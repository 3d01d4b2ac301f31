"""Orders whose answer was lost: to fence, and to stop or start services. They may land for a while,
and what must not meet them waits until they cannot any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cockpit.core.actions import Fence
from cockpit.core.parity.fence import fence_bindings
from cockpit.core.scene import Done, Progress, Scene, Wait

LANDS_WITHIN_MS: Final = 60_000
"""How long a broker that stood still may take to carry out what was sent to it."""
PATIENCE_MS: Final = 60_000
"""For how long after that the source may be unreadable before a person is asked."""
LOST: Final = "late_fence.lost_at_ms"
"""When an order to fence was found to be without an answer; absent: none is."""


@dataclass(frozen=True, slots=True)
class AwaitLate:
    """A fence that was ordered has landed after all, or cannot land any more."""

    fence: Fence
    lost_ms: int
    timeout_ms: int = LANDS_WITHIN_MS + PATIENCE_MS


def await_late(task: AwaitLate, scene: Scene) -> Progress:
    """By the source's ACLs, in a sample that was asked for after this began."""
    until_ms = task.lost_ms + LANDS_WITHIN_MS
    acls = scene.facts.acls.get("source")
    if acls is not None and acls.asked_at_ms > scene.started_at_ms:
        landed = fence_bindings(task.fence.topics, task.fence.principals) & acls.bindings
        if landed:
            return Done("a fence whose order had no answer has landed after all")
        if acls.asked_at_ms > until_ms:
            return Done("no fence has landed late")
    left_s = max(until_ms - scene.now_ms, 0) / 1000
    return Wait(f"an order to fence had no answer and may land for {left_s:.0f} s more")


_CALL: Final = "lost_call."


def lost_call(verb: str, service: str) -> str:
    """What a wave remembers of when a call of a service was last found to be without an answer, in
    ms: no later one, whatever came of it, makes up for that."""
    return f"{_CALL}{verb}.{service}.at_ms"


def may_land(memory: Mapping[str, Any], now_ms: int) -> str:
    """The call without an answer that may land for longest; empty: none may."""
    lost = [(value, key) for key, value in memory.items() if key.startswith(_CALL)]
    if not lost:
        return ""
    at_ms, key = max(lost)
    left_ms = at_ms + LANDS_WITHIN_MS - now_ms
    if left_ms <= 0:
        return ""
    verb, service = key.removeprefix(_CALL).removesuffix(".at_ms").split(".", 1)
    return f"{verb} of {service} had no answer and may land for {left_ms / 1000:.0f} s more"


@dataclass(frozen=True, slots=True)
class AwaitNoStart:
    """An order to start that had no answer cannot land any more."""

    service: str
    lost_ms: int
    timeout_ms: int = LANDS_WITHIN_MS + PATIENCE_MS


def await_no_start(task: AwaitNoStart, scene: Scene) -> Progress:
    """By time alone: that nothing shows of it yet says nothing."""
    left_ms = task.lost_ms + LANDS_WITHIN_MS - scene.now_ms
    if left_ms <= 0:
        return Done("")
    return Wait(
        f"an order to start {task.service} had no answer and may land for {left_ms / 1000:.0f} s"
        " more: the source stays shut"
    )
