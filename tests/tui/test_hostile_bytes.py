"""The byte stream of a real screen on a pseudo-terminal, with hostile data in every place: nothing
in it that the same screen does not send for harmless data."""

from __future__ import annotations

import os
import re
import select
import time
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pyte
import pytest

from tests.tui.fixtures import HOSTILE
from tests.tui.test_run import on_a_terminal, read_until

PROGRAM = """
import sys
from cockpit.tui.run import run_screen
from tests.tui import fixtures
from tests.tui.sessions import PlayedSession
snapshot = {snapshot}
session = PlayedSession(snapshot, refuse={refuse!r})
session.past = snapshot.log
result = run_screen(session, user="ana", mouse=True)
print(f"LEFT {{result.reason}}", [type(intent).__name__ for intent in session.intents], flush=True)
"""

PANES = tuple(key for pane in "123456789u" for key in (pane, "j", "j", "\r", "\x1b", "s", "G", "L"))
DIALOGS = (
    "0", "?", "G", "\x1b", "h", "G", "\x1b", "A", "\x1b", "R", "\x1b", "E", "\x1b", "V", "\x1b",
    "D", "\x1b", "O", "pasted", "\x1b", "N", "reason", "\x1b", "m", "a note", "\r", "/", "x", "\r",
    "\x1b", ".", "P",
)  # fmt: skip
pytestmark = pytest.mark.timeout(900)

ESCAPE_SIGN = "\u241b".encode()
LINE_ENDS = ("\x1b[2J\x1b[H", "\ninjected 2026-01-01 FENCED\r\nsecond")
"""What the program sends itself too: only the screens' own tests tell that it is not the data's."""
PASTED = "\x1b[200~{}\x1b[201~"

_PIECE = re.compile(
    r"\x1b\[(?P<csi>[0-9:;<=>?]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    r"|\x1b(?P<string>[\]P_^X])(?P<content>[^\x07\x1b\x9c]*)(?:\x07|\x1b\\)?"
    r"|\x1b(?P<other>.)"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f-\x9f])",
    re.DOTALL,
)


def pieces_of(stream: str) -> set[str]:
    """Each kind of sequence in a stream: its final character and its private mark; of a mode the
    whole of it, of a string its content too."""
    found: set[str] = set()
    for piece in _PIECE.finditer(stream):
        if (final := piece["final"]) is not None:
            mode = piece["csi"] if final in "hlpuq" or piece["csi"][:1] in "<=>?" else ""
            found.add(f"CSI {mode}{piece['between']}{final}")
        elif piece["string"] is not None:
            found.add(f"string {piece['string']}{piece['content']}")
        elif piece["other"] is not None:
            found.add(f"ESC {piece['other']}")
        else:
            found.add(f"control {ord(piece['control']):#x}")
    return found


def shown(snapshot: str, size: tuple[int, int], keys: Sequence[str], refuse: str = "") -> str:
    """All that a screen sends while these keys are pressed, and then `q` `y`."""
    columns, rows = size
    program = PROGRAM.format(snapshot=snapshot, refuse=refuse)
    with on_a_terminal(program, columns, rows) as (pid, master):
        first = ESCAPE_SIGN if "hostile" in snapshot else b"WRITES"
        data = read_until(master, first, within_s=240)
        for key in keys:
            os.write(master, key.encode("utf-8", "replace"))
            data += heard(master, 0.05)
        for key in ("\x1b", "\x1b", "\x1b", "q"):
            os.write(master, key.encode())
            data += settled(pid, master)  # an esc that waits would be one key with the next
        os.write(master, b"y")
        data += read_until(master, b"LEFT quit [", within_s=240)
        if not data.endswith(b"\n"):
            data += read_until(master, b"\n")
        return data.decode().removesuffix("\r\n")  # the end of the last line is PROGRAM's own


def heard(master: int, quiet_s: float) -> bytes:
    """What comes until it is quiet for so long."""
    data, end = b"", time.perf_counter() + 2
    while time.perf_counter() < end and select.select([master], [], [], quiet_s)[0]:
        data += os.read(master, 65536)
    return data


def settled(pid: int, master: int) -> bytes:
    """What comes until the program has slept for a moment, however slow the machine is."""
    data, slept, end = b"", 0, time.perf_counter() + 60
    while slept < 4 and time.perf_counter() < end:
        heard_now = heard(master, 0.1)
        data += heard_now
        slept = 0 if heard_now or not all_sleep(pid) else slept + 1
    return data


def all_sleep(pid: int) -> bool:
    """Whether no thread of a process works or wants to."""
    try:
        stats = [(task / "stat").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:  # one has just ended
        return False
    return all(stat.rpartition(")")[2].split()[0] == "S" for stat in stats)


@cache
def owned(size: tuple[int, int]) -> frozenset[str]:
    """What the program itself sends over harmless data, and the one bell of an alarm."""
    stream = shown("fixtures.snapshot()", size, (*PANES, *DIALOGS))
    return frozenset(pieces_of(stream) | {"control 0x7"})


def assert_harmless(stream: str, size: tuple[int, int], bells: int = 1) -> None:
    """`bells`: how many the program rings of itself: one for an alarm."""
    strange = pieces_of(stream) - owned(size)
    assert not strange
    strings = {piece for piece in owned(size) if piece.startswith("string")}
    assert strings <= {"string ]22;default"}, "Textual's own: the shape of the mouse pointer"
    text = _PIECE.sub("", stream)
    categories = {unicodedata.category(character) for character in text}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    rung = [piece for piece in _PIECE.finditer(stream) if piece["control"] == "\x07"]
    assert len(rung) <= bells


def assert_terminal_obeys_nothing(stream: str, size: tuple[int, int]) -> None:
    """A terminal that has drawn it has no title of the data's and has nothing to answer."""
    columns, rows = size
    answers: list[str] = []
    screen = pyte.Screen(columns, rows)
    screen.write_process_input = answers.append  # type: ignore[assignment,method-assign]
    # pyte takes these of Textual's own for others: a keyboard's mode, and the pointer's shape
    feeds = re.sub(r"\x1b\[[<>=][0-9;]*[a-z]|\x1b\]22;default\x07", "", stream)
    pyte.Stream(screen).feed(feeds)
    assert (screen.title, screen.icon_name, answers) == ("", "", [])


@pytest.mark.parametrize(
    "size", [(80, 24), pytest.param((160, 48), marks=pytest.mark.soak)], ids=str
)
@pytest.mark.parametrize(
    ("snapshot", "keys"),
    [
        ("fixtures.hostile()", PANES),
        ("fixtures.hostile()", DIALOGS),
        ("fixtures.hostile_armed(1)", ("\x1b[6~", "\x1b[6~", "\x1b[6~", "\x1b", "O")),
        ("fixtures.hostile_armed(3)", ("O", "\x1b[6~", "\x1b", "N", "no", "\r")),
    ],
)
def test_no_byte_of_hostile_data_reaches_the_terminal(
    snapshot: str, keys: Sequence[str], size: tuple[int, int]
) -> None:
    stream = shown(snapshot, size, keys)
    assert_harmless(stream, size)
    assert_terminal_obeys_nothing(stream, size)
    done = stream.rpartition("LEFT quit ")[2]
    assert not re.search("Arm|Confirm|End|Pause", done) or "P" in keys


def test_what_a_person_pastes_reaches_the_terminal_as_signs() -> None:
    size = (80, 24)
    keys: list[str] = []
    for text in HOSTILE[::4]:
        # a terminal ends a paste itself: what ends it within the text is typed behind it
        keys += ["m", PASTED.format(text.replace("\x1b[201~", "")), "\r"]
    stream = shown("fixtures.snapshot()", size, keys)
    assert_harmless(stream, size, bells=2)  # the second: what is pasted is too long


def test_a_hostile_answer_of_the_engine_reaches_the_terminal_as_signs() -> None:
    size = (80, 24)
    stream = shown("fixtures.snapshot()", size, ("P", "A", "m", "x", "\r"), "".join(HOSTILE[:14]))
    assert "refused" in _PIECE.sub("", stream)
    assert_harmless(stream, size)


def test_the_search_itself_finds_what_is_strange() -> None:
    """Each hostile text that drives a terminal is strange to the screen's own sequences."""
    size = (80, 24)
    for text in HOSTILE:
        drives = any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in text)
        if drives and text not in LINE_ENDS:
            with pytest.raises(AssertionError):
                assert_harmless(text, size)
