"""The plans of the shop whose waves go by risk, with drills; and of the job that was forgotten.

For the lab with its addresses, for `sample-plans/zero-downtime-waves.yaml` and
`sample-plans/zero-downtime-long-tail.yaml` with examples: `python -m cockpit.lab.wavesplan` prints
the first, with `long-tail` the second. Never reads anything.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cockpit.lab import access, mirror
from cockpit.lab.layout import Layout
from cockpit.lab.planlines import BETWEEN_VERSIONS, service_lines
from cockpit.lab.state import State
from cockpit.lab.wavesshop import LONG_TAIL, REPORTS, WAVES_SHOP
from cockpit.lab.workload import WORKLOAD, Work

SOAKS_S: Final = {"low-risk": 15, "money": 20, "pricing": 15, "fulfilment": 15, "edge": 30}
STORM_RATIO: Final = 0.5
"""Of a producer's batches, so many are sent again in its drill."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is. `control`: base URL of a service's controls; `secret`: how the plan
    names the password of a principal on a side."""

    environment: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    connect: str
    control: Callable[[str], str]
    secret: Callable[[str, str], str]


EXAMPLE: Final = Addresses(
    environment="LAB",
    source=tuple(f"kafka-old-{n}.example.internal:9092" for n in (1, 2, 3)),
    target=tuple(f"kafka-new-{n}.example.internal:9092" for n in (1, 2, 3)),
    connect="http://connect.example.internal:8083",
    control=lambda name: f"http://{name}.example.internal:9400",
    secret=lambda user, side: f"${{env:{user.upper()}_ON_{side.upper()}}}",
)


def lab_addresses(layout: Layout, state: State) -> Addresses:
    """Those of a running lab."""
    return Addresses(
        environment="LAB",
        source=state.bootstrap("source", watch=True),
        target=state.bootstrap("target", watch=True),
        connect=state.url("connect"),
        control=state.url,
        secret=lambda user, _side: f"${{file:{layout.secret(user)}}}",
    )


def waves_plan(places: Addresses) -> str:
    """What moves in waves; the job that nobody has thought of is not in it."""
    head = """\
# A shop leaves Kafka 2.8 in five waves, by risk: readers first, then by what a standstill costs.
# Its drills break something on purpose, so it is flown where nobody needs the clusters.
cockpit: 1
name: zero-downtime-waves
"""
    parts = [
        f"{head}environment: {places.environment}\ndrills: allowed\n",
        _clusters(places),
        *_services(WORKLOAD, places),
        BETWEEN_VERSIONS,
        "waves:",
        *(_wave(name, names, places) for name, names in WAVES_SHOP.waves),
    ]
    return "\n".join(parts) + "\n"


def long_tail_plan(places: Addresses) -> str:
    """The forgotten job alone, once what it reads is written on the target."""
    head = """\
# The job that zero-downtime-waves had forgotten: it runs once a minute, and only reads.
# At work for some seconds only, so nothing soaks: its first commit on the target is the proof.
# Its place is the mirror's translation: by content nobody can tell what was written on the target
# since from what it has read, so that the place would be a range.
cockpit: 1
name: zero-downtime-long-tail
"""
    name, names = LONG_TAIL
    wave = f"""\
waves:
  - name: {name}
    services: [{", ".join(names)}]
    write_owner: {{before: target, after: target}}
    rollback_window: 24h
    gates:
      - replication_lag: {{max: 200, for: 5s, max_age: 15s}}
      - offset_delta: {{groups: wave, max_reread: 0, max_skipped: 0, max_age: 15s}}
      - parity: {{topics: all, acls: all}}
    steps: [stop, offsets, start]
    rollback: {{triggers: [{{group_lag: {{max: 50000, for: 10s}}}}], on_trigger: rollback}}
"""
    parts = [
        f"{head}environment: {places.environment}\n",
        _clusters(places),
        *_services((REPORTS,), places, "translated"),
        BETWEEN_VERSIONS + _FENCED,
        wave,
    ]
    return "\n".join(parts)


def _clusters(places: Addresses) -> str:
    def login(user: str, side: str) -> str:
        return f'username: {user}, password: "{places.secret(user, side)}"'

    def cluster(side: str, addresses: tuple[str, ...], canary: str) -> str:
        named = ", ".join(f'"{address}"' for address in addresses)
        return f"""\
{side}:
  bootstrap: [{named}]
  security: {{protocol: sasl_plaintext, mechanism: scram-sha-512, {login(access.COCKPIT, side)}}}
{canary}"""

    canary = f"  canary: {{{login(access.CANARY, 'source')}}}\n"
    return f"""\
{cluster("source", places.source, canary)}{cluster("target", places.target, "")}
replication:
  kind: mirrormaker2
  connect: "{places.connect}"
  connectors: {{source: {mirror.SOURCE_CONNECTOR}, checkpoint: {mirror.CHECKPOINT_CONNECTOR}}}
  policy: identity
"""


def _services(works: tuple[Work, ...], places: Addresses, resume: str = "exact") -> tuple[str, ...]:
    lines = (
        service_lines(work, places.control(work.name), f"resume: {resume}, replay_tolerance: 0")
        for work in works
    )
    watched = [work for work in works if work.batch is None]  # between two runs it says nothing
    signals = (
        f'  {work.name}-errors: {{http: "{places.control(work.name)}/status", '
        "path: error_ratio, unit: ratio}"
        for work in watched
    )
    return (*(("signals:", *signals, "") if watched else ()), "services:", *lines, "")


_FENCED: Final = """\
  - acl: "User:*"
    why: "the fence of zero-downtime-waves: nobody writes on the source any more"
    by: team-platform
"""


def _wave(name: str, names: tuple[str, ...], places: Addresses) -> str:
    works = [WAVES_SHOP.work_of(one) for one in names]
    reads = any(work.consumes for work in works)
    writes = any(work.produces for work in works)
    delta = "{groups: wave, max_reread: 0, max_skipped: 0, max_age: 15s}"
    gates = [
        "replication_lag: {max: 200, for: 5s, max_age: 15s}",
        *([f"offset_delta: {delta}"] if reads else []),
        "parity: {topics: all, acls: all}",
        *(f"signal: {{name: {one}-errors, max: 1%, for: 5s, max_age: 15s}}" for one in names),
    ]
    return "\n".join(
        [
            f"  - name: {name}",
            f"    services: [{', '.join(names)}]",
            f"    write_owner: {{before: source, after: {'target' if writes else 'source'}}}",
            *([] if writes else ["    rollback_window: 24h"]),
            "    gates:",
            *(f"      - {gate}" for gate in gates),
            "    steps:",
            *(f"      - {step}" for step in _steps(name, places, reads=reads, writes=writes)),
            "    rollback:",
            "      triggers:",
            *(f"        - {trigger}" for trigger in _triggers(names, reads=reads)),
            "      on_trigger: rollback",
            *(["      after_no_return: pause"] if writes else []),
        ]
    )


def _steps(name: str, places: Addresses, *, reads: bool, writes: bool) -> list[str]:
    before, after = _drills(places).get(name, ((), ()))
    steps = [*before, "stop"]
    if writes:
        steps += ["fence: {deadline: 120s, at_zero: unfence}", "drain"]
    if reads:
        steps.append("offsets")
    return [*steps, "start", *after, f"soak: {{for: {SOAKS_S[name]}s}}"]


def _drills(places: Addresses) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """By wave: drills before its services stop, and after they have started."""

    def call(service: str, broken: str, mended: str, expect: str) -> str:
        at = places.control(service)
        return (
            f'drill: {{do: call, "on": {service}, break: {{url: "{at}/{broken}"}}, '
            f'mend: {{url: "{at}/{mended}"}}, expect: {{{expect}}}, within: 30s}}'
        )

    stopped = (
        f'drill: {{do: stop-task, "on": {mirror.SOURCE_CONNECTOR}, '
        "expect: {gate: replication_lag}, within: 60s}"
    )
    restarted = call("audit", "stop", "start?cluster=target", "gate: audit-errors")
    storm = call(
        "gateway", f"fault?ratio={STORM_RATIO}", "fault?ratio=0", "trigger: gateway-errors"
    )
    return {"low-risk": ((stopped,), (restarted,)), "edge": ((storm,), ())}


def _triggers(names: tuple[str, ...], *, reads: bool) -> list[str]:
    """The wave's own errors, and those of whoever reads what it writes."""
    written = {topic for name in names for topic in WAVES_SHOP.work_of(name).produces}
    watched = [
        work.name for work in WORKLOAD if work.name in names or written.intersection(work.consumes)
    ]
    lag = ["group_lag: {max: 5000, for: 10s}"] if reads else []
    return lag + [
        f"signal: {{name: {name}-errors, max: 5%, for: 3s, max_age: 15s}}" for name in watched
    ]


if __name__ == "__main__":
    wanted = long_tail_plan if sys.argv[1:] == ["long-tail"] else waves_plan
    sys.stdout.write(wanted(EXAMPLE))
