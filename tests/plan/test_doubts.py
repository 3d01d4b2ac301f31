"""Warnings about what a plan may say and hardly means."""

from __future__ import annotations

import difflib
import re

import pytest

from cockpit.plan.doubts import doubts
from cockpit.plan.loader import load_document
from tests.plan.given import MINIMAL, ORIGIN, SAMPLES, only_problem


def doubted(text: str) -> list[tuple[int, str]]:
    return [(one.line, one.message) for one in doubts(load_document(text, origin=ORIGIN))]


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_good_sample_is_not_doubted(path: object) -> None:
    assert doubted(path.read_text()) == []  # type: ignore[attr-defined]  # a path


def test_a_topic_that_is_spelt_almost_like_a_written_one() -> None:
    text = MINIMAL.replace("consumes: [orders]", "consumes: [order]")
    said = "ledger reads order, which nobody of the plan writes: did you mean orders?"
    assert doubted(text) == [(1, said)]
    numbered = MINIMAL.replace("[orders]", "[orders.v1]", 1)
    assert doubted(numbered.replace("produces: [orders]", "produces: [orders.v2]")) == []
    assert doubted(MINIMAL.replace("consumes: [orders]", "consumes: [rates]")) == []


def test_only_what_nobody_writes_is_looked_up_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look through every name is dear: a large plan has thousands of reads, and few to ask of."""
    written = [f"bank.payments.{number}.v1" for number in range(40)]
    control = "stop: {manual: x}, start: {manual: x}, undo: {manual: x}"
    readers = [f"reader-{number}" for number in range(10)]
    reads = ", ".join([*written, "bank.paymnts.v1"])
    more = "".join(
        f'  - {{name: {name}, principal: "User:{name}", consumes: [{reads}], group: {name}, '
        f"{control}}}\n"
        for name in readers
    )
    text = MINIMAL.replace("services:\n", f"services:\n{more}", 1)
    text = text.replace("services: [ledger]", f"services: [ledger, {', '.join(readers)}]")
    text = text.replace("produces: [orders]", f"produces: [orders, {', '.join(written)}]")
    loaded = load_document(text, origin=ORIGIN)
    asked: list[str] = []

    def look(word: str, known: object, **_: object) -> list[str]:
        asked.append(word)
        return []

    monkeypatch.setattr(difflib, "get_close_matches", look)
    doubts(loaded)
    assert asked == ["bank.paymnts.v1"]


def test_a_question_while_clients_are_blocked() -> None:
    text = MINIMAL.replace("drain, start", "drain, {confirm: {text: now}}, start")
    said = "wave writers: clients are blocked until somebody answers its confirm"
    assert doubted(text) == [(28, said)]


def test_what_a_trigger_would_do_where_there_is_none() -> None:
    words = "    steps: [stop, offsets, start"
    text = MINIMAL.replace(words, f"    rollback: {{on_trigger: rollback}}\n{words}", 1)
    assert doubted(text) == [(23, "wave readers: on_trigger without triggers never happens")]


def drilled(drill: str, gate: str) -> str:
    text = MINIMAL.replace("services:", "drills: allowed\nservices:", 1)
    step = f"{{drill: {{{drill}, expect: {{gate: 0}}}}}}"
    text = text.replace("soak: {for: 10m}}", f"soak: {{for: 10m}}}}, {step}", 1)
    head, _, tail = text.rpartition("{replication_lag: {max: 100, for: 60s}}")
    return f"{head}{gate}{tail}"


def test_a_drill_that_a_later_gate_looks_back_on() -> None:
    text = drilled("do: stop-task, on: mirror-source", "{replication_lag: {max: 9, over: 24h}}")
    assert doubted(text) == [
        (
            28,
            "wave readers: what stop-task on mirror-source breaks counts in replication_lag of "
            "wave writers, which looks back for 1d: it may not pass until 1d after the drill",
        )
    ]
    for gate in ("{group_lag: {max: 9, over: 24h}}", "{replication_lag: {max: 9}}"):
        assert doubted(drilled("do: stop-task, on: mirror-source", gate)) == []


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("{fence: {deadline: 10s}}, {drain: {timeout: 1h}}", "drain may take 1h"),
        ("fence, {command: {run: [a], timeout: 1h, undo: nothing}}, drain", "command may take 1h"),
        ("{fence: {deadline: 10s}}, drain", ""),
        ("{command: {run: [a], timeout: 1h, undo: nothing}}, fence, drain", ""),
        ("{fence: {deadline: 1h}}, {drain: {timeout: 1h}}", ""),
    ],
)
def test_a_step_that_the_fence_s_deadline_cuts_short(steps: str, said: str) -> None:
    found = doubted(MINIMAL.replace("fence, drain", steps))
    assert [text.startswith(f"wave writers: {said}") for _, text in found] == [True] * bool(said)


def test_a_producer_that_stays_while_its_topic_moves() -> None:
    def excluding(how: str) -> str:
        left = f"excluded: [{{producer: orders, as: {how}, why: an old batch, by: team-pay}}]\n"
        return MINIMAL.replace("services:\n", f"{left}services:\n", 1)

    assert doubted(excluding("drop")) == []
    ((_, said),) = doubted(excluding("leave"))
    assert said.startswith("the plan moves orders, and a producer of it stays on the source")


def test_windows_in_another_order_than_the_waves() -> None:
    def windows(first: str, second: str) -> str:
        text = MINIMAL
        for name, day in (("readers", first), ("writers", second)):
            window = f'window: {{from: "2026-11-{day}T08:00Z", to: "2026-11-{day}T16:00Z"}}'
            text = text.replace(f"  - name: {name}\n", f"  - name: {name}\n    {window}\n")
        return text

    assert doubted(windows("24", "25")) == []
    assert doubted(windows("24", "24")) == []
    said = "wave writers: its window is over before that of readers begins"
    assert doubted(windows("25", "24")) == [(29, said)]


def dated(text: str, windows: dict[str, tuple[str, str]], kept: str) -> str:
    """Waves with their windows, the first of them with a rollback_window."""
    for name, (begin, end) in windows.items():
        window = f'window: {{from: "2026-11-{begin}:00Z", to: "2026-11-{end}:00Z"}}'
        more = f"    {window}\n    {kept}\n" if name == next(iter(windows)) else f"    {window}\n"
        text = re.sub(rf"(  - name: {name}\b.*\n)", rf"\1{more}", text)
    return text


def test_a_way_back_that_by_the_windows_a_later_wave_closes() -> None:
    def readers(kept: str, *, writers: str = "24T16") -> str:
        windows = {"readers": ("24T08", "24T10"), "writers": ("24T12", writers)}
        return dated(MINIMAL, windows, f"rollback_window: {kept}")

    said = (
        "wave readers: no flight within the windows keeps its rollback_window of 7d: wave writers "
        "begins before 2026-11-24T16:00Z, and beyond its point of no return nothing before it goes "
        "back"
    )
    assert doubted(readers("7d")) == [(23, said)]
    assert doubted(readers("6h")) == []  # flown early, it may be kept
    assert doubted(readers("24h", writers="26T16")) == []
    back = "{fence: {deny: producers}}, drain, {reverse: {connector: mirror-back}}"
    assert doubted(readers("7d").replace("fence, drain", back)) == []  # nothing is closed


def test_a_way_back_over_a_link_that_a_promotion_closes() -> None:
    text = (SAMPLES / "link-batches.yaml").read_text()
    late = dated(text, {"first-batch": ("23T08", "23T10"), "promotion": ("24T16", "24T17")}, "")
    assert doubted(late) == []
    kept = late.replace("rollback_window: 24h", "rollback_window: 7d", 1)
    ((_, said),) = doubted(kept)
    assert said.startswith("wave first-batch: no flight within the windows keeps its")


def test_a_producer_that_stays_where_the_fence_lets_it_write_is_refused() -> None:
    left = "excluded: [{producer: 'ord*', why: an old batch, by: team-pay}]\n"
    text = MINIMAL.replace("services:\n", f"{left}services:\n", 1)
    apart = text.replace("fence", "{fence: {deny: producers}}")
    problem = only_problem(apart)
    assert "another producer of it is excluded and stays on the source" in problem.message
    allowed = "allow_interleaving: [{topic: orders, why: any order, by: team-pay}]\n"
    assert len(doubted(apart.replace("services:\n", f"{allowed}services:\n", 1))) == 1


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ("topic: orders", "excluded topic orders covers orders, which the plan moves all the same"),
        ("topic: 'ord*'", "excluded topic ord* covers orders, which the plan moves all the same"),
        ("group: 'led*'", "excluded group led* covers ledger, which the plan moves all the same"),
        ("topic: ledger", ""),
        ("group: orders", ""),
    ],
)
def test_what_is_excluded_and_moved_is_doubted_at_its_place(left: str, said: str) -> None:
    entry = f"excluded: [{{{left}, why: old, by: team-pay}}]\n"
    text = MINIMAL.replace("services:\n", f"{entry}services:\n", 1)
    assert doubted(text) == ([(17, said)] if said else [])
