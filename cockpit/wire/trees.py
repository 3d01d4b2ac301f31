"""Values of the core as JSON trees that keep everything: order, and keys that are no texts.

Differs from `values.to_json` in mappings and sets alone: keys that name a partition are `topic/3`,
a mapping with other keys that are no texts is a list of [key, value], a set is a list in order of
its members' JSON. Knows nothing of what a value means.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cockpit.core.observe import TopicPartition, Unknown, partition_text
from cockpit.wire.binary import json_text
from cockpit.wire.values import UNKNOWN_KEY

SCALARS: Final = (str, int, float, bool, type(None))


def to_tree(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """The JSON tree of a value; raises TypeError where there is none."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Unknown):
        return {UNKNOWN_KEY: value.reason}
    if dataclasses.is_dataclass(value):
        names, read = fields_of(value.__class__)
        return {name: to_tree(item) for name, item in zip(names, read(value), strict=True)}
    if type(value) is dict or isinstance(value, Mapping):
        if has_text_keys(value):
            return {key_text(key): to_tree(item) for key, item in value.items()}
        return [[to_tree(key), to_tree(item)] for key, item in value.items()]
    if isinstance(value, frozenset | set):
        return in_order(value)
    if isinstance(value, Sequence):
        return [to_tree(item) for item in value]
    msg = f"{type(value).__name__} cannot be recorded"
    raise TypeError(msg)


def has_text_keys(value: Mapping[Any, Any]) -> bool:
    """Whether a mapping is an object of JSON: its keys, all of one kind, are texts or name a
    partition."""
    first = next(iter(value), "")
    return isinstance(first, str) or (
        type(first) is tuple and tuple(map(type, first)) == (str, int)
    )


def key_text(key: str | TopicPartition) -> str:
    """A key of an object."""
    return key if isinstance(key, str) else partition_text(key)


def in_order(members: frozenset[Any] | set[Any]) -> list[Any]:
    """The trees of a set's members in an order that depends on them alone."""
    return sorted((to_tree(member) for member in members), key=json_text)


@functools.cache
def fields_of(kind: type) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Names of a dataclass's fields, and a function that reads all of them."""
    names = tuple(field.name for field in dataclasses.fields(kind))
    if not names:
        return names, lambda _: ()
    read = operator.attrgetter(*names)
    return (names, read) if len(names) > 1 else (names, lambda value: (read(value),))


@functools.cache
def is_plain(kind: Any) -> bool:  # noqa: ANN401  # a type
    """Whether equal values of a type are the same value: not so of numbers of several kinds, such
    as 1 and 1.0."""
    if kind in (str, int, bool, type(None), Unknown, types.EllipsisType, ...):
        return True
    if dataclasses.is_dataclass(kind):
        return all(is_plain(hint) for hint in typing.get_type_hints(kind).values())
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return all(isinstance(one, str) for one in arguments)
    if origin in (tuple, frozenset, Mapping, typing.Union, types.UnionType):
        return all(is_plain(one) for one in arguments)
    return False
