"""Samples are of every pair and level, spread over its scores, the same ones again, and with what a person reads."""

import pandas as pd
import pytest

from subs_assets.report.samples import samples_by_pair, spread_over_scores, unit_price_in_words
from subs_assets_tests.small_shops import item, shops


def substitutions(scores: list[float], level: int = 3, at: str = "coles", products: int | None = None) -> pd.DataFrame:
    count = products or len(scores)
    return pd.DataFrame(
        {
            "product_id": [f"p{number % count}" for number in range(len(scores))],
            "company_slug": at,
            "substitute_id": [f"s{number}" for number in range(len(scores))],
            "level": level,
            "score": scores,
        }
    )


def sold(*companies: str, products: int = 200) -> pd.DataFrame:
    return pd.DataFrame(
        [(company, f"p{number}") for company in companies for number in range(products)],
        columns=["company_slug", "product_id"],
    )


@pytest.mark.parametrize(
    ("rows", "per_level", "expected"),
    [
        (101, 5, [1.0, 0.75, 0.5, 0.25, 0.0]),
        (101, 2, [1.0, 0.0]),
        (101, 1, [1.0]),
        (3, 5, [1.0, 0.5, 0.0]),
        (1, 5, [1.0]),
    ],
)
def test_rows_are_spread_from_the_best_score_to_the_lowest(rows: int, per_level: int, expected: list[float]) -> None:
    scores = [number / max(1, rows - 1) for number in range(rows)] if rows > 1 else [1.0]
    chosen = spread_over_scores(substitutions(scores), sold("aldi"), per_level)
    assert chosen["score"].tolist() == pytest.approx(expected)
    assert set(chosen["size"]) == {rows}


def test_the_choice_does_not_hang_on_the_order_of_the_rows() -> None:
    rows = substitutions([0.9, 0.9, 0.8, 0.8, 0.7, 0.7, 0.7])
    shuffled = rows.sample(frac=1, random_state=1)
    keys = ["product_id", "substitute_id"]
    first, again = (spread_over_scores(frame, sold("aldi"), 3)[keys].to_numpy().tolist() for frame in (rows, shuffled))
    assert first == again


def test_samples_tell_of_different_products() -> None:
    chosen = spread_over_scores(substitutions([0.9, 0.8, 0.7, 0.6], products=2), sold("aldi"), 4)
    assert chosen["product_id"].tolist() == ["p0", "p1"] and set(chosen["size"]) == {4}


def test_each_pair_and_level_has_its_own() -> None:
    rows = pd.concat([substitutions([0.9] * 10, level) for level in (1, 5)] + [substitutions([0.9] * 3, 2, "iga")])
    chosen = spread_over_scores(rows, sold("aldi", "iga"), 2)
    counted = chosen.groupby(["company_slug", "target_company_slug", "level"]).size().to_dict()
    expected = {("coles", 1): 2, ("coles", 5): 2, ("iga", 2): 2}
    assert counted == {(company, *group): count for company in ("aldi", "iga") for group, count in expected.items()}


def test_a_sample_is_what_a_person_reads() -> None:
    shop = shops(
        [
            item("aldi", "1", "Oats", brand="Own", size=(500.0, "g"), price=2.0),
            item("coles", "7", "Porridge", size=(1000.0, "g"), size_text="1kg", price=5.5),
            item("coles", "8", "Porridge", price=1234.5),
        ]
    )
    rows = pd.DataFrame(
        {
            "product_id": [shop.product_id("aldi", "1")],
            "company_slug": "coles",
            "substitute_id": [shop.product_id("coles", "7")],
            "level": 3,
            "score": 0.8,
            "unit_price_ratio": 1.375,
            "reasons": '["level 3: other brand", "no category speaks for it"]',
        }
    )
    ((pair, (level,)),) = samples_by_pair(rows, shop.listings, shop.product_listings, 5).items()
    (sample,) = level.samples
    assert pair == ("aldi", "coles") and (level.level, level.rows) == (3, 1)
    assert (sample.product.name, sample.product.brand, sample.product.size) == ("Oats", "Own", "500 g")
    assert sample.product.price == "AUD 2.00"
    assert (sample.substitute.name, sample.substitute.brand, sample.substitute.size) == ("Porridge", None, "1kg")
    assert sample.substitute.price == "AUD 5.50"
    assert sample.unit_price == "38 % dearer a unit"
    assert sample.reasons == ("level 3: other brand", "no category speaks for it")


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (1.0, "the same a unit"),
        (0.5, "50 % cheaper a unit"),
        (2.0, "100 % dearer a unit"),
        (4.25, "4.2 times as dear a unit"),
        (float("nan"), None),
        (0.0, None),
    ],
)
def test_unit_prices_in_words(ratio: float, words: str | None) -> None:
    assert unit_price_in_words(ratio) == words


def test_no_substitutions_no_samples() -> None:
    shop = shops([item("aldi", "1", "Oats")])
    none = substitutions([]).assign(unit_price_ratio=[], reasons=[])
    assert samples_by_pair(none, shop.listings, shop.product_listings, 5) == {}
