"""Every intent gets its outcome on disk: late where the disk refused it, and by reading the
clusters where the engine that intended it is no more.

Reads and writes down; changes nothing on a cluster, and guesses nothing.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from cockpit.core.actions import Action, CallService, Errand, Finding, Look
from cockpit.core.durable import OpenIntent
from cockpit.engine.journal import JournalError
from cockpit.ports import Clock, Effector, PortError
from cockpit.wire.values import WireError, read_fields

READ_AGAIN_MS: Final = 2_000
WENT_ON: Final = "not read before the flight went on"
ENDED: Final = "not read before the flight ended"

WriteJournal = Callable[[str, Mapping[str, Any]], None]
"""Appends a synced entry; raises JournalError."""
Tell = Callable[[OpenIntent, str, str], None]
"""What became of an open intent: the intent, its outcome, the detail."""


class Outcomes:
    """Keeps account of outcomes that are not in the journal yet."""

    def __init__(
        self,
        write: WriteJournal,
        effector: Effector,
        clock: Clock,
        left: Iterable[OpenIntent],
        tell: Tell,
    ) -> None:
        """`left`: intents of an engine that is no more, of which nobody knows what became."""
        self._write = write
        self._effector = effector
        self._clock = clock
        self._tell = tell
        self._open = {intent.action_id: intent for intent in left}
        self._last_read: dict[str, str] = {}
        self._owed: list[Mapping[str, Any]] = []

    def write(self, kind: str, data: Mapping[str, Any]) -> None:
        """Write an intent or an outcome of this engine. Raises JournalError; an outcome is then
        written as soon as the disk takes it."""
        if kind == "intent":
            self.close(WENT_ON)
        self.pay()
        try:
            self._write(kind, data)
        except JournalError:
            if kind == "outcome":
                self._owed.append({**data, "ended_at_ms": self._clock.now_ms()})
            raise

    def pay(self) -> None:
        """Write what the disk has refused so far, as far as it takes it now."""
        while self._owed:
            try:
                self._write("outcome", self._owed[0])
            except JournalError:
                return
            del self._owed[0]

    async def settle(self) -> None:
        """Read what became of each open intent, and again where reading could not tell; until all
        have an outcome."""
        while self._open:
            for intent in tuple(self._open.values()):
                await self._look(intent)
            if self._open:
                await self._clock.sleep(READ_AGAIN_MS)

    def close(self, why: str) -> None:
        """Nobody looks any more: what is open is unknown."""
        for intent in tuple(self._open.values()):
            last = self._last_read.get(intent.action_id, "")
            self._end(intent, "unknown", f"{why}: {last}" if last else why)

    async def _look(self, intent: OpenIntent) -> None:
        try:
            action = action_of(intent.action)
        except WireError as error:
            self._end(intent, "unknown", f"the journal's action cannot be read: {error}")
            return
        if isinstance(action, CallService | Errand):
            self._end(intent, "unknown", "how a call has ended cannot be read")
            return
        try:
            found = await self._effector.verify(action)
        except PortError as error:
            found = Finding(None, error.reason)
        except Exception as error:  # noqa: BLE001  # the edge: a defect here must not end the flight
            found = Finding(None, f"{type(error).__name__}: {error}")
        if intent.action_id not in self._open:
            return  # closed meanwhile
        if found.holds is None:
            self._last_read[intent.action_id] = found.detail
        else:
            self._end(intent, "done" if found.holds else "failed", found.detail)

    def _end(self, intent: OpenIntent, outcome: str, detail: str) -> None:
        """`failed`: it was not so when it was read; it may have been so before, or come later."""
        del self._open[intent.action_id]
        entry = {"action_id": intent.action_id, "outcome": outcome, "detail": detail, "data": {}}
        self._owed.append({**entry, "by": "reading"})
        self.pay()
        self._tell(intent, outcome, detail)


_KINDS: Final[Mapping[str, type]] = {kind.__name__: kind for kind in typing.get_args(Action)}


def action_of(journalled: Mapping[str, Any]) -> Action:
    """An action as a journal has it, with its `type`. Raises WireError."""
    kind = _KINDS.get(str(journalled.get("type")))
    if kind is None or kind in typing.get_args(Look):
        msg = f"no effect is called {journalled.get('type')!r:.40}"
        raise WireError(msg)
    tree = {key: value for key, value in journalled.items() if key != "type"}
    return typing.cast("Action", read_fields(kind, tree))
