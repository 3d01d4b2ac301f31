"""Frozen dataclasses to JSON values and back, driven by their type hints.

Knows nothing of what the values mean. A field that a reader does not know is refused, not dropped.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from cockpit.core.observe import TopicPartition, Unknown, partition_of

UNKNOWN_KEY = "unknown"


class WireError(Exception):
    """Bytes that are not what they claim to be."""


def to_json(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """A JSON value for a tree of dataclasses, tuples, sets, mappings and scalars."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Unknown):
        return {UNKNOWN_KEY: value.reason}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, frozenset | set):
        return sorted(to_json(item) for item in value)
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value):
        return {name: to_json(getattr(value, name)) for name in _names(value.__class__)}
    msg = f"{type(value).__name__} cannot be sent"
    raise TypeError(msg)


def from_json(kind: Any, value: Any) -> Any:  # noqa: ANN401  # typed by `kind`
    """The value of type `kind` that `to_json` made `value` from; raises WireError."""
    try:
        return reader_of(kind)(value)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        msg = f"not a {getattr(kind, '__name__', kind)}: {error}"
        raise WireError(msg) from error


def read_fields(kind: type, tree: Any, **given: Any) -> Any:  # noqa: ANN401  # typed by `kind`
    """A dataclass of which some fields are given; a field that the tree does not have either gets
    its default. Raises WireError."""
    hints = _hints(kind)
    return read_fields_by(kind, tree, lambda name, item: from_json(hints[name], item), given)


def read_fields_by(
    kind: type,
    tree: Any,  # noqa: ANN401  # any JSON value
    read: Callable[[str, Any], Any],
    given: Mapping[str, Any],
) -> Any:  # noqa: ANN401  # typed by `kind`
    """The same with one's own way to `read` a field of a name. Raises WireError."""
    if not isinstance(tree, dict):
        msg = f"{tree!r:.40} is not a {kind.__name__}"
        raise WireError(msg)
    if strange := tree.keys() - (set(_names(kind)) - given.keys()):
        msg = f"{kind.__name__} has no field {sorted(strange)[0]!r:.40}"
        raise WireError(msg)
    fields = {name: read(name, item) for name, item in tree.items()}
    try:
        return kind(**fields, **given)
    except TypeError as error:
        msg = f"not a {kind.__name__}: {error}"
        raise WireError(msg) from error


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


@functools.cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


Reader = Callable[[Any], Any]


@functools.cache
def reader_of(kind: Any) -> Reader:  # noqa: ANN401  # a type
    """What makes a value of this type of a JSON value; it raises TypeError, ValueError, KeyError or
    AttributeError, and `from_json` tells them as WireError."""
    origin = typing.get_origin(kind)
    if kind is Unknown:
        return _read_unknown
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(typing.cast("type", kind))
    if origin in (typing.Union, types.UnionType):
        return _union_reader(typing.get_args(kind))
    if origin is typing.Literal:
        return _literal_reader(typing.get_args(kind))
    if origin is tuple:
        return _tuple_reader(typing.get_args(kind))
    if origin is Mapping:
        return _mapping_reader(*typing.get_args(kind))
    if kind is Any:
        return lambda value: value
    if origin is frozenset:
        item = reader_of(typing.get_args(kind)[0])
        return lambda value: frozenset(item(v) for v in value)
    if kind in (str, int, bool, float, type(None)):
        return _scalar_reader(kind)
    msg = f"{kind} cannot be read"
    raise TypeError(msg)


def _read_unknown(value: Any) -> Unknown:  # noqa: ANN401  # any JSON value
    return _unknown(str(value[UNKNOWN_KEY]))


@functools.lru_cache(1_000)
def _unknown(reason: str) -> Unknown:
    """The same reason is told thousands of times in one snapshot."""
    return Unknown(reason)


def _scalar_reader(kind: type) -> Reader:
    accepted = (int, float) if kind is float else (kind,)

    def read(value: Any) -> Any:  # noqa: ANN401  # a scalar
        if type(value) is kind:
            return value
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            msg = f"{value!r:.40} is not a {kind.__name__}"
            raise TypeError(msg)
        return value

    return read


def _literal_reader(allowed: tuple[Any, ...]) -> Reader:
    def read(value: Any) -> Any:  # noqa: ANN401  # one of `allowed`
        if value not in allowed:
            msg = f"{value!r:.40} is not one of {allowed}"
            raise ValueError(msg)
        return value

    return read


def _tuple_reader(arguments: tuple[Any, ...]) -> Reader:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        item = reader_of(arguments[0])
        return lambda value: tuple(item(v) for v in _sequence(value))
    items = [reader_of(argument) for argument in arguments]
    return lambda value: tuple(item(v) for item, v in zip(items, _sequence(value), strict=True))


def _mapping_reader(key_kind: Any, item_kind: Any) -> Reader:  # noqa: ANN401  # types
    """An object where keys are texts or name a partition, else a list of [key, value]; without
    content either."""
    key, item = reader_of(key_kind), reader_of(item_kind)
    of_text = partition_of if key_kind == TopicPartition else key

    def read(value: Any) -> Any:  # noqa: ANN401  # a mapping
        if isinstance(value, dict):
            return {of_text(k): item(v) for k, v in value.items()}
        return {key(k): item(v) for k, v in _sequence(value)}

    return read


def _sequence(value: Any) -> list[Any]:  # noqa: ANN401  # any JSON value
    if not isinstance(value, list):
        msg = f"{value!r:.40} is not a list"
        raise TypeError(msg)
    return value


def _union_reader(arguments: tuple[Any, ...]) -> Reader:
    """Unknown and None are told by their shape; otherwise the first member that fits."""
    readers = [reader_of(a) for a in arguments if a not in (Unknown, type(None))]
    takes_none = type(None) in arguments
    takes_unknown = Unknown in arguments

    def read(value: Any) -> Any:  # noqa: ANN401  # one of the members
        if value is None and takes_none:
            return None
        if takes_unknown and type(value) is dict and len(value) == 1 and UNKNOWN_KEY in value:
            return _read_unknown(value)
        problem: Exception | None = None
        for reader in readers:
            try:
                return reader(value)
            except (TypeError, ValueError, KeyError) as error:
                problem = error
        raise problem or TypeError(f"{value!r:.40} fits nothing")

    return read


def _dataclass_reader(kind: type) -> Reader:
    hints = typing.get_type_hints(kind)
    names = frozenset(_names(kind))
    readers: dict[str, Reader] = {}

    def read(value: Any) -> Any:  # noqa: ANN401  # an instance of `kind`
        if not readers:
            readers.update({name: reader_of(hints[name]) for name in names})
        if not isinstance(value, dict):
            msg = f"{value!r:.40} is not a {kind.__name__}"
            raise TypeError(msg)
        if unknown := value.keys() - names:
            msg = f"{kind.__name__} has no field {sorted(unknown)[0]!r:.40}"
            raise ValueError(msg)
        return kind(**{name: readers[name](item) for name, item in value.items()})

    return read
