"""Snapshots as frames: JSON for what is small, raw int64 columns for the partitions.

The partition keys are sent only when they change. One encoder and one decoder serve one stream.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from cockpit.core.observe import I64, PartitionKeys
from cockpit.core.snapshot import PartitionTable, Snapshot
from cockpit.wire.frames import KEYS, SNAPSHOT, frame, json_bytes, read_json
from cockpit.wire.state import COLUMNS
from cockpit.wire.values import WireError, from_json, to_json

_LENGTH = struct.Struct(">I")
_TIMES = (
    "source_at_ms",
    "target_at_ms",
    "mirror_at_ms",
    "source_starts_at_ms",
    "target_starts_at_ms",
)


class SnapshotEncoder:
    """Snapshots of one stream to frames."""

    def __init__(self) -> None:
        self._keys: PartitionKeys | None = None

    def encode(self, snapshot: Snapshot) -> bytes:
        """One snapshot, led by its keys when they are new to the stream."""
        table = snapshot.partitions
        lead = b""
        if self._keys is None or (
            table.keys is not self._keys and table.keys.names != self._keys.names
        ):
            lead = frame(KEYS, json_bytes(table.keys.names))
        self._keys = table.keys
        content = {
            field.name: to_json(getattr(snapshot, field.name))
            for field in dataclasses.fields(Snapshot)
            if field.name != "partitions"
        }
        content["partitions"] = {
            **{name: getattr(table, name) for name in _TIMES},
            "wave": sorted(table.wave),
            "rows": len(table.keys),
        }
        text = json_bytes(content)
        columns = b"".join(
            np.ascontiguousarray(getattr(table, name), dtype="<i8").tobytes() for name in COLUMNS
        )
        return lead + frame(SNAPSHOT, _LENGTH.pack(len(text)) + text + columns)


class SnapshotDecoder:
    """Frames of one stream to snapshots."""

    def __init__(self) -> None:
        self._keys = PartitionKeys.of(())

    def keys(self, payload: bytes) -> None:
        """Take in a frame of keys; raises WireError."""
        names = from_json(tuple[tuple[str, int], ...], read_json(payload))
        self._keys = PartitionKeys.of(names)

    def snapshot(self, payload: bytes) -> Snapshot:
        """The snapshot of a frame; raises WireError."""
        if len(payload) < _LENGTH.size:
            raise WireError("snapshot frame is cut short")
        (length,) = _LENGTH.unpack_from(payload)
        content = read_json(payload[_LENGTH.size : _LENGTH.size + length])
        if not isinstance(content, dict):
            raise WireError("a snapshot is an object")
        table = self._table(content.pop("partitions", None), payload[_LENGTH.size + length :])
        fields = dict(_fields(content))
        return Snapshot(**fields, partitions=table)

    def _table(self, head: Any, columns: bytes) -> PartitionTable:  # noqa: ANN401  # JSON
        rows = len(self._keys)
        if not isinstance(head, dict) or head.get("rows") != rows:
            raise WireError("partition columns do not belong to the keys sent before")
        if len(columns) != len(COLUMNS) * rows * 8:
            raise WireError("partition columns are cut short")
        block: I64 = np.frombuffer(columns, dtype="<i8").reshape(len(COLUMNS), rows)
        times = {name: from_json(int | None, head.get(name)) for name in _TIMES}
        wave: frozenset[str] = from_json(frozenset[str], head.get("wave"))
        named = {name: block[i] for i, name in enumerate(COLUMNS)}
        return PartitionTable(keys=self._keys, **named, **times, wave=wave)


def _fields(content: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    hints = _hints()
    wanted = {field.name for field in dataclasses.fields(Snapshot)} - {"partitions"}
    if content.keys() != wanted:
        raise WireError("a snapshot with other fields: made by another version")
    for name in wanted:
        yield name, from_json(hints[name], content[name])


def _hints() -> dict[str, Any]:
    import typing

    return typing.get_type_hints(Snapshot)
