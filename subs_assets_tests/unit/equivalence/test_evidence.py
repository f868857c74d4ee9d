"""Hard and soft evidence between two companies, how soft evidence is weighed, and how loud one listing may speak."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subs_assets.equivalence import evidence
from subs_assets.equivalence.evidence import (
    CALIBRATION_FLOOR,
    Calibration,
    ListingEvidence,
    calibrate,
    listing_evidence,
    listing_masses,
    null_margin,
)
from subs_assets_tests.small_shops import alike_as, spelled

CURVE = Calibration(5.0, -3.0, 0.6, 1_000)


def found(pairs: ListingEvidence) -> dict[tuple[int, int], str]:
    kinds = np.where(pairs.hard, "hard", "soft").tolist()
    return dict(zip(zip(pairs.source.tolist(), pairs.target.tolist(), strict=True), kinds, strict=True))


def alike(rows: int, cells: dict[tuple[int, int], float]) -> np.ndarray:
    matrix = np.eye(rows)
    for (i, j), value in cells.items():
        matrix[i, j] = matrix[j, i] = value
    return matrix


@pytest.mark.parametrize(
    ("cells", "products", "expected"),
    [
        pytest.param({}, "abcd", {}, id="nothing alike"),
        pytest.param({(0, 2): 0.9}, "abcd", {(0, 2): "soft"}, id="near-identical names"),
        pytest.param({(0, 2): 0.59}, "abcd", {}, id="below the null margin"),
        pytest.param({(0, 1): 0.9, (2, 3): 0.9}, "abcd", {}, id="alike within one company"),
        pytest.param({}, "abad", {(0, 2): "hard"}, id="a shared product"),
        pytest.param(
            {(0, 3): 0.9, (1, 3): 0.7, (0, 1): 0.6}, "abad", {(0, 2): "hard", (1, 3): "soft"}, id="hard silences soft"
        ),
        pytest.param({}, "aaad", {(0, 2): "hard", (1, 2): "hard"}, id="a product listed twice"),
    ],
)
def test_listing_evidence(
    cells: dict[tuple[int, int], float], products: str, expected: dict[tuple[int, int], str]
) -> None:
    """Rows 0 and 1 are one company's, 2 and 3 the other's; equal letters are one product."""
    rows = alike_as(alike(4, cells))
    pairs = listing_evidence(rows, np.array([0, 1]), np.array([2, 3]), np.array(list(products), object), CURVE)
    assert found(pairs) == expected
    assert (pairs.weight[pairs.hard] == 1).all()
    reversed_pairs = listing_evidence(rows, np.array([2, 3]), np.array([0, 1]), np.array(list(products), object), CURVE)
    assert found(reversed_pairs.reversed()) == expected


def test_a_listing_that_everybody_resembles_vouches_for_its_five_nearest_only() -> None:
    cells = {(row, 8): 0.61 + row / 100 for row in range(8)}
    matrix = alike(9, cells)
    matrix[:8, :8] = np.where(np.eye(8) == 1, 1, 0.5)
    pairs = listing_evidence(alike_as(matrix), np.arange(8), np.array([8]), np.arange(9).astype(object), CURVE)
    assert set(found(pairs)) == {(row, 8) for row in (3, 4, 5, 6, 7)}


def test_soft_evidence_weighs_as_much_as_it_is_likely() -> None:
    pairs = listing_evidence(
        alike_as(alike(4, {(0, 2): 0.9, (1, 3): 0.7})),
        np.array([0, 1]),
        np.array([2, 3]),
        np.arange(4).astype(object),
        CURVE,
    )
    assert pairs.weight == pytest.approx([1 / (1 + np.exp(-1.5)), 1 / (1 + np.exp(-0.5))], abs=1e-4)


@pytest.mark.parametrize(
    ("slope", "intercept", "margin"), [(5.0, -3.0, 0.6), (5.0, -4.5, 0.9), (5.0, -1.0, CALIBRATION_FLOOR)]
)
def test_the_null_margin_is_where_the_odds_are_even_but_never_below_the_floor(
    slope: float, intercept: float, margin: float
) -> None:
    assert null_margin(slope, intercept) == pytest.approx(margin)


def aisle(names: int, shelf_of: str) -> tuple[list[str], list[str]]:
    """Made-up listings in families of two alike names; ``shelf_of`` says whether a family shares its shelf."""
    random = np.random.default_rng(3)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    texts, shelves = [], []
    for family in range(names // 2):
        stem = "".join(random.choice(letters, 12))
        near = random.random() < 0.5
        texts += [f"{stem} {'red' if near else 'scarlet'}", f"{stem} {'reds' if near else 'ochre'}"]
        together = near if shelf_of == "nearness" else random.random() < 0.5
        shelves += [f"s{family}", f"s{family}" if together else f"t{family}"]
    return texts, shelves


def test_the_curve_is_measured_on_the_shelves_at_hand() -> None:
    texts, shelves = aisle(800, "nearness")
    company = pd.Series(["aldi", "coles"] * 400).sort_values(ignore_index=True)
    curve = calibrate(spelled(texts), company, pd.Series(shelves))
    assert curve.pairs > 700
    assert curve.slope > 5 and curve.null_margin == null_margin(curve.slope, curve.intercept)
    sure, unsure = curve.probability(np.array([0.95, 0.6], np.float32))
    assert sure > 0.9 and unsure < 0.3


def test_a_listing_of_another_company_is_no_nearest_neighbour() -> None:
    texts, shelves = aisle(800, "nearness")
    apart = pd.Series(["aldi", "coles"] * 400)  # every family is torn apart
    with pytest.raises(ValueError, match="^0 listings have a near neighbour in their own company, and 200 are needed"):
        calibrate(spelled(texts), apart, pd.Series(shelves))


@pytest.mark.parametrize(
    ("listings", "shelf_of", "problem"),
    [
        (0, "nearness", "0 listings"),
        (20, "nearness", "listings have a near neighbour"),
        (800, "chance", "the more alike hardly share a shelf more often"),
        (800, "company", "all share a shelf"),
    ],
)
def test_where_nothing_can_be_measured_a_sentence_says_why(listings: int, shelf_of: str, problem: str) -> None:
    texts, shelves = aisle(listings, shelf_of) if listings else (["oats"], [None])
    if shelf_of == "company":
        shelves = ["everything"] * len(texts)
    with pytest.raises(ValueError, match=problem):
        calibrate(spelled(texts), pd.Series(["aldi"] * len(texts)), pd.Series(shelves, dtype="str"))


def test_listings_without_a_shelf_are_left_out() -> None:
    texts, shelves = aisle(800, "nearness")
    half = pd.Series(shelves).where(np.arange(800) < 400)
    assert 300 < calibrate(spelled(texts), pd.Series(["aldi"] * 800), half).pairs <= 400


@pytest.mark.parametrize(
    ("listings", "weights", "masses"),
    [
        ([], [], []),
        ([0], [0.7], [0.7]),
        ([0, 0], [0.8, 0.8], [0.4, 0.4]),
        ([0, 0, 2], [0.9, 0.3, 1.0], [0.675, 0.225, 1.0]),
    ],
)
def test_a_listing_speaks_once_as_loud_as_its_best_pair(
    listings: list[int], weights: list[float], masses: list[float]
) -> None:
    assert listing_masses(np.array(listings, np.intp), np.array(weights)) == pytest.approx(masses)


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0.01, 1)), min_size=1))
def test_no_listing_is_louder_than_its_best_pair(pairs: list[tuple[int, float]]) -> None:
    listing = np.array([pair[0] for pair in pairs], np.intp)
    weight = np.array([pair[1] for pair in pairs])
    masses = listing_masses(listing, weight)
    for one in set(listing.tolist()):
        assert masses[listing == one].sum() == pytest.approx(weight[listing == one].max())


def test_a_large_company_is_sampled_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, shelves = (one[::2] + one[1::2] for one in aisle(1_600, "nearness"))  # every second one: whole families
    monkeypatch.setattr(evidence, "CALIBRATION_LISTINGS", 800)
    assert 700 < calibrate(spelled(texts), pd.Series(["aldi"] * 1_600), pd.Series(shelves)).pairs <= 800
