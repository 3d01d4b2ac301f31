"""FindPlaces: where offsets are on the other cluster, searched as thoroughly as time allows.

Changes nothing, and says NONE rather than guess.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from cockpit.core.actions import FindPlaces
from cockpit.core.image import AGAIN, EMPTY, NOT_YET, PASSING, Verdict, none
from cockpit.core.observe import TopicPartition, partition_text
from cockpit.kafka.client import Client
from cockpit.kafka.content import in_turn
from cockpit.kafka.finder import (
    ROUND,
    ROUND_ALLOWANCE,
    THOROUGH,
    THOROUGH_ALLOWANCE,
    UNSURE,
    Finder,
)
from cockpit.kafka.habits import HabitsReader
from cockpit.ports import Clock, PortError

TIME_UP: Final = "it took longer than there was time for"
_BEHIND: Final = (AGAIN, NOT_YET, EMPTY)
"""Reading more changes nothing: the mirror has to go on."""
_PASSING: Final = PASSING | {TIME_UP, UNSURE}


class PlaceSearch:
    """Searches for groups that wait with their clients blocked."""

    def __init__(
        self, clock: Clock, *, source: Client, target: Client, habits: HabitsReader
    ) -> None:
        self._clock = clock
        self._source = source
        self._target = target
        self._habits = habits

    async def do(self, action: FindPlaces) -> Mapping[str, Any]:
        """The places that can be found in time. Raises PortError where no topic could be read."""
        finder = Finder(self._source, self._target, self._habits)
        await finder.lay_out(sorted({topic for (topic, _), _ in action.offsets}))
        offsets = dict(action.offsets)
        await finder.measure(offsets)
        late = (none(TIME_UP), True)
        found: dict[TopicPartition, tuple[Verdict, bool]] = dict.fromkeys(offsets, late)

        async def look(name: TopicPartition) -> None:
            found[name] = await _search(finder, name, offsets[name], action)

        deadline_ms = self._clock.now_ms() + action.within_ms
        try:
            async with asyncio.timeout(action.within_ms / 1000):
                await in_turn(offsets, look, self._clock, deadline_ms=deadline_ms)
        except TimeoutError:
            pass  # what has not been found by now is said so
        return {
            "places": {
                partition_text(name): [offsets[name], v.word, v.low, v.high, v.reason, passing]
                for name, (v, passing) in found.items()
            }
        }


async def _search(
    finder: Finder, name: TopicPartition, offset: int, action: FindPlaces
) -> tuple[Verdict, bool]:
    """A quick look, and a thorough one where that may know more; whether the answer may pass."""
    inverse = action.side == "source"
    try:
        verdict = await finder.find(name, offset, ROUND, ROUND_ALLOWANCE, inverse=inverse)
        if verdict.word != "EXACT" and verdict.reason not in _BEHIND:
            verdict = await finder.find(name, offset, THOROUGH, THOROUGH_ALLOWANCE, inverse=inverse)
    except PortError as error:
        return none(error.reason), True
    return verdict, verdict.reason in _PASSING
