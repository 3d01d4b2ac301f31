"""I4, of places on the target: a wave that came back has put back what it had replaced there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cockpit.core.actions import CommitOffsets
from cockpit.core.observe import TopicPartition, partition_text
from cockpit.ports import OutcomeUnknownError
from tests.flights.invariants.case import Attempt, Case
from tests.flights.invariants.trace import Call, Felt, Line, Moment, last

ELSEWHERE = ("StrayMember", "TopicRecreated", "ServiceCrash")
"""Kinds of trouble that commit, or take a log away under what was committed."""


def check_commits(case: Case) -> Iterator[str]:
    """I4: former commits on the target stand again before the mirror may place groups itself."""
    if case.faults(*ELSEWHERE):
        return
    for attempt in case.attempts:
        done = next(
            (
                line
                for line in case.of(
                    "wave_rolled_back", after_n=attempt.started.n, before_n=attempt.end_n
                )
                if line.entry["wave"] == attempt.wave.name
            ),
            None,
        )
        now = _left_to_the_mirror(case, attempt, done) if done is not None else None
        if now is None or now.commits is None:
            continue
        unread = _unread(case, attempt)
        for group, before in _replaced(case, attempt).items():
            if group not in unread:
                yield from _differing(attempt, group, before, now.commits.get(group, {}))


def _left_to_the_mirror(case: Case, attempt: Attempt, done: Line) -> Moment | None:
    """When its groups were left to the mirror again; or when it was back, where they never were
    taken from it."""
    given: Felt | None = last(
        felt for felt in case.felts
        if felt.name == "include" and attempt.started.n < felt.n < done.n
    )  # fmt: skip
    return given.moment if given is not None else done.moment


def _unread(case: Case, attempt: Attempt) -> frozenset[str]:
    """Groups whose way back did not wait for a target that cannot be read, and said so, or was
    ordered without it: what is committed there stays."""
    within = {"after_n": attempt.started.n, "before_n": attempt.end_n}
    told = frozenset(str(line.entry["group"]) for line in case.of("group_unread", **within))
    if not any(case.of("without_target", **within)):
        return told
    return told | {s.group for s in case.plan.wave_services(attempt.wave) if s.group}


def _replaced(case: Case, attempt: Attempt) -> Mapping[str, Mapping[TopicPartition, int]]:
    """By group, what was committed as the wave first placed it."""
    late = {case.plan.service(name).group for name in case.overtaken()}
    found: dict[str, Mapping[TopicPartition, int]] = {}
    for intent in case.intended.values():
        if intent.wave != attempt.wave.name or intent.is_back:
            continue
        for call in intent.calls:
            action = call.action
            if not isinstance(action, CommitOffsets) or action.side != "target":
                continue
            if _lands_late(case, call, action.group):
                late.add(action.group)
            if attempt.started.n < call.n < attempt.end_n and action.group not in late:
                before = call.truth.commits if call.truth is not None else None
                placed = {name for name, _ in action.offsets}
                former = (before or {}).get(action.group, {})
                mine = {name: offset for name, offset in former.items() if name in placed}
                found.setdefault(action.group, mine)
    return {group: commits for group, commits in found.items() if group not in late}


def _lands_late(case: Case, commit: Call, group: str) -> bool:
    """Whether a commit without an answer has landed when its group was given back already."""
    if not isinstance(commit.error, OutcomeUnknownError):
        return False
    calls = [
        call
        for call in case.calls
        if isinstance(call.action, CommitOffsets) and call.action.group == group
    ]
    landed = (f.n for f in case.felts if f.name == f"commit {group}" and f.n > commit.ended_n)
    return any(not any(call.n < n < call.ended_n for call in calls) for n in landed)


def _differing(
    attempt: Attempt,
    group: str,
    before: Mapping[TopicPartition, int],
    now: Mapping[TopicPartition, int],
) -> Iterator[str]:
    for name, offset in before.items():
        if now.get(name) != offset:
            where = f"{group} {partition_text(name)}"
            told = f"{where} is at {now.get(name)} on the target, it was at {offset}"
            yield f"I4: wave {attempt.wave.name} came back, but {told}"
            return
