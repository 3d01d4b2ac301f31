"""A service of the lab in a plan: who it is, what it reads and writes, how it is stopped and begun.

Both of the lab's plans are made of such lines, each with its own way of finding a group's place.
"""

from __future__ import annotations

from typing import Final

from cockpit.lab.workload import Work

CALLS: Final = (
    ("stop", "stop"),
    ("start", "start?cluster=target"),
    ("undo", "start?cluster=source"),
)


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
