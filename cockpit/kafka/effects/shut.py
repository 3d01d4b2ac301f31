"""ProveShut: right before producers are released the source is as it was proved, and the target
takes what they write.

Changes nothing, and asks both sides itself: what an observation has brought may be seconds old.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.actions import Fence, Finding, ProveShut
from cockpit.core.observe import AclBinding, partition_text
from cockpit.core.parity.access import Rules
from cockpit.kafka.client import Client
from cockpit.kafka.configs import read_bindings
from cockpit.kafka.effects.fence import Fencing
from cockpit.kafka.effects.offsets import lay_out, offsets_of
from cockpit.kafka.protocol.offsets import LATEST
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

_WRITES: Final = ("write", "all")


class ShutProof:
    """Reads the source as `fencing` does, and the target's ACLs."""

    def __init__(self, *, fencing: Fencing, source: Client, target: Client) -> None:
        self._fencing = fencing
        self._source = source
        self._target = target

    async def verify(self, shut: ProveShut) -> Finding:
        """None where a side cannot say."""
        try:
            open_to = await self._denied_there(shut)
            if open_to:
                return Finding(False, one_line(open_to))
            stands = await self._stands(shut)
            return stands if not stands.holds else await self._same_ends(shut, stands.detail)
        except PortError as error:
            return Finding(None, error.reason)

    async def _stands(self, shut: ProveShut) -> Finding:
        if not shut.denied:
            return Finding(True, "nothing refuses writes")
        return await self._fencing.stands(Fence(shut.topics, shut.denied))

    async def _same_ends(self, shut: ProveShut, stands: str) -> Finding:
        """Read last: who has written before the fence was looked at shows here."""
        now = await offsets_of(self._source, await lay_out(self._source, shut.topics), LATEST)
        for name, end in shut.ends:
            if name not in now:
                return Finding(False, one_line(f"{partition_text(name)} is gone from the source"))
            if now[name] != end:
                where = f"{partition_text(name)} ended at {end} on the source, now at {now[name]}"
                return Finding(False, one_line(where))
        return Finding(True, f"{stands}; {len(shut.ends)} partitions end where they did")

    async def _denied_there(self, shut: ProveShut) -> str:
        """Whom an ACL of the target keeps from writing; empty: nobody, as far as it may be asked.

        Raises PortError where the target does not answer.
        """
        try:
            rules = Rules(await read_bindings(self._target))
        except PortError as error:
            if error.kind in ("unsupported", "refused", "protocol"):
                return ""  # no authorizer, or not ours to see: the services' own start will tell
            raise
        for topic in shut.topics:
            for who in shut.writers:
                if any(_denies(b) for b in rules.about(who, "topic", topic)):
                    return (
                        f"an ACL on the target denies {who} to write {topic}:"
                        " take it away there before its producers start"
                    )
        return ""


def _denies(binding: AclBinding) -> bool:
    return binding.permission == "deny" and binding.operation in _WRITES and binding.host == "*"
