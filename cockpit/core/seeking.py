"""Groups that do not go on where they stopped: at the target's start or end, or at a time.

Prices the place that was looked up against the exact one before anything is committed. What nobody
knows is never taken for nothing: without the owner's acceptance it holds the step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, assert_never

from cockpit.core.actions import CommitOffsets, SeekPlaces
from cockpit.core.delta import Bounds, bounds
from cockpit.core.exact import ExactPlace, Search, best_known, mirror_at_rest, worked_on
from cockpit.core.observe import TopicPartition, Unknown, partition_text
from cockpit.core.plan import OffsetsSpec, Service
from cockpit.core.scene import Act, Failed, Progress, Scene, Wait

SEEK_WITHIN_MS: Final = 10_000


class Placing(Protocol):
    """A task that places a service's group."""

    @property
    def service(self) -> Service: ...
    @property
    def timeout_ms(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Price:
    """Bounds of what one partition reads again and skips from a place; None: nobody knows."""

    name: TopicPartition
    exact: ExactPlace
    sought: int
    reread_max: int | None
    skipped_max: int | None


def sought_key(group: str) -> str:
    """Where a wave's memory has what was looked up last."""
    return f"sought.{group}"


def place_sought(
    task: Placing, scene: Scene, committed: Mapping[TopicPartition, int], names: Sequence[Any]
) -> Progress:
    """How placing a stopped group stands that goes on somewhere else; `names`: its partitions."""
    service, group = task.service, task.service.group
    assert group is not None
    if (wait := mirror_at_rest(scene)) is not None:
        return wait
    logs: dict[TopicPartition, Bounds] = {}
    for name in names:
        log = bounds(scene.facts, name)
        if isinstance(log, Unknown):
            return Wait(f"{group} {partition_text(name)}: {log.reason}")
        logs[name] = log
    asked = tuple((name, committed.get(name, logs[name].source_start)) for name in names)
    images = best_known(Search(service, "target", asked, task.timeout_ms, None), scene)
    if not isinstance(images, tuple):
        return images
    sought = _looked_up(task, scene, tuple(names))
    if isinstance(sought, Act):
        return sought
    prices = [_price(place, sought[place.name], committed, logs[place.name]) for place in images]
    if why := next((w for p in images if (w := worked_on(group, p, scene))), ""):
        return Failed(why)
    if why := _not_accepted(service, prices, logs):
        return Failed(f"{group} {why}. A tries again; R goes back")
    return _commit(task, prices)


def _looked_up(
    task: Placing, scene: Scene, names: tuple[TopicPartition, ...]
) -> Mapping[TopicPartition, int] | Act:
    """What was looked up since this task began and the images were found; else look it up."""
    service, group = task.service, task.service.group or ""
    spec = service.offsets
    assert spec is not None
    found = scene.memory.get(sought_key(group))
    if found is not None and found["at_ms"] > scene.started_at_ms:
        offsets = found["sought"]
        if all(partition_text(name) in offsets for name in names):
            return {name: offsets[partition_text(name)] for name in names}
    match service.resume:
        case "earliest" | "latest" | "timestamp" as at:
            action = SeekPlaces(group, names, at, spec.at_ms, SEEK_WITHIN_MS)
            return Act(action, task.timeout_ms)
        case "translated" | "exact" | "external":
            raise AssertionError("such a group is not placed here")
        case _:
            assert_never(service.resume)


def _price(
    place: ExactPlace, sought: int, committed: Mapping[TopicPartition, int], log: Bounds
) -> Price:
    """Against the exact place; where nothing was committed, against the whole log."""
    fresh = place.name not in committed
    if place.word == "NONE":
        reread = max(0, log.target_end - sought) if fresh else None
        return Price(place.name, place, sought, reread, None)
    high = max(log.target_end, place.high) if fresh else place.high
    reread = max(0, high - sought)
    if place.word != "EXACT" and sought <= high:
        reread = max(1, reread)  # the true place may be past a record that looks the same
    return Price(place.name, place, sought, reread, max(0, sought - place.low))


def _not_accepted(
    service: Service, prices: Sequence[Price], logs: Mapping[TopicPartition, Bounds]
) -> str:
    """What its owner has not accepted; empty: nothing."""
    spec = service.offsets
    assert spec is not None
    if spec.accept_loss is None:
        for price in prices:
            if price.skipped_max == 0:
                continue
            where = f"{partition_text(price.name)}: from {price.sought} on it"
            if price.skipped_max is not None:
                return f"{where} would skip up to {price.skipped_max:,} records: no accept_loss"
            # nothing of such a log was ever removed, so nothing lies before its start
            if not (service.resume == "earliest" and logs[price.name].target_start == 0):
                why = f"what it would skip is not known ({price.exact.reason})"
                return f"{where}: {why}: no accept_loss"
    tolerance = tolerated(spec)
    if tolerance is None:
        return ""
    total = 0
    for price in prices:
        if price.reread_max is None:
            why = f"what it would read again is not known ({price.exact.reason})"
            return f"{partition_text(price.name)}: {why}: no accept_replay"
        total += price.reread_max
    if total > tolerance:
        advice = f"a replay_tolerance of {total} or accept_replay for {service.name} accepts it"
        return f"would read up to {total:,} records again, tolerated: {tolerance}; {advice}"
    return ""


def tolerated(spec: OffsetsSpec) -> int | None:
    """How many records such a group may read again; None: any number."""
    if spec.accept_replay is not None:
        return None
    stated = spec.replay_tolerance_records
    return 0 if stated is None and spec.resume != "latest" else stated


def _commit(task: Placing, prices: Sequence[Price]) -> Act:
    service, group = task.service, task.service.group or ""
    reread = total(prices, lambda price: price.reread_max)
    skipped = total(prices, lambda price: price.skipped_max)
    remember = {
        f"placed.{group}": {partition_text(p.name): p.sought for p in prices},
        f"placing.{group}": {
            partition_text(p.name): [p.exact.offset, p.reread_max, p.skipped_max] for p in prices
        },
        f"reread_max.{group}": reread,
        f"rereads.{group}": {partition_text(p.name): p.reread_max for p in prices if p.reread_max},
        f"skipped_max.{group}": skipped,
    }
    note = f"{group} resumes on target at {service.resume}: reads {said(reread)} again, "
    note += f"skips {said(skipped)}{_by(service)}"
    offsets = tuple((price.name, price.sought) for price in prices)
    return Act(CommitOffsets("target", group, offsets), task.timeout_ms, remember, note)


def _by(service: Service) -> str:
    spec = service.offsets
    assert spec is not None
    given = [a for a in (spec.accept_loss, spec.accept_replay) if a is not None]
    return f" (accepted by {', '.join(dict.fromkeys(a.by for a in given))})" if given else ""


def said(records: int | None) -> str:
    """A bound in words."""
    if records is None:
        return "an unknown number of records"
    return f"at most {records:,} records" if records else "none"


def total(prices: Sequence[Price], of: Callable[[Price], int | None]) -> int | None:
    """The sum; None as soon as one is unknown."""
    numbers = [of(price) for price in prices]
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
