"""What `cockpit leftovers` prints of one look, and with which code it exits."""

from __future__ import annotations

from cockpit.cli import exits
from cockpit.cli.leftovers import exit_code, left_in_sight, report
from cockpit.core.mirrorsurvey import TOPICS_EXCLUDE
from tests.core.test_leftover_mirrors import reversing
from tests.core.test_leftovers import Ground


def test_clean_clusters_have_nothing_left_over() -> None:
    left = left_in_sight(Ground().state())
    assert (report(left), exit_code(left)) == (["nothing is left over"], exits.COMPLETED)


def test_the_command_that_stops_a_second_mirror_is_told_before_the_one_for_the_filter() -> None:
    ground = reversing("RUNNING", settings={"mm2-source": {TOPICS_EXCLUDE: "orders"}})
    left = left_in_sight(ground.state())
    lines = "\n".join(report(left))
    assert exit_code(left) == exits.FAILED
    assert -1 < lines.find("connectors/mm2-back/stop") < lines.find("connectors/mm2-source/config")
