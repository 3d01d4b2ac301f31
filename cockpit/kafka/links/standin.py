"""The interface of the lab's stand-in for a link (`cockpit.lab.link`), which is no product."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from cockpit.kafka.http import Http, Reply
from cockpit.kafka.links.api import LinkedTopic, LinkStatus
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

PROMOTE_TIMEOUT_MS = 15_000


class StandIn:
    """One link of the stand-in."""

    def __init__(self, http: Http, base: str, name: str) -> None:
        self._http = http
        self._link = f"{base.rstrip('/')}/links/{quote(name, safe='')}"

    async def status(self) -> LinkStatus:
        """How it stands. Raises PortError."""
        body = await self._body()
        try:
            topics = {str(name): _topic(found) for name, found in body["topics"].items()}
            reason = one_line(str(body.get("reason") or ""), 300)
            return LinkStatus(one_line(str(body["state"]), 40), reason, topics)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise PortError("protocol", "the link's status makes no sense") from error

    async def promote(self, topic: str) -> None:
        """Answered once it is done. Raises PortError or ReplyLostError."""
        await self._post(f"topics/{quote(topic, safe='')}/promote")

    async def left_alone(self) -> frozenset[str]:
        """Groups whose commits are not carried over. Raises PortError."""
        body = await self._body()
        try:
            return frozenset(str(group) for group in body["groups"]["excluded"])
        except (LookupError, TypeError) as error:
            raise PortError("protocol", "the link does not tell its groups") from error

    async def leave_alone(self, groups: tuple[str, ...], *, excluded: bool) -> None:
        """Raises PortError or ReplyLostError."""
        verb = "exclude" if excluded else "include"
        for group in groups:
            await self._post(f"groups/{quote(group, safe='')}/{verb}")

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
        await self._http.close()

    async def _body(self) -> Any:  # noqa: ANN401 - JSON is anything until it is looked at
        reply = await self._http.request("GET", self._link)
        if not reply.ok:
            raise _refused(reply)
        return reply.json("the link's status")

    async def _post(self, path: str) -> None:
        url = f"{self._link}/{path}"
        reply = await self._http.request("POST", url, timeout_ms=PROMOTE_TIMEOUT_MS)
        if not reply.ok:
            raise _refused(reply)


def _topic(found: dict[str, Any]) -> LinkedTopic:
    rows = found["partitions"].items()
    return LinkedTopic(
        state=one_line(str(found["state"]), 40),
        reason=one_line(str(found.get("reason") or ""), 300),
        positions={
            int(number): int(one["position"]) for number, one in rows if one["position"] is not None
        },
    )


def _refused(reply: Reply) -> PortError:
    try:
        said = reply.json("the link's answer")["error"]
    except (PortError, LookupError, TypeError):
        said = "no reason given"
    return PortError("refused", one_line(f"the link answers {reply.status}: {said}", 300))
