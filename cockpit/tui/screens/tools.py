"""What the tools do: the palette, copying, the newest alarm, the event log, the time here.

None of them acts on a flight.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from cockpit.core.snapshot import Snapshot
from cockpit.tui.alarms import unseen
from cockpit.tui.copying import as_block, as_markdown, send
from cockpit.tui.format import age, day, utc
from cockpit.tui.grid import Grid
from cockpit.tui.keys import Key, deliberate, why_not
from cockpit.tui.layout import is_small
from cockpit.tui.screens.detail import DetailScreen
from cockpit.tui.screens.palette import PaletteScreen

if TYPE_CHECKING:
    from cockpit.tui.screens.board import Board

SEND_AGAIN_S = 1.0


class Tools:
    """The tools of a board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._sent_lately = False

    def pressed(self, key: Key) -> None:
        """Do what a key of the group `tool` means."""
        board = self._board
        if board.app.screen is not board:
            return  # a key that was on its way while a page opened
        if key.id.startswith("tour."):
            return  # the tour has seen it
        if key.id == "palette":
            self._palette()
        elif board.snapshot is None:
            board.say("no data from the engine yet")
        elif key.id == "local_time":
            board.say(time_here(board.snapshot.at_ms))
        elif key.id in {"log_back", "log_on"}:
            self._log(-1 if key.id == "log_back" else 1)
        elif is_small(*board.app.size):
            board.say("the terminal is too small for that")
        elif key.id == "copy":
            self.copy(self._pane_text(board.snapshot))
        elif key.id == "newest_alarm":
            self._newest_alarm(board.snapshot)

    def _palette(self) -> None:
        board = self._board
        if is_small(*board.app.size):
            board.say("the terminal is too small for that")
            return
        screen = PaletteScreen(board.look, board.snapshot, board.keys.keys, self._why_not)
        board.app.push_screen(screen, self._chosen)

    def _why_not(self, key: Key) -> str:
        board = self._board
        return why_not(key, board.snapshot, ended=board.link.ended, seat=board.seat())

    def _chosen(self, key: Key | None) -> None:
        if key is not None and deliberate(key):
            why = self._why_not(key)
            how = f"not now: {why}" if why else f"press {key.shown}, no Enter begins what acts"
            self._board.say(f"{key.id}: {how}", "warn")
        elif key is not None:
            self._board.do(key)

    def _pane_text(self, snapshot: Snapshot) -> str:
        """The chosen row in words, or all rows of a pane that has none to choose."""
        pane = self._board.panes[self._board.chosen]
        status = snapshot.status
        head = f"{status.plan}, {pane.title()}, {day(snapshot.at_ms)} {utc(snapshot.at_ms)}"
        if isinstance(pane, Grid) and (said := pane.chosen_detail()):
            return as_markdown(head, said)
        rows = (pane.row(index, pane.size.width) for index in range(pane.count()))
        return as_block(head, ["".join(text for text, _ in row.chunks) for row in rows])

    def copy(self, text: str) -> None:
        """Send a text to the terminal's clipboard, and say what was done."""
        if not self._sent_lately:  # a held key sends once
            self._sent_lately = True
            self._board.set_timer(SEND_AGAIN_S, self._may_send)
            self._board.app.run_worker(self._copied(text), name="copy", exit_on_error=False)

    def _may_send(self) -> None:
        self._sent_lately = False

    async def _copied(self, text: str) -> None:
        self._board.say(await send(text, os.environ, write=self._write))

    def _write(self, sequence: str) -> None:
        driver = self._board.app._driver
        if driver is not None:
            driver.write(sequence)
            driver.flush()

    def _log(self, events: int) -> None:
        log = self._board.panes["log"]
        if log.display:
            log.move(events)
        else:
            self._board.say("the event log is not on the screen: 7 shows it")

    def _newest_alarm(self, snapshot: Snapshot) -> None:
        said = newest_alarm(snapshot, can_act=self._board.deck is None)
        if not said:
            self._board.say("no alarm waits to be acknowledged")
            return
        screen = DetailScreen(self._board.look, snapshot, title="the newest alarm", said=said)
        self._board.app.push_screen(screen)


def newest_alarm(snapshot: Snapshot, *, can_act: bool = True) -> tuple[tuple[str, str], ...]:
    """The alarm that came last of those that nobody has acknowledged, in words; empty: none."""
    waiting = unseen(snapshot)
    if not waiting:
        return ()
    # one that the engine has not raised yet is newer than all that it has
    alarm = max(waiting, key=lambda one: snapshot.at_ms if one.since_ms is None else one.since_ms)
    since = "just now"
    if alarm.since_ms is not None:
        since = f"{utc(alarm.since_ms)}, {age(snapshot.at_ms - alarm.since_ms)} ago"
    more = f"{len(waiting)} in all, the worst first on the page of h"
    level = "priority 1" if alarm.level == "bad" else "priority 2"
    how = (("and then", "K acknowledges the worst one first"),) if can_act else ()
    return (
        ("alarm", alarm.text), ("about", alarm.subject), ("level", level), ("since", since),
        ("waiting", more), *how,
    )  # fmt: skip


def time_here(at_ms: int, zone: tzinfo | None = None) -> str:
    """The snapshot's time in UTC and by the clock on the wall; `zone` None: the machine's."""
    there = datetime.fromtimestamp(at_ms / 1_000, tz=UTC).astimezone(zone)
    name = there.tzname() or ""
    return f"{utc(at_ms)} is {there:%H:%M:%S} here ({name} {there:%z}); the screen stays in UTC"
