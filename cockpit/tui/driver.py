"""How the screen's output reaches the terminal: never waited for, and never queued.

Textual's own driver hands frames to a thread by a queue of thirty; once a link stands still and the
queue is full, the event loop stands still too. Here a frame changes a picture (`cells`), and while
the terminal takes nothing newer frames change it again: what is sent when it takes something is the
way to the newest picture, whatever was left out between. At most one piece of output waits.
"""

from __future__ import annotations

import os
import queue
import re
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from textual.drivers.linux_driver import LinuxDriver

from cockpit.tui.cells import FRAME, Cells
from cockpit.tui.pens import Pens

if TYPE_CHECKING:
    from textual.app import App

ALT_SCREEN: Final = re.compile(r"\x1b\[\?1049[hl]")
SYNC_START, SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
_HARMLESS: Final = re.compile(r"\x07|(?:\x1b\[[?><=]?[\d;]*\$?[hlupm])+")
"""A bell, modes and questions: they change nothing that is drawn, but for another screen."""
STALLED_S: Final = 2.0
"""A terminal that took nothing for so long is drawn anew as a whole."""
LEAVE_S: Final = 1.0
"""So long leaving waits for a terminal that takes nothing."""
MAX_CONTROLS: Final = 200
"""Bells and the like that wait for a terminal that takes nothing."""


class Outlet(threading.Thread):
    """Writes one piece after another, each when it is given; whoever gives waits for `free`."""

    def __init__(self, file: int, taken: Any) -> None:  # noqa: ANN401  # called by the thread
        super().__init__(daemon=True, name="cockpit-output")
        self._file = file
        self._taken = taken
        self._pieces: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def give(self, piece: bytes | None) -> None:
        """The next piece; None: there is no more."""
        self._pieces.put(piece)

    def run(self) -> None:
        """Until there is no more, or no terminal."""
        while (piece := self._pieces.get()) is not None:
            try:
                while piece:
                    piece = piece[os.write(self._file, piece) :]
            except OSError:
                return  # the hang-up that comes with it ends the screen
            self._taken()


class CellDriver(LinuxDriver):
    """Textual's driver for a terminal, but for its output."""

    few_colours = False
    to_the_end = False

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._cells = Cells(1, 1, Pens(few_colours=self.few_colours), to_the_end=self.to_the_end)
        self._controls: list[str] = []
        self._lock = threading.RLock()
        self._outlet: Outlet | None = None
        self._given_s: float | None = None
        """When the piece was given that the terminal has not taken yet."""
        self._synced = False
        self._closing = False

    def write(self, data: str) -> None:
        """A frame, or something else, which is kept as it is."""
        with self._lock:
            if data in (SYNC_START, SYNC_END):
                self._synced = True
                return
            if FRAME.match(data):
                self._fit()
                self._cells.draw(data)
            elif len(self._controls) < MAX_CONTROLS or ALT_SCREEN.match(data):
                self._controls.append(data)
                if ALT_SCREEN.match(data) or not _HARMLESS.fullmatch(data):
                    self._cells.forget()
            self._push()

    def _fit(self) -> None:
        size = self._get_terminal_size()
        if size != (self._cells.width, self._cells.height):
            self._cells.resize(*size)

    def _push(self) -> None:
        """Give what there is, if the terminal has taken what it was given."""
        if self._given_s is not None:
            return
        changes = self._cells.changes()
        if changes and self._synced:
            changes = f"{SYNC_START}{changes}{SYNC_END}"
        controls = "".join(self._controls)
        self._controls.clear()
        # nothing is drawn before its screen is there, nor after it is gone
        text = controls + changes if "\x1b[?1049h" in controls else changes + controls
        if not text:
            return
        if self._outlet is None:
            assert sys.__stderr__ is not None
            self._outlet = Outlet(sys.__stderr__.fileno(), self._was_taken)
            self._outlet.start()
        self._given_s = self._loop.time()
        self._outlet.give(text.encode("utf-8", "replace"))

    def _was_taken(self) -> None:
        with self._lock:
            if self._outlet is not threading.current_thread():
                return  # nobody waits for it any more
            given_s, self._given_s = self._given_s, None
            if given_s is not None and self._loop.time() - given_s > STALLED_S:
                self._cells.forget()
            self._push()
            if self._closing and self._given_s is None:
                self._outlet.give(None)

    def close(self) -> None:
        """The end; a terminal that takes nothing is not waited for long."""
        super().close()
        with self._lock:
            outlet, self._closing = self._outlet, True
            if outlet is not None and self._given_s is None:
                outlet.give(None)
        if outlet is not None:
            outlet.join(LEAVE_S)
        with self._lock:
            self._outlet, self._given_s, self._closing = None, None, False


class FewColoursDriver(CellDriver):
    """The same with no more than 256 colours."""

    few_colours = True


class RowsDriver(CellDriver):
    """The same, a changed row always to its end: for a terminal that gives some characters another
    width, in which a changed cell would land beside its place and leave the old one standing."""

    to_the_end = True


class FewColoursRowsDriver(RowsDriver):
    """The same with no more than 256 colours."""

    few_colours = True
