"""How the mirror reads the source and writes the target, by its own config.

Never guesses: what the config does not say, or nobody could read, is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cockpit.core.plan import Plan
from cockpit.kafka.connect import ConnectRest
from cockpit.ports import Clock, PortError

MAX_AGE_MS: Final = 30_000

_ISOLATION: Final = ("source.consumer.isolation.level", "consumer.isolation.level")
_BYTES: Final = "org.apache.kafka.connect.converters.ByteArrayConverter"


@dataclass(frozen=True, slots=True)
class Habits:
    """What a mirror copies, and what it keeps."""

    committed_only: bool | None
    """Whether it leaves out records of aborted transactions; None: not known."""
    headers: bool
    """Whether headers arrive as they were."""


def habits_of(config: Mapping[str, str]) -> Habits:
    """A mirror's habits by its config. A header converter of the worker's own is not seen there:
    headers then count as kept, and records that lose theirs are not found. Of two isolation levels
    the one with `source.` in front counts (Kafka's `MirrorConnectorConfig`)."""
    level = next((config[key] for key in _ISOLATION if key in config), "")
    return Habits(
        committed_only=level == "read_committed",
        headers=config.get("header.converter", _BYTES) == _BYTES,
    )


UNKNOWN: Final = Habits(None, headers=True)
BYTE_FOR_BYTE: Final = Habits(committed_only=False, headers=True)
"""A link copies whole batches, and takes nothing out of them."""


class HabitsReader:
    """Reads the habits of one connector now and then."""

    def __init__(
        self,
        clock: Clock,
        rest: ConnectRest | None,
        connector: str,
        unasked: Habits = UNKNOWN,
    ) -> None:
        """`unasked`: the habits of a tool that is not a connector."""
        self._clock = clock
        self._unasked = unasked
        self._rest = rest
        self._connector = connector
        self._known: Habits | None = None
        self._at_ms = 0

    async def read(self) -> Habits:
        """The habits, at most half a minute old. Never raises."""
        now_ms = self._clock.now_ms()
        if self._known is None or now_ms - self._at_ms > MAX_AGE_MS:
            self._known = await self._ask()
            self._at_ms = now_ms
        return self._known

    async def _ask(self) -> Habits:
        if self._rest is None:
            return self._unasked
        try:
            return habits_of(await self._rest.config(self._connector))
        except PortError:
            return UNKNOWN


def habits_reader(plan: Plan, clock: Clock, rest: ConnectRest | None) -> HabitsReader:
    """The habits of a plan's tool."""
    spec = plan.replication
    if spec.kind == "mirrormaker2":
        return HabitsReader(clock, rest, spec.source_connector)
    habits = BYTE_FOR_BYTE if spec.kind == "link" else UNKNOWN
    return HabitsReader(clock, None, "", habits)
