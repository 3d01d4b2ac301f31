"""What a journal says of a flight whose engine is no more. Reads; changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cockpit.core.durable import OpenIntent, is_under_way
from cockpit.core.left import Effect, Past, Standing
from cockpit.engine.folders import SessionFolder
from cockpit.engine.journal import JournalError, read_journal


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A flight without an end."""

    record: Mapping[str, Any]
    """Where it stood; empty where no wave had begun to move."""
    intents: tuple[OpenIntent, ...]
    """Effects that the record does not include yet, oldest first."""
    open: tuple[OpenIntent, ...] = ()
    """Those of them of which nobody knows what became of them."""
    intended: frozenset[str] = frozenset()
    """Types of all actions that were ever intended: others certainly did not happen."""

    @property
    def wave(self) -> str:
        """The wave that stands half-way; empty: none does."""
        return is_under_way(self.record)

    def words(self) -> str:
        """Where it stood, for people."""
        found = next((w for w in self.record.get("waves", ()) if w["name"] == self.wave), None)
        if found is None:
            return "between waves"
        way = "going back" if found["back"] else "going forward"
        count = len(self.open)
        effects = f", {count} effect{'' if count == 1 else 's'} without an outcome" * bool(count)
        return f"half-way in wave {self.wave}, {way}{effects}"


def left_behind(entries: Iterable[Mapping[str, Any]]) -> Unfinished | None:
    """What a flight left behind; None: it has ended, or never began."""
    record: Mapping[str, Any] = {}
    open_intents: dict[str, OpenIntent] = {}
    unlearnt: dict[str, OpenIntent] = {}
    """With an outcome that no record of the flight includes yet."""
    began = False
    intended: set[str] = set()
    for entry in entries:
        match entry["kind"]:
            case "flight_started":
                began = True
            case "flight_ended":
                return None
            case "state":
                record, unlearnt = entry["state"], {}
            case "intent":
                intended.add(str(entry["action"].get("type")))
                open_intents[entry["action_id"]] = _intent(entry, entry.get("before", {}))
            case "outcome":
                intent = open_intents.pop(entry["action_id"], None)
                if intent is not None:  # also of a failure: it may have come after the effect
                    before = {**intent.before, **entry.get("data", {})}
                    unlearnt[entry["action_id"]] = OpenIntent(
                        intent.action_id, intent.text, intent.action, before
                    )
            case _:
                pass
    if not began:
        return None
    unknown = tuple(open_intents.values())
    return Unfinished(record, (*unlearnt.values(), *unknown), unknown, frozenset(intended))


def past_in(folder: SessionFolder, *, flying: bool) -> Past | None:
    """What a session's journal tells of what it has left; None: nothing, or not to be believed."""
    if not folder.journal.exists():
        return None
    try:
        entries = tuple(read_journal(folder.journal))
        left = left_behind(entries)
        records = (entry["state"] for entry in reversed(entries) if entry["kind"] == "state")
        record: Mapping[str, Any] = next(records, {})
        words = {str(w["name"]): str(w["word"]) for w in record.get("waves", ())}
        effects = tuple(_effects(entries))
    except (JournalError, OSError, KeyError, TypeError):
        return None
    half_way = left is not None and bool(left.wave)
    standing: Standing = "flying" if flying else "half-way" if half_way else "ended"
    return Past(folder.id, standing, words, effects)


def last_record(folder: SessionFolder) -> Mapping[str, Any]:
    """Where a session's flight stood last; empty: no wave began to move, or nobody can believe its
    journal."""
    try:
        entries = tuple(read_journal(folder.journal)) if folder.journal.exists() else ()
        return next((entry["state"] for entry in reversed(entries) if entry["kind"] == "state"), {})
    except (JournalError, OSError, KeyError, TypeError):
        return {}


def _effects(entries: Iterable[Mapping[str, Any]]) -> Iterator[Effect]:
    """Every intent that did not end in a certain failure, with what it replaced."""
    outcomes = {e["action_id"]: e for e in entries if e["kind"] == "outcome"}
    for entry in entries:
        if entry["kind"] != "intent":
            continue
        outcome = outcomes.get(entry["action_id"], {})
        # what was only read was not so then: it may have been so before, or have come later
        if outcome.get("outcome") == "failed" and outcome.get("by") != "reading":
            continue
        learnt = {**entry.get("before", {}), **outcome.get("data", {})}
        yield Effect(entry["at_ms"], entry["action"], learnt.get("previous") or {})


def _intent(entry: Mapping[str, Any], before: Mapping[str, Any]) -> OpenIntent:
    return OpenIntent(entry["action_id"], entry["text"], entry["action"], before)


def left_in(folder: SessionFolder) -> Unfinished | None:
    """What a session's flight left behind; None also where there is no journal.

    Raises JournalError where the journal is not what was written.
    """
    if not folder.journal.exists():
        return None
    try:
        return left_behind(read_journal(folder.journal))
    except (KeyError, TypeError) as error:
        raise JournalError(f"{folder.journal}: an entry lacks {error}") from error
