"""The Textual application: it brings snapshots to the screens and intents to the session.

Composition only. Never reads a clock for an age, never knows what kind of session it has, and never
ends a flight by ending itself.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.text import Text
from textual import events
from textual.app import App
from textual.filter import LineFilter, Monochrome, NoColor
from textual.message import Message
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES, Theme
from textual.timer import Timer

from cockpit.core.intents import Beat, Intent
from cockpit.tui.clean import clean
from cockpit.tui.link import Link
from cockpit.tui.look import Look
from cockpit.tui.result import LeaveReason, ScreenResult
from cockpit.tui.screens.opening import Opening
from cockpit.tui.screens.overlay import Overlay
from cockpit.tui.themefile import CockpitTheme
from cockpit.tui.themes import PREFIX, Shelf, built_in, next_after
from cockpit.tui.view import LineView

if TYPE_CHECKING:  # what knows snapshots is loaded after the first paint: see `_open`
    from cockpit.core.snapshot import Snapshot
    from cockpit.ports import Player, Session
    from cockpit.tui.screens.board import Board

SUBMIT_S: Final = 5.0
CLOSE_S: Final = 2.0
MAX_IN_FLIGHT: Final = 16
REMOTE_EVERY_S: Final = 1.0
BELL_EVERY_MS: Final = 10_000
PLAYER_EVERY_S: Final = 0.25
BEAT_S: Final = 3.0
"""At most so often the engine is told that whoever drives presses keys: the shortest lease is 10
s."""


class SnapshotArrived(Message):
    """A snapshot came. A newer one replaces it while it waits."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    def can_replace(self, message: Message) -> bool:
        """Only the newest is worth drawing."""
        return isinstance(message, SnapshotArrived)


class SessionEnded(Message):
    """No more snapshots will come."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class CockpitApp(App[ScreenResult], inherit_bindings=False):
    """One person's screen on one session."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    AUTO_FOCUS: ClassVar[str | None] = ""
    CSS = """
    Screen { layout: vertical; overflow: hidden hidden; background: $background; }
    Overlay, Overlay:ansi { background: transparent; overflow: hidden hidden; }
    LineView { position: absolute; width: 1; height: 1; overflow: hidden hidden; }
    CleanInput, CleanInput:focus {
        position: absolute; width: 1; height: 1; border: none; padding: 0 1;
        background: $surface; color: $foreground;
    }
    """

    def __init__(
        self,
        session: Session,
        *,
        user: str,
        theme: CockpitTheme | None = None,
        remote: bool = False,
        ascii_only: bool = False,
        notice: str = "",
        player: Player | None = None,
    ) -> None:
        """`remote` paints at most once a second; `notice` is shown first. With a `player` the
        session is a recording that it plays: nobody drives, and nothing acts."""
        theme = theme or built_in()
        super().__init__()
        self.session = session
        self.user = user
        self.look = Look(theme.styles, ascii_only)
        self.remote = remote
        self.snapshot: Snapshot | None = None
        self.player = player
        self._board: Board | None = None
        self._notice = notice
        self._link = Link()
        self._waiting: Snapshot | None = None
        self._held = False
        self._in_flight = 0
        self._alarms: frozenset[str] = frozenset()
        self._welcomed = False
        self._bell_at_ms: int | None = None
        self._left = False
        self._beaten = False
        self.settled: Callable[[], None] = lambda: None
        """Called once the board is there."""
        self.furnish: Callable[[Board], str] = lambda _board: ""
        """What the board gets when it is made; what is to be said of that."""
        self.rings = True
        """Whether alarms make a noise."""
        self.silence_timer: Timer | None = None
        self.shelf: Shelf | None = None
        """Where other themes are found."""
        self._wear(theme)

    @property
    def board(self) -> Board:
        """The main screen, made when it is first asked for."""
        if self._board is None:
            from cockpit.tui.screens.board import Board

            user = self.user if self.player is None else ""
            self._board = Board(self.look, user=user, player=self.player)
            self._notice = "; ".join(filter(None, (self.furnish(self._board), self._notice)))
        return self._board

    def get_default_screen(self) -> Screen[None]:
        """The board; what stands in for it while it would have to be loaded first."""
        return self.board if "cockpit.tui.screens.board" in sys.modules else Opening(self.look)

    def on_mount(self) -> None:
        """The board, at once or after the first paint."""
        if isinstance(self.screen, Opening):
            self.call_after_refresh(self._open)
        else:
            self._begin()

    async def _open(self) -> None:
        await asyncio.to_thread(importlib.import_module, "cockpit.tui.screens.board")
        await self.push_screen(self.board)
        self._begin()

    def _begin(self) -> None:
        """Begin to listen, and let plots begin after the board's first paint."""
        self.settled()
        self.run_worker(self._follow(), name="snapshots", exit_on_error=False)
        self.silence_timer = self.set_interval(1.0, self._second_passed, name="silence")
        if self.player is not None:
            # a recording moves between its snapshots, too
            every_s = REMOTE_EVERY_S if self.remote else PLAYER_EVERY_S
            self.set_interval(every_s, self.board.draw_lines, name="player")
        self.call_after_refresh(self.board.plots_may_begin)
        if self._notice:
            self.board.say(self._notice, "warn")

    async def on_unmount(self) -> None:
        """Let go of the session; the flight goes on."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.session.close()
        except (TimeoutError, OSError):
            self.log.warning("the session did not close in time")

    # --- snapshots in -----------------------------------------------------------------------------

    async def _follow(self) -> None:
        try:
            async for snapshot in self.session.snapshots():
                self.post_message(SnapshotArrived(snapshot))
                await asyncio.sleep(0)  # a session that never waits must not starve the keys
        except Exception as error:  # noqa: BLE001 - whatever ends it, the screen says so and stays
            self.post_message(SessionEnded(f"the session broke off: {_told(error)}"))
        else:
            self.post_message(SessionEnded(""))

    def on_snapshot_arrived(self, message: SnapshotArrived) -> None:
        """Draw it now, or with the next second's paint on a slow link."""
        message.stop()
        self._set_link(Link())
        self._waiting = message.snapshot
        if not self.remote or not self._held or self._is_urgent(message.snapshot):
            self._draw()

    def _is_urgent(self, snapshot: Snapshot) -> bool:
        seen = self.snapshot
        if self.player is not None and not self.player.view().is_playing:
            return True  # what stands still moves by a key
        if seen is None or snapshot.armed != seen.armed:
            return True
        price = {"price": seen.status.price, "rollback_detail": seen.status.rollback_detail}
        return dataclasses.replace(snapshot.status, **dict[str, Any](price)) != seen.status

    def _release(self) -> None:
        self._held = False
        if self._waiting is not None:
            self._draw()

    def _draw(self) -> None:
        snapshot, self._waiting = self._waiting, None
        if snapshot is None:
            return
        if self.remote and not self._held:
            self._held = True
            self.set_timer(REMOTE_EVERY_S, self._release)
        self.snapshot = snapshot
        for screen in self.screen_stack:
            if isinstance(screen, Overlay):
                screen.take(snapshot)
        self.board.take(snapshot, self.session.past)
        self._welcome(snapshot)
        if self.player is None:  # a recorded alarm must not ring as if it were now
            self._ring(snapshot)

    def _welcome(self, snapshot: Snapshot) -> None:
        """Whoever comes back is told once what happened meanwhile."""
        here = any(one.user == self.user for one in snapshot.crew.people)
        if self._welcomed or self.player is not None or not here:
            return
        from cockpit.tui.returning import missed

        self._welcomed = True
        if text := missed(snapshot, self.session.past, user=self.user):
            self.board.say(text, "warn", log=True)

    def _ring(self, snapshot: Snapshot) -> None:
        """One bell for each alarm of the highest priority that nobody has acknowledged, at most
        every ten seconds of the snapshots' time."""
        from cockpit.tui.alarms import unseen

        found = frozenset(one.subject for one in unseen(snapshot) if one.level == "bad")
        self._alarms &= found  # what was over, or was seen, rings anew when it comes back
        last = self._bell_at_ms
        quiet = last is None or not 0 <= snapshot.at_ms - last < BELL_EVERY_MS
        if found - self._alarms and quiet:
            self._alarms = found
            self._bell_at_ms = snapshot.at_ms
            if self.rings:
                self.bell()

    def on_session_ended(self, message: SessionEnded) -> None:
        """Say so, and keep showing the last state until the user leaves."""
        message.stop()
        lost = self.player is None and (self.snapshot is None or not self.snapshot.status.outcome)
        self._set_link(Link(ended=True, lost=lost))
        text = message.reason or ("the engine is gone" if lost else "the session has ended")
        what = _after_loss(self.snapshot) if lost else "q leaves"
        self.board.say(f"{text}; {what}", "bad" if lost else "info", log=True)

    def _second_passed(self) -> None:
        if not self._link.ended and self.player is None:
            self._set_link(Link(silent_s=self._link.silent_s + 1))

    def _set_link(self, link: Link) -> None:
        if link.word != self._link.word:
            self.board.connected(link)
        self._link = link

    # --- intents out ------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Any key shows that somebody is there; then it goes its way."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._key_pressed()
        await super().on_event(event)

    def _key_pressed(self) -> None:
        """The driver's lease is his who presses keys: tell the engine, not with each of them."""
        crew = None if self.snapshot is None else self.snapshot.crew
        seat = "" if self.player is not None else self.session.seat
        if self._beaten or crew is None or not seat or crew.seat != seat or self._link.ended:
            return
        self._beaten = True
        self.set_timer(BEAT_S, self._may_beat)
        self.send(Beat(self.user))

    def _may_beat(self) -> None:
        self._beaten = False

    def send(self, intent: Intent) -> None:
        """Hand an intent to the session; the answer comes with a snapshot."""
        if self._in_flight >= MAX_IN_FLIGHT:
            self.board.say("not sent: the engine does not answer", "bad", log=True)
            return
        self._in_flight += 1
        self.run_worker(self._submit(intent), name="submit", exit_on_error=False)

    async def _submit(self, intent: Intent) -> None:
        what = "key" if isinstance(intent, Beat) else type(intent).__name__.lower()
        try:
            async with asyncio.timeout(SUBMIT_S):
                await self.session.submit(intent)
        except TimeoutError:
            self.board.say(f"{what}: the engine did not take it in time", "bad", log=True)
        except Exception as error:  # noqa: BLE001 - a refusal of any kind is shown, not fatal
            self.board.say(f"{what} refused: {_told(error)}", "bad", log=True)
        finally:
            self._in_flight -= 1

    # --- themes -----------------------------------------------------------------------------------

    def _wear(self, theme: CockpitTheme) -> None:
        self.worn = theme
        self.look.wear(theme.styles)
        drawn = _textual_theme(theme)
        self.register_theme(drawn)
        if self.theme == drawn.name:  # another one of that name: its file was changed
            self.mutate_reactive(CockpitApp.theme)
        self.theme = drawn.name

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Without Textual's own for NO_COLOR: here that chooses a theme, and a theme that somebody
        asks for is shown as it is."""
        filters = super().get_line_filters()
        return [one for one in filters if not isinstance(one, (Monochrome, NoColor))]

    def next_theme(self) -> tuple[str, str]:
        """Wear the next theme that can be used; a message and its level."""
        if self.shelf is None:
            return "there is no other theme", "warn"
        found, text, level = next_after(self.worn.name, self.shelf)
        if found is not None:
            self._wear(found)
            for screen in self.screen_stack:
                for view in screen.query(LineView):
                    view.redraw()
        return text, level

    # --- leaving ----------------------------------------------------------------------------------

    def leave(self, reason: LeaveReason) -> None:
        """Close the screen. Called by keys and by signals, more than once if need be."""
        if not self._left:
            self._left = True
            self.exit(self.result(reason))

    def result(self, reason: LeaveReason) -> ScreenResult:
        """How the screen was left, and what it showed last."""
        last = None if reason == "failed" else self.snapshot  # it may be what the screen failed on
        line = ""
        if last is not None:
            from cockpit.tui.plain import plain_line

            line = plain_line(last, replay=self.player is not None)
        return ScreenResult(
            reason=reason,
            outcome="" if last is None else last.status.outcome,
            last_line=line,
        )

    def _fatal_error(self) -> None:
        """A defect of the screen: told without local variables, for they hold data."""
        told = [clean(line) for line in traceback.format_exc(limit=-12).splitlines()]
        told.append("the screen failed; the flight goes on, `cockpit attach` comes back")
        self.panic(Text("\n".join(told)))


def _after_loss(snapshot: Snapshot | None) -> str:
    """The way on from a screen whose engine is gone."""
    under_way = ("running", "holding", "rolling back")
    if snapshot is not None and any(wave.word in under_way for wave in snapshot.waves):
        return f"nothing here is current: cockpit resume {snapshot.status.session}"
    return "nothing here is current, `cockpit status` tells more"


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


def _textual_theme(theme: CockpitTheme) -> Theme:
    """For Textual's own widgets. Its stylesheets need variables that its ANSI themes bring."""
    name = PREFIX + theme.name
    if theme.ansi:
        native = BUILTIN_THEMES["ansi-dark" if theme.dark else "ansi-light"]
        return dataclasses.replace(native, name=name, **dict[str, Any](theme.base))
    return Theme(name=name, dark=theme.dark, **dict[str, Any](theme.base))
