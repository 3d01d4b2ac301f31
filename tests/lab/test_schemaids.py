"""Ids of schemas in front of records: which registry is asked, and what cannot be read."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from cockpit.lab.schemaids import SchemaIds, UnknownSchemaError, id_of, without_id


@pytest.fixture
def registry() -> Iterator[str]:
    """A stand-in for a registry that knows one subject, `pay-value`, and its id 7 alone."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path in ("/subjects/pay-value/versions/latest", "/schemas/ids/7")
            body = json.dumps({"id": 7} if known else {"error_code": 40403}).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="registry", daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_records_of_some_topics_begin_with_the_id_of_their_newest_schema(
    registry: str,
) -> None:
    schemas = SchemaIds({"target": registry}, ("pay",))
    stamps = await schemas.stamps("target", ("pay", "plain"))
    assert stamps == {"pay": b"\0\0\0\0\7"}
    record = stamps["pay"] + b'{"seq": 1}'
    assert id_of(record) == 7
    assert without_id(record) == b'{"seq": 1}'


async def test_a_topic_without_ids_is_read_as_it_is() -> None:
    plain = b'{"seq": 1}'
    assert id_of(plain) is None
    assert without_id(plain) == plain
    assert id_of(b"\0\0") is None


async def test_a_record_can_be_read_where_its_registry_knows_the_id(registry: str) -> None:
    schemas = SchemaIds({"target": registry}, ("pay",))
    await schemas.check("target", [b"\0\0\0\0\7{}", b"{}"])
    with pytest.raises(UnknownSchemaError, match="no schema 8"):
        await schemas.check("target", [b"\0\0\0\0\x08{}"])


async def test_without_its_registry_nothing_is_read_and_nothing_is_written() -> None:
    schemas = SchemaIds({"target": "http://127.0.0.1:9"}, ("pay",))
    with pytest.raises(UnknownSchemaError):
        await schemas.check("target", [b"\0\0\0\0\7{}"])
    with pytest.raises(ConnectionError):
        await schemas.stamps("target", ("pay",))
