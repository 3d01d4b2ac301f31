"""The proof of a plan's text: the same as of the plan, at the right places, told once."""

from __future__ import annotations

import pytest

from cockpit.core.prove import prove
from cockpit.plan.loader import load_document
from tests.plan.given import (
    GOOD,
    MINIMAL,
    ORIGIN,
    SAMPLES,
    good_with,
    load,
    only_problem,
    problems_of,
)

GOOD_PLANS = sorted(SAMPLES.glob("*.yaml"))


@pytest.mark.parametrize("path", GOOD_PLANS, ids=lambda path: path.stem)
def test_a_good_sample_is_proved(path: object) -> None:
    proof = prove(load(path.read_text()))  # type: ignore[attr-defined]  # a path
    assert proof.proved
    assert proof.worlds > 10
    assert load_document(path.read_text(), origin=ORIGIN).proof == proof  # type: ignore[attr-defined]  # as above


def test_other_mistakes_do_not_hide_what_the_proof_finds() -> None:
    text = good_with("      - offsets\n", "").replace("unit: per_s", "unit: furlongs")
    messages = [problem.message for problem in problems_of(text)]
    assert len(messages) == 2
    assert "without its place: it needs offsets before start" in messages[1]


def test_what_another_rule_refuses_is_proved_as_if_it_were_right() -> None:
    text = good_with("steps: [stop, offsets, start, {soak: {for: 10m}}]", "steps: [stop, offsets]")
    assert only_problem(text).message == "wave readers has no start step"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("services: [settlement, checkout]", "services: [settlement, chekout]"),
        ("    produces: [orders]", "    produces: [or ders]"),
        ("  - name: writers #", "  - name: wri ters #"),
    ],
)
def test_what_could_not_be_read_is_not_proved_by_guessing(old: str, new: str) -> None:
    assert only_problem(good_with(old, new)).counter_example == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('freeze_windows: [{from: "2026-11-27T00:00Z"}]', "freeze window: key 'to' is missing"),
        ("freeze_windows: [{why: none}]", "freeze window: from or daily is missing"),
        ("freeze_windows: [{daily: 25:00-26:00 UTC}]", "expected a time of day"),
        ("allow_interleaving: [{topic: orders}]", "allowed interleaving: key 'why' is missing"),
    ],
)
def test_half_a_window_or_allowance_is_no_traceback(text: str, message: str) -> None:
    found = problems_of(GOOD.replace("\nwaves:", f"\n{text}\nwaves:"))
    assert any(message in problem.message for problem in found)


def test_instants_are_utc() -> None:
    text = 'freeze_windows: [{from: "2026-11-27T00:00Z", to: "2026-11-27T00:00:30Z", why: x}]'
    plan = load(GOOD.replace("\nwaves:", f"\n{text}\nwaves:"))
    (window,) = plan.freeze_windows
    assert (window.from_ms, window.to_ms, window.daily) == (1795737600000, 1795737630000, False)


def test_a_daily_window_may_pass_midnight() -> None:
    plan = load(GOOD.replace("\nwaves:", "\nfreeze_windows: [{daily: 22:30-02:00 UTC}]\nwaves:"))
    (window,) = plan.freeze_windows
    assert (window.from_ms, window.to_ms, window.daily) == (81_000_000, 7_200_000, True)


def test_a_later_producer_with_the_canary_s_principal_is_cut_off() -> None:
    def later(principal: str) -> str:
        moved = "  - {name: web, services: [web], write_owner: {before: source, after: target},"
        moved += "\n     steps: [stop, fence, drain, start]}\n"
        calls = "stop: {manual: a}, start: {manual: b}, undo: {manual: c}"
        web = f'  - {{name: web, principal: "User:{principal}", produces: [orders], {calls}}}\n'
        allowed = "allow_interleaving: [{topic: orders, why: any order, by: team-pay}]\n"
        text = (MINIMAL + moved).replace("waves:\n", web + allowed + "waves:\n", 1)
        return text.replace("fence", "{fence: {deny: producers}}")

    assert problems_of(later("web")) == ()
    assert "denies the canary too" in only_problem(later("canary")).message
