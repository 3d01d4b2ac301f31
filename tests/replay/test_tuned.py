"""Tolerances from what a recorded flight has shown: as many samples as were judged."""

from __future__ import annotations

import pytest

from cockpit.core.flight import Ticked
from cockpit.core.gates import Reading
from cockpit.core.judging import Judge
from cockpit.core.observe import Unknown
from cockpit.replay.rerun import rerun
from cockpit.replay.tuned import tuned
from tests.recorded import Recorded, record


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("flown") / "recording.ckrec")


def test_tolerances_are_proposed_from_the_whole_flight(flown: Recorded) -> None:
    found = {one.path: one for one in tuned([("s-1", flown.reader())]).proposals()}
    lag = found["waves.readers.gates.0"]
    assert lag.limit == 500
    assert lag.known > 10
    assert found["waves.writers.rollback.triggers.0"].name == "signal checkout-errors"


def test_every_sample_that_was_judged_was_shown(flown: Recorded) -> None:
    """Held against the whole flight worked out anew."""
    reader = flown.reader()
    judge = Judge(flown.plan)
    judged: dict[str, list[Reading]] = {}
    wave = "readers"
    for again in rerun(reader, reader.lives[0]):
        for event, state, _ in again.taken:
            before, wave = wave, state.wave().wave.name  # which another one's end has made current
            if isinstance(event, Ticked) and not state.outcome and wave == before:
                for path, one in judge.judge(state).items():
                    readings = judged.setdefault(path, [])
                    if not readings or readings[-1].at_ms != one.reading.at_ms:
                        readings.append(one.reading)
    proposed = {one.path: one for one in tuned([("s-1", reader)]).proposals()}
    assert proposed.keys() == judged.keys()
    for path, readings in judged.items():
        found = proposed[path]
        assert found.known + found.unknown == len(readings), path
        known = [one.value for one in readings if not isinstance(one.value, Unknown)]
        assert (found.known, found.most) == (len(known), max(known, default=None)), path
