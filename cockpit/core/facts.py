"""The newest samples of every feed, and the few older ones that fair comparisons need.

Pure bookkeeping: `absorb` returns a new value. A failure never erases what was known; that grows
old.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from cockpit.core.errorrates import ErrorLog, classify
from cockpit.core.feedstate import heard
from cockpit.core.history import EndHistory, extend
from cockpit.core.innererrors import new_errors
from cockpit.core.mirrorsurvey import ConnectSurvey
from cockpit.core.observe import (
    AclSample,
    ClusterInfo,
    ConfigSample,
    ConnectorState,
    Failure,
    GroupSample,
    LogSample,
    MirrorSample,
    Sample,
    SignalSample,
    SyncsSample,
    Unknown,
    feed_name,
)
from cockpit.core.plan import SIDES, Side
from cockpit.core.snapshot import FeedView, HealthWord
from cockpit.core.survey import Survey, TopicsSurvey

S = TypeVar("S", bound=Survey)

KEEP_SAMPLES = 24
"""Enough to find, for a sample, one of another feed that was asked for just before it, at the pace
of a wave whose clients are blocked; and for a silence of a second and a half to be seen."""
KEEP_SIGNAL_SAMPLES = 900


@dataclass(frozen=True, slots=True)
class Health:
    """How one side answers, and since when."""

    word: HealthWord
    since_ms: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything observed that decisions may use. Histories are oldest first."""

    logs: Mapping[Side, tuple[LogSample, ...]] = field(default_factory=dict)
    groups: Mapping[Side, tuple[GroupSample, ...]] = field(default_factory=dict)
    mirror: tuple[MirrorSample, ...] = ()
    syncs: SyncsSample | None = None
    configs: Mapping[Side, ConfigSample] = field(default_factory=dict)
    acls: Mapping[Side, AclSample] = field(default_factory=dict)
    info: Mapping[Side, ClusterInfo] = field(default_factory=dict)
    signals: Mapping[str, tuple[SignalSample, ...]] = field(default_factory=dict)
    failures: Mapping[str, Failure] = field(default_factory=dict)
    """Feeds whose newest try failed."""
    health: Mapping[Side, Health] = field(default_factory=dict)
    surveys: Mapping[str, tuple[Survey, ...]] = field(default_factory=dict)
    """Surveys by feed; the newest and the one before it, so that a change can be seen."""
    history: Mapping[Side, EndHistory] = field(default_factory=dict)
    """Log ends of the last quarter of an hour."""
    recreated: Mapping[Side, frozenset[str]] = field(default_factory=dict)
    """Topics that were made anew while this was watched: offsets from before mean nothing."""
    ids_before: Mapping[Side, Mapping[str, str]] = field(default_factory=dict)
    """Ids of topics that an engine before has seen, until they are compared with those of now."""
    feeds: Mapping[str, FeedView] = field(default_factory=dict)
    errors: ErrorLog = field(default_factory=ErrorLog)

    def newest_logs(self, side: Side) -> LogSample | None:
        """The newest log sample of a side."""
        samples = self.logs.get(side, ())
        return samples[-1] if samples else None

    def newest_groups(self, side: Side) -> GroupSample | None:
        """The newest group sample of a side."""
        samples = self.groups.get(side, ())
        return samples[-1] if samples else None

    def survey(self, kind: type[S], feed: str) -> S | None:
        """The newest survey of a feed, such as `survey(TopicsSurvey, "source.topics")`."""
        surveys = self.surveys.get(feed, ())
        return surveys[-1] if surveys and isinstance(surveys[-1], kind) else None

    def newest_mirror(self) -> MirrorSample | None:
        """The newest mirror sample."""
        return self.mirror[-1] if self.mirror else None


def absorb(facts: Facts, sample: Sample | Survey | Failure) -> Facts:
    """Facts with one more sample, or with one more feed known to fail."""
    feed = feed_of(sample)
    feeds = _heard(facts, feed, sample)
    failures = facts.failures
    if isinstance(sample, Failure):
        failures = {**failures, feed: sample}
        errors = facts.errors.failed(sample)
        facts = replace(facts, feeds=feeds, failures=failures, errors=errors)
        return _judge_health(facts, sample.answered_at_ms)
    if feed in failures:
        failures = {k: v for k, v in failures.items() if k != feed}
    errors = _errors(facts, feed, sample)
    stored = _stored(facts, feed, sample)
    facts = replace(facts, feeds=feeds, failures=failures, errors=errors, **stored)
    if isinstance(sample, Survey):
        return facts
    answered = sample.asked_at_ms if isinstance(sample, ClusterInfo) else sample.answered_at_ms
    return _judge_health(facts, answered)


def feed_of(sample: Sample | Survey | Failure) -> str:
    """The name of the feed that something came from."""
    return sample.feed if isinstance(sample, Survey) else feed_name(sample)


def _heard(facts: Facts, feed: str, sample: Sample | Survey | Failure) -> Mapping[str, FeedView]:
    asked = sample.asked_at_ms
    state = heard(
        facts.feeds.get(feed),
        feed=feed,
        word=sample.kind if isinstance(sample, Failure) else "connected",
        reason=sample.reason if isinstance(sample, Failure) else "",
        asked_at_ms=asked,
        answered_at_ms=asked if isinstance(sample, ClusterInfo) else sample.answered_at_ms,
    )
    return {**facts.feeds, feed: state}


def _errors(facts: Facts, feed: str, sample: Sample | Survey) -> ErrorLog:
    """Errors that are reported inside of a good answer: parts that could not be read, failed tasks,
    signals without a value."""
    errors = facts.errors
    if whys := new_errors(_newest(facts, feed, sample), sample):
        at_ms = sample.asked_at_ms if isinstance(sample, ClusterInfo) else sample.answered_at_ms
        errors = errors.parts(at_ms, feed, whys)
    match sample:
        case MirrorSample(answered_at_ms=at_ms, connectors=connectors):
            before = facts.newest_mirror()
            errors = _tasks(errors, before.connectors if before else (), connectors, at_ms)
        case ConnectSurvey(answered_at_ms=at_ms, connectors=connectors):
            watched = facts.newest_mirror()
            names = {c.name for c in watched.connectors} if watched else set()
            old = facts.survey(ConnectSurvey, "connect")
            others = tuple(c for c in connectors if c.name not in names)
            errors = _tasks(errors, old.connectors if old else (), others, at_ms)
        case SignalSample(name=name, answered_at_ms=at_ms, value=Unknown(reason=reason)):
            errors = errors.add(at_ms, "signals", classify(reason), f"{name}: {reason}")
        case _:
            pass
    return errors


def _newest(facts: Facts, feed: str, sample: Sample | Survey) -> Sample | Survey | None:
    """What the same feed told before."""
    match sample:
        case LogSample(side=side):
            return facts.newest_logs(side)
        case GroupSample(side=side):
            return facts.newest_groups(side)
        case ConfigSample(side=side):
            return facts.configs.get(side)
        case _:
            surveys = facts.surveys.get(feed, ())
            return surveys[-1] if surveys else None


def _tasks(
    errors: ErrorLog,
    before: tuple[ConnectorState, ...],
    now: tuple[ConnectorState, ...],
    at_ms: int,
) -> ErrorLog:
    """Tasks that have failed since the last look; one that stays failed is one error."""
    known = {(c.name, t.id, t.cause) for c in before for t in c.tasks if t.state == "FAILED"}
    for connector in now:
        for task in connector.tasks:
            key = (connector.name, task.id, task.cause)
            if task.state == "FAILED" and key not in known:
                text = f"{connector.name} task {task.id}: {task.cause or 'no cause given'}"
                errors = errors.add(at_ms, "replication", classify(task.cause), text)
    return errors


def _stored(facts: Facts, feed: str, sample: Sample | Survey) -> Mapping[str, Any]:
    """The fields of the facts that a sample changes, with it."""
    match sample:
        case LogSample(side=side):
            return _stored_logs(facts, side, sample)
        case GroupSample(side=side):
            kept_groups = (*facts.groups.get(side, ())[1 - KEEP_SAMPLES :], sample)
            return {"groups": {**facts.groups, side: kept_groups}}
        case MirrorSample():
            return {"mirror": (*facts.mirror[1 - KEEP_SAMPLES :], sample)}
        case SyncsSample():
            return {"syncs": sample}
        case ConfigSample(side=side):
            return {"configs": {**facts.configs, side: sample}}
        case AclSample(side=side):
            return {"acls": {**facts.acls, side: sample}}
        case ClusterInfo(side=side):
            return {"info": {**facts.info, side: sample}}
        case SignalSample(name=name):
            kept = (*facts.signals.get(name, ())[1 - KEEP_SIGNAL_SAMPLES :], sample)
            return {"signals": {**facts.signals, name: kept}}
        case TopicsSurvey(side=side) if facts.ids_before.get(side):
            return {**_surveyed(facts, feed, sample), **_compared(facts, side, sample)}
        case _:
            return _surveyed(facts, feed, sample)


def _surveyed(facts: Facts, feed: str, survey: Survey) -> Mapping[str, Any]:
    surveys = (*facts.surveys.get(feed, ())[-1:], survey)
    return {"surveys": {**facts.surveys, feed: surveys}}


def _compared(facts: Facts, side: Side, survey: TopicsSurvey) -> Mapping[str, Any]:
    """A topic with another id than before is another one. What is not there may come back."""
    before = facts.ids_before[side]
    ids = {name: survey.topics[name].id for name in before if name in survey.topics}
    anew = frozenset(name for name, id_ in ids.items() if id_ and id_ != before[name])
    left = {name: id_ for name, id_ in before.items() if name not in ids}
    changed: dict[str, Any] = {"ids_before": {**facts.ids_before, side: left}}
    if anew:
        known = facts.recreated.get(side, frozenset())
        changed["recreated"] = {**facts.recreated, side: known | anew}
        changed["history"] = {at: ends for at, ends in facts.history.items() if at != side}
    return changed


def _stored_logs(facts: Facts, side: Side, sample: LogSample) -> Mapping[str, Any]:
    known = facts.recreated.get(side, frozenset())
    history = extend(facts.history.get(side), sample, sample.recreated - known)
    changed: dict[str, Any] = {
        "logs": {**facts.logs, side: (*facts.logs.get(side, ())[1 - KEEP_SAMPLES :], sample)},
        "history": {**facts.history, side: history},
    }
    if not sample.recreated <= known:
        changed["recreated"] = {**facts.recreated, side: known | sample.recreated}
    return changed


_HOT_FEEDS = ("logs", "groups")
_WORST_FIRST: tuple[HealthWord, ...] = (
    "unreachable",
    "refused",
    "protocol",
    "unsupported",
    "slow",
)


def _judge_health(facts: Facts, now_ms: int) -> Facts:
    """A side is what its hot feeds say; the worst word wins."""
    changed: dict[Side, Health] = {}
    for side in SIDES:
        word, reason = _word_of(facts, side)
        known = facts.health.get(side)
        if known is None or known.word != word:
            changed[side] = Health(word, now_ms, reason)
        elif known.reason != reason:
            changed[side] = Health(word, known.since_ms, reason)
    return replace(facts, health={**facts.health, **changed}) if changed else facts


def _word_of(facts: Facts, side: Side) -> tuple[HealthWord, str]:
    failures = [f for feed in _HOT_FEEDS if (f := facts.failures.get(f"{side}.{feed}"))]
    if failures:
        worst = min(failures, key=lambda f: _WORST_FIRST.index(f.kind))
        return worst.kind, worst.reason
    if facts.logs.get(side) and facts.groups.get(side):
        return "connected", ""
    return "connecting", "no answer yet"
