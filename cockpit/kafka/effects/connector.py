"""PatchConnector and ExcludeGroups: a few keys of a connector's config, the others untouched.

Never shows, returns or keeps any other key: connector configs hold passwords.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from cockpit.core.actions import ExcludeGroups, Finding, PatchConnector
from cockpit.core.exclusions import DEFAULT_GROUPS, literal, patterns, with_names, without_names
from cockpit.core.observe import ConnectorState
from cockpit.kafka.connect import ConnectRest, RebalancingError
from cockpit.kafka.effects.outcome import changing
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

Settings = Mapping[str, str | None]

SETTLE_READS: Final = 40
SETTLE_PAUSE_MS: Final = 250
REBALANCE_WAITS: Final = 12

EXCLUDE_KEY: Final = "groups.exclude"
OLD_EXCLUDE_KEY: Final = "groups.blacklist"
TASK_GROUPS_KEY: Final = "task.assigned.groups"
"""Where the checkpoint connector writes each task's groups."""

_SECRET: Final = re.compile(
    r"password|passwd|secret|jaas|token|credential|keystore|truststore|private|ssl\.key|api\.?key",
    re.IGNORECASE,
)


class ConnectorPatches:
    """Changes of connector configs."""

    def __init__(self, rest: ConnectRest, clock: Clock) -> None:
        self._rest = rest
        self._clock = clock

    async def precheck(self, action: PatchConnector) -> Finding:
        """Whether just these keys have these values. Raises PortError."""
        return await self._compare(action.connector, dict(action.settings))

    async def do(self, action: PatchConnector) -> Mapping[str, Any]:
        """Set them. Raises PortError or OutcomeUnknownError."""
        return await self.change(action.connector, dict(action.settings))

    async def verify(self, action: PatchConnector) -> Finding:
        """As `precheck`, and the connector and its tasks run again. Raises PortError."""
        found = await self._compare(action.connector, dict(action.settings))
        return await self.settled(action.connector) if found.holds else found

    async def _compare(self, connector: str, settings: Settings) -> Finding:
        _refuse_secrets(settings)
        config = await self._rest.config(connector)
        differing = sorted(key for key, value in settings.items() if config.get(key) != value)
        before = {"previous": {key: config.get(key) for key in settings}}
        if differing:
            return Finding(False, one_line(f"{connector}: not set: {', '.join(differing)}"), before)
        return Finding(True, one_line(f"{connector}: {', '.join(sorted(settings))} as wanted"))

    async def change(self, connector: str, settings: Settings) -> Mapping[str, Any]:
        """Set keys, and return what they were. Raises PortError or OutcomeUnknownError."""
        _refuse_secrets(settings)
        config = await self._rest.config(connector)
        previous = {key: config.get(key) for key in settings}
        if previous != dict(settings):
            await self._set(connector, settings)
        return {"previous": previous}

    async def _set(self, connector: str, settings: Settings) -> None:
        """Change a config, patient with workers that are rebalancing."""
        for _ in range(REBALANCE_WAITS):
            try:
                with changing():
                    return await self._rest.change_config(connector, settings)
            except RebalancingError:
                await self._clock.sleep(SETTLE_PAUSE_MS)
        with changing():
            return await self._rest.change_config(connector, settings)

    async def settled(self, connector: str) -> Finding:
        """Wait for the connector and its tasks to run; two reads, for the first may be old."""
        quiet = 0
        detail = ""
        for _ in range(SETTLE_READS):
            detail = _unsettled(await self._rest.state(connector))
            quiet = 0 if detail else quiet + 1
            if quiet == 2:
                return Finding(True, one_line(f"{connector} is set and running"))
            await self._clock.sleep(SETTLE_PAUSE_MS)
        return Finding(False, one_line(f"{connector} is set, but {detail}"))


def _refuse_secrets(settings: Settings) -> None:
    for key in settings:
        if _SECRET.search(key):
            raise PortError("protocol", one_line(f"{key} looks like a secret; not touched"))


def _unsettled(state: ConnectorState) -> str:
    if state.state != "RUNNING":
        return f"the connector is {state.state}"
    for task in state.tasks:
        if task.state != "RUNNING":
            cause = f": {task.cause}" if task.cause else ""
            return f"task {task.id} is {task.state}{cause}"
    return ""


class GroupExclusions:
    """Groups that the mirror's checkpoint connector leaves alone."""

    def __init__(self, connector: str, rest: ConnectRest, patches: ConnectorPatches) -> None:
        self._connector = connector
        self._rest = rest
        self._patches = patches

    async def precheck(self, action: ExcludeGroups) -> Finding:
        """Whether the config says so. Raises PortError."""
        excludes = await self._excludes()
        listed = patterns(DEFAULT_GROUPS if excludes is None else excludes)
        wanted = [literal(group) for group in action.groups]
        wrong = [p for p in wanted if (p in listed) != action.excluded]
        if wrong:
            word = "not yet excluded" if action.excluded else "still excluded"
            before = {"previous": {EXCLUDE_KEY: excludes}}
            return Finding(False, one_line(f"{word}: {', '.join(wrong)}"), before)
        word = "excluded from" if action.excluded else "part of"
        return Finding(True, one_line(f"{word} group sync: {', '.join(action.groups)}"))

    async def do(self, action: ExcludeGroups) -> Mapping[str, Any]:
        """Change the config. Raises PortError or OutcomeUnknownError."""
        old = await self._excludes()
        change = with_names if action.excluded else without_names
        settings = {EXCLUDE_KEY: change(old, DEFAULT_GROUPS, action.groups)}
        return await self._patches.change(self._connector, settings)

    async def verify(self, action: ExcludeGroups) -> Finding:
        """As `precheck`, and no running task has an excluded group. Raises PortError."""
        found = await self.precheck(action)
        if found.holds:
            settled = await self._patches.settled(self._connector)
            found = found if settled.holds else settled
        if found.holds and action.excluded:
            busy = await self._assigned() & set(action.groups)
            if busy:
                why = f"a task of {self._connector} still syncs {', '.join(sorted(busy))}"
                return Finding(False, one_line(why))
        return found

    async def _excludes(self) -> str | None:
        config = await self._rest.config(self._connector)
        if OLD_EXCLUDE_KEY in config:
            why = f"{self._connector} uses {OLD_EXCLUDE_KEY}; set {EXCLUDE_KEY} instead"
            raise PortError("protocol", one_line(why))
        return config.get(EXCLUDE_KEY)

    async def _assigned(self) -> set[str]:
        configs = await self._rest.task_configs(self._connector)
        return {
            group.strip()
            for config in configs
            for group in config.get(TASK_GROUPS_KEY, "").split(",")
        }
