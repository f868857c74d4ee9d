"""The tree shows every category of a company once, with its mappings, and says what it leaves out."""

import pandas as pd
import pytest

from subs_assets.catalogue import category_path
from subs_assets.equivalence.absences import find_absences
from subs_assets.equivalence.mapping import CANDIDATE_COLUMNS
from subs_assets.report.equivalence_tree import Node, Target, equivalence_trees, largest, strongest
from subs_assets_tests.made_up_nights import made_up_night
from subs_assets_tests.small_shops import equivalences, item, path, shops

SHOP = shops(
    [
        item("aldi", "1", "Oats", "Pantry > Muesli"),
        item("aldi", "2", "Corn", "Pantry > Muesli"),
        item("aldi", "3", "Oil", "Pantry > Oil"),
        item("aldi", "4", "Soap", "Specials"),
        item("coles", "1", "Oats", "Breakfast > Cereals"),
    ]
)
FACETS = pd.DataFrame({"company_slug": ["aldi"], "path": [path("Specials")], "kind": ["promotional"]})
MAPPINGS = equivalences(
    ("aldi", "Pantry > Muesli", "coles", "Breakfast", "narrow", "proposed"),
    ("aldi", "Pantry > Muesli", "coles", "Breakfast > Cereals", "close"),
)
MAPPINGS["support"] = MAPPINGS["status"].map({"accepted": 1.0, "proposed": 2.0})
ABSENCES = find_absences(SHOP.categories, FACETS, MAPPINGS, pd.DataFrame(columns=CANDIDATE_COLUMNS), ["aldi", "coles"])


def names(nodes: tuple[Node, ...]) -> list:
    return [(node.name, node.listings, names(node.children)) for node in nodes]


def test_the_tree_is_the_company_s_own_with_its_mappings() -> None:
    trees = equivalence_trees(SHOP.categories, FACETS, MAPPINGS, ABSENCES, 100)
    assert set(trees) == {("aldi", "coles"), ("coles", "aldi")}
    tree = trees["aldi", "coles"]
    assert names(tree.roots) == [("Pantry", 3, [("Muesli", 2, []), ("Oil", 1, [])]), ("Specials", 1, [])]
    muesli, oil = tree.roots[0].children
    assert [(target.name, target.relation, target.status) for target in muesli.targets] == [
        ("Breakfast > Cereals", "close", "accepted"),
        ("Breakfast", "narrow", "proposed"),
    ]
    assert (muesli.absence, oil.absence, tree.roots[0].absence) == (
        None,
        "no counterpart",
        "only categories below it are mapped",
    )
    assert muesli.is_mapped and not oil.is_mapped and not oil.targets
    assert tree.roots[1].facet == "promotional" and oil.facet is None
    assert (tree.categories, tree.mapped, tree.facets, tree.left_out) == (4, 1, 1, 0)
    assert not any(node.targets for root in trees["coles", "aldi"].roots for node in root.subtree())


@pytest.mark.parametrize("most", [0, 1, 2, 3, 50])
def test_a_large_tree_shows_the_largest_categories_and_what_is_above_them(most: int) -> None:
    night = made_up_night(2)
    nodes = night.categories[night.categories["company_slug"] == "shop_00"]
    shown = largest(nodes, most)
    assert len(shown) <= most
    assert all(set(category_path.ancestors(one)) <= set(shown["path"]) for one in shown["path"])
    left_out = nodes[~nodes["path"].isin(shown["path"])]
    assert not len(shown) or not len(left_out) or shown["listings"].min() >= left_out["listings"].max()
    trees = equivalence_trees(
        night.categories, night.category_facets, night.category_equivalences, night.category_absences, most
    )
    tree = trees["shop_00", "shop_01"]
    assert sum(1 for root in tree.roots for _ in root.subtree()) == len(shown) == tree.categories - tree.left_out


def test_the_largest_come_first_and_never_without_their_parents() -> None:
    assert set(largest(SHOP.categories, 2)["path"]) == {path("Pantry"), path("Pantry > Muesli")}


def test_a_department_with_dozens_of_targets_shows_the_strongest() -> None:
    accepted = [Target(f"a{number}", f"A{number}", "narrow", "accepted", 9.0, "evidence") for number in range(7)]
    proposed = [Target(f"p{number}", f"P{number}", "related", "proposed", 2.0, "evidence") for number in range(4)]
    shown, more = strongest([*accepted, *proposed])
    assert [target.path for target in shown] == ["a0", "a1", "a2", "a3", "a4", "p0", "p1"] and more == 4
    assert strongest(proposed[:1]) == ((proposed[0],), 0)
