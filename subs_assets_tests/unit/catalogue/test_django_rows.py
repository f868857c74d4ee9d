"""A folder of ``dumpdata`` files, one a model, as a company's catalogue."""

import gzip
import json
from typing import Any

import pytest

from subs_assets.catalogue.company import CompanyCatalogue, keep_last_good, read_company
from subs_assets_tests.unit.catalogue.conftest import WriteCompany

FIELDS = {
    "sku": "sku",
    "name": "name",
    "brand": {"column": "brand.name", "optional": True},
    "price": {"column": "price.amount", "optional": True},
    "categories": [{"tree": "categories", "model": "companies.category", "parent": "parents"}],
}
DJANGO: dict[str, Any] = {
    "format": "django",
    "files": ["*.json*"],
    "model": "products.product",
    "related": {
        "brand": "products.brand",
        "company": "companies.company",
        "price": {"model": "products.price", "key": "product", "newest": "scraped_at"},
    },
    "only": {"company.slug": "aldi"},
    "fields": FIELDS,
}


def objects(model: str, *fields: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"model": model, "pk": key, "fields": one} for key, one in enumerate(fields, start=1)]


def category(name: str, *parents: int) -> dict[str, Any]:
    return {"name": name, "company": 1, "parents": list(parents)}


def price(product: int, amount: str, at: str | None) -> dict[str, Any]:
    return {"product": product, "amount": amount, "scraped_at": at}


def product(sku: str, company: int = 1, brand: int | None = 1, *categories: int) -> dict[str, Any]:
    return {"sku": sku, "name": f"Oats {sku} 500g", "company": company, "brand": brand, "categories": list(categories)}


DUMP: dict[str, list[dict[str, Any]]] = {
    "companies.company": objects("companies.company", {"slug": "aldi"}, {"slug": "coles"}),
    "companies.category": objects(
        "companies.category", category("Food"), category("Tea", 1), category("Deals"), category("Green Tea", 2, 3)
    ),
    "products.brand": objects("products.brand", {"name": "Goodness"}),
    "products.price": objects(
        "products.price",
        price(1, "9.00", "2025-10-07T00:30:00+02:00"),  # 22:30 of the day before
        price(1, "3.50", "2025-10-06T23:00:00Z"),
        price(1, "1.00", "2025-10-05"),
        price(1, "0.50", None),
        price(2, "7.00", "2025-10-06"),
    ),
    "products.product": objects(
        "products.product",
        product("a", 1, 1, 4),
        product("b", 2, 1, 2),
        product("c", 1, None),
        product("d", 1, 1, 1, 2),
    ),
}


def files(**changes: Any) -> dict[str, bytes]:
    """The dump's files; ``brand=[...]`` replaces ``products.brand.json``, None takes it away, bytes are written so."""
    found: dict[str, bytes] = {}
    for model, content in DUMP.items():
        name = model.split(".")[1]
        changed = changes.get(name, content)
        if changed is not None:
            found[f"{model}.json"] = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
    return found


def counts(catalogue: CompanyCatalogue) -> dict[str, tuple[int, int, int]]:
    rows = catalogue.catalogue_files[["file", "read", "accepted", "set_aside"]].itertuples(index=False)
    found = {row.file: (row.read, row.accepted, row.set_aside) for row in rows}
    assert all(read == accepted + set_aside for read, accepted, set_aside in found.values())
    return found


def test_a_folder_of_files_is_a_catalogue(write_company: WriteCompany) -> None:
    catalogue = read_company(write_company(files(), **DJANGO))
    assert catalogue.problem is None
    listings = catalogue.listings.set_index("sku")
    assert list(listings.index) == ["a", "c", "d"]  # b is of another company
    assert listings["price"].fillna(-1).to_dict() == {"a": 3.5, "c": -1, "d": -1}
    assert listings["brand"].fillna("").to_dict() == {"a": "Goodness", "c": "", "d": "Goodness"}
    paths = catalogue.listing_categories.groupby("sku")["path"].apply(sorted).to_dict()
    assert paths == {
        "a": ['["Deals","Green Tea"]', '["Food","Tea","Green Tea"]'],
        "c": ["[]"],
        "d": ['["Food","Tea"]', '["Food"]'],
    }
    others = [f"{model}.json" for model in DUMP if model != "products.product"]
    assert counts(catalogue) == dict.fromkeys(others, (0, 0, 0)) | {"products.product.json": (3, 3, 0)}


def test_all_in_one_file_and_compressed_files_are_the_same(write_company: WriteCompany) -> None:
    expected = read_company(write_company(files(), **DJANGO)).listings
    whole = json.dumps([one for content in DUMP.values() for one in content]).encode()
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in json.loads(whole))
    for name, content in (("dump.json", whole), ("dump.json.gz", gzip.compress(whole)), ("dump.jsonl", lines)):
        slug = name.replace(".", "_")
        listings = read_company(write_company({name: content}, slug=slug, **DJANGO)).listings
        for column in ("sku", "name", "price", "brand"):
            assert list(map(str, listings[column])) == list(map(str, expected[column]))


def test_a_path_may_lead_on_through_other_objects(write_company: WriteCompany) -> None:
    """Where only the category knows the company: ``categories.company.slug``."""
    related = {"categories": "companies.category", "categories.company": "companies.company"}
    changes = {**DJANGO, "related": related, "only": {"categories.company.slug": "aldi"}}
    fields = {**FIELDS, "brand": {"column": "categories.0.name", "optional": True}}
    del fields["price"]
    catalogue = read_company(write_company(files(), **{**changes, "fields": fields}))
    assert catalogue.problem is None
    assert catalogue.listings.set_index("sku")["brand"].to_dict() == {"a": "Green Tea", "b": "Tea", "d": "Food"}
    assert '["Food","Tea"]' in set(catalogue.listing_categories["path"])


@pytest.mark.parametrize(
    ("changes", "file", "says"),
    [
        ({"category": b'[{"model": "companies.category", "pk": 1, '}, "companies.category.json", "ends in the middle"),
        ({"category": b""}, "companies.category.json", "the file is empty"),
        ({"brand": b'[{"model": "products.brand", "pk": 1, "fields": {"name": "\xfc"}}]'}, "brand.json", "not UTF-8"),
        ({"category": None}, "", 'no file holds an object of the model "companies.category", so no row has a category'),
        ({"product": None}, "", 'there is no object of the model "products.product" in any file; there are: '),
        ({"product": []}, "", 'there is no object of the model "products.product" in any file'),
        ({"brand": [1]}, "products.brand.json", "is no object of a Django dump"),
        (
            {"price": objects("products.price", {"product": 1, "amount": "3", "seen_at": "2025-10-06"})},
            "products.price.json",
            'row 1: products.price has no field "scraped_at" (related: price); it has: product, amount, seen_at. Name',
        ),
        ({"price": objects("products.price", price(1, "3", "soon"))}, "price.json", 'row 1: scraped_at is "soon"'),
        (
            {"brand": [*DUMP["products.brand"], {"model": "products.brand", "pk": 1, "fields": {"name": "Other"}}]},
            "products.brand.json",
            "row 2: products.brand 1 stands in another place too, with other fields",
        ),
        ({"company": objects("companies.company", {"slug": "x"}, {"slug": "y"})}, "", "only: {company.slug: aldi}"),
    ],
)  # fmt: skip
def test_a_bad_file_fails_its_company(
    write_company: WriteCompany, changes: dict[str, Any], file: str, says: str
) -> None:
    last = read_company(write_company(files(), **DJANGO))
    for path in (write_company({}, **DJANGO).folder).glob("*.json"):
        path.unlink()
    catalogue = read_company(write_company(files(**changes), **DJANGO))
    assert says in (catalogue.problem or "") and file in (catalogue.problem or "")
    counts(catalogue)
    failed = catalogue.catalogue_files["file"][catalogue.catalogue_files["status"] == "failed"].tolist()
    assert not file or (len(failed) == 1 and failed[0].endswith(file))  # what is bad, and nothing else
    kept = keep_last_good(catalogue, len(last.listings), lambda: last)
    assert len(kept.listings) == 3 and set(kept.catalogue_files["status"]) == {"kept"}


def test_a_row_that_leads_nowhere_is_set_aside(write_company: WriteCompany) -> None:
    content = objects(
        "products.product", product("a", 1, 7), product("b", 1, 1, 9), product("c", 1, 1, 5), product("d", 1, 1, 1)
    )
    tree = [*DUMP["companies.category"], {"model": "companies.category", "pk": 5, "fields": category("Lost", 8)}]
    catalogue = read_company(write_company(files(product=content, category=tree), **DJANGO))
    assert catalogue.problem is None
    assert counts(catalogue)["products.product.json"] == (4, 1, 3)
    rows = catalogue.set_aside_rows[["line", "field", "value", "reason"]].itertuples(index=False, name=None)
    assert list(rows) == [
        (1, "brand", "7", "leads to products.brand 7, which no file holds; row set aside"),
        (2, "categories", "9", "leads to companies.category 9, which no file holds; row set aside"),
        (3, "categories", "8", "leads to companies.category 8, which no file holds; row set aside"),
    ]


def test_a_mapped_object_that_no_row_has_fails_the_file(write_company: WriteCompany) -> None:
    """A file of prices that is missing must not pass for products without prices."""
    changes = {**DJANGO, "fields": {**FIELDS, "price": "price.amount"}}
    catalogue = read_company(write_company(files(price=None), **changes))
    assert 'products.product.json: no row has the column "price.amount" (price)' in (catalogue.problem or "")


def test_a_price_that_is_no_number_is_set_aside(write_company: WriteCompany) -> None:
    content = (
        b'[{"model": "products.price", "pk": 1, "fields": {"product": 1, "amount": NaN, "scraped_at": "2025-10-06"}}]'
    )
    catalogue = read_company(write_company(files(price=content), **DJANGO))
    assert counts(catalogue)["products.product.json"] == (3, 2, 1)
    assert list(catalogue.set_aside_rows["field"]) == ["price"]
