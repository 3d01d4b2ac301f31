"""Who drives: observers by default, one driver, a token that only rises, and nobody by surprise."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from cockpit.core.crew import LEASE_MS, Crew, People
from cockpit.core.flight import Asked, FlightState, Perform, Tell, Ticked
from cockpit.core.intents import (
    Accept,
    AddNote,
    Answer,
    Arm,
    Attach,
    Beat,
    Confirm,
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
from cockpit.core.machine import step
from cockpit.core.project import project
from tests.core.driver import Script

ROLES = People(
    {
        "ana": ("driver",),
        "ben": ("driver", "checker"),
        "cleo": ("commander",),
        "dan": ("scribe",),
        "eva": ("observer",),
    }
)


class Room:
    """A flight whose wave is ready, and people who come and go."""

    def __init__(self, people: People | None = ROLES) -> None:
        script = Script()
        script.look(2)
        self.state: FlightState = replace(
            script.state, plan=replace(script.state.plan, people=people)
        )
        self.told: list[Tell] = []

    def ask(self, intent: Intent, seat: str) -> list[str]:
        return self._step(Asked(self.state.at_ms, intent, seat))

    def wait(self, ms: int) -> list[str]:
        return self._step(Ticked(self.state.at_ms + ms))

    def _step(self, event: Asked | Ticked) -> list[str]:
        self.state, commands = step(self.state, event)
        tells = [one for one in commands if isinstance(one, Tell)]
        assert not [one for one in commands if isinstance(one, Perform)]
        self.told += tells
        return [tell.kind for tell in tells]

    def sits(self, *users: str) -> None:
        """Each of them sits down, in a seat called like him."""
        for user in users:
            self.ask(Attach(user), user)

    @property
    def driver(self) -> str:
        lease = self.state.crew.lease
        return lease.user if lease and self.state.crew.drives(lease.seat) else ""

    def why(self) -> str:
        return str(self.told[-1].data["why"])


def test_who_comes_looks_on_and_is_seen() -> None:
    room = Room()
    room.sits("ana", "eva")
    assert room.driver == ""
    view = project(room.state, 1).crew
    assert [(one.user, one.roles) for one in view.people] == [
        ("ana", ("driver",)),
        ("eva", ("observer",)),
    ]
    assert view.driver == ""


@pytest.mark.parametrize(
    "intent", [Arm("advance", "eva"), Pause("eva"), Disarm("eva"), AddNote("hm", "eva")]
)
def test_who_looks_on_achieves_nothing(intent: Intent) -> None:
    room = Room()
    room.sits("eva")
    before = room.state
    assert room.ask(intent, "eva") == ["refused"]
    assert room.why() == "you look on: nobody drives"
    assert room.state.armed is before.armed is None
    assert not room.state.paused


def test_who_drives_is_heard_and_has_a_rising_token() -> None:
    room = Room()
    room.sits("ana", "ben")
    assert room.ask(Drive("ana"), "ana") == ["drives"]
    assert room.driver == "ana"
    assert room.ask(Pause("ana"), "ana") == ["paused"]
    assert room.ask(Drive("ben"), "ben") == ["refused"]
    assert room.why().startswith("ana drives, for 60 s at least")
    assert room.ask(Release("ana"), "ana") == ["released"]
    assert room.ask(Drive("ben"), "ben") == ["drives"]
    assert (room.driver, room.state.crew.token) == ("ben", 2)


def test_a_seat_is_its_owners() -> None:
    room = Room()
    room.sits("ana", "ben")
    room.ask(Drive("ana"), "ana")
    assert room.ask(Pause("ben"), "ana") == ["refused"]
    assert room.ask(Pause("ana"), "nowhere") == ["refused"]
    assert not room.state.paused


def test_an_offer_is_accepted_by_reading_back_where_it_stands() -> None:
    room = Room()
    room.sits("ana", "ben", "eva")
    room.ask(Drive("ana"), "ana")
    assert room.ask(Offer("eva", "ana"), "ana") == ["refused"]
    assert room.ask(Offer("nobody", "ana"), "ana") == ["refused"]
    assert room.ask(Accept("readers", "ben"), "ben") == ["refused"]
    assert room.ask(Offer("ben", "ana"), "ana") == ["offered"]
    assert project(room.state, 1).crew.offered_to == "ben"
    assert room.ask(Accept("something", "ben"), "ben") == ["refused"]
    assert room.driver == "ana"
    assert room.ask(Accept("readers", "ben"), "ben") == ["drives"]
    assert room.driver == "ben"
    assert room.told[-1].data["of"] == "ana"


def test_an_offer_grows_old_and_the_old_driver_stays() -> None:
    room = Room()
    room.sits("ana", "ben")
    room.ask(Drive("ana"), "ana")
    room.ask(Offer("ben", "ana"), "ana")
    for _ in range(7):
        room.ask(Beat("ana"), "ana")
        room.wait(10_000)
    assert room.driver == "ana"
    assert room.ask(Accept("readers", "ben"), "ben") == ["refused"]


def test_a_driver_who_leaves_starts_a_clock_and_after_it_one_may_take_over_with_a_reason() -> None:
    room = Room()
    room.sits("ana", "ben")
    room.ask(Drive("ana"), "ana")
    assert room.ask(Detach("ana"), "ana") == ["driver_left"]
    assert room.driver == ""
    view = project(room.state, 1).crew
    assert (view.driver, view.seat, view.until_ms) == ("ana", "", room.state.at_ms + LEASE_MS)
    assert room.ask(Drive("ben", "ana", "she is gone"), "ben") == ["refused"]
    assert "lease_ended" in room.wait(LEASE_MS)
    assert "lease_ended" not in room.wait(1_000)
    assert room.ask(Drive("ben"), "ben") == ["refused"]
    assert room.why() == "name who drove: ana"
    assert room.ask(Drive("ben", "ana"), "ben") == ["refused"]
    assert room.why() == "say why"
    assert room.ask(Drive("ben", "ana", "her link is dead"), "ben") == ["drives"]
    assert "taken over from ana: her link is dead" in room.told[-1].text


def test_a_driver_who_comes_back_in_time_or_before_anybody_else_drives_on() -> None:
    for away_ms in (5_000, 5 * LEASE_MS):
        room = Room()
        room.sits("ana")
        room.ask(Drive("ana"), "ana")
        room.ask(Detach("ana"), "ana")
        room.wait(away_ms)
        room.ask(Attach("ana"), "ana again")
        assert room.driver == ""
        assert room.ask(Drive("ana"), "ana again") == ["drives"]
        assert room.driver == "ana"


def test_a_script_of_the_drivers_drives_and_gives_the_controls_back_to_the_screen() -> None:
    room = Room(people=None)
    room.sits("ana")
    room.ask(Drive("ana"), "ana")
    room.ask(Attach("ana"), "script")
    assert room.ask(Pause("ana"), "script") == ["refused"]
    assert room.ask(Drive("ana"), "script") == ["drives"]
    assert room.ask(Pause("ana"), "script") == ["paused"]
    assert room.ask(Detach("ana"), "script") == ["drives"]
    assert room.state.crew.drives("ana")
    assert room.state.crew.token == 3


def test_what_was_armed_is_void_when_the_controls_change_hands() -> None:
    room = Room()
    room.sits("ana", "ben")
    room.ask(Drive("ana"), "ana")
    assert room.ask(Arm("advance", "ana"), "ana") == ["armed"]
    room.ask(Release("ana"), "ana")
    assert room.state.armed is None
    room.ask(Drive("ben"), "ben")
    assert room.ask(Confirm("any", "ben"), "ben") == ["refused"]


def test_a_commander_vetoes_and_lifts_and_never_drives() -> None:
    room = Room()
    room.sits("ana", "cleo")
    room.ask(Drive("ana"), "ana")
    room.ask(Arm("advance", "ana"), "ana")
    assert room.ask(Drive("cleo"), "cleo") == ["refused"]
    assert room.ask(Veto("", "cleo"), "cleo") == ["refused"]
    assert room.ask(Veto("payments are down", "ana"), "ana") == ["refused"]
    assert room.ask(Veto("payments are down", "cleo"), "cleo") == ["vetoed"]
    assert room.state.armed is None
    assert room.ask(Arm("advance", "ana"), "ana") == ["refused"]
    assert room.why() == "cleo has vetoed going forward: payments are down"
    assert project(room.state, 1).crew.veto == room.why()
    assert room.ask(Arm("recover", "ana"), "ana") == ["refused"]
    assert room.why() == "cleo has vetoed going forward: payments are down"
    assert room.ask(Lift("ana"), "ana") == ["refused"]
    assert room.ask(Lift("cleo"), "cleo") == ["veto_lifted"]
    assert room.ask(Lift("cleo"), "cleo") == ["refused"]
    assert room.why() == "nothing is vetoed"
    assert room.ask(Arm("advance", "ana"), "ana") == ["armed"]


@pytest.mark.parametrize(
    ("user", "pauses", "notes"),
    [("ben", True, True), ("cleo", True, True), ("dan", False, True), ("eva", False, False)],
)
def test_roles_may_stop_and_write_as_the_plan_says(user: str, pauses: bool, notes: bool) -> None:
    room = Room()
    room.sits(user)
    assert room.ask(Pause(user), user) == (["paused"] if pauses else ["refused"])
    assert room.ask(AddNote("seen", user), user) == (["note"] if notes else ["refused"])


def test_without_people_in_the_plan_the_engines_user_may_do_all_but_only_from_one_seat() -> None:
    room = Room(people=None)
    room.ask(Attach("root"), "1")
    room.ask(Attach("root"), "2")
    assert room.ask(Pause("root"), "1") == ["refused"]
    room.ask(Drive("root"), "1")
    assert room.ask(Pause("root"), "2") == ["refused"]
    assert room.ask(Pause("root"), "1") == ["paused"]


def test_everybody_may_point_and_nobody_faster_than_others_can_follow() -> None:
    room = Room()
    room.sits("ana", "eva")
    assert room.ask(Point("lag", "orders 3", "eva"), "eva") == ["pointed"]
    assert room.ask(Point("lag", "orders 4", "ana"), "ana") == []
    view = project(room.state, 1).crew.pointed
    assert view is not None
    assert (view.by, view.pane, view.row) == ("eva", "lag", "orders 3")
    room.wait(1_000)
    assert room.ask(Point("x" * 999, "", "ana"), "ana") == ["pointed"]
    assert len(room.told[-1].data["pane"]) == 300


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("todo: ask kim", "todo"),
        ("ToDo : ask kim", "todo"),
        ("decision: go at ten", "decision"),
        ("todo:", "note"),
        ("a todo: later", "note"),
    ],
)
def test_a_note_is_what_its_first_word_says(text: str, sort: str) -> None:
    room = Room()
    room.sits("ana")
    room.ask(Drive("ana"), "ana")
    assert room.ask(AddNote(text, "ana"), "ana") == ["note"]
    assert room.told[-1].data["sort"] == sort
    assert room.told[-1].text == f"ana: {text}"


def test_who_comes_back_is_known_to_have_been_away() -> None:
    room = Room()
    room.sits("ana", "ben")
    room.wait(3_000)
    left_ms = room.state.at_ms
    room.ask(Detach("ben"), "ben")
    room.wait(60_000)
    room.ask(Attach("ben"), "21")
    [ben] = [one for one in project(room.state, 1).crew.people if one.user == "ben"]
    assert (ben.left_ms, ben.since_ms - left_ms) == (left_ms, 60_000)


def test_who_only_asks_once_is_not_announced() -> None:
    room = Room()
    assert room.ask(Attach("dan"), "9") == []
    assert room.ask(Detach("dan"), "9") == []
    room.ask(Attach("dan"), "10")
    room.wait(2_000)
    assert room.told[-1].text == "dan looks on"
    assert room.ask(Detach("dan"), "10") == ["detached"]


@pytest.mark.parametrize("seeds", [range(at, at + 100) for at in range(0, 1_000, 100)])
def test_in_no_race_two_drive_and_no_old_hand_is_heard(seeds: range) -> None:
    told: list[Tell] = []
    for seed in seeds:
        told += race(random.Random(seed))
    taken = [tell.text for tell in told if tell.kind == "drives"]
    assert len(taken) > 80
    assert sum("handed over" in text for text in taken) >= 4
    assert sum("has taken over" in text for text in taken) >= 4


def race(rng: random.Random) -> list[Tell]:
    """People who come, go, stall, offer, accept and take over, with nobody waiting for anybody.
    Holds the rules after each event; what was told."""
    room = Room()
    here: dict[str, str] = {}
    armed_token = 0
    for number in range(50):
        before = room.state
        if not here or rng.random() < 0.15:
            here[str(number)] = rng.choice([*ROLES.roles, "ana", "ben"])
            room.ask(Attach(here[str(number)]), str(number))
            continue
        seat = somebody(rng, room.state.crew, here)
        if rng.random() < 0.1:
            room.ask(Detach(here.pop(seat)), seat)
        elif rng.random() < 0.1:
            room.wait(rng.choice([100, 5_000, 30_000, LEASE_MS, 2 * LEASE_MS]))
        else:
            asks_something(rng, room, seat, here)
        held(before, room.state, here)
        if room.state.armed is not None and before.armed is None:
            armed_token = room.state.crew.token
        if room.state.armed is not None:
            assert room.state.crew.token == armed_token, "armed by hands that have gone"
    return room.told


def somebody(rng: random.Random, crew: Crew, here: dict[str, str]) -> str:
    """A seat: anybody's, that of whom the controls are offered to, or the driver's."""
    wanted = [name for name, who in here.items() if crew.offer and who == crew.offer.to]
    driving = [crew.lease.seat] if crew.lease and crew.lease.seat in here else []
    return rng.choice(rng.choice([list(here), wanted or list(here), driving or list(here)]))


def asks_something(rng: random.Random, room: Room, seat: str, here: dict[str, str]) -> None:
    """One intent of a seat; who may not is refused, and who may is not."""
    crew, user = room.state.crew, here[seat]
    drove = crew.drives(seat)
    of = crew.lease.user if crew.lease and rng.random() < 0.8 else ""
    drive = Drive(user, of, rng.choice(["", "why"]))
    offer = Offer(rng.choice(list(here.values())), user)
    accept = Accept(rng.choice(["readers", "readers", "?"]), user)
    often: list[Intent] = [drive, offer, accept]
    once: list[Intent] = [
        Release(user),
        Beat(user),
        Pause(user),
        Arm("advance", user),
        Confirm("wrong", user),
    ]
    intent = rng.choice([*often * 4, *once])
    told = room.ask(intent, seat)
    if isinstance(intent, Pause):
        may = drove or bool({"checker", "commander", "driver"} & set(ROLES.roles[user]))
        assert ("refused" in told) == (not may)
    elif isinstance(intent, Arm):
        assert drove or told == ["refused"]
    elif isinstance(intent, Confirm):
        assert told == ["refused"]


def held(before: FlightState, now: FlightState, here: dict[str, str]) -> None:
    was, crew = before.crew, now.crew
    assert crew.token >= was.token
    driving = [seat.id for seat in crew.seats if crew.drives(seat.id)]
    assert len(driving) <= 1
    for seat in driving:
        assert "driver" in ROLES.roles[here[seat]]
        assert crew.lease is not None
        assert crew.lease.token == crew.token
    if crew.lease and was.lease and crew.lease.user != was.lease.user:
        assert crew.token > was.token
        still = was.lease.until_ms > now.at_ms
        offered = was.offer is not None and was.offer.to == crew.lease.user
        assert not still or offered, "the controls were taken from somebody who drove"


POLLED = replace(ROLES, second_person=("readers",))


def test_a_second_person_says_go_before_a_confirmation_counts() -> None:
    room = Room(people=POLLED)
    room.sits("ana", "ben", "dan")
    room.ask(Drive("ana"), "ana")
    assert room.ask(Arm("advance", "ana"), "ana") == ["armed", "polled"]
    armed = room.state.armed
    assert armed is not None
    view = project(room.state, 1).armed
    assert view is not None
    assert (view.level, view.waits_for, view.said) == (3, "observer", ())
    room.wait(1_000)
    assert room.ask(Confirm(armed.token, "ana", "readers"), "ana") == ["refused"]
    assert room.why() == "go is missing of a second person"
    assert room.ask(Answer(armed.token, True, "ana"), "ana") == ["refused"]
    assert room.why() == "somebody else is asked: another user, not another window"
    assert room.ask(Answer(armed.token, True, "dan"), "dan") == ["refused"]
    assert room.ask(Answer("another", True, "ben"), "ben") == ["refused"]
    assert room.ask(Answer("", True, "ben"), "ben") == ["refused"]  # a go is to what was shown
    assert room.ask(Answer(armed.token, True, "ben"), "ben") == ["go"]
    assert room.ask(Confirm(armed.token, "ana"), "ana") == ["refused"]
    assert room.why().startswith("type the wave's name, readers: R takes it back")
    room.state, commands = step(
        room.state, Asked(room.state.at_ms, Confirm(armed.token, "ana", "readers"), "ana")
    )
    assert "confirmed" in [one.kind for one in commands if isinstance(one, Tell)]


def test_a_no_go_and_silence_are_a_no() -> None:
    for silent in (False, True):
        room = Room(people=POLLED)
        room.sits("ana", "ben")
        room.ask(Drive("ana"), "ana")
        room.ask(Arm("advance", "ana"), "ana")
        armed = room.state.armed
        assert armed is not None
        if silent:
            for _ in range(13):
                room.ask(Beat("ana"), "ana")
                room.wait(10_000)
        else:
            assert room.ask(Answer(armed.token, False, "ben", "not now"), "ben") == ["no_go"]
        assert room.state.armed is None
        assert room.state.crew.poll is None
        assert room.ask(Confirm(armed.token, "ana", "readers"), "ana") == ["refused"]


def test_what_is_armed_anew_is_asked_anew() -> None:
    room = Room(people=POLLED)
    room.sits("ana", "ben")
    room.ask(Drive("ana"), "ana")
    room.ask(Arm("advance", "ana"), "ana")
    armed = room.state.armed
    assert armed is not None
    assert room.ask(Answer(armed.token, True, "ben"), "ben") == ["go"]
    room.wait(1_000)
    assert room.ask(Arm("advance", "ana"), "ana") == ["armed", "polled"]
    armed = room.state.armed
    assert armed is not None
    room.wait(1_000)
    assert room.ask(Confirm(armed.token, "ana", "readers"), "ana") == ["refused"]
    assert room.why() == "go is missing of a second person"


def test_a_poll_asks_roles_in_their_order_each_of_another_person() -> None:
    room = Room(people=replace(ROLES, poll=("checker", "commander")))
    room.sits("ana", "ben", "cleo")
    room.ask(Drive("ana"), "ana")
    room.ask(Arm("advance", "ana"), "ana")
    armed = room.state.armed
    assert armed is not None
    assert room.ask(Answer(armed.token, True, "cleo"), "cleo") == ["refused"]
    assert room.why() == "it is the turn of the checker"
    assert room.ask(Answer(armed.token, True, "ben"), "ben") == ["go"]
    assert room.ask(Answer(armed.token, True, "ben"), "ben") == ["refused"]
    assert room.ask(Answer(armed.token, True, "cleo"), "cleo") == ["go"]
