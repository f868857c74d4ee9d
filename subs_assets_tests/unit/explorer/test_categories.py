"""The pages of categories: two trees, one category, one mapping, and what a person decides about it."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Table, delete, insert
from starlette.testclient import TestClient

from subs_assets.catalogue import category_path
from subs_assets.catalogue.validate import DEEPEST_PATH, LONGEST_TEXT
from subs_assets.database.engine import open_engine
from subs_assets.database.tables import category_equivalences, category_evidence, listing_categories
from subs_assets.explorer import category_tree, sessions
from subs_assets.explorer.access import Access
from subs_assets.explorer.addresses import category_address, mapping_address, trees_address
from subs_assets.explorer.pages.category import by_company
from subs_assets.explorer.pages.mapping import is_silent
from subs_assets.report.night import Night
from subs_assets.settings import Settings
from subs_assets_tests.made_up_nights import HEBREW, HOSTILE, made_up_night
from subs_assets_tests.published_nights import published_home
from subs_assets_tests.unit.explorer.conftest import TOKEN, client_of, on_both
from subs_assets_tests.unit.explorer.test_pages import shown

TREES = trees_address("shop_00", "shop_01")


def a_mapping(night: Night, status: str) -> tuple[str, str, str, str]:
    """Between two that are no facets."""
    rows, facets = night.category_equivalences, set(night.category_facets["path"])
    rows = rows[(rows["status"] == status) & (rows["company_slug"] == "shop_00")]
    rows = rows[(rows["target_company_slug"] == "shop_01") & ~rows["target_path"].isin(facets)]
    row = rows[~rows["path"].isin(facets)].iloc[0]
    return "shop_00", str(row["path"]), "shop_01", str(row["target_path"])


def put(home: Settings, table: Table, rows: list[dict[str, Any]]) -> None:
    """In place of what a made-up night has not."""
    engine = open_engine(home.database_url)
    with engine.begin() as connection:
        connection.execute(delete(table))
        connection.execute(insert(table), rows)
    engine.dispose()


@contextmanager
def added(home: Settings, table: Table, row: dict[str, Any]) -> Iterator[None]:
    """A row that a made-up night has not, until it has been looked at."""
    engine, key = open_engine(home.database_url), [column == row[column.name] for column in table.primary_key]
    with engine.begin() as connection:
        connection.execute(insert(table), row)
    yield
    with engine.begin() as connection:
        connection.execute(delete(table).where(*key))
    engine.dispose()


@pytest.fixture
def standing(home: Settings, night: Night) -> pd.DataFrame:
    """Listings stand where their shelves are."""
    found = night.listing_shelves[["company_slug", "sku", "path"]]
    put(home, listing_categories, found.assign(position=0).to_dict("records"))
    return found


def form_on(page: str, verdict: str) -> dict[str, str]:
    (form,) = [
        one for one in re.findall(r'<form method="post" action="/categories/mapping".*?</form>', page, re.S)
        if f'name="verdict" value="{verdict}"' in one
    ]  # fmt: skip
    sent = {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)}
    return {**sent, "relation": "close"} if verdict == "accept" else sent


@on_both
def test_two_trees_say_what_is_mapped_and_what_is_not(client: TestClient, night: Night) -> None:
    page = client.get(TREES)
    said = shown(page.text)
    own = night.categories[night.categories["company_slug"] == "shop_00"]
    for path in own["path"]:
        assert html.escape(category_address("shop_00", path)) in page.text
    assert (
        f"of {len(own) - 1}" in said
        and "1 facet (promotions, diets and the like) not counted" in said
        and "facet: promotional" in said
    )
    assert html.escape(mapping_address(*a_mapping(night, "accepted"))) in page.text
    absent = night.category_absences
    absent = absent[(absent["company_slug"] == "shop_00") & (absent["target_company_slug"] == "shop_01")]
    assert f"{(absent['answer'] == 'none').sum()} without a counterpart" in said
    assert "broad it holds these and more" in said and "speaks for it" in said
    numbers = set(re.findall(r'id="(to-\d+)"', page.text))
    led_to = set(re.findall(r'data-to="(to-\d+)"', page.text))
    assert led_to and led_to <= numbers
    assert client.get(TREES).text == page.text


@on_both
def test_a_branch_and_a_category_have_their_own_pages(client: TestClient, night: Night, standing: pd.DataFrame) -> None:
    own = night.categories[(night.categories["company_slug"] == "shop_00") & (night.categories["depth"] == 1)]
    root = str(own["path"].iloc[-1])
    below = client.get(trees_address("shop_00", "shop_01", branch=root)).text
    assert html.escape(category_address("shop_00", root)) not in below and f">{HEBREW}</bdi>" in below
    page = client.get(category_address("shop_00", root))
    inside = standing["path"].str.startswith(root.removesuffix("]") + ",") & (standing["company_slug"] == "shop_00")
    of_product = night.product_listings.set_index(["company_slug", "sku"])["product_id"]
    assert inside.any()
    for sku in standing.loc[inside, "sku"]:
        assert f'href="/products/{of_product["shop_00", sku].replace(":", "%3A")}"' in page.text
    said = shown(page.text)
    assert "shop_01 both trees" in said and "shop_02 both trees" in said and "made up" not in said
    assert "500 g" in said and "size unknown" not in said


@on_both
def test_a_mapping_says_what_it_rests_on_and_is_decided(home: Settings, night: Night) -> None:
    sides, client = a_mapping(night, "proposed"), client_of(home)
    address = mapping_address(*sides)
    pair = {
        "rank": 1,
        "kind": "hard",
        "sku": "sku-1",
        "target_sku": "sku-2",
        "name": HEBREW,
        "target_name": "<b>there</b>",
    }
    sided = dict(zip(("company_slug", "path", "target_company_slug", "target_path"), sides, strict=True))
    put(home, category_evidence, [{**sided, **pair, "weight": 0.75}])
    before = client.get(address).text
    said = shown(before)
    assert f"{HEBREW} <b>there</b> one product" in said and "Sign in to accept or reject" in said
    assert "<b>there" not in before
    client.post("/sign-in", data={"name": "Ann", "token": TOKEN})
    page = client.get(address).text
    assert client.post("/categories/mapping", data=form_on(page, "accept")).headers["location"] == address
    accepted = client.get(address).text
    assert "accepted by Ann on" in accepted and "as close" in shown(accepted)
    assert "accepted by Ann on" in client.get(mapping_address(*sides[2:], *sides[:2])).text
    late = client.post("/categories/mapping", data=form_on(page, "reject"))
    assert late.status_code == 409 and "Ann has decided this on" in late.text
    assert client.post("/categories/mapping", data=form_on(accepted, "withdraw")).status_code == 303
    assert client.get(address).text == page
    wrong = client.post("/categories/mapping", data={**form_on(page, "accept"), "relation": "same"})
    assert wrong.status_code == 422 and "one of these relations: exact, close" in wrong.text


@pytest.mark.parametrize(
    ("origin", "support", "label", "said", "not_said"),
    [
        ("evidence", 4.0, 0.5, "of 8.0 matched listings of shop_00 's category", "names alone"),
        (
            "evidence",
            0.6,
            0.8,
            "No listing is matched; the names alone speak for it: the two paths are 80 % alike",
            "0.6",
        ),
        ("inferred", 3.0, 0.2, "25 % at least, as the two bounds multiplied", "of 8.0 matched"),
        ("decision", 0.0, 0.0, "On a person's decision alone.", "0 %"),
    ],
)
def test_figures_of_a_mapping_are_told_where_listings_carry_them(
    home: Settings, night: Night, origin: str, support: float, label: float, said: str, not_said: str
) -> None:
    path = '["Käse jung, gerieben","Vollmilch"]'
    row: dict[str, Any] = night.category_equivalences.iloc[0].to_dict()
    row |= {"company_slug": "shop_00", "path": path, "target_company_slug": "shop_01", "target_path": path}
    row |= {"origin": origin, "status": "accepted", "support": support, "label_similarity": label, "reason": ""}
    row |= {"target_given_source_bound": 0.25, "matched_source": 8.0}
    with added(home, category_equivalences, row):
        page = shown(client_of(home).get(mapping_address("shop_00", path, "shop_01", path)).text)
    assert said in page and not_said not in page
    names = " › ".join(category_path.decode(path))
    assert f"{names} at shop_00 → {names} at shop_01" in page


def test_a_department_speaks_when_a_person_has_accepted_its_mapping() -> None:
    mapping = pd.DataFrame({"company_slug": ["aldi"], "path": ['["Sale","Tea"]'], "relation": ["broad"]})
    mapping = mapping.assign(status="accepted", origin="evidence")
    no_facets = pd.DataFrame(columns=["company_slug", "path"])
    sale = pd.DataFrame({"company_slug": ["aldi"], "path": ['["Sale"]']})
    assert not is_silent(mapping, no_facets) and is_silent(mapping, sale)
    for spoken in ({"origin": "decision"}, {"relation": "narrow"}, {"status": "proposed"}):
        assert not is_silent(mapping.assign(**spoken), sale)


def test_what_there_is_not_is_told(client: TestClient, night: Night) -> None:
    sides = a_mapping(night, "accepted")
    for address in (
        category_address("shop_00", '["gone"]'),
        mapping_address("shop_00", sides[1], "shop_01", '["gone"]'),
        trees_address("shop_00", "shop_01", branch='["gone"]'),
        trees_address("shop_00", "nobody"),
        category_address("shop_00", "no JSON"),
    ):
        page = client.get(address)
        assert page.status_code == 404, address
        assert "has no such category" in page.text or "there are shop_00, shop_01, shop_02" in page.text
    assert "Choose two companies" in client.get(trees_address("shop_00", "shop_00")).text
    assert "shop_00 → shop_01" in shown(client.get("/categories").text)
    anonymous = client.post("/categories/mapping", data={"verdict": "reject", **dict.fromkeys(
        ("company_slug", "path", "target_company_slug", "target_path"), "x")})  # fmt: skip
    assert anonymous.status_code == 403


def test_one_company_has_nobody_to_be_compared_with(tmp_path: Path) -> None:
    client = client_of(published_home(tmp_path, made_up_night(1, goods=8)))
    assert "There is one company, shop_00" in shown(client.get("/categories").text)


def test_a_catalogue_without_categories_is_the_reason_that_is_told(tmp_path: Path) -> None:
    whole = made_up_night(2, goods=8)
    tables = ("categories", "category_facets", "category_equivalences")
    night = replace(whole, **{name: _of(getattr(whole, name), "shop_00") for name in tables})
    night = replace(night, category_equivalences=night.category_equivalences.iloc[:0])
    client = client_of(published_home(tmp_path, night))
    client.app.state.company_names |= {"shop_00": "Tom & Co", "shop_01": HEBREW}
    for address in (TREES, trees_address("shop_01", "shop_00")):
        page = client.get(address)
        said = shown(page.text)
        assert f"{HEBREW} 's catalogue has no categories, so nothing can be mapped." in said
        assert f"<bdi>{HEBREW}</bdi>" in page.text and "Tom &amp; Co" in page.text and "shop_0" not in said
        assert "not mapped" not in said and "counterpart" not in said
    path = str(night.categories["path"].iloc[-1])
    said = shown(client.get(category_address("shop_00", path)).text)
    assert f"Nothing can be mapped to {HEBREW} : its catalogue has no categories." in said
    assert "Not mapped" not in said


def _of(rows: pd.DataFrame, company: str) -> pd.DataFrame:
    return rows[rows["company_slug"] == company]


def test_what_is_proposed_is_not_said_to_be_refused_too() -> None:
    proposed = {"target_company_slug": "coles", "target_path": '["Tea"]', "status": "proposed", "support": 1.0}
    absence = {"target_company_slug": "coles", "answer": "undecided", "candidate_path": '["Tea"]', "reason": "few"}
    (group,) = by_company([proposed], [absence])
    assert group["refused"] is None and group["absence"]["reason"] == "few"
    (group,) = by_company([proposed], [{**absence, "candidate_path": '["Coffee"]'}])
    assert group["refused"] == '["Coffee"]'


@pytest.mark.parametrize("page", ["trees", "category", "mapping"])
def test_no_page_holds_what_a_category_says_as_its_own(client: TestClient, night: Night, page: str) -> None:
    hostile = night.categories[night.categories["name"].str.contains("caught") & (night.categories["depth"] > 1)]
    path = str(hostile[hostile["company_slug"] == "shop_00"]["path"].iloc[0])
    text = client.get(
        {
            "trees": TREES,
            "category": category_address("shop_00", path),
            "mapping": mapping_address("shop_00", path, "shop_01", path),
        }[page]
    ).text
    scripts = set(re.findall(r"<script[^>]*>", text))
    assert scripts <= {f'<script src="/static/{name}.js" defer>' for name in ("explorer", "categories")}
    assert "<img" not in text and " style=" not in text and "<style" not in text
    assert HOSTILE[:60] in html.unescape(text)


def test_a_product_leads_to_its_categories(client: TestClient, night: Night, standing: pd.DataFrame) -> None:
    row = standing.iloc[0]
    of_product = night.product_listings.set_index(["company_slug", "sku"])["product_id"]
    product = of_product[row["company_slug"], row["sku"]]
    page = client.get(f"/products/{product}").text
    assert html.escape(category_address(row["company_slug"], row["path"])) in page


def test_what_a_catalogue_may_hold_can_be_asked_and_decided(client: TestClient) -> None:
    client.post("/sign-in", data={"name": "Ann", "token": TOKEN})
    longest = category_path.encode(["\N{CHEESE WEDGE}" * LONGEST_TEXT] * DEEPEST_PATH)
    pair = {"company_slug": "shop_00", "target_company_slug": "shop_01"}
    form = {**pair, "verdict": "withdraw", "form_token": sessions.form_token(TOKEN, "Ann")}
    paths = {"path": longest, "target_path": longest, "back": "/" + "x" * 20_000}
    assert client.post("/categories/mapping", data={**form, **paths}).headers["location"] == "/"
    subjects = {"subject": longest, "target_subject": longest, "kind_of_question": "equivalence"}
    assert "nothing was kept" in client.post("/review", data={**form, **subjects}).text
    long = category_path.encode(["Сыр" * 133] * 2)
    way_back = mapping_address("shop_00", long, "shop_01", long)
    assert len(way_back) > 4_000
    kept = client.post("/categories/mapping", data={**form, "path": long, "target_path": long, "back": way_back})
    assert (kept.status_code, kept.headers["location"]) == (303, way_back)
    long = category_path.encode(["Сыр" * 300, "x" * 300])
    for address in (category_address("shop_00", long), trees_address("shop_00", "shop_01", branch=long)):
        answer = client.get(address)
        assert answer.status_code == 404 and "no such category" in answer.text


@pytest.mark.parametrize("place", ["own", "there"])
def test_each_tree_is_read_from_page_to_page_and_back(
    home: Settings, night: Night, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(category_tree, "MOST_NODES", 2)
    client = client_of(home, Access("of an explorer with small pages"))
    shop = {"own": "shop_02", "there": "shop_01"}[place]
    own = night.categories[night.categories["company_slug"] == shop]
    roots = {path for path in own["path"] if len(category_path.decode(path)) == 1}
    seen: list[set[str]] = []
    address = trees_address("shop_02", "shop_01")
    for rel in ("next", "prev"):
        pages = []
        while address:
            (part,) = re.findall(rf'<section class="{place}".*?</section>', client.get(address).text, re.S)
            pages.append({path for path in roots if html.escape(category_address(shop, path)) in part})
            last, address = address, next(iter(re.findall(rf'rel="{rel}" href="([^"]*)"', part)), "")
            address = html.unescape(address)
        seen, before = pages, seen
        address = last
        assert len(pages) > 1 and set().union(*pages) == roots
    assert seen == before[::-1]
