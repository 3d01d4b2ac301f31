"""No intent without an outcome on disk: late ones, and those of an engine that is no more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from cockpit.core.actions import (
    Action,
    CallService,
    CommitOffsets,
    Fence,
    Finding,
    action_text,
)
from cockpit.core.durable import OpenIntent
from cockpit.engine.journal import JournalError
from cockpit.engine.outcomes import ENDED, Outcomes
from cockpit.ports import PortError
from cockpit.wire.values import to_json

FENCE = Fence(("orders",))


def left(action: Action, action_id: str = "writers.1.fence.3", **more: Any) -> OpenIntent:
    content = {"type": type(action).__name__, **to_json(action), **more}
    return OpenIntent(action_id, action_text(action), content, {})


class Edge:
    """A journal, a cluster and a clock that do as told."""

    def __init__(self, *findings: Finding | Exception) -> None:
        self.findings = list(findings)
        self.looked: list[Action] = []
        self.asked = asyncio.Event()
        self.entries: list[tuple[str, Mapping[str, Any]]] = []
        self.told: list[str] = []
        self.full = False
        self.now = 5_000

    def outcomes(self, *intents: OpenIntent) -> Outcomes:
        return Outcomes(self.write, self, self, intents, self.tell)

    def write(self, kind: str, data: Mapping[str, Any]) -> None:
        if self.full:
            raise JournalError("journal: No space left on device")
        self.entries.append((kind, data))

    def tell(self, intent: OpenIntent, outcome: str, detail: str) -> None:
        self.told.append(f"{intent.action_id} {outcome}: {detail}")

    def now_ms(self) -> int:
        return self.now

    async def sleep(self, duration_ms: int) -> None:
        self.now += duration_ms
        await asyncio.sleep(0)

    async def precheck(self, action: Action) -> Finding:
        raise AssertionError("nothing is prechecked")

    async def do(self, action: Action) -> Mapping[str, Any]:
        raise AssertionError("nothing is done")

    async def verify(self, action: Action) -> Finding:
        self.looked.append(action)
        self.asked.set()
        answer = self.findings.pop(0) if len(self.findings) > 1 else self.findings[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(
    ("found", "word"), [(Finding(True, "stands"), "done"), (Finding(False, "not fenced"), "failed")]
)
async def test_what_became_of_an_open_intent_is_read_and_written_down(
    found: Finding, word: str
) -> None:
    edge = Edge(found)
    await edge.outcomes(left(FENCE)).settle()
    assert edge.looked == [FENCE]
    ((kind, entry),) = edge.entries
    assert kind == "outcome"
    assert entry == {
        "action_id": "writers.1.fence.3",
        "outcome": word,
        "detail": found.detail,
        "data": {},
        "by": "reading",
    }
    assert edge.told == [f"writers.1.fence.3 {word}: {found.detail}"]


async def test_what_cannot_be_read_now_is_read_again() -> None:
    edge = Edge(PortError("unreachable", "away"), Finding(None, "broker 2"), Finding(True, "is so"))
    await edge.outcomes(left(FENCE)).settle()
    assert [entry["outcome"] for _, entry in edge.entries] == ["done"]
    assert len(edge.looked) == 3


async def test_how_a_call_has_ended_is_unknown_and_nobody_asks() -> None:
    edge = Edge()
    await edge.outcomes(left(CallService("shop", "stop"))).settle()
    assert [entry["outcome"] for _, entry in edge.entries] == ["unknown"]
    assert edge.looked == []


async def test_an_action_that_this_version_does_not_know_is_unknown() -> None:
    edge = Edge()
    strange = OpenIntent("a.1", "?", {"type": "Teleport"}, {})
    await edge.outcomes(strange, left(FENCE, "a.2", shape="round")).settle()
    assert [entry["outcome"] for _, entry in edge.entries] == ["unknown", "unknown"]


async def test_an_older_journal_may_lack_a_field_that_has_a_default() -> None:
    edge = Edge(Finding(True, "stands"))
    old = OpenIntent("a.1", "fence", {"type": "Fence", "topics": ["orders"]}, {})
    await edge.outcomes(old).settle()
    assert edge.looked == [FENCE]


async def test_nobody_reads_an_effect_that_another_one_has_followed() -> None:
    edge = Edge(Finding(None, "broker 2 does not answer"))
    outcomes = edge.outcomes(left(FENCE))
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(outcomes.settle(), name="settle")
        await edge.asked.wait()
        await asyncio.sleep(0)
        outcomes.write("intent", {"action_id": "writers.1.fence.4"})
    assert [kind for kind, _ in edge.entries] == ["outcome", "intent"]
    entry = edge.entries[0][1]
    assert entry["outcome"] == "unknown"
    assert "went on: broker 2 does not answer" in entry["detail"]


def test_at_the_end_of_a_flight_what_is_open_is_unknown() -> None:
    edge = Edge()
    outcomes = edge.outcomes(left(FENCE), left(CommitOffsets("target", "g", ()), "b"))
    outcomes.close(ENDED)
    assert [entry["outcome"] for _, entry in edge.entries] == ["unknown", "unknown"]


def test_an_outcome_that_the_disk_refuses_is_written_before_the_next_entry() -> None:
    edge = Edge()
    outcomes = edge.outcomes()
    outcomes.write("intent", {"action_id": "a"})
    edge.full = True
    with pytest.raises(JournalError):
        outcomes.write("outcome", {"action_id": "a", "outcome": "done"})
    outcomes.pay()
    assert len(edge.entries) == 1
    with pytest.raises(JournalError):
        outcomes.write("intent", {"action_id": "b"})
    edge.full = False
    edge.now += 60_000
    outcomes.write("intent", {"action_id": "b"})
    assert [(kind, data["action_id"]) for kind, data in edge.entries] == [
        ("intent", "a"),
        ("outcome", "a"),
        ("intent", "b"),
    ]
    assert edge.entries[1][1]["ended_at_ms"] == 5_000
    outcomes.pay()
    assert len(edge.entries) == 3
