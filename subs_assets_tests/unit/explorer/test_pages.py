"""The pages as they leave the program: what they show, what they escape, and what they say where there is nothing."""

import html
import json
import mimetypes
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import make_url
from starlette.testclient import TestClient

from subs_assets.database import migrate
from subs_assets.database.engine import open_engine, sqlite_file
from subs_assets.explorer import sessions
from subs_assets.explorer.application import build_app
from subs_assets.explorer.limits import LONGEST_ADDRESS
from subs_assets.explorer.pages.overview import heatmap, newest_archive
from subs_assets.report.night import Night
from subs_assets.settings import Settings
from subs_assets_tests.made_up_nights import ARABIC, HEBREW, HOSTILE, made_up_night
from subs_assets_tests.plain_sql import execute
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.published_nights import a_substitution, publish, published_home
from subs_assets_tests.unit.explorer.conftest import ACCESS, TOKEN, application, client_of, on_both


def shown(text_of_page: str) -> str:
    """A page's text as a person reads it."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text_of_page)).split())


@on_both
def test_the_overview_shows_rates_precision_and_what_is_wrong(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert 'href="/rates/shop_00/shop_02"' in page.text and "<small>91 %</small>" in page.text
    said = shown(page.text)
    assert "2 of 3" in said and "shop_00/today.jsonl: the file is empty" in said and "in 72 s" in said
    assert "subs archive create" in said
    assert "<small>91 %</small>" not in client.get("/?setting=siloed").text


def test_the_heatmap_has_a_cell_for_every_pair(night: Night) -> None:
    names = {"shop_00": "Spar", "shop_01": "aldi"}
    rows = heatmap(night.substitution_rates, {("shop_00", "shop_01"): 0.5}, "linked", names)
    assert [company for company, _, _ in rows] == ["shop_01", "shop_02", "shop_00"]
    assert all([cell.target_company_slug for cell in cells] == ["shop_01", "shop_02", "shop_00"] for *_, cells in rows)
    cell = rows[2][2][0]
    assert cell.precision == 0.5 and "a shopper accepts 50% of those shown" in cell.said
    assert "of \u2068Spar\u2069's products have a substitute at \u2068aldi\u2069" in cell.said
    largest = night.substitution_rates["rate"].max()
    shades = {cell.rate: cell.shade for *_, cells in rows for cell in cells}
    assert cell.shade == round((cell.rate or 0) / largest * 20) and shades.get(largest, 20) == 20


def test_companies_have_their_names(named_client: TestClient, night: Night) -> None:
    pages = {address: named_client.get(address).text for address in ("/", "/set-aside", "/set-aside?company=shop_02")}
    for slug, name in night.company_names.items():
        assert f'<th scope="row"><span dir="auto" title="{html.escape(name)}">{html.escape(name)}</span>' in pages["/"]
        assert f'<option value="{slug}">{html.escape(name)}</option>' in pages["/set-aside"]
        assert f"<bdi>{html.escape(name)}</bdi></a></th>" in pages["/set-aside"]
    assert f"Set-aside rows of <bdi>{night.company_names['shop_02']}</bdi></h1>" in pages["/set-aside?company=shop_02"]
    headings = re.findall(r"<h3><bdi>([^<]+)</bdi>: <bdi>brand", pages["/set-aside"])
    assert headings == [html.escape(name) for name in sorted(night.company_names.values(), key=str.casefold)]
    for page in pages.values():
        assert "shop_0" not in shown(page).replace("shop_00/today.jsonl", ""), "slugs are for addresses and forms"


@on_both
def test_a_pair_says_where_products_are_lost(client: TestClient, night: Night) -> None:
    said = shown(client.get("/rates/shop_00/shop_01").text)
    own = night.substitution_outcomes
    own = own[(own["company_slug"] == "shop_00") & (own["target_company_slug"] == "shop_01")]
    for stage, count in own["stage"].value_counts().items():
        assert f"{stage} {count} product" in said
    assert client.get("/rates/shop_00/nowhere").status_code == 404


def test_all_products_of_a_stage_can_be_read(client: TestClient, night: Night) -> None:
    own = night.substitution_outcomes
    own = own[(own["company_slug"] == "shop_00") & (own["target_company_slug"] == "shop_01")]
    largest = str(own["stage"].value_counts().index[0])
    products = own.loc[own["stage"] == largest, "product_id"]
    (address,) = re.findall(
        rf'href="(/rates/shop_00/shop_01\?stage={quote(largest)})"', client.get("/rates/shop_00/shop_01").text
    )
    page = client.get(address)
    assert set(re.findall(r'href="/products/([^"]+)"', page.text)) == {quote(one, safe="") for one in products}
    assert "500 g, " in shown(page.text)
    assert client.get(f"{address}&offset=50").text.count('rel="prev"') == 1
    assert client.get("/rates/shop_00/shop_01?stage=lost").status_code == 404


def test_search_finds_says_nothing_found_and_asks(client: TestClient) -> None:
    assert "Words of a name, a brand or a size" in shown(client.get("/search").text)
    assert "No listing has the words of “ qqqqqqqq ”" in shown(client.get("/search?q=qqqqqqqq").text)
    corrected = shown(client.get("/search?q=volmilch").text)
    assert "no listing has “ volmilch ”: shown is “ vollmilch ”" in corrected and "Vollmilch 0" in corrected
    found = client.get("/search", params={"q": HEBREW})
    assert f"<bdi>{HEBREW} 3</bdi>" in found.text


def test_what_is_found_says_what_it_costs_where_it_stands_and_how_many_replace_it(
    client: TestClient, night: Night
) -> None:
    said = shown(client.get("/search?q=rye+bread&company=shop_01").text)
    per_kg = night.listings.set_index(["company_slug", "sku"]).loc[("shop_01", "sku-2"), "unit_price"]
    assert f"500 g, 1.70 AUD {per_kg:.2f} AUD per kg, sku sku-2" in said
    product_id = night.product_listings.set_index(["company_slug", "sku"])["product_id"]["shop_01", "sku-2"]
    own = night.substitutions[night.substitutions["product_id"] == product_id]
    assert f"{len(own)} substitutes at {own['company_slug'].nunique()} companies" in said
    assert "shop_00 500 g" not in said and "shop_02 500 g" not in said
    nothing = client.get("/search?q=qqqqqqqq&company=shop_01").text
    assert "Check the spelling" in nothing and '<a href="/search?q=qqqqqqqq">search all companies</a>' in nothing


def test_many_listings_are_read_page_by_page_and_back(client: TestClient) -> None:
    page = client.get("/search?q=marke")
    total = int(re.findall(r"(\d+) listings, here 1 to 50", shown(page.text))[0])
    (after,) = re.findall(r'rel="next" href="([^"]+)"', page.text)
    second = client.get(html.unescape(after))
    assert f"{total} listings, here 51 to {min(total, 100)}" in shown(second.text)
    assert 'rel="prev" href="/search?q=marke"' in second.text


def test_a_search_that_is_too_long_is_told_how_long_it_may_be(client: TestClient) -> None:
    page = client.get("/search", params={"q": "x" * 300})
    assert page.status_code == 422 and "A search may have 200 characters; this one has 300" in shown(page.text)


def test_a_control_state_without_tables_closes_no_page_and_a_broken_one_is_told(
    home: Settings, night: Night, empty_home: Settings
) -> None:
    shutil.copytree(home.home, empty_home.home)
    for table in ("decisions", "run_history"):
        execute(empty_home.control_url, f"DROP TABLE {table}")
    client = client_of(empty_home)
    for address in ("/", f"/products/{night.products['product_id'].iloc[0]}", "/api/v1/health", "/api/v1/decisions"):
        assert client.get(address).status_code == 200, address
    file = sqlite_file(empty_home.control_url)
    assert file is not None
    file.write_bytes(b"no database " * 1000)
    assert client.get("/api/v1/health").status_code == 503


def test_how_old_the_archives_are_is_looked_up_once_a_minute(empty_home: Settings) -> None:
    before = newest_archive(empty_home, now=60.0)
    assert before == {"at": None, "ago": None, "problem": None}
    unreadable = Path(empty_home.archives)
    unreadable.parent.mkdir()
    unreadable.write_text("no folder", encoding="utf-8")
    assert newest_archive(empty_home, now=119.0) == before
    assert newest_archive(empty_home, now=120.0)["problem"]


def test_the_address_to_return_to_is_the_one_that_was_asked(client: TestClient) -> None:
    assert "/sign-in?back=%2Fproducts%2Fa%253Fb%2520%252F%3Fx%3D1" in client.get("/products/a%3Fb%20%2F?x=1").text
    longest = "/search?q=" + quote("🥛" * 200)
    page = client.get("/sign-in", params={"back": longest})
    assert page.status_code == 200 and f'value="{longest}"' in page.text
    answer = client.post("/sign-in", data={"name": "Ann", "token": TOKEN, "back": longest})
    assert (answer.status_code, answer.headers["location"]) == (303, longest)
    too_long = client.post("/sign-in", data={"name": "Ann", "token": TOKEN, "back": "/" + "x" * LONGEST_ADDRESS})
    assert (too_long.status_code, too_long.headers["location"]) == (303, "/")


def test_signing_in_and_out_lead_back_to_the_page_that_was_seen(client: TestClient) -> None:
    seen = {"Referer": "http://localhost/products/1?x=2"}
    refused = client.post("/decisions", data={"verdict": "accept"}, headers=seen)
    assert refused.status_code == 403 and 'href="/sign-in?back=%2Fproducts%2F1%3Fx%3D2"' in refused.text
    asked = client.get("/sign-in").text
    assert 'name="name" dir="auto" value="" maxlength="100" required autocomplete="name" autofocus>' in asked
    again = client.post("/sign-in", data={"name": "Ann", "token": "no"}).text
    assert again.count(" autofocus>") == 1 and 'autocomplete="current-password" autofocus>' in again
    client.post("/sign-in", data={"name": "Ann", "token": TOKEN})
    form = re.search(
        r'action="/sign-out"><input type="hidden" name="back" value="([^"]+)">', client.get("/review").text
    )
    assert form is not None
    out = client.post("/sign-out", data={"back": form[1]})
    assert (out.status_code, out.headers["location"]) == (303, "/review")


def test_whoever_only_looks_whether_it_is_there_is_answered(client: TestClient) -> None:
    for address in ("/", "/search?q=milk", "/static/explorer.js", "/api/v1/health", "/api/v1/rates"):
        assert client.head(address).status_code == 200, address
    assert client.head("/products/nothing").status_code == 404


def test_a_machine_that_calls_scripts_text_does_not_keep_them_from_running(empty_home: Settings) -> None:
    for ending in (".js", ".css", ".svg"):
        mimetypes.add_type("text/plain", ending)
    client = TestClient(build_app(empty_home, ACCESS), base_url="http://localhost")
    told = {name: client.get(f"/static/{name}").headers["content-type"] for name in ("explorer.js", "explorer.css")}
    assert {name: of_type.partition(";")[0] for name, of_type in told.items()} == {
        "explorer.js": "text/javascript", "explorer.css": "text/css",
    }  # fmt: skip
    assert client.get("/static/icon.svg").headers["content-type"] == "image/svg+xml"


@on_both
def test_set_aside_rows_by_company_and_reason(client: TestClient) -> None:
    page = client.get("/set-aside").text
    said = shown(page)
    assert "shop_00 : price is negative 5 rows" in said and "shop_02 : name stands in … already 2 rows" in said
    assert "Files that were not read" in said
    assert "shop_01 : brand … is a filler; left out 4 listings" in said and said.count("is a filler; left out 4") == 3
    assert ARABIC in said.partition("mended")[2] and 'href="/set-aside?company=shop_01#repaired">' in page
    one = shown(client.get("/set-aside?company=shop_02").text)
    assert "shop_02 : price" in one and "shop_00 : price" not in one and "Files that were not read" not in one
    assert "shop_02 : brand" in one and "shop_00 : brand" not in one
    assert client.get("/set-aside?company=none").status_code == 404


def test_set_aside_rows_are_read_once_a_night(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get("/set-aside")
    monkeypatch.setattr("subs_assets.explorer.pages.set_aside.set_aside_by_reason", None)
    again = client.get("/set-aside")
    assert (first.status_code, again.status_code) == (200, 200) and first.text == again.text


@pytest.mark.parametrize(
    "asked", ["/", "/search?q=vollmilch", "/search?q=caught", "/set-aside", "/rates/shop_00/shop_01"]
)
def test_no_page_holds_what_a_listing_says_as_its_own(client: TestClient, asked: str) -> None:
    page = client.get(asked).text
    scripts = re.findall(r"<script[^>]*>", page)
    assert scripts and all(re.fullmatch(r'<script src="/static/\w+\.js" defer>', script) for script in scripts)
    assert "<img" not in page and " style=" not in page and "<style" not in page


def test_names_in_any_script_reach_the_page_whole(client: TestClient, night: Night) -> None:
    for name in (HOSTILE, HEBREW, ARABIC):
        found = client.get("/search", params={"q": name[:60]})
        assert html.escape(name[:60], quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in found.text
    row = night.products[night.products["name"].str.contains("caught")].iloc[0]
    assert HOSTILE in html.unescape(client.get(f"/products/{row['product_id']}").text)


def test_without_a_database_every_page_says_what_to_do_and_none_is_made(empty_home: Settings) -> None:
    client = client_of(empty_home)
    for address in ("/", "/search?q=x", "/products/1", "/set-aside", "/rates/a/b"):
        page = client.get(address)
        assert page.status_code == 503 and "yet: start a run with `subs run`" in shown(page.text)
    assert client.get("/api/v1/health").json()["detail"].startswith("There is no database")
    assert client.get("/sign-in").status_code == 200
    assert not empty_home.home.exists()


@on_both
def test_a_database_that_is_empty_behind_or_unpublished_says_so(
    empty_home: Settings, home: Settings, night: Night, request: pytest.FixtureRequest
) -> None:
    url = empty_home.database_url
    if home.database_kind == "postgresql":
        url = request.getfixturevalue("postgres_url")
    settings = Settings.from_environment({"SUBS_HOME": str(empty_home.home), "SUBS_DATABASE_URL": url})
    client = client_of(settings)

    def said() -> str:
        page, problem = client.get("/"), client.get("/api/v1/rates")
        assert page.status_code == problem.status_code == 503
        detail = " ".join(problem.json()["detail"].split())
        assert detail in shown(page.text)
        return detail

    open_engine(url).connect().close()
    assert "is empty: run `subs db upgrade`" in said()
    newest, before, *_ = [revision.revision for revision in migrate.revisions().walk_revisions()]
    migrate.upgrade(url, before)
    assert newest in said() and "subs db upgrade" in said()
    migrate.upgrade(url)
    assert said().startswith("Nothing is published yet: start a run with `subs run`")
    publish(settings, night)
    assert client.get("/api/v1/health").status_code == 200
    execute(url, "UPDATE alembic_version SET version_num = 'of a later program'")
    assert "of a later program" in said()
    execute(url, f"UPDATE alembic_version SET version_num = '{newest}'")
    execute(url, "DROP TABLE substitution_rates")
    assert "the table substitution_rates is missing" in said()


def test_a_role_that_may_only_read_what_is_published_reads_it(
    homes: Callable[[str], Settings], night: Night, postgres_server: PostgresServer, empty_home: Settings
) -> None:
    url = make_url(homes("postgresql").database_url)
    postgres_server.execute("CREATE ROLE only_reads LOGIN")
    try:
        grants = "GRANT USAGE ON SCHEMA public TO only_reads; GRANT SELECT ON ALL TABLES IN SCHEMA public TO only_reads"
        postgres_server.execute(grants, str(url.database))
        as_reader = url.set(username="only_reads").render_as_string(hide_password=False)
        client = client_of(
            Settings.from_environment({"SUBS_HOME": str(empty_home.home), "SUBS_DATABASE_URL": as_reader})
        )
        row = a_substitution(night, "shop_01")
        assert "No run has noted when it published" in client.get("/").text
        assert client.get(f"/products/{row['product_id']}").status_code == 200
        client.post("/sign-in", data={"name": "Ann", "token": TOKEN})
        sides = {"company_slug": "shop_00", "sku": "sku-1", "target_company_slug": "shop_01", "target_sku": "sku-2"}
        form = {**sides, "verdict": "accept", "form_token": sessions.form_token(TOKEN, "Ann")}
        refused = client.post("/decisions", data=form)
        assert refused.status_code == 503 and "docs/deploy.md" in refused.text
    finally:
        application.cache_clear()
        postgres_server.execute("DROP OWNED BY only_reads", str(url.database))
        postgres_server.execute("DROP ROLE only_reads")


def test_forty_companies_fit(tmp_path_factory: pytest.TempPathFactory) -> None:
    night = made_up_night(40, goods=2, per_product=1)
    client = client_of(published_home(tmp_path_factory.mktemp("forty"), night))
    page = client.get("/").text
    assert page.count('class="cell') == 1600 and len(page) < 1_000_000
    assert 'class="heatmap many"' in page and "accepts 91%" in page and "<small>" not in page
    row = a_substitution(night, "shop_39")
    assert len(re.findall(r'id="at-shop_\d\d"', client.get(f"/products/{row['product_id']}").text)) > 20
    assert json.loads(client.get("/api/v1/rates").text)["next_offset"] is None
