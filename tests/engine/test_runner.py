"""Carrying out one action: whatever happens at the edge becomes exactly one recorded outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cockpit.core.actions import (
    Action,
    CallService,
    CommitOffsets,
    Fence,
    Finding,
    ProveDrained,
    Unfence,
)
from cockpit.core.flight import Finished, Perform
from cockpit.engine.journal import JournalError
from cockpit.engine.runner import STALE, Runner
from cockpit.ports import OutcomeUnknownError, PortError


class Edge:
    """Effector, clock, journal and report that do as told, and note the order of things."""

    def __init__(self) -> None:
        self.trace: list[str] = []
        self.now = 0
        self.prechecks: list[Finding | Exception] = [Finding(False, "not so yet")]
        self.verifies: list[Finding | Exception] = [Finding(True, "it is so")]
        self.effect: Exception | None = None
        self.effect_times = 10**9
        self.disk: Exception | None = None
        self.disk_ms = 0
        self.finished: list[Finished] = []

    async def precheck(self, action: Action) -> Finding:
        self.trace.append("precheck")
        return self._next(self.prechecks)

    async def do(self, action: Action) -> Mapping[str, Any]:
        self.trace.append("do")
        if self.effect is not None and self.effect_times:
            self.effect_times -= 1
            raise self.effect
        return {"previous": {}}

    async def verify(self, action: Action) -> Finding:
        self.trace.append("verify")
        return self._next(self.verifies)

    def _next(self, answers: list[Finding | Exception]) -> Finding:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        """Nothing is held."""

    def now_ms(self) -> int:
        return self.now

    async def sleep(self, duration_ms: int) -> None:
        self.now += duration_ms

    def write(self, kind: str, data: Mapping[str, Any]) -> None:
        if self.disk is not None:
            raise self.disk
        self.trace.append(kind)
        self.now += self.disk_ms

    async def report(self, finished: Finished) -> None:
        self.finished.append(finished)

    async def run(
        self, action: Action, *, fresh_until_ms: int | None = None, abandon: bool = False
    ) -> Finished:
        runner = Runner(self, self, self.write, self.report)
        if abandon:
            runner.abandon("a1")
        await runner.run(Perform("a1", action, 1_000, fresh_until_ms))
        assert len(self.finished) == 1
        return self.finished[0]


FENCE = Fence(("orders",))
COMMIT = CommitOffsets("target", "ledger", ((("orders", 0), 5),))


async def test_the_intent_is_on_disk_before_the_effect_and_the_outcome_after() -> None:
    edge = Edge()
    finished = await edge.run(FENCE)
    assert finished.outcome == "done"
    assert finished.intended
    assert edge.trace == ["precheck", "intent", "do", "verify", "outcome"]


async def test_what_is_so_already_is_not_done_again() -> None:
    edge = Edge()
    edge.prechecks = [Finding(True, "is so")]
    assert (await edge.run(FENCE)).outcome == "already"
    assert "do" not in edge.trace


async def test_a_full_disk_means_no_effect() -> None:
    edge = Edge()
    edge.disk = JournalError("no space left")
    finished = await edge.run(FENCE)
    assert finished.outcome == "failed"
    assert not finished.intended
    assert "do" not in edge.trace


async def test_stale_evidence_means_no_effect() -> None:
    edge = Edge()
    edge.now = 2_001
    finished = await edge.run(FENCE, fresh_until_ms=2_000)
    assert finished.outcome == "failed"
    assert "stale" in finished.detail
    assert "do" not in edge.trace


async def test_evidence_that_becomes_stale_while_the_disk_takes_the_intent_means_no_effect() -> (
    None
):
    edge = Edge()
    edge.disk_ms = 5_000
    finished = await edge.run(FENCE, fresh_until_ms=2_000)
    assert finished.outcome == "failed"
    assert "stale" in finished.detail
    assert edge.trace == ["precheck", "intent", "outcome"]


async def test_what_was_tried_until_its_evidence_was_stale_ends_with_why_it_did_not_go() -> None:
    edge = Edge()
    edge.effect = PortError("unreachable", "connection refused")
    finished = await edge.run(CallService("ledger", "start"), fresh_until_ms=900)
    assert finished.outcome == "failed"
    assert finished.detail == f"connection refused; {STALE}"
    assert finished.data["unsent"]


async def test_what_was_refused_was_sent() -> None:
    edge = Edge()
    edge.effect = PortError("refused", "HTTP 409")
    finished = await edge.run(CallService("ledger", "start"))
    assert finished.outcome == "failed"
    assert "unsent" not in finished.data


async def test_a_lost_reply_is_resolved_by_reading() -> None:
    edge = Edge()
    edge.effect = OutcomeUnknownError("connection lost after sending")
    edge.verifies = [Finding(None, "not readable"), Finding(True, "it is so")]
    assert (await edge.run(FENCE)).outcome == "done"
    assert edge.trace.count("do") == 1


async def test_a_lost_reply_that_cannot_be_read_stays_unknown() -> None:
    edge = Edge()
    edge.effect = OutcomeUnknownError("connection lost after sending")
    edge.verifies = [PortError("unreachable", "no broker answers")]
    finished = await edge.run(FENCE)
    assert finished.outcome == "unknown"
    assert "no broker answers" in finished.detail


async def test_a_service_call_whose_reply_is_lost_is_unknown_and_not_repeated() -> None:
    edge = Edge()
    edge.effect = OutcomeUnknownError("timed out")
    assert (await edge.run(CallService("ledger", "stop"))).outcome == "unknown"
    assert edge.trace.count("do") == 1


async def test_a_refused_effect_failed() -> None:
    edge = Edge()
    edge.effect = PortError("refused", "group ledger still has members")
    finished = await edge.run(COMMIT)
    assert (finished.outcome, finished.detail) == ("failed", "group ledger still has members")


async def test_not_verified_in_time_is_failed_when_read_and_unknown_when_not() -> None:
    edge = Edge()
    edge.verifies = [Finding(False, "orders/0 grew by 3")]
    assert (await edge.run(FENCE)).outcome == "failed"
    edge = Edge()
    edge.verifies = [Finding(None, "broker 2 does not answer")]
    assert (await edge.run(FENCE)).outcome == "unknown"


async def test_a_precheck_is_tried_again_while_the_cluster_is_slow() -> None:
    edge = Edge()
    edge.prechecks = [PortError("slow", "no answer"), Finding(False, "not so yet")]
    assert (await edge.run(FENCE)).outcome == "done"


async def test_an_effect_on_a_cluster_that_is_away_is_tried_again_under_one_intent() -> None:
    edge = Edge()
    edge.effect = PortError("unreachable", "no broker answers")
    edge.effect_times = 2
    edge.verifies = [Finding(True, "it is so")]
    assert (await edge.run(COMMIT)).outcome == "done"
    assert edge.trace.count("do") == 3
    assert edge.trace.count("intent") == 1


async def test_a_cluster_that_stays_away_ends_it_in_time() -> None:
    edge = Edge()
    edge.effect = PortError("unreachable", "no broker answers")
    finished = await edge.run(COMMIT)
    assert (finished.outcome, finished.detail) == ("failed", "no broker answers")
    assert edge.now <= 2_000


async def test_a_precheck_that_is_refused_ends_it() -> None:
    edge = Edge()
    edge.prechecks = [PortError("refused", "no right to alter ACLs")]
    finished = await edge.run(FENCE)
    assert (finished.outcome, finished.detail) == ("failed", "no right to alter ACLs")
    assert "do" not in edge.trace


async def test_giving_up_ends_the_wait_with_what_was_read_last() -> None:
    edge = Edge()
    edge.verifies = [Finding(False, "3 records short")]
    finished = await edge.run(ProveDrained(("orders",)), abandon=True)
    assert finished.outcome == "unknown"
    assert "3 records short" in finished.detail


async def test_a_proof_changes_nothing_and_needs_no_intent() -> None:
    edge = Edge()
    edge.verifies = [Finding(False, "3 short"), Finding(True, "drained")]
    assert (await edge.run(ProveDrained(("orders",)))).outcome == "done"
    assert edge.trace == ["verify", "verify", "do", "outcome"]


async def test_a_defect_at_the_edge_is_an_unknown_outcome_not_a_crash() -> None:
    edge = Edge()
    edge.effect = KeyError("node 3")
    finished = await edge.run(Unfence(("orders",)))
    assert finished.outcome == "unknown"
    assert "KeyError" in finished.detail
