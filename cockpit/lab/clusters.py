"""Setting up the lab's clusters over the wire: users, ACLs, topics, and proofs that they answer.

Speaks to a broker with one short-lived client; never reads the lab's files. The SCRAM request
(key 51, version 0, KIP-554) is the one that aiokafka does not have.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.protocol import admin as wire
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from cockpit.lab.access import Allow
from cockpit.lab.certificates import Tls

SCRAM_SHA_512 = 2
ITERATIONS = 4096
RESOURCE = {"topic": 2, "group": 3, "cluster": 4, "transactional_id": 5}
PATTERN = {"literal": 3, "prefixed": 4}
OPERATION = {
    "read": 3,
    "write": 4,
    "create": 5,
    "delete": 6,
    "alter": 7,
    "describe": 8,
    "describe_configs": 10,
    "alter_configs": 11,
}
ALLOW = 3
"""Codes of org.apache.kafka.common.{resource,acl}."""

# Every refused connection is a line to aiokafka; while a broker starts they mean nothing.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())

_TEXT = CompactString("utf-8")
Row = tuple[Any, ...]
"""One entry of an array in a request."""


class _ScramResponse(Response):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", _TEXT), ("error_code", Int16), ("message", _TEXT), ("tags", TaggedFields)
            ),
        ),
        ("tags", TaggedFields),
    )


class _ScramStruct(RequestStruct):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 51
    API_VERSION = 0
    RESPONSE_TYPE = _ScramResponse
    FLEXIBLE_VERSION = True
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(("name", _TEXT), ("mechanism", Int8), ("tags", TaggedFields)),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", _TEXT),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterScram(Request[_ScramStruct]):  # type: ignore[misc]  # aiokafka ships no types
    API_KEY = 51

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def build(self, request_struct_class: type[_ScramStruct]) -> _ScramStruct:
        return request_struct_class([], self._rows, {})


class _CreateAcls(Request[wire.CreateAclsRequest_v1]):  # type: ignore[misc]  # as above
    """Several bindings in one request; aiokafka's own takes one."""

    API_KEY = 30

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def build(self, request_struct_class: type[RequestStruct]) -> RequestStruct:
        return request_struct_class(self._rows)


@dataclass(frozen=True, slots=True)
class Login:
    """How somebody reaches one cluster: by password, by certificate (`tls`), or without either.
    With `authority` a password goes over TLS, to whom that file vouches for."""

    bootstrap: str
    username: str
    password: str = ""
    mechanism: str = "SCRAM-SHA-512"
    tls: Tls | None = None
    authority: Path | None = None
    zookeeper: str = ""
    """Of brokers before 0.9, which take other clients: where consumers register."""

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments that every aiokafka client takes. Raises OSError."""
        where: dict[str, Any] = {"bootstrap_servers": self.bootstrap}
        if self.tls is not None:
            context = ssl.create_default_context(cafile=self.tls.authority)
            context.load_cert_chain(self.tls.certificate, self.tls.key)
            return where | {"security_protocol": "SSL", "ssl_context": context}
        if not self.password:
            return where
        over_tls: dict[str, Any] = {}
        if self.authority is not None:
            over_tls = {"ssl_context": ssl.create_default_context(cafile=self.authority)}
        return (
            where
            | over_tls
            | {
                "security_protocol": "SASL_SSL" if over_tls else "SASL_PLAINTEXT",
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        )


class Setup:
    """One open connection to a cluster."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    async def send(self, request: Request[RequestStruct]) -> Response:
        """Send a request to any of the cluster's brokers. Raises KafkaError."""
        return await self._client.send(self._client.get_random_node(), request)

    async def order(self, request: Request[RequestStruct]) -> Response:
        """Send a request to the broker that alone may carry it out. Raises KafkaError."""
        found = await self.send(MetadataRequest([]))
        return await self._client.send(found.controller_id, request)

    async def users(self, passwords: Mapping[str, str]) -> None:
        """Create or replace SCRAM users. Raises KafkaError."""
        rows: list[Row] = [
            (user, SCRAM_SHA_512, ITERATIONS, *_salted(password), {})
            for user, password in passwords.items()
        ]
        for user, code, message, _ in (await self.order(_AlterScram(rows))).results:
            if code:
                raise for_code(code)(f"user {user}: {message}")

    async def allow(self, allows: Sequence[Allow]) -> None:
        """Create ACL bindings; one that is there already is no error. Raises KafkaError."""
        rows: list[Row] = [
            (
                RESOURCE[allow.resource],
                allow.name,
                PATTERN[allow.pattern],
                f"User:{allow.user}",
                "*",
                OPERATION[allow.operation],
                ALLOW,
            )
            for allow in allows
        ]
        response = await self.send(_CreateAcls(rows))
        for allow, (code, message) in zip(allows, response.creation_responses, strict=True):
            if code:
                raise for_code(code)(f"{allow}: {message}")

    async def topics(
        self,
        topics: Mapping[str, Mapping[str, str]],
        *,
        partitions: int,
        brokers: int = 1,
        single_copy: Sequence[str] = (),
    ) -> None:
        """Create topics with these configs, where they are not yet there.

        Brokers 1 to `brokers` lead the partitions in turn; each has a copy of every partition, but
        of the topics in `single_copy` only of those that it leads. Raises KafkaError.
        """
        rows: list[Row] = []
        for name, config in topics.items():
            copies = 1 if name in single_copy else brokers
            places = [
                (p, [(p + copy) % brokers + 1 for copy in range(copies)]) for p in range(partitions)
            ]
            rows.append((name, -1, -1, places, list(config.items())))
        response = await self.order(wire.CreateTopicsRequest(rows, 15_000, False))
        for name, code, message in response.topic_errors:
            if code not in {0, TopicAlreadyExistsError.errno}:
                raise for_code(code)(f"topic {name}: {message}")

    async def partitions(self, prefix: str) -> dict[str, int]:
        """Partition counts of the topics under a prefix. Asks for all, so that none is created."""
        response = await self.send(MetadataRequest(None))
        return {
            topic[1]: len(topic[-1])
            for topic in response.topics
            if topic[1].startswith(prefix) and topic[0] == 0
        }

    async def end_offsets(self, partitions: Mapping[str, int]) -> dict[str, int]:
        """Sum of the end offsets of each topic, in records. Raises KafkaError."""
        rows: list[Row] = [
            (name, [(p, -1) for p in range(count)]) for name, count in partitions.items()
        ]
        response = await self.send(OffsetRequest(-1, 0, rows))
        ends = dict.fromkeys(partitions, 0)
        for name, entries in response.topics:
            for entry in entries:
                if entry[1]:
                    raise for_code(entry[1])(f"{name}-{entry[0]}")
                ends[name] += entry[-1]
        return ends


def _salted(password: str) -> tuple[bytes, bytes]:
    salt = os.urandom(16)
    return salt, hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)


@contextlib.asynccontextmanager
async def connected(login: Login, *, timeout_ms: int = 15_000) -> AsyncIterator[Setup]:
    """A client for a short piece of work. Raises KafkaError when the cluster does not answer."""
    client = AIOKafkaClient(
        **login.client_options(), client_id="cockpit-lab", request_timeout_ms=timeout_ms
    )
    try:
        await client.bootstrap()
        yield Setup(client)
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                await client.close()


async def answers(login: Login) -> bool:
    """Whether the cluster gives its metadata to this login: an open port alone proves nothing."""
    if not await _listens(login.bootstrap):
        return False
    try:
        async with connected(login, timeout_ms=2_000) as setup:
            response = await setup.send(MetadataRequest([]))
    except (KafkaError, OSError, TimeoutError):
        return False
    return len(response.brokers) > 0


async def _listens(address: str) -> bool:
    """Whether anything accepts connections there: aiokafka makes a log line of each refusal."""
    host, _, port = address.rpartition(":")
    try:
        async with asyncio.timeout(2.0):
            _, writer = await asyncio.open_connection(host, int(port))
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
