"""Tables of rows get their numbers once, whatever objects name the same rows."""

from __future__ import annotations

from cockpit.wire.tables import Names, TableBook


def names(topic: str, count: int = 3) -> Names:
    return tuple((topic, n) for n in range(count))


def test_equal_rows_have_one_number_however_often_other_objects_name_them() -> None:
    book = TableBook()
    logs, positions = names("t"), names("t")
    assert logs is not positions
    for _ in range(3):
        assert [book.number(one) for one in (logs, positions, names("t"), logs)] == [0] * 4
    assert [number for number, _ in book.fresh] == [0]


def test_rows_that_other_objects_name_do_not_push_out_others() -> None:
    book = TableBook()
    others = [names(topic) for topic in "abcd"]
    assert [book.number(one) for one in others] == [0, 1, 2, 3]
    for _ in range(50):
        book.number(names("a"))
    assert [book.number(one) for one in others] == [0, 1, 2, 3]
    assert len(book.fresh) == 4
