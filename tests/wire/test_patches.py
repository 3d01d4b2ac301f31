"""Documents: what a patch makes of the old tree is the new tree."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import AlarmView, LogLine, TimeLeft
from cockpit.wire.binary import Cursor, json_text, put_json, put_number
from cockpit.wire.patches import ADD, INTO, LIST, SET, TEXT, apply_patch, write_patch
from cockpit.wire.trees import is_plain, to_tree
from cockpit.wire.values import WireError

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=30)
)
keys = st.one_of(
    st.text(max_size=3), st.tuples(st.sampled_from("ab"), st.integers(0, 3)), st.integers(0, 5)
)


def mappings(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.dictionaries(st.sampled_from("abcdef"), children, max_size=5),
        st.dictionaries(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), children, max_size=5),
    )


documents = st.recursive(
    scalars,
    lambda children: st.one_of(
        st.lists(children, max_size=6).map(tuple),
        mappings(children),
        st.frozensets(st.integers(0, 9), max_size=5),
        st.builds(Unknown, st.text(max_size=5)),
        st.builds(LogLine, st.integers(0, 3), st.integers(0, 3), st.just("info"), st.text()),
    ),
    max_leaves=20,
)


def patched(old: object, new: object) -> tuple[str, int]:
    """The tree that a patch makes, as exact text, and the patch's size."""
    out = bytearray()
    write_patch(old, new, out)
    cursor = Cursor(bytes(out))
    tree = json.loads(json_text(to_tree(old)))
    made = apply_patch(tree, cursor)
    assert cursor.is_done()
    return json_text(made).decode(), len(out)


def text(value: object) -> str:
    return json_text(json.loads(json_text(to_tree(value)))).decode()


@given(documents, documents)
def test_any_document_becomes_any_other(old: object, new: object) -> None:
    assert patched(old, new)[0] == text(new)


@given(st.data(), st.dictionaries(st.sampled_from("abc"), documents, min_size=1))
def test_a_document_with_one_change_becomes_the_other(
    data: st.DataObject, old: Mapping[str, object]
) -> None:
    new = {**copy.deepcopy(old), data.draw(st.sampled_from(sorted(old))): data.draw(documents)}
    assert patched(old, new)[0] == text(new)


@given(st.lists(st.integers(0, 5), max_size=12), st.lists(st.integers(0, 5), max_size=12))
def test_any_list_becomes_any_other(old: list[int], new: list[int]) -> None:
    assert patched(tuple(old), tuple(new))[0] == text(tuple(new))


def test_numbers_of_another_kind_are_another_value() -> None:
    for old, new in ((1, 1.0), (1, True), (0.0, -0.0), (True, 1), (0, False)):
        for wrap in (lambda one: one, lambda one: (one,), lambda one: {"a": one}):
            assert patched(wrap(old), wrap(new))[0] == text(wrap(new))


def test_an_equal_document_that_was_made_anew_costs_a_byte() -> None:
    old = {"log": (LogLine(1, 2, "info", "x"),), "left": TimeLeft("shrinking", 1, 2), "n": (1, 2.5)}
    assert patched(old, copy.deepcopy(old)) == (text(old), 1)


def test_a_list_that_moves_on_costs_its_new_items_only() -> None:
    lines = [LogLine(n, n, "info", f"line number {n} of the log") for n in range(201)]
    _, size = patched(tuple(lines[:200]), tuple(lines[1:]))
    assert size < len(text(lines[200])) + 20


def test_an_item_in_the_middle_costs_its_own_size() -> None:
    alarms = [AlarmView("warn", f"subject {n}", "words " * 10, n) for n in range(50)]
    without = (*alarms[:20], *alarms[21:])
    assert patched(without, tuple(alarms))[1] < 200
    assert patched(tuple(alarms), without)[1] < 20
    changed = (*alarms[:20], AlarmView("warn", "subject 20", "words " * 10, 7), *alarms[21:])
    assert patched(tuple(alarms), changed)[1] < 12


def test_a_text_costs_what_changes_in_it() -> None:
    old = "orders/3 is worst of 12 partitions, 1034 records behind, 350 ms old"
    assert patched(old, old.replace("1034", "1035"))[1] < 8


def test_equal_is_the_same_only_where_numbers_are_of_one_kind() -> None:
    assert is_plain(LogLine)
    assert is_plain(tuple[tuple[str, int], ...])
    assert not is_plain(float)
    assert not is_plain(int | float)
    assert not is_plain(Mapping[str, Any])


def patch(*parts: object) -> Cursor:
    out = bytearray()
    for part in parts:
        if isinstance(part, int):
            put_number(out, part)
        else:
            put_json(out, part)
    return Cursor(bytes(out))


@pytest.mark.parametrize(
    ("tree", "cursor"),
    [
        ("text", patch(ADD, 2)),
        (1, patch(TEXT, 0, 0, 0)),
        ("text", patch(TEXT, 3, 2, 0)),
        (1, patch(INTO, 0)),
        ([1], patch(INTO, 2 << 3 | ADD, 2, 0)),
        ([1], patch(INTO, ADD, 2, 0)),
        ([1], patch(LIST, 1, 1, 1, [], 0)),
        ([1], patch(LIST, 1, 0, 1, "x", 0)),
        ({"a": 1}, patch(LIST, 1, 0, 1, ["b"], 0)),
        ({"a": 1}, patch(LIST, 1, 0, 1, [[1, 2]], 0)),
        (1, patch(7)),
        (1, patch(SET)),
        ([1], patch(INTO)),
        (1, Cursor(b"")),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(tree: object, cursor: Cursor) -> None:
    with pytest.raises(WireError):
        apply_patch(tree, cursor)


def test_a_patch_that_goes_too_deep_is_refused() -> None:
    tree: list[Any] = []
    for _ in range(200):
        tree = [tree]
    with pytest.raises(WireError):
        apply_patch(tree, patch(INTO, *[1 << 3 | INTO] * 150))
