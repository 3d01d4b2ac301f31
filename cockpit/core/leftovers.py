"""What stands on the clusters of an attempt that no flight is at work on any more, and who left it.

Judges from the facts alone, told by nobody's memory but for who and since when. Never takes what a
moved wave needs (its fence, the mirror's settings behind it) for left over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from cockpit.core import clearing, reversing
from cockpit.core.adopted import is_there
from cockpit.core.exclusions import DEFAULT_GROUPS, DEFAULT_TOPICS, listed, without_names
from cockpit.core.explaining import explained, ordered_off
from cockpit.core.fences import bindings_by_topic, fence_step, is_fenced
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.freshness import why_blind
from cockpit.core.left import Left, Leftover
from cockpit.core.mirrorsurvey import (
    GROUPS_EXCLUDE,
    SYNC_ACLS,
    SYNC_CONFIGS,
    TOPICS_EXCLUDE,
    CheckpointsSurvey,
    CommitMark,
    ConnectSurvey,
    MarksSurvey,
)
from cockpit.core.observe import AclBinding, TopicPartition
from cockpit.core.openings import own_records
from cockpit.core.parity.fence import EVERYBODY, covers_topic
from cockpit.core.plan import SIDES, Plan, Side, produced_topics, touched_topics

RESTING: Final = ("pending", "ready", "rolled back")
"""Waves that nobody is at work on, and that are not moved: what they would meet is left over."""
HALTED: Final = ("PAUSED", "STOPPED")
NO_AUTHORIZER: Final = "no authorizer"
CHECKPOINT_LANDS_MS: Final = 1_000
"""MirrorMaker may commit from a checkpoint a moment before its record is in the topic."""
NAMED: Final = 6
"""How many of many names are spelt out."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A flight's state, parted into what is moved, what is at work, and what still is to come."""

    state: FlightState
    coming: tuple[WaveState, ...]
    moved: tuple[WaveState, ...]
    after_ms: int
    """What was read before this says nothing: the flight itself has changed things since."""

    @property
    def plan(self) -> Plan:
        return self.state.plan

    def produce(self, topic: str) -> tuple[str, ...]:
        """The waves to come that write a topic."""
        return tuple(w.wave.name for w in self.coming if topic in _produced(self.plan, w))

    def blind(self, feed: str) -> str:
        """Why a feed says nothing about now; empty: it does."""
        why = why_blind(self.state.facts, feed, self.state.at_ms)
        if why is not None:
            return why
        asked = self.state.facts.feeds[feed].asked_at_ms
        return "" if asked is not None and asked > self.after_ms else f"{feed}: not read again yet"


def leftovers(state: FlightState) -> Left:
    """Everything that is left over for the waves still to come; worst first."""
    if not _can_judge(state):
        return Left()
    look = _look(state)
    if not look.coming:
        return Left()
    found: list[Leftover] = []
    unread: list[str] = []
    is_mirror = state.plan.replication.kind == "mirrormaker2"
    for feed, find in _FINDERS if is_mirror else _FINDERS[:3]:
        why = look.blind(feed)
        if not why:
            found.extend(find(look))
        elif NO_AUTHORIZER not in why:
            unread.append(why)
    survey = state.facts.survey(ConnectSurvey, "connect")
    if (
        is_mirror
        and survey is not None
        and not survey.settings.keys() >= set(_connectors(state.plan))
    ):
        unread.append("connect: it does not show the configs of the plan's connectors")
    marks = state.facts.survey(MarksSurvey, "target.marks")
    silent = marks.unknown if marks is not None else {}
    unread.extend(
        f"commits of {group} on the target: {silent[group]}"
        for group in _groups(look)
        if group in silent
    )
    if is_mirror and (why := look.blind("checkpoints")) and any(_commits(look)):
        unread.append(f"whether commits on the target are the mirror's: {why}")
    needed = _second_mirrors_unread(look)
    unread.extend(why for why in needed if why not in unread)
    explained_ones = (explained(one, state.past) for one in found)
    return Left(tuple(sorted(explained_ones, key=_worst_first)), tuple(unread), needed)


def _worst_first(one: Leftover) -> tuple[bool, bool]:
    """A second mirror is stopped before anything else is put back: its records would go round."""
    return not one.harms, one.kind != "second mirror"


def coming_waves(state: FlightState) -> tuple[WaveState, ...]:
    """Waves that are still to move, as far as the clusters show."""
    return _look(state).coming


def _can_judge(state: FlightState) -> bool:
    """Whether everything was looked at once that shows whether a wave has been moved."""
    facts = state.facts
    if any(facts.newest_groups(side) is None for side in SIDES):
        return False
    if facts.syncs is not None and not facts.syncs.read_to_end:
        return False
    return all(feed in facts.feeds for feed in ("mirror", "syncs", "target.logs"))


def _look(state: FlightState) -> _Look:
    moved: list[WaveState] = []
    coming: list[WaveState] = []
    for index, wave in enumerate(state.waves):
        if wave.word == "done":
            moved.append(wave)
        elif wave.word in RESTING:
            is_moved = wave.attempt == 0 and _was_moved(state, index)
            (moved if is_moved else coming).append(wave)
    ends = [s.ended_at_ms for w in state.waves for s in w.steps if s.ended_at_ms is not None]
    return _Look(state, tuple(coming), tuple(moved), max(ends, default=-1))


def _was_moved(state: FlightState, index: int) -> bool:
    """Whether an earlier flight has moved a wave: the clusters show it, or a journal says so and
    they do not contradict it."""
    wave = state.waves[index]
    if is_there(state, wave):
        return True
    acls = state.facts.acls.get("source")
    by_acl = bool(bindings_by_topic(wave.wave, state.plan))
    if by_acl and (acls is None or not is_fenced(wave.wave, state.plan, acls)):
        return False
    if by_acl and own_records(replace(state, current=index)):
        return True
    words = [past.waves[wave.wave.name] for past in state.past if wave.wave.name in past.waves]
    return bool(words) and words[-1] == "done" and not _works_on_source(state, wave)


def _works_on_source(state: FlightState, wave: WaveState) -> bool:
    sample = state.facts.newest_groups("source")
    if sample is None:
        return False
    named = [s.group for s in state.plan.wave_services(wave.wave) if s.group]
    return any(group in sample.groups and sample.groups[group].members > 0 for group in named)


def _produced(plan: Plan, wave: WaveState) -> tuple[str, ...]:
    return produced_topics(plan.wave_services(wave.wave))


# --- ACLs -----------------------------------------------------------------------------------------


def _source_acls(look: _Look) -> Iterator[Leftover]:
    yield from _denies(look, "source")
    yield from _opened(look)


def _target_acls(look: _Look) -> Iterator[Leftover]:
    yield from _denies(look, "target")


def _denies(look: _Look, side: Side) -> Iterator[Leftover]:
    """What keeps the plan's producers from writing, one finding for all that one command clears."""
    alike: dict[tuple[str, ...], list[AclBinding]] = {}
    stopped: dict[AclBinding, tuple[str, ...]] = {}
    bindings = look.state.facts.acls[side].bindings
    for binding in sorted(one for one in bindings if one.permission == "deny"):
        topics = _stops(look, side, binding)
        if not topics:
            continue
        stopped[binding] = topics
        wide = (binding.pattern, binding.resource_name) if _is_wide(binding) else ("", "")
        waves = () if _is_wide(binding) else look.produce(topics[0])
        key = (*wide, binding.principal, binding.host, binding.operation, *waves)
        alike.setdefault(key, []).append(binding)
    for found in alike.values():
        topics = tuple(sorted({topic for binding in found for topic in stopped[binding]}))
        yield _denied(look, side, found, topics)


def _stops(look: _Look, side: Side, binding: AclBinding) -> tuple[str, ...]:
    """Topics of the plan whose writers this binding stops, and that are not a moved wave's own."""
    if binding.resource_type != "topic" or binding.operation not in ("write", "all"):
        return ()
    plan = look.plan
    canary = plan.source.canary
    found: list[str] = []
    for topic in plan.topics():
        if not covers_topic(binding, topic) or (side == "source" and not _is_to_come(look, topic)):
            continue
        writers = {s.principal for s in plan.services if topic in s.produces}
        if canary is not None and side == "source":
            writers.add(f"User:{canary.username}")
        if binding.principal == EVERYBODY or binding.principal in writers:
            found.append(topic)
    return tuple(found)


def _is_to_come(look: _Look, topic: str) -> bool:
    """Whether a topic's writers are still to move, or are none of the plan's. Those of late readers
    have moved: what fences them keeps them from writing on both sides."""
    if topic in look.plan.late_topics():
        return False
    return bool(look.produce(topic)) or not any(
        topic in _produced(look.plan, wave) for wave in look.state.waves
    )


def _is_wide(binding: AclBinding) -> bool:
    """Whether a binding is about more than the topic of its name."""
    return binding.pattern != "literal" or binding.resource_name == "*"


def _denied(
    look: _Look, side: Side, bindings: list[AclBinding], topics: tuple[str, ...]
) -> Leftover:
    first = bindings[0]
    plan = look.plan
    waves = tuple(dict.fromkeys(w for topic in topics for w in look.produce(topic)))
    everywhere = first.host == "*"
    who = "everybody" if first.principal == EVERYBODY else first.principal
    wide = f", by a {first.pattern} ACL on {first.resource_name!r} that covers other topics too"
    how = wide if _is_wide(first) else ""
    host = "" if everywhere else f" from host {first.host}"
    text = f"{who} is denied to write {_names(topics)} on the {side}{host}{how}"
    if side == "target":
        text += ": the mirror's ACL sync copies a fence there and never removes it"
    return Leftover(
        kind="fence" if side == "source" else "copied fence",
        where=side,
        names=topics,
        text=text,
        command=clearing.remove_acls(plan.source if side == "source" else plan.target, bindings),
        harms=waves if everywhere else (),
    )


def _opened(look: _Look) -> Iterator[Leftover]:
    """An ALLOW of everything to everybody, as is needed before a fence where no ACL means all may;
    the target does not have it, so it is no rule of the house."""
    there = look.state.facts.acls.get("target")
    if there is None:
        return
    for topic in look.plan.topics():
        binding = AclBinding("topic", topic, "literal", EVERYBODY, "*", "all", "allow")
        if binding in look.state.facts.acls["source"].bindings - there.bindings:
            text = f"everybody may do everything with {topic}, on the source alone"
            command = clearing.remove_acls(look.plan.source, [binding])
            yield Leftover("opened", "source", (topic,), text, command)


# --- the mirror -----------------------------------------------------------------------------------


def _connectors(plan: Plan) -> tuple[str, ...]:
    """The plan's own two; none where the mirror is not on Connect."""
    if plan.replication.kind != "mirrormaker2":
        return ()
    return plan.replication.source_connector, plan.replication.checkpoint_connector


def _movers(look: _Look) -> Iterator[Leftover]:
    yield from _halted(look)
    yield from _second_mirrors(look)


def _second_mirrors(look: _Look) -> Iterator[Leftover]:
    """Mirrors back to the source that run though no wave which needs one has moved."""
    mirror = look.state.facts.newest_mirror()
    unowned = _unowned(look)
    for connector in mirror.connectors if mirror is not None else ():
        # a connector that failed runs again after a restart, and its tasks may run meanwhile
        halted = connector.state in HALTED and all(t.state in HALTED for t in connector.tasks)
        if connector.name not in unowned or halted:
            continue
        forward = look.plan.replication.source_connector
        text = (
            f"connector {connector.name} is {connector.state}: it brings records back to the"
            f" source though no wave of its own has moved; those that {forward} copies go round"
        )
        command = clearing.stop_connector(look.plan.replication.connect, connector.name)
        harms = tuple(wave.wave.name for wave in look.coming)
        yield Leftover("second mirror", "connect", (connector.name,), text, command, harms)


def _second_mirrors_unread(look: _Look) -> tuple[str, ...]:
    """Why nobody can say whether such a mirror runs; what is stopped is not among the connectors
    and gives no reason."""
    unowned = _unowned(look)
    if unowned and (why := look.blind("mirror")):
        return (why,)
    mirror = look.state.facts.newest_mirror()
    if mirror is None or not mirror.reverse_unknown:
        return ()
    shown = {connector.name for connector in mirror.connectors}
    return tuple(f"connector {n}: {mirror.reverse_unknown}" for n in unowned if n not in shown)


def _unowned(look: _Look) -> tuple[str, ...]:
    """Connectors of `reverse` steps that no moved wave needs, and none at work."""
    coming = {wave.wave.name for wave in look.coming}
    others = [wave for wave in look.plan.waves if wave.name not in coming]
    owned = {step.connector for wave in others if (step := reversing.reverse_step(wave))}
    return tuple(name for name in reversing.connectors(look.plan) if name not in owned)


def _halted(look: _Look) -> Iterator[Leftover]:
    """Connectors of the plan that somebody has paused or stopped."""
    mirror = look.state.facts.newest_mirror()
    if mirror is None:
        return
    replication = look.plan.replication
    for connector in mirror.connectors:
        halted = connector.state in HALTED or any(t.state in HALTED for t in connector.tasks)
        if connector.name not in _connectors(look.plan) or not halted:
            continue
        word = connector.state if connector.state in HALTED else "PAUSED in a task"
        command = clearing.resume_connector(replication.connect, connector.name)
        text = f"connector {connector.name} is {word}: nothing of its work is done"
        harms = tuple(wave.wave.name for wave in look.coming)
        yield Leftover("connector", "connect", (connector.name,), text, command, harms)


def _settings(look: _Look) -> Iterator[Leftover]:
    """Settings that a flight changes and gives back when a wave goes back."""
    survey = look.state.facts.survey(ConnectSurvey, "connect")
    replication = look.plan.replication
    if survey is None or replication.kind != "mirrormaker2":
        return
    source = survey.settings.get(replication.source_connector, {})
    checkpoint = survey.settings.get(replication.checkpoint_connector, {})
    yield from _sync_off(look, source, survey.version)
    yield from _excluded_topics(look, source, survey.version)
    yield from _excluded_groups(look, checkpoint, survey.version)


def _sync_off(look: _Look, settings: Mapping[str, str], version: str) -> Iterator[Leftover]:
    """ACL and config sync off, with no fence of a moved wave that it would copy."""
    at_work = [w for w in look.state.waves if w.word not in (*RESTING, "done")]
    if at_work or any((step := fence_step(w.wave)) and step.by == "acl" for w in look.moved):
        return
    name = look.plan.replication.source_connector
    off = [key for key in (SYNC_ACLS, SYNC_CONFIGS) if settings.get(key, "").lower() == "false"]
    before = {key: ordered_off(name, key, look.state.past) for key in off}
    back = {key: was for key, was in before.items() if was is None or was.lower() != "false"}
    if not back:
        return
    command = clearing.set_config(look.plan.replication.connect, name, back, version=version)
    text = (
        f"{name} has {', '.join(f'{key}=false' for key in back)}, as a flight sets it before a"
        " fence: what is changed on the source does not reach the target"
    )
    yield Leftover("settings", "connect", (name,), text, command)


def _excluded_groups(look: _Look, settings: Mapping[str, str], version: str) -> Iterator[Leftover]:
    coming = _groups(look)
    excludes = settings.get(GROUPS_EXCLUDE)
    found = listed(excludes, coming)
    if not found or excludes is None:
        return
    name = look.plan.replication.checkpoint_connector
    value = without_names(excludes, DEFAULT_GROUPS, found)
    command = clearing.set_config(
        look.plan.replication.connect, name, {GROUPS_EXCLUDE: value}, version=version
    )
    text = f"{name} leaves {_names(found)} out: their offsets are not brought to the target"
    yield Leftover("groups", "connect", found, text, command)


def _excluded_topics(look: _Look, settings: Mapping[str, str], version: str) -> Iterator[Leftover]:
    wanted = {t: w.wave.name for w in look.coming for t in _touched(look.plan, w)}
    moved = {t for w in look.moved for t in _produced(look.plan, w)}
    excludes = settings.get(TOPICS_EXCLUDE)
    found = listed(excludes, sorted(wanted.keys() - moved))
    if not found or excludes is None:
        return
    name = look.plan.replication.source_connector
    value = without_names(excludes, DEFAULT_TOPICS, found)
    command = clearing.set_config(
        look.plan.replication.connect, name, {TOPICS_EXCLUDE: value}, version=version
    )
    text = f"{name} leaves {_names(found)} out: their records are not copied"
    harms = tuple(
        w.wave.name for w in look.coming if set(_touched(look.plan, w)).intersection(found)
    )
    yield Leftover("topics", "connect", found, text, command, harms)


def _touched(plan: Plan, wave: WaveState) -> tuple[str, ...]:
    return touched_topics(plan.wave_services(wave.wave))


def _groups(look: _Look) -> tuple[str, ...]:
    services = [s for w in look.coming for s in look.plan.wave_services(w.wave)]
    return tuple(s.group for s in services if s.group)


# --- offsets --------------------------------------------------------------------------------------


def _offsets(look: _Look) -> Iterator[Leftover]:
    """Commits on the target that the mirror's group sync cannot have made.

    That sync commits what a checkpoint says, and checkpoints of a group only go on: a commit past
    the newest one, read after it, or without any, is somebody else's.
    """
    marks = look.state.facts.survey(MarksSurvey, "target.marks")
    checkpoints = look.state.facts.survey(CheckpointsSurvey, "checkpoints")
    if marks is None or checkpoints is None or look.plan.replication.kind != "mirrormaker2":
        return
    if not checkpoints.read_to_end:
        return
    if checkpoints.asked_at_ms < marks.answered_at_ms + CHECKPOINT_LANDS_MS:
        return
    for group, commits in _commits(look):
        names: list[TopicPartition] = []
        ours = False
        for name, mark in commits.items():
            known = checkpoints.checkpoints.get((group, name))
            if known is None or mark.offset > known.target_offset:
                names.append(name)
                ours = ours or mark.ours
        if not names:
            continue
        who = "a cockpit's mark" if ours else "no mark of a cockpit"
        text = (
            f"group {group} has {len(names)} commits on the target past what the mirror would"
            f" commit ({who}): a wave overwrites them"
        )
        command = clearing.delete_offsets(look.plan.target, group, names)
        yield Leftover("offsets", "target", (group,), text, command)


def _commits(look: _Look) -> Iterator[tuple[str, Mapping[TopicPartition, CommitMark]]]:
    """Groups still to come with their commits on the target, which they have not made there."""
    marks = look.state.facts.survey(MarksSurvey, "target.marks")
    if marks is None:
        return
    for group in _groups(look):
        commits = marks.groups.get(group, {})
        if commits and not _at_work_there(look.state, group):
            yield group, commits


def _at_work_there(state: FlightState, group: str) -> bool:
    """Whether a group commits on the target by itself: then its commits are its own."""
    sample = state.facts.newest_groups("target")
    found = sample.groups.get(group) if sample else None
    return found is not None and found.members > 0


def _names(names: Iterable[str]) -> str:
    every = tuple(names)
    more = f" and {len(every) - NAMED} more" if len(every) > NAMED else ""
    return ", ".join(every[:NAMED]) + more


_FINDERS: Final = (
    ("source.acls", _source_acls),
    ("target.acls", _target_acls),
    ("mirror", _movers),
    ("connect", _settings),
    ("target.marks", _offsets),
)
"""Each with the feed that it cannot do without; the last two are about MirrorMaker 2 alone."""
