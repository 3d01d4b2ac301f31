"""Secrets, fetched from the environment or a private file when they are needed.

Never prints one: a Secret shows as `***` wherever it is formatted, and errors name only its source.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NoReturn

from cockpit.core.plan import SecretRef
from cockpit.files import Unreadable, read_regular
from cockpit.plan.text import clean
from cockpit.secrecy import SECRETS

MAX_SECRET_BYTES = 65_536
_MASK = "***"


class SecretUnavailable(Exception):  # noqa: N818  # a state, not a fault of ours
    """A secret cannot be had. The message names the variable or file, never a value."""


class Secret:
    """A text that only `reveal()` gives away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself: hand it straight to a client, keep no copy."""
        return self._value

    def __repr__(self) -> str:
        return _MASK

    def __str__(self) -> str:
        return _MASK

    def __format__(self, format_spec: str) -> str:
        return _MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is neither copied nor stored")


def resolve_secret(ref: SecretRef, *, environ: Mapping[str, str] | None = None) -> Secret:
    """Fetch the secret that `ref` names; one trailing line end is dropped.

    From then on it is scrubbed from whatever this process says. Raises SecretUnavailable when the
    variable or file is missing, empty or unreadable, and when anybody but the file's owner may open
    the file.
    """
    if ref.kind == "env":
        value = (os.environ if environ is None else environ).get(ref.name)
        where = f"environment variable {clean(ref.name)}"
        if value is None:
            raise SecretUnavailable(f"{where} is not set")
    else:
        where = f"secret file {clean(ref.name)}"
        value = _read_private(ref.name, where)
    if value.endswith("\n"):
        value = value[:-1].removesuffix("\r")
    if not value:
        raise SecretUnavailable(f"{where} is empty")
    SECRETS.add(value)
    return Secret(value)


def reveal_secret(ref: SecretRef) -> str:
    """The same for whoever hands it straight on. Raises SecretUnavailable."""
    return resolve_secret(ref).reveal()


def _read_private(path: str, where: str) -> str:
    try:
        return read_regular(path, limit=MAX_SECRET_BYTES, private=True).decode("utf-8")
    except Unreadable as error:
        raise SecretUnavailable(f"{where} {error}") from None
    except UnicodeDecodeError:
        raise SecretUnavailable(f"{where} is not UTF-8") from None
