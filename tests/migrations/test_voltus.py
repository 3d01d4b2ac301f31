"""A hundred services leave Kafka 1.0.2 on real brokers, and no record is lost or read twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import cockpit.lab
from cockpit.lab.looking import Status
from tests.migrations.voltus import take_off, voltus

pytestmark = [pytest.mark.broker, pytest.mark.soak, pytest.mark.timeout(2400)]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Status]:
    try:
        yield take_off(tmp_path)
    finally:
        cockpit.lab.down(tmp_path / "lab")


def test_a_hundred_services_move_in_eight_waves_and_no_record_is_read_again(
    lab: Status, tmp_path: Path
) -> None:
    voltus(lab, tmp_path / "state")
