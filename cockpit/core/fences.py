"""What a wave's fence consists of on the source, and whether it stands there.

A fence is made of ACLs, or (`by: stop`) of nothing but silence. Values only; proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cockpit.core.actions import Fence, ProveShut, ProveSilent, Unfence
from cockpit.core.observe import AclBinding, AclSample, partition_of
from cockpit.core.parity.fence import fence_bindings
from cockpit.core.plan import FenceStep, Plan, ReverseStep, Wave, produced_topics

VOID: Final = "void"
"""Why every proof of a wave is void; absent: none is."""
RELEASED: Final = "released"
"""Whether the target has shown records past the drained end since the wave's producers were told to
start; absent: it has not."""


def fence_step(wave: Wave) -> FenceStep | None:
    """The wave's fence, if it has one."""
    return next((step for step in wave.steps if isinstance(step, FenceStep)), None)


def principals(step: FenceStep, wave: Wave, plan: Plan) -> tuple[str, ...]:
    """Whose writes are denied: everybody's, or those of the wave's producers and of the canary,
    which shows that it is so."""
    if step.deny == "all":
        return ("User:*",)
    named = {s.principal for s in plan.wave_services(wave) if s.produces}
    if plan.source.canary is not None:
        named.add(f"User:{plan.source.canary.username}")
    return tuple(sorted(named))


def fencing(step: FenceStep, wave: Wave, plan: Plan) -> Fence | ProveSilent:
    """What makes the fence."""
    topics = produced_topics(plan.wave_services(wave))
    if step.by == "stop":
        return ProveSilent(topics)
    return Fence(topics, principals(step, wave, plan))


def unfencing(step: FenceStep, wave: Wave, plan: Plan) -> Unfence | None:
    """What takes it down; None: there is nothing to take down."""
    if step.by == "stop":
        return None
    return Unfence(produced_topics(plan.wave_services(wave)), principals(step, wave, plan))


def shut(wave: Wave, plan: Plan, memory: Mapping[str, Any]) -> ProveShut | None:
    """What has to be so still when the wave's producers are released; None: nothing was proved of
    the source's logs, or none is to be started. That an order to start was sent says nothing: it
    may not have landed, and who gives it again stands on a look of then. Once the target has
    records of its own there is no way back: a person who has seen what the look shows goes on."""
    services = plan.wave_services(wave)
    ends: Mapping[str, int] = memory.get("drained.source_end") or {}
    waiting = [s for s in services if s.produces and not memory.get(f"running.{s.name}")]
    is_reversed = any(isinstance(step, ReverseStep) for step in wave.steps)  # the source grows
    seen = memory.get(RELEASED) and (VOID in memory or is_reversed)
    if not ends or not waiting or seen:
        return None
    step = fence_step(wave)
    denied = principals(step, wave, plan) if step is not None and step.by != "stop" else ()
    writers = tuple(sorted({s.principal for s in services if s.produces}))
    proved = tuple((partition_of(key), end) for key, end in sorted(ends.items()))
    return ProveShut(produced_topics(services), proved, denied, writers)


def bindings_by_topic(wave: Wave, plan: Plan) -> dict[str, frozenset[AclBinding]]:
    """The ACLs that fence each topic of the wave; nothing where no ACL does."""
    step = fence_step(wave)
    if step is None or step.by == "stop":
        return {}
    topics = produced_topics(plan.wave_services(wave))
    denied = principals(step, wave, plan)
    return {topic: fence_bindings((topic,), denied) for topic in topics}


def fenced_topics(wave: Wave, plan: Plan, acls: AclSample) -> frozenset[str]:
    """The topics of the wave that its ACLs fence now."""
    wanted = bindings_by_topic(wave, plan)
    return frozenset(topic for topic, made in wanted.items() if made <= acls.bindings)


def is_fenced(wave: Wave, plan: Plan, acls: AclSample) -> bool:
    """Whether all ACLs of the wave's fence are there; a fence without ACLs never says no."""
    return fenced_topics(wave, plan, acls) == bindings_by_topic(wave, plan).keys()
