"""The part of the board that plays a recording: the time line, and what its keys ask for.

There is none on a flight's screen. Holds no position: the player does.
"""

from __future__ import annotations

from collections.abc import Callable

from cockpit.ports import Player
from cockpit.tui.format import utc
from cockpit.tui.keys import Key
from cockpit.tui.lines import Lines
from cockpit.tui.look import Look
from cockpit.tui.timeline import timeline

Ask = Callable[[str, str, Callable[[str | None], None]], None]
"""Ask for a text: the question, what stands there already, what to do with the answer."""
JUMP_TITLE = "jump to a time (UTC): 02:14:07, +90s, -5m, start, end"


class Deck:
    """A player on the screen."""

    def __init__(self, look: Look, player: Player) -> None:
        self.player = player
        self.lines = Lines(look, id="timeline")

    def draw(self, width: int, rows: int) -> None:
        """The time line as it is now."""
        self.lines.show(timeline(self.player.view(), width=width, rows=rows))

    def pressed(self, key: Key, *, ask: Ask, say: Callable[[str], None]) -> None:
        """Do what a key of the group `play` means."""
        verb, at_ms = key.play, self.player.view().at_ms
        if verb is None:
            return

        def answered(text: str | None) -> None:
            if text is not None and (verb == "bookmark" or text.strip()):
                say(self.player.press(verb, text, at_ms=at_ms))

        match verb:
            case "jump":
                ask(JUMP_TITLE, "", answered)
            case "bookmark":
                # about the moment of the key: typing takes its time, and it may go on playing
                ask(f"a note for the bookmark at {utc(at_ms)}", "", answered)
            case _:
                say(self.player.press(verb))
