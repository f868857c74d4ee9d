"""The path of a category that somebody meant."""

import pytest

from subs_assets.catalogue.category_path import most_alike
from subs_assets_tests.small_shops import path

TREE = [path("Pantry"), path("Pantry > Cereals & Muesli"), path("Pantry > Sauces"), path("Baby > Cereals")]


@pytest.mark.parametrize(
    ("meant", "found"),
    [
        ("Pantry > Cereals and Muesli", "Pantry > Cereals & Muesli"),
        ("Breakfast > Cereals & Muesli", "Pantry > Cereals & Muesli"),
        ("Pantry > Cereals", "Baby > Cereals"),
        ("", "Pantry"),
    ],
)
def test_the_last_name_counts_most(meant: str, found: str) -> None:
    assert most_alike(path(meant), TREE) == path(found)


def test_nothing_is_like_nothing() -> None:
    assert most_alike(path("Pantry"), []) is None
