"""A measured number, and the most that it may be. Never measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number and the most that it may be; None: it is for information."""

    name: str
    value: float | None
    """None: it could not be measured, see `note`."""
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether it keeps its limit."""
        return self.limit is None or (self.value is not None and self.value <= self.limit)

    def line(self) -> str:
        """`name value unit limit ok|short`; `-` where there is no limit, `?` for no value."""
        word = "ok" if self.ok else "short"
        value = "?" if self.value is None else f"{self.value:.3f}"
        limit = "-" if self.limit is None else f"{self.limit:g}"
        note = f" ({self.note})" if self.note else ""
        return f"{self.name} {value} {self.unit} {limit} {word}{note}"

    def as_json(self) -> dict[str, Any]:
        """For `bench-results.json`."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "limit": self.limit,
            "ok": self.ok,
            "note": self.note,
        }
