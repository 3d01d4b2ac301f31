"""What a plan says of a promotion is proved and flown as it stands there."""

from __future__ import annotations

from cockpit.core.plan import Acceptance, PromoteStep
from tests.plan.given import SAMPLES, load, only_problem, problems_of

LINK = (SAMPLES / "link-batches.yaml").read_text()
FOREIGN = LINK.replace("consumes: [orders], group: archive", "consumes: [rates], group: archive")


def promoting(settings: str) -> str:
    return FOREIGN.replace("{promote: {topics: [orders]}}", f"{{promote: {{{settings}}}}}")


def test_a_topic_of_a_writer_elsewhere_needs_somebody_who_accepts_that() -> None:
    problem = only_problem(promoting("topics: [orders, rates]"))
    assert "no service of the plan writes rates" in problem.message
    plan = load(promoting("topics: [orders, rates], accept_loss: {why: no feed, by: team-fx}"))
    step = plan.waves[-1].steps[-1]
    assert isinstance(step, PromoteStep)
    assert step.accept_loss == Acceptance("no feed", "team-fx")


def test_a_wave_that_promotes_another_topic_says_nothing_of_what_it_reads() -> None:
    more = """  - name: rest
    services: [reports]
    write_owner: {before: source, after: source}
    steps: [stop, offsets, start]
"""
    reports = """  - {name: reports, principal: "User:reports", consumes: [rates], group: reports,
     stop: {manual: a}, start: {manual: b}, undo: {manual: c}}
freeze_windows:
"""
    assert problems_of((FOREIGN + more).replace("freeze_windows:\n", reports)) == ()


def test_a_fence_over_a_link_needs_no_canary_but_to_go() -> None:
    problem = only_problem(LINK.replace("steps: [stop, start]", "steps: [stop, fence, start]", 1))
    assert problem.hint == "remove fence: a link needs none"
