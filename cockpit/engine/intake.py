"""What comes into a flight, without the secrets that this process knows.

Nothing that has been taken in can be told, recorded or journalled with one. Names and numbers stay
what they are; a value that nothing is to be taken from stays the same object.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Final, TextIO, TypeVar, cast

import numpy as np

from cockpit.core.drawable import visible
from cockpit.core.intents import Intent
from cockpit.core.observe import OffsetColumn, PartitionKeys
from cockpit.secrecy import SECRETS

T = TypeVar("T")

MAX_ASKED_CHARS: Final = 1_000
"""Of one text in what a person asks for. None that is kept is longer than half of it."""

_NUMBERS = (int, float, bool, type(None), np.ndarray, OffsetColumn, PartitionKeys)
"""Without text, or with names of topics alone: those of the plan, in which there is no secret."""


def taken_in(tree: T) -> T:
    """A tree of dataclasses, tuples, sets, mappings and scalars without known secrets."""
    return tree if SECRETS.is_idle else cast("T", _without(tree))


def asked(intent: Intent) -> Intent:
    """What a person asks for, without known secrets, and each text in it of bounded length."""
    kind: type = type(intent)
    texts = {name: getattr(intent, name) for name in _fields(kind)}
    found: dict[str, Any] = {k: _said(text) for k, text in texts.items() if isinstance(text, str)}
    return dataclasses.replace(intent, **found)


def _said(text: str) -> str:
    if len(text) <= MAX_ASKED_CHARS:
        return SECRETS.known(text)
    return SECRETS.cut(text, MAX_ASKED_CHARS) + "\u2026"


def _without(tree: Any) -> Any:  # noqa: ANN401  # any of the types named above
    if isinstance(tree, str):
        return SECRETS.known(tree)
    if isinstance(tree, _NUMBERS):
        return tree
    if isinstance(tree, tuple | list | frozenset):
        items = [_without(item) for item in tree]
        same = all(new is old for new, old in zip(items, tree, strict=True))
        return tree if same else type(tree)(items)
    if isinstance(tree, Mapping):
        pairs = [(_without(key), _without(item)) for key, item in tree.items()]
        olds = tree.items()
        same = all(k is key and i is item for (k, i), (key, item) in zip(pairs, olds, strict=True))
        return tree if same else dict(pairs)
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        found = {
            name: new
            for name in _fields(type(tree))
            if (new := _without(old := getattr(tree, name))) is not old
        }
        return dataclasses.replace(tree, **found) if found else tree
    return tree


@functools.cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind) if field.init)


class Scrubbed:
    """A text stream, as for a log: no secrets in it, and nothing but line ends that a terminal acts
    on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write; the length of what was given."""
        lines = SECRETS.text(text).split("\n")
        self._stream.write("\n".join(map(visible, lines)))
        return len(text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever the stream has
        return getattr(self._stream, name)
