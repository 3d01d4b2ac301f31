"""What the header of a life says of its session, so that the session can be gone through once more.

A secret is never in it: the plan names where secrets are, and holds none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cockpit.core.beginning import Beginning
from cockpit.wire.values import WireError, from_json, to_json


@dataclass(frozen=True, slots=True)
class SessionHead:
    """One engine's part of a session."""

    version: str
    """Of the cockpit."""
    plan_text: str
    plan_origin: str
    """The path that the plan came from; relative paths in it begin there."""
    plan_name: str
    plan_sha256: str
    beginning: Beginning | None
    """None: what follows cannot be worked out, something before it was not recorded."""
    session: str
    simulated: bool
    why_no_beginning: str = ""
    """Where there is none for another reason than a gap."""


def session_head(
    *, version: str, plan_text: str, plan_origin: str, plan_name: str, beginning: Beginning
) -> dict[str, Any]:
    """The content of a header."""
    return {
        "version": version,
        "plan_text": plan_text,
        "plan_origin": plan_origin,
        "plan_name": plan_name,
        "plan_sha256": hashlib.sha256(plan_text.encode()).hexdigest(),
        "beginning": to_json(beginning),
        "session": beginning.session,
        "simulated": beginning.simulated,
    }


def read_session_head(content: Mapping[str, Any]) -> SessionHead:
    """The head of a life; raises WireError where it is none."""
    names = SessionHead.__slots__
    found = {name: content[name] for name in names if name in content}
    head: SessionHead = from_json(SessionHead, found)
    if hashlib.sha256(head.plan_text.encode()).hexdigest() != head.plan_sha256:
        raise WireError("the plan in the header is not the one that its hash is of")
    return head
