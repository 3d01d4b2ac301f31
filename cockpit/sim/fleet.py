"""Service instances: where each runs, and how stop, start and undo move them.

A start on the target while the source's instance runs is a redeploy without a stop: both run for a
while. Whether that is wise is not decided here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, assert_never

import numpy as np

from cockpit.core.actions import ServiceVerb
from cockpit.core.plan import SIDES, Side
from cockpit.sim.layout import Layout
from cockpit.sim.spec import WorldSpec
from cockpit.sim.traffic import Traffic

Phase = Literal["stopped", "starting", "running", "stopping"]
Where = Literal["source", "target", "stopped", "starting", "stopping", "both"]
CLOSE_WITHIN_MS = 30_000
"""How long a consumer tries its last commit: Kafka's default for closing."""
Word = Literal["start", "linger", "stop"]
"""linger: nothing changes; the old instance of a redeploy has not been told to stop yet."""
Move = tuple[Word, Side]


@dataclass(slots=True)
class Instance:
    """One service: a phase on each side, and what it still has to do."""

    phase: dict[Side, Phase] = field(default_factory=lambda: dict.fromkeys(SIDES, "stopped"))
    verbs: deque[ServiceVerb] = field(default_factory=deque)
    moves: deque[Move] = field(default_factory=deque)
    current: Move | None = None
    due_ms: int = 0
    last_side: Side = "source"
    crashed_on: Side | None = None


class Fleet:
    """All services of a plan. Times are world ms; `tell` hears `stopped S` and `started S`."""

    def __init__(
        self,
        layout: Layout,
        spec: WorldSpec,
        traffic: Traffic,
        rng: np.random.Generator,
        tell: Callable[[str], None],
    ) -> None:
        self._layout, self._spec, self._traffic = layout, spec, traffic
        self._rng, self._tell = rng, tell
        self.instances = [Instance() for _ in layout.services]

    def begin(self) -> None:
        """Every service runs on the source."""
        for service in range(len(self.instances)):
            self._run(service, "source")
        self._traffic.retune()

    def request(self, service: int, verb: ServiceVerb, now_ms: int) -> None:
        """Queue what a service shall do; it begins as soon as it is idle."""
        self.instances[service].verbs.append(verb)
        self._work(service, now_ms)

    def idle(self, service: int) -> bool:
        """Whether nothing is under way or queued."""
        instance = self.instances[service]
        return instance.current is None and not instance.moves and not instance.verbs

    def where(self, service: int) -> Where:
        """Where a service is, in a word."""
        phases = self.instances[service].phase
        running = [side for side in SIDES if phases[side] == "running"]
        if len(running) == 2:
            return "both"
        for side in SIDES:
            if phases[side] in ("stopping", "starting"):
                return "stopping" if phases[side] == "stopping" else "starting"
        return running[0] if running else "stopped"

    def obeys(self, service: int, verb: ServiceVerb) -> bool:
        """Whether a service already is where a verb would bring it."""
        if not self.idle(service) or self.instances[service].crashed_on is not None:
            return False
        match verb:
            case "stop":
                return self.where(service) == "stopped"
            case "start":
                return self.where(service) == "target"
            case "undo":
                return self.where(service) == "source"
            case _:
                assert_never(verb)

    def advance(self, now_ms: int) -> None:
        """Complete what is due."""
        for service, instance in enumerate(self.instances):
            if instance.current is not None and instance.due_ms <= now_ms:
                self._work(service, now_ms)

    def crash(self, services: frozenset[str]) -> None:
        """Exactly these services lie dead; one that no longer does comes back where it was."""
        for index, service in enumerate(self._layout.services):
            instance = self.instances[index]
            if service.name in services and instance.crashed_on is None:
                side = next((s for s in SIDES if instance.phase[s] == "running"), None)
                if side is not None:
                    self._halt(index, side, graceful=False)
                    instance.crashed_on = side
            elif service.name not in services and instance.crashed_on is not None:
                side, instance.crashed_on = instance.crashed_on, None
                self._run(index, side)
        self._traffic.retune()

    def _work(self, service: int, now_ms: int) -> None:
        instance = self.instances[service]
        while True:
            if instance.current is not None:
                if now_ms < instance.due_ms:
                    return
                closing = now_ms < instance.due_ms + CLOSE_WITHIN_MS
                if closing and self._cannot_commit(service, *instance.current):
                    return  # a consumer that closes tries its last commit again
                self._complete(service, *instance.current)
                instance.current = None
            if not instance.moves:
                if not instance.verbs:
                    return
                instance.moves.extend(self._moves(service, instance.verbs.popleft()))
            elif self._begin(service, instance.moves[0]):
                instance.current = instance.moves.popleft()
                word = instance.current[0]
                usual_ms = self._spec.stop_ms if word == "stop" else self._spec.start_ms
                instance.due_ms = now_ms + int(usual_ms * self._rng.uniform(0.8, 1.2))
            else:
                instance.moves.popleft()

    def _moves(self, service: int, verb: ServiceVerb) -> list[Move]:
        instance = self.instances[service]
        runs = [side for side in SIDES if instance.phase[side] != "stopped"]
        match verb:
            case "stop":
                instance.crashed_on = None
                return [("stop", side) for side in runs]
            case "start":
                leave: list[Move] = [("linger", "source"), ("stop", "source")]
                return [("start", "target"), *(leave if "source" in runs else [])]
            case "undo":
                before: list[Move] = [("stop", "target")] if "target" in runs else []
                return [*before, ("start", "source")]
            case _:
                assert_never(verb)

    def _cannot_commit(self, service: int, word: Word, side: Side) -> bool:
        """Whether a service that stops would leave without its last commit."""
        group = self._layout.group_of(service)
        return word == "stop" and group is not None and not self._traffic.may_commit(side, group)

    def _begin(self, service: int, move: Move) -> bool:
        """Begin a move; False when there is nothing to do."""
        word, side = move
        instance = self.instances[service]
        if word == "linger":
            return True
        if word == "start":
            if instance.phase[side] != "stopped":
                return False
            instance.phase[side] = "starting"
            return True
        if instance.phase[side] != "running":
            return False
        instance.phase[side] = "stopping"
        self._traffic.set_writing(side, service, False)
        self._traffic.retune()
        return True

    def _complete(self, service: int, word: Word, side: Side) -> None:
        name = self._layout.services[service].name
        if word == "start":
            self._run(service, side)
            self._tell(f"started {name}")
        elif word == "stop" and self.instances[service].phase[side] == "stopping":
            self._halt(service, side, graceful=True)
            self._tell(f"stopped {name}")
        self._traffic.retune()

    def _run(self, service: int, side: Side) -> None:
        instance = self.instances[service]
        instance.phase[side], instance.last_side = "running", side
        instance.crashed_on = None
        group = self._layout.group_of(service)
        if group is not None:
            self._traffic.begin_reading(side, group)
        self._traffic.set_writing(side, service, True)

    def _halt(self, service: int, side: Side, *, graceful: bool) -> None:
        instance = self.instances[service]
        instance.phase[side] = "stopped"
        self._traffic.set_writing(side, service, False)
        group = self._layout.group_of(service)
        if group is not None:
            self._traffic.end_reading(side, group, commit=graceful)
