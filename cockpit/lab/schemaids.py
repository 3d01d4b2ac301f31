"""Ids of schemas in front of records, as Confluent's serialisers write them: a zero byte, then four
of the id. Writers ask the registry of the cluster that they write to, readers that of the cluster
that they read from.

Never looks into a schema: that the id is known is what a record can be read by.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import Final

import httpx

_HEAD: Final = struct.Struct(">BI")
PATIENCE_S: Final = 5.0


class UnknownSchemaError(KeyError):
    """A record cannot be read here: nobody knows its schema, or the registry does not answer."""


class SchemaIds:
    """The registry of each cluster, as one service uses them."""

    def __init__(self, registries: Mapping[str, str], topics: Iterable[str]) -> None:
        """`topics`: those whose records begin with an id."""
        self._registries = registries
        self._topics = frozenset(topics)
        self._known: set[tuple[str, int]] = set()

    async def stamps(self, cluster: str, topics: Iterable[str]) -> dict[str, bytes]:
        """What records of these topics begin with: the newest schema. Raises OSError."""
        found = {}
        for topic in self._topics.intersection(topics):
            path = f"subjects/{topic}-value/versions/latest"
            reply = await self._get(cluster, path)
            if not reply.is_success:
                raise ConnectionError(f"registry of the {cluster}: {path}: {reply.status_code}")
            found[topic] = _HEAD.pack(0, int(reply.json()["id"]))
        return found

    async def check(self, cluster: str, values: Iterable[bytes]) -> None:
        """See that each of these records can be read. Raises UnknownSchemaError."""
        for number in {number for value in values if (number := id_of(value)) is not None}:
            if (cluster, number) in self._known:
                continue
            try:
                reply = await self._get(cluster, f"schemas/ids/{number}")
            except OSError as error:
                raise UnknownSchemaError(str(error)) from error
            if not reply.is_success:
                raise UnknownSchemaError(f"registry of the {cluster}: no schema {number}")
            self._known.add((cluster, number))

    async def _get(self, cluster: str, path: str) -> httpx.Response:
        url = f"{self._registries[cluster]}/{path}"
        try:
            async with httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False) as http:
                return await http.get(url)
        except httpx.HTTPError as error:
            raise ConnectionError(f"registry of the {cluster}: {error!r}") from error


def id_of(value: bytes) -> int | None:
    """The id in front of a record; None: it has none."""
    if len(value) < _HEAD.size or value[0] != 0:
        return None
    return int(_HEAD.unpack_from(value)[1])


def without_id(value: bytes) -> bytes:
    """The record itself."""
    return value if id_of(value) is None else value[_HEAD.size :]
