"""Whatever form a secret comes back in, it goes no further; ordinary text stays as it is."""

from __future__ import annotations

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.secrecy import MASK, Scrubber
from tests.canaries import CANARIES, PEM, forms_of, leaks

JAAS = (
    'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="{}";'
)


@pytest.mark.parametrize("name", sorted(CANARIES))
def test_each_canary_is_masked_in_each_of_its_forms(name: str) -> None:
    known = Scrubber()
    known.add(CANARIES[name])
    for form in forms_of(CANARIES[name]):
        said = known.known(f"broker said: <{form}> and closed")
        assert not leaks(said, (CANARIES[name],)), (name, form, said)
        assert said.startswith("broker said: <")
        assert said.endswith("> and closed")


@given(st.text(st.characters(codec="utf-8"), min_size=16, max_size=60), st.text(max_size=5))
@settings(max_examples=300, deadline=None)
def test_any_secret_is_masked_in_its_plain_and_encoded_forms(secret: str, before: str) -> None:
    known = Scrubber()
    known.add(secret)
    raw = secret.encode()
    login = base64.b64encode(f"{before}:".encode() + raw).decode()
    core = base64.b64encode(b"\0" * ((len(before.encode()) + 1) % 3) + raw).decode()
    core = core.rstrip("=")[4:-4]
    for form in (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret))[3:-3],
        quote(raw, safe=""),
        quote_plus(raw),
        html.escape(secret),
        raw.hex(),
    ):
        assert form not in known.known(f"at {form}.")
    assert core not in known.known(f"Basic {login}")


def test_secrets_within_a_secret_count_by_themselves() -> None:
    known = Scrubber()
    known.add(JAAS.format('s3cret\\"one'))
    known.add("https://user:s3cret-two@host.example/path")
    known.add("https://hooks.example/services/T00/B00/abcdefghijklmnopqrst")
    known.add("Bearer s3cret-three")
    for inner in (
        's3cret"one',
        's3cret\\"one',
        "s3cret-two",
        "services/T00/B00/abcdefghijklmnopqrst",
        "s3cret-three",
    ):
        assert known.known(f"no: {inner}!") == f"no: {MASK}!"
    assert known.known("to user at host.example") == "to user at host.example"


def test_each_line_of_a_key_counts_and_its_borders_do_not() -> None:
    known = Scrubber()
    known.add(PEM)
    for line in PEM.splitlines():
        border = line.startswith("-----")
        assert (MASK in known.known(f"x {line} y")) is not border
    assert not leaks(known.known(" ".join(PEM.split())), (PEM,))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("see http://ann:pw@host:80/x", "see http://***@host:80/x"),
        (JAAS.format("other"), JAAS.format("***")),
        ('{"c": "' + JAAS.format("other").replace('"', '\\"') + '"}',
         '{"c": "' + JAAS.format("***").replace('"', '\\"') + '"}'),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.sig no", "token *** no"),
        ("a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b", "a *** b"),
        ("a -----BEGIN PRIVATE KEY----- MIIcut", "a ***"),
        ("Authorization: Basic dTpw", "Authorization: Basic ***"),
    ],
)  # fmt: skip
def test_secrets_of_others_are_known_by_their_shape(text: str, said: str) -> None:
    assert Scrubber().text(text) == said
    assert Scrubber().known(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "SASL authentication failed for user cockpit at kafka-1:9092: invalid credentials",
        "http://connect.example:8083/connectors/mm2@home/status: HTTP 401",
        "Basic authentication is needed; password=? is empty, secret unknown",
        "principal User:CN=ann,O=x@example.org lacks WRITE",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    known = Scrubber()
    known.add(CANARIES["password"])
    known.add("pw")  # too short to be looked for
    assert known.text(text) == text


def test_what_a_plan_says_in_the_open_is_no_secret() -> None:
    known = Scrubber()
    known.add("cockpit-user")
    known.leave("username: cockpit-user")
    assert known.text("login of cockpit-user failed") == "login of cockpit-user failed"


def test_a_secret_fetched_anew_joins_the_others_and_long_text_costs_little() -> None:
    known = Scrubber()
    for number in range(300):
        known.add(f"token-{number:04d}-abcdef")
    assert known.known("token-0299-abcdef token-0100-abcdef") == f"{MASK} {MASK}"
    text = "a schema of a million characters " * 30_000
    begun = time.perf_counter()
    assert known.known(text) == text
    assert time.perf_counter() - begun < 20
