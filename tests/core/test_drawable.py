"""One list of characters that no text may bring to a terminal, and it misses none."""

from __future__ import annotations

import re
import sys
import unicodedata

from cockpit.cli.output import clean, clean_line
from cockpit.core.drawable import ACTS_ON_A_TERMINAL, visible
from cockpit.kafka.text import one_line
from cockpit.plan.text import clean as clean_of_plan
from cockpit.tui.clean import clean as clean_of_screen

INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
FILLERS = "\u034f\u115f\u1160\u3164\uffa0\U000e0041\U000e0100\ufe0f"


def test_no_code_point_gets_through_any_edge() -> None:
    for start in range(0, sys.maxunicode + 1, 64):
        text = "x" + "x".join(map(chr, range(start, start + 64)))
        for edge in (visible, clean_of_plan, clean_line, one_line, clean_of_screen):
            for character in edge(text):
                assert unicodedata.category(character) not in INVISIBLE, (edge, hex(ord(character)))
                assert character not in FILLERS, (edge, hex(ord(character)))
        assert not re.search(f"[{ACTS_ON_A_TERMINAL}]", clean(text).replace("\n", ""))


def test_letters_and_signs_of_every_script_stay() -> None:
    for text in (
        "caf\u00e9 \u65e5\u672c\u8a9e \u0645\u0631\u062d\u0628\u0627",
        "\U0001f680 \u2192 \u2400",
    ):
        for edge in (visible, clean_of_plan, clean_line, one_line, clean_of_screen):
            assert edge(text) == text
