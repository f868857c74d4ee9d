"""Which categories are scattered, on listings whose relatives are written down."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest

from subs_assets.embedding.similarity import Pairs
from subs_assets.equivalence.homes import scattered_categories
from subs_assets_tests.small_shops import path

ZONE = "Pantry > Zone"
HERE, NOWHERE = "Pantry > Zone > Own", "nowhere"


def scattered(homes: list[str], branch_depth: int = 1, ignored: Iterable[str] = ()) -> dict[str, tuple[float, float]]:
    """A category with one listing for each home; "nowhere" is a home of relatives on three shelves of their own."""
    standing: list[str] = []

    def stand(shelf: str, count: int) -> range:
        standing.extend([shelf] * count)
        return range(len(standing) - count, len(standing))

    settled = {home: stand(home, 3) for home in sorted(set(homes) - {NOWHERE})}
    left: list[int] = []
    right: list[int] = []
    for number, home in enumerate(homes):
        relatives = settled.get(home) or [stand(f"Odd > Odd {number} {place}", 1)[0] for place in range(3)]
        left += [*stand(ZONE, 1)] * 3
        right += relatives
    alike = np.full(len(left), 0.8, np.float32)
    pairs = Pairs(np.array(left, np.intp), np.array(right, np.intp), alike, alike)
    shelves = pd.DataFrame({"row": np.arange(len(standing)), "path": [path(shelf) for shelf in standing]})
    found = scattered_categories(shelves, pairs, branch_depth, {path(shelf) for shelf in ignored})
    return {node: (round(scatter.elsewhere, 3), round(scatter.shelves, 3)) for node, scatter in found.items()}


SEVEN = [f"Pantry > Shelf {number}" for number in range(7)]
BRANCHES = ["Drinks > Juice", "Pets > Dogs", "Home > Towels"]


@pytest.mark.parametrize(
    ("homes", "scatter"),
    [
        pytest.param([*SEVEN, *[NOWHERE] * 3], (0.7, 7.0), id="many shelves of one branch"),
        pytest.param([*BRANCHES * 2, NOWHERE], (0.857, 3.0), id="three branches"),
        pytest.param([*SEVEN[:3] * 2, NOWHERE], None, id="three shelves of one branch"),
        pytest.param([*SEVEN[:5], *[NOWHERE] * 5], None, id="half are at home nowhere"),
        pytest.param([*SEVEN, *[HERE] * 3], None, id="three in ten are at home in it"),
        pytest.param([*SEVEN, HERE], (0.875, 7.0), id="one in eight is"),
        pytest.param(SEVEN[:5], None, id="five listings"),
        pytest.param([HERE] * 8, None, id="a category"),
        pytest.param([f"{ZONE} > Part {number}" for number in range(8)], None, id="its own parts"),
        pytest.param([], None, id="nothing at all"),
    ],
)
def test_what_is_scattered(homes: list[str], scatter: tuple[float, float] | None) -> None:
    assert scattered(homes).get(path(ZONE)) == scatter


def test_branches_are_counted_below_a_root_over_everything() -> None:
    homes = [f"Shop > {home}" for home in BRANCHES] * 2
    assert scattered(homes, branch_depth=2) and not scattered(homes, branch_depth=1)


def test_relatives_on_ignored_shelves_say_nothing() -> None:
    assert scattered(SEVEN) and not scattered(SEVEN, ignored=set(SEVEN[:2]))


def test_a_listing_with_two_relatives_is_not_judged() -> None:
    alike = np.full(14, 0.8, np.float32)
    pairs = Pairs(np.repeat(np.arange(7), 2), np.arange(7, 21), alike, alike)
    paths = [path(ZONE)] * 7 + [path(shelf) for shelf in SEVEN for _ in range(2)]
    shelves = pd.DataFrame({"row": np.arange(21), "path": paths})
    assert scattered_categories(shelves, pairs, 1, set()) == {}


def test_listings_that_stand_on_ignored_shelves_alone_are_in_no_category() -> None:
    assert scattered([SEVEN[0]], ignored=[ZONE]) == {}
