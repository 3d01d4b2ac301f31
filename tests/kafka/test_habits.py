"""How a mirror reads, by its config."""

from __future__ import annotations

import pytest

from cockpit.kafka.habits import habits_of

ALL, COMMITTED = "read_uncommitted", "read_committed"


@pytest.mark.parametrize(
    ("with_source", "without", "committed_only"),
    [
        (None, None, False),
        (None, COMMITTED, True),
        (COMMITTED, None, True),
        (ALL, COMMITTED, False),
        (COMMITTED, ALL, True),
    ],
)
def test_the_isolation_level_of_the_source_consumer_goes_before_that_of_all_consumers(
    with_source: str | None, without: str | None, committed_only: bool
) -> None:
    given = {"source.consumer.isolation.level": with_source, "consumer.isolation.level": without}
    config = {key: level for key, level in given.items() if level is not None}
    assert habits_of(config).committed_only is committed_only
