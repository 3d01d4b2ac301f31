"""A recording as a second reader of it sees it: events and samples, nothing sorted out.

Shares nothing with the report but the reader of recordings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from cockpit.core.snapshot import Snapshot
from cockpit.wire.recording import Reader

Event = Mapping[str, Any]
LOOK_EVERY_MS = 1_000
"""The report looks at the samples so often, at the end, and at each of these:"""
LOOKED_AT = {"armed", "gate", "trigger"}
UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a wave: its events lie from `first` on and before `end`."""

    wave: str
    number: int
    first: int
    """The number of the event with which it begins, or with which the wave was found moved."""
    end: int


class Raw:
    """Everything of one session."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.frames: list[tuple[tuple[Event, ...], Snapshot]] = [
            (tuple(frame.tells()), frame.snapshot()) for frame in reader.walk()
        ]
        self.events: list[Event] = [event for told, _ in self.frames for event in told]
        self.plan = yaml.safe_load(str(reader.lives[0].head["plan_text"]))
        self.from_ms = reader.lives[0].begin_ms
        self.to_ms = max(life.end_ms for life in reader.lives)
        self.looks = list(self._looks())
        self.tries = list(self._tries())

    def _looks(self) -> Iterator[Snapshot]:
        newest = -LOOK_EVERY_MS
        last = len(self.frames) - 1
        for place, (told, snapshot) in enumerate(self.frames):
            asked = any(event["kind"] in LOOKED_AT for event in told)
            if asked or snapshot.at_ms - newest >= LOOK_EVERY_MS or place == last:
                newest = snapshot.at_ms
                yield snapshot

    def _tries(self) -> Iterator[Try]:
        begun = [
            (number, event)
            for number, event in self.numbered()
            if event["kind"] in ("wave_started", "wave_found")
        ]
        for number, event in begun:
            later = (n for n, e in begun if n > number and e["wave"] == event["wave"])
            attempt = int(event.get("attempt", 0))
            yield Try(event["wave"], attempt, number, next(later, len(self.events) + 1))

    def numbered(self) -> Iterator[tuple[int, Event]]:
        """Events count from 1."""
        return iter(enumerate(self.events, 1))

    def told(self, *kinds: str, **data: object) -> list[Event]:
        """Events of some kinds with these data."""
        return [
            event
            for event in self.events
            if event["kind"] in kinds and all(event.get(key) == data[key] for key in data)
        ]

    def during(self, one: Try, *kinds: str, **data: object) -> list[Event]:
        """The same, of one try of a wave."""
        found = {id(event) for event in self.told(*kinds, wave=one.wave, **data)}
        return [event for event in self.events[one.first - 1 : one.end - 1] if id(event) in found]

    def begun_by(self, order: Event) -> Event | None:
        """The beginning of a wave that an order led to; None: it led to none. An order that is
        accepted later comes in between."""
        number = next(n for n, event in self.numbered() if event is order)
        later = (e for e in self.events[number:] if e["kind"] in ("confirmed", "wave_started"))
        found = next(later, None)
        return found if found is not None and found["kind"] == "wave_started" else None

    def without_engine_ms(self, from_ms: int, to_ms: int) -> int:
        """How much of a time lies between the end of an engine's part and the next engine's."""
        found, lives = 0, self.reader.lives
        for number, life in enumerate(lives[1:]):
            if (life.head.get("beginning") or {}).get("takes_over"):
                since_ms, until_ms = lives[number].end_ms, life.begin_ms
                found += max(0, min(until_ms, to_ms) - max(since_ms, from_ms))
        return found

    def ended(self, one: Try) -> Event | None:
        """The event with which a try ended; None: it is not over."""
        found = self.during(one, "wave_done", "wave_rolled_back", "wave_found")
        return found[-1] if found else None

    def blocked_ms(self, one: Try) -> int | None:
        """How long clients of a try were seen to be blocked; None: they were not. That they are is
        looked for once a second, that they are not any more in every frame."""
        ended = self.ended(one)
        begun_ms = self.events[one.first - 1]["at_ms"]
        until_ms = self.to_ms if ended is None else ended["at_ms"]
        since = [
            look.status.blocked_since_ms
            for look in self.looks
            if look.status.wave == one.wave and begun_ms <= look.at_ms <= until_ms
        ]
        first_ms = next((since_ms for since_ms in since if since_ms is not None), None)
        if first_ms is None:
            return None
        over = (
            shown.at_ms
            for _, shown in self.frames
            if shown.at_ms > first_ms and shown.status.blocked_since_ms is None
        )
        return min(until_ms, next(over, until_ms)) - first_ms

    def placed(self, one: Try) -> list[Event]:
        """Where its groups were told to go on."""
        groups = {self.service(name).get("group") for name in self.wave(one.wave)["services"]}
        return [
            event
            for event in self.events[one.first - 1 : one.end - 1]
            if event["kind"] == "offsets_placed" and event["group"] in groups
        ]

    def wave(self, name: str) -> Any:  # what YAML gave
        """A wave of the plan."""
        return next(wave for wave in self.plan["waves"] if wave["name"] == name)

    def service(self, name: str) -> Any:  # as above
        """A service of the plan."""
        return next(one for one in self.plan["services"] if one["name"] == name)

    def fence_deadline_ms(self, name: str) -> int | None:
        """How long a wave's fence may stand; None: it has none."""
        for step in self.wave(name)["steps"]:
            if isinstance(step, dict) and "fence" in step:
                deadline = str(step["fence"]["deadline"])
                unit = deadline.lstrip("0123456789.")
                return int(float(deadline.removesuffix(unit)) * UNITS_MS[unit])
        return None
