"""State, members and commits of all groups of a cluster.

State is read before commits: a group seen without members commits nothing more, so the commits of
that sample are its last ones. Commits, in turn, are to be read before log ends, so that a negative
lag is never an accident of order.

Commits are one request for each coordinator. It asks that commits of open transactions be refused;
for a group that has members it then asks once more, without, for what is committed by now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cockpit.core.observe import GroupSample, GroupState
from cockpit.core.plan import Side
from cockpit.kafka.client import Client
from cockpit.kafka.errors import (
    GROUP_ID_NOT_FOUND,
    UNSTABLE_OFFSET_COMMIT,
    UnsupportedError,
    code_name,
)
from cockpit.kafka.protocol.commits import GroupCommits, fetch_commits
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.roster import Roster, Standing, read_roster
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

MOVED: Final = frozenset({15, 16})
"""Group errors that say that another broker may be the coordinator by now."""
PIPELINED: Final = 100
"""Requests under way at once on one connection, to brokers that take one group in each."""

_Commits = Request[tuple[GroupCommits, ...]]


@dataclass(slots=True)
class _Answers:
    """What coordinators said about commits, by group; in `failed` why one said nothing."""

    commits: dict[str, GroupCommits] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


class GroupReader:
    """Reads GroupSamples; remembers which groups it has seen, and the requests for them."""

    def __init__(
        self,
        side: Side,
        client: Client,
        clock: Clock,
        groups: Iterable[str],
        *,
        others: bool = True,
    ) -> None:
        """`others`: all groups are read; else those that are named here alone."""
        self._side: Side = side
        self._client = client
        self._clock = clock
        self._expected = frozenset(groups)
        self._others = others
        self._seen: frozenset[str] = frozenset()
        self._roster: Roster | None = None
        self._doubted = False
        """Something said that states or coordinators may have changed."""
        self._committing: frozenset[str] = frozenset()
        """Groups that had commits in the last sample."""
        self._many: dict[int, tuple[tuple[str, ...], _Commits]] = {}
        self._single: dict[str, _Commits] = {}

    async def read(self, *, states_max_age_ms: int = 0) -> GroupSample:
        """One sample. Raises PortError when no broker lists its groups."""
        asked_at_ms = self._clock.now_ms()
        roster = self._roster
        if roster is None or self._doubted or asked_at_ms - roster.asked_at_ms >= states_max_age_ms:
            roster = await self._renew(asked_at_ms)
        answers = await self._fetch(roster)
        if self._contradict(roster, answers):
            # It is older, or a group was made between the two questions.
            roster = await self._renew(self._clock.now_ms())
            answers = await self._fetch(roster)
        self._doubted = bool(answers.failed) or self._contradict(roster, answers)
        groups = {
            standing.name: state
            for standing in roster.standings
            if (state := _state(standing, answers)) is not None
        }
        self._seen = frozenset(groups)
        self._committing = frozenset(n for n, found in answers.commits.items() if found.keys)
        return GroupSample(
            self._side,
            asked_at_ms,
            self._clock.now_ms(),
            groups,
            states_at_ms=roster.asked_at_ms,
            unlisted=roster.unlisted,
        )

    async def _renew(self, asked_at_ms: int) -> Roster:
        names = self._expected | self._seen
        kinds = self._roster.kinds if self._roster else {}
        self._roster = await read_roster(
            self._client, names, kinds, others=self._others, asked_at_ms=asked_at_ms
        )
        self._single = {n: r for n, r in self._single.items() if n in self._roster.node}
        return self._roster

    def _contradict(self, roster: Roster, answers: _Answers) -> bool:
        """Whether commits tell of something that the roster does not know."""
        found = answers.commits
        if any(_is_nowhere(s) and s.name in found and found[s.name].keys for s in roster.standings):
            return True
        if any(commits.error in MOVED for commits in found.values()):
            return True
        return any(n in found and not found[n].keys for n in self._committing)

    async def _fetch(self, roster: Roster) -> _Answers:
        answers = _Answers()
        self._many = {node: made for node, made in self._many.items() if node in roster.by_node}
        replies, failures = await self._client.ask_each(
            {node: self._request(node, names) for node, names in roster.by_node.items()}
        )
        for reply in replies.values():
            answers.commits.update([(commits.group, commits) for commits in reply])
        async with asyncio.TaskGroup() as tasks:
            for node, failure in failures.items():
                names = roster.by_node[node]
                if isinstance(failure, UnsupportedError) and len(names) > 1:
                    one_by_one = self._one_by_one(node, names, answers)
                    tasks.create_task(one_by_one, name=f"commits-of-{node}")
                else:
                    answers.failed.update(dict.fromkeys(names, failure.reason))
        await self._complete(roster, answers)
        return answers

    def _request(self, node: int, names: tuple[str, ...]) -> _Commits:
        """The same object as long as the groups are the same: it has learnt to read its reply."""
        made = self._many.get(node)
        if made is None or made[0] != names:
            made = self._many[node] = names, fetch_commits(names, stable=True)
        return made[1]

    async def _one_by_one(self, node: int, names: Sequence[str], answers: _Answers) -> None:
        """Requests pipelined on one connection, for brokers that take one group at a time."""

        async def ask(name: str) -> None:
            if name not in self._single:
                self._single[name] = fetch_commits([name], stable=True)
            try:
                (answers.commits[name],) = await self._client.call(node, self._single[name])
            except PortError as error:
                answers.failed[name] = error.reason

        for begin in range(0, len(names), PIPELINED):
            async with asyncio.TaskGroup() as tasks:
                for name in names[begin : begin + PIPELINED]:
                    tasks.create_task(ask(name), name=f"commits-{name}")

    async def _complete(self, roster: Roster, answers: _Answers) -> None:
        """Ask again for groups with members of which a commit hangs in an open transaction.

        They go on committing; what is committed by now is the truth about them by now. For a group
        without members it is not: its last commit is still to come.
        """
        hanging = [name for name, commits in answers.commits.items() if _hangs(commits)]
        if not hanging:
            return
        busy = {standing.name for standing in roster.standings if standing.members}
        again: dict[int, list[str]] = {}
        for name in busy.intersection(hanging):
            again.setdefault(roster.node[name], []).append(name)
        replies, _ = await self._client.ask_each(
            {node: fetch_commits(names) for node, names in again.items()}
        )
        for reply in replies.values():
            answers.commits.update([(commits.group, commits) for commits in reply])


def _hangs(commits: GroupCommits) -> bool:
    return any(code == UNSTABLE_OFFSET_COMMIT for _, code in commits.failed)


def _is_nowhere(group: Standing) -> bool:
    """Whether nobody lists a group and its coordinator denies to know it."""
    return group.unknown is None and not group.listed and group.state == "Dead"


def _state(group: Standing, answers: _Answers) -> GroupState | None:
    """One group as a value, or None where the cluster says that there is no such group."""
    why = group.unknown or answers.failed.get(group.name)
    commits = answers.commits.get(group.name)
    if why is None and group.keeps_commits:
        why = _doubt(commits)
    if why is None and _is_nowhere(group):
        if commits is None or not commits.keys:
            return None
        why = "it has commits, and no broker lists it or knows its members"
    if why is not None:
        return GroupState(group.name, "", 0, (), (), unknown=one_line(why))
    if commits is None:
        return GroupState(group.name, group.state, group.members, (), ())
    return GroupState(group.name, group.state, group.members, commits.keys, commits.offsets)


def _doubt(commits: GroupCommits | None) -> str | None:
    """Why what a coordinator answered about commits cannot be believed, if so."""
    if commits is None:
        return "commits not answered"
    if commits.error not in (0, GROUP_ID_NOT_FOUND):
        return code_name(commits.error)
    if commits.failed:
        (topic, partition), code = commits.failed[0]
        return f"commit of {topic}/{partition}: {code_name(code)}"
    return None
