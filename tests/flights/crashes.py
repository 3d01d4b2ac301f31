"""Deaths of real engines as values: which there are, which were flown, and an engine that dies so.

`.soak/crashes.json` has each cell that came back, with the code that it came back with.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from tests.flights.soaking import KEPT, keep, source_hash

SITE = Path(__file__).with_name("dying_site")
FILE = KEPT / "crashes.json"
WRITERS = ("stop", "fence", "drain", "offsets", "undo-fence", "undo-offsets", "undo-stop")
"""Steps of a wave that writes, before its point of no return, and their undos."""
READERS = ("start", "soak", "undo-start")
"""Steps that only a wave which writes nothing can come back from, and its undos."""
STEPS = (*WRITERS, *READERS)
POINTS = ("before intent", "after intent", "after effect", "after outcome")
DEATHS = ("kill", "term", "hangup", "full", "stop")
FENCE_S = 10
"""The fence's deadline where an engine is stopped."""
STOPPED_S = FENCE_S + 2
"""How long it is: past the fence's deadline, and past no timeout of a call or step."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One death."""

    step: str
    point: str
    death: str

    def __str__(self) -> str:
        return f"{self.step}, {self.point}, {self.death}"

    @property
    def mark(self) -> str:
        """The file that an engine leaves in its session's folder just before it dies."""
        return f"died-{self.step}-{self.point}-{self.death}".replace(" ", "-")


ON = (
    Cell("stop", "after effect", "term"),
    Cell("fence", "after intent", "kill"),
    Cell("offsets", "after effect", "kill"),
    Cell("start", "before intent", "kill"),
    Cell("start", "after effect", "hangup"),
)
"""Of one flight that goes on after each."""
BACK = (
    Cell("stop", "before intent", "kill"),
    Cell("fence", "after effect", "kill"),
    Cell("fence", "after outcome", "stop"),
    Cell("fence", "before intent", "full"),
    Cell("undo-fence", "after effect", "kill"),
    Cell("undo-stop", "after intent", "term"),
    Cell("stop", "after outcome", "kill"),
)
"""Each of a flight that is taken back afterwards; with those before, twelve."""
ALL_BACK = tuple(Cell(*cell) for cell in product(STEPS, POINTS, DEATHS))


def flown_cells() -> dict[str, dict[str, Any]]:
    """Every cell that came back: its `code`, and `seconds` that it took."""
    return dict(json.loads(FILE.read_text())) if FILE.exists() else {}


def passed_cells() -> Mapping[str, dict[str, Any]]:
    """Those that came back with this code."""
    code = source_hash()
    return {cell: kept for cell, kept in flown_cells().items() if kept["code"] == code}


def keep_cells(seconds: Mapping[str, int]) -> None:
    """Add cells that came back just now."""
    code = source_hash()
    kept = flown_cells() | {cell: {"code": code, "seconds": s} for cell, s in seconds.items()}
    keep(FILE, kept)


@contextlib.contextmanager
def dying(cell: Cell) -> Iterator[None]:
    """Engines that are started meanwhile die as the cell says."""
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(SITE), before.get("PYTHONPATH"))))
    os.environ["COCKPIT_TEST_DEATH"] = json.dumps(
        {"step": cell.step, "point": cell.point, "death": cell.death}
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def marks(state: Path, cell: Cell) -> list[Path]:
    """What the engines that have died so have left."""
    return list((state / "cockpit" / "sessions").glob(f"*/{cell.mark}"))


def engines(state: Path) -> list[int]:
    """Engine processes of sessions in this state folder."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"engine" in words and any(w.startswith(str(state).encode()) for w in words):
                found.append(int(process.name))
    return found


def kill_engines(state: Path) -> None:
    """End every engine that is left, as the end of its machine would."""
    for pid in engines(state):
        os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def survivors(state: Path, cell: Cell, taken_back: Callable[[], None]) -> Iterator[None]:
    """Wakes an engine that was stopped once the fence's deadline has passed. What has outlived its
    death by then is `taken_back`, if nothing else does."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.25):
            if marks(state, cell) and (cell.death != "stop" or _woken(state, over)):
                taken_back()
                return

    watcher = threading.Thread(target=watch, name="survivors")
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _woken(state: Path, over: threading.Event) -> bool:
    """Whether an engine stood still and goes on now."""
    for pid in engines(state):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T":
                over.wait(STOPPED_S)
                os.kill(pid, signal.SIGCONT)
                return True
    return False
