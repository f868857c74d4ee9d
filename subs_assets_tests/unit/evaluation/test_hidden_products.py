"""Hidden products: which pairs are cases, that they are really hidden, and what covers them."""

from dataclasses import replace
from pathlib import Path

import pytest

from subs_assets.evaluation.hidden_products import (
    _Case,
    _covers,
    _shared_products,
    _unidentified,
    hidden_products,
)
from subs_assets.evaluation.mapping_run import find_mappings
from subs_assets_tests.small_shops import item, path
from subs_assets_tests.unit.evaluation.made_up_inputs import SHELVES, inputs_of, two_shops


def test_a_clear_shop_is_found_and_chance_finds_less(tmp_path: Path) -> None:
    found = hidden_products(two_shops(tmp_path), seeds=(1, 2))
    # Each shelf shares one product; a case in either direction, once a seed.
    for way in (found.unidentified, found.left_out):
        assert way.covered.cases == way.mapped.cases == way.by_chance.cases == 2 * len(SHELVES)
        assert way.covered.rate == 1 and way.by_chance.rate is not None and way.by_chance.rate < 0.6
        assert [pair.share for pair in way.covered_by_pair] == [way.covered]
    assert found.without_shelf == 0


def test_hidden_products_are_no_hard_evidence(tmp_path: Path) -> None:
    inputs = two_shops(tmp_path)
    shared = _shared_products(inputs.product_listings)
    assert len(shared) == 2 * len(SHELVES)
    assert find_mappings(inputs).mappings["hard_support"].sum() > 0
    hidden = _unidentified(inputs, inputs.product_listings["product_id"].isin(shared["product_id"]))
    assert find_mappings(hidden).mappings["hard_support"].sum() == 0


def test_what_only_the_hidden_products_tell_is_not_found(tmp_path: Path) -> None:
    """Four products of one shelf are the same, under names that have nothing in common: with two of them hidden nothing
    is accepted."""
    names = {"left": ["zebra", "quince", "violin", "hammock"], "right": ["tulip", "borax", "mango", "cedar"]}
    items = [
        item(company, str(number), name, f"{company} shelf")
        for company in names
        for number, name in enumerate(names[company])
    ]
    inputs = inputs_of(items, tmp_path)
    same = inputs.product_listings.assign(product_id=inputs.product_listings["sku"])
    inputs = replace(inputs, product_listings=same)
    assert len(find_mappings(inputs).accepted) == 2
    found = hidden_products(inputs)
    for way in (found.unidentified, found.left_out):
        assert (way.covered.successes, way.covered.cases) == (0, 4)


def test_a_listing_without_a_shelf_is_no_case(tmp_path: Path) -> None:
    sold = [
        *[item("left", f"m{n}", f"muesli {n}", "Muesli", brand="b", size=(1.0 + n, "g")) for n in range(4)],
        *[item("right", f"m{n}", f"muesli {n}", brand="b", size=(1.0 + n, "g")) for n in range(4)],
    ]
    inputs = inputs_of(sold, tmp_path)
    shared = len(_shared_products(inputs.product_listings)) // 2
    found = hidden_products(inputs)
    assert shared > 0 and found.without_shelf == shared
    assert found.unidentified.covered.cases == 0


MUESLI, TOASTED = path("Pantry > Muesli"), path("Pantry > Muesli > Toasted")
CEREAL, BREAKFAST = path("Shop > Breakfast > Cereal"), path("Shop > Breakfast")


@pytest.mark.parametrize(
    ("mapped", "covered"),
    [
        pytest.param((TOASTED, CEREAL), True, id="itself"),
        pytest.param((TOASTED, BREAKFAST), True, id="a broader target"),
        pytest.param((MUESLI, BREAKFAST), True, id="the shelf above"),
        pytest.param((path("Pantry"), BREAKFAST), False, id="a root says nothing"),
        pytest.param((TOASTED, path("Shop > Breakfast > Cereal > Hot")), False, id="a narrower target"),
        pytest.param((TOASTED, path("Shop > Drinks")), False, id="another target"),
    ],
)
def test_what_covers_a_pair_of_categories(mapped: tuple[str, str], covered: bool) -> None:
    case = _Case("left", "right", (TOASTED,), (CEREAL,))
    source, target = mapped
    assert _covers({("left", source, "right"): {target}}, case, {}) == covered
    assert not _covers({("left", source, "third"): {target}}, case, {})


def test_below_a_root_over_everything_the_next_are_roots() -> None:
    case = _Case("left", "right", (TOASTED,), (CEREAL,))
    assert not _covers({("left", MUESLI, "right"): {CEREAL}}, case, {"left": 2})


def test_a_category_that_is_itself_a_root_counts() -> None:
    case = _Case("left", "right", (path("Muesli"),), (CEREAL,))
    assert _covers({("left", path("Muesli"), "right"): {CEREAL}}, case, {})
