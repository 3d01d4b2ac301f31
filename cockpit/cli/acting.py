"""What `cockpit act` says to an engine in a person's place, and what came of it.

Never decides anything: the engine does, as it does for a key.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast, get_args

from cockpit.cli import exits
from cockpit.core.crew import asked_word
from cockpit.core.intents import (
    Accept,
    Acknowledge,
    AddNote,
    Answer,
    Arm,
    Confirm,
    Disarm,
    Drive,
    End,
    Intent,
    Lift,
    Offer,
    Pause,
    Release,
    Verb,
    Veto,
)
from cockpit.core.snapshot import ArmedView, Snapshot
from cockpit.engine.remote import RemoteSession
from cockpit.wire.values import WireError

ANSWER_WITHIN_S: Final = 15
OTHERS_WITHIN_S: Final = 150
"""The same where other people are asked."""
TWO_KEYS: Final = get_args(Verb)
"""Verbs that are armed first, then confirmed."""
_NOT_DONE: Final = ("refused", "disarmed", "no_go")
ASKED: Final = "confirm: "
"""How a question that a step asks of a person begins."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted, and by whom."""

    verb: str
    user: str
    confirm: str = ""
    """The wave's name, typed."""
    wave: str = ""
    """Refuse unless it would happen to this wave; empty: whichever it is."""
    text: str = ""
    to: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it."""

    code: int = exits.COMPLETED
    why: str = ""
    until_ms: int | None = None
    """Of whoever drives now: when his lease runs out, if no key of his and no other order renews
    it."""


DONE: Final = Answered()
GONE: Final = Answered(exits.UNKNOWN, "the engine is gone")


def refused(why: str) -> Answered:
    """With a code of its own where it was a gate that was not met."""
    return Answered(exits.GATE_NOT_MET if why.startswith("gate ") else exits.REFUSED, why)


@dataclass(frozen=True, slots=True)
class Simple:
    """A verb that is one intent."""

    intent: Callable[[Order], Intent]
    done: tuple[str, ...]
    """Kinds of events that tell that it is."""
    drives: bool = False
    """Whether the controls are asked for first."""
    needs: str = ""
    """What must be given."""


SIMPLE: Final[Mapping[str, Simple]] = {
    "pause": Simple(lambda o: Pause(o.user), ("paused",)),
    "note": Simple(lambda o: AddNote(o.text, o.user), ("note",), needs="text"),
    "ack": Simple(lambda o: Acknowledge(o.text, o.user), ("acknowledged",), needs="text"),
    "end": Simple(lambda o: End(o.user), ("flight_ended",), drives=True),
    "drive": Simple(lambda o: Drive(o.user, o.of, o.text), ("drives",)),
    "offer": Simple(lambda o: Offer(o.to, o.user), ("offered",), drives=True, needs="to"),
    "accept": Simple(lambda o: Accept(o.confirm, o.user), ("drives",), needs="confirm"),
    "release": Simple(lambda o: Release(o.user), ("released", "offer_ended"), drives=True),
    "veto": Simple(lambda o: Veto(o.text, o.user), ("vetoed",), needs="text"),
    "lift": Simple(lambda o: Lift(o.user), ("veto_lifted",)),
}
VERBS: Final = (*TWO_KEYS, "confirm", "abort", *SIMPLE, "go", "no-go")


class Talk:
    """One connection, its news one after another."""

    def __init__(self, session: RemoteSession, order: Order, tell: Callable[[str], None]) -> None:
        """`tell` is given lines for a person who waits."""
        self._session = session
        self._order = order
        self._tell = tell

    async def carry_out(self) -> Answered:
        """Ask, and wait for the answer."""
        order = self._order
        if order.verb in TWO_KEYS:
            return await self._two_keys(cast("Verb", order.verb))
        if order.verb == "confirm":
            return await self._two_keys("advance", asked=True)
        if order.verb == "abort":
            return await self._abort()
        if order.verb in ("go", "no-go"):
            return await self._go()
        if order.wave and (why := self._wrong_wave((await self._newest()).status.wave)):
            return refused(why)
        return await self._simple(SIMPLE[order.verb])

    async def _simple(self, simple: Simple) -> Answered:
        if simple.drives:
            await self._session.submit(Drive(self._order.user))
        intent = simple.intent(self._order)
        await self._session.submit(intent)
        found = await self._answer(intent, simple.done)
        if found.code == exits.REFUSED and isinstance(intent, Pause):
            # whoever may drive stops it from this seat, though no screen of his drives
            await self._session.submit(Drive(self._order.user))
            await self._session.submit(intent)
            found = await self._answer(intent, simple.done)
        return found

    async def _answer(self, intent: Intent, done: tuple[str, ...]) -> Answered:
        word = {"AddNote": "addnote", "Lift": "veto"}
        kind = type(intent).__name__
        verb = word.get(kind, kind.lower())
        async for events, snapshot in self._news():
            for event in events:
                mine = event.get("by") == self._order.user
                if mine and event.get("kind") in done:
                    until_ms = event.get("until_ms")
                    return replace(DONE, until_ms=until_ms) if "drives" in done else DONE
                if mine and event.get("kind") == "refused" and event.get("verb") == verb:
                    return refused(str(event.get("why")))
            if isinstance(intent, Pause) and snapshot is not None and snapshot.status.paused:
                return DONE
        return GONE

    async def _go(self) -> Answered:
        """A go or no-go to what somebody else has armed, bound to what is shown now."""
        armed = (await self._newest()).armed
        if armed is None or armed.level < 3:
            return refused("nobody asks for a go")
        if why := self._wrong_wave(armed.wave):
            return refused(why)
        order, is_go = self._order, self._order.verb == "go"
        if is_go and order.confirm != armed.wave:
            return refused(f"it needs --confirm {armed.wave}: " + "; ".join(armed.lines))
        intent = Answer(armed.token, is_go, order.user, order.text)
        await self._session.submit(intent)
        return await self._answer(intent, ("go" if is_go else "no_go",))

    async def _two_keys(self, verb: Verb, *, asked: bool = False) -> Answered:
        """Arm, check the wave's name, confirm as a person would. `asked`: only where a step asks a
        person something."""
        user, is_armed, waits = self._order.user, False, ""
        await self._session.submit(Drive(user))
        async for events, snapshot in self._news():
            for event in events:
                mine = event.get("by") == user and event.get("verb") == verb
                if is_armed and mine and event.get("kind") == "confirmed":
                    return DONE
                theirs = event.get("kind") == "refused" and event.get("by") != user
                if is_armed and event.get("kind") in _NOT_DONE and not theirs:
                    return refused(str(event.get("why") or event.get("text")))
            if snapshot is None:
                continue
            armed = snapshot.armed
            if not is_armed:
                is_armed = True
                await self._session.submit(Arm(verb, user))
            elif armed is not None and armed.by == user and armed.verb == verb:
                if why := self._why_not_confirm(armed, asked=asked):
                    await self._disarm()
                    return refused(why)
                if armed.waits_for and armed.waits_for != waits:
                    waits = armed.waits_for
                    self._tell(f"{verb} {armed.wave}: waits for the go of {asked_word(waits)}")
                elif not armed.waits_for and snapshot.at_ms >= armed.confirm_from_ms:
                    await self._session.submit(Confirm(armed.token, user, armed.wave))
        return GONE

    def _why_not_confirm(self, armed: ArmedView, *, asked: bool) -> str:
        if asked and not armed.lines[0].startswith(ASKED):
            return "no step asks anybody anything"
        if why := self._wrong_wave(armed.wave):
            return why
        if self._order.confirm != armed.wave:
            return f"it needs --confirm {armed.wave}: " + "; ".join(armed.lines)
        return ""

    async def _abort(self) -> Answered:
        """Take the wave back, wait until it is back, and end the flight."""
        status = await self._newest()
        if status.action("end").enabled:
            return await self._simple(SIMPLE["end"])
        found = await self._two_keys("rollback")
        if found != DONE:
            return found
        async for events, snapshot in self._news():
            for event in events:
                self._tell(str(event.get("text", event.get("kind"))))
            if snapshot is None:
                continue
            if snapshot.action("end").enabled:
                return await self._simple(SIMPLE["end"])
            held = [wave for wave in snapshot.waves if wave.word == "holding"]
            if held:
                return Answered(exits.FAILED, f"{held[0].name} holds: {held[0].detail}")
        return GONE

    async def _disarm(self) -> None:
        """Leave nothing armed that somebody else's key could confirm; wait until it is so."""
        await self._session.submit(Disarm(self._order.user))
        async for events, snapshot in self._news():
            if any(event.get("kind") in ("disarmed", "refused") for event in events):
                return
            if snapshot is not None and snapshot.armed is None:
                return

    def _wrong_wave(self, wave: str) -> str:
        wanted = self._order.wave
        return f"it is wave {wave}'s turn, not {wanted}'s" if wanted not in ("", wave) else ""

    async def _news(self) -> AsyncIterator[tuple[list[Mapping[str, Any]], Snapshot | None]]:
        while (news := await self._session.news()) is not None:
            yield news

    async def _newest(self) -> Snapshot:
        """The first snapshot; raises ConnectionError where the engine is gone before it."""
        async for _, snapshot in self._news():
            if snapshot is not None:
                return snapshot
        raise ConnectionError(GONE.why)


async def act(socket: Path, order: Order, tell: Callable[[str], None]) -> Answered:
    """Attach, carry it out, leave: nothing is asked of an engine that has not let us in. Raises
    OSError, WireError."""
    session = await RemoteSession.connect(socket)
    try:
        try:
            await session.greeted()
        except WireError as error:
            return refused(str(error))
        return await Talk(session, order, tell).carry_out()
    finally:
        await session.close()
