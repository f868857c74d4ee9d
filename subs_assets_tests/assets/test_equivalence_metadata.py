"""What the UI shows of mappings and absences; how it looks there is e2e/test_web_ui.py's."""

import base64
import re
from typing import Any

import pandas as pd

from subs_assets.assets.equivalence_metadata import PICTURES, absence_metadata, mapping_metadata, pictures
from subs_assets.database import frames, tables
from subs_assets.report.flows import FLOW_COLUMNS
from subs_assets_tests.made_up_nights import made_up_night
from subs_assets_tests.small_shops import path

NIGHT = made_up_night(5, goods=16)
SOURCES = (
    NIGHT.listings,
    NIGHT.listing_shelves,
    NIGHT.category_facets,
    NIGHT.category_equivalences,
    NIGHT.category_absences,
)


def rows(value: Any) -> list[dict]:
    return [record.data for record in value.records]


def test_pictures_of_the_largest_pairs_and_how_many_more_there_are() -> None:
    told = mapping_metadata(*SOURCES)["Who maps to whom"].value
    drawn = re.findall(r"!\[shop_\d\d to shop_\d\d\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", told)
    assert len(drawn) == PICTURES and all(base64.b64decode(svg).startswith(b"<svg xmlns=") for svg in drawn)
    assert f"{20 - PICTURES} more pairs of companies are in the report" in told
    assert len(told) < PICTURES * 60_000


def test_a_company_alone_has_no_picture() -> None:
    assert pictures(pd.DataFrame(columns=FLOW_COLUMNS)) == "There are no two companies."


def test_each_relation_has_its_mappings_and_their_listings() -> None:
    metadata = mapping_metadata(*SOURCES)
    (table,) = [value for key, value in metadata.items() if key.startswith("Listings in a mapped category")]
    accepted = NIGHT.category_equivalences.query("status == 'accepted'")
    for row in rows(table):
        of_pair = accepted[(accepted["company_slug"] == row["from"]) & (accepted["target_company_slug"] == row["to"])]
        own = NIGHT.listing_shelves[NIGHT.listing_shelves["company_slug"] == row["from"]]
        assert row["mapped"] == own.loc[own["path"].isin(of_pair["path"]), "sku"].nunique() > 0
        for relation in ("exact", "close", "broad", "narrow", "related"):
            paths = of_pair.loc[of_pair["relation"] == relation, "path"]
            assert row[relation] == f"{len(paths)} / {own.loc[own['path'].isin(paths), 'sku'].nunique()}"
    assert sum(row["listings"] for row in rows(metadata["By department"])) >= 20 * 16


def test_absences_are_counted_by_answer_and_the_largest_gaps_come_first() -> None:
    gap = {"company_slug": "aldi", "target_company_slug": "iga", "answer": "none", "reason": "too little"}
    absences = frames.conform(
        pd.DataFrame(
            [
                {**gap, "path": path("Pets"), "listings": 5, "candidate_path": path("Meat"), "candidate_support": 0.56},
                {**gap, "path": path("Wine"), "listings": 9},
                {**gap, "path": path("Tea"), "listings": 20, "answer": "undecided"},
            ],
            columns=tables.category_absences.columns.keys(),
        ),
        tables.category_absences,
    )
    told = absence_metadata(absences)
    assert [told[f"Answer: {answer}"] for answer in ("none", "undecided", "parts", "above")] == [2, 1, 0, 0]
    wine, pets = rows(told["Largest without a counterpart"])
    assert (wine["category"], wine["best refused"], wine["support"]) == ("Wine", None, None)
    assert (pets["category"], pets["best refused"], pets["support"], pets["why"]) == ("Pets", "Meat", 0.6, "too little")
