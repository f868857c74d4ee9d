"""The API's answers, on both databases."""

import json
import re

import pytest
from sqlalchemy import Engine, Pool, event
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from subs_assets.catalogue import category_path
from subs_assets.explorer.api.answers import next_offset
from subs_assets.report.night import Night
from subs_assets.settings import Settings
from subs_assets_tests import plain_sql
from subs_assets_tests.made_up_nights import HEBREW, HOSTILE
from subs_assets_tests.published_nights import a_substitution
from subs_assets_tests.unit.explorer.conftest import TOKEN, on_both

API = "/api/v1"
TABLES_OF_LISTS = {"categories": "categories", "equivalences": "category_equivalences", "decisions": "decisions"}
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}


@on_both
def test_a_product_is_found_and_opened(client: TestClient, night: Night) -> None:
    found = client.get(f"{API}/products", params={"q": "VOLLMILCH", "limit": 2}).json()
    assert len(found["items"]) == 2 and found["next_offset"] == 2
    assert all("Vollmilch" in item["name"] for item in found["items"])
    rest = client.get(f"{API}/products", params={"q": "vollmilch", "limit": 500, "offset": 2}).json()
    assert rest["next_offset"] is None
    skus = [(item["company_slug"], item["sku"]) for item in [*found["items"], *rest["items"]]]
    assert len(skus) == len(set(skus)) == night.listings["name"].str.contains("Vollmilch").sum()
    product_id = found["items"][0]["product_id"]
    product = client.get(f"{API}/products/{product_id}").json()
    assert product["product_id"] == product_id and product["claims"] == []
    assert {listing["company_slug"] for listing in product["listings"]} >= {found["items"][0]["company_slug"]}
    assert product["listings"][0]["unit"] == "g" and product["listings"][0]["price"] > 0


@on_both
def test_substitutes_are_filtered(client: TestClient, night: Night) -> None:
    row = a_substitution(night, "shop_01")

    def ask(**filters: object) -> list[dict]:
        asked = {"product_id": row["product_id"], "limit": 500, **filters}
        return client.get(f"{API}/substitutes", params=asked).json()["items"]

    everything = ask()
    expected = night.substitutions[night.substitutions["product_id"] == row["product_id"]]
    assert len(everything) == len(expected) and isinstance(everything[0]["reasons"], list)
    assert {item["company_slug"] for item in ask(company="shop_01")} == {"shop_01"}
    level = int(expected["level"].median())
    assert len(ask(level=level)) == (expected["level"] <= level).sum()
    score = float(expected["score"].median())
    assert len(ask(min_score=score)) == (expected["score"] >= score).sum()
    assert len(ask(cheaper=True)) == (expected["unit_price_ratio"] < 1).sum()
    assert len(ask(limit=1)) == expected["company_slug"].nunique()
    lost = client.get(f"{API}/substitutes", params={"product_id": row["product_id"]}).json()["lost"]
    assert all(one["stage"] != "found" for one in lost)


@on_both
def test_mappings_rates_and_trees(client: TestClient, night: Night) -> None:
    accepted = client.get(f"{API}/equivalences", params={"status": "accepted", "company": "shop_00"}).json()["items"]
    rows = night.category_equivalences
    assert len(accepted) == ((rows["status"] == "accepted") & (rows["company_slug"] == "shop_00")).sum() > 0
    path = accepted[0]["path"]
    assert isinstance(path, list)
    one = client.get(f"{API}/equivalences", params={"path": path, "company": "shop_00"}).json()["items"]
    assert {tuple(item["path"]) for item in one} == {tuple(path)}
    rates = client.get(f"{API}/rates", params={"company": "shop_00", "target_company": "shop_02"}).json()["items"]
    assert {item["setting"]: item["precision"] for item in rates} == {"linked": 0.91, "siloed": None, "null": None}
    tree = client.get(f"{API}/categories", params={"company": "shop_01", "limit": 3}).json()
    assert tree["next_offset"] == 3
    assert all(node["parents"] == ([node["path"][:-1]] if node["depth"] > 1 else []) for node in tree["items"])


def test_a_list_is_read_to_its_end() -> None:
    assert [next_offset(20_000, 500, offset) for offset in (9_600, 19_499, 19_500)] == [10_100, 19_999, None]


@on_both
@pytest.mark.parametrize(
    ("path", "table", "filters"),
    [
        ("categories", "categories", {}),
        ("equivalences", "category_equivalences", {"status": "accepted"}),
        ("decisions", "decisions", {}),
    ],
)
def test_the_database_sends_one_page_of_a_list(
    client: TestClient, path: str, table: str, filters: dict[str, str]
) -> None:
    reads: list[str] = []

    def note(*arguments: object) -> None:
        statement = " ".join(str(arguments[2]).split())
        if re.search(rf"FROM {table}\b", statement):
            reads.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        whole = client.get(f"{API}/{path}", params={**filters, "limit": 500}).json()
        half = len(whole["items"]) // 2
        page = {**filters, "limit": half or 1}
        pages = [client.get(f"{API}/{path}", params={**page, "offset": at}).json() for at in (0, half)]
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert whole["next_offset"] is None and pages[0]["next_offset"] == (half or None)
    assert [item for page in pages for item in page["items"]][: 2 * half] == whole["items"][: 2 * half]
    assert len(reads) == 3 and all("LIMIT" in statement for statement in reads)


@on_both
def test_an_answer_that_the_client_holds_is_not_sent_again(client: TestClient) -> None:
    first = client.get(f"{API}/rates")
    etag = first.headers["etag"]
    assert first.json()["published"] in etag and first.headers["cache-control"] == "no-cache"
    for held in (etag, f'"x", W/{etag}'):
        again = client.get(f"{API}/rates", headers={"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client.get(f"{API}/rates", headers={"If-None-Match": '"of another night"'}).status_code == 200
    for held in (etag, "*"):
        assert client.get(f"{API}/products/nothing", headers={"If-None-Match": held}).status_code == 404
    assert client.get(f"{API}/rates?company=shop_00", headers={"If-None-Match": etag}).status_code == 200


def test_the_database_is_let_go_before_an_answer_goes_out(client: TestClient) -> None:
    app: ASGIApp = client.app
    happened: list[str] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            happened.append(message["type"])
            await send(message)

        await app(scope, receive, noted)

    def let_go(*_: object) -> None:
        happened.append("let go")

    event.listen(Pool, "checkin", let_go)
    try:
        assert TestClient(noting, base_url="http://localhost").get(f"{API}/rates").status_code == 200
    finally:
        event.remove(Pool, "checkin", let_go)
    assert happened == ["let go", "http.response.start", "http.response.body"]


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ("rates?compny=x", 422, 'no parameter "compny"; did you mean company?'),
        ("categories?limt=3", 422, 'no parameter "limt"; did you mean limit?'),
        ("health?x=1", 422, 'no parameter "x"; there are none.'),
        ("rates?company=shop_9", 404, 'of a company "shop_9"; there are shop_00, shop_01, shop_02.'),
        ("products", 422, "query q: Field required"),
        ("products?q=%20", 422, "query q"),
        ("products?q=a%00b", 422, "query q: has a NUL character"),
        (f"products?q={'x' * 201}", 422, "query q: may have 200 characters, and has 201"),
        ("products?q=x&limit=501", 422, "query limit: Input should be less than or equal to 500"),
        ("products?q=x&offset=-1", 422, "query offset"),
        ("products/nothing%3A1", 404, 'No product "nothing:1" is published; /api/v1/products?q= finds'),
        ("substitutes?product_id=nothing", 404, 'No product "nothing" is published'),
        ("nowhere", 404, "There is nothing at /api/v1/nowhere."),
    ],
)
def test_what_cannot_be_answered_is_told_in_words(client: TestClient, asked: str, status: int, says: str) -> None:
    answer = client.get(f"{API}/{asked}")
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert says in problem["detail"] and problem["status"] == status and problem["title"]


def test_a_write_to_what_is_only_read_names_the_way(client: TestClient) -> None:
    answer = client.put(f"{API}/rates")
    assert answer.status_code == 405 and answer.headers["allow"] == "GET"
    assert "is not asked with PUT" in answer.json()["detail"]


@on_both
def test_a_decision_is_kept_replaced_and_taken_back(client: TestClient, home: Settings, night: Night) -> None:
    row = a_substitution(night, "shop_02")
    own = client.get(f"{API}/products/{row['product_id']}").json()["listings"][0]
    said = {
        "kind": "substitution", "company_slug": own["company_slug"], "sku": own["sku"],
        "target_company_slug": "shop_02", "target_sku": row["sku"], "verdict": "accept", "reason": HEBREW,
        "decided_by": "Jürgen",
    }  # fmt: skip
    assert client.post(f"{API}/decisions", json=said).status_code == 401
    wrong = {"Authorization": "Bearer another-token-of-16"}
    assert client.post(f"{API}/decisions", json=said, headers=wrong).status_code == 401
    kept = client.post(f"{API}/decisions", json=said, headers=WITH_TOKEN)
    assert kept.json() == {
        "changed": True, "earlier_by": None, "decided_by": "Jürgen", "counts": "from the next run on",
    }  # fmt: skip
    assert client.post(f"{API}/decisions", json=said, headers=WITH_TOKEN).json()["changed"] is False
    other = client.post(f"{API}/decisions", json={**said, "verdict": "reject", "decided_by": "Ann"}, headers=WITH_TOKEN)
    assert other.json()["earlier_by"] == "Jürgen"
    standing = client.get(f"{API}/decisions", params={"kind": "substitution"}).json()["items"]
    assert [(one["verdict"], one["decided_by"], one["subject"]) for one in standing] == [("reject", "Ann", own["sku"])]
    for seen, status in (([], 409), (["2026-01-01"], 409), ([standing[0]["decided_at"]], 200)):
        taken_back = client.post(
            f"{API}/decisions", json={**said, "verdict": "withdraw", "only_over": seen}, headers=WITH_TOKEN
        )
        assert taken_back.status_code == status
    assert client.get(f"{API}/decisions").json()["items"] == []
    log = plain_sql.select(home.control_url, "SELECT who, what FROM audit_log ORDER BY entry")
    assert log[-3:] == [("Jürgen", "decision: accept"), ("Ann", "decision: reject"), ("Jürgen", "decision: withdraw")]


def test_a_decision_on_categories_is_kept_in_both_directions(client: TestClient, night: Night) -> None:
    facets = set(zip(night.category_facets["company_slug"], night.category_facets["path"], strict=True))
    mappings = client.get(f"{API}/equivalences", params={"limit": 500}).json()["items"]
    item = next(one for one in mappings if not facets & {_side(one, ""), _side(one, "target_")})
    keys = ("company_slug", "path", "target_company_slug", "target_path")
    said = {"kind": "equivalence", **{key: item[key] for key in keys}, "decided_by": "Ann"}
    lacking = client.post(f"{API}/decisions", json={**said, "verdict": "accept"}, headers=WITH_TOKEN)
    assert lacking.status_code == 422 and "accept needs a relation" in lacking.json()["detail"]
    accepted = {**said, "verdict": "accept", "relation": "broad"}
    assert client.post(f"{API}/decisions", json=accepted, headers=WITH_TOKEN).json()["changed"] is True
    standing = client.get(f"{API}/decisions", params={"kind": "equivalence"}).json()["items"]
    assert sorted(one["relation"] for one in standing) == ["broad", "narrow"]
    client.post(f"{API}/decisions", json={**said, "verdict": "withdraw"}, headers=WITH_TOKEN)
    assert client.get(f"{API}/decisions").json()["items"] == []


def _side(mapping: dict, which: str) -> tuple[str, str]:
    return mapping[f"{which}company_slug"], category_path.encode(mapping[f"{which}path"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"target_sku": "no such"}, 'target_sku: shop_01 sells no listing "no such"'),
        ({"company_slug": "shop_7"}, 'company_slug: there is no company "shop_7", only shop_00, shop_01, shop_02'),
        ({"target_company_slug": "shop_00", "target_sku": "sku-1"}, "no substitute for itself"),
        ({"decided_by": None}, "decided_by is missing: say who decided"),
        ({"decided_by": "two\nlines"}, "names a person on one line"),
        ({"verdict": "perhaps"}, "'accept', 'reject' or 'withdraw'"),
        ({"reason": "\0"}, "NUL character"),
        ({"reason": "\ud800"}, "half a surrogate pair"),
        ({"kind": "recipe"}, "kind"),
        ({"colour": "blue"}, "Extra inputs are not permitted"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(client: TestClient, change: dict[str, str], says: str) -> None:
    said = {
        "kind": "substitution", "company_slug": "shop_00", "sku": "sku-1", "target_company_slug": "shop_01",
        "target_sku": "sku-2", "verdict": "accept", "decided_by": "Ann",
    }  # fmt: skip
    body = json.dumps({**said, **change})
    answer = client.post(f"{API}/decisions", content=body, headers={**WITH_TOKEN, "Content-Type": "application/json"})
    assert answer.status_code == 422 and says in answer.json()["detail"]
    assert client.get(f"{API}/decisions").json()["items"] == []


def test_hostile_names_are_only_text(client: TestClient) -> None:
    found = client.get(f"{API}/products", params={"q": "alert('caught')"})
    assert found.headers["content-type"] == "application/json"
    assert any(HOSTILE in item["name"] for item in found.json()["items"])
