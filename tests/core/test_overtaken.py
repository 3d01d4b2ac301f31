"""Retention that overtook the mirror is told before a wave begins, and lawful retention is not."""

from __future__ import annotations

import dataclasses

import pytest

from cockpit.core.flight import Observed
from cockpit.core.mistakes import mistakes
from cockpit.core.observe import TopicPartition
from cockpit.core.overtaken import overtaken
from tests.core.build import mirror
from tests.core.driver import Script


def looked(starts: tuple[int, int], ends: tuple[int, int]) -> Script:
    """The mirror was at 100 in both partitions."""
    script = Script()
    script.starts["source"], script.ends["source"] = starts, ends
    script.look(3)
    return script


def found(script: Script) -> dict[TopicPartition, str]:
    return overtaken(script.state.facts, ("orders",))


def test_records_that_went_before_the_mirror_had_read_them_are_told() -> None:
    (name, why), *others = found(looked((101, 100), (200, 100))).items()
    assert (name, others) == (("orders", 0), [])
    assert why == "its records before 101 are gone from the source, and the mirror was at 100"


@pytest.mark.parametrize("end", [100, 200])
def test_what_the_mirror_has_copied_may_go(end: int) -> None:
    assert not found(looked((100, 100), (end, 100)))


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [(0, 0, False), (60, 200, False), (200, 200, True)],
    ids=["never written", "still to be read", "emptied"],
)
def test_without_a_position_only_an_emptied_partition_is_told(
    start: int, end: int, told: bool
) -> None:
    script = looked((start, 0), (end, 100))
    sample = mirror(script.now_ms, (100, 100))
    kept = {name: at for name, at in sample.positions.items() if name != ("orders", 0)}
    script.mirror_up = False
    script.send(Observed(script.now_ms, dataclasses.replace(sample, positions=kept)))
    script.look(1)
    assert bool(found(script)) is told


def test_only_a_wave_that_drains_is_held_up() -> None:
    script = looked((101, 101), (200, 200))
    readers, writers = script.state.waves
    assert not list(mistakes(script.state, readers))
    (why,) = mistakes(script.state, writers)
    assert why.startswith(
        "retention has overtaken the mirror on orders/0 (and 1 more): its records"
    )
