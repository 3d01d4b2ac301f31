"""`cockpit schema`: prints the JSON Schema of the plan format, for editors."""

from __future__ import annotations

import argparse
import json
from typing import Any

from cockpit.cli import exits
from cockpit.cli.output import say


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`schema`, which has no options."""
    commands.add_parser("schema", help="print the JSON Schema of the plan")


def run(options: argparse.Namespace) -> int:
    """Print it."""
    from cockpit.plan.schema import plan_schema

    say(json.dumps(plan_schema(), indent=2))
    return exits.COMPLETED
