"""What is judged about a pair: who sells it, how its shelves stand to each other, level, gate, score."""

import numpy as np
import pandas as pd
import pytest

from subs_assets.embedding.similarity import Pairs
from subs_assets.substitution import scoring
from subs_assets.substitution.gates import CLAIM, Gates
from subs_assets.substitution.judge import Sellers, judge, sellers
from subs_assets.substitution.shelves import shelf_relations
from subs_assets_tests.small_shops import NO_FACETS, attributes_of, equivalences, item, path, shops

GTIN = "09300601001231"

COMPANIES = ("aldi", "coles", "iga")


def judged(
    standing: list[tuple[str, str, int]],
    mappings: pd.DataFrame,
    sold: list[tuple[int, str]],
    products: tuple[dict, ...] = ({"name": "apple"}, {"name": "zebra"}),
    similarity: float = 0.7,
    pairs: tuple[tuple[int, int], ...] = ((0, 1),),
) -> pd.DataFrame:
    blocks = pd.DataFrame(standing, columns=["company_slug", "path", "row"])
    blocks["path"] = blocks["path"].map(path)
    attributes = attributes_of(*products)
    sold_by = Sellers(
        COMPANIES,
        pd.DataFrame([(p, COMPANIES.index(c)) for p, c in sold], columns=["product", "company"]),
    )
    alike = np.full(len(pairs), similarity, np.float32)
    left, right = (np.array([pair[side] for pair in pairs], np.intp) for side in (0, 1))
    return judge(
        Pairs(left, right, alike, alike),
        attributes,
        Gates(attributes),
        shelf_relations(blocks, mappings, NO_FACETS),
        sold_by,
    )


EXACT = equivalences(("aldi", "A", "coles", "X", "exact"), ("aldi", "A2", "coles", "X", "broad"))


@pytest.mark.parametrize(
    ("standing", "relation", "level"),
    [
        pytest.param([("aldi", "A", 0), ("coles", "X", 1)], scoring.EXACT, 5, id="mapped"),
        pytest.param([("aldi", "A2", 0), ("coles", "X", 1)], scoring.BROAD, 5, id="mapped broad"),
        pytest.param([("aldi", "A2", 0), ("aldi", "A", 0), ("coles", "X", 1)], scoring.EXACT, 5, id="the best shelf"),
        pytest.param([("aldi", "B", 0), ("coles", "X", 1)], scoring.NO_RELATION, 0, id="not mapped"),
        pytest.param(
            [("aldi", "A", 0), ("coles", "Y", 1), ("coles", "X", 2)], scoring.CONTRADICTS, 0, id="mapped elsewhere"
        ),
        pytest.param([("coles", "X", 1)], scoring.NO_RELATION, 0, id="the product has no shelf"),
        pytest.param([("aldi", "A", 0)], scoring.NO_RELATION, 0, id="the substitute has no shelf"),
        pytest.param([("coles", "X", 0), ("coles", "X", 1)], scoring.SAME, 5, id="both on one shelf there"),
        pytest.param([("coles", "Z", 0), ("coles", "X", 1)], scoring.NO_RELATION, 0, id="other shelves of one company"),
        pytest.param([], scoring.NO_RELATION, 0, id="no shelf at all"),
    ],
)
def test_how_the_shelves_of_a_pair_stand_to_each_other(
    standing: list[tuple[str, str, int]], relation: int, level: int
) -> None:
    rows = judged(standing, EXACT, [(0, "aldi"), (1, "coles")], ({"name": "apple"}, {"name": "zebra"}, {}))
    row = rows.iloc[0]
    assert (row["relation"], row["level"], len(rows)) == (relation, level, 1)
    assert (row["mapping"] >= 0) == (scoring.SAME <= relation <= scoring.RELATED)


def test_a_pair_is_judged_for_every_company_that_sells_the_substitute() -> None:
    rows = judged(
        [("aldi", "A", 0), ("coles", "X", 1), ("iga", "N", 1)], EXACT, [(0, "aldi"), (1, "coles"), (1, "iga")]
    )
    assert rows[["company", "relation", "level"]].to_numpy().tolist() == [
        [1, scoring.EXACT, 5],
        [2, scoring.NO_RELATION, 0],
    ]
    assert rows["score"].is_monotonic_decreasing and rows["score"].nunique() == 2


SAME_NAME = ({"name": "swiss muesli", "brand": "a"}, {"name": "swiss muesli", "brand": "b"})


@pytest.mark.parametrize(
    ("products", "similarity", "accepted"),
    [
        pytest.param(SAME_NAME, 0.9, True, id="alike"),
        pytest.param(SAME_NAME, 0.5, False, id="below the score"),
        pytest.param(({**SAME_NAME[0], "claims": ("vegan",)}, SAME_NAME[1]), 0.9, False, id="a gate refuses"),
        pytest.param((SAME_NAME[0], {**SAME_NAME[1], "claims": ("vegan",)}), 0.9, True, id="not the other way"),
    ],
)
def test_accepted_means_no_gate_and_score_enough(products: tuple[dict, ...], similarity: float, accepted: bool) -> None:
    row = judged([], EXACT, [(0, "aldi"), (1, "coles")], products, similarity).iloc[0]
    assert row["level"] == 4
    assert bool(row["accepted"]) == accepted
    assert (row["gate"] == CLAIM) == (not accepted and similarity == 0.9)


def test_a_preference_lowers_and_the_pack_ratio_is_of_the_product() -> None:
    products = (
        {"name": "oats", "size": (1000.0, "g"), "claims": ("organic",)},
        {"name": "oats", "size": (250.0, "g")},
    )
    rows = judged([], EXACT, [(0, "aldi"), (1, "aldi")], products, pairs=((0, 1), (1, 0)))
    assert rows["ratio"].tolist() == [4.0, 0.25]
    assert rows["lowered"].tolist() == [1, 0]
    assert rows["score"].diff().iloc[1] == pytest.approx(0.05)


@pytest.mark.parametrize("standing", [[], [("aldi", "A", 0), ("coles", "X", 1)]])
def test_no_pairs(standing: list[tuple[str, str, int]]) -> None:
    assert len(judged(standing, EXACT, [(0, "aldi"), (1, "coles")], pairs=())) == 0


def test_sellers() -> None:
    shop = shops(
        [
            item("coles", "1", "oats", gtin=GTIN),
            item("coles", "2", "oats", gtin=GTIN),
            item("aldi", "1", "oats", gtin=GTIN),
            item("iga", "1", "beans"),
        ]
    )
    sold_by = sellers(shop.products, shop.product_listings)
    assert sold_by.companies == COMPANIES
    of = {shop.products["product_id"][row.product]: [] for row in sold_by.sold.itertuples()}
    for row in sold_by.sold.itertuples():
        of[shop.products["product_id"][row.product]].append(sold_by.companies[row.company])
    assert of == {GTIN: ["aldi", "coles"], "iga:1": ["iga"]}
