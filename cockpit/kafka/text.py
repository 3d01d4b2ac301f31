"""Text that came from a broker, an HTTP server or a record, made fit for one line.

Never changes what is compared or stored as data: only what goes into a reason.
"""

from __future__ import annotations

import logging
import re
from typing import Final

LIMIT: Final = 200

_BLANKS = re.compile(r"[ \t\r\n\v\f]+")
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def one_line(text: object, limit: int = LIMIT) -> str:
    """One line of at most `limit` characters; what could steer a terminal becomes U+FFFD."""
    line = _UNSAFE.sub("\ufffd", _BLANKS.sub(" ", str(text)).strip())
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
