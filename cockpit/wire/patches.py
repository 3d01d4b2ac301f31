"""The difference of two documents, and its application to a JSON tree.

`write_patch` compares values of the core without building their trees: what is the same object is
not looked into. `apply_patch` works on trees, in place.

A patch begins with a number: what it does in the low three bits (SET, ADD, ...), above them how
much further its place is than the one before (children of INTO and LIST; 0 at the root). The
number 0 ends the children of a value, and at the root says that nothing has changed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import is_, is_not
from typing import Any, Final

from cockpit.core.observe import Unknown
from cockpit.wire.binary import (
    Cursor,
    put_json,
    put_number,
    put_signed,
    put_text,
)
from cockpit.wire.trees import fields_of, has_text_keys, in_order, is_plain, key_text, to_tree
from cockpit.wire.values import WireError

END: Final = 0
SET: Final = 1
"""Another value: a JSON text."""
ADD: Final = 2
"""A whole number, greater or less by a signed number."""
TEXT: Final = 3
"""A text: how many characters stay in front and at the end, and what is between them."""
INTO: Final = 4
"""Children that have changed; END."""
LIST: Final = 5
"""A number of runs, each: how many are left out, how many stay, a JSON list of new ones (of an
object: [key, value] each). Then children as for INTO, counted in the new list. END."""

MAX_DEPTH: Final = 64
MAX_SHIFT: Final = 64
"""How far from its front a list is searched for where it goes on."""
_SHORT: Final = 12
"""Texts of up to so many characters are never worth a comparison."""

Runs = list[tuple[int, int, int, int]]
"""(left out, kept, first new, one past the last new): the indexes are those of the new list."""


def write_patch(old: object, new: object, out: bytearray) -> None:
    """Append what makes `new` of `old`."""
    if not _diff(old, new, 0, out):
        out.append(END)


def _diff(old: Any, new: Any, gap: int, out: bytearray) -> bool:  # noqa: ANN401  # any value
    """Append a patch, unless there is no difference; returns whether there is one."""
    if old is new:
        return False
    kind = type(new)
    if kind is not type(old):
        return _set(new, gap, out)
    if (shape := _SHAPES.get(kind)) is not None:
        return _fields(old, new, shape, gap, out)
    if kind is int:
        return old != new and _number(old, new, gap, out)
    if kind is str:
        return old != new and _text(old, new, gap, out)
    if kind is Unknown:
        return old.reason != new.reason and _set(new, gap, out)
    if kind is float:
        return (old != new or repr(old) != repr(new)) and _set(new, gap, out)
    if kind is tuple or kind is list:
        return _list(old, new, gap, out)
    if kind is dict:
        return _mapping(old, new, gap, out)
    return _made(old, new, gap, out)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is known of a dataclass."""

    read: Callable[[Any], tuple[Any, ...]]
    """Gives its fields."""
    is_plain: bool
    """Equal ones are the same."""


_SHAPES: Final[dict[type, _Shape]] = {}
"""Of every dataclass that was met: looked up here it is told fastest."""


def _fields(old: Any, new: Any, shape: _Shape, gap: int, out: bytearray) -> bool:  # noqa: ANN401
    """The same for dataclasses of one type."""
    before, after = shape.read(old), shape.read(new)
    if shape.is_plain and before == after:
        return False
    return _children(before, after, gap, out)


def _made(old: Any, new: Any, gap: int, out: bytearray) -> bool:  # noqa: ANN401  # any value
    """The same for sets and mappings of other kinds, and whatever is rare."""
    kind = type(new)
    if dataclasses.is_dataclass(kind):
        shape = _SHAPES[kind] = _Shape(fields_of(kind)[1], is_plain(kind))
        return _fields(old, new, shape, gap, out)
    if isinstance(new, frozenset | set):
        return old != new and _list(in_order(old), in_order(new), gap, out)
    if isinstance(new, Mapping):
        return _mapping(old, new, gap, out)
    return to_tree(old) != to_tree(new) and _set(new, gap, out)


def _number(old: int, new: int, gap: int, out: bytearray) -> bool:
    if abs(new - old) >> 62:
        return _set(new, gap, out)
    put_number(out, gap << 3 | ADD)
    put_signed(out, new - old)
    return True


def _set(new: object, gap: int, out: bytearray) -> bool:
    put_number(out, gap << 3 | SET)
    put_json(out, to_tree(new))
    return True


def _text(old: str, new: str, gap: int, out: bytearray) -> bool:
    shorter = min(len(old), len(new))
    if shorter <= _SHORT:
        return _set(new, gap, out)
    front = 0
    while front < shorter and old[front] == new[front]:
        front += 1
    back = 0
    while back < shorter - front and old[-1 - back] == new[-1 - back]:
        back += 1
    if front + back < len(new) // 4:
        return _set(new, gap, out)
    put_number(out, gap << 3 | TEXT)
    put_number(out, front)
    put_number(out, back)
    put_text(out, new[front : len(new) - back])
    return True


def _children(old: Sequence[Any], new: Sequence[Any], gap: int, out: bytearray) -> bool:
    """INTO, over two sequences of one length."""
    mark = len(out)
    put_number(out, gap << 3 | INTO)
    begin = len(out)
    _pairs(old, new, out)
    if len(out) == begin:
        del out[mark:]
        return False
    out.append(END)
    return True


def _keyed(old: Mapping[Any, Any], new: Mapping[Any, Any], gap: int, out: bytearray) -> bool:
    """INTO, over the values of a list of [key, value]."""
    mark = len(out)
    put_number(out, gap << 3 | INTO)
    begin, last = len(out), -1
    for i, (was, now) in enumerate(zip(old.values(), new.values(), strict=True)):
        if was is now:
            continue
        pair = len(out)
        put_number(out, (i - last) << 3 | INTO)
        if _diff(was, now, 2, out):
            out.append(END)
            last = i
        else:
            del out[pair:]
    if len(out) == begin:
        del out[mark:]
        return False
    out.append(END)
    return True


def _pairs(old: Sequence[Any], new: Sequence[Any], out: bytearray) -> None:
    """The loop that most of a patch's time goes to: what is the same object is passed over by C
    code, and a number that has grown a little, as times do, is told without a call."""
    last = -1
    for i in compress(range(len(new)), map(is_not, old, new)):
        was, now = old[i], new[i]
        if type(now) is int and type(was) is int and 0 < (grown := now - was) < 0x2000:
            head = (i - last) << 3 | ADD
            if head < 0x80:
                out.append(head)
                if grown < 0x40:
                    out.append(grown << 1)
                else:
                    out.append(grown << 1 & 0x7F | 0x80)
                    out.append(grown >> 6)
                last = i
                continue
        if _diff(was, now, i - last, out):
            last = i


def _mapping(old: Mapping[Any, Any], new: Mapping[Any, Any], gap: int, out: bytearray) -> bool:
    texts = has_text_keys(new)
    if not new or not old or texts != has_text_keys(old):
        return bool(new or old) and _set(new, gap, out)
    before, after = tuple(old), tuple(new)
    if before == after:
        if texts:
            return _children(tuple(old.values()), tuple(new.values()), gap, out)
        return _keyed(old, new, gap, out)
    runs = _runs(before, after, pair_up=False)
    if texts:
        pairs = [(key_text(key), item) for key, item in new.items()]
        return _relist(runs, list(old.values()), list(new.values()), pairs, gap, out)
    items = list(new.items())
    return _relist(runs, list(old.items()), items, items, gap, out)


def _list(old: Sequence[Any], new: Sequence[Any], gap: int, out: bytearray) -> bool:
    if len(old) == len(new):
        if not new or all(map(is_, old, new)):
            return False
        shift = _shift(old, new)
        if not shift or list(old[shift:]) != list(new[: len(new) - shift]):
            return _children(old, new, gap, out)
    if not new or not old:
        return _set(new, gap, out)
    return _relist(_runs(old, new, pair_up=True), old, new, new, gap, out)


def _relist(  # one LIST, six parts
    runs: Runs,
    old: Sequence[Any],
    new: Sequence[Any],
    inserted: Sequence[Any],
    gap: int,
    out: bytearray,
) -> bool:
    """LIST. `inserted` is what `new` is, in the form in which it is put into the tree."""
    put_number(out, gap << 3 | LIST)
    put_number(out, len(runs))
    before: list[Any] = []
    after: list[Any] = []
    places: list[int] = []
    at = to = 0
    for left_out, kept, first, last in runs:
        put_number(out, left_out)
        put_number(out, kept)
        put_json(out, to_tree(list(inserted[first:last])))
        at += left_out
        before.extend(old[at : at + kept])
        after.extend(new[to : to + kept])
        places.extend(range(to, to + kept))
        at += kept
        to = last
    previous = -1
    for place, was, now in zip(places, before, after, strict=True):
        if was is not now and _diff(was, now, place - previous, out):
            previous = place
    out.append(END)
    return True


def _shift(old: Sequence[Any], new: Sequence[Any]) -> int:
    """How many were dropped in front, as far as the first of the new tells. What is a value of its
    own, and no pair or number, is the same object where a list has moved on."""
    first = new[0]
    near = old[:MAX_SHIFT]
    found = next((i for i, one in enumerate(near) if one is first), -1)
    if found < 0 and not dataclasses.is_dataclass(first) and first in near:
        found = near.index(first)
    return max(found, 0)


def _runs(old: Sequence[Any], new: Sequence[Any], *, pair_up: bool) -> Runs:
    """How the new list is made of the old one. `pair_up`: items in the middle that are as many as
    before are taken as changed, not as others."""
    shift = _shift(old, new)
    front, most = 0, min(len(old) - shift, len(new))
    while front < most and _is_same(old[shift + front], new[front]):
        front += 1
    back, most = 0, most - front
    while back < most and _is_same(old[-1 - back], new[-1 - back]):
        back += 1
    replaced, middle = len(old) - shift - front - back, len(new) - front - back
    if pair_up and replaced == middle:
        return [(shift, len(new), len(new), len(new))]
    runs = [(shift, front, front, front + middle)]
    if back:
        runs.append((replaced, back, len(new), len(new)))
    return runs


def _is_same(old: object, new: object) -> bool:
    return old is new or old == new


def apply_patch(tree: Any, patch: Cursor) -> Any:  # noqa: ANN401  # any JSON value
    """The tree with the patch in it; raises WireError. The old one stays as it is: what is the same
    in both is the same object."""
    head = patch.number()
    return tree if head == END else _apply(tree, head & 7, patch, MAX_DEPTH)


def _apply(tree: Any, what: int, patch: Cursor, depth: int) -> Any:  # noqa: ANN401  # JSON
    if what == ADD and type(tree) is int:
        return tree + patch.signed()
    if what == SET:
        return patch.json()
    if what == TEXT and isinstance(tree, str):
        front, back = patch.number(), patch.number()
        if front + back > len(tree):
            raise WireError("a patch keeps more of a text than there is")
        return tree[:front] + patch.text() + tree[len(tree) - back :]
    if depth and isinstance(tree, list | dict) and what in (INTO, LIST):
        made = _relisted(tree, patch) if what == LIST else tree.copy()
        _apply_children(made, patch, depth - 1)
        return made
    msg = f"a patch does {what} to a {type(tree).__name__}"
    raise WireError(msg)


def _apply_children(tree: list[Any] | dict[str, Any], patch: Cursor, depth: int) -> None:
    """What most of a frame's time goes to: numbers are read here rather than by calls."""
    keys: Any = list(tree) if isinstance(tree, dict) else range(len(tree))
    data, count, at = patch.data, len(keys), -1
    place, end = patch.at, patch.end
    while True:
        if place < end and (head := data[place]) < 0x80:
            place += 1
        else:
            patch.at = place
            head = patch.number()
            place = patch.at
        if head == END:
            patch.at = place
            return
        at += head >> 3
        if not 0 <= at < count:
            raise WireError("a patch has a place that is not there")
        key = keys[at]
        if head & 7 == ADD and place + 2 <= end and type(tree[key]) is int:
            first, second = data[place], data[place + 1]
            if first < 0x80:
                tree[key] += -((first + 1) >> 1) if first & 1 else first >> 1
                place += 1
                continue
            if second < 0x80:
                value = first & 0x7F | second << 7
                tree[key] += -((value + 1) >> 1) if value & 1 else value >> 1
                place += 2
                continue
        patch.at = place
        child = tree[key]
        if head & 7 == INTO and depth and type(child) in (dict, list):
            made = tree[key] = child.copy()
            _apply_children(made, patch, depth - 1)
        else:
            tree[key] = _apply(child, head & 7, patch, depth)
        place = patch.at


def _relisted(tree: list[Any] | dict[str, Any], patch: Cursor) -> list[Any] | dict[str, Any]:
    old = list(tree.items()) if isinstance(tree, dict) else tree
    made: list[Any] = []
    at = 0
    for _ in range(patch.number()):
        at += patch.number()
        kept = patch.number()
        if at + kept > len(old):
            raise WireError("a patch keeps more of a list than there is")
        made.extend(old[at : at + kept])
        at += kept
        inserted = patch.json()
        if not isinstance(inserted, list):
            raise WireError("a patch puts something else than a list into one")
        made.extend(inserted)
    if not isinstance(tree, dict):
        return made
    try:
        return {_key(key): value for key, value in made}
    except (TypeError, ValueError) as error:
        raise WireError("a patch puts something else than keys into an object") from error


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError("not a key")
    return key
