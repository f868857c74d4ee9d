"""What differs between two nights' mappings."""

import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.equivalence.changes import CHANGES, mapping_changes
from subs_assets_tests.small_shops import equivalences, path

MUESLI = ("aldi", "Pantry > Muesli", "coles", "Breakfast > Cereal")
HONEY = ("aldi", "Pantry > Honey", "coles", "Breakfast > Spreads")


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (("close", "accepted"), ("close", "accepted"), None),
        (("close", "accepted"), ("exact", "accepted"), ("relation", "accepted", "accepted", "close", "exact")),
        (("close", "proposed"), ("close", "accepted"), ("status", "proposed", "accepted", "close", "close")),
        (("related", "proposed"), ("close", "accepted"), ("status", "proposed", "accepted", "related", "close")),
        (None, ("close", "accepted"), ("new", None, "accepted", None, "close")),
        (("close", "accepted"), None, ("gone", "accepted", None, "close", None)),
    ],
)
def test_a_mapping_between_two_nights(
    before: tuple[str, str] | None, after: tuple[str, str] | None, change: tuple[str | None, ...] | None
) -> None:
    nights = (
        equivalences((*HONEY, "exact"), *([(*MUESLI, *night)] if night else [])) for night in (before, after)
    )  # honey stands as it is on both
    found = frames.conform(mapping_changes(*nights), tables.category_equivalence_changes)
    expected = [("aldi", path("Pantry > Muesli"), "coles", path("Breakfast > Cereal"), *change)] if change else []
    assert [tuple(None if pd.isna(cell) else cell for cell in row) for row in found.values.tolist()] == expected
    assert set(found["change"]) <= set(CHANGES)


def test_another_figure_is_no_change() -> None:
    night = equivalences((*MUESLI, "close"))
    assert mapping_changes(night, night.assign(support=99.0, reason="other")).empty


def test_after_a_night_without_mappings_nothing_is_compared() -> None:
    assert mapping_changes(equivalences(), equivalences((*MUESLI, "close"))).empty


def test_all_mappings_may_go() -> None:
    changes = mapping_changes(equivalences((*MUESLI, "close"), (*HONEY, "exact")), equivalences())
    assert changes["change"].tolist() == ["gone", "gone"]
    assert changes["path"].tolist() == [path("Pantry > Honey"), path("Pantry > Muesli")]
