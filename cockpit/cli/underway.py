"""Finds the flights that are under way: this user's own, and those of others whose plan lets a Unix
group in that this user is in.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

from cockpit.cli.launch import is_running, running_sessions
from cockpit.cli.recordings import several
from cockpit.engine.folders import SessionFolder
from cockpit.engine.shared import shared_sockets


@dataclass(frozen=True, slots=True)
class Flight:
    """One that can be attached to."""

    id: str
    socket: Path
    owner: str = ""
    """Whose engine it is; empty: this user's."""
    folder: SessionFolder | None = None
    """None: it is another user's, and only the socket may be reached."""

    @property
    def name(self) -> str:
        """As it is written to mean this one and no other."""
        return f"{self.owner}/{self.id}" if self.owner else self.id

    def goes_on(self) -> bool:
        """Whether its engine is still at work."""
        return is_running(self.folder) if self.folder is not None else _listens(self.socket)


def _listens(path: Path) -> bool:
    """Whether anybody does: an engine that was killed leaves its socket behind."""
    with socket.socket(socket.AF_UNIX) as one:
        one.setblocking(False)
        try:
            one.connect(str(path))
        except OSError as error:
            return error.errno in (errno.EAGAIN, errno.EACCES)  # busy, or not for us
    return True


def flights() -> tuple[Flight, ...]:
    """All that may be reached: this user's own first, each oldest first."""
    own = [
        Flight(one.id, Path(str(one.read_meta()["socket"])), folder=one)
        for one in running_sessions()
    ]
    others = [Flight(path.stem, path, owner) for owner, path in shared_sockets()]
    return (*own, *others)


def find_running(name: str | None) -> Flight | str:
    """The flight to attach to, by name, `user/name` or how it begins; or why there is none."""
    known = flights()
    if name is None:
        found = known
    else:
        exact = [one for one in known if name in (one.id, one.name)]
        found = tuple(exact) or tuple(
            one for one in known if one.id.startswith(name) or one.name.startswith(name)
        )
    if not found:
        return "no flight is under way" if name is None else f"no running session is called {name}"
    if len(found) > 1:
        if name is not None:
            return several(name, [one.name for one in found])
        return "several flights are under way, name one: " + ", ".join(one.name for one in found)
    return found[0]
