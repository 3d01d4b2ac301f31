"""What the plans of several labs have in common, as lines of YAML: a service with what it reads and
writes and how it is moved, a list of names, and differences that every migration between these
versions has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cockpit.lab.workload import Work

CALLS: Final = (
    ("stop", "stop"),
    ("start", "start?cluster=target"),
    ("undo", "start?cluster=source"),
)

BETWEEN_VERSIONS: Final = """\
approved_differences:
  - topic: "*"
    config: segment.bytes
    why: "a setting of the old brokers; segment size changes no client"
    by: team-platform
  - topic: "*"
    config: message.timestamp.after.max.ms
    why: "a default of the new brokers; no service stamps a record ahead of its time"
    by: team-platform
"""
"""From Kafka 2.8 to 4.3."""


def quoted(names: tuple[str, ...]) -> str:
    """The inside of a list."""
    return ", ".join(f'"{name}"' for name in names)


def assembled(
    head: str,
    *,
    signals: Iterable[str],
    services: Iterable[str],
    approved: str,
    waves: Iterable[str],
) -> str:
    """A whole plan. `head`: all that stands before the signals."""
    parts = [head, "signals:", *signals, "", "services:", *services, "", approved, "waves:", *waves]
    return "\n".join(parts) + "\n"


def service_lines(work: Work, base: str, offsets: str) -> str:
    """YAML of one entry of `services`. `base`: URL of its controls; `offsets`: how its group finds
    its place, as it is written between braces."""
    lines = [
        f"  - name: {work.name}",
        f"    owner: {work.owner}",
        f"    criticality: {work.criticality}",
        f'    principal: "{work.principal}"',
    ]
    if work.consumes:
        lines.append(f"    consumes: [{', '.join(work.consumes)}]")
        lines.append(f"    group: {work.group}")
        lines.append(f"    offsets: {{{offsets}}}")
    if work.produces:
        lines.append(f"    produces: [{', '.join(work.produces)}]")
    for key, path in CALLS:
        lines.append(f'    {key}: {{http: {{method: POST, url: "{base}/{path}"}}}}')
    return "\n".join(lines)
