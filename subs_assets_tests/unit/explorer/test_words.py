"""What figures are called, and which cookies and forms are ours."""

import doctest

import pytest

from subs_assets.explorer import access, addresses, lost, offered, sessions, words
from subs_assets.explorer.pages import forms


@pytest.mark.parametrize("module", [words, addresses, lost, offered, forms, access, sessions])
def test_the_examples(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.attempted > 0 and found.failed == 0


def test_a_session_is_its_persons_until_it_is_over() -> None:
    cookie = sessions.make_session("token", "Jürgen Groß", now=1000.0)
    assert cookie.isascii()
    assert sessions.read_session("token", cookie, 1000.0 + sessions.LASTS_SECONDS - 1) == "Jürgen Groß"
    assert sessions.read_session("token", cookie, 1000.0 + sessions.LASTS_SECONDS) is None
    assert sessions.read_session("another", cookie, 1001.0) is None


@pytest.mark.parametrize("cookie", ["", ".", "abc", "abc.def", "e30=.", "\udcff.x", "ä.ö"])
def test_what_is_no_session_is_nobody(cookie: str) -> None:
    assert sessions.read_session("token", cookie, 0.0) is None


def test_a_session_is_no_form_token_and_a_form_is_its_persons() -> None:
    token = sessions.form_token("token", "ann")
    assert sessions.is_form_token("token", "ann", token)
    assert not sessions.is_form_token("token", "ben", token)
    assert not sessions.is_form_token("token", "ann", "")


@pytest.mark.parametrize(("name", "is_one"), [("Ann", True), (" ", False), ("a\nb", False), ("x" * 101, False)])
def test_a_name_stands_on_one_line(name: str, is_one: bool) -> None:
    assert sessions.is_name(name) is is_one
