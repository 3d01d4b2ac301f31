"""One call of the plan: over HTTP or by a program; done, refused, or nobody can say.

Never decides whether it had the effect that it is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cockpit.core.plan import CommandCall, HttpCall
from cockpit.kafka.command import obeyed
from cockpit.kafka.effects.outcome import changing
from cockpit.kafka.http import Http, where
from cockpit.kafka.text import one_line
from cockpit.ports import OutcomeUnknownError, PortError


async def make_call(http: Http, call: HttpCall | CommandCall, what: str) -> Mapping[str, Any]:
    """Make it. Raises PortError or OutcomeUnknownError."""
    if isinstance(call, CommandCall):
        http.check_gate()
        await obeyed(call.argv, timeout_ms=call.timeout_ms, what=what)
        return {"status": 0}
    what = f"{what} at {where(call.url)}"
    with changing():
        reply = await http.request(call.method, call.url, timeout_ms=call.timeout_ms, changes=True)
    if reply.status >= 500:
        raise OutcomeUnknownError(one_line(f"{what}: HTTP {reply.status}{reply.said()}"))
    if not reply.ok:
        raise PortError("refused", one_line(f"{what}: HTTP {reply.status}{reply.said()}"))
    return {"status": reply.status}
