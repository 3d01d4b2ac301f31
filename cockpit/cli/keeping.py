"""The session folder of a rehearsal, as a real flight has one: the same seed gives the same bytes.

Says in every file that the flight was simulated. Never writes into a folder that is there.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cockpit
from cockpit.core.beginning import Beginning
from cockpit.core.plan import Plan
from cockpit.engine.folders import FolderError, SessionFolder, sync_folder, write_private
from cockpit.engine.recorder import Recorder
from cockpit.ports import Clock
from cockpit.wire.sessionhead import session_head

SHORTENED = "the rehearsal took waits of the plan shorter: the recorded plan was not flown as it is"


@dataclass(frozen=True, slots=True)
class Keep:
    """What is to be kept, and where."""

    path: Path
    """The session's folder, which is not there yet."""
    plan_path: Path
    plan_text: str
    shortened: bool
    """Whether the plan was flown with shorter waits than its text says."""

    def begin(self, plan_name: str) -> SessionFolder:
        """Make the folder, with the plan and what the session is. Raises FolderError."""
        meta = {"plan": plan_name, "plan_path": str(self.plan_path.resolve()), "simulated": True}
        folder = SessionFolder(self.path)
        try:
            self.path.mkdir(mode=0o700)
            sync_folder(self.path.parent)
            write_private(folder.plan, self.plan_text)
            write_private(folder.meta, json.dumps(meta, sort_keys=True) + "\n")
        except OSError as error:
            raise FolderError(f"{error.filename or self.path}: {error.strerror}") from error
        return folder

    def recorder(self, folder: SessionFolder, plan: Plan, beginning: Beginning) -> Recorder:
        """The recording of the flight."""
        header: Mapping[str, Any] = session_head(
            version=cockpit.__version__,
            plan_text=self.plan_text,
            plan_origin=str(self.plan_path.resolve()),
            plan_name=plan.name,
            beginning=beginning,
        )
        if self.shortened:
            header = {**header, "beginning": None, "why_no_beginning": SHORTENED}
        return _Unsynced(folder.recording, header, at_ms=beginning.at_ms)


class _Unsynced(Recorder):
    """Leaves the disk alone until it closes: no thread may come between two virtual moments."""

    async def keep(self, clock: Clock) -> None:
        """Wait, for ever."""
        del clock
        await asyncio.Event().wait()


def why_not_keep(path: Path) -> str:
    """Why nothing can be kept there; empty: it can."""
    if os.path.lexists(path):
        return f"{path} is there already: a rehearsal is kept in a folder of its own"
    if not path.parent.is_dir():
        return f"{path.parent} is no folder: make it first"
    return ""
