"""Sets a sink connector back over Connect's own interface, and says beforehand what that doubles.

Shares no code with what moved it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from cockpit.lab.bank import DEAD_LETTERS

WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Doubled:
    """Records that are processed once more: in the warehouse, or as dead letters again."""

    rows: int
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Rewind:
    """By how many records a connector is set back, in one partition."""

    connect: str
    connector: str
    topic: str
    partition: int
    records: int

    def __call__(self, lab: Path) -> Doubled:
        """Stop it, set it back, let it go on."""
        with httpx.Client(
            base_url=f"{self.connect}/connectors/{self.connector}", trust_env=False, timeout=20.0
        ) as http:
            http.put("/stop").raise_for_status()
            self._stopped(http)
            before = self._offset(http)
            start = before - self.records
            place = {"kafka_topic": self.topic, "kafka_partition": self.partition}
            entry = {"partition": place, "offset": {"kafka_offset": start}}
            http.patch("/offsets", json={"offsets": [entry]}).raise_for_status()
            http.put("/resume").raise_for_status()
        return doubled(lab, self.partition, start, before)

    def _stopped(self, http: httpx.Client) -> None:
        end = time.monotonic() + WITHIN_S  # a test's own deadline
        while http.get("/status").json()["connector"]["state"] != "STOPPED":
            assert time.monotonic() < end, "not stopped within the deadline"  # as above
            time.sleep(0.2)

    def _offset(self, http: httpx.Client) -> int:
        """Its commit; Connect writes the last one before it says that it has stopped."""
        for entry in http.get("/offsets").json()["offsets"]:
            place: dict[str, Any] = entry["partition"]
            if (place["kafka_topic"], place["kafka_partition"]) == (self.topic, self.partition):
                return int(entry["offset"]["kafka_offset"])
        raise LookupError(f"{self.connector} has no offset of {self.topic}/{self.partition}")


def doubled(lab: Path, partition: int, start: int, before: int) -> Doubled:
    """What is read again of a partition from `start` up to `before`, both of the target."""
    spoiled = sum(start <= offset < before for offset in _spoiled(lab, partition))
    return Doubled(before - start - spoiled, spoiled)


def _spoiled(lab: Path, partition: int) -> Iterator[int]:
    """Offsets on the target of the partition's records that only a dead letter takes."""
    for path in sorted((lab / "produced").glob("*.jsonl")):
        # the last line may be torn: somebody writes
        for line in path.read_bytes().split(b"\n")[:-1]:
            body = json.loads(line)
            where = (body["cluster"], body["partition"])
            if body["topic"] == DEAD_LETTERS and where == ("target", partition):
                yield int(body["offset"])
