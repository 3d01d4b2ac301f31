"""The services board, going back, and who is here."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.crewview import CrewView, PersonView
from cockpit.core.observe import Unknown
from cockpit.core.snapshot import PriceView
from cockpit.tui import sentences
from tests.tui import fixtures
from tests.tui.fixtures import AT_MS, snapshot, status
from tests.tui.seen import opened
from tests.tui.watched import way_back


async def test_who_still_touches_the_source_is_first_then_who_moves_strangers_are_last() -> None:
    async with opened() as seen:
        await seen.press("8")
        rows = seen.rows()[4:10]
        names = ("checkout", "refunds", "nightly-exp", "sandbox", "ledger", "of no service")
        assert all(name in row for name, row in zip(names, rows, strict=True)), rows
        assert "3 STILL ON SOURCE 1 of 5 moved" in seen.rows()[2]
        assert "writes 1.5/s" in rows[0]
        assert "team-pay" in rows[0]


async def test_a_lag_is_the_one_where_the_service_runs_and_a_stale_one_is_no_number() -> None:
    async with opened() as seen:
        await seen.press("8")
        assert seen.row_with("ledger").rstrip().endswith("812")
        assert "18,220" in seen.row_with("nightly-exp")
        old = tuple(replace(g, target_at_ms=AT_MS - 60_000) for g in fixtures.groups())
        await seen.show(snapshot(groups=old, seq=2))
        assert "-- (812)" in seen.row_with("ledger")


async def test_enter_tells_a_service_in_full_and_why_a_value_is_not_known() -> None:
    async with opened(size=(100, 30)) as seen:
        await seen.press("8", "j", "enter")
        text = seen.text()
        for part in ("team-pay", "by what the flight has ordered", "producer 4021 on orders/3",
                     "Empty (0)"):  # fmt: skip
            assert part in text


async def test_services_are_filtered_by_owner_topic_and_word() -> None:
    async with opened() as seen:
        board = seen.app.board.panes["services"]
        await seen.press("8")
        for pattern, number in (("team-pay", 2), ("^refunds|of refunds", 1), ("target", 1)):
            board.set_filter(pattern)  # type: ignore[union-attr]
            assert board.count() >= number


async def test_going_back_says_the_keys_the_price_and_the_order_of_undoing() -> None:
    async with opened() as seen:
        await seen.press("9")
        text = seen.text()
        assert text.index("1 fence") < text.index("2 stop")
        assert "R, then Y" in text
        price = PriceView(
            "records", "writers", 17, 4, (("orders/1", 12), ("orders/0", 5)), None, ""
        )
        lossy = status(rollback="lossy", rollback_detail="17 records would be lost", price=price)
        await seen.show(snapshot(status=lossy, seq=2))
        text = seen.text()
        for part in ("ROLLBACK LOSSY", "17 on the target", "4 records that", "orders/1 12"):
            assert part in text


async def test_a_price_that_is_not_known_is_a_question_mark_with_its_reason() -> None:
    price = PriceView("unknown", "writers", Unknown("ends not read again yet"), 0, (), None, "")
    async with opened(snapshot(status=status(price=price))) as seen:
        await seen.press("9")
        assert "? ends not read again yet" in seen.text()


async def test_a_refused_way_back_says_why() -> None:
    back = replace(way_back(), why_not="records are on the target", undo=())
    async with opened(snapshot(way_back=back)) as seen:
        await seen.press("9")
        assert "refused: records are on the target" in seen.text()
        await seen.show(snapshot(way_back=None, seq=2))
        assert "? this engine does not tell" in seen.text()


def crew(**changes: object) -> CrewView:
    people = (
        PersonView("ben", ("checker",), 2, AT_MS - 600_000, None),
        PersonView("ana", ("driver",), 1, AT_MS - 60_000, AT_MS - 2_000),
    )
    view = CrewView(people=people, driver="ana", seat="1", until_ms=AT_MS + 40_000)
    return replace(view, **changes)  # type: ignore[arg-type]


async def test_people_name_the_driver_first_with_roles_and_times() -> None:
    async with opened(snapshot(crew=crew())) as seen:
        await seen.press("u")
        rows = [row.rstrip() for row in seen.rows()]
        assert "3 here" in rows[2]
        assert "drives    ana, safe for 40s without a key" in rows[3]
        assert "ana" in rows[5]
        assert "key 2.0s ago" in rows[5]
        assert "ben x2" in rows[6]
        assert "checker" in rows[6]


async def test_nobody_a_driver_who_is_gone_an_offer_and_a_veto_are_said() -> None:
    states = {
        "NOBODY: D takes": crew(driver="", seat=""),
        "ana is GONE": crew(seat=""),
        "to ben": crew(offered_to="ben"),
        "not tonight": crew(veto="not tonight (kim)"),
    }
    async with opened(snapshot(crew=crew())) as seen:
        await seen.press("u")
        for number, (words, view) in enumerate(states.items(), 2):
            await seen.show(snapshot(crew=view, seq=number))
            assert words in seen.text()


def test_without_a_screen_services_and_going_back_are_sentences() -> None:
    lines = sentences.services(snapshot())
    assert lines[0] == "1 of 5 services have moved"
    assert any(line.startswith("  STILL ON SOURCE, writer producer 4021") for line in lines)
    assert any("of no service" in line for line in lines)
    back = sentences.going_back(snapshot())
    assert back[0] == "ROLLBACK possible: costs nothing"
    assert back[-2].startswith("would undo fence: remove the DENY ACLs")
