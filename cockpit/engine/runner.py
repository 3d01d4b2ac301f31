"""Carries out commands: precheck, durable intent, effect, verification, durable outcome.

Decides nothing. Every way in which an effect can end becomes one `Finished`; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from cockpit.core.actions import (
    CallService,
    CommitOffsets,
    Errand,
    Finding,
    Look,
    Proof,
    ProveShut,
    action_text,
)
from cockpit.core.flight import Finished, Outcome, Perform
from cockpit.engine.journal import JournalError
from cockpit.ports import Clock, Effector, OutcomeUnknownError, PortError
from cockpit.wire.values import to_json

VERIFY_EVERY_MS = 200
TRY_AGAIN_MS = 500
STALE = "the evidence became stale before the effect: nothing was done"
PASSING_KINDS = ("slow", "unreachable")
"""Kinds of failure that a cluster recovers from by itself."""

ReportFinished = Callable[[Finished], Awaitable[None]]
WriteJournal = Callable[[str, Mapping[str, Any]], None]
"""Appends a synced entry; raises JournalError."""
_Ended = tuple[Outcome, str, Mapping[str, Any]]
"""How an action ended, why, and what came of it."""


class Hold(Protocol):
    """Keeps effects to the one engine that has the flight."""

    async def confirmed(self) -> None:
        """Wait until all that is in the journal is committed where other hosts read it. Raises
        PortError: no effect may follow."""

    def check(self) -> None:
        """Raises PortError where nothing may be changed now."""


def _unsent(is_so: bool = True) -> dict[str, bool]:  # a word of its own
    """That an effect certainly never left; an answer that refuses it says less than that."""
    return {"unsent": True} if is_so else {}


class Runner:
    """Runs one Perform at a time per call; calls may go side by side."""

    def __init__(
        self,
        effector: Effector,
        clock: Clock,
        write: WriteJournal,
        report: ReportFinished,
        hold: Hold | None = None,
    ) -> None:
        """`hold`: None where a flight lives on this host alone."""
        self._hold = hold
        self._effector = effector
        self._clock = clock
        self._write = write
        self._report = report
        self._abandoned: set[str] = set()
        self._intended: set[str] = set()
        """Actions whose intent is on disk; trying again needs no second one."""

    def abandon(self, action_id: str) -> None:
        """Stop waiting for this action's verification."""
        self._abandoned.add(action_id)

    async def run(self, command: Perform) -> None:
        """Carry a command out and report how it ended, whatever happens."""
        try:
            outcome, detail, data = await self._attempt(command)
        except JournalError as error:
            outcome, detail, data = "failed", f"nothing was done: {error}", {}
        except PortError as error:
            outcome, detail, data = "failed", error.reason, _unsent(error.kind in PASSING_KINDS)
        except Exception as error:  # noqa: BLE001  # the edge: a defect here must end as an outcome
            outcome, detail, data = "unknown", f"{type(error).__name__}: {error}", {}
        intended = command.action_id in self._intended
        self._abandoned.discard(command.action_id)
        self._intended.discard(command.action_id)
        try:
            entry = {"action_id": command.action_id, "outcome": outcome, "detail": detail}
            self._write("outcome", {**entry, "data": dict(data)})
        except JournalError as error:
            detail = f"{detail} ({error})"
        now_ms = self._clock.now_ms()
        await self._report(Finished(now_ms, command.action_id, outcome, detail, data, intended))

    async def _attempt(self, command: Perform) -> _Ended:
        """Try while the cluster is only away: what certainly did not happen may be tried again."""
        if isinstance(command.action, Proof):
            return await self._prove(command)
        if isinstance(command.action, Look):
            return await self._look(command)
        deadline = self._clock.now_ms() + command.verify_ms
        tried = ""
        while True:
            try:
                outcome, detail, data = await self._once(command)
            except PortError as error:
                tried = error.reason
                passing = error.kind in PASSING_KINDS
                given_up = command.action_id in self._abandoned
                if not passing or given_up or self._clock.now_ms() >= deadline:
                    raise
                await self._clock.sleep(TRY_AGAIN_MS)
            else:
                if detail == STALE and tried:
                    detail = f"{tried}; {STALE}"
                return outcome, detail, data

    async def _once(self, command: Perform) -> _Ended:
        action = command.action
        found = await self._effector.precheck(action)
        if found.holds and not isinstance(action, CallService | Errand):
            return "already", found.detail, dict(found.shows)
        if self._is_stale(command):
            return "failed", STALE, _unsent()
        if command.action_id not in self._intended:
            intent = {"action_id": command.action_id, "text": action_text(action)}
            content = {"type": type(action).__name__, **to_json(action)}
            self._write("intent", {**intent, "action": content, "before": dict(found.before)})
            self._intended.add(command.action_id)
            if self._is_stale(command):  # a disk may take seconds for the intent
                return "failed", STALE, _unsent()
        if self._hold is not None:
            await self._hold.confirmed()
            if self._is_stale(command):  # and so may a cluster
                return "failed", STALE, _unsent()
            self._hold.check()
        try:
            data = await self._effector.do(action)
        except OutcomeUnknownError as error:
            outcome, detail, shown = await self._after_lost_reply(command, str(error))
            return outcome, detail, {**found.before, **shown, "reply_lost": True}
        if isinstance(action, CallService | Errand):
            return "done", "", data
        outcome, detail, shown = await self._verified(command)
        return outcome, detail, {**found.before, **data, **shown}

    def _is_stale(self, command: Perform) -> bool:
        """Whether what spoke for the command is too old by now."""
        until_ms = command.fresh_until_ms
        return until_ms is not None and self._clock.now_ms() > until_ms

    async def _after_lost_reply(self, command: Perform, why: str) -> _Ended:
        """A lost reply is resolved by reading, where reading can tell."""
        if isinstance(command.action, CallService | Errand):
            return "unknown", why, {}
        outcome, detail, shown = await self._verified(command)
        return outcome, f"reply lost, then read: {detail}", shown

    async def _verified(self, command: Perform) -> _Ended:
        """Read until it is so, or until time is up."""
        deadline = self._clock.now_ms() + command.verify_ms
        found = Finding(None, "not read yet")
        while True:
            try:
                found = await self._effector.verify(command.action)
            except PortError as error:
                found = Finding(None, error.reason)
            if found.holds:
                return "done", found.detail, found.shows
            if command.action_id in self._abandoned:
                return "unknown", f"given up while verifying: {found.detail}", {}
            if self._clock.now_ms() >= deadline:
                outcome: Outcome = "failed" if found.holds is False else "unknown"
                return outcome, f"not verified in time: {found.detail}", {}
            if found.holds is False and isinstance(command.action, CommitOffsets | ProveShut):
                return "failed", found.detail, {}
            await self._clock.sleep(VERIFY_EVERY_MS)

    async def _prove(self, command: Perform) -> _Ended:
        outcome, detail, shown = await self._verified(command)
        if outcome != "done":
            return outcome, detail, {}
        return outcome, detail, {**shown, **await self._effector.do(command.action)}

    async def _look(self, command: Perform) -> _Ended:
        """Search. Nothing changes by it, so whatever was lost on the way is asked again."""
        deadline = self._clock.now_ms() + command.verify_ms
        while True:
            try:
                data = await self._effector.do(command.action)
            except OutcomeUnknownError as error:
                why = str(error)
            except PortError as error:
                why = error.reason
                if error.kind not in PASSING_KINDS:
                    raise
            else:
                return "done", f"{sum(map(len, data.values()))} partitions looked at", data
            if command.action_id in self._abandoned or self._clock.now_ms() >= deadline:
                return "failed", why, {}
            await self._clock.sleep(TRY_AGAIN_MS)
