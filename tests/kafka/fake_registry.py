"""A fake of Confluent's schema registry, for what no real one here does: it is not the real one.

Its answers follow Confluent's REST resources: pages of `GET /schemas`, modes, `defaultToGlobal`,
ids of soft-deleted schemas, and the codes 40401, 40402, 40403, 40408 and 40409. It checks no
compatibility, understands no schema.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.kafka.http_server import Answer, Asked, HttpServer, http_server


@dataclass
class FakeRegistry:
    """What the registry holds, and how it misbehaves."""

    schemas: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    levels: dict[str, str] = field(default_factory=lambda: {"": "BACKWARD"})
    modes: dict[str, str] = field(default_factory=lambda: {"": "READWRITE"})
    lists: bool = True
    """Whether it has `GET /schemas`: Confluent 7.0 and newer."""
    longest_page: int = 1_000
    ignores_offset: bool = False
    broken: dict[str, Answer] = field(default_factory=dict)
    """Answers in place of the right one, by path."""
    next_id: int = 1
    deleted: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Soft-deleted versions by id: no list has them, and they resolve."""
    server: HttpServer | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    @property
    def paths(self) -> list[str]:
        """Paths that were asked for, and that list is emptied."""
        assert self.server is not None
        found = [urlsplit(asked.target).path for asked in self.server.asked]
        self.server.asked.clear()
        return found

    def register(self, subject: str, text: str, kind: str = "AVRO", **more: Any) -> int:
        """A new version of a subject; the id."""
        versions = self.schemas.setdefault(subject, {})
        number = max(versions, default=0) + 1
        entry = {"subject": subject, "version": number, "id": self.next_id, "schema": text, **more}
        versions[number] = entry if kind == "AVRO" else {**entry, "schemaType": kind}
        self.next_id += 1
        return self.next_id - 1

    def answer(self, asked: Asked) -> Answer:
        """One answer."""
        parts = urlsplit(asked.target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        path = [unquote(part) for part in parts.path.strip("/").split("/")]
        if parts.path in self.broken:
            return self.broken[parts.path]
        match asked.method, path:
            case "POST", ["subjects", name, "versions"]:
                body = json.loads(asked.body)
                kind = body.get("schemaType", "AVRO")
                more = {"references": body["references"]} if "references" in body else {}
                return Answer.of({"id": self.register(name, body["schema"], kind, **more)})
            case "DELETE", ["subjects", name]:
                gone = self.schemas.pop(name, {})
                self.deleted |= {entry["id"]: entry for entry in gone.values()}
                if "permanent" in query:
                    self.deleted = {i: e for i, e in self.deleted.items() if e["subject"] != name}
                return Answer.of(sorted(gone))
            case "PUT", ["config", *names]:
                self.levels["/".join(names)] = json.loads(asked.body)["compatibility"]
                return Answer.of({"compatibility": json.loads(asked.body)["compatibility"]})
            case "GET", _:
                return self._get(path, query)
            case _:
                return _error(405, 405, "no such method")

    def _get(self, path: list[str], query: dict[str, str]) -> Answer:
        match path:
            case ["schemas"] if self.lists:
                return Answer.of(self._page(int(query["offset"]), int(query["limit"])))
            case ["schemas", "ids", number]:
                return self._by_id(int(number))
            case ["subjects"]:
                return Answer.of(list(self.schemas))
            case ["subjects", name, "versions", *rest]:
                return self._versions(name, rest)
            case ["config", *names]:
                return _setting(self.levels, names, query, "compatibilityLevel", 40408)
            case ["mode", *names]:
                return _setting(self.modes, names, query, "mode", 40409)
            case _:
                return _error(404, 404, "HTTP 404 Not Found")

    def _page(self, offset: int, limit: int) -> list[dict[str, Any]]:
        entries = [v for versions in self.schemas.values() for v in versions.values()]
        at = 0 if self.ignores_offset else offset
        return entries[at : at + min(limit, self.longest_page)]

    def _by_id(self, number: int) -> Answer:
        """A schema by its id, soft-deleted ones too, as Confluent's registry answers."""
        listed = {v["id"]: v for versions in self.schemas.values() for v in versions.values()}
        entry = (self.deleted | listed).get(number)
        if entry is None:
            return _error(404, 40403, f"Schema {number} not found")
        kept = ("schema", "schemaType", "references")
        return Answer.of({key: value for key, value in entry.items() if key in kept})

    def _versions(self, name: str, rest: list[str]) -> Answer:
        versions = self.schemas.get(name)
        if versions is None:
            return _error(404, 40401, f"Subject '{name}' not found.")
        if not rest:
            return Answer.of(sorted(versions))
        number = int(rest[0])
        return Answer.of(versions[number]) if number in versions else _error(404, 40402, "Version")


def _setting(
    settings: dict[str, str], names: list[str], query: dict[str, str], key: str, code: int
) -> Answer:
    name = "/".join(names)
    own = settings.get(name)
    if own is None and query.get("defaultToGlobal") == "true":
        own = settings[""]
    return _error(404, code, f"{name} has none") if own is None else Answer.of({key: own})


def _error(status: int, code: int, message: str) -> Answer:
    return Answer.of({"error_code": code, "message": message}, status)


@contextlib.asynccontextmanager
async def fake_registry(**how: Any) -> AsyncIterator[FakeRegistry]:
    """A fake registry that serves."""
    registry = FakeRegistry(**how)
    async with http_server(registry.answer) as server:
        registry.server = server
        yield registry
