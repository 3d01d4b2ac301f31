"""Whom an ACL stops: only where the authorizer is one of Kafka's own, on every broker."""

from __future__ import annotations

import pytest

from cockpit.core.observe import AclBinding
from cockpit.kafka.client import Client
from cockpit.kafka.effects.authorizer import KNOWN, why_no_acl_stops
from cockpit.kafka.effects.fence import Fencing
from cockpit.kafka.protocol.metadata import DESCRIBE_BIT, WRITE_BIT
from cockpit.kafka.security import Access
from tests.core.build import acl, two_wave_plan
from tests.kafka.clock import RealClock

OWN = min(KNOWN)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_kafkas_own_authorizers_honour_a_denial(name: str) -> None:
    assert not why_no_acl_stops({1: name, 2: OWN})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "broker 2 has no authorizer"),
        ("com.example.Rbac", "com.example.Rbac, of which it is not known"),
    ],
)
def test_one_broker_that_may_let_a_writer_through_is_enough(name: str, words: str) -> None:
    why = why_no_acl_stops({1: OWN, 2: name})
    assert words in why
    assert "{by: stop}" in why


def fencing() -> Fencing:
    """Nobody asks a cluster here."""
    client = Client(Access((("127.0.0.1", 1),), "PLAINTEXT"))
    return Fencing.of(two_wave_plan(), RealClock(), admin=client, changer=client, canary=client)


def unprovable(
    *bindings: AclBinding, rights: int = WRITE_BIT | DESCRIBE_BIT, topics: tuple[str, ...] = ("t",)
) -> str:
    """Why these topics are not fenced, where the canary has these rights on each."""
    return fencing().why_unprovable(topics, frozenset(bindings), {1: dict.fromkeys(topics, rights)})


def test_topics_that_everybody_may_use_are_not_fenced_before_readers_are_allowed() -> None:
    why = unprovable(topics=("orders", "payments"))
    assert why.startswith("topic orders (and 1 more) has no ACL and everybody may use it")
    assert why.endswith(
        ": kafka-acls.sh --bootstrap-server=127.0.0.1:1 --add '--allow-principal=User:*'"
        " --operation=All --topic=orders --topic=payments"
    )


def test_the_command_stays_whole_however_many_topics_there_are() -> None:
    topics = tuple(f"orders-{number:03}" for number in range(200))
    assert unprovable(topics=topics).endswith("--topic=orders-199")


def test_one_acl_is_enough_and_without_any_right_it_is_the_canary_that_lacks_one() -> None:
    assert not unprovable(acl("*", "all", "topic", "t"))
    assert "may not write t now: it could prove no fence" in unprovable(rights=DESCRIBE_BIT)
