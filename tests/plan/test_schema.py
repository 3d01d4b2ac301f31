"""The published JSON Schema and the loader say the same about the shape of a plan."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit.plan.format import OBJECTS
from cockpit.plan.kinds import Object
from cockpit.plan.schema import DIALECT, plan_schema
from tests.plan.given import GOOD, SAMPLES, load, problems_of
from tests.plan.minischema import mismatches

SCHEMA = plan_schema()
DATA = yaml.safe_load(GOOD)

SHAPES = ("unknown-key", "wrong-shapes", "unknown-words", "missing-keys", "bad-names", "bad-units")


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_good_samples_keep_to_the_schema(path: Path) -> None:
    assert mismatches(SCHEMA, yaml.safe_load(path.read_text())) == []


@pytest.mark.parametrize(
    "name", [*SHAPES, "inline-secret", "not-built-yet", "ambiguous-scalars", "one-way-only"]
)
def test_samples_of_a_wrong_shape_do_not_keep_to_the_schema(name: str) -> None:
    text = (SAMPLES / "broken" / f"{name}.yaml").read_text()
    assert mismatches(SCHEMA, yaml.safe_load(text))


def test_the_schema_is_json_and_all_its_references_lead_somewhere() -> None:
    text = json.dumps(SCHEMA)
    assert json.loads(text) == SCHEMA
    assert SCHEMA["$schema"] == DIALECT
    named = {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert named == set(SCHEMA["$defs"])


def test_the_schema_has_exactly_the_keys_that_the_loader_knows() -> None:
    for name, kind in OBJECTS.items():
        schema = SCHEMA if name == "plan" else SCHEMA["$defs"][name.replace(" ", "-")]
        if isinstance(kind, Object):
            schema = schema["oneOf"][1] if kind.short else schema
            assert list(schema["properties"]) == [field.key for field in kind.fields]
            wanted = [field.key for field in kind.fields if field.required]
            assert schema.get("required", []) == wanted
        else:
            offered = [next(iter(o["properties"])) for o in schema["oneOf"] if "properties" in o]
            assert offered == list(kind.options)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to everything in a JSON value."""
    if path:
        yield path
    if not isinstance(value, dict | list):
        return
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        yield from places(child, (*path, key))


VALUES: list[Any] = [
    *(
        None,
        True,
        0,
        1,
        -1,
        1.5,
        10**16,
        "",
        " ",
        "no",
        "1:30",
        "60s",
        "0s",
        "1.5h",
        "0.5%",
        "x" * 81,
    ),
    *("..", "a b", "*", "http://a", "ftp://a", "${env:A}", "${file:a}", "User:x", "a:1", "a:99999"),
    *(
        [],
        {},
        ["orders"],
        ["orders", "orders"],
        {"x": 1},
        "parity",
        "stop",
        "soak",
        "target",
        "plain",
    ),
]

REMOVED = object()


@given(st.sampled_from(list(places(DATA))), st.sampled_from([*VALUES, REMOVED]))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_the_loader_takes_keeps_to_the_schema(path: tuple[Any, ...], value: Any) -> None:
    data = copy.deepcopy(DATA)
    parent = data
    for key in path[:-1]:
        parent = parent[key]
    if value is REMOVED:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    text = json.dumps(data)
    if not problems_of(text):
        assert mismatches(SCHEMA, data) == []


def test_a_plan_written_as_json_is_the_same_plan() -> None:
    assert load(json.dumps(DATA)) == load(GOOD)
