"""``dumpdata`` files into tables: every value is compared with the dump through the plain drivers."""

import gzip
import json
import math
import os
import signal
import sqlite3
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Protocol

import psycopg
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from subs_assets.archive import snapshot, verify
from subs_assets.archive.django.tables import Imported, float8_text, import_dump
from subs_assets.archive.errors import BadDump, RestoreRefused
from subs_assets.cli import app
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive.conftest import PostgresPlace, url_of
from subs_assets_tests.unit.archive.oracle import assert_sound

WRITTEN_BY_DJANGO = Path(__file__).with_name("dumpdata")

Objects = list[dict[str, Any]]


class Place(Protocol):
    url: str

    def tables(self) -> dict[str, list[dict[str, Any]]]: ...
    def foreign_keys(self) -> set[tuple[str, str, str]]: ...


class InSqlite:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = url_of(path)

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        if not self.path.exists():
            return {}
        with closing(sqlite3.connect(self.path)) as connection:
            connection.row_factory = sqlite3.Row
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')] for name in names}

    def foreign_keys(self) -> set[tuple[str, str, str]]:
        with closing(sqlite3.connect(self.path)) as connection:
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            return {
                (table, row[3], row[2])
                for table in self.tables()
                for row in connection.execute(f'PRAGMA foreign_key_list("{table}")')
            }


class InPostgres:
    def __init__(self, server: PostgresServer, name: str) -> None:
        self.url = server.url(name)

    def _connect(self) -> psycopg.Connection[Any]:
        connection = psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True)
        # As the text that it is: the driver's own reading would not tell 1 from 1.0.
        connection.adapters.register_loader("json", psycopg.types.string.TextLoader)
        return connection

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        with self._connect() as connection:
            names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
            return {name: cursor.execute(f'SELECT * FROM public."{name}"').fetchall() for (name,) in names}

    def foreign_keys(self) -> set[tuple[str, str, str]]:
        query = """
            SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text FROM pg_constraint c
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
            WHERE c.contype = 'f' AND c.convalidated
        """
        with self._connect() as connection:
            return {tuple(part.strip('"') for part in row) for row in connection.execute(query)}  # type: ignore[misc]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return InSqlite(tmp_path / "new.db")
    made: PostgresPlace = request.getfixturevalue("new_postgres")()
    return InPostgres(made.server, made.name)


def objects_of(model: str, *fields: dict[str, Any], first: int = 1) -> Objects:
    return [{"model": model, "pk": first + number, "fields": one} for number, one in enumerate(fields)]


def write(folder: Path, **files: Any) -> Path:
    """``companies_category=[...]`` becomes ``companies.category.json``; bytes stay as they are."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        raw = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        (folder / f"{name.replace('_', '.', 1)}.json").write_bytes(raw)
    return folder


def assert_holds(tables: dict[str, list[dict[str, Any]]], dump: Objects) -> None:
    """Every value of the dump is in its table, and nothing else is."""
    models = {one["model"] for one in dump}
    counted = 0
    for model in models:
        table = model.replace(".", "_")
        objects = [one for one in dump if one["model"] == model]
        names = {name for one in objects for name in one["fields"]}
        rows = tables[table]
        key = next(column for column in rows[0] if column not in names)
        by_key = {row[key]: row for row in rows}
        assert [type(one) for one in by_key] == [type(one["pk"]) for one in objects][:1] * len(rows)
        assert {*by_key} == {one["pk"] for one in objects} and len(rows) == len(objects)
        counted += 1
        for name in names:
            values = {one["pk"]: one["fields"].get(name) for one in objects}
            if f"{table}_{name}" in tables:
                counted += 1
                assert links(tables[f"{table}_{name}"]) == {
                    (key, other) for key, others in values.items() for other in others
                }
                continue
            present = [value for value in values.values() if value is not None]
            for pk, value in values.items():
                assert same_cell(by_key[pk][name], value, present), (model, pk, name, by_key[pk][name], value)
    assert counted == len(tables)


def links(rows: list[dict[str, Any]]) -> set[tuple[Any, Any]]:
    found = {tuple(value for column, value in row.items() if column != "id") for row in rows}
    assert len(found) == len(rows)
    return found  # type: ignore[return-value]


def same_cell(cell: Any, value: Any, column: list[Any]) -> bool:
    """Whether a cell is what the dump says, going by all values of its column."""
    if value is None:
        return cell is None
    types = {type(one) for one in column}
    if types == {bool}:
        return type(cell) in (bool, int) and cell == value
    if types == {int} and all(-(2**63) <= one < 2**63 for one in column):
        return type(cell) is int and cell == value
    if types <= {int, float} and float in types and all(abs(one) <= 2**53 for one in column if type(one) is int):
        return (
            cell in ("NaN", value) if math.isnan(value) and isinstance(cell, str) else repr(cell) == repr(float(value))
        )
    if types == {str}:
        return type(cell) is str and cell == value
    return type(cell) is str and json.dumps(json.loads(cell)) == json.dumps(value)


SHOP: dict[str, Objects] = {
    "companies_company": objects_of(
        "companies.company", {"name": "Aldi", "active": True}, {"name": "Köln", "active": False}
    ),
    "companies_category": objects_of(
        "companies.category",
        {"company": 1, "name": "Food", "store_product_id": None, "parents": [], "parent": None, "rank": 1},
        {"company": 1, "name": "Tea 🍵", "store_product_id": "17", "parents": [1], "parent": 1, "rank": 2},
        {"company": 2, "name": "", "store_product_id": "x", "parents": [2, 1], "parent": 3, "rank": 3},
    ),
    "products_brand": [
        {"model": "products.brand", "pk": "6b1f", "fields": {"name": "Dr. Oetker®", "flagship": 2}},
        {"model": "products.brand", "pk": "ümläut", "fields": {"name": "Bio", "flagship": None}},
    ],
    "products_product": objects_of(
        "products.product",
        {
            "brand": "6b1f", "categories": [1, 3], "name": "a\tb\nc\\N\u2028", "weight": 1, "sold": None,
            "attributes": {"vegan": True, "n": [1.0, 1, None]}, "barcode": "0093", "price": "3.50", "tags": ["neu"],
        },
        {
            "brand": None, "categories": [], "name": "null", "weight": -0.0, "sold": "2025-10-06T12:00:00Z",
            "attributes": None, "barcode": "93", "price": "12.00", "tags": [],
        },
    ),
}  # fmt: skip
KEYS = {
    ("companies_category", "company", "companies_company"),
    ("companies_category", "parent", "companies_category"),
    ("companies_category_parents", "from_category_id", "companies_category"),
    ("companies_category_parents", "to_category_id", "companies_category"),
    ("products_product", "brand", "products_brand"),
    ("products_product_categories", "product_id", "products_product"),
    ("products_product_categories", "category_id", "companies_category"),
}
ALL = [one for objects in SHOP.values() for one in objects]


def test_a_dump_becomes_tables(place: Place, tmp_path: Path) -> None:
    imported = import_dump(write(tmp_path / "dump", **SHOP), place.url)
    assert_holds(place.tables(), ALL)
    assert place.foreign_keys() == KEYS
    assert imported.files == {
        f"{name.replace('_', '.', 1)}.json": {objects[0]["model"]: len(objects)} for name, objects in SHOP.items()
    }
    rows = {table: len(rows) for table, rows in place.tables().items()}
    assert {one.table: one.rows for one in imported.tables} == rows
    made_before: set[str] = set()
    for one in imported.tables:  # each after those that it leads to
        made_before.add(one.table)
        assert {parent for table, _, parent in KEYS if table == one.table} <= made_before
    told = "\n".join(imported.notes)
    assert "products.product.brand: taken for a key of products.brand" in told
    assert "companies.category: numbers that are named after no model here: rank" in told


def test_what_django_itself_wrote_is_imported(place: Place, tmp_path: Path) -> None:
    """The files of ``dumpdata`` of Django 5.2, of a small shop with the predecessor's models."""
    imported = import_dump(WRITTEN_BY_DJANGO, place.url)
    dump = [one for path in WRITTEN_BY_DJANGO.glob("*.json") for one in json.loads(path.read_text(encoding="utf-8"))]
    assert_holds(place.tables(), dump)
    assert place.foreign_keys() >= {
        ("auth_permission", "content_type", "contenttypes_contenttype"),
        ("auth_user_user_permissions", "permission_id", "auth_permission"),
        ("companies_category_parents", "to_category_id", "companies_category"),
        ("products_bargain", "price", "products_price"),
        ("products_product_categories", "category_id", "companies_category"),
    }
    assert not any("is no key" in note or "seems" in note for note in imported.notes)


def test_a_cut_file_is_never_imported_in_part(tmp_path: Path) -> None:
    """Wherever it ends. Of JSON lines the cut between two lines cannot be seen; no other can."""
    objects = [one for one in ALL if one["model"] == "companies.category"]
    place = InSqlite(tmp_path / "new.db")
    folder = tmp_path / "dump"
    folder.mkdir()
    whole = json.dumps(objects, ensure_ascii=False).encode()
    lines = b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in objects)
    cuts = [("a.json", whole[:end]) for end in range(len(whole))]
    ends_of_lines = [place for place, byte in enumerate(lines) if byte == ord("\n")]
    cuts += [("a.jsonl", lines[:end]) for end in range(len(lines)) if not {end, end - 1} & {*ends_of_lines}]
    for name, content in cuts:
        (folder / name).write_bytes(content)
        with pytest.raises(BadDump):
            import_dump(folder, place.url)
        (folder / name).unlink()
    assert not place.path.exists()


def test_what_was_imported_can_be_archived(place: Place, tmp_path: Path) -> None:
    import_dump(write(tmp_path / "dump", **SHOP), place.url)
    archive = snapshot.create({"database": place.url}, tmp_path / "archives")
    assert verify.verify(archive).complete


@pytest.mark.parametrize("form", ["one file", "json lines", "gz", "zst", "byte order mark"])
def test_other_forms_of_a_dump(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "dump"
    folder.mkdir()
    whole = json.dumps(ALL).encode()
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in ALL)
    name, content = {
        "one file": ("dump.json", whole),
        "json lines": ("dump.jsonl", lines),
        "gz": ("dump.json.gz", gzip.compress(whole)),
        "zst": ("dump.jsonl.zst", zstandard.compress(lines)),
        "byte order mark": ("DUMP.JSON", b"\xef\xbb\xbf" + whole),
    }[form]
    (folder / name).write_bytes(content)
    place = InSqlite(tmp_path / "new.db")
    imported = import_dump(folder, place.url)
    assert_holds(place.tables(), ALL)
    assert sum(imported.files[name].values()) == len(ALL)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps access rights otherwise")
def test_only_the_owner_can_read_what_was_imported(tmp_path: Path) -> None:
    place = InSqlite(tmp_path / "new.db")
    import_dump(write(tmp_path / "dump", **SHOP), place.url)
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o600


def test_a_database_that_is_not_empty_is_refused(place: Place, tmp_path: Path) -> None:
    folder = write(tmp_path / "dump", **SHOP)
    import_dump(folder, place.url)
    before = place.tables()
    (folder / "a.b.json").write_bytes(b"[")  # the files are not even read
    with pytest.raises(RestoreRefused, match="is not empty"):
        import_dump(folder, place.url)
    assert place.tables() == before


BROKEN: list[tuple[dict[str, Any], list[str]]] = [
    ({"a_b": b'[{"model": "a.b", "pk": 1, "fields": {"x": 1'}, ["a.b.json: the file ends in the middle of row 1"]),
    ({"a_b": b""}, ["a.b.json: the file is empty"]),
    ({"a_b": b'[{"model": "a.b", "pk": 1, "fields": {"x": "\xfc"}}]'}, ["a.b.json: the file is not UTF-8"]),
    ({"a_b": [1, {"model": "a.b", "pk": 1, "fields": {}}]}, ["a.b.json row 1: is no object of a dump"]),
    ({"a_b": [{"model": "a.b", "fields": {}, "pk": 1, "more": 2}]}, ["a.b.json row 1: is no object of a dump"]),
    ({"a_b": [{"model": "ab", "pk": 1, "fields": {}}]}, ['row 1: its model is "ab"']),
    ({"a_b": [{"model": "a.b", "pk": 1, "fields": {'x"; DROP': 1}}]}, ["row 1: its fields are"]),
    ({"a_b": [{"model": "a.b", "pk": 1.5, "fields": {}}]}, ["row 1: its pk is 1.5"]),
    ({"a_b": [{"model": "a.b", "pk": 2**63, "fields": {}}]}, ["row 1: its pk is"]),
    ({"a_b": b'[{"model": "a.b", "pk": 1, "fields": {"x": "\\ud800"}}]'}, ["its field x holds half a character"]),
    ({"a_b": objects_of("a.b", {}, {}) + objects_of("a.b", {})}, ["row 3: a.b 1 stands in a.b.json row 1 already"]),
    (
        {"a_b": objects_of("a.b", {}), "a_c": objects_of("a.b", {"other": 1})},
        ["a.c.json row 1: a.b 1 stands in a.b.json row 1 already"],
    ),
    ({"a_b": [*objects_of("a.b", {}), {"model": "a.b", "fields": {}}]}, ["some objects of a.b have a pk"]),
    ({"a_b": [*objects_of("a.b", {}), {"model": "a.b", "pk": "x", "fields": {}}]}, ["of another type"]),
    ({"a_b": objects_of("a.b_c", {}) + objects_of("a_b.c", {})}, ["would both become the table a_b_c"]),
    ({"a_b": objects_of("a.b", {"Name": 1, "name": 2})}, ["the fields Name and name would be one column"]),
    (
        {"a_b": [1] * 15, "c_d": b"[", "e_f": objects_of("e.f", {}), "g_h": ["x"]},
        ["a.b.json row 10:", "a.b.json: and 5 more", "c.d.json: the file ends", "g.h.json row 1:"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("files", "says"), BROKEN, ids=lambda value: value[0][:40] if isinstance(value, list) else "")
def test_every_problem_of_every_file_is_named_and_nothing_imported(
    tmp_path: Path, files: dict[str, Any], says: list[str]
) -> None:
    place = InSqlite(tmp_path / "new.db")
    with pytest.raises(BadDump) as raised:
        import_dump(write(tmp_path / "dump", **files), place.url)
    told = "\n".join(raised.value.problems)
    for part in says:
        assert part in told
    assert not place.path.exists()


def test_a_folder_without_a_dump_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path / "none", write(tmp_path / "empty")):
        with pytest.raises(BadDump, match="dumpdata"):
            import_dump(folder, url_of(tmp_path / "new.db"))


def test_other_files_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "dump", a_b=objects_of("a.b", {"x": 1}), c_d=[])
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (folder / "older").mkdir()
    imported = import_dump(folder, url_of(tmp_path / "new.db"))
    assert any("notes.txt, older" in note for note in imported.notes)
    assert imported.files["c.d.json"] == {}


def test_keys_that_lead_nowhere_are_kept_and_named(place: Place, tmp_path: Path) -> None:
    """The first system's archive lost the category table: what else there is can be imported all the same."""
    files: dict[str, Any] = {
        "companies_company": objects_of("companies.company", {"name": "Aldi"}),
        "products_product": objects_of(
            "products.product",
            {"company": 1, "category": 4, "brand": 9, "companies": [1, 8], "maker": ["bio", "de"]},
            {"company": 7, "category": 5, "brand": 9, "companies": [], "maker": None},
        ),
        "contenttypes_contenttype": objects_of(
            "contenttypes.contenttype", {"app_label": "companies", "model": "category"}
        ),
        "shop_maker": [{"model": "shop.maker", "fields": {"name": "Bio"}}],
    }
    imported = import_dump(write(tmp_path / "dump", **files), place.url)
    files["shop_maker"] = objects_of("shop.maker", {"name": "Bio"})
    assert_holds(place.tables(), [one for objects in files.values() for one in objects])
    assert place.foreign_keys() == {("products_product_companies", "product_id", "products_product")}
    told = "\n".join(imported.notes)
    for part in (
        "product.company: 1 values are no key of companies.company (the first: products.product.json row 2: 7)",
        "product.companies: 1 values are no key of companies.company (the first: products.product.json row 1: 8)",
        "products.product.category: seems to hold keys of companies.category, of which no file is here",
        "products.product: numbers that are named after no model here: brand",
        "shop.maker: its objects have no pk",
        "products.product.maker: lists, kept as JSON",
    ):
        assert part in told, (part, told)


def test_natural_keys_are_kept_and_named(tmp_path: Path) -> None:
    """``dumpdata --natural-foreign``: a key is a list of values, and a dump does not say of which fields."""
    files = {
        "auth_user": objects_of("auth.user", {"groups": [["editors"]], "company": ["aldi", 1]}),
        "auth_group": objects_of("auth.group", {"name": "editors"}),
        "shop_company": objects_of("shop.company", {"name": "aldi"}),
    }
    place = InSqlite(tmp_path / "new.db")
    imported = import_dump(write(tmp_path / "dump", **files), place.url)
    assert_holds(place.tables(), [one for objects in files.values() for one in objects])
    for name in ("groups", "company"):
        assert any(f"auth.user.{name}: lists, kept as JSON; if they are natural" in note for note in imported.notes)


def test_models_may_lead_to_each_other(place: Place, tmp_path: Path) -> None:
    objects = [
        *objects_of("a.hen", {"egg": 2}, {"egg": None}),
        *objects_of("a.egg", {"hen": 2, "nest": 1}, {"hen": 1, "nest": 1}),
        *objects_of("a.nest", {"eggs": [1, 2], "hens": [2]}),
    ]
    import_dump(write(tmp_path / "dump", a_b=objects), place.url)
    assert_holds(place.tables(), objects)
    assert place.foreign_keys() == {
        ("a_hen", "egg", "a_egg"), ("a_egg", "hen", "a_hen"), ("a_egg", "nest", "a_nest"),
        ("a_nest_eggs", "nest_id", "a_nest"), ("a_nest_eggs", "egg_id", "a_egg"),
        ("a_nest_hens", "nest_id", "a_nest"), ("a_nest_hens", "hen_id", "a_hen"),
    }  # fmt: skip


def test_keys_may_be_large(place: Place, tmp_path: Path) -> None:
    large = 2**62 + 1  # as generators of identifiers make them; a double would not hold it
    objects = [
        {"model": "a.b", "pk": large, "fields": {"parent": None, "parents": [large]}},
        {"model": "a.b", "pk": -large, "fields": {"parent": large, "parents": []}},
    ]
    import_dump(write(tmp_path / "dump", a_b=objects), place.url)
    assert_holds(place.tables(), objects)
    assert ("a_b", "parent", "a_b") in place.foreign_keys()


def test_a_many_to_many_field_without_any_key_has_its_table(tmp_path: Path) -> None:
    objects = objects_of("a.b", {"parents": []}, {"parents": []})
    place = InSqlite(tmp_path / "new.db")
    import_dump(write(tmp_path / "dump", a_b=objects), place.url)
    assert place.tables()["a_b_parents"] == []
    assert_holds(place.tables(), objects)


def test_nul_is_kept_by_sqlite_and_refused_for_postgresql(place: Place, tmp_path: Path) -> None:
    objects = objects_of("a.b", {"x": "nul\0nul", "j": {"k": "\0"}})
    folder = write(tmp_path / "dump", a_b=objects)
    if isinstance(place, InSqlite):
        import_dump(folder, place.url)
        assert_holds(place.tables(), objects)
        return
    with pytest.raises(BadDump) as raised:
        import_dump(folder, place.url)
    assert ["a.b.x: holds text with U+0000" in problem for problem in raised.value.problems] == [True]
    assert place.tables() == {}
    del objects[0]["fields"]["x"]  # within JSON it is escaped
    import_dump(write(folder, a_b=objects), place.url)
    assert_holds(place.tables(), objects)


def test_a_schema_of_postgresql_can_be_the_target(new_postgres: Callable[..., PostgresPlace], tmp_path: Path) -> None:
    there = new_postgres("CREATE TABLE mine (a int)")
    import_dump(write(tmp_path / "dump", **SHOP), there.schema_url("old_shop"))
    assert there.server.execute("SELECT count(*) FROM old_shop.companies_category", there.name) == [(3,)]


CHILD = """
import sys, time
from pathlib import Path
from subs_assets.archive.django.tables import import_dump
def stop(folder, name, rows):
    if name == sys.argv[3]:
        print("stopped", flush=True)
        time.sleep(60)
import_dump(Path(sys.argv[1]), sys.argv[2], stop)
"""


@pytest.mark.parametrize("at", ["products.product.json", "companies_company", "products_product_categories"])
def test_an_import_that_is_killed_leaves_nothing(place: Place, tmp_path: Path, at: str) -> None:
    folder = write(tmp_path / "dump", **SHOP)
    with subprocess.Popen([sys.executable, "-c", CHILD, str(folder), place.url, at], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith(b"stopped")
        child.kill() if os.name == "nt" else child.send_signal(signal.SIGKILL)
    assert place.tables() == {}
    import_dump(folder, place.url)
    assert_holds(place.tables(), ALL)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBS_HOME", str(tmp_path / "home"))
    place = InSqlite(tmp_path / "new.db")
    folder = write(tmp_path / "dump", **SHOP)
    (folder / "a.b.json").write_bytes(b"[")
    refused = CliRunner().invoke(app, ["archive", "import-django", str(folder), "--into", place.url])
    assert refused.exit_code == 1 and "a.b.json: the file ends after row 0" in refused.stderr
    assert "move their files out of the folder" in refused.stderr and not place.path.exists()
    (folder / "a.b.json").unlink()
    done = CliRunner().invoke(app, ["archive", "import-django", str(folder), "--into", place.url])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "9 objects of 4 files are 14 rows of 6 tables"
    assert "companies.category.parents" in done.stdout and "note: companies.category.company: taken for" in done.stderr
    assert_holds(place.tables(), ALL)
    again = CliRunner().invoke(app, ["archive", "import-django", str(folder), "--into", place.url])
    assert again.exit_code == 1 and "not empty" in again.stderr
    wrong = CliRunner().invoke(app, ["archive", "import-django", str(folder), "--into", "mysql://me:secret@host/db"])
    assert wrong.exit_code == 1 and "secret" not in wrong.output


NAMES = [
    "name",
    "brand",
    "brands",
    "product",
    "categories",
    "parent",
    "parents",
    "id",
    "pk",
    "tags",
    "user_brands",
    "größe",
]
MODELS = ["shop.brand", "shop.product", "shop.category", "other.brand", "other.thing"]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INTEGER = st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1) | st.integers(-(2**70), 2**70)
REAL = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([1e15, 1e16, 123456789012345.6, -1e22, 5e-324])
VALUES = [
    TEXT,
    st.booleans(),
    INTEGER,
    st.integers(1, 3),
    REAL,
    st.integers(-5, 5) | REAL,
    st.sampled_from(["0.10", "007", "1e5", "true", "null", "NaN", "\\N", "2025-10-06", "24:00"]),
    st.lists(st.integers(1, 3), max_size=3),
    st.lists(st.integers(1, 3), max_size=3, unique=True),
    st.lists(st.sampled_from(["a", "b", "ü"]), max_size=3, unique=True),
    st.recursive(
        st.none() | st.booleans() | INTEGER | REAL | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=6,
    ),
]


@st.composite
def dumps(draw: st.DrawFn, nul: bool) -> Objects:
    found: Objects = []
    for model in draw(st.lists(st.sampled_from(MODELS), min_size=1, max_size=4, unique=True)):
        keys: list[Any] = draw(
            st.lists(st.integers(1, 4) | st.integers(-(2**63) + 1, 2**63 - 1), min_size=1, max_size=5, unique=True)
            | st.lists(st.sampled_from(["a", "b", "ü"]) | TEXT, min_size=1, max_size=5, unique=True)
        )
        fields = {
            name: draw(st.sampled_from(VALUES))
            for name in draw(st.lists(st.sampled_from(NAMES), max_size=5, unique=True))
        }
        nullable = draw(st.booleans())
        for key in keys:
            cells = {name: draw(st.none() | one if nullable else one) for name, one in fields.items()}
            found.append({"model": model, "pk": key, "fields": cells})
    if not nul:
        found = json.loads(json.dumps(found).replace("\\u0000", "."))
    return draw(st.permutations(found))


def import_generated(dump: Objects, folder: Path, place: Place, split: int) -> Imported:
    for path in folder.iterdir():
        path.unlink()
    (folder / "a.json").write_text(json.dumps(dump[:split]), encoding="utf-8")
    (folder / "b.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in dump[split:]) or "[]", encoding="utf-8")
    imported = import_dump(folder, place.url)
    assert sum(sum(models.values()) for models in imported.files.values()) == len(dump)
    assert_holds(place.tables(), dump)
    assert {one.table: one.rows for one in imported.tables} == {
        name: len(rows) for name, rows in place.tables().items()
    }
    return imported


EXAMPLES = int(os.environ.get("SUBS_IMPORT_EXAMPLES", "60"))
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=SLOW)
@given(dump=dumps(nul=True), split=st.integers(0, 5))
def test_any_dump_is_equal_on_sqlite(tmp_path: Path, dump: Objects, split: int) -> None:
    folder = tmp_path / "dump"
    folder.mkdir(exist_ok=True)
    place = InSqlite(tmp_path / "new.db")
    place.path.unlink(missing_ok=True)
    import_generated(dump, folder, place, split)
    assert_sound(place.path)


@pytest.fixture(scope="module")
def one_database(postgres_server: PostgresServer) -> Iterator[str]:
    name = postgres_server.new_database()
    yield name
    postgres_server.drop_database(name)


def test_doubles_are_written_as_postgresql_writes_them(postgres_server: PostgresServer) -> None:
    """So that what was imported can be compared with the dump by a hash."""
    random = Random(17)
    bits = [random.getrandbits(64) for _ in range(3000)]
    doubles = [*struct.unpack(f"<{len(bits)}d", struct.pack(f"<{len(bits)}Q", *bits))]
    doubles += [random.uniform(-1, 1) * 10.0 ** random.randint(-8, 24) for _ in range(5000)]
    doubles += [float(random.randint(2**49, 2**60)) for _ in range(3000)]
    doubles += [sign * 10.0**power for power in range(-10, 30) for sign in (1, -1)]
    doubles += [2.134537429778595e16, 0.0, -0.0, 5e-324, sys.float_info.max, math.inf, -math.inf, math.nan, 9e15, 1e15]
    with psycopg.connect(postgres_server.url().replace("+psycopg", "")) as connection:
        query = "SELECT value::text FROM unnest(%s::float8[]) WITH ORDINALITY given (value, place) ORDER BY place"
        texts = [text for (text,) in connection.execute(query, (doubles,))]
    assert [float8_text(value) for value in doubles] == texts


@settings(max_examples=max(EXAMPLES // 4, 1), deadline=None, suppress_health_check=SLOW)
@given(dump=dumps(nul=False), split=st.integers(0, 5))
def test_any_dump_is_equal_on_postgresql(
    tmp_path: Path, postgres_server: PostgresServer, one_database: str, dump: Objects, split: int
) -> None:
    folder = tmp_path / "dump"
    folder.mkdir(exist_ok=True)
    postgres_server.empty_database(one_database)
    import_generated(dump, folder, InPostgres(postgres_server, one_database), split)
