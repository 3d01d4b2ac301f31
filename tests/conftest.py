"""What tests of several rooms share: a lab of real clusters, started once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cockpit.lab.looking import Status


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Status]:
    """Real clusters that many tests look at: leave them as you found them."""
    yield from _running(tmp_path_factory.mktemp("lab"))


@pytest.fixture
def own_lab(tmp_path: Path) -> Iterator[Status]:
    """Real clusters for one test alone, to move, break and kill."""
    yield from _running(tmp_path / "lab")


def _running(folder: Path) -> Iterator[Status]:
    import cockpit.lab
    from cockpit.lab.home import LabError

    said: list[str] = []
    try:
        status = cockpit.lab.up(folder, said.append)
    except LabError as error:
        # Never a skip: a machine without Java and Maven has not run these tests.
        pytest.fail("\n".join(["the lab did not start:", *said, str(error)]), pytrace=False)
    try:
        yield status
    finally:
        cockpit.lab.down(folder)
