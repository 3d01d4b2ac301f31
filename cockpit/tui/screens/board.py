"""The main screen: status, panes, message line and keys.

Holds only what is chosen, zoomed, scrolled, sorted and filtered. Every key comes from the registry;
what changes the flight is handed to the app as an intent and never decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.timer import Timer

from cockpit.core.intents import AddNote, Arm, Intent, Pause
from cockpit.core.snapshot import LogLine, Snapshot
from cockpit.ports import Player
from cockpit.tui.controls import ASKS, driving
from cockpit.tui.deck import Deck
from cockpit.tui.grid import Grid
from cockpit.tui.keys import LIVE, Key, why_not
from cockpit.tui.layout import FOOT_ROWS, PANES, STATUS_ROWS, PaneName, Place, is_small, place
from cockpit.tui.lines import Lines, key_bar, message_line, small_lines
from cockpit.tui.link import Link
from cockpit.tui.look import Look
from cockpit.tui.panes import make_panes
from cockpit.tui.panes.log import LogPane
from cockpit.tui.panes.signals import SignalsPane
from cockpit.tui.playkeys import REPLAY
from cockpit.tui.pointing import gone_to, pane_of, point
from cockpit.tui.screens.asking import Asking
from cockpit.tui.screens.detail import DetailScreen
from cockpit.tui.screens.health import HealthScreen
from cockpit.tui.screens.help import HelpScreen
from cockpit.tui.screens.leave import LeaveScreen
from cockpit.tui.screens.prompt import PromptScreen
from cockpit.tui.status import status_lines
from cockpit.tui.text import Line, cut
from cockpit.tui.timeline import LEGEND, timeline_rows
from cockpit.tui.view import LineView, Pane

if TYPE_CHECKING:
    from cockpit.core.intents import Verb
    from cockpit.tui.app import CockpitApp

RESIZE_S = 0.1
"""A resize storm is answered once it is over."""
SAY_S = 10.0
ARM_AGAIN_S = 1.0
"""A held key arms once, not thirty times a second."""


class Board(Screen[None], inherit_bindings=False):
    """Everything at once, as far as it fits."""

    AUTO_FOCUS: ClassVar[str | None] = ""

    def __init__(self, look: Look, *, user: str, player: Player | None = None) -> None:
        super().__init__()
        self.look = look
        self.user = user
        self.deck = None if player is None else Deck(look, player)
        self.keys = LIVE if player is None else REPLAY
        self.snapshot: Snapshot | None = None
        self.link = Link()
        self.chosen: PaneName = "waves"
        self.zoomed: PaneName | None = None
        self.status = Lines(look, id="status")
        self.message = Lines(look, id="message")
        self.keys_line = Lines(look, id="keys")
        self.small = Lines(look, id="small")
        self.panes = make_panes(look)
        self._said: tuple[str, str] | None = None
        self._said_timer: Timer | None = None
        self._resize_timer: Timer | None = None
        self.asking = Asking(self)
        self._armed_lately = False

    @property
    def cockpit(self) -> CockpitApp:
        """The app, as what it is."""
        return cast("CockpitApp", self.app)

    def compose(self) -> ComposeResult:
        """Every widget; `rearrange` says which are seen, and where."""
        yield from (self.status, *self.panes.values(), self.message, self.keys_line, self.small)
        if self.deck is not None:
            yield self.deck.lines

    def on_mount(self) -> None:
        """First rearrangement, before any snapshot."""
        self.rearrange()

    # --- snapshots --------------------------------------------------------------------------------

    def take(self, snapshot: Snapshot, past: Sequence[LogLine] = ()) -> None:
        """Show a snapshot, and the dialog that it may ask for. `past`: the log before it."""
        self.snapshot = snapshot
        cast("LogPane", self.panes["log"]).remember(past, snapshot.log)
        for pane in self.panes.values():
            if pane.display:
                pane.take(snapshot)
        self.draw_lines()
        self.asking.offer(snapshot.armed)

    def connected(self, link: Link) -> None:
        """Snapshots come, or have stopped coming."""
        if link != self.link:
            self.link = link
            self.draw_lines()

    def draw_lines(self) -> None:
        """Status, message line, key bar, or the reduced view."""
        width, height = self.app.size
        ended = self.link.ended
        if is_small(width, height):
            view = None if self.deck is None else self.deck.player.view()
            rows = small_lines(
                self.snapshot, width=width, height=height, link=self.link, player=view
            )
            said = () if self._said is None else (self._message(width),)
            bar = key_bar(
                self.snapshot,
                width=width,
                table=False,
                keys=self.keys,
                ended=ended,
                small=True,
                seat=self.seat(),
            )
            self.small.show((*rows[: max(1, height - 1 - len(said))], *said, bar))
            return
        if self.snapshot is None:
            blank = Line(((" cockpit   waiting for the engine", "bar"),), "bar")
            self.status.show((blank, Line(base="bar")))
        else:
            lines = status_lines(
                self.snapshot,
                width=width,
                user=self.user,
                link=self.link,
                replay=self.deck is not None,
                seat=self.seat(),
            )
            self.status.show(lines)
        if self.deck is not None:
            self.deck.draw(width, timeline_rows(width, height))
        self.message.show((self._message(width),))
        table = isinstance(self.panes[self.chosen], Grid)
        bar = key_bar(
            self.snapshot,
            width=width,
            table=table,
            keys=self.keys,
            ended=ended,
            seat=self.seat(),
        )
        self.keys_line.show((bar,))

    def seat(self) -> str:
        """This screen's among the flight's people; empty: none is needed."""
        return "" if self.deck is not None else self.cockpit.session.seat

    def _message(self, width: int) -> Line:
        note = "" if self.deck is None else self.deck.player.view().note
        if note and self._said is None:
            return Line(((cut(f" {note}", width), "warn"),))
        return message_line(
            self.snapshot, self._said, user=self.user, width=width, seat=self.seat()
        )

    def say(self, text: str, level: str = "info", *, log: bool = False) -> None:
        """Answer a key on the message line, for a while; with `log` in the log pane too."""
        self._said = (level, text)
        if self._said_timer is not None:
            self._said_timer.stop()
        self._said_timer = self.set_timer(SAY_S, self._unsay)
        if log:
            at_ms = 0 if self.snapshot is None else self.snapshot.at_ms
            cast("LogPane", self.panes["log"]).add_local(at_ms, level, text)
        self.draw_lines()

    def _unsay(self) -> None:
        self._said = None
        self.draw_lines()

    # --- arrangement ------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """Arrange once the size has settled."""
        event.stop()
        if self._resize_timer is not None:
            self._resize_timer.stop()
        self._resize_timer = self.set_timer(RESIZE_S, self.rearrange)

    def rearrange(self) -> None:
        """Put every widget where this size and this zoom want it."""
        width, height = self.app.size
        small = is_small(width, height)
        below = 0 if self.deck is None else timeline_rows(width, height)
        places = place(width, height, self.zoomed, below=below)
        self._put(self.small, Place(0, 0, width, height) if small else None)
        lines = {
            self.status: Place(0, 0, width, STATUS_ROWS),
            self.message: Place(0, height - FOOT_ROWS, width, 1),
            self.keys_line: Place(0, height - 1, width, 1),
        }
        if self.deck is not None:
            lines[self.deck.lines] = Place(0, height - FOOT_ROWS - below, width, below)
        for widget, where in lines.items():
            self._put(widget, None if small else where)
        if places and self.chosen not in places:
            self.chosen = next(iter(places))
        for name, pane in self.panes.items():
            shown = pane.display and name in places
            pane.chosen = name == self.chosen
            pane.zoomed = name == self.zoomed
            self._put(pane, places.get(name))
            if name in places and self.snapshot is not None:
                pane.take(self.snapshot)
            elif shown:
                pane.sync()
        self.draw_lines()

    def _put(self, widget: LineView, where: Place | None) -> None:
        widget.display = where is not None
        if where is not None:
            widget.styles.offset = (where.x, where.y)
            widget.styles.width, widget.styles.height = where.width, where.height

    def plots_may_begin(self) -> None:
        """The first paint is over."""
        cast("SignalsPane", self.panes["signals"]).may_plot = True

    # --- keys -------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Every key of the registry; no other does anything."""
        event.stop()
        event.prevent_default()
        key = self.keys.by_key.get(event.key)
        if key is None:
            return
        handlers: dict[str, Callable[[Key], None]] = {
            "act": self._act,
            "people": self._act,
            "play": self._play,
            "look": self._look,
            "move": self._move,
            "screen": self._screen,
            "safe": self._safe,
        }
        handlers[key.group](key)

    def on_paste(self, event: events.Paste) -> None:
        """A paste is not a row of keys."""
        event.stop()

    def _act(self, key: Key) -> None:
        small = is_small(*self.app.size)
        ended, seat = self.link.ended, self.seat()
        why = why_not(key, self.snapshot, ended=ended, small=small, seat=seat)
        if key.id == "pause" and not self.link.ended:
            self._send(Pause(by=self.user))
            self.say(why or "pause sent", "warn", log=True)
        elif why:
            self.say(f"{key.shown} {key.label}: {why}", "warn", log=True)
        elif key.id == "note":
            self.prompt("note for the log and the review", "", self._noted)
        elif key.id == "point":
            self._send(point(self.panes, self.chosen, user=self.user))
        elif key.id == "drive" and self.snapshot is not None:
            self.asking.ask(driving(self.snapshot, user=self.user, seat=seat))
        elif key.id == "go" and self.snapshot is not None:
            self.asking.say_go(self.snapshot)
        elif key.id in ASKS and self.snapshot is not None:
            self.asking.ask(ASKS[key.id](self.snapshot, user=self.user))
        elif key.id == "end" and self.snapshot is not None:
            self.asking.end(self.snapshot)
        elif key.verb is not None and not self._armed_lately:
            self._armed_lately = True
            self.set_timer(ARM_AGAIN_S, self._may_arm)
            # what is paused and ended needs no arming, and was handled above
            self._send(Arm(cast("Verb", key.verb), by=self.user))
            self.say(f"{key.label}: asking the engine what it would do")

    def _play(self, key: Key) -> None:
        if self.deck is None or self.app.screen is not self:
            return
        if key.play in ("jump", "bookmark") and is_small(*self.app.size):
            self.say("the terminal is too small to type into")
        else:
            self.deck.pressed(key, ask=self.prompt, say=self.say)

    def _go_there(self) -> None:
        pointed = None if self.snapshot is None else self.snapshot.crew.pointed
        name = pane_of(pointed)
        if pointed is None or name is None:
            self.say("nobody points at anything")
            return
        if not self.panes[name].display:
            self._zoom(name)
        self.chosen = name
        self.rearrange()
        self.say(gone_to(self.panes[name], pointed))

    def _may_arm(self) -> None:
        self._armed_lately = False

    def _look(self, key: Key) -> None:
        pane = self.panes[self.chosen]
        if key.pane is not None:
            self._zoom(key.pane)
        elif key.id == "overview":
            if isinstance(pane, Grid) and pane.pattern:
                pane.set_filter("")
                self.say("filter cleared")
            else:
                self._zoom(None)
        elif key.id == "there":
            self._go_there()
        elif key.id == "theme":
            self.say(*self.cockpit.next_theme())
        elif key.id in {"next", "previous"}:
            self._choose(1 if key.id == "next" else -1)
        elif not isinstance(pane, Grid):
            self.say(f"{key.shown}: pane {pane.number} is no table; 2, 3 and 5 are")
        elif key.id == "filter":
            self.prompt("show rows that match (regular expression, !turns it round, empty shows "
                         "all)", pane.pattern, self._filtered)  # fmt: skip
        else:
            do = {
                "sort": pane.sort_next, "reverse": pane.sort_reverse,
                "wave_only": pane.toggle_wave,
            }[key.id]  # fmt: skip
            self.say(do())

    def _move(self, key: Key) -> None:
        pane = self.panes[self.chosen]
        match key.id:
            case "down":
                pane.move(1)
            case "up":
                pane.move(-1)
            case "page_down":
                pane.page(1)
            case "page_up":
                pane.page(-1)
            case "top":
                pane.home()
            case _:
                pane.end()

    def _screen(self, key: Key) -> None:
        if self.app.screen is not self:
            return  # a key that was on its way while a page opened opens no second one
        if key.id in {"detail", "health"}:
            self._overlay(key)
        elif key.id == "help" and not is_small(*self.app.size):
            notes = () if self.deck is None else (f"On the time line: {LEGEND}.",)
            self.app.push_screen(HelpScreen(self.look, self.snapshot, self.keys, *notes))
        elif key.id == "help":
            self.say("P pauses, q leaves" if self.deck is None else "space plays, q leaves")
        elif key.id == "quit":
            self.cockpit.leave("quit")
        elif self.link.ended:
            self.cockpit.leave("session ended")
        elif self.zoomed is not None:
            self._zoom(None)
        elif self.deck is not None:
            self.cockpit.leave("quit")
        else:
            self.app.push_screen(LeaveScreen(self.look, self.snapshot), self._leave_answered)

    def _overlay(self, key: Key) -> None:
        pane = self.panes[self.chosen]
        said = pane.chosen_detail() if isinstance(pane, Grid) else ()
        if is_small(*self.app.size):
            self.say("the terminal is too small for that")
        elif key.id == "health":
            self.app.push_screen(HealthScreen(self.look, self.snapshot))
        elif not said:
            self.say(f"{key.shown}: no row with more to say; panes 2, 3 and 5 have them")
        else:
            screen = DetailScreen(self.look, self.snapshot, title=pane.title_text, said=said)
            self.app.push_screen(screen)

    def _safe(self, key: Key) -> None:
        if key.id == "inert":
            self.say("this is a recording: keys that act do nothing here", "warn")
        elif self.deck is not None:
            self.say("that key does nothing here, on purpose: q leaves the replay")
        else:
            self.say("that key does nothing here, on purpose: P pauses, q leaves the screen")

    def _zoom(self, name: PaneName | None) -> None:
        if is_small(*self.app.size):
            return
        self.zoomed = name
        if name is not None:
            self.chosen = name
        self.rearrange()

    def _choose(self, step: int) -> None:
        shown = [name for name in PANES if self.panes[name].display]
        if self.zoomed is not None:
            self._zoom(PANES[(PANES.index(self.zoomed) + step) % len(PANES)])
        elif shown:
            place_now = shown.index(self.chosen) if self.chosen in shown else 0
            self.chosen = shown[(place_now + step) % len(shown)]
            self.rearrange()

    # --- dialogs ----------------------------------------------------------------------------------

    def _leave_answered(self, answer: bool | None) -> None:
        if answer:
            self.cockpit.leave("quit")

    def prompt(self, title: str, value: str, done: Callable[[str | None], None]) -> None:
        """Ask for one line of text; `done` gets it, or None."""
        screen = PromptScreen(self.look, self.snapshot, title=title, value=value)
        self.app.push_screen(screen, done)

    def _noted(self, text: str | None) -> None:
        if text and text.strip():
            self._send(AddNote(text.strip(), by=self.user))
            self.say("note sent")

    def _filtered(self, text: str | None) -> None:
        pane: Pane = self.panes[self.chosen]
        if text is not None and isinstance(pane, Grid):
            pane.set_filter(text.strip())
            self.say("filter cleared" if not pane.pattern else f"{pane.count()} rows match")

    def _send(self, intent: Intent) -> None:
        self.cockpit.send(intent)
