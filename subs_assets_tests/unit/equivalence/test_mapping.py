"""Wilson's bound, SKOS relations, and mappings between small trees whose matches are written out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subs_assets.database import frames, tables
from subs_assets.equivalence.evidence import ListingEvidence
from subs_assets.equivalence.mapping import map_categories
from subs_assets.equivalence.relations import INVERSE, Thresholds, relations, wilson_lower
from subs_assets.equivalence.shares import UNMATCHED, category_shares
from subs_assets.equivalence.tree import Tree, build_tree
from subs_assets_tests.small_shops import path


@pytest.mark.parametrize(
    ("share", "cases", "z", "bound"),
    [
        # Wilson (1927); the values are those of statsmodels' proportion_confint(method="wilson").
        (1.0, 10, 1.96, 0.7225),
        (1.0, 3, 1.96, 0.4385),
        (1.0, 1, 1.96, 0.2065),
        (0.5, 10, 1.96, 0.2366),
        (0.8, 100, 1.96, 0.7112),
        (0.9, 10, 1.645, 0.6523),
        (0.0, 10, 1.96, 0.0),
        (1.0, 0, 1.96, 0.0),
    ],
)
def test_wilson_lower(share: float, cases: float, z: float, bound: float) -> None:
    assert wilson_lower(share, cases, z) == pytest.approx(bound, abs=5e-4)


@given(st.floats(0, 1), st.floats(0.01, 1e4), st.floats(1.01, 10))
def test_more_cases_make_a_share_surer_and_never_surer_than_it_is(share: float, cases: float, more: float) -> None:
    bound = wilson_lower(share, cases)
    assert 0 <= bound <= share + 1e-9
    assert wilson_lower(share, cases * more) >= bound - 1e-9


@pytest.mark.parametrize(
    ("target_given_source", "source_given_target", "relation"),
    [
        (0.5, 0.5, "exact"),
        (0.9, 0.49, "close"),
        (0.3, 0.3, "close"),
        (0.9, 0.29, "broad"),
        (0.29, 0.9, "narrow"),
        (0.25, 0.0, "broad"),
        (0.24, 0.24, "related"),
        (0.1, 0.0, "related"),
        (0.05, 0.24, "related"),
        (0.04, 0.24, ""),
        (0.0, 0.0, ""),
    ],
)
def test_relations(target_given_source: float, source_given_target: float, relation: str) -> None:
    assert relations(target_given_source, source_given_target).item() == relation


@given(st.floats(0, 1), st.floats(0, 1))
def test_relations_are_inverse_in_reverse(one: float, other: float) -> None:
    relation, reverse = relations(one, other).item(), relations(other, one).item()
    if relation in ("", "related"):
        assert reverse in ("", "related")
    else:
        assert reverse == INVERSE[relation]


def trees_and_evidence(
    matches: list[tuple[str, str, int]],
    facets: tuple[str, ...] = (),
    hard: bool = False,
    weight: float = 1.0,
    order: int | None = None,
) -> tuple[Tree, Tree, ListingEvidence, pd.DataFrame]:
    """``matches``: (Aldi shelf, Coles shelf, how many listings match one to one); an empty shelf is none."""
    pairs = [(here, there) for here, there, count in matches for _ in range(count)]
    rows = len(pairs)
    aldi = pd.DataFrame([(path(here), row) for row, (here, _) in enumerate(pairs) if here], columns=["path", "row"])
    coles = pd.DataFrame(
        [(path(there), rows + row) for row, (_, there) in enumerate(pairs) if there], columns=["path", "row"]
    )
    source, target = np.arange(rows), np.arange(rows, 2 * rows)
    if order is not None:
        random = np.random.default_rng(order)
        aldi, coles = aldi.sample(frac=1, random_state=order), coles.sample(frac=1, random_state=order)
        shuffle = random.permutation(rows)
        source, target = source[shuffle], target[shuffle]
    left_out = {path(facet) for facet in facets}
    names = pd.DataFrame({"sku": [f"sku{n}" for n in range(2 * rows)], "name": [f"name {n}" for n in range(2 * rows)]})
    evidence = ListingEvidence(source, target, np.full(rows, weight), np.full(rows, hard))
    return (
        build_tree("aldi", aldi, left_out, 2 * rows),
        build_tree("coles", coles, left_out, 2 * rows),
        evidence,
        names,
    )


def both_ways(
    matches: list[tuple[str, str, int]], label: float = 0.0, **given: object
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mappings from Aldi to Coles and in reverse, indexed by (path, target_path)."""
    aldi, coles, evidence, names = trees_and_evidence(matches, **given)  # type: ignore[arg-type]
    labels = np.full((len(aldi.paths), len(coles.paths)), label, np.float32)
    shares = category_shares(aldi, coles, evidence, labels)
    found = [
        map_categories(shares, evidence, names),
        map_categories(shares.reversed(), evidence.reversed(), names),
    ]
    for one in found:
        frames.conform(one.mappings, tables.category_equivalences)
        frames.conform(one.evidence, tables.category_evidence)
    return tuple(one.mappings.set_index(["path", "target_path"]) for one in found)  # type: ignore[return-value]


ALDI = "Pantry > Cereals & Muesli"
MUESLI, FLAKES = "Pantry > Breakfast > Breakfast Muesli", "Pantry > Breakfast > Flakes"
CEREALS = [
    (ALDI, MUESLI, 8),
    (ALDI, FLAKES, 12),
    ("Pantry > Spreads", "Pantry > Breakfast > Honey", 20),
    ("Drinks > Juice", "Drinks > Fruit Juice", 12),
]


def test_the_direction_of_broad_and_narrow() -> None:
    there, back = both_ways(CEREALS)
    assert there.loc[(path(ALDI), path(MUESLI)), "relation"] == "narrow"
    assert back.loc[(path(MUESLI), path(ALDI)), "relation"] == "broad"
    row = there.loc[(path(ALDI), path(MUESLI))]
    assert (row["target_given_source"], row["source_given_target"]) == (pytest.approx(8 / 20), pytest.approx(1.0))
    assert row["source_given_target_bound"] == pytest.approx(wilson_lower(1.0, 8))
    assert (row["support"], row["matched_source"], row["matched_target"]) == (8, 20, 8)


def test_one_category_may_map_to_several_and_to_the_deepest_that_carry_it() -> None:
    there, _ = both_ways(CEREALS)
    assert set(there.loc[path(ALDI)].index) == {path(MUESLI), path(FLAKES)}
    assert set(there["status"]) == {"accepted"}


def test_what_is_as_good_as_the_same_category_is_not_taken_in_pieces() -> None:
    there, back = both_ways([(ALDI, MUESLI, 10), (ALDI, FLAKES, 10), ("Drinks > Juice", "Drinks > Fruit Juice", 12)])
    assert there.loc[path(ALDI), "relation"].to_dict() == {path("Pantry > Breakfast"): "exact"}
    assert back.loc[(path(MUESLI), path(ALDI)), "relation"] == "broad"


def test_a_category_whose_evidence_all_stands_in_its_only_child_is_that_child() -> None:
    there, _ = both_ways([(ALDI, MUESLI, 10), ("Drinks > Juice", "Drinks > Fruit Juice", 12)])
    assert there.loc[path(ALDI), "relation"].to_dict() == {path(MUESLI): "exact"}


def test_backing_off_to_a_department_is_only_related() -> None:
    """Aldi's one shelf is all over the Coles pantry: no child of it has a listing to speak of."""
    matches = [("Mix", f"Pantry > P{n}", 1) for n in range(10)]
    loose = [("Mix", "Pantry", 20), ("Tea", "Drinks > Tea", 12)]
    there, _ = both_ways([*matches, *loose])
    row = there.loc[(path("Mix"), path("Pantry"))]
    assert (row["relation"], row["status"]) == ("related", "accepted")
    assert "department" in row["reason"]


@pytest.mark.parametrize(
    ("count", "weight", "label", "status"),
    [
        (10, 1.0, 0.0, "accepted"),
        (3, 1.0, 0.0, "accepted"),
        (2, 1.0, 0.0, "proposed"),
        (2, 1.0, 0.75, "accepted"),
        (2, 1.0, 0.74, "proposed"),
        (1, 1.0, 1.0, "accepted"),
        (5, 0.5, 0.0, "proposed"),  # five listings that are half sure are two and a half
        (6, 0.5, 0.0, "accepted"),
        (0, 1.0, 1.0, None),
    ],
)
def test_support_below_the_minimum_waits_for_a_person(
    count: int, weight: float, label: float, status: str | None
) -> None:
    there, _ = both_ways([("A", "X", count), ("B", "Y", 90)], label, weight=weight)
    found = there["status"].to_dict().get((path("A"), path("X")))
    assert found == status
    if status == "proposed":
        assert there.loc[(path("A"), path("X")), "reason"].startswith("support ")


def test_what_nearly_everything_resembles_is_no_counterpart_of_a_few() -> None:
    """All 8 of A point to X, but so do four fifths of the whole shop: as many would by chance."""
    matches = [("A", "X", 8), ("B", "X", 96), ("C", "X", 96), ("D", "Y", 5)]
    aldi, coles, evidence, names = trees_and_evidence(matches)
    shares = category_shares(aldi, coles, evidence, np.zeros((4, 2), np.float32))
    found = map_categories(shares, evidence, names)
    assert path("A") not in set(found.mappings["path"]) and path("D") in set(found.mappings["path"])
    refused = found.candidates.set_index("path").loc[path("A")]
    assert (refused["target_path"], refused["support"]) == (path("X"), 8)
    chance = "as much would fall here by chance in 29% of cases"
    assert refused["reason"].startswith(f"{chance}; about 8 of its listings resemble some there: at least ")
    unguarded = map_categories(shares, evidence, names, Thresholds(chance=1)).mappings.set_index("path")
    assert unguarded.loc[path("A"), "relation"] == "broad"


@pytest.mark.parametrize(("label", "asked"), [(0.74, False), (0.75, True)])
def test_where_only_the_paths_say_the_same_a_person_is_asked(label: float, asked: bool) -> None:
    """Aldi's one matched listing stands elsewhere at Coles."""
    aldi, coles, evidence, names = trees_and_evidence([("A", "Y", 1), ("B", "X", 90), ("C", "Y", 90)])
    labels = np.zeros((3, 2), np.float32)
    labels[aldi.paths.index(path("A")), coles.paths.index(path("X"))] = label
    found = map_categories(category_shares(aldi, coles, evidence, labels), evidence, names).mappings
    rows = found[found["path"] == path("A")]
    assert list(zip(rows["target_path"], rows["status"], strict=True)) == [(path("X"), "proposed")] * asked
    assert all(reason == "hardly a listing is matched; the paths are 75% alike" for reason in rows["reason"])


def test_counterparts_under_facets_only_are_told() -> None:
    aldi, coles, evidence, names = trees_and_evidence(
        [("A", "Gluten Free", 4), ("A", "X", 1), ("B", "X", 90)], facets=("Gluten Free",)
    )
    shares = category_shares(aldi, coles, evidence, np.zeros((2, 1), np.float32))
    refused = map_categories(shares, evidence, names).candidates.set_index("path").loc[path("A")]
    assert refused["target_path"] is None
    assert refused["reason"] == "about 4 of its listings resemble some there, under facets only"


def test_a_broader_category_is_stated_where_narrower_ones_do_not_hold_most_of_it() -> None:
    parts = [f"Pantry > Breakfast > Part {n}" for n in range(3)]
    others = [("Pantry > Spreads", "Pantry > Breakfast > Honey", 90), ("Drinks > Juice", "Drinks > Fruit Juice", 200)]
    in_parts, _ = both_ways([*((ALDI, part, 7) for part in parts), *others])
    assert in_parts.loc[path(ALDI), "relation"].to_dict() == {path(part): "narrow" for part in parts}
    loose, _ = both_ways([(ALDI, parts[0], 4), (ALDI, "Pantry > Breakfast", 12), *others])
    assert loose.loc[path(ALDI), "relation"].to_dict() == {
        path(parts[0]): "narrow",
        path("Pantry > Breakfast"): "broad",
    }


@pytest.mark.parametrize("hard", [True, False])
def test_hard_and_soft_support_are_told_apart(hard: bool) -> None:
    there, _ = both_ways([("A", "X", 5)], hard=hard)
    row = there.loc[(path("A"), path("X"))]
    assert (row["hard_support"], row["soft_support"]) == ((5, 0) if hard else (0, 5))


def test_facets_make_no_mapping_and_their_matches_do_not_count() -> None:
    matches = [("A", "X", 10), ("A", "Gluten Free", 10), ("Gluten Free", "X", 10)]
    there, back = both_ways(matches, facets=("Gluten Free",))
    assert list(there.index) == [(path("A"), path("X"))] and list(back.index) == [(path("X"), path("A"))]
    assert there.iloc[0]["matched_source"] == 10
    assert there.iloc[0]["target_given_source"] == pytest.approx(10 / (10 + 10 * UNMATCHED))


def test_a_universal_root_is_left_out_of_paths_and_departments_begin_below_it() -> None:
    tree, _, _, _ = trees_and_evidence([("Grocery > Pantry > Muesli", "", 2)], facets=("Grocery",))
    departments = dict(zip(tree.paths, tree.is_department.tolist(), strict=True))
    assert departments == {path("Grocery > Pantry"): True, path("Grocery > Pantry > Muesli"): False}


def test_a_listing_with_two_shelves_below_a_node_stands_there_once() -> None:
    shelves = pd.DataFrame({"path": [path("P > A"), path("P > B"), path("P > A")], "row": [0, 0, 1]})
    tree = build_tree("aldi", shelves, set(), 3)
    counts = dict(zip(tree.paths, np.asarray(tree.incidence.sum(axis=0)).ravel().tolist(), strict=True))
    assert counts == {path("P"): 2, path("P > A"): 2, path("P > B"): 1}


def test_the_strongest_pairs_are_kept_ten_at_most() -> None:
    aldi, coles, evidence, names = trees_and_evidence([("A", "X", 14)])
    rising = ListingEvidence(evidence.source, evidence.target, np.linspace(0.3, 0.95, 14), evidence.hard)
    shares = category_shares(aldi, coles, rising, np.zeros((1, 1), np.float32))
    pairs = map_categories(shares, rising, names).evidence
    assert pairs["rank"].tolist() == list(range(1, 11))
    assert pairs["weight"].tolist() == pytest.approx(sorted(rising.weight, reverse=True)[:10])
    assert (pairs.iloc[0]["sku"], pairs.iloc[0]["target_sku"], pairs.iloc[0]["kind"]) == ("sku13", "sku27", "soft")


@pytest.mark.parametrize("order", range(3))
def test_the_order_of_the_rows_changes_nothing(order: int) -> None:
    for one, other in zip(both_ways(CEREALS), both_ways(CEREALS, order=order), strict=True):
        pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("matches", [[("A", "", 3)], [("", "X", 3)], [("", "", 1)]])
def test_a_tree_without_a_node_maps_to_nothing(matches: list[tuple[str, str, int]]) -> None:
    there, back = both_ways(matches)
    assert len(there) == len(back) == 0
