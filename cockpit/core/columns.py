"""Columns of numbers from mappings and from other key orders. Never fills a hole with a number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cockpit.core.observe import I64, MISSING, PartitionKeys, TopicPartition
from cockpit.core.remember import Remembered

_PLACES: Remembered[I64] = Remembered(6)


def column_of(keys: PartitionKeys, values: Mapping[TopicPartition, int]) -> I64:
    """A column aligned to `keys`, MISSING where there is no value."""
    get = values.get
    return np.array([get(name, MISSING) for name in keys.names], dtype=np.int64)


def missing(keys: PartitionKeys) -> I64:
    """A column without a value."""
    return np.full(len(keys), MISSING, dtype=np.int64)


def realign(keys: PartitionKeys, others: PartitionKeys, values: I64) -> I64:
    """A column over `others` in the order of `keys`; MISSING where it has no value."""
    if keys is others:
        return values
    places = _PLACES.get((keys, others), lambda: column_of(keys, others.position))
    known = places != MISSING
    return (
        np.where(known, values[np.where(known, places, 0)], MISSING)
        if len(values)
        else (missing(keys))
    )
