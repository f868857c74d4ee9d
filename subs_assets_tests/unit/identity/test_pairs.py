"""Which pairs are sure, which are ambiguous, and what speaks against the others."""

import numpy as np
import pandas as pd
import pytest

from subs_assets.catalogue.core_name import core_name
from subs_assets.identity.pairs import (
    ALIKE,
    ALIKE_BY_PIECES,
    ALIKE_WITHOUT_BRANDS,
    MARGIN,
    WORTH_A_LOOK,
    judge,
)
from subs_assets_tests.unit.identity.listings import frame, listing

LISTINGS = frame(*(listing(company, sku, "butter") for company in ("aldi", "coles", "iga") for sku in "12"))
"""Positions 0 and 1 are aldi's, 2 and 3 coles', 4 and 5 iga's."""

ALONE = np.arange(len(LISTINGS))
"""No two listings are joined by GTIN."""

Pair = tuple[int, int, float]


def pairs(*given: Pair, same_total: bool = True, brand_given: bool = True) -> pd.DataFrame:
    found = pd.DataFrame(given, columns=["left", "right", "likeness"]).astype({"left": int, "right": int})
    return found.assign(same_total=same_total, brand_given=brand_given)


def verdicts(judged: pd.DataFrame) -> dict[tuple[int, int], str]:
    said = judged["doubt"].notna().map({True: "doubtful", False: "sure"}).where(judged["alone"], "ambiguous")
    return dict(zip(zip(judged["left"], judged["right"], strict=True), said, strict=True))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([(0, 2, ALIKE)], {(0, 2): "sure"}),
        ([(0, 2, ALIKE - 0.01)], {(0, 2): "doubtful"}),
        ([(0, 2, ALIKE - WORTH_A_LOOK - 0.01)], {}),
        # A rival in the other company, on either side.
        ([(0, 2, 0.9), (0, 3, 0.9 - MARGIN - 0.01)], {(0, 2): "sure"}),
        ([(0, 2, 0.9), (1, 2, 0.9 - MARGIN - 0.01)], {(0, 2): "sure"}),
        ([(0, 2, 0.9), (0, 3, 0.88)], {(0, 2): "ambiguous", (0, 3): "ambiguous"}),
        ([(0, 2, 0.9), (1, 2, 0.88)], {(0, 2): "ambiguous", (1, 2): "ambiguous"}),
        ([(0, 2, 1.0), (0, 3, 1.0)], {(0, 2): "ambiguous", (0, 3): "ambiguous"}),
        # A rival that has a better partner of its own is still one.
        ([(0, 2, 0.9), (0, 3, 0.88), (1, 3, 1.0)], {(0, 2): "ambiguous", (1, 3): "sure"}),
        # A third company is no rival.
        ([(0, 2, 0.9), (0, 4, 0.9), (2, 4, 0.9)], {(0, 2): "sure", (0, 4): "sure", (2, 4): "sure"}),
        ([(0, 2, 0.9), (1, 3, 0.8)], {(0, 2): "sure", (1, 3): "sure"}),
        ([], {}),
    ],
)
def test_the_best_pair_is_sure_where_no_other_comes_near(
    given: list[Pair], expected: dict[tuple[int, int], str]
) -> None:
    assert verdicts(judge(pairs(*given), LISTINGS, ALONE)) == expected


def test_what_a_gtin_has_joined_is_one_and_has_one_partner_of_a_company() -> None:
    coles_and_iga = np.array([0, 1, 2, 3, 2, 5])
    one_partner = pairs((0, 2, 0.9), (0, 4, 0.88))
    assert verdicts(judge(one_partner, LISTINGS, coles_and_iga)) == {(0, 2): "sure", (0, 4): "sure"}
    two_partners = pairs((0, 2, 0.9), (1, 4, 0.88))
    assert verdicts(judge(two_partners, LISTINGS, coles_and_iga)) == {(0, 2): "ambiguous", (1, 4): "ambiguous"}


@pytest.mark.parametrize(
    ("likeness", "same_total", "brand_given", "expected"),
    [
        (ALIKE_BY_PIECES, False, True, {(0, 2): "sure"}),
        (ALIKE_BY_PIECES - 0.01, False, True, {(0, 2): "doubtful"}),
        (ALIKE_WITHOUT_BRANDS, True, False, {(0, 2): "sure"}),
        (ALIKE_WITHOUT_BRANDS, False, False, {(0, 2): "sure"}),
        # Without brands there are too many to look at.
        (ALIKE_WITHOUT_BRANDS - 0.01, True, False, {}),
    ],
)
def test_who_says_less_must_be_more_alike(
    likeness: float, same_total: bool, brand_given: bool, expected: dict[tuple[int, int], str]
) -> None:
    given = pairs((0, 2, likeness), same_total=same_total, brand_given=brand_given)
    assert verdicts(judge(given, LISTINGS, ALONE)) == expected


@pytest.mark.parametrize(
    ("left", "right", "doubt"),
    [
        ({"core_name": "butter"}, {"core_name": "butter"}, None),
        ({"core_name": "butter"}, {"core_name": "butter spread"}, None),
        ({"pack_count": 6}, {"pack_count": 1}, None),
        ({"pack_count": 6}, {"pack_count": None}, None),
        ({"pack_count": 6}, {"pack_count": 4}, "they come in packs of 4 and 6"),
        (
            {"claims": '["gluten_free","vegan"]'},
            {"claims": '["vegan"]'},
            "only one of them says gluten_free",
        ),
    ],
)
def test_what_speaks_against_a_pair(left: dict[str, object], right: dict[str, object], doubt: str | None) -> None:
    sides = [listing("aldi", "1", "butter") | left, listing("iga", "1", "butter") | right]
    assert judge(pairs((0, 1, 1.0)), frame(*sides), ALONE)["doubt"].tolist() == [doubt]


@pytest.mark.parametrize(
    ("left", "right", "doubt"),
    [
        ("Dark 70%", "Dark 85%", "one of them says 70%, the other 85%"),
        ("Dark 70%", "Dark 70 % 100g", None),
        ("Dark 70%", "Dark", None),
        ("Sunblock 30 V2", "Sunblock 50 V2", "one of them says 30, the other 50"),
        ("Milch 0,5%", "Milch 5%", "one of them says 0.5%, the other 5%"),
        ("Milch 0.1% Fett 1 l", "Milch 1% Fett 1 l", "one of them says 0.1%, the other 1%"),
        ("Milch 3,5 %", "Milch 3.5%", None),
    ],
)
def test_numbers_that_differ_speak_against_a_pair(left: str, right: str, doubt: str | None) -> None:
    sides = [
        listing(company, "1", core_name(name, None), name=name) for company, name in (("aldi", left), ("iga", right))
    ]
    assert judge(pairs((0, 1, 1.0)), frame(*sides), ALONE)["doubt"].tolist() == [doubt]


def test_words_that_differ_are_named() -> None:
    sides = frame(listing("aldi", "1", "light butter"), listing("iga", "1", "the butter spread", brand=None))
    assert judge(pairs((0, 1, ALIKE - 0.01)), sides, ALONE)["doubt"].tolist() == ["they differ in bega, light, spread"]
