"""A product's page: what it offers instead, why there is nothing, and what people decide there."""

import html
import re
import shutil
from typing import Any

import pytest
from starlette.testclient import TestClient

from subs_assets.explorer import sessions
from subs_assets.explorer.pages.product import misses, with_decisions, without_any
from subs_assets.model.trained import SHIPPED, load
from subs_assets.report.night import Night
from subs_assets.settings import Settings
from subs_assets_tests.plain_sql import execute
from subs_assets_tests.published_nights import a_substitution
from subs_assets_tests.unit.explorer.conftest import TOKEN, client_of, on_both
from subs_assets_tests.unit.explorer.test_pages import shown


def form_on(page: str, verdict: str, company_slug: str, sku: str) -> dict[str, str]:
    """What the page's button on a substitute sends, which is sold there under this sku."""
    forms = re.findall(r'<form method="post" action="/decisions" data-decision>.*?</form>', page, re.S)
    judging = [form for form in forms if f'value="{verdict}"' in form]
    sent = [dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) | {"verdict": verdict} for form in judging]
    (one,) = [form for form in sent if (form["target_company_slug"], form["target_sku"]) == (company_slug, sku)]
    return {name: html.unescape(value) for name, value in one.items()}


@pytest.fixture
def person(client: TestClient) -> TestClient:
    client.post("/sign-in", data={"name": "Ann", "token": TOKEN})
    return client


@on_both
def test_a_product_shows_what_to_buy_instead_and_where_there_is_nothing(client: TestClient, night: Night) -> None:
    row = a_substitution(night, "shop_01")
    page = client.get(f"/products/{row['product_id']}")
    said = shown(page.text)
    assert f"score {row['score']:.2f}" in said and f"level {row['level']}" in said
    assert re.search(r"AUD per kg, \d+ % (cheaper|dearer)", said) and re.search(r"against \d\.\d\d AUD per kg at", said)
    assert said.count("500 g") > len(night.company_names) and "size unknown" not in said
    names = night.company_names
    assert set(re.findall(r'id="at-(\w+)"', page.text)) <= set(names)
    assert '<form method="post" action="/decisions"' not in page.text and "to accept or reject" in said


def test_where_nothing_is_found_it_says_why_and_the_nearest_can_be_accepted(
    home: Settings, night: Night, empty_home: Settings
) -> None:
    shutil.copytree(home.home, empty_home.home)
    sold = night.product_listings.set_index(["company_slug", "sku"])["product_id"]
    product_id, nearest_id = sold["shop_00", "sku-1"], sold["shop_01", "sku-2"]
    shown_from = load(SHIPPED).acceptance.shown_from
    path = night.categories.loc[night.categories["company_slug"] == "shop_00", "path"].iloc[-1]
    for statement in (
        f"DELETE FROM substitutions WHERE product_id = '{product_id}' AND company_slug <> 'shop_00'",
        f"UPDATE substitution_outcomes SET stage = 'below score', nearest_id = '{nearest_id}', nearest_score = "
        f"{shown_from - 0.2} WHERE product_id = '{product_id}' AND target_company_slug = 'shop_01'",
        "UPDATE substitution_outcomes SET stage = 'no mapping', nearest_id = NULL "
        f"WHERE product_id = '{product_id}' AND target_company_slug = 'shop_02'",
        "DELETE FROM listing_categories",
        f"INSERT INTO listing_categories (company_slug, sku, position, path) VALUES ('shop_00', 'sku-1', 0, '{path}')",
    ):
        execute(empty_home.database_url, statement)
    client, address = client_of(empty_home), f"/products/{product_id}"
    client.post("/sign-in", data={"name": "Ann", "token": TOKEN})
    page = client.get(address).text
    said = shown(page)
    assert (
        f"shop_01 : the nearest scores too low to be shown ( score {shown_from - 0.2:.2f}, shown from {shown_from:.2f} "
        "on )"
    ) in said
    assert "shop_02 : its category at shop_00 is mapped to none there" in said
    (category,) = re.findall(r'href="(/categories/category[^"#]+)#at-shop_02"', page)
    assert 'id="at-shop_02"' in client.get(html.unescape(category)).text
    accept = form_on(page, "accept", "shop_01", "sku-2")
    assert (accept["company_slug"], accept["sku"]) == ("shop_00", "sku-1")
    assert client.post("/decisions", data=accept).status_code == 303
    after = client.get(address).text
    assert "accepted by Ann on" in after and "Decided, and not shown" not in after
    assert client.post("/decisions", data=form_on(after, "withdraw", "shop_01", "sku-2")).status_code == 303


def an_outcome(target: str, stage: str, score: float | None = None, **more: object) -> dict[str, Any]:
    sides = {"company_slug": "shop_00", "target_company_slug": target, "stage": stage, "detail": None}
    return {**sides, "nearest_id": None if score is None else f"at {target}", "nearest_score": score, **more}


def test_the_nearest_misses_come_by_what_an_answer_may_change() -> None:
    offer = {"total": 750.0, "unit": "g", "price": 6.0, "currency": "AUD", "unit_price": 8.0}
    product = {"total": 500.0, "unit": "g"}
    nothing = [
        an_outcome("a", "refused: claim", 0.95, detail="not stated: gluten_free"),
        an_outcome("b", "below score", 0.2),
        an_outcome("c", "below score", 0.3),
        an_outcome("d", "no candidate"),
    ]
    nearest = {(f"at {slug}", slug): {**offer, "company_slug": slug} for slug in "abc"}
    rows = misses(nothing, nearest, product, {"unit_price": 10.0, "unit": "g", "currency": "AUD"}, 0.9, {})
    assert [row["company_slug"] for row in rows] == ["c", "b", "a"]
    assert rows[2]["particulars"] == "not stated: gluten free; its score of 0.95 would show it, as from 0.90 on"
    assert (rows[0]["per_unit"], rows[0]["difference"]) == ("8.00 AUD per kg", "20 % cheaper")
    assert rows[0]["instead"] == "for 500 g: 0.67 of one, 4.00 AUD"


def test_companies_without_a_near_miss_stand_together_by_the_reason() -> None:
    nothing = [an_outcome(slug, "no mapping") for slug in "cab"] + [an_outcome("d", "uncategorised")]
    groups = without_any(nothing, {("shop_00", "1"): ['["Tea"]', "[]"], ("else", "1"): ['["x"]']}, {"a": "Zeta"})
    assert [(group["companies"], group["paths"]) for group in groups] == [
        (["b", "c", "a"], ['["Tea"]']),
        (["d"], ['["Tea"]']),
    ]


@on_both
def test_a_substitute_is_rejected_and_it_is_undone(person: TestClient, night: Night) -> None:
    row = a_substitution(night, "shop_02")
    address = f"/products/{row['product_id']}"
    before = person.get(address).text
    answer = person.post("/decisions", data=form_on(before, "reject", "shop_02", row["sku"]))
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    after = person.get(address).text
    assert "rejected by Ann on" in after and "rejected by Ann on" not in before
    assert person.post("/decisions", data=form_on(after, "withdraw", "shop_02", row["sku"])).status_code == 303
    assert person.get(address).text == before


def test_two_who_judge_at_once_do_not_overwrite_each_other(home: Settings, night: Night) -> None:
    row = a_substitution(night, "shop_01")
    address = f"/products/{row['product_id']}"
    people = {name: client_of(home) for name in ("Ann", "Ben")}
    forms = {}
    for name, person in people.items():
        person.post("/sign-in", data={"name": name, "token": TOKEN})
        forms[name] = form_on(person.get(address).text, "accept" if name == "Ann" else "reject", "shop_01", row["sku"])
    assert people["Ann"].post("/decisions", data=forms["Ann"] | {"reason": "<b>same</b> jar"}).status_code == 303
    late = people["Ben"].post("/decisions", data=forms["Ben"])
    assert late.status_code == 409 and "Ann has decided this on" in late.text
    assert f'href="{address}">Show what stands now' in late.text
    page = people["Ben"].get(address).text
    assert re.search(r"accepted by Ann on [\d-]+: &lt;b&gt;same&lt;/b&gt; jar", page)
    undo = form_on(page, "withdraw", "shop_01", row["sku"])
    assert people["Ben"].post("/decisions", data=undo).status_code == 303
    assert people["Ben"].post("/decisions", data=forms["Ben"]).status_code == 303
    stale = {**undo, "form_token": sessions.form_token(TOKEN, "Ann")}
    assert people["Ann"].post("/decisions", data=stale).status_code == 409
    now_undo = form_on(people["Ann"].get(address).text, "withdraw", "shop_01", row["sku"])
    assert people["Ann"].post("/decisions", data=now_undo).status_code == 303


def test_a_button_tells_all_that_its_person_has_seen_on_the_two_products() -> None:
    sides = {"substitute_id": "1", "company_slug": "shop_00", "sku": "a"}
    decided = [
        {**sides, "verdict": "accept", "target_company_slug": slug, "decided_at": at}
        for slug, at in (("shop_01", "later"), ("shop_02", "before"))
    ]
    row = {"substitute_id": "1", "company_slug": "shop_00"}
    rows = with_decisions([row, {**row, "substitute_id": "2"}], decided)
    assert [(one["decisions"], one["seen"]) for one in rows] == [([], "before,later"), ([], "")]


def test_a_decision_that_nobody_can_take_is_told(person: TestClient) -> None:
    form = {"form_token": sessions.form_token(TOKEN, "Ann"), "verdict": "accept", "company_slug": "shop_00"}
    lacking = person.post("/decisions", data=form)
    assert lacking.status_code == 422 and "lacks a verdict or one of the two listings" in lacking.text
    gone = person.post(
        "/decisions", data={**form, "sku": "gone", "target_company_slug": "shop_01", "target_sku": "sku-1"}
    )
    assert gone.status_code == 422 and "sells no listing &#34;gone&#34;" in gone.text
