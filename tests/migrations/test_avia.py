"""Live tournaments move over a link on real brokers, and nobody's write waits for a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import cockpit.lab
from cockpit.lab.looking import Status
from tests.migrations.avia import avia, take_off

pytestmark = [pytest.mark.broker, pytest.mark.soak, pytest.mark.timeout(900)]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Status]:
    try:
        yield take_off(tmp_path)
    finally:
        cockpit.lab.down(tmp_path / "lab")


def test_a_batch_goes_back_then_all_move_and_no_record_is_lost_or_read_again(
    lab: Status, tmp_path: Path
) -> None:
    avia(lab, tmp_path / "state")
