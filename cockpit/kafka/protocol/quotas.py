"""DescribeClientQuotas: what a cluster grants its users, client ids and addresses.

Never changes a quota.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cockpit.core.survey import Quota
from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

DESCRIBE_CLIENT_QUOTAS: Final = Api(48, "DescribeClientQuotas", 0, 1, flexible_from=1)


@dataclass(frozen=True, slots=True)
class QuotasReply:
    """Error code, its message, and every quota."""

    error: int
    message: str
    quotas: tuple[Quota, ...]


def describe_client_quotas() -> Request[QuotasReply]:
    """Every quota of every entity: no component in the filter, and not a strict match."""

    def write(w: Writer, version: int) -> None:
        w.count(0)
        w.boolean(False)
        w.end_struct()

    def read(r: Reader, version: int) -> QuotasReply:
        r.int32()
        error, message = r.int16(), r.string()
        entries = r.array(lambda: _entry(r))
        return QuotasReply(error, message, tuple(quota for entry in entries for quota in entry))

    return Request(DESCRIBE_CLIENT_QUOTAS, write, read, aside=True)


def _entry(r: Reader) -> list[Quota]:
    entity = tuple(sorted(r.array(lambda: _part(r))))
    quotas = r.array(lambda: _value(r, entity))
    r.end_struct()
    return quotas


def _part(r: Reader) -> tuple[str, str]:
    """Type and name; the default's name is null on the wire and empty here."""
    part = (r.string(), r.string())
    r.end_struct()
    return part


def _value(r: Reader, entity: tuple[tuple[str, str], ...]) -> Quota:
    quota = Quota(entity, r.string(), r.float64())
    r.end_struct()
    return quota
