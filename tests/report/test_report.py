"""A report answers what a review asks, from the session alone, the same way each time."""

from __future__ import annotations

import functools
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import pytest

from cockpit.core.snapshot import Snapshot, StragglerView
from cockpit.report.build import report
from cockpit.report.document import Cell, Document, Paragraph, Plot, Table
from cockpit.report.html import html
from cockpit.report.material import Event, Gap, Life, Material
from cockpit.report.wording import duration, moment
from tests.flights.soaking import ROOT
from tests.report.given import events_of, flown, material


@functools.cache
def document() -> Document:
    return report(material())


def table(name: str, of: Document | None = None) -> Table:
    """A table by its name."""
    blocks = (block for section in (of or document()).sections for block in section.blocks)
    return next(block for block in blocks if isinstance(block, Table) and block.name == name)


def rows(name: str, of: Document | None = None) -> list[dict[str, Cell]]:
    """Its rows by column."""
    found = table(name, of)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def words(number: int, of: Document | None = None) -> str:
    """All paragraphs of a section."""
    section = (of or document()).sections[number - 1]
    return " ".join(block.text for block in section.blocks if isinstance(block, Paragraph))


def told(kind: str, **data: object) -> int:
    """The number of the first event of a kind with these data."""
    return next(
        e.number
        for e in events_of(flown())
        if e.kind == kind and all(e.data.get(key) == value for key, value in data.items())
    )


# --- the twelve questions of a reviewer who was not there -----------------------------------------


def test_1_which_waves_moved_and_which_came_back() -> None:
    results = [(row["wave"].text, row["try"].value, row["result"].text) for row in rows("waves")]
    assert results == [
        ("readers", 1, "done"),
        ("writers", 1, "rolled back"),
        ("writers", 2, "done"),
    ]
    assert "done: readers, writers" in words(2)


def test_2_who_advanced_the_second_wave_on_which_readings_and_how_old_they_were() -> None:
    orders = [row for row in rows("decisions") if row["order"].text == "advance"]
    second = orders[1]
    assert second["who"].text == "test"
    assert second["time"].events == (61,)
    readings = second["on which readings"].text
    assert "gate replication_lag PASS: worst audit/2 44" in readings
    assert "1.0 s old" in readings


def test_3_how_long_the_gates_had_been_open_when_the_order_came() -> None:
    waited = [row["gates open for"].value for row in rows("decisions")]
    assert all(isinstance(value, int) and 0 <= value < 30_000 for value in waited)


def test_4_how_long_clients_were_blocked_longest_and_whose_share_it_was() -> None:
    back, through = (row for row in rows("clients_blocked") if row["wave"].text == "writers")
    event = events_of(flown())[told("clients_blocked", wave="writers") - 1]
    parts = tuple(
        through[name].value for name in ("blocked at most", "cockpit", "mirror", "services")
    )
    names = ("blocked_ms", "cockpit_ms", "mirror_ms", "services_ms")
    assert parts == tuple(event.data[name] for name in names)
    # of the try that came back nobody gave an account: its clients were seen to be blocked
    stood = [
        s for s in flown().snapshots if s.status.blocked_since_ms and s.status.wave == "writers"
    ]
    since_ms = stood[0].status.blocked_since_ms
    assert since_ms is not None
    ended = events_of(flown())[told("wave_rolled_back") - 1]
    assert (back["try"].value, back["cockpit"].value) == (1, None)
    assert back["blocked at most"].value == ended.at_ms - since_ms > event.data["blocked_ms"]
    assert f"wave writers: {duration(ended.at_ms - since_ms)}" in words(3)


def test_5_which_check_failed_first_when_and_on_what() -> None:
    failed = [row for row in rows("gates") if row["first fail"].value is not None]
    assert [row["gate"].text for row in failed] == ["signal checkout-errors"]
    assert failed[0]["on"].text == "12%"


def test_6_when_going_back_was_closed_and_what_proved_it() -> None:
    (row,) = rows("no_return")
    assert row["producers started on the target"].events == (told("point_of_no_return"),)
    assert row["proved by a record"].events == (told("no_return_proved"),)


def test_7_why_and_how_fast_the_wave_came_back() -> None:
    (row,) = rows("ways_back")
    begun, ended = (
        events_of(flown())[told(kind) - 1] for kind in ("rollback_started", "wave_rolled_back")
    )
    assert row["took"].value == ended.at_ms - begun.at_ms
    assert "trigger signal checkout-errors" in row["why"].text


def test_8_how_near_each_trigger_came_and_whether_it_fired() -> None:
    by_name = {(row["wave"].text, row["trigger"].text): row for row in rows("triggers")}
    fired = by_name["writers", "signal checkout-errors"]
    assert fired["share of the limit"].value == pytest.approx(6.0)
    assert fired["fired"].events == (told("trigger"),)
    assert by_name["readers", "group_lag"]["fired"].text == "no"


def test_9_where_each_group_went_on_and_what_it_read_again() -> None:
    by_group = {row["group"].text: row for row in rows("offsets")}
    assert set(by_group) == {"ledger", "notifier", "settlement"}
    placed = events_of(flown())[told("offsets_placed", group="ledger") - 1]
    assert by_group["ledger"]["re-read at most"].value == placed.data["reread_max_records"]
    assert by_group["ledger"]["method"].text == "translated"


def test_10_whether_the_data_were_proved_equal_before_the_writers_moved() -> None:
    drains = [row for row in rows("proofs") if row["proof"].text == "drain"]
    assert [row["result"].text for row in drains] == ["not proved", "proved"]
    assert "same record on both sides" in drains[1]["what was said"].text


def test_11_which_effects_ended_as_unknown() -> None:
    assert [row["action"].text for row in rows("unknown_outcomes")] == ["writers.1.drain.14"]


def test_12_who_owned_the_writes_at_the_end_and_what_is_unfinished() -> None:
    assert "writers: TARGET" in words(2)
    assert rows("stragglers") == []


def test_18_who_was_met_on_the_source_once_is_told_although_he_had_left_before_the_end() -> None:
    """A job that runs once a minute is gone most of the time."""
    given = material()
    shots = list(given.snapshots())
    came, went = shots[len(shots) // 2], shots[len(shots) // 2 + 3]
    job = StragglerView("reader", "nightly", "job@10.1.1.1", "payments", 5, "", came.at_ms)

    def snapshots() -> Iterator[Snapshot]:
        for shot in shots:
            here = came.at_ms <= shot.at_ms < went.at_ms
            yield replace(shot, stragglers=(replace(job, at_ms=shot.at_ms),) if here else ())

    (row,) = rows("stragglers", report(replace(given, snapshots=snapshots)))
    assert row["name"].text == "nightly"
    assert row["first seen"].value == came.at_ms
    assert row["last seen"].value == shots[len(shots) // 2 + 2].at_ms
    assert row["at the end"].text == "gone"


# --- what it promises -----------------------------------------------------------------------------


def test_a_gap_and_an_engine_that_died_are_told_in_the_outcome_and_not_only_at_the_end() -> None:
    given = material()
    first, last = given.from_ms, given.to_ms
    gap = Gap(first + 20_000, first + 30_000, "no engine ran")
    lives = (
        Life(1, first, gap.from_ms, "0.1.0", takes_over=False, ended=""),
        Life(2, gap.to_ms, last, "0.1.0", takes_over=True, ended=""),
    )
    events = tuple(event for event in given.events if event.kind != "flight_ended")
    found = report(replace(given, lives=lives, gaps=(gap,), events=events))
    assert f"from {moment(gap.from_ms)} to {moment(gap.to_ms)} (10 s): no engine ran" in words(
        2, found
    )
    assert "Engine 1 ended" in words(2, found)
    assert "no end in this recording" in words(2, found)
    assert [row["lasted"].value for row in rows("gaps", found)] == [10_000]
    plots = [b for s in found.sections for b in s.blocks if isinstance(b, Plot)]
    assert all("gap" in {band.kind for band in plot.bands} for plot in plots)


def test_a_session_in_which_nothing_was_done_has_a_report_too() -> None:
    given = material()
    flight = flown()

    def early() -> Iterator[Snapshot]:
        return iter(flight.snapshots[:5])

    quiet = replace(given, events=given.events[:3], snapshots=early)
    assert "not begun: readers, writers" in words(2, report(quiet))
    nothing = replace(given, events=(), snapshots=lambda: iter(()))
    assert html(report(nothing)).startswith("<!DOCTYPE html>")


def test_a_hundred_numbers_drawn_at_random_are_what_their_events_say() -> None:
    events = {event.number: event for event in events_of(flown())}
    cells = [
        cell
        for section in document().sections
        for block in section.blocks
        if isinstance(block, Table)
        for row in block.rows
        for cell in row
        if isinstance(cell.value, int) and cell.events
    ]
    for cell in random.Random(7).sample(cells, 100):
        named = [events[number] for number in cell.events]
        times = [event.at_ms for event in named]
        possible = {*times, *(abs(a - b) for a, b in combinations(times, 2)), len(named)}
        keys = set().union(*(event.data for event in named))
        for key in keys:
            values = [event.data.get(key) for event in named]
            numbers = [v for v in values if isinstance(v, int)]
            possible |= {*numbers, sum(numbers)}
        assert cell.value in possible, cell


def test_two_processes_write_the_same_bytes() -> None:
    script = (
        "import sys\n"
        "from cockpit.report.build import report\n"
        "from cockpit.report.html import html\n"
        "from tests.report.given import material\n"
        "sys.stdout.write(html(report(material())))\n"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)},
    )
    assert elsewhere.stdout == html(document())


def test_every_section_is_there_in_order() -> None:
    assert [section.number for section in document().sections] == list(range(1, 20))


def given_without(material_: Material, kind: str) -> Material:
    """Without the events of a kind."""
    return replace(material_, events=tuple(e for e in material_.events if e.kind != kind))


def test_what_no_event_tells_is_unknown_and_not_made_up() -> None:
    found = report(given_without(material(), "offsets_placed"))
    assert all(row["re-read at most"].value is None for row in rows("waves", found))


def retold(material_: Material, number: int, **data: object) -> Material:
    """With other data of one event."""
    event = material_.events[number - 1]
    other = replace(event, data={**event.data, **data})
    return replace(
        material_, events=(*material_.events[: number - 1], other, *material_.events[number:])
    )


def test_an_effect_that_was_there_already_has_a_certain_outcome() -> None:
    finished = told("action_finished", outcome="done")
    action = events_of(flown())[finished - 1].data["action_id"]
    unknown = [row["action"].text for row in rows("unknown_outcomes")]
    already = report(retold(material(), finished, outcome="already"))
    assert [row["action"].text for row in rows("unknown_outcomes", already)] == unknown
    lost = report(retold(material(), finished, outcome="unknown"))
    assert action in [row["action"].text for row in rows("unknown_outcomes", lost)]


def test_a_trigger_that_fired_when_no_screen_showed_its_value_has_no_nearest_value() -> None:
    given = material()
    number = told("trigger")
    quiet = replace(
        given,
        snapshots=lambda: (
            replace(s, triggers=tuple(replace(t, value=0.0) for t in s.triggers))
            for s in flown().snapshots
        ),
    )
    row = next(r for r in rows("triggers", report(quiet)) if r["fired"].text != "no")
    assert row["fired"].events == (number,)
    assert (row["nearest value"].value, row["share of the limit"].value) == (None, None)


def test_a_wave_that_was_found_moved_took_no_time_and_leaves_its_gates_alone() -> None:
    given = material()
    wave = told("wave_started", wave="readers")
    at_ms = given.events[wave - 1].at_ms
    found = Event(wave, at_ms, "wave_found", "good", "readers is there", {"wave": "readers"})
    others = tuple(event for event in given.events if event.word("wave") != "readers")
    document_ = report(
        replace(given, events=tuple(sorted((*others, found), key=lambda e: e.at_ms)))
    )
    row = next(row for row in rows("waves", document_) if row["wave"].text == "readers")
    assert (row["result"].text, row["lasted"].value) == ("found on target", None)
    unfinished = [row["what"].text for row in rows("follow_ups", document_)]
    assert not [what for what in unfinished if what.startswith("readers: gate")]


def test_a_step_that_the_way_back_broke_off_ended_there() -> None:
    started = events_of(flown())[told("rollback_started") - 1]
    last = [
        row
        for row in rows("steps")
        if row["wave"].text == "writers" and row["try"].value == 1
        if not row["step"].text.startswith("undo")
    ][-1]
    assert last["result"].text == "broken off"
    assert last["begun"].value + last["took"].value == started.at_ms  # type: ignore[operator]  # numbers
