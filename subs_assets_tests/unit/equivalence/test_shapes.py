"""Equivalences of shops of odd shapes: nothing to map, deep and narrow trees, names that mislead, many companies, and
the same rows whatever the order, the process and the threads."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from subs_assets.evaluation.mapping_run import MappingInputs, MappingRun, find_mappings
from subs_assets.model.trained import shipped_model
from subs_assets_tests.small_shops import item, shops, store_in

TASTES = ["swiss", "toasted", "honey", "cinnamon", "almond", "coconut"]


def shelf(company: str, thing: str, *shelves: str, tastes: Iterable[str] = TASTES) -> list[dict[str, object]]:
    sku = shelves[0] if shelves else ""
    return [item(company, f"{thing}-{taste}-{sku}", f"{thing} {taste}", *shelves) for taste in tastes]


def mapped(folder: Path, items: list[dict[str, object]]) -> MappingRun:
    shop = shops(items)
    tables = (shop.listings, shop.listing_categories, shop.product_listings, shop.categories)
    return find_mappings(MappingInputs(*tables, store_in(folder), shipped_model()))


def accepted(run: MappingRun, company: str = "aldi", target: str = "coles") -> dict[tuple[str, str], str]:
    """(path, target path), as a person reads them -> relation."""
    found = {}
    for (source, one, other, another), relation in run.relations().items():
        if (source, other) == (company, target):
            found[" > ".join(json.loads(one)), " > ".join(json.loads(another))] = relation
    return found


MUESLI, JUICE, TOWEL = "crunchy muesli", "orange juice", "paper towel"
ALDI = [*shelf("aldi", MUESLI, "Pantry > Muesli"), *shelf("aldi", JUICE, "Drinks > Juice")]
COLES = [*shelf("coles", MUESLI, "Breakfast > Cereal"), *shelf("coles", JUICE, "Cold > Juices")]
AS_IT_SHOULD = {("Pantry > Muesli", "Breakfast > Cereal"): "exact", ("Drinks > Juice", "Cold > Juices"): "exact"}


def holds(run: MappingRun, expected: dict[tuple[str, str], str]) -> bool:
    return expected.items() <= accepted(run).items()


def test_different_names_for_the_same_thing(tmp_path: Path) -> None:
    assert holds(mapped(tmp_path, [*ALDI, *COLES]), AS_IT_SHOULD)


def test_the_same_name_for_different_things(tmp_path: Path) -> None:
    """Both have "Snacks": nuts here, ice cream there."""
    nuts = [*shelf("aldi", "roasted peanuts", "Snacks"), *shelf("coles", "roasted peanuts", "Nuts")]
    ice = [*shelf("aldi", "ice cream cone", "Frozen"), *shelf("coles", "ice cream cone", "Snacks")]
    assert accepted(mapped(tmp_path, [*nuts, *ice])).keys() == {("Snacks", "Nuts"), ("Frozen", "Snacks")}


def test_the_same_name_on_different_levels(tmp_path: Path) -> None:
    """ "Juice" is a department here, a shelf of a shelf there, and its own parent."""
    items = [
        *shelf("aldi", JUICE, "Juice"),
        *shelf("aldi", MUESLI, "Muesli"),
        *shelf("coles", JUICE, "Drinks > Juice > Juice"),
        *shelf("coles", MUESLI, "Drinks > Muesli"),
    ]
    run = mapped(tmp_path, items)
    assert accepted(run)["Juice", "Drinks > Juice > Juice"] == "exact"
    assert accepted(run)["Muesli", "Drinks > Muesli"] == "exact"
    assert not any("Muesli" in source and "Juice" in target for source, target in accepted(run))


SIX = "Shop > Food > Dry > Breakfast > Cereal > Muesli"


def test_trees_of_six_levels(tmp_path: Path) -> None:
    deep = [
        *shelf("coles", MUESLI, SIX),
        *shelf("coles", "puffed rice", "Shop > Food > Dry > Breakfast > Cereal > Puffed"),
        *shelf("coles", JUICE, "Shop > Drinks > Cold > Fruit > Pressed > Juice"),
    ]
    run = mapped(tmp_path, [*ALDI, *shelf("aldi", "puffed rice", "Pantry > Puffed"), *deep])
    assert accepted(run)["Pantry > Muesli", SIX] == "exact"
    assert accepted(run)["Drinks > Juice", "Shop > Drinks > Cold > Fruit > Pressed > Juice"] == "exact"
    assert "Shop" not in {target for _, target in accepted(run)}


def test_a_tree_of_one_chain_stands_for_its_only_shelf(tmp_path: Path) -> None:
    run = mapped(tmp_path, [*ALDI, *shelf("coles", MUESLI, "Shop > Food > Dry > Cereal")])
    assert {target for _, target in accepted(run)} == {"Shop > Food > Dry > Cereal"}


def test_a_tree_of_one_node(tmp_path: Path) -> None:
    """Everything stands in one category, which is neither here nor there: it is the broader one, or none at all."""
    everything = [*shelf("coles", MUESLI, "Everything"), *shelf("coles", JUICE, "Everything")]
    found = accepted(mapped(tmp_path, [*ALDI, *everything]))
    assert {target for _, target in found} <= {"Everything"}
    assert set(found.values()) <= {"broad", "close", "related"}


@pytest.mark.parametrize(
    "items",
    [
        pytest.param([*ALDI], id="one company"),
        pytest.param([*ALDI, *shelf("coles", MUESLI), *shelf("coles", JUICE)], id="all uncategorised"),
        pytest.param([*shelf("aldi", MUESLI), *shelf("coles", MUESLI)], id="both uncategorised"),
        pytest.param([*ALDI, *shelf("coles", "xylophone", "Music")], id="nothing in common"),
        pytest.param([*ALDI, item("coles", "1", MUESLI, "Half Price")], id="facets only"),
        pytest.param([item("aldi", "1", MUESLI, "Pantry"), item("coles", "1", JUICE, "Cold")], id="a listing each"),
    ],
)
def test_nothing_to_map(tmp_path: Path, items: list[dict[str, object]]) -> None:
    assert mapped(tmp_path, items).mappings.empty


def test_no_catalogue_holds_anything(tmp_path: Path) -> None:
    shop = shops(ALDI)
    listings, standing, products, categories = (
        table[:0] for table in (shop.listings, shop.listing_categories, shop.product_listings, shop.categories)
    )
    empty = MappingInputs(listings, standing, products, categories, store_in(tmp_path), shipped_model())
    assert find_mappings(empty).mappings.empty and empty.companies == []


def test_a_company_whose_catalogue_is_empty_changes_nothing_for_the_others(tmp_path: Path) -> None:
    """It has no rows anywhere, so all that is left of it is one company less."""
    both = mapped(tmp_path, [*ALDI, *COLES]).mappings
    third = mapped(tmp_path, [*ALDI, *COLES, *shelf("iga", "xylophone")]).mappings
    pd.testing.assert_frame_equal(both, third)


def test_a_listing_on_several_shelves_speaks_for_each(tmp_path: Path) -> None:
    twice = shelf("coles", JUICE, "Cold > Juices", "Breakfast > Drinks")
    found = accepted(mapped(tmp_path, [*ALDI, *shelf("coles", MUESLI, "Breakfast > Cereal"), *twice]))
    assert {target for source, target in found if source == "Drinks > Juice"} >= {"Cold > Juices"}
    assert not any("Muesli" in source and "Cold" in target for source, target in found)


NAMES = [
    pytest.param("Müsli & Flocken > Früchte", id="umlauts"),
    pytest.param("早餐 > 麦片", id="Chinese"),
    pytest.param("مواد غذائية > موسلي", id="right to left"),
    pytest.param("🥣 > 🥣🥣", id="emoji"),
    pytest.param("A\\u200bB > \\u202eC", id="invisible characters"),
    pytest.param('"quoted", [bracketed] > back\\\\slash', id="what JSON escapes"),
    pytest.param(f"{'Very long ' * 60}> {'x' * 2000}", id="very long"),
]


@pytest.mark.parametrize("name", NAMES)
def test_categories_may_have_any_name(tmp_path: Path, name: str) -> None:
    coles = [*shelf("coles", MUESLI, name), *shelf("coles", JUICE, "Cold > Juices")]
    found = accepted(mapped(tmp_path, [*ALDI, *coles]))
    assert found["Pantry > Muesli", name] == "exact"


@pytest.mark.parametrize("name", ["麦片", "موسلي", "ÉTÉ " * 200, "a", "1 2 3", "..."])
def test_listings_may_have_any_name(tmp_path: Path, name: str) -> None:
    odd = [item(company, "odd", name, f"{company} > Odd") for company in ("aldi", "coles")]
    assert holds(mapped(tmp_path, [*ALDI, *COLES, *odd]), AS_IT_SHOULD)


def test_twenty_companies(tmp_path: Path) -> None:
    items = [
        row
        for number in range(20)
        for thing in (MUESLI, JUICE)[: 1 + (number < 4)]
        for row in shelf(f"shop{number:02}", thing, f"{thing} {number}", tastes=TASTES[:4])
    ]
    relations = mapped(tmp_path, items).relations()
    assert len(relations) == 20 * 19 + 4 * 3
    assert all((MUESLI in path) == (MUESLI in target_path) for _, path, _, target_path in relations)


MIXED = [
    *ALDI,
    *COLES,
    *shelf("aldi", TOWEL, "Home > Paper", "Sale"),
    *shelf("coles", TOWEL, "Household"),
    *shelf("coles", "crunchy muesli gluten free", "Dietary > Gluten Free", tastes=TASTES[:3]),
    *shelf("iga", MUESLI, "Grocery > Cereals"),
    *shelf("iga", TOWEL, "Grocery > Kitchen"),
]


def rows_of(folder: Path, items: list[dict[str, object]]) -> str:
    return str(mapped(folder, items).mappings.to_csv(index=False))


@pytest.mark.parametrize("seed", range(2))
def test_listings_in_another_order_give_the_same_rows(tmp_path: Path, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(MIXED))
    assert rows_of(tmp_path, [MIXED[place] for place in order]) == rows_of(tmp_path, MIXED)


def test_another_process_with_other_hashes_and_threads_gives_the_same_rows(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; "
        "from subs_assets_tests.unit.equivalence.test_shapes import MIXED, rows_of; "
        "sys.stdout.reconfigure(encoding='utf-8', newline=''); sys.stdout.write(rows_of(Path(sys.argv[1]), MIXED))"
    )
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "3")
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": os.pathsep.join(sys.path), **threads},
        capture_output=True,
        check=True,
    )
    assert ran.stdout.decode("utf-8") == rows_of(tmp_path, MIXED)
