"""The twin of a company: what is kept and what rewritten, and which of the mappings to it are right."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from subs_assets.catalogue import category_path
from subs_assets.evaluation.intervals import Share
from subs_assets.evaluation.mapping_run import MappingInputs
from subs_assets.evaluation.twin_tree import OWN_BRAND, TwinTree, _judged, twin_tree, with_twin
from subs_assets_tests.small_shops import item, path
from subs_assets_tests.unit.evaluation.made_up_inputs import inputs_of, run_of, two_shops


def side(inputs: MappingInputs, company: str) -> pd.DataFrame:
    return inputs.listings[inputs.listings["company_slug"] == company].set_index("sku")


def test_a_twin_has_the_same_listings_some_kept_and_the_others_own_brand(tmp_path: Path) -> None:
    both, _ = with_twin(two_shops(tmp_path), "left", "twin", labels_kept=False, kept_share=0.3, seed=1)
    own, theirs = side(both, "left"), side(both, "twin")
    assert set(both.listings["company_slug"]) == {"left", "twin"} and list(own.index) == list(theirs.index)
    product = both.product_listings.set_index(["company_slug", "sku"])["product_id"]
    kept = (product["left"] == product["twin"]).reindex(own.index)
    assert 0.15 < kept.mean() < 0.45
    pd.testing.assert_frame_equal(own[kept].drop(columns="company_slug"), theirs[kept].drop(columns="company_slug"))
    rewritten = theirs[~kept]
    assert set(rewritten["brand"]) == {OWN_BRAND} and rewritten["gtin"].isna().all()
    assert (rewritten["total"] != own.loc[~kept, "total"]).all()
    assert 0.2 < (rewritten["core_name"] != own.loc[~kept, "core_name"]).mean() < 1
    for before, after in zip(own.loc[~kept, "core_name"], rewritten["core_name"], strict=True):
        assert set(after.split()) <= set(before.split()) and len(after.split()) >= 2
    assert product["twin"][~kept].str.startswith("twin:").all()


@pytest.mark.parametrize("labels_kept", [True, False])
def test_the_twins_tree_has_the_same_shape(tmp_path: Path, labels_kept: bool) -> None:
    both, counterpart = with_twin(two_shops(tmp_path), "left", "twin", labels_kept, 0.3, seed=1)
    own, theirs = (both.categories[both.categories["company_slug"] == slug] for slug in ("left", "twin"))
    assert dict(zip(own["path"].map(counterpart), own["listings"], strict=True)) == dict(
        zip(theirs["path"], theirs["listings"], strict=True)
    )
    for node, twin in counterpart.items():
        assert tuple(counterpart[above] for above in category_path.ancestors(node)) == category_path.ancestors(twin)
    names = {name for twin in counterpart.values() for name in category_path.decode(twin)}
    assert ("Muesli" in names) == labels_kept and any("Section" in name for name in names) != labels_kept


def test_the_twin_is_the_same_each_time_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    inputs = two_shops(tmp_path)
    backwards = replace(
        inputs,
        listings=inputs.listings[::-1],
        listing_categories=inputs.listing_categories[::-1],
        product_listings=inputs.product_listings[::-1],
    )
    one, other = (with_twin(frames, "left", "twin", False, 0.3, 1)[0] for frames in (inputs, backwards))
    pd.testing.assert_frame_equal(one.listings, other.listings)
    pd.testing.assert_frame_equal(one.listing_categories, other.listing_categories)
    pd.testing.assert_frame_equal(one.product_listings, other.product_listings)


def test_a_listing_without_a_category_has_a_twin_without_one(tmp_path: Path) -> None:
    inputs = inputs_of([item("left", "1", "muesli", "Pantry"), item("left", "2", "juice")], tmp_path)
    both, _ = with_twin(inputs, "left", "twin", False, 0.3, 1)
    standing = both.listing_categories.set_index(["company_slug", "sku"])["path"]
    assert standing["twin", "2"] == category_path.ROOT != standing["twin", "1"]


@pytest.mark.parametrize("labels_kept", [True, False])
def test_a_clear_tree_is_recovered(tmp_path: Path, labels_kept: bool) -> None:
    found = twin_tree(two_shops(tmp_path), "left", labels_kept)
    assert found.recovered.cases == found.as_themselves.cases == 10  # five leaves, both directions
    assert found.recovered.rate == found.as_themselves.rate == found.exact_or_close.rate == 1
    assert (found.company_slug, found.labels_kept, found.facets_mapped.successes) == ("left", labels_kept, 0)


def test_a_tree_whose_listings_all_stand_alike_is_not(tmp_path: Path) -> None:
    things = ["muesli", "juice", "water", "bread", "towel"]
    items = [item("left", f"{a}{b}", f"{things[b]} {a}", f"Shop > Shelf {a}") for a in range(2) for b in range(5)]
    found = twin_tree(inputs_of(items, tmp_path), "left", kept_share=0)
    assert found.recovered.cases == 4 and found.as_themselves.rate == 0


CATEGORIES = pd.DataFrame(
    [
        ("left", path("Pantry"), 20, False),
        ("left", path("Pantry > Muesli"), 12, True),
        ("left", path("Pantry > Jam"), 5, True),
        ("left", path("Pantry > Rare"), 3, True),
        ("left", path("Pets"), 9, False),
        ("left", path("Pets > Dogs"), 9, True),
        ("left", path("Half Price"), 7, True),
    ],
    columns=["company_slug", "path", "listings", "is_leaf"],
)
PATHS = list(CATEGORIES["path"])
HALF_PRICE = (("left", "Half Price", "promotional"),)


def judged(*rows: tuple[str, ...]) -> TwinTree:
    """Mappings as (category, category of the twin under the first's own name, relation), from left to its twin."""
    both = {node: category_path.encode(f"twin {name}" for name in category_path.decode(node)) for node in PATHS}
    written = [("left", source, "twin", " > ".join(f"twin {name}" for name in target.split(" > ")), relation)
               for source, target, relation in rows]  # fmt: skip
    run = run_of(*written, facets=HALF_PRICE)
    return _judged(run, CATEGORIES, "left", False, both, least_listings=5)


@pytest.mark.parametrize(
    ("row", "figure", "right"),
    [
        (("Pantry > Muesli", "Pantry > Muesli", "exact"), "exact_or_close", True),
        (("Pantry > Muesli", "Pantry > Muesli", "close"), "exact_or_close", True),
        (("Pantry > Muesli", "Pantry > Jam", "exact"), "exact_or_close", False),
        (("Pantry > Muesli", "Pantry", "close"), "exact_or_close", False),
        (("Pets", "Pets > Dogs", "exact"), "exact_or_close", True),  # it holds nothing else
        (("Pantry > Muesli", "Pantry", "broad"), "broad_or_narrow", True),
        (("Pantry", "Pantry > Muesli", "narrow"), "broad_or_narrow", True),
        (("Pantry", "Pantry > Muesli", "broad"), "broad_or_narrow", False),
        (("Pantry > Muesli", "Pantry > Muesli", "broad"), "broad_or_narrow", False),
        (("Pantry > Muesli", "Pantry", "related"), "related", True),
        (("Pantry > Muesli", "Pets", "related"), "related", False),
    ],
)
def test_which_mappings_are_right(row: tuple[str, ...], figure: str, right: bool) -> None:
    found = judged(row)
    assert getattr(found, figure) == Share(int(right), 1)
    others = {"exact_or_close", "broad_or_narrow", "related"} - {figure}
    assert all(getattr(found, other) == Share(0, 0) for other in others)


def test_a_facet_that_is_mapped_is_counted_apart() -> None:
    found = judged(("Half Price", "Half Price", "exact"), ("Pantry", "Pantry", "exact"))
    assert found.facets_mapped == Share(1, 2) and found.exact_or_close == found.in_line == Share(1, 1)


@pytest.mark.parametrize(
    ("row", "recovered", "as_itself"),
    [
        (("Pantry > Muesli", "Pantry > Muesli", "exact"), 1, 1),
        (("Pantry > Muesli", "Pantry > Muesli", "narrow"), 1, 0),
        (("Pantry > Muesli", "Pantry", "broad"), 1, 0),
        (("Pantry > Muesli", "Pantry", "related"), 0, 0),
        (("Pantry > Muesli", "Pantry > Jam", "exact"), 0, 0),
        (("Pantry > Rare", "Pantry > Rare", "exact"), 0, 0),
        (("Pantry", "Pantry", "exact"), 0, 0),
    ],
)
def test_which_leaves_are_recovered(row: tuple[str, ...], recovered: int, as_itself: int) -> None:
    """Muesli, Jam and Dogs are leaves with five listings or more, in both directions."""
    found = judged(row)
    assert (found.recovered, found.as_themselves) == (Share(recovered, 6), Share(as_itself, 6))


def test_both_directions_count() -> None:
    run = run_of(("twin", "twin Pantry > twin Jam", "left", "Pantry > Jam", "exact"), facets=HALF_PRICE)
    both = {node: category_path.encode(f"twin {name}" for name in category_path.decode(node)) for node in PATHS}
    found = _judged(run, CATEGORIES, "left", False, both, least_listings=5)
    assert found.recovered == found.as_themselves == Share(1, 6) and found.in_line == Share(1, 1)
