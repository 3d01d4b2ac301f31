"""Which connector a reverse mirror is."""

from __future__ import annotations

from tests.plan.given import SAMPLES, only_problem, problems_of

BROKEN = (SAMPLES / "broken" / "reverse-connectors-differ.yaml").read_text()
ONE = BROKEN.replace("connector: mirror-source}", "connector: mirror-back}")
REFUND = """  - name: refunds
    principal: "User:refunds"
    produces: [refunds]
    stop: {manual: Scale to 0}
    start: {manual: Point at target}
    undo: {manual: Point at source}
waves:
"""
APART = """  - name: refunds
    services: [refunds]
    write_owner: {before: source, after: target}
    steps: [stop, {fence: {deny: producers}}, drain, {reverse: {connector: NAME}}, start]
"""


def two(name: str) -> str:
    """A second wave with a reverse mirror of that name."""
    return ONE.replace("waves:\n", REFUND) + APART.replace("NAME", name)


def test_two_waves_do_not_share_a_reverse_mirror() -> None:
    assert problems_of(two("mirror-back-2")) == ()
    problem = only_problem(two("mirror-back"))
    assert problem.message.startswith("connector 'mirror-back' mirrors back from line ")
    assert problem.line > 40


def test_the_checkpoint_connector_is_no_reverse_mirror() -> None:
    problem = only_problem(ONE.replace("connector: mirror-back}", "connector: mirror-checkpoint}"))
    assert problem.message == "connector 'mirror-checkpoint' works forward already"
