"""``subs run`` on the shipped sample with the packaged model, and questions to what it published."""

import csv
import json
import sqlite3
from pathlib import Path

import pandas as pd

from subs_assets.database.engine import sqlite_file
from subs_assets.database.tables import metadata
from subs_assets.settings import sqlite_url
from subs_assets_tests.e2e.conftest import FirstRun, Installation
from subs_assets_tests.shops_and_runs import rows_in

READ_AND_ACCEPTED = {"aldi": (508, 501), "coles": (589, 580), "iga": (448, 442), "woolworths": (552, 544)}
"""The table in data/README.md."""


def test_it_ends_well_and_says_what_it_did(first_run: FirstRun) -> None:
    assert first_run.returncode == 0, first_run.stderr
    for company, (read, accepted) in READ_AND_ACCEPTED.items():
        assert f"{company}: {read} rows read, {accepted} accepted" in first_run.stderr
    assert "publication" in first_run.stderr and "Traceback" not in first_run.stderr
    assert "error" not in first_run.stderr.casefold()
    settings = first_run.installation.settings
    assert "Next:" in first_run.stdout and str(settings.exports) in first_run.stdout
    assert f"the explorer is at {settings.explorer_url}/" in first_run.stdout
    assert str(settings.reports / "latest.html") in first_run.stdout and (settings.reports / "latest.html").is_file()


def test_the_printed_rates_are_the_published_ones(first_run: FirstRun) -> None:
    rows = rows_in(first_run.installation.settings.database_url, "substitution_rates")["substitution_rates"]
    names = [column.name for column in metadata.tables["substitution_rates"].columns]
    published = [dict(zip(names, row, strict=True)) for row in rows]
    lines = [line.split() for line in first_run.stdout.splitlines()]
    linked = [row for row in published if row["setting"] == "linked"]
    assert len(linked) == len(READ_AND_ACCEPTED) ** 2
    for row in linked:
        (line,) = [line for line in lines if line[:2] == [row["company_slug"], row["target_company_slug"]]]
        shown = [f"{row[name]:.1%}" for name in ("rate", "rate_levels_1_to_4", "rate_level_5")]
        assert line[2:6] == [str(row["products"]), *shown]


def test_what_is_published_adds_up(first_run: FirstRun) -> None:
    tables = rows_in(first_run.installation.settings.database_url, *metadata.tables)
    assert {name for name, rows in tables.items() if not rows} <= {"identity_conflicts", "category_equivalence_changes"}
    names = [column.name for column in metadata.tables["catalogue_files"].columns]
    files = [dict(zip(names, row, strict=True)) for row in tables["catalogue_files"]]
    assert {file["company_slug"]: (file["read"], file["accepted"]) for file in files} == READ_AND_ACCEPTED
    assert all(file["read"] == file["accepted"] + file["set_aside"] for file in files)
    assert len(tables["set_aside_rows"]) == sum(file["set_aside"] for file in files)
    assert len(tables["listings"]) == sum(file["accepted"] for file in files) == len(tables["product_listings"])


def test_exports_can_be_read_and_start_no_formula(first_run: FirstRun) -> None:
    folder = first_run.installation.settings.exports
    for name in ("substitutions", "category_equivalences"):
        frame = pd.read_parquet(folder / f"{name}.parquet")
        with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
            header, *rows = list(csv.reader(stream))
        assert header == list(frame.columns) and len(rows) == len(frame) > 0
        risky = [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert all(_is_number(cell) for cell in risky)


def test_questions_are_answered_with_the_vectors_of_the_run(first_run: FirstRun) -> None:
    subs = first_run.installation.subs
    told = json.loads(subs("substitutes", "full", "cream", "milk", "--json").stdout)
    best = told["substitutes"][0]
    explained = subs("explain", told["product_id"], best["substitute_id"], "--json")
    assert explained.returncode == 0, explained.stderr
    assert f"level {best['level']}" in explained.stdout
    why = json.loads(subs("rates", "--from", "aldi", "--to", "coles", "--why", "--json").stdout)
    assert sum(stage["products"] for stage in why) == READ_AND_ACCEPTED["aldi"][1]


def test_an_archive_restores_every_cell(installation: Installation, tmp_path: Path) -> None:
    settings = installation.settings
    created = installation.subs("archive", "create")
    assert created.returncode == 0, created.stderr
    (path,) = (folder for folder in Path(settings.archives).iterdir() if not folder.name.startswith("."))
    assert str(path) in created.stdout
    verified = installation.subs("archive", "verify", str(path))
    assert verified.returncode == 0 and "is whole" in verified.stdout
    for database, source in (("warehouse", settings.database_url), ("control", settings.control_url)):
        copy = sqlite_url(tmp_path / f"{database}.db")
        restored = installation.subs("archive", "restore", str(path), "--into", copy, "--database", database)
        assert restored.returncode == 0, restored.stderr
        assert _cells(copy) == _cells(source)
    assert installation.subs("db", "check").returncode == 0


def _cells(database_url: str) -> dict[str, list[tuple]]:
    """Every row with the storage class of every cell, by the plain driver; and the schema."""
    connection = sqlite3.connect(sqlite_file(database_url) or "")
    try:
        schema = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        ).fetchall()
        found = {"sqlite_master": schema}
        for kind, name, *_ in schema:
            if kind in ("table", "view"):
                columns = [column for _, column, *_ in connection.execute(f'PRAGMA table_info("{name}")')]
                cells = ", ".join(f'quote("{column}"), typeof("{column}")' for column in columns)
                found[name] = sorted(connection.execute(f'SELECT {cells} FROM "{name}"').fetchall())
    finally:
        connection.close()
    return found


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
