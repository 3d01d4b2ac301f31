"""The schemas of the lab's bank, in a registry on each side.

Registered in one order on both, so that each has the same id. What differs on the target: the
history of logins was left out, with a hole where its id would be, and one compatibility level was
forgotten. Never reads what the cockpit says about it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import httpx

from cockpit.lab.bank import LOGINS, SCORES, STATEMENTS, TRANSFERS
from cockpit.lab.home import LabError
from cockpit.lab.workload import Side

LEVEL: Final = "BACKWARD"
FORGOTTEN: Final = f"{SCORES}-value"
"""Whose level nobody has set on the target."""
WITHOUT_HISTORY: Final = f"{LOGINS}-value"
"""Whose first version is on the source alone."""
HOLE: Final = "hole"
"""A subject that is there for as long as it takes to use up an id."""


def _schema(title: str, *more: str) -> str:
    fields = {"producer": "string", "seq": "integer", "at_ms": "integer"}
    properties = {name: {"type": kind} for name, kind in fields.items()}
    properties |= {name: {"type": "number"} for name in more}
    return json.dumps({"title": title, "type": "object", "properties": properties})


VERSIONS: Final[tuple[tuple[str, str], ...]] = (
    (f"{TRANSFERS}-value", _schema("transfer")),
    (WITHOUT_HISTORY, _schema("login")),
    (FORGOTTEN, _schema("score")),
    (f"{STATEMENTS}-value", _schema("statement", "amount")),
    (f"{TRANSFERS}-value", _schema("transfer", "fee")),
    (WITHOUT_HISTORY, _schema("login", "branch")),
)
"""Subject and schema of each version, in the order of their ids."""


def registered(side: Side) -> tuple[tuple[str, str], ...]:
    """What is registered on a side, in this order."""
    if side == "source":
        return VERSIONS
    first = VERSIONS.index(next(v for v in VERSIONS if v[0] == WITHOUT_HISTORY))
    return (*VERSIONS[:first], (HOLE, _schema(HOLE)), *VERSIONS[first + 1 :])


def levels(side: Side) -> Mapping[str, str]:
    """Compatibility by subject."""
    names = dict.fromkeys(name for name, _ in VERSIONS)
    return {n: LEVEL for n in names if side == "source" or n != FORGOTTEN}


async def fill(http: httpx.AsyncClient, base: str, side: Side) -> None:
    """Register everything in an empty registry. Raises LabError."""
    for subject, text in registered(side):
        body = {"schema": text, "schemaType": "JSON"}
        await _send(http, "POST", f"{base}/subjects/{subject}/versions", body)
        if subject == HOLE:
            for how in ("", "?permanent=true"):
                await _send(http, "DELETE", f"{base}/subjects/{subject}{how}")
    for subject, level in levels(side).items():
        await _send(http, "PUT", f"{base}/config/{subject}", {"compatibility": level})


async def _send(http: httpx.AsyncClient, method: str, url: str, body: object | None = None) -> None:
    reply = await http.request(method, url, json=body, timeout=20.0)
    if not reply.is_success:
        raise LabError(f"a registry refused {method} {url}: {reply.status_code} {reply.text[:200]}")
