"""Where a group resumes, and what it costs: never past the true place, always with its bound."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.delta import (
    CURRENT_IMAGE_MAX_AGE_MS,
    IMAGE_MAX_AGE_MS,
    Bounds,
    Place,
    back_to_source,
    delta_rows,
    image_sums,
    resume_place,
    to_source,
    to_target,
)
from cockpit.core.facts import Facts, absorb
from cockpit.core.observe import Failure, Unknown
from cockpit.core.skips import overshoot, proved_skip
from cockpit.core.snapshot import ExactView
from cockpit.core.survey import GroupImage, Image, ImagesSurvey
from tests.core.build import group, groups, logs, syncs, two_wave_plan

PAIRS = ((100, 90), (50, 45), (0, 0))
RANGE = Unknown("the image is a range")
LEDGER = two_wave_plan().service("ledger")


def test_an_offset_with_a_sync_of_its_own_is_exact() -> None:
    assert to_target(PAIRS, 50) == Place(45, 0)


def test_between_two_syncs_the_answer_is_one_past_the_older_and_the_rest_is_read_again() -> None:
    assert to_target(PAIRS, 60) == Place(46, 9)


def test_older_than_every_sync_cannot_be_translated() -> None:
    assert to_target(PAIRS[:2], 49) is None


def test_the_way_back_never_lies_past_what_was_read() -> None:
    assert to_source(PAIRS, 45) == Place(50, 0)
    assert to_source(PAIRS, 60) == Place(51, 14)


@pytest.mark.parametrize(
    ("before", "place"),
    [
        (-1, Place(51, 14)),
        (51, Place(51, 14)),
        (60, Place(60, 60 - 46)),  # how many of 51 to 60 are records, nobody can tell
        (10_000, Place(10_000, 0)),  # a sync shows that it is past there
    ],
)
def test_a_commit_that_is_further_on_is_counted_from_on_the_target(
    before: int, place: Place
) -> None:
    assert back_to_source(PAIRS, 60, before) == place


def test_a_group_that_read_nothing_resumes_at_the_start_of_the_target() -> None:
    log = Bounds(source_start=10, source_end=20, target_start=3, target_end=13)
    assert resume_place(None, (), log) == Place(3, 10)
    assert resume_place(10, (), log) == Place(3, 10)


def test_what_the_source_has_lost_and_the_target_still_has_is_not_read_again_for_nothing() -> None:
    log = Bounds(source_start=1000, source_end=1000, target_start=600, target_end=1000)
    assert resume_place(1000, ((999, 999),), log) == Place(1000, 0)
    assert resume_place(1000, (), log) == Place(600, 400)


def test_a_translation_past_the_targets_end_is_refused() -> None:
    log = Bounds(0, 100, 0, 40)
    assert isinstance(resume_place(60, PAIRS, log), Unknown)


@st.composite
def mirrored_logs(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Source offsets of data records, and the target offsets of their images: both with holes."""
    steps = draw(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=60))
    source, target = [], []
    up = down = 0
    for source_step, target_step in steps:
        source.append(up)
        target.append(down)
        up += source_step
        down += target_step
    return source, target


@given(mirrored_logs(), st.data())
def test_resuming_at_the_translation_skips_nothing_and_rereads_at_most_the_bound(
    both: tuple[list[int], list[int]], data: st.DataObject
) -> None:
    source, target = both
    picked = sorted(data.draw(st.sets(st.sampled_from(range(len(source))), min_size=1)))
    pairs = tuple((source[i], target[i]) for i in reversed(picked))
    committed = data.draw(st.integers(0, source[-1] + 1))
    place = to_target(pairs, committed)
    if place is None:
        return
    unread = [t for s, t in zip(source, target, strict=True) if s >= committed]
    again = [s for s, t in zip(source, target, strict=True) if s < committed and t >= place.offset]
    assert all(t >= place.offset for t in unread)
    assert len(again) <= place.reread_max


def observed(target_commit: int | None, *, target_at_ms: int = 900) -> Facts:
    """ledger at 60 on the source; its target commit as given."""
    facts = absorb(Facts(), logs("target", 850, (95, 95)))
    commits = {} if target_commit is None else {("orders", 0): target_commit}
    facts = absorb(facts, groups("target", target_at_ms, group("ledger", 0, commits)))
    facts = absorb(facts, groups("source", 1_000, group("ledger", 1, {("orders", 0): 60})))
    facts = absorb(facts, logs("source", 1_050, (110, 110)))
    return absorb(facts, syncs(1_100, *PAIRS))


def test_rows_show_both_commits_the_translation_and_the_bound() -> None:
    row = delta_rows(observed(46), LEDGER)[0]
    assert (row.source_committed, row.translated, row.target_committed) == (60, 46, 46)
    assert (row.delta, row.reread_max, row.skipped_max) == (0, 9, 0)


def test_a_target_commit_past_the_next_sync_counts_as_skipping() -> None:
    row = delta_rows(observed(93), LEDGER)[0]
    assert (row.delta, row.skipped_min, row.skipped_max) == (47, 3, 47)


def test_a_target_commit_inside_what_the_syncs_leave_open_may_skip_all_of_it() -> None:
    row = delta_rows(observed(50), LEDGER)[0]
    assert (row.delta, row.skipped_min, row.skipped_max) == (4, 0, 4)


def test_an_image_by_content_bounds_what_is_skipped() -> None:
    def most(image: Image, counted: int | Unknown = RANGE, **more: int) -> object:
        facts = imaged(image, target=80, commit=80, counted=(0, counted), **more)
        return delta_rows(facts, LEDGER)[0].skipped_max

    assert most(Image(60, "EXACT", 80, 80, ""), 0) == 0
    assert most(Image(60, "EXACT", 70, 70, ""), 9) == 9
    assert most(Image(60, "RANGE", 55, 90, "a hole")) == 25
    assert most(Image(55, "RANGE", 55, 90, "an earlier commit")) == 25
    assert most(Image(65, "EXACT", 75, 75, "a later commit"), 5) == 34
    assert most(Image(60, "EXACT", 80, 80, "old"), 0, at_ms=-CURRENT_IMAGE_MAX_AGE_MS) == 34


def test_an_end_read_before_the_syncs_proves_no_anomaly() -> None:
    log = Bounds(0, 100, 0, 40, target_is_newer=False)
    assert resume_place(60, PAIRS, log) == Place(46, 9)


def test_a_target_commit_read_after_the_sources_is_not_compared() -> None:
    row = delta_rows(observed(50, target_at_ms=1_500), LEDGER)[0]
    assert isinstance(row.delta, Unknown)


def test_an_unreadable_group_is_unknown_not_without_commits() -> None:
    facts = observed(46)
    loading = group("ledger", 0, {})
    broken = type(loading)("ledger", "", 0, (), (), "coordinator is loading")
    facts = absorb(facts, groups("source", 2_000, broken))
    row = delta_rows(facts, LEDGER)[0]
    assert isinstance(row.source_committed, Unknown)
    assert isinstance(row.reread_max, Unknown)


# --- the exact image ------------------------------------------------------------------------------


def imaged(
    image: Image,
    *,
    target: int | None = 46,
    counted: tuple[int, int | Unknown] = (0, 0),
    at_ms: int = 1_050,
    commit: int = 46,
) -> Facts:
    """ledger at 60 on the source, its target commit, and this image of a commit."""
    one = GroupImage("ledger", "orders", 0, image, target, *counted, at_ms)
    return absorb(observed(commit), ImagesSurvey(1_050, 1_060, {("ledger", ("orders", 0)): one}))


def exact_of(facts: Facts) -> ExactView:
    exact = delta_rows(facts, LEDGER)[0].exact
    assert isinstance(exact, ExactView)
    return exact


def test_an_image_that_was_never_asked_for_is_unknown() -> None:
    assert isinstance(delta_rows(observed(46), LEDGER)[0].exact, Unknown)
    assert delta_rows(imaged(Image(60, "EXACT", 55, 55, "")), LEDGER)[1].exact == Unknown(
        "no image of this commit"
    )


def test_a_current_image_says_what_would_be_read_again_and_skipped() -> None:
    facts = imaged(Image(60, "EXACT", 55, 55, ""), counted=(9, 0))
    exact = exact_of(facts)
    assert (exact.is_current, exact.low, exact.reread, exact.skipped) == (True, 55, 9, 0)
    assert exact.overshoot == 0


def test_an_image_of_a_commit_that_has_moved_on_is_not_mixed_with_the_new_one() -> None:
    for facts in (
        imaged(Image(55, "EXACT", 50, 50, ""), counted=(0, 3)),
        imaged(Image(60, "EXACT", 50, 50, ""), counted=(0, 3), target=45),
    ):
        row = delta_rows(facts, LEDGER)[0]
        assert not exact_of(facts).is_current
        assert proved_skip(row) == 0


def test_an_image_of_a_commit_that_has_moved_on_counts_for_a_short_while() -> None:
    moved = Image(55, "EXACT", 50, 50, "")
    fresh = delta_rows(imaged(moved, counted=(2, 0)), LEDGER)[0]
    old = delta_rows(imaged(moved, counted=(2, 0), at_ms=1_000 - IMAGE_MAX_AGE_MS - 500), LEDGER)[0]
    assert image_sums([fresh]) == (2, 0)
    assert isinstance(image_sums([old])[1], Unknown)


def test_an_image_grows_old_even_while_its_commits_stand() -> None:
    image = Image(60, "EXACT", 55, 55, "")
    assert exact_of(imaged(image)).is_fresh
    old = exact_of(imaged(image, at_ms=1_000 - CURRENT_IMAGE_MAX_AGE_MS - 1))
    assert (old.is_current, old.is_fresh) == (True, False)
    failing = absorb(imaged(image), Failure("images", 1_100, 1_200, "unreachable", "refused"))
    assert not exact_of(failing).is_fresh
    assert isinstance(image_sums(delta_rows(failing, LEDGER)[:1])[0], Unknown)


def test_a_translation_past_the_image_is_measured_against_the_commit_of_the_image() -> None:
    assert exact_of(imaged(Image(60, "EXACT", 43, 43, ""))).overshoot == 3
    assert exact_of(imaged(Image(60, "RANGE", 40, 44, "a hole"))).overshoot == 2
    assert exact_of(imaged(Image(50, "EXACT", 44, 44, ""))).overshoot == 1
    assert overshoot(delta_rows(imaged(Image(50, "EXACT", 45, 45, "")), LEDGER)[0]) == 0


def test_no_image_has_no_number() -> None:
    none = Unknown("no copy found")
    exact = exact_of(imaged(Image(60, "NONE", none, none, "no copy found")))
    assert isinstance(exact.overshoot, Unknown)
    assert exact.reason == "no copy found"


def test_sums_are_unknown_as_soon_as_one_partition_is() -> None:
    facts = imaged(Image(60, "EXACT", 55, 55, ""), counted=(9, 2))
    first, second = delta_rows(facts, LEDGER)
    assert image_sums([first]) == (9, 2)
    assert image_sums([first, first]) == (18, 4)
    assert isinstance(image_sums([first, second])[0], Unknown)


def test_a_topic_made_anew_has_no_translation_and_no_image() -> None:
    facts = imaged(Image(60, "EXACT", 55, 55, ""))
    again = replace(logs("source", 1_200, (3, 3)), recreated=frozenset({"orders"}))
    row = delta_rows(absorb(facts, again), LEDGER)[0]
    assert isinstance(row.translated, Unknown)
    assert isinstance(row.exact, Unknown)
    assert "re-created" in row.exact.reason
