"""The plan format as a JSON Schema (draft 2020-12), for editors and other tools.

Never stricter than the loader; rules between values, which a schema cannot say, are left to it.
"""

from __future__ import annotations

from typing import Any, assert_never

from cockpit.plan.format import OBJECTS, PLAN
from cockpit.plan.kinds import Choice, Field, Kind, ListOf, MapOf, Object, OneOf, Scalar

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def plan_schema() -> dict[str, Any]:
    """The whole schema, JSON-able. Needed keys, value shapes and words are the loader's own."""
    definitions = {
        _id(name): _object(kind) if isinstance(kind, Object) else _one_of(kind)
        for name, kind in OBJECTS.items()
        if kind is not PLAN
    }
    return {"$schema": DIALECT, "title": "cockpit plan", **_object(PLAN), "$defs": definitions}


def _id(name: str) -> str:
    return name.replace(" ", "-")


def _kind(kind: Kind) -> dict[str, Any]:
    match kind:
        case Scalar():
            return dict(kind.schema)
        case Choice():
            return {"enum": list(kind.words)}
        case ListOf():
            rules: dict[str, Any] = {"type": "array", "items": _kind(kind.kind)}
            if kind.at_least:
                rules["minItems"] = kind.at_least
            if kind.unique:
                rules["uniqueItems"] = True
            return {"oneOf": [_kind(kind.kind), rules]} if kind.or_one else rules
        case MapOf():
            return {
                "type": "object",
                "propertyNames": dict(kind.key.schema),
                "additionalProperties": _kind(kind.kind),
            }
        case Object() | OneOf():
            return {"$ref": f"#/$defs/{_id(kind.name)}"}
        case _:
            assert_never(kind)


def _object(kind: Object) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "object",
        "description": kind.doc,
        "properties": {field.key: _field(field) for field in kind.fields},
        "additionalProperties": False,
    }
    required = [field.key for field in kind.fields if field.required]
    if required:
        found["required"] = required
    if kind.variants:
        found["oneOf"] = [_variant(kind, keys) for keys in kind.variants]
    if kind.short:
        return {"description": kind.doc, "oneOf": [_kind(kind.by_key[kind.short].kind), found]}
    return found


def _variant(kind: Object, keys: tuple[str, ...]) -> dict[str, Any]:
    """These keys, and none of the other variants."""
    others = {key: False for other in kind.variants if other != keys for key in other}
    return {"required": list(keys), "properties": others}


def _field(field: Field) -> dict[str, Any]:
    found = {**_kind(field.kind), "description": field.doc}
    if field.default is not None:
        count = isinstance(field.kind, Scalar) and field.kind.schema.get("type") == "integer"
        found["default"] = int(field.default) if count else field.default
    return found


def _one_of(kind: OneOf) -> dict[str, Any]:
    choices: list[dict[str, Any]] = [
        {
            "type": "object",
            "properties": {word: _kind(option)},
            "required": [word],
            "additionalProperties": False,
        }
        for word, option in kind.options.items()
    ]
    bare = kind.bare_words()
    if bare:
        choices.insert(0, {"enum": list(bare)})
    return {"description": kind.doc, "oneOf": choices}
