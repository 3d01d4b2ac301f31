"""The plan that moves the clickstream off a Kafka of 0.8.2 over two hops, as YAML text.

For the lab with its addresses, for `sample-plans/ec2-082-to-msk.yaml` with examples:
`python -m cockpit.lab.clickstreamplan` prints that one. Never reads anything.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cockpit.lab import mirror
from cockpit.lab.clickstream import CLICKSTREAM
from cockpit.lab.hopfiles import FIRST_HOP
from cockpit.lab.planlines import assembled, quoted, service_lines
from cockpit.lab.state import State
from cockpit.lab.workload import Work

TOLERATED: Final = 20_000
"""Records that the owner of the reports accepts to read twice."""
_OFFSETS: Final = {
    "archive": (
        "resume: earliest, accept_replay: {why: It files each record under its id, by: team-data}"
    ),
    "reports": f"resume: earliest, replay_tolerance: {TOLERATED}",
}
"""How groups find their places that do not go on where they stopped."""
_REREAD: Final = {"low-risk": 1_000_000}
"""What the gate of a wave lets its groups read again."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything is. `control`: base URL of a service's controls, by its name."""

    environment: str
    source: tuple[str, ...]
    zookeeper: tuple[str, ...]
    between: tuple[str, ...]
    target: tuple[str, ...]
    connect: str
    control: Callable[[str], str]


EXAMPLE: Final = Places(
    environment="PROD",
    source=tuple(f"kafka-old-{n}.example.internal:9092" for n in (1, 2, 3)),
    zookeeper=tuple(f"zookeeper-{n}.example.internal:2181" for n in (1, 2, 3)),
    between=("kafka-between-1.example.internal:9092",),
    target=tuple(f"kafka-new-{n}.example.internal:9092" for n in (1, 2, 3)),
    connect="http://connect.example.internal:8083",
    control=lambda name: f"http://{name}.example.internal:9400",
)


def lab_places(state: State) -> Places:
    """The addresses of a running lab."""
    return Places(
        environment="LAB",
        source=state.bootstrap("source"),
        zookeeper=(state.address("zookeeper"),),
        between=(state.address("between"),),
        target=state.bootstrap("target"),
        connect=state.url("connect"),
        control=state.url,
    )


def clickstream_plan(places: Places) -> str:
    """The whole plan."""
    works = CLICKSTREAM.works
    return assembled(
        _head(places),
        signals=(_signal(work, places) for work in works),
        services=(
            service_lines(w, places.control(w.name), _OFFSETS.get(w.name, "resume: exact"))
            for w in works
        ),
        approved=_READINESS,
        waves=(_wave(name, names) for name, names in CLICKSTREAM.waves),
    )


def _head(places: Places) -> str:
    return f"""\
# A clickstream leaves Kafka 0.8.2, which knows no groups, no ACLs and no configs by request.
# No mirror of today reads it: its own MirrorMaker brings the records to a Kafka in between, and
# MirrorMaker 2 from there. Offsets mean nothing over two hops: places are found in the records, or
# a group reads from the beginning, at a price that is told before it is paid.
cockpit: 1
name: ec2-082-to-msk
environment: {places.environment}

source:
  bootstrap: [{quoted(places.source)}]
  security: {{protocol: plaintext}}
  zookeeper: {{servers: [{quoted(places.zookeeper)}]}}
target:
  bootstrap: [{quoted(places.target)}]
  security: {{protocol: plaintext}}

replication:
  kind: mirrormaker2
  connect: "{places.connect}"
  connectors: {{source: {mirror.SOURCE_CONNECTOR}, checkpoint: {mirror.CHECKPOINT_CONNECTOR}}}
  policy: identity
  first_hop:
    group: {FIRST_HOP}
    bootstrap: [{quoted(places.between)}]
    security: {{protocol: plaintext}}
"""


def _signal(work: Work, places: Places) -> str:
    url = f"{places.control(work.name)}/status"
    return f'  {work.name}-errors: {{http: "{url}", path: error_ratio, unit: ratio, max_age: 15s}}'


_READINESS: Final = """\
readiness:
  exit:
    owner: team-platform
    decommission: "2026-12-31T12:00Z"
    retained: Brokers and ZooKeeper stay up for a full month end; then only disk snapshots, a year
    audit: The archive of this migration, packed by cockpit archive
"""


def _wave(name: str, names: tuple[str, ...]) -> str:
    works = [CLICKSTREAM.work_of(service) for service in names]
    writes = any(work.produces for work in works)
    reads = any(work.consumes for work in works)
    return "\n".join(
        [
            f"  - name: {name}",
            f"    services: [{', '.join(names)}]",
            f"    write_owner: {{before: source, after: {'target' if writes else 'source'}}}",
            *([] if writes else ["    rollback_window: 24h"]),
            "    gates:",
            *(f"      - {gate}" for gate in _gates(name, works, reads=reads)),
            f"    steps: [{', '.join(_steps(reads=reads, writes=writes))}]",
            "    rollback:",
            "      triggers:",
            *(f"        - {trigger}" for trigger in _triggers(works, reads=reads)),
            "      on_trigger: rollback",
            *(["      after_no_return: pause"] if writes else []),
        ]
    )


def _gates(name: str, works: list[Work], *, reads: bool) -> list[str]:
    # the first wave waits for a whole window in which the mirror kept up
    errors = [f"{work.name}-errors, max: 1%, for: 5s, max_age: 15s" for work in works]
    window = "over: 60s" if name == CLICKSTREAM.waves[0][0] else "for: 5s"
    most = _REREAD.get(name, 0)
    return [
        f"replication_lag: {{max: 200, {window}, max_age: 15s}}",
        *(
            [f"offset_delta: {{groups: wave, max_reread: {most}, max_skipped: 0, max_age: 15s}}"]
            if reads
            else []
        ),
        "parity: {topics: none, acls: none, records: all}",
        *(f"signal: {{name: {error}}}" for error in errors),
    ]


def _steps(*, reads: bool, writes: bool) -> list[str]:
    fence = ["{fence: {by: stop, deadline: 120s, at_zero: unfence}}", "drain"] if writes else []
    soak = "{soak: {for: 30s}}" if writes and not reads else "{soak: {for: 15s}}"
    return ["stop", *fence, *(["offsets", "probe"] if reads else []), "start", soak]


def _triggers(works: list[Work], *, reads: bool) -> list[str]:
    lag = ["group_lag: {max: 1000000, for: 10s}"] if reads else []
    return lag + [
        f"signal: {{name: {work.name}-errors, max: 5%, for: 3s, max_age: 15s}}" for work in works
    ]


if __name__ == "__main__":
    sys.stdout.write(clickstream_plan(EXAMPLE))
