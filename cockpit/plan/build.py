"""Items that were read without a problem, made into the plan's values.

Never checks anything: the reader and the rules have.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from cockpit.core import plan as core
from cockpit.core.crew import LEASE_MS, Role
from cockpit.core.drills import DrillStep, Expect, ExpectKind
from cockpit.core.elsewhere import Coordination
from cockpit.core.notify import HEADS_EVERY_MS, MetricsPlace, Notify, Webhook
from cockpit.core.peaks import Over, Peak, usual_gap_ms
from cockpit.core.schedule import FlightWindow, FreezeWindow
from cockpit.plan.inventory import exclusions_of
from cockpit.plan.problems import Place
from cockpit.plan.reader import Item
from cockpit.plan.units import Limit

T = TypeVar("T", str, int, bool, core.SecretRef, Limit)


_SIGNAL_KINDS: tuple[Literal["http", "prometheus", "command"], ...] = (
    "http",
    "prometheus",
    "command",
)


class Builder:
    """Builds one plan; relative paths in it begin at `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.references: list[tuple[Place, core.SecretRef | Path]] = []
        """Secrets and files that the plan names, with their places."""

    def plan(self, item: Item) -> core.Plan:
        """The whole plan."""
        signals = item.fields["signals"].fields if "signals" in item.fields else {}
        source, target = self._cluster(item.fields["source"]), self._cluster(item.fields["target"])
        registries = item.fields.get("registries")
        return core.Plan(
            name=_get(item, "name", str),
            environment=_maybe(item, "environment", str) or "",
            source=source,
            target=target,
            replication=self._replication(item.fields["replication"]),
            services=tuple(self._service(entry) for entry in _list(item, "services")),
            waves=tuple(self._wave(entry) for entry in _list(item, "waves")),
            signals=tuple(self._signal(name, signal) for name, signal in signals.items()),
            approved_differences=tuple(map(_difference, _list(item, "approved_differences"))),
            source_registry=self._registry(registries, "source"),
            target_registry=self._registry(registries, "target"),
            interleavings=tuple(_interleaving(e) for e in _list(item, "allow_interleaving")),
            drills=_choice(item, "drills") == "allowed",
            freeze_windows=tuple(freeze_window(e) for e in _list(item, "freeze_windows")),
            people=_people(item.fields["people"]) if "people" in item.fields else None,
            coordination=_coordination(item.fields.get("coordination")),
            notify=self._notify(item.fields["notify"]) if "notify" in item.fields else None,
            first_hop=self._first_hop(item.fields["replication"]),
            excluded=exclusions_of(item),
        )

    def _cluster(self, item: Item) -> core.ClusterSpec:
        security = item.fields["security"]
        return core.ClusterSpec(
            bootstrap=_texts(item, "bootstrap"),
            security=core.Security(
                protocol=_choice(security, "protocol"),
                mechanism=_choice(security, "mechanism"),
                login=self._login(security) if "password" in security.fields else None,
                oauth=self._token_source(security),
                region=_maybe(security, "region", str) or "",
                ca_file=self._file(security, "ca"),
                cert_file=self._file(security, "cert"),
                key_file=self._file(security, "key"),
            ),
            canary=self._login(item.fields["canary"]) if "canary" in item.fields else None,
            zookeeper=_zookeeper(item.fields.get("zookeeper")),
        )

    def _first_hop(self, replication: Item) -> core.FirstHop | None:
        item = replication.fields.get("first_hop")
        if item is None:
            return None
        return core.FirstHop(group=_get(item, "group", str), between=self._cluster(item))

    def _login(self, item: Item) -> core.Login:
        """A user name with its password; with its token where it logs in with one."""
        key = "password" if "password" in item.fields else "token"
        return core.Login(username=_get(item, "username", str), password=self._secret(item, key))

    def _token_source(self, security: Item) -> core.TokenSource | None:
        if "token" in security.fields:
            return core.TokenSource(token=self._secret(security, "token"))
        if "oauth" not in security.fields:
            return None
        oauth = security.fields["oauth"]
        return core.TokenSource(
            endpoint=_get(oauth, "endpoint", str),
            client_id=_get(oauth, "client_id", str),
            client_secret=self._secret(oauth, "client_secret"),
            scope=_maybe(oauth, "scope", str) or "",
            ca_file=self._file(oauth, "ca"),
        )

    def _registry(self, registries: Item | None, side: core.Side) -> core.RegistrySpec | None:
        item = registries.fields.get(side) if registries is not None else None
        if item is None:
            return None
        return core.RegistrySpec(
            url=_get(item, "url", str),
            login=self._login(item) if "password" in item.fields else None,
            ca_file=self._file(item, "ca"),
        )

    def _replication(self, item: Item) -> core.Replication:
        connectors = item.fields.get("connectors")
        return core.Replication(
            kind=_choice(item, "kind"),
            connect=_maybe(item, "connect", str) or "",
            source_connector=_get(connectors, "source", str) if connectors else "",
            checkpoint_connector=_get(connectors, "checkpoint", str) if connectors else "",
            policy=_choice(item, "policy"),
            url=_maybe(item, "url", str) or "",
            name=_maybe(item, "name", str) or "",
            api=_choice(item, "api") if "api" in item.fields else "",
            cluster=_maybe(item, "cluster", str) or "",
            login=self._login(item) if "password" in item.fields else None,
            arn=_maybe(item, "arn", str) or "",
            region=_maybe(item, "region", str) or "",
        )

    def _notify(self, item: Item) -> Notify:
        hook, place = item.fields.get("webhook"), item.fields.get("metrics")
        return Notify(
            webhook=self._webhook(hook) if hook is not None else None,
            metrics=MetricsPlace(
                listen=_maybe(place, "listen", str) or "",
                socket=self._path(place, "socket"),
            )
            if place is not None
            else None,
        )

    def _webhook(self, item: Item) -> Webhook:
        return Webhook(
            url=self._secret(item, "url"),
            hosts=tuple(host.lower() for host in _texts(item, "hosts")),
            addresses=_texts(item, "addresses"),
            ca_file=self._file(item, "ca"),
            heads_every_ms=_maybe(item, "heads_every", int) or HEADS_EVERY_MS,
        )

    def _path(self, item: Item, key: str) -> str:
        """A path that need not be there yet; empty: none is given."""
        given = _maybe(item, key, str)
        return str(self._folder / given) if given else ""

    def _signal(self, name: str, item: Item) -> core.SignalSpec:
        kind = next(kind for kind in _SIGNAL_KINDS if kind in item.fields)
        return core.SignalSpec(
            name=name,
            url=_maybe(item, kind, str) or "" if kind != "command" else "",
            path=_maybe(item, "path", str) or "",
            unit=_choice(item, "unit"),
            max_age_ms=_get(item, "max_age", int),
            kind=kind,
            query=_maybe(item, "query", str) or "",
            argv=self._argv(item),
        )

    def _service(self, item: Item) -> core.Service:
        group = _maybe(item, "group", str)
        probe = item.fields.get("probe")
        return core.Service(
            name=_get(item, "name", str),
            principal=_get(item, "principal", str),
            stop=self._control(item.fields["stop"]),
            start=self._control(item.fields["start"]),
            undo=self._control(item.fields["undo"]),
            produces=_texts(item, "produces"),
            consumes=_texts(item, "consumes"),
            group=group,
            offsets=_offsets(item.fields.get("offsets")) if group is not None else None,
            owner=_maybe(item, "owner", str) or "",
            criticality=_choice(item, "criticality"),
            probe=self._command(probe) if probe is not None else None,
        )

    def _control(self, item: Item) -> core.Control:
        if "manual" in item.fields:
            return core.Manual(text=_get(item, "manual", str))
        return self._command(item) if "command" in item.fields else _http(item.fields["http"])

    def _command(self, item: Item, key: str = "command") -> core.CommandCall:
        timeout_ms = _maybe(item, "timeout", int)
        given = () if timeout_ms is None else (timeout_ms,)
        return core.CommandCall(self._argv(item, key), *given)

    def _wave(self, item: Item) -> core.Wave:
        owner, rollback = item.fields["write_owner"], item.fields.get("rollback")
        recovery = tuple(self._called(e) or _confirm(e) for e in _list(item, "recovery"))
        return core.Wave(
            name=_get(item, "name", str),
            services=_texts(item, "services"),
            steps=tuple(self._called(e) or _step(e) for e in _list(item, "steps")),
            write_owner=core.WriteOwner(_choice(owner, "before"), _choice(owner, "after")),
            gates=tuple(_condition(entry) for entry in _list(item, "gates")),
            rollback=_rollback(rollback) if rollback is not None else core.Rollback(),
            approvers=_texts(item, "approvers"),
            rollback_window_ms=_maybe(item, "rollback_window", int),
            window=flight_window(item.fields.get("window")),
            recovery=recovery,
        )

    def _called(self, item: Item) -> core.HttpStep | core.CommandStep | None:
        """A step that makes a call; None: another one."""
        ((word, settings),) = item.fields.items()
        if word == "http":
            return core.HttpStep(_http(settings), *self._undo(settings))
        if word == "command":
            return core.CommandStep(self._command(settings, "run"), *self._undo(settings))
        return None

    def _undo(self, settings: Item) -> tuple[core.HttpCall | core.CommandCall | None, bool]:
        """What going back calls, and whether the plan says that there is nothing to take back."""
        said = settings.fields["undo"].fields if "undo" in settings.fields else {}
        call = self._command(said["command"], "run") if "command" in said else None
        return call or (_http(said["http"]) if "http" in said else None), "nothing" in said

    def _argv(self, item: Item, key: str = "command") -> tuple[str, ...]:
        """A program with a slash in it begins at the plan's folder; another is looked up later."""
        argv = _texts(item, key)
        if not argv or "/" not in argv[0]:
            return argv
        path = self._folder / argv[0]
        self.references.append((_list(item, key)[0].place, path))
        return (str(path), *argv[1:])

    def _secret(self, item: Item, key: str) -> core.SecretRef:
        ref = _get(item, key, core.SecretRef)
        if ref.kind == "file":
            ref = core.SecretRef(kind="file", name=str(self._folder / ref.name))
        self.references.append((item.fields[key].place, ref))
        return ref

    def _file(self, item: Item, key: str) -> str | None:
        name = _maybe(item, key, str)
        if name is None:
            return None
        path = self._folder / name
        self.references.append((item.fields[key].place, path))
        return str(path)


def _http(call: Item) -> core.HttpCall:
    return core.HttpCall(
        url=_get(call, "url", str),
        method=_choice(call, "method"),
        timeout_ms=_get(call, "timeout", int),
    )


def _offsets(item: Item | None) -> core.OffsetsSpec:
    if item is None:
        return core.OffsetsSpec()
    return core.OffsetsSpec(
        resume=_choice(item, "resume"),
        replay_tolerance_records=_maybe(item, "replay_tolerance", int),
        at_ms=_maybe(item, "at", int),
        accept_loss=_acceptance(item.fields.get("accept_loss")),
        accept_replay=_acceptance(item.fields.get("accept_replay")),
    )


def _acceptance(item: Item | None) -> core.Acceptance | None:
    return None if item is None else core.Acceptance(_get(item, "why", str), _get(item, "by", str))


def _difference(item: Item) -> core.ApprovedDifference:
    why, by = _get(item, "why", str), _get(item, "by", str)
    if "config" in item.fields:
        topic, config = _get(item, "topic", str), _get(item, "config", str)
        return core.ApprovedDifference(why=why, by=by, topic=topic, config=config)
    kind, name = next((kind, key) for kind, key in _NAMED_BY.items() if kind in item.fields)
    return core.ApprovedDifference(why=why, by=by, kind=kind, **{name: _get(item, kind, str)})


_NAMED_BY: dict[core.DifferenceKind, str] = {
    "partitions": "topic",
    "records": "topic",
    "acl": "principal",
    "quota": "principal",
    "user": "principal",
    "schema": "subject",
}
"""The key of each kind but `config`, and the field of the core that its value is for."""


def _interleaving(item: Item) -> core.Interleaving:
    topic, why, by = (_get(item, key, str) for key in ("topic", "why", "by"))
    return core.Interleaving(topic=topic, why=why, by=by)


def freeze_window(item: Item) -> FreezeWindow:
    """One freeze window."""
    why = _maybe(item, "why", str) or ""
    if "daily" in item.fields:
        from_ms, to_ms = cast("tuple[int, int]", item.fields["daily"].value)
        return FreezeWindow(from_ms, to_ms, why, daily=True)
    return FreezeWindow(_get(item, "from", int), _get(item, "to", int), why)


def flight_window(item: Item | None) -> FlightWindow | None:
    """The window of a wave, if it says one."""
    return None if item is None else FlightWindow(_get(item, "from", int), _get(item, "to", int))


def _rollback(item: Item) -> core.Rollback:
    return core.Rollback(
        triggers=tuple(_condition(entry) for entry in _list(item, "triggers")),
        on_trigger=_choice(item, "on_trigger"),
        after_no_return=_choice(item, "after_no_return"),
    )


def _condition(item: Item) -> core.Condition:
    ((word, settings),) = item.fields.items()
    max_age_ms = _get(settings, "max_age", int)
    if word == "client_probe":
        return core.ClientProbeGate(max_age_ms=max_age_ms)
    for_ms = _get(settings, "for", int)
    if word == "parity":
        return core.ParityGate(
            topics=_get(settings, "topics", bool),
            acls=_get(settings, "acls", bool),
            for_ms=for_ms,
            max_age_ms=max_age_ms,
            schemas=_get(settings, "schemas", bool),
            quotas=_get(settings, "quotas", bool),
            users=_get(settings, "users", bool),
            records=_get(settings, "records", bool),
        )
    over = _over(settings, max_age_ms)
    window: dict[str, Any] = {"for_ms": for_ms, "max_age_ms": max_age_ms, "over": over}
    if word == "replication_lag":
        return core.ReplicationLagGate(_get(settings, "max", int), **window)
    if word == "group_lag":
        return core.GroupLagGate(_get(settings, "max", int), **window)
    if word == "offset_delta":
        return core.OffsetDeltaGate(
            max_reread_records=_get(settings, "max_reread", int),
            max_skipped_records=_get(settings, "max_skipped", int),
            **window,
        )
    assert word == "signal", word
    most = _get(settings, "max", Limit).value
    return core.SignalGate(_get(settings, "name", str), most, **window)


def _over(settings: Item, max_age_ms: int) -> Over | None:
    over_ms = _maybe(settings, "over", int)
    if over_ms is None:
        return None
    return Over(
        over_ms,
        peaks(settings),
        _maybe(settings, "max_gap", int) or usual_gap_ms(over_ms, max_age_ms, peaks(settings)),
    )


def peaks(settings: Item) -> tuple[Peak, ...]:
    """The hours that a condition's window must hold, as far as they could be read."""
    values = [entry.value for entry in _list(settings, "including")]
    return tuple(value for value in values if isinstance(value, Peak))


def _step(item: Item) -> core.Step:
    ((word, settings),) = item.fields.items()
    if word in _TIMED_STEPS:
        return _TIMED_STEPS[word](timeout_ms=_get(settings, "timeout", int))
    if word == "fence":
        return core.FenceStep(
            deadline_ms=_get(settings, "deadline", int),
            at_zero=_choice(settings, "at_zero"),
            by=_choice(settings, "by"),
            deny=_choice(settings, "deny"),
        )
    if word == "reverse":
        return core.ReverseStep(
            connector=_get(settings, "connector", str),
            forward=_choice(settings, "forward"),
            start_at=_choice(settings, "start_at"),
            timeout_ms=_get(settings, "timeout", int),
        )
    if word == "promote":
        accepted = _acceptance(settings.fields.get("accept_loss"))
        return core.PromoteStep(
            _texts(settings, "topics"), _get(settings, "timeout", int), accepted
        )
    if word == "soak":
        return core.SoakStep(for_ms=_get(settings, "for", int))
    if word == "drill":
        return _drill(settings)
    assert word == "confirm", word
    return _confirm(item)


def _confirm(item: Item) -> core.ConfirmStep:
    return core.ConfirmStep(text=_get(item.fields["confirm"], "text", str))


def _drill(item: Item) -> DrillStep:
    kinds: tuple[ExpectKind, ...] = ("gate", "trigger", "alarm")
    expect = item.fields["expect"]
    kind = next(kind for kind in kinds if kind in expect.fields)
    return DrillStep(
        do=_choice(item, "do"),
        on=_get(item, "on", str),
        expect=Expect(kind, _get(expect, kind, str)),
        within_ms=_get(item, "within", int),
        timeout_ms=_get(item, "timeout", int),
        calls=_calls(item),
    )


def _calls(item: Item) -> tuple[core.HttpCall, core.HttpCall] | None:
    broken, mended = item.fields.get("break"), item.fields.get("mend")
    if broken is None or mended is None:
        return None
    return _http(broken), _http(mended)


_TIMED_STEPS: dict[
    str, type[core.StopStep | core.DrainStep | core.OffsetsStep | core.ProbeStep | core.StartStep]
] = {
    "stop": core.StopStep,
    "drain": core.DrainStep,
    "offsets": core.OffsetsStep,
    "probe": core.ProbeStep,
    "start": core.StartStep,
}


# --- typed access ---------------------------------------------------------------------------------


def _people(item: Item) -> core.People:
    roles = {
        user: tuple(cast("Role", entry.value) for entry in listed.items)
        for user, listed in item.fields["roles"].fields.items()
    }
    return core.People(
        roles,
        _maybe(item, "unix_group", str) or "",
        _maybe(item, "lease", int) or LEASE_MS,
        second_person=_texts(item, "second_person"),
        poll=tuple(cast("Role", entry.value) for entry in _list(item, "poll")),
    )


def _zookeeper(item: Item | None) -> core.ZooKeeperSpec | None:
    if item is None:
        return None
    return core.ZooKeeperSpec(_texts(item, "servers"), _maybe(item, "root", str) or "")


def _coordination(item: Item | None) -> Coordination | None:
    if item is None:
        return None
    return Coordination(_get(item, "topic", str), _choice(item, "cluster") or "target")


def _get(item: Item, key: str, of: type[T]) -> T:
    value = item.fields[key].value
    assert isinstance(value, of), (key, type(value))
    return value


def _maybe(item: Item, key: str, of: type[T]) -> T | None:
    return _get(item, key, of) if key in item.fields else None


def _choice(item: Item, key: str) -> Any:  # noqa: ANN401  # the table's words are the Literal's
    """A word of a choice, or None when absent; a test holds the tables to the core's Literals."""
    return item.fields[key].value if key in item.fields else None


def _list(item: Item, key: str) -> tuple[Item, ...]:
    return item.fields[key].items if key in item.fields else ()


def _texts(item: Item, key: str) -> tuple[str, ...]:
    values = [entry.value for entry in _list(item, key)]
    return tuple(value for value in values if isinstance(value, str))
