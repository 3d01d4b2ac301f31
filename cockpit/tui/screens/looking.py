"""Keys of the board that change what is seen: panes, order, filters, the cursor, pages over it.

Never sends anything to the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cockpit.tui.grid import Grid
from cockpit.tui.keys import Key
from cockpit.tui.layout import PANES, is_small
from cockpit.tui.pointing import gone_to, pane_of
from cockpit.tui.screens.detail import DetailScreen
from cockpit.tui.screens.health import HealthScreen
from cockpit.tui.screens.help import HelpScreen
from cockpit.tui.screens.leave import LeaveScreen
from cockpit.tui.span import further, nearer
from cockpit.tui.timeline import LEGEND

if TYPE_CHECKING:
    from cockpit.tui.panes.signals import SignalsPane
    from cockpit.tui.screens.board import Board


class Looking:
    """What the board's keys change on this screen alone."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def pressed(self, key: Key) -> None:
        """A key about what is shown."""
        board = self._board
        pane = board.panes[board.chosen]
        if key.pane is not None:
            board.zoom(key.pane)
        elif key.id == "overview":
            if isinstance(pane, Grid) and pane.pattern:
                pane.set_filter("")
                board.say("filter cleared")
            else:
                board.zoom(None)
        elif key.id == "there":
            self._go_there()
        elif key.id == "theme":
            board.say(*board.cockpit.next_theme())
        elif key.id == "zoom":
            board.zoom(None if board.zoomed else board.chosen)
        elif key.id in {"nearer", "further"}:
            board.say(self._time_zoomed(key))
        elif key.id in {"next", "previous"}:
            self._choose(1 if key.id == "next" else -1)
        elif not isinstance(pane, Grid):
            board.say(f"{key.shown}: pane {pane.number} is no table; 2, 3, 5 and 8 are")
        elif key.id == "filter":
            board.prompt("show rows that match (regular expression; =text as it is; ! others; "
                         "empty: all)", pane.pattern, self._filtered)  # fmt: skip
        else:
            do = {
                "sort": pane.sort_next, "reverse": pane.sort_reverse,
                "wave_only": pane.toggle_wave, "problems": pane.toggle_problems,
                "pin": pane.pin, "group_by": pane.group_next,
            }[key.id]  # fmt: skip
            board.say(do())

    def moved(self, key: Key) -> None:
        """A key that moves the cursor or scrolls."""
        pane = self._board.panes[self._board.chosen]
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

    def opened(self, key: Key) -> None:
        """A key that opens a page over the board, or leaves something."""
        board = self._board
        if board.app.screen is not board:
            return  # a key that was on its way while a page opened opens no second one
        if key.id in {"detail", "health"}:
            self._overlay(key)
        elif key.id == "help" and not is_small(*board.app.size):
            notes = () if board.deck is None else (f"On the time line: {LEGEND}.",)
            page = HelpScreen(board.look, board.snapshot, board.keys, *notes)
            board.app.push_screen(page)
        elif key.id == "help":
            board.say("P pauses, q leaves" if board.deck is None else "space plays, q leaves")
        elif key.id == "quit":
            board.cockpit.leave("quit")
        elif board.link.ended:
            board.cockpit.leave("session ended")
        elif board.zoomed is not None:
            board.zoom(None)
        elif board.deck is not None:
            board.cockpit.leave("quit")
        else:
            board.app.push_screen(LeaveScreen(board.look, board.snapshot), self._leave_answered)

    def without_effect(self, key: Key) -> None:
        """A key that reflexes press: say what it does not do."""
        if key.id == "inert":
            self._board.say("this is a recording: keys that act do nothing here", "warn")
        elif self._board.deck is not None:
            self._board.say("that key does nothing here, on purpose: q leaves the replay")
        else:
            text = "that key does nothing here, on purpose: P pauses, q leaves the screen"
            self._board.say(text)

    def _time_zoomed(self, key: Key) -> str:
        signals = cast("SignalsPane", self._board.panes["signals"])
        if not signals.display:
            return f"{key.shown}: no plot on the screen: {signals.number} has them"
        return signals.zoom_time(nearer if key.id == "nearer" else further)

    def _go_there(self) -> None:
        board = self._board
        pointed = None if board.snapshot is None else board.snapshot.crew.pointed
        name = pane_of(pointed)
        if pointed is None or name is None:
            board.say("nobody points at anything")
            return
        if not board.panes[name].display:
            board.zoom(name)
        board.chosen = name
        board.rearrange()
        board.say(gone_to(board.panes[name], pointed))

    def _overlay(self, key: Key) -> None:
        board = self._board
        pane = board.panes[board.chosen]
        said = pane.chosen_detail() if isinstance(pane, Grid) else ()
        if is_small(*board.app.size):
            board.say("the terminal is too small for that")
        elif key.id == "health":
            board.app.push_screen(HealthScreen(board.look, board.snapshot))
        elif not said:
            board.say(f"{key.shown}: no row with more to say; panes 2, 3, 5 and 8 have them")
        else:
            page = DetailScreen(board.look, board.snapshot, title=pane.title(), said=said)
            board.app.push_screen(page)

    def _choose(self, step: int) -> None:
        board = self._board
        shown = [name for name in PANES if board.panes[name].display]
        if board.zoomed is not None:
            board.zoom(PANES[(PANES.index(board.zoomed) + step) % len(PANES)])
        elif shown:
            place_now = shown.index(board.chosen) if board.chosen in shown else 0
            board.chosen = shown[(place_now + step) % len(shown)]
            board.rearrange()

    def _filtered(self, text: str | None) -> None:
        pane = self._board.panes[self._board.chosen]
        if text is not None and isinstance(pane, Grid):
            pane.set_filter(text.strip())
            self._board.say(pane.filtered())

    def _leave_answered(self, answer: bool | None) -> None:
        if answer:
            self._board.cockpit.leave("quit")
