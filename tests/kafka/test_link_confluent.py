"""Confluent Cluster Linking, on exchanges that were written from its documentation: none of them
was recorded from a real service."""

from __future__ import annotations

import base64
import copy
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.kafka.http import Http
from cockpit.kafka.links.confluent import ConfluentLink
from cockpit.ports import PortError

FIXTURE = Path(__file__).parents[1] / "fixtures" / "links" / "confluent.json"
LINK = "/kafka/v3/clusters/lkc-1/links/old-to-new"
Exchange = dict[str, Any]


class Service:
    """Answers as the exchanges say, and keeps what it was sent."""

    def __init__(self) -> None:
        known = json.loads(FIXTURE.read_text())
        assert "NOT recorded from a real service" in known["where_from"]
        self.exchanges: dict[tuple[str, str], Exchange] = {
            (one["method"], one["path"]): copy.deepcopy(one) for one in known["exchanges"]
        }
        self.sent: list[tuple[str, str, Any]] = []
        self.logins: set[str] = set()
        self.port = 0

    def link(self) -> ConfluentLink:
        http = Http(login=("key", "not-so-secret"))
        return ConfluentLink(http, f"http://127.0.0.1:{self.port}/", "lkc-1", "old-to-new")


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()

    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            found.sent.append((self.command, self.path, body))
            found.logins.add(self.headers.get("Authorization", ""))
            exchange = found.exchanges.get((self.command, self.path))
            answer = b"" if exchange is None else json.dumps(exchange["answer"]).encode()
            status = 404 if exchange is None else exchange["status"]
            self.send_response(status)
            answer = b"" if status == 204 else answer
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_POST = _answer  # noqa: N815  # the base's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, name="confluent", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_the_link_and_its_topics_are_told_with_positions_where_there_are_any(
    service: Service,
) -> None:
    link = service.link()
    status = await link.status()
    await link.close()
    assert (status.state, status.reason) == ("ACTIVE", "")
    assert {name: one.state for name, one in status.topics.items()} == {
        "scores": "ACTIVE",
        "matches": "STOPPED",
        "payments": "FAILED",
    }
    assert status.topics["scores"].positions == {0: 120}  # -1: nothing was fetched of the other
    assert status.topics["payments"].reason == "SOURCE_TOPIC_DELETED"
    login = base64.b64encode(b"key:not-so-secret").decode()
    assert service.logins == {f"Basic {login}"}


async def test_one_topic_is_promoted_by_name(service: Service) -> None:
    link = service.link()
    await link.promote("scores")
    assert service.sent == [("POST", f"{LINK}/mirrors:promote", {"mirror_topic_names": ["scores"]})]
    answer = service.exchanges["POST", f"{LINK}/mirrors:promote"]["answer"]["data"][0]
    answer |= {"error_code": 40002, "error_message": "not a mirror topic"}
    with pytest.raises(PortError, match="40002 not a mirror topic"):
        await link.promote("scores")
    await link.close()


async def test_of_the_group_filters_only_those_of_the_groups_are_changed(
    service: Service,
) -> None:
    link = service.link()
    assert await link.left_alone() == {"app-old"}
    await link.leave_alone(("app-board",), excluded=True)
    await link.leave_alone(("app-old",), excluded=False)
    await link.close()
    puts = [json.loads(body["value"]) for method, _, body in service.sent if method == "PUT"]
    everybody = {"name": "*", "patternType": "LITERAL", "filterType": "INCLUDE"}
    old, board = (
        {"name": name, "patternType": "LITERAL", "filterType": "EXCLUDE"}
        for name in ("app-old", "app-board")
    )
    assert puts == [{"groupFilters": [everybody, old, board]}, {"groupFilters": [everybody]}]


@pytest.mark.parametrize(
    ("path", "answer", "why"),
    [
        ("/mirrors", {"data": [{"mirror_topic_name": "scores"}]}, "makes no sense"),
        ("/mirrors", {"metadata": {"next": "http://x"}, "data": []}, "comes in pages"),
        ("", [], "makes no sense"),
    ],
)
async def test_what_is_not_understood_is_an_error_and_no_state(
    service: Service, path: str, answer: Any, why: str
) -> None:
    service.exchanges["GET", LINK + path]["answer"] = answer
    link = service.link()
    with pytest.raises(PortError, match=why):
        await link.status()
    await link.close()


async def test_a_refusal_has_the_service_s_own_words(service: Service) -> None:
    service.exchanges["GET", LINK] = {"status": 403, "answer": {"message": "no right to see it"}}
    link = service.link()
    with pytest.raises(PortError, match="403: no right to see it"):
        await link.status()
    await link.close()
