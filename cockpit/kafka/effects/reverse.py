"""ExcludeTopics, ProveReversible, StopMirror and StartMirror: which mirror has which topics, and
where it begins.

By Connect's REST interface: `stop`, `resume` and offsets that can be changed while a connector is
stopped (Kafka 3.6, KIP-875). Never shows, returns or keeps a config: configs hold passwords.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cockpit.core.actions import ExcludeTopics, Finding, ProveReversible, StartMirror, StopMirror
from cockpit.core.exclusions import literal, patterns, with_names, without_names
from cockpit.core.observe import partition_text
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.effects.connector import ConnectorPatches
from cockpit.kafka.effects.outcome import changing
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

EXCLUDE_KEY: Final = "topics.exclude"
OLD_EXCLUDE_KEY: Final = "topics.blacklist"
PLUGIN: Final = "connector-plugins/org.apache.kafka.connect.mirror.MirrorSourceConnector/config"
ALIAS_KEY: Final = "source.cluster.alias"
ASSIGNED_KEY: Final = "task.assigned.partitions"
SOURCE_CLASS: Final = "MirrorSourceConnector"
PRODUCER_KEY: Final = "producer.override.bootstrap.servers"
"""The mirror's records are written by Connect's own producer, on the worker's own cluster."""
IDENTITY: Final = "IdentityReplicationPolicy"
OFFSETS_SINCE: Final = (3, 6)


RunAction = ExcludeTopics | ProveReversible | StopMirror | StartMirror


class MirrorRuns:
    """The plan's forward mirror and whatever mirror runs in the other direction."""

    def __init__(self, forward: str, rest: ConnectRest, patches: ConnectorPatches) -> None:
        self._forward = forward
        self._rest = rest
        self._patches = patches

    async def precheck(self, action: RunAction) -> Finding:
        """Whether it is already so. Raises PortError."""
        match action:
            case ExcludeTopics():
                return await self._excluded(action)
            case ProveReversible():
                return await self._reversible(action)
            case StopMirror():
                return await self._stopped(action)
            case StartMirror():
                return await self._runs(action)

    async def do(self, action: RunAction) -> Mapping[str, Any]:
        """Make it so. Raises PortError or OutcomeUnknownError."""
        match action:
            case ExcludeTopics():
                await self._exclude(action)
            case StopMirror():
                with changing():
                    await self._rest.set_state(action.connector, "stop")
            case StartMirror():
                await self._start(action)
            case ProveReversible():
                pass
        return {}

    async def verify(self, action: RunAction) -> Finding:
        """Whether it is so now, and the tasks too. Raises PortError."""
        match action:
            case ExcludeTopics(excluded=True):
                return await self._really_excluded(action)
            case StartMirror():
                return await self._started(action)
            case _:
                return await self.precheck(action)

    # --- the filter ---

    async def _excluded(self, action: ExcludeTopics) -> Finding:
        """Whether the filter says so. Raises PortError."""
        text = await self._excludes(action.connector)
        listed = patterns(await self._default() if text is None else text)
        wrong = [t for t in action.topics if (literal(t) in listed) != action.excluded]
        if wrong:
            word = "not yet out of" if action.excluded else "still out of"
            return Finding(False, one_line(f"{word} {action.connector}: {', '.join(wrong)}"))
        word = "out of" if action.excluded else "part of"
        return Finding(True, one_line(f"{word} {action.connector}: {', '.join(action.topics)}"))

    async def _exclude(self, action: ExcludeTopics) -> None:
        """Change the filter. Raises PortError or OutcomeUnknownError."""
        old = await self._excludes(action.connector)
        change = with_names if action.excluded else without_names
        settings = {EXCLUDE_KEY: change(old, await self._default(), action.topics)}
        await self._patches.change(action.connector, settings)

    async def _really_excluded(self, action: ExcludeTopics) -> Finding:
        """As `excluded`, and no task has a partition of an excluded topic. Raises PortError."""
        found = await self._excluded(action)
        if not found.holds:
            return found
        settled = await self._patches.settled(action.connector)
        if not settled.holds:
            return settled
        busy = sorted(await self._assigned(action.connector) & set(action.topics))
        if busy:
            why = f"a task of {action.connector} still copies {', '.join(busy)}"
            return Finding(False, one_line(why))
        return found

    async def _excludes(self, connector: str) -> str | None:
        config = await self._rest.config(connector)
        if OLD_EXCLUDE_KEY in config:
            why = f"{connector} uses {OLD_EXCLUDE_KEY}; set {EXCLUDE_KEY} instead"
            raise PortError("protocol", one_line(why))
        return config.get(EXCLUDE_KEY)

    async def _default(self) -> str:
        """What the worker's MirrorMaker leaves out while the key is not set: it has changed between
        releases. Raises PortError."""
        keys = await self._rest.at(PLUGIN)
        for key in keys if isinstance(keys, list) else ():
            if isinstance(key, dict) and key.get("name") == EXCLUDE_KEY:
                return str(key.get("default_value") or "")
        raise PortError("protocol", f"Connect does not tell the default of {EXCLUDE_KEY}")

    async def _assigned(self, connector: str) -> set[str]:
        """Topics of which a task copies at least one partition."""
        configs = await self._rest.task_configs(connector)
        names = (n.strip() for c in configs for n in c.get(ASSIGNED_KEY, "").split(","))
        return {name.rpartition("-")[0] for name in names if name}

    # --- running and not ---

    async def _reversible(self, action: ProveReversible) -> Finding:
        """Whether the second mirror can do what the step wants. Raises PortError."""
        if await self._rest.is_before(*OFFSETS_SINCE):
            return Finding(False, "Connect before 3.6 cannot set a connector's offsets")
        config = await self._rest.config(action.connector)
        forward = await self._rest.config(self._forward)
        config.setdefault(EXCLUDE_KEY, await self._default())
        why = unfit(config, forward, action.topics) or await self._shared(config, action.topics)
        if why:
            return Finding(False, one_line(f"{action.connector}: {why}"))
        found = await self._stopped(StopMirror(action.connector))
        if not found.holds:
            return Finding(False, f"{found.detail}: stop it first (PUT /connectors/NAME/stop)")
        return Finding(True, one_line(f"{action.connector} waits, and can bring the topics back"))

    async def _shared(self, config: Mapping[str, str], topics: Sequence[str]) -> str:
        """Which other topics both mirrors would copy, under one name; empty: none. Raises
        PortError."""
        others = sorted(await self._assigned(self._forward) - set(topics))
        if shared := [topic for topic in others if copies(config, topic)]:
            what = f"its filter also has {', '.join(shared)}, which {self._forward} copies"
            return f"{what}: their records would go round"
        return ""

    async def _stopped(self, action: StopMirror) -> Finding:
        """Whether the connector is stopped. Raises PortError."""
        state = await self._rest.state(action.connector)
        if state.state == "STOPPED" and not state.tasks:
            return Finding(True, one_line(f"{action.connector} is stopped"))
        text = f"{action.connector} is {state.state} with {len(state.tasks)} tasks"
        return Finding(False, one_line(text))

    async def _started(self, action: StartMirror) -> Finding:
        """Whether it runs, at or past the places. Raises PortError."""
        settled = await self._patches.settled(action.connector)
        if not settled.holds:
            return settled
        idle = {tp[0] for tp, _ in action.positions} - await self._assigned(action.connector)
        if idle:
            why = f"no task of {action.connector} copies {', '.join(sorted(idle))}"
            return Finding(False, one_line(why))
        now = await self._rest.positions(action.connector)
        behind = [tp for tp, offset in action.positions if offset and now.get(tp, 0) < offset]
        if behind:
            names = ", ".join(partition_text(tp) for tp in behind[:3])
            return Finding(False, one_line(f"{action.connector} runs, and not from there: {names}"))
        return Finding(True, one_line(f"{action.connector} runs"))

    async def _runs(self, action: StartMirror) -> Finding:
        """As `started`, at once: a stopped connector is not waited for. Raises PortError."""
        state = await self._rest.state(action.connector)
        if state.state != "RUNNING":
            return Finding(False, one_line(f"{action.connector} is {state.state}"))
        return await self._started(action)

    async def _start(self, action: StartMirror) -> None:
        """Set the places, and let it run. Raises PortError or OutcomeUnknownError."""
        state = await self._rest.state(action.connector)
        if state.state != "STOPPED":
            why = f"{action.connector} is {state.state}: its places can be set only while STOPPED"
            raise PortError("refused", one_line(why))
        alias = (await self._rest.config(action.connector)).get(ALIAS_KEY, "")
        with changing():
            await self._rest.set_positions(action.connector, alias, action.positions)
            await self._rest.set_state(action.connector, "resume")


def unfit(config: Mapping[str, str], forward: Mapping[str, str], topics: Sequence[str]) -> str:
    """Why a connector's config cannot bring these topics back; empty: it can."""
    if not config.get("connector.class", "").endswith(SOURCE_CLASS):
        return f"not a {SOURCE_CLASS}"
    if not config.get("replication.policy.class", "").endswith(IDENTITY):
        return f"its replication.policy.class must be the {IDENTITY}"
    for ours, theirs in (("source", "target"), ("target", "source")):
        if _brokers(config, ours) != _brokers(forward, theirs):
            return f"its {ours}.cluster.bootstrap.servers must be the first mirror's {theirs}'s"
    if _listed(config.get(PRODUCER_KEY, "")) != _brokers(config, "target"):
        return (
            f"set {PRODUCER_KEY} to its target.cluster.bootstrap.servers: else Connect writes to "
            "the cluster that it lives on, and the records go round"
        )
    for key in ("sync.topic.acls.enabled", "sync.topic.configs.enabled"):
        if config.get(key, "true") != "false":
            return f"set {key} to false: it would bring the target's back to the source"
    if _syncs_place(config) == _syncs_place(forward):
        return "both mirrors would write the same offset-syncs topic; give it another location"
    if missing := [t for t in topics if not copies(config, t)]:
        return f"its filter does not have {', '.join(missing)}"
    return ""


def _brokers(config: Mapping[str, str], side: str) -> frozenset[str]:
    return _listed(config.get(f"{side}.cluster.bootstrap.servers", ""))


def _listed(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _syncs_place(config: Mapping[str, str]) -> tuple[str, frozenset[str]]:
    """Name and cluster of the offset-syncs topic (Kafka's MirrorConnectorConfig)."""
    at = config.get("offset-syncs.topic.location", "source")
    other = "source" if at == "target" else "target"
    return config.get(f"{other}.cluster.alias", ""), _brokers(config, at)


def copies(config: Mapping[str, str], topic: str) -> bool:
    """Whether a mirror's filter lets a topic through: whole names, as Java's patterns match. A
    pattern that is not one here too counts as no match."""
    wanted = config.get("topics", ".*")
    return _matches(wanted, topic) and not _matches(config.get(EXCLUDE_KEY, ""), topic)


def _matches(listed: str, topic: str) -> bool:
    for pattern in patterns(listed):
        try:
            if re.fullmatch(pattern, topic) or pattern == literal(topic):
                return True
        except re.error:
            continue
    return False
