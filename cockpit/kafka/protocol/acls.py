"""DescribeAcls, CreateAcls and DeleteAcls, several bindings in one request.

A filter always names all seven fields: one left open would match, and delete, more than was meant.
Version 0 (before Kafka 2.0) knows literal names alone: what is prefixed is never sent in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.core.observe import AclBinding
from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

DESCRIBE_ACLS: Final = Api(29, "DescribeAcls", 0, 3, flexible_from=2)
CREATE_ACLS: Final = Api(30, "CreateAcls", 0, 3, flexible_from=2)
DELETE_ACLS: Final = Api(31, "DeleteAcls", 0, 3, flexible_from=2)

ANY: Final = 1
PATTERNS_SINCE: Final = 1
"""Before Kafka 2.0 every binding names its resource literally."""

RESOURCES: Final = {
    2: "topic",
    3: "group",
    4: "cluster",
    5: "transactional_id",
    6: "delegation_token",
    7: "user",
}
PATTERNS: Final = {3: "literal", 4: "prefixed"}
OPERATIONS: Final = {
    2: "all",
    3: "read",
    4: "write",
    5: "create",
    6: "delete",
    7: "alter",
    8: "describe",
    9: "cluster_action",
    10: "describe_configs",
    11: "alter_configs",
    12: "idempotent_write",
    13: "create_tokens",
    14: "describe_tokens",
    15: "two_phase_commit",
}
PERMISSIONS: Final = {2: "deny", 3: "allow"}


@dataclass(frozen=True, slots=True)
class AclResult:
    """What became of one binding or filter; `matched` counts bindings that a filter removed."""

    error: int
    message: str
    matched: int = 0


def _word(words: dict[int, str], code: int) -> str:
    return words.get(code, f"code_{code}")


def _code(words: dict[int, str], word: str) -> int:
    return next(code for code, known in words.items() if known == word)


def _write_binding(w: Writer, version: int, acl: AclBinding) -> None:
    w.int8(_code(RESOURCES, acl.resource_type))
    w.string(acl.resource_name)
    if version >= PATTERNS_SINCE:
        w.int8(_code(PATTERNS, acl.pattern))
    w.string(acl.principal)
    w.string(acl.host)
    w.int8(_code(OPERATIONS, acl.operation))
    w.int8(_code(PERMISSIONS, acl.permission))
    w.end_struct()


def describe_acls() -> Request[tuple[int, str, tuple[AclBinding, ...]]]:
    """Error code, its message, and every binding of the cluster."""

    def write(w: Writer, version: int) -> None:
        w.int8(ANY)
        w.string(None)
        if version >= PATTERNS_SINCE:
            w.int8(ANY)
        w.string(None)
        w.string(None)
        w.int8(ANY)
        w.int8(ANY)
        w.end_struct()

    def read(r: Reader, version: int) -> tuple[int, str, tuple[AclBinding, ...]]:
        r.int32()
        error, message = r.int16(), r.string()
        found: list[AclBinding] = []
        for _ in range(r.count()):
            found.extend(_resource(r, version))
        return error, message, tuple(found)

    return Request(DESCRIBE_ACLS, write, read)


def _resource(r: Reader, version: int) -> list[AclBinding]:
    kind, name, pattern = r.int8(), r.string(), _pattern(r, version)
    found: list[AclBinding] = []
    for _ in range(r.count()):
        principal, host = r.string(), r.string()
        operation, permission = r.int8(), r.int8()
        r.end_struct()
        found.append(
            AclBinding(
                resource_type=_word(RESOURCES, kind),
                resource_name=name,
                pattern=pattern,
                principal=principal,
                host=host,
                operation=_word(OPERATIONS, operation),
                permission=_word(PERMISSIONS, permission),
            )
        )
    r.end_struct()
    return found


def _pattern(r: Reader, version: int) -> str:
    return _word(PATTERNS, r.int8()) if version >= PATTERNS_SINCE else "literal"


def _since(bindings: Sequence[AclBinding]) -> int:
    return PATTERNS_SINCE if any(binding.pattern != "literal" for binding in bindings) else 0


def _writer(bindings: Sequence[AclBinding]) -> Callable[[Writer, int], None]:
    """Creations and the filters of deletions have the same seven fields."""

    def write(w: Writer, version: int) -> None:
        w.count(len(bindings))
        for binding in bindings:
            _write_binding(w, version, binding)
        w.end_struct()

    return write


def create_acls(bindings: Sequence[AclBinding]) -> Request[tuple[AclResult, ...]]:
    """Create all of these; a binding that is there already stays one."""

    def read(r: Reader, version: int) -> tuple[AclResult, ...]:
        r.int32()
        return tuple(r.array(lambda: _created(r)))

    return Request(CREATE_ACLS, _writer(bindings), read, since=_since(bindings), changes=True)


def _created(r: Reader) -> AclResult:
    result = AclResult(r.int16(), r.string())
    r.end_struct()
    return result


def delete_acls(bindings: Sequence[AclBinding]) -> Request[tuple[AclResult, ...]]:
    """Delete exactly these; one that is not there counts as no match, not as an error."""

    def read(r: Reader, version: int) -> tuple[AclResult, ...]:
        r.int32()
        return tuple(r.array(lambda: _deleted(r, version)))

    return Request(DELETE_ACLS, _writer(bindings), read, since=_since(bindings), changes=True)


def _deleted(r: Reader, version: int) -> AclResult:
    error, message = r.int16(), r.string()
    matched = r.count()
    for _ in range(matched):
        inner = r.int16()
        error = error or inner
        message = r.string() or message
        r.int8()
        r.string()
        _pattern(r, version)
        r.string()
        r.string()
        r.int8()
        r.int8()
        r.end_struct()
    r.end_struct()
    return AclResult(error, message, matched)
