"""Counter-examples in words that an operator understands: what happens, step by step, and what is
then wrong.

Never decides anything; plain text, unsanitised names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cockpit.core.prove.explore import Found
from cockpit.core.prove.lanes import OUTSIDER, STAYS, Sight
from cockpit.core.prove.model import KIND_NAMES, Model
from cockpit.core.prove.moves import NOBODY, Move


@dataclass(frozen=True, slots=True)
class Saying:
    """How one broken rule is told. The texts take p and o (services), t (topic), w (wave), where
    and tool."""

    message: str
    hint: str
    then: str
    """The last line of the counter-example."""
    leaves_out: frozenset[str] = frozenset()
    """Steps that have nothing to do with it."""


_SIDES: Final = frozenset({"stop", "fence", "drain", "offsets"})
_MOVED_APART = "{p} and {o} both produce {t}, and do not move under one fence: {o} {where}"
_ONE_WAVE = "move them in one wave, or allow_interleaving with its reason"

SAYINGS: Final[Mapping[str, Saying]] = {
    "misses": Saying(
        "{p} produces {t} and starts on the target while {o} still reads it on the source",
        "move {o} first, or in the same wave",
        "{o} still reads {t} on the source (it {where}): it would miss them",
        _SIDES,
    ),
    "cut_off": Saying(
        _MOVED_APART,
        _ONE_WAVE,
        "{o} still writes {t} on the source (it {where}): the fence refuses its records",
        frozenset({"stop"}),
    ),
    "cut_off_apart": Saying(
        "the fence of wave {w} denies everybody {t}, and {o}, which {where}, writes it too",
        "write fence: {{deny: producers}}",
        "{o} still writes {t} on the source: the fence refuses its records",
        frozenset({"stop"}),
    ),
    "cut_off_shared": Saying(
        "the fence of wave {w} denies the principal of its producers, and {o}, which {where}, "
        "writes {t} as the same one",
        "move them in one wave, or give {o} a principal of its own",
        "{o} still writes {t} on the source: the fence refuses its records",
        frozenset({"stop"}),
    ),
    "cut_off_canary": Saying(
        "the fence of wave {w} denies the canary too, and {o}, which {where}, writes {t} as the "
        "same principal",
        "give the canary a principal that no service has",
        "{o} still writes {t} on the source: the fence refuses its records",
        frozenset({"stop"}),
    ),
    "both_sides": Saying(
        _MOVED_APART,
        _ONE_WAVE,
        "{o} still writes {t} on the source (it {where}): both sides are written, in no order",
        _SIDES,
    ),
    "both_sides_left": Saying(
        "{p} produces {t} and moves, and another producer of it is excluded and stays on the "
        "source",
        "let the fence deny all, make that producer a service of this wave, or allow_interleaving "
        "with its reason",
        "who stays still writes {t} on the source: both sides are written, in no order",
        _SIDES,
    ),
    "still_reads": Saying(
        "offsets before stop: {p} is still running",
        "put stop first",
        "{p} goes on reading {t} on the source: its place on the target is soon the wrong one",
    ),
    "runs_twice": Saying(
        "start before stop: {p} is still running on the source",
        "put stop first",
        "{p} runs on both sides at once",
    ),
    "no_place": Saying(
        "wave {w} starts {p}, which consumes, without its place: it needs offsets before start",
        "put offsets between stop and start",
        "the group of {p} has no place on the target: it begins where its reset policy says",
    ),
    "neither": Saying(
        "wave {w} moves {p}, which produces: it needs fence and drain before start",
        "put fence and drain between stop and start",
        "{t} may still be written on the source, and what is still under way would land behind "
        "the records of {p}",
    ),
    "no_fence": Saying(
        "wave {w} moves {p}, which produces: it needs a fence before drain",
        "put fence before drain: only what no longer grows can drain",
        "{t} may still be written on the source: those records would land behind those of {p}",
    ),
    "no_drain": Saying(
        "wave {w} moves {p}, which produces: it needs a drain between fence and start",
        "put drain after fence: the target must have everything before it is written to",
        "records of {t} may still be under way: they would land behind those of {p}",
    ),
    "drained_too_early": Saying(
        "drain before fence in wave {w}: only what no longer grows can drain",
        "put fence first",
        "{t} could still be written while it drained: the last records would land behind those "
        "of {p}",
    ),
    "by_itself": Saying(
        "wave {w} goes back by itself (on_trigger: rollback), beyond its point of no return too",
        "write after_no_return: pause, or put reverse before start",
        "a trigger would take {w} back: that record would be lost, or have to be replayed",
        _SIDES,
    ),
    "window": Saying(
        "wave {w} promises a way back (rollback_window) beyond its point of no return",
        "remove rollback_window, or put reverse before start",
        "going back would lose that record, or have to replay it",
        _SIDES,
    ),
    "by_itself_promoted": Saying(
        "wave {w} goes back by itself (on_trigger: rollback), and a promotion cannot be undone",
        "write after_no_return: pause, or promote in a wave of its own",
        "a trigger would have to take {w} back: {t} cannot be linked again",
        _SIDES,
    ),
    "window_promoted": Saying(
        "wave {w} promises a way back (rollback_window), and a promotion cannot be undone",
        "remove rollback_window, or promote in a wave of its own",
        "{t} cannot be linked again: there is no way back",
        _SIDES,
    ),
    "no_reverse": Saying(
        "reverse in wave {w}: {tool} has no reverse mirror",
        "remove it",
        "{tool} copies one way: going back needs a new replication from the beginning",
    ),
    "no_reverse_of_link": Saying(
        "reverse in wave {w}: {tool} has no reverse mirror",
        "remove it",
        "until the promotion {t} is written on the source anyway; after it there is no way back",
    ),
    "circle": Saying(
        "reverse in wave {w} keeps {t} in the forward filter: names are the same on both sides",
        "write forward: excluded",
        "each record of {t} would go round between the two clusters for ever",
    ),
    "from_earliest": Saying(
        "reverse in wave {w} begins at earliest: the source has those records already",
        "write start_at: drained",
        "every record of {t} would be on the source twice",
    ),
    "from_latest": Saying(
        "reverse in wave {w} begins at latest: what is written before it runs stays behind",
        "write start_at: drained",
        "records of {t} that are written before the mirror runs would never reach the source",
    ),
    "from_nowhere": Saying(
        "reverse in wave {w} begins where the drain ended, and nothing has drained",
        "put fence and drain before reverse",
        "there is no drained end of {t} to begin at",
    ),
    "reversed_beside": Saying(
        "reverse in wave {w} while {o} still writes {t} on the source",
        "move every producer of {t} in this wave, or remove reverse",
        "{o} still writes {t} on the source (it {where}): nothing brings that to the target any "
        "more",
    ),
    "reversed_beside_left": Saying(
        "reverse in wave {w} while a producer of {t} is excluded and stays on the source",
        "make that producer a service of this wave, or remove reverse",
        "who stays still writes {t} on the source: nothing brings that to the target any more",
    ),
    "reversed_interleaved": Saying(
        "reverse in wave {w} of {t}, which allow_interleaving lets both sides write",
        "remove reverse, or the allowance, and move every producer of {t} in this wave",
        "{t} is proved by no drain: there is no end of it to begin at, and no rollback for it",
    ),
    "reversed_late": Saying(
        "reverse in wave {w} comes after start: what was written before it cannot come back",
        "put reverse before start",
        "from the first record of {t} on the target on, the way back is closed",
    ),
    "mirror_denied": Saying(
        "reverse in wave {w}: the fence denies everybody, the reverse mirror too",
        "write fence: {{deny: producers}}",
        "the fence on {t} refuses what the reverse mirror writes on the source",
    ),
    "no_promotion": Saying(
        "promote in wave {w}: {tool} has nothing to promote",
        "remove it",
        "{t} is an ordinary topic of the target already",
    ),
    "still_writes": Saying(
        "promote in wave {w} while {o} still writes {t} on the source",
        "promote once every producer is on the target",
        "{o} writes {t} on the source (it {where}): nothing brings that to the target any more",
        _SIDES,
    ),
    "still_writes_left": Saying(
        "promote in wave {w} while a producer of {t} is excluded and stays on the source",
        "name the other topics alone, or name it too with accept_loss: {{why: ..., by: ...}}",
        "who stays still writes {t} on the source: nothing brings that to the target any more",
        _SIDES,
    ),
    "written_elsewhere": Saying(
        "promote in wave {w}: no service of the plan writes {t}, whose writers stay on the source",
        "name the other topics alone, or name it too with accept_loss: {{why: ..., by: ...}}",
        "whoever writes {t} writes on the source: nothing brings that to the target any more",
        _SIDES,
    ),
    "still_reads_promoted": Saying(
        "promote in wave {w} while {o} still reads {t} on the source",
        "promote once every consumer is on the target",
        "{o} reads {t} on the source (it {where}): nothing new arrives there any more, and its "
        "progress is no longer brought along",
        _SIDES,
    ),
}


def lines(found: Found, sight: Sight, model: Model) -> tuple[str, ...]:
    """The counter-example, one line for each thing that happens, the last one what is wrong."""
    saying = SAYINGS[found.broken.case]
    told: list[str] = []
    last_lane = found.path[-1].lane
    for lane in sorted({move.lane for move in found.path if move.lane < last_lane}):
        if not any(move.undo or move.word == "back" for move in found.path):
            told += _flown(lane, sight, model)
    for move in found.path:
        earlier = move.lane < last_lane and not any(m.undo or m.word == "back" for m in found.path)
        left_out = move.word in saying.leaves_out and not move.undo
        if earlier or left_out:
            continue
        happens = _happens(move, sight, model)
        if happens:
            told.append(happens)
    return (*told, saying.then.format(**terms(found, sight, model)))


def terms(found: Found, sight: Sight, model: Model) -> dict[str, str]:
    """What the texts of a saying take."""
    broken = found.broken

    def name(party: int) -> str:
        known = party != NOBODY and sight.services[party] != OUTSIDER
        return model.services[sight.services[party]].name if known else "a producer"

    return {
        "p": name(broken.party),
        "o": name(broken.other),
        "t": sight.topic,
        "w": model.waves[sight.waves[broken.lane]].name,
        "where": "" if broken.other == NOBODY else _where(found, sight, model),
        "tool": KIND_NAMES[model.kind],
    }


def _where(found: Found, sight: Sight, model: Model) -> str:
    """When the other service moves."""
    lane = sight.view.parties[found.broken.other].lane
    if lane == STAYS:
        return "is in no wave"
    wave = model.waves[sight.waves[lane]].name
    now = found.path[-1].lane
    if any(move.undo or move.word == "back" for move in found.path):
        return f"went back with wave {wave}"
    if lane == now:
        return f"moves in the same wave, {wave}"
    return f"moves in wave {wave}, {'later' if lane > now else 'earlier'}"


def _flown(lane: int, sight: Sight, model: Model) -> list[str]:
    """A whole wave that went well, in a line."""
    names = [
        model.services[service].name
        for service, party in zip(sight.services, sight.view.parties, strict=True)
        if party.lane == lane
    ]
    who = f": {' and '.join(names)} on the target" if names else ""
    return [f"wave {model.waves[sight.waves[lane]].name} is flown{who}"]


def _happens(move: Move, sight: Sight, model: Model) -> str:
    """One move; empty: nothing that anybody would notice."""
    wave = model.waves[sight.waves[move.lane]].name if move.lane < len(sight.waves) else ""
    if move.word == "back":
        return f"wave {wave} is taken back"
    if move.word == "writes":
        return f"a record of {sight.topic} is written on the target that the source has not"
    table = _UNDONE if move.undo else _DONE
    if move.word not in table or (move.word in _OF_WRITERS and not _writes(move, sight)):
        return ""
    party = sight.view.parties[move.party] if move.party != NOBODY else None
    does = [] if party is None else ["writes"] * party.writes + ["reads"] * party.reads
    text = table[move.word].format(
        p=model.services[sight.services[move.party]].name if party else "",
        t=sight.topic,
        does=" and ".join(does),
        g=_readers(move.lane, sight, model),
    )
    undo = "undo of " if move.undo else ""
    return f"wave {wave}, {undo}step {move.word}: {text}"


_OF_WRITERS: Final = frozenset({"fence", "drain", "reverse"})

_DONE: Final = {
    "stop": "{p} stops on the source",
    "fence": "{t} refuses writes on the source",
    "drain": "what the source has of {t} arrives on the target",
    "offsets": "{g} its place on the target",
    "start": "{p} starts on the target and {does} {t} there",
    "reverse": "a second mirror brings {t} back to the source",
    "promote": "{t} becomes an ordinary topic of the target",
}
_UNDONE: Final = {
    "stop": "{p} starts on the source again and {does} {t} there",
    "fence": "{t} takes writes on the source again",
    "offsets": "the groups' places on the target are given back",
    "start": "{p} stops on the target",
    "reverse": "the second mirror stops",
}


def _writes(move: Move, sight: Sight) -> bool:
    return sight.view.lanes[move.lane].writes


def _readers(lane: int, sight: Sight, model: Model) -> str:
    names = [
        model.services[service].name
        for service, party in zip(sight.services, sight.view.parties, strict=True)
        if party.lane == lane and party.reads
    ]
    return f"the group of {' and of '.join(names)} gets" if names else "each group gets"
