"""Text that came from a broker, an HTTP server or a record, made fit for one line.

Never changes what is compared or stored as data: only what goes into a reason.
"""

from __future__ import annotations

import logging
import re
from typing import Final

from cockpit.core.drawable import ACTS_ON_A_TERMINAL
from cockpit.secrecy import SECRETS

LIMIT: Final = 200
_LOOKED_AT: Final = 100_000

_BLANKS = re.compile(r"[ \t\r\n\v\f]+")
_UNSAFE = re.compile(f"[{ACTS_ON_A_TERMINAL}]")


def one_line(text: object, limit: int = LIMIT) -> str:
    """One line of at most `limit` characters, without secrets; what could steer a terminal becomes
    U+FFFD."""
    whole = SECRETS.text(str(text)[:_LOOKED_AT])  # a secret that is cut is not found any more
    line = _UNSAFE.sub("\ufffd", _BLANKS.sub(" ", whole).strip())
    return line if len(line) <= limit else line[: limit - 1] + "\u2026"


def silence(*libraries: str) -> None:
    """Keep the logs of these libraries off the terminal: their causes reach us as exceptions.

    They also name URLs and addresses more fully than a log may.
    """
    for library in libraries:
        logger = logging.getLogger(library)
        if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
            logger.addHandler(logging.NullHandler())
        logger.propagate = False
