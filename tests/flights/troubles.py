"""What goes wrong around a simulated world: with the engine, its disk, its clock and its people.

Data, and a watch over their windows; carried out by the crew of a flight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

from cockpit.ports import Clock
from cockpit.sim.faults import ALWAYS, When
from cockpit.sim.script import Script
from cockpit.sim.world import World

F = TypeVar("F")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionMarkers:
    """Each so many offsets hold a transaction's marker, and no record; 0: none of that side."""

    source_every: int
    target_every: int
    when: When = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSlow:
    """Each sync of the journal takes this long, and the engine stands still meanwhile."""

    delay_ms: int = 5_000
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRefuses:
    """The journal's disk takes nothing."""

    why: Literal["No space left on device", "Read-only file system"]
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFrozen:
    """The engine gets no processor for so long: stopped by a signal, or its machine sleeps."""

    freeze_ms: int = 40_000
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKilled:
    """The engine dies at this point of whatever it does next; another one takes over."""

    point: Literal["before entry", "after entry", "after effect", "now"]
    down_ms: int = 10_000
    power_cut: bool = False
    """What was never synced is gone, and half a line of it is left."""
    clock_step_ms: int = 0
    """By how much the machine's clock is set meanwhile."""
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class PausePressed:
    """Somebody presses pause."""

    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPressed:
    """Somebody takes back what can be taken back."""

    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPressed:
    """Somebody closes the flight."""

    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentFlood:
    """Somebody arms, disarms, pauses and writes notes, fifty of them at once."""

    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodyAnswers:
    """No key is pressed by those who fly."""

    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleConfirm:
    """A confirmation comes so long after it was asked for."""

    delay_ms: int
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoConfirm:
    """A second person confirms what the first has armed; or arms it as well."""

    arms: bool
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongAnswer:
    """The first answer to a question is the answer to another one."""

    when: When


Trouble = (
    TransactionMarkers
    | JournalSlow
    | JournalRefuses
    | EngineFrozen
    | EngineKilled
    | PausePressed
    | RollbackPressed
    | EndPressed
    | IntentFlood
    | NobodyAnswers
    | StaleConfirm
    | TwoConfirm
    | WrongAnswer
)


class Troubles:
    """Which troubles are on now, by the world's time and by what the world has felt."""

    def __init__(self, world: World, clock: Clock, troubles: tuple[Trouble, ...]) -> None:
        self._world, self._clock = world, clock
        self._script = Script(troubles)
        self._kinds = {type(trouble) for trouble in troubles}
        self._heard = 0
        self._taken: set[object] = set()

    def on(self, kind: type[F]) -> tuple[F, ...]:
        """The troubles of one kind that are on now."""
        if kind not in self._kinds:
            return ()
        self._world.advance_to(self._clock.now_ms())
        for at_ms, name in self._world.events[self._heard :]:
            self._script.advance(at_ms)
            self._script.happened(name)
        self._heard = len(self._world.events)
        self._script.advance(self._world.now_ms)
        return self._script.on(kind)

    def take(self, kind: type[F]) -> F | None:
        """The first trouble of one kind that is on now and was not taken yet: it happens once."""
        return next((trouble for trouble in self.on(kind) if self.take_this(trouble)), None)

    def take_this(self, trouble: object) -> bool:
        """Whether it was not taken before; now it is."""
        fresh = trouble not in self._taken
        self._taken.add(trouble)
        return fresh

    def opened(self) -> frozenset[int]:
        """Indexes of the troubles whose window has been open."""
        return self._script.opened
