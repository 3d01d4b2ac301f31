"""The runtime folder of an engine that lets a Unix group in: 2750, its sockets 0660, both of that
group. Who is let in by the folder is not yet on the flight: the plan's list decides, by the uid
that the kernel tells.
"""

from __future__ import annotations

import grp
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cockpit.engine.folders import FolderError, user_name

BASE: Final = Path("/tmp")  # noqa: S108  # every folder below is proved to be whose it says it is
FOLDER_MODE: Final = 0o2750
SOCKET_MODE: Final = 0o660
_NAME: Final = re.compile(r"cockpit-(\d+)-(\d+)")


def group_id(name: str) -> int:
    """The number of a Unix group on this machine. Raises FolderError."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise FolderError(f"the plan lets the Unix group {name} in: there is none here") from None


def shared_folder(gid: int, base: Path = BASE) -> Path:
    """Make the folder of this user's engines for a group, or prove that it is ours. Raises
    FolderError, also where this user is not in the group."""
    path = base / f"cockpit-{os.getuid()}-{gid}"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise FolderError(f"{path}: not a folder of this user")
        os.chown(path, -1, gid)
        path.chmod(FOLDER_MODE)
        kept = stat.S_IMODE(path.lstat().st_mode)
    except PermissionError as error:
        why = "the engine's user is not in the plan's Unix group"
        raise FolderError(f"{path}: {error.strerror}: {why}") from error
    except OSError as error:
        raise FolderError(f"{path}: {error.strerror}") from error
    if kept != FOLDER_MODE:
        raise FolderError(f"{path}: its mode is {kept:o}, not {FOLDER_MODE:o}")
    return path


def open_to_group(socket: Path, gid: int) -> None:
    """Let the group reach a socket that only its owner could so far. Raises OSError."""
    os.chown(socket, -1, gid)
    socket.chmod(SOCKET_MODE)


def shared_sockets(base: Path = BASE) -> Iterator[tuple[str, Path]]:
    """Sockets of other users' engines that this user may reach, with whose they are.

    A folder or socket that is not its owner's own, or open to everybody, is passed over: whoever
    may write to the folder's parent could have put it there under another's name.
    """
    for folder in sorted(base.glob("cockpit-*-*")):
        named = _NAME.fullmatch(folder.name)
        if named is None or int(named[1]) == os.getuid():
            continue
        owner, gid = int(named[1]), int(named[2])
        try:
            found = folder.lstat()
            sockets = sorted(folder.glob("*.sock")) if _is_of(found, owner, gid) else []
        except OSError:
            continue
        yield from ((user_name(owner), path) for path in sockets if _is_socket_of(path, owner))


def _is_of(found: os.stat_result, owner: int, gid: int) -> bool:
    mine = found.st_uid == owner and found.st_gid == gid
    return mine and stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == FOLDER_MODE


def _is_socket_of(path: Path, owner: int) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == owner
