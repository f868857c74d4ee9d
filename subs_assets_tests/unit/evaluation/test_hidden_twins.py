"""Products of two shops whose barcode is hidden: are they found by what is left?"""

from pathlib import Path

import pandas as pd

from subs_assets.evaluation.hidden_twins import hidden_twins, night_without_identity, shared_by_gtin
from subs_assets.evaluation.mapping_run import MappingInputs
from subs_assets.model.trained import shipped_model
from subs_assets_tests.small_shops import MODEL, item, shops, store_in

G500 = (500.0, "g")


def night(folder: Path, other_name: str, **given: object) -> tuple[pd.DataFrame, MappingInputs]:
    shop = shops(
        [
            item("aldi", "1", "swiss muesli", "Cereal", brand="a", size=G500, gtin="09300601001231"),
            item("coles", "1", other_name, "Muesli", brand="a", size=G500, gtin="09300601001231", **given),
            item("aldi", "2", "rolled oats", "Cereal", brand="a", size=G500),
            item("coles", "2", "corn flakes", "Muesli", brand="b", size=G500),
        ]
    )
    return shop.products, MappingInputs(
        shop.listings, shop.listing_categories, shop.product_listings, shop.categories, store_in(folder),
        shipped_model(),
    )  # fmt: skip


def test_a_twin_under_another_name_is_found_in_both_directions(tmp_path: Path) -> None:
    products, tables = night(tmp_path, "muesli swiss style")
    assert len(products) == 3
    twins = hidden_twins(products, tables, MODEL)
    assert [share.cases for share in twins.recall.values()] == [2, 2, 2]
    assert twins.recall[20].rate == twins.allowed.rate == twins.shown.rate == 1.0
    assert twins.refused.rate == 0.0


def test_a_twin_that_a_gate_refuses_is_a_candidate_but_not_allowed(tmp_path: Path) -> None:
    products, tables = night(tmp_path, "swiss muesli", claims={"halal"})
    twins = hidden_twins(products, tables, MODEL)
    assert twins.recall[20].rate == 1.0
    assert twins.refused.rate == twins.allowed.rate == 0.5  # halal is lost one way only


def test_nothing_shared_is_no_case(tmp_path: Path) -> None:
    products, tables = night(tmp_path, "swiss muesli")
    alone = products.assign(company_count=1)
    assert shared_by_gtin(alone, tables.product_listings).empty
    assert hidden_twins(alone, tables, MODEL).recall[20].rate is None


def test_each_listing_is_a_product_of_its_own_with_its_own_name(tmp_path: Path) -> None:
    products, tables = night(tmp_path, "muesli swiss style")
    found = night_without_identity(products, tables, shared_by_gtin(products, tables.product_listings))
    names = found.inputs.products.set_index("product_id")["name"].to_dict()
    assert names["aldi:1"] == "swiss muesli" and names["coles:1"] == "muesli swiss style"
    assert len(found.features) == len(names) == 4
