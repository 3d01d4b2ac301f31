"""DescribeUserScramCredentials: who can log in by SCRAM, and how; never a secret.

Never changes a credential.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cockpit.core.survey import ScramCredential
from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

DESCRIBE_SCRAM: Final = Api(50, "DescribeUserScramCredentials", 0, 0, flexible_from=0)

MECHANISMS: Final = {1: "SCRAM-SHA-256", 2: "SCRAM-SHA-512"}


@dataclass(frozen=True, slots=True)
class UsersReply:
    """Error code, its message, every credential, and users that could not be read by code."""

    error: int
    message: str
    credentials: tuple[ScramCredential, ...]
    failed: tuple[tuple[str, int], ...]


def describe_scram_users() -> Request[UsersReply]:
    """Every user that has a SCRAM credential: a null list asks for all."""

    def write(w: Writer, version: int) -> None:
        w.count(None)
        w.end_struct()

    def read(r: Reader, version: int) -> UsersReply:
        r.int32()
        error, message = r.int16(), r.string()
        users = r.array(lambda: _user(r))
        return UsersReply(
            error,
            message,
            credentials=tuple(credential for _, _, found in users for credential in found),
            failed=tuple((user, code) for user, code, _ in users if code),
        )

    return Request(DESCRIBE_SCRAM, write, read, aside=True)


def _user(r: Reader) -> tuple[str, int, list[ScramCredential]]:
    """Name, error code and credentials."""
    user, code = r.string(), r.int16()
    r.optional_string()
    found = r.array(lambda: _credential(r, user))
    r.end_struct()
    return user, code, found


def _credential(r: Reader, user: str) -> ScramCredential:
    mechanism, iterations = r.int8(), r.int32()
    r.end_struct()
    return ScramCredential(user, MECHANISMS.get(mechanism, f"code_{mechanism}"), iterations)
