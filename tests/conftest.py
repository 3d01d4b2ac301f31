"""What tests of several rooms share: a lab of real clusters, started once a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

SHARED_LAB = pytest.StashKey[Path]()

# A slow machine is no finding: an example's time is never judged.
hypothesis.settings.register_profile("steady", deadline=None)
hypothesis.settings.load_profile("steady")


@pytest.fixture(autouse=True)
def _forget_secrets() -> Iterator[None]:
    """What a process has fetched as a secret it masks from then on: no test for the next one."""
    from cockpit.secrecy import SECRETS

    yield
    SECRETS.forget()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the shared lab stand together, so that it need not run beside all the others."""
    items.sort(key=lambda item: "lab" not in getattr(item, "fixturenames", ()))


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The shared lab stops with the last test that looks at it: at rest it takes half a core."""
    shared = item.config.stash.get(SHARED_LAB, None)
    if shared is not None and "lab" not in getattr(nextitem, "fixturenames", ()):
        import cockpit.lab

        cockpit.lab.down(shared)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Status]:
    """Real clusters that many tests look at: leave them as you found them."""
    folder = tmp_path_factory.mktemp("lab")
    pytestconfig.stash[SHARED_LAB] = folder
    yield from _running(folder)


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
