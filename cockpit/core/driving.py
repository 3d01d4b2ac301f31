"""Who may ask for what: observers by default, one driver by a lease whose token only rises.

The one place where an intent is refused for who asks; what it would do is judged in
`cockpit.core.arming`. The engine's own process has no seat and is always heard.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal, assert_never

from cockpit.core import confirming
from cockpit.core.confirming import REASON_MAX_CHARS
from cockpit.core.crew import (
    LEASE_MS,
    ROLES,
    Crew,
    Lease,
    OfferMade,
    Pointed,
    Role,
    Seat,
    VetoStands,
)
from cockpit.core.crewview import CrewView, PersonView, PointedView
from cockpit.core.flight import FlightState
from cockpit.core.intents import (
    Accept,
    Acknowledge,
    ActIntent,
    AddNote,
    Answer,
    Attach,
    Beat,
    Confirm,
    CrewIntent,
    Detach,
    Disarm,
    Drive,
    Intent,
    Lift,
    Offer,
    Pause,
    Point,
    Release,
    Veto,
)
from cockpit.core.turn import Turn

OFFER_MS: Final = 60_000
POINT_EVERY_MS: Final = 1_000
POINT_MAX_CHARS: Final = 300
SETTLED_MS: Final = 2_000
MAX_SEATS: Final = 50


def roles_of(state: FlightState, user: str) -> tuple[Role, ...]:
    """What a user may do. Without `people` in the plan only the engine's own user gets in, and has
    every role."""
    people = state.plan.people
    if people is None:
        return ROLES
    return people.roles.get(user, ("observer",))


def lease_ms(state: FlightState) -> int:
    """How long nobody may take the controls from a driver who presses no key."""
    return LEASE_MS if state.plan.people is None else state.plan.people.lease_ms


def admit(turn: Turn, intent: Intent, seat: str) -> ActIntent | None:
    """The intent, when whoever asks may ask for it; None: it was about the crew, or is refused."""
    if isinstance(intent, CrewIntent):
        _crew(turn, intent, seat)
        return None
    why = why_not(turn.state, intent, seat) if seat else ""
    if seat and not why and isinstance(intent, Confirm):
        why = confirming.why_not_confirm(turn.state, intent)
    if why:
        verb = type(intent).__name__.lower()
        _refuse(turn, getattr(intent, "verb", verb), intent.by, why)
        return None
    if seat:
        _heard(turn, seat)
    return intent


def why_not(state: FlightState, intent: ActIntent, seat: str) -> str:
    """Why a seat may not ask for this; empty: it may."""
    crew = state.crew
    found = crew.seat(seat)
    if found is None or found.user != intent.by:
        return "nobody sits there"
    if crew.drives(seat):
        return ""
    roles = roles_of(state, found.user)
    if isinstance(intent, AddNote) and set(roles) - {"observer"}:
        return ""
    if isinstance(intent, Acknowledge) and set(roles) - {"observer", "scribe"}:
        return ""
    named = state.plan.people is not None and set(roles) - {"observer", "scribe"}
    if isinstance(intent, Pause | Disarm) and named:
        return ""  # whoever has a say in it may always stop it
    return "you look on" + _whose(state)


def _whose(state: FlightState) -> str:
    lease = state.crew.lease
    if lease is None:
        return ": nobody drives"
    if state.at_ms >= lease.until_ms:
        return f": the lease of {lease.user} has run out"
    return f": {lease.user} drives"


def pass_time(turn: Turn) -> None:
    """Say once that a lease has run out, and who looks on; offers grow old."""
    _tell_who_stays(turn)
    crew = turn.state.crew
    if crew.offer is not None and turn.now_ms >= crew.offer.until_ms:
        turn.set(crew=replace(crew, offer=None))
        turn.tell("offer_ended", f"{crew.offer.to} has not taken the controls in time", "warn")
    lease = turn.state.crew.lease
    if lease is not None and turn.now_ms >= lease.until_ms and not lease.told:
        _tell_run_out(turn, lease)


def _tell_run_out(turn: Turn, lease: Lease) -> None:
    """Of a driver who is there it is worth a word only where somebody is who could take over: he
    drives on, and loses nothing by having watched."""
    if not lease.seat:
        text = f"the lease of {lease.user} has run out: nobody drives"
        turn.tell("lease_ended", text, "bad", user=lease.user, token=lease.token)
    elif any(
        one.user != lease.user and "driver" in roles_of(turn.state, one.user)
        for one in turn.state.crew.seats
    ):
        idle_s = (turn.now_ms - lease.until_ms + lease_ms(turn.state)) / 1000
        text = f"{lease.user} has pressed no key for {idle_s:.0f} s: another driver may take over"
        turn.tell("driver_idle", text, "warn", user=lease.user, token=lease.token)
    else:
        return
    _change(turn, lease=replace(lease, told=True))


def crew_view(state: FlightState) -> CrewView:
    """For the screens."""
    crew, lease = state.crew, state.crew.lease
    people: dict[str, PersonView] = {}
    for seat in crew.seats:
        before = people.get(seat.user)
        keys = [at for at in (seat.key_ms, before.key_ms if before else None) if at is not None]
        people[seat.user] = PersonView(
            user=seat.user,
            roles=roles_of(state, seat.user),
            seats=1 + (before.seats if before else 0),
            since_ms=before.since_ms if before else seat.since_ms,
            key_ms=max(keys, default=None),
            left_ms=crew.left_ms.get(seat.user),
        )
    at = crew.pointed
    return CrewView(
        people=tuple(people.values()),
        driver="" if lease is None else lease.user,
        seat="" if lease is None else lease.seat,
        until_ms=None if lease is None else lease.until_ms,
        ask_ms=_ask_ms(state),
        token=crew.token,
        offered_to="" if crew.offer is None else crew.offer.to,
        veto="" if crew.veto is None else crew.veto.words(),
        pointed=None if at is None else PointedView(at.by, at.pane, at.row, at.at_ms),
    )


def _ask_ms(state: FlightState) -> int | None:
    """From when a driver who presses no key is asked for one: when half of his lease is over. None:
    the plan knows nobody who could take over from him, or he is gone."""
    lease, people = state.crew.lease, state.plan.people
    if lease is None or not lease.seat or people is None:
        return None
    others = any("driver" in roles for user, roles in people.roles.items() if user != lease.user)
    return lease.until_ms - people.lease_ms // 2 if others else None


def _crew(turn: Turn, intent: CrewIntent, seat: str) -> None:
    if isinstance(intent, Attach):
        _attach(turn, intent, seat)
        return
    found = turn.state.crew.seat(seat)
    if found is None or found.user != intent.by:
        _refuse(turn, type(intent).__name__.lower(), intent.by, "nobody sits there")
        return
    match intent:
        case Detach():
            _detach(turn, found)
        case Beat():
            _heard(turn, seat)
        case Drive() | Offer() | Accept() | Release():
            _controls(turn, intent, found)
        case Veto() | Lift():
            _veto(turn, intent, found)
        case Point():
            _point(turn, intent, found)
        case Answer():
            if why := confirming.answer(turn, intent, roles_of(turn.state, intent.by)):
                _refuse(turn, "answer", intent.by, why)
        case _:
            assert_never(intent)


def _controls(turn: Turn, intent: Drive | Offer | Accept | Release, found: Seat) -> None:
    match intent:
        case Drive():
            _drive(turn, intent, found)
        case Offer():
            _offer(turn, intent, found)
        case Accept():
            _accept(turn, intent, found)
        case Release():
            _release(turn, found)


def _attach(turn: Turn, intent: Attach, seat: str) -> None:
    crew = turn.state.crew
    if not seat or crew.seat(seat) is not None or len(crew.seats) >= MAX_SEATS:
        return
    _change(turn, seats=(*crew.seats, Seat(seat, intent.by, turn.now_ms)))


def _tell_who_stays(turn: Turn) -> None:
    settled = [
        one
        for one in turn.state.crew.seats
        if not one.told and turn.now_ms - one.since_ms >= SETTLED_MS
    ]
    known = {one.user for one in turn.state.crew.seats if one.told}
    driver = turn.state.crew.lease.user if turn.state.crew.lease else ""
    for seat in {one.user: one for one in settled if one.user not in {driver, *known}}.values():
        turn.tell("attached", f"{seat.user} looks on", by=seat.user, seat=seat.id)
    if settled:
        here = turn.state.crew.seats
        _change(turn, seats=tuple(replace(o, told=True) if o in settled else o for o in here))


def _detach(turn: Turn, seat: Seat) -> None:
    crew = turn.state.crew
    _change(turn, seats=tuple(one for one in crew.seats if one.id != seat.id))
    if seat.told:
        _change(turn, left_ms={**crew.left_ms, seat.user: turn.now_ms})
    lease = crew.lease
    if lease is None or lease.seat != seat.id:
        if seat.told:
            turn.tell("detached", f"{seat.user} has left", by=seat.user, seat=seat.id)
        return
    there = [crew.seat(one) for one in reversed(lease.before)]
    other = next((one for one in there if one is not None and one.id != seat.id), None)
    if other is not None:
        text = f"{seat.user} drives from the other screen again"
        _grant(turn, other, text, until_ms=lease.until_ms)
        return
    _change(turn, lease=replace(lease, seat="", told=False))
    turn.set(armed=None)
    left_s = (lease.until_ms - turn.now_ms) / 1000
    over = f"runs out in {left_s:.0f} s" if left_s > 0 else "has run out"
    text = f"{seat.user} drove and has left: the lease {over}"
    turn.tell("driver_left", text, "warn", by=seat.user, seat=seat.id, until_ms=lease.until_ms)


def _drive(turn: Turn, intent: Drive, seat: Seat) -> None:
    if why := _why_not_drive(turn.state, intent, seat):
        _refuse(turn, "drive", seat.user, why)
        return
    lease = turn.state.crew.lease
    if lease is not None and lease.seat == seat.id:
        if not intent.again:
            _heard(turn, seat.id)
        return
    reason = intent.reason[:REASON_MAX_CHARS]
    if lease is None or lease.user == seat.user:
        text = f"{seat.user} drives"
    else:
        text = f"{seat.user} has taken over from {lease.user}: {reason}"
    kept_ms = lease.until_ms if lease is not None and intent.again else None
    _grant(
        turn, seat, text, until_ms=kept_ms, reason=reason, of="" if lease is None else lease.user
    )


def _why_not_drive(state: FlightState, intent: Drive, seat: Seat) -> str:
    if "driver" not in roles_of(state, seat.user):
        return f"{seat.user} is no driver in the plan"
    lease = state.crew.lease
    if lease is None or lease.user == seat.user:
        return ""
    if state.at_ms < lease.until_ms:
        left_s = (lease.until_ms - state.at_ms) / 1000
        return f"{lease.user} drives, for {left_s:.0f} s at least: he may offer it"
    if intent.of != lease.user:
        return f"name who drove: {lease.user}"
    return "" if intent.reason.strip() else "say why"


def _offer(turn: Turn, intent: Offer, seat: Seat) -> None:
    state = turn.state
    if not state.crew.drives(seat.id):
        _refuse(turn, "offer", seat.user, "only who drives may offer it" + _whose(state))
    elif not any(one.user == intent.to for one in state.crew.seats):
        _refuse(turn, "offer", seat.user, f"{intent.to} is not here")
    elif "driver" not in roles_of(state, intent.to):
        _refuse(turn, "offer", seat.user, f"{intent.to} is no driver in the plan")
    else:
        _heard(turn, seat.id)
        offer = OfferMade(intent.to, state.crew.token, turn.now_ms + OFFER_MS)
        _change(turn, offer=offer)
        text = f"{seat.user} offers the controls to {intent.to}"
        turn.tell("offered", text, "warn", by=seat.user, to=intent.to)


def _accept(turn: Turn, intent: Accept, seat: Seat) -> None:
    state = turn.state
    offer, wave = state.crew.offer, state.wave()
    if offer is None or offer.to != seat.user or turn.now_ms >= offer.until_ms:
        _refuse(turn, "accept", seat.user, "nothing is offered to you")
    elif offer.token != state.crew.token:
        _refuse(turn, "accept", seat.user, "the controls have changed hands since")
    elif intent.reads != wave.wave.name:
        _refuse(turn, "accept", seat.user, f"read back the wave's name: {wave.wave.name}")
    else:
        before = "" if state.crew.lease is None else state.crew.lease.user
        text = f"{seat.user} drives, handed over by {before}: wave {wave.wave.name} {wave.word}"
        _grant(turn, seat, text, of=before)


def _release(turn: Turn, seat: Seat) -> None:
    crew = turn.state.crew
    if crew.lease is not None and crew.lease.seat == seat.id:
        _change(turn, lease=None, offer=None)
        turn.set(armed=None)
        turn.tell("released", f"{seat.user} gives the controls back", "warn", by=seat.user)
    elif crew.offer is not None and crew.offer.to == seat.user:
        _change(turn, offer=None)
        turn.tell("offer_ended", f"{seat.user} does not take the controls", by=seat.user)
    else:
        _refuse(turn, "release", seat.user, "you do not have the controls")


def _veto(turn: Turn, intent: Veto | Lift, seat: Seat) -> None:
    state = turn.state
    if "commander" not in roles_of(state, seat.user):
        _refuse(turn, "veto", seat.user, f"{seat.user} is no commander in the plan")
    elif isinstance(intent, Lift):
        if state.crew.veto is None:
            _refuse(turn, "veto", seat.user, "nothing is vetoed")
            return
        _change(turn, veto=None)
        turn.tell("veto_lifted", f"{seat.user} lifts the veto", "warn", by=seat.user)
    elif not intent.reason.strip():
        _refuse(turn, "veto", seat.user, "say why")
    else:
        veto = VetoStands(seat.user, intent.reason[:REASON_MAX_CHARS], turn.now_ms)
        _change(turn, veto=veto)
        if state.armed is not None and state.armed.verb != "rollback":
            turn.set(armed=None)
        turn.tell("vetoed", veto.words(), "bad", by=seat.user, reason=veto.reason)
        if state.wave().word == "running" and not state.wave().back and not state.paused:
            turn.set(paused=True)
            turn.tell("paused", f"paused by the veto of {seat.user}", "warn", by=seat.user)


def _point(turn: Turn, intent: Point, seat: Seat) -> None:
    """Everybody may, but no faster than anybody can follow."""
    before = turn.state.crew.pointed
    if before is not None and turn.now_ms - before.at_ms < POINT_EVERY_MS:
        return
    pane, row = intent.pane[:POINT_MAX_CHARS], intent.row[:POINT_MAX_CHARS]
    _change(turn, pointed=Pointed(seat.user, pane, row, turn.now_ms))
    what = ": ".join(part for part in (pane, row) if part) or "this"
    turn.tell("pointed", f"{seat.user} points at {what}", by=seat.user, pane=pane, row=row)


def _grant(turn: Turn, seat: Seat, text: str, until_ms: int | None = None, **data: Any) -> None:
    """Another hand on the controls: what was armed before is void, and what was offered too,
    unless it is another seat of who offered it. `until_ms`: of the lease where no key of a person
    led to this; None: it begins anew."""
    token, was = turn.state.crew.token + 1, turn.state.crew.lease
    mine = was if was is not None and was.user == seat.user else None
    here = {one.id for one in turn.state.crew.seats} - {seat.id}
    before = tuple(one for one in (*mine.before, mine.seat) if one in here) if mine else ()
    ends_ms = turn.now_ms + lease_ms(turn.state) if until_ms is None else until_ms
    lease = Lease(seat.user, seat.id, token, ends_ms, before)
    offer = turn.state.crew.offer if mine else None
    _change(turn, lease=lease, token=token, offer=replace(offer, token=token) if offer else None)
    turn.set(armed=None)
    if until_ms is None:
        _heard(turn, seat.id)
    data = {"seat": seat.id, "token": token, "until_ms": ends_ms, **data}
    turn.tell("drives", text, "warn", by=seat.user, **data)


def _heard(turn: Turn, seat: str) -> None:
    """A key of a person in a seat: who has the controls keeps them."""
    seats = tuple(
        replace(one, key_ms=turn.now_ms) if one.id == seat else one for one in turn.state.crew.seats
    )
    _change(turn, seats=seats)
    crew = turn.state.crew
    if crew.lease is not None and crew.drives(seat):
        until_ms = turn.now_ms + lease_ms(turn.state)
        _change(turn, lease=replace(crew.lease, until_ms=until_ms, told=False))


def _change(turn: Turn, **changes: Any) -> None:
    crew: Crew = replace(turn.state.crew, **changes)
    turn.set(crew=crew)


def _refuse(turn: Turn, verb: str, by: str, why: str) -> None:
    level: Literal["warn"] = "warn"
    turn.tell("refused", f"{verb} refused ({by}): {why}", level, verb=verb, by=by, why=why)
