"""Confluent Cluster Linking by its REST interface (v3), as it is documented.

Written from the documentation and tried on exchanges made from it; never spoken to a real service.
Never shows a link's config: it holds credentials of the source.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from cockpit.kafka.http import Http, Reply
from cockpit.kafka.links.api import LinkedTopic, LinkStatus
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

FILTERS_KEY: Final = "consumer.offset.group.filters"
CHANGE_TIMEOUT_MS: Final = 15_000
_NO_ERROR: Final = ("", "NO_ERROR")


class ConfluentLink:
    """One cluster link, on its target cluster."""

    def __init__(self, http: Http, base: str, cluster: str, name: str) -> None:
        self._http = http
        clusters = f"{base.rstrip('/')}/kafka/v3/clusters/{quote(cluster, safe='')}"
        self._link = f"{clusters}/links/{quote(name, safe='')}"

    async def status(self) -> LinkStatus:
        """The link and its mirror topics. Raises PortError."""
        link, mirrors = await self._get(""), await self._rows("/mirrors")
        try:
            topics = {str(one["mirror_topic_name"]): _topic(one) for one in mirrors}
            error = str(link.get("link_error") or "")
            message = str(link.get("link_error_message") or "")
            reason = "" if error in _NO_ERROR else f"{error} {message}"
            return LinkStatus(one_line(str(link["link_state"]), 40), one_line(reason, 300), topics)
        except (LookupError, TypeError, ValueError, AttributeError) as wrong:
            raise PortError("protocol", "the link's answer makes no sense") from wrong

    async def promote(self, topic: str) -> None:
        """Begun by this; that it is done, the topic's status tells. Raises PortError or
        ReplyLostError."""
        body = {"mirror_topic_names": [topic]}
        reply = await self._change("POST", "/mirrors:promote", body)
        for one in _data(reply.json("the promotion's answer")):
            if one.get("error_code"):
                why = f"{one.get('error_code')} {one.get('error_message')}"
                raise PortError("refused", one_line(f"{topic}: {why}", 300))

    async def left_alone(self) -> frozenset[str]:
        """Groups that a filter of their own excludes. Raises PortError."""
        return frozenset(
            str(one.get("name"))
            for one in await self._filters()
            if one.get("filterType") == "EXCLUDE" and one.get("patternType") == "LITERAL"
        )

    async def leave_alone(self, groups: tuple[str, ...], *, excluded: bool) -> None:
        """Change those filters and no other. Raises PortError or ReplyLostError."""
        own = [_excluding(group) for group in groups]
        filters = [one for one in await self._filters() if one not in own]
        value = json.dumps({"groupFilters": filters + (own if excluded else [])})
        await self._change("PUT", f"/configs/{FILTERS_KEY}", {"value": value})

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
        await self._http.close()

    async def _filters(self) -> list[dict[str, Any]]:
        for one in await self._rows("/configs"):
            if one.get("name") == FILTERS_KEY and one.get("value"):
                try:
                    return list(json.loads(one["value"])["groupFilters"])
                except (LookupError, TypeError, ValueError) as wrong:
                    raise PortError("protocol", f"{FILTERS_KEY} cannot be read") from wrong
        return []

    async def _rows(self, path: str) -> list[dict[str, Any]]:
        body = await self._get(path)
        metadata = body.get("metadata")
        if isinstance(metadata, Mapping) and metadata.get("next"):
            raise PortError("unsupported", f"{path.strip('/')} comes in pages: not understood yet")
        return _data(body)

    async def _get(self, path: str) -> dict[str, Any]:
        reply = await self._http.request("GET", self._link + path)
        if not reply.ok:
            raise _refused(reply)
        body = reply.json("the link's answer")
        if not isinstance(body, dict):
            raise PortError("protocol", "the link's answer makes no sense")
        return body

    async def _change(self, method: str, path: str, body: Mapping[str, Any]) -> Reply:
        url = self._link + path
        reply = await self._http.request(method, url, body=body, timeout_ms=CHANGE_TIMEOUT_MS)
        if not reply.ok:
            raise _refused(reply)
        return reply


def _excluding(group: str) -> dict[str, str]:
    return {"name": group, "patternType": "LITERAL", "filterType": "EXCLUDE"}


def _data(body: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON until it is looked at
    rows = body.get("data") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise PortError("protocol", "the link's answer makes no sense")
    return rows


def _topic(found: Mapping[str, Any]) -> LinkedTopic:
    """-1 is no offset: nothing was fetched yet. Whether the last record that was fetched or the one
    after it is meant, the documentation does not say; the lower reading only makes lag too high."""
    places = {
        int(one["partition"]): int(one["last_source_fetch_offset"]) for one in found["mirror_lags"]
    }
    error = str(found.get("mirror_topic_error") or "")
    return LinkedTopic(
        state=one_line(str(found["mirror_status"]), 40),
        reason="" if error in _NO_ERROR else one_line(error, 300),
        positions={number: place for number, place in places.items() if place >= 0},
    )


def _refused(reply: Reply) -> PortError:
    return PortError("refused", f"the link answers {reply.status}{reply.said()}")
