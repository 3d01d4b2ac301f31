"""Calls of a wave, and what the prover wants to know of the way back over them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.plan import (
    CommandCall,
    CommandStep,
    HttpCall,
    HttpStep,
    Plan,
    StartStep,
    Step,
    StopStep,
    step_name,
)
from cockpit.core.prove import prove
from tests.core.test_prove import (
    PROMOTED,
    READ,
    READERS,
    WRITE,
    WRITERS,
    linked,
    mirrored,
    only,
    with_reverse,
    writers,
)

RUN = CommandStep(CommandCall(("flush-caches",)))
ASK = HttpStep(HttpCall("http://127.0.0.1:1/freeze"))


def reading(*steps: Step) -> Plan:
    return mirrored(replace(READERS, steps=steps), WRITERS)


@pytest.mark.parametrize("call", [RUN, ASK])
def test_a_call_that_nothing_takes_back(call: Step) -> None:
    word = step_name(call)
    rule, message, way = only(reading(StopStep(), call, *READ[1:]))
    assert rule == "undo-until-no-return"
    assert message == f"{word} in wave readers does not say what takes it back"
    assert way == (
        f"wave readers, step {word}: is done",
        "wave readers is taken back",
        f"what the {word} did stays as it is, and nobody has said that it may",
    )


@pytest.mark.parametrize(
    "call",
    [
        replace(RUN, undo=CommandCall(("warm-caches",))),
        replace(RUN, undoes_nothing=True),
        replace(ASK, undo=HttpCall("http://127.0.0.1:1/thaw")),
        replace(ASK, undoes_nothing=True),
    ],
)
def test_a_call_that_says_what_takes_it_back(call: Step) -> None:
    assert prove(reading(StopStep(), call, *READ[1:])).proved


REVERSED = with_reverse()
GOES_BACK = {
    "readers that have started": reading(*READ, RUN),
    "producers that are not started yet": mirrored(READERS, writers(*WRITE[:-1], RUN, WRITE[-1])),
    "producers that a mirror brings back": mirrored(
        READERS, replace(REVERSED, steps=(*REVERSED.steps, RUN))
    ),
    "producers behind a link's proxy": linked(writers(StopStep(), StartStep(), RUN), PROMOTED),
}


@pytest.mark.parametrize("plan", GOES_BACK.values(), ids=GOES_BACK.keys())
def test_as_long_as_a_wave_can_go_back_its_calls_say_their_undo(plan: Plan) -> None:
    assert only(plan)[0] == "undo-until-no-return"


def test_beyond_the_point_of_no_return_a_call_needs_no_undo() -> None:
    assert prove(mirrored(READERS, writers(*WRITE, RUN))).proved
