"""A published night of two small trees for tests of what a person is asked; no expectation lives here."""

import pandas as pd

from subs_assets.database import control_tables, frames, tables
from subs_assets.equivalence.mapping import EVIDENCE_COLUMNS
from subs_assets.equivalence.questions import PublishedEquivalences
from subs_assets_tests.small_shops import equivalences, item, path, shops

ALDI = ("Pantry > Muesli", "Pantry > Muesli", "Pantry > Muesli", "Pantry > Honey", "Pantry > Honey", "Gluten Free")
COLES = ("Breakfast > Cereal", "Breakfast > Cereal", "Breakfast > Spreads", "Breakfast > Spreads > Honey")
IGA = ("Spreads", "Cereal")
SHOPS = shops(
    item(company, str(number), f"thing {number}", shelf)
    for company, shelves in (("aldi", ALDI), ("coles", COLES), ("iga", IGA))
    for number, shelf in enumerate(shelves)
)
FACETS = pd.DataFrame([("aldi", path("Gluten Free"), "dietary")], columns=["company_slug", "path", "kind"])

Row = tuple[str, ...]


def changes(*rows: tuple[str | None, ...]) -> pd.DataFrame:
    """As (company, category, target company, target category, change, status and relation before, after)."""
    columns = [*list(tables.category_equivalence_changes.columns.keys())[:5], *("status_before", "relation_before")]
    frame = pd.DataFrame(rows, columns=[*columns, "status_after", "relation_after"])
    readable = frame.assign(**{name: frame[name].map(path) for name in ("path", "target_path")})
    return frames.conform(readable, tables.category_equivalence_changes)


def night(
    mappings: pd.DataFrame, changed: pd.DataFrame | None = None, evidence: pd.DataFrame | None = None
) -> PublishedEquivalences:
    shelves = SHOPS.listing_categories[["company_slug", "sku", "path"]]
    facets = FACETS.assign(spread=None, reason="made up")
    return PublishedEquivalences(
        SHOPS.categories,
        frames.conform(facets, tables.category_facets),
        frames.conform(
            shelves[shelves["path"] != FACETS["path"][0]].assign(origin="own", weight=1.0), tables.listing_shelves
        ),
        mappings,
        pd.DataFrame(columns=EVIDENCE_COLUMNS) if evidence is None else evidence,
        changes() if changed is None else changed,
    )


def decisions(*rows: Row) -> pd.DataFrame:
    """As (company, category, target company, target category, verdict, relation), by ann; no relation for a reject."""
    frame = pd.DataFrame(
        [
            {
                "kind": "equivalence",
                "company_slug": row[0],
                "subject": path(row[1]),
                "target_company_slug": row[2],
                "target_subject": path(row[3]),
                "verdict": row[4],
                "relation": row[5] if len(row) > 5 else None,
                "decided_by": "ann",
                "decided_at": "2025-01-02T03:04:05+00:00",
                "reason": None,
            }
            for row in rows
        ],
        columns=control_tables.decisions.columns.keys(),
    )
    return frames.conform(frame, control_tables.decisions)


def mappings(*rows: Row, support: float = 1.0) -> pd.DataFrame:
    return equivalences(*rows).assign(support=support)  # type: ignore[arg-type]
