"""Trees as a page shows them: what stands first, how far a branch is mapped, what is left to a page of its own."""

import pandas as pd
import pytest

from subs_assets.catalogue.category_path import decode, encode
from subs_assets.equivalence.absences import find_absences
from subs_assets.explorer.category_tree import (
    Branch,
    Coverage,
    Target,
    branch_coverage,
    shown_tree,
    silent_departments,
    targets_of,
    whole,
)
from subs_assets.explorer.worked_out import WorkedOut
from subs_assets.substitution.shelves import shelf_relations

FRESH = 'Food, "fresh"'
TEA, DRINKS, FOOD = encode(["Drinks", "Tea"]), encode(["Drinks"]), encode([FRESH])
BREAD, BUNS, SALE = encode([FRESH, "Bread"]), encode([FRESH, "Bread", "Buns"]), encode(["Sale"])


@pytest.fixture
def tree() -> pd.DataFrame:
    rows = [
        (DRINKS, "Drinks", 9, None, 0, "none"),
        (TEA, "Tea", 9, None, 0, "none"),
        (FOOD, FRESH, 50, None, 0, "parts"),
        (BREAD, "Bread", 40, None, 1, None),
        (BUNS, "Buns", 10, None, 0, "above"),
        (SALE, "Sale", 99, "promotional", 0, None),
    ]
    frame = pd.DataFrame(rows, columns=["path", "name", "listings", "facet", "accepted", "answer"])
    return frame.assign(through_path=None, candidate_path=None, reason="made up")


SHELVES = [
    ((TEA,), 9),
    ((BREAD,), 25),
    ((BUNS,), 5),
    ((BREAD, BUNS), 5),
    ((FOOD,), 10),
    ((TEA, BREAD), 2),
    (("gone",), 1),
]


def test_a_listing_counts_once_in_every_branch_that_it_stands_in(tree: pd.DataFrame) -> None:
    found = branch_coverage(tree, SHELVES)
    assert found[FOOD] == Coverage(mapped=32, above=5, open=10) and found[FOOD].share == 32 / 47
    assert found[DRINKS] == found[TEA] == Coverage(open=11) and found[BUNS] == Coverage(above=10)
    assert found[SALE].share is None
    assert whole(SHELVES, tree) == Coverage(mapped=32, above=5, open=20)


def names(branches: tuple[Branch, ...]) -> list[str]:
    return [branch.name for branch in branches]


def test_what_is_not_mapped_stands_first_and_facets_last(tree: pd.DataFrame) -> None:
    mappings = pd.DataFrame(
        [(BREAD, '["X","Y"]', "exact", "accepted")], columns=["path", "target_path", "relation", "status"]
    )
    shown = shown_tree(tree, branch_coverage(tree, SHELVES), targets_of(mappings), {'["X"]': 7})
    assert names(shown.branches) == ["Drinks", FRESH, "Sale"]
    assert [branch.is_unmapped for branch in shown.branches] == [True, False, False]
    assert [branch.is_reached for branch in shown.branches] == [False, False, True]
    (bread,) = shown.branches[1].children
    assert bread.targets == (Target('["X","Y"]', "exact", "accepted", 7),)
    assert bread.is_reached and bread.children[0].is_reached
    assert names(bread.children) == ["Buns"] and bread.children[0].answer == "above"


BETWEEN = [
    (["Fruit"], "exact", "evidence"),
    (["Fruit", "Fresh"], "broad", "evidence"),
    (["Fruit", "Dried"], "narrow", "evidence"),
    (["Pantry"], "exact", "decision"),
    (["Sale", "Fish"], "close", "evidence"),
    (["Home", "Candles"], "related", "evidence"),
]
OWN_SHELVES = [
    ["Fruit"], ["Fruit", "Nuts"], ["Fruit", "Fresh", "Apples"], ["Fruit", "Dried"], ["Fruit", "Dried", "Dates"],
    ["Pantry", "Tea"], ["Sale", "Fish"], ["Sale", "Fish", "Cod"], ["Pets"],
    ["Home"], ["Home", "Candles"],
]  # fmt: skip


def test_what_is_said_to_be_mapped_is_what_substitutes_are_looked_for_on() -> None:
    paths = sorted({encode(names[:depth]) for names in OWN_SHELVES for depth in range(1, len(names) + 1)})
    categories = pd.DataFrame({"company_slug": "aldi", "path": paths, "listings": 1})
    facets = pd.DataFrame({"company_slug": ["aldi"], "path": [encode(["Sale"])], "kind": ["promotional"]})
    mappings = pd.DataFrame(
        [("aldi", encode(names), "coles", '["All"]', *how) for names, *how in BETWEEN],
        columns=["company_slug", "path", "target_company_slug", "target_path", "relation", "origin"],
    ).assign(status="accepted", support=9.0, target_given_source_bound=0.9, source_given_target_bound=0.9, reason="")
    absences = find_absences(categories, facets, mappings, mappings.iloc[:0], ["aldi", "coles"])
    tree = (
        categories.merge(absences[["path", "answer"]], how="left")
        .merge(facets[["path", "kind"]].rename(columns={"kind": "facet"}), how="left")
        .assign(
            name=[decode(path)[-1] for path in paths], accepted=categories["path"].isin(mappings["path"]).astype(int)
        )
    )
    shelves = [("aldi", encode(names)) for names in OWN_SHELVES] + [("coles", '["All"]')]
    blocks = pd.DataFrame(shelves, columns=["company_slug", "path"]).assign(row=range(len(shelves)))
    compared = shelf_relations(blocks, mappings, facets)
    to_coles = compared.pairs.loc[compared.pairs["company"] == "coles", "shelf"].unique()
    reached = set(compared.shelves.loc[to_coles].query("company_slug == 'aldi'")["path"])
    alone = {path: whole([((path,), 1)], tree) for _, path in shelves[:-1]}
    assert {path for path, coverage in alone.items() if not coverage.open} == reached
    assert {path for path in alone if path not in reached} == {
        encode(names)
        for names in (["Fruit", "Nuts"], ["Fruit", "Dried", "Dates"], ["Sale", "Fish", "Cod"], ["Pets"], ["Home"])
    }
    silent = silent_departments(tree, mappings)
    assert silent == {encode(["Fruit"]), encode(["Sale", "Fish"])}
    shown = shown_tree(tree.assign(through_path=None, candidate_path=None, reason=None), silent=silent)
    assert [branch.name for branch in shown.branches if branch.is_silent] == ["Fruit"]


def test_a_page_shows_whole_levels_as_far_as_they_fit(tree: pd.DataFrame) -> None:
    shown = shown_tree(tree, most=4)
    assert names(shown.branches) == ["Drinks", FRESH, "Sale"]
    assert [(branch.below, branch.children) for branch in shown.branches] == [(1, ()), (2, ()), (0, ())]
    assert set(shown.numbers) == {DRINKS, FOOD, SALE}
    below = shown_tree(tree, below=FOOD)
    assert names(below.branches) == ["Bread"] and names(below.branches[0].children) == ["Buns"]
    first, then = shown_tree(tree, most=2), shown_tree(tree, most=2, offset=2)
    assert (names(first.branches), first.after, names(then.branches), then.before, then.after) == (
        ["Drinks", FRESH], 1, ["Sale"], 2, 0,
    )  # fmt: skip


def test_the_strongest_mappings_are_named_and_the_others_counted(tree: pd.DataFrame) -> None:
    mappings = pd.DataFrame(
        [(TEA, f'["{number}"]', "close", "accepted" if number < 6 else "proposed") for number in range(9)],
        columns=["path", "target_path", "relation", "status"],
    )
    tea = shown_tree(tree, targets=targets_of(mappings), below=DRINKS).branches[0]
    assert [target.path for target in tea.targets] == ['["0"]', '["1"]', '["2"]', '["3"]', '["6"]'] and tea.more == 4


def test_an_answer_is_worked_out_once_a_night() -> None:
    asked: list[str] = []
    kept = WorkedOut(most=2)

    def answer(mark: str | None, key: str) -> str:
        return str(kept.answer(mark, key, lambda: asked.append(key) or f"{mark} {key}"))

    assert [answer("1", "a"), answer("1", "a"), answer("2", "a"), answer(None, "a")] == ["1 a", "1 a", "2 a", "None a"]
    assert asked == ["a", "a", "a"]
    answer("2", "b"), answer("2", "c"), answer("2", "a")
    assert asked == ["a", "a", "a", "b", "c", "a"]
