"""``subs equivalences``: mappings with what they rest on, and an answer for every category that has none."""

import json
from typing import Any

import pytest

from subs_assets.settings import Settings
from subs_assets_tests.plain_sql import column_names, execute
from subs_assets_tests.shops_and_runs import value_of
from subs_assets_tests.small_shops import path
from subs_assets_tests.unit.commands.conftest import Subs, on_both

PAIR = ("--from", "corner", "--to", "depot")
MILK, BREAD, DEPOT_MILK = path("Food > Milk"), path("Food > Bread"), path("Everything > Aisle > Milk & More")


def answer(subs: Subs, home: Settings, *arguments: str) -> Any:
    result = subs(home, "equivalences", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def words(subs: Subs, home: Settings, *arguments: str) -> str:
    """What a person reads, with single spaces."""
    result = subs(home, "equivalences", *arguments)
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


def without_mapping(
    home: Settings, category: str, answers: str, candidate: str | None = DEPOT_MILK, through: str | None = None
) -> None:
    """As if no mapping of a category of corner to depot had been accepted; ``category_absences`` says ``answers``."""
    here = f"company_slug = 'corner' AND target_company_slug = 'depot' AND path = '{category}'"
    execute(home.database_url, f"UPDATE category_equivalences SET status = 'proposed' WHERE {here}")
    cells = ["corner", category, "depot", answers, "5", through, candidate, "1.5", "too few listings"]
    texts = ["NULL" if cell is None else f"'{cell}'" for cell in cells]
    execute(home.database_url, f"INSERT INTO category_absences VALUES ({', '.join(texts)})")


@on_both
def test_rows_are_those_of_the_tables(subs: Subs, home: Settings) -> None:
    without_mapping(home, BREAD, "none")
    every = answer(subs, home, "--all")
    mappings, absences = [row for row in every if "relation" in row], [row for row in every if "answer" in row]
    for table, rows in (("category_equivalences", mappings), ("category_absences", absences)):
        assert len(rows) == value_of(home.database_url, f"SELECT count(*) FROM {table}") > 0
        assert list(rows[0]) == column_names(home.database_url, table)
    accepted = answer(subs, home)
    assert accepted == [row for row in mappings if row["status"] == "accepted"] != mappings
    some = answer(subs, home, *PAIR, "--path", "Food > Milk")
    assert some and some == [
        row for row in accepted if (row["company_slug"], row["target_company_slug"], row["path"]) == (*PAIR[1::2], MILK)
    ]
    behind = answer(subs, home, *PAIR, "--why")
    assert all(1 <= len(row["evidence"]) <= 10 for row in behind)
    assert list(behind[0]["evidence"][0]) == column_names(home.database_url, "category_evidence")


def test_why(subs: Subs, home: Settings) -> None:
    (row,) = [
        row for row in answer(subs, home, *PAIR, "--path", "food>MILK", "--why") if row["target_path"] == DEPOT_MILK
    ]
    told = words(subs, home, *PAIR, "--path", "food>MILK", "--why")
    assert "corner: Food > Milk, 5 listings" in told
    assert f"corner: Food > Milk {row['relation']} depot: Everything > Aisle > Milk & More" in told
    assert f"support {row['support']:.1f} = {row['hard_support']:.1f} hard" in told
    assert f"+ {row['soft_support']:.1f} soft" in told and f"{row['label_similarity']:.2f} alike" in told
    for share in ("target_given_source", "source_given_target"):
        assert f"{row[share]:.0%} of the evidence" in told and f"at least {row[f'{share}_bound']:.0%}" in told
    assert row["reason"] in told
    for pair in row["evidence"]:
        assert f"{pair['kind']} {pair['weight']:.2f} {pair['name']} {pair['target_name']}" in told


@on_both
def test_the_summary_counts_what_is_there(subs: Subs, home: Settings) -> None:
    told = words(subs, home, *PAIR)
    mapped = len({row["path"] for row in answer(subs, home, *PAIR)})
    categories = value_of(home.database_url, "SELECT count(*) FROM categories WHERE company_slug = 'corner'")
    assert f"corner -> depot: {categories} categories: {mapped} mapped" in told
    assert "of 20 listings (" in told and "--all shows the categories that are not mapped" in told
    assert "Categories that are not mapped" in words(subs, home, *PAIR, "--all")


@pytest.mark.parametrize(
    "absence, says, shows",
    [
        (("none",), "none; no category there holds its kind. Best refused: Everything > Aisle > Milk & More: ", ""),
        (("none", None), "none; no category there holds its kind. too few listings", ""),
        (("undecided",), "undecided; a proposed mapping waits for a person. Best refused: Everything", "Food > Milk"),
        (("above", None, BREAD), "no mapping of its own; Food > Bread, above it, speaks for it.", "Food > Bread"),
    ],
)
def test_a_category_without_mapping_has_an_answer(
    subs: Subs, home: Settings, absence: tuple[str], says: str, shows: str
) -> None:
    without_mapping(home, MILK, *absence)
    asked = (*PAIR, "--path", "Food > Milk")
    said, table = words(subs, home, *asked).split("too few listings.")
    assert f"depot: {says}" in f"{said}too few listings."
    assert shows in table and (table == "") is (shows == "")
    (row,) = answer(subs, home, *asked)
    assert list(row) == column_names(home.database_url, "category_absences") and row["answer"] == absence[0]


def test_a_category_that_is_mapped_in_parts_shows_the_parts(subs: Subs, home: Settings) -> None:
    execute(home.database_url, "DELETE FROM category_facets")  # Food is corner's root over everything
    without_mapping(home, path("Food"), "parts", None)
    told = words(subs, home, *PAIR, "--path", "Food")
    assert "depot: mapped only in parts, by the categories below it" in told
    assert "corner: Food > Milk" in told and "depot: Everything > Aisle > Milk & More" in told


def test_a_facet_says_that_it_is_one_and_why(subs: Subs, home: Settings) -> None:
    (row,) = answer(subs, home, "--from", "depot", "--path", "Everything")
    assert list(row) == column_names(home.database_url, "category_facets")
    told = words(subs, home, "--from", "depot", "--path", "Everything")
    assert "depot: Everything, 20 listings: a universal root facet, never mapped: holds nearly all" in told


@pytest.mark.parametrize(
    "arguments, says",
    [
        ((*PAIR, "--path", "Food > Mlik"), 'corner has no category "Food > Mlik"; near it: Food > Milk'),
        (("--path", "Zeppelins"), 'no company has a category "Zeppelins"'),
        (("--from", "corner", "--to", "corner"), "equivalences are between two"),
    ],
)
def test_what_is_not_there_is_an_error(subs: Subs, home: Settings, arguments: tuple[str, ...], says: str) -> None:
    result = subs(home, "equivalences", *arguments)
    assert result.exit_code == 1 and says in result.stderr and result.stdout == ""
