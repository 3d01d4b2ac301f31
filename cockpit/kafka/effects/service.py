"""CallService: an owner's system is asked over HTTP to stop, start or undo a service.

Never decides whether that worked: the clusters show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cockpit.core.actions import CallService, Finding
from cockpit.core.plan import HttpCall, Manual, Plan
from cockpit.kafka.effects.outcome import changing
from cockpit.kafka.http import Http, where
from cockpit.kafka.text import one_line
from cockpit.ports import OutcomeUnknownError, PortError


class ServiceCalls:
    """Controls of the plan's services."""

    def __init__(self, plan: Plan, http: Http) -> None:
        self._controls = {
            (service.name, verb): control
            for service in plan.services
            for verb, control in (
                ("stop", service.stop),
                ("start", service.start),
                ("undo", service.undo),
            )
        }
        self._http = http

    async def check(self, action: CallService) -> Finding:
        """Nothing can be read from an HTTP control."""
        self._call(action)
        return Finding(None, "an HTTP control cannot be read")

    async def do(self, action: CallService) -> Mapping[str, Any]:
        """Make the call. Raises PortError or OutcomeUnknownError."""
        call = self._call(action)
        what = f"{action.verb} of {action.service} at {where(call.url)}"
        with changing():
            reply = await self._http.request(call.method, call.url, timeout_ms=call.timeout_ms)
        if reply.status >= 500:
            raise OutcomeUnknownError(one_line(f"{what}: HTTP {reply.status}{reply.said()}"))
        if not reply.ok:
            raise PortError("refused", one_line(f"{what}: HTTP {reply.status}{reply.said()}"))
        return {"status": reply.status}

    def _call(self, action: CallService) -> HttpCall:
        match self._controls.get((action.service, action.verb)):
            case HttpCall() as call:
                return call
            case Manual():
                what = f"{action.verb} of {action.service} is done by a person"
                raise PortError("protocol", one_line(what))
            case None:
                raise PortError("protocol", one_line(f"the plan has no service {action.service}"))
