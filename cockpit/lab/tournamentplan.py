"""The plan that moves the tournaments over a link, as YAML text.

For the lab with its addresses, for `sample-plans/avia-linking.yaml` with examples:
`python -m cockpit.lab.tournamentplan` prints that one. Never reads anything.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from cockpit.lab.planlines import BETWEEN_VERSIONS, assembled, quoted, service_lines
from cockpit.lab.state import State
from cockpit.lab.tournament import TOURNAMENT
from cockpit.lab.workload import Work

LINK = "old-to-new"


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything is. `control`: base URL of a service's controls, by its name."""

    environment: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    link: str
    control: Callable[[str], str]


EXAMPLE = Places(
    environment="PROD",
    source=("kafka-old-1.example.internal:9092",),
    target=("kafka-new-1.example.internal:9092",),
    link="http://link.example.internal:8090",
    control=lambda name: f"http://{name}.example.internal:9400",
)


def lab_places(state: State) -> Places:
    """The addresses of a running lab."""
    return Places(
        environment="LAB",
        source=state.bootstrap("source"),
        target=state.bootstrap("target"),
        link=state.url("link"),
        control=state.url,
    )


def tournament_plan(places: Places) -> str:
    """The whole plan."""
    works = TOURNAMENT.works
    latencies = (_latency(work, places) for work in works if work.consumes)
    return assembled(
        _head(places),
        signals=(*(_signal(work, places) for work in works), *latencies),
        services=(service_lines(w, places.control(w.name), "resume: exact") for w in works),
        approved=BETWEEN_VERSIONS,
        waves=(_wave(name, names) for name, names in TOURNAMENT.waves),
    )


def _head(places: Places) -> str:
    return f"""\
# Live tournaments move over a link on the target, while they are played.
# Producers go first, in two batches and without a freeze: behind the link's proxy what they write
# on the target still goes to the source. Consumers follow. Then each topic is promoted for itself,
# and from there no way leads back.
cockpit: 1
name: avia-linking
environment: {places.environment}

source:
  bootstrap: [{quoted(places.source)}]
  security: {{protocol: plaintext}}
target:
  bootstrap: [{quoted(places.target)}]
  security: {{protocol: plaintext}}

replication: # the lab's stand-in for a link, which is no product
  kind: link
  api: stand-in
  url: "{places.link}"
  name: {LINK}
"""


def _signal(work: Work, places: Places) -> str:
    url = f"{places.control(work.name)}/status"
    return f'  {work.name}-errors: {{http: "{url}", path: error_ratio, unit: ratio, max_age: 15s}}'


def _latency(work: Work, places: Places) -> str:
    """From the making of a record to its being processed."""
    url = f"{places.control(work.name)}/status"
    return f'  {work.name}-latency: {{http: "{url}", path: latency_ms, unit: ms, max_age: 15s}}'


def _wave(name: str, names: tuple[str, ...]) -> str:
    works = [TOURNAMENT.work_of(service) for service in names]
    topics = sorted({topic for work in works for topic in work.consumes})
    return "\n".join(
        [
            f"  - name: {name}",
            f"    services: [{', '.join(names)}]",
            f"    write_owner: {{before: source, after: {'target' if topics else 'source'}}}",
            *([] if topics else ["    rollback_window: 24h"]),
            "    gates:",
            *(f"      - {gate}" for gate in _gates(works)),
            f"    steps: [{_steps(topics)}]",
            "    rollback:",
            "      triggers:",
            *(f"        - {trigger}" for trigger in _triggers(works)),
            "      on_trigger: rollback",
            *(["      after_no_return: pause"] if topics else []),
        ]
    )


def _gates(works: list[Work]) -> list[str]:
    gates = [
        "replication_lag: {max: 200, for: 5s, max_age: 15s}",
        "parity: {topics: all, acls: none}",
    ]
    if any(work.consumes for work in works):
        gates.append("offset_delta: {groups: wave, max_reread: 0, max_skipped: 0}")
    gates += [f"signal: {{name: {work.name}-errors, max: 1%, for: 5s}}" for work in works]
    readers = (work.name for work in works if work.consumes)
    return gates + [f"signal: {{name: {name}-latency, max: 2000, for: 5s}}" for name in readers]


def _steps(topics: list[str]) -> str:
    if not topics:
        return "stop, start, {soak: {for: 10s}}"
    promote = f"{{promote: {{topics: [{', '.join(topics)}]}}}}"
    return f"stop, offsets, start, {{soak: {{for: 10s}}}}, {promote}"


def _triggers(works: list[Work]) -> list[str]:
    reads = any(work.consumes for work in works)
    lag = ["group_lag: {max: 50000, for: 10s}"] if reads else []
    return lag + [f"signal: {{name: {work.name}-errors, max: 5%, for: 3s}}" for work in works]


if __name__ == "__main__":
    sys.stdout.write(tournament_plan(EXAMPLE))
