import numpy as np
import pandas as pd
import pytest

from subs_assets.catalogue.category_path import encode
from subs_assets.equivalence.evidence import ListingEvidence
from subs_assets.equivalence.mapping import KEY_COLUMNS
from subs_assets.equivalence.tree import Tree, build_tree
from subs_assets.evaluation.equivalence_methods import (
    CompanyPair,
    by_components,
    by_counts,
    by_label,
    by_ours,
    by_shared_products,
)
from subs_assets.evaluation.equivalence_pool import QUOTAS, draw, pool, sheet

BREAD, MILK, CHEESE, DAIRY = (encode(names) for names in (["Bread"], ["Milk"], ["Dairy", "Cheese"], ["Dairy"]))
LOAVES, DRINKS = encode(["Loaves"]), encode(["Drinks"])


def tree(company: str, paths: list[str], first_row: int) -> Tree:
    shelves = pd.DataFrame({"path": paths, "row": range(first_row, first_row + len(paths))})
    return build_tree(company, shelves, set(), 10)


@pytest.fixture
def pair() -> CompanyPair:
    """``a`` sells two breads, a milk and a cheese, ``b`` two loaves, two drinks and a cheese; a loaf and the cheese are
    the same product as one of ``a``, and the breads and loaves are also alike by name."""
    one = tree("a", [BREAD, BREAD, MILK, CHEESE], 0)
    other = tree("b", [LOAVES, LOAVES, DRINKS, DRINKS, CHEESE], 4)
    evidence = ListingEvidence(
        np.array([0, 1, 3, 2]), np.array([4, 5, 8, 6]), np.ones(4), np.array([True, False, True, False])
    )
    labels = np.zeros((len(one.paths), len(other.paths)), np.float32)
    labels[one.paths.index(MILK), other.paths.index(DRINKS)] = 0.8
    product = np.array(["p0", "p1", "p2", "p3", "p0", "q1", "q2", "q3", "p3", "none"], object)
    return CompanyPair(one, other, evidence, labels, product)


def found(pairs: pd.DataFrame) -> set[tuple[str, str]]:
    assert list(pairs.columns) == KEY_COLUMNS
    assert set(pairs["company_slug"]) <= {"a"} and set(pairs["target_company_slug"]) <= {"b"}
    return set(zip(pairs["path"], pairs["target_path"], strict=True))


def test_each_method_finds_what_its_rule_says(pair: CompanyPair) -> None:
    shared = {(BREAD, LOAVES), (CHEESE, CHEESE), (CHEESE, DAIRY), (DAIRY, CHEESE), (DAIRY, DAIRY)}
    assert found(by_shared_products(pair)) == shared
    assert found(by_label(pair)) == {(MILK, DRINKS)}
    assert found(by_components(pair)) == shared | {(MILK, DRINKS)}
    assert found(by_counts(pair)) == {(BREAD, LOAVES)}  # of the others there is one pair of listings only


def test_ours_is_taken_from_both_directions(pair: CompanyPair) -> None:
    mappings = pd.DataFrame(
        [
            ("a", BREAD, "b", LOAVES, "accepted"),
            ("b", LOAVES, "a", BREAD, "accepted"),
            ("b", DRINKS, "a", MILK, "proposed"),
            ("a", CHEESE, "b", DRINKS, "rejected"),
            ("a", CHEESE, "c", CHEESE, "accepted"),
        ],
        columns=[*KEY_COLUMNS, "status"],
    )
    assert found(by_ours(pair, mappings)) == {(BREAD, LOAVES), (MILK, DRINKS)}


def test_a_pair_is_in_the_stratum_of_those_that_propose_it(pair: CompanyPair) -> None:
    mappings = pd.DataFrame([("a", CHEESE, "b", CHEESE, "accepted")], columns=[*KEY_COLUMNS, "status"])
    pooled = pool(pair, mappings).set_index(["path", "target_path"])["stratum"]
    assert pooled[BREAD, LOAVES] == "two methods"  # shared products and counts; what connects them is no third
    assert pooled[MILK, DRINKS] == "only labels"
    assert pooled[CHEESE, CHEESE] == "two methods"
    assert pooled[DAIRY, DAIRY] == "only shared products"
    assert set(pooled) <= set(QUOTAS) and pooled.index.is_unique


def test_a_draw_is_as_large_as_its_quota_or_its_stratum() -> None:
    pooled = pd.DataFrame(
        [("a", str(number), "b", str(number), "only labels") for number in range(50)]
        + [("a", "x", "b", "x", "only counts")],
        columns=[*KEY_COLUMNS, "stratum"],
    )
    drawn = draw(pooled, np.random.default_rng(1)).groupby("stratum").agg({"pooled": "first", "drawn": "first"})
    assert drawn.loc["only labels"].tolist() == [50, QUOTAS["only labels"]]
    assert drawn.loc["only counts"].tolist() == [1, 1]


def test_a_sheet_holds_paths_and_names_and_nothing_of_the_answer() -> None:
    drawn = pd.DataFrame([("a", BREAD, "b", LOAVES, "only labels", 1, 1)], columns=[*KEY_COLUMNS, "stratum", "p", "d"])
    names = {("a", BREAD): [f"bread {number}" for number in range(30)], ("b", LOAVES): ["loaf"]}
    shown = sheet(drawn, names, np.random.default_rng(1))
    assert list(shown.columns) == ["pair", "path_a", "products_a", "path_b", "products_b"]
    assert shown.iloc[0]["path_a"] == "Bread" and shown.iloc[0]["products_b"] == "loaf"
    assert len(shown.iloc[0]["products_a"].split(" | ")) == 10
