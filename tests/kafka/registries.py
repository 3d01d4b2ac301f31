"""Registries for tests, real and fake behind one handle, and a pen that writes into them."""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from cockpit.core.plan import RegistrySpec, Side
from cockpit.kafka.registry import RegistryReader
from tests.kafka.clock import RealClock

ORDER = json.dumps(
    {"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]}, indent=1
)
ORDER_2 = ORDER.replace(
    '"long"\n  }', '"long"\n  }, {"name": "note", "type": "string", "default": ""}'
)
CLICK = json.dumps({"type": "object", "properties": {"at": {"type": "integer"}}})
MONEY = 'syntax = "proto3"; package pay; message Money { int64 cents = 1; }'
PAYMENT = 'syntax = "proto3"; import "money.proto"; message Payment { pay.Money amount = 1; }'


@dataclass(frozen=True)
class Pen:
    """Writes into the registry at a base address."""

    url: str

    async def register(self, subject: str, text: str, kind: str = "AVRO", **more: Any) -> int:
        """A new version of a subject; the id."""
        body = {"schema": text, **({} if kind == "AVRO" else {"schemaType": kind}), **more}
        return int((await self._send("POST", f"{_at(subject)}/versions", body))["id"])

    async def delete(self, subject: str, *, softly: bool = False) -> None:
        """Delete a subject for good, which takes two steps, or take the first one only."""
        await self._send("DELETE", _at(subject))
        if softly:
            return
        await self._send("DELETE", f"{_at(subject)}?permanent=true")

    async def level(self, level: str, subject: str = "") -> None:
        """Set a compatibility level, of a subject or of all."""
        path = f"config/{quote(subject, safe='')}" if subject else "config"
        await self._send("PUT", path, {"compatibility": level})

    async def _send(self, method: str, path: str, body: object = None) -> Any:
        async with httpx.AsyncClient(timeout=20.0, trust_env=False) as http:
            reply = await http.request(method, f"{self.url}/{path}", json=body)
        assert reply.is_success, (method, path, reply.status_code, reply.text)
        return reply.json()


def _at(subject: str) -> str:
    return f"subjects/{quote(subject, safe='')}"


def reader_of(
    url: str,
    side: Side = "source",
    *,
    timeout_ms: int = 5_000,
    ids: AbstractSet[int] = frozenset(),
) -> RegistryReader:
    """A reader of the registry at a base address."""
    spec, clock = RegistrySpec(url), RealClock()
    return RegistryReader(side, spec, clock, lambda ref: ref.name, timeout_ms=timeout_ms, ids=ids)


async def fill(pen: Pen) -> dict[str, int]:
    """The same few subjects into any registry; ids by `subject version`."""
    money = await pen.register("pay/money", MONEY, "PROTOBUF")
    reference = {"name": "money.proto", "subject": "pay/money", "version": 1}
    return {
        "pay/money 1": money,
        "orders-value 1": await pen.register("orders-value", ORDER),
        "orders-value 2": await pen.register("orders-value", ORDER_2),
        "clicks-value 1": await pen.register("clicks-value", CLICK, "JSON"),
        "payments-value 1": await pen.register(
            "payments-value", PAYMENT, "PROTOBUF", references=[reference]
        ),
    }
