"""Keys of the board that change the flight or speak to its people: each becomes an intent, or the
reason why it does nothing.

Never decides anything about the flight: the engine has the last word on every intent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cockpit.core.intents import AddNote, Arm, Pause
from cockpit.tui.controls import ASKS, driving
from cockpit.tui.keys import Key, why_not
from cockpit.tui.layout import is_small
from cockpit.tui.pointing import point

if TYPE_CHECKING:
    from cockpit.core.intents import Verb
    from cockpit.core.snapshot import Snapshot
    from cockpit.tui.screens.board import Board

ARM_AGAIN_S = 1.0
"""A held key arms once, not thirty times a second."""


class Acting:
    """What the board's keys ask of the engine."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._armed_lately = False

    def pressed(self, key: Key) -> None:
        """Send what the key means, or say why not."""
        board = self._board
        small = is_small(*board.app.size)
        ended, seat, snapshot = board.link.ended, board.seat(), board.snapshot
        why = why_not(key, snapshot, ended=ended, small=small, seat=seat)
        if key.id == "pause" and not ended:
            board.cockpit.send(Pause(by=board.user))
            board.say(why or "pause sent", "warn", log=True)
        elif why:
            board.say(f"{key.shown} {key.label}: {why}", "warn", log=True)
        elif key.id == "note":
            board.prompt("note for the log and the review", "", self._noted)
        elif key.id == "point":
            board.cockpit.send(point(board.panes, board.chosen, user=board.user))
        elif snapshot is not None:
            self._on(key, snapshot)

    def _on(self, key: Key, snapshot: Snapshot) -> None:
        board = self._board
        if key.id == "drive":
            if self._first_press():
                board.asking.ask(driving(snapshot, user=board.user, seat=board.seat()))
        elif key.id == "go":
            board.asking.say_go(snapshot)
        elif key.id in ASKS:
            board.asking.ask(ASKS[key.id](snapshot, user=board.user))
        elif key.id == "end":
            board.asking.end(snapshot)
        elif key.verb is not None and self._first_press():
            # what is paused and ended needs no arming, and was handled above
            board.cockpit.send(Arm(cast("Verb", key.verb), by=board.user))
            board.say(f"{key.label}: asking the engine what it would do")

    def _first_press(self) -> bool:
        """Whether this is no repetition of a key that is held."""
        if self._armed_lately:
            return False
        self._armed_lately = True
        self._board.set_timer(ARM_AGAIN_S, self._may_arm)
        return True

    def _may_arm(self) -> None:
        self._armed_lately = False

    def _noted(self, text: str | None) -> None:
        if text and text.strip():
            self._board.cockpit.send(AddNote(text.strip(), by=self._board.user))
            self._board.say("note sent")
