"""The kinds of value that the format is made of; one table of them drives loader, schema and docs.

Never walks a file; the reader does.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from cockpit.core.peaks import Peak
from cockpit.core.plan import SecretRef
from cockpit.plan import units
from cockpit.plan.scalars import Refused, Written, reads_as, yaml_reading
from cockpit.plan.text import quoted

JsonSchema: TypeAlias = Mapping[str, object]

NAME_PATTERN = r"[A-Za-z0-9._-]{1,80}"
TOPIC_PATTERN = r"(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}"
BOOTSTRAP_PATTERN = (
    r"([A-Za-z_][A-Za-z0-9._-]{0,252}|[0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]{2,45}\])"
    r":([1-9][0-9]{0,4})"
)
_AUTHORITY_PATTERN = r"https?://([A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?"
URL_PATTERN = _AUTHORITY_PATTERN + r"(/[^\s#]*|\?[^\s#]*)?"
BASE_URL_PATTERN = _AUTHORITY_PATTERN + r"(/[^\s#?]*)?"
SECRET_PATTERN = r"\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:[^{}~][^{}]*)\}"  # noqa: S105  # a pattern
PRINCIPAL_PATTERN = r"[A-Za-z][A-Za-z0-9]*:.*\S.*"
INSTANT_PATTERN = units.INSTANT_PATTERN
DAILY_PATTERN = units.DAILY_PATTERN
JSON_PATH_PATTERN = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*"
WHICH_PATTERN = r"(signal )?[A-Za-z0-9._-]{1,80}"
DRILLED_PATTERN = r"[A-Za-z0-9._-]{1,249}(/[0-9]{1,9})?"
TEXT_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value."""

    label: str
    """How a message and the docs name it, with its article."""
    parse: Callable[[Written], object]
    """The value, or Refused."""
    schema: JsonSchema


@dataclass(frozen=True, slots=True)
class Choice:
    """One word out of a few."""

    words: Mapping[str, object]
    """Word in the file, value in the plan."""
    unbuilt: tuple[str, ...] = ()
    """Words of the format that this version refuses by name."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    kind: Kind
    at_least: int = 0
    unique: bool = False
    or_one: bool = False
    """A single entry may be written without a list around it."""


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping from names that the plan chooses."""

    key: Scalar
    kind: Kind


@dataclass(frozen=True, slots=True)
class Field:
    """One key of an object."""

    key: str
    kind: Kind
    doc: str
    required: bool = False
    default: str | None = None
    """As it would be written; None: nothing when absent."""


@dataclass(frozen=True, slots=True)
class Object:
    """A mapping with known keys."""

    name: str
    doc: str
    fields: tuple[Field, ...]
    unbuilt: tuple[str, ...] = ()
    """Keys of the format that this version refuses by name."""
    decides: str | None = None
    """Key that decides which others exist: when it is refused, the others are not looked at."""
    variants: tuple[tuple[str, ...], ...] = ()
    """Sets of keys: exactly one of them is given, and that one whole."""
    short: str = ""
    """The key that a list alone, without a mapping, stands for."""
    by_key: Mapping[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_key", {f.key: f for f in self.fields})

    @property
    def all_optional(self) -> bool:
        """Nothing has to be said."""
        return not self.variants and not any(f.required for f in self.fields)

    def needs(self) -> str:
        """What has to be said, in words."""
        always = [f.key for f in self.fields if f.required]
        return ", ".join([*always, *([self.ways()] if self.variants else [])])

    def ways(self) -> str:
        """The variants in words."""
        return ", or ".join(" and ".join(keys) for keys in self.variants)


@dataclass(frozen=True, slots=True)
class OneOf:
    """A mapping with exactly one key out of a few; the bare word where nothing has to be said."""

    name: str
    doc: str
    options: Mapping[str, Object | Scalar]
    unbuilt: tuple[str, ...] = ()

    def bare_words(self) -> tuple[str, ...]:
        """Options that may be written without a mapping."""
        return tuple(
            word
            for word, kind in self.options.items()
            if isinstance(kind, Object) and kind.all_optional
        )


def words(*known: str, unbuilt: tuple[str, ...] = ()) -> Choice:
    """A choice whose values are its words."""
    return Choice({word: word for word in known}, unbuilt)


Kind: TypeAlias = Scalar | Choice | ListOf | MapOf | Object | OneOf


def text_like(
    label: str,
    pattern: str,
    *,
    echo: bool = True,
    limit: int = TEXT_LIMIT,
    check: Callable[[str], str] = lambda _text: "",
) -> Scalar:
    """Text of a fixed shape. `check` answers what is wrong with a match, or nothing."""
    compiled = re.compile(pattern)

    def parse(written: Written) -> str:
        text = written.text
        shown = quoted(text) if echo else "this value"
        if written.plain and yaml_reading(text):
            hint = f'write "{text}" in quotes if that is what you mean' if text else "give a value"
            raise Refused(f"expected {label}{_found(written, echo=echo)}", hint)
        if "${" in text:
            raise Refused("${...} is understood for passwords only", "write the value itself")
        if len(text) > limit:
            raise Refused(f"longer than {limit} characters; expected {label}")
        if compiled.fullmatch(text) is None:
            raise Refused(f"{shown} is not {label}")
        wrong = check(text)
        if wrong:
            raise Refused(f"{shown} is not {label}: {wrong}")
        return text

    return Scalar(
        label, parse, {"type": "string", "pattern": f"^{_grouped(pattern)}$", "maxLength": limit}
    )


def _grouped(pattern: str) -> str:
    return f"(?:{pattern})"


def _found(written: Written, *, echo: bool = True) -> str:
    if not written.text:
        return ", found nothing"
    shown = quoted(written.text) if echo else "a value"
    return f", found {shown}{reads_as(written.text) if written.plain else ' in quotes'}"


def _port_in_range(text: str) -> str:
    port = int(text.rpartition(":")[2])
    return "" if port <= 65_535 else "the port is over 65535"


def _address_wrong(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return "no such address, or a network with bits beyond its length"
    return ""


def _principal_wrong(text: str) -> str:
    """Kafka tells capitals apart, and blanks count: a fence that denies another spelling is there,
    and holds nobody."""
    kind, _, name = text.partition(":")
    if kind != "User" and kind.casefold() == "user":
        return f"Kafka tells capitals apart, write {quoted(f'User:{name}')}"
    if name != name.strip():
        return f"a blank belongs to the name here, write {quoted(f'{kind}:{name.strip()}')}"
    return ""


def _one_principal_wrong(text: str) -> str:
    if text == "User:*":
        return "it is everybody, name the one that it connects as"
    return _principal_wrong(text)


def _loopback_wrong(text: str) -> str:
    try:
        ipaddress.ip_address(text.rpartition(":")[0].strip("[]"))
    except ValueError:
        return "no such address"
    return _port_in_range(text)


def _url_host_only(text: str) -> str:
    authority = text.split("://", 1)[1].split("/", 1)[0].split("?", 1)[0]
    port = re.search(r":([0-9]+)$", authority)
    return "the port is not in 1-65535" if port and not 1 <= int(port[1]) <= 65_535 else ""


def _duration(*, positive: bool) -> Scalar:
    label = "a duration such as 500ms, 60s, 10m, 24h or 7d"

    def parse(written: Written) -> int:
        try:
            duration_ms = units.parse_duration_ms(written.text)
        except ValueError as error:
            hint = str(error)
            if re.fullmatch(r"0|[1-9][0-9]{0,6}", written.text):
                hint = f"say the unit: {written.text}s or {written.text}ms"
            raise Refused(f"expected {label}{_found(written)}", hint) from None
        if positive and duration_ms == 0:
            raise Refused("expected a duration of more than nothing", "for example 60s")
        return duration_ms

    zero = "" if positive else "0|"
    pattern = f"^({zero}[1-9][0-9]{{0,8}})(ms|s|m|h|d)$"
    return Scalar(label, parse, {"type": "string", "pattern": pattern})


def _parse_count(written: Written) -> int:
    expected = f"expected a whole number{_found(written)}"
    try:
        count = units.parse_count(written.text)
    except ValueError:
        raise Refused(expected, "decimal digits only, for example 100 or 50000") from None
    if not written.plain:
        raise Refused(expected, f"write {written.text} without quotes")
    return count


def _parse_limit(written: Written) -> units.Limit:
    expected = f"expected a number or a percentage{_found(written)}"
    try:
        limit = units.parse_limit(written.text)
    except ValueError:
        raise Refused(expected, "for example 0.5%, 0.005 or 12") from None
    if not (written.plain or limit.percent):
        raise Refused(expected, f"write {written.text} without quotes")
    return limit


def _parse_secret(written: Written) -> SecretRef:
    """Never repeats what was written: it may be the secret itself."""
    text = written.text
    if re.fullmatch(SECRET_PATTERN, text) is None:
        if text.startswith("${file:~"):
            raise Refused("a home folder by ~ is not understood", "write the path without ~")
        raise Refused("a password is never written in a plan", "write ${env:NAME} or ${file:PATH}")
    kind, _, name = text[2:-1].partition(":")
    return SecretRef(kind="env" if kind == "env" else "file", name=name)


def _parse_instant(written: Written) -> int:
    expected = f"expected an instant in UTC{_found(written)}"
    if written.plain:
        raise Refused(expected, 'in quotes, with its zone: "2026-11-27T18:00Z"')
    try:
        return units.parse_instant_ms(written.text)
    except ValueError as error:
        raise Refused(expected, str(error)) from None


def _parse_daily(written: Written) -> tuple[int, int]:
    try:
        return units.parse_daily_ms(written.text)
    except ValueError as error:
        raise Refused(f"expected a time of day{_found(written)}", str(error)) from None


def _parse_which(written: Written) -> str:
    """The name of a condition, or its number."""
    number = re.fullmatch(r"0|[1-9][0-9]{0,2}", written.text)
    if written.plain and number:
        return written.text
    if number or re.fullmatch(WHICH_PATTERN, written.text) is None:
        raise Refused(
            f"expected a name or a number{_found(written)}",
            "a condition's word, a signal's name, or its number counting from 0",
        )
    return written.text


def _parse_peak(written: Written) -> Peak:
    try:
        return units.parse_peak(written.text)
    except ValueError as error:
        raise Refused(f"expected hours of the day{_found(written)}", str(error)) from None


def _parse_version(written: Written) -> int:
    if written.text == "1" and written.plain:
        return 1
    raise Refused(f"expected format version 1{_found(written)}", "write: cockpit: 1")


TEXT = text_like("text", r".*\S.*")
NAME = text_like("a name of 1 to 80 letters, digits, dots, underscores or dashes", NAME_PATTERN)
TOPIC = text_like(
    "a topic name (1 to 249 letters, digits, dots, underscores or dashes)", TOPIC_PATTERN
)
TOPIC_OR_ALL = text_like('a topic name, or "*" for all', rf"\*|{TOPIC_PATTERN}")
ARGUMENT = text_like("an argument", r".*\S.*")
GROUP = text_like("a consumer group", r".*\S.*", limit=255)
PRINCIPAL = text_like(
    "a principal such as User:checkout", PRINCIPAL_PATTERN, check=_one_principal_wrong
)
PRINCIPAL_OR_ALL = text_like(
    'a principal such as User:checkout, or "*" for all',
    rf"\*|{PRINCIPAL_PATTERN}",
    check=_principal_wrong,
)
ENTITY_OR_ALL = text_like('an entity such as user=checkout, or "*" for all', r".*\S.*")
USER_OR_ALL = text_like('a user name, or "*" for all', r".*\S.*")
SUBJECT_OR_ALL = text_like('a subject such as orders-value, or "*" for all', r".*\S.*")
REGION = text_like("an AWS region such as eu-west-1", r"[a-z]{2,4}(-[a-z0-9]{1,16}){1,4}")
ARN = text_like(
    "the resource name of a replicator, arn:aws:kafka:...:replicator/...",
    r"arn:aws[a-z-]*:kafka:[a-z0-9-]+:[0-9]{12}:replicator/[A-Za-z0-9._/-]{1,200}",
)
CONFIG = text_like("a topic config such as retention.ms", r"[a-z][a-z0-9._-]{0,199}")
USERNAME = text_like("a user name", r".*\S.*", echo=False)
BOOTSTRAP = text_like(
    "a broker address such as kafka-1.example.internal:9092",
    BOOTSTRAP_PATTERN,
    echo=False,
    check=_port_in_range,
)
ZOOKEEPER_PATH = text_like(
    "a path such as /kafka, without a slash at its end", r"(/[A-Za-z0-9._-]{1,80}){1,8}"
)
URL = text_like(
    "an http:// or https:// address without a user name, password or fragment",
    URL_PATTERN,
    echo=False,
    check=_url_host_only,
)
BASE_URL = text_like(
    "an http:// or https:// address without a user name, password, query or fragment",
    BASE_URL_PATTERN,
    echo=False,
    check=_url_host_only,
)
HOST = text_like(
    "a host name or IP address, without a port",
    r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,39}",
)
ADDRESS = text_like(
    "an IP address or network such as 10.1.2.3 or 10.1.2.0/24",
    r"[0-9A-Fa-f:.]{2,39}(/[0-9]{1,3})?",
    check=_address_wrong,
)
LOOPBACK = text_like(
    "a loopback address with its port, such as 127.0.0.1:9464 or [::1]:9464",
    r"(127(\.[0-9]{1,3}){3}|\[::1\]):[1-9][0-9]{0,4}",
    check=_loopback_wrong,
)
FILE = text_like("a file path, from the plan's folder, without ~", r"[^~\s].*")
JSON_PATH = text_like("a dotted path into JSON such as errors.ratio or 0.value", JSON_PATH_PATTERN)
WINDOW = _duration(positive=False)
DURATION = _duration(positive=True)
COUNT = Scalar(
    "a whole number",
    _parse_count,
    {"type": "integer", "minimum": 0, "maximum": units.MAX_COUNT},
)
LIMIT = Scalar(
    "a number or a percentage such as 0.5%",
    _parse_limit,
    {
        "oneOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": f"^{units.PERCENT_PATTERN}$"},
        ]
    },
)
SECRET = Scalar(
    "${env:NAME} or ${file:PATH}",
    _parse_secret,
    {"type": "string", "pattern": f"^{SECRET_PATTERN}$"},
)
INSTANT = Scalar(
    "an instant in UTC such as 2026-11-27T18:00Z, in quotes",
    _parse_instant,
    {"type": "string", "pattern": f"^{INSTANT_PATTERN}$"},
)
DAILY = Scalar(
    "a time of day such as 18:00-21:00 UTC",
    _parse_daily,
    {"type": "string", "pattern": f"^{DAILY_PATTERN}$"},
)
PEAK = Scalar(
    "hours such as 18:00-21:00 UTC, or Mon-Fri 18:00-21:00 UTC",
    _parse_peak,
    {"type": "string", "pattern": f"^{units.PEAK_PATTERN}$"},
)
WHICH = Scalar(
    "a condition's word, a signal's name, or a number counting from 0",
    _parse_which,
    {
        "oneOf": [
            {"type": "integer", "minimum": 0, "maximum": 999},
            {"type": "string", "pattern": f"^(?!(0|[1-9][0-9]{{0,2}})$){WHICH_PATTERN}$"},
        ]
    },
)
DRILLED = text_like("a connector, a broker such as source/1, or a side", DRILLED_PATTERN)
VERSION = Scalar("1", _parse_version, {"const": 1})
