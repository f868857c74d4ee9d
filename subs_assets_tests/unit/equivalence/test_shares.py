"""Shares between small trees whose matches are written out: what labels, unmatched listings and chance do to them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from subs_assets.equivalence.evidence import ListingEvidence
from subs_assets.equivalence.relations import wilson_lower
from subs_assets.equivalence.shares import ELSEWHERE, LABEL_VOTES, UNMATCHED, CategoryShares, category_shares
from subs_assets.equivalence.tree import Tree, build_tree
from subs_assets_tests.small_shops import path

COUNTS = {("Milk", "Dairy > Milk"): 6, ("Milk", "Dairy > Cream"): 2, ("Bread", "Bakery > Loaves"): 12}
UNMATCHED_MILK = 5


def shares_of(labels: dict[tuple[str, str], float] | None = None) -> CategoryShares:
    """``labels``: (source, target) -> similarity of their paths; 0 for all others."""
    matches = [pair for pair, count in COUNTS.items() for _ in range(count)]
    here = [source for source, _ in matches] + ["Milk"] * UNMATCHED_MILK
    rows = len(here) + len(matches)
    source = tree("aldi", here, 0, rows)
    target = tree("coles", [other for _, other in matches], len(here), rows)
    evidence = ListingEvidence(
        np.arange(len(matches)),
        np.arange(len(here), rows),
        np.ones(len(matches)),
        np.zeros(len(matches), bool),
    )
    similarity = np.zeros((len(source.paths), len(target.paths)), np.float32)
    for (one, other), value in (labels or {}).items():
        similarity[at(source, one), at(target, other)] = value
    return category_shares(source, target, evidence, similarity)


def tree(company: str, shelves: list[str], first: int, rows: int) -> Tree:
    frame = pd.DataFrame({"path": [path(shelf) for shelf in shelves], "row": range(first, first + len(shelves))})
    return build_tree(company, frame, set(), rows)


def at(of: Tree, category: str) -> int:
    return of.paths.index(path(category))


def test_a_share_is_over_matched_listings_and_the_others_count_a_little() -> None:
    shares = shares_of()
    milk, dairy_milk = at(shares.source, "Milk"), at(shares.target, "Dairy > Milk")
    cases = 8 + UNMATCHED * UNMATCHED_MILK
    assert shares.mass[milk, dairy_milk] == 6 and shares.matched_source[milk] == 8
    assert shares.forward[milk, dairy_milk] == pytest.approx(6 / cases)
    assert shares.forward_bound[milk, dairy_milk] == pytest.approx(float(wilson_lower(6 / cases, cases)))
    assert shares.backward[milk, dairy_milk] == 1
    assert shares.mass[milk, at(shares.target, "Dairy")] == 8


def test_a_label_votes_for_its_category_and_those_above_it_and_against_the_others() -> None:
    plain, labelled = shares_of(), shares_of({("Milk", "Dairy > Cream"): 1.0})
    milk = at(plain.source, "Milk")
    before, after = (
        {name: shares.forward[milk, at(shares.target, name)] for name in ("Dairy", "Dairy > Milk", "Dairy > Cream")}
        for shares in (plain, labelled)
    )
    cases = 8 + UNMATCHED * UNMATCHED_MILK + LABEL_VOTES
    assert after["Dairy > Cream"] == pytest.approx((2 + LABEL_VOTES) / cases)
    assert after["Dairy"] == pytest.approx((8 + LABEL_VOTES) / cases)
    assert after["Dairy > Milk"] == pytest.approx(6 / cases) and after["Dairy > Milk"] < before["Dairy > Milk"]


def test_labels_that_are_hardly_alike_do_not_vote() -> None:
    assert np.array_equal(shares_of({("Milk", "Bakery > Loaves"): 0.5}).forward, shares_of().forward)


def test_chance_is_the_tail_of_the_binomial_distribution_in_the_direction_that_is_less_sure() -> None:
    shares = shares_of({("Bread", "Bakery > Loaves"): 1.0})
    bread, loaves = at(shares.source, "Bread"), at(shares.target, "Bakery > Loaves")
    tail = stats.binom.sf(11, 12, 12 / (20 + ELSEWHERE))
    assert shares.chance[bread, loaves] == pytest.approx(tail)
    milk, cream = at(shares.source, "Milk"), at(shares.target, "Dairy > Cream")
    forward = stats.binom.sf(1, 8, 2 / (20 + ELSEWHERE))
    backward = stats.binom.sf(1, 2, 8 / (20 + ELSEWHERE))
    assert shares.chance[milk, cream] == pytest.approx(max(forward, backward))
    assert shares.chance[milk, loaves] == 1, "no evidence is no less than chance brings"


def test_in_reverse_everything_is_seen_from_the_other_side() -> None:
    shares = shares_of({("Milk", "Dairy > Milk"): 0.9})
    back = shares.reversed()
    assert back.source is shares.target
    assert np.array_equal(back.forward_bound, shares.backward_bound.T)
    assert np.array_equal(back.mass, shares.back.T) and np.array_equal(back.chance, shares.chance.T)
    again = back.reversed()
    assert all(
        np.array_equal(getattr(again, name), getattr(shares, name))
        for name in ("mass", "hard", "back", "forward", "backward_bound", "label", "matched_target")
    )


def test_the_names_of_a_node_are_without_the_root_over_everything() -> None:
    shelves = pd.DataFrame({"path": [path("Grocery > Pantry > Muesli")], "row": [0]})
    found = build_tree("iga", shelves, {path("Grocery")}, 1)
    muesli, pantry = at(found, "Grocery > Pantry > Muesli"), at(found, "Grocery > Pantry")
    assert (found.names(pantry), found.names(muesli)) == (["Pantry"], ["Pantry", "Muesli"])
    assert found.is_leaf[[muesli, pantry]].tolist() == [True, False] and found.depth[[muesli, pantry]].tolist() == [
        2,
        1,
    ]
