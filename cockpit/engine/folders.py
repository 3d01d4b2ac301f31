"""Where sessions live, and who may read them.

State: `$XDG_STATE_HOME/cockpit/sessions/<id>/` (0700, files 0600). Sockets have a runtime folder of
their own, short enough for the kernel's limit of 108 bytes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import pwd
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

MAX_SOCKET_BYTES = 100
"""The kernel takes 108, some of which a temporary name may need."""


SESSION_NAME = re.compile(r"\d{8}-\d{6}-")
"""How the name of a session's folder begins: what is called otherwise is none."""


class FolderError(Exception):
    """A folder is not ours, or cannot be made."""


class FlightTaken(Exception):  # noqa: N818  # an answer, not a defect
    """Somebody else on this host has these clusters by this plan. `session` is its name, if it said
    so; `taker` who is about to take it over, where it is no engine."""

    def __init__(self, session: str, taker: str = "") -> None:
        super().__init__(session)
        self.session = session
        self.taker = taker

    def words(self) -> str:
        """Why nothing else may begin, for a person."""
        if self.taker:
            what = f"session {self.session} is being taken over on this host already"
            return f"{what}, by {self.taker}"
        attach = f"cockpit attach {self.session}".strip()
        what = f"these clusters are being flown already by session {self.session}"
        return f"{what} on this host: {attach}"


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """One session on disk."""

    path: Path

    @property
    def id(self) -> str:
        """The session's name."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """Hash-chained journal."""
        return self.path / "journal.jsonl"

    @property
    def plan(self) -> Path:
        """The plan as flown."""
        return self.path / "plan.yaml"

    @property
    def meta(self) -> Path:
        """Who flies it: pid, socket, where the plan came from."""
        return self.path / "session.json"

    @property
    def recording(self) -> Path:
        """Everything that was seen and done."""
        return self.path / "recording.ckrec"

    @property
    def webhook(self) -> Path:
        """How far the notices to the plan's webhook are."""
        return self.path / "webhook.json"

    @property
    def log(self) -> Path:
        """What the engine process wrote to its standard output and error."""
        return self.path / "engine.log"

    def read_meta(self) -> Mapping[str, Any]:
        """The session's description; empty when there is none."""
        try:
            content = json.loads(self.meta.read_text()) if self.meta.is_file() else {}
        except (OSError, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}


def user_name(uid: int) -> str:
    """The login name of a user, or what he is called without one. A name service may hang."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return unnamed(uid)


def unnamed(uid: int) -> str:
    """What a user is called whose name nobody knows: nobody can have it as a login."""
    return f"uid {uid}"


def this_user() -> str:
    """Who runs this process, as the kernel knows it: the environment may say otherwise."""
    return user_name(os.getuid())


def state_home(environment: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/cockpit`, or its usual place."""
    base = environment.get("XDG_STATE_HOME") or f"{environment.get('HOME', '~')}/.local/state"
    return Path(base).expanduser() / "cockpit"


def runtime_home(environment: Mapping[str, str]) -> Path:
    """The folder for sockets: 0700, ours, not a link. Raises FolderError."""
    base = environment.get("XDG_RUNTIME_DIR")
    path = Path(base) / "cockpit" if base else _fallback()
    private_folder(path)
    return path


def socket_path(environment: Mapping[str, str], session: str) -> Path:
    """Where a session's socket goes; a runtime folder whose name is too long is passed over."""
    path = runtime_home(environment) / f"{session}.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_BYTES:
        return path
    private_folder(_fallback())
    return _fallback() / path.name


def flight_identity(plan_name: str, bootstraps: tuple[Iterable[str], Iterable[str]]) -> str:
    """A word for this plan between these clusters, source and target."""
    identity = json.dumps([plan_name, *(sorted(side) for side in bootstraps)])
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def flight_lock(
    environment: Mapping[str, str],
    plan_name: str,
    bootstraps: tuple[Sequence[str], Sequence[str]],
    *,
    session: str,
    taker: str = "",
) -> int:
    """Become the one engine that flies this plan between these clusters, source and target; or its
    `taker`, until that engine begins.

    The open file is the lock: it ends with the process, however that ends, and is never removed.
    Raises FlightTaken, FolderError.
    """
    path = runtime_home(environment) / f"{flight_identity(plan_name, bootstraps)}.lock"
    return _locked(path, session, taker)


def taker_lock(home: Path, session: str, taker: str) -> int:
    """Become the one who takes a session over on this host, whatever runtime folder others have.
    Raises FlightTaken, FolderError."""
    private_folder(home / "takeovers")
    return _locked(home / "takeovers" / f"{session}.lock", session, taker)


@contextlib.contextmanager
def kept_from_engines(folder: SessionFolder) -> Iterator[None]:
    """Let no engine begin on a session meanwhile; raises FlightTaken where one is at work."""
    if not (folder.path / "engine.lock").exists():
        yield  # no engine was ever on it
        return
    held = session_lock(folder)
    try:
        yield
    finally:
        os.close(held)


def session_lock(folder: SessionFolder) -> int:
    """Become the one engine of this session, as `flight_lock` does, whatever became of the runtime
    folder: a login's end may remove that while the engine lives. Raises FlightTaken, FolderError.
    """
    return _locked(folder.path / "engine.lock", folder.id)


def _locked(path: Path, session: str, taker: str = "") -> int:
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FolderError(f"{path}: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(file, 0)
        os.write(file, f"{session}\n{taker}".encode())
    except BlockingIOError as error:
        other, _, who = os.pread(file, 200, 0).decode("utf-8", "replace").partition("\n")
        os.close(file)
        raise FlightTaken(other, who) from error
    except OSError as error:
        os.close(file)
        raise FolderError(f"{path}: {error.strerror}") from error
    return file


def _fallback() -> Path:
    return Path(f"/tmp/cockpit-{os.getuid()}")  # noqa: S108  # private_folder proves that it is ours


def private_folder(path: Path) -> None:
    """Make a folder 0700, or prove that it is one of ours. Raises FolderError."""
    try:
        made = [one for one in (path, *path.parents) if not one.exists()]
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for one in made:
            sync_folder(one.parent)
        found = path.lstat()
    except OSError as error:
        raise FolderError(f"{path}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise FolderError(f"{path}: not a folder of this user")
    if found.st_mode & 0o077:
        path.chmod(0o700)


def new_session(
    home: Path, plan_name: str, *, stamp: str, made: Path | None = None
) -> SessionFolder:
    """A new session folder. `stamp` is UTC `YYYYMMDD-HHMMSS`; a taken name gets a number. `made`: a
    folder on the same disk that becomes it, with all that is in it."""
    sessions = home / "sessions"
    private_folder(sessions)
    name = re.sub(r"[^A-Za-z0-9._-]", "-", plan_name)[:40]
    for number in range(100):
        suffix = f"-{number}" if number else ""
        folder = sessions / f"{stamp}-{name}{suffix}"
        try:
            folder.mkdir(mode=0o700)
            if made is not None:
                made.rename(folder)  # an empty folder gives way
            sync_folder(sessions)
        except FileExistsError:
            continue
        except OSError as error:
            raise FolderError(f"{folder}: {error.strerror}") from error
        return SessionFolder(folder)
    raise FolderError(f"{sessions}: too many sessions of {stamp}")


def all_sessions(home: Path) -> tuple[SessionFolder, ...]:
    """Every session, oldest first. Raises FolderError where this user may not look."""
    sessions = home / "sessions"
    try:
        found = sorted(sessions.iterdir()) if sessions.is_dir() else []
    except OSError as error:
        raise FolderError(f"{sessions}: {error.strerror}") from error
    return tuple(
        SessionFolder(path)
        for path in found
        if SESSION_NAME.match(path.name) and path.is_dir() and not path.is_symlink()
    )


def write_private(path: Path, text: str) -> None:
    """Write a text as `private_file` does; an OSError names the file."""
    try:
        with private_file(path) as handle:
            handle.write(text)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


@contextlib.contextmanager
def private_file(
    path: Path, *, encoding: str | None = None, errors: str = "strict"
) -> Iterator[TextIO]:
    """A new or replaced file, 0600 from its first byte, whole or not at all.

    A link stays, and the file that it leads to is replaced. What is there and is no file, a pipe or
    a device, is written into and stays what it is. Raises OSError.
    """
    special = _is_special(path)
    target = path.resolve() if path.is_symlink() else path
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        if special:
            file = os.open(path, os.O_WRONLY | os.O_NOCTTY)
        else:
            file = os.open(temporary, flags, 0o600)
    except OSError as error:  # whoever asked knows nothing of the other name
        raise OSError(error.errno, error.strerror, str(path)) from error
    try:
        with os.fdopen(file, "w", encoding=encoding, errors=errors, newline="") as handle:
            yield handle
            handle.flush()
            if not special:
                os.fsync(handle.fileno())
        if not special:
            temporary.replace(target)
    except BaseException:
        if not special:
            temporary.unlink(missing_ok=True)
        raise
    if not special:
        sync_folder(target.parent)


def _is_special(path: Path) -> bool:
    """Whether something is there, wherever links lead, that is no file."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def sync_folder(path: Path) -> None:
    """Wait until the disk has the names in a folder: a file that was synced is lost all the same
    where its name is. Raises OSError, but not where the file system knows no such thing."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(folder)
