"""Whether a service of the lab could work on the target: `python -m cockpit.lab.probe`, with folder
and name.

As the service's own principal it connects, sees each of its topics, and fetches the schemas that
its records would have. Ends with 0 where all of that works, else with 1 and the reason. Never reads
or writes a record, and joins no group.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from aiokafka.errors import KafkaError

from cockpit.lab.clusters import connected
from cockpit.lab.home import LabError
from cockpit.lab.layout import Layout
from cockpit.lab.logins import login_at
from cockpit.lab.schemaids import SchemaIds
from cockpit.lab.state import load


async def probe(folder: Path, name: str) -> None:
    """Try it. Raises KafkaError, OSError or LabError with the reason."""
    layout = Layout(folder)
    record = load(folder)
    if record is None:
        raise LabError(f"there is no lab in {folder}")
    workload = record.profile.workload
    work = workload.work_of(name)
    at = ",".join(record.bootstrap("target"))
    login = login_at(at, name, "target", layout, record.profile)
    async with connected(login, timeout_ms=10_000) as setup:
        seen = await setup.partitions(workload.prefix)
    if hidden := sorted({*work.consumes, *work.produces} - seen.keys()):
        raise LabError(f"{name} does not see {', '.join(hidden)} on the target")
    written = json.loads(layout.workload.read_text(encoding="utf-8"))
    schemas = SchemaIds(written["registries"], workload.with_schemas)
    await schemas.stamps("target", (*work.consumes, *work.produces))


def main() -> int:
    """Command line; the exit code."""
    parser = argparse.ArgumentParser(prog="cockpit.lab.probe")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--name", required=True)
    options = parser.parse_args()
    try:
        asyncio.run(probe(options.folder, options.name))
    except (KafkaError, OSError, LabError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
