"""I10, I11, I13, I14, I20: what people ordered, and what was done with it.

As far as there are people: a driver who arms and confirms, and others who may try to. Roles, polls
and approvers are not flown yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.flights.invariants.case import Case, last_line
from tests.flights.invariants.trace import Line, Shot

GUARD_MS = 700
"""A confirmation that comes sooner is the same key press."""
ARMED_MS = {1: 15_000, 2: 45_000, 3: 120_000}
"""By how grave it was said to be: names are typed, and other people asked, meanwhile."""
SLACK_MS = 1_200
"""Armed orders are looked at once a tick."""
ORDERED = ("wave_started", "retry", "resumed")


def check_confirmed(case: Case) -> Iterator[str]:
    """I10: whatever begins or begins again was armed, and confirmed by a second, later intent of
    the same person."""
    for line in case.of("confirmed"):
        armed = last_line(case.of("armed", before_n=line.n))
        asked = _asked(case, line)
        if armed is None or asked is None:
            yield f"I10: {line.entry['verb']} counts as confirmed, and nobody has"
            continue
        waited_ms = case.decided_ms(line) - case.decided_ms(armed)
        if not GUARD_MS <= waited_ms <= ARMED_MS[_level(case, armed)] + SLACK_MS:
            yield f"I10: {line.entry['verb']} was confirmed {waited_ms} ms after it was armed"
        if asked.entry.get("by") != armed.entry.get("by"):
            yield f"I10: armed by {armed.entry.get('by')}, confirmed by {asked.entry.get('by')}"
        if armed.entry["verb"] != line.entry["verb"]:
            yield f"I10: {armed.entry['verb']} was armed, {line.entry['verb']} was done"
    for line in case.of(*ORDERED):
        order = last_line(case.of("confirmed", *ORDERED, before_n=line.n))
        if order is None or order.kind != "confirmed" or order.at_ms != line.at_ms:
            yield f"I10: {line.kind} at {line.at_ms} ms without a confirmation"
    for line in case.of("rollback_wanted"):
        cause = last_line(case.of("confirmed", "trigger", "rollback_wanted", before_n=line.n))
        late = "deadline" in str(line.entry["text"])
        if not late and (cause is None or cause.kind == "rollback_wanted"):
            yield f"I10: the way back at {line.at_ms} ms was ordered by nobody"


def _level(case: Case, armed: Line) -> int:
    """How grave it was said to be when it was armed."""
    shown = (s.snapshot.armed for s in case.shots if s.n > armed.n)
    view = next(shown, None)
    return 1 if view is None else view.level


def _asked(case: Case, confirmed: Line) -> Line | None:
    """The intent that a confirmation was the answer to."""
    line = last_line(case.of("asked", before_n=confirmed.n))
    return line if line is not None and line.entry.get("intent") == "Confirm" else None


def check_bound(case: Case) -> Iterator[str]:
    """I11: a confirmation carries the token that was shown, and nothing shown has changed since."""
    seen: dict[str, tuple[object, ...]] = {}
    for line in case.of("armed"):
        shot = case.shot_before(line.n)
        if shot is None:
            continue
        status = shot.snapshot.status
        tried = sum(
            x.entry["wave"] == status.wave for x in case.of("wave_started", before_n=line.n)
        )
        place = (line.entry["verb"], status.session, status.wave, tried)
        token = str(line.entry["token"])
        if seen.setdefault(token, place) != place:
            yield f"I11: one token for {seen[token]} and {place}"
    for line in case.of("confirmed"):
        armed, asked = last_line(case.of("armed", before_n=line.n)), _asked(case, line)
        if armed is None or asked is None:
            continue
        if asked.entry.get("token") != armed.entry["token"]:
            yield f"I11: {line.entry['verb']} confirmed with a token that was not shown"
        yield from _unchanged(case, armed, line)


def _unchanged(case: Case, armed: Line, confirmed: Line) -> Iterator[str]:
    """What the confirmation rests on was on the screen the whole time."""
    between = [s for s in case.shots if armed.n < s.n < confirmed.n]
    verb = str(confirmed.entry["verb"])
    closed = [s for s in between if not s.snapshot.action(verb).enabled]
    if closed:
        why = closed[0].snapshot.action(verb).why_not
        yield f"I11: {verb} was confirmed though it had been closed meanwhile: {why}"
    if verb == "advance" and len({_stand(s) for s in between}) > 1:
        yield "I11: advance was confirmed, and the wave had moved on since it was armed"


def _stand(shot: Shot) -> tuple[object, ...]:
    snapshot = shot.snapshot
    wave = snapshot.waves[snapshot.status.wave_number - 1]
    return (snapshot.status.wave, wave.word, snapshot.status.step, snapshot.status.paused)


def check_pause(case: Case) -> Iterator[str]:
    """I13: a pause is taken in every state, and nothing new begins until somebody says so."""
    for line in case.of("asked"):
        if line.entry.get("intent") == "Pause":
            shot = next((s for s in case.shots if s.n > line.n), None)
            next_life = next(case.of("flight_resumed", after_n=line.n), None)
            if shot is None or (next_life is not None and next_life.n < shot.n):
                continue
            status = shot.snapshot.status
            if not status.paused and not status.outcome:
                yield f"I13: a pause at {line.at_ms} ms was not taken"
    paused = False
    for line in case.lines:
        if line.kind == "paused":
            paused = True
        elif line.kind in (*ORDERED, "confirmed", "rollback_wanted", "rollback_started"):
            paused = False
        elif paused and line.kind == "step_started":
            yield f"I13: {line.entry['text']} began in a pause"
        elif paused and line.kind == "action_started" and _calls_forward(line):
            yield f"I13: {line.entry['text']} went out in a pause"


def _calls_forward(line: Line) -> bool:
    text, action_id = str(line.entry["text"]), str(line.entry["action_id"])
    return ".undo-" not in action_id and text.split(" ")[1:2] == ["service"]


def check_abort(case: Case) -> Iterator[str]:
    """I14: once the way back is wanted nothing new goes forward, until the wave is begun anew."""
    going_back, known = "", False
    for line in case.lines:
        if line.kind in ("rollback_wanted", "rollback_started"):
            going_back, known = str(line.entry["wave"]), case.is_kept(line)
        elif line.kind == "flight_resumed" and not known:
            going_back = ""  # it died with the engine that wanted it
        elif line.kind in ("wave_started", "rollback_closed"):
            going_back = ""
        elif line.kind == "action_started" and going_back == line.entry.get("wave"):
            if ".undo-" not in str(line.entry["action_id"]):
                yield f"I14: {line.entry['text']} after the way back was wanted"
        elif line.kind == "step_started" and going_back == line.entry.get("wave"):
            yield f"I14: {line.entry['text']} after the way back was wanted"
    ended = next(case.of("flight_ended"), None)
    if ended is not None:
        late = next((call for call in case.effects if call.n > ended.n), None)
        if late is not None:
            yield f"I14: {type(late.action).__name__} after the flight had ended"


def check_observers(case: Case) -> Iterator[str]:
    """I20: what one who has armed nothing hands in changes nothing."""
    for line in case.of("asked"):
        if line.entry.get("intent") != "Confirm":
            continue
        armed = last_line(case.of("armed", before_n=line.n))
        if armed is not None and armed.entry.get("by") == line.entry.get("by"):
            continue
        answer = next(
            (x for x in case.lines if x.n > line.n and x.kind in ("refused", "confirmed", "asked")),
            None,
        )
        if answer is not None and answer.kind == "confirmed":
            yield f"I20: {line.entry.get('by')} has confirmed what another had armed"
    for line in case.of("asked"):
        if line.entry.get("intent") != "AddNote":
            continue
        # the record of the flight is no answer: a disk that refused it takes it with the next entry
        after = (x for x in case.lines if x.n > line.n and x.kind != "state")
        following = next(after, None)
        if following is not None and following.kind != "note":
            yield f"I20: a note was answered with {following.kind}"
