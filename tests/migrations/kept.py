"""What is kept of a real flight under `docs/migrations`, and the document that tells of it."""

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
    """One migration's."""

    name: str

    @property
    def folder(self) -> Path:
        """Its reports, its recordings and its verdict."""
        return DOCS / self.name

    def document(self) -> str:
        """The page."""
        return _text(DOCS / f"{self.name}.md")

    def report(self, name: str = "report") -> str:
        """A report, without the marks that keep it from being markup."""
        return _text(self.folder / f"{name}.md").replace("\\", "")

    def recording(self, name: str) -> Reader:
        """The moments that are kept under this name."""
        return _recording(self.folder / f"{name}.ckrec")

    def told(self, name: str) -> Iterator[Mapping[str, Any]]:
        """Every event that is in the kept moments."""
        reader = self.recording(name)
        for number in range(reader.frames):
            yield from reader.frame(number).tells()

    def first(self, name: str, kind: str) -> Mapping[str, Any]:
        """The first event of a kind there."""
        return next(event for event in self.told(name) if event["kind"] == kind)

    def answer(self, question: str) -> str:
        """What the page says to a question of a review."""
        page = self.document()
        found = re.search(rf"\*\*{re.escape(question)}\*\*(.*?)(?=\n\n|\Z)", page, re.DOTALL)
        assert found is not None, question
        return " ".join(found[1].split())

    def ages(self, wave: str) -> list[str]:
        """How old the readings were on which the wave was advanced, by the report."""
        rows = self.report().splitlines()
        (row,) = [r for r in rows if "| advance |" in r and f"{wave}-errors" in r]
        return re.findall(r"[\d.]+ s old", row)

    def felt(self) -> list[list[str]]:
        """The report's rows of how long clients were blocked: wave, what, blocked, cockpit, ..."""
        report = self.report()
        part = report[report.index("## 3. What clients felt") : report.index("## 4. Waves")]
        rows = [row.split("|")[1:-1] for row in part.splitlines() if row.startswith("| ")][2:]
        return [[cell.partition("[")[0].strip() for cell in row] for row in rows]


def clock(at_ms: int) -> str:
    """As the page and the report write a time of that day."""
    return f"{datetime.datetime.fromtimestamp(at_ms // 1000, tz=datetime.UTC):%H:%M:%S}Z"


@functools.cache
def _text(path: Path) -> str:
    return path.read_text()


@functools.cache
def _recording(path: Path) -> Reader:
    return Reader(path.read_bytes())
