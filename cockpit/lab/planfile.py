"""The plan that moves the lab's workload from the source to the target, as YAML text.

Never reads the lab's state from anywhere: it is given.
"""

from __future__ import annotations

from typing import Literal

from cockpit.lab import access, mirror
from cockpit.lab.layout import Layout
from cockpit.lab.planlines import assembled, service_lines
from cockpit.lab.properties import SOURCE_SEGMENT_BYTES
from cockpit.lab.state import State
from cockpit.lab.workload import WAVES, WORKLOAD, Work, work_of

MAX_REREAD_RECORDS = 200
REPLAY_TOLERANCE_RECORDS = 500


Resume = Literal["translated", "exact"]


def plan_text(layout: Layout, state: State, resume: Resume = "translated") -> str:
    """The whole plan; every password in it is the path of a file.

    `resume`: how all groups find their places. By content none may read a record twice.
    """
    head = "\n".join((_head(), _clusters(layout, state), _replication(state)))
    return assembled(
        head,
        signals=(_signal(work, state) for work in WORKLOAD),
        services=(_service(work, state, resume) for work in WORKLOAD),
        approved=_approved(state),
        waves=(_wave(name, names, resume) for name, names in WAVES),
    )


def _head() -> str:
    return """\
# Moves the lab's workload in four waves. Written by `cockpit lab up`.
cockpit: 1
name: lab
environment: LAB
"""


def _clusters(layout: Layout, state: State) -> str:
    def login(user: str) -> str:
        return f'username: {user}, password: "${{file:{layout.secret(user)}}}"'

    def cluster(side: str, canary: str) -> str:
        security = f"protocol: sasl_plaintext, mechanism: scram-sha-512, {login(access.COCKPIT)}"
        addresses = ", ".join(f'"{address}"' for address in state.bootstrap(side, watch=True))
        return f"{side}:\n  bootstrap: [{addresses}]\n  security: {{{security}}}\n{canary}"

    canary = f"  canary: {{{login(access.CANARY)}}}\n"
    return cluster("source", canary) + cluster("target", "")


def _replication(state: State) -> str:
    return f"""\
replication:
  kind: mirrormaker2
  connect: "{state.url("connect")}"
  connectors: {{source: {mirror.SOURCE_CONNECTOR}, checkpoint: {mirror.CHECKPOINT_CONNECTOR}}}
  policy: identity
"""


def _signal(work: Work, state: State) -> str:
    url = f"{state.url(work.name)}/status"
    return f'  {work.name}-errors: {{http: "{url}", path: error_ratio, unit: ratio}}'


def _service(work: Work, state: State, resume: Resume) -> str:
    tolerance = 0 if resume == "exact" else REPLAY_TOLERANCE_RECORDS
    offsets = f"resume: {resume}, replay_tolerance: {tolerance}"
    return service_lines(work, state.url(work.name), offsets)


def _approved(state: State) -> str:
    return f"""\
approved_differences:
  - topic: "*"
    config: segment.bytes
    why: "{SOURCE_SEGMENT_BYTES} is a default of the old brokers; segment size changes no client"
    by: team-platform
  - topic: "*"
    config: message.timestamp.after.max.ms
    why: "a default of the new brokers; the lab's services stamp no record ahead of its time"
    by: team-platform
""" + (_FEWER_COPIES if len(state.source_brokers()) > 1 else "")


_FEWER_COPIES = """\
  - topic: "*"
    config: replication.factor
    why: "the lab's target is a single broker"
    by: team-platform
"""


def _wave(name: str, names: tuple[str, ...], resume: Resume) -> str:
    works = [work_of(service) for service in names]
    reads = any(work.consumes for work in works)
    writes = any(work.produces for work in works)
    return "\n".join(
        [
            f"  - name: {name}",
            f"    services: [{', '.join(names)}]",
            f"    write_owner: {{before: source, after: {'target' if writes else 'source'}}}",
            *([] if writes else ["    rollback_window: 24h"]),
            "    gates:",
            *_gates(names, resume if reads else None),
            f"    steps: [{_steps(reads=reads, writes=writes)}]",
            "    rollback:",
            "      triggers:",
            *_triggers(names, reads=reads),
            "      on_trigger: rollback",
            *(["      after_no_return: pause"] if writes else []),
        ]
    )


def _gates(names: tuple[str, ...], resume: Resume | None) -> list[str]:
    lines = ["      - replication_lag: {max: 200, for: 5s}"]
    if resume is not None:
        limits = f"max_reread: {0 if resume == 'exact' else MAX_REREAD_RECORDS}, max_skipped: 0"
        lines.append(f"      - offset_delta: {{groups: wave, {limits}}}")
    lines.append("      - parity: {topics: all, acls: all}")
    return lines + [f"      - signal: {{name: {name}-errors, max: 1%, for: 5s}}" for name in names]


def _steps(*, reads: bool, writes: bool) -> str:
    steps = ["stop"]
    if writes:
        steps += ["{fence: {deadline: 60s, at_zero: unfence}}", "drain"]
    if reads:
        steps.append("offsets")
    return ", ".join([*steps, "start", "{soak: {for: 10s}}"])


def _triggers(names: tuple[str, ...], *, reads: bool) -> list[str]:
    """The wave's own errors, and those of whoever reads what it writes."""
    written = {topic for name in names for topic in work_of(name).produces}
    watched = [
        work.name for work in WORKLOAD if work.name in names or written.intersection(work.consumes)
    ]
    lines = ["        - group_lag: {max: 5000, for: 10s}"] if reads else []
    return lines + [
        f"        - signal: {{name: {name}-errors, max: 5%, for: 3s}}" for name in watched
    ]
