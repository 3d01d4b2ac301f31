"""What is kept of a migration's flight beside its page: report, verdict, moments of a recording."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cockpit.wire.recording import Reader

DOCS = Path(__file__).parents[2] / "docs" / "migrations"


@dataclass(frozen=True)
class Kept:
    """Of one migration, by its name."""

    name: str

    @property
    def folder(self) -> Path:
        return DOCS / self.name

    @functools.cached_property
    def document(self) -> str:
        return (DOCS / f"{self.name}.md").read_text()

    @functools.cached_property
    def report(self) -> str:
        return (self.folder / "report.md").read_text().replace("\\", "")

    def recording(self, name: str) -> Reader:
        return Reader((self.folder / f"{name}.ckrec").read_bytes())

    def told(self, name: str) -> Iterator[Mapping[str, Any]]:
        """Every event that is in the kept moments."""
        reader = self.recording(name)
        for number in range(reader.frames):
            yield from reader.frame(number).tells()

    def first(self, name: str, kind: str) -> Mapping[str, Any]:
        return next(event for event in self.told(name) if event["kind"] == kind)

    def answer(self, question: str) -> str:
        """What the page says to a question of a review."""
        found = re.search(
            rf"\*\*{re.escape(question)}\*\*(.*?)(?=\n\n|\Z)", self.document, re.DOTALL
        )
        assert found is not None, question
        return " ".join(found[1].split())

    def felt(self) -> list[tuple[str, str, str]]:
        """Of each wave in the report: its name, how long it blocked, and how much was cockpit's."""
        felt = self.report[self.report.index("## 3. What clients felt") :]
        felt = felt[: felt.index("## 4. Waves")]
        rows = [row.split("|")[1:-1] for row in felt.splitlines() if row.startswith("| ")][2:]
        cells = [[cell.partition("[")[0].strip() for cell in row] for row in rows]
        return [(wave, blocked, own) for wave, _, blocked, own, *_ in cells]

    def verdict(self) -> str:
        return (self.folder / "verdict.txt").read_text().splitlines()[-1]


def clock(at_ms: int) -> str:
    """As pages and reports write a time of that day."""
    return f"{datetime.datetime.fromtimestamp(at_ms // 1000, tz=datetime.UTC):%H:%M:%S}Z"
