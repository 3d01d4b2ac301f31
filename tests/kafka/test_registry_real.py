"""The same against two real registries, which also go down, hang and come back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.core.facts import Facts, absorb
from cockpit.core.observe import Unknown
from cockpit.core.parity import checks
from cockpit.core.plan import SIDES, RegistrySpec
from cockpit.core.survey import NO_MODES, WindowsSurvey
from cockpit.lab.home import LabError
from cockpit.lab.registry import (
    Registry,
    RegistryServer,
    fetch_registry,
    start_registry,
    stop_registry,
)
from cockpit.ports import PortError
from cockpit.taskgroups import one_of
from tests.core.build import two_wave_plan
from tests.kafka.registries import CLICK, ORDER, PAYMENT, Pen, fill, reader_of
from tests.kafka.registry_cases import (
    assert_a_vanished_subject_vanishes,
    assert_an_id_that_no_subject_lists_resolves,
    assert_everything_is_read,
)

pytestmark = pytest.mark.broker


async def _start(folder: Path) -> tuple[RegistryServer, Registry, Registry]:
    server = await fetch_registry(lambda _: None)
    async with asyncio.TaskGroup() as group:
        source = group.create_task(start_registry(server, folder, "source"), name="source")
        target = group.create_task(start_registry(server, folder, "target"), name="target")
    return server, source.result(), target.result()


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RegistryServer, Registry, Registry]]:
    """Two registries, empty at first."""
    try:
        with one_of(LabError):
            found = asyncio.run(_start(tmp_path_factory.mktemp("registries")))
    except LabError as error:
        pytest.fail(f"the registries did not start: {error}", pytrace=False)
    yield found
    for registry in found[1:]:
        stop_registry(registry)


@pytest.fixture
async def spare(
    pair: tuple[RegistryServer, Registry, Registry], tmp_path: Path
) -> AsyncIterator[Registry]:
    """A registry to break."""
    registry = await start_registry(pair[0], tmp_path, "spare")
    yield registry
    stop_registry(registry)


async def test_everything_is_read(pair: tuple[RegistryServer, Registry, Registry]) -> None:
    await assert_everything_is_read(pair[1].url, default="NONE")


async def test_a_vanished_subject_vanishes(
    pair: tuple[RegistryServer, Registry, Registry],
) -> None:
    await assert_a_vanished_subject_vanishes(pair[1].url)


async def test_an_id_that_no_subject_lists_resolves(
    pair: tuple[RegistryServer, Registry, Registry],
) -> None:
    await assert_an_id_that_no_subject_lists_resolves(pair[1].url)


async def test_two_registries_give_one_schema_two_ids_and_one_content(
    pair: tuple[RegistryServer, Registry, Registry],
) -> None:
    source, target = Pen(pair[1].url), Pen(pair[2].url)
    for text in ('"bytes"', '"int"', '"long"', '"float"', '"double"', '"boolean"'):
        await target.register(f"dummy-{text}", text)
    await source.register("shared-value", ORDER)
    await target.register("shared-value", ORDER.replace("\n", "").replace("  ", ""))
    readers = reader_of(source.url), reader_of(target.url, "target")
    left, right = [(await reader.read()).subjects["shared-value"] for reader in readers]
    assert left.versions[0].content == right.versions[0].content
    assert left.versions[0].id != right.versions[0].id
    for reader in readers:
        await reader.close()


async def test_the_level_of_the_registry_counts_for_subjects_without_one(
    pair: tuple[RegistryServer, Registry, Registry],
) -> None:
    """This registry answers NONE for a subject without a level: that is not a level of its own."""
    pen, reader = Pen(pair[2].url), reader_of(pair[2].url, "target")
    await pen.register("inherits-value", ORDER)
    await pen.register("stricter-value", ORDER)
    await pen.level("FULL_TRANSITIVE", "stricter-value")
    await pen.level("BACKWARD")
    survey = await reader.read()
    assert survey.compatibility == "BACKWARD"
    assert survey.subjects["inherits-value"].compatibility is None
    assert survey.subjects["stricter-value"].compatibility == "FULL_TRANSITIVE"
    assert survey.mode == NO_MODES
    await reader.close()


async def test_a_killed_registry_is_unreachable_and_read_again_when_it_is_back(
    pair: tuple[RegistryServer, Registry, Registry], spare: Registry, tmp_path: Path
) -> None:
    reader = reader_of(spare.url, timeout_ms=1_500)
    await Pen(spare.url).register("orders-value", ORDER)
    assert set((await reader.read()).subjects) == {"orders-value"}
    os.kill(spare.process.pid, signal.SIGSTOP)
    with pytest.raises(PortError) as caught:
        await reader.read()
    assert caught.value.kind == "slow"
    spare.kill()
    with pytest.raises(PortError) as caught:
        await reader.read()
    assert caught.value.kind == "unreachable"
    back = await start_registry(pair[0], tmp_path, "back", port=spare.port)
    try:
        assert (await reader.read()).subjects == {}
    finally:
        stop_registry(back)
        await reader.close()


# --- planted differences --------------------------------------------------------------------------

GAUGE = json.dumps({"type": "record", "name": "Gauge", "fields": []})
EXTRA = 'syntax = "proto3"; package pay; message Extra { int64 x = 1; }'


async def _open(pair: tuple[Registry, Registry]) -> dict[str, str]:
    """What the real readers and the real judge call open, and why."""
    spec = RegistrySpec("http://127.0.0.1:1")
    plan = replace(two_wave_plan(), source_registry=spec, target_registry=spec)
    facts = Facts()
    for side, registry in zip(SIDES, pair, strict=True):
        reader = reader_of(registry.url, side)
        facts = absorb(facts, await reader.read())
        await reader.close()
    facts = absorb(facts, WindowsSurvey(1, 1, {}))
    found = checks("schemas", plan, facts)
    assert not isinstance(found, Unknown)
    assert not [c for c in found if c.word == "unknown" and "in records" not in c.name]
    return {check.name: check.why for check in found if check.word == "open"}


async def test_planted_schema_differences_are_found_and_none_is_invented(
    pair: tuple[RegistryServer, Registry, Registry], tmp_path: Path
) -> None:
    """Each one stays; what it adds must be about it. Apicurio has no modes to plant."""
    registries = []
    async with contextlib.AsyncExitStack() as stack:
        for side in SIDES:
            registry = await start_registry(pair[0], tmp_path, side)
            stack.callback(stop_registry, registry)
            registries.append(registry)
        both = (registries[0], registries[1])
        here, there = (Pen(registry.url) for registry in both)
        for pen in (here, there):
            await fill(pen)
            await pen.register("pay/extra", EXTRA, "PROTOBUF")
        seen = await _open(both)
        assert seen == {}

        async def adds(about: str, why: str) -> None:
            nonlocal seen
            now = await _open(both)
            new = {name: now[name] for name in now.keys() - seen.keys()}
            assert any(why in text for text in new.values()), (about, new)
            assert all(about in name or name.startswith("id ") for name in new), (about, new)
            seen = now

        await there.level("FULL", "clicks-value")
        await adds("clicks-value compatibility", "other changes are accepted")
        await here.register("orders-value", GAUGE)
        await adds("orders-value v3", "no such version on the target")
        await here.register("lone-value", GAUGE)
        await adds("lone-value", "no such subject on the target")
        await here.register("other-value", ORDER)
        await there.register("other-value", CLICK, "JSON")
        await adds("other-value v1", "another kind of schema")
        await here.register("text-value", GAUGE)
        await there.register("text-value", GAUGE.replace("Gauge", "Gouge"))
        await adds("text-value v1", "content differs")
        for pen, subject in ((here, "pay/money"), (there, "pay/extra")):
            reference = {"name": "money.proto", "subject": subject, "version": 1}
            await pen.register("import-value", PAYMENT, "PROTOBUF", references=[reference])
        await adds("import-value v1", "imports other schemas")
        await there.level("FORWARD")
        await adds("compatibility", "other changes are accepted")
