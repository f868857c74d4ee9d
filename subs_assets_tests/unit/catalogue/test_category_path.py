"""The path of a category that somebody meant."""

import pytest

from subs_assets.catalogue.category_path import folded, near_paths


@pytest.mark.parametrize(
    "asked, near",
    [
        ("Pantry > Cereal & Muesli", ["Pantry > Cereals & Muesli"]),
        ("muesli bar", ["Snacks > Muesli Bars"]),
        ("Pantry>Tea", ["Pantry > Tea"]),
        ("Zeppelins", []),
    ],
)
def test_near_paths(asked: str, near: list[str]) -> None:
    known = ["Pantry > Cereals & Muesli", "Snacks > Muesli Bars", "Pantry > Tea", "Pantry > Tea", "Bakery"]
    assert near_paths(asked, known)[: len(near) or None] == near


@pytest.mark.parametrize("typed", ["Pantry > Käse & Brot", "pantry>KÄSE  &  brot", " Pantry >  Käse & Brot "])
def test_case_and_spaces_make_no_other_path(typed: str) -> None:
    assert folded(typed) == folded("Pantry > Käse & Brot")
