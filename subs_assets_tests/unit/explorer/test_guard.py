"""What never reaches the pages: foreign names, other sites' forms, too much of anything; and what every answer forbids
the browser."""

import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from subs_assets.database import control, kept_decisions
from subs_assets.explorer import sessions
from subs_assets.explorer.access import Access
from subs_assets.explorer.addresses import mapping_address, product_address
from subs_assets.explorer.limits import LONGEST_REASON
from subs_assets.explorer.visitor import visitor_of
from subs_assets.report.night import Night
from subs_assets.settings import Settings
from subs_assets_tests.published_nights import a_substitution
from subs_assets_tests.unit.explorer.conftest import ACCESS, TOKEN, application, client_of

BEHIND = replace(ACCESS, proxies=(ip_network("10.0.0.0/8"),), user_header="X-User", hosts=frozenset({"prices.example"}))


@pytest.fixture
def sides(night: Night) -> dict[str, str]:
    """A substitution by its listings, as a form names it."""
    row = a_substitution(night, "shop_01")
    listed = night.product_listings[night.product_listings["product_id"] == row["product_id"]].iloc[0]
    return {
        "company_slug": listed["company_slug"],
        "sku": listed["sku"],
        "target_company_slug": "shop_01",
        "target_sku": row["sku"],
    }


def decided(home: Settings) -> list[tuple[str, str]]:
    engine = control.open_control(home.control_url)
    kept = kept_decisions.read_decisions(engine)
    engine.dispose()
    return list(zip(kept["verdict"], kept["decided_by"], strict=True))


@pytest.fixture(autouse=True)
def taken_back(home: Settings) -> Iterator[None]:
    yield
    engine = control.open_control(home.control_url)
    kept = kept_decisions.read_decisions(engine)
    for kind in kept_decisions.DECISION_KINDS:
        rows = kept[kept["kind"] == kind].assign(verdict="withdraw", relation=None)
        kept_decisions.record_decisions(engine, kind, rows[kept_decisions.DECIDED_COLUMNS], "test")
    engine.dispose()


def signed_in(client: TestClient, name: str = "Ann") -> str:
    """Signs in by the form; the token that this person's forms bring."""
    answer = client.post("/sign-in", data={"name": name, "token": TOKEN, "back": "/search?q=x"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/search?q=x")
    return sessions.form_token(TOKEN, name)


@pytest.mark.parametrize(
    "address", ["/", "/search", "/static/explorer.css", "/nothing", "/api/v1/health", "/api/v1/no"]
)
@pytest.mark.parametrize("host", ["localhost", "evil.example.org"])
def test_every_answer_forbids_foreign_scripts_styles_frames_and_types(
    client: TestClient, address: str, host: str
) -> None:
    answer = client.get(address, headers={"Host": host})
    assert (answer.status_code == 421) is (host != "localhost")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert re.search("no-cache|no-store", answer.headers["cache-control"])


def test_a_name_that_is_not_ours_is_refused_with_what_to_do(client: TestClient) -> None:
    answer = client.get("/api/v1/rates", headers={"Host": "rebound.example.org:8443"})
    assert answer.status_code == 421 and "SUBS_HOSTS" in answer.json()["detail"]
    assert 'not known as "rebound.example.org";' in answer.json()["detail"]


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://localhost:9999"}, False),
        ({"Origin": "http://evil.example.org"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({}, True),
    ],
)
def test_a_form_of_another_site_changes_nothing(
    client: TestClient, home: Settings, sides: dict[str, str], headers: dict[str, str], is_let_in: bool
) -> None:
    token = signed_in(client)
    answer = client.post("/decisions", data={**sides, "verdict": "accept", "form_token": token}, headers=headers)
    assert answer.status_code == (303 if is_let_in else 403)
    assert decided(home) == ([("accept", "Ann")] if is_let_in else [])


def test_a_refusal_is_a_page_whatever_the_browser_says_it_comes_from(client: TestClient) -> None:
    headers = {"Referer": "http://["}
    for refused in ({"Origin": "null"}, {}):
        answer = client.post("/decisions", data={"form_token": ""}, headers=headers | refused)
        assert answer.status_code == 403 and 'href="/sign-in?back=%2F"' in answer.text


@pytest.mark.parametrize("brought", ["", "x", sessions.form_token(TOKEN, "Ben"), sessions.form_token("other", "Ann")])
def test_a_form_brings_its_persons_token(
    client: TestClient, home: Settings, sides: dict[str, str], brought: str
) -> None:
    signed_in(client)
    answer = client.post("/decisions", data={**sides, "verdict": "accept", "form_token": brought})
    assert answer.status_code == 403 and "reload the page" in answer.text
    assert decided(home) == []


def test_nobody_decides_without_signing_in(client: TestClient, home: Settings, sides: dict[str, str]) -> None:
    token = sessions.form_token(TOKEN, "Ann")
    answer = client.post("/decisions", data={**sides, "verdict": "accept", "form_token": token})
    assert answer.status_code == 403 and "sign in" in answer.text
    client.cookies.set(sessions.COOKIE, sessions.make_session("another token", "Ann", 4e9))
    assert client.post("/decisions", data={**sides, "verdict": "accept", "form_token": token}).status_code == 403
    assert decided(home) == []


def test_the_cookie_is_kept_from_scripts_and_other_sites(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"name": "Ann", "token": TOKEN, "back": "//evil.example.org"})
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert re.match(rf"{sessions.COOKIE}=[\w.-]+; HttpOnly; Max-Age=43200; Path=/; SameSite=lax$", cookie)
    assert TOKEN not in cookie
    assert "Sign out" in client.get("/search").text
    assert client.post("/sign-out", data={"back": "//evil.example.org"}).headers["location"] == "/"
    assert "Sign out" not in client.get("/search").text


def test_two_explorers_on_one_machine_keep_their_cookies_apart(client: TestClient) -> None:
    one, other = {"Host": "127.0.0.1:8765"}, {"Host": "127.0.0.1:8766"}
    for name, host in (("Ann", one), ("Ben", other)):
        client.post("/sign-in", data={"name": name, "token": TOKEN}, headers=host)
    sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
    assert [name in client.get("/search", headers=one | sent).text for name in ("Ann", "Ben")] == [True, False]
    assert [name in client.get("/search", headers=other | sent).text for name in ("Ann", "Ben")] == [False, True]
    out = client.post(
        "/sign-out", data={}, headers=one | {"Content-Type": "application/x-www-form-urlencoded"}
    ).headers["set-cookie"]
    assert out.startswith(f"{sessions.COOKIE}_8765=")


@pytest.mark.parametrize(("name", "token"), [("Ann", "wrong"), ("", TOKEN), ("A\nB", TOKEN), ("Ann", "ä")])
def test_signing_in_needs_a_name_and_the_token(client: TestClient, name: str, token: str) -> None:
    answer = client.post("/sign-in", data={"name": name, "token": token})
    assert answer.status_code == 422 and "set-cookie" not in answer.headers
    assert TOKEN not in answer.text


def test_a_proxys_word_counts_from_its_address_alone(home: Settings, sides: dict[str, str]) -> None:
    headers = {"X-User": "Mia", "Host": "prices.example", "X-Forwarded-Proto": "https"}
    theirs, others = client_of(home, BEHIND, "10.0.0.7"), client_of(home, BEHIND, "11.0.0.7")
    said = {**sides, "verdict": "reject", "form_token": sessions.form_token(TOKEN, "Mia")}
    assert others.post("/decisions", data=said, headers=headers).status_code == 403
    body = {"kind": "substitution", **sides, "verdict": "reject"}
    assert others.post("/api/v1/decisions", json=body, headers=headers).status_code == 401
    assert decided(home) == []
    twice = [*headers.items(), ("X-User", "Ben")]
    assert theirs.post("/decisions", data=said, headers=twice).status_code == 403
    assert theirs.post("/decisions", data=said, headers=headers).status_code == 303
    assert decided(home) == [("reject", "Mia")]
    again = theirs.post("/api/v1/decisions", json={**body, "decided_by": "Ben"}, headers=headers)
    assert again.status_code == 422 and "is Mia, as the proxy says" in again.json()["detail"]
    secure = theirs.post("/sign-in", data={"name": "Ann", "token": TOKEN}, headers=headers).headers["set-cookie"]
    plain = others.post("/sign-in", data={"name": "Ann", "token": TOKEN}, headers=headers).headers["set-cookie"]
    assert "Secure" in secure and "Secure" not in plain


def test_a_proxy_may_say_nothing_but_that_the_browser_speaks_tls(home: Settings) -> None:
    access = replace(ACCESS, proxies=Access.from_environment({"SUBS_PROXIES": "10.0.0.0/8"}).proxies)
    answer = client_of(home, access, "10.0.0.7").post(
        "/sign-in", data={"name": "Ann", "token": TOKEN}, headers={"X-Forwarded-Proto": "https", "X-User": "Mia"}
    )
    assert answer.status_code == 303 and "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(("name", "encoding"), [("Jürgen Łukasz", "utf-8"), ("Jürgen", "latin-1")])
def test_a_name_from_a_proxy_is_read_in_utf_8_and_in_latin_1(home: Settings, name: str, encoding: str) -> None:
    headers = [(b"x-user", name.encode(encoding))]
    app = application(home, BEHIND)
    asked = Request({"type": "http", "app": app, "headers": headers, "client": ("10.0.0.7", 50_000)})
    assert visitor_of(asked).name == name


def test_a_reason_may_be_as_long_on_every_page(client: TestClient, night: Night, sides: dict[str, str]) -> None:
    token = signed_in(client)
    mapping = night.category_equivalences.iloc[0]
    mapped = mapping_address(*mapping[["company_slug", "path", "target_company_slug", "target_path"]])
    product = product_address(a_substitution(night, "shop_01")["product_id"])
    for address in (product, mapped, "/review"):
        fields = re.findall(r'<input name="reason"[^>]*>', client.get(address).text)
        assert fields and all(f'maxlength="{LONGEST_REASON}"' in field for field in fields)
    said = {**sides, "verdict": "accept", "form_token": token}
    for length, status in ((LONGEST_REASON + 1, 422), (LONGEST_REASON, 303)):
        assert client.post("/decisions", data={**said, "reason": "é" * length}).status_code == status


def test_sizes_are_bounded(client: TestClient) -> None:
    assert client.get("/search", params={"q": "x" * 20_000}).status_code == 414
    assert client.get("/search", params={"q": "x" * 201}).status_code == 422
    large = b"name=" + b"x" * 2**20
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    known = client.post("/sign-in", content=large, headers=form)
    counted = client.post("/sign-in", content=iter([large[:600_000], large[600_000:]]), headers=form)
    assert (
        (known.status_code, counted.status_code) == (413, 413)
        and "1,024 KiB" in known.text
        and "1,024 KiB" in counted.text
    )
    api = client.post("/api/v1/decisions", content=iter([large]), headers={"Authorization": f"Bearer {TOKEN}"})
    assert api.status_code == 413 and api.headers["content-type"] == "application/problem+json"
    assert client.post("/sign-in", content=b"a=1&" * 30, headers=form).status_code == 422
    assert client.post("/sign-in", json={}).status_code == 415
