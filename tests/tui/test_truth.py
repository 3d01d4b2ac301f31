"""Derived truth on the screen: each reading named, every unknown a question mark with a reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import AlarmView, CheckView, DrainView, TimeLeft
from cockpit.tui.alarms import alarms
from tests.tui import fixtures
from tests.tui.seen import Size, opened
from tests.tui.test_hostile import assert_harmless


async def test_the_lag_pane_shows_two_readings_the_rate_and_the_time_left_at_80x24() -> None:
    async with opened(fixtures.snapshot()) as seen:
        await seen.press("2")
        titles = seen.rows()[3]
        for title in ("lag", "by logs", "rate", "left"):
            assert title in titles
        row = next(r for r in seen.rows() if "1,204" in r)
        assert row.split()[2:5] == ["1,204", "!", "1,205"]
        assert row.rstrip().endswith("~61-95s")
        growing = next(r for r in seen.rows() if r[1:].startswith("refunds"))
        assert growing.rstrip().endswith("growing")


async def test_a_time_left_is_never_drawn_from_stale_readings() -> None:
    async with opened(fixtures.stale_target()) as seen:
        await seen.press("2")
        row = next(r for r in seen.rows() if "(1,204)" in r)
        assert "61-95" not in row


async def test_an_unknown_time_left_is_a_question_mark_and_enter_says_why() -> None:
    drains = (DrainView("orders", Unknown("x"), Unknown("not watched for long enough"), None),)
    async with opened(fixtures.snapshot(drains=drains)) as seen:
        await seen.press("2", "j", "enter")
        assert "? for the whole topic not watched for long enough" in seen.text()
        assert "by the mirror's published position" in seen.text()
        await seen.press("q")
        row = next(r for r in seen.rows() if "1,204" in r)
        assert row.rstrip().endswith("?")


async def test_groups_show_seconds_behind_and_time_left_and_the_history_s_limit() -> None:
    async with opened(fixtures.snapshot()) as seen:
        await seen.press("3")
        assert "Stable (3) lag 812 4.2s ~9-21s" in seen.text()
        assert "lag 41 >15m00s growi" in seen.text()
        assert "lag 18,220 ? ?" in seen.text()


async def test_the_delta_pane_shows_the_exact_image_and_what_would_be_skipped() -> None:
    async with opened(fixtures.snapshot()) as seen:
        await seen.press("3")
        exact = next(r for r in seen.rows() if "orders/3" in r)
        assert exact.split() == ["checkout", "orders/3", "+17", "0", "17", "!", "88,123"]
        past = next(r for r in seen.rows() if "orders/5" in r)
        assert past.rstrip().endswith("MM2 skips 4")
        assert "2 SKIP" in seen.rows()[2]


async def test_an_image_whose_commits_have_moved_on_is_bracketed() -> None:
    rows = list(fixtures.deltas())
    exact = rows[3].exact
    assert not isinstance(exact, Unknown)
    rows[3] = replace(rows[3], exact=replace(exact, is_current=False, is_fresh=False))
    async with opened(fixtures.snapshot(deltas=tuple(rows))) as seen:
        await seen.press("3")
        row = next(r for r in seen.rows() if "orders/3" in r)
        assert row.rstrip().endswith("-- (88,123)")
        assert "17 !" not in row


async def test_checks_that_nobody_may_miss_are_first_and_enter_shows_them_in_full() -> None:
    why = "cannot write after the move: " + "because " * 12 + "of that"
    first = CheckView("acl", "User:b write topic z", "open", "allowed", "not allowed", why, 0)
    other = CheckView("acl", "User:a read topic a", "open", "allowed", "not allowed", "no ACL")
    kinds = tuple(
        CheckView(kind, kind, "open", "-", "-", "differs")
        for kind in ("user", "schema", "records", "quota", "config", "topic")
    )
    async with opened(fixtures.snapshot(checks=(other, *kinds, first))) as seen:
        await seen.press("5")
        assert "User:b write topic z" in seen.rows()[4]
        assert "1 URGENT 8 open" in seen.rows()[2]
        for kind in ("user", "schema", "records", "quota", "config", "topic"):
            assert any(row.split()[2:3] == [kind] for row in seen.rows())
        await seen.press("j", "enter")
        assert seen.text().count("because") == 12
        assert "of that" in seen.text()


async def test_the_health_page_names_alarms_stragglers_errors_and_every_feed() -> None:
    async with opened(fixtures.snapshot()) as seen:
        await seen.press("h")
        pages = seen.text()
        await seen.press("G")
        pages += seen.text()
        for part in (
            "past the source's end on orders/8", "since 02:13:37Z", "producer 4021 on orders/3",
            "not listed by any broker", "batch-7@10.0.0.9", "time left ~2-4m",
            "target: 0 0 2 5 1 a minute", "source.users", "refused", "DESCRIBE on CLUSTER",
            "3 skipped", "target.logs",
        ):  # fmt: skip
            assert part in " ".join(pages.split()), part


async def test_the_health_page_goes_on_while_it_is_open() -> None:
    async with opened(fixtures.snapshot()) as seen:
        await seen.press("h")
        new = AlarmView("bad", "x", "something else is wrong", fixtures.AT_MS)
        await seen.show(fixtures.later(fixtures.snapshot(alarms=(new,)), 1_000))
        assert "something else is wrong" in seen.text()
        await seen.press("q")
        assert "alarms and feeds" not in seen.text()


async def test_errors_by_class_stand_under_the_signals() -> None:
    async with opened(fixtures.snapshot()) as seen:
        await seen.press("4")
        assert "target timeout: 1 this minute, 5 the last" in seen.text()


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (160, 48)])
@pytest.mark.parametrize("keys", [("h",), ("h", "G"), ("3", "j", "j", "enter"), ("5", "enter"),
                                  ("2", "enter"), ("3", "G", "enter")])  # fmt: skip
async def test_no_page_of_ours_lets_data_drive_the_terminal(
    size: Size, keys: tuple[str, ...]
) -> None:
    async with opened(fixtures.hostile(), size) as seen:
        await seen.press(*keys)
        assert_harmless(seen)


def test_bad_alarms_come_before_the_mirror_and_warnings_after() -> None:
    both = (
        AlarmView("bad", "a", "bad one", 0),
        AlarmView("warn", "b", "mild one", 0),
    )
    assert alarms(fixtures.snapshot(alarms=both, mirror="task failed")) == (
        "bad one", "mirror task failed", "mild one",
    )  # fmt: skip


async def test_a_topic_without_lag_is_level_and_not_a_number() -> None:
    drains = (DrainView("refunds", 0, TimeLeft("level"), fixtures.AT_MS),)
    async with opened(fixtures.snapshot(drains=drains)) as seen:
        await seen.press("2")
        row = next(r for r in seen.rows() if r[1:].startswith("refunds"))
        assert row.rstrip().endswith("level")
