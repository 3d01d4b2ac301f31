"""Reads YAML nodes by the tables of the format into items that know their place.

Never stops at the first problem, and never lets one mistake be reported as several.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, assert_never

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cockpit.plan.document import ALIAS_TAG, REFUSED_TAG, describe, node_place
from cockpit.plan.kinds import (
    NAME,
    PRINCIPAL,
    TEXT,
    Choice,
    Field,
    Kind,
    ListOf,
    MapOf,
    Object,
    OneOf,
    Scalar,
)
from cockpit.plan.problems import Place, Problems, did_you_mean, nearest
from cockpit.plan.scalars import Refused, Written, reads_as
from cockpit.plan.text import UNPRINTABLE, quoted

NOT_BUILT: Final = "recognised, not built yet in this version"


TO_DO: Final = "to do"
"""A value that is still to be found out, where it stands without quotes. No plan is flown that has
one."""


class _Invalid:
    """The value of an item that was refused."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "INVALID"


INVALID: Final = _Invalid()


@dataclass(frozen=True, slots=True)
class Item:
    """Something read: a value, the fields of a mapping, or the items of a list."""

    place: Place
    value: object = None
    """Of a scalar or choice; INVALID when it, or the whole mapping or list, was refused."""
    fields: Mapping[str, Item] = field(default_factory=dict)
    """Of a mapping, by key, with defaults filled in."""
    items: tuple[Item, ...] = ()
    """Of a list."""
    key_places: Mapping[str, Place] = field(default_factory=dict)
    """Where each key of a mapping that the file has is written."""

    @property
    def valid(self) -> bool:
        """It was not refused itself; something below it may have been."""
        return self.value is not INVALID


class Reader:
    """Reads nodes by kinds and notes what is wrong."""

    def __init__(self, problems: Problems, *, unfinished: bool = False) -> None:
        """`unfinished`: what is still to do is no problem. An optional key is then as if it were
        absent, and a text stays as it is."""
        self._problems = problems
        self._unfinished = unfinished

    def read(self, kind: Kind, node: Node) -> Item:
        """The item, INVALID where the problems say why."""
        if node.tag == REFUSED_TAG:
            return self._refuse(node)
        if node.tag == ALIAS_TAG:
            return self._refuse(node, "aliases are not part of a plan", _ALIAS_HINT)
        match kind:
            case Scalar():
                return self._scalar(kind, node)
            case Choice():
                return self._choice(kind, node)
            case ListOf():
                return self._list(kind, node)
            case MapOf():
                return self._map(kind, node)
            case Object():
                return self._object(kind, node)
            case OneOf():
                return self._one_of(kind, node)
            case _:
                assert_never(kind)

    def _refuse(self, node: Node, message: str = "", hint: str = "") -> Item:
        if message:
            self._problems.add(node_place(node), message, hint)
        return Item(node_place(node), INVALID)

    # --- single values ----------------------------------------------------------------------------

    def _scalar(self, kind: Scalar, node: Node) -> Item:
        written = self._written(node, kind.label)
        if written is None:
            return self._refuse(node)
        try:
            return Item(node_place(node), kind.parse(written))
        except Refused as refused:
            return self._refuse(node, refused.message, refused.hint)

    def _choice(self, kind: Choice, node: Node) -> Item:
        label = (
            ", ".join(kind.words) if len(kind.words) == 1 else f"one of: {', '.join(kind.words)}"
        )
        written = self._written(node, label)
        if written is None:
            return self._refuse(node)
        if written.text in kind.words:
            return Item(node_place(node), kind.words[written.text])
        if written.text in kind.unbuilt:
            return self._refuse(node, f"{written.text}: {NOT_BUILT}", f"use {label}")
        found = quoted(written.text) if written.text else "nothing"
        reading = reads_as(written.text) if written.plain and written.text else ""
        return self._refuse(
            node, f"expected {label}; found {found}{reading}", _near(written.text, kind.words)
        )

    def _written(self, node: Node, label: str) -> Written | None:
        if not isinstance(node, ScalarNode):
            self._problems.add(node_place(node), f"expected {label}, found {describe(node)}")
            return None
        strange = UNPRINTABLE.search(node.value)
        if strange:
            code = ord(strange.group())
            hint = "write it on one line" if code in (0x0A, 0x0D) else "remove it"
            name = "a line end" if code == 0x0A else f"a control character (U+{code:04X})"
            self._problems.add(node_place(node), f"{name} inside a value", hint)
            return None
        return Written(node.value, plain=not node.style)

    # --- lists and maps ---------------------------------------------------------------------------

    def _list(self, kind: ListOf, node: Node) -> Item:
        if kind.or_one and isinstance(node, ScalarNode):
            return Item(node_place(node), items=(self.read(kind.kind, node),))
        if not isinstance(node, SequenceNode):
            hint = "begin each entry with '- ', or write [a, b]"
            return self._refuse(node, f"expected a list, found {describe(node)}", hint)
        if len(node.value) < kind.at_least:
            return self._refuse(node, "an empty list", "give at least one entry")
        items: list[Item] = []
        seen: set[object] = set()
        for child in node.value:
            item = self.read(kind.kind, child)
            if kind.unique and item.valid and item.value in seen:
                self._refuse(
                    child, f"{quoted(str(item.value))} is in this list twice", "remove one"
                )
                continue
            if kind.unique:
                seen.add(item.value)
            items.append(item)
        return Item(node_place(node), items=tuple(items))

    def _map(self, kind: MapOf, node: Node) -> Item:
        if not isinstance(node, MappingNode):
            hint = "write name: {...} for each"
            return self._refuse(node, f"expected a mapping by name, found {describe(node)}", hint)
        fields: dict[str, Item] = {}
        places: dict[str, Place] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, places)
            item = self.read(kind.kind, value_node)
            if key is None or not self.read(kind.key, key_node).valid:
                continue
            places[key] = node_place(key_node)
            fields[key] = item
        return Item(node_place(node), fields=fields, key_places=places)

    def _key(self, node: Node, seen: Mapping[str, Place]) -> str | None:
        """The text of a key, or None when it cannot be one."""
        place = node_place(node)
        if node.tag == REFUSED_TAG:
            return None
        if not isinstance(node, ScalarNode) or node.tag == ALIAS_TAG:
            self._problems.add(place, "a key must be a single word")
            return None
        if node.value == "<<" and not node.style:
            self._problems.add(place, "merge keys are not part of a plan", "write the values out")
            return None
        if node.value in seen:
            message = f"key {quoted(_leading_word(node.value))} is given twice"
            hint = f"it is in line {seen[node.value].line} already"
            self._problems.add(place, message, hint)
            return None
        return str(node.value)

    # --- objects ----------------------------------------------------------------------------------

    def _object(self, kind: Object, node: Node) -> Item:
        if kind.short and isinstance(node, SequenceNode):
            return self._short(kind, node)
        if not isinstance(node, MappingNode):
            hint = _without_settings(kind) if kind.all_optional else ""
            hint = hint or f"needs {kind.needs()}"
            message = f"expected a mapping ({kind.name}), found {describe(node)}"
            return self._refuse(node, message, hint)
        place = node_place(node)
        deciding = _unbuilt_decision(kind, node)
        if deciding is not None and kind.decides is not None:
            self.read(kind.by_key[kind.decides].kind, deciding)
            return Item(place, INVALID)
        pairs, places, not_built = self._pairs(kind, node)
        fields: dict[str, Item] = {}
        for entry in kind.fields:
            if entry.key in pairs and _is_to_do(pairs[entry.key]):
                item = self._to_do(kind, entry, pairs[entry.key])
                if item is not None:
                    fields[entry.key] = item
            elif entry.key in pairs:
                fields[entry.key] = self.read(entry.kind, pairs[entry.key])
            elif entry.required and not not_built:
                message = f"{kind.name}: key {quoted(entry.key)} is missing"
                self._problems.add(place, message, entry.doc)
            elif entry.default is not None:
                fields[entry.key] = default_item(entry, place)
        if kind.variants and not not_built:
            self._variants(kind, place, fields, places)
        return Item(place, fields=fields, key_places=places)

    def _to_do(self, kind: Object, entry: Field, node: Node) -> Item | None:
        """What stands for a value that somebody has still to find out; None: nothing does."""
        place = node_place(node)
        if self._unfinished and kind.name in _MAY_BE_UNFINISHED:
            if entry.kind in _STAYS:
                return Item(place, TO_DO)
            if not (entry.required or kind.variants):
                return default_item(entry, place) if entry.default is not None else None
        return self._refuse(node, f"{kind.name}: {entry.key} is still to do", entry.doc)

    def _short(self, kind: Object, node: SequenceNode) -> Item:
        """An object of which a list is all that is said."""
        place = node_place(node)
        item = self.read(kind.by_key[kind.short].kind, node)
        fields = {e.key: default_item(e, place) for e in kind.fields if e.default is not None}
        fields[kind.short] = item
        return Item(place, None if item.valid else INVALID, fields=fields)

    def _variants(
        self,
        kind: Object,
        place: Place,
        fields: Mapping[str, Item],
        places: Mapping[str, Place],
    ) -> None:
        """Exactly one set of keys is given, and that one whole."""
        begun = [keys for keys in kind.variants if not fields.keys().isdisjoint(keys)]
        if not begun:
            known = " or ".join(keys[0] for keys in kind.variants)
            self._problems.add(place, f"{kind.name}: {known} is missing", f"give {kind.ways()}")
        for keys in begun[1:]:
            extra = next(key for key in keys if key in fields)
            first = next(key for key in begun[0] if key in fields)
            message = f"{kind.name}: {first} and {extra} exclude each other"
            self._problems.add(places[extra], message, f"give {kind.ways()}")
        for key in begun[0] if len(begun) == 1 else ():
            if key not in fields:
                message = f"{kind.name}: key {quoted(key)} is missing"
                self._problems.add(place, message, kind.by_key[key].doc)

    def _pairs(
        self, kind: Object, node: MappingNode
    ) -> tuple[dict[str, Node], dict[str, Place], bool]:
        """Value nodes and key places of the known keys; whether a key is not built yet.

        A misspelt key stands for the one that it is nearest to: its value is looked at too, and
        nothing else complains that the right one is missing.
        """
        pairs: dict[str, Node] = {}
        places: dict[str, Place] = {}
        unknown: list[tuple[str, Node]] = []
        not_built = False
        for key_node, value_node in node.value:
            key = self._key(key_node, places)
            if key is None:
                continue
            place = node_place(key_node)
            places[key] = place
            if key in kind.by_key:
                pairs[key] = value_node
            elif key in kind.unbuilt:
                not_built = True
                self._problems.add(place, f"{key}: {NOT_BUILT}", "remove it")
            else:
                unknown.append((key, value_node))
        for key, value_node in unknown:
            if self._problems.full:
                break
            absent = kind.by_key.keys() - pairs.keys()
            word = _leading_word(key)
            hint = did_you_mean(word, absent)
            if word != key and word.removesuffix("…") in kind.by_key:
                hint = "write it as key: value, with a space after the colon"
            self._problems.add(places[key], f"{kind.name}: unknown key {quoted(word)}", hint)
            meant = nearest(word, absent)
            if meant is not None:
                pairs[meant] = value_node
                places[meant] = places[key]
        return pairs, places, not_built

    # --- one out of a few -------------------------------------------------------------------------

    def _one_of(self, kind: OneOf, node: Node) -> Item:
        if isinstance(node, ScalarNode):
            return self._bare_word(kind, node)
        if not isinstance(node, MappingNode):
            return self._refuse(node, f"expected a {kind.name}, found {describe(node)}")
        if len(node.value) != 1:
            message = f"a {kind.name} has exactly one key, here are {len(node.value)}"
            hint = "indent its settings under it" if node.value else _near("", kind.options)
            return self._refuse(node, message, hint)
        key_node, value_node = node.value[0]
        key = self._key(key_node, {})
        if key is None:
            return self._refuse(node)
        if key not in kind.options:
            return self._unknown_option(kind, key, key_node)
        place = node_place(key_node)
        item = self.read(kind.options[key], value_node)
        value = None if item.valid else INVALID
        return Item(place, value, fields={key: item}, key_places={key: place})

    def _bare_word(self, kind: OneOf, node: ScalarNode) -> Item:
        written = self._written(node, f"a {kind.name}")
        if written is None:
            return self._refuse(node)
        word = written.text
        option = kind.options.get(word)
        if option is None:
            return self._unknown_option(kind, word, node)
        if word not in kind.bare_words() or not isinstance(option, Object):
            needed = option.label if isinstance(option, Scalar) else option.needs()
            hint = f"write {{{word}: ...}} with {needed}"
            return self._refuse(node, f"{word} alone does not say enough", hint)
        place = node_place(node)
        fields = {
            entry.key: default_item(entry, place)
            for entry in option.fields
            if entry.default is not None
        }
        return Item(place, fields={word: Item(place, fields=fields)}, key_places={word: place})

    def _unknown_option(self, kind: OneOf, word: str, node: Node) -> Item:
        if word in kind.unbuilt:
            return self._refuse(node, f"{word}: {NOT_BUILT}", "known: " + ", ".join(kind.options))
        found = quoted(word) if word else "an empty one"
        return self._refuse(node, f"unknown {kind.name} {found}", _near(word, kind.options))


_MAY_BE_UNFINISHED: Final = ("service", "offsets", "control", "wave")
"""Objects of which something may be to do while a plan is written; never how to log in."""
_STAYS: Final = (TEXT, NAME, PRINCIPAL)
"""Texts that may be anything while a plan is written."""


def _is_to_do(node: Node) -> bool:
    return isinstance(node, ScalarNode) and not node.style and node.value == TO_DO


_ALIAS_HINT: Final = "write the value out; quote a value that begins with *"


def default_item(entry: Field, place: Place) -> Item:
    """The default of a field as if it were written at `place`."""
    assert entry.default is not None
    match entry.kind:
        case Scalar():
            return Item(place, entry.kind.parse(Written(entry.default, plain=True)))
        case Choice():
            return Item(place, entry.kind.words[entry.default])
        case _:
            raise AssertionError(f"{entry.key}: only single values have defaults")


def _without_settings(kind: Object) -> str:
    """How to write something that needs no settings; a step that is left away is another plan."""
    word = kind.name.removeprefix("step ")
    if word == kind.name:
        return "leave the key away, or write {}"
    first = kind.fields[0].key
    return f"write {word} alone, or {{{word}: {{{first}: ...}}}}"


def _leading_word(key: str) -> str:
    """A key up to what no key has: `password:secret` without a space must not be repeated."""
    found = re.match(r"[A-Za-z0-9_.-]*", key)
    word = found.group() if found else ""
    return word if word == key else f"{word}…"


def _near(word: str, known: Mapping[str, object]) -> str:
    return did_you_mean(word, known)


def _unbuilt_decision(kind: Object, node: MappingNode) -> Node | None:
    """The value of the deciding key, when it is a word that is not built yet."""
    entry = kind.by_key.get(kind.decides or "")
    if entry is None or not isinstance(entry.kind, Choice):
        return None
    unbuilt = entry.kind.unbuilt
    pairs: list[tuple[Node, Node]] = node.value
    for key, value in pairs:
        if isinstance(key, ScalarNode) and key.value == entry.key and value.value in unbuilt:
            return value
    return None
