"""Every connector of a Connect cluster with every one of its tasks.

Of a config it passes on a few keys, named one by one: configs hold passwords in clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cockpit.core.mirrorsurvey import SHOWN_SETTINGS, ConnectSurvey
from cockpit.core.observe import ConnectorState, TaskState
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

NO_STATUS: Final = "NO STATUS"
"""State of a task that the connector has and the worker knows nothing of."""


async def read_connectors(rest: ConnectRest, clock: Clock) -> ConnectSurvey:
    """The Connect cluster as one worker sees it.

    Raises PortError when the worker is down, booting, or answers no sense; a connector that cannot
    be read goes into `unknown`. Source: Connect's REST interface, `expand` since 2.3 (KIP-465).
    """
    asked_at_ms = clock.now_ms()
    root = await rest.at("")
    version = root.get("version") if isinstance(root, dict) else None
    if not isinstance(version, str):
        raise PortError("protocol", "Connect: the worker does not say its version")
    names = await rest.at("connectors")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise PortError("protocol", "Connect: connectors: unexpected JSON")
    expanded = await rest.at("connectors?expand=status&expand=info")
    # Before 2.3 `expand` is not heeded. A connector without a status is left out by every version.
    by_name: dict[str, Any] = expanded if isinstance(expanded, dict) else {}
    found: list[ConnectorState] = []
    unknown: dict[str, str] = {}
    for name in sorted(set(names)):
        try:
            found.append(await _connector(rest, name, by_name.get(name)))
        except PortError as error:
            if error.kind in ("unreachable", "slow"):
                raise
            unknown[name] = error.reason
    return ConnectSurvey(
        asked_at_ms=asked_at_ms,
        answered_at_ms=clock.now_ms(),
        version=one_line(version, 40),
        connectors=tuple(found),
        unknown=unknown,
        settings={name: kept for name in sorted(set(names))
                  if (kept := _settings(by_name.get(name))) is not None},
    )  # fmt: skip


def _settings(entry: Any) -> Mapping[str, str] | None:  # noqa: ANN401 - JSON
    """The few keys of a config that may be kept; None where it is not shown."""
    info = entry.get("info") if isinstance(entry, dict) else None
    config = info.get("config") if isinstance(info, dict) else None
    if not isinstance(config, dict):
        return None
    return {key: str(config[key]) for key in SHOWN_SETTINGS if config.get(key) is not None}


async def _connector(rest: ConnectRest, name: str, entry: Any) -> ConnectorState:  # noqa: ANN401 - JSON
    """A connector with the tasks of its status, and those that it has and no worker speaks of."""
    if not isinstance(entry, dict) or "status" not in entry:
        return await rest.state(name)
    state = rest.state_in(name, entry["status"])
    known = {task.id for task in state.tasks}
    info = entry.get("info")
    listed = info.get("tasks") if isinstance(info, dict) else None
    numbers = {
        task["task"]
        for task in (listed if isinstance(listed, list) else ())
        if isinstance(task, dict) and type(task.get("task")) is int
    }
    lost = (TaskState(number, NO_STATUS) for number in numbers - known)
    tasks = sorted((*state.tasks, *lost), key=lambda task: task.id)
    return ConnectorState(state.name, state.state, tuple(tasks))
