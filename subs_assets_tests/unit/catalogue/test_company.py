import dataclasses
import json
import random
from pathlib import Path

import pandas as pd
import pytest

from subs_assets.catalogue.company import CompanyCatalogue, combine, keep_last_good, read_company
from subs_assets.catalogue.source import BrokenSource
from subs_assets.database import tables
from subs_assets.database.frames import conform
from subs_assets.known_texts import KnownTexts
from subs_assets_tests.unit.catalogue.conftest import FIELDS as FIELDS_OF_THE_TESTS
from subs_assets_tests.unit.catalogue.conftest import WriteCompany, json_lines, product

FIELDS = {
    "sku": "product.id",
    "name": "product.title",
    "brand": "product.brand",
    "barcode": "codes.0",
    "size": "product.size",
    "price": "offer.price",
    "available": "offer.stock",
    "url": {"column": "slug", "prefix": "https://example.org/"},
    "categories": [{"list": "shelf", "ids": "shelf_ids"}],
}


def test_a_listing_from_nested_json(write_company: WriteCompany) -> None:
    row = {
        "product": {"id": 17, "title": "SAXA Sea Salt", "brand": "SAXA", "size": "2 x 500 g"},
        "codes": ["9319133338081"],
        "offer": {"price": "$3.99", "stock": "yes"},
        "slug": "saxa",
        "shelf": ["Pantry", "Salt"],
        "shelf_ids": [1, 12],
    }
    catalogue = read_company(write_company({"a.jsonl": json_lines(row)}, fields=FIELDS))
    (listing,) = catalogue.listings.to_dict("records")
    assert listing == {
        "company_slug": "aldi",
        "sku": "17",
        "name": "SAXA Sea Salt",
        "core_name": "sea salt",
        "brand": "Saxa",
        "brand_key": "saxa",
        "gtin": "09319133338081",
        "in_store_code": pytest.approx(float("nan"), nan_ok=True),
        "size_text": "2 x 500 g",
        "quantity": 500.0,
        "unit": "g",
        "pack_count": 2,
        "total": 1000.0,
        "dimension": "mass",
        "approximate": False,
        "price": 3.99,
        "currency": "AUD",
        "unit_price": 3.99,
        "available": True,
        "claims": "[]",
        "url": "https://example.org/saxa",
        "file": "a.jsonl",
        "line": 1,
        "repairs": "[]",
    }
    (shelved,) = catalogue.listing_categories.to_dict("records")
    assert (shelved["path"], shelved["category_ids"]) == ('["Pantry","Salt"]', '["1","12"]')


@pytest.mark.parametrize(
    "field, row, paths",
    [
        ({"list": "c"}, {"c": ["Food", "Tea"]}, ['["Food","Tea"]']),
        ({"list": "c"}, {"c": []}, ["[]"]),
        ({"list": "c"}, {"c": None}, ["[]"]),
        ({"list": "c"}, {"c": ["Food", None, " "]}, ['["Food"]']),
        ({"list": "c", "item_name": "n", "item_id": "i"}, {"c": [{"n": "Food", "i": 1}]}, ['["Food"]']),
        ({"lists": "c"}, {"c": [["Food", "Tea"], ["Deals"]]}, ['["Food","Tea"]', '["Deals"]']),
        ({"text": "c", "separator": ">"}, {"c": "Food > Tea"}, ['["Food","Tea"]']),
        ({"texts": "c", "separator": "/"}, {"c": ["Food/Tea", "Deals", "Deals"]}, ['["Food","Tea"]', '["Deals"]']),
        ({"columns": ["c", "d"]}, {"c": "Food", "d": "Unbekannt"}, ['["Food"]']),
        ({"columns": ["c", "d"]}, {"c": "Unbekannt", "d": "Unbekannt"}, ["[]"]),
    ],
)
def test_category_paths(
    write_company: WriteCompany, field: dict[str, object], row: dict[str, object], paths: list[str]
) -> None:
    fields = {"sku": "sku", "name": "name", "categories": [field]}
    source = write_company({"a.jsonl": json_lines({**product("1"), **row})}, fields=fields, no_category=["Unbekannt"])
    assert list(read_company(source).listing_categories["path"]) == paths


def test_several_category_fields_make_several_paths(write_company: WriteCompany) -> None:
    fields = {
        "sku": "sku",
        "name": "name",
        "categories": [{"list": "path"}, {"text": "also", "separator": " > ", "ids": "also_ids", "optional": True}],
    }
    source = write_company(
        {"a.jsonl": json_lines({**product("1"), "also": "Deals > Week", "also_ids": "7 > 9"})}, fields=fields
    )
    shelved = read_company(source).listing_categories
    assert list(shelved["position"]) == [0, 1]
    assert list(shelved["path"]) == ['["Pantry","Oats"]', '["Deals","Week"]']
    assert shelved["category_ids"][1] == '["7","9"]'


def test_a_repeated_row_adds_its_category_path(write_company: WriteCompany) -> None:
    rows = (product("1"), product("1", path=["Deals"]))
    catalogue = read_company(write_company({"a.jsonl": json_lines(*rows)}))
    assert list(catalogue.listing_categories["path"]) == ['["Pantry","Oats"]', '["Deals"]']
    assert "its category path was added there" in catalogue.set_aside_rows["reason"][0]


def test_a_sku_is_unique_over_all_files(write_company: WriteCompany) -> None:
    files = {"a.jsonl": json_lines(product("1")), "b.jsonl": json_lines(product("1", price=9), product("2"))}
    catalogue = read_company(write_company(files))
    assert list(catalogue.listings["file"]) == ["a.jsonl", "b.jsonl"]
    assert "stands in a.jsonl line 1 already, with another price" in catalogue.set_aside_rows["reason"][0]
    assert catalogue.catalogue_files[["read", "accepted", "set_aside"]].to_numpy().tolist() == [[1, 1, 0], [2, 1, 1]]


def test_repairs_are_noted(write_company: WriteCompany) -> None:
    fields = {"sku": "sku", "name": "name", "brand": "brand", "barcode": "ean", "price": "price", "size": "size"}
    row = product("1", name="Yumi&#039;s DipÂ\xa0rosÃ© 200g", brand="NEW", ean="9319133338082", price=0, size="250 g")
    catalogue = read_company(write_company({"a.jsonl": json_lines(row)}, fields=fields))
    repairs = json.loads(catalogue.listings["repairs"][0])
    assert [repair.split(";")[0] for repair in repairs] == [
        "name: mojibake was repaired",
        "name: HTML was removed",
        "price 0 was taken for no price",
        'brand "NEW" is a filler',
        'barcode "9319133338082" has a wrong check digit',
        "the name says 200 g, the size field 250 g",
    ]
    assert catalogue.listings["name"][0] == "Yumi's Dip rosé 200g"
    assert catalogue.catalogue_files["repaired"][0] == 1


def test_a_second_name_tells_the_brand_behind_its_maker(write_company: WriteCompany) -> None:
    till = ["MCKENZIES SPLIT PEAS 500G", "MCKENZIES BAKING POWDER 125G", "SAXA SALT 1KG", "BEGA CHEESE 250G"]
    makers = ["FTA FOOD SOLUTIONS PTY LTD", "FTA FOOD SOLUTIONS PTY LTD", "Saxa", "Bega"]
    names = ["Split Peas", "Baking Powder", "Salt", "McKenzies Cheese"]
    rows = [
        product(str(number), name=name, brand=maker, till=text)
        for number, (name, maker, text) in enumerate(zip(names, makers, till, strict=True))
    ]
    fields = {**FIELDS_OF_THE_TESTS, "brand": "brand", "branded_name": "till"}
    listings = read_company(write_company({"a.jsonl": json_lines(*rows)}, fields=fields)).listings
    assert listings["brand"].tolist() == ["McKenzies", "McKenzies", "Saxa", "Bega"]
    assert listings["core_name"].tolist() == ["split peas", "baking powder", "salt", "mckenzies cheese"]


def test_a_missing_price_is_accepted(write_company: WriteCompany) -> None:
    catalogue = read_company(write_company({"a.jsonl": json_lines(product("1", price=None), product("2", price=""))}))
    assert catalogue.listings["price"].isna().all()
    assert catalogue.listings["unit_price"].isna().all()


def test_size_from_two_columns(write_company: WriteCompany) -> None:
    fields = {"sku": "sku", "name": "name", "size": {"quantity": "quantity", "unit": "unit"}}
    content = b"sku,name,quantity,unit\n1,Erd\xc3\xa4pfel,2000.0,g\n2,Bier,0.5,l\n3,Besen,,stk\n"
    listings = read_company(write_company({"a.csv": content}, format="csv", fields=fields)).listings
    assert list(listings["size_text"].fillna("")) == ["2000 g", "0.5 l", ""]
    assert list(listings["total"].fillna(0)) == [2000.0, 500.0, 0.0]


def test_a_django_dump_with_its_category_tree(write_company: WriteCompany) -> None:
    def category(pk: int, name: str, parents: list[int]) -> dict[str, object]:
        return {"model": "companies.category", "pk": pk, "fields": {"name": name, "parents": parents}}

    dump = [
        category(1, "Food", []),
        category(2, "Deals", [4]),  # an ancestor of itself
        category(3, "Tea", [1, 2]),
        category(4, "Weekly", [2]),
        {"model": "companies.product", "pk": 7, "fields": {"name": "Green Tea", "category": 3}},
        {"model": "companies.product", "pk": 8, "fields": {"name": "", "category": None}},
    ]
    fields = {
        "sku": "pk",
        "name": "name",
        "categories": [{"tree": "category", "model": "companies.category", "parent": "parents"}],
    }
    source = write_company(
        {"dump.json": json.dumps(dump).encode()}, format="django", model="companies.product", fields=fields
    )
    catalogue = read_company(source)
    assert list(catalogue.listings["sku"]) == ["7"]
    assert list(catalogue.listing_categories["path"]) == ['["Food","Tea"]', '["Weekly","Deals","Tea"]']
    assert catalogue.listing_categories["category_ids"][0] == '["1","3"]'
    assert list(catalogue.set_aside_rows["field"]) == ["name"]


def test_rows_within_a_json_document(write_company: WriteCompany) -> None:
    document = json.dumps({"data": {"items": [product("1"), "no object", product("2")]}}).encode()
    catalogue = read_company(write_company({"a.json": document}, format="json", array="data.items"))
    assert list(catalogue.listings["line"]) == [1, 3]
    assert list(catalogue.set_aside_rows["line"]) == [2]


def test_a_broken_source_is_a_failed_file() -> None:
    catalogue = read_company(BrokenSource("aldi", Path("aldi"), "aldi/source.yaml: is no YAML"))
    assert catalogue.problem == "aldi/source.yaml: is no YAML"
    assert list(catalogue.catalogue_files["file"]) == ["source.yaml"]


def catalogue_of(write_company: WriteCompany, count: int, *more: bytes) -> CompanyCatalogue:
    files = {"a.jsonl": json_lines(*(product(str(number)) for number in range(count)))}
    files |= {f"b{index}.jsonl": content for index, content in enumerate(more)}
    return read_company(write_company(files))


def test_a_good_reading_stays(write_company: WriteCompany) -> None:
    last, reading = catalogue_of(write_company, 100), catalogue_of(write_company, 71)
    assert keep_last_good(reading, len(last.listings), lambda: last) is reading


def test_a_fall_by_thirty_percent_keeps_the_last_listings(write_company: WriteCompany) -> None:
    last, reading = catalogue_of(write_company, 100), catalogue_of(write_company, 70)
    kept = keep_last_good(reading, len(last.listings), lambda: last)
    assert len(kept.listings) == 100
    assert list(kept.catalogue_files["status"]) == ["kept"]
    assert "aldi: 70 listings where there were 100, a fall of 30%" in (kept.problem or "")
    allowed = dataclasses.replace(reading, accept_fall=True)
    assert keep_last_good(allowed, len(last.listings), lambda: last) is allowed


def test_a_failed_file_keeps_the_last_listings(write_company: WriteCompany) -> None:
    last, reading = catalogue_of(write_company, 100), catalogue_of(write_company, 100, b"")
    kept = keep_last_good(reading, len(last.listings), lambda: last)
    pd.testing.assert_frame_equal(kept.listings, last.listings)
    assert list(kept.catalogue_files["status"]) == ["kept", "kept"]
    assert "the 100 listings of the last good reading are shown" in (kept.problem or "")
    assert "aldi/b0.jsonl: the file is empty" in (kept.problem or "")


def test_a_failed_file_without_a_last_reading_shows_nothing(write_company: WriteCompany) -> None:
    reading = catalogue_of(write_company, 100, b"")
    kept = keep_last_good(reading, 0, lambda: combine([]))
    assert kept.listings.empty
    assert sorted(kept.catalogue_files["status"]) == ["failed", "kept"]
    assert "there is no earlier reading to show instead" in (kept.problem or "")


def test_combined_companies_are_in_key_order_and_conform(write_company: WriteCompany) -> None:
    parts = [read_company(write_company({"a.jsonl": json_lines(product("1"))}, slug=slug)) for slug in ("iga", "aldi")]
    both = combine(parts)
    assert list(both.listings["company_slug"]) == ["aldi", "iga"]
    for name in ("listings", "listing_categories", "set_aside_rows", "catalogue_files"):
        frame = getattr(both, name)
        pd.testing.assert_frame_equal(frame, conform(frame, tables.metadata.tables[name]))


def test_reading_twice_gives_the_same(write_company: WriteCompany) -> None:
    first, second = catalogue_of(write_company, 50), catalogue_of(write_company, 50)
    pd.testing.assert_frame_equal(first.listings, second.listings)
    pd.testing.assert_frame_equal(
        first.catalogue_files.drop(columns="modified_at"), second.catalogue_files.drop(columns="modified_at")
    )


def test_what_is_known_of_last_night_changes_nothing(write_company: WriteCompany, tmp_path: Path) -> None:
    fields = {
        **FIELDS_OF_THE_TESTS,
        **{name: {"column": name, "optional": True} for name in ("brand", "size", "barcode", "unit_price")},
    }
    choices = {
        "name": ["SAXA Sea Salt 2 x 500g", "Vegan Oats 1kg", "Bananas", "Cola 330 ml x 6", "Eggs 12 Pack"],
        "brand": [None, "SAXA", "Saxa Foods Pty Ltd", "unknown"],
        "size": [None, "500 g", "6 pack", "1 kg"],
        "barcode": [None, "9319133338081", "9319133338082", "2000123"],
        "unit_price": [None, "$4.50/kg", "$0.90 each"],
        "price": [None, 4.5, 10.8],
    }
    draw = random.Random(1)
    rows = {str(sku): product(str(sku)) for sku in range(40)}
    for night in range(6):
        for sku in draw.sample(sorted(rows), 6):
            field = draw.choice(sorted(choices))
            rows[sku] |= {field: draw.choice(choices[field])}
        rows.pop(draw.choice(sorted(rows)))
        rows[f"new {night}"] = product(f"new {night}", **{field: draw.choice(choices[field]) for field in choices})
        source = write_company({"a.jsonl": json_lines(*rows.values())}, fields=fields)
        cold, warm = read_company(source), read_company(source, KnownTexts(tmp_path / "known"))
        for field in dataclasses.fields(CompanyCatalogue)[:4]:
            pd.testing.assert_frame_equal(getattr(cold, field.name), getattr(warm, field.name))
    assert cold.listings["repairs"].ne("[]").any()
