"""The predecessor's own JSON, one file a model and all companies in each, feeds the graph."""

import json
from pathlib import Path
from typing import Any

import pytest

from subs_assets.database.tables import metadata
from subs_assets_tests.shops_and_runs import (
    GOODS,
    OWN_BRANDS,
    SHELVES,
    checks_of,
    reason_of,
    rows_in,
    run_graph,
    settings_of,
)

SOURCE = """\
company: {{name: {name}}}
currency: AUD
folder: ${{DUMP_CATALOGUES}}
files: ["*.json"]
format: django
model: products.product
related:
  company: companies.company
  brand: companies.brand
  price: {{model: products.price, key: product, newest: scraped_at}}
only: {{company.slug: {slug}}}
fields:
  sku: sku
  name: name
  brand: brand.name
  size: size
  price: price.price
  categories:
    - {{tree: categories, model: companies.category, parent: parents}}
"""


def dump_of_the_shops() -> dict[str, list[dict[str, Any]]]:
    """model -> objects: each good of each shop under its own brand, with the price of today and that of yesterday."""
    found: dict[str, list[dict[str, Any]]] = {}

    def add(model: str, **fields: Any) -> int:
        objects = found.setdefault(model, [])
        objects.append({"model": model, "pk": len(objects) + 1, "fields": fields})
        return len(objects)

    for slug, shelves in SHELVES.items():
        company = add("companies.company", name=slug.title(), slug=slug)
        brand = add("companies.brand", name=OWN_BRANDS[slug])
        keys: dict[tuple[str, ...], int] = {}
        for kind, goods in GOODS.items():
            shelf: list[int] = []
            for depth in range(1, len(shelves[kind]) + 1):
                path = tuple(shelves[kind][:depth])
                if path not in keys:
                    keys[path] = add(
                        "companies.category", company=company, name=path[-1], store_product_id=None, parents=shelf
                    )
                shelf = [keys[path]]
            for name, size, price in goods:
                product = add(
                    "products.product", company=company, brand=brand, sku=f"{kind}-{name}-{size}", size=size,
                    name=f"{OWN_BRANDS[slug]} {name} {size}", categories=shelf,
                )  # fmt: skip
                add("products.price", product=product, price=f"{price:.2f}", scraped_at="2025-10-06T03:00:00Z")
                add("products.price", product=product, price="999.99", scraped_at="2025-10-05T03:00:00Z")
    return found


def test_a_folder_of_dumps_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUMP_CATALOGUES", str(tmp_path / "dump"))
    dump = dump_of_the_shops()
    (tmp_path / "dump").mkdir()
    for model, objects in dump.items():
        (tmp_path / "dump" / f"{model}.json").write_text(json.dumps(objects), encoding="utf-8")
    for slug in SHELVES:
        folder = tmp_path / "catalogues" / slug
        folder.mkdir(parents=True)
        (folder / "source.yaml").write_text(SOURCE.format(name=slug.title(), slug=slug), encoding="utf-8")
    settings = settings_of(tmp_path)
    done = run_graph(settings)
    assert done.success, reason_of(done)

    published = rows_in(settings.database_url, *metadata.tables)
    columns = {name: [column.name for column in table.columns] for name, table in metadata.tables.items()}

    def rows(table: str) -> list[dict[str, Any]]:
        return [dict(zip(columns[table], row, strict=True)) for row in published[table]]

    goods = {f"{kind}-{name}-{size}": price for kind, several in GOODS.items() for name, size, price in several}
    assert len(rows("listings")) == len(goods) * len(SHELVES) == len(dump["products.product"])
    for listing in rows("listings"):
        assert listing["price"] == goods[listing["sku"]]
        assert listing["brand"].casefold() == OWN_BRANDS[listing["company_slug"]].casefold()
    assert {(row["company_slug"], row["sku"], row["path"]) for row in rows("listing_categories")} == {
        (slug, sku, json.dumps(SHELVES[slug][sku.split("-")[0]], separators=(",", ":")))
        for slug in SHELVES
        for sku in goods
    }
    read = {(row["company_slug"], row["file"]): (row["read"], row["accepted"]) for row in rows("catalogue_files")}
    assert read == {
        (slug, f"{model}.json"): (len(goods), len(goods)) if model == "products.product" else (0, 0)
        for slug in SHELVES
        for model in dump
    }
    assert rows("substitutions") and rows("category_equivalences")

    (tmp_path / "dump" / "companies.category.json").write_bytes(b'[{"model": "companies.category", "pk": 1, ')
    again = run_graph(settings)
    assert again.success, reason_of(again)
    for slug in SHELVES:
        passed, says = checks_of(again)[f"catalogue/{slug}:delivered"]
        assert not passed
        assert "companies.category.json: the file ends in the middle of row 1: it is cut" in says
        assert f"the {len(goods)} listings of the last good reading are shown" in says
    assert rows_in(settings.database_url, "listings")["listings"] == published["listings"]
