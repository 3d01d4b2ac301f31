"""Tolerances proposed from recorded flights: from what the screens were given; nothing is judged
anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cockpit.core.judging import shown
from cockpit.core.plan import Plan
from cockpit.core.snapshot import Snapshot
from cockpit.core.tuning import Proposal, Tuning
from cockpit.replay.rerun import RerunError, flown_plan, life_head
from cockpit.wire.recording import Frame, Reader
from cockpit.wire.records import RecordingError

Progress = Callable[[int, int], None]
"""Takes how much is done, and of how much."""


@dataclass(slots=True)
class _Unread:
    """Moments of one engine's part that cannot be read."""

    first: RecordingError
    of: int
    count: int = 0


class Tuned:
    """Takes the moments of one recording after another, each in order."""

    def __init__(self, progress: Progress = lambda _done, _of: None) -> None:
        """`progress` is told after each moment how many of the recording's have come."""
        self._progress = progress
        self._of = 0
        self._tuning = Tuning()
        self._name = ""
        self._plans: dict[int, Plan] = {}
        """By life of this recording."""
        self._life = -1
        self._newest = -1
        """The last moment that has come."""
        self._why_not: list[str] = []
        self._unread: dict[tuple[str, int], _Unread] = {}
        """By recording and life."""

    def session(self, name: str, reader: Reader) -> None:
        """Another recording begins; `name` is what it is called where parts are left out."""
        self._name, self._plans, self._life, self._newest = name, {}, -1, -1
        self._of = reader.frames
        self._tuning.begin()
        for life in reader.lives:
            try:
                self._plans[life.number] = flown_plan(life_head(life))
            except RerunError as error:
                self._why_not.append(f"{name}: engine {life.number + 1}: {error}")

    def moment(self, frame: Frame, snapshot: Snapshot) -> None:
        """A moment and what it showed. One that has come before is passed over."""
        if not self._is_new(frame):
            return
        number = frame.life.number
        if number != self._life:
            self._tuning.begin(part=True)
            self._life = number
        if (plan := self._plans.get(number)) is not None:
            self._tuning.take(snapshot.at_ms, shown(plan, snapshot))

    def unread(self, frame: Frame, error: RecordingError) -> None:
        """A moment that cannot be read."""
        if self._is_new(frame):
            key = (self._name, frame.life.number)
            self._unread.setdefault(key, _Unread(error, frame.life.frames)).count += 1

    def _is_new(self, frame: Frame) -> bool:
        is_new = frame.number > self._newest
        if is_new:
            self._newest = frame.number
            self._progress(frame.number + 1, self._of)
        return is_new

    def proposals(self) -> tuple[Proposal, ...]:
        """Of all recordings together."""
        return self._tuning.proposals()

    def left_out(self) -> tuple[str, ...]:
        """What they could not be drawn from, and why."""
        lost = (
            f"{name}: engine {number + 1}: {one.first}; "
            f"{one.count} of its {one.of} moments are left out"
            for (name, number), one in self._unread.items()
        )
        return (*self._why_not, *lost)


def tuned(
    sessions: Iterable[tuple[str, Reader]], progress: Progress = lambda _done, _of: None
) -> Tuned:
    """All moments of these sessions, each with its name."""
    found = Tuned(progress)
    for name, reader in sessions:
        found.session(name, reader)
        for frame in reader.walk():
            try:
                snapshot = frame.snapshot()
            except RecordingError as error:
                found.unread(frame, error)
            else:
                found.moment(frame, snapshot)
    return found
