"""Flipping a claim in real pairs: what is a case, what a violation, and that none gets through."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import pytest

from subs_assets.catalogue import listing
from subs_assets.catalogue.claims import find_claims
from subs_assets.evaluation.flipped_claims import (
    ALONE,
    LOSES,
    STATES,
    Catalogues,
    Flips,
    flipped_claims,
    name_with,
    name_without,
    wordings,
)
from subs_assets.substitution.gates import REFUSING
from subs_assets_tests.small_shops import Shops, item, shops


def sold(*rows: tuple[str, str, str, str]) -> Shops:
    """(company, sku, name, shelf), with the claims of the name."""
    return shops(item(company, sku, name, shelf, claims=tuple(find_claims(name))) for company, sku, name, shelf in rows)


PANTRY = sold(
    ("aldi", "1", "oat biscuits", "Pantry"),
    ("aldi", "2", "gluten free oat biscuits", "Pantry"),
    ("coles", "1", "oat rounds", "Pantry"),
    ("coles", "2", "oat rounds gluten free", "Pantry"),
    ("coles", "3", "oat hearts gluten-free", "Free From > Gluten Free"),
)


def flips(
    shop: Shops, *pairs: tuple[str, str], flipped: Sequence[str] = ("gluten_free",)
) -> dict[tuple[str, str], Flips]:
    """By (claim, change), for pairs of skus at Aldi and at Coles."""
    catalogues = Catalogues(shop.listings, shop.listing_categories, shop.products, shop.product_listings)
    ids = [(shop.product_id("aldi", left), shop.product_id("coles", right)) for left, right in pairs]
    return {(found.claim, found.change): found for found in flipped_claims(catalogues, ids, flipped=flipped)}


def test_every_refusing_claim_is_flipped_and_every_flip_refused() -> None:
    found = flips(PANTRY, ("1", "1"), flipped=REFUSING)
    assert {claim for claim, _ in found} == set(REFUSING)
    assert found["gluten_free", STATES] == Flips("gluten_free", STATES, 1, 0, 0, ())
    assert found["for_dogs", ALONE].cases == 1
    assert sum(flip.violations for flip in found.values()) == 0
    json.dumps([asdict(flip) for flip in found.values()])


@pytest.mark.parametrize(
    ("pair", "states", "loses", "still_stated"),
    [
        pytest.param(("1", "1"), 1, 0, 0, id="neither states it"),
        pytest.param(("1", "2"), 0, 0, 0, id="the substitute states it anyway"),
        pytest.param(("2", "2"), 0, 1, 0, id="both state it, the substitute in its name"),
        pytest.param(("2", "3"), 0, 0, 1, id="the shelf repeats it"),
        pytest.param(("2", "1"), 0, 0, 0, id="refused from the beginning"),
    ],
)
def test_which_pairs_are_cases(pair: tuple[str, str], states: int, loses: int, still_stated: int) -> None:
    found = flips(PANTRY, pair)
    assert found["gluten_free", STATES].cases == states
    assert (found["gluten_free", LOSES].cases, found["gluten_free", LOSES].still_stated) == (loses, still_stated)


def test_a_claim_that_is_not_read_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "find_claims", lambda text: find_claims(text) - {"gluten_free"})
    found = flips(PANTRY, ("1", "1"))["gluten_free", STATES]
    assert (found.cases, found.violations) == (1, 1)
    assert "oat biscuits" in found.examples[0]


def test_a_claim_that_is_read_into_every_name_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = sold(("aldi", "1", "vegan oats", "Pantry"), ("coles", "1", "vegan porridge", "Pantry"))
    monkeypatch.setattr(listing, "find_claims", lambda text: find_claims("vegan") if text else frozenset())
    found = flips(shop, ("1", "1"), flipped=["vegan"])["vegan", LOSES]
    assert (found.cases, found.violations, found.examples) == (1, 1, ("porridge",))


def test_the_order_of_the_rows_changes_nothing() -> None:
    pairs = [("1", "1"), ("2", "2"), ("1", "3")]
    mixed = Shops(
        PANTRY.listings.sample(frac=1, random_state=1),
        PANTRY.listing_categories.sample(frac=1, random_state=1),
        PANTRY.products,
        PANTRY.product_listings.sample(frac=1, random_state=1),
        PANTRY.categories,
    )
    assert flips(mixed, *pairs[::-1]) == flips(PANTRY, *pairs)


def test_no_pair_is_no_case() -> None:
    assert sum(flip.cases for flip in flips(PANTRY).values()) == 0


def test_every_refusing_claim_has_its_wordings() -> None:
    assert set(wordings()) == set(REFUSING)
    assert all(written.count("{name}") == 1 for some in wordings().values() for written in some)


@pytest.mark.parametrize("claim", REFUSING)
def test_every_wording_in_every_style_is_read(claim: str) -> None:
    for chance in range(7 * len(wordings()[claim])):
        assert claim in find_claims(name_with(claim, "Oat Biscuits 200g", chance)), chance


@pytest.mark.parametrize(
    ("claim", "name", "left"),
    [
        ("gluten_free", "Gluten Free Oat Biscuits", "Free Oat Biscuits"),
        ("vegetarian", "Vegan Veggie Burger", "Burger"),
        ("halal", "Halal", "thing"),
        ("from_6_months", "Pear 6+ Months", "Pear 6+"),
    ],
)
def test_a_name_loses_the_words_of_a_claim(claim: str, name: str, left: str) -> None:
    assert name_without(claim, name) == left
