"""One number from a Prometheus, or from whatever speaks its HTTP interface.

Never adds up, averages or picks: a query that does not answer with exactly one number is unknown.
Source: the HTTP interface `/api/v1/query` of Prometheus 2 and 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from cockpit.core.observe import FailureKind, Unknown
from cockpit.kafka.http import Http, Reply, where
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

_FIRST_TIME_S: Final = 1_000_000_000
"""A time before 2001 is none: whoever answered did not understand `timestamp()`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer: the number, and its time by the server's clock in seconds since 1970."""

    value: float | Unknown
    at_s: float
    vector: bool
    """Its samples have times of their own, which `timestamp()` tells."""


async def instant_query(
    http: Http,
    base: str,
    query: str,
    *,
    now_ms: Callable[[], int],
    max_age_ms: int,
    timeout_ms: int,
) -> float | Unknown:
    """The number that a query has now; Unknown with the reason, also when it is too old.

    The time in an answer is that of the evaluation; a second query asks for the time of the sample
    itself, which Prometheus knows for plain selectors. Raises PortError.
    """
    found = await _ask(http, base, query, timeout_ms)
    if isinstance(found, Unknown):
        return found
    if isinstance(found.value, Unknown):
        return found.value
    late_ms = now_ms() - found.at_s * 1000
    if late_ms > max_age_ms:
        return _stale(late_ms, "the answer, or its clock,")
    if found.vector:
        sampled_at_s = await _sampled_at_s(http, base, query, timeout_ms)
        age_ms = (found.at_s - sampled_at_s) * 1000 if sampled_at_s is not None else 0
        if age_ms > max_age_ms:
            return _stale(age_ms, "the newest sample")
    return found.value


def _stale(age_ms: float, what: str) -> Unknown:
    return Unknown(f"stale: {what} is {age_ms / 1000:.1f} s old")


async def _sampled_at_s(http: Http, base: str, query: str, timeout_ms: int) -> float | None:
    """When the one sample of a query was taken; None where nobody can say."""
    # A comment in the query would swallow the parentheses but for the line end.
    try:
        found = await _ask(http, base, f"timestamp(({query}\n))", timeout_ms)
    except PortError as error:
        if error.kind == "protocol":
            return None
        raise
    if isinstance(found, Unknown) or isinstance(found.value, Unknown):
        return None
    return found.value if found.value >= _FIRST_TIME_S else None


async def _ask(http: Http, base: str, query: str, timeout_ms: int) -> Reading | Unknown:
    url = f"{base.rstrip('/')}/api/v1/query?{urlencode({'query': query})}"
    reply = await http.request("GET", url, timeout_ms=timeout_ms)
    if not reply.ok:
        kind: FailureKind = "refused" if reply.status in (401, 403) else "protocol"
        text = f"Prometheus at {where(url)}: HTTP {reply.status}{_said(reply)}"
        raise PortError(kind, one_line(text))
    body = reply.json("Prometheus")
    if not isinstance(body, dict) or body.get("status") != "success":
        raise PortError("protocol", one_line(f"Prometheus at {where(url)}: no success"))
    warnings = body.get("warnings")
    for warning in warnings if isinstance(warnings, list) else ():
        # As when one of several stores did not answer: the number would be a part of the truth.
        if not str(warning).startswith("PromQL info"):
            return Unknown(one_line(f"the answer comes with a warning: {warning}"))
    return one_reading(body.get("data"))


def _said(reply: Reply) -> str:
    try:
        body = reply.json("")
    except PortError:
        return ""
    said = body.get("error") if isinstance(body, dict) else None
    return f": {said}" if isinstance(said, str) else ""


def one_reading(data: Any) -> Reading | Unknown:  # noqa: ANN401 - JSON
    """The one sample of an instant query's `data`, or why there is none."""
    match data:
        case {"resultType": "scalar", "result": [int() | float() as at_s, str(text)]}:
            return Reading(_number(text), float(at_s), vector=False)
        case {"resultType": "vector", "result": []}:
            return Unknown("the query finds no sample")
        case {"resultType": "vector", "result": [{"value": [int() | float() as at_s, str(text)]}]}:
            return Reading(_number(text), float(at_s), vector=True)
        case {"resultType": "vector", "result": [_]}:
            return Unknown("the sample is no number")
        case {"resultType": "vector", "result": [*samples]}:
            return Unknown(f"the query finds {len(samples)} samples; it must find exactly one")
        case {"resultType": str(kind)}:
            return Unknown(one_line(f"the query answers with a {kind}, which is no number", 80))
        case _:
            raise PortError("protocol", "Prometheus: unexpected JSON")


def _number(text: str) -> float | Unknown:
    """A sample's value, as Go writes floats."""
    try:
        number = float(text)
    except ValueError:
        return Unknown(one_line(f"{text} is no number"))
    return number if math.isfinite(number) else Unknown(f"the query's value is {number}")
