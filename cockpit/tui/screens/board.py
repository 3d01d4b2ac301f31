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

from cockpit.core.snapshot import LogLine, Snapshot
from cockpit.ports import Player
from cockpit.tui.deck import Deck
from cockpit.tui.grid import Grid
from cockpit.tui.keys import LIVE, Key
from cockpit.tui.layout import FOOT_ROWS, STATUS_ROWS, PaneName, Place, is_small, place
from cockpit.tui.lines import Lines, key_bar, message_line, small_lines
from cockpit.tui.link import Link
from cockpit.tui.look import Look
from cockpit.tui.panes import make_panes
from cockpit.tui.panes.log import LogPane
from cockpit.tui.panes.signals import SignalsPane
from cockpit.tui.playkeys import REPLAY
from cockpit.tui.refusals import Refusals
from cockpit.tui.screens.acting import Acting
from cockpit.tui.screens.asking import Asking
from cockpit.tui.screens.looking import Looking
from cockpit.tui.screens.prompt import PromptScreen
from cockpit.tui.screens.tools import Tools
from cockpit.tui.status import status_lines
from cockpit.tui.text import Line, cut
from cockpit.tui.timeline import timeline_rows
from cockpit.tui.tour import ROWS as TOUR_ROWS
from cockpit.tui.tour import Tour
from cockpit.tui.unbound import no_key
from cockpit.tui.view import LineView

if TYPE_CHECKING:
    from cockpit.tui.app import CockpitApp

RESIZE_S = 0.1
"""A resize storm is answered once it is over."""
SAY_S = 10.0


class Board(Screen[None], inherit_bindings=False):
    """Everything at once, as far as it fits."""

    AUTO_FOCUS: ClassVar[str | None] = ""

    def __init__(self, look: Look, *, user: str, player: Player | None = None) -> None:
        super().__init__()
        self.look = look
        self.user = user
        self.deck = None if player is None else Deck(look, player)
        self.tour: Tour | None = None
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
        self._refusals = Refusals(user)
        self._said: tuple[str, str] | None = None
        self._said_timer: Timer | None = None
        self._resize_timer: Timer | None = None
        self.asking = Asking(self)
        self._acting = Acting(self)
        self._looking = Looking(self)
        self.tools = Tools(self)

    @property
    def cockpit(self) -> CockpitApp:
        """The app, as what it is."""
        return cast("CockpitApp", self.app)

    def compose(self) -> ComposeResult:
        """Every widget; `rearrange` says which are seen, and where."""
        yield from (self.status, *self.panes.values(), self.message, self.keys_line, self.small)
        if self.deck is not None:
            yield self.deck.lines
        if self.tour is not None:
            yield self.tour.lines

    def on_mount(self) -> None:
        """First rearrangement, before any snapshot."""
        self.rearrange()

    # --- snapshots --------------------------------------------------------------------------------

    def take(self, snapshot: Snapshot, past: Sequence[LogLine] = ()) -> None:
        """Show a snapshot, and the dialog that it may ask for. `past`: the log before it."""
        self.snapshot = snapshot
        if self.tour is not None:
            self.tour.take(snapshot)
        cast("LogPane", self.panes["log"]).remember(past, snapshot.log)
        for pane in self.panes.values():
            if pane.display:
                pane.take(snapshot)
        refused = self._refusals.newest(snapshot)
        if refused is not None and self.deck is None:
            self.say(refused.text, refused.level)
        else:
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
        if self.tour is not None:
            self.tour.draw(width)
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
            self.snapshot,
            self._said,
            user=self.user,
            width=width,
            seat=self.seat(),
            # a recorded alarm hides from nobody, and a reduced screen has no room for two
            shares=self.deck is None and not is_small(*self.app.size),
        )

    def say(self, text: str, level: str = "info", *, log: bool = False) -> None:
        """Answer a key on the message line, for a while; with `log` in the log pane too."""
        self._said = (level, text)
        if self._said_timer is not None:
            self._said_timer.stop()
        self._said_timer = self.set_timer(SAY_S, self.unsay)
        if log:
            at_ms = 0 if self.snapshot is None else self.snapshot.at_ms
            cast("LogPane", self.panes["log"]).add_local(at_ms, level, text)
        self.draw_lines()

    def unsay(self) -> None:
        """What was answered is over."""
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
        below = TOUR_ROWS if self.tour is not None else 0
        below = below if self.deck is None else timeline_rows(width, height)
        places = place(width, height, self.zoomed, below=below)
        self._put(self.small, Place(0, 0, width, height) if small else None)
        lines = {
            self.status: Place(0, 0, width, STATUS_ROWS),
            self.message: Place(0, height - FOOT_ROWS, width, 1),
            self.keys_line: Place(0, height - 1, width, 1),
        }
        if self.deck is not None:
            lines[self.deck.lines] = Place(0, height - FOOT_ROWS - below, width, below)
        elif self.tour is not None:
            lines[self.tour.lines] = Place(0, height - FOOT_ROWS - below, width, below)
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

    def zoom(self, name: PaneName | None) -> None:
        """One pane alone, or all that fit."""
        if is_small(*self.app.size):
            return
        self.zoomed = name
        if name is not None:
            self.chosen = name
        self.rearrange()

    def plots_may_begin(self) -> None:
        """The first paint is over."""
        cast("SignalsPane", self.panes["signals"]).may_plot = True

    # --- keys -------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Every key of the registry; of any other is said that it does nothing."""
        event.stop()
        event.prevent_default()
        key = self.keys.by_key.get(event.key)
        # keys that were on their way while a dialog opened open no second one
        if key is not None and (self.app.screen is self or key.id == "pause"):
            self.do(key)
        elif key is None and self.app.screen is self:
            self.say(no_key(event.key, event.character, self.keys), "warn")

    def do(self, key: Key) -> None:
        """What a key of the registry means."""
        if self.tour is not None:
            self.tour.pressed(key)
        handlers: dict[str, Callable[[Key], None]] = {
            "act": self._acting.pressed,
            "people": self._acting.pressed,
            "play": self._play,
            "look": self._looking.pressed,
            "tool": self.tools.pressed,
            "move": self._looking.moved,
            "screen": self._looking.opened,
            "safe": self._looking.without_effect,
        }
        handlers[key.group](key)

    def on_paste(self, event: events.Paste) -> None:
        """A paste is not a row of keys."""
        event.stop()

    def _play(self, key: Key) -> None:
        if self.deck is None or self.app.screen is not self:
            return
        if key.play in ("jump", "bookmark") and is_small(*self.app.size):
            self.say("the terminal is too small to type into")
        else:
            self.deck.pressed(key, ask=self.prompt, say=self.say)

    def prompt(self, title: str, value: str, done: Callable[[str | None], None]) -> None:
        """Ask for one line of text; `done` gets it, or None."""
        screen = PromptScreen(self.look, self.snapshot, title=title, value=value)
        self.app.push_screen(screen, done)
