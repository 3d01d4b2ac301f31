"""Copying out of a screen that may be far away: what is sent where, and saying exactly that.

Nothing answers whether a terminal took what was sent, so nothing here ever says "copied". Under
tmux the program `tmux` is asked, since its defaults let no sequence through; in GNU screen the
sequence is wrapped; what is too long for terminals goes into a file that only its owner can read.
"""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from cockpit.tui.clean import clean
from cockpit.tui.format import count

MAX_BASE64: Final = 74_994
"""Longer ones are dropped by terminals without a word."""
SCREEN_PIECE: Final = 76
"""GNU screen passes on short strings only."""
TMUX_S: Final = 2.0

Write = Callable[[str], None]
"""Straight to the terminal."""


class RunTmux(Protocol):
    """`tmux` with arguments and a text on its standard input; whether it succeeded."""

    async def __call__(self, *arguments: str, text: bytes) -> bool:
        """Run it."""


def as_markdown(head: str, said: Sequence[tuple[str, str]]) -> str:
    """A row in words, as a list."""
    return "\n".join([f"**{clean(head)}**", "", *(f"- {clean(w)}: {clean(t)}" for w, t in said)])


def as_block(head: str, rows: Sequence[str]) -> str:
    """Rows as they stand on the screen."""
    return "\n".join(
        [f"**{clean(head)}**", "", "```", *(clean(row).rstrip() for row in rows), "```"]
    )


def osc_52(text: str) -> str:
    """The sequence that asks a terminal to take a text into its clipboard."""
    return f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07"


def through_screen(sequence: str) -> str:
    """A sequence for the terminal around GNU screen, in pieces that it passes on."""
    at = range(0, len(sequence), SCREEN_PIECE)
    return "".join(f"\x1bP{sequence[i : i + SCREEN_PIECE]}\x1b\\" for i in at)


async def send(
    text: str, environment: Mapping[str, str], *, write: Write, tmux: RunTmux | None = None
) -> str:
    """Send it out by the way that works here; the sentence that says what was done."""
    data = text.encode()
    size = f"{count(len(data))} bytes"
    if environment.get("TMUX"):
        run = tmux or run_tmux
        if await run("load-buffer", "-w", "-", text=data):
            # this succeeds with no terminal attached, too: it proves the buffer alone
            return f"{size} in tmux's buffer (prefix ]); if its terminal took them, pasting shows"
        if await run("load-buffer", "-", text=data):
            return f"{size} in tmux's buffer: prefix ] pastes them"
    sequence = osc_52(text)
    if environment.get("TERM") == "linux":
        return in_file(data, f"this terminal has no clipboard: {size}")
    if len(sequence) > MAX_BASE64:
        return in_file(data, f"too much for a terminal: {size}")
    if environment.get("STY"):
        write(through_screen(sequence))
        return f"{size} sent through screen; whether its terminal took them, pasting shows"
    write(sequence)
    return f"{size} sent to the terminal; whether it took them, pasting shows"


def in_file(data: bytes, why: str) -> str:
    """Where no terminal takes it; the sentence that says so. `why` ends in the size."""
    try:
        with tempfile.NamedTemporaryFile(
            prefix="cockpit-", suffix=".md", delete=False
        ) as file:  # only its owner may read it
            file.write(data)
    except OSError as error:
        return f"{why}, not sent; no file either: {error.strerror}"
    return f"{why}, kept in {Path(file.name)}"


async def run_tmux(*arguments: str, text: bytes) -> bool:
    """As `RunTmux`. Never waits for long."""
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux", *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return False
    try:
        async with asyncio.timeout(TMUX_S):
            await process.communicate(text)
    except (TimeoutError, OSError):
        process.kill()
        await process.wait()
        return False
    return process.returncode == 0
