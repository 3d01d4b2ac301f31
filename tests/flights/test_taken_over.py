"""Whoever was taken over begins nothing any more: at every point of the steps that move a wave.

In simulation that is tried in every run (`test_taking.py`); here it is two real engines.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flights.crashes import Cell
from tests.flights.hosts import (
    assert_comes_back,
    assert_every_intent_ended,
    assert_only_engine,
    taken_over,
)
from tests.flights.site import Site, half_moved_site

pytestmark = [pytest.mark.broker, pytest.mark.soak, pytest.mark.timeout(900)]

NOTHING_TOLD = [("stop", "before intent"), ("stop", "after intent")]
"""Where the topic has not even the first intent of the wave: nothing of it stands, and the second
host begins it as if nothing had been."""


SOAKED = tuple(
    Cell(step, point, "stop")
    for step in ("stop", "fence", "offsets")
    for point in (
        "before intent",
        "after intent",
        "after commit",
        "before leaving",
        "after effect",
        "after outcome",
    )
    if (step, point) not in NOTHING_TOLD
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A lab whose readers are on the target."""
    with half_moved_site(tmp_path_factory.mktemp("taken")) as found:
        yield found


@pytest.mark.parametrize("cell", SOAKED, ids=str)
def test_who_was_taken_over_begins_nothing_any_more(site: Site, cell: Cell, tmp_path: Path) -> None:
    assert_comes_back(site, cell, tmp_path)


def test_the_second_host_flies_on_to_the_end(tmp_path: Path) -> None:
    """Past the point of no return: the first start of a producer was intended and told."""
    with half_moved_site(tmp_path) as site:
        cell = Cell("start", "after commit", "stop")
        story = taken_over(site, cell, tmp_path, "--go-on")
        assert story.new.result["outcome"] == "completed", story.new.story()
        assert_only_engine(story)
        assert_every_intent_ended(story)
