"""CallService: an owner's system is asked, over HTTP or by a program, to move a service.

Never decides whether that worked: the clusters show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cockpit.core.actions import CallService, Errand, Finding
from cockpit.core.errands import call_of
from cockpit.core.plan import CommandCall, HttpCall, Manual, Plan
from cockpit.kafka.effects.calls import make_call
from cockpit.kafka.http import Http
from cockpit.kafka.text import one_line
from cockpit.ports import PortError


class ServiceCalls:
    """Controls of the plan's services, and the calls of its waves."""

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
        self._plan = plan
        self._http = http

    async def check(self, action: CallService | Errand) -> Finding:
        """Nothing can be read from a control."""
        self._control(action)
        return Finding(None, "a control cannot be read")

    async def do(self, action: CallService | Errand) -> Mapping[str, Any]:
        """Make the call. Raises PortError or OutcomeUnknownError."""
        if isinstance(action, Errand):
            what = f"{action.part} of wave {action.wave}"
        else:
            what = f"{action.verb} of {action.service}"
        return await make_call(self._http, self._control(action), what)

    def _control(self, action: CallService | Errand) -> HttpCall | CommandCall:
        if isinstance(action, Errand):
            call = call_of(self._plan, action)
            if call is None:
                raise PortError("protocol", one_line(f"the plan has no such call: {action.what}"))
            return call
        match self._controls.get((action.service, action.verb)):
            case HttpCall() | CommandCall() as control:
                return control
            case Manual():
                what = f"{action.verb} of {action.service} is done by a person"
                raise PortError("protocol", one_line(what))
            case None:
                raise PortError("protocol", one_line(f"the plan has no service {action.service}"))
