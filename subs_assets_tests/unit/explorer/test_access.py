"""Who may write, where it may listen, and under which names it answers: as the environment says it."""

import pytest

from subs_assets.explorer.access import Access, is_loopback, require_safe_binding

TOKEN = "sixteen-letters-"


def access(**environment: str) -> Access:
    return Access.from_environment(environment)


def test_a_token_is_made_where_none_is_set_and_is_never_shown() -> None:
    first, second = access(), access()
    assert first.is_made_up and len(first.token) > 30 and first.token != second.token
    given = access(SUBS_TOKEN=TOKEN)
    assert not given.is_made_up and given.token == TOKEN
    assert TOKEN not in repr(given)


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"SUBS_TOKEN": "short"}, "SUBS_TOKEN must have 16 or more"),
        ({"SUBS_TOKEN": "sixteen letters and blanks"}, "no blank"),
        ({"SUBS_TOKEN": "sechzehn-Buchstaben-ä"}, "printable ASCII"),
        ({"SUBS_PROXY_USER_HEADER": "X-User"}, "SUBS_PROXIES is not set: whoever sends this header"),
        ({"SUBS_HOSTS": "a.example.org, https://b.example.org"}, 'SUBS_HOSTS names "https://b.example.org"'),
        ({"SUBS_PROXY_USER_HEADER": "X-User", "SUBS_PROXIES": "10.0.0.5, proxy"}, 'SUBS_PROXIES names "proxy"'),
        ({"SUBS_PROXY_USER_HEADER": "X-User", "SUBS_PROXIES": "10.0.0.5/8"}, "has host bits set"),
    ],
)
def test_what_makes_no_sense_is_refused(environment: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        Access.from_environment(environment)
    assert environment.get("SUBS_TOKEN", "nothing") not in str(caught.value).replace("SUBS_TOKEN must", "")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_token_of_its_own(host: str) -> None:
    assert is_loopback(host)
    require_safe_binding(host, access())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "prices.example.org", "localhost.example.org"])
def test_beyond_loopback_a_token_must_be_set(host: str) -> None:
    with pytest.raises(ValueError, match="can be reached from other machines, and SUBS_TOKEN is not set"):
        require_safe_binding(host, access())
    require_safe_binding(host, access(SUBS_TOKEN=TOKEN))


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("localhost", True),
        ("LOCALHOST:8765", True),
        ("127.0.0.1:8765", True),
        ("[::1]:8765", True),
        ("192.168.1.5", True),
        ("Prices.Example.org:80", True),
        ("evil.example.org", False),
        ("localhost.evil.example.org:8765", False),
        ("127.0.0.1.evil.example.org", False),
        ("prices.example.org.", False),
        ("other", True),
        ("", False),
    ],
)
def test_a_name_that_is_not_ours_is_told_from_our_own(host: str, is_own: bool) -> None:
    assert access(SUBS_HOSTS="prices.example.org, Other:8443").is_own_host(host) is is_own


def test_a_proxy_is_told_by_its_address() -> None:
    behind = access(SUBS_PROXIES="10.1.0.0/16, 192.168.1.5", SUBS_PROXY_USER_HEADER="X-User")
    asked = ("10.1.2.3", "192.168.1.5", "::ffff:10.1.2.3", "192.168.1.6", "::ffff:10.2.0.1", "testclient")
    assert [behind.is_proxy(address) for address in asked] == [True, True, True, False, False, False]
