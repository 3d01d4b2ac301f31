"""The shadow consumer: is a group's next record on the target the one that the source would give?

Judges what was read; reads, commits and joins nothing itself. What could not be read proves
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cockpit.core.actions import ProbePlaces
from cockpit.core.exact import SEARCH_AGAIN_MS, SEARCH_WITHIN_MS, tolerance_of
from cockpit.core.observe import GroupState, partition_of
from cockpit.core.placing import moved_since
from cockpit.core.plan import SOUGHT, Service
from cockpit.core.scene import Act, Done, Failed, Progress, Scene, Wait, group_on
from cockpit.core.seeking import tolerated

ProbeWord = Literal["SAME", "ENDS", "OTHER", "NOT_YET", "SURPLUS", "NONE"]
"""The next records are the same; neither side has one; they differ; only the source has one; only
the target has one; it could not be told."""


@dataclass(frozen=True, slots=True)
class ProbeGroup:
    """Read a placed group's next record on the target, and compare it with the source's."""

    service: Service
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Probe:
    """What was read in one partition. `reread` and `skipped` are records from the place that the
    target has committed to the exact one; None: not known."""

    name: str
    source: int
    target: int
    word: ProbeWord
    reread: int | None
    skipped: int | None
    text: str
    passing: bool
    """What is wrong may go away by itself."""

    def said(self) -> str:
        """For people: which record is wrong, and how."""
        wrong = {
            "OTHER": f"the next record on the target, at {self.target}, is not the one that the"
            f" source has at {self.source}",
            "NOT_YET": f"the source's next record, at {self.source}, is not on the target at"
            f" {self.target} or after it",
            "SURPLUS": f"the target has a record at {self.target} or after it, the source has none"
            f" from {self.source} on",
            "NONE": f"cannot be told at {self.target} on the target",
        }.get(self.word, "the next record is the expected one")
        return f"{self.name}: {wrong}{self._distance()}" + (f" ({self.text})" if self.text else "")

    def _distance(self) -> str:
        if self.word in ("SAME", "ENDS"):
            return ""
        if self.reread is None or self.skipped is None:
            return "; how far off it is, is not known"
        return f"; it would read {self.reread} again and skip {self.skipped}"


def probed_key(group: str) -> str:
    """Where a wave's memory has what was read last."""
    return f"probed.{group}"


def probe_group(task: ProbeGroup, scene: Scene) -> Progress:
    """How the proof of a group's next records stands."""
    group = task.service.group
    assert group is not None
    placed = scene.memory.get(f"placed.{group}")
    placing = scene.memory.get(f"placing.{group}")
    if not placed or not placing:
        return Failed(f"{group} has no place on the target yet that could be probed")
    target, source = group_on(scene, "target", group), group_on(scene, "source", group)
    if isinstance(target, Wait):
        return target
    if isinstance(source, Wait):
        return source
    if why := _moved(task.service, target, source, scene):
        return Failed(why)
    found = scene.memory.get(probed_key(group))
    left_ms = task.timeout_ms - (scene.now_ms - scene.started_at_ms)
    places = tuple(
        (partition_of(key), int(placing[key][0]), int(offset))
        for key, offset in sorted(placed.items())
    )
    again = ProbePlaces(group, places, min(SEARCH_WITHIN_MS, max(left_ms, 1)))
    if found is None or found["at_ms"] <= scene.started_at_ms:
        return Act(again, again.within_ms) if left_ms > 0 else Wait(f"{group}: not read yet")
    probes = [Probe(key, *row) for key, row in sorted(found["probes"].items())]
    if len(probes) < len(places):
        return Wait(f"{group}: partitions are missing in what was read")
    bad = _bad(task.service, probes, placing)
    if not bad:
        return Done(f"{group}: {_summary(probes)}")
    lasting = [probe for probe in bad if not probe.passing]
    if lasting or left_ms <= 0:
        return Failed(_failed(group, lasting or bad))
    if scene.now_ms - found["at_ms"] >= SEARCH_AGAIN_MS:
        return Act(again, again.within_ms)
    return Wait(f"{group}: {bad[0].said()}")


def _moved(
    service: Service, target: GroupState | None, source: GroupState | None, scene: Scene
) -> str:
    """What is no longer so since the group was placed; empty: nothing."""
    for side, state in (("target", target), ("source", source)):
        if state is not None and state.members:
            return f"{service.group} has {state.members} members on the {side}"
    return moved_since(service, target, source, scene.memory)


def _bad(service: Service, probes: Sequence[Probe], placing: Any) -> list[Probe]:  # noqa: ANN401  # JSON
    """Partitions whose next record is neither the expected one nor within what is accepted."""
    if service.resume in SOUGHT:
        return _bad_elsewhere(service, probes)
    bad = [p for p in probes if not _is_good(p, placing[p.name][1])]
    most = tolerance_of(service) if service.resume == "translated" else None
    if bad or most is None:
        return bad
    off = [p for p in probes if p.word not in ("SAME", "ENDS")]
    return off if sum(p.reread or 0 for p in off) > most else []


def _is_good(probe: Probe, allowed: int | None) -> bool:
    """The expected record, or one that is no further before it than was predicted."""
    if probe.word in ("SAME", "ENDS"):
        return True
    if probe.word in ("NOT_YET", "NONE") or probe.reread is None or probe.skipped != 0:
        return False
    # records that differ are never at the same place, whatever was found
    return allowed is not None and 0 < probe.reread <= allowed


def _bad_elsewhere(service: Service, probes: Sequence[Probe]) -> list[Probe]:
    """A group that was put somewhere else reads what it reads there; what that costs was
    accepted, or must be known to be nothing."""
    spec = service.offsets
    assert spec is not None
    bad: list[Probe] = []
    total, most = 0, tolerated(spec)
    for probe in probes:
        if probe.word in ("SAME", "ENDS"):
            continue
        loses = spec.accept_loss is None and probe.skipped != 0
        repeats = most is not None and probe.reread is None
        total += probe.reread or 0
        unread = probe.word == "NONE" and not probe.passing
        if loses or repeats or unread or (most is not None and total > most):
            bad.append(probe)
    return bad


def _summary(probes: Sequence[Probe]) -> str:
    same = sum(probe.word == "SAME" for probe in probes)
    ends = sum(probe.word == "ENDS" for probe in probes)
    parts = [f"the next record of {same} partitions is the expected one"]
    if ends:
        parts.append(f"{ends} have none on either side")
    off = [probe for probe in probes if probe.word not in ("SAME", "ENDS")]
    if off:
        parts.append(f"{len(off)} begin elsewhere: {_distance(off)}")
    return ", ".join(parts)


def _distance(off: Sequence[Probe]) -> str:
    sums = [
        None if any(n is None for n in column) else sum(n for n in column if n is not None)
        for column in ([p.reread for p in off], [p.skipped for p in off])
    ]
    again, skipped = ("?" if number is None else f"{number:,}" for number in sums)
    return f"{again} records read again, {skipped} skipped"


def _failed(group: str, bad: Sequence[Probe]) -> str:
    more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
    return f"{group} {bad[0].said()}{more}. A tries again; R goes back"
