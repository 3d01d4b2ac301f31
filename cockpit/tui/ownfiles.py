"""Files that a user may lay beside the program: where they are, and what is wrong with them.

Reads YAML to its nodes, so that every mistake has its line. Never waits on a pipe, never follows
an alias into a loop, and never runs what a file says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cockpit.files import Unreadable, read_regular

MAX_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a user's file that cannot be used."""

    path: Path
    line: int | None
    """From 1; None: the file as a whole."""
    text: str

    def words(self) -> str:
        """`mine.yaml line 7: styles.dim: 'x' is not a style`."""
        where = "" if self.line is None else f" line {self.line}"
        return f"{self.path.name}{where}: {self.text}"


def config_folder(environment: Mapping[str, str]) -> Path | None:
    """The folder of the user's own files, there or not. None: nobody knows where the user's home
    is. By the XDG rules a path that is not absolute counts for nothing."""
    for base, below in (("XDG_CONFIG_HOME", ""), ("HOME", ".config")):
        if Path(environment.get(base, "")).is_absolute():
            return Path(environment[base]) / below / "cockpit"
    return None


def yaml_nodes(path: Path) -> tuple[Any, Mistake | None]:
    """The file as YAML nodes (None: it is empty), or why it is not YAML. Raises nothing."""
    import yaml

    try:
        text = read_regular(path, limit=MAX_BYTES).decode("utf-8")
        return yaml.compose(text, Loader=yaml.SafeLoader), None
    except Unreadable as error:
        return None, Mistake(path, None, str(error))
    except UnicodeDecodeError:
        return None, Mistake(path, None, "is not UTF-8 text")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = None if mark is None else mark.line + 1
        return None, Mistake(path, line, f"is not YAML: {_one_line(error.problem or '?')}")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, Mistake(path, None, f"is not YAML: {_one_line(str(error))}")


def _one_line(text: str) -> str:
    return " ".join(text.split())
