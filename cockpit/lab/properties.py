"""Configuration files of the lab's Java processes, as text.

Never writes a file and never starts a process.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cockpit.lab.access import ADMIN, CONNECT_PREFIX
from cockpit.lab.certificates import Tls
from cockpit.lab.state import SECOND, State

CONTROLLER = "controller"
"""Principal of the target's controller listener."""
WATCH = "WATCH"
"""Listener of those who watch: the plan's principals."""
REAUTH_MS = 5_000
SOURCE_SEGMENT_BYTES = "536870912"

_BROKER = {
    "auto.create.topics.enable": "false",
    "allow.everyone.if.no.acl.found": "false",
    "num.partitions": "1",
    "offsets.topic.num.partitions": "5",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "2",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": "4194304",
}
_BY_PASSWORD = {
    # PLAIN knows `admin` alone: it lets the lab in before any SCRAM user exists.
    "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
    "sasl.mechanism.inter.broker.protocol": "PLAIN",
}


def _text(values: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in values.items())


def _plain(username: str, password: str) -> str:
    return (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="{username}" password="{password}" user_{username}="{password}";'
    )


def scram(username: str, password: str) -> dict[str, str]:
    """Settings of a Java client that logs in by password."""
    return {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": _scram(username, password),
    }


def scram_tls(username: str, password: str, tls: Path) -> dict[str, str]:
    """The same over TLS. `tls`: folder of the certificates."""
    return scram(username, password) | {
        "security.protocol": "SASL_SSL",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(Tls(tls, username).authority),
    }


def tls_client(tls: Tls) -> dict[str, str]:
    """Settings of a Java client that logs in by certificate."""
    return {"security.protocol": "SSL", **_pem(tls)}


def _pem(tls: Tls) -> dict[str, str]:
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(tls.store),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(tls.authority),
    }


def _scram(username: str, password: str) -> str:
    return (
        "org.apache.kafka.common.security.scram.ScramLoginModule required "
        f'username="{username}" password="{password}";'
    )


def _logins(password: str, workload: str = "sasl_plaintext") -> dict[str, str]:
    """How people log in: at the listener of the workload, and at the one of those who watch, where
    a login ends after a while. The workload's clients cannot renew theirs."""
    found = {}
    for listener in (workload, WATCH.lower()):
        name = f"listener.name.{listener}"
        found[f"{name}.plain.sasl.jaas.config"] = _plain(ADMIN, password)
        found[f"{name}.scram-sha-512.sasl.jaas.config"] = _scram(ADMIN, password)
    for mechanism in ("plain", "scram-sha-512"):
        setting = f"listener.name.{WATCH.lower()}.{mechanism}.connections.max.reauth.ms"
        found[setting] = str(REAUTH_MS)
    return found


def _listeners(state: State, broker: str, protocol: str = "SASL_PLAINTEXT") -> str:
    watch = f"{WATCH}://{state.address(f'{broker}-watch')}"
    return f"{protocol}://{state.address(broker)},{watch}"


def zookeeper(state: State, data: Path) -> str:
    """ZooKeeper of the source."""
    return _text(
        {
            "dataDir": str(data),
            "clientPort": str(state.ports["zookeeper"]),
            "clientPortAddress": "127.0.0.1",
            "maxClientCnxns": "0",
            "admin.enableServer": "false",
            "tickTime": "500",
            "4lw.commands.whitelist": "srvr",
        }
    )


def open_source(state: State, data: Path) -> str:
    """An old source broker without an authorizer, at one listener for everybody."""
    return _text(
        _BROKER
        | _on_zookeeper(state)
        | {
            "broker.id": "1",
            "listeners": f"PLAINTEXT://{state.address('source')}",
            "log.dirs": str(data),
            "log.segment.bytes": SOURCE_SEGMENT_BYTES,
        }
    )


def broker_on_zookeeper(state: State, values: Mapping[str, str]) -> str:
    """A broker of any age that keeps to ZooKeeper, with what is said of it alone."""
    return _text({**_BROKER, **_on_zookeeper(state), **values})


def _on_zookeeper(state: State) -> dict[str, str]:
    return {
        "zookeeper.connect": state.address("zookeeper"),
        # Short, so that a killed broker may come back soon under its id.
        "zookeeper.session.timeout.ms": "2000",
        "zookeeper.connection.timeout.ms": "10000",
    }


def source(state: State, data: Path, password: str, name: str = "source") -> str:
    """One of the source's brokers. Of two, either has a copy of every commit."""
    listeners = _listeners(state, name)
    copies = str(len(state.source_brokers()))
    return _text(
        _BROKER
        | _BY_PASSWORD
        | _logins(password)
        | _on_zookeeper(state)
        | {
            "broker.id": "2" if name == SECOND else "1",
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "listeners": listeners,
            "advertised.listeners": listeners,
            "listener.security.protocol.map": (
                f"SASL_PLAINTEXT:SASL_PLAINTEXT,{WATCH}:SASL_PLAINTEXT"
            ),
            "security.inter.broker.protocol": "SASL_PLAINTEXT",
            "authorizer.class.name": "kafka.security.authorizer.AclAuthorizer",
            "super.users": f"User:{ADMIN}",
            "log.dirs": str(data),
            # A default of the old broker that mirroring does not carry over: see the plan's
            # approved differences.
            "log.segment.bytes": SOURCE_SEGMENT_BYTES,
        }
    )


def tls_source(state: State, data: Path, tls: Tls, password: str, controller_password: str) -> str:
    """A source that is its own controller; people log in by password, over TLS."""
    listeners = _listeners(state, "source", "SASL_SSL")
    controller = state.address("source-controller")
    return _text(
        _BROKER
        | _BY_PASSWORD
        | _logins(password, "sasl_ssl")
        | _kraft(state, data, controller_password)
        | _pem(tls)
        | {
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"{listeners},CONTROLLER://{controller}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": (
                f"CONTROLLER:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,{WATCH}:SASL_SSL"
            ),
            "inter.broker.listener.name": "SASL_SSL",
            "super.users": f"User:{ADMIN};User:{CONTROLLER}",
            "log.segment.bytes": SOURCE_SEGMENT_BYTES,
        }
    )


def target(state: State, data: Path, password: str, controller_password: str) -> str:
    """The target's broker, which is its own controller; people log in by password."""
    listeners = _listeners(state, "target")
    return _text(
        _BROKER
        | _BY_PASSWORD
        | _logins(password)
        | _kraft(state, data, controller_password)
        | {
            "listeners": f"{listeners},CONTROLLER://{state.address('controller')}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": (
                f"CONTROLLER:SASL_PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,{WATCH}:SASL_PLAINTEXT"
            ),
            "inter.broker.listener.name": "SASL_PLAINTEXT",
            "super.users": f"User:{ADMIN};User:{CONTROLLER}",
        }
    )


def open_target(state: State, data: Path, controller_password: str, *, name: str = "target") -> str:
    """The same without an authorizer, at one listener for everybody. `name`: of the broker."""
    controller = "controller" if name == "target" else f"{name}-controller"
    listener = f"PLAINTEXT://{state.address(name)}"
    values = (
        _BROKER
        | _kraft(state, data, controller_password, controller)
        | {
            "listeners": f"{listener},CONTROLLER://{state.address(controller)}",
            "advertised.listeners": listener,
            "listener.security.protocol.map": "CONTROLLER:SASL_PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
        }
    )
    del values["authorizer.class.name"]
    return _text(values)


def tls_target(state: State, data: Path, tls: Tls, controller_password: str) -> str:
    """The same with people who log in by certificate: `CN=ann` is `User:ann`."""
    listener = f"SSL://{state.address('target')}"
    return _text(
        _BROKER
        | _kraft(state, data, controller_password)
        | _pem(tls)
        | {
            "listeners": f"{listener},CONTROLLER://{state.address('controller')}",
            "advertised.listeners": listener,
            "listener.security.protocol.map": "CONTROLLER:SASL_PLAINTEXT,SSL:SSL",
            "inter.broker.listener.name": "SSL",
            "ssl.client.auth": "required",
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
            "super.users": f"User:{ADMIN};User:{CONTROLLER};User:{tls.name}",
        }
    )


def _kraft(
    state: State, data: Path, controller_password: str, controller: str = "controller"
) -> dict[str, str]:
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{state.address(controller)}",
        "controller.listener.names": "CONTROLLER",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": _plain(CONTROLLER, controller_password),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "log.dirs": str(data),
    }


def connect(state: State, security: Mapping[str, str], secrets: Path, name: str = "connect") -> str:
    """The Connect worker, which logs in at its cluster by these settings. Connectors name their
    passwords by file, so REST never shows one."""
    converter = "org.apache.kafka.connect.converters.ByteArrayConverter"
    values = {
        "bootstrap.servers": state.address("target" if name == "connect" else "source"),
        "group.id": CONNECT_PREFIX,
        "key.converter": converter,
        "value.converter": converter,
        "header.converter": converter,
        "listeners": state.url(name),
        "rest.advertised.host.name": "127.0.0.1",
        "plugin.discovery": "service_load",
        "scheduled.rebalance.max.delay.ms": "0",
        "offset.flush.interval.ms": "1000",
        "task.shutdown.graceful.timeout.ms": "3000",
        "connector.client.config.override.policy": "All",
        "config.providers": "directory",
        "config.providers.directory.class": (
            "org.apache.kafka.common.config.provider.DirectoryConfigProvider"
        ),
        "config.providers.directory.param.allowed.paths": str(secrets),
    }
    for topic in ("config", "offset", "status"):
        values[f"{topic}.storage.topic"] = f"{CONNECT_PREFIX}-{topic}"
        values[f"{topic}.storage.replication.factor"] = "1"
    values["offset.storage.partitions"] = values["status.storage.partitions"] = "1"
    for role in ("", "producer.", "consumer.", "admin."):
        values |= {f"{role}{key}": value for key, value in security.items()}
    return _text(values)
