"""What was measured on the real catalogues, held as floors; skipped where they are absent."""

import pandas as pd
import pytest

from subs_assets_tests.unit.identity.measure import cut_in_two, measure, read_joins, read_listings, real_catalogues

pytestmark = pytest.mark.real_catalogues


@pytest.fixture(scope="module")
def australian() -> pd.DataFrame:
    if not real_catalogues().is_dir():
        pytest.skip("the real catalogues are not here; name their folder in SUBS_REAL_CATALOGUES")
    return read_listings("au")


def test_products_shared_by_gtin_are_found_without_it(australian: pd.DataFrame) -> None:
    """Both halves together, so that nobody who changes the rule is told how the held-out one fares: 83 and 2."""
    halves = [measure(australian, held_out, others_hidden=True) for held_out in (False, True)]
    assert sum(half.shared for half in halves) == 135
    assert sum(half.found for half in halves) >= 80
    assert sum(half.wrong for half in halves) <= 3


def test_no_join_that_a_reader_called_different(australian: pd.DataFrame) -> None:
    """A new rule may lose some of the joins that were read, and makes others: below 80 they want to be read anew."""
    read = read_joins(australian)
    assert read.different == 0 and read.undecided <= 5
    assert read.read >= 80


def test_what_cannot_be_one_product_is_seldom_joined(australian: pd.DataFrame) -> None:
    cuts = [cut_in_two(own) for _, own in australian.groupby("company_slug")]
    assert sum(cut.joins for cut in cuts) <= 0.01 * sum(cut.listings for cut in cuts)
