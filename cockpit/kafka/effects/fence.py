"""Fence and Unfence: DENY WRITE for everybody on the wave's source topics, and its removal.

Never believes an acknowledgement: a fence stands when every broker refuses the canary and no log
grows; it is gone when every broker lets the canary write again. Super users are not stopped by any
ACL; a log that grows shows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cockpit.core.actions import Finding
from cockpit.core.observe import AclBinding
from cockpit.kafka.client import Client
from cockpit.kafka.configs import bindings_by_broker
from cockpit.kafka.effects.offsets import Layout, lay_out, offsets_of, unreplicated
from cockpit.kafka.effects.outcome import changing
from cockpit.kafka.errors import code_error, code_name
from cockpit.kafka.logs import is_internal
from cockpit.kafka.protocol.acls import AclResult, create_acls, delete_acls
from cockpit.kafka.protocol.metadata import (
    DESCRIBE_BIT,
    OPERATIONS_NOT_RETURNED,
    WRITE_BIT,
    MetadataReply,
    topic_operations,
)
from cockpit.kafka.protocol.offsets import LATEST
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, OutcomeUnknownError, PortError

SAMPLES: Final = 5
SAMPLE_PAUSE_MS: Final = 125


def fence_binding(topic: str) -> AclBinding:
    """The one ACL that fences a topic."""
    return AclBinding(
        resource_type="topic",
        resource_name=topic,
        pattern="literal",
        principal="User:*",
        host="*",
        operation="write",
        permission="deny",
    )


class Fencing:
    """Fences on the source cluster.

    `admin` may read and change ACLs; `changer` is the same with more patience; `canary` is the
    same cluster as a principal that an ACL can stop.
    """

    def __init__(
        self, clock: Clock, *, admin: Client, changer: Client, canary: Client | None, name: str
    ) -> None:
        self._clock = clock
        self._admin = admin
        self._changer = changer
        self._canary = canary
        self._name = name

    async def precheck(self, topics: Sequence[str]) -> Finding:
        """Whether the fence stands already.

        Raises PortError where a fence would not work or could not be proved.
        """
        await self._survey(topics)
        return await self.verify(topics)

    async def do(self, topics: Sequence[str]) -> Mapping[str, Any]:
        """Create the bindings. Raises PortError or OutcomeUnknownError."""
        bindings = await self._survey(topics)
        wanted = [fence_binding(topic) for topic in topics]
        with changing():
            results = await self._changer.ask_any(create_acls(wanted))
        _all_done(results, topics, "fence")
        return {
            "bindings": [f"deny write User:* on topic {topic}" for topic in topics],
            "already_there": [t for t in topics if fence_binding(t) in bindings],
        }

    async def verify(self, topics: Sequence[str]) -> Finding:
        """The ACLs are there, every broker refuses the canary, and no log grows for 0.5 s."""
        try:
            missing = _unfenced(topics, await self._known_everywhere())
            if missing:
                return missing
            layout = await lay_out(self._admin, topics)
            absent = await self._absent_replicas(layout)
            if absent:
                return Finding(None, one_line(absent))
            refused = await self._canary_finding(topics, may_write=False)
            if not refused.holds:
                return refused
            return await self._flat(layout)
        except PortError as error:
            return Finding(None, error.reason)

    async def undo(self, topics: Sequence[str]) -> Mapping[str, Any]:
        """Delete exactly the fence's bindings. Raises PortError or OutcomeUnknownError."""
        wanted = [fence_binding(topic) for topic in topics]
        with changing():
            results = await self._changer.ask_any(delete_acls(wanted))
        _all_done(results, topics, "unfence")
        return {"removed": sum(result.matched for result in results)}

    async def verify_open(self, topics: Sequence[str]) -> Finding:
        """No broker knows a binding of the fence, and each lets the canary write.

        None, and no error, where a broker is silent: a fence must come down all the same.
        """
        try:
            return await self._gone(topics)
        except PortError as error:
            return Finding(None, error.reason)

    async def _gone(self, topics: Sequence[str]) -> Finding:
        for node, bindings in sorted((await bindings_by_broker(self._admin)).items()):
            left = [topic for topic in topics if fence_binding(topic) in bindings]
            if left:
                return Finding(False, one_line(f"broker {node}: fenced: {', '.join(left)}"))
        return await self._canary_finding(topics, may_write=True)

    async def _survey(self, topics: Sequence[str]) -> frozenset[AclBinding]:
        """ACLs that every broker knows, once it is clear that a fence can be set and proved."""
        for topic in topics:
            if topic in ("", "*") or is_internal(topic):
                raise PortError("protocol", one_line(f"topic {topic!r} is never fenced"))
        bindings = await self._known_everywhere()
        await lay_out(self._admin, topics)
        open_topics = [topic for topic in topics if fence_binding(topic) not in bindings]
        rights = await self._rights(topics)
        for topic in open_topics:
            may_write = all(view.get(topic, 0) & WRITE_BIT for view in rights.values())
            if may_write and not any(_covers(binding, topic) for binding in bindings):
                raise PortError(
                    "protocol",
                    one_line(
                        f"topic {topic} has no ACL and everybody may use it"
                        " (allow.everyone.if.no.acl.found): a DENY would also stop its readers;"
                        " add ALLOWs first"
                    ),
                )
            if not may_write:
                why = f"canary {self._name} may not write {topic} now: it could prove no fence"
                raise PortError("protocol", one_line(why))
        return bindings

    async def _known_everywhere(self) -> frozenset[AclBinding]:
        """ACLs that every broker knows. Raises PortError."""
        by_broker = await bindings_by_broker(self._admin)
        return frozenset.intersection(*by_broker.values()) if by_broker else frozenset()

    async def _rights(self, topics: Sequence[str]) -> dict[int, dict[str, int]]:
        """The canary's operations by broker and topic. Raises PortError if a broker is silent."""
        if self._canary is None:
            raise PortError("protocol", "the plan names no canary: no fence could be proved")
        nodes = await self._admin.brokers()
        answers, failures = await self._canary.ask_each(
            {node: topic_operations(topics) for node in nodes}
        )
        for node in sorted(failures):
            error = failures[node]
            raise PortError(error.kind, one_line(f"broker {node}: {error.reason}"))
        return {node: _operations(node, reply) for node, reply in answers.items()}

    async def _canary_finding(self, topics: Sequence[str], *, may_write: bool) -> Finding:
        for node, rights in sorted((await self._rights(topics)).items()):
            for topic in topics:
                operations = rights.get(topic, 0)
                if not operations & DESCRIBE_BIT:
                    why = f"broker {node}: canary {self._name} may not even describe {topic}"
                    return Finding(None, one_line(why))
                if bool(operations & WRITE_BIT) != may_write:
                    word = "still lets" if not may_write else "does not let"
                    why = f"broker {node} {word} canary {self._name} write {topic}"
                    return Finding(False, one_line(why))
        word = "lets" if may_write else "refuses"
        return Finding(True, one_line(f"every broker {word} writes to {', '.join(topics)}"))

    async def _absent_replicas(self, layout: Layout) -> str:
        """A broker that holds a replica and is not there could wake up and take writes."""
        live = await self._admin.brokers()
        for topic in layout.view.topics.values():
            for part in topic.partitions:
                for node in part.replicas:
                    if node not in live:
                        return f"broker {node} holds {topic.name}/{part.partition} and is not there"
        return ""

    async def _flat(self, layout: Layout) -> Finding:
        first = await offsets_of(self._admin, layout, LATEST)
        for _ in range(SAMPLES - 1):
            await self._clock.sleep(SAMPLE_PAUSE_MS)
            now = await offsets_of(self._admin, layout, LATEST)
            grown = [(tp, now[tp] - first[tp]) for tp in sorted(first) if now[tp] != first[tp]]
            if grown:
                names = ", ".join(f"{t}/{p} grew by {by}" for (t, p), by in grown)
                return Finding(False, one_line(f"somebody still writes: {names}"))
        for (topic, partition), by in (await unreplicated(self._admin, layout, first)).items():
            return Finding(False, one_line(f"{topic}/{partition}: {by} records not replicated yet"))
        count = len(first)
        return Finding(
            True, f"every broker refuses writes; {count} partitions flat in {SAMPLES} samples"
        )


def _unfenced(topics: Sequence[str], bindings: frozenset[AclBinding]) -> Finding | None:
    open_topics = [topic for topic in topics if fence_binding(topic) not in bindings]
    if not open_topics:
        return None
    return Finding(False, one_line(f"not fenced: {', '.join(open_topics)}"))


def _operations(node: int, reply: MetadataReply) -> dict[str, int]:
    found: dict[str, int] = {}
    for topic in reply.topics:
        if topic.operations == OPERATIONS_NOT_RETURNED:
            why = code_name(topic.error) if topic.error else "no operations returned"
            raise PortError("protocol", one_line(f"broker {node}, topic {topic.name}: {why}"))
        found[topic.name] = topic.operations
    return found


def _covers(binding: AclBinding, topic: str) -> bool:
    """Whether an ACL is about this topic, whomever it names."""
    if binding.resource_type != "topic":
        return False
    if binding.pattern == "prefixed":
        return topic.startswith(binding.resource_name)
    return binding.resource_name in (topic, "*")


def _all_done(results: Sequence[AclResult], topics: Sequence[str], what: str) -> None:
    """Raise unless every topic's binding was dealt with."""
    if len(results) != len(topics):
        raise OutcomeUnknownError(f"{what}: {len(results)} answers for {len(topics)} topics")
    failed = [(t, r) for t, r in zip(topics, results, strict=True) if r.error]
    if not failed:
        return
    topic, result = failed[0]
    error = code_error(result.error, f"{what} of {topic}", result.message)
    if len(failed) == len(topics):
        raise error
    raise OutcomeUnknownError(f"{what}: done for some topics only; {error.reason}")
