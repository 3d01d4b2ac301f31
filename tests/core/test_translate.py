"""Translation keeps to MirrorMaker's own answers, and to its two invariants."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.observe import Unknown
from cockpit.core.translate import SLOTS, OffsetSyncStore, Sync, translate

TP = ("orders", 0)
EVERY_HUNDRED: list[Sync] = [(i, i) for i in range(0, 10_001, 100)]


def fed(
    syncs: list[Sync], *, must_read_to_end: bool = False, at_start: bool = False
) -> OffsetSyncStore:
    """A store that read these syncs at start, or live after an empty start."""
    store = OffsetSyncStore(must_read_to_end=must_read_to_end)
    if not at_start:
        store.reached_end()
    for source, target in syncs:
        store.put(TP, source, target)
    store.reached_end()
    return store


def answers(store: OffsetSyncStore, *offsets: int) -> list[int | None]:
    """Translations in order; None where MirrorMaker would write no checkpoint."""
    found = [store.translate(TP, offset) for offset in offsets]
    return [None if isinstance(value, Unknown) else value for value in found]


def test_a_single_sync_read_at_start_translates_itself_and_one_past_it() -> None:
    store = fed([(1000, 900)], must_read_to_end=True, at_start=True)
    assert answers(store, 999, 1000, 1001, 5000) == [None, 900, 901, 901]


def test_live_syncs_are_precise_near_the_end_and_coarse_far_from_it() -> None:
    store = fed(EVERY_HUNDRED)
    offsets = (0, 50, 2500, 5000, 7500, 9000, 9600, 9899, 9999, 10_000, 10_050)
    expected = [0, 1, 1, 1, 6401, 8801, 9600, 9801, 9901, 10_000, 10_001]
    assert answers(store, *offsets) == expected


def test_only_the_last_sync_survives_a_start_that_must_read_to_the_end() -> None:
    store = fed(EVERY_HUNDRED, must_read_to_end=True, at_start=True)
    assert answers(store, 0, 9999, 10_000) == [None, None, 10_000]


def test_history_read_at_start_counts_when_checkpoints_could_be_read() -> None:
    store = fed(EVERY_HUNDRED, at_start=True)
    assert answers(store, 0, 2500, 5000, 9000, 9900, 10_000) == [0, 1, 1, 8801, 9900, 10_000]


def test_a_rewind_on_the_source_forgets_everything_before_it() -> None:
    store = fed([(0, 0), (100, 100), (200, 200), (150, 350)])
    assert answers(store, 0, 149, 150, 151, 200) == [None, None, 350, 351, 351]


def test_holes_left_by_transactions_never_make_the_answer_too_high() -> None:
    store = fed([(0, 0), (6, 5), (12, 10), (18, 15), (64, 50)])
    assert answers(store, 0, 6, 12, 13, 63, 64, 65, 66) == [0, 1, 1, 1, 1, 50, 51, 51]


def test_a_partition_without_syncs_is_unknown_with_a_reason() -> None:
    assert translate((), 5) == Unknown("the mirror has written no offset sync for this partition")


def test_published_slots_translate_like_the_store_itself() -> None:
    store = fed(EVERY_HUNDRED)
    published = store.slots()[TP]
    assert len(published) == len(set(published))
    assert [translate(published, o) for o in range(0, 10_100, 37)] == [
        store.translate(TP, o) for o in range(0, 10_100, 37)
    ]


def test_a_recreated_topic_starts_from_nothing() -> None:
    store = fed(EVERY_HUNDRED)
    store.clear()
    assert answers(store, 10_000) == [None]


steps = st.lists(st.tuples(st.integers(-40, 400), st.integers(0, 300)), max_size=120)


@given(steps)
def test_slots_keep_newest_first_and_the_spacing_that_bounds_the_error(
    moves: list[tuple[int, int]],
) -> None:
    store = fed([])
    source, target = 1000, 1000
    for forward, written in moves:
        source, target = max(0, source + forward), target + written
        store.put(TP, source, target)
        slots = store._by_partition[TP]
        assert len(slots) == SLOTS
        assert slots[0] == (source, target)
        for i in range(SLOTS - 1):
            newer, older = slots[i][0], slots[i + 1][0]
            assert newer >= older
            assert newer <= older + 2 ** (i + 1) - 2**i


@given(st.lists(st.integers(1, 50), min_size=1, max_size=200), st.integers(0, 11_000))
def test_an_answer_never_passes_the_true_image(gaps: list[int], committed: int) -> None:
    """Source offsets with holes; the target has one record for each source record."""
    source_offsets: list[int] = []
    position = 0
    for gap in gaps:
        position += gap
        source_offsets.append(position)
    store = fed([(source, image) for image, source in enumerate(source_offsets)])
    exact = sum(1 for source in source_offsets if source < committed)
    answer = store.translate(TP, committed)
    assert isinstance(answer, Unknown) or answer <= exact
