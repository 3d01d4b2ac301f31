"""The plan that moves the grid's hundred services in a week of eight waves, as YAML text.

For the lab with its addresses, for `sample-plans/voltus-week.yaml` with examples:
`python -m cockpit.lab.gridplan` prints that one. Never reads anything.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from cockpit.lab import mirror
from cockpit.lab.grid import GRID
from cockpit.lab.layout import Layout
from cockpit.lab.planlines import assembled, quoted, service_lines
from cockpit.lab.state import State


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything is. `control`: base URL of a service's controls, by its name."""

    environment: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    connect: str
    control: Callable[[str], str]
    hosts: tuple[str, ...]
    """Processes that tell the errors of all their services together."""
    tls: str
    """Folder of `ca.pem`, `cockpit.crt` and `cockpit.key`."""


EXAMPLE = Places(
    environment="PROD",
    source=tuple(f"kafka-old-{n}.example.internal:9092" for n in (1, 2, 3)),
    target=tuple(f"kafka-new-{n}.example.internal:9094" for n in (1, 2, 3)),
    connect="http://connect.example.internal:8083",
    control=lambda name: f"http://{name}.example.internal:9400",
    hosts=tuple(f"services-{n}" for n in (1, 2, 3, 4)),
    tls="tls",
)


def lab_places(layout: Layout, state: State) -> Places:
    """The addresses of a running lab."""
    return Places(
        environment="LAB",
        source=state.bootstrap("source"),
        target=state.bootstrap("target"),
        connect=state.url("connect"),
        control=state.url,
        hosts=tuple(state.profile.hosted()),
        tls=str(layout.tls),
    )


def grid_plan(places: Places) -> str:
    """The whole plan."""
    return assembled(
        _head(places),
        signals=(_signal(host, places) for host in places.hosts),
        services=(service_lines(w, places.control(w.name), "resume: exact") for w in GRID.works),
        approved=_APPROVED,
        waves=(_wave(name, names, places.hosts) for name, names in GRID.waves),
    )


def _head(places: Places) -> str:
    return f"""\
# A hundred services of an energy grid leave Kafka 1.0.2 in a week of eight waves.
# The source has no ACLs: writers are stopped and watched, nothing refuses them.
# The waves follow the graph: whoever reads what a service writes moves before it or with it.
cockpit: 1
name: voltus-week
environment: {places.environment}

source:
  bootstrap: [{quoted(places.source)}]
  security: {{protocol: plaintext}}
target:
  bootstrap: [{quoted(places.target)}]
  security:
    protocol: ssl
    ca: "{places.tls}/ca.pem"
    cert: "{places.tls}/cockpit.crt"
    key: "{places.tls}/cockpit.key"

replication: # 3.9: MirrorMaker of 4.x makes no topics from so old a source
  kind: mirrormaker2
  connect: "{places.connect}"
  connectors: {{source: {mirror.SOURCE_CONNECTOR}, checkpoint: {mirror.CHECKPOINT_CONNECTOR}}}
  policy: identity
"""


def _signal(host: str, places: Places) -> str:
    url = f"{places.control(host)}/"
    return f'  {host}-errors: {{http: "{url}", path: error_ratio, unit: ratio, max_age: 15s}}'


_APPROVED = """\
approved_differences:
  - topic: "*"
    config: segment.bytes
    why: "a setting of the old brokers; segment size changes no client"
    by: team-platform
  - topic: "*"
    config: max.message.bytes
    why: "the default has grown since 1.0: the target takes what the source takes"
    by: team-platform
  - topic: "*"
    config: message.timestamp.after.max.ms
    why: "a default of the new brokers; no service stamps a record ahead of its time"
    by: team-platform
"""


def _wave(name: str, names: tuple[str, ...], hosts: tuple[str, ...]) -> str:
    works = [GRID.work_of(service) for service in names]
    writes = any(work.produces for work in works)
    reads = any(work.consumes for work in works)
    places = (
        "\n      - offset_delta: {groups: wave, max_reread: 0, max_skipped: 0}" if reads else ""
    )
    fence = "{fence: {by: stop, deadline: 120s, at_zero: unfence}}, drain, " if writes else ""
    offsets = "offsets, " if reads else ""
    signals = "\n".join(
        f"      - signal: {{name: {host}-errors, max: 1%, for: 5s}}" for host in hosts
    )
    window = "" if writes else "    rollback_window: 24h\n"
    lag = "\n        - group_lag: {max: 50000, for: 10s}" if reads else ""
    trouble = "\n".join(
        f"        - signal: {{name: {host}-errors, max: 5%, for: 3s}}" for host in hosts
    )
    return f"""\
  - name: {name}
    services:
{chr(10).join(f"      - {service}" for service in names)}
    write_owner: {{before: source, after: {"target" if writes else "source"}}}
{window}    gates:
      - replication_lag: {{max: 200, for: 5s, max_age: 15s}}{places}
      - parity: {{topics: all, acls: none}}
{signals}
    steps: [stop, {fence}{offsets}start, {{soak: {{for: 10s}}}}]
    rollback:
      triggers:{lag}
{trouble}
      on_trigger: rollback{"" if not writes else chr(10) + "      after_no_return: pause"}"""


if __name__ == "__main__":
    sys.stdout.write(grid_plan(EXAMPLE))
