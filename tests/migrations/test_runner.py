"""What was flown is not flown again; what was broken off is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import cockpit.lab
from tests.migrations import __main__ as runner


class Flights:
    """Stands in for the labs and flights, and remembers them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.flown: list[str] = []
        self.failing = ""
        monkeypatch.setattr(runner, "BUILD", folder)
        monkeypatch.setattr(cockpit.lab, "down", lambda _folder: ())
        monkeypatch.setattr(subprocess, "run", self._judge)
        migrations = {name: (self._take_off(name), self._fly) for name in ("one", "two")}
        monkeypatch.setattr(runner, "MIGRATIONS", migrations)

    def _take_off(self, name: str) -> Any:
        def up(_folder: Path) -> str:
            self.flown.append(name)
            return name

        return up

    def _fly(self, name: str, _state: Path) -> Any:
        if name == self.failing:
            raise AssertionError(name)

    def _judge(self, argv: Sequence[str], **_options: Any) -> Any:
        return subprocess.CompletedProcess(argv, 0, "lost 0, duplicated 0, reordered 0\n", "")

    def run(self, *words: str) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["tests.migrations", *words])
            return runner.main()


def test_one_after_the_other_each_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flights = Flights(monkeypatch, tmp_path)
    assert flights.run() == 0
    assert flights.run() == 0
    assert flights.flown == ["one", "two"]
    assert capsys.readouterr().out.count("one: lost 0, duplicated 0, reordered 0, flown in") == 2
    assert flights.run("--again", "two") == 0
    assert flights.flown == ["one", "two", "two"]


def test_it_goes_on_with_the_first_that_has_no_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    flights = Flights(monkeypatch, tmp_path)
    flights.failing = "two"
    with pytest.raises(AssertionError):
        flights.run()
    flights.failing = ""
    assert flights.run() == 0
    assert flights.flown == ["one", "two", "two"]
