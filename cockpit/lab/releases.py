"""Kafka versions that can be started here, and how each is fetched and run.

Values only: never fetches and never starts anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cockpit.lab.jars import LAB, JarSet, one_broker


@dataclass(frozen=True, slots=True)
class Release:
    """How a version is fetched and started."""

    jars: JarSet
    folder: str
    """The folder of the set that has its broker."""
    zookeeper: bool
    log4j: bool = False
    authorizer: str = ""


_LOG4J_BINDING: Final = "slf4j-log4j12"
_SIMPLE_BINDING: Final = "slf4j-simple"
_KRAFT_AUTHORIZER: Final = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
RELEASES: Final[Mapping[str, Release]] = {
    "0.8.2.2": Release(
        one_broker("kafka_2.11", "0.8.2.2", _LOG4J_BINDING), "broker", zookeeper=True, log4j=True
    ),
    "0.9.0.1": Release(
        one_broker("kafka_2.11", "0.9.0.1", _LOG4J_BINDING),
        "broker",
        zookeeper=True,
        log4j=True,
        authorizer="kafka.security.auth.SimpleAclAuthorizer",
    ),
    "1.0.2": Release(
        one_broker("kafka_2.12", "1.0.2", _LOG4J_BINDING),
        "broker",
        zookeeper=True,
        log4j=True,
        authorizer="kafka.security.auth.SimpleAclAuthorizer",
    ),
    "2.8.2": Release(
        LAB, "source", zookeeper=True, authorizer="kafka.security.authorizer.AclAuthorizer"
    ),
    "3.9.2": Release(
        one_broker("kafka_2.13", "3.9.2", _SIMPLE_BINDING),
        "broker",
        zookeeper=False,
        authorizer=_KRAFT_AUTHORIZER,
    ),
    "4.3.1": Release(LAB, "target", zookeeper=False, authorizer=_KRAFT_AUTHORIZER),
}
"""Versions that can be started."""


LOG4J: Final = {
    "log4j.rootLogger": "WARN, out",
    "log4j.appender.out": "org.apache.log4j.ConsoleAppender",
    "log4j.appender.out.target": "System.err",
    "log4j.appender.out.layout": "org.apache.log4j.PatternLayout",
    "log4j.appender.out.layout.ConversionPattern": "%d{HH:mm:ss.SSS} %p %m (%c)%n",
}
