"""A registry is read whole; what one subject does not answer is Unknown for that one alone."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cockpit.core.observe import Unknown
from cockpit.core.plan import Login, RegistrySpec, SecretRef
from cockpit.core.survey import NO_MODES, RegistrySurvey
from cockpit.kafka.http import where
from cockpit.kafka.registry import RENEW_MS, RegistryReader
from cockpit.kafka.schemas import canonical
from cockpit.ports import PortError
from tests.kafka.clock import RealClock
from tests.kafka.fake_registry import FakeRegistry, fake_registry
from tests.kafka.http_server import Answer, http_server
from tests.kafka.registries import CLICK, ORDER, ORDER_2, Pen, reader_of
from tests.kafka.registry_cases import (
    assert_a_vanished_subject_vanishes,
    assert_an_id_that_no_subject_lists_resolves,
    assert_everything_is_read,
)

TLS = Path(__file__).parent / "tls"


@pytest.fixture(params=[True, False], ids=["pages", "one by one"])
async def registry(request: pytest.FixtureRequest) -> AsyncIterator[FakeRegistry]:
    async with fake_registry(lists=request.param) as found:
        yield found


async def read(registry: FakeRegistry) -> RegistrySurvey:
    reader = reader_of(registry.url)
    try:
        return await reader.read()
    finally:
        await reader.close()


async def failure(url: str) -> PortError:
    reader = reader_of(url, timeout_ms=400)
    try:
        with pytest.raises(PortError) as caught:
            await reader.read()
    finally:
        await reader.close()
    return caught.value


async def test_everything_is_read(registry: FakeRegistry) -> None:
    await assert_everything_is_read(registry.url, default="BACKWARD")


async def test_a_vanished_subject_vanishes(registry: FakeRegistry) -> None:
    await assert_a_vanished_subject_vanishes(registry.url)


async def test_an_id_that_no_subject_lists_resolves(registry: FakeRegistry) -> None:
    await assert_an_id_that_no_subject_lists_resolves(registry.url)


async def test_an_id_that_cannot_be_asked_for_is_unknown_with_its_reason(
    registry: FakeRegistry,
) -> None:
    registry.broken["/schemas/ids/7"] = Answer.of({"error_code": 500, "message": "x"}, 500)
    reader = reader_of(registry.url, ids={7, 8})
    (found,) = (await reader.read()).unlisted.items()
    await reader.close()
    assert found[0] == 7
    assert isinstance(found[1], Unknown)
    assert "schema id 7: HTTP 500" in found[1].reason


async def test_an_empty_registry_is_no_failure(registry: FakeRegistry) -> None:
    survey = await read(registry)
    assert survey.subjects == {}
    assert (survey.compatibility, survey.mode) == ("BACKWARD", "READWRITE")
    assert survey.feed == "source.registry"


async def test_modes_and_levels_of_the_registry_and_of_its_subjects(registry: FakeRegistry) -> None:
    for name in ("plain", "read only", "none"):
        registry.register(name, ORDER)
    registry.modes |= {"": "IMPORT", "read only": "READONLY"}
    registry.levels |= {"": "FULL_TRANSITIVE", "none": "NONE"}
    survey = await read(registry)
    assert (survey.compatibility, survey.mode) == ("FULL_TRANSITIVE", "IMPORT")
    assert {n: (s.compatibility, s.mode) for n, s in survey.subjects.items()} == {
        "plain": (None, None),
        "read only": (None, "READONLY"),
        "none": ("NONE", None),
    }


async def test_a_subject_with_settings_of_another_kind_has_no_level_of_its_own(
    registry: FakeRegistry,
) -> None:
    registry.register("orders", ORDER)
    registry.broken["/config/orders"] = Answer.of({"alias": "other", "compatibilityLevel": None})
    assert (await read(registry)).subjects["orders"].compatibility is None


def _ids(survey: RegistrySurvey) -> set[int]:
    return {version.id for subject in survey.subjects.values() for version in subject.versions}


async def test_pages_are_read_to_the_last_one() -> None:
    async with fake_registry(longest_page=7) as registry:
        for number in range(40):
            registry.register(f"s{number % 15}", ORDER.replace("Order", f"O{number}"))
        survey = await read(registry)
        assert len(_ids(survey)) == 40
        assert not any("/versions" in path for path in registry.paths)


async def test_a_registry_that_ignores_the_offset_is_read_one_by_one() -> None:
    async with fake_registry(longest_page=3, ignores_offset=True) as registry:
        for number in range(10):
            registry.register(f"s{number}", ORDER)
        assert len(_ids(await read(registry))) == 10


async def test_what_the_pages_leave_out_is_asked_for_by_itself() -> None:
    """As a subject of another context, or one that moved from page to page."""
    async with fake_registry() as registry:
        registry.register("orders", ORDER)
        registry.register(":.other:orders", ORDER_2)
        registry.broken["/schemas"] = Answer.of([])
        survey = await read(registry)
        assert {name: len(s.versions) for name, s in survey.subjects.items()} == {
            "orders": 1,
            ":.other:orders": 1,
        }


async def test_a_version_is_asked_for_once() -> None:
    async with fake_registry(lists=False) as registry:
        for text in (ORDER, ORDER_2, ORDER.replace("Order", "Other")):
            registry.register("orders", text)
        reader = reader_of(registry.url)
        first = await reader.read()
        assert sum("/versions/" in path for path in registry.paths) == 3
        registry.register("orders", ORDER.replace("Order", "Fourth"))
        await reader.read()
        paths = registry.paths
        assert "/subjects/orders/versions/1" in paths  # the newest is new: all are asked again
        await reader.read()
        asked = [path for path in registry.paths if "/versions/" in path]
        assert asked == ["/subjects/orders/versions/4"]
        assert first.subjects["orders"].versions[0].id == 1
        await reader.close()


async def test_a_subject_that_was_deleted_for_good_and_registered_anew_is_another() -> None:
    async with fake_registry(lists=False) as registry:
        registry.register("orders", ORDER)
        registry.register("orders", ORDER_2)
        reader = reader_of(registry.url)
        await reader.read()
        del registry.schemas["orders"]
        registry.register("orders", CLICK, "JSON")
        registry.register("orders", CLICK, "JSON")
        found = (await reader.read()).subjects["orders"].versions
        assert [(v.version, v.id, v.type) for v in found] == [(1, 3, "JSON"), (2, 4, "JSON")]
        await reader.close()


async def test_what_is_known_is_forgotten_in_time() -> None:
    class Clock(RealClock):
        ahead_ms = 0

        def now_ms(self) -> int:
            return super().now_ms() + self.ahead_ms

    async with fake_registry(lists=False) as registry:
        registry.register("orders", ORDER)
        registry.register("orders", ORDER_2)
        clock = Clock()
        reader = RegistryReader("target", RegistrySpec(registry.url), clock, lambda ref: ref.name)
        await reader.read()
        registry.schemas["orders"][1] = {**registry.schemas["orders"][1], "id": 99}
        assert (await reader.read()).subjects["orders"].versions[0].id == 1
        clock.ahead_ms = RENEW_MS + 1
        assert (await reader.read()).subjects["orders"].versions[0].id == 99
        await reader.close()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, b"<html>"),
        Answer(403, b'{"error_code":40301,"message":"no right"}'),
        Answer(404, b'{"error_code":404,"message":"nowhere"}'),
        Answer(200, b"<html>"),
        Answer(200, b"[{}]"),
        Answer(302, b""),
        Answer(200, b'{"compatibilityLevel":7,"mode":7}'),
    ],
    ids=["500", "403", "404 of a proxy", "no JSON", "a list", "302", "wrong type"],
)
@pytest.mark.parametrize("path", ["subjects/bad/versions", "config/bad", "mode/bad"])
async def test_one_subject_that_cannot_be_read_takes_no_other_with_it(
    path: str, answer: Answer
) -> None:
    async with fake_registry(lists=False) as registry:
        registry.register("bad", ORDER)
        registry.register("good", ORDER)
        registry.broken[f"/{path}"] = answer
        survey = await read(registry)
        assert survey.subjects["good"].unknown is None
        assert len(survey.subjects["good"].versions) == 1
        bad = survey.subjects["bad"]
        assert bad.unknown is not None
        assert bad.unknown.startswith("registry of the source, ")
        assert bad.versions == ()


async def test_a_version_without_a_sense_in_a_page_spoils_its_subject_only() -> None:
    async with fake_registry() as registry:
        registry.register("bad", ORDER)
        registry.register("good", ORDER)
        registry.schemas["bad"][1]["schema"] = None
        survey = await read(registry)
        assert survey.subjects["good"].unknown is None
        assert survey.subjects["bad"].unknown is not None


async def test_a_version_that_goes_while_it_is_read_is_gone() -> None:
    async with fake_registry(lists=False) as registry:
        registry.register("orders", ORDER)
        registry.register("orders", ORDER_2)
        gone = b'{"error_code":40402,"message":"Version 1 not found."}'
        registry.broken["/subjects/orders/versions/1"] = Answer(404, gone)
        assert [v.version for v in (await read(registry)).subjects["orders"].versions] == [2]


async def test_settings_that_cannot_be_read_are_unknown_with_their_reason() -> None:
    async with fake_registry() as registry:
        registry.register("orders", ORDER)
        registry.broken["/config"] = Answer(500, b'{"error_code":50001,"message":"store"}')
        registry.broken["/mode"] = Answer(404, b'{"error_code":0,"message":"not supported"}')
        survey = await read(registry)
        assert survey.compatibility == Unknown("registry of the source, config: HTTP 500: store")
        assert survey.mode == NO_MODES
        assert survey.subjects["orders"].mode is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(401), "refused"),
        (Answer(403), "refused"),
        (Answer(500), "protocol"),
        (Answer(404), "protocol"),
        (Answer(200, b"<html>"), "protocol"),
        (Answer(200, b'{"a": 1}'), "protocol"),
        (Answer(200, b"[1]"), "protocol"),
        (Answer(302, b"", (("Location", "http://127.0.0.1:1/"),)), "protocol"),
        (Answer(0), "unreachable"),
    ],
    ids=["401", "403", "500", "404", "no JSON", "object", "numbers", "302", "closed"],
)
async def test_a_registry_that_does_not_serve_is_a_failure(answer: Answer, kind: str) -> None:
    async with http_server(lambda _: answer) as server:
        assert (await failure(server.url)).kind == kind


async def test_a_silent_registry_is_a_failure_in_time() -> None:
    async with http_server(lambda _: Answer(None)) as server:
        assert (await failure(server.url)).kind == "slow"


async def test_a_registry_that_falls_silent_on_its_subjects_is_a_failure() -> None:
    async with fake_registry(lists=False) as registry:
        for number in range(20):
            registry.register(f"s{number}", ORDER)
            registry.broken[f"/subjects/s{number}/versions"] = Answer(None)
        assert (await failure(registry.url)).kind == "slow"


async def test_nothing_listens() -> None:
    found = await failure("http://127.0.0.1:1/apis/ccompat/v7")
    assert found.kind == "unreachable"
    assert "127.0.0.1:1" in found.reason


async def test_it_logs_in_and_shows_no_password() -> None:
    def answer(asked: object) -> Answer:
        return Answer(401, b'{"error_code":401,"message":"Unauthorized"}')

    async with http_server(answer) as server:
        login = Login("alice", SecretRef("env", "PASSWORD"))
        spec = RegistrySpec(server.url, login=login)
        reader = RegistryReader("target", spec, RealClock(), lambda _: "hunter2")
        with pytest.raises(PortError) as caught:
            await reader.read()
        await reader.close()
        assert caught.value.kind == "refused"
        assert "registry of the target" in caught.value.reason
        assert "hunter2" not in caught.value.reason
        sent = server.asked[0].headers["authorization"]
        assert sent == "Basic " + base64.b64encode(b"alice:hunter2").decode()


async def test_its_certificate_is_verified_by_the_plan_s_authorities() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(TLS / "server.pem")
    registry = FakeRegistry()
    async with http_server(registry.answer, tls=tls) as server:
        for ca_file, wanted in (
            (str(TLS / "ca.pem"), None),
            (None, "TLS certificate not trusted"),
            ("/no/such/ca.pem", "cannot use TLS file /no/such/ca.pem"),
        ):
            spec = RegistrySpec(server.url, ca_file=ca_file)
            reader = RegistryReader("source", spec, RealClock(), lambda ref: ref.name)
            if wanted is None:
                assert (await reader.read()).mode == "READWRITE"
            else:
                with pytest.raises(PortError) as caught:
                    await reader.read()
                assert wanted in caught.value.reason
            await reader.close()


async def test_names_from_a_registry_drive_no_terminal(registry: FakeRegistry) -> None:
    name = "a\x1b]0;owned\x07/../b?c=d#e"
    registry.register(name, ORDER)
    survey = await read(registry)
    assert survey.subjects[name].versions[0].content == canonical("AVRO", ORDER)
    registry.broken["/config/" + "a%1B%5D0%3Bowned%07%2F..%2Fb%3Fc%3Dd%23e"] = Answer(500)
    reason = (await read(registry)).subjects[name].unknown
    assert reason is not None
    assert "\x1b" not in reason


async def test_a_pen_writes_what_the_fake_holds() -> None:
    async with fake_registry() as registry:
        assert await Pen(registry.url).register("clicks", CLICK, "JSON") == 1
        assert where(registry.url).startswith("127.0.0.1")
