"""Whom an ACL stops: only where the authorizer is one of Kafka's own, on every broker."""

from __future__ import annotations

import pytest

from cockpit.kafka.effects.authorizer import KNOWN, why_no_acl_stops

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
