"""Just enough of JSON Schema 2020-12 to hold the plan's schema to the plan's loader.

Knows only the keywords that the schema uses, and refuses every other one.
"""

from __future__ import annotations

import re
from typing import Any

ANNOTATIONS = {"$schema", "$defs", "title", "description", "default"}
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
}


def mismatches(
    schema: dict[str, Any] | bool, value: Any, root: dict[str, Any] | None = None
) -> list[str]:
    """What of the schema a value does not keep to; empty: it is valid."""
    if isinstance(schema, bool):
        return [] if schema else [f"{value!r} may not be here"]
    root = schema if root is None else root
    found: list[str] = []
    for keyword, rule in schema.items():
        if keyword in ANNOTATIONS:
            continue
        found += _check(keyword, rule, schema, value, root)
    return found


def _check(
    keyword: str, rule: Any, schema: dict[str, Any], value: Any, root: dict[str, Any]
) -> list[str]:
    match keyword:
        case "$ref":
            return mismatches(root["$defs"][rule.removeprefix("#/$defs/")], value, root)
        case "oneOf":
            good = [option for option in rule if not mismatches(option, value, root)]
            return [] if len(good) == 1 else [f"{value!r} fits {len(good)} of the choices"]
        case "type":
            right = isinstance(value, TYPES[rule]) and not isinstance(value, bool)
            return [] if right else [f"{value!r} is no {rule}"]
        case "const":
            return (
                [] if value == rule and type(value) is type(rule) else [f"{value!r} is not {rule}"]
            )
        case "enum":
            return [] if value in rule else [f"{value!r} is none of {rule}"]
        case "pattern" | "maxLength" if isinstance(value, str):
            right = bool(re.search(rule, value)) if keyword == "pattern" else len(value) <= rule
            return [] if right else [f"{value!r} against {keyword} {rule}"]
        case "minimum" | "maximum" if isinstance(value, int | float):
            right = value >= rule if keyword == "minimum" else value <= rule
            return [] if right else [f"{value!r} against {keyword} {rule}"]
        case "minItems" | "uniqueItems" | "items" if isinstance(value, list):
            return _list(keyword, rule, value, root)
        case "properties" | "required" | "additionalProperties" | "propertyNames":
            return _object(keyword, rule, schema, value, root) if isinstance(value, dict) else []
        case "pattern" | "maxLength" | "minimum" | "maximum" | "minItems" | "uniqueItems" | "items":
            return []
        case _:
            raise AssertionError(f"unknown keyword {keyword}")


def _list(keyword: str, rule: Any, value: list[Any], root: dict[str, Any]) -> list[str]:
    if keyword == "minItems":
        return [] if len(value) >= rule else ["too few items"]
    if keyword == "uniqueItems":
        return [] if len({repr(item) for item in value}) == len(value) else ["an item twice"]
    return [problem for item in value for problem in mismatches(rule, item, root)]


def _object(
    keyword: str, rule: Any, schema: dict[str, Any], value: dict[str, Any], root: dict[str, Any]
) -> list[str]:
    if keyword == "required":
        return [f"{key} is missing" for key in rule if key not in value]
    if keyword == "propertyNames":
        return [problem for key in value for problem in mismatches(rule, key, root)]
    known = schema.get("properties", {})
    if keyword == "properties":
        pairs = [(known[key], item) for key, item in value.items() if key in known]
        return [problem for kind, item in pairs for problem in mismatches(kind, item, root)]
    others = {key: item for key, item in value.items() if key not in known}
    if rule is False:
        return [f"unknown key {key}" for key in others]
    return [problem for item in others.values() for problem in mismatches(rule, item, root)]
