"""Numbers from outside Kafka: from JSON over HTTP, a Prometheus, or a program.

Never turns what is not a finite number into one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import assert_never

from cockpit.core.observe import SignalSample, Unknown
from cockpit.core.plan import SignalSpec
from cockpit.kafka.command import first_number, output_of
from cockpit.kafka.http import Http, where
from cockpit.kafka.prometheus import instant_query
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError


class PlanSignals:
    """The plan's signals behind the Signals port."""

    def __init__(self, specs: Iterable[SignalSpec], clock: Clock) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._clock = clock
        self._http = Http()

    async def read(self, name: str) -> SignalSample:
        """One reading. Raises PortError when there is no answer, or one that says it is none."""
        spec = self._specs.get(name)
        if spec is None:
            raise PortError("protocol", one_line(f"the plan has no signal {name}"))
        asked_at_ms = self._clock.now_ms()
        try:
            value = await self._value(spec)
        except PortError as error:
            raise PortError(error.kind, one_line(f"signal {name}: {error.reason}")) from error
        return SignalSample(name, asked_at_ms, self._clock.now_ms(), value)

    async def _value(self, spec: SignalSpec) -> float | Unknown:
        match spec.kind:
            case "http":
                return await self._http_value(spec)
            case "prometheus":
                return await instant_query(
                    self._http,
                    spec.url,
                    spec.query,
                    now_ms=self._clock.now_ms,
                    max_age_ms=spec.max_age_ms,
                    timeout_ms=_patience(spec),
                )
            case "command":
                return first_number(await output_of(spec.argv, timeout_ms=_patience(spec)))
            case _:
                assert_never(spec.kind)

    async def _http_value(self, spec: SignalSpec) -> float | Unknown:
        reply = await self._http.request("GET", spec.url, timeout_ms=_patience(spec))
        if not reply.ok:
            raise PortError("protocol", f"{where(spec.url)}: HTTP {reply.status}")
        return number_at(reply.json(where(spec.url)), spec.path)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._http.close()


def _patience(spec: SignalSpec) -> int:
    """An answer older than its greatest age is of no use, so nobody waits longer for it."""
    return min(max(spec.max_age_ms, 500), 5_000)


def number_at(body: object, path: str) -> float | Unknown:
    """The number at a dotted path such as `errors.ratio` or `0.value`, or why there is none."""
    found = body
    for step in path.split("."):
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return Unknown(one_line(f"no {step} in the answer (path {path})"))
    if isinstance(found, bool) or not isinstance(found, int | float):
        return Unknown(one_line(f"{path} is no number but {_kind(found)}"))
    try:
        number = float(found)
    except OverflowError:
        return Unknown(one_line(f"{path} is too large"))
    return number if math.isfinite(number) else Unknown(one_line(f"{path} is {number}"))


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "an object"
