"""Warnings about what a plan may say and hardly means."""

from __future__ import annotations

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


def test_a_question_while_clients_are_blocked() -> None:
    text = MINIMAL.replace("drain, start", "drain, {confirm: {text: now}}, start")
    said = "wave writers: clients are blocked until somebody answers its confirm"
    assert doubted(text) == [(28, said)]


def test_what_a_trigger_would_do_where_there_is_none() -> None:
    words = "    steps: [stop, offsets, start"
    text = MINIMAL.replace(words, f"    rollback: {{on_trigger: rollback}}\n{words}", 1)
    assert doubted(text) == [(23, "wave readers: on_trigger without triggers never happens")]


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


def test_a_producer_that_stays_where_the_fence_lets_it_write_is_refused() -> None:
    left = "excluded: [{producer: 'ord*', why: an old batch, by: team-pay}]\n"
    text = MINIMAL.replace("services:\n", f"{left}services:\n", 1)
    apart = text.replace("fence", "{fence: {deny: producers}}")
    problem = only_problem(apart)
    assert "another producer of it is excluded and stays on the source" in problem.message
    allowed = "allow_interleaving: [{topic: orders, why: any order, by: team-pay}]\n"
    assert len(doubted(apart.replace("services:\n", f"{allowed}services:\n", 1))) == 1
