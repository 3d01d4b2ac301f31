"""Two mirrors on a Connect worker of the test's own: filters, places, and what cannot work."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cockpit.core.actions import ExcludeTopics, ProveReversible, StartMirror, StopMirror
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.effects.connector import ConnectorPatches
from cockpit.kafka.effects.reverse import MirrorRuns, unfit
from cockpit.ports import OutcomeUnknownError, PortError
from tests.kafka.clock import RealClock
from tests.kafka.http_server import Answer, Asked
from tests.kafka.test_connect import connected

CLASS = "org.apache.kafka.connect.mirror.MirrorSourceConnector"
IDENTITY = "org.apache.kafka.connect.mirror.IdentityReplicationPolicy"
FORWARD = {
    "connector.class": CLASS,
    "replication.policy.class": IDENTITY,
    "source.cluster.alias": "old",
    "target.cluster.alias": "new",
    "source.cluster.bootstrap.servers": "old-1:9092,old-2:9092",
    "target.cluster.bootstrap.servers": "new-1:9092",
    "offset-syncs.topic.location": "target",
    "topics": "shop[.].*",
}
BACK = FORWARD | {
    "source.cluster.alias": "new",
    "target.cluster.alias": "old",
    "source.cluster.bootstrap.servers": "new-1:9092",
    "target.cluster.bootstrap.servers": "old-2:9092, old-1:9092",
    "producer.override.bootstrap.servers": "old-1:9092,old-2:9092",
    "sync.topic.acls.enabled": "false",
    "sync.topic.configs.enabled": "false",
}


class Worker:
    """Connect 4 with a forward mirror that runs and a second one that waits."""

    version = "4.3.1"

    def __init__(self) -> None:
        self.configs = {"forward": dict(FORWARD), "back": dict(BACK)}
        self.states = {"forward": "RUNNING", "back": "STOPPED"}
        self.offsets: dict[str, dict[str, int]] = {"forward": {}, "back": {}}
        self.assigned = {"forward": "shop.a-0", "back": "shop.a-0,shop.a-1"}
        self.altered: list[Any] = []

    def respond(self, asked: Asked) -> Answer:
        if asked.target == "/":
            return Answer.of({"version": self.version})
        if asked.target.startswith("/connector-plugins/"):
            return Answer.of([{"name": "topics.exclude", "default_value": "mm2.*, __.*"}])
        _, _, name, what = asked.target.split("/")
        match asked.method, what:
            case "GET", "config":
                return Answer.of(self.configs[name])
            case "PATCH", "config":
                merged: dict[str, Any] = {**self.configs[name], **asked.json()}
                self.configs[name] = {k: v for k, v in merged.items() if v is not None}
                return Answer.of({})
            case "GET", "tasks":
                return Answer.of([{"config": {"task.assigned.partitions": self.assigned[name]}}])
            case "GET", "status":
                tasks = [] if self.states[name] == "STOPPED" else [{"id": 0, "state": "RUNNING"}]
                body = {"connector": {"state": self.states[name]}, "tasks": tasks}
                return Answer.of(body)
            case "GET", "offsets":
                return Answer.of({"offsets": self.altered[-1]["offsets"] if self.altered else []})
            case "PATCH", "offsets":
                self.altered.append(asked.json())
                return Answer.of({"message": "done"})
            case "PUT", "stop" | "resume":
                self.states[name] = "STOPPED" if what == "stop" else "RUNNING"
                return Answer(202, b"")
            case _:
                return Answer(405, b"")


def runs(rest: ConnectRest) -> MirrorRuns:
    return MirrorRuns("forward", rest, ConnectorPatches(rest, RealClock()))


async def test_topics_leave_the_filter_and_come_back_to_the_key_not_set() -> None:
    worker = Worker()
    out = ExcludeTopics("forward", ("shop.a", "shop,b"), excluded=True)
    async with connected(worker.respond) as (rest, _):
        assert (await runs(rest).precheck(out)).holds is False
        await runs(rest).do(out)
        assert worker.configs["forward"]["topics.exclude"] == ("mm2.*, __.*,shop\\.a,shop\\x{2c}b")
        busy = await runs(rest).verify(out)
        assert (busy.holds, busy.detail) == (False, "a task of forward still copies shop.a")
        worker.assigned["forward"] = "shop.c-0"
        assert (await runs(rest).verify(out)).holds is True
        back = ExcludeTopics("forward", ("shop.a", "shop,b"), excluded=False)
        worker.states["forward"] = "STOPPED"
        await runs(rest).do(back)
        assert (await runs(rest).verify(back)).holds is True
        assert "topics.exclude" not in worker.configs["forward"]


async def test_a_stopped_mirror_begins_at_the_given_places_and_is_never_moved_while_it_runs() -> (
    None
):
    worker = Worker()
    start = StartMirror("back", ((("shop.a", 0), 42), (("shop.a", 1), 0)))
    async with connected(worker.respond) as (rest, _):
        assert (await runs(rest).precheck(start)).holds is False
        await runs(rest).do(start)
        assert worker.altered == [
            {
                "offsets": [
                    {
                        "partition": {"cluster": "new", "topic": "shop.a", "partition": 0},
                        "offset": {"offset": 41},
                    },
                    {
                        "partition": {"cluster": "new", "topic": "shop.a", "partition": 1},
                        "offset": None,
                    },
                ]
            }
        ]
        assert (await runs(rest).verify(start)).holds is True
        assert (await runs(rest).precheck(start)).holds is True
        with pytest.raises(PortError, match="only while STOPPED"):
            await runs(rest).do(start)


async def test_a_mirror_that_runs_without_the_topics_does_not_count_as_started() -> None:
    worker = Worker()
    worker.assigned["back"] = "shop.b-0"
    start = StartMirror("back", ((("shop.a", 0), 42),))
    async with connected(worker.respond) as (rest, _):
        await runs(rest).do(start)
        found = await runs(rest).verify(start)
        assert (found.holds, found.detail) == (False, "no task of back copies shop.a")


async def test_a_lost_reply_leaves_the_outcome_open() -> None:
    async with connected(lambda _: Answer(500, b"{}")) as (rest, _):
        with pytest.raises(OutcomeUnknownError):
            await runs(rest).do(StopMirror("back"))


async def test_a_second_mirror_that_shares_more_topics_with_the_first_is_not_taken() -> None:
    """Under one name, what both copy would go round and round."""
    worker = Worker()
    worker.assigned["forward"] = "shop.a-0,shop.a-1,shop.b-0,elsewhere-0"
    proof = ProveReversible("back", ("shop.a",))
    async with connected(worker.respond) as (rest, _):
        found = await runs(rest).verify(proof)
        assert (found.holds, found.detail) == (
            False,
            "back: its filter also has shop.b, which forward copies: their records would go round",
        )
        worker.configs["back"]["topics"] = "shop[.]a"
        assert (await runs(rest).verify(proof)).holds is True


async def test_a_second_mirror_that_waits_is_proved_and_one_that_runs_is_not() -> None:
    worker = Worker()
    proof = ProveReversible("back", ("shop.a",))
    async with connected(worker.respond) as (rest, _):
        assert (await runs(rest).verify(proof)).holds is True
        worker.states["back"] = "RUNNING"
        assert (await runs(rest).verify(proof)).holds is False
        worker.states["back"], worker.version = "STOPPED", "3.5.2"
        assert "before 3.6" in (await runs(rest).verify(proof)).detail


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"connector.class": "x.FileStreamSource"}, "not a MirrorSourceConnector"),
        ({"replication.policy.class": "x.DefaultReplicationPolicy"}, "IdentityReplicationPolicy"),
        ({"source.cluster.bootstrap.servers": "old-1:9092"}, "must be the first mirror's target"),
        ({"target.cluster.bootstrap.servers": "elsewhere:9092"}, "first mirror's source's"),
        ({"producer.override.bootstrap.servers": "new-1:9092"}, "the records go round"),
        ({"sync.topic.acls.enabled": "true"}, "set sync.topic.acls.enabled to false"),
        ({"topics": "other[.].*"}, "its filter does not have shop.a"),
        ({"topics.exclude": "shop.*"}, "its filter does not have shop.a"),
        ({"offset-syncs.topic.location": "source"}, "the same offset-syncs topic"),
    ],
)
def test_a_connector_that_cannot_bring_the_topics_back_is_named(
    change: dict[str, str], why: str
) -> None:
    assert unfit(BACK, FORWARD, ("shop.a",)) == ""
    assert re.search(re.escape(why), unfit(BACK | change, FORWARD, ("shop.a",)))


@pytest.mark.parametrize("key", ["producer.override.bootstrap.servers", "sync.topic.acls.enabled"])
def test_a_key_that_is_not_set_counts_as_its_default(key: str) -> None:
    config = {k: v for k, v in BACK.items() if k != key}
    assert key in unfit(config, FORWARD, ("shop.a",))
