"""The way back of a group on a real 0.8.2: its commit goes where its consumers look for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.cli.preflight import patiently
from cockpit.core.actions import CommitOffsets
from cockpit.kafka.effects.commits import OffsetCommits
from cockpit.lab.versions import broker_of
from cockpit.ports import PortError
from tests.kafka.test_real_versions import (
    CREATING,
    IN_KAFKA,
    IN_ZOOKEEPER,
    client_of,
    commit_both,
    fill_old,
    reading,
)

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]


async def test_a_commit_goes_to_the_store_that_the_group_keeps_its_commits_in(
    tmp_path: Path,
) -> None:
    async with (
        broker_of("0.8.2.2", tmp_path, settings=CREATING) as broker,
        client_of(broker) as client,
        reading(broker) as cluster,
    ):
        await fill_old(client)
        await commit_both(client)
        commits = OffsetCommits(source=client, target=client)
        for group, before in {
            "in-kafka": IN_KAFKA,
            "in-zookeeper": IN_ZOOKEEPER,
            "in-both": IN_KAFKA,
        }.items():
            places = tuple((tp, max(0, at - 1)) for tp, at in before.items())
            back = CommitOffsets("source", group, places)
            assert not (await commits.check(back)).holds
            await commits.do(back)
            assert (await commits.check(back)).holds
            found = (await patiently(cluster.groups)).groups[group]
            assert (found.unknown, found.committed()) == (None, dict(back.offsets)), group


async def test_a_group_whose_stores_differ_or_that_has_none_is_left_alone(tmp_path: Path) -> None:
    async with (
        broker_of("0.8.2.2", tmp_path, settings=CREATING) as broker,
        client_of(broker) as client,
    ):
        await fill_old(client)
        await commit_both(client)
        commits = OffsetCommits(source=client, target=client)
        place = tuple((tp, 1) for tp in IN_KAFKA)
        for group in ("at-odds", "nobody"):
            with pytest.raises(PortError, match="not known"):
                await commits.do(CommitOffsets("source", group, place))
