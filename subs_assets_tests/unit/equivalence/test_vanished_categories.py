"""Categories that are gone: large ones are told with where their listings went, and what decisions lost."""

from collections.abc import Mapping

import pandas as pd
import pytest

from subs_assets.catalogue.categories import build_categories
from subs_assets.database import tables
from subs_assets.equivalence.vanished_categories import vanished_categories
from subs_assets.finding import Gravity, Verdict
from subs_assets_tests.small_shops import path

BEFORE = {"Dairy > Milk": 30, "Dairy > Cheese": 20, "Pantry > Tea": 50, "Pantry > Salt": 19, "Christmas": 40}
NOTHING: dict[str, str] = {}
FACETS = pd.DataFrame({"path": [path("Christmas")], "kind": ["seasonal"]})


def standing(shelves: Mapping[str, int] = BEFORE, renamed: Mapping[str, str] = NOTHING) -> pd.DataFrame:
    """So many listings on each shelf, under its new name where it has one."""
    stands = [shelf for shelf, count in shelves.items() for _ in range(count)]
    frame = pd.DataFrame(
        {
            "company_slug": "aldi",
            "sku": map(str, range(len(stands))),
            "path": [path(renamed.get(shelf, shelf)) for shelf in stands],
        }
    )
    return frame.assign(position=0, category_ids=None)[list(tables.listing_categories.columns.keys())]


def decided(*pairs: tuple[str, str, str, str]) -> pd.DataFrame:
    keys = ["company_slug", "subject", "target_company_slug", "target_subject"]
    frame = pd.DataFrame([(a, path(b), c, path(d)) for a, b, c, d in pairs], columns=keys)
    return frame.assign(verdict="accept", decided_by="Ann", decided_at="2026-01-02T00:00:00", reason=None)


def verdict_of(tonight: pd.DataFrame, decisions: pd.DataFrame, before: Mapping[str, int] = BEFORE) -> Verdict:
    stood = standing(before)
    return vanished_categories("aldi", build_categories(stood), FACETS, tonight, lambda: stood, lambda: decisions)


@pytest.mark.parametrize(
    ("renamed", "said"),
    [
        ({}, None),
        ({"Pantry > Salt": "Pantry > Pepper", "Christmas": "Gifts"}, None),  # a small one, and one that comes and goes
        (
            {"Dairy > Milk": "Dairy > Milk & Cream"},
            'aldi: categories are gone: "Dairy > Milk" (30 listings; 30 of them now stand in "Dairy > Milk & Cream")',
        ),
        (
            {"Dairy > Milk": "Fridge > Milk", "Dairy > Cheese": "Fridge > Cheese"},
            'aldi: categories are gone: "Dairy" (50 listings; 50 of them now stand in "Fridge").',
        ),
        ({"Pantry > Tea": "", "Pantry > Salt": ""}, '"Pantry" (69 listings; 69 of them now have no category)'),
    ],
)  # fmt: skip
def test_large_categories_that_are_gone(renamed: dict[str, str], said: str | None) -> None:
    verdict = verdict_of(standing(renamed=renamed), decided())
    assert verdict.gravity is (Gravity.NOTE if said is None else Gravity.WARNING)
    assert (said or "") in verdict.sentence


def test_a_category_that_was_not_delivered() -> None:
    stood = standing()
    without_pantry = stood[~stood["path"].isin([path("Pantry > Tea"), path("Pantry > Salt"), path("Christmas")])]
    verdict = verdict_of(without_pantry, decided())
    assert (
        '"Pantry" (69 listings; none of them was delivered).' in verdict.sentence and "Christ" not in verdict.sentence
    )
    assert verdict.figures["Large categories gone"] == 1 and verdict.figures["Categories gone"] == 4


def test_decisions_that_lose_a_category_are_named_however_small_it_was() -> None:
    decisions = decided(
        ("aldi", "Pantry > Salt", "coles", "Spices > Salt"),
        ("coles", "Spices > Salt", "aldi", "Pantry > Salt"),
        ("aldi", "Pantry > Tea", "coles", "Tea"),
        ("aldi", "Gone for years", "coles", "Tea"),
        ("iga", "Pantry > Salt", "coles", "Spices > Salt"),
    )
    verdict = verdict_of(standing(renamed={"Pantry > Salt": "Pantry > Pepper"}), decisions)
    assert verdict.gravity is Gravity.WARNING
    assert verdict.figures["Decisions on categories gone"] == 1
    assert "aldi: Pantry > Salt ~ coles: Spices > Salt" in verdict.sentence
    assert 'aldi has no category "Pantry > Salt" any more' in verdict.sentence
    assert "Gone for years" not in verdict.sentence and "Tea" not in verdict.sentence


def test_on_a_first_night_nothing_is_gone() -> None:
    assert verdict_of(standing(), decided(), before={}).gravity is Gravity.NOTE
