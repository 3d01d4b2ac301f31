"""What holds for every registry, real or fake: one specification, run against each."""

from __future__ import annotations

from cockpit.core.observe import Unknown
from cockpit.core.survey import RegistrySurvey, SchemaReference
from cockpit.kafka.registry import RegistryReader
from cockpit.kafka.schemas import canonical
from tests.kafka.clock import until
from tests.kafka.registries import CLICK, MONEY, ORDER, ORDER_2, PAYMENT, Pen, fill, reader_of

GONE = '{"type": "record", "name": "Gone", "fields": [{"name": "since", "type": "long"}]}'
GONE_JSON = '{"type": "object", "properties": {"gone": {"type": "boolean"}}}'
"""Contents that no other subject has: registries give one content one id."""


async def assert_everything_is_read(url: str, *, default: str) -> None:
    """Subjects, versions, ids, types, contents, references and levels."""
    pen = Pen(url)
    ids = await fill(pen)
    await pen.level("FULL", "orders-value")
    reader = reader_of(url)
    survey = await reader.read()
    again = await reader.read()
    await reader.close()
    assert again.subjects == survey.subjects
    found = {f"{s.name} {v.version}": v for s in survey.subjects.values() for v in s.versions}
    assert {name: version.id for name, version in found.items()} == ids
    assert {name: (version.type, version.content) for name, version in found.items()} == {
        "pay/money 1": ("PROTOBUF", canonical("PROTOBUF", MONEY)),
        "orders-value 1": ("AVRO", canonical("AVRO", ORDER)),
        "orders-value 2": ("AVRO", canonical("AVRO", ORDER_2)),
        "clicks-value 1": ("JSON", canonical("JSON", CLICK)),
        "payments-value 1": ("PROTOBUF", canonical("PROTOBUF", PAYMENT)),
    }
    assert found["payments-value 1"].references == (SchemaReference("money.proto", "pay/money", 1),)
    assert {name: subject.compatibility for name, subject in survey.subjects.items()} == {
        "pay/money": None,
        "orders-value": "FULL",
        "clicks-value": None,
        "payments-value": None,
    }
    assert survey.compatibility == default
    assert survey.asked_at_ms <= survey.answered_at_ms


async def assert_a_vanished_subject_vanishes(url: str) -> None:
    """It is not kept from an earlier reading, and comes back as what it then is."""
    pen, reader = Pen(url), reader_of(url)
    first = await pen.register("comes-and-goes", ORDER)
    assert (await reader.read()).subjects["comes-and-goes"].versions[0].id == first
    await pen.delete("comes-and-goes")
    assert "comes-and-goes" not in (await reader.read()).subjects
    second = await pen.register("comes-and-goes", CLICK, "JSON")
    found = (await reader.read()).subjects["comes-and-goes"].versions
    assert [(version.type, version.id) for version in found] == [("JSON", second)]
    await pen.delete("comes-and-goes")
    await reader.close()


async def assert_an_id_that_no_subject_lists_resolves(url: str) -> None:
    """Softly deleted, a schema is still what records with its id are."""
    pen = Pen(url)
    kept = await pen.register("soft", GONE)
    clicks = await pen.register("soft", GONE_JSON, "JSON")
    ids = {kept, clicks, 987_654}
    reader = reader_of(url, ids=ids)
    try:
        assert (await reader.read()).unlisted == {}
        await pen.delete("soft", softly=True)
        survey = await _read_whole(reader)
        assert "soft" not in survey.subjects
        found = {
            number: (schema.type, schema.content)
            for number, schema in survey.unlisted.items()
            if not isinstance(schema, Unknown)
        }
        assert found == {
            kept: ("AVRO", canonical("AVRO", GONE)),
            clicks: ("JSON", canonical("JSON", GONE_JSON)),
        }
    finally:
        await reader.close()


async def _read_whole(reader: RegistryReader) -> RegistrySurvey:
    """A survey in which nothing is unknown for being late."""
    found: list[RegistrySurvey] = []

    async def whole() -> bool:
        found.append(await reader.read())
        return not any(isinstance(schema, Unknown) for schema in found[-1].unlisted.values())

    await until(whole, timeout_s=20)
    return found[-1]
