"""Kafka Connect's REST interface, as far as a cutover needs it.

Connector configs carry passwords in clear: they stay in memory, and only the keys that a caller
names ever leave this room. A worker that is booting or rebalancing answers 404, 409, 500 or no JSON
at all: that is a PortError, never a state.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote

from cockpit.core.observe import ConnectorState, FailureKind, TaskState, TopicPartition
from cockpit.kafka.errors import ReplyLostError
from cockpit.kafka.http import Http, Reply
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

CHANGE_TIMEOUT_MS: Final = 15_000
OFFSETS_SINCE: Final = (3, 5)
_RELEASE: Final = re.compile(r"(\d{1,4})\.(\d{1,4})")
REBALANCE_TRIES: Final = 10
REBALANCE_PAUSE_S: Final = 0.3
"""A config is asked for again while the workers rebalance: after a change that takes a second or
two, and who asks once, as `leftovers` does, would know nothing of a mirror that is well."""
NO_POSITIONS: Final = "Connect before 3.5 does not tell offsets"


class RebalancingError(PortError):
    """The workers are sorting out who does what: nothing was done, and soon it can be."""


@dataclass(frozen=True, slots=True)
class ConnectRest:
    """A Connect worker, by the base URL of its REST interface."""

    http: Http
    base: str

    async def state(self, connector: str) -> ConnectorState:
        """State of a connector and of all its tasks. Raises PortError."""
        return self.state_in(connector, await self._get(connector, "status"))

    def state_in(self, connector: str, status: Any) -> ConnectorState:  # noqa: ANN401 - JSON
        """The state that a status says. Raises PortError."""
        try:
            return ConnectorState(
                name=connector,
                state=one_line(status["connector"]["state"], 40),
                tasks=tuple(
                    TaskState(
                        id=int(task["id"]),
                        state=one_line(task["state"], 40),
                        cause=last_cause(task.get("trace")),
                    )
                    for task in sorted(status["tasks"], key=lambda task: int(task["id"]))
                ),
            )
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise self._nonsense(connector, "status") from error

    async def positions(self, connector: str) -> Mapping[TopicPartition, int]:
        """Next source offset of each partition that the connector has a position for.

        Needs Connect 3.5: an older worker is an "unsupported" failure. Raises PortError.
        """
        reply = await self.http.request("GET", self._url(connector, "offsets"))
        if reply.status == 404 and await self.is_before(*OFFSETS_SINCE):
            raise PortError("unsupported", NO_POSITIONS)
        body = self._body(connector, "offsets", reply)
        found: dict[TopicPartition, int] = {}
        try:
            for entry in body["offsets"]:
                at, offset = entry["partition"], (entry["offset"] or {}).get("offset")
                if type(offset) is int:
                    found[str(at["topic"]), int(at["partition"])] = offset + 1
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise self._nonsense(connector, "offsets") from error
        return found

    async def config(self, connector: str) -> dict[str, str]:
        """The whole config, passwords included: not to be shown or kept. Patient with workers that
        rebalance. Raises PortError."""
        body = await self._patiently(connector, "config")
        if not isinstance(body, dict):
            raise self._nonsense(connector, "config")
        return {str(key): str(value) for key, value in body.items() if value is not None}

    async def task_configs(self, connector: str) -> tuple[Mapping[str, str], ...]:
        """Configs of the tasks as they run now, passwords included. Raises PortError."""
        body = await self._get(connector, "tasks")
        try:
            return tuple(dict(task["config"]) for task in body)
        except (LookupError, TypeError, ValueError) as error:
            raise self._nonsense(connector, "tasks") from error

    async def change_config(self, connector: str, changes: Mapping[str, str | None]) -> None:
        """Set or (None) remove keys of a config; the other keys stay.

        Raises PortError; ReplyLostError where it may have happened all the same.
        """
        url = self._url(connector, "config")
        reply = await self.http.request("PATCH", url, body=changes, timeout_ms=CHANGE_TIMEOUT_MS)
        if reply.status in (404, 405) and not reply.said():
            # Before 3.8 there is no PATCH: the whole config is read and put back.
            merged: dict[str, str | None] = {**await self.config(connector), **changes}
            whole = {key: value for key, value in merged.items() if value is not None}
            reply = await self.http.request("PUT", url, body=whole, timeout_ms=CHANGE_TIMEOUT_MS)
        self._changed(connector, "config", reply)

    async def set_state(self, connector: str, verb: Literal["stop", "pause", "resume"]) -> None:
        """Stop a connector for good (needs Connect 3.5), let its tasks pause, or let it run again.

        The worker has taken it in, and does it by and by. Raises PortError; ReplyLostError where it
        may have happened all the same.
        """
        url = self._url(connector, verb)
        self._changed(
            connector, verb, await self.http.request("PUT", url, timeout_ms=CHANGE_TIMEOUT_MS)
        )

    async def set_positions(
        self, connector: str, alias: str, positions: Sequence[tuple[TopicPartition, int]]
    ) -> None:
        """Set the next offset to read, by partition of a stopped mirror that reads `alias`.

        MirrorMaker keeps the last offset that it has copied, so nothing yet is no offset (KIP-875;
        Connect 3.6). Raises as `set_state` does.
        """
        entries = [
            {
                "partition": {"cluster": alias, "topic": topic, "partition": partition},
                "offset": {"offset": offset - 1} if offset > 0 else None,
            }
            for (topic, partition), offset in positions
        ]
        url = self._url(connector, "offsets")
        reply = await self.http.request(
            "PATCH", url, body={"offsets": entries}, timeout_ms=CHANGE_TIMEOUT_MS
        )
        self._changed(connector, "offsets", reply)

    def _changed(self, connector: str, what: str, reply: Reply) -> None:
        failed = self._failed(connector, what, reply)
        if reply.status >= 500:
            raise ReplyLostError(failed.kind, failed.reason)
        if not reply.ok:
            raise failed

    async def at(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """What the worker answers under a path of its own, such as `connectors`. Raises PortError.

        May hold configs with their passwords: not to be shown or kept.
        """
        reply = await self.http.request("GET", f"{self.base.rstrip('/')}/{path}")
        if not reply.ok:
            kind: FailureKind = "refused" if reply.status in (401, 403) else "protocol"
            raise PortError(kind, one_line(f"Connect: HTTP {reply.status}{reply.said()}"))
        return reply.json("Connect")

    async def is_before(self, major: int, minor: int) -> bool:
        """Whether the worker says that it is of an older release. Raises PortError."""
        root = await self.at("")
        said = root.get("version") if isinstance(root, dict) else None
        found = _RELEASE.match(said) if isinstance(said, str) else None
        return found is not None and (int(found[1]), int(found[2])) < (major, minor)

    async def _patiently(self, connector: str, what: str) -> Any:  # noqa: ANN401 - JSON
        for _ in range(REBALANCE_TRIES):
            try:
                return await self._get(connector, what)
            except RebalancingError:
                await asyncio.sleep(REBALANCE_PAUSE_S)
        return await self._get(connector, what)

    async def _get(self, connector: str, what: str) -> Any:  # noqa: ANN401 - JSON
        reply = await self.http.request("GET", self._url(connector, what))
        return self._body(connector, what, reply)

    def _body(self, connector: str, what: str, reply: Reply) -> Any:  # noqa: ANN401 - JSON
        if not reply.ok:
            raise self._failed(connector, what, reply)
        return reply.json(f"Connect, {what} of {connector}")

    def _url(self, connector: str, what: str) -> str:
        return f"{self.base.rstrip('/')}/connectors/{quote(connector, safe='')}/{what}"

    def _failed(self, connector: str, what: str, reply: Reply) -> PortError:
        kind: Any = "refused" if reply.status in (401, 403) else "protocol"
        said = reply.said()
        text = f"Connect, {what} of {connector}: HTTP {reply.status}{said}"
        # A worker whose own config is behind answers a question with 500 and these words.
        if reply.status == 409 or (reply.status == 500 and "a rebalance is expected" in said):
            return RebalancingError(kind, one_line(text))
        return PortError(kind, one_line(text))

    def _nonsense(self, connector: str, what: str) -> PortError:
        return PortError("protocol", one_line(f"Connect, {what} of {connector}: unexpected JSON"))


def last_cause(trace: object) -> str:
    """The innermost cause of a Java stack trace, or its first line; empty where there is none."""
    if not isinstance(trace, str) or not trace.strip():
        return ""
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("Caused by: ")]
    return one_line(causes[-1].removeprefix("Caused by: ") if causes else lines[0])
