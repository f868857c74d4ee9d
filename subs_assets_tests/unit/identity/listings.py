"""Hand-made listings for the tests of identity."""

from collections.abc import Mapping

import pandas as pd

from subs_assets.database import frames, tables


def listing(company: str, sku: str, core_name: str, **given: object) -> dict[str, object]:
    """A branded 375 g listing; ``given`` changes it."""
    size = {"quantity": 375.0, "unit": "g", "pack_count": 1, "total": 375.0, "dimension": "mass"}
    fixed = {"company_slug": company, "sku": sku, "name": core_name.title(), "core_name": core_name}
    rest = {"approximate": False, "claims": "[]", "file": "a.jsonl", "line": 1, "repairs": "[]"}
    return {**fixed, "brand": "Bega", "brand_key": "bega", **size, **rest, **given}


def frame(*rows: Mapping[str, object]) -> pd.DataFrame:
    return frames.conform(pd.DataFrame(rows).reindex(columns=tables.listings.columns.keys()), tables.listings)


def sized(total: float | None, unit: str | None, pack_count: int | None = 1) -> dict[str, object]:
    quantity = None if total is None else total / (pack_count or 1)
    return {"quantity": quantity, "unit": unit, "pack_count": pack_count, "total": total}
