"""The screen without a screen: changes as sentences, commands as numbers.

For screen readers and for terminals that cannot draw. The same intents as the keys, through the
same arming: what is armed is told in full, and done only once the wave's name was typed after it.
Holds no terminal: lines come in and go out through what it is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from cockpit.core.crew import asked_word
from cockpit.core.intents import (
    Acknowledge,
    AddNote,
    Answer,
    Arm,
    Beat,
    Confirm,
    Disarm,
    End,
    Intent,
    Pause,
    Verb,
)
from cockpit.core.snapshot import ArmedView, Snapshot
from cockpit.ports import Session
from cockpit.tui import sentences
from cockpit.tui.alarms import unseen
from cockpit.tui.controls import Question, driving, vetoing, why_no_go_asked
from cockpit.tui.format import utc
from cockpit.tui.keys import LIVE, Key, why_not
from cockpit.tui.plain import plain_line
from cockpit.tui.result import LeaveReason, ScreenResult

SUBMIT_S: Final = 5.0
BEAT_S: Final = 3.0
"""At most so often the engine is told that whoever drives is there."""
TOO_SOON_S: Final = 0.5
"""An answer so soon after its question was typed before it could be read."""
NOTHING: Final = "."
"""As an answer: leave it."""

_ASKS: Final[Mapping[str, Callable[[Snapshot], list[str]]]] = {
    "status": lambda now: [plain_line(now)],
    "waves": sentences.waves,
    "gates": sentences.gates,
    "lag": sentences.lags,
    "alarms": sentences.alarm_lines,
    "people": sentences.people,
    "services": sentences.services,
    "back": sentences.going_back,
    "curves": sentences.curve_words,
}
_DOES: Final = (
    "pause", "advance", "rollback", "recover", "end", "drive", "go", "veto", "acknowledge", "note",
)  # fmt: skip
_LATER: Final = ("services", "back", "curves")
"""Asked for by the numbers after all others, which have theirs for good."""
COMMANDS: Final = (
    *_DOES, *(name for name in _ASKS if name not in _LATER), "help", "leave", *_LATER
)  # fmt: skip
"""By their numbers, from 1: each has the same number at any time."""
_KEYS: Final[Mapping[str, Key]] = {key.id: key for key in LIVE.keys}
_BY_LETTER: Final = {_KEYS[name].shown: name for name in _DOES}
"""What is told about the flight names the screen's keys: their letters are understood too."""
_SAID: Final = {
    "rollback": "roll back",
    "go": "go, to what somebody else has armed",
    "veto": "no-go to what somebody else has armed, or a commander's veto",
    "acknowledge": "acknowledge the worst alarm",
    "note": "a note for the log",
    "lag": "lag of the worst partitions",
    "services": "services: who has moved, who still touches the source",
    "curves": "curves: signals, lag and writes of the last minutes",
    "back": "back: what going back would cost and undo",
    "help": "this list",
    "leave": "leave; the flight goes on",
}


@dataclass(frozen=True, slots=True)
class Again:
    """The answer comes too early: the question stands."""

    why: str


Meaning = Intent | Again | str | None
"""Of an answer: an intent, why it means nothing, or nothing at all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that waits for the next line."""

    answered: Callable[[str], Meaning]
    from_s: float
    """From when on an answer counts, by the event loop."""
    token: str = ""
    """Of what is armed; gone with it."""
    taken_back: Intent | None = None
    """Handed in where the answer is no."""


class Linewise:
    """One person's way into one session, line by line."""

    def __init__(self, session: Session, *, user: str, tell: Callable[[str], None]) -> None:
        """`tell` prints a line; it cleans what it is given."""
        self._session = session
        self._user = user
        self._tell = tell
        self._now: Snapshot | None = None
        self._asked: Asked | None = None
        self._shown: tuple[str, int] | None = None
        """Token and time of what was armed here and told."""
        self._beaten_s: float | None = None
        self._ended = False
        self._left = asyncio.Event()
        self._reason: LeaveReason = "session ended"

    # --- what comes in ----------------------------------------------------------------------------

    async def follow(self) -> ScreenResult:
        """Tell what happens, until the session ends or somebody leaves."""
        self._tell("a number or a word, then enter; help lists them, leave leaves")
        async with asyncio.TaskGroup() as group:
            told = group.create_task(self._tell_all(), name="sentences")
            left = group.create_task(self._left.wait(), name="left")
            await asyncio.wait((told, left), return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            left.cancel()
        await self._session.close()
        now = self._now
        return ScreenResult(
            reason=self._reason,
            outcome="" if now is None else now.status.outcome,
            last_line="" if now is None else plain_line(now),
        )

    async def _tell_all(self) -> None:
        try:
            async for snapshot in self._session.snapshots():
                self._take(snapshot)
        except Exception as error:  # noqa: BLE001 - whatever ends it is told
            self._tell(f"{sentences.ANNOUNCED}the session broke off: {_told(error)}")
        self._ended = True

    def _take(self, now: Snapshot) -> None:
        before, self._now = self._now, now
        for line in sentences.beginning(now) if before is None else sentences.changes(before, now):
            self._tell(line)
        if self._is_asked(now) and (before is None or not self._is_asked(before)):
            still = "still driving? type anything: else another driver may take over"
            self._tell(f"{sentences.ANNOUNCED}{still} from {utc(now.crew.until_ms or now.at_ms)}")
        self._offer(now.armed)

    def _is_asked(self, now: Snapshot) -> bool:
        """Whether whoever drives from here is asked for a sign of life."""
        seat = self._session.seat
        return bool(seat) and now.crew.seat == seat and now.crew.asks(now.at_ms)

    def leave(self, reason: LeaveReason) -> None:
        """No more."""
        self._reason = reason
        self._left.set()

    def _offer(self, armed: ArmedView | None) -> None:
        """Tell what was armed here, and ask for the wave's name."""
        asked = self._asked
        if asked is not None and asked.token and (armed is None or armed.token != asked.token):
            self._asked = None
            self._tell(f"{sentences.ANNOUNCED}it is no longer armed: nothing was done")
        now = self._now
        if armed is None or now is None or armed.by != self._user or self._asked is not None:
            return
        if self._shown == (armed.token, armed.armed_at_ms):
            return
        if self._session.seat not in ("", now.crew.seat):
            return  # armed at another screen of the same user
        self._shown = (armed.token, armed.armed_at_ms)
        self._tell(f"{sentences.ANNOUNCED}{armed.verb} {armed.wave} is armed:")
        for line in armed.lines:
            self._tell(f"  {line.strip()}")
        if armed.way_back:
            self._tell(f"  {armed.way_back}")
        self._ask(
            f"type {armed.wave} to {armed.verb}; any other line takes it back",
            lambda text: self._confirmed(armed, text),
            token=armed.token,
            taken_back=Disarm(self._user),
            wait_s=(armed.confirm_from_ms - now.at_ms) / 1_000,
        )

    def _confirmed(self, armed: ArmedView, text: str) -> Meaning:
        if text != armed.wave:
            return "taken back: nothing was done"
        now = None if self._now is None else self._now.armed
        if now is not None and now.waits_for:
            return Again(f"it waits for the go of {asked_word(now.waits_for)}: type it again then")
        return Confirm(armed.token, self._user, text)

    # --- what is typed ----------------------------------------------------------------------------

    async def typed(self, line: str, at_s: float) -> None:
        """A line of the user, and when it came, by the event loop."""
        text = line.strip()
        await self._beat(at_s)
        if self._asked is not None:
            await self._answer(text, at_s)
            return
        if not text:
            return
        name = COMMANDS[int(text) - 1] if _is_number(text) else _BY_LETTER.get(text, text.lower())
        if name not in COMMANDS:
            self._tell(f"{text} is no command; help lists them")
        elif name == "leave":
            self.leave("session ended" if self._ended else "quit")
        elif name == "help":
            self._help()
        elif self._now is None:
            self._tell("no data from the engine yet")
        elif name in _ASKS:
            for one in _ASKS[name](self._now):
                self._tell(one)
        else:
            await self._do(name, self._now)

    async def _beat(self, at_s: float) -> None:
        """Whatever a person types shows that he is there: the lease of the controls is his."""
        seat = self._session.seat
        if not seat or self._now is None or self._now.crew.seat != seat or self._ended:
            return
        if self._beaten_s is None or at_s - self._beaten_s >= BEAT_S:
            self._beaten_s = at_s
            await self._send(Beat(self._user))

    async def _answer(self, text: str, at_s: float) -> None:
        asked, self._asked = self._asked, None
        assert asked is not None
        meant: Meaning = None
        if at_s < asked.from_s:
            meant = Again("too soon after the question: type it again")
        elif text != NOTHING:
            meant = asked.answered(text)
        if isinstance(meant, Again):
            self._asked = asked
            self._tell(meant.why)
            return
        if isinstance(meant, str) or meant is None:
            self._tell(meant or "nothing was done")
            meant = asked.taken_back
        if meant is not None:
            await self._send(meant)

    def _ask(
        self,
        question: str,
        answered: Callable[[str], Meaning],
        *,
        token: str = "",
        taken_back: Intent | None = None,
        wait_s: float = 0.0,
    ) -> None:
        from_s = asyncio.get_running_loop().time() + max(TOO_SOON_S, wait_s)
        self._asked = Asked(answered, from_s, token, taken_back)
        self._tell(f"{sentences.ANNOUNCED}{question}")

    def _help(self) -> None:
        for number, name in enumerate(COMMANDS, 1):
            why = self._why_not(name)
            closed = f" (not now: {why})" if why else ""
            self._tell(f"{number} {_SAID.get(name, name)}{closed}")
        self._tell(f"a question is left by a line with {NOTHING} alone")

    def _why_not(self, name: str) -> str:
        if name not in _KEYS:
            return ""
        return why_not(_KEYS[name], self._now, ended=self._ended, seat=self._session.seat)

    async def _do(self, name: str, now: Snapshot) -> None:
        """A command that asks something of the engine."""
        if name == "pause" and not self._ended:
            await self._send(Pause(self._user))
            return
        if why := self._why_not(name):
            self._tell(f"{name}: {why}")
            return
        match name:
            case "end":
                self._ask("type end to end the flight", self._ends)
            case "drive":
                await self._put(driving(now, user=self._user, seat=self._session.seat))
            case "veto":
                await self._put(vetoing(now, user=self._user))
            case "go":
                self._say_go(now)
            case "acknowledge":
                self._acknowledge(now)
            case "note":
                self._ask("the note", self._noted)
            case _:
                await self._send(Arm(cast("Verb", name), self._user))

    def _ends(self, text: str) -> Meaning:
        return End(self._user) if text == "end" else "the flight goes on"

    def _noted(self, text: str) -> Meaning:
        return AddNote(text, self._user) if text else None

    async def _put(self, asked: Question | Intent) -> None:
        if isinstance(asked, Question):
            self._ask(asked.title, asked.intent, taken_back=asked.unanswered)
        else:
            await self._send(asked)

    def _say_go(self, now: Snapshot) -> None:
        armed = now.armed
        if (why := why_no_go_asked(now, user=self._user)) or armed is None:
            self._tell(f"go: {why}")
            return
        for line in (f"{armed.by} wants: {armed.verb} {armed.wave}", *armed.lines):
            self._tell(f"  {line.strip()}")
        token = armed.token
        self._ask(
            f"type {armed.wave} to say go",
            lambda text: Answer(token, True, self._user) if text == armed.wave else None,
        )

    def _acknowledge(self, now: Snapshot) -> None:
        waiting = [alarm for alarm in unseen(now) if alarm.since_ms is not None]
        if not waiting:
            self._tell("no alarm waits to be acknowledged")
            return
        alarm = waiting[0]
        seen = Acknowledge(alarm.subject, self._user, alarm.since_ms)
        self._ask(
            f"type yes to acknowledge: {alarm.text}", lambda text: seen if text == "yes" else None
        )

    async def _send(self, intent: Intent) -> None:
        what = type(intent).__name__.lower()
        try:
            async with asyncio.timeout(SUBMIT_S):
                await self._session.submit(intent)
        except TimeoutError:
            self._tell(f"{what}: the engine did not take it in time")
        except Exception as error:  # noqa: BLE001 - a refusal of any kind is told, not fatal
            self._tell(f"{what} refused: {_told(error)}")


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 4 and 0 < int(text) <= len(COMMANDS)
