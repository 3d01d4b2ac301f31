"""Completion in a real bash, and the manual page: both have the whole command line."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.describe import Command, describe
from cockpit.cli.main import COMMANDS, build_parser, main
from cockpit.cli.man import page
from cockpit.cli.shells import SHELLS
from cockpit.tui.keys import LIVE
from cockpit.tui.playkeys import REPLAY


@pytest.fixture(scope="module")
def program() -> Command:
    """The whole command line."""
    return describe(build_parser())


def completed(script: Path, *words: str, home: Path) -> list[str]:
    """What bash offers for the last of these words."""
    code = (
        f"source {script}; COMP_WORDS=(cockpit {' '.join(map(repr, words))});"
        "COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _cockpit; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(
        ["bash", "--norc", "-c", code], capture_output=True, text=True, check=True,
        timeout=30, env=environment, cwd=home,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_commands_options_values_files_and_sessions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "completion"
    script.write_text(capsys.readouterr().out)
    (tmp_path / "plan.yaml").touch()
    (tmp_path / ".local/state/cockpit/sessions/20260102-week").mkdir(parents=True)

    def offered(*words: str) -> list[str]:
        return completed(script, *words, home=tmp_path)

    assert set(offered("re")) == {n for n, _ in COMMANDS if n.startswith("re")}
    assert set(offered("")) == {name for name, _ in COMMANDS}
    assert set(offered("lab", "")) == {"up", "status", "down"}
    assert offered("lab", "up", "--brokers", "") == ["1", "2"]
    assert offered("run", "--on-ask", "ro") == ["rollback"]
    assert offered("run", "plan.yaml", "--headl") == ["--headless"]
    assert offered("check", "pl") == ["plan.yaml"]
    assert offered("attach", "") == ["20260102-week"]
    assert offered("act", "--session", "2026") == ["20260102-week"]
    assert set(offered("completion", "")) == {"bash", "zsh", "fish"}
    assert offered("no-such-command", "-")


def test_nothing_of_the_command_line_is_left_out(program: Command) -> None:
    scripts = {name: make(program) for name, make in SHELLS.items()}
    text = page(program).replace("\\-", "-")
    for command in program.all():
        for script in scripts.values():
            assert command.path[-1] in script
        if len(command.path) > 1:
            assert f'.SS "{command.name}"' in text
        for option in command.options:
            for flag in option.flags:
                assert flag in scripts["bash"]
                assert flag in scripts["zsh"]
                assert flag.lstrip("-") in scripts["fish"]
                assert flag in text or flag == "--help"
    assert {one.path[1] for one in program.all() if len(one.path) > 1} == {n for n, _ in COMMANDS}
    for script in scripts.values():
        assert script.isascii()


def test_every_key_and_exit_code_is_in_the_manual(program: Command) -> None:
    text = page(program)
    for key in (*LIVE.keys, *REPLAY.keys):
        assert f"({key.id.replace('-', chr(92) + '-')})" in text
    for code in exits.MEANINGS:
        assert f"\\fB{code}\\fR" in text


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not here")
def test_the_manual_page_reads_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["man"]) == 0
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww"],
        input=capsys.readouterr().out, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stderr == ""
    assert "COCKPIT(1)" in done.stdout


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_can_read_their_script(shell: str, program: Command, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    script = tmp_path / "script"
    script.write_text(SHELLS[shell](program))
    subprocess.run([shell, "-n", str(script)], check=True, timeout=60)
