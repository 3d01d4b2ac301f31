"""Where each service runs by the flight's orders, and what going back would undo."""

from __future__ import annotations

from cockpit.core.project import project
from cockpit.core.serviceboard import service_board
from tests.core.driver import Script
from tests.tui import fixtures


def words(script: Script) -> dict[str, str]:
    return {one.name: one.word for one in project(script.state, 1).services}


def undone(script: Script) -> list[str]:
    back = project(script.state, 1).way_back
    assert back is not None
    return [one.name for one in back.undo]


def test_a_service_is_on_the_source_until_its_wave_begins_then_moving_then_on_the_target() -> None:
    script = Script()
    assert set(words(script).values()) == {"source"}
    script.fly_readers()
    assert words(script) == {"ledger": "target", "checkout": "source"}
    since = {one.name: one.since_ms for one in project(script.state, 1).services}
    assert since["ledger"] is not None
    assert since["checkout"] is None
    script.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
    assert words(script)["checkout"] == "moving"


def test_going_back_is_a_word_of_its_own_and_ends_on_the_source() -> None:
    script = Script()
    script.fly_readers()
    script.fly_to_stop(previous={"sync.topic.acls.enabled": "true"})
    script.end_all()
    script.go("rollback")
    assert words(script)["checkout"] == "going back"
    for _ in range(8):
        script.end_all()
        script.look(1)
    assert script.word() == "rolled back"
    assert words(script)["checkout"] == "source"


def test_the_way_back_lists_what_was_begun_and_says_why_it_is_refused() -> None:
    script = Script()
    back = project(script.state, 1).way_back
    assert back is not None
    assert (back.why_not, back.undo) == ("nothing of this wave has been done", ())
    script.fly_readers()
    script.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
    back = project(script.state, 1).way_back
    assert back is not None
    assert (back.wave, back.services, back.why_not) == ("writers", ("checkout",), "")
    assert undone(script) == ["fence", "stop"]


def test_the_board_joins_groups_and_whoever_is_left_and_keeps_strangers_apart() -> None:
    board = service_board(fixtures.snapshot())
    rows = {row.service.name: row for row in board.rows}
    assert board.moved == 1
    assert [one.kind for one in rows["checkout"].touches] == ["writer"]
    assert [one.kind for one in rows["refunds"].touches] == ["unlisted writer"]
    assert rows["ledger"].group is not None
    assert rows["refunds"].group is None
    assert [one.name for one in board.others] == ["nightly"]
