"""The plan's connectors and every one of their tasks: a RUNNING connector may hold a dead task.

Shown among the checks; a parity gate does not count them.
"""

from __future__ import annotations

from cockpit.core.facts import Facts
from cockpit.core.observe import ConnectorState
from cockpit.core.plan import Plan
from cockpit.core.snapshot import CheckView
from cockpit.core.survey import ConnectSurvey


def connectors(plan: Plan, facts: Facts) -> tuple[CheckView, ...]:
    """One check for each connector that the mirror's feed or a survey of Connect told of."""
    mirror, survey = facts.newest_mirror(), facts.survey(ConnectSurvey, "connect")
    states = {c.name: c for c in (survey.connectors if survey else ())}
    states |= {c.name: c for c in (mirror.connectors if mirror else ())}
    wanted = (plan.replication.source_connector, plan.replication.checkpoint_connector)
    checks = [_check(state, state.name in wanted) for _, state in sorted(states.items())]
    for name, reason in sorted((survey.unknown if survey else {}).items()):
        if name not in states:
            checks.append(CheckView("connector", name, "unknown", "?", "?", reason))
    return tuple(checks)


def _check(connector: ConnectorState, wanted: bool) -> CheckView:
    tasks = ", ".join(f"{t.id} {t.state}" for t in connector.tasks) or "no tasks"
    bad = connector.state != "RUNNING" or any(t.state != "RUNNING" for t in connector.tasks)
    cause = next((t.cause for t in connector.tasks if t.cause), "")
    word = "open" if bad else "equal"
    if bad and not wanted:
        word, cause = "noted", f"not one of the plan's; {cause}".rstrip("; ")
    return CheckView("connector", connector.name, word, connector.state, tasks, cause)  # type: ignore[arg-type]  # one of three literals
