"""Questions to the published tables, as commands: what they print, as JSON and for people, and how they refuse."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

from subs_assets.commands.published import trained_model
from subs_assets.database import control, kept_decisions, migrate
from subs_assets.database.engine import sqlite_file
from subs_assets.settings import Settings
from subs_assets_tests.hashing_encoder import HashingEncoder
from subs_assets_tests.plain_sql import column_names, execute
from subs_assets_tests.shops_and_runs import COMMON_SKU, OWN_BRANDS, rows_in, rows_of, value_of
from subs_assets_tests.unit.commands.conftest import Subs, on_both

COMPANIES = sorted(OWN_BRANDS)
QUESTIONS = (
    ("rates",),
    ("rates", "--from", "corner", "--to", "depot", "--why"),
    ("substitutes", "milk"),
    ("explain", "c001", "d001"),
    ("categories",),
    ("categories", "corner"),
    ("equivalences",),
)


@pytest.fixture(autouse=True)
def small_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The encoder that the published vectors were made with; the real model is asked in the end-to-end tests."""
    monkeypatch.setattr("subs_assets.embedding.fast_encoder.FastEncoder", lambda model, vectors: HashingEncoder())


def answer(subs: Subs, home: Settings, *arguments: str) -> Any:
    result = subs(home, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def columns_of(home: Settings, table: str) -> list[str]:
    return column_names(home.database_url, table)


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_without_a_database_the_answer_is_a_sentence(
    subs: Subs, empty_home: Settings, question: tuple[str, ...]
) -> None:
    result = subs(empty_home, *question)
    assert result.exit_code == 1
    assert f"there is no database {sqlite_file(empty_home.database_url)} yet" in result.stderr
    assert "subs run" in result.stderr and result.stdout == ""
    assert not empty_home.home.exists()


@on_both
@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_a_database_that_is_behind_is_said_with_the_command_that_mends_it(
    subs: Subs, empty_home: Settings, question: tuple[str, ...]
) -> None:
    migrate.upgrade(empty_home.database_url, "0001")
    result = subs(empty_home, *question)
    assert result.exit_code == 1
    assert "is at revision 0001" in result.stderr and "subs db upgrade" in result.stderr


@on_both
def test_an_empty_warehouse_has_no_rates(subs: Subs, empty_home: Settings) -> None:
    migrate.upgrade(empty_home.database_url)
    result = subs(empty_home, "rates")
    assert result.exit_code == 1 and "no rates are published yet" in result.stderr


@on_both
@pytest.mark.parametrize(
    "question, says",
    [
        (("rates", "--from", "nobody"), "nobody"),
        (("rates", "--to", "nobody", "--json"), "nobody"),
        (("rates", "--why"), "--why needs --from and --to"),
        (("rates", "--why", "--from", "corner"), "--why needs --from and --to"),
        (("rates", "--from", "corner", "--to", "nobody", "--why"), "corner -> nobody"),
        (("categories", "nobody"), "no category of nobody"),
        (("equivalences", "--from", "nobody"), "nobody"),
        (("equivalences", "--to", "nobody"), "nobody"),
        (("substitutes", "zeppelin"), '"zeppelin"'),
        (("substitutes", "  "), "say what to look for"),
        (("explain", "c001", "nothing"), '"nothing"'),
        (("explain", "nothing", "c001"), '"nothing"'),
        (
            ("explain", COMMON_SKU, "c001"),
            f'"{COMMON_SKU}" is 3 products: name one of corner:777, depot:777, market:777',
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_not_there_is_an_error(subs: Subs, home: Settings, question: tuple[str, ...], says: str) -> None:
    result = subs(home, *question)
    assert result.exit_code == 1, result.output
    assert says in result.stderr
    assert result.stdout == ""


@on_both
def test_rates(subs: Subs, home: Settings) -> None:
    rows = answer(subs, home, "rates")
    assert list(rows[0]) == columns_of(home, "substitution_rates")
    assert [tuple(row.values()) for row in rows] == rows_in(home.database_url, "substitution_rates")[
        "substitution_rates"
    ]
    of_corner = answer(subs, home, "rates", "--from", "corner", "--to", "depot")
    assert of_corner == [
        row for row in rows if (row["company_slug"], row["target_company_slug"]) == ("corner", "depot")
    ]
    assert {row["setting"] for row in of_corner} == {"linked", "siloed", "null"}


@on_both
def test_rates_for_people(subs: Subs, home: Settings) -> None:
    linked = {
        (row["company_slug"], row["target_company_slug"]): row
        for row in answer(subs, home, "rates")
        if row["setting"] == "linked"
    }
    lines = [line.split() for line in subs(home, "rates").stdout.splitlines()]
    for (company, target), row in linked.items():
        (line,) = [line for line in lines if line[:2] == [company, target]]
        assert line[2:4] == [str(row["products"]), f"{row['rate']:.1%}"]


@on_both
def test_rates_why(subs: Subs, home: Settings) -> None:
    stages = answer(subs, home, "rates", "--from", "corner", "--to", "depot", "--why")
    products = value_of(
        home.database_url, "SELECT count(DISTINCT product_id) FROM product_listings WHERE company_slug = 'corner'"
    )
    assert sum(stage["products"] for stage in stages) == products
    for stage in stages:
        assert list(stage) == ["stage", "products", "examples"]
        assert 1 <= len(stage["examples"]) <= 5 and all(example["product_id"] for example in stage["examples"])
    shown = subs(home, "rates", "--from", "corner", "--to", "depot", "--why").stdout
    assert f"What became of corner's {products} products on the way to depot" in shown
    assert all(stage["stage"] in shown for stage in stages)


@on_both
def test_substitutes(subs: Subs, home: Settings) -> None:
    told = answer(subs, home, "substitutes", "c001")
    assert list(told) == [
        "product_id", "listings", "substitutes", "lost", "decisions", "also_found", "corrected", "has_every_word",
    ]  # fmt: skip
    assert told["product_id"] == "corner:c001"
    assert [(one["company_slug"], one["sku"]) for one in told["listings"]] == [("corner", "c001")]
    published = {
        (row[1], row[2])
        for row in rows_in(home.database_url, "substitutions")["substitutions"]
        if row[0] == "corner:c001"
    }
    assert {(one["company_slug"], one["substitute_id"]) for one in told["substitutes"]} == published
    reached = {one["company_slug"] for one in told["substitutes"]}
    assert reached | {one["target_company_slug"] for one in told["lost"]} == set(COMPANIES)
    assert not reached & {one["target_company_slug"] for one in told["lost"]}


@on_both
def test_substitutes_by_words_barcode_and_limit(subs: Subs, home: Settings) -> None:
    by_words = answer(subs, home, "substitutes", "CORNERWAY", "full", "cream")
    assert by_words["product_id"] in {"corner:c001", "corner:c002"}
    by_barcode = answer(subs, home, "substitutes", "9521101531008")
    assert by_barcode["product_id"] == "09521101531008"
    assert {one["company_slug"] for one in by_barcode["listings"]} == set(COMPANIES)
    best = answer(subs, home, "substitutes", "c001", "--limit", "1")["substitutes"]
    assert {one["rank"] for one in best} == {1}
    shown = subs(home, "substitutes", "c001").stdout
    assert "Product corner:c001" in shown and "Instead, at depot" in shown and best[0]["name"] in shown


@on_both
def test_substitutes_say_what_a_person_decided_and_whether_it_counts_yet(subs: Subs, home: Settings) -> None:
    shown = answer(subs, home, "substitutes", "c001")["substitutes"][0]
    dog_food = next(row["id"] for row in rows_of("depot") if row["name"].startswith("Beef Dog Food"))
    said = [
        ("corner", "c001", shown["company_slug"], shown["sku"], "reject", None, "too dear"),
        ("corner", "c001", "depot", dog_food, "accept", None, None),
    ]
    engine = control.open_control(home.control_url)
    kept_decisions.record_decisions(
        engine, "substitution", pd.DataFrame(said, columns=kept_decisions.DECIDED_COLUMNS), "Ann"
    )
    engine.dispose()
    decisions = {one["substitute_id"]: one for one in answer(subs, home, "substitutes", "c001")["decisions"]}
    assert decisions[shown["substitute_id"]]["verdict"] == "reject"
    assert decisions[f"depot:{dog_food}"]["company_slug"] == "depot"
    told = subs(home, "substitutes", "c001").stdout
    for says in (": too dear (counts from the next run on)", "Beef Dog Food 700g at depot, accepted by Ann on "):
        assert says in told
    refused, accepted = (subs(home, "explain", "c001", sku).stdout for sku in (shown["substitute_id"], dog_food))
    assert f"It is no substitute at {shown['company_slug']}: a person decided so." in refused
    assert "a person decided: accepted by Ann on" in accepted and "on level 5: a person decided so." in accepted
    assert (
        refused.count("That counts from the next run on.") >= 1 <= accepted.count("That counts from the next run on.")
    )
    execute(home.database_url, f"DELETE FROM substitutions WHERE substitute_id = '{shown['substitute_id']}'")
    assert ": too dear\n" in subs(home, "substitutes", "c001").stdout


@on_both
def test_explain_of_a_pair_that_is_published(subs: Subs, home: Settings) -> None:
    pairs = answer(subs, home, "substitutes", "c001")["substitutes"]
    substitute = next(one for one in pairs if one["company_slug"] == "depot")
    told = answer(subs, home, "explain", "c001", substitute["substitute_id"])
    assert all({"lines", "conclusion"} <= set(one) for one in told)
    assert f"level {substitute['level']}" in json.dumps(told)
    shown = subs(home, "explain", "c001", substitute["substitute_id"]).stdout
    assert all(one["conclusion"] in " ".join(shown.split()) for one in told)


def test_an_unusable_model_is_a_sentence_with_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.json").write_text("{}", encoding="utf-8")
    with pytest.raises(typer.Exit):
        trained_model(Settings.from_environment({"SUBS_MODEL": str(tmp_path / "model.json")}))
    assert "model.json is a file, and a model is a folder" in " ".join(capsys.readouterr().err.split())


@on_both
def test_explain_of_a_pair_that_is_not(subs: Subs, home: Settings) -> None:
    dog_food = next(row["id"] for row in rows_of("depot") if row["name"].startswith("Beef Dog Food"))
    published = {one["sku"] for one in answer(subs, home, "substitutes", "c001")["substitutes"]}
    assert dog_food not in published
    for one in answer(subs, home, "explain", "c001", dog_food):
        assert one["lines"] and one["conclusion"]


@on_both
def test_categories(subs: Subs, home: Settings) -> None:
    inventory = answer(subs, home, "categories")
    assert list(inventory[0]) == columns_of(home, "category_inventory")
    assert {row["company_slug"] for row in inventory} == set(COMPANIES)
    tree = answer(subs, home, "categories", "depot")
    assert list(tree[0]) == columns_of(home, "categories")
    assert {row["company_slug"] for row in tree} == {"depot"}
    assert ["Everything", "Aisle", "Milk & More"] in [json.loads(row["path"]) for row in tree]
    shown = subs(home, "categories", "depot").stdout
    assert "Milk & More" in shown and "Aisle" in shown
    assert all(company in subs(home, "categories").stdout for company in COMPANIES)


@on_both
def test_text_that_looks_like_markup_is_printed_as_it_is(subs: Subs, home: Settings) -> None:
    execute(home.database_url, "UPDATE listings SET name = 'Milk [bold]1L[/] ✓' WHERE sku = 'c001'")
    assert "Milk [bold]1L[/] ✓" in subs(home, "substitutes", "c001").stdout
