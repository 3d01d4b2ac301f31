"""The status lines: the words that must be there, at every width."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from cockpit.core.crewview import CrewView, PersonView
from cockpit.core.elsewhere import CoordinationView, CoordinationWord
from cockpit.core.snapshot import AlarmView, PriceView, RollbackWord, Snapshot, WritesWord
from cockpit.tui.alarms import alarms, standing
from cockpit.tui.layout import MIN_WIDTH
from cockpit.tui.lines import key_bar, message_line, small_lines
from cockpit.tui.link import CONNECTED, Link
from cockpit.tui.status import status_lines
from cockpit.tui.text import chunks_width, width_of
from tests.tui import fixtures

STATES = (
    fixtures.snapshot(), fixtures.fenced(), fixtures.fired(), fixtures.stale_target(),
    fixtures.armed(), fixtures.holding(), fixtures.finished(), fixtures.simulated(),
    fixtures.simulated(fixtures.fired()), fixtures.hostile(),
)  # fmt: skip


def lines(snapshot: Snapshot, width: int = 80, link: Link = CONNECTED) -> tuple[str, str]:
    first, second = status_lines(snapshot, width=width, user="ana", link=link)
    return first.plain, second.plain


@pytest.mark.parametrize("width", [MIN_WIDTH, 72, 80, 100, 119, 120, 160, 200, 400])
def test_lines_fill_the_width_exactly_and_keep_what_matters(width: int) -> None:
    for snapshot in STATES:
        for line in status_lines(snapshot, width=width, user="ana"):
            assert chunks_width(line.chunks) == width
        first, second = lines(snapshot, width)
        assert f"WRITES: {snapshot.status.writes}" in first
        assert "2/3" in first
        assert "02:14:07Z" in first
        assert "ROLLBACK" in second
        assert "source" in second
        assert "target" in second
        assert ("SIMULATED" in first) is snapshot.status.simulated
        assert ("PAUSED" in second) is snapshot.status.paused


def test_writes_stand_at_the_same_place_whoever_owns_them() -> None:
    places = set()
    for word in ("SOURCE", "FENCED", "TARGET", "UNKNOWN"):
        snapshot = fixtures.snapshot(status=fixtures.status(writes=word, plan="p" * (len(word))))
        places.add(lines(snapshot)[0].index("WRITES:"))
    assert len(places) == 1


@pytest.mark.parametrize("width", [MIN_WIDTH, 80, 100, 132, 160])
def test_writes_stand_at_the_same_place_whatever_clock_and_topics_follow(width: int) -> None:
    now = fixtures.AT_MS
    blocked: list[tuple[int | None, int | None]] = [(None, None), (now - 5_000, None)]
    blocked += [(now - 41_000, now + 49_000), (now - 95_000, now - 5_000)]
    blocked += [(now - 8_000_000, None), (now - 8_000_000, now - 2_000_000)]
    places = set()
    for writes in get_args(WritesWord):
        for since, deadline in blocked:
            for detail in ("", "orders, refunds", "a-topic-with-a-very-long-name, and-another-one"):
                status = fixtures.status(
                    writes=writes, blocked_since_ms=since, deadline_ms=deadline,
                    writes_detail=detail,
                )  # fmt: skip
                first = lines(fixtures.snapshot(status=status), width)[0]
                assert "02:14:07Z" in first
                places.add(first.index("WRITES:"))
    assert len(places) == 1


PRICES = (
    (0, 7), (0, 301), (0, 1_689), (0, 999_500), (0, 12_345_678), (5, 0), (1_304, 0), (99_999, 0),
)  # fmt: skip


@pytest.mark.parametrize("width", [MIN_WIDTH, 80, 100, 132, 160])
@pytest.mark.parametrize("word", ["possible", "lossy"])
def test_what_stands_behind_the_price_does_not_move_with_its_digits(
    width: int, word: RollbackWord
) -> None:
    for what in (0, 1):
        places = set()
        for price in PRICES:
            if price[what]:
                second = lines(priced(*price, rollback=word), width)[1]
                assert len(second) == width
                places.add((second.find(" alarm"), second.find("mirror")))
        assert len(places) == 1, places


def priced(records: int, reread: int, *, rollback: RollbackWord = "possible") -> Snapshot:
    price = PriceView("records", "writers", records, reread, (), None, "")
    return fixtures.snapshot(status=fixtures.status(price=price, rollback=rollback))


def test_the_price_is_short_never_too_low_and_the_highest_of_the_last_seconds() -> None:
    assert "1.4k lost" in lines(priced(1_304, 0))[1]
    assert "1,304 lost" in lines(priced(1_304, 0), 132)[1]
    assert "1.7k reread" in lines(priced(0, 1_689))[1]
    snapshot = priced(0, 12)
    assert snapshot.status.price is not None
    price = replace(snapshot.status.price, reread_lately=340)
    for now in (price, replace(price, word="nothing", reread=0)):
        told = replace(snapshot, status=replace(snapshot.status, price=now))
        assert "340 reread" in lines(told)[1]


def test_the_smallest_screen_counts_alarms_though_the_flight_is_paused() -> None:
    alarms = tuple(AlarmView("bad", f"a{i}", f"a{i} is wrong", fixtures.AT_MS) for i in range(3))
    for rollback in get_args(RollbackWord):
        for records in (0, 1_304):
            price = PriceView("records", "writers", records, 301, (), None, "")
            status = fixtures.status(
                paused=True, rollback=rollback, price=price, rollback_since_ms=fixtures.AT_MS
            )
            snapshot = replace(fixtures.snapshot(status=status), alarms=alarms)
            second = lines(snapshot, MIN_WIDTH)[1]
            assert len(second) == MIN_WIDTH
            assert "PAUSED" in second
            number = len(standing(snapshot))
            assert f" {number}!" in second, second


def test_the_fence_clock_runs_on_the_snapshots_time() -> None:
    assert "FENCED  00:41/01:30" in lines(fixtures.fenced())[0]
    assert "FENCED  00:51/01:30" in lines(fixtures.later(fixtures.fenced(), 10_000))[0]
    assert "01:35/01:30!" in lines(fixtures.fired())[0]


def test_clients_blocked_before_the_fence_are_said_to_be() -> None:
    status = fixtures.status(blocked_since_ms=fixtures.AT_MS - 5_000)
    assert "SOURCE  blocked 00:05" in lines(fixtures.snapshot(status=status))[0]


def test_data_ages_and_health_words() -> None:
    assert "source ok 0.8s" in lines(fixtures.snapshot())[1]
    old = fixtures.later(fixtures.snapshot(), 6_000)
    assert "source STALE 6.8s" in lines(old)[1]
    assert "ok" not in lines(old)[1]
    assert "target UNREACHABLE 23s" in lines(fixtures.stale_target())[1]
    never = fixtures.snapshot(source=fixtures.side("source", age_ms=None, health="connecting"))
    assert "source connecting --" in lines(never)[1]
    for word in ("slow", "refused", "unreachable", "protocol"):
        bad = fixtures.snapshot(source=fixtures.side("source", health=word))
        assert f"source {word.upper()} 0.8s" in lines(bad)[1]


def test_rollback_words_and_when_it_closed() -> None:
    assert "ROLLBACK possible" in lines(fixtures.snapshot())[1]
    assert "ROLLBACK LOSSY" in lines(fixtures.fired())[1]
    assert "ROLLBACK CLOSED 02:04:07Z" in lines(fixtures.finished())[1]


def test_the_outcome_takes_the_steps_place() -> None:
    assert "COMPLETED" in lines(fixtures.finished())[0]


def test_wide_lines_say_more() -> None:
    first, second = lines(fixtures.fenced(), 160)
    assert "wave 2/3 writers drain" in first
    assert "orders, refunds" in first
    assert "driver ana" in second
    assert "session 9f31c2ab" in second
    assert "costs nothing" in second


def test_a_silent_engine_is_said_to_be_silent_instead_of_ages() -> None:
    assert "source ok" in lines(fixtures.snapshot(), link=Link(silent_s=2))[1]
    silent = lines(fixtures.snapshot(), link=Link(silent_s=7))[1]
    assert "NO NEWS FOR 7s" in silent
    assert "ok" not in silent
    assert "SESSION ENDED" in lines(fixtures.snapshot(), link=Link(ended=True))[1]


def test_alarms_are_one_line_each_worst_first() -> None:
    found = alarms(fixtures.fired())
    assert found[0].startswith("the fence's deadline passed 00:05")
    assert found[1] == "trigger signal checkout-errors fired: 3.4% over 2%"
    assert found[2].startswith("the mirror is 12 past the source's end on orders/8")
    assert alarms(fixtures.stale_target())[0].startswith("target unreachable: no connection")
    assert len(alarms(fixtures.large())) == 1


def test_the_message_line_answers_a_key_first_then_the_worst_alarm() -> None:
    fired = fixtures.fired()
    said = message_line(fired, ("warn", "no"), user="ana", width=80)
    assert said.plain.startswith(" no  ALARM the fence's deadline passed 00:05 ago")
    assert "ALARM the fence's deadline" in message_line(fired, None, user="ana", width=80).plain
    quiet = fixtures.snapshot(alarms=())
    assert message_line(quiet, None, user="ana", width=80).plain == ""


@pytest.mark.parametrize("width", [60, 80, 132])
@pytest.mark.parametrize("level", ["info", "good"])
def test_no_answer_to_a_key_hides_a_bad_alarm(level: str, width: int) -> None:
    line = message_line(fixtures.fired(), (level, "0123456789" * 9), user="ana", width=width).plain
    assert line.startswith(" ALARM the fence's deadline")
    assert "0123456789" in line
    assert width_of(line) <= width


def test_a_refusal_is_told_in_full() -> None:
    gone = "the engine is gone; nothing here is current: cockpit resume 9f31c2ab"
    assert gone in message_line(fixtures.fired(), ("bad", gone), user="ana", width=70).plain


def test_what_somebody_else_armed_is_told() -> None:
    line = message_line(fixtures.armed(by="ben"), None, user="ana", width=80).plain
    assert "ben is about to confirm: advance writers" in line


def test_closed_keys_stand_in_brackets_and_open_ones_do_not() -> None:
    bar = key_bar(fixtures.snapshot(), width=80, table=False).plain
    assert "(A)advance" in bar
    assert " P pause" in bar
    assert "(P)" not in bar
    everything = key_bar(fixtures.snapshot(), width=160, table=True).plain
    for label in ("sort", "filter", "wave only", "note", "help", "leave", "pane"):
        assert label in everything


@pytest.mark.parametrize("width", [10, 20, 40, 59])
def test_the_reduced_view_never_fails_and_says_what_to_do(width: int) -> None:
    for snapshot in (*STATES, None):
        rows = small_lines(snapshot, width=width, height=8, link=Link(silent_s=9))
        text = "".join(row.plain for row in rows)
        assert f"{width}x8" in text.replace(" ", "")
    text = "\n".join(
        row.plain
        for row in small_lines(
            fixtures.simulated(fixtures.fired()), width=40, height=10, link=Link()
        )
    )
    for word in ("SIMULATED", "2/3 writers", "FENCED", "LOSSY", "PAUSED", "3 alarms", "60x20"):
        assert word in text


def test_a_paused_flight_is_marked() -> None:
    paused = replace(fixtures.snapshot(), status=fixtures.status(paused=True))
    assert "PAUSED" in lines(paused)[1]


def test_the_journals_head_is_there_on_a_wide_screen_and_takes_no_room_on_a_narrow_one() -> None:
    head = f"1234:{'ab' * 32}"
    with_head = replace(fixtures.snapshot(), head=head)
    assert lines(with_head, 80) == lines(fixtures.snapshot(), 80)
    assert f"head 1234:{'ab' * 8} " in lines(with_head, 200)[1]


@pytest.mark.parametrize(
    ("driver", "at", "mine", "words"),
    [
        ("", "", "2", "nobody drives"),
        ("kim", "1", "2", "kim drives"),
        ("kim", "", "2", "kim GONE"),
        ("ana", "2", "2", "you drive"),
        ("ana", "1", "2", "ana drives"),
    ],
)
def test_a_narrow_screen_says_who_drives_too(driver: str, at: str, mine: str, words: str) -> None:
    people = (PersonView("ana", ("driver",), 1, 0, None),)
    crew = CrewView(people=people, driver=driver, seat=at)
    snapshot = replace(fixtures.snapshot(), crew=crew)
    first, _ = status_lines(snapshot, width=80, user="ana", seat=mine)
    assert words in first.plain
    assert words not in status_lines(fixtures.snapshot(), width=80, user="ana")[0].plain


def coordinated(word: CoordinationWord, detail: str = "") -> Snapshot:
    view = CoordinationView(word, "journal", "target", fixtures.AT_MS - 1_000, 0, detail)
    return replace(fixtures.snapshot(), coordination=view, alarms=())


@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_session_that_no_other_host_could_go_on_with_says_so(width: int) -> None:
    quiet = coordinated("alone")
    assert not alarms(quiet)
    assert "lives on this host alone" in message_line(quiet, None, user="ana", width=width).plain
    assert "this host only" in lines(quiet, 160)[1]
    simulated = replace(quiet, status=replace(quiet.status, simulated=True))
    assert "host" not in message_line(simulated, None, user="ana", width=width).plain


@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_topic_that_does_not_answer_is_on_every_screen(width: int) -> None:
    for snapshot in (fixtures.snapshot(), fixtures.fenced(), fixtures.fired()):
        lost = replace(snapshot, coordination=coordinated("lost").coordination)
        assert "TOPIC LOST" in lines(lost, width)[1]


def test_who_has_taken_the_flight_over_stands_before_any_alarm() -> None:
    taken = replace(fixtures.fired(), coordination=coordinated("taken over", "by b").coordination)
    assert message_line(taken, None, user="ana", width=80).plain.strip() == "by b"
