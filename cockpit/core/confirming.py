"""How grave a confirmation is, and who else is asked: nothing, another key, the wave's name, other
people.

Never decides whether an action is open: that is `cockpit.core.arming`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from cockpit.core import withouttopic
from cockpit.core.crew import HAVE_A_SAY, Poll, Role, Said, asked_word
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.goingback import wave_of
from cockpit.core.intents import Answer, Confirm, Verb
from cockpit.core.plan import StartStep
from cockpit.core.price import price, rollback_word
from cockpit.core.reversing import reverse_step
from cockpit.core.turn import Turn, produces

Level = Literal[0, 1, 2, 3]
"""0: done at once. 1: armed, then another key. 2: the wave's name is typed as well. 3: other people
say go as well."""
ASKED_FOR_MS: Final = 120_000
"""A poll that is not over by then is a no."""
ARMED_FOR_MS: Final = 15_000
TYPED_FOR_MS: Final = 45_000
REASON_MAX_CHARS: Final = 200


def level(state: FlightState, verb: Verb) -> Level:
    """Of what a verb would do now."""
    wave = wave_of(state, verb)
    if verb == "rollback":
        return 1 if rollback_word(state, wave)[0] == "possible" else 2
    if verb == "recover" or withouttopic.offered(state, wave):
        return 2
    if _begins(wave) and asked_roles(state):
        return 3
    return 2 if produces(state, wave) and (_begins(wave) or _starts_yet(wave)) else 1


def _begins(wave: WaveState) -> bool:
    """Whether `advance` begins it: also where it holds, and no effect of it was ever intended."""
    untouched = not wave.back and not any(step.begun for step in wave.steps)
    return wave.word in ("ready", "rolled back") or (wave.word == "holding" and untouched)


def _starts_yet(wave: WaveState) -> bool:
    """Whether another try of a wave that holds goes on to start its services on the target."""
    starts = any(isinstance(s.step, StartStep) and s.word != "done" for s in wave.steps)
    return wave.word == "holding" and not wave.back and starts


def way_back(state: FlightState, verb: Verb) -> str:
    """What taking back costs of what is about to be confirmed, or that it cannot be; empty: it is
    not grave."""
    if level(state, verb) < 2:
        return ""
    wave = wave_of(state, verb)
    if verb == "recover":
        return "it cannot be taken back: the steps of a recovery have no undo"
    cost = price(state, wave).text
    if verb == "rollback":
        return f"what is lost by it cannot be brought back: {cost}"
    if withouttopic.offered(state, wave):
        return "the order ends when the topic answers again; what was done stays done"
    word = rollback_word(state, wave)[0]
    if word == "closed":
        return f"it cannot be taken back: {cost}"
    if word == "lossy":
        return f"R takes it back at a price: {cost}"
    if not produces(state, wave):
        return "R takes it back: its groups may read records again"
    free = "R takes it back, without loss until its producers start on the target"
    reverse = reverse_step(wave.wave)
    if reverse is not None:
        return f"{free}, and once {reverse.connector} brings back what they write there"
    return f"{free}: what they write there would be lost or replayed"


def asked_roles(state: FlightState) -> tuple[Role, ...]:
    """Roles whose go a wave's beginning needs; an observer stands for anybody else who has a
    say."""
    people = state.plan.people
    if people is None:
        return ()
    second: tuple[Role, ...] = ("observer",)
    return people.poll or (second if state.wave().wave.name in people.second_person else ())


def open_for_ms(state: FlightState, verb: Verb) -> int:
    """How long what is armed waits for its confirmation."""
    return {3: ASKED_FOR_MS, 2: TYPED_FOR_MS}.get(level(state, verb), ARMED_FOR_MS)


def ask(turn: Turn) -> None:
    """Open the poll for what has just been armed, or close that of what no longer is."""
    armed, crew = turn.state.armed, turn.state.crew
    if armed is None or level(turn.state, armed.verb) < 3:
        if crew.poll is not None:
            turn.set(crew=replace(crew, poll=None))
        return
    asked = (armed.token, armed.armed_at_ms)
    if crew.poll is None or (crew.poll.token, crew.poll.asked_at_ms) != asked:
        roles = asked_roles(turn.state)
        turn.set(crew=replace(crew, poll=Poll(armed.token, armed.armed_at_ms, roles)))
        words = ", ".join(map(asked_word, roles))
        text = f"{armed.verb}: go or no-go is asked of: {words}"
        asked_of = [_asked_of(role) for role in roles]
        turn.tell("polled", text, "warn", verb=armed.verb, roles=asked_of)


def why_not_confirm(state: FlightState, intent: Confirm) -> str:
    """What a confirmation lacks besides what `arming` asks of it; empty: nothing."""
    armed, poll = state.armed, state.crew.poll
    if armed is None:
        return ""
    grave = level(state, armed.verb)
    name = wave_of(state, armed.verb).wave.name
    if grave >= 2 and intent.typed != name:
        return f"type the wave's name, {name}: {way_back(state, armed.verb)}"
    if grave == 3 and (poll is None or poll.token != armed.token or poll.waits_for is not None):
        waits = (poll and poll.waits_for) or "the poll"
        return f"go is missing of {asked_word(waits)}"
    return ""


def answer(turn: Turn, intent: Answer, roles: tuple[Role, ...]) -> str:
    """Take in a go or a no-go of somebody with these roles; why it does not count, or empty."""
    state = turn.state
    armed, poll = state.armed, state.crew.poll
    if armed is None or poll is None or intent.token != armed.token:
        return "nothing like that is asked"
    if intent.by == armed.by:
        return "somebody else is asked: another user, not another window"
    if not set(roles) & set(HAVE_A_SAY):
        return f"{intent.by} has no say in it by the plan"
    if not intent.go:
        turn.set(armed=None, crew=replace(state.crew, poll=None))
        reason = intent.reason[:REASON_MAX_CHARS]
        why = f": {reason}" if reason else ""
        text = f"NO-GO of {intent.by}{why}"
        turn.tell("no_go", text, "bad", by=intent.by, verb=armed.verb, reason=reason)
        return ""
    role = poll.waits_for
    if role is None:
        return "all have said go"
    if role != "observer" and role not in roles:
        return f"it is the turn of the {role}"
    if any(one.user == intent.by for one in poll.said):
        return f"{intent.by} has said go already: each go is another person's"
    own = next(one for one in HAVE_A_SAY if one in roles) if role == "observer" else role
    said = Said(intent.by, own, state.at_ms)
    turn.set(crew=replace(state.crew, poll=replace(poll, said=(*poll.said, said))))
    text = f"GO of {intent.by} as {asked_word(role)}"
    data = {"role": own, "asked": _asked_of(role), "verb": armed.verb}
    turn.tell("go", text, "good", by=intent.by, **data)
    return ""


def _asked_of(role: Role) -> str:
    """Whose go it is, as a word for programs: a second person may have any role with a say."""
    return "second_person" if role == "observer" else role
