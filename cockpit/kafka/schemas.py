"""Schema texts in a canonical form: two that mean the same have the same text.

What does not count: blanks, key order, how numbers and names are spelt, and documentation (Avro's
`doc`, Protobuf's comments), which no reader of a record ever sees. What counts is everything else:
defaults, aliases, logical types, properties of one's own, the order of fields, symbols, unions and
messages. Unlike Avro's Parsing Canonical Form, which is made for the wire and drops defaults and
aliases. Never fails: a text that cannot be understood stands for itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

Json = Any

PRIMITIVES: Final = frozenset(
    {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
)
_NAMED: Final = frozenset({"record", "error", "enum", "fixed"})


def canonical(kind: str, text: str) -> str:
    """The canonical form of a schema of type `AVRO`, `JSON` or `PROTOBUF`; another type's text."""
    try:
        match kind:
            case "AVRO":
                return _avro(text)
            case "JSON":
                return _written(_parsed(text))
            case "PROTOBUF":
                return " ".join(_protobuf(text))
            case _:
                return text
    except (ValueError, ArithmeticError, RecursionError):
        return text


def kind_of(text: str) -> str:
    """The type of a schema of which a registry does not tell it, by the text: Apicurio does not
    where it is asked for an id. Confluent leaves out AVRO alone."""
    try:
        schema = _parsed(text)
    except (ValueError, ArithmeticError, RecursionError):
        return "AVRO" if text.strip() in PRIMITIVES else "PROTOBUF"
    if not isinstance(schema, dict):
        return "AVRO"
    only_json = schema.keys() & {"$schema", "$id", "$ref", "properties", "allOf", "anyOf", "oneOf"}
    return "JSON" if only_json or schema.get("type") in ("object", "number", "integer") else "AVRO"


# --- JSON -----------------------------------------------------------------------------------------


def _parsed(text: str) -> Json:
    """JSON with its numbers exact. Raises ValueError, also for NaN and Infinity."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)


def _no_number(text: str) -> Json:
    raise ValueError(f"{text} is no JSON number")


def _written(value: Json) -> str:
    """JSON without blanks, keys sorted, each number in its one shortest form."""
    match value:
        case dict():
            members = (f"{json.dumps(key)}:{_written(value[key])}" for key in sorted(value))
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join(_written(item) for item in value) + "]"
        case Decimal():
            return _number(value)
        case _:
            return json.dumps(value)


def _number(value: Decimal) -> str:
    """`1`, `1.0` and `10e-1` are one number; digits are never rounded and never written out."""
    sign, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    if not text or not isinstance(exponent, int):
        return "0"
    short = text.rstrip("0")
    exponent += len(text) - len(short)
    return f"{'-' if sign else ''}{short}" + (f"e{exponent}" if exponent else "")


# --- Avro -----------------------------------------------------------------------------------------


def _avro(text: str) -> str:
    if text.strip() in PRIMITIVES:
        return json.dumps(text.strip())
    schema = _parsed(text)
    return _written(_Avro(frozenset(_defined(schema, ""))).schema(schema, ""))


class _Avro:
    """Spells one schema in one way; `defined` are the full names that it defines itself."""

    def __init__(self, defined: frozenset[str]) -> None:
        self._defined = defined

    def schema(self, schema: Json, space: str) -> Json:
        """A schema within the namespace `space`."""
        if isinstance(schema, str):
            return self._reference(schema, space)
        if isinstance(schema, list):
            return [self.schema(branch, space) for branch in schema]
        if not isinstance(schema, dict) or "type" not in schema:
            return schema
        kind = schema["type"]
        if not isinstance(kind, str):
            # A schema in a wrapping of its own; with properties the wrapping stays.
            inner = self.schema(kind, space)
            rest = {key: value for key, value in schema.items() if key not in ("type", "doc")}
            return {**rest, "type": inner} if rest else inner
        if kind in _NAMED:
            return self._named(kind, schema, space)
        found = {key: value for key, value in schema.items() if key != "doc"}
        found["type"] = self._reference(kind, space) if kind not in ("array", "map") else kind
        for part in ("items", "values"):
            if kind in ("array", "map") and part in found:
                found[part] = self.schema(found[part], space)
        _drop_defaults(found)
        return found["type"] if found.keys() == {"type"} else found

    def _reference(self, name: str, space: str) -> str:
        """A primitive, or the full name of a named type."""
        if name in PRIMITIVES or "." in name or not space:
            return name
        full = f"{space}.{name}"
        return name if full not in self._defined and name in self._defined else full

    def _named(self, kind: str, schema: dict[str, Json], space: str) -> Json:
        full, inner = _full_name(schema, space)
        found = {key: value for key, value in schema.items() if key not in ("doc", "namespace")}
        found["name"] = full
        if isinstance(schema.get("aliases"), list):
            found["aliases"] = sorted({_qualified(str(name), inner) for name in schema["aliases"]})
        if kind in ("record", "error") and isinstance(schema.get("fields"), list):
            found["fields"] = [self._field(field, inner) for field in schema["fields"]]
        _drop_defaults(found)
        return found

    def _field(self, field: Json, space: str) -> Json:
        if not isinstance(field, dict):
            return field
        found = {key: value for key, value in field.items() if key != "doc"}
        if "type" in found:
            found["type"] = self.schema(found["type"], space)
        if isinstance(found.get("aliases"), list):
            found["aliases"] = sorted(set(map(str, found["aliases"])))
        if found.get("order") == "ascending":
            del found["order"]
        _drop_defaults(found)
        return found


def _drop_defaults(found: dict[str, Json]) -> None:
    """What means the same as its absence: no aliases, and a decimal's scale of 0."""
    if found.get("aliases") == []:
        del found["aliases"]
    if found.get("logicalType") == "decimal" and found.get("scale") == Decimal(0):
        del found["scale"]


def _full_name(schema: dict[str, Json], space: str) -> tuple[str, str]:
    """Full name of a named type and the namespace that it opens."""
    name = str(schema.get("name", ""))
    if "." in name:
        return name, name.rpartition(".")[0]
    own = schema.get("namespace")
    inner = own if isinstance(own, str) else space
    return _qualified(name, inner), inner


def _qualified(name: str, space: str) -> str:
    return name if "." in name or not space else f"{space}.{name}"


def _defined(schema: Json, space: str) -> Iterator[str]:
    """Full names of the types that a schema defines."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _defined(branch, space)
    if not isinstance(schema, dict):
        return
    if schema.get("type") in ("record", "error", "enum", "fixed"):
        full, space = _full_name(schema, space)
        yield full
    fields = schema.get("fields")
    for field in fields if isinstance(fields, list) else ():
        if isinstance(field, dict):
            yield from _defined(field.get("type"), space)
    for part in ("type", "items", "values"):
        yield from _defined(schema.get(part), space)


# --- Protobuf -------------------------------------------------------------------------------------

_TOKEN: Final = re.compile(
    r"""
      (?P<gap>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<word>[A-Za-z0-9_]+)
    | (?P<mark>[^\sA-Za-z0-9_"'])
    """,
    re.VERBOSE | re.DOTALL,
)


def _protobuf(text: str) -> Iterator[str]:
    """The tokens of a proto file: no comments, strings in double quotes, no empty statements.

    Raises ValueError where a string or comment has no end.
    """
    before = ";"
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or (text.startswith("/*", at) and found.lastgroup != "gap"):
            raise ValueError("a string or comment without an end")
        at = found.end()
        piece = found.group()
        if found.lastgroup == "gap" or (piece == ";" and before in (";", "{", "}")):
            continue
        if piece.startswith("'"):
            inner = piece[1:-1].replace("\\'", "'")
            piece = '"' + re.sub(r'(\\.)|"', lambda m: m[1] or '\\"', inner) + '"'
        elif piece.startswith('"'):
            piece = re.sub(r"(\\[^'])|\\'", lambda m: m[1] or "'", piece)
        before = piece
        yield piece
