"""What going back costs now, in records and partitions, and since when it is not possible.

Pure: counted from what the clusters showed last. What is not known is unknown, never nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from cockpit.core.delta import Pairs, back_to_source, bounds
from cockpit.core.drained import STAYED, past_the_drain
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.observe import (
    MISSING,
    GroupState,
    TopicPartition,
    Unknown,
    partition_of,
    partition_text,
)
from cockpit.core.placing import is_unskipped, resumes_without_place, since_placed
from cockpit.core.plan import SIDES, SOUGHT, FenceStep, Service
from cockpit.core.reversing import RETURNED, late_records
from cockpit.core.snapshot import PriceView, RollbackWord
from cockpit.core.topicids import not_compared
from cockpit.core.turn import closed_since_ms, is_reversed, produces, services_of

MAX_AGE_MS: Final = 5_000
"""Older readings of log ends or commits count nothing."""
READS_ON: Final = "more as the group reads on"
NAMED: Final = 4
"""How many partitions are spelt out."""


def rollback_word(state: FlightState, wave: WaveState) -> tuple[RollbackWord, int | None, str]:
    """Whether going back is possible, since when not, and what it costs."""
    topics = produces(state, wave)
    if wave.back:
        return "possible", None, "it is going back already: that can be tried again"
    closed_ms = closed_since_ms(state, wave)
    is_link = state.plan.replication.kind == "link"
    if closed_ms is not None:
        why = "records are on the target that the source does not have: go forward"
        if is_link:
            why = "a topic of it is promoted, and the source gets no more of it: go forward"
        return "closed", closed_ms, why
    window = wave.wave.rollback_window_ms
    if wave.done_at_ms is not None and window is not None:
        end_ms = wave.done_at_ms + window
        if state.at_ms > end_ms:
            return "closed", end_ms, "the wave's rollback window is over"
    if wave.start_intent_at_ms is not None and topics and is_reversed(wave):
        why = "the second mirror brings back what was written on the target, and that is proved"
        return "possible", None, why
    if wave.start_intent_at_ms is not None and topics and not is_link:
        why = "producers were started on the target: what they wrote there would stay there"
        return "lossy", wave.start_intent_at_ms, why
    if wave.word in ("ready", "pending", "rolled back"):
        return "possible", None, "nothing has been moved"
    if is_link and (wave.start_intent_at_ms is not None or wave.word == "done"):
        return "possible", None, "until a topic is promoted, the source has every record"
    if wave.start_intent_at_ms is not None or wave.word == "done":
        return (
            "possible",
            None,
            "groups go back to where they came from",
        )
    return "possible", None, "costs nothing"


def price(state: FlightState, wave: WaveState) -> PriceView:
    """What taking this wave back would cost now."""
    word, since_ms, why = rollback_word(state, wave)
    if word == "possible" and wave.word in ("ready", "pending", "rolled back"):
        return PriceView("nothing", wave.wave.name, 0, 0, (), None, why)
    written = _written(state, wave)
    records = written if isinstance(written, Unknown) else sum(written.values())
    reread = _reread(state, wave)
    worst: tuple[tuple[str, int], ...] = ()
    if not isinstance(written, Unknown):
        grown = [(partition_text(name), count) for name, count in written.items() if count]
        worst = tuple(sorted(grown, key=lambda one: (-one[1], one[0])))
    if word == "closed":
        view = PriceView("closed", wave.wave.name, records, reread, worst, since_ms, "")
    elif isinstance(records, Unknown) or isinstance(reread, Unknown):
        view = PriceView("unknown", wave.wave.name, records, reread, worst, None, "")
    elif word == "lossy" or records or reread:
        view = PriceView("records", wave.wave.name, records, reread, worst, None, "")
    elif _reads_on(state, wave):
        return PriceView("nothing", wave.wave.name, 0, 0, (), None, f"nothing yet, {READS_ON}")
    else:
        text = why if "nothing" in why else f"nothing: {why}"
        return PriceView("nothing", wave.wave.name, 0, 0, (), None, text)
    return replace(view, text=_text(view, why, _reads_on(state, wave)))


def _reads_on(state: FlightState, wave: WaveState) -> bool:
    """Whether a group of the wave may be at work on the target: what it has read by the time that
    it is stopped, nobody can tell."""
    if wave.start_intent_at_ms is None or state.plan.replication.kind == "link":
        return False
    for service in services_of(state, wave):
        if service.group is None or f"placed.{service.group}" not in wave.memory:
            continue
        there = _group(state, wave, service.group)
        if isinstance(there, Unknown) or not _is_at_rest(there):
            return True
    return False


def _is_at_rest(group: GroupState) -> bool:
    return group.members == 0 and group.members_unknown is None


def _text(view: PriceView, why: str, reads_on: bool) -> str:
    """One line for people."""
    parts: list[str] = []
    if view.word == "closed" and view.since_ms is not None:
        parts.append(f"not possible since {_utc(view.since_ms)}: {why}")
    if isinstance(view.records, Unknown):
        parts.append(f"records written on the target: unknown ({view.records.reason})")
    elif view.records or view.word == "closed":
        parts.append(f"{view.records:,} records on the target would be lost or replayed")
        parts[-1] += _where(view.partitions)
    if isinstance(view.reread, Unknown):
        parts.append(f"records read again on the source: unknown ({view.reread.reason})")
    elif view.reread:
        more = f", {READS_ON}" if reads_on else ""
        parts.append(f"at most {view.reread:,} records are read again on the source{more}")
    if view.word == "records" and not view.records and not view.reread:
        parts.append(f"no record yet, but {why}")
    return "; ".join(parts)


def _where(partitions: tuple[tuple[str, int], ...]) -> str:
    if not partitions:
        return ""
    named = ", ".join(f"{name} {count:,}" for name, count in partitions[:NAMED])
    more = f" and {len(partitions) - NAMED} more" if len(partitions) > NAMED else ""
    return f" ({named}{more})"


def _utc(at_ms: int) -> str:
    seconds = at_ms // 1000 % 86_400
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"


def _written(state: FlightState, wave: WaveState) -> Mapping[TopicPartition, int] | Unknown:
    """By partition the records past the drained end on the target; once all was proved to be back
    on the source, those that came after it: what no mirror brings.

    Transaction markers count as records: no log end tells them apart.
    """
    is_link = state.plan.replication.kind == "link"
    if is_link and closed_since_ms(state, wave) is not None:
        return Unknown("after a promotion nobody counts them")
    topics = frozenset(produces(state, wave))
    if not topics or is_link:
        return {}
    if wave.start_intent_at_ms is None:
        if any(isinstance(s.step, FenceStep) and s.word == "undone" for s in wave.steps):
            stayed: Mapping[str, int] = wave.memory.get(STAYED) or {}
            return {partition_of(key): n for key, n in stayed.items()}  # the mirror brings more
        return past_the_drain(state, wave) or {}  # of nobody whom this flight has started
    if wave.memory.get(RETURNED):
        logs = state.facts.newest_logs("target")
        late = late_records(wave.wave, wave.memory, wave.cursor, logs)
        return {partition_of(key): count for key, count in late.items()}
    if is_reversed(wave):
        return {}
    return _past_the_drain(state, wave, topics)


def _past_the_drain(
    state: FlightState, wave: WaveState, topics: frozenset[str]
) -> Mapping[TopicPartition, int] | Unknown:
    """Since the producers were told to start; each partition has to be known."""
    started_ms = wave.start_intent_at_ms or 0
    ends = wave.memory.get("drained.target_end")
    if not ends:
        return Unknown("no drained end was proved")
    logs = state.facts.newest_logs("target")
    if logs is None or logs.asked_at_ms <= started_ms:
        return Unknown("the target's log ends are not read again yet")
    if state.at_ms - logs.asked_at_ms > MAX_AGE_MS:
        age_s = (state.at_ms - logs.asked_at_ms) / 1000
        return Unknown(f"the target's log ends are {age_s:.0f} s old")
    found: dict[TopicPartition, int] = {}
    for name, end in zip(logs.keys.names, logs.end.tolist(), strict=True):
        if name[0] not in topics:
            continue
        before = ends.get(partition_text(name))
        if end == MISSING or before is None or end < before:
            return Unknown(f"{partition_text(name)}: its end, or the drained one, is not known")
        found[name] = end - before
    if {partition_text(name) for name in found} != {
        key for key in ends if key.rpartition("/")[0] in topics
    }:
        return Unknown("a partition that was drained is not there")
    return found


def _reread(state: FlightState, wave: WaveState) -> int | Unknown:
    """Records that the wave's groups would read again on the source, at most: by the mirror's
    offset-syncs, and what an exact place may save is not counted on. Where a place has no image
    on the source, as the way back does it (`cockpit.core.placing.return_group`)."""
    total = 0
    for service in services_of(state, wave):
        placed = wave.memory.get(f"placed.{service.group}")
        if service.group is None or placed is None or wave.start_intent_at_ms is None:
            continue
        found = _reread_of(state, wave, service, placed)
        if isinstance(found, Unknown):
            return found
        total += found
    return total


def _reread_of(
    state: FlightState, wave: WaveState, service: Service, placed: Mapping[str, int]
) -> int | Unknown:
    assert service.group is not None
    if service.resume == "external":
        return Unknown(f"{service.group} keeps its offsets outside Kafka")
    there = _group(state, wave, service.group)
    if isinstance(there, Unknown):
        return there
    if state.plan.replication.kind == "link":
        return 0  # a place is the same on both sides
    source = state.facts.newest_groups("source")
    here = source.groups.get(service.group) if source is not None else None
    before = here.committed() if here is not None and here.unknown is None else {}
    ranges = tuple(_ranges(state, service, there, placed))
    for side in SIDES:
        if why := not_compared(state.facts, side, {name[0] for name, _, _ in ranges}):
            return Unknown(why)
    total = 0
    for name, low, high in ranges:
        if isinstance(high, Unknown):
            return high
        again = _without_image(state, wave, service, name, high, before)
        if again is None:
            stood = before.get(name, -1)
            since = since_placed(wave.memory, service.group, name, stood)
            again = _by_syncs(state, service, name, (low, high), stood)
            if since is not None and not isinstance(again, Unknown):
                again = min(again, high - since)
        if isinstance(again, Unknown):
            return again
        total += again
    return total


def _without_image(
    state: FlightState,
    wave: WaveState,
    service: Service,
    name: TopicPartition,
    high: int,
    before: Mapping[TopicPartition, int],
) -> int | Unknown | None:
    """What is read again of a partition whose place leads to none on the source: of a topic that
    was made anew, all since the source's commit; of a group that has skipped records, all that it
    has read on the target. None: its place has an image."""
    if any(name[0] in anew for anew in state.facts.recreated.values()):
        log = bounds(state.facts, name)
        if isinstance(log, Unknown):
            return log
        return resumes_without_place(before.get(name), log)[1]
    if service.resume not in SOUGHT or is_unskipped(wave.memory, service.group, name):
        return None
    placed = wave.memory.get(f"placed.{service.group}", {})
    return high - int(placed.get(partition_text(name), 0))


def _by_syncs(
    state: FlightState,
    service: Service,
    name: TopicPartition,
    between: tuple[int, int],
    before: int,
) -> int | Unknown:
    syncs = state.facts.syncs
    if syncs is None or not syncs.read_to_end:
        return Unknown("the mirror's offset-syncs are not read")
    worst = _worst(syncs.slots.get(name, ()), *between, before)
    if worst is None:
        where = f"{service.group} {partition_text(name)}"
        return Unknown(f"{where}: no offset-sync before {between[0]}")
    return worst


def _worst(pairs: Pairs, low: int, high: int, before: int) -> int | None:
    """What is read again at most from wherever a group stops between two places on the target: the
    way back leads to the nearest offset-sync, so that is most just before the next. `before`: its
    commit on the source, behind which it never goes. None: no sync is so old."""
    at = (low, high, *(target - 1 for _, target in pairs if low < target <= high))
    places = [back_to_source(pairs, one, before) for one in at]
    known = [place.reread_max for place in places if place is not None]
    return max(known) if len(known) == len(places) else None


def _ranges(
    state: FlightState, service: Service, there: GroupState, placed: Mapping[str, int]
) -> Iterator[tuple[TopicPartition, int, int | Unknown]]:
    """Of each partition from which a group may have something to bring back: where it is on the
    target, and how far it may be by now. One that is at work goes on while somebody reads this."""
    logs = state.facts.newest_logs("target")
    at_rest = _is_at_rest(there)
    committed = there.committed()
    for name in sorted({*committed, *map(partition_of, placed)}):
        if name[0] not in service.consumes:
            continue
        place = placed.get(partition_text(name), -1)
        here = committed.get(name, place)
        if at_rest:
            if here > place:
                yield name, here, here
            continue
        index = logs.keys.position.get(name) if logs is not None else None
        end = MISSING if logs is None or index is None else int(logs.end[index])
        if end == MISSING:
            yield name, here, Unknown(f"{partition_text(name)}: the target's end is not known")
        elif max(here, end) > place:  # what is at its place still has nothing to bring back
            yield name, max(here, place + 1), max(here, end)


def _group(state: FlightState, wave: WaveState, group: str) -> GroupState | Unknown:
    sample = state.facts.newest_groups("target")
    if sample is None or state.at_ms - sample.asked_at_ms > MAX_AGE_MS:
        return Unknown(f"the target's commits of {group} are not read, or old")
    if sample.states_asked_at_ms() <= (wave.start_intent_at_ms or 0):
        return Unknown(f"the target's commits of {group} are not read again yet")
    found = sample.groups.get(group)
    if found is None:
        return Unknown(f"{group} does not exist on the target")
    return found if found.unknown is None else Unknown(f"{group}: {found.unknown}")
