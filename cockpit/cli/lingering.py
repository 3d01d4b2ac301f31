"""Looks at who is still on the source, again and again: what was seen once is kept.

A batch job that runs once an hour is found by watching for an hour, however short its visit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from cockpit.cli.leftovers import Reading, sampled
from cockpit.core.facts import Facts, absorb
from cockpit.core.observe import Failure
from cockpit.core.snapshot import StragglerView
from cockpit.core.stragglers import Moved, stragglers

if TYPE_CHECKING:
    from cockpit.engine.loop import Ports

_KINDS: Final = ("producers", "members", "transactions")
"""Surveys of the source that tell who is there; none but these is read."""


_NOT_ASKED: Final = ("source.transactions", "unsupported")
"""Below Kafka 3.0 brokers list no transactions: markers then count as records of somebody else."""


@dataclass
class Seen:
    """Who was met on the source so far, and what could not be looked at."""

    found: dict[tuple[str, str, str], StragglerView] = field(default_factory=dict)
    """By kind, name and service; each as it was seen last."""
    first_ms: dict[tuple[str, str, str], int] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    """Feeds that failed at the newest look, and why."""
    looks: int = 0

    def take(self, views: Sequence[StragglerView], facts: Facts) -> tuple[StragglerView, ...]:
        """Take in what one look has shown; who was not met before. What could not be told earlier
        is forgotten: a later look tells it, or not."""
        new = []
        self.found = {key: one for key, one in self.found.items() if one.kind != "unknown"}
        for one in views:
            key = (one.kind, one.name if one.kind != "unlisted writer" else one.where, one.service)
            if key not in self.first_ms and one.kind != "unknown":
                new.append(one)
            self.first_ms.setdefault(key, one.at_ms)
            self.found[key] = one
        self.looks += 1
        self.unread = {
            name: failure.reason
            for name, failure in facts.failures.items()
            if name.startswith("source.") and (name, failure.kind) != _NOT_ASKED
        }
        return tuple(new)

    @property
    def is_known(self) -> bool:
        """Whether the source was looked at twice, and the last time everywhere."""
        words = {one.kind for one in self.found.values()}
        return self.looks > 1 and not self.unread and "unknown" not in words


def moved_in(records: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Waves that stand on the target after these records of flights, oldest first, and since
    when."""
    since: dict[str, int] = {}
    for record in records:
        for wave in record.get("waves", ()):
            started = wave.get("start_intent_at_ms")
            if wave["word"] == "done" or (started is not None and not wave["back"]):
                since[wave["name"]] = started or wave.get("done_at_ms") or 0
            else:
                since.pop(wave["name"], None)
    return since


async def watch(
    moved: Moved, ports: Ports, *, watch_ms: int, every_ms: int, seen: Seen
) -> AsyncIterator[tuple[StragglerView, ...]]:
    """Look until `watch_ms` are over, at least twice, and give whom each look has met anew. `seen`
    is filled meanwhile, so that it stands when the caller is interrupted."""
    clock, facts = ports.clock, Facts()
    end_ms = clock.now_ms() + watch_ms
    while True:
        facts = await _look(facts, ports)
        yield seen.take(stragglers(moved, facts), facts)
        left_ms = end_ms - clock.now_ms()
        if left_ms <= 0 and seen.looks > 1:
            return
        await clock.sleep(min(every_ms, max(1_000, left_ms)))


async def _look(facts: Facts, ports: Ports) -> Facts:
    """Who lists producers is asked before the ends are read: nothing is taken for growth that none
    of them explains because it came between."""
    feeds = {f.name: f.read for f in ports.surveyor.feeds()} if ports.surveyor is not None else {}
    readings: dict[str, Reading] = {
        name: feeds[name] for kind in _KINDS if (name := f"source.{kind}") in feeds
    }
    readings |= {"source.groups": ports.source.groups, "source.logs": ports.source.logs}
    for name, read in readings.items():
        answer = await sampled(name, read, ports.clock)
        facts = absorb(facts, answer)
        if isinstance(answer, Failure) and "source.logs" in answer.feed:
            facts = replace(facts, history={})
    return facts
