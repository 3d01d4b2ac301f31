"""Whether a wave's services could work on the target: what their own probes have said last.

Runs nothing. A probe that has not answered says nothing, and is never taken for one that passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cockpit.core.facts import Facts
from cockpit.core.observe import Unknown
from cockpit.core.plan import ClientProbeGate, Plan, Service, Wave
from cockpit.core.survey import ClientProbe, ClientProbesSurvey

FEED: Final = "client_probes"
NAMED: Final = 3
"""How many probes are quoted."""
_LEAST_MS: Final = 5_000
_MOST_MS: Final = 60_000


def probed_waves(plan: Plan) -> tuple[Wave, ...]:
    """Waves that may not begin before their services' probes have passed."""
    return tuple(
        wave for wave in plan.waves if any(isinstance(g, ClientProbeGate) for g in wave.gates)
    )


def every_ms(wave: Wave) -> int:
    """How often its probes run: a few times within the age at which they no longer count."""
    ages = [g.max_age_ms for g in wave.gates if isinstance(g, ClientProbeGate)]
    return min(max(min(ages) // 3, _LEAST_MS), _MOST_MS)


def failed_probes(services: Sequence[Service], facts: Facts) -> tuple[int, int, str] | Unknown:
    """How many probes of these services have failed, when the oldest of them ran (UTC ms), and the
    evidence; unknown as soon as one has not answered."""
    failure = facts.failures.get(FEED)
    if failure is not None:
        return Unknown(failure.reason)
    survey = facts.survey(ClientProbesSurvey, FEED)
    found = survey.probes if survey is not None else {}
    bad: list[str] = []
    times: list[int] = []
    for service in services:
        probe = found.get(service.name)
        if probe is None:
            return Unknown(f"the probe of {service.name} has not run yet")
        if probe.passed is None:
            return Unknown(f"the probe of {service.name}: {probe.text}")
        times.append(probe.at_ms)
        if not probe.passed:
            bad.append(f"{service.name} {probe.text}")
    if not times:
        return Unknown("the wave has no service")
    count = f"{len(times)} probe{'' if len(times) == 1 else 's'}"
    evidence = f"{count} ended with status 0{_said(services, found)}"
    if bad:
        evidence = f"{len(bad)} of {len(times)} fail, first: {bad[0]}"
    return len(bad), min(times), evidence


def _said(services: Sequence[Service], found: Mapping[str, ClientProbe]) -> str:
    """What they printed last, in brackets. It is their word: nobody else has seen what they did."""
    said = [f"{one.name}: {found[one.name].text}" for one in services if found[one.name].text]
    if not said:
        return ""
    more = f" and {len(said) - NAMED} more" if len(said) > NAMED else ""
    return f" ({'; '.join(said[:NAMED])}{more})"
