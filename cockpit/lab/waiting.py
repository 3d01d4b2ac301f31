"""Waiting for a part of the lab until it answers, or is known not to.

Never starts or stops anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from cockpit.lab.home import LabError
from cockpit.lab.procs import Process, alive

ANSWER_TIMEOUT_S = 120.0
"""Ten times what the slowest part needs on two idle cores."""
POLL_S = 0.1
Asking = Callable[[], Awaitable[bool]]
"""Asks a part once whether it does its work."""


class PartDiedError(LabError):
    """A process ended while the lab waited for it."""


async def wait_for_answer(name: str, process: Process, answers: Asking, *, log: Path) -> None:
    """Ask until the part answers. Raises LabError when its process ends or it takes too long."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            while not await answers():
                if not alive(process):
                    raise PartDiedError(f"{process.name} ended:\n{_tail(log)}")
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise LabError(
            f"{name} did not answer within {ANSWER_TIMEOUT_S:.0f} s:\n{_tail(log)}"
        ) from None


def _tail(log: Path, lines: int = 12) -> str:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return f"(no log at {log})"
    return "\n".join([*text.strip().splitlines()[-lines:], f"(all of it: {log})"])
