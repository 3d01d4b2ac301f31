"""A shop leaves Kafka 2.8 in waves by risk on real brokers; the job that was forgotten is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import cockpit.lab
from cockpit.lab.looking import Status
from tests.migrations.zerodown import take_off, zerodown

pytestmark = [pytest.mark.broker, pytest.mark.soak, pytest.mark.timeout(1800)]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Status]:
    try:
        yield take_off(tmp_path)
    finally:
        cockpit.lab.down(tmp_path / "lab")


def test_waves_drills_a_way_back_and_a_forgotten_job_and_no_record_is_lost_or_read_twice(
    lab: Status, tmp_path: Path
) -> None:
    zerodown(lab, tmp_path / "state")
