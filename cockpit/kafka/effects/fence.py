"""Fence and Unfence: DENY WRITE on the wave's source topics, and its removal.

Never believes an acknowledgement: a fence stands when every broker refuses the canary and no log
grows; it is gone when every broker lets the canary write again. Where no ACL stops a writer, the
fence is refused; one that escapes all the same shows by a log that grows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cockpit.core.actions import Fence, Finding, Unfence
from cockpit.core.observe import AclBinding, TopicPartition, partition_text
from cockpit.core.parity.access import Rules
from cockpit.core.parity.fence import covers_topic, fence_bindings
from cockpit.core.plan import ClusterSpec, Plan
from cockpit.kafka.client import Client
from cockpit.kafka.configs import bindings_by_broker
from cockpit.kafka.effects.authorizer import (
    INSTEAD,
    authorizers,
    free_for_all,
    why_no_acl_stops,
)
from cockpit.kafka.effects.canary import (
    may_be_told_by_cluster,
    why_canary_is_no_proof,
    why_everything_is_no_proof,
)
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
from cockpit.kafka.rights import may_everything
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, OutcomeUnknownError, PortError

SAMPLES: Final = 5
SAMPLE_PAUSE_MS: Final = 125
_WRITES: Final = ("write", "all")
SILENT_PAUSE_MS: Final = 625
"""Where nothing refuses a write, silence is watched for longer."""


class Fencing:
    """Fences on the source cluster.

    `admin` may read and change ACLs; `changer` is the same with more patience; `canary` is the
    same cluster as a principal that an ACL can stop.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        admin: Client,
        changer: Client,
        canary: Client | None,
        name: str,
        writers: Mapping[str, frozenset[str]],
        spec: ClusterSpec | None = None,
    ) -> None:
        """`name` is the canary's principal; `writers` has the plan's producers of each topic;
        `spec` is for the commands that a refusal names."""
        self._spec = spec
        self._clock = clock
        self._admin = admin
        self._changer = changer
        self._canary = canary
        self._name = name
        self._writers = writers

    @classmethod
    def of(
        cls, plan: Plan, clock: Clock, *, admin: Client, changer: Client, canary: Client | None
    ) -> Fencing:
        """With the plan's canary and its producers."""
        login = plan.source.canary
        return cls(
            clock,
            admin=admin,
            changer=changer,
            canary=canary,
            name=f"User:{login.username}" if login is not None else "",
            writers={
                topic: frozenset(s.principal for s in plan.services if topic in s.produces)
                for topic in plan.topics()
            },
            spec=plan.source,
        )

    async def precheck(self, fence: Fence) -> Finding:
        """Whether the fence stands already.

        Raises PortError where a fence would not work or could not be proved.
        """
        await self._survey(fence)
        return await self.verify(fence)

    async def why_unfit(self, fence: Fence) -> str:
        """Why such a fence could not be set or proved now; empty: it could. Changes nothing.

        Raises PortError where nobody can say.
        """
        try:
            await self._survey(fence)
        except PortError as error:
            if error.kind in ("protocol", "refused"):
                return error.reason
            raise
        return ""

    async def do(self, fence: Fence) -> Mapping[str, Any]:
        """Create the bindings. Raises PortError or OutcomeUnknownError."""
        bindings = await self._survey(fence)
        wanted = _wanted(fence)
        with changing():
            results = await self._changer.ask_any(create_acls(wanted))
        _all_done(results, wanted, "fence")
        return {
            "bindings": [f"deny write {b.principal} on topic {b.resource_name}" for b in wanted],
            "already_there": sorted({b.resource_name for b in wanted if b in bindings}),
        }

    async def verify(self, fence: Fence) -> Finding:
        """The ACLs are there, every broker refuses the canary, no log grows for 0.5 s, and all of
        it is so still: the half second proves nothing of a fence that went within it."""
        try:
            return await self._proved(fence)
        except PortError as error:
            return Finding(None, error.reason)

    async def _proved(self, fence: Fence) -> Finding:
        stands = await self.stands(fence)
        if not stands.holds:
            return stands
        layout = await lay_out(self._admin, fence.topics)
        absent = await self._absent_replicas(layout)
        if absent:
            return Finding(None, one_line(absent))
        flat = await self._flat(layout, SAMPLE_PAUSE_MS, stands.detail)
        if not flat.holds:
            return flat
        still = await self.stands(fence)
        return flat if still.holds else still

    async def stands(self, fence: Fence) -> Finding:
        """Whether the ACLs are there, and every broker refuses the canary. Raises PortError."""
        bindings = await self._known_everywhere()
        missing = sorted({b.resource_name for b in _wanted(fence) if b not in bindings})
        if missing:
            return Finding(False, one_line(f"not fenced: {', '.join(missing)}"))
        return await self._canary_finding(fence.topics, may_write=False)

    async def silent(self, topics: Sequence[str]) -> Finding:
        """Every replica is there and no log grows for a while. It refuses nobody."""
        try:
            layout = await lay_out(self._admin, topics)
            absent = await self._absent_replicas(layout)
            if absent:
                return Finding(None, one_line(absent))
            return await self._flat(layout, SILENT_PAUSE_MS, "nobody writes (nothing refuses it)")
        except PortError as error:
            return Finding(None, error.reason)

    async def undo(self, fence: Unfence) -> Mapping[str, Any]:
        """Delete exactly the fence's bindings. Raises PortError or OutcomeUnknownError."""
        wanted = _wanted(fence)
        with changing():
            results = await self._changer.ask_any(delete_acls(wanted))
        _all_done(results, wanted, "unfence")
        return {"removed": sum(result.matched for result in results)}

    async def verify_open(self, fence: Unfence) -> Finding:
        """No broker knows a binding of the fence, and each lets the canary write.

        None, and no error, where a broker is silent: a fence must come down all the same.
        """
        try:
            return await self._gone(fence)
        except PortError as error:
            return Finding(None, error.reason)

    async def _gone(self, fence: Unfence) -> Finding:
        wanted = _wanted(fence)
        for node, bindings in sorted((await bindings_by_broker(self._admin)).items()):
            left = sorted({b.resource_name for b in wanted if b in bindings})
            if left:
                return Finding(False, one_line(f"broker {node}: fenced: {', '.join(left)}"))
        return await self._canary_finding(fence.topics, may_write=True)

    async def _survey(self, fence: Fence) -> frozenset[AclBinding]:
        """ACLs that every broker knows, once it is clear that a fence can be set and proved."""
        topics, wanted = fence.topics, _wanted(fence)
        for topic in topics:
            if topic in ("", "*") or is_internal(topic):
                raise PortError("protocol", one_line(f"topic {topic!r} is never fenced"))
        if why := why_no_acl_stops(await authorizers(self._admin)):
            raise PortError("protocol", why)
        bindings = await self._known_everywhere()
        if why := self._escaping(topics, bindings):
            raise PortError("protocol", why)
        await lay_out(self._admin, topics)
        fenced = {b.resource_name for b in wanted if b in bindings}
        open_topics = [topic for topic in topics if topic not in fenced]
        rights = await self._rights(topics)
        if why := await self._why_no_canary(topics, bindings, rights):
            raise PortError("protocol", why)
        if why := self.why_unprovable(open_topics, bindings, rights):
            raise PortError("protocol", why)
        return bindings

    async def _why_no_canary(
        self,
        topics: Sequence[str],
        bindings: frozenset[AclBinding],
        rights: Mapping[int, Mapping[str, int]],
    ) -> str:
        """Why the canary is a super user, as far as anything shows it; empty: nothing does."""
        if why := why_canary_is_no_proof(self._name, topics, bindings, rights.values()):
            return why
        if self._canary is None or not may_be_told_by_cluster(self._name, bindings):
            return ""
        everything = await may_everything(self._canary)
        return why_everything_is_no_proof(self._name) if everything else ""

    def why_unprovable(
        self,
        topics: Sequence[str],
        bindings: frozenset[AclBinding],
        rights: Mapping[int, Mapping[str, int]],
    ) -> str:
        """Why the canary could prove no fence of these topics, or one would stop readers as well;
        empty: neither."""
        may_write = [
            topic
            for topic in topics
            if all(view.get(topic, 0) & WRITE_BIT for view in rights.values())
        ]
        bare = [t for t in may_write if not any(covers_topic(b, t) for b in bindings)]
        if bare:
            return free_for_all(self._spec, bare)
        for topic in topics:
            if topic not in may_write:
                why = f"canary {self._name} may not write {topic} now: it could prove no fence"
                return one_line(why)
        return ""

    def _escaping(self, topics: Sequence[str], bindings: frozenset[AclBinding]) -> str:
        """Which producer of the plan writes without any ACL that lets it; empty: none does."""
        rules = Rules(bindings)
        for topic in topics:
            if not any(covers_topic(binding, topic) for binding in bindings):
                continue  # of a topic without ACLs the canary tells
            for who in sorted(self._writers.get(topic, ())):
                found = rules.about(who, "topic", topic)
                if not any(b.permission == "allow" and b.operation in _WRITES for b in found):
                    why = f"no ACL lets {who} write {topic}: is it a super user?"
                    return one_line(f"{why} No ACL would stop it; {INSTEAD}")
        return ""

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
        by_broker = await self._rights(topics)
        for node, rights in sorted(by_broker.items()):
            for topic in topics:
                operations = rights.get(topic, 0)
                if not operations & DESCRIBE_BIT:
                    why = f"broker {node}: canary {self._name} may not even describe {topic}"
                    return Finding(None, one_line(why))
                if bool(operations & WRITE_BIT) != may_write:
                    word = "still lets" if not may_write else "does not let"
                    why = f"broker {node} {word} canary {self._name} write {topic}"
                    return Finding(False, one_line(why))
        word = "lets the canary write" if may_write else "refuses writes"
        nodes = ", ".join(map(str, sorted(by_broker)))
        return Finding(True, one_line(f"every broker ({nodes}) {word}"))

    async def _absent_replicas(self, layout: Layout) -> str:
        """A broker that holds a replica and is not there could wake up and take writes."""
        live = await self._admin.brokers()
        for topic in layout.view.topics.values():
            for part in topic.partitions:
                for node in part.replicas:
                    if node not in live:
                        return f"broker {node} holds {topic.name}/{part.partition} and is not there"
        return ""

    async def _flat(self, layout: Layout, pause_ms: int, proved: str) -> Finding:
        first = await offsets_of(self._admin, layout, LATEST)
        for _ in range(SAMPLES - 1):
            await self._clock.sleep(pause_ms)
            now = await offsets_of(self._admin, layout, LATEST)
            grown = [(tp, now[tp] - first[tp]) for tp in sorted(first) if now[tp] != first[tp]]
            if grown:
                names = ", ".join(f"{t}/{p} grew by {by}" for (t, p), by in grown)
                return Finding(False, one_line(f"somebody still writes: {names}"))
        for (topic, partition), by in (await unreplicated(self._admin, layout, first)).items():
            return Finding(False, one_line(f"{topic}/{partition}: {by} records not replicated yet"))
        ends = {partition_text(tp): first[tp] for tp in await self._closed(layout, first)}
        span_s = (SAMPLES - 1) * pause_ms / 1_000
        flat = f"{len(first)} partitions flat in {SAMPLES} samples over {span_s:g} s"
        return Finding(True, f"{proved}; {flat}", shows={"source_end": ends})

    async def _closed(
        self, layout: Layout, ends: Mapping[TopicPartition, int]
    ) -> list[TopicPartition]:
        """Partitions without an open transaction: the marker of one is still to come, and moves an
        end though nobody writes. Raises PortError."""
        try:
            stable = await offsets_of(self._admin, layout, LATEST, committed_only=True)
        except PortError as error:
            if error.kind != "unsupported":
                raise
            return list(ends)  # older than transactions
        return [tp for tp, end in ends.items() if stable[tp] >= end]


def _wanted(fence: Fence | Unfence) -> list[AclBinding]:
    """The fence's bindings, in an order of their own."""
    made = fence_bindings(fence.topics, fence.principals)
    return sorted(made, key=lambda b: (b.resource_name, b.principal))


def _operations(node: int, reply: MetadataReply) -> dict[str, int]:
    found: dict[str, int] = {}
    for topic in reply.topics:
        if topic.operations == OPERATIONS_NOT_RETURNED:
            why = code_name(topic.error) if topic.error else "no operations returned"
            raise PortError("protocol", one_line(f"broker {node}, topic {topic.name}: {why}"))
        found[topic.name] = topic.operations
    return found


def _all_done(results: Sequence[AclResult], wanted: Sequence[AclBinding], what: str) -> None:
    """Raise unless every binding was dealt with."""
    if len(results) != len(wanted):
        raise OutcomeUnknownError(f"{what}: {len(results)} answers for {len(wanted)} bindings")
    failed = [(b, r) for b, r in zip(wanted, results, strict=True) if r.error]
    if not failed:
        return
    binding, result = failed[0]
    error = code_error(result.error, f"{what} of {binding.resource_name}", result.message)
    if len(failed) == len(wanted):
        raise error
    raise OutcomeUnknownError(f"{what}: done for some topics only; {error.reason}")
