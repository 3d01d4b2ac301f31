"""The search for images over modelled logs: all of it, windows and questions for times included."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

import cockpit.kafka.finding as searching
from cockpit.core.image import Piece, Verdict
from cockpit.kafka.content import Allowance
from cockpit.kafka.finding import Limits, find, find_origin
from tests.core.image_kinds import KINDS
from tests.core.mirror_model import BACKFILL_MS, ModelLog, Pair, Shape, make_pair, make_runs

SEEDS = 12
SIZE = 400
QUESTIONS = 10

WHOLE = Limits()
NARROW = Limits(near=40, chunk=160, probes=400)
"""Most offsets are far from the end for these."""
FAR = Limits(near=5, chunk=64, probes=400)
"""As good as all."""


class ModelReader:
    """A modelled log behind the questions that a broker answers, within an allowance."""

    def __init__(self, log: ModelLog, offsets: int = 10**6) -> None:
        self.log = log
        self.allowance = Allowance(10**6, offsets)

    async def bounds(self) -> tuple[int, int]:
        return self.log.start, self.log.end

    async def at_time(self, time_ms: int) -> int:
        times = ((e.item.offset, e.item.time_ms) for e in self.log.entries)
        return next((offset for offset, at in times if at >= time_ms), -1)

    async def read(self, begin: int, end: int) -> Piece:
        piece = self.log.piece(begin, end)
        self.allowance.read(piece.end - piece.begin)
        return piece


async def answers(shape: Shape, limits: Limits, seeds: int = SEEDS) -> list[tuple[str, str]]:
    """Words of the verdicts, and what is wrong with each."""
    found: list[tuple[str, str]] = []
    for seed in range(seeds):
        random = Random(seed)
        pair = make_pair(random, replace(shape, size=SIZE))
        for _ in range(QUESTIONS):
            offset = random.randint(0, pair.source.end)
            verdict = await ask(pair, offset, limits)
            found.append((verdict.word, pair.wrong(offset, verdict)))
    return found


async def ask(pair: Pair, offset: int, limits: Limits) -> Verdict:
    return await find(offset, ModelReader(pair.source), ModelReader(pair.target), limits)


@pytest.mark.parametrize("limits", [WHOLE, NARROW], ids=["near", "far"])
@pytest.mark.parametrize("kind", KINDS)
async def test_no_search_ends_with_a_wrong_verdict(kind: str, limits: Limits) -> None:
    assert not [wrong for _, wrong in await answers(KINDS[kind], limits) if wrong]


@pytest.mark.parametrize("limits", [WHOLE, NARROW], ids=["near", "far"])
async def test_plain_logs_are_answered_exactly_near_and_far(limits: Limits) -> None:
    words = Counter(word for word, _ in await answers(KINDS["plain"], limits))
    assert set(words) == {"EXACT"}


SHORTCUTS: dict[str, tuple[str, int, Pair, Limits]] = {
    "does not step through the rest": (
        "_not_again",
        120,
        make_runs(800, [(0, 800), (100, 800)]),
        NARROW,
    ),
    "does not look at the end": (
        "_passed",
        120,
        make_runs(800, [(0, 800), (100, 125)]),
        NARROW,
    ),
    "reads no further back": ("_needed", 290, make_runs(300, [(0, 300), (10, 295)]), WHOLE),
}
"""What a search must not leave out, and an offset of a log where it matters."""


@pytest.mark.parametrize("shortcut", SHORTCUTS)
async def test_a_search_takes_no_shortcut(monkeypatch: pytest.MonkeyPatch, shortcut: str) -> None:
    name, offset, pair, limits = SHORTCUTS[shortcut]
    assert not pair.wrong(offset, await ask(pair, offset, limits))

    async def careless(*given: Any) -> Any:
        return given[2].begin if name == "_needed" else True

    monkeypatch.setattr(searching, name, careless)
    assert pair.wrong(offset, await ask(pair, offset, limits))


def expired(pair: Pair, start: int) -> Pair:
    """The pair after the target has lost what is below this offset."""
    entries = [e for e in pair.target.entries if e.item.offset >= start]
    return replace(pair, target=replace(pair.target, start=start, entries=entries))


def backfilled(size: int, old: range) -> Pair:
    """A mirror that has made one run; some records have times from long before the others."""
    pair = make_runs(size, [(0, size)])
    for log in (pair.source, pair.target):
        for at, entry in enumerate(log.entries):
            time_ms = entry.item.time_ms + (0 if at in old else BACKFILL_MS)
            log.entries[at] = replace(entry, item=replace(entry.item, time_ms=time_ms))
    return pair


@pytest.mark.parametrize("offset", [900, 990])
async def test_records_with_older_times_are_not_overlooked_far_from_the_end(offset: int) -> None:
    pair = expired(backfilled(7_000, range(1_000, 1_300)), 1_100)
    verdict = await ask(pair, offset, WHOLE)
    assert (verdict.word, verdict.low) == ("EXACT", 1_100)


@pytest.mark.parametrize("seed", [143, 196, 211])
async def test_nor_once_more_of_the_source_has_been_read(seed: int) -> None:
    shape = Shape(
        keys=1,
        steps_ms=(0, 1, -1),
        markers=0.1,
        target_markers=0.5,
        restarts=4,
        clean_target=True,
        expire_target=True,
    )
    pair = make_pair(Random(seed), replace(shape, size=300))
    for offset in range(pair.source.end + 1):
        assert not pair.wrong(offset, await ask(pair, offset, FAR))


@pytest.mark.parametrize("runs", [[(0, 900), (100, 150)], [(0, 900), (100, 600)]])
async def test_what_is_left_of_an_earlier_run_is_not_skipped(runs: list[tuple[int, int]]) -> None:
    pair = expired(make_runs(1_000, runs), 850)
    for offset in range(100, 160, 5):
        assert not pair.wrong(offset, await ask(pair, offset, NARROW))


async def test_a_search_stops_at_its_allowance() -> None:
    pair = make_pair(Random(3), replace(KINDS["stamped"], size=2_000, behind=False))
    source, target = ModelReader(pair.source, 300), ModelReader(pair.target, 300)
    verdict = await find(5, source, target, WHOLE)
    assert (verdict.word, verdict.reason) == ("NONE", searching.BUDGET)


async def test_offsets_outside_the_log_have_no_image() -> None:
    pair = make_pair(Random(3), KINDS["plain"])
    for offset in (-1, pair.source.end + 1):
        verdict = await ask(pair, offset, WHOLE)
        assert verdict.word == "NONE"
        assert str(pair.source.end) in verdict.reason


@pytest.mark.parametrize("kind", ["plain", "markers", "behind", "disordered", "stamped"])
async def test_the_way_back_is_exact_where_each_record_is_there_once(kind: str) -> None:
    for seed in range(SEEDS):
        random = Random(seed)
        pair = make_pair(random, replace(KINDS[kind], size=SIZE))
        for offset in (random.randint(0, pair.target.end) for _ in range(QUESTIONS)):
            verdict = await find_origin(
                offset, ModelReader(pair.target), ModelReader(pair.source), WHOLE
            )
            came = [e.origin for e in pair.target.entries if e.item.offset >= offset]
            gone = [e.origin for e in pair.target.entries if e.item.offset < offset]
            if not came + gone:
                continue
            assert verdict.word == "EXACT"
            read = {o for o in pair.history if o < verdict.low}
            assert read == {o for o in pair.history if o <= max(gone, default=-1)}


def emptied(log: ModelLog) -> ModelLog:
    """The log after retention has taken every record."""
    return replace(log, start=log.end, entries=[], empty=set())


@pytest.mark.parametrize("kind", ["plain", "markers", "stamped"])
@pytest.mark.parametrize("both", [True, False])
async def test_from_the_targets_end_the_way_back_leads_to_the_end_of_a_source_without_records(
    kind: str, both: bool
) -> None:
    pair = make_pair(Random(3), replace(KINDS[kind], size=SIZE))
    source, end = emptied(pair.source), pair.target.end
    target = emptied(pair.target) if both else pair.target
    verdict = await find_origin(end, ModelReader(target), ModelReader(source), WHOLE)
    assert (verdict.word, verdict.low) == ("EXACT", source.end)


async def test_what_only_the_target_still_has_is_not_passed_over_on_the_way_back() -> None:
    pair = make_pair(Random(3), replace(KINDS["plain"], size=SIZE))
    source, unread = emptied(pair.source), pair.target.entries[-1].item.offset
    verdict = await find_origin(unread, ModelReader(pair.target), ModelReader(source), WHOLE)
    assert verdict.word == "NONE"


@pytest.mark.parametrize("kind", ["replayed", "equal", "stamped-few", "expired"])
async def test_the_way_back_never_skips_what_comes_on_the_target(kind: str) -> None:
    for seed in range(SEEDS):
        random = Random(seed)
        pair = make_pair(random, replace(KINDS[kind], size=SIZE))
        there = {e.item.offset for e in pair.source.entries}
        begin, end = pair.target.start, pair.target.end
        for offset in (random.randint(begin, end) for _ in range(QUESTIONS)):
            verdict = await find_origin(
                offset, ModelReader(pair.target), ModelReader(pair.source), WHOLE
            )
            gone = {e.origin for e in pair.target.entries if e.item.offset < offset}
            coming = {e.origin for e in pair.target.entries} - gone
            if verdict.word != "NONE" and coming & there:
                assert verdict.low <= min(coming & there)
