"""A schema registry behind Confluent's REST interface, read whole: subjects, versions, settings.

Never changes anything, and never lets one subject that cannot be read take the others with it.
Knows the interface as Confluent's registry and Apicurio's `ccompat` speak it; where they differ,
what the registry does decides, never what it is called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import quote

from cockpit.core.observe import FailureKind, Unknown
from cockpit.core.plan import RegistrySpec, SecretRef, Side
from cockpit.core.survey import (
    NO_MODES,
    RegistrySurvey,
    SchemaReference,
    SchemaVersion,
    Subject,
)
from cockpit.kafka.http import READ_TIMEOUT_MS, Http, Reply
from cockpit.kafka.schemas import canonical, kind_of
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError
from cockpit.taskgroups import one_of

PAGE: Final = 200
PAGE_BYTES: Final = 32 << 20
AT_ONCE: Final = 8
SILENT_SUBJECTS: Final = 5
"""After so many requests in one reading that got no answer, the registry itself is silent."""
RENEW_MS: Final = 600_000
"""What is known of a version is forgotten that often, whatever the registry says."""

MOST_UNLISTED: Final = 100
"""So many ids are asked for by themselves in one reading."""

_NOBODY: Final = "cockpit.no-such-subject"
_NO_SUBJECT: Final = 40401
_NO_VERSION: Final = 40402
_NO_SCHEMA: Final = 40403
_NO_OWN_LEVEL: Final = 40408
_NO_OWN_MODE: Final = 40409

A = TypeVar("A")
B = TypeVar("B")
Versions = Mapping[int, SchemaVersion]


@dataclass(frozen=True, slots=True)
class _Settings:
    """A registry's own settings, and what its interface has."""

    compatibility: str | Unknown
    mode: str | Unknown
    has_modes: bool
    tells_own_levels: bool
    """It says when a subject has no level of its own; others answer NONE then."""


@dataclass(slots=True)
class _Silence:
    """Requests of one reading that got no answer."""

    count: int = 0


@dataclass(slots=True)
class _Known:
    """What earlier readings found, by subject; a version's content never changes while its subject
    and id stay."""

    since_ms: int
    versions: dict[str, Versions] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    """Canonical form by type and text."""
    by_id: dict[int, SchemaVersion] = field(default_factory=dict)
    """Schemas that no subject lists: an id is one schema for ever."""

    def version(self, entry: object) -> SchemaVersion | None:
        """A version as the interface writes it (AVRO is not written out); None: something else."""
        if not isinstance(entry, dict):
            return None
        match entry:
            case {"version": int(number), "id": int(schema_id), "schema": str(text)}:
                kind = entry.get("schemaType") or "AVRO"
                references = _references(entry.get("references") or ())
                if not isinstance(kind, str) or references is None:
                    return None
                if (kind, text) not in self.texts:
                    self.texts[kind, text] = canonical(kind, text)
                return SchemaVersion(number, schema_id, kind, self.texts[kind, text], references)
            case _:
                return None


class RegistryReader:
    """Reads one registry again and again; asks again only for what can have changed."""

    def __init__(
        self,
        side: Side,
        spec: RegistrySpec,
        clock: Clock,
        reveal: Callable[[SecretRef], str],
        *,
        timeout_ms: int = READ_TIMEOUT_MS,
        ids: AbstractSet[int] = frozenset(),
    ) -> None:
        """Whatever `reveal` raises passes through. A page may take three times `timeout_ms`.

        `ids` are asked for by themselves where no subject lists them; it may change meanwhile.
        """
        login = (spec.login.username, reveal(spec.login.password)) if spec.login else None
        self._side: Side = side
        self._base = spec.url.rstrip("/")
        self._clock = clock
        self._timeout_ms = timeout_ms
        self._http = Http(ca_file=spec.ca_file, login=login)
        self._known = _Known(clock.now_ms())
        self._ids = ids
        self._lists = True
        """Whether `GET /schemas` may be there: the registry has not said otherwise yet."""

    async def read(self) -> RegistrySurvey:
        """The registry as it stands. Raises PortError when it is down, silent or refuses us."""
        asked_at_ms = self._clock.now_ms()
        if asked_at_ms - self._known.since_ms > RENEW_MS:
            self._known = _Known(asked_at_ms)
            self._lists = True
        known = self._known
        names = await self._subjects()
        listed = await self._listing()
        settings = await self._settings()
        known.versions = {name: known.versions[name] for name in names if name in known.versions}
        silence = _Silence()

        async def read_one(name: str) -> Subject | None:
            return await self._subject(name, listed, settings, known, silence)

        found = await _each(names, read_one)
        listed_ids = {v.id for s in found.values() if s is not None for v in s.versions}
        lost = sorted(self._ids - listed_ids)[:MOST_UNLISTED]
        unlisted = await _each(lost, self._by_id)
        return RegistrySurvey(
            side=self._side,
            asked_at_ms=asked_at_ms,
            answered_at_ms=self._clock.now_ms(),
            subjects={name: subject for name, subject in found.items() if subject is not None},
            compatibility=settings.compatibility,
            mode=settings.mode,
            unlisted={number: one for number, one in unlisted.items() if one is not None},
        )

    async def answers(self) -> None:
        """Ask for next to nothing. Raises PortError when it is down, silent or refuses us."""
        await self._json("config")

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
        await self._http.close()

    # --- the registry as a whole ------------------------------------------------------------------

    async def _subjects(self) -> list[str]:
        found = await self._json("subjects")
        if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
            raise self._nonsense("subjects")
        return sorted(set(found))

    async def _listing(self) -> Mapping[str, Versions] | None:
        """Versions by subject from `GET /schemas` (Confluent 7.0); None: it does not serve."""
        found: dict[str, dict[int, SchemaVersion]] = {}
        broken: set[str] = set()
        offset = 0
        while self._lists:
            path = f"schemas?deleted=false&offset={offset}&limit={PAGE}"
            reply = await self._get(path, patience=3)
            if 400 <= reply.status < 500:
                self._lists = False
                break
            self._need_ok(reply, "schemas")
            # Off the loop: a page may hold megabytes, and everybody else is read on the loop.
            page = await asyncio.to_thread(self._page, reply)
            if not page:
                return {name: found[name] for name in found.keys() - broken}
            # A registry that pays no heed to the offset would answer for ever.
            self._lists = any(v and v.version not in found.get(name, {}) for name, v in page)
            for name, version in page:
                if version is None:
                    broken.add(name)
                else:
                    found.setdefault(name, {})[version.version] = version
            offset += len(page)
        return None

    def _page(self, reply: Reply) -> list[tuple[str, SchemaVersion | None]]:
        """Subject and version of each entry; None for a version that makes no sense."""
        entries = reply.json(f"registry of the {self._side}, schemas")
        found: list[tuple[str, SchemaVersion | None]] = []
        for entry in entries if isinstance(entries, list) else [entries]:
            name = entry.get("subject") if isinstance(entry, dict) else None
            if not isinstance(name, str):
                raise self._nonsense("schemas")
            found.append((name, self._known.version(entry)))
        return found

    async def _settings(self) -> _Settings:
        config = await self._get("config")
        mode = await self._get("mode")
        probe = await self._get(f"config/{_NOBODY}?defaultToGlobal=false")
        has_modes = mode.status not in (404, 405)
        return _Settings(
            compatibility=self._word(config, "config", "compatibilityLevel"),
            mode=self._word(mode, "mode", "mode") if has_modes else NO_MODES,
            has_modes=has_modes,
            tells_own_levels=_code(probe) == _NO_OWN_LEVEL,
        )

    def _word(self, reply: Reply, what: str, key: str) -> str | Unknown:
        """A setting of the registry; what is no answer is Unknown."""
        try:
            self._need_ok(reply, what)
            return self._text(reply, what, key)
        except PortError as error:
            return Unknown(error.reason)

    # --- one subject ------------------------------------------------------------------------------

    async def _subject(
        self,
        name: str,
        listed: Mapping[str, Versions] | None,
        settings: _Settings,
        known: _Known,
        silence: _Silence,
    ) -> Subject | None:
        """A subject; with its reason where it cannot be read; None where it is gone."""
        try:
            versions = listed.get(name) if listed is not None else None
            if versions is None or not known.versions.get(name, {}).keys() <= versions.keys():
                # A page may miss what moved while the pages were read: then the subject is asked.
                versions = await self._versions(name, known.versions.get(name, {}))
            if not versions:
                return None
            subject = Subject(
                name=name,
                versions=tuple(versions[number] for number in sorted(versions)),
                compatibility=await self._own_level(name, settings),
                mode=await self._own_mode(name) if settings.has_modes else None,
            )
        except PortError as error:
            known.versions.pop(name, None)
            if error.kind == "unreachable":
                raise
            if error.kind == "slow":
                silence.count += 1
                if silence.count >= SILENT_SUBJECTS:
                    raise
            return Subject(name, (), unknown=error.reason)
        else:
            known.versions[name] = versions
            return subject

    async def _versions(self, name: str, known: Versions) -> Versions:
        """Versions of a subject, each asked for once; empty: the subject is gone."""
        path = f"subjects/{quote(name, safe='')}/versions"
        reply = await self._get(path)
        if _code(reply) == _NO_SUBJECT:
            return {}
        self._need_ok(reply, f"versions of {name}")
        numbers = reply.json(f"registry of the {self._side}, versions of {name}")
        if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
            raise self._nonsense(f"versions of {name}")
        if not numbers:
            return {}
        latest = await self._version(name, max(numbers))
        if latest is None:
            return {}
        # Deleted for good and registered anew, a subject counts from 1 again, with other ids.
        same = known.get(latest.version) == latest
        found = {latest.version: latest}
        for number in sorted(set(numbers) - {latest.version}):
            version = known.get(number) if same else None
            version = version or await self._version(name, number)
            if version is not None:
                found[number] = version
        return found

    async def _version(self, name: str, number: int) -> SchemaVersion | None:
        """One version; None: it was deleted meanwhile."""
        what = f"version {number} of {name}"
        reply = await self._get(f"subjects/{quote(name, safe='')}/versions/{number}")
        if _code(reply) in (_NO_SUBJECT, _NO_VERSION):
            return None
        self._need_ok(reply, what)
        version = self._known.version(reply.json(f"registry of the {self._side}, {what}"))
        if version is None or version.version != number:
            raise self._nonsense(what)
        return version

    async def _by_id(self, number: int) -> SchemaVersion | Unknown | None:
        """What an id stands for, whether a subject lists it or not; None: for nothing here."""
        if number in self._known.by_id:
            return self._known.by_id[number]
        what = f"schema id {number}"
        try:
            reply = await self._get(f"schemas/ids/{number}")
            if _code(reply) == _NO_SCHEMA:
                return None
            self._need_ok(reply, what)
            entry = reply.json(f"registry of the {self._side}, {what}")
            if isinstance(entry, dict):
                kind = entry.get("schemaType") or kind_of(str(entry.get("schema")))
                entry = {**entry, "version": 0, "id": number, "schemaType": kind}
            version = self._known.version(entry)
            if version is None:
                raise self._nonsense(what)
        except PortError as error:
            if error.kind in ("unreachable", "slow"):
                raise
            return Unknown(error.reason)
        self._known.by_id[number] = version
        return version

    async def _own_level(self, name: str, settings: _Settings) -> str | None:
        """A subject's own level; None: it has none, or (Confluent 7.4) settings of other kinds."""
        what = f"config of {name}"
        reply = await self._own(what, f"config/{quote(name, safe='')}", _NO_OWN_LEVEL)
        if reply is None:
            return None
        body = reply.json(f"registry of the {self._side}, {what}")
        if isinstance(body, dict) and body.get("compatibilityLevel") is None:
            return None
        level = self._text(reply, what, "compatibilityLevel")
        return None if level == "NONE" and not settings.tells_own_levels else level

    async def _own_mode(self, name: str) -> str | None:
        what = f"mode of {name}"
        reply = await self._own(what, f"mode/{quote(name, safe='')}", _NO_OWN_MODE)
        return None if reply is None else self._text(reply, what, "mode")

    async def _own(self, what: str, path: str, none: int) -> Reply | None:
        """A subject's own setting; None: the registry says by the code `none` that it has none."""
        reply = await self._get(f"{path}?defaultToGlobal=false")
        if _code(reply) in (_NO_SUBJECT, none):
            return None
        self._need_ok(reply, what)
        return reply

    # --- one exchange -----------------------------------------------------------------------------

    async def _get(self, path: str, *, patience: int = 1) -> Reply:
        url, timeout_ms = f"{self._base}/{path}", self._timeout_ms * patience
        return await self._http.request("GET", url, timeout_ms=timeout_ms, body_bytes=PAGE_BYTES)

    async def _json(self, path: str) -> Any:  # noqa: ANN401 - JSON
        reply = await self._get(path)
        self._need_ok(reply, path)
        return reply.json(f"registry of the {self._side}, {path}")

    def _need_ok(self, reply: Reply, what: str) -> None:
        if not reply.ok:
            kind: FailureKind = "refused" if reply.status in (401, 403) else "protocol"
            text = f"registry of the {self._side}, {what}: HTTP {reply.status}{reply.said()}"
            raise PortError(kind, one_line(text))

    def _text(self, reply: Reply, what: str, key: str) -> str:
        body = reply.json(f"registry of the {self._side}, {what}")
        found = body.get(key) if isinstance(body, dict) else None
        if not isinstance(found, str) or not found:
            raise self._nonsense(what)
        return one_line(found, 40)

    def _nonsense(self, what: str) -> PortError:
        text = f"registry of the {self._side}, {what}: unexpected JSON"
        return PortError("protocol", one_line(text))


def _code(reply: Reply) -> int | None:
    """The registry's own error code; None for an answer that is none."""
    if reply.status != 404:
        return None
    try:
        body = reply.json("")
    except PortError:
        return None
    code = body.get("error_code") if isinstance(body, dict) else None
    return code if isinstance(code, int) else None


def _references(entries: object) -> tuple[SchemaReference, ...] | None:
    if not isinstance(entries, list | tuple):
        return None
    found: list[SchemaReference] = []
    for entry in entries:
        match entry:
            case {"name": str(name), "subject": str(subject), "version": int(version)}:
                found.append(SchemaReference(name, subject, version))
            case _:
                return None
    return tuple(found)


async def _each(items: Iterable[A], ask: Callable[[A], Awaitable[B]]) -> dict[A, B]:
    """Answers for all items, AT_ONCE of them at a time. Raises the first PortError."""
    found: dict[A, B] = {}
    left = iter(items)

    async def work() -> None:
        for item in left:
            found[item] = await ask(item)

    with one_of(PortError):
        async with asyncio.TaskGroup() as workers:
            for number in range(AT_ONCE):
                workers.create_task(work(), name=f"registry-{number}")
    return found
