"""A request that a plan asks for. A value: nothing is requested here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class HttpCall:
    """An HTTP request that an owner's system answers with a 2xx when it is done."""

    url: str
    method: Literal["POST", "PUT", "GET"] = "POST"
    timeout_ms: int = 30_000
