"""What is asked of the user before an intent goes out: confirmations, a go, one line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cockpit.core.intents import Answer as Go
from cockpit.core.intents import Confirm, Disarm, End, Intent, Pause
from cockpit.core.snapshot import ArmedView, Snapshot
from cockpit.tui.controls import Question, naming, why_no_go_asked
from cockpit.tui.layout import is_small
from cockpit.tui.screens.confirm import Answer, ConfirmScreen, EndScreen, GoScreen

if TYPE_CHECKING:
    from cockpit.tui.screens.board import Board


class Asking:
    """The dialogs of a board. Remembers what the user was asked to confirm last."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._answered: ArmedView | None = None

    def end(self, snapshot: Snapshot) -> None:
        """Ask whether the flight is to be ended."""
        dialog = EndScreen(self._board.look, snapshot)
        self._board.app.push_screen(dialog, self._end_answered)

    def say_go(self, snapshot: Snapshot) -> None:
        """Show what somebody else has armed, and ask for a go to it."""
        armed = snapshot.armed
        if (why := why_no_go_asked(snapshot, user=self._board.user)) or armed is None:
            self._board.say(f"O: {why}", "warn")
            return

        def answered(answer: Answer | None) -> None:
            if answer is not None and answer[0] == "yes":
                self._board.cockpit.send(Go(armed.token, True, self._board.user))

        self._board.app.push_screen(GoScreen(self._board.look, snapshot, armed), answered)

    def ask(self, asked: Question | Intent | str) -> None:
        """Send it, at once or as the user's answer has it; or say why there is nothing to ask."""
        if isinstance(asked, str):
            self._board.say(asked, "warn")
            return
        if not isinstance(asked, Question):
            self._board.cockpit.send(asked)
            return
        self._board.prompt(asked.title, "", lambda text: self._send_answer(asked, text))

    def _send_answer(self, asked: Question, text: str | None) -> None:
        intent = asked.unanswered if text is None else asked.intent(text.strip())
        if intent is not None:
            self._board.cockpit.send(intent)

    def offer(self, armed: ArmedView | None) -> None:
        """Open the dialog for what this user armed, unless another one has the keys."""
        if armed is None or armed.by != self._board.user or self._board.snapshot is None:
            return
        if self._board.seat() not in ("", self._board.snapshot.crew.seat):
            return  # armed at another screen of the same user
        before = self._answered
        if before is not None and (before.token, before.armed_at_ms) == (
            armed.token,
            armed.armed_at_ms,
        ):
            return
        if self._board.deck is not None:
            return  # what was armed then is told on the message line, and confirms nothing
        if self._board.app.screen is not self._board or is_small(*self._board.app.size):
            return
        self._answered = armed
        self._board.unsay()  # that the engine was asked: here is its answer
        dialog = ConfirmScreen(self._board.look, self._board.snapshot, armed)
        self._board.app.push_screen(dialog, lambda answer: self._arm_answered(armed, answer))

    def _arm_answered(self, armed: ArmedView, answer: Answer | None) -> None:
        word, why = answer or ("no", "taken back")
        if word == "yes" and armed.level >= 2:
            asked = naming(armed, user=self._board.user)
            self._board.prompt(asked.title, "", lambda text: self._named(armed, asked, text))
            return
        if word == "yes":
            self._board.cockpit.send(Confirm(armed.token, by=self._board.user))
            self._confirmed(armed)
            return
        if word == "pause":
            self._board.cockpit.send(Pause(by=self._board.user))
        if word != "gone":
            self._board.cockpit.send(Disarm(by=self._board.user))
            why = f"{armed.verb} {armed.wave}: {why}"
        self._board.say(why, "warn", log=word != "gone")

    def _named(self, armed: ArmedView, asked: Question, text: str | None) -> None:
        """The name was typed, another one, or none."""
        what = f"{armed.verb} {armed.wave}"
        self._send_answer(asked, text)
        if text is None:
            self._board.say(f"{what}: taken back", "warn", log=True)
        elif text.strip() == armed.wave:
            self._confirmed(armed)
        else:
            self._board.say(f"{what}: not confirmed, that is another name", "warn", log=True)

    def _confirmed(self, armed: ArmedView) -> None:
        self._board.say(f"confirmed: {armed.verb} {armed.wave}", "good", log=True)

    def _end_answered(self, answer: Answer | None) -> None:
        word, why = answer or ("no", "taken back")
        if word == "yes":
            self._board.cockpit.send(End(by=self._board.user))
            self._board.say("end sent", "warn", log=True)
            return
        if word == "pause":
            self._board.cockpit.send(Pause(by=self._board.user))
        self._board.say(why if word == "gone" else f"end: {why}", "warn", log=True)
