"""Values read from one JSON tree after another, of which most is as it was.

Where a part of a tree is the same object as in the tree before, so is what was read from it.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any, Final

from cockpit.wire.values import WireError, read_fields_by, reader_of

MAX_SHIFT: Final = 16
"""A list that has moved on has dropped at most so many in front."""

ABSENT: Final = object()
"""In the place of what the tree before did not have."""

Reader = Callable[[Any, Any, Any], Any]
"""Takes a part of the tree, the same part of the tree before, and what that was read as."""


class Again:
    """Instances of one kind of dataclass from one tree after another."""

    def __init__(self, kind: type) -> None:
        self._kind = kind
        self._readers: dict[str, Reader] = {}
        self._tree: dict[str, Any] = {}
        self._value: Any = None

    def read(self, tree: dict[str, Any], **given: Any) -> Any:  # noqa: ANN401  # of the kind
        """As `read_fields`; raises WireError. The tree must not be changed afterwards."""
        if not self._readers:
            hints = typing.get_type_hints(self._kind)
            self._readers = {name: _reader(hint) for name, hint in hints.items()}
        self._value = read_fields_by(self._kind, tree, self._field, given)
        self._tree = tree
        return self._value

    def _field(self, name: str, node: Any) -> Any:  # noqa: ANN401  # typed by the field
        before = self._tree.get(name, ABSENT)
        try:
            value = None if before is ABSENT else getattr(self._value, name)
            return self._readers[name](node, before, value)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            msg = f"{name} of a {self._kind.__name__}: {error}"
            raise WireError(msg) from error


@functools.cache
def _reader(kind: Any) -> Reader:  # noqa: ANN401  # a type
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(typing.cast("type", kind))
    if typing.get_origin(kind) is tuple and typing.get_args(kind)[1:] == (Ellipsis,):
        return _list_reader(kind)

    plain = reader_of(kind)

    def read(node: Any, before: Any, value: Any) -> Any:  # noqa: ANN401  # as above
        return value if node is before else plain(node)

    return read


def _dataclass_reader(kind: type) -> Reader:
    readers: dict[str, Reader] = {}
    plain, copy = reader_of(kind), _copier(kind)

    def read(node: Any, before: Any, value: Any) -> Any:  # noqa: ANN401  # as above
        if node is before:
            return value
        if type(node) is not dict or type(before) is not dict or node.keys() != before.keys():
            return plain(node)
        if not readers:
            hints = typing.get_type_hints(kind)
            readers.update({one.name: _reader(hints[one.name]) for one in dataclasses.fields(kind)})
        return copy(
            value,
            {
                name: readers[name](item, old, getattr(value, name))
                for name, item in node.items()
                if item is not (old := before[name])
            },
        )

    return read


def _copier(kind: type) -> Callable[[Any, dict[str, Any]], Any]:
    """As `dataclasses.replace`. Most of a snapshot's time went to it: where nothing is worked out
    of the fields, they are taken over one by one."""
    names = [one.name for one in dataclasses.fields(kind)]
    slots = [vars(kind).get(name) for name in names]
    if hasattr(kind, "__post_init__") or not all(map(inspect.ismemberdescriptor, slots)):
        return lambda value, changes: dataclasses.replace(value, **changes)
    fields = [(n, s.__get__, s.__set__) for n, s in zip(names, slots, strict=True) if s is not None]

    def copy(value: Any, changes: dict[str, Any]) -> Any:  # noqa: ANN401  # of the kind
        made: Any = object.__new__(kind)
        for name, take, put in fields:
            put(made, changes[name] if name in changes else take(value))
        return made

    return copy


def _list_reader(kind: Any) -> Reader:  # noqa: ANN401  # a tuple of any length
    item, plain = _reader(typing.get_args(kind)[0]), reader_of(kind)

    def read(node: Any, before: Any, value: Any) -> Any:  # noqa: ANN401  # as above
        if node is before:
            return value
        if type(node) is not list or type(before) is not list or not node:
            return plain(node)
        first = node[0]
        shift = next((i for i, one in enumerate(before[:MAX_SHIFT]) if one is first), 0)
        olds, values = before[shift : shift + len(node)], value[shift : shift + len(node)]
        found = [
            was if new is old else item(new, old, was)
            for new, old, was in zip(node, olds, values, strict=False)
        ]
        found.extend(item(new, ABSENT, None) for new in node[len(olds) :])
        return tuple(found)

    return read
