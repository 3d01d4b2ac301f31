"""The newest samples of every feed, and the few older ones that fair comparisons need.

Pure bookkeeping: `absorb` returns a new value. A failure never erases what was known; that grows
old.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cockpit.core.observe import (
    AclSample,
    ClusterInfo,
    ConfigSample,
    Failure,
    GroupSample,
    LogSample,
    MirrorSample,
    Sample,
    SignalSample,
    SyncsSample,
    feed_name,
)
from cockpit.core.plan import SIDES, Side
from cockpit.core.snapshot import HealthWord

KEEP_SAMPLES = 12
"""Enough to find, for a sample, one of another feed that was asked for just before it."""
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

    def newest_logs(self, side: Side) -> LogSample | None:
        """The newest log sample of a side."""
        samples = self.logs.get(side, ())
        return samples[-1] if samples else None

    def newest_groups(self, side: Side) -> GroupSample | None:
        """The newest group sample of a side."""
        samples = self.groups.get(side, ())
        return samples[-1] if samples else None

    def newest_mirror(self) -> MirrorSample | None:
        """The newest mirror sample."""
        return self.mirror[-1] if self.mirror else None


def absorb(facts: Facts, sample: Sample | Failure) -> Facts:
    """Facts with one more sample, or with one more feed known to fail."""
    if isinstance(sample, Failure):
        failures = {**facts.failures, sample.feed: sample}
        return _judge_health(replace(facts, failures=failures), sample.answered_at_ms)
    feed = feed_name(sample)
    if feed in facts.failures:
        facts = replace(facts, failures={k: v for k, v in facts.failures.items() if k != feed})
    facts = _store(facts, sample)
    answered = sample.asked_at_ms if isinstance(sample, ClusterInfo) else sample.answered_at_ms
    return _judge_health(facts, answered)


def _store(facts: Facts, sample: Sample) -> Facts:
    match sample:
        case LogSample(side=side):
            kept_logs = (*facts.logs.get(side, ())[1 - KEEP_SAMPLES :], sample)
            return replace(facts, logs={**facts.logs, side: kept_logs})
        case GroupSample(side=side):
            kept_groups = (*facts.groups.get(side, ())[1 - KEEP_SAMPLES :], sample)
            return replace(facts, groups={**facts.groups, side: kept_groups})
        case MirrorSample():
            return replace(facts, mirror=(*facts.mirror[1 - KEEP_SAMPLES :], sample))
        case SyncsSample():
            return replace(facts, syncs=sample)
        case ConfigSample(side=side):
            return replace(facts, configs={**facts.configs, side: sample})
        case AclSample(side=side):
            return replace(facts, acls={**facts.acls, side: sample})
        case ClusterInfo(side=side):
            return replace(facts, info={**facts.info, side: sample})
        case SignalSample(name=name):
            kept = (*facts.signals.get(name, ())[1 - KEEP_SIGNAL_SAMPLES :], sample)
            return replace(facts, signals={**facts.signals, name: kept})


_HOT_FEEDS = ("logs", "groups")


def _judge_health(facts: Facts, now_ms: int) -> Facts:
    """A side is what its hot feeds say; the worst word wins."""
    health = dict(facts.health)
    for side in SIDES:
        failures = [f for feed in _HOT_FEEDS if (f := facts.failures.get(f"{side}.{feed}"))]
        if failures:
            word: HealthWord = failures[0].kind
            reason = failures[0].reason
        elif facts.logs.get(side) and facts.groups.get(side):
            word, reason = "connected", ""
        else:
            word, reason = "connecting", "no answer yet"
        known = health.get(side)
        if known is None or known.word != word:
            health[side] = Health(word, now_ms, reason)
        elif known.reason != reason:
            health[side] = Health(word, known.since_ms, reason)
    return replace(facts, health=health)
