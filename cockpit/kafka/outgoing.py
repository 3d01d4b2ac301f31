"""A request on its way: its version chosen by what a broker offers, its answer kept as bytes.

Has the shape that the library's connection sends. Never decodes an answer: that would run inside
the library's reader, where an error ends the connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, ClassVar, Final, Protocol

from aiokafka.protocol.api import (
    RequestHeader_v1,
    RequestHeader_v2,
    ResponseHeader_v0,
    ResponseHeader_v1,
)

from cockpit.kafka.errors import UnsupportedError
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.surveys.release import release_of
from cockpit.kafka.text import one_line

Offered = Mapping[int, tuple[int, int]]
"""Lowest and highest version of a broker by API key."""

_WORDS: Final = {
    "DescribeAcls": "ACL API",
    "CreateAcls": "ACL API",
    "DeleteAcls": "ACL API",
    "DescribeConfigs": "config API",
    "ListGroups": "API that lists groups",
    "DescribeGroups": "API that describes groups",
}


class Header(Protocol):
    """A header of the library."""

    def encode(self) -> bytes: ...


class RawReply:
    """Stands where the library expects a response type; keeps the bytes, decodes nothing."""

    @staticmethod
    def decode(buffer: BytesIO) -> bytes:
        """Everything after the header."""
        return buffer.read()


class Outgoing:
    """One request for one broker."""

    RESPONSE_TYPE: ClassVar[type[RawReply]] = RawReply

    def __init__(self, request: Request[Any], address: str) -> None:
        self._request = request
        self._address = address
        self.API_KEY = request.api.key
        self.API_VERSION = -1

    def prepare(self, offered: Offered, release: str = "") -> Outgoing:
        """Choose the version. Raises UnsupportedError where none serves."""
        version = self._request.version(offered)
        if version is None:
            release = release or release_of(offered)
            raise UnsupportedError("unsupported", one_line(self._lack(offered, release)))
        self.API_VERSION = version
        return self

    def _lack(self, offered: Offered, release: str) -> str:
        """What the broker has not, in plain words."""
        api = self._request.api
        who = f"Kafka {release}" if release else "this broker"
        if api.key not in offered:
            return f"{who} has no {_WORDS.get(api.name, f'{api.name} API')} ({self._address})"
        lowest, highest = offered[api.key]
        needed = max(api.lowest, self._request.since)
        if highest < needed:
            what = f"{api.name} up to version {highest}, {needed} is needed"
        else:
            what = f"{api.name} from version {lowest} on, newer than what is known here"
        return f"{who} has {what} ({self._address})"

    def build_request_header(self, correlation_id: int, client_id: str) -> Header:
        """The header that goes before the body."""
        kind = RequestHeader_v2 if self._flexible else RequestHeader_v1
        header: Header = kind(self, correlation_id=correlation_id, client_id=client_id)
        return header

    def parse_response_header(self, buffer: BytesIO) -> object:
        """The header of the answer."""
        kind = ResponseHeader_v1 if self._flexible else ResponseHeader_v0
        header: object = kind.decode(buffer)
        return header

    def encode(self) -> bytes:
        """The body."""
        return self._request.encode(self.API_VERSION)

    @property
    def _flexible(self) -> bool:
        return self._request.api.flexible(self.API_VERSION)


class NothingSentError(Exception):
    """Ends a send before anything has gone out."""


class Learning:
    """A request that is never sent: it learns what the library knows of a broker."""

    def __init__(self) -> None:
        self.offered: Offered = {}

    def prepare(self, offered: Offered, release: str = "") -> Outgoing:
        """What the library calls first. Always raises NothingSentError."""
        self.offered = dict(offered)
        raise NothingSentError
