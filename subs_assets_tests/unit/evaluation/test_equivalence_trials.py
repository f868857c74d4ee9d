"""Chance and stability: what is shuffled, what is removed, and what counts as a change; on made-up shops, and on runs
whose mappings are written down."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from subs_assets.evaluation.equivalence_trials import (
    Stability,
    _changes,
    all_trials,
    null_mappings,
    readable,
    stability,
)
from subs_assets.evaluation.intervals import Share
from subs_assets.evaluation.mapping_run import find_mappings, listing_keys, shuffled_over_categories
from subs_assets_tests.small_shops import path
from subs_assets_tests.unit.evaluation.made_up_inputs import TASTES, run_of, two_shops


def test_what_is_left_out_is_left_out_of_every_table(tmp_path: Path) -> None:
    inputs = two_shops(tmp_path)
    dogs = inputs.listings["sku"].str.startswith("dog biscuit") & (inputs.listings["company_slug"] == "left")
    rest = inputs.without(listing_keys(inputs.listings[dogs]))
    assert len(rest.listings) == len(rest.listing_categories) == len(rest.product_listings) == 80 - len(TASTES)
    gone = set(zip(inputs.categories["company_slug"], inputs.categories["path"], strict=True)) - set(
        zip(rest.categories["company_slug"], rest.categories["path"], strict=True)
    )
    assert gone == {("left", path("Pets")), ("left", path("Pets > Dogs"))}
    assert list(rest.listings.index) == list(range(len(rest.listings)))


def test_a_shuffle_keeps_every_category_its_size_and_the_other_company_its_shelves(tmp_path: Path) -> None:
    inputs = two_shops(tmp_path)
    skus = inputs.listings.loc[inputs.listings["company_slug"] == "left", "sku"]
    standing = inputs.listing_categories
    shuffled = shuffled_over_categories(standing, skus, "left", 1)
    size = ["company_slug", "path"]
    assert shuffled.groupby(size).size().to_dict() == standing.groupby(size).size().to_dict()
    assert not shuffled.duplicated(["company_slug", "sku"]).any()
    right = standing["company_slug"] == "right"
    pd.testing.assert_frame_equal(shuffled[right], standing[right])
    assert (shuffled.loc[~right, "sku"] != standing.loc[~right, "sku"]).mean() > 0.8
    other_order = shuffled_over_categories(standing[::-1], skus[::-1], "left", 1)[::-1]
    pd.testing.assert_frame_equal(other_order, shuffled)
    assert not shuffled_over_categories(standing, skus, "left", 2).equals(shuffled)


def test_chance_accepts_less_and_is_counted_for_the_company_that_was_shuffled(tmp_path: Path) -> None:
    """The third company has no category: nothing is mapped to it, whoever is shuffled. Shops of eight listings a shelf
    are too small for chance to accept next to nothing; what matters here is what the figure is a share of."""
    inputs = two_shops(tmp_path)
    third = inputs.listings[inputs.listings["company_slug"] == "right"].assign(company_slug="third")
    nowhere = inputs.listing_categories[inputs.listing_categories["company_slug"] == "right"]
    products = third[["company_slug", "sku"]].assign(product_id="third:" + third["sku"], matched_by="sku")
    three = replace(
        inputs,
        listings=pd.concat([inputs.listings, third], ignore_index=True),
        listing_categories=pd.concat(
            [inputs.listing_categories, nowhere.assign(company_slug="third", path="[]")], ignore_index=True
        ),
        product_listings=pd.concat([inputs.product_listings, products], ignore_index=True),
    )
    true_count = len(find_mappings(three).accepted)
    null = null_mappings(three, seeds=(1,))
    for way in (null.rerun_by_pair, null.facets_kept_by_pair):
        cases = {(pair.company_slug, pair.other_company_slug): pair.share.cases for pair in way}
        assert cases == {("left", "right"): 2 * true_count, ("left", "third"): 0, ("right", "third"): 0}
        # The shuffle of the third leaves all as it is, and is not counted.
        assert way[0].share.rate is not None and way[0].share.rate < 0.75
    assert null.rerun.cases == null.facets_kept.cases == 2 * true_count


def test_without_a_removal_nothing_changes(tmp_path: Path) -> None:
    inputs = two_shops(tmp_path)
    accepted = len(find_mappings(inputs).accepted)
    assert stability(inputs, seeds=(1, 2), removed_share=0) == Stability(2, 2 * accepted, 0, 0, 0, 0, 0, 0)


def test_a_large_removal_changes_much(tmp_path: Path) -> None:
    changed = stability(two_shops(tmp_path), seeds=(1,), removed_share=0.8).changed
    assert changed.rate is not None and changed.rate > 0.4


def test_what_counts_as_a_change() -> None:
    before = run_of(
        ("a", "kept", "b", "kept", "exact"),
        ("a", "other relation", "b", "kept", "exact"),
        ("a", "demoted", "b", "kept", "exact"),
        ("a", "lost", "b", "kept", "narrow"),
        ("a", "vanished", "b", "kept", "exact"),
        ("a", "kept", "b", "vanished", "broad"),
        ("a", "kept", "b", "promoted", "broad", "proposed"),
        ("a", "proposed", "b", "kept", "related", "proposed"),
    )
    after = run_of(
        ("a", "kept", "b", "kept", "exact"),
        ("a", "other relation", "b", "kept", "close"),
        ("a", "demoted", "b", "kept", "exact", "proposed"),
        ("a", "kept", "b", "promoted", "broad"),
        ("a", "gained", "b", "kept", "exact"),
    )
    left = ["kept", "other relation", "demoted", "lost", "proposed", "gained"]
    known = [("a", path(name)) for name in left] + [("b", path("kept")), ("b", path("promoted"))]
    counts = _changes(before, after, pd.DataFrame(known, columns=["company_slug", "path"]))
    changes = Stability(1, *counts)
    assert changes == Stability(
        seeds=1, accepted=6, lost=2, demoted=1, gained=2, promoted=1, vanished=2, relation_changed=1
    )
    assert changes.changed == Share(4, 6) and changes.other_relation == Share(1, 6)


def test_all_trials_run_and_are_told(tmp_path: Path) -> None:
    told: list[str] = []
    trials = all_trials(two_shops(tmp_path), seeds=1, report=told.append)
    assert [twin.labels_kept for twin in trials.twin_trees] == [False, True]
    assert any("right shuffled" in sentence for sentence in told) and any("half 2" in sentence for sentence in told)
    assert "null mappings" in readable(trials) and "twin of left" in readable(trials)
