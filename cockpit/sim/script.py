"""Which faults of a script are on now.

Keeps windows and counts only; what a fault does is up to the one who asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol, TypeVar

from cockpit.sim.faults import EffectFault, When

F = TypeVar("F")


class Timed(Protocol):
    """Anything that has a window."""

    @property
    def when(self) -> When:
        """The window."""


class Script:
    """The windows of a list of faults, opened by time and by events. Times are world ms."""

    def __init__(self, faults: Sequence[Timed]) -> None:
        self._faults = tuple(faults)
        self._happened: Counter[str] = Counter()
        self._windows: list[tuple[int, int | None] | None] = [
            None if f.when.event else _window(f, 0) for f in faults
        ]
        self._uses: Counter[int] = Counter()
        self._forced: list[Timed] = []
        self.opened: frozenset[int] = frozenset()
        """Indexes of the faults whose window has been open."""
        self._on: tuple[int, ...] = ()
        self._next_change_ms: int | None = None
        self._now_ms = 0
        self._changed = True
        self._judge()

    @property
    def met(self) -> frozenset[int]:
        """Indexes of the faults that something was really hit by: for one of an effect it is not
        enough that its window was open."""
        unused = (
            index
            for index in self.opened
            if isinstance(self._faults[index], EffectFault) and not self._uses[index]
        )
        return self.opened.difference(unused)

    def happened(self, event: str) -> None:
        """An event has happened now; windows that wait for it are set."""
        self._happened[event] += 1
        for index, fault in enumerate(self._faults):
            when = fault.when
            if when.event == event and when.occurrence == self._happened[event]:
                self._windows[index] = _window(fault, self._now_ms)
        self._judge()

    def advance(self, now_ms: int) -> bool:
        """Move to a time; whether any fault went on or off since the last time."""
        self._now_ms = now_ms
        if self._next_change_ms is not None and now_ms >= self._next_change_ms:
            self._judge()
        changed, self._changed = self._changed, False
        return changed

    def on(self, kind: type[F]) -> tuple[F, ...]:
        """The faults of one kind that are on now."""
        if not self._on and not self._forced:
            return ()
        timed = tuple(f for i in self._on if isinstance(f := self._faults[i], kind))
        return (*timed, *(f for f in self._forced if isinstance(f, kind)))

    def force(self, fault: Timed, *, on: bool) -> None:
        """Let a fault be on that is in no script, or end it."""
        if self.is_forced(fault) is not on:
            self._forced = [f for f in self._forced if f != fault] + [fault] * on
            self._changed = True

    def is_forced(self, fault: Timed) -> bool:
        """Whether it is on without a script."""
        return fault in self._forced

    def take_effect_fault(self, action: str, subjects: tuple[str, ...]) -> EffectFault | None:
        """The fault that an effect meets now, if any; it counts as used."""
        for index in self._on:
            fault = self._faults[index]
            if (
                isinstance(fault, EffectFault)
                and fault.action in (action, "any")
                and (not fault.subject or fault.subject in subjects)
                and self._uses[index] < fault.times
            ):
                self._uses[index] += 1
                return fault
        return None

    def _judge(self) -> None:
        now, changes, on = self._now_ms, [], []
        for index, window in enumerate(self._windows):
            if window is None:
                continue
            opens, closes = window
            if now < opens:
                changes.append(opens)
            elif closes is None or now < closes:
                on.append(index)
                if closes is not None:
                    changes.append(closes)
        self._changed = self._changed or tuple(on) != self._on
        self._on = tuple(on)
        self.opened = self.opened.union(on)
        self._next_change_ms = min(changes, default=None)


def _window(fault: Timed, from_ms: int) -> tuple[int, int | None]:
    opens = from_ms + fault.when.delay_ms
    return opens, None if fault.when.for_ms is None else opens + fault.when.for_ms
