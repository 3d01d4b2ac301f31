"""What the link's stand-in knows of its topics and groups, and what of it outlives the process.

Never speaks to a cluster.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cockpit.lab.home import write_private

TopicWord = Literal["ACTIVE", "PENDING_STOPPED", "STOPPED", "FAILED"]
"""The words of Confluent's mirror topics: STOPPED is an ordinary topic of the target."""


@dataclass(slots=True)
class Copied:
    """One partition. None: not read yet."""

    position: int | None = None
    """The next offset to be copied, which is the target's end."""
    source_end: int | None = None
    read_at_ms: int | None = None
    """When the source's end was asked for, UTC."""


@dataclass(slots=True)
class Topic:
    """One topic of the link."""

    name: str
    word: TopicWord = "ACTIVE"
    why: str = ""
    partitions: dict[int, Copied] = field(default_factory=dict)
    forwards: int = 0
    """Requests to write that are on their way at this moment."""

    def as_json(self) -> dict[str, Any]:
        """The form for those who ask by HTTP."""
        rows = {
            str(number): {
                "source_end": one.source_end,
                "position": one.position,
                "read_at_ms": one.read_at_ms,
            }
            for number, one in sorted(self.partitions.items())
        }
        return {"state": self.word, "reason": self.why, "partitions": rows}


class LinkState:
    """Topics, groups that are left alone, and who may write where."""

    def __init__(self, path: Path, topics: Iterable[str]) -> None:
        self._path = path
        kept = _kept(path)
        self.topics = {name: Topic(name) for name in topics}
        for name in kept["promoted"]:
            if name in self.topics:
                self.topics[name].word = "STOPPED"
        self.excluded: set[str] = set(kept["excluded"])
        self.changed = asyncio.Condition()
        self.synced_at_ms: int | None = None
        self.trouble = ""
        """Why copying stands still as a whole; empty: it does not."""

    def save(self) -> None:
        """Write down what must outlive this process: a promoted topic is never copied again."""
        promoted = sorted(t.name for t in self.topics.values() if t.word == "STOPPED")
        body = {"promoted": promoted, "excluded": sorted(self.excluded)}
        write_private(self._path, json.dumps(body) + "\n")

    def copied(self) -> list[Topic]:
        """Topics that are still brought over."""
        return [t for t in self.topics.values() if t.word in ("ACTIVE", "PENDING_STOPPED")]

    def on_target(self, topic: str) -> bool:
        """Whether what is written to a topic belongs on the target; else it goes to the source."""
        known = self.topics.get(topic)
        return known is None or known.word == "STOPPED"

    @contextlib.asynccontextmanager
    async def writing(self, names: Iterable[str]) -> AsyncIterator[None]:
        """While this is held none of these topics is promoted; who writes to one that is just being
        promoted waits until it is known where to."""
        mine = [self.topics[name] for name in names if name in self.topics]
        async with self.changed:
            await self.changed.wait_for(lambda: all(t.word != "PENDING_STOPPED" for t in mine))
            for topic in mine:
                topic.forwards += 1
        try:
            yield
        finally:
            async with self.changed:
                for topic in mine:
                    topic.forwards -= 1
                self.changed.notify_all()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for it."""
        async with self.changed:
            await self.changed.wait_for(holds)

    async def turn(self, topic: Topic, word: TopicWord, why: str = "") -> None:
        """Change a topic's state and tell whoever waits. What has failed stays so."""
        async with self.changed:
            if topic.word != "FAILED":
                topic.word, topic.why = word, why
            if topic.word == "STOPPED":
                self.save()
            self.changed.notify_all()

    def as_json(self, name: str) -> dict[str, Any]:
        """The form for those who ask by HTTP."""
        return {
            "stand_in": "a stand-in of cockpit's lab: not a product",
            "link": name,
            "state": "FAILED" if self.trouble else "ACTIVE",
            "reason": self.trouble,
            "topics": {topic.name: topic.as_json() for topic in self.topics.values()},
            "groups": {"excluded": sorted(self.excluded), "synced_at_ms": self.synced_at_ms},
        }


def _kept(path: Path) -> dict[str, list[str]]:
    try:
        found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"promoted": [], "excluded": []}
    return found
