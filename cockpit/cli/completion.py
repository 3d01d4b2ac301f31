"""`cockpit completion SHELL`: a script that completes commands, options, files and sessions."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from cockpit.cli import exits


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`completion` and its options."""
    parser = commands.add_parser(
        "completion",
        help="print a script that completes commands in your shell",
        description="Prints a completion script. bash: add `source <(cockpit completion bash)` to "
        "~/.bashrc. zsh: cockpit completion zsh > a folder of $fpath/_cockpit. fish: cockpit "
        "completion fish > ~/.config/fish/completions/cockpit.fish. A tab starts nothing: make "
        "the script anew after an update.",
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(options: argparse.Namespace) -> int:
    """Print it."""
    from cockpit.cli.describe import describe
    from cockpit.cli.main import build_parser
    from cockpit.cli.shells import SHELLS

    sys.stdout.write(SHELLS[options.shell](describe(build_parser())))
    return exits.COMPLETED
