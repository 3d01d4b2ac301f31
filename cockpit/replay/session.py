"""A Session and its Player over a recording: the snapshot at the position, paced by a clock.

Never acts: every action of its snapshots is closed, every intent refused. Decoding happens in a
thread, so that keys are never held up by it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from cockpit.core.intents import Intent
from cockpit.core.playing import PlayerView, PlayVerb
from cockpit.core.snapshot import ActionView, LogLine, Snapshot
from cockpit.ports import Clock
from cockpit.replay.bookmarks import keep_bookmark, read_bookmarks
from cockpit.replay.moments import parse_moment, utc
from cockpit.replay.player import State, moved, pressed, wait_ms
from cockpit.replay.tape import Recording, Tape, tape_of
from cockpit.wire.values import WireError

T = TypeVar("T")

THIS_IS_A_RECORDING: Final = "this is a recording"
FRAME_MS: Final = 100
"""At most one snapshot in this time, however fast it plays."""
LOOK_MS: Final = 500
"""How often the end of a recording that grows is looked at."""
MARKS_MS: Final = 1_000
"""While what was told is still being read, new marks are drawn this often, and after this it is
said."""
GAP_FRAME_MS: Final = 1_000
"""In a gap ages grow in steps of this, in the recording's time."""


class NothingRecordedError(Exception):
    """The recording holds no snapshot."""


class InertError(Exception):
    """Nobody can act on a recording."""

    def __init__(self) -> None:
        super().__init__(f"{THIS_IS_A_RECORDING}: nothing in it can be changed")


@dataclass(frozen=True, slots=True)
class PlayOptions:
    """How a replay begins."""

    start: str = ""
    """A moment as in `parse_moment`; empty: the beginning, or the end where it is followed."""
    speed: float = 1.0
    max_idle_ms: int | None = None
    follow: bool = False
    plays: bool = True
    """Plays at once."""


class ReplaySession:
    """Both what a screen watches and what its play keys move."""

    seat = ""
    past: Sequence[LogLine] = ()

    def __init__(
        self,
        recording: Recording,
        clock: Clock,
        options: PlayOptions = PlayOptions(),
        *,
        bookmarks: Path | None = None,
        user: str = "",
    ) -> None:
        """`bookmarks`: their file; None: none are read, and none can be made. Raises
        NothingRecordedError, MomentError."""
        self._recording = recording
        self._clock = clock
        self._options = options
        self._bookmarks_path = bookmarks
        self._user = user
        self._bookmarks = read_bookmarks(bookmarks) if bookmarks is not None else ()
        tape = self._read_tape()
        if tape is None:
            raise NothingRecordedError("nothing is recorded yet")
        self._tape: Tape = tape
        self._state = _first_state(tape, options)
        self._moved_at_ms = clock.now_ms()
        self._wake = asyncio.Event()
        self._closed = False
        self._reading = asyncio.Lock()
        self._has_new_marks = False
        self._has_untold = True
        self._share_told = 0.0
        self._began_ms = self._marked_ms = self._moved_at_ms
        self._trouble = ""
        self._newest: Snapshot | None = None

    def _read_tape(self) -> Tape | None:
        return tape_of(self._recording, self._bookmarks, max_idle_ms=self._options.max_idle_ms)

    # --- the player -------------------------------------------------------------------------------

    def view(self) -> PlayerView:
        """Where it stands now."""
        self._move()
        state, tape = self._state, self._tape
        return PlayerView(
            first_ms=tape.first_ms,
            last_ms=tape.last_ms,
            at_ms=int(state.at_ms),
            speed=state.speed,
            is_playing=state.is_playing,
            follows=state.follows,
            marks=tape.marks,
            gaps=tape.gaps,
            totals=tape.totals,
            note=self._note(),
        )

    def press(self, verb: PlayVerb, argument: str = "", *, at_ms: int | None = None) -> str:
        """Do what a key means; what came of it, in words."""
        self._move()
        if verb == "bookmark":
            return self._bookmark(argument, int(self._state.at_ms) if at_ms is None else at_ms)
        self._state, said = pressed(self._state, self._tape, verb, argument)
        self._wake.set()
        return said

    def _move(self) -> None:
        now_ms = self._clock.now_ms()
        self._state = moved(self._state, self._tape, max(0, now_ms - self._moved_at_ms))
        self._moved_at_ms = now_ms

    def _note(self) -> str:
        gap = self._tape.gap_at(self._state.at_ms)
        if gap is not None:
            why = f": {gap.why}" if gap.why else ""
            return f"nothing is recorded from {utc(gap.from_ms)} to {utc(gap.to_ms)}{why}"
        is_quick = self._clock.now_ms() - self._began_ms < MARKS_MS
        if self._trouble or self._share_told >= 1.0 or is_quick:
            return self._trouble
        return f"reading what was told: {self._share_told:.0%}"

    def _bookmark(self, text: str, at_ms: int) -> str:
        if self._bookmarks_path is None:
            return "no place to keep a bookmark"
        try:
            mark = keep_bookmark(
                self._bookmarks_path,
                at_ms=at_ms,
                text=text.strip(),
                by=self._user,
                made_at_ms=self._clock.now_ms(),
            )
        except OSError as error:
            return f"bookmark not kept: {error.strerror}"
        self._bookmarks = (*self._bookmarks, mark)
        self._has_new_marks = True
        self._wake.set()
        return f"bookmark at {utc(at_ms)} kept beside the recording"

    # --- the session ------------------------------------------------------------------------------

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """The snapshot at the position whenever that is another one, until `close`."""
        shown: tuple[int, int] | None = None
        looked_ms = self._clock.now_ms()
        while not self._closed:
            self._wake.clear()
            if self._options.follow and self._clock.now_ms() - looked_ms >= LOOK_MS:
                looked_ms = self._clock.now_ms()
                await self._look_for_more()
            if self._has_new_marks:
                await self._renew_tape()
            self._move()
            wanted = self._wanted()
            if wanted != shown:
                shown = wanted
                snapshot = await self._snapshot(*wanted)
                if snapshot is not None:
                    yield snapshot
            if self._has_untold:
                await self._read_marks()
            else:
                await self._rest()

    def _wanted(self) -> tuple[int, int]:
        """Which snapshot is to be shown, and in a gap as of when; 0: as it was."""
        at_ms = self._state.at_ms
        if self._tape.gap_at(at_ms) is None:
            return self._tape.shown_at(at_ms), 0
        return self._tape.shown_at(at_ms), int(at_ms) // GAP_FRAME_MS * GAP_FRAME_MS

    async def _snapshot(self, time_ms: int, as_of_ms: int) -> Snapshot | None:
        """Read and made inert; None where it cannot be read and nothing before it was."""
        read = await self._read("cannot be read here", partial(self._recording.at, time_ms))
        if read is not None:
            self._trouble = ""
            self._newest = read
        elif self._newest is None or self._newest.at_ms > time_ms:
            return None
        else:
            read, as_of_ms = self._newest, max(time_ms, as_of_ms)
        # what was true before a gap grows old in it
        return inert(replace(read, at_ms=max(read.at_ms, as_of_ms)) if as_of_ms else read)

    async def _look_for_more(self) -> None:
        if await self._read("no more can be read", self._recording.refresh):
            self._has_untold = True
            await self._renew_tape()

    async def _read_marks(self) -> None:
        """A little of what was told; in a long recording that takes longer than a key may wait."""
        share = await self._read("what was told cannot be read", self._recording.read_more)
        self._has_untold = share is not None and share < 1.0
        self._share_told = max(self._share_told, 1.0 if share is None else share)
        now_ms = self._clock.now_ms()
        if not self._has_untold or now_ms - self._marked_ms >= MARKS_MS:
            self._marked_ms = now_ms
            await self._renew_tape()

    async def _renew_tape(self) -> None:
        self._has_new_marks = False
        tape = await self._read("its time line cannot be read", self._read_tape)
        self._tape = self._tape if tape is None else tape

    async def _read(self, trouble: str, what: Callable[[], T | None]) -> T | None:
        """Do it in a thread, one at a time; None where it fails, and the player says why."""
        async with self._reading:
            if self._closed:
                return None
            try:
                return await asyncio.to_thread(what)
            except (WireError, OSError) as error:
                self._trouble = f"{trouble}: {error}"
                return None

    async def _rest(self) -> None:
        """Until a key, or until another snapshot is due."""
        self._move()
        due = wait_ms(self._state, self._tape)
        if due is not None and self._tape.gap_at(self._state.at_ms + 1) is not None:
            due = 0.0  # in a gap ages grow though no snapshot comes
        wait = None if due is None else max(FRAME_MS, due)
        if self._options.follow:
            wait = LOOK_MS if wait is None else min(wait, LOOK_MS)
        with suppress(TimeoutError):
            async with asyncio.timeout(None if wait is None else wait / 1000):
                await self._wake.wait()

    async def submit(self, intent: Intent) -> None:
        """Raises InertError, always."""
        raise InertError

    async def close(self) -> None:
        """Stop, and let go of the file."""
        self._closed = True
        self._wake.set()
        async with self._reading:
            self._recording.close()


def _first_state(tape: Tape, options: PlayOptions) -> State:
    state = State(
        float(tape.first_ms), options.speed, is_playing=options.plays, grows=options.follow
    )
    if options.start:
        at_ms = parse_moment(
            options.start, first_ms=tape.first_ms, last_ms=tape.last_ms, at_ms=tape.first_ms
        )
        return replace(state, at_ms=float(at_ms))
    if options.follow:
        return replace(state, at_ms=float(tape.last_ms), is_playing=False, follows=True)
    return state


def inert(snapshot: Snapshot) -> Snapshot:
    """The snapshot with every action closed, and why."""
    closed = tuple(
        ActionView(action.verb, enabled=False, why_not=THIS_IS_A_RECORDING)
        for action in snapshot.actions
    )
    return replace(snapshot, actions=closed)
