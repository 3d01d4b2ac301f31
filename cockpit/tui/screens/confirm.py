"""The dialogs that stand before what changes the flight: shown, read, then confirmed with one Y.

Only a single, deliberate `Y` confirms: not a held key, not a paste, not Enter, and not a `Y` that
was meant for something else a moment ago. Never decides whether the action is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from textual import events
from textual.timer import Timer

from cockpit.core.crew import asked_word
from cockpit.core.snapshot import ArmedView, Snapshot
from cockpit.tui.format import age
from cockpit.tui.look import Look
from cockpit.tui.screens.overlay import SCROLL, Overlay
from cockpit.tui.text import Chunk, Line, wrap

QUIET_S = 0.5
"""No key may come for so long before the Y that counts: held keys and bounces come faster."""
ALONE_S = 0.15
"""No key may follow the Y for so long: pasted text comes faster."""

CANCEL = frozenset(
    {"escape", "n", "N", "enter", "q", "ctrl+c", "ctrl+q", "ctrl+z", "ctrl+d", "backspace"}
)

Answer = tuple[Literal["yes", "no", "gone", "pause"], str]
"""What was answered, and why."""


class TwoKey(Overlay[Answer | None]):
    """Waits for a deliberate Y."""

    danger = True

    def __init__(self, look: Look, snapshot: Snapshot) -> None:
        super().__init__(look, snapshot)
        self._open = False
        self._guard: Timer | None = None
        self._alone: Timer | None = None
        self._hint = ""

    def first_wait_s(self) -> float:
        """How long after opening no Y counts."""
        return QUIET_S

    def still_closed(self) -> bool:
        """Whether the newest snapshot says that it is too early."""
        return False

    def on_mount(self) -> None:
        """The guard begins when the dialog is seen; the base class draws."""
        self._restart_guard(self.first_wait_s())

    def _restart_guard(self, seconds: float) -> None:
        self._open = False
        if self._guard is not None:
            self._guard.stop()
        self._guard = self.set_timer(seconds, self._guard_over)

    def _guard_over(self) -> None:
        guard = self._guard
        self._after_waiting_keys(lambda: self._let_in(guard))

    def _let_in(self, guard: Timer | None) -> None:
        if guard is self._guard:
            self._open = True
            self._hint = ""
            self.redraw()

    def _after_waiting_keys(self, then: Callable[[], None]) -> None:
        """Call `then` once every key that was pressed before now has been looked at: on a stalled
        link keys wait in the app's queue, and a timer must not overtake them."""
        self.app.call_later(lambda: self.call_later(then))

    @property
    def is_open(self) -> bool:
        """Whether a Y would count now."""
        return self._open and not self.still_closed()

    def foot(self) -> tuple[Chunk, ...]:
        """Which key does what, and why Y does not yet."""
        if self._hint:
            return ((self._hint, "danger.head"),)
        if self._alone is not None:
            return (("Y ...", "danger.head"),)
        if self.is_open:
            return (("press Y to confirm", "danger.head"), ("   esc cancels", "danger.head"))
        return ((f"press Y to confirm ({self.opens_in()})   esc cancels", "danger.head"),)

    def opens_in(self) -> str:
        """When a Y will count."""
        return f"in {QUIET_S:.1f} s"

    def pressed(self, key: str) -> None:
        """One Y alone confirms; keys that mean no cancel; scrolling scrolls; P pauses."""
        alone, self._alone = self._alone, None
        if alone is not None:
            alone.stop()
        if key in CANCEL:
            self.answer(("no", "taken back"))
        elif key == "P":
            self.answer(("pause", "taken back, and paused"))
        elif key == "Y" and alone is None and self.is_open:
            self._alone = self.set_timer(ALONE_S, self._alone_over)
            self.redraw()
        elif key in SCROLL and alone is None:
            self.box.move(SCROLL[key])
        else:
            self._not_yet("several keys at once: press Y alone" if alone is not None else "")

    def _not_yet(self, hint: str) -> None:
        self._hint = hint
        self._restart_guard(QUIET_S)
        self.redraw()

    def _alone_over(self) -> None:
        alone = self._alone
        self._after_waiting_keys(lambda: self._confirmed(alone))

    def _confirmed(self, alone: Timer | None) -> None:
        if alone is not None and alone is self._alone:
            self._alone = None
            self.answer(("yes", ""))

    def on_paste(self, event: events.Paste) -> None:
        """A paste never confirms, and closes the door for a moment."""
        event.stop()
        if self._alone is not None:
            self._alone.stop()
            self._alone = None
        self._not_yet("pasted text is no answer: press Y")

    def too_small(self) -> None:
        """What cannot be read cannot be confirmed."""
        self.answer(("no", "taken back: the terminal became too small to show it"))


class ConfirmScreen(TwoKey):
    """What was armed, with its evidence, bound to one token."""

    def __init__(self, look: Look, snapshot: Snapshot, armed: ArmedView) -> None:
        super().__init__(look, snapshot)
        self.armed = armed
        self._opened_at_ms = snapshot.at_ms
        self._seen_log = max((entry.seq for entry in snapshot.log), default=-1)

    def first_wait_s(self) -> float:
        """At least as long as the engine would refuse."""
        return max(QUIET_S, (self.armed.confirm_from_ms - self._opened_at_ms) / 1000)

    def still_closed(self) -> bool:
        """A newer snapshot may know that it is still too early, or that others are asked first."""
        snapshot = self.snapshot
        assert snapshot is not None
        if self.armed.waits_for:
            return True
        return self._opened_at_ms < snapshot.at_ms < self.armed.confirm_from_ms

    def opens_in(self) -> str:
        """By the snapshots' time, or who is asked first."""
        assert self.snapshot is not None
        if self.armed.waits_for:
            return f"after the go of {who(self.armed.waits_for)}"
        left_ms = max(int(QUIET_S * 1000), self.armed.confirm_from_ms - self.snapshot.at_ms)
        return f"in {left_ms / 1000:.1f} s"

    def title_text(self) -> str:
        """Verb, wave, and the time that is left."""
        assert self.snapshot is not None
        left = age(max(0, self.armed.expires_at_ms - self.snapshot.at_ms))
        verb = "ROLL BACK" if self.armed.verb == "rollback" else self.armed.verb.upper()
        return f"{verb} {self.armed.wave}?   {left} left"

    def body(self, width: int) -> tuple[Line, ...]:
        """The engine's lines, wrapped, and what the confirmation needs besides the key."""
        rows = [Line(base="dialog")]
        for text in (*self.armed.lines, *needs(self.armed)):
            indent = len(text) - len(text.lstrip(" "))
            first, *rest = wrap(text.strip(" "), width - 4 - indent)
            pad = " " * (2 + indent)
            rows.append(Line(((pad + first, "dialog"),), "dialog"))
            rows.extend(Line(((f"{pad}  {p}", "dialog"),), "dialog") for p in rest)
        rows.append(Line(base="dialog"))
        return tuple(rows)

    def take(self, snapshot: Snapshot) -> None:
        """Close when what is shown is no longer what would be done."""
        self.snapshot = snapshot
        armed = snapshot.armed
        if armed is not None and armed.token == self.armed.token and armed.by == self.armed.by:
            self.armed = armed  # others say go meanwhile
            self.redraw()
            return
        self.answer(("gone", self._reason(snapshot)))

    def _reason(self, snapshot: Snapshot) -> str:
        what = f"{self.armed.verb} {self.armed.wave} is no longer armed"
        if snapshot.armed is not None:
            return f"{what}: what was shown has changed; look again and press the key again"
        if snapshot.at_ms >= self.armed.expires_at_ms:
            return f"{what}: it was not confirmed in time"
        for entry in reversed(snapshot.log):
            if entry.seq > self._seen_log and entry.level in {"warn", "bad"}:
                return f"closed: {entry.text}"
        return f"{what}: the engine took it back"


class GoScreen(ConfirmScreen):
    """What somebody else has armed, for a go."""

    def title_text(self) -> str:
        """Who wants what."""
        armed = self.armed
        return f"GO of yours for {armed.by}: {armed.verb.upper()} {armed.wave}?"

    def still_closed(self) -> bool:
        """The go itself waits for nobody."""
        return False

    def opens_in(self) -> str:
        """As of any dialog."""
        return f"in {QUIET_S:.1f} s"


def needs(armed: ArmedView) -> tuple[str, ...]:
    """What a confirmation needs besides the key."""
    lines: list[str] = []
    if armed.said:
        lines.append("go: " + ", ".join(armed.said))
    if armed.waits_for:
        lines.append(f"asked now for go or no-go: {who(armed.waits_for)}")
    if armed.level >= 2:
        lines.extend(filter(None, (armed.way_back,)))
        lines.append(f"after Y the name {armed.wave} is typed")
    return tuple(lines)


def who(role: str) -> str:
    """Of whom a go is awaited."""
    word = asked_word(role)
    return word if word.startswith("a ") else f"a {word}"


class EndScreen(TwoKey):
    """Before the flight is ended."""

    def title_text(self) -> str:
        """What it is."""
        return "END the flight?"

    def body(self, width: int) -> tuple[Line, ...]:
        """What ending means."""
        texts = (
            "The engine writes the outcome, closes the session and stops.",
            "What has been done on the clusters stays done; nothing is undone.",
            "Nobody will be able to advance or roll back in this session afterwards.",
        )
        rows = [Line(base="dialog")]
        for text in texts:
            pieces = wrap(text, width - 4)
            rows.extend(Line(((f"  {piece}", "dialog"),), "dialog") for piece in pieces)
        return (*rows, Line(base="dialog"))

    def take(self, snapshot: Snapshot) -> None:
        """Close when it has become impossible."""
        view = next((action for action in snapshot.actions if action.verb == "end"), None)
        if view is None or not view.enabled:
            why = "not possible now" if view is None else view.why_not
            self.answer(("gone", f"end is no longer possible: {why}"))
            return
        super().take(snapshot)
