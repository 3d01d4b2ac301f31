"""Records the marks of the wave at work as they come by, and tells once how long clients waited.

Looks on: it never moves a wave.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cockpit.core import blocked
from cockpit.core.blocked import Account, Marks, account, account_json, account_text
from cockpit.core.flight import Event, Finished, Observed, Perform, WaveState
from cockpit.core.observe import LogSample, Unknown
from cockpit.core.plan import SIDES, StartStep
from cockpit.core.turn import Turn, produces

WATCHED = ("running", "holding", "done")
UNSEEN: Final = Unknown("it goes back, and nobody was seen at work before")


def mark(turn: Turn, event: Event, index: int) -> None:
    """Take in what an event and its commands say of the wave that was at work before it."""
    wave = turn.state.waves[index]
    if wave.word == "rolling back":
        _turned(turn, wave)
    if wave.word not in WATCHED or not wave.attempt:
        return
    name = wave.wave.name
    before = marks = turn.state.marks.get(name, Marks())
    if marks.attempt != wave.attempt:
        marks = Marks(wave.attempt)
    if marks.told:
        return
    topics = produces(turn.state, wave)
    for command in turn.commands:
        if isinstance(command, Perform):
            marks = _performed(turn, marks, command, topics)
    if isinstance(event, Finished):
        marks = blocked.ended(marks, event.action_id, event.at_ms)
    elif isinstance(event, Observed) and isinstance(event.sample, LogSample):
        marks = blocked.seen(marks, event.sample, topics)
    marks = _told(turn, wave, marks, topics)
    if marks is not before:
        turn.set(marks={**turn.state.marks, name: marks})


def _turned(turn: Turn, wave: WaveState) -> None:
    """A wave whose services were told to start and that goes back unseen: its clients waited the
    longest, and how long nobody knows."""
    name = wave.wave.name
    marks = turn.state.marks.get(name)
    if marks is None or marks.told or marks.attempt != wave.attempt or marks.begun("start") is None:
        return
    _tell(turn, wave, Account(UNSEEN, dict.fromkeys(produces(turn.state, wave), UNSEEN)))
    turn.set(marks={**turn.state.marks, name: replace(marks, told=True)})


def _performed(turn: Turn, marks: Marks, command: Perform, topics: tuple[str, ...]) -> Marks:
    """With the logs as they are known when the effect leaves: growth is counted from there."""
    for side in SIDES:
        if (logs := turn.state.facts.newest_logs(side)) is not None:
            marks = blocked.seen(marks, logs, topics)
    return blocked.asked(marks, command.action_id, command.action, turn.now_ms)


def _told(turn: Turn, wave: WaveState, marks: Marks, topics: tuple[str, ...]) -> Marks:
    """Tell as soon as all is known, or what is known when the wave is done."""
    if marks.begun("start") is None and wave.word != "done":
        return marks
    proved_ms = _proved_ms(wave)
    if not topics and proved_ms is None and wave.word != "done":
        return marks  # a start that was answered is none that reads
    found = account(marks, topics, wave.wave.services, proved_ms)
    if not found.is_whole() and wave.word != "done":
        return marks
    _tell(turn, wave, found)
    return replace(marks, told=True)


def _tell(turn: Turn, wave: WaveState, found: Account) -> None:
    name = wave.wave.name
    text = account_text(name, found, writes=bool(produces(turn.state, wave)))
    turn.tell("clients_blocked", text, wave=name, **account_json(found))


def _proved_ms(wave: WaveState) -> int | None:
    """When the clusters showed that the wave's services are at work; None: not yet, or nobody
    looked."""
    start = next((each for each in wave.steps if isinstance(each.step, StartStep)), None)
    return start.ended_at_ms if start is not None and start.word == "done" else None
