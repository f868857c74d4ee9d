"""Which of several archives leads back: the newest that is whole, of this database and at a revision that is known."""

from pathlib import Path

import pytest

from subs_assets.archive import snapshot
from subs_assets.archive.databases import source_of
from subs_assets.archive.manifest import Manifest
from subs_assets.archive.store import read_manifest
from subs_assets.archive.way_back import way_back
from subs_assets.database.history import our_history
from subs_assets.database.migrate import upgrade
from subs_assets.settings import sqlite_url
from subs_assets_tests.plain_sql import execute


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Manifest]:
    """A warehouse with somebody's own table, at a revision that is not the newest: its URL, and its archive."""
    folder = tmp_path_factory.mktemp("archived")
    url = sqlite_url(folder / "subs.db")
    upgrade(url, "0005")
    execute(url, "CREATE TABLE my_notes (x TEXT)")
    return url, read_manifest(snapshot.create({"warehouse": url}, folder / "archives"))


def with_heads(manifest: Manifest, *heads: str) -> Manifest:
    entry = manifest.databases["warehouse"].model_copy(update={"alembic_heads": heads})
    return manifest.model_copy(update={"databases": {"warehouse": entry}})


def without(manifest: Manifest, table: str) -> Manifest:
    return manifest.model_copy(update={"tables": tuple(one for one in manifest.tables if one.name != table)})


def test_archives_of_the_damage_lead_nowhere(archived: tuple[str, Manifest]) -> None:
    url, whole = archived
    (notes,) = (table for table in whole.tables if table.name == "my_notes")
    left = notes.model_copy(update={"name": "_alembic_tmp_listings"})
    archives = [
        ("of a newer program", with_heads(whole, "9999")),
        ("says more than it has", with_heads(whole, "0006")),
        ("two heads", with_heads(whole, "0003", "0005")),
        ("no head", with_heads(whole)),
        ("lacks a table", without(whole, "listings")),
        ("half-way", whole.model_copy(update={"tables": (*whole.tables, left)})),
        ("not complete", whole.model_copy(update={"complete": False})),
        ("of the control state alone", whole.model_copy(update={"databases": {}})),
    ]
    history = our_history()
    assert way_back(archives, "warehouse", source_of(url), history) is None
    good = [("good", whole), ("older", whole)]
    assert way_back([*archives, *good], "warehouse", source_of(url), history) == ("good", whole)


def test_an_archive_of_another_database_is_not_offered(archived: tuple[str, Manifest], tmp_path: Path) -> None:
    _, whole = archived
    elsewhere = source_of(sqlite_url(tmp_path / "subs.db"))
    assert way_back([("whole", whole)], "warehouse", elsewhere, our_history()) is None
