"""Puts things on real clusters for tests to find, and takes exactly them away again.

The requests here change what the cockpit only reads; it never sends them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.core.observe import AclBinding
from cockpit.core.survey import Quota, ScramCredential
from cockpit.kafka.client import Client
from cockpit.kafka.errors import code_error
from cockpit.kafka.protocol.acls import create_acls, delete_acls
from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.configs import TOPIC
from cockpit.kafka.protocol.request import Api, Request
from cockpit.kafka.protocol.users import MECHANISMS

INCREMENTAL_ALTER_CONFIGS: Final = Api(44, "IncrementalAlterConfigs", 0, 1, flexible_from=1)
ALTER_CLIENT_QUOTAS: Final = Api(49, "AlterClientQuotas", 0, 1, flexible_from=1)
DELETE_GROUPS: Final = Api(42, "DeleteGroups", 0, 2, flexible_from=2)
UPDATE_FEATURES: Final = Api(57, "UpdateFeatures", 1, 1, flexible_from=0)
ALTER_SCRAM: Final = Api(51, "AlterUserScramCredentials", 0, 0, flexible_from=0)
HASHES: Final = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}


def _carry_out(w: Writer) -> None:
    """The end of a request that is not for validation only."""
    w.boolean(False)
    w.end_struct()


def _each(one: Callable[[Reader], int]) -> Callable[[Reader, int], tuple[int, ...]]:
    """Reads the error code of each thing in an answer."""

    def read(r: Reader, version: int) -> tuple[int, ...]:
        r.int32()
        return tuple(r.array(lambda: one(r)))

    return read


def alter_quotas(quotas: Iterable[Quota], *, remove: bool) -> Request[tuple[int, ...]]:
    """Set or remove these; the error code of each."""
    wanted = tuple(quotas)

    def write(w: Writer, version: int) -> None:
        w.count(len(wanted))
        for quota in wanted:
            w.count(len(quota.entity))
            for kind, name in quota.entity:
                w.string(kind)
                w.string(name or None)
                w.end_struct()
            w.count(1)
            w.string(quota.key)
            w.float64(quota.value)
            w.boolean(remove)
            w.end_struct()
            w.end_struct()
        _carry_out(w)

    return Request(ALTER_CLIENT_QUOTAS, write, _each(_altered), changes=True)


def _altered(r: Reader) -> int:
    error = r.int16()
    r.optional_string()
    for _ in range(r.count()):
        r.string()
        r.optional_string()
        r.end_struct()
    r.end_struct()
    return error


def alter_topic_config(topic: str, config: str, value: str | None) -> Request[tuple[int, ...]]:
    """Set one config of a topic; None: back to what it inherits."""

    def write(w: Writer, version: int) -> None:
        w.count(1)
        w.int8(TOPIC)
        w.string(topic)
        w.count(1)
        w.string(config)
        w.int8(1 if value is None else 0)
        w.string(value)
        w.end_struct()
        w.end_struct()
        _carry_out(w)

    return Request(INCREMENTAL_ALTER_CONFIGS, write, _each(_configured), changes=True)


def _configured(r: Reader) -> int:
    error = r.int16()
    r.optional_string()
    r.int8()
    r.string()
    r.end_struct()
    return error


def switch_on(feature: str) -> Request[int]:
    """Raise a feature of a cluster to its first level, which is no change to one that has more."""

    def write(w: Writer, version: int) -> None:
        w.int32(10_000)
        w.count(1)
        w.string(feature)
        w.int16(1)
        w.int8(1)
        w.end_struct()
        _carry_out(w)

    def read(r: Reader, version: int) -> int:
        r.int32()
        return r.int16()

    return Request(UPDATE_FEATURES, write, read, changes=True)


def delete_groups(names: Iterable[str]) -> Request[None]:
    """Delete groups without members, of their coordinator."""

    def write(w: Writer, version: int) -> None:
        w.strings(names)
        w.end_struct()

    def read(r: Reader, version: int) -> None:
        return

    return Request(DELETE_GROUPS, write, read, changes=True)


@dataclass(frozen=True)
class User:
    """A SCRAM credential with its password."""

    credential: ScramCredential
    password: str = "planted-password"


def alter_users(users: Iterable[User], *, remove: bool) -> Request[tuple[int, ...]]:
    """Create or delete these; the error code of each."""
    wanted = tuple(users)
    codes = {word: code for code, word in MECHANISMS.items()}

    def write(w: Writer, version: int) -> None:
        w.count(len(wanted) if remove else 0)
        for user in wanted if remove else ():
            w.string(user.credential.user)
            w.int8(codes[user.credential.mechanism])
            w.end_struct()
        w.count(0 if remove else len(wanted))
        for user in () if remove else wanted:
            known = user.credential
            salt = os.urandom(16)
            salted = hashlib.pbkdf2_hmac(
                HASHES[known.mechanism], user.password.encode(), salt, known.iterations
            )
            w.string(known.user)
            w.int8(codes[known.mechanism])
            w.int32(known.iterations)
            for data in (salt, salted):
                w.count(len(data))
                w.raw(data)
            w.end_struct()
        w.end_struct()

    return Request(ALTER_SCRAM, write, _each(_user_result), changes=True)


def _user_result(r: Reader) -> int:
    r.string()
    error = r.int16()
    r.optional_string()
    r.end_struct()
    return error


@contextlib.asynccontextmanager
async def planted(
    admin: Client,
    *,
    acls: Sequence[AclBinding] = (),
    quotas: Sequence[Quota] = (),
    users: Sequence[User] = (),
) -> AsyncIterator[None]:
    """These things on a cluster, for a while."""
    try:
        for user in users:
            # one request may not name a user twice
            _good(await admin.ask_any(alter_users([user], remove=False)), "users")
        if quotas:
            _good(await admin.ask_any(alter_quotas(quotas, remove=False)), "quotas")
        if acls:
            await admin.ask_any(create_acls(acls))
        yield
    finally:
        if acls:
            await admin.ask_any(delete_acls(acls))
        if quotas:
            await admin.ask_any(alter_quotas(quotas, remove=True))
        for user in users:
            await admin.ask_any(alter_users([user], remove=True))


def _good(codes: tuple[int, ...], what: str) -> None:
    for code in codes:
        if code:
            raise code_error(code, f"planting {what}")
