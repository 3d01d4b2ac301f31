"""Schemas that mean the same have one canonical text, and those that do not have two."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.kafka.schemas import PRIMITIVES, canonical, kind_of

WORDS = st.sampled_from(["alpha", "beta", "gamma", "delta", "omega"])
SPACES = st.sampled_from(["", "shop", "shop.orders"])


@st.composite
def avro(draw: st.DrawFn, depth: int = 3, used: set[str] | None = None) -> Any:
    """A schema in full spelling: every name with its namespace, nothing that may be left out."""
    used = set() if used is None else used
    kinds = ["primitive", "logical", "reference"]
    kinds += ["record", "enum", "array", "map", "union"] if depth else []
    match draw(st.sampled_from(kinds)):
        case "logical":
            return {"type": "bytes", "logicalType": "decimal", "precision": draw(st.integers(1, 9))}
        case "reference" if used:
            return draw(st.sampled_from(sorted(used)))
        case "array":
            return {"type": "array", "items": draw(avro(depth - 1, used))}
        case "map":
            return {"type": "map", "values": draw(avro(depth - 1, used))}
        case "union":
            return ["null", draw(avro(depth - 1, used))]
        case "enum":
            name = _fresh(draw, used)
            return {"type": "enum", "name": name, "symbols": draw(st.lists(WORDS, unique=True))}
        case "record":
            name = _fresh(draw, used)
            fields = [
                {"name": field, "type": draw(avro(depth - 1, used))}
                | draw(st.sampled_from([{}, {"default": 1}, {"aliases": ["old"]}, {"x-own": [1]}]))
                for field in draw(st.lists(WORDS, unique=True, max_size=3))
            ]
            return {"type": "record", "name": name, "fields": fields}
        case _:
            return draw(st.sampled_from(sorted(PRIMITIVES)))


def _fresh(draw: st.DrawFn, used: set[str]) -> str:
    space = draw(SPACES)
    name = f"{space}.T{len(used)}" if space else f"T{len(used)}"
    used.add(name)
    return name


class Spelling:
    """Writes a schema in one of the many ways that mean the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def text(self, schema: Any) -> str:
        """The schema as a text."""
        blanks = self._random.choice([None, 1, "\t"])
        separators = self._random.choice([None, (",", ":"), (" , ", " :  ")])
        return json.dumps(self._schema(schema, ""), indent=blanks, separators=separators)

    def _schema(self, schema: Any, space: str) -> Any:
        if isinstance(schema, list):
            return [self._schema(branch, space) for branch in schema]
        if isinstance(schema, str):
            found: Any = self._reference(schema, space)
            return self._shuffled({"type": found}) if self._maybe() else found
        found = dict(schema)
        if "name" in found:
            found, space = self._named(found, space)
        for part in ("items", "values"):
            if part in found:
                found[part] = self._schema(found[part], space)
        if "fields" in found:
            found["fields"] = [self._field(field, space) for field in found["fields"]]
        if "precision" in found and self._maybe():
            found["precision"] = float(found["precision"])
        if found.get("logicalType") == "decimal" and self._maybe():
            found["scale"] = 0
        return self._shuffled(found)

    def _named(self, found: dict[str, Any], space: str) -> tuple[dict[str, Any], str]:
        own, _, name = found["name"].rpartition(".")
        if own == space and self._maybe():
            found["name"] = name
        elif not own or self._maybe():
            found |= {"name": name, "namespace": own}
        elif self._maybe():
            found["namespace"] = "without.any.meaning"
        return found, own

    def _reference(self, name: str, space: str) -> str:
        own, _, short = name.rpartition(".")
        return short if own and own == space and self._maybe() else name

    def _field(self, field: dict[str, Any], space: str) -> dict[str, Any]:
        found = {**field, "type": self._schema(field["type"], space)}
        if self._maybe():
            found["order"] = "ascending"
        if "default" in found and self._maybe():
            found["default"] = 1.0
        return self._shuffled(found)

    def _shuffled(self, found: dict[str, Any]) -> dict[str, Any]:
        if self._maybe():
            found["doc"] = "what it is for"
        keys = list(found)
        self._random.shuffle(keys)
        return {key: found[key] for key in keys}

    def _maybe(self) -> bool:
        return self._random.random() < 0.5


@given(avro(), st.integers(), st.integers())
@settings(max_examples=300, deadline=None)
def test_however_an_avro_schema_is_spelt_its_canonical_text_is_one(
    schema: Any, one: int, other: int
) -> None:
    assert canonical("AVRO", Spelling(one).text(schema)) == canonical(
        "AVRO", Spelling(other).text(schema)
    )


@given(avro(), avro(), st.integers())
@settings(max_examples=300, deadline=None)
def test_two_avro_schemas_have_two_canonical_texts(one: Any, other: Any, seed: int) -> None:
    spelt = Spelling(seed)
    same = canonical("AVRO", spelt.text(one)) == canonical("AVRO", spelt.text(other))
    assert same == (one == other)


RECORD = '{"type":"record","name":"R","namespace":"n","fields":[%s]}'


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("AVRO", '"string"', ' { "type" : "string" } '),
        ("AVRO", "string", '"string"'),
        ("AVRO", '{"type":{"type":"string"}}', '"string"'),
        ("AVRO", RECORD % '{"name":"f","type":"n.R"}', RECORD % '{"name":"f","type":"R"}'),
        ("AVRO", RECORD % "", '{"type":"record","name":"n.R","namespace":"m","fields":[]}'),
        (
            "AVRO",
            '{"type":"enum","name":"E","namespace":"n","symbols":["A"],"aliases":["O"]}',
            '{"type":"enum","name":"n.E","symbols":["A"],"aliases":["n.O"]}',
        ),
        (
            "AVRO",
            RECORD % '{"name":"f","type":"double","default":1e2}',
            RECORD % '{"name":"f","type":"double","default":100.0}',
        ),
        (
            "AVRO",
            RECORD % '{"name":"f","type":"int","aliases":[]}',
            RECORD % '{"name":"f","type":"int"}',
        ),
        (
            "AVRO",
            '{"type":"fixed","name":"F","size":4,"doc":"x"}',
            '{"name":"F","type":"fixed","size":4}',
        ),
        ("JSON", '{"type":"object","minimum":1.0}', '{ "minimum": 1, "type": "object" }'),
        ("JSON", '{"a":"\\u00e9"}', '{"a":"é"}'),
        (
            "PROTOBUF",
            'syntax = "proto3";\n/* all\n of it */ message M { string a = 1; // one\n }',
            "syntax='proto3' ;message M{string a=1;};",
        ),
        ("PROTOBUF", 'option a = "it\'s // no comment";', "option a = 'it\\'s // no comment';"),
        ("PROTOBUF", "option a = 'say \"x\"';", 'option a = "say \\"x\\"";'),
    ],
)
def test_what_means_the_same(kind: str, one: str, other: str) -> None:
    assert canonical(kind, one) == canonical(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("AVRO", '"string"', '{"type":"string","avro.java.string":"String"}'),
        ("AVRO", '{"type":"long","logicalType":"timestamp-millis"}', '"long"'),
        (
            "AVRO",
            RECORD % '{"name":"f","type":"int","default":0}',
            RECORD % '{"name":"f","type":"int"}',
        ),
        (
            "AVRO",
            RECORD % '{"name":"f","type":["null","int"],"default":null}',
            RECORD % '{"name":"f","type":["null","int"]}',
        ),
        ("AVRO", '["null","int"]', '["int","null"]'),
        ("AVRO", RECORD % "", '{"type":"record","name":"R","fields":[]}'),
        (
            "AVRO",
            RECORD % '{"name":"f","type":"int","aliases":["g"]}',
            RECORD % '{"name":"f","type":"int"}',
        ),
        (
            "AVRO",
            RECORD % '{"name":"a","type":"int"},{"name":"b","type":"int"}',
            RECORD % '{"name":"b","type":"int"},{"name":"a","type":"int"}',
        ),
        ("AVRO", '{"type":"int","default":0.1}', '{"type":"int","default":0.10000000000000000001}'),
        ("AVRO", '{"type":"map","values":"int"}', '{"type":"map","values":"long"}'),
        (
            "AVRO",
            '{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}',
            '{"type":"bytes","logicalType":"decimal","precision":4}',
        ),
        ("JSON", '{"required":["a","b"]}', '{"required":["b","a"]}'),
        ("JSON", '{"minimum":1}', '{"minimum":true}'),
        ("JSON", '{"const":"1"}', '{"const":1}'),
        ("PROTOBUF", "message A {} message B {}", "message B {} message A {}"),
        ("PROTOBUF", 'option a = "x  y";', 'option a = "x y";'),
        ("PROTOBUF", "message M { string a = 1; }", "message M { string a = 11; }"),
        ("XML", "<a/>", "<a />"),
    ],
)
def test_what_does_not(kind: str, one: str, other: str) -> None:
    assert canonical(kind, one) != canonical(kind, other)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("AVRO", "{not json"),
        ("AVRO", "[" * 100_000),
        ("AVRO", '{"type":"int","default":NaN}'),
        ("AVRO", "7"),
        ("AVRO", "null"),
        ("AVRO", '{"type":"record","name":7,"fields":"x"}'),
        ("AVRO", '{"type":"record","fields":[7,{"type":"int"}]}'),
        ("AVRO", '{"type":"int","default":1e99999999999999999999}'),
        ("AVRO", '{"type":"int","default":' + "9" * 10_000 + "}"),
        ("JSON", ""),
        ("PROTOBUF", "/* without an end"),
        ("PROTOBUF", '"without an end'),
        ("PROTOBUF", "\x00\ud800"),
        ("", "x"),
    ],
)
def test_a_text_that_makes_no_sense_stands_for_itself(kind: str, text: str) -> None:
    assert isinstance(canonical(kind, text), str)
    assert canonical(kind, text) != canonical(kind, f"{text}x")


@given(st.sampled_from(["AVRO", "JSON", "PROTOBUF", "XML"]), st.text(max_size=200))
@settings(deadline=None)
def test_no_text_is_too_strange(kind: str, text: str) -> None:
    assert canonical(kind, text) == canonical(kind, text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("string", "AVRO"),
        ('"string"', "AVRO"),
        ('{"type":"record","name":"A","fields":[]}', "AVRO"),
        ('["null","long"]', "AVRO"),
        ('{"type":"array","items":"int"}', "AVRO"),
        ('{"type":"object"}', "JSON"),
        ('{"$schema":"x","type":"string"}', "JSON"),
        ('{"oneOf":[]}', "JSON"),
        ('syntax = "proto3"; message M {}', "PROTOBUF"),
    ],
)
def test_the_type_of_a_schema_is_told_by_its_text_where_no_registry_does(
    text: str, kind: str
) -> None:
    assert kind_of(text) == kind
