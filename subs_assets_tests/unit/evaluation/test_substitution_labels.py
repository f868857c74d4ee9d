"""The labels that are shipped: no product in both halves, known verdicts, weights that add up to the pool."""

import pandas as pd
import pytest

from subs_assets.evaluation.substitution_labels import LABEL_KEYS, LISTING, SHEETS, STRATUM, labelled_pairs, traps


def products(labels: pd.DataFrame) -> set[tuple[str, str]]:
    sides = (labels[LISTING], labels[LABEL_KEYS[2:]])
    return {key for side in sides for key in side.itertuples(index=False, name=None)}


def test_no_product_is_labelled_on_both_sides() -> None:
    fitted, reported = (labelled_pairs(half) for half in SHEETS)
    assert not products(fitted) & products(reported)


@pytest.mark.parametrize("half", SHEETS)
def test_verdicts_and_weights(half: str) -> None:
    labels = labelled_pairs(half)
    assert len(labels) >= 800
    assert set(labels["verdict"]) == {"accept", "reservation", "reject"}
    assert (labels["is_accepted"] == (labels["verdict"] != "reject")).all()
    assert not labels.duplicated([*LABEL_KEYS, "stratum"]).any()
    of_product = labels.drop_duplicates([*STRATUM, "sku"])
    stood_for = of_product.groupby(STRATUM)["weight"].sum()
    assert stood_for.to_numpy() == pytest.approx(of_product.groupby(STRATUM)["pooled"].first().to_numpy())


def test_traps() -> None:
    found = traps()
    assert len(found) >= 100
    assert not found.duplicated(LABEL_KEYS).any()
    assert {"form", "claim", "species", "age", "ingredient", "use"} <= set(found["trap"])
