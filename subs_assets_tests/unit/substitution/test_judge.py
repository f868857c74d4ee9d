"""What is judged about a pair: who sells it, how its shelves stand to each other, level, gate, score."""

import numpy as np
import pandas as pd
import pytest

from subs_assets.embedding.similarity import Pairs
from subs_assets.substitution.category_relation import BROAD, CONTRADICTS, EXACT, NO_RELATION, RELATED, SAME
from subs_assets.substitution.decisions import (
    STANDING_COLUMNS,
    StandingDecisions,
    decided_pairs,
    no_decisions,
)
from subs_assets.substitution.features import pair_features
from subs_assets.substitution.gates import CLAIM, Gates
from subs_assets.substitution.judge import Judge
from subs_assets.substitution.offers import Offers, offers
from subs_assets.substitution.shelves import shelf_relations
from subs_assets_tests.small_shops import MODEL, NO_FACETS, attributes_of, equivalences, item, path, shops

GTIN = "09300601001231"

COMPANIES = ("aldi", "coles", "iga")


def judged(
    standing: list[tuple[str, str, int]],
    mappings: pd.DataFrame,
    sold: list[tuple[int, str]],
    products: tuple[dict, ...] = ({"name": "apple"}, {"name": "zebra"}),
    similarity: float = 0.7,
    pairs: tuple[tuple[int, int], ...] = ((0, 1),),
    decisions: StandingDecisions | None = None,
) -> pd.DataFrame:
    blocks = pd.DataFrame(standing, columns=["company_slug", "path", "row"])
    blocks["path"] = blocks["path"].map(path)
    attributes = attributes_of(*products)
    unknown = np.full(len(products), np.nan)
    rows = pd.DataFrame([(p, COMPANIES.index(c)) for p, c in sold], columns=["product", "company"])
    sold_by = Offers(
        COMPANIES, rows.assign(sku="1", unit_price=np.nan, measure=-1), unknown, np.full(len(products), -1, np.int32)
    )
    alike = np.full(len(pairs), similarity, np.float32)
    left, right = (np.array([pair[side] for pair in pairs], np.intp) for side in (0, 1))
    no_department = pd.DataFrame({"department": [None] * len(products)})
    judge = Judge(
        attributes,
        Gates(attributes),
        shelf_relations(blocks, mappings, NO_FACETS),
        sold_by,
        pair_features(attributes, no_department, sold_by),
        MODEL,
        decided_pairs(decisions or no_decisions(), range(len(products)), COMPANIES),
    )
    return judge.judge(Pairs(left, right, alike, alike))


MAPPED = equivalences(("aldi", "A", "coles", "X", "exact"), ("aldi", "A2", "coles", "X", "broad"))


@pytest.mark.parametrize(
    ("standing", "relation", "level"),
    [
        pytest.param([("aldi", "A", 0), ("coles", "X", 1)], EXACT, 5, id="mapped"),
        pytest.param([("aldi", "A2", 0), ("coles", "X", 1)], BROAD, 5, id="mapped broad"),
        pytest.param([("aldi", "A2", 0), ("aldi", "A", 0), ("coles", "X", 1)], EXACT, 5, id="the best shelf"),
        pytest.param([("aldi", "B", 0), ("coles", "X", 1)], NO_RELATION, 0, id="not mapped"),
        pytest.param(
            [("aldi", "A", 0), ("coles", "Y", 1), ("coles", "X", 2)],
            CONTRADICTS,
            0,
            id="mapped elsewhere",
        ),
        pytest.param([("coles", "X", 1)], NO_RELATION, 0, id="the product has no shelf"),
        pytest.param([("aldi", "A", 0)], NO_RELATION, 0, id="the substitute has no shelf"),
        pytest.param([("coles", "X", 0), ("coles", "X", 1)], SAME, 5, id="both on one shelf there"),
        pytest.param([("coles", "Z", 0), ("coles", "X", 1)], NO_RELATION, 0, id="other shelves of one company"),
        pytest.param([], NO_RELATION, 0, id="no shelf at all"),
    ],
)
def test_how_the_shelves_of_a_pair_stand_to_each_other(
    standing: list[tuple[str, str, int]], relation: int, level: int
) -> None:
    rows = judged(standing, MAPPED, [(0, "aldi"), (1, "coles")], ({"name": "apple"}, {"name": "zebra"}, {}))
    row = rows.iloc[0]
    assert (row["relation"], row["level"], len(rows)) == (relation, level, 1)
    assert (row["mapping"] >= 0) == (SAME <= relation <= RELATED)


def test_a_pair_is_judged_for_every_company_that_sells_the_substitute() -> None:
    rows = judged(
        [("aldi", "A", 0), ("coles", "X", 1), ("iga", "N", 1)], MAPPED, [(0, "aldi"), (1, "coles"), (1, "iga")]
    )
    assert rows[["company", "relation", "level"]].to_numpy().tolist() == [
        [1, EXACT, 5],
        [2, NO_RELATION, 0],
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
    row = judged([], MAPPED, [(0, "aldi"), (1, "coles")], products, similarity).iloc[0]
    assert row["level"] == 4
    assert bool(row["accepted"]) == accepted
    assert (row["gate"] == CLAIM) == (not accepted and similarity == 0.9)


def standing(*pairs: tuple[int, int, str | None, str]) -> StandingDecisions:
    """Decisions as (product, substitute, company or None for everywhere, verdict)."""
    return StandingDecisions(
        pd.DataFrame([(*pair, f"{pair[3]}ed by Ann") for pair in pairs], columns=STANDING_COLUMNS, dtype=object), []
    )


UNLIKE = ({"name": "milk", "product_class": "food"}, {"name": "bleach", "product_class": "household"})


@pytest.mark.parametrize(
    ("made", "products", "similarity", "accepted", "levels"),
    [
        pytest.param((0, 1, "coles", "accept"), SAME_NAME, 0.1, [True, False], [4, 4], id="where it was seen"),
        pytest.param((0, 1, "coles", "accept"), UNLIKE, 0.1, [True, False], [5, 0], id="over gate, level and score"),
        pytest.param((0, 1, None, "reject"), SAME_NAME, 0.9, [False, False], [4, 4], id="rejected everywhere"),
        pytest.param((1, 0, None, "reject"), SAME_NAME, 0.9, [True, True], [4, 4], id="the other direction"),
        pytest.param((0, 1, "aldi", "accept"), SAME_NAME, 0.1, [False, False], [4, 4], id="another company"),
    ],
)
def test_a_person_decides_over_the_evidence(
    made: tuple[int, int, str | None, str],
    products: tuple[dict, ...],
    similarity: float,
    accepted: list[bool],
    levels: list[int],
) -> None:
    sold = [(0, "aldi"), (1, "coles"), (1, "iga")]
    rows = judged([], MAPPED, sold, products, similarity, decisions=standing(made))
    assert rows["accepted"].tolist() == accepted and rows["level"].tolist() == levels
    alone = judged([], MAPPED, sold, products, similarity)
    pd.testing.assert_series_equal(rows["score"], alone["score"])


def test_a_preference_lowers_and_the_pack_ratio_is_of_the_product() -> None:
    products = (
        {"name": "oats", "size": (1000.0, "g"), "claims": ("organic",)},
        {"name": "oats", "size": (250.0, "g")},
    )
    rows = judged([], MAPPED, [(0, "aldi"), (1, "aldi")], products, pairs=((0, 1), (1, 0)))
    assert rows["ratio"].tolist() == [4.0, 0.25]
    assert rows["lowered"].tolist() == [1, 0]
    assert rows["score"].is_monotonic_increasing and rows["score"].nunique() == 2


@pytest.mark.parametrize("standing", [[], [("aldi", "A", 0), ("coles", "X", 1)]])
def test_no_pairs(standing: list[tuple[str, str, int]]) -> None:
    assert len(judged(standing, MAPPED, [(0, "aldi"), (1, "coles")], pairs=())) == 0


def test_offers() -> None:
    shop = shops(
        [
            item("coles", "1", "oats", gtin=GTIN, price=5.0, size=(500.0, "g")),
            item("coles", "2", "oats", gtin=GTIN, price=4.0, size=(500.0, "g")),
            item("aldi", "1", "oats", gtin=GTIN, price=9.0, size=(500.0, "g")),
            item("iga", "1", "beans"),
        ]
    )
    sold_by = offers(shop.products, shop.product_listings, shop.listings)
    assert sold_by.companies == COMPANIES
    of = {
        (shop.products["product_id"][row.product], sold_by.companies[row.company]): (row.sku, row.unit_price)
        for row in sold_by.rows.itertuples()
    }
    assert of.pop(("iga:1", "iga"))[0] == "1"
    assert of == {(GTIN, "aldi"): ("1", 18.0), (GTIN, "coles"): ("2", 8.0)}
    product = int(shop.products.index[shop.products["product_id"] == GTIN][0])
    place, row = sold_by.at(np.array([product, product], np.intp))
    assert place.tolist() == [0, 0, 1, 1]
    assert sold_by.unit_price_ratio(np.full(4, product), row).tolist() == [2.25, 1.0, 2.25, 1.0]
