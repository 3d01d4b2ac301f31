"""How the screen is measured, where it could deceive itself."""

from __future__ import annotations

import json
import sys

import numpy as np

from cockpit.cli.figures import Figure
from cockpit.cli.observing.content import TOPICS
from cockpit.cli.screenbench.document import BEGIN, END, written
from cockpit.cli.screenbench.load import Tide, moved_by, ticks
from cockpit.cli.screenbench.paints import FIRST_ROW, Press, cursor_rows, latencies_ms, schedule
from cockpit.cli.screenbench.sidebyside import plan_of, waits_ms
from cockpit.cli.screenbench.terminal import Link, Piece, on_a_terminal
from cockpit.plan.loader import load_plan


def at_row(at_s: float, row: int) -> Piece:
    return Piece(at_s, f"\x1b[{FIRST_ROW + row + 1};1H\x1b[1m▸\x1b[0m topic-0001".encode())


def test_a_key_counts_from_its_moment_also_where_the_one_before_it_still_waits() -> None:
    presses = [Press(0.1, b"j", 0), Press(0.2, b"j", 1), Press(0.9, b"j", 2)]
    # nothing is painted until both are: a tester who waits for answers would never see it
    found, lost = latencies_ms(presses, 100.0, [at_row(100.6, 1), at_row(100.91, 2)])
    assert [round(one) for one in found] == [500, 400, 10]
    assert lost == 0


def test_a_key_that_was_never_painted_is_counted() -> None:
    found, lost = latencies_ms([Press(0.1, b"j", 0), Press(0.2, b"j", 1)], 0.0, [at_row(0.11, 0)])
    assert len(found) == lost == 1


def test_rows_are_found_across_pieces_and_in_whole_screens() -> None:
    whole = b"\x1b[1;1Hstatus\n\x1b[2;1Hmore\n\x1b[3;1H" + "▸2 lag".encode()
    mark = "\x1b[9;1H▸".encode()
    pieces = [Piece(1.0, whole), Piece(2.0, mark[:-1]), Piece(3.0, mark[-1:])]
    assert cursor_rows(pieces) == [(1.0, 2), (3.0, 8)]


def test_the_same_seed_gives_the_same_keys_and_their_mean_pace() -> None:
    assert schedule(30, 8) == schedule(30, 8)
    assert 180 < len(schedule(30, 8)) < 300


def test_of_the_made_up_rows_a_share_changes_and_none_overtakes_another() -> None:
    load = ticks(Tide(2_000, 0.2))
    first, second = next(load).snapshot, next(load).snapshot
    changed = np.count_nonzero(first.partitions.lag != second.partitions.lag)
    assert 300 < changed < 500
    order = np.argsort(first.partitions.lag, kind="stable")
    assert np.array_equal(order, np.argsort(second.partitions.lag, kind="stable"))
    assert second.at_ms - first.at_ms == 250
    ages = {one.at_ms - (one.source.asked_at_ms or 0) for one in (first, second)}
    assert len(ages) == 1, "what was read is as fresh as before"


def test_a_key_waits_for_the_next_bytes_and_one_without_any_is_left_out() -> None:
    pieces = [Piece(1.0, b"a"), Piece(2.5, b"b")]
    assert [round(one) for one in waits_ms([0.9, 1.0, 1.5, 3.0], pieces)] == [100, 0, 1000]


def test_the_plan_that_is_flown_beside_kaskade_is_one_and_looks_at_every_topic() -> None:
    text = json.dumps(plan_of("127.0.0.1:9092", "127.0.0.1:9093"))
    assert len(load_plan(text, origin="plan.json").topics()) == TOPICS


def test_nothing_is_copied_that_has_no_time() -> None:
    value = (("a", 1), ("b", 2))
    assert moved_by(value, 250) is value


def test_a_slow_link_delays_what_it_carries_and_compression_shortens_it() -> None:
    slow, packed = Link(1_000), Link(1_000, compressed=True)
    data = b"\x1b[38;2;214;219;227;48;2;15;20;25m" * 30
    assert slow.carry(data, 5.0) == 5.0 + len(data) / 1_000
    assert packed.carry(data, 5.0) < 5.2
    assert Link().carry(data, 5.0) == 5.0


def test_a_process_on_a_terminal_is_read_and_its_cpu_is_counted() -> None:
    program = "input(); print('x' * 10, flush=True); import time; time.sleep(60)"
    with on_a_terminal([sys.executable, "-c", program]) as terminal:
        terminal.press(b"\n")
        assert terminal.until(b"x" * 10) > terminal.begun_s
        assert terminal.cpu_s() > 0
        assert terminal.memory_kb() > 1_000


def test_the_table_is_written_between_its_marks_and_says_what_is_short() -> None:
    figures = [Figure("a", 1.0, "ms", 2), Figure("b", 3.0, "ms", 2, "busy"), Figure("c", None, "x")]
    document = f"before\n{BEGIN}old\n{END}after\n"
    new = written(document, [one.as_json() for one in figures])
    assert new.startswith(f"before\n{BEGIN}| figure |")
    assert new.endswith(f"{END}after\n")
    assert "| `b` | 3.00 ms | 2 | short, busy |" in new
    assert "| `c` | ? x |  |  |" in new
    assert "old" not in new
