"""Where a group would resume on the target, and what that would cost.

MirrorMaker's own translation, from its offset-syncs (the algorithm is in
`cockpit.core.translate`): the answer never lies past the true place, so a group that resumes
there may read again but never skips. The cost is bounded in source offsets: everything after the
sync that the answer stands on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cockpit.core.facts import Facts
from cockpit.core.lag import made_anew, newest_before
from cockpit.core.observe import (
    MISSING,
    GroupSample,
    LogSample,
    TopicPartition,
    Unknown,
    partition_text,
)
from cockpit.core.plan import Service
from cockpit.core.remember import Remembered
from cockpit.core.snapshot import DeltaRow, ExactView
from cockpit.core.survey import GroupImage, ImagesSurvey

Pairs = tuple[tuple[int, int], ...]
"""(source offset, target offset), newest first."""


@dataclass(frozen=True, slots=True)
class Place:
    """A translated offset and the bound of what is read again from there, in records."""

    offset: int
    reread_max: int


def to_target(pairs: Pairs, source_offset: int) -> Place | None:
    """Translate a committed source offset; None: older than every sync that is kept."""
    for source, target in pairs:
        if source <= source_offset:
            if source == source_offset:
                return Place(target, 0)
            return Place(target + 1, source_offset - source - 1)
    return None


def to_source(pairs: Pairs, target_offset: int) -> Place | None:
    """The inverse: the source offset from which nothing that lies past `target_offset` is
    missed."""
    for source, target in pairs:
        if target <= target_offset:
            if target == target_offset:
                return Place(source, 0)
            return Place(source + 1, target_offset - target - 1)
    return None


def back_to_source(pairs: Pairs, target_offset: int, before: int) -> Place | None:
    """Where a group goes on on the source that stands at `target_offset`: by the nearest sync, and
    never behind its own commit there, `before` (-1: none).

    Between two offsets of the source there may be fewer records than they differ by, for markers
    and what compaction took have offsets too. So what is read again from a commit on is counted on
    the target, from the first place there that the commit may have.
    """
    place = to_source(pairs, target_offset)
    if place is None or before <= place.offset:
        return place
    least = to_target(pairs, before)
    assert least is not None  # the sync that leads back is older than the commit
    return Place(before, max(0, target_offset - least.offset))


def latest_image(pairs: Pairs, source_offset: int) -> int | None:
    """The target offset that the true place cannot lie past: of the nearest sync at or after it."""
    later = [target for source, target in pairs if source >= source_offset]
    return min(later, default=None)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Log start and end of one partition on both sides."""

    source_start: int
    source_end: int
    target_start: int
    target_end: int
    target_is_newer: bool = True
    """Its end was asked for after the offset-syncs: a translation past it is an anomaly."""


def bounds(facts: Facts, name: TopicPartition) -> Bounds | Unknown:
    """The newest log bounds of one partition, or which of them is not known."""
    values: list[int] = []
    for side in ("source", "target"):
        logs: LogSample | None = facts.newest_logs(side)
        if logs is None:
            return Unknown(f"{side} offsets not read yet")
        index = logs.keys.position.get(name)
        if index is None:
            return Unknown(f"{partition_text(name)} does not exist on {side}")
        pair = (int(logs.start[index]), int(logs.end[index]))
        if MISSING in pair:
            return Unknown(f"{side}: {logs.errors.get(name, 'offsets unknown')}")
        values.extend(pair)
    target, syncs = facts.newest_logs("target"), facts.syncs
    assert target is not None
    newer = syncs is None or target.asked_at_ms >= syncs.answered_at_ms
    return Bounds(values[0], values[1], values[2], values[3], newer)


def resume_place(committed: int | None, pairs: Pairs, log: Bounds) -> Place | Unknown:
    """Where to resume on the target after `committed` on the source.

    A group that has read nothing of the log resumes at the target's log start. Where the target
    still has records that the source has lost, those are read again: they are in the bound.
    """
    whole = Place(log.target_start, log.target_end - log.target_start)
    if committed is None:
        return whole
    place = to_target(pairs, committed)
    if place is None:
        if committed <= log.source_start:
            return whole
        return Unknown(f"no offset sync at or before {committed}: it cannot be translated")
    if log.target_is_newer and place.offset > log.target_end:
        return Unknown(f"translation {place.offset} lies past the target's end {log.target_end}")
    return place


def service_partitions(facts: Facts, service: Service) -> tuple[TopicPartition, ...]:
    """Every source partition that a service reads, sorted."""
    logs = facts.newest_logs("source")
    if logs is None:
        return ()
    names = logs.keys.names
    return tuple(sorted(names[i] for i in logs.keys.of_topics(service.consumes).tolist()))


IMAGE_MAX_AGE_MS = 15_000
"""How long an image says something about commits that have moved on since."""
CURRENT_IMAGE_MAX_AGE_MS = 120_000
"""How long it says something about the commits that it was asked with: the logs may change."""

_ROWS: dict[str, Remembered[tuple[DeltaRow, ...]]] = {}


def delta_rows(facts: Facts, service: Service) -> tuple[DeltaRow, ...]:
    """One row for each partition that the service's group reads."""
    kept = _ROWS.setdefault(service.name, Remembered())
    stands_on = (
        service,
        facts.groups,
        facts.logs,
        facts.syncs,
        facts.surveys.get("images"),
        facts.failures.get("images"),
    )
    return kept.get(stands_on, lambda: _rows(facts, service))


def _rows(facts: Facts, service: Service) -> tuple[DeltaRow, ...]:
    if service.group is None:
        return ()
    source = facts.newest_groups("source")
    before = source.asked_at_ms if source else 0
    target = newest_before(facts.groups.get("target", ()), before)
    slots = facts.syncs.slots if facts.syncs else {}
    commits = (_commits(source, service.group), _commits(target, service.group))
    times = [s.asked_at_ms for s in (source, target, facts.syncs) if s is not None]
    at_ms = min(times) if len(times) == 3 else None
    anew = made_anew(facts)
    return tuple(
        _row(facts, (service.group, name), commits, slots.get(name, ()), anew.get(name[0]), at_ms)
        for name in service_partitions(facts, service)
    )


Commits = Mapping[TopicPartition, int] | Unknown


def _commits(sample: GroupSample | None, group: str) -> Commits:
    if sample is None:
        return Unknown("groups not read yet")
    state = sample.groups.get(group)
    if state is None and sample.side == "source":
        return Unknown(f"group {group} does not exist on the source")
    if state is None:
        return {}
    if state.unknown is not None:
        return Unknown(state.unknown)
    return state.committed()


def _row(
    facts: Facts,
    subject: tuple[str, TopicPartition],
    commits: tuple[Commits, Commits],
    pairs: Pairs,
    anew: str | None,
    at_ms: int | None,
) -> DeltaRow:
    group, name = subject
    log = bounds(facts, name)
    source, target = commits
    source_commit = source if isinstance(source, Unknown) else source.get(name)
    if facts.syncs is not None and facts.syncs.same_offsets and isinstance(source_commit, int):
        pairs = ((source_commit, source_commit),)
    target_commit = target if isinstance(target, Unknown) else target.get(name)
    place: Place | Unknown
    if isinstance(log, Unknown):
        place = log
    elif isinstance(source_commit, Unknown):
        place = source_commit
    elif anew is not None:
        place = Unknown(anew)
    elif facts.syncs is None or not facts.syncs.read_to_end:
        place = Unknown("offset-syncs not read yet")
    else:
        place = resume_place(source_commit, pairs, log)
    exact: ExactView | Unknown
    if anew is None:
        exact = _exact(facts, subject, (source_commit, target_commit), pairs, log)
    else:
        exact = Unknown(anew)
    delta: int | Unknown
    skipped: tuple[int | Unknown, int | Unknown]
    if isinstance(target_commit, Unknown):
        delta, skipped = target_commit, (target_commit, target_commit)
    elif target_commit is None:
        delta, skipped = Unknown("no commit on the target"), (0, 0)
    elif isinstance(place, Unknown):
        delta, skipped = place, (place, place)
    else:
        commit = source_commit if isinstance(source_commit, int) else None
        latest = None if commit is None else latest_image(pairs, commit)
        least = 0 if latest is None else max(0, target_commit - latest)
        delta = target_commit - place.offset
        skipped = least, _skipped_max(commit, target_commit, place, exact)
    return DeltaRow(
        group=group,
        topic=name[0],
        partition=name[1],
        source_committed=Unknown("no commit") if source_commit is None else source_commit,
        translated=place if isinstance(place, Unknown) else place.offset,
        target_committed=Unknown("no commit") if target_commit is None else target_commit,
        delta=delta,
        reread_max=place if isinstance(place, Unknown) else place.reread_max,
        skipped_max=skipped[1],
        at_ms=at_ms,
        exact=exact,
        skipped_min=skipped[0],
    )


def _skipped_max(
    source_commit: int | None, target_commit: int, place: Place, exact: ExactView | Unknown
) -> int:
    """The most records between the true place of a source commit and the target's commit.

    MirrorMaker promises that the true place is not before its translation; an image by content says
    so too, also one of an earlier commit, and better.
    """
    past = max(0, target_commit - place.offset)
    if isinstance(exact, Unknown) or isinstance(exact.low, Unknown) or not exact.is_fresh:
        return past
    if source_commit is None or exact.source_offset > source_commit:
        return past
    if exact.is_current and not isinstance(exact.skipped, Unknown):
        return exact.skipped
    past_image = max(0, target_commit - exact.low)
    return past_image if exact.source_offset == source_commit else min(past, past_image)


def _exact(
    facts: Facts,
    subject: tuple[str, TopicPartition],
    commits: tuple[int | Unknown | None, int | Unknown | None],
    pairs: Pairs,
    log: Bounds | Unknown,
) -> ExactView | Unknown:
    """The newest image by content. It is about the commits that it was asked with, and about no
    others."""
    survey = facts.survey(ImagesSurvey, "images")
    if survey is None:
        failure = facts.failures.get("images")
        return Unknown(failure.reason if failure else "no image asked for yet")
    found = survey.images.get(subject)
    if found is None:
        return Unknown("no image of this commit")
    image = found.image
    source = facts.newest_groups("source")
    is_current = commits == (image.source_offset, found.target_committed)
    most_ms = CURRENT_IMAGE_MAX_AGE_MS if is_current else IMAGE_MAX_AGE_MS
    is_recent = source is not None and source.asked_at_ms - found.at_ms <= most_ms
    return ExactView(
        word=image.word,
        source_offset=image.source_offset,
        low=image.low,
        high=image.high,
        reason=image.reason,
        reread=found.reread_records,
        skipped=found.skipped_records,
        overshoot=_overshoot(found, pairs, log),
        is_current=is_current,
        is_fresh=is_recent and "images" not in facts.failures,
        at_ms=found.at_ms,
    )


def _overshoot(found: GroupImage, pairs: Pairs, log: Bounds | Unknown) -> int | Unknown:
    """How far MirrorMaker's translation of the same commit lies past the image: never, by its
    promise. An old MirrorMaker, a filter, or the wrong topic breaks it."""
    high = found.image.high
    if isinstance(high, Unknown):
        return high
    if isinstance(log, Unknown):
        return log
    place = resume_place(found.image.source_offset, pairs, log)
    return place if isinstance(place, Unknown) else max(0, place.offset - high)


def translated_reread(rows: Iterable[DeltaRow]) -> int | Unknown:
    """Records that a group would read again by MirrorMaker's translation, at most."""
    return _sum((row, row.reread_max) for row in rows)


def exact_reread(row: DeltaRow) -> int | Unknown:
    """Records that a group would read again if it resumed at the low end of its exact image."""
    exact = row.exact
    if isinstance(exact, Unknown):
        return exact
    if isinstance(exact.low, Unknown) or isinstance(exact.high, Unknown):
        return Unknown(exact.reason)
    if not exact.is_fresh:
        return Unknown("its image is old")
    return 0 if exact.word == "EXACT" else max(1, exact.high - exact.low)


def _sum(values: Iterable[tuple[DeltaRow, int | Unknown]]) -> int | Unknown:
    total = 0
    for row, value in values:
        if isinstance(value, Unknown):
            return Unknown(f"{row.topic}/{row.partition}: {value.reason}")
        total += value
    return total


def image_sums(rows: Iterable[DeltaRow]) -> tuple[int | Unknown, int | Unknown]:
    """Records that a group would read again and skip by its target commits, over all its rows;
    unknown as soon as one of them is, or stands on commits that have long moved on."""
    sums: list[int | Unknown] = [0, 0]
    for row in rows:
        exact = row.exact
        for i in (0, 1):
            total = sums[i]
            if isinstance(total, Unknown):
                continue
            where = f"{row.topic}/{row.partition}"
            if isinstance(exact, Unknown):
                sums[i] = Unknown(f"{where}: {exact.reason}")
            elif not exact.is_fresh:
                sums[i] = Unknown(f"{where}: its image is old, or the commit has moved on since")
            else:
                one = (exact.reread, exact.skipped)[i]
                sums[i] = (
                    Unknown(f"{where}: {one.reason}") if isinstance(one, Unknown) else (total + one)
                )
    return sums[0], sums[1]
