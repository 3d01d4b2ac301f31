"""A gate over a long window passes only on what was seen, all of it good, with its hours inside."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from cockpit.core.flight import Event, Keep
from cockpit.core.gates import gate_view
from cockpit.core.machine import step
from cockpit.core.observe import Unknown
from cockpit.core.peaks import Over, Peak, earliest, shortest_ms, usual_gap_ms
from cockpit.core.plan import OffsetDeltaGate, Plan, ReplicationLagGate
from cockpit.core.snapshot import GateView
from cockpit.core.windows import Rollup, Row, Seen, add, judge_over, restored, rollup_of, span
from tests.core.build import two_wave_plan
from tests.core.driver import Script

HOUR_MS = 3_600_000
EVENING = Peak(18 * HOUR_MS, 21 * HOUR_MS)
DAY = Over(24 * HOUR_MS, (EVENING,))


def at_ms(text: str) -> int:
    """`Tue 18:00` of the first week of 2026."""
    day, clock = text.split()
    number = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun").index(day)
    hour, minute = map(int, clock.split(":"))
    return int(datetime(2026, 1, 5 + number, hour, minute, tzinfo=UTC).timestamp()) * 1_000


def seen(
    begin: str,
    end: str,
    *,
    every_ms: int = 60_000,
    bad: dict[str, float] | None = None,
    without: tuple[str, str] | None = None,
    unknown: tuple[str, str] | None = None,
    row_ms: int = 60_000,
    usual: float = 10.0,
) -> Rollup:
    """What was sampled from begin to end: the usual, and what is said otherwise."""
    rollup = Rollup()
    worse = {at_ms(when): value for when, value in (bad or {}).items()}
    for at in range(at_ms(begin), at_ms(end) + 1, every_ms):
        if without and at_ms(without[0]) < at < at_ms(without[1]):
            continue
        value: float | Unknown = worse.get(at, usual)
        if unknown and at_ms(unknown[0]) < at < at_ms(unknown[1]):
            value = Unknown("no answer")
        rollup, _ = add(rollup, at, value, limit=100, row_ms=row_ms)
    return rollup


def judged(
    rollup: Rollup, now: str, over: Over = DAY, *, limit: float = 100, counts: str = "records"
) -> Seen:
    return judge_over(rollup, over, limit=limit, counts=counts, at_ms=at_ms(now), now_ms=at_ms(now))


def test_a_whole_day_of_good_samples_with_its_hours_inside_passes_and_says_what_it_saw() -> None:
    found = judged(seen("Mon 21:00", "Tue 21:00", bad={"Tue 19:12": 87.0}), "Tue 21:00")
    assert found.verdict == "PASS"
    assert found.held_ms == 24 * HOUR_MS
    assert found.evidence == (
        "good for 24h: worst 87 at 19:12Z; 1,441 samples, 0 unknown, longest gap 1m; "
        "18:00-21:00 UTC seen"
    )


@pytest.mark.parametrize(
    ("worst", "counts", "words"),
    [
        (1_234_567, "records", "worst 1,234,567 at"),
        (0.004476, "ratio", "worst 0.448% at"),
        (181.25, "ms", "worst 181ms at"),
    ],
)
def test_the_worst_is_told_in_its_unit(worst: float, counts: str, words: str) -> None:
    day = seen("Mon 21:00", "Tue 21:00", bad={"Tue 19:12": worst}, usual=0.001)
    assert words in judged(day, "Tue 21:00", limit=2_000_000, counts=counts).evidence


def test_what_is_missing_is_said_and_when_it_can_pass_at_earliest() -> None:
    found = judged(seen("Tue 10:00", "Tue 13:20"), "Tue 13:20")
    assert found.verdict == "UNKNOWN"
    assert found.evidence == (
        "seen 3h 20m of 24h; 18:00-21:00 UTC not yet seen; PASS possible at earliest 10:00Z"
    )
    found = judged(seen("Mon 20:00", "Tue 20:00"), "Tue 20:00")
    assert found.verdict == "UNKNOWN"
    assert found.evidence == (
        "seen 24h of 24h; 18:00-21:00 UTC not yet seen; PASS possible at earliest 21:00Z"
    )


def test_one_minute_short_of_the_window_or_of_its_hours_is_not_enough() -> None:
    assert judged(seen("Mon 21:01", "Tue 21:00"), "Tue 21:00").verdict == "UNKNOWN"
    assert judged(seen("Mon 20:59", "Tue 20:59"), "Tue 20:59").verdict == "UNKNOWN"
    # the evening before has begun before the window: only a whole one counts
    assert judged(seen("Mon 10:00", "Tue 18:01"), "Tue 18:01").verdict == "UNKNOWN"
    assert judged(seen("Mon 10:00", "Tue 18:00"), "Tue 18:00").verdict == "PASS"


def test_a_bad_sample_anywhere_in_the_window_fails_it_until_it_has_left() -> None:
    past = seen("Mon 02:00", "Tue 21:00", bad={"Mon 21:30": 400.0, "Tue 03:00": 101.0})
    found = judged(past, "Tue 21:00")
    assert found.verdict == "FAIL"
    assert found.evidence.startswith("400 at 21:30Z, in the last 24h; PASS possible at earliest ")
    assert found.evidence.endswith("2026-01-07T03:01Z") or found.evidence.endswith(" 03:01Z")
    later = seen("Mon 02:00", "Tue 21:00", bad={"Mon 20:30": 400.0})
    assert judged(later, "Tue 21:00").verdict == "PASS"


def test_a_gap_begins_the_window_anew_unless_it_is_short() -> None:
    long = judged(seen("Mon 10:00", "Tue 21:00", without=("Tue 12:00", "Tue 12:06")), "Tue 21:00")
    assert long.verdict == "UNKNOWN"
    assert long.evidence == (
        "seen 8h 54m of 24h; nothing known for 6m up to 12:06Z, at most 5m may be missing; "
        "PASS possible at earliest 12:06Z"
    )
    short = judged(seen("Mon 10:00", "Tue 21:00", without=("Tue 12:00", "Tue 12:05")), "Tue 21:00")
    assert short.verdict == "PASS"
    assert "longest gap 5m" in short.evidence


def test_an_unknown_reading_is_no_sample_it_neither_breaks_nor_fills_a_window() -> None:
    few = judged(seen("Mon 10:00", "Tue 21:00", unknown=("Tue 12:00", "Tue 12:04")), "Tue 21:00")
    assert few.verdict == "PASS"
    assert "3 unknown" in few.evidence
    many = judged(seen("Mon 10:00", "Tue 21:00", unknown=("Tue 12:00", "Tue 14:00")), "Tue 21:00")
    assert many.verdict == "UNKNOWN"


def test_nothing_seen_says_so_and_never_passes() -> None:
    found = judged(Rollup(), "Tue 13:00")
    assert found.verdict == "UNKNOWN"
    assert found.evidence.startswith("seen 0s of 24h; 18:00-21:00 UTC not yet seen")


def test_hours_of_weekdays_count_on_these_days_only() -> None:
    office = Over(24 * HOUR_MS, (Peak(18 * HOUR_MS, 21 * HOUR_MS, (0, 1, 2, 3, 4)),))
    weekend = judged(seen("Fri 22:00", "Sun 12:00"), "Sun 12:00", office)
    assert weekend.verdict == "UNKNOWN"
    assert "Mon-Fri 18:00-21:00 UTC not yet seen" in weekend.evidence
    assert weekend.evidence.endswith("PASS possible at earliest 2026-01-12T21:00Z")
    assert judged(seen("Thu 22:00", "Fri 22:00"), "Fri 22:00", office).verdict == "PASS"


def test_hours_over_midnight_are_whole_only_with_both_parts() -> None:
    night = Over(24 * HOUR_MS, (Peak(22 * HOUR_MS, 2 * HOUR_MS),))
    assert judged(seen("Mon 22:01", "Tue 23:00"), "Tue 23:00", night).verdict == "UNKNOWN"
    assert judged(seen("Mon 21:00", "Tue 22:00"), "Tue 22:00", night).verdict == "PASS"


def test_hours_in_which_nobody_looked_were_not_seen() -> None:
    """However long a gap the plan allows."""
    lenient = Over(24 * HOUR_MS, (EVENING,), max_gap_ms=4 * HOUR_MS)
    asleep = seen("Mon 10:00", "Tue 12:00", without=("Mon 17:45", "Mon 21:10"))
    answer = judged(asleep, "Tue 12:00", lenient)
    assert answer.verdict == "UNKNOWN"
    assert "18:00-21:00 UTC not yet seen" in answer.evidence
    late = seen("Mon 10:00", "Tue 12:00", without=("Mon 17:45", "Mon 20:50"))
    assert judged(late, "Tue 12:00", lenient).verdict == "UNKNOWN"
    again = seen("Mon 10:00", "Wed 12:00", without=("Mon 17:45", "Mon 21:10"))
    assert (
        judged(again, "Wed 12:00", dataclasses.replace(lenient, over_ms=49 * HOUR_MS)).verdict
        == "PASS"
    )


@pytest.mark.parametrize(
    ("gap", "verdict"),
    [
        (("Mon 19:00", "Mon 19:45"), "PASS"),
        (("Mon 19:00", "Mon 19:46"), "UNKNOWN"),
        (("Mon 17:00", "Mon 18:45"), "PASS"),
        (("Mon 17:00", "Mon 18:46"), "UNKNOWN"),
        (("Mon 20:14", "Mon 22:00"), "UNKNOWN"),
    ],
)
def test_hours_are_looked_through_with_gaps_of_a_quarter_at_most(
    gap: tuple[str, str], verdict: str
) -> None:
    lenient = Over(24 * HOUR_MS, (EVENING,), max_gap_ms=2 * HOUR_MS)
    past = seen("Mon 10:00", "Tue 12:00", without=gap)
    assert judged(past, "Tue 12:00", lenient).verdict == verdict


def test_a_single_sample_in_hours_has_not_seen_them() -> None:
    lenient = Over(24 * HOUR_MS, (EVENING,), max_gap_ms=3 * HOUR_MS - 1)
    rows = [Row(at, at, 1, 0, 1.0, 1.0, at, 0) for at in range(at_ms("Mon 17:18") - 12 * HOUR_MS,
            at_ms("Wed 12:00"), 3 * HOUR_MS - 1)]  # fmt: skip
    found = judged(rollup_of(rows, at_ms("Tue 21:00")), "Tue 21:00", lenient)
    assert found.verdict == "UNKNOWN"
    assert "18:00-21:00 UTC not yet seen" in found.evidence


def test_a_gap_that_reaches_into_the_window_is_told_whole() -> None:
    lenient = Over(24 * HOUR_MS, max_gap_ms=3 * HOUR_MS)
    past = seen("Mon 06:00", "Tue 12:00", without=("Mon 10:00", "Mon 12:10"))
    assert "longest gap 2h 10m" in judged(past, "Tue 12:00", lenient).evidence


def test_several_hours_must_all_lie_inside() -> None:
    both = Over(24 * HOUR_MS, (EVENING, Peak(8 * HOUR_MS, 9 * HOUR_MS)))
    assert judged(seen("Mon 08:30", "Tue 08:45"), "Tue 08:45", both).verdict == "UNKNOWN"
    assert judged(seen("Mon 08:30", "Tue 09:00"), "Tue 09:00", both).verdict == "PASS"


@pytest.mark.parametrize("length_h", [24, 48, 168])
def test_the_earliest_pass_is_the_first_minute_that_passes(length_h: int) -> None:
    over = Over(length_h * HOUR_MS, (EVENING, Peak(8 * HOUR_MS, 9 * HOUR_MS, (1, 6))))
    begin = at_ms("Mon 10:17")
    when = earliest(over, begin)
    assert when is not None
    first = next(
        at
        for at in range(begin + over.over_ms, begin + 20 * 24 * HOUR_MS, 60_000)
        if all(peak.within(at - over.over_ms, at) for peak in over.including)
    )
    assert when == first


def test_a_window_that_can_never_hold_its_hours_has_no_earliest() -> None:
    assert earliest(Over(HOUR_MS, (EVENING,)), 0) is None
    assert earliest(Over(8 * HOUR_MS, (EVENING, Peak(9 * HOUR_MS, 10 * HOUR_MS))), 0) is None


def test_a_bad_value_is_a_row_at_once_and_no_flood_of_rows() -> None:
    rollup, closed = Rollup(), []
    for second in range(120):
        rollup, rows = add(rollup, second * 1_000, 500.0, limit=100, row_ms=60_000)
        closed.append(len(rows))
    assert closed[0] == 1
    assert sum(closed) <= 4
    assert int(rollup.whole().times[:, 2].sum()) == 120


def test_readings_over_a_minute_become_one_row_with_their_least_and_greatest() -> None:
    rollup = Rollup()
    kept: tuple[Row, ...] = ()
    for second in range(61):
        value = Unknown("?") if second == 30 else float(second % 50)
        rollup, kept = add(rollup, second * 1_000, value, limit=100, row_ms=60_000)
    assert kept == (Row(0, 59_000, 59, 1, 0.0, 49.0, 49_000, 2_000),)


def test_rows_that_make_no_sense_or_lie_in_the_future_were_not_seen() -> None:
    good = Row(1_000, 2_000, 2, 0, 1.0, 2.0, 1_000, 1_000)
    wrong = (
        dataclasses.replace(good, last_ms=99_000),
        dataclasses.replace(good, first_ms=5_000),
        dataclasses.replace(good, known=-1),
        dataclasses.replace(good, most=float("nan")),
        dataclasses.replace(good, first_ms=-5, last_ms=-1),
    )
    assert len(rollup_of((*wrong, good), 10_000).times) == 1


def test_the_usual_gap_is_a_tenth_or_a_reading_s_age_and_at_most_five_minutes() -> None:
    assert usual_gap_ms(24 * HOUR_MS, 5_000) == 300_000
    assert usual_gap_ms(600_000, 5_000) == 60_000
    assert usual_gap_ms(20_000, 5_000) == 5_000
    assert usual_gap_ms(24 * HOUR_MS, 23 * HOUR_MS) == 300_000


def test_the_usual_gap_looks_through_the_shortest_of_the_hours() -> None:
    assert usual_gap_ms(24 * HOUR_MS, 5_000, (EVENING, Peak(0, 300_000))) == 75_000


@pytest.mark.parametrize(
    ("hours", "length_h"),
    [
        ((EVENING,), 3),
        ((Peak(0, 12 * HOUR_MS), Peak(12 * HOUR_MS, 0)), 24),
        ((Peak(18 * HOUR_MS, 21 * HOUR_MS, (0,)), Peak(18 * HOUR_MS, 21 * HOUR_MS, (6,))), 27),
        ((Peak(20 * HOUR_MS, 22 * HOUR_MS, (0,)), Peak(20 * HOUR_MS, 22 * HOUR_MS, (2,))), 50),
    ],
)
def test_the_shortest_window_that_holds_hours(hours: tuple[Peak, ...], length_h: int) -> None:
    assert shortest_ms(hours) == length_h * HOUR_MS
    assert earliest(Over(length_h * HOUR_MS, hours), 0) is not None
    assert earliest(Over(length_h * HOUR_MS - 60_000, hours), 0) is None


def test_durations_are_told_by_their_two_greatest_units() -> None:
    told = [span(ms) for ms in (0, 45_000, 61_000, 12_000_000, 86_400_000, 187_200_000)]
    assert told == ["0s", "45s", "1m 1s", "3h 20m", "24h", "2d 4h"]


# --- in a flight ----------------------------------------------------------------------------------

MINUTE = Over(60_000, max_gap_ms=6_000)


class Keeping(Script):
    """A flight whose kept rows are kept."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.kept: dict[str, list[Row]] = {}

    def send(self, event: Event) -> None:
        _, commands = step(self.state, event)
        for command in commands:
            if isinstance(command, Keep):
                for key, row in command.rows:
                    self.kept.setdefault(key, []).append(row)
        super().send(event)


def with_window(over: Over, max_records: int = 100) -> Plan:
    """Both waves wait for a window of replication lag."""
    plan = two_wave_plan()
    gate = ReplicationLagGate(max_records, over=over)
    waves = tuple(dataclasses.replace(wave, gates=(gate,)) for wave in plan.waves)
    return dataclasses.replace(plan, waves=waves)


def the_gate(script: Script) -> GateView:
    from cockpit.core.openings import gate_views

    return gate_views(script.state, script.state.wave())[0]


def test_a_flight_that_waits_at_its_gate_gathers_what_the_gate_wants() -> None:
    script = Script(with_window(MINUTE))
    script.look(31)
    waiting = the_gate(script)
    assert waiting.verdict == "UNKNOWN"
    assert waiting.evidence.startswith("seen 30s of 1m; PASS possible at earliest 00:01:02Z; now ")
    assert waiting.value == 0.0
    script.look(40)
    assert the_gate(script).verdict == "PASS"
    assert (the_gate(script).held_ms, the_gate(script).for_ms) == (70_000, 60_000)
    script.go("advance")
    assert script.word() == "running"


def test_a_gate_over_a_window_that_is_bad_or_unknown_now_does_not_pass() -> None:
    script = Script(with_window(MINUTE))
    script.look(80)
    assert the_gate(script).verdict == "PASS"
    script.mirror_up = False
    script.look(6)
    assert the_gate(script).verdict == "UNKNOWN"
    script.mirror_up = True
    script.ends = {"source": (500, 100), "target": (100, 100)}
    script.look(2)
    assert the_gate(script).verdict == "FAIL"
    script.ends = {"source": (100, 100), "target": (100, 100)}
    script.look(3)
    late = the_gate(script)
    assert late.verdict == "FAIL"
    assert late.evidence.startswith("400 at ")


def test_the_next_engine_goes_on_with_the_rows_that_this_one_has_handed_out() -> None:
    script = Keeping(with_window(MINUTE))
    script.look(80)
    again = Script(with_window(MINUTE))
    again.now_ms = script.now_ms
    past = restored(script.kept, again.now_ms)
    again.state = dataclasses.replace(again.state, gathered=past, at_ms=again.now_ms)
    again.look(2)
    assert the_gate(again).verdict == "PASS"
    fresh = Script(with_window(MINUTE))
    fresh.now_ms = script.now_ms
    fresh.look(2)
    assert the_gate(fresh).verdict == "UNKNOWN"


def test_another_topic_or_signal_is_another_past_and_the_same_one_is_shared_by_waves() -> None:
    script = Script(with_window(MINUTE))
    script.look(3)
    assert len(script.state.gathered.rollups) == 1
    plan = with_window(MINUTE)
    first, second = plan.waves
    deltas = (OffsetDeltaGate(5, over=MINUTE), *first.gates)
    script = Script(
        dataclasses.replace(plan, waves=(dataclasses.replace(first, gates=deltas), second))
    )
    script.look(3)
    names = {key.split()[0] for key in script.state.gathered.rollups}
    assert names == {"replication_lag", "offset_delta"}


def test_a_soak_holds_the_gate_of_now_not_the_window_of_before() -> None:
    gate = ReplicationLagGate(100, over=Over(24 * HOUR_MS, (EVENING,)))
    plan = with_window(MINUTE)
    history = Script(plan)
    history.look(3)
    readings = history.state.histories["readers.gates.0"]
    assert gate_view(gate, readings, plan, history.now_ms).verdict == "PASS"
