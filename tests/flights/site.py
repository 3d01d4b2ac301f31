"""A lab that engines die on, and how everything stood on it before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cockpit.lab
from cockpit.lab.checker import check
from cockpit.lab.looking import Status
from tests.flights.crashes import kill_engines
from tests.flights.real import fly, quick, write_plan
from tests.flights.standing import Standing, settled
from tests.flights.test_lab import assert_nothing_lost, runs_on


class Site:
    """A lab to die on, its state folder, and how everything stood before."""

    def __init__(self, folder: Path, *, readers_moved: bool) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        self.lab: Status = cockpit.lab.up(folder / "lab", lambda _line: None)
        try:
            self.before: Standing = self._prepared(readers_moved=readers_moved)
        except BaseException:
            self.end()
            raise

    def _prepared(self, *, readers_moved: bool) -> Standing:
        """How everything stands before the first death."""
        if readers_moved:
            content = stopping_after_readers(quick(self.lab.folder / "plan.yaml"))
            fly(write_plan(content, self.lab.folder / "readers.yaml"), self.state)
            kill_engines(self.state)
            assert runs_on(self.lab, "audit") == "target"
        return settled(self.lab)

    def count(self) -> None:
        """Nothing is lost or out of order on this lab."""
        assert_nothing_lost(self.lab)
        assert check(self.lab.folder).reordered == 0

    def end(self) -> None:
        """Leave no process behind."""
        kill_engines(self.state)
        cockpit.lab.down(self.lab.folder)


@contextmanager
def half_moved_site(folder: Path) -> Iterator[Site]:
    """A lab whose readers are on the target; counted at the end, where all went well."""
    site = Site(folder, readers_moved=True)
    try:
        yield site
        site.count()
    finally:
        site.end()


def stopping_after_readers(content: Any) -> Any:
    """The plan with a second wave that a person must confirm, and nobody does."""
    content["waves"][1]["steps"].insert(0, {"confirm": {"text": "go on?"}})
    return content
