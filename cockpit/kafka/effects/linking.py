"""PromoteTopics and ExcludeGroups by the interface of a link.

Decides nothing about which topics or groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cockpit.core.actions import ExcludeGroups, Finding, PromoteTopics
from cockpit.kafka.effects.outcome import changing
from cockpit.kafka.links.api import PROMOTED, LinkApi
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

SETTLE_READS: Final = 40
SETTLE_PAUSE_MS: Final = 250


class Promotion:
    """Topics that become ordinary ones of the target, one after the other."""

    def __init__(self, api: LinkApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    async def precheck(self, action: PromoteTopics) -> Finding:
        """Whether all are promoted. Raises PortError."""
        topics = (await self._api.status()).topics
        if unknown := sorted(set(action.topics) - topics.keys()):
            raise PortError("protocol", one_line(f"not of this link: {', '.join(unknown)}"))
        words = {name: topics[name] for name in action.topics}
        open_ones = [name for name, one in words.items() if one.state != PROMOTED]
        if not open_ones:
            return Finding(True, one_line(f"promoted: {', '.join(action.topics)}"))
        first = words[open_ones[0]]
        why = f": {first.reason}" if first.reason else ""
        return Finding(False, one_line(f"{open_ones[0]} is {first.state}{why}"))

    async def do(self, action: PromoteTopics) -> Mapping[str, Any]:
        """Ask for those that are not. Raises PortError or OutcomeUnknownError."""
        topics = (await self._api.status()).topics
        asked: list[str] = []
        for name in action.topics:
            if name in topics and topics[name].state != PROMOTED:
                with changing():
                    await self._api.promote(name)
                asked.append(name)
        return {"asked": asked}

    async def verify(self, action: PromoteTopics) -> Finding:
        """As `precheck`; some vendors promote after they have answered. Raises PortError."""
        found = await self.precheck(action)
        for _ in range(SETTLE_READS):
            if found.holds:
                break
            await self._clock.sleep(SETTLE_PAUSE_MS)
            found = await self.precheck(action)
        return found


class NoPromotion:
    """A tool that has nothing to promote."""

    async def precheck(self, action: PromoteTopics) -> Finding:
        """Raises PortError."""
        raise _nothing(action)

    async def do(self, action: PromoteTopics) -> Mapping[str, Any]:
        """Raises PortError."""
        raise _nothing(action)

    async def verify(self, action: PromoteTopics) -> Finding:
        """Raises PortError."""
        raise _nothing(action)


def _nothing(action: PromoteTopics) -> PortError:
    topics = ", ".join(action.topics)
    return PortError("unsupported", one_line(f"nothing promotes {topics}: there is no link"))


class LinkGroups:
    """Groups whose commits the link leaves alone."""

    def __init__(self, api: LinkApi) -> None:
        self._api = api

    async def precheck(self, action: ExcludeGroups) -> Finding:
        """Whether the link says so. Raises PortError."""
        known = await self._api.left_alone()
        wrong = [group for group in action.groups if (group in known) != action.excluded]
        if wrong:
            word = "not yet excluded" if action.excluded else "still excluded"
            return Finding(False, one_line(f"{word}: {', '.join(wrong)}"))
        word = "excluded from" if action.excluded else "part of"
        return Finding(True, one_line(f"{word} group sync: {', '.join(action.groups)}"))

    async def do(self, action: ExcludeGroups) -> Mapping[str, Any]:
        """Tell the link. Raises PortError or OutcomeUnknownError."""
        with changing():
            await self._api.leave_alone(action.groups, excluded=action.excluded)
        return {}

    async def verify(self, action: ExcludeGroups) -> Finding:
        """As `precheck`."""
        return await self.precheck(action)
