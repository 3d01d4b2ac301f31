"""Each migration on real brokers; what must be true of it stands beside its flight."""

from __future__ import annotations

from pathlib import Path

import pytest

import cockpit.lab
from tests.migrations.__main__ import MIGRATIONS

WITHIN_S = {
    "voltus": 2400,
    "zero-downtime-waves": 1800,
    "avia-linking": 900,
    "msk-to-byoc": 1800,
    "ec2-082-to-msk": 1800,
}
AGAIN = ("msk-to-byoc", "ec2-082-to-msk")
"""Where a reader is set back on purpose, or groups read from the beginning by their owners'
decision: how often is predicted, and proved, beside the flight."""

pytestmark = [pytest.mark.broker, pytest.mark.soak]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.timeout(WITHIN_S[name])) for name in MIGRATIONS],
)
def test_everybody_moves_and_no_record_is_lost_or_read_again_unsaid(
    name: str, tmp_path: Path
) -> None:
    take_off, flight = MIGRATIONS[name]
    try:
        _, verdict = flight(take_off(tmp_path), tmp_path / "state")
    finally:
        cockpit.lab.down(tmp_path / "lab")
    assert (verdict.lost, verdict.reordered) == (0, 0)
    assert bool(verdict.duplicated) == (name in AGAIN)
