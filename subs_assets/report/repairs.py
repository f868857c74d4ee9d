"""What was mended in listings that were accepted, counted by company and kind of repair, with one listing of each."""

import json
from dataclasses import dataclass

import pandas as pd

from subs_assets.report.set_aside import kind_of_reason

REPAIRS_OF_A_COMPANY = 12


@dataclass(frozen=True)
class Repair:
    """``listings`` of one company with one kind of repair; ``example`` is the sentence of one, with this ``name``."""

    company_slug: str
    kind: str
    listings: int
    example: str
    name: str
    product_id: str


def repairs_by_kind(repaired: pd.DataFrame) -> list[Repair]:
    """The most frequent kinds of each company, most listings first; ``repaired`` as ``lookups.repaired_listings``
    answers."""
    each = repaired.assign(example=repaired["repairs"].map(json.loads)).explode("example")
    each["kind"] = each["example"].map(kind_of_reason)
    kinds = (
        each.groupby(["company_slug", "kind"], sort=False)
        .agg(listings=("listings", "sum"), **{name: (name, "first") for name in ("example", "name", "product_id")})
        .reset_index()
        .sort_values(["company_slug", "listings", "kind"], ascending=[True, False, True])
        .groupby("company_slug")
        .head(REPAIRS_OF_A_COMPANY)
    )
    return [Repair(**row) for row in kinds.to_dict("records")]
