"""DescribeConfigs: effective configs of topics and brokers (Kafka 0.11 and newer)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

DESCRIBE_CONFIGS: Final = Api(32, "DescribeConfigs", 0, 4, flexible_from=4)

TOPIC: Final = 2
BROKER: Final = 4

_TOPIC_CONFIG: Final = 1


@dataclass(frozen=True, slots=True)
class ResourceConfigs:
    """Configs of one topic or broker; a value is None where the broker keeps it to itself."""

    error: int
    message: str
    name: str
    values: tuple[tuple[str, str | None], ...]
    own: frozenset[str] = frozenset()
    """Names that are set on the resource itself; the others are the broker's or Kafka's defaults.
    Only of topics."""


def describe_configs(
    kind: int, names: Sequence[str], keys: Sequence[str] | None = None
) -> Request[tuple[ResourceConfigs, ...]]:
    """Configs of these resources: all, or only those named in `keys`."""

    def write(w: Writer, version: int) -> None:
        w.count(len(names))
        for name in names:
            w.int8(kind)
            w.string(name)
            if keys is None:
                w.count(None)
            else:
                w.strings(keys)
            w.end_struct()
        if version >= 1:
            w.boolean(False)
        if version >= 3:
            w.boolean(False)
        w.end_struct()

    def read(r: Reader, version: int) -> tuple[ResourceConfigs, ...]:
        r.int32()
        return tuple(r.array(lambda: _resource(r, version)))

    return Request(DESCRIBE_CONFIGS, write, read)


def _resource(r: Reader, version: int) -> ResourceConfigs:
    error, message = r.int16(), r.string()
    r.int8()
    name = r.string()
    entries = r.array(lambda: _value(r, version))
    r.end_struct()
    values = tuple((key, value) for key, value, _ in entries)
    own = frozenset(key for key, _, is_own in entries if is_own)
    return ResourceConfigs(error, message, name, values, own)


def _value(r: Reader, version: int) -> tuple[str, str | None, bool]:
    """Name, value, and whether it is set on the topic itself.

    Where it comes from is a code since version 1 (Kafka's `ConfigSource`); in version 0 the same
    byte says whether it is a default.
    """
    name, value = r.string(), r.optional_string()
    r.boolean()
    origin = r.int8()
    own = origin == _TOPIC_CONFIG if version >= 1 else not origin
    r.boolean()
    if version >= 1:
        r.array(lambda: _synonym(r))
    if version >= 3:
        r.int8()
        r.optional_string()
    r.end_struct()
    return name, value, own


def _synonym(r: Reader) -> None:
    r.string()
    r.optional_string()
    r.int8()
    r.end_struct()
