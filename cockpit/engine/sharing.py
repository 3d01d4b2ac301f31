"""Brings the journal to a log that other hosts read, and lets effects begin only while that log
confirms that no other host has the flight.

Disk first, then the log: the log is always a part of what this host's disk has, so an engine that
comes back knows all that it has told others. An effect waits for both. Writes nothing of its own;
what follows from a log that is lost or taken is decided in `cockpit.core.coordination`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cockpit.core.coordination import HOLD_MS
from cockpit.core.elsewhere import Coordination
from cockpit.core.ownsurvey import CoordinationSurvey, SharedWord
from cockpit.engine.journal import Journal
from cockpit.ports import Clock, Piece, PortError, SharedLog, SharedSession, SupersededError

BEAT_MS: Final = 3_000
"""How often the log is asked while there is nothing to write."""
LOOK_MS: Final = 1_000
"""How long what no effect waits for may lie on the disk alone."""
AGAIN_MS: Final = 500
LOST_AFTER_MS: Final = 6_000
"""Without a confirmation for so long the log counts as lost."""
PIECE_BYTES: Final = 400_000
"""Far below what a broker takes in one message."""
WRITE_BYTES: Final = 800_000
LAST_WORDS_MS: Final = 5_000
WHO_TRIES: Final = 6

Marks = Callable[[], tuple[int, ...]]
"""What each of this host's clocks says, in milliseconds."""
Observe = Callable[[CoordinationSurvey], Awaitable[None]]


class TakenError(Exception):
    """Another host has this session, or the log has another journal under its name. Words for a
    person; `by` and `at_ms`: who has it since when, where it has said so."""

    def __init__(self, text: str, by: str = "", at_ms: int | None = None, why: str = "") -> None:
        super().__init__(text)
        self.by = by
        self.at_ms = at_ms
        self.why = why


class Sharing:
    """The journal of one engine, on its way to others."""

    def __init__(
        self,
        log: SharedLog,
        spec: Coordination,
        clock: Clock,
        *,
        session: str,
        path: Path,
        journal: Journal,
        marks: Marks | None = None,
    ) -> None:
        """`path`: the journal's file. `marks`: clocks that go on whatever is done to this process
        or host; the one that went furthest counts."""
        self._log = log
        self._spec = spec
        self._clock = clock
        self._session = session
        self._path = path
        self._journal = journal
        self._marks = marks or (lambda: (clock.now_ms(),))
        self._claimed = False
        self._shared = 0
        """Bytes of the journal that the log has for sure."""
        self._pending: tuple[Piece, ...] = ()
        """Handed in, perhaps taken: the same is handed in again."""
        self._confirmed: tuple[int, ...] | None = None
        """The clocks when the newest confirmation was asked for."""
        self._confirmed_ms = clock.now_ms()
        self._why = "not asked yet"
        self._told: tuple[SharedWord, int] | None = None
        self._alone = False
        self._taken = False
        self._finished = False
        self._wanted = asyncio.Event()
        """Somebody waits for what is in the journal."""
        self._moved = asyncio.Event()
        """Whoever waits may look again."""

    # --- before the flight ------------------------------------------------------------------------

    async def others(self) -> tuple[SharedSession, ...]:
        """Every session that the log has. Raises PortError."""
        return await self._log.read()

    async def claim(self) -> None:
        """Become the one engine of this session: read, fence whoever had it, and read again what he
        may have committed meanwhile. Raises TakenError, PortError."""
        self._compare(await self._log.read())
        asked = self._marks()
        await self._log.open()
        self._shared = self._compare(await self._log.read(settled=True))
        self._claimed = True
        self._confirm(asked)

    def _compare(self, sessions: Sequence[SharedSession]) -> int:
        """How much of our journal the log has. Raises TakenError where it has anything else."""
        found = next((one for one in sessions if one.id == self._session), None)
        if found is None:
            return 0
        try:
            ours = self._path.read_bytes()[: self._journal.length]
        except OSError as error:
            raise PortError("refused", f"{self._path}: {error.strerror}") from error
        if ours.startswith(found.journal) and found.whole:
            return len(found.journal)
        raise taken(found, ours)

    # --- what effects pass ------------------------------------------------------------------------

    async def confirmed(self) -> None:
        """Wait until the log has all that the journal has by now. Raises PortError."""
        wanted = self._journal.length
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HOLD_MS / 1000):
                while not self._may_pass(wanted):
                    self._wanted.set()
                    self._moved.clear()
                    await self._moved.wait()
        if not self._may_pass(wanted):
            raise PortError("refused", f"{self._place()} has not taken the intent: {self._why}")
        self.check()

    def _may_pass(self, wanted: int) -> bool:
        """Whether nobody need wait for so much of the journal any more."""
        return self._alone or self._taken or (self._claimed and self._shared >= wanted)

    def check(self) -> None:
        """Raises PortError where another host has the flight, or may have it by now."""
        if self._taken:
            raise PortError("refused", "another host has taken this flight over")
        if self._alone:
            return
        if not self._claimed or self._elapsed_ms() > HOLD_MS:
            raise PortError("slow", f"{self._place()} has not confirmed that no other host has it")

    def go_alone(self, alone: bool) -> None:
        """Whether a person has answered for it that no other host has the flight."""
        if alone != self._alone:
            self._alone = alone
            self._moved.set()

    def _elapsed_ms(self) -> int:
        if self._confirmed is None:
            return HOLD_MS + 1
        return max(now - was for now, was in zip(self._marks(), self._confirmed, strict=True))

    # --- while it flies ---------------------------------------------------------------------------

    async def keep(self, observe: Observe) -> None:
        """Write what is new, and ask when nothing is; until another host has the flight."""
        while True:
            try:
                more = await self._round()
            except SupersededError:
                self._end()
                await observe(await self._who())
                return
            except TakenError as error:
                self._end()
                await observe(
                    self._survey("taken over", by=error.by, at=error.at_ms, why=error.why)
                )
                return
            except PortError as error:
                self._why = error.reason
                if self._elapsed_ms() > LOST_AFTER_MS:
                    await self._tell(observe, "lost")
                await self._clock.sleep(AGAIN_MS)
                continue
            await self._tell(observe, "shared")
            if not more:
                await self._pause()

    def _end(self) -> None:
        """Nothing is allowed from here on, before anybody else hears of it."""
        self._taken = True
        self._moved.set()

    async def _round(self) -> bool:
        """One transaction; whether there is more to write. Raises what the log raises."""
        if not self._claimed:
            await self.claim()
        self._pending = self._pending or self._next()
        asked = self._marks()
        await self._log.write(self._pending)
        if self._pending:
            last = self._pending[-1]
            self._shared = last.at + len(last.data)
            self._pending = ()
        self._confirm(asked)
        return self._shared < self._journal.length

    def _confirm(self, asked: tuple[int, ...]) -> None:
        self._confirmed = asked
        self._confirmed_ms = self._clock.now_ms()
        self._why = ""
        self._moved.set()

    def _next(self) -> tuple[Piece, ...]:
        """What the journal has next: a line each, cut where one is too long for a message."""
        size = min(self._journal.length - self._shared, WRITE_BYTES)
        if size <= 0:
            return ()
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                data = os.pread(file, size, self._shared)
            finally:
                os.close(file)
        except OSError as error:
            raise PortError("refused", f"{self._path}: {error.strerror}") from error
        pieces: list[Piece] = []
        at = self._shared
        for line in data.splitlines(keepends=True):
            for begin in range(0, len(line), PIECE_BYTES):
                part = line[begin : begin + PIECE_BYTES]
                pieces.append(Piece(at, part))
                at += len(part)
        return tuple(pieces)

    async def _pause(self) -> None:
        """Until somebody waits, or something is to be written, or it is time to ask again."""
        self._wanted.clear()
        for _ in range(BEAT_MS // LOOK_MS):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_MS / 1000):
                    await self._wanted.wait()
            if self._shared < self._journal.length:
                return

    async def _tell(self, observe: Observe, word: SharedWord) -> None:
        """Say how it stands, at once where that has changed; what is shown has an age."""
        now_ms = self._clock.now_ms()
        if self._told is None or self._told[0] != word or now_ms - self._told[1] >= LOOK_MS:
            self._told = (word, now_ms)
            await observe(self._survey(word))

    def _survey(
        self, word: SharedWord, *, by: str = "", at: int | None = None, why: str = ""
    ) -> CoordinationSurvey:
        return CoordinationSurvey(
            asked_at_ms=self._confirmed_ms,
            answered_at_ms=self._clock.now_ms(),
            word=word,
            topic=self._spec.topic,
            side=self._spec.cluster,
            behind_bytes=self._journal.length - self._shared,
            by=by,
            taken_at_ms=at,
            reason=why or self._why,
        )

    async def _who(self) -> CoordinationSurvey:
        """Who has taken the flight over, once it has said so."""
        why = "it has not said so in the topic: perhaps this engine was held up in the midst of it"
        for _ in range(WHO_TRIES):
            with contextlib.suppress(PortError):
                try:
                    self._compare(await self._log.read())
                except TakenError as error:
                    return self._survey("taken over", by=error.by, at=error.at_ms, why=error.why)
            await self._clock.sleep(1_000)
        return self._survey("taken over", why=why)

    async def finish(self) -> None:
        """Bring the last words to the log, if it takes them; then let go of it. Never raises, and
        does nothing the second time."""
        if self._finished:
            return
        self._finished = True
        deadline = self._clock.now_ms() + LAST_WORDS_MS
        while self._claimed and not self._taken and self._shared < self._journal.length:
            try:
                await self._round()
            except (PortError, OSError):
                if self._clock.now_ms() >= deadline:
                    break
                await self._clock.sleep(AGAIN_MS)
            except (SupersededError, TakenError):
                break
        await self._log.close()

    def _place(self) -> str:
        return f"topic {self._spec.topic} on the {self._spec.cluster}"


def taken(found: SharedSession, ours: bytes) -> TakenError:
    """Why a session in the log is not this journal's."""
    if not found.whole:
        return TakenError(f"the topic does not have the whole journal of session {found.id}")
    same = 0
    for mine, other in zip(ours.splitlines(True), found.journal.splitlines(True), strict=False):
        if mine != other:
            break
        same += len(mine)
    for line in found.journal[same:].splitlines():
        entry = _entry(line)
        if entry.get("kind") == "took_over":
            by, at_ms, why = str(entry.get("host")), entry.get("at_ms"), str(entry.get("reason"))
            text = f"session {found.id} was taken over by {by}: {why}"
            return TakenError(text, by, at_ms if isinstance(at_ms, int) else None, why)
    if not ours[same:]:
        return TakenError(f"the topic has more of session {found.id} than this host's disk")
    return TakenError(f"the topic has another journal of session {found.id}")


def _entry(line: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
