"""Attempts and errors of a service over a sliding window.

Never reads a clock: the caller says what time it is.
"""

from __future__ import annotations

from collections import deque

WINDOW_S = 10.0


class Meter:
    """Counts attempts and errors."""

    def __init__(self) -> None:
        self._buckets: deque[tuple[int, list[int]]] = deque()
        self._latencies: deque[tuple[float, int]] = deque(maxlen=20_000)
        self._fault = 0.0
        self._owed = 0.0
        self.errors = 0
        """Errors since the process began."""
        self.last_error: str | None = None

    def ok(self, now_s: float, count: int = 1) -> None:
        """So many attempts went well."""
        self._bucket(now_s)[0] += count

    def error(self, now_s: float, text: str, count: int = 1) -> None:
        """So many attempts failed."""
        bucket = self._bucket(now_s)
        bucket[0] += count
        bucket[1] += count
        self.errors += count
        self.last_error = text[:300]

    def ratio(self, now_s: float) -> float | None:
        """Errors per attempt in the window, 0 to 1; None when nothing was attempted."""
        attempts, errors = self.counts(now_s)
        return errors / attempts if attempts else None

    def counts(self, now_s: float) -> tuple[int, int]:
        """Attempts and errors in the window."""
        self._drop(now_s)
        counted = [bucket for _, bucket in self._buckets]
        return sum(bucket[0] for bucket in counted), sum(bucket[1] for bucket in counted)

    def took(self, now_s: float, duration_ms: int) -> None:
        """So long after it was made a record has been processed."""
        self._latencies.append((now_s, duration_ms))

    def latency_ms(self, now_s: float) -> int | None:
        """What all but one of a hundred records in the window stayed under; None without any."""
        while self._latencies and self._latencies[0][0] < now_s - WINDOW_S:
            self._latencies.popleft()
        durations = sorted(duration_ms for _, duration_ms in self._latencies)
        return durations[(len(durations) - 1) * 99 // 100] if durations else None

    def set_fault(self, ratio: float) -> None:
        """Make this share of the attempts fail, 0 to 0.9."""
        self._fault, self._owed = ratio, 0.0

    def fails_on_purpose(self) -> bool:
        """Whether the next attempt is one of those that `set_fault` asked for."""
        self._owed += self._fault
        if self._owed < 1.0:
            return False
        self._owed -= 1.0
        return True

    def _bucket(self, now_s: float) -> list[int]:
        second = int(now_s)
        self._drop(now_s)
        if not self._buckets or self._buckets[-1][0] != second:
            self._buckets.append((second, [0, 0]))
        return self._buckets[-1][1]

    def _drop(self, now_s: float) -> None:
        while self._buckets and self._buckets[0][0] < now_s - WINDOW_S:
            self._buckets.popleft()
