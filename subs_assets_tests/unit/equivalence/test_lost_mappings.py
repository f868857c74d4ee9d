"""Mappings that are lost: by pair of companies, but for what a person decided, and with what they covered."""

import pandas as pd
import pytest

from subs_assets.equivalence.lost_mappings import mappings_hold
from subs_assets_tests.small_shops import equivalences, path

SHELVES = [f"shelf {number}" for number in range(20)]
CATEGORIES = pd.DataFrame({"company_slug": "aldi", "path": [path(shelf) for shelf in SHELVES], "own_listings": 10})
BEFORE = equivalences(*(("aldi", shelf, "coles", shelf, "exact") for shelf in SHELVES))


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (0, None),
        (1, None),
        (2, "aldi -> coles lost 2 of 20 accepted mappings and covers 90% of its shelved listings, 100% before: see"),
    ],
)
@pytest.mark.parametrize("gone", [True, False])
def test_a_tenth_of_the_mappings_is_told(lost: int, said: str | None, gone: bool) -> None:
    after = BEFORE.copy()
    after.loc[after.index[:lost], "status"] = "proposed"
    after = after.iloc[lost:] if gone else after
    verdict = mappings_hold(BEFORE, after, CATEGORIES, CATEGORIES)
    assert verdict.passed is (said is None) and (said or "") in verdict.sentence
    assert verdict.figures["Accepted mappings lost"] == lost


def test_a_large_category_without_its_mapping_is_told_though_it_is_but_one() -> None:
    grown = CATEGORIES.assign(own_listings=[60] + [10] * 19)
    verdict = mappings_hold(BEFORE, BEFORE.iloc[1:], grown, grown)
    assert "lost 1 of 20 accepted mappings and covers 76% of its shelved listings, 100% before" in verdict.sentence


def test_a_tenth_is_told_where_others_cover_the_same() -> None:
    twice = pd.concat([BEFORE, BEFORE.assign(target_path=path("everything"))], ignore_index=True)
    verdict = mappings_hold(twice, twice.iloc[4:], CATEGORIES, CATEGORIES)
    assert "lost 4 of 40 accepted mappings and covers 100% of its shelved listings, 100% before" in verdict.sentence


def test_what_a_person_decided_is_no_loss() -> None:
    after = BEFORE.copy()
    after.loc[:1, ["status", "origin"]] = ["rejected", "decision"]
    assert (
        mappings_hold(BEFORE, after, CATEGORIES, CATEGORIES.assign(own_listings=[0, 0] + [10] * 18)).figures[
            "Accepted mappings lost"
        ]
        == 0
    )
    withdrawn = BEFORE.assign(origin="decision")
    assert mappings_hold(withdrawn, BEFORE.iloc[2:], CATEGORIES, CATEGORIES).figures["Accepted mappings lost"] == 0


def test_on_a_first_night_and_with_one_company_nothing_is_lost() -> None:
    assert mappings_hold(BEFORE.iloc[:0], BEFORE, CATEGORIES.iloc[:0], CATEGORIES).passed
    assert mappings_hold(BEFORE, BEFORE.iloc[:0], CATEGORIES, CATEGORIES.iloc[:0]).figures["Accepted mappings"] == 0
    nothing = BEFORE.iloc[:0]
    assert mappings_hold(nothing, nothing, CATEGORIES, CATEGORIES).passed
