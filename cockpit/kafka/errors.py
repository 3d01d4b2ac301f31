"""What went wrong, as a PortError with a kind and a reason that names host, principal and cause.

Never puts a secret into a reason: user names and addresses only.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final

from aiokafka import errors as client_errors

from cockpit.core.observe import FailureKind
from cockpit.kafka.text import one_line
from cockpit.ports import PortError


class UnsupportedError(PortError):
    """The broker does not speak a version that can carry the request; nothing was sent."""


class ReplyLostError(PortError):
    """The request went out and no answer came: it may or may not have been carried out."""


OFFSET_OUT_OF_RANGE: Final = 1
UNKNOWN_TOPIC: Final = 3
UNSUPPORTED_VERSION: Final = 35
NO_AUTHORIZER: Final = 54
GROUP_ID_NOT_FOUND: Final = 69
UNSTABLE_OFFSET_COMMIT: Final = 88
TRANSACTIONAL_ID_NOT_FOUND: Final = 105

NAMES: Final = {
    -1: "unknown server error",
    1: "offset out of range",
    2: "corrupt message",
    3: "unknown topic or partition",
    5: "leader not available",
    6: "not leader",
    7: "request timed out on the broker",
    8: "broker not available",
    9: "replica not available",
    13: "network error between brokers",
    14: "coordinator is loading",
    15: "coordinator not available",
    16: "not coordinator",
    17: "invalid topic",
    22: "illegal generation",
    24: "invalid group id",
    25: "unknown member",
    27: "rebalance in progress",
    29: "topic authorisation failed",
    30: "group authorisation failed",
    31: "cluster authorisation failed",
    33: "unsupported SASL mechanism",
    34: "illegal SASL state",
    35: "unsupported version",
    41: "not controller",
    42: "invalid request",
    53: "transactional id authorisation failed",
    54: "the cluster has no authorizer",
    56: "storage error",
    58: "SASL authentication failed",
    68: "group is not empty",
    69: "group id not found",
    74: "fenced leader epoch",
    75: "unknown leader epoch",
    78: "offset not available",
    86: "group is subscribed to the topic",
    88: "a transactional commit is open",
    100: "unknown topic id",
}

_CLOSED: Final = (EOFError, ConnectionResetError, BrokenPipeError)

UNAUTHORISED: Final = frozenset({29, 30, 31, 53})
"""An ACL is missing."""
REFUSALS: Final = UNAUTHORISED | {33, 58}
"""That, or a login that is not taken."""
NOT_READY: Final = frozenset({5, 6, 7, 8, 9, 13, 14, 15, 16, 41, 74, 75, 78})
"""What passes by itself, as after a broker's start."""


def code_name(code: int) -> str:
    """An error code of the protocol in words, with its number."""
    return f"{NAMES.get(code, 'error')} ({code})"


def code_error(code: int, doing: str, message: str = "") -> PortError:
    """A PortError for an error code in an answer."""
    kind: FailureKind = "protocol"
    if code in REFUSALS:
        kind = "refused"
    elif code in NOT_READY:
        kind = "slow"
    detail = f": {message}" if message else ""
    return PortError(kind, one_line(f"{doing}: {code_name(code)}{detail}"))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def closed_by_peer(error: BaseException) -> bool:
    """Whether the other end closed the connection without a word."""
    return any(isinstance(cause, _CLOSED) for cause in _causes(error))


def connect_error(
    error: BaseException,
    *,
    address: str,
    username: str | None,
    mechanism: str | None,
    timeout_ms: int,
    worked_before: bool,
) -> PortError:
    """Why a connection, its TLS handshake or its login failed."""
    causes = tuple(_causes(error))
    who = f"for user {username} at {address}" if username else f"at {address}"
    for cause in causes:
        if isinstance(cause, PortError) and not isinstance(cause, UnsupportedError):
            # There was no token to log in with.
            return PortError(cause.kind, one_line(f"no login at {address}: {cause.reason}"))
        found = _login_cause(cause, address, who, mechanism) or _tls_cause(cause, address)
        if found is not None:
            return found
    for cause in causes:
        if worked_before and isinstance(cause, _CLOSED):
            return PortError("unreachable", f"{address} closed the connection during the handshake")
        found = _network_cause(cause, address, timeout_ms)
        if found is not None:
            return found
    return PortError("protocol", one_line(f"{address}: {type(error).__name__}: {error}"))


def _login_cause(
    cause: BaseException, address: str, who: str, mechanism: str | None
) -> PortError | None:
    match cause:
        case client_errors.SaslAuthenticationFailed():
            said = cause.args[0] if cause.args and cause.args[0] else ""
            detail = f": {said}" if said else ""
            return PortError("refused", one_line(f"SASL authentication failed {who}{detail}"))
        case client_errors.UnsupportedSaslMechanismError():
            return PortError("refused", one_line(f"SASL mechanism {mechanism} not offered {who}"))
        case client_errors.IllegalSaslStateError():
            return PortError("refused", one_line(f"{address} takes no SASL logins"))
        case _:
            return None


def _tls_cause(cause: BaseException, address: str) -> PortError | None:
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = cause.verify_message or cause.reason or cause
        return PortError("refused", one_line(f"TLS certificate of {address} not trusted: {why}"))
    if not isinstance(cause, ssl.SSLError):
        return None
    reason = str(cause.reason or cause)
    if "WRONG_VERSION_NUMBER" in reason or "RECORD_LAYER" in reason:
        return PortError("protocol", one_line(f"{address} does not speak TLS ({reason})"))
    if "ALERT" in reason:
        return PortError("refused", one_line(f"{address} refused the TLS handshake: {reason}"))
    return PortError("protocol", one_line(f"TLS handshake with {address} failed: {reason}"))


def _network_cause(cause: BaseException, address: str, timeout_ms: int) -> PortError | None:
    match cause:
        case TimeoutError():
            return slow(address, timeout_ms)
        case ConnectionRefusedError():
            return PortError("unreachable", f"connection to {address} refused: nothing listens")
        case socket.gaierror():
            return PortError("unreachable", one_line(f"cannot resolve {address}: {cause.strerror}"))
        case _ if isinstance(cause, _CLOSED):
            return PortError(
                "protocol",
                f"{address} closed the connection during the handshake"
                " (security protocol wrong, client certificate missing, or broker before 0.10?)",
            )
        case OSError():
            return PortError("unreachable", one_line(f"no connection to {address}: {cause}"))
        case _:
            return None


def slow(address: str, timeout_ms: int) -> PortError:
    """No answer in time."""
    return PortError("slow", f"no answer from {address} within {timeout_ms / 1000:g} s")
