"""How to connect to one cluster as one principal: login and TLS context, ready for use.

Never switches verification of certificates or host names off.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from aiokafka.abc import AbstractTokenProvider

from cockpit.core.plan import ClusterSpec, Login, SecretRef, Security
from cockpit.kafka.cutting import Way
from cockpit.kafka.text import one_line
from cockpit.kafka.tokens import KeptToken, MskIam, tokens_of
from cockpit.ports import Gate, PortError


@dataclass(frozen=True, slots=True)
class Access:
    """Where a cluster is and who asks."""

    bootstrap: tuple[tuple[str, int], ...]
    protocol: str
    """As the client library names it, such as `SASL_SSL`."""
    mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    tokens: AbstractTokenProvider | None = field(default=None, repr=False)
    """Only with `OAUTHBEARER`."""
    way: Way = field(default_factory=Way, repr=False, compare=False)
    """Whether connections may be opened at all."""
    gate: Gate | None = field(default=None, repr=False, compare=False)
    """What every change passes right before it leaves; None: nothing keeps it."""


def access(
    spec: ClusterSpec, reveal: Callable[[SecretRef], str], *, login: Login | None = None
) -> Access:
    """Access to a cluster with the plan's login, or with another one in its place.

    Where the cluster takes tokens, the password of that other login is a token. Raises PortError
    when a TLS file cannot be read; whatever `reveal` raises passes through.
    """
    security = spec.security
    tokens = _tokens(security, reveal, login)
    who = (login or security.login) if tokens is None else None
    mechanism = security.mechanism.upper() if security.mechanism else None
    return Access(
        bootstrap=tuple(host_port(address) for address in spec.bootstrap),
        protocol=security.protocol.upper(),
        mechanism="OAUTHBEARER" if tokens is not None else mechanism,
        username=who.username if who else None,
        password=reveal(who.password) if who else None,
        tls=_context(spec) if security.protocol in ("ssl", "sasl_ssl") else None,
        tokens=tokens,
    )


def _tokens(
    security: Security, reveal: Callable[[SecretRef], str], login: Login | None
) -> AbstractTokenProvider | None:
    """Where tokens come from; None where none are taken."""
    match security.mechanism:
        case "oauthbearer" if login is not None:
            return KeptToken(login.password, reveal)
        case "oauthbearer":
            assert security.oauth is not None
            return tokens_of(security.oauth, reveal)
        case "aws-msk-iam" if login is not None:
            raise PortError("refused", f"{login.username} cannot log in by aws-msk-iam")
        case "aws-msk-iam":
            return MskIam(security.region)
        case _:
            return None


def host_port(address: str) -> tuple[str, int]:
    """`host:port` or `[v6]:port` in two; 9092 where no port is given. Raises PortError."""
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, "9092"
    if not port.isdecimal():
        raise PortError("protocol", one_line(f"not a host:port: {address}"))
    return host.strip("[]"), int(port)


def _context(spec: ClusterSpec) -> ssl.SSLContext:
    security = spec.security
    try:
        context = ssl.create_default_context(cafile=security.ca_file)
        if security.cert_file is not None:
            context.load_cert_chain(security.cert_file, security.key_file, password=_no_password)
    except (OSError, ValueError) as error:
        names = ", ".join(
            name for name in (security.ca_file, security.cert_file, security.key_file) if name
        )
        raise PortError("protocol", one_line(f"cannot use TLS files {names}: {error}")) from error
    return context


def _no_password() -> str:
    """Stands in for OpenSSL's own prompt, which would write to the terminal."""
    raise ValueError("the key file is encrypted; cockpit needs one without a passphrase")
