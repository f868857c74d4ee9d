"""The real catalogues are read whole: the counts that are known of them; skipped where they are absent."""

import os
from pathlib import Path

import pytest

from subs_assets.catalogue.companies import find_sources
from subs_assets.catalogue.company import read_company

SOURCES = Path(__file__).parents[1] / "catalogues" / "au"

pytestmark = pytest.mark.real_catalogues


@pytest.mark.parametrize("company, rows", [("aldi", 2835), ("coles", 3446), ("iga", 2258)])
def test_every_row_is_a_listing_or_set_aside(company: str, rows: int) -> None:
    folder = Path(os.environ.get("SUBS_REAL_CATALOGUES") or "/nowhere")
    if not folder.is_dir():
        pytest.skip("the real catalogues are not here; name their folder in SUBS_REAL_CATALOGUES")
    catalogue = read_company(find_sources([SOURCES], {"SUBS_REAL_CATALOGUES": str(folder)})[company])
    files = catalogue.catalogue_files
    assert catalogue.problem is None
    assert files["read"].sum() == rows
    assert (files["accepted"] + files["set_aside"]).tolist() == files["read"].tolist()
    assert len(catalogue.listings) == files["accepted"].sum()
    assert len(catalogue.set_aside_rows) == files["set_aside"].sum()
