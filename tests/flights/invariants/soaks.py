"""I2, of soaks: a wave is done only after signals were good for as long as its plan wants.

Works the window out again from the samples; asks no gate, no trigger and no history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cockpit.core.observe import SignalSample, Unknown
from cockpit.core.plan import SignalGate, SoakStep
from tests.flights.invariants.case import Case, last_line
from tests.flights.invariants.trace import Line, Read

SETTLED_MS = 1_500
"""What lasts no longer may have reached no verdict: verdicts are made once a tick."""


def check_soaks(case: Case) -> Iterator[str]:
    """I2 where a soak is done: its time, its gates' signals, its triggers' signals."""
    if case.faults("EngineFrozen", "JournalSlow"):
        return  # it saw its samples later than they came
    for line in case.of("step_done"):
        wave = case.wave(str(line.entry["wave"]))
        soak = next((step for step in wave.steps if isinstance(step, SoakStep)), None)
        if soak is None or line.entry["step"] != "soak":
            continue
        begun = _begun(case, line)
        if begun is not None and line.at_ms - begun.at_ms < soak.for_ms:
            yield f"I2: the soak of {wave.name} took {line.at_ms - begun.at_ms} ms of {soak.for_ms}"
        from_ms = line.at_ms - soak.for_ms
        for gate in wave.gates:
            if isinstance(gate, SignalGate):
                yield from _held(case, gate, line, from_ms, 0)
        for trigger in wave.rollback.triggers:
            if isinstance(trigger, SignalGate):
                yield from _held(case, trigger, line, from_ms, trigger.for_ms)


def _begun(case: Case, done: Line) -> Line | None:
    """Since when its engine may have counted."""
    return last_line(
        line
        for line in case.of("step_started", "flight_resumed", before_n=done.n)
        if line.kind == "flight_resumed" or line.entry["step"] == "soak"
    )


def _held(
    case: Case, condition: SignalGate, done: Line, from_ms: int, bad_for_ms: int
) -> Iterator[str]:
    """Whether a signal was known and good from `from_ms` on. It may be bad for less than
    `bad_for_ms`, but never unknown."""
    feed = f"signal.{condition.name}"
    good = case.newest_good(feed, done.n)
    if good is None or done.at_ms - good.asked_at_ms > condition.max_age_ms + SETTLED_MS:
        yield f"I2: a soak of {done.entry['wave']} is done, and {feed} was not known at its end"
        return
    reads = [read for read in case.reads.get(feed, []) if read.n < done.n]

    def too_high(read: Read) -> bool:
        return not _is_unknown(read) and _value(read) > condition.max_value

    kinds: tuple[tuple[str, Callable[[Read], bool], int], ...] = (
        ("unknown", _is_unknown, 0),
        (f"over {condition.max_value}", too_high, bad_for_ms),
    )
    for word, bad, allowed_ms in kinds:
        for since_ms, until_ms in _runs(reads, bad, done.at_ms):
            inside_ms = until_ms - max(since_ms, from_ms)
            if inside_ms > SETTLED_MS and until_ms - since_ms > allowed_ms + 2 * SETTLED_MS:
                wave = done.entry["wave"]
                yield f"I2: a soak of {wave} is done, {feed} was {word} for {inside_ms} ms of it"
                return


def _runs(reads: list[Read], bad: Callable[[Read], bool], end_ms: int) -> Iterator[tuple[int, int]]:
    """From the first answer that is bad to the first after it that is not."""
    since_ms: int | None = None
    for read in reads:
        if bad(read):
            since_ms = read.at_ms if since_ms is None else since_ms
        elif since_ms is not None:
            yield since_ms, read.at_ms
            since_ms = None
    if since_ms is not None:
        yield since_ms, end_ms


def _is_unknown(read: Read) -> bool:
    return not isinstance(read.sample, SignalSample) or isinstance(read.sample.value, Unknown)


def _value(read: Read) -> float:
    assert isinstance(read.sample, SignalSample)
    value = read.sample.value
    assert not isinstance(value, Unknown)
    return value
