"""What a made-up shop, whose alike names share a shelf, teaches."""

from pathlib import Path

import pandas as pd
import pytest

from subs_assets.model.trained import TrainedOn, shipped_model
from subs_assets.model.training import acceptance_of_labels, train
from subs_assets_tests.small_shops import store_in
from subs_assets_tests.unit.equivalence.test_evidence import aisle


def listings(company: str, names: list[str]) -> pd.DataFrame:
    skus = [f"{number:04}" for number in range(len(names))]
    return pd.DataFrame({"company_slug": company, "sku": skus, "core_name": names})


def test_a_further_set_of_names_counts_for_the_n_grams_only(tmp_path: Path) -> None:
    texts, shelves = aisle(800, "nearness")
    here, there = listings("aldi", texts), listings("hofer", ["hafermilch", "sojamilch"])
    standing = here[["company_slug", "sku"]].assign(path=shelves, origin="own", weight=1.0)
    alone, both = (
        train(here, standing, further, store_in(tmp_path), "hashing", "2026-03-04") for further in ([], [there])
    )
    assert both.trained_on == (TrainedOn({"aldi": 800}, ("names", "same_shelf")), TrainedOn({"hofer": 2}, ("names",)))
    assert both.acceptance_for == shipped_model().acceptance_for, "not that of the home: the labels' features are kept"
    assert both.trained_for.encoder == "hashing" and both.version.startswith("2026-03-04-")
    assert "milch" not in alone.names.ngrams and "milc" in both.names.ngrams
    assert alone.same_shelf.slope > 5 and both.same_shelf.pairs == alone.same_shelf.pairs > 700


def test_a_listing_that_only_relatives_give_a_shelf_is_not_measured(tmp_path: Path) -> None:
    texts, shelves = aisle(800, "nearness")
    here = listings("aldi", texts)
    standing = here[["company_slug", "sku"]].assign(path=shelves, origin="own", weight=1.0)
    standing.loc[400:, "origin"] = "relatives"
    assert train(here, standing, [], store_in(tmp_path), "hashing", "2026-03-04").same_shelf.pairs <= 400


def test_the_shipped_acceptance_is_that_of_the_kept_labels() -> None:
    fitted, shipped = acceptance_of_labels(), shipped_model().acceptance
    assert fitted.coefficients == pytest.approx(shipped.coefficients, abs=1e-3)
    assert fitted.shown_from == shipped.shown_from
