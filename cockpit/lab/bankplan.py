"""The plan that moves the bank from a managed Kafka into its own cloud, as YAML text.

For the lab with its addresses, for `sample-plans/msk-to-byoc.yaml` with examples:
`python -m cockpit.lab.bankplan` prints that one. Never reads anything.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cockpit.lab import access, mirror
from cockpit.lab.bank import BANK
from cockpit.lab.layout import Layout
from cockpit.lab.planlines import BETWEEN_VERSIONS, assembled, quoted, service_lines
from cockpit.lab.state import State
from cockpit.lab.subjects import WITHOUT_HISTORY
from cockpit.lab.surroundings import registry_url
from cockpit.lab.workload import SIDES, Side, Work

SOAKS_S: Final = {"statements": 15, "readers": 10, "scoring": 10, "branches": 30}
FAILING_MAX: Final = "20%"
"""Of the clients that are at work, so many may fail."""
_WATCHED: Final = (BANK.work_of("scoring"),)
"""Whoever stands between all others: the next to fail when somebody does."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything is. `control`: base URL of a service's controls; `secret`: how the plan
    names the password of a principal on a side."""

    environment: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    authority: str
    connect: str
    registries: Callable[[Side], str]
    prometheus: str
    control: Callable[[str], str]
    secret: Callable[[str, str], str]
    probe: Callable[[str], tuple[str, ...]]
    """The program that tries whether a service could work on the target."""
    signed_at: str
    """When the owners of the readiness gates have signed."""
    decommission: str
    """When the source goes."""


EXAMPLE: Final = Places(
    environment="PROD",
    source=tuple(f"b-{n}.msk.example.internal:9096" for n in (1, 2, 3)),
    target=tuple(f"kafka-{n}.example.internal:9092" for n in (1, 2, 3)),
    authority="tls/ca.pem",
    connect="http://connect.example.internal:8083",
    registries=lambda side: f"https://registry-{side}.example.internal/apis/ccompat/v7",
    prometheus="http://prometheus.example.internal:9090",
    control=lambda name: f"http://{name}.example.internal:9400",
    secret=lambda user, side: f"${{env:{user.upper()}_ON_{side.upper()}}}",
    probe=lambda name: ("ssh", f"{name}.example.internal", "probe-target", "--principal", name),
    signed_at="2026-11-20T09:00Z",
    decommission="2027-02-26T00:00Z",
)


def lab_places(layout: Layout, state: State, now: datetime.datetime) -> Places:
    """The addresses of a running lab, whose gates were signed an hour ago."""
    return Places(
        environment="LAB",
        source=state.bootstrap("source", watch=True),
        target=state.bootstrap("target", watch=True),
        authority=str(layout.tls / "ca.pem"),
        connect=state.url("connect"),
        registries=lambda side: registry_url(state, side),
        prometheus=state.url("prometheus"),
        control=state.url,
        secret=lambda user, _side: f"${{file:{layout.secret(user)}}}",
        probe=lambda name: (*_PROBE, "--folder", str(layout.folder), "--name", name),
        signed_at=_instant(now - datetime.timedelta(hours=1)),
        decommission=_instant(now + datetime.timedelta(days=90)),
    )


_PROBE: Final = (sys.executable, "-m", "cockpit.lab.probe")


def _instant(at: datetime.datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%MZ}"


def bank_plan(places: Places) -> str:
    """The whole plan."""
    services = (_service(work, places) for work in BANK.works)
    return assembled(
        f"{_HEAD}environment: {places.environment}\n\n{_clusters(places)}",
        signals=_signals(places),
        services=services,
        approved="\n".join([_APPROVED, _EXCLUDED, *_readiness(places), ""]),
        waves=(_wave(name, names, places) for name, names in BANK.waves),
    )


def _service(work: Work, places: Places) -> str:
    base = places.control(work.name)
    lines = service_lines(work, base, "resume: exact, replay_tolerance: 0")
    return f"{lines}\n    probe: {{command: [{quoted(places.probe(work.name))}], timeout: 20s}}"


_HEAD = """\
# A bank leaves a managed Kafka for brokers in its own cloud. The first wave stands by itself and
# has all that a move is about: a writer, a reader, and a sink connector with its dead letters.
cockpit: 1
name: msk-to-byoc
"""

_APPROVED = f"""\
{BETWEEN_VERSIONS}\
  - schema: {WITHOUT_HISTORY}
    why: "no record of its first version is left; the history is not moved"
    by: team-branch
"""

_EXCLUDED: Final = """\
excluded:
  - {topic: "lab-connect-*", why: "the own topics of the old Connect", by: team-platform}
  - {group: lab-connect, why: "the own group of the old Connect", by: team-platform}
  - {acl: "User:connect", as: drop, why: "the old Connect goes with its cluster", by: team-platform}
  - {user: connect, as: drop, why: "the old Connect goes with its cluster", by: team-platform}
  - {acl: "User:mm2", as: drop, why: "the mirror goes with the source", by: team-platform}
  - {user: mm2, as: drop, why: "the mirror goes with the source", by: team-platform}
  - {acl: "User:canary", as: drop, why: "proves fences on the source, no more", by: team-platform}
  - {user: canary, as: drop, why: "proves fences on the source, no more", by: team-platform}
  - {user: admin, why: "each cluster has its own", by: team-platform}
  - {connector: mm2-heartbeat, as: drop, why: "goes with the mirror", by: team-platform}
  - {connector: warehouse, why: "stands there, stopped, until its wave starts it", by: team-data}
"""

_OWNERS: Final = (
    ("inventory", "team-platform"),
    ("replication", "team-streams"),
    ("offsets", "team-books"),
    ("security", "team-security"),
    ("cutover", "team-branch"),
    ("exit", "team-platform"),
)
"""Of each readiness gate."""


def _readiness(places: Places) -> list[str]:
    lines = ["readiness:"]
    for gate, owner in _OWNERS:
        signed = f'signed: {{by: {owner}, at: "{places.signed_at}"}}'
        if gate != "exit":
            lines.append(f"  {gate}: {{owner: {owner}, {signed}}}")
            continue
        lines += [
            f"  {gate}:",
            f"    owner: {owner}",
            f"    {signed}",
            f'    decommission: "{places.decommission}"',
            "    retained: all records of the last 90 days, in the archive",
            "    audit: the journals and recordings of each flight, in the archive",
        ]
    return lines


def _clusters(places: Places) -> str:
    def login(user: str, side: str) -> str:
        return f'username: {user}, password: "{places.secret(user, side)}"'

    registries = "\n".join(f'  {side}: {{url: "{places.registries(side)}"}}' for side in SIDES)
    return f"""\
source:
  bootstrap: [{quoted(places.source)}]
  security:
    protocol: sasl_ssl
    mechanism: scram-sha-512
    {login(access.COCKPIT, "source").replace(", ", _NEXT)}
    ca: "{places.authority}"
  canary: {{{login(access.CANARY, "source")}}}
target:
  bootstrap: [{quoted(places.target)}]
  security:
    protocol: sasl_plaintext
    mechanism: scram-sha-512
    {login(access.COCKPIT, "target").replace(", ", _NEXT)}
replication:
  kind: mirrormaker2
  connect: "{places.connect}"
  connectors: {{source: {mirror.SOURCE_CONNECTOR}, checkpoint: {mirror.CHECKPOINT_CONNECTOR}}}
  policy: identity
registries:
{registries}
"""


_NEXT = "\n    "


def _signals(places: Places) -> list[str]:
    lines = [
        f'  {work.name}-errors: {{http: "{places.control(work.name)}/status", '
        "path: error_ratio, unit: ratio, max_age: 30s}"
        for work in BANK.works
    ]
    for name, query, unit in (
        ("failing-clients", "avg(client_failing)", "ratio"),
        ("sink-duplicates", "sink_duplicates", "count"),
    ):
        lines += [
            f"  {name}:",
            f'    prometheus: "{places.prometheus}"',
            f"    query: {query}",
            f"    unit: {unit}",
            "    max_age: 30s",
        ]
    return lines


def _wave(name: str, names: tuple[str, ...], places: Places) -> str:
    works = [BANK.work_of(one) for one in names]
    writes = any(work.produces for work in works)
    return "\n".join(
        [
            f"  - name: {name}",
            f"    services: [{', '.join(names)}]",
            f"    write_owner: {{before: source, after: {'target' if writes else 'source'}}}",
            f"    approvers: [{', '.join(dict.fromkeys(work.owner for work in works))}]",
            *([] if writes else ["    rollback_window: 24h"]),
            "    gates:",
            *(f"      - {gate}" for gate in _gates(works)),
            f"    steps: [{_steps(name, works, writes=writes)}]",
            "    rollback:",
            "      triggers:",
            *(f"        - {trigger}" for trigger in _triggers(works)),
            "      on_trigger: rollback",
            *(["      after_no_return: pause"] if writes else []),
            *(_recovery(works, places) if writes else []),
        ]
    )


def _gates(works: list[Work]) -> list[str]:
    gates = ["replication_lag: {max: 200, for: 5s, max_age: 30s}", "client_probe: {max_age: 10m}"]
    if any(work.consumes for work in works):
        gates.append("offset_delta: {groups: wave, max_reread: 0, max_skipped: 0, max_age: 30s}")
    gates.append("parity: {topics: all, acls: all, schemas: all}")
    gates += [f"signal: {{name: {w.name}-errors, max: 1%, for: 5s, max_age: 30s}}" for w in works]
    gates.append("signal: {name: sink-duplicates, max: 0, for: 5s, max_age: 30s}")
    return gates


def _steps(name: str, works: list[Work], *, writes: bool) -> str:
    steps = ["stop"]
    if writes:
        steps += ["{fence: {deadline: 120s, at_zero: unfence}}", "drain"]
    if any(work.consumes for work in works):
        steps.append("offsets")
    return ", ".join([*steps, "start", f"{{soak: {{for: {SOAKS_S[name]}s}}}}"])


def _triggers(works: list[Work]) -> list[str]:
    """Lag, what is in the warehouse twice, and the share of clients that fail."""
    lag = ["group_lag: {max: 5000, for: 10s}"] if any(work.consumes for work in works) else []
    return [
        *lag,
        "signal: {name: sink-duplicates, max: 0, for: 3s, max_age: 30s}",
        f"signal: {{name: failing-clients, max: {FAILING_MAX}, for: 3s, max_age: 30s}}",
    ]


def _recovery(works: list[Work], places: Places) -> list[str]:
    """Forward, once there is no way back: who fails is mended where it is, and so is the sink."""
    mends = [f"{w.name}/fault?ratio=0" for w in (*works, *_WATCHED) if not w.dead_letters]
    mends += [f"{work.name}/dedupe" for work in BANK.sinks]
    places_of = (mend.partition("/") for mend in dict.fromkeys(mends))
    lines = [f'http: {{url: "{places.control(name)}/{path}"}}' for name, _, path in places_of]
    lines.append("confirm: {text: Are the clients well and the warehouse without duplicates}")
    return ["    recovery:", *(f"      - {line}" for line in lines)]


if __name__ == "__main__":
    sys.stdout.write(bank_plan(EXAMPLE))
