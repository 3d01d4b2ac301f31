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

from cockpit.secrecy import MASK, MAX_PASSING, MIN_LENGTH, Scrubber
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


WRITTEN = (
    "hunter2", "correct horse battery staple", 'q"uo\\te', "sl/ash+plus=", "p@ss:w%rd&<x>",
    "päss\u20acwort", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "AKIAIOSFODNN7EXAMPLE",
    "tab\tnewline\nx", PEM,
)  # fmt: skip


def written(value: str) -> dict[str, str]:
    """A secret as libraries and people write it, each way under a name."""
    raw = value.encode()
    found = {
        "capitals": value.upper(),
        "small letters": value.lower(),
        "in a sentence": f"login failed for cockpit:{value}: refused",
        "json": json.dumps({"password": value}),
        "repr": repr({"password": value}),
        "hex": raw.hex(),
        "base64 for urls": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "userinfo": f"https://cockpit:{quote(value, safe='')}@kafka.example/",
        "jaas": f'required username="cockpit" password="{value}";',
    }
    for user in ("c", "co", "coc", "cockpit"):
        basic = base64.b64encode(f"{user}:{value}".encode()).decode()
        found[f"basic {user}"] = f"Authorization: Basic {basic}"
    return found


@pytest.mark.parametrize("value", WRITTEN)
def test_a_secret_is_masked_however_it_is_written(value: str) -> None:
    known = Scrubber()
    known.add(value)
    for name, text in written(value).items():
        left = known.known(text)
        assert MASK in left, name
        assert value.lower() not in left.lower(), name
        assert value.encode().hex() not in left, name


def test_a_secret_inside_of_base64_leaves_too_little_to_tell_it() -> None:
    value = "correct horse battery staple"
    known = Scrubber()
    known.add(value)
    for before in ("", "a", "ab", "abc", "user:"):
        for after in ("", "x", "xy", "xyz"):
            text = base64.b64encode(f"{before}{value}{after}".encode()).decode()
            left = known.known(text)
            assert MASK in left
            # at most the parts that share a character with their neighbours stay
            assert len(left) <= len(text) - (len(value) * 8 // 6 - 2) + len(MASK)


@given(st.text(min_size=MIN_LENGTH, max_size=40), st.text(max_size=40))
@settings(deadline=None)
def test_whatever_the_secret_is_it_is_not_in_what_is_left(value: str, around: str) -> None:
    if any(0xD800 <= ord(char) < 0xE000 for char in value + around) or value in around:
        return
    known = Scrubber()
    known.add(value)
    assert value not in known.known(f"{around}{value}{around}").replace(MASK, "\0")


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        (
            "https://hooks.example/services/T00000000/B11111111/XyZzY0123456789abcdef",
            (
                "POST /services/T00000000/B11111111/XyZzY0123456789abcdef",
                "XyZzY0123456789abcdef",
                "xyzzy0123456789abcdef",
            ),
        ),
        ("https://hooks.example/in?key=AbCd-0123-EfGh&to=prices-team", ("AbCd-0123-EfGh",)),
        ("https://ann:p%40ss%3Aw0rd@hooks.example/", ("p@ss:w0rd", "p%40ss%3Aw0rd")),
    ],
)
def test_an_address_is_known_by_its_keys_and_its_words_are_left_alone(
    address: str, parts: tuple[str, ...]
) -> None:
    known = Scrubber()
    known.add(address)
    plain = "the services of prices-team at hooks.example, connectors and bootstrap-servers"
    assert known.known(plain) == plain
    for part in parts:
        left = known.known(f"no: {part}!")
        assert part.rpartition("/")[2] not in left
        assert MASK in left


def test_tokens_come_and_go_and_what_the_plan_names_stays_known() -> None:
    known = Scrubber()
    known.add("the-password")
    known.add("kept-token")
    known.add("kept-token", passing=True)
    for number in range(MAX_PASSING + 10):
        known.add(f"token-{number:04d}", passing=True)
        known.add("token-0000", passing=True)  # it is still in use
    text = f"the-password kept-token token-0000 token-0001 token-{MAX_PASSING + 9:04d}"
    assert known.known(text) == f"{MASK} {MASK} {MASK} token-0001 {MASK}"


def test_no_secret_is_cut_in_two_though_another_one_is_there_too() -> None:
    known = Scrubber()
    secrets = ("abcdefgh", "ghijkl", "klmnopqrst")
    for secret in secrets:
        known.add(secret)
    text = "x" * 10 + "abcdefghijklmnopqrst"
    for length in range(len(text) + 2):
        left = known.cut(text, length)
        halves = [s[:n] for s in secrets for n in range(1, len(s)) if left.endswith(s[:n])]
        assert halves == [], (length, left)
        assert left.startswith("x" * min(length, 10))


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
