"""What only the page of ec2-082-to-msk says, held against what is kept of its flight."""

from __future__ import annotations

import re

from tests.migrations.kept import Kept

KEPT = Kept("ec2-082-to-msk")


def test_the_verdict_is_the_checker_s_and_what_was_read_again_was_promised() -> None:
    found = re.match(r"lost 0, duplicated (\d+), reordered 0, flown in ", KEPT.verdict())
    assert found is not None
    assert KEPT.verdict() in KEPT.document
    told = r"(app-\w+) resumes on target at earliest: reads at most ([\d,]+) records again"
    promised = {
        group: int(again.replace(",", "")) for group, again in re.findall(told, KEPT.report)
    }
    assert sum(promised.values()) == int(found[1])
    for group, price in promised.items():
        (row,) = [row for row in KEPT.document.splitlines() if row.startswith(f"| {group} |")]
        assert row.endswith(f"| {price:,} | {price:,} |")
