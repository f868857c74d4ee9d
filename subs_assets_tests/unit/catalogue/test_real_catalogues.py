"""What was measured on the real catalogues, held as floors; skipped where they are absent."""

import os
from pathlib import Path

import pytest

from subs_assets.catalogue.companies import find_sources
from subs_assets.catalogue.company import combine, read_company

SOURCES = Path(__file__).parents[2] / "catalogues"
BESIDE_THE_REPOSITORY = Path(__file__).parents[4] / "shared" / "catalogues"

pytestmark = pytest.mark.real_catalogues


@pytest.fixture
def environment() -> dict[str, str]:
    folder = Path(os.environ.get("SUBS_REAL_CATALOGUES") or BESIDE_THE_REPOSITORY)
    if not folder.is_dir():
        pytest.skip("the real catalogues are not here; name their folder in SUBS_REAL_CATALOGUES")
    return {"SUBS_REAL_CATALOGUES": str(folder)}


def test_the_australian_catalogues(environment: dict[str, str]) -> None:
    both = combine(read_company(source) for source in find_sources([SOURCES / "au"], environment).values())
    assert both.problem is None
    assert both.catalogue_files.set_index("company_slug")["read"].to_dict() == {
        "aldi": 2835,
        "coles": 3446,
        "iga": 2258,
    }
    assert both.catalogue_files["set_aside"].sum() == 0
    listings = both.listings
    assert listings["unit"].notna().mean() >= 0.99
    assert not listings["brand"].fillna("").str.contains("Pty|Limited|withheld|公司").any()
    assert listings.loc[listings["company_slug"] == "aldi", "gtin"].isna().all()
    gtins = listings[listings["gtin"].notna()].groupby("company_slug")["gtin"].agg(set)
    assert len(gtins["coles"] & gtins["iga"]) == 135


def test_an_austrian_catalogue(environment: dict[str, str]) -> None:
    catalogue = read_company(find_sources([SOURCES / "at"], environment)["hofer"])
    assert catalogue.problem is None
    assert catalogue.catalogue_files["read"].sum() == 4225
    assert catalogue.listings["unit"].notna().mean() >= 0.99
