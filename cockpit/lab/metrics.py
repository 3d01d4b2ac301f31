"""What a part of the lab tells Prometheus, in its text format.

Never reads a clock. What is not known has no line: Prometheus then has no sample of it.
"""

from __future__ import annotations

from collections.abc import Mapping

FAILING_RATIO = 0.1
"""A client whose attempts fail more often than this is one that fails."""


def exposition(gauges: Mapping[str, float | None]) -> str:
    """Gauges by their names."""
    return "".join(
        f"# TYPE {name} gauge\n{name} {value}\n"
        for name, value in gauges.items()
        if value is not None
    )


def failing(error_ratio: float | None) -> float | None:
    """1 of a client that fails, 0 of one that does not; None of one that attempts nothing."""
    return None if error_ratio is None else float(error_ratio > FAILING_RATIO)
