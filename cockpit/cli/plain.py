"""`--plain`, the screen without a screen: lines on standard output, commands on standard input."""

from __future__ import annotations

import argparse
import asyncio
import codecs
import os
import sys
import threading
from typing import TYPE_CHECKING, Final

from cockpit.cli.output import clean_line, complain, say

if TYPE_CHECKING:
    from cockpit.ports import Session
    from cockpit.tui.linewise import Linewise
    from cockpit.tui.result import ScreenResult

MAX_LINE: Final = 1_000
"""Characters of a line; what is longer is cut."""

Lines = asyncio.Queue[tuple[str, float]]
"""What was typed, and when it came by the event loop."""


def is_wanted(options: argparse.Namespace) -> bool:
    """Whether lines are wanted, or are all that this terminal can show."""
    from cockpit.tui.terminal import on_a_terminal, why_unfit

    if options.plain:
        return True
    return on_a_terminal() and bool(why_unfit(os.environ, is_terminal=True))


def run_plain(session: Session, options: argparse.Namespace, *, user: str) -> ScreenResult:
    """Tell what happens until the session ends or somebody leaves; blocking. Where nothing can be
    typed any more it goes on telling."""
    from cockpit.tui.result import ScreenResult
    from cockpit.tui.terminal import why_unfit

    if not options.plain:
        complain(f"{why_unfit(os.environ, is_terminal=True)}: plain lines instead, as of --plain")
    try:
        return asyncio.run(_follow(session, user))
    except KeyboardInterrupt:  # a reflex leaves, and changes nothing in the flight
        return ScreenResult(reason="quit")


async def _follow(session: Session, user: str) -> ScreenResult:
    from cockpit.tui.linewise import Linewise

    person = Linewise(session, user=user, tell=lambda text: say(clean_line(text)))
    lines: Lines = asyncio.Queue()
    loop = asyncio.get_running_loop()
    # a thread, since the event loop cannot wait for every kind of standard input
    reader = threading.Thread(target=_read, args=(loop, lines), name="typed", daemon=True)
    reader.start()
    async with asyncio.TaskGroup() as group:
        typing = group.create_task(_type(person, lines), name="commands")
        try:
            return await person.follow()
        finally:
            typing.cancel()


def _read(loop: asyncio.AbstractEventLoop, lines: Lines) -> None:
    """Past Python's own buffer, whose lock a thread that waits would still hold at the end."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    begun = ""
    try:
        file = sys.stdin.fileno()
        while data := os.read(file, 4_096):
            *whole, begun = (begun + decoder.decode(data)).split("\n")
            begun = begun[:MAX_LINE]
            for line in whole:
                loop.call_soon_threadsafe(_came, loop, lines, line[:MAX_LINE])
    except (RuntimeError, ValueError, OSError):
        return  # the loop is closed, or nothing can be read


def _came(loop: asyncio.AbstractEventLoop, lines: Lines, line: str) -> None:
    lines.put_nowait((line, loop.time()))


async def _type(person: Linewise, lines: Lines) -> None:
    while True:
        await person.typed(*await lines.get())
