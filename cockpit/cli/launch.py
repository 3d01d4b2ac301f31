"""Starts an engine process for a plan, and finds the ones that run."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cockpit.engine.clock import SystemClock
from cockpit.engine.folders import (
    SessionFolder,
    all_sessions,
    new_session,
    private_folder,
    state_home,
    write_private,
)
from cockpit.engine.journal import JournalError

READY_WITHIN_S = 60


class LaunchError(Exception):
    """The engine did not come up. `problems` are fit for a person.

    `refused`: another engine flies these clusters, and nothing needs mending.
    """

    def __init__(self, problems: tuple[str, ...], *, refused: bool = False) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Launched:
    """An engine that is ready."""

    folder: SessionFolder
    socket: Path
    warnings: tuple[str, ...] = ()
    """What it begins over all the same, in lines."""


def launch(
    plan_path: Path, plan_name: str, *, preflight: bool, first: str = "", anew: bool = False
) -> Launched:
    """Start an engine in a session of its own; raises LaunchError, FolderError."""
    home = state_home(os.environ)
    private_folder(home)
    stamp = _stamp(SystemClock().now_ms())
    folder = new_session(home, plan_name, stamp=stamp)
    write_private(folder.plan, plan_path.read_text())
    path = str(plan_path.resolve())
    meta = {"plan": plan_name, "plan_path": path, "started": stamp, "first": first}
    write_private(folder.meta, json.dumps(meta) + "\n")
    options = [] if preflight else ["--no-preflight"]
    options += ["--anew"] if anew else []
    return _start(folder, [*options, *(["--from", first] if first else [])])


def relaunch(folder: SessionFolder) -> Launched:
    """Start an engine that takes a flight over; raises LaunchError."""
    return _start(folder, ["--resume"])


def _start(folder: SessionFolder, options: list[str]) -> Launched:
    command = [sys.executable, "-P", "-m", "cockpit", "engine", str(folder.path), *options]
    log = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and a folder that we made
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)
    assert process.stdout is not None
    try:
        with process.stdout as output:
            answer = _first_line(output.fileno())
    except BaseException:
        # an engine whose answer nobody heard must not fly on
        process.kill()
        process.wait()
        raise
    if answer.get("ready"):
        warnings = tuple(str(line) for line in answer.get("warnings", ()))
        return Launched(folder, Path(str(answer["socket"])), warnings)
    problems = answer.get("problems") or [f"the engine did not start: see {folder.log}"]
    process.kill()
    process.wait()
    told = tuple(str(problem) for problem in problems)
    raise LaunchError(told, refused=bool(answer.get("refused")))


def _first_line(file: int) -> Mapping[str, Any]:
    """The engine's one line of JSON; empty when it died or took too long."""
    data = b""
    while b"\n" not in data:
        ready, _, _ = select.select([file], [], [], READY_WITHIN_S)
        chunk = os.read(file, 65_536) if ready else b""
        if not chunk:
            return {}
        data += chunk
    content = json.loads(data.partition(b"\n")[0])
    return content if isinstance(content, dict) else {}


def _stamp(at_ms: int) -> str:
    import datetime

    at = datetime.datetime.fromtimestamp(at_ms / 1000, tz=datetime.UTC)
    return at.strftime("%Y%m%d-%H%M%S")


def flown_by(plan_path: Path) -> SessionFolder | None:
    """The running session that flies this plan file already."""
    wanted = str(plan_path.resolve())
    found = [f for f in running_sessions() if f.read_meta().get("plan_path") == wanted]
    return found[-1] if found else None


def is_running(folder: SessionFolder) -> bool:
    """Whether the session's engine is alive and still listens."""
    socket = folder.read_meta().get("socket")
    return isinstance(socket, str) and Path(socket).exists() and is_alive(folder)


def is_alive(folder: SessionFolder) -> bool:
    """Whether the session's engine is alive, though nobody may reach it: the end of a login may
    remove its socket."""
    pid = folder.read_meta().get("pid")
    if not isinstance(pid, int):
        return False
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return str(folder.path).encode() in arguments


def running_sessions() -> tuple[SessionFolder, ...]:
    """Sessions whose engine is alive, oldest first."""
    return tuple(f for f in all_sessions(state_home(os.environ)) if is_running(f))


def last_unfinished(plan_path: str, plan_name: str) -> tuple[SessionFolder, str] | None:
    """The newest session of a plan, where its engine died half-way in a wave, and the words."""
    from cockpit.engine.recovery import left_in

    for folder in reversed(all_sessions(state_home(os.environ))):
        meta = folder.read_meta()
        if plan_path != meta.get("plan_path") or plan_name != meta.get("plan"):
            continue
        if is_running(folder):
            return None
        try:
            left = left_in(folder)
        except JournalError as error:
            return folder, f"with a journal that cannot be believed ({error})"
        return (folder, left.words()) if left is not None and left.wave else None
    return None
