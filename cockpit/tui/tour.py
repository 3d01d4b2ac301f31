"""`cockpit demo --tour`: captions beside a simulated flight that say what to press, and why.

Never presses anything and never hurries anybody: a caption stays until what it asks for has
happened, or until it is turned over. Knows no session; it sees what the screen sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cockpit.core.snapshot import Snapshot
from cockpit.tui.keys import Key, KeyTable
from cockpit.tui.lines import Lines
from cockpit.tui.look import Look
from cockpit.tui.text import Line, cut, wrap

ROWS: Final = 4
"""Of a caption, its heading included."""

Seen = Callable[[Snapshot], bool]


@dataclass(frozen=True, slots=True)
class Caption:
    """One stop of the tour."""

    title: str
    text: str
    seen: Seen | None = None
    """What the flight must have come to before the next one."""
    key: str = ""
    """Or the action of the key that it asks for. Neither: it is turned over."""


def _word(number: int, *words: str) -> Seen:
    return lambda now: len(now.waves) > number and now.waves[number].word in words


def _armed(now: Snapshot) -> bool:
    return now.armed is not None


CAPTIONS: Final = (
    Caption(
        "A SIMULATED flight: no cluster is touched, whatever you press",
        "Two waves of services move from one Kafka to another. The first succeeds, the second goes "
        "wrong. Nothing happens until you press a key. > turns to the next caption, < back.",
    ),
    Caption(
        "The two lines at the top never move",
        "Plan, wave and step; who owns the WRITES, as read from the clusters; whether ROLLBACK is "
        "possible and what it costs; how old each side's data is. What is not known is ?, never a "
        "number. Press >.",
    ),
    Caption(
        "Press 6: the gates",
        "A wave begins only when every gate passes. Each shows its reading, its limit, how long it "
        "has held, and what it stands on. UNKNOWN never passes.",
        key="pane.gates",
    ),
    Caption(
        "Press esc, and once A has no brackets, A",
        "Esc leads back to the overview. A in brackets is closed: press it and it says why. Open, "
        "A only shows what advancing would do: nothing is begun by it.",
        seen=lambda now: _armed(now) or _word(0, "running", "done")(now),
    ),
    Caption(
        "Read what would be done; then one Y",
        "Enter cancels, a held key counts for nothing, and a Y counts only when it is pressed "
        "alone after half a second. Press Y. Closed after 15 seconds? A shows it again.",
        seen=_word(0, "running", "done"),
    ),
    Caption(
        "The first wave flies: readers",
        "The readers stop, their offsets are set on the target, they start there, and for 15 "
        "seconds are watched. P would pause at once. 3 shows the groups; esc leads back.",
        seen=_word(0, "done"),
    ),
    Caption(
        "The second wave moves the writers: A, then Y",
        "Wait until A has no brackets: the gates must hold for five seconds. What cannot be taken "
        "back for nothing asks for the wave's name as well.",
        seen=_word(1, "running", "rolling back", "rolled back", "done"),
    ),
    Caption(
        "WRITES: FENCED, and a clock against a deadline",
        "Nobody can write now: a fence is proved on every broker while the last records cross. "
        "Soon the shop's errors burst, on purpose.",
        seen=_word(1, "rolling back", "rolled back", "pending"),
    ),
    Caption(
        "A trigger fired, and the wave went back by itself",
        "The plan says at how many errors. The fence was lifted first, so that clients were "
        "blocked for seconds. 7 tells it line by line, esc leads back. Then >.",
    ),
    Caption(
        "Press m: leave a note for the review",
        "Write what you saw, then Enter. Gates, triggers, keys and notes are in the recording, "
        "which `cockpit replay` and `cockpit report` show after a real flight.",
        key="note",
    ),
    Caption(
        "Fly it again: A, then Y",
        "The burst is over. When checkout-errors has passed for five seconds, A is open again.",
        seen=_word(1, "running", "done"),
    ),
    Caption(
        "Watch ROLLBACK in the second line",
        "Until the producers start on the target going back is free. Then it has a price, and with "
        "the first record there it is closed: the screen says so before and after.",
        seen=_word(1, "done"),
    ),
    Caption(
        "That was it",
        "E, then Y ends the flight; q leaves. : finds every command, ? every key. `make lab` flies "
        "the same on real clusters of this machine, `cockpit init` begins a plan of your own.",
    ),
)

KEYS: Final = (
    Key("tour.next", ("greater_than_sign",), ">", group="tool", help="the tour's next caption"),
    Key("tour.back", ("less_than_sign",), "<", group="tool", help="the tour's caption before"),
)


def with_tour(table: KeyTable) -> KeyTable:
    """A table and the tour's keys, where a user has not given them away."""
    free = tuple(key for key in KEYS if key.keys[0] not in table.by_key)
    return KeyTable.of((*table.keys, *free))


class Tour:
    """Where somebody is on the tour, and the rows that say so."""

    def __init__(self, look: Look) -> None:
        self.lines = Lines(look, id="tour")
        self.at = 0
        self._furthest = 0

    def take(self, now: Snapshot) -> None:
        """Go on where the flight has come to what the caption waited for."""
        caption = CAPTIONS[self.at]
        if self.at == self._furthest and caption.seen is not None and caption.seen(now):
            self.turn(1)

    def pressed(self, key: Key) -> None:
        """Go on where this was the key that the caption asked for."""
        if key.id == "tour.next":
            self.turn(1)
        elif key.id == "tour.back":
            self.turn(-1)
        elif key.id == CAPTIONS[self.at].key:
            self.turn(1)

    def turn(self, by: int) -> None:
        """To another caption."""
        self.at = max(0, min(len(CAPTIONS) - 1, self.at + by))
        self._furthest = max(self._furthest, self.at)
        self.draw(self.lines.size.width)

    def draw(self, width: int) -> None:
        """Show the caption in this width."""
        self.lines.show(caption_lines(self.at, width))


def caption_lines(at: int, width: int) -> tuple[Line, ...]:
    """A caption's rows: a heading with the place on the tour, and its text."""
    caption = CAPTIONS[at]
    place = f" TOUR {at + 1}/{len(CAPTIONS)} "
    text = cut(f" {caption.title}", max(0, width - len(place) - 1))
    gap = " " * max(1, width - len(place) - len(text))
    head = Line(((text, "head.on"), (gap, "head.on"), (place, "badge.sim")), "head.on")
    rows = list(wrap(caption.text, max(10, width - 2)))
    if len(rows) >= ROWS:  # narrow: what to press stands in the heading
        rows[ROWS - 2 :] = [cut(" ".join(rows[ROWS - 2 :]), width - 2)]
    return (head, *(Line(((f" {row}", "text"),)) for row in rows))
