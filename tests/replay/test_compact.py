"""A recording that is not the same is not taken for the smaller one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cockpit.core.flight import Event, Ticked
from cockpit.replay.compact import CompactError, check_same, compacted
from cockpit.wire.recording import Frame, Reader, Told
from cockpit.wire.retelling import Begins, Rewriter, parts
from tests.recorded import record


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return record(tmp_path_factory.mktemp("flown") / "recording.ckrec").reader()


def retold(
    before: Reader,
    *,
    head: Callable[[dict[str, Any]], dict[str, Any]] = lambda same: same,
    inputs: Callable[[tuple[Event, ...]], tuple[Event, ...]] = lambda same: same,
) -> Reader:
    """The same recording, but for one thing."""
    writer, out = Rewriter(), b""
    for part in parts(before):
        match part:
            case Begins():
                out += writer.begin(part.at_ms, head(dict(part.head)))
            case Told():
                out += writer.event(part.at_ms, part.content)
            case Frame():
                out += writer.frame(inputs(part.inputs()), part.tells(), part.snapshot())
    return Reader(out + writer.close())


def test_the_same_is_taken(before: Reader) -> None:
    check_same(before, retold(before))
    check_same(before, Reader(b"".join(compacted(before))))


def test_another_header_is_refused(before: Reader) -> None:
    after = retold(before, head=lambda head: {**head, "plan_origin": "/elsewhere.yaml"})
    with pytest.raises(CompactError, match="headers"):
        check_same(before, after)


def test_other_events_in_the_same_number_are_refused(before: Reader) -> None:
    def later(events: tuple[Event, ...]) -> tuple[Event, ...]:
        return tuple(
            replace(one, at_ms=one.at_ms + 1) if isinstance(one, Ticked) else one for one in events
        )

    with pytest.raises(CompactError, match="differs at moment"):
        check_same(before, retold(before, inputs=later))
