"""What a broker says of itself and of the asking principal's rights on the cluster.

ApiVersions is asked for again although every connection begins with it: the answer is a sign of
life that needs no right at all, and a broker may have been upgraded since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.metadata import METADATA
from cockpit.kafka.protocol.request import Api, Request

API_VERSIONS: Final = Api(18, "ApiVersions", 0, 2)
DESCRIBE_CLUSTER: Final = Api(60, "DescribeCluster", 0, 1, flexible_from=0)
DESCRIBE_QUORUM: Final = 55
"""Only brokers without ZooKeeper have this API."""


@dataclass(frozen=True, slots=True)
class VersionsReply:
    """Error code, and lowest and highest version by API key."""

    error: int
    versions: dict[int, tuple[int, int]]


def api_versions() -> Request[VersionsReply]:
    """The APIs of the asked broker."""

    def write(w: Writer, version: int) -> None:
        return

    def read(r: Reader, version: int) -> VersionsReply:
        error = r.int16()
        entries = r.array(lambda: (r.int16(), r.int16(), r.int16()))
        return VersionsReply(error, {key: (low, high) for key, low, high in entries})

    return Request(API_VERSIONS, write, read)


def cluster_operations() -> Request[int]:
    """What the principal may do with the cluster, a bit field by operation code (from 2.8 on)."""

    def write(w: Writer, version: int) -> None:
        w.boolean(True)
        if version >= 1:
            w.int8(1)
        w.end_struct()

    def read(r: Reader, version: int) -> int:
        r.int32()
        r.int16()
        r.optional_string()
        if version >= 1:
            r.int8()
        r.string()
        r.int32()
        _skip_brokers(r)
        return r.int32()

    return Request(DESCRIBE_CLUSTER, write, read)


def old_cluster_operations() -> Request[int]:
    """The same by Metadata, for brokers from 2.3 on; later ones no longer answer it so."""

    def write(w: Writer, version: int) -> None:
        w.count(0)
        w.boolean(False)
        w.boolean(True)
        w.boolean(False)
        w.end_struct()

    def read(r: Reader, version: int) -> int:
        r.int32()
        _skip_brokers(r)
        r.string()
        r.int32()
        r.count()
        return r.int32()

    return Request(METADATA, write, read, since=8, until=10)


def _skip_brokers(r: Reader) -> None:
    for _ in range(r.count()):
        r.int32()
        r.string()
        r.int32()
        r.optional_string()
        r.end_struct()
