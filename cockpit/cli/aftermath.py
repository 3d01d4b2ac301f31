"""How a simulated flight stands that did not complete, told as a real one would be.

The rules are those of `cockpit leftovers`; only the clusters are simulated. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from cockpit.cli import exits
from cockpit.cli.leftovers import as_json, left_in_sight, looked
from cockpit.core.clearing import remove_acls
from cockpit.core.facts import absorb
from cockpit.core.fences import bindings_by_topic, fenced_topics
from cockpit.core.flight import FlightState, begin
from cockpit.core.left import Left
from cockpit.core.mirrorsurvey import SHOWN_SETTINGS, ConnectSurvey
from cockpit.core.observe import AclBinding
from cockpit.core.project import project
from cockpit.core.snapshot import StatusView
from cockpit.engine.recovery import past_in

if TYPE_CHECKING:
    from cockpit.engine.folders import SessionFolder
    from cockpit.engine.loop import Ports
    from cockpit.sim.factory import SimPorts

MAY_LEAVE: Final = frozenset(
    (exits.ROLLED_BACK, exits.FAILED, exits.GATE_NOT_MET, exits.UNKNOWN, exits.STOPPED)
)
"""Ways to end after which something may stand."""
NO_MARKS: Final = "target.marks: "
UNMARKED: Final = "commits on the target: a simulation keeps no marks of them"


@dataclass(frozen=True, slots=True)
class Fenced:
    """A fence of the wave at work, which is not left over."""

    topics: tuple[str, ...]
    commands: tuple[str, ...]
    """The lines for a shell that take it down."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What stands, and what going back costs."""

    left: Left
    status: StatusView | None = None
    """Where a wave was left to a person, a few seconds later; None: none was."""
    fence: Fenced | None = None

    def as_json(self) -> dict[str, Any]:
        """For a script."""
        status, fence = self.status, self.fence
        back = status and {"word": status.rollback, "text": status.rollback_detail}
        found = as_json(self.left)
        return {
            "left_over": found["left_over"],
            "left_over_unread": found["unread"],
            "going_back": back,
            "fence": fence and {"topics": list(fence.topics), "commands": list(fence.commands)},
        }

    def lines(self) -> Iterator[str]:
        """For a person."""
        if self.status is not None:
            yield f"wave {self.status.wave} stands: going back: {self.status.rollback_detail}"
        if self.fence is not None:
            yield f"the fence on {', '.join(self.fence.topics)} stands, as the wave needs it; down:"
            yield from (f"  {command}" for command in self.fence.commands)
        for one in self.left.found:
            yield f"left over: {one.text}; cleared by:"
            yield f"  {one.command}"
        if self.fence is not None or self.left.found:
            yield "these commands are for a real flight's clusters: here none was touched"
        yield from (f"left-overs not known: {why}" for why in self.left.unread if why != UNMARKED)


async def aftermath(
    flight: FlightState, folder: SessionFolder, ports: Ports, made: SimPorts, *, stands: bool
) -> Aftermath:
    """As seen by who comes after the flight and has its journal. `stands`: a wave was left to a
    person."""
    past = past_in(folder, flying=False)
    state = begin(flight.plan, session="", simulated=True, at_ms=ports.clock.now_ms())
    state = replace(state, past=() if past is None else (past,))
    seen = _with_settings(await looked(state, ports), made)
    left = left_in_sight(seen)
    unread = dict.fromkeys(UNMARKED if why.startswith(NO_MARKS) else why for why in left.unread)
    left = replace(left, unread=tuple(unread))
    if not stands:
        return Aftermath(left)
    is_told = any(one.kind == "fence" for one in left.found)
    return Aftermath(left, project(flight, 0).status, None if is_told else _fence(flight, seen))


def _with_settings(state: FlightState, made: SimPorts) -> FlightState:
    """With what Connect shows of its connectors, where it has just answered: nobody watches that
    during a simulated flight."""
    mirror = state.facts.newest_mirror()
    if mirror is None or "mirror" in state.facts.failures:
        return state
    settings = {
        name: {key: value for key, value in config.items() if key in SHOWN_SETTINGS}
        for name, config in made.world.mirror.configs.items()
    }
    asked_ms, answered_ms = mirror.asked_at_ms, mirror.answered_at_ms
    survey = ConnectSurvey(asked_ms, answered_ms, "", mirror.connectors, settings=settings)
    return replace(state, facts=absorb(state.facts, survey))


def _fence(flight: FlightState, seen: FlightState) -> Fenced | None:
    """The fence of the current wave, as read just now; None: none stands, or nobody can say."""
    wave, plan = flight.wave().wave, flight.plan
    acls = seen.facts.acls.get("source")
    topics = fenced_topics(wave, plan, acls) if acls is not None else frozenset()
    alike: dict[tuple[str, ...], list[AclBinding]] = {}
    for topic, bindings in bindings_by_topic(wave, plan).items():
        for one in bindings if topic in topics else ():
            alike.setdefault((one.principal, one.host, one.operation), []).append(one)
    if not alike:
        return None
    commands = tuple(remove_acls(plan.source, found) for _, found in sorted(alike.items()))
    return Fenced(tuple(sorted(topics)), commands)
