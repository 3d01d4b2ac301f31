"""No known secret leaves in any of the forms in which libraries and people write it."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.plan import SecretRef
from cockpit.plan.redact import MASK, Redactor

PEM = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49\nAwEHBG0wawIBAQQg\n-----END"
CANARIES = (
    "hunter2", "correct horse battery staple", 'q"uo\\te', "sl/ash+plus=", "p@ss:w%rd&<x>",
    "päss\u20acwort", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "AKIAIOSFODNN7EXAMPLE",
    "tab\tnewline\nx", PEM,
)  # fmt: skip


def forms(value: str) -> dict[str, str]:
    """A secret as it may turn up, each under a name."""
    raw = value.encode()
    found = {
        "plain": value,
        "upper": value.upper(),
        "in a sentence": f"login failed for cockpit:{value}: refused",
        "quoted": quote(value),
        "quoted whole": quote(value, safe=""),
        "form": quote_plus(value),
        "json": json.dumps({"password": value}),
        "json twice": json.dumps(json.dumps({"password": value}))[1:-1].replace('\\"', '"'),
        "repr": repr({"password": value}),
        "html": html.escape(value),
        "hex": raw.hex(),
        "base64": base64.b64encode(raw).decode(),
        "base64 for urls": base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "userinfo": f"https://cockpit:{quote(value, safe='')}@kafka.example/",
        "jaas": f'required username="cockpit" password="{value}";',
    }
    for user in ("c", "co", "coc", "cockpit"):
        basic = base64.b64encode(f"{user}:{value}".encode()).decode()
        found[f"basic {user}"] = f"Authorization: Basic {basic}"
    return found


def secret_parts(value: str, text: str) -> bool:
    """Whether the secret can be read in a text by undoing any of these encodings."""
    lowered = text.lower()
    return value.lower() in lowered or value.encode().hex() in lowered


@pytest.mark.parametrize("value", CANARIES)
def test_a_secret_is_found_in_every_form(value: str) -> None:
    redactor = Redactor()
    redactor.know(value)
    for name, text in forms(value).items():
        if name == "json twice" and json.dumps(value)[1:-1] != value:
            continue  # nobody writes it so who has not been refused before
        assert MASK in redactor.scrub(text), name
        assert not secret_parts(value, redactor.scrub(text)), name


def test_a_secret_inside_of_base64_leaves_too_little_to_tell_it() -> None:
    value = "correct horse battery staple"
    redactor = Redactor()
    redactor.know(value)
    for before in ("", "a", "ab", "abc", "user:"):
        for after in ("", "x", "xy", "xyz"):
            text = base64.b64encode(f"{before}{value}{after}".encode()).decode()
            left = redactor.scrub(text)
            assert MASK in left
            # at most the parts that share a character with their neighbours stay
            assert len(left) <= len(text) - (len(value) * 8 // 6 - 2) + len(MASK)


@given(st.text(min_size=4, max_size=40).filter(lambda t: t.strip() == t), st.text(max_size=40))
def test_whatever_the_secret_is_it_is_not_in_what_is_left(value: str, around: str) -> None:
    if any(0xD800 <= ord(char) < 0xE000 for char in value + around) or value in around:
        return
    redactor = Redactor()
    redactor.know(value)
    left = redactor.scrub(f"{around}{value}{around}")
    assert value not in left.replace(MASK, "\0")


def test_an_address_that_is_a_secret_is_known_by_its_parts_and_words_are_left_alone() -> None:
    redactor = Redactor()
    redactor.know("https://hooks.example/services/T00000000/B11111111/XyZzY0123456789abcdef")
    assert redactor.scrub("the services of wave readers") == "the services of wave readers"
    for text in (
        "POST /services/T00000000/B11111111/XyZzY0123456789abcdef",
        "XyZzY0123456789abcdef",
    ):
        assert "xyzzy" not in redactor.scrub(text).lower()


def test_what_is_too_short_is_left_alone_and_nothing_known_changes_nothing() -> None:
    redactor = Redactor()
    assert redactor.scrub("abc") == "abc"
    redactor.know("abc")
    redactor.know("")
    assert redactor.scrub("abc") == "abc"


def test_what_is_revealed_is_known_each_time_anew() -> None:
    values = iter(("first-token", "second-token"))
    redactor = Redactor(lambda _ref: next(values))
    ref = SecretRef("env", "TOKEN")
    assert redactor.reveal(ref) == "first-token"
    assert redactor.scrub("second-token") == "second-token"
    assert redactor.reveal(ref) == "second-token"
    assert redactor.scrub("first-token second-token") == f"{MASK} {MASK}"
