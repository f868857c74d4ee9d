"""What the UI tells about the equivalences of a night; whole runs are in test_graph.py."""

import pandas as pd

from subs_assets.assets.equivalence import told
from subs_assets.equivalence.changes import mapping_changes
from subs_assets_tests.small_shops import equivalences

MUESLI = ("aldi", "Pantry > Muesli", "coles", "Breakfast > Cereal")
BEFORE = equivalences((*MUESLI, "close"), ("aldi", "Baby", "coles", "Baby", "related", "proposed"))


def rows_of(metadata: dict[str, object]) -> list[dict[str, object]]:
    return [dict(record.data) for record in metadata["Changes since the last night"].records]  # type: ignore[attr-defined]


def test_changes_are_counted_and_shown_with_readable_paths_used_mappings_first() -> None:
    metadata = told(mapping_changes(BEFORE, equivalences((*MUESLI, "exact"))), is_first=False)
    assert {name: metadata[name] for name in ("New", "Gone", "Status", "Relation", "Changes of used mappings")} == {
        "New": 0, "Gone": 1, "Status": 0, "Relation": 1, "Changes of used mappings": 1,
    }  # fmt: skip
    muesli, baby = rows_of(metadata)
    assert (muesli["path"], muesli["change"], muesli["relation_after"]) == ("Pantry > Muesli", "relation", "exact")
    assert (baby["path"], baby["change"], baby["relation_after"]) == ("Baby", "gone", None)


def test_a_night_like_the_last_has_counts_of_zero() -> None:
    metadata = told(mapping_changes(BEFORE, BEFORE), is_first=False)
    assert metadata["New"] == metadata["Gone"] == 0 and rows_of(metadata) == [{"note": "no rows"}]


def test_the_first_night_says_that_it_is_the_first() -> None:
    none = equivalences()
    metadata = told(mapping_changes(none, BEFORE), is_first=True)
    assert "no mappings were published before" in str(metadata["First night"]) and "New" not in metadata
    assert isinstance(none, pd.DataFrame)
