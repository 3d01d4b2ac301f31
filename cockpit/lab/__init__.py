"""Real clusters on this machine, for trying and for tests: `up`, `status`, `restart`, `down`.

Never used by the cockpit itself while it flies: to it the lab is a source and a target like any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

__all__ = ["down", "restart", "status", "up"]
Progress = Callable[[str], None]


def _silent(_text: str) -> None:
    """Tell nobody."""


def up(
    folder: Path | None = None,
    progress: Progress = _silent,
    *,
    brokers: int = 1,
    profile: str = "default",
) -> Status:
    """Start a lab, wait until all of it answers, and leave it running. Raises LabError.

    `brokers`: of the source, one or two. `profile`: one of `cockpit.lab.profiles.PROFILES`. A lab
    that runs already is left as it is. `progress` is called with a line at each advance. Not to be
    called from a running event loop; the same goes for the others.
    """
    return asyncio.run(_up(folder, progress, brokers, profile))


def status(folder: Path | None = None) -> Status:
    """Which parts of the lab live and answer. Raises LabError when its record is damaged."""
    from cockpit.lab.home import default_folder
    from cockpit.lab.looking import read_status

    return asyncio.run(read_status(folder or default_folder()))


def down(folder: Path | None = None, progress: Progress = _silent) -> tuple[str, ...]:
    """Stop exactly what this lab started; names of it. Raises LabError."""
    from cockpit.lab.home import default_folder
    from cockpit.lab.stopping import take_down

    return asyncio.run(take_down(folder or default_folder(), progress))


def restart(folder: Path, name: str, progress: Progress = _silent) -> None:
    """Start one part again that was killed, and wait until it answers. Raises LabError.

    A service comes back stopped: `/start` is for the caller.
    """
    from cockpit.lab.restarting import start_again

    asyncio.run(start_again(folder, name, progress))


async def _up(folder: Path | None, progress: Progress, brokers: int, profile: str) -> Status:
    from cockpit.lab.home import default_folder
    from cockpit.lab.looking import read_status
    from cockpit.lab.profiles import profile_named
    from cockpit.lab.starting import bring_up

    chosen = folder or default_folder()
    await bring_up(chosen, progress, brokers=brokers, profile=profile_named(profile))
    return await read_status(chosen)
