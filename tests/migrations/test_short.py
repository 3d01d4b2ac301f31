"""Two migrations on real brokers in every run of the tests: whole plans with short windows, and
without what the long flights break on purpose. How long writes paused is judged in those: here
other work may have the processors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

import cockpit.lab
from cockpit.cli import exits
from cockpit.lab.checker import Verdict
from cockpit.lab.clickstream import CLICKSTREAM
from cockpit.lab.profiles import profile_named
from cockpit.lab.tournament import TOURNAMENT
from tests.flights.real import Flight, fly, write_plan
from tests.flights.test_lab import runs_on
from tests.migrations import ec2
from tests.migrations.inflight import settled

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

SETTLE_S: Final = 60.0
SHORT: Final[Mapping[str, str]] = {
    r"\b(for|soak): (\{for: )?(5|10|15|30)s": r"\1: \g<2>2s",
    r"\bover: 60s": "over: 20s",
}
"""A look or two instead of a watch."""


def shortened(plan: Path) -> Path:
    """The lab's plan with short windows, beside it."""
    text = plan.read_text()
    for pattern, word in SHORT.items():
        text = re.sub(pattern, word, text)
    content = yaml.safe_load(text)
    content.pop(
        "readiness", None
    )  # no flight asks for it, and its instants would lose their quotes
    return write_plan(content, plan.with_name("short.yaml"))


def flown(profile: str, folder: Path) -> tuple[Flight, Verdict]:
    """Every wave of a lab's plan, one after the other; nobody is left on the source."""
    lab = cockpit.lab.up(folder / "lab", lambda _: None, profile=profile)
    (folder / "state").mkdir()
    flight = fly(shortened(lab.folder / "plan.yaml"), folder / "state", lambda _: None)
    assert flight.exit_code == exits.COMPLETED, flight.story()
    assert {wave["state"] for wave in flight.result["waves"]} == {"done"}
    works = profile_named(profile).workload.works
    assert {runs_on(lab, work.name) for work in works} == {"target"}
    return flight, settled(lab, SETTLE_S)


def test_over_a_link_nothing_is_lost_or_read_again(tmp_path: Path) -> None:
    try:
        flight, verdict = flown("avia", tmp_path)
        assert len(flight.result["waves"]) == len(TOURNAMENT.waves)
        assert flight.result["predicted_duplicates_max"] == 0
        assert (verdict.lost, verdict.duplicated, verdict.reordered) == (0, 0, 0)
    finally:
        cockpit.lab.down(tmp_path / "lab")


def test_over_two_hops_what_is_read_again_is_what_was_promised(tmp_path: Path) -> None:
    try:
        flight, verdict = flown("ec2-082", tmp_path)
        assert len(flight.result["waves"]) == len(CLICKSTREAM.waves)
        promised = ec2.prices(flight)
        assert {group for group, price in promised.items() if price} == ec2.AGAIN
        assert (verdict.lost, verdict.reordered) == (0, 0)
        assert ec2.duplicates(verdict) == promised
    finally:
        cockpit.lab.down(tmp_path / "lab")
