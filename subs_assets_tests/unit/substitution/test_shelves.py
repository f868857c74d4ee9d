"""Which shelves may be compared: the same one, those that a mapping leads to, and those that a mapping above leads
to."""

import numpy as np
import pandas as pd
import pytest

from subs_assets.catalogue import category_path
from subs_assets.substitution import category_relation
from subs_assets.substitution.shelves import ShelfRelations, shelf_relations
from subs_assets_tests.small_shops import NO_FACETS, equivalences, path

BLOCKS = pd.DataFrame(
    [
        ("aldi", "Pantry > Muesli", 0),
        ("aldi", "Pantry > Muesli", 1),
        ("aldi", "Pantry > Spreads", 2),
        ("coles", "Breakfast > Cereals > Flakes", 3),
        ("coles", "Breakfast > Cereals > Muesli", 4),
        ("coles", "Breakfast > Honey", 5),
        ("iga", "Muesli", 6),
    ],
    columns=["company_slug", "path", "row"],
).assign(path=lambda frame: frame["path"].map(path))


def compared(relations: ShelfRelations) -> dict[tuple[str, str], str]:
    """(shelf, other shelf) -> name of the relation, without the pairs of a shelf with itself."""
    company, readable = relations.shelves["company_slug"], relations.shelves["path"].map(category_path.readable)
    label = (company + ": " + readable).to_numpy()
    rows = relations.pairs[relations.pairs["shelf"] != relations.pairs["other"]]
    return {
        (label[row.shelf], label[row.other]): category_relation.RELATIONS[row.relation]
        for row in rows.itertuples(index=False)
    }


MUESLI, SPREADS = "aldi: Pantry > Muesli", "aldi: Pantry > Spreads"
COLES_MUESLI, COLES_FLAKES = "coles: Breakfast > Cereals > Muesli", "coles: Breakfast > Cereals > Flakes"
IGA = "iga: Muesli"


@pytest.mark.parametrize(
    ("mappings", "expected"),
    [
        pytest.param([], {}, id="no mapping"),
        pytest.param(
            [("aldi", "Pantry > Muesli", "coles", "Breakfast > Cereals > Muesli", "exact")],
            {(MUESLI, COLES_MUESLI): "exact"},
            id="one direction only",
        ),
        pytest.param(
            [("aldi", "Pantry > Muesli", "coles", "Breakfast > Cereals", "broad")],
            {(MUESLI, COLES_MUESLI): "broad", (MUESLI, COLES_FLAKES): "broad"},
            id="all that stands below the target",
        ),
        pytest.param(
            [
                ("aldi", "Pantry > Muesli", "coles", "Breakfast > Cereals > Muesli", "close"),
                ("aldi", "Pantry > Muesli", "coles", "Breakfast > Cereals", "broad"),
            ],
            {(MUESLI, COLES_MUESLI): "close", (MUESLI, COLES_FLAKES): "broad"},
            id="the better of two mappings",
        ),
        pytest.param(
            [("coles", "Breakfast > Cereals", "iga", "Muesli", "exact")],
            {(COLES_FLAKES, IGA): "related", (COLES_MUESLI, IGA): "related"},
            id="a category above speaks as related",
        ),
        pytest.param(
            [
                ("coles", "Breakfast > Cereals", "iga", "Muesli", "exact"),
                ("coles", "Breakfast > Cereals > Flakes", "iga", "Muesli", "broad"),
            ],
            {(COLES_FLAKES, IGA): "broad", (COLES_MUESLI, IGA): "related"},
            id="but not where one of its own holds it",
        ),
        pytest.param(
            [
                ("coles", "Breakfast > Cereals", "aldi", "Pantry", "broad"),
                ("coles", "Breakfast > Cereals > Flakes", "aldi", "Pantry > Spreads", "narrow"),
            ],
            {
                (COLES_FLAKES, SPREADS): "narrow",
                (COLES_FLAKES, MUESLI): "related",
                (COLES_MUESLI, SPREADS): "related",
                (COLES_MUESLI, MUESLI): "related",
            },
            id="beside one of its own that is narrower",
        ),
        pytest.param([("aldi", "Pantry", "coles", "Breakfast", "close")], {}, id="a whole department is silent"),
        pytest.param(
            [("aldi", "Pantry", "coles", "Breakfast > Honey", "narrow")], {}, id="a narrow one above is silent"
        ),
        pytest.param(
            [("aldi", "Pantry > Muesli", "coles", "Breakfast > Honey", "exact", "proposed")], {}, id="proposed"
        ),
        pytest.param(
            [("aldi", "Pantry > Muesli", "coles", "Breakfast > Honey", "exact", "rejected")], {}, id="rejected"
        ),
        pytest.param([("aldi", "Pantry > Muesli", "spar", "Muesli", "exact")], {}, id="a company without shelves"),
        pytest.param(
            [
                ("aldi", "Pantry > Muesli", "coles", "Breakfast > Cereals > Muesli", "exact"),
                ("coles", "Breakfast > Cereals > Muesli", "iga", "Muesli", "exact"),
            ],
            {(MUESLI, COLES_MUESLI): "exact", (COLES_MUESLI, "iga: Muesli"): "exact"},
            id="not transitive",
        ),
    ],
)
def test_which_shelves_are_compared(
    mappings: list[tuple[str, str, str, str, str]], expected: dict[tuple[str, str], str]
) -> None:
    assert compared(shelf_relations(BLOCKS, equivalences(*mappings), NO_FACETS)) == expected


def test_a_shelf_is_always_compared_with_itself() -> None:
    pairs = shelf_relations(BLOCKS, equivalences(), NO_FACETS).pairs
    assert (pairs["shelf"] == pairs["other"]).all() and len(pairs) == 6
    assert (pairs["relation"] == category_relation.SAME).all()


def test_the_mapping_that_allowed_a_pair_is_kept() -> None:
    """It is of a whole department, by a person's decision."""
    decided = equivalences(("aldi", "Pantry", "coles", "Breakfast", "close")).assign(origin="decision")
    relations = shelf_relations(BLOCKS, decided, NO_FACETS)
    row = relations.pairs.iloc[relations.lookup(np.array([0]), np.array([3]))[0]]
    assert (row["path"], row["target_path"], row["company"]) == (path("Pantry"), path("Breakfast"), "coles")


def test_lookup_finds_every_pair_and_no_other() -> None:
    relations = shelf_relations(
        BLOCKS, equivalences(("aldi", "Pantry > Muesli", "coles", "Breakfast", "broad")), NO_FACETS
    )
    count = len(relations.shelves)
    shelf, other = (grid.ravel() for grid in np.meshgrid(np.arange(count), np.arange(count), indexing="ij"))
    at = relations.lookup(shelf, other)
    known = set(zip(relations.pairs["shelf"], relations.pairs["other"], strict=True))
    assert {(i, j) for i, j, row in zip(shelf, other, at, strict=True) if row >= 0} == known
    for i, j, row in zip(shelf, other, at, strict=True):
        if row >= 0:
            assert tuple(relations.pairs.loc[row, ["shelf", "other"]]) == (i, j)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_rows_changes_nothing(seed: int) -> None:
    mappings = equivalences(
        ("aldi", "Pantry", "coles", "Breakfast", "close"),
        ("aldi", "Pantry > Muesli", "coles", "Breakfast > Cereals", "broad"),
        ("aldi", "Pantry > Muesli", "coles", "Breakfast > Cereals > Muesli", "broad"),
    )
    one = shelf_relations(BLOCKS, mappings, NO_FACETS)
    other = shelf_relations(
        BLOCKS.sample(frac=1, random_state=seed), mappings.sample(frac=1, random_state=seed), NO_FACETS
    )
    for first, second in zip(vars(one).values(), vars(other).values(), strict=True):
        pd.testing.assert_frame_equal(first, second)


def test_no_shelf_at_all() -> None:
    relations = shelf_relations(
        BLOCKS.iloc[:0], equivalences(("aldi", "Pantry", "coles", "Breakfast", "close")), NO_FACETS
    )
    assert len(relations.shelves) == len(relations.pairs) == 0
    assert relations.lookup(np.array([0]), np.array([0])).tolist() == [-1]


def test_what_a_person_rejected_does_not_come_back_through_a_broader_mapping() -> None:
    """Milk ~ Dairy is accepted, Milk ~ Dairy > Cheese rejected: the cheeses stay out, the rest of Dairy is compared."""
    shelves = [("aldi", '["Milk"]'), ("coles", '["Dairy","Cheese"]'), ("coles", '["Dairy","Milk"]')]
    blocks = pd.DataFrame([(*shelf, row) for row, shelf in enumerate(shelves)], columns=["company_slug", "path", "row"])
    mappings = equivalences(
        ("aldi", "Milk", "coles", "Dairy", "broad"), ("aldi", "Milk", "coles", "Dairy > Cheese", "related", "rejected")
    )
    pairs = shelf_relations(blocks, mappings, NO_FACETS).pairs
    assert [row.other for row in pairs.itertuples() if row.shelf == 0] == [0, 2]


def test_a_rejected_department_does_not_take_the_mappings_of_its_shelves_along() -> None:
    """Pantry ~ Ice Cream is rejected; the cones, a shelf of Pantry, are mapped there themselves."""
    shelves = [("aldi", '["Pantry","Cones"]'), ("aldi", '["Pantry","Rice"]'), ("coles", '["Ice Cream"]')]
    blocks = pd.DataFrame([(*shelf, row) for row, shelf in enumerate(shelves)], columns=["company_slug", "path", "row"])
    mappings = equivalences(
        ("aldi", "Pantry", "coles", "Ice Cream", "related", "rejected"),
        ("aldi", "Pantry > Cones", "coles", "Ice Cream", "related"),
    )
    pairs = shelf_relations(blocks, mappings, NO_FACETS).pairs
    assert [(row.shelf, row.other) for row in pairs.itertuples() if row.shelf != row.other] == [(0, 2)]
