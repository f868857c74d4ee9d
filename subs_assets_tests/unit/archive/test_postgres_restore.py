"""What comes back from an archive of PostgreSQL; the numbers are those of the cases that the archive must stand."""

import contextlib
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from subs_assets.archive import digest, drill, restore, snapshot, store, verify
from subs_assets.archive.errors import ArchiveLocked, CommitUnknown, RestoreRefused, UnsupportedDatabase
from subs_assets.archive.postgres import target as postgres_target
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive.conftest import POSTGRES_SHOP, PostgresPlace, url_of
from subs_assets_tests.unit.archive.lossy_proxy import LossyProxy
from subs_assets_tests.unit.archive.postgres_oracle import content, plain

NewPostgres = Callable[..., PostgresPlace]


@pytest.mark.archive_case(8, 10, 13, 14, 15, 18, 21, 22, 23, 24, 25, 26, 28, 29, 30, 31, 32, 34, 35, 36)
def test_a_rich_database_comes_back_cell_by_cell(
    postgres_server: PostgresServer, rich_template: str, new_postgres: NewPostgres, tmp_path: Path
) -> None:
    source, target = PostgresPlace(postgres_server, rich_template), new_postgres()
    archive = snapshot.create({"warehouse": source.url}, tmp_path / "archives")
    manifest = store.read_manifest(archive)
    assert manifest.not_represented == ()
    assert verify.verify(archive).ok
    restored = restore.restore(archive, {"warehouse": target.url})
    assert (restored.tables, restored.rows) == (len(manifest.tables), sum(table.rows for table in manifest.tables))
    assert restored.broken == ()
    expected, found = content(postgres_server, source.name), content(postgres_server, target.name)
    assert found["schema"] == expected["schema"]
    assert found == expected
    assert digest.digests(target.url) == manifest.digests("warehouse")
    assert drill.drill(archive, {"warehouse": source.url}) == drill.Drill(True, (), restored.tables, restored.rows)
    # An archive of the restored database is the same archive.
    again = store.read_manifest(snapshot.create({"warehouse": target.url}, tmp_path / "archives"))
    assert again.databases["warehouse"].ddl == manifest.databases["warehouse"].ddl
    assert again.databases["warehouse"].sequences == manifest.databases["warehouse"].sequences


@pytest.fixture
def shop(new_postgres: NewPostgres) -> PostgresPlace:
    return new_postgres(*POSTGRES_SHOP)


@pytest.fixture
def archive(shop: PostgresPlace, tmp_path: Path) -> Path:
    return snapshot.create({"warehouse": shop.url}, tmp_path / "archives")


def same(one: PostgresPlace, other: PostgresPlace, *schemas: str) -> bool:
    return content(one.server, one.name, *schemas) == content(other.server, other.name, *schemas)


def is_empty(place: PostgresPlace) -> bool:
    (count,) = place.server.execute("SELECT count(*) FROM pg_class WHERE oid >= 16384", place.name)[0]
    return bool(count == 0)


def test_the_incident_is_restored_whole(new_postgres: NewPostgres, tmp_path: Path) -> None:
    """Cases 6-9: what the models say is never asked."""
    source, target = (
        new_postgres(
            "CREATE TABLE categories (company_slug text, path text, store_product_id text); "
            "INSERT INTO categories SELECT 'aldi', 'Shelf ' || i, i FROM generate_series(1, 2500) i",
            "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('0001')",
        ),
        new_postgres(),
    )
    archive = snapshot.create({"warehouse": source.url}, tmp_path / "archives")
    restored = restore.restore(archive, {"warehouse": target.url})
    assert same(source, target)
    assert restored.databases["warehouse"] == restore.RestoredDatabase(2, 2501, ("0001",))


@pytest.mark.archive_case(53)
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (a int)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TYPE mood AS ENUM ()",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SEQUENCE s",
        "CREATE SCHEMA other",
        "CREATE EXTENSION hstore",
        "CREATE PUBLICATION p",
        "SELECT lo_create(0)",
        "CREATE OPERATOR FAMILY f USING btree",
    ],
)
def test_a_database_that_is_not_empty_is_refused_and_untouched(
    archive: Path, new_postgres: NewPostgres, statement: str
) -> None:
    """Case 53."""
    target = new_postgres(statement)
    before = content(target.server, target.name)
    with pytest.raises(RestoreRefused, match="not empty.*nothing was changed"):
        restore.restore(archive, {"warehouse": target.url})
    assert content(target.server, target.name) == before


def test_a_database_that_is_not_there_is_refused(archive: Path, shop: PostgresPlace) -> None:
    with pytest.raises(RestoreRefused, match='database "nowhere" does not exist'):
        restore.restore(archive, {"warehouse": shop.server.url("nowhere")})


def test_an_archive_goes_back_into_its_own_kind_only(archive: Path, shop: PostgresPlace, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedDatabase, match="an archive of postgresql cannot be restored into sqlite"):
        restore.restore(archive, {"warehouse": url_of(tmp_path / "new.db")})
    (tmp_path / "old.db").touch()
    of_sqlite = snapshot.create({"warehouse": url_of(tmp_path / "old.db")}, tmp_path / "archives")
    with pytest.raises(UnsupportedDatabase, match="an archive of sqlite cannot be restored into postgresql"):
        restore.restore(of_sqlite, {"warehouse": shop.url})


def test_both_parts_of_a_database_come_back_at_once_or_one_after_the_other(
    new_postgres: NewPostgres, tmp_path: Path
) -> None:
    source = new_postgres(
        *POSTGRES_SHOP,
        "CREATE SCHEMA subs_control; CREATE TABLE subs_control.decisions (verdict text); "
        "INSERT INTO subs_control.decisions VALUES ('accept')",
    )
    urls = {"warehouse": source.url, "control": source.schema_url("subs_control")}
    archive = snapshot.create(urls, tmp_path / "archives")
    both, one_by_one = new_postgres(), new_postgres()
    restore.restore(archive, {"warehouse": both.url, "control": both.schema_url("subs_control")})
    assert same(source, both)
    one_by_one.execute("CREATE SCHEMA subs_control")  # empty: as good as none
    restore.restore(archive, {"control": one_by_one.url})
    assert same(source, one_by_one, "subs_control")
    restore.restore(archive, {"warehouse": one_by_one.url})
    assert same(source, one_by_one)
    with pytest.raises(RestoreRefused, match="not empty"):
        restore.restore(archive, {"control": one_by_one.url})
    assert drill.drill(archive, urls) == drill.Drill(True, (), 3, 301)


def test_a_database_without_the_schema_public_comes_back_without(new_postgres: NewPostgres, tmp_path: Path) -> None:
    source, target = new_postgres("DROP SCHEMA public", "CREATE SCHEMA a", "CREATE TABLE a.t (x int)"), new_postgres()
    restore.restore(snapshot.create({"w": source.url}, tmp_path / "archives"), {"w": target.url})
    assert same(source, target)


@pytest.mark.archive_case(31)
def test_rows_that_break_a_valid_key_or_check_come_back_and_are_named(
    new_postgres: NewPostgres, tmp_path: Path
) -> None:
    source = new_postgres(
        *POSTGRES_SHOP,
        "CREATE FUNCTION fine(n int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'",
        "ALTER TABLE products ADD CONSTRAINT is_fine CHECK (fine(id))",
        "CREATE OR REPLACE FUNCTION fine(n int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT n <> 7'",
        "SET session_replication_role = replica; DELETE FROM companies",
    )
    target = new_postgres()
    archive = snapshot.create({"warehouse": source.url}, tmp_path / "archives")
    restored = restore.restore(archive, {"warehouse": target.url})
    assert len(restored.broken) == 2
    assert (
        "foreign key products_slug_fkey of table products is broken by rows that were archived so" in restored.broken[1]
    )
    assert "check is_fine of table products" in restored.broken[0]
    expected, found = (content(place.server, place.name) for place in (source, target))
    assert str(found.pop("schema")).count("NOT VALID") == 2
    assert expected.pop("schema")
    assert found == expected


@pytest.mark.archive_case(36)
def test_triggers_rules_and_policies_do_nothing_while_rows_are_loaded(
    new_postgres: NewPostgres, tmp_path: Path
) -> None:
    source, target = new_postgres(*POSTGRES_SHOP), new_postgres()
    source.execute(
        "CREATE TABLE log (n int)",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN INSERT INTO public.log VALUES (1); RETURN NEW; END'",
        "CREATE TRIGGER note BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION note()",
        "ALTER TABLE products ENABLE ALWAYS TRIGGER note",
        "ALTER TABLE companies ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "CREATE RULE nothing AS ON INSERT TO companies DO INSTEAD NOTHING",
    )
    restore.restore(snapshot.create({"w": source.url}, tmp_path / "archives"), {"w": target.url})
    assert same(source, target)


def test_an_owner_who_is_no_superuser_archives_drills_and_restores(new_postgres: NewPostgres, tmp_path: Path) -> None:
    source, target = new_postgres(), new_postgres()
    role = f"owner_{source.name}"
    source.execute(f"CREATE ROLE {role} LOGIN")
    mine, yours = (place.url.replace("subs@", f"{role}@") for place in (source, target))
    try:
        for place in (source, target):
            place.execute(f'ALTER DATABASE "{place.name}" OWNER TO {role}')
        with psycopg.connect(mine.replace("+psycopg", ""), autocommit=True) as connection:
            for statement in POSTGRES_SHOP:
                connection.execute(statement)
        archive = snapshot.create({"warehouse": mine}, tmp_path / "archives")
        refused = drill.drill(archive, {"warehouse": mine})
        assert not refused.ok
        assert f'let a superuser say ALTER ROLE "{role}" CREATEDB' in refused.problems[0]
        source.execute(f"ALTER ROLE {role} CREATEDB")
        assert drill.drill(archive, {"warehouse": mine}).ok
        restore.restore(archive, {"warehouse": yours})
        assert same(source, target)
    finally:
        for place in (source, target):
            place.execute(f"REASSIGN OWNED BY {role} TO subs", f"DROP OWNED BY {role}")
        source.execute(f"DROP ROLE {role}")


def test_a_drill_leaves_nothing_and_sweeps_what_a_killed_one_left(archive: Path, shop: PostgresPlace) -> None:
    (number,) = shop.server.execute(f"SELECT oid FROM pg_database WHERE datname = '{shop.name}'")[0]
    shop.execute(f"CREATE DATABASE subs_drill_{number}_00000000", f"CREATE DATABASE subs_drill_{number + 1}_00000000")
    try:
        assert drill.drill(archive, {"warehouse": shop.url}) == drill.Drill(True, (), 2, 300)
        left = shop.server.execute("SELECT datname FROM pg_database WHERE datname ~ '^subs_drill'")
        assert left == [(f"subs_drill_{number + 1}_00000000",)]  # another database's
    finally:
        shop.server.drop_database(f"subs_drill_{number + 1}_00000000")


def test_a_drill_without_its_server_says_so(archive: Path) -> None:
    found = drill.drill(archive)
    assert not found.ok
    assert "its URL was not given" in found.problems[0]


@pytest.mark.archive_case(54)
def test_two_restores_into_one_place_do_not_meet(archive: Path, new_postgres: NewPostgres) -> None:
    """Case 54."""
    target = new_postgres()
    refused: list[ArchiveLocked] = []

    def again(database: str, table: str, rows: int) -> None:
        try:
            restore.restore(archive, {"warehouse": target.url})
        except ArchiveLocked as problem:
            refused.append(problem)

    restore.restore(archive, {"warehouse": target.url}, progress=again)
    assert len(refused) == 2
    assert "another restore into" in str(refused[0])


@pytest.mark.archive_case(50, 54)
def test_a_restore_whose_connection_is_lost_leaves_nothing(archive: Path, new_postgres: NewPostgres) -> None:
    """Cases 50, 54."""
    target = new_postgres()

    def cut(database: str, table: str, rows: int) -> None:
        target.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'subs_assets archive' AND datname = current_database()"
        )

    with pytest.raises(RestoreRefused, match="table products cannot be restored.*nothing was changed"):
        restore.restore(archive, {"warehouse": target.url}, progress=cut)
    assert is_empty(target)


def test_nobody_else_fills_a_database_that_is_being_restored(archive: Path, new_postgres: NewPostgres) -> None:
    target = new_postgres()

    def fill(database: str, table: str, rows: int) -> None:
        if table == "companies":
            target.execute("CREATE TABLE strangers (a int)")

    with pytest.raises(RestoreRefused, match="differs from the archived one: table strangers"):
        restore.restore(archive, {"warehouse": target.url}, progress=fill)
    assert target.server.execute("SELECT relname FROM pg_class WHERE oid >= 16384", target.name) == [("strangers",)]


CHILD = """
import sys, time
from pathlib import Path
from subs_assets.archive import drill, restore, snapshot
from subs_assets.archive.postgres import target as postgres_target
work, url, place = sys.argv[1], sys.argv[2], Path(sys.argv[3])
def stop(*_):
    print("stopped", flush=True)
    time.sleep(60)
if work == "create":
    snapshot.create({"warehouse": url}, place, progress=stop)
elif work == "drill":
    restore._fill = lambda *_: stop()
    drill.drill(place, {"warehouse": url})
elif work == "restore":
    restore.restore(place, {"warehouse": url}, progress=stop)
else:
    postgres_target.PostgresTarget.publish = stop
    restore.restore(place, {"warehouse": url})
"""


def kill_in_the_middle(*arguments: str) -> None:
    command = [sys.executable, "-c", CHILD, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as child:
        assert child.stdout is not None
        said = child.stdout.readline()
        child.kill()
    assert said == "stopped\n"


@pytest.mark.parametrize("work", ["restore", "before the commit"])
def test_a_restore_that_is_killed_leaves_nothing(
    archive: Path, shop: PostgresPlace, new_postgres: NewPostgres, work: str
) -> None:
    """Cases 42, 54."""
    target = new_postgres()
    kill_in_the_middle(work, target.url, str(archive))
    assert is_empty(target)
    for _ in range(50):  # until the server has noticed
        try:
            restore.restore(archive, {"warehouse": target.url})
            break
        except ArchiveLocked:
            target.execute("SELECT pg_sleep(0.1)")
    assert same(shop, target)


def test_a_creation_that_is_killed_leaves_no_archive(shop: PostgresPlace, tmp_path: Path) -> None:
    """Case 42."""
    kill_in_the_middle("create", shop.url, str(tmp_path / "archives"))
    assert store.list_archives(tmp_path / "archives") == []
    assert verify.verify(snapshot.create({"warehouse": shop.url}, tmp_path / "archives")).ok
    shop.execute("SET lock_timeout = '5s'; TRUNCATE companies CASCADE")  # its locks are gone with it


def test_a_scratch_database_is_for_its_owner_only(archive: Path, shop: PostgresPlace) -> None:
    stranger = f"stranger_{secrets.token_hex(4)}"
    shop.execute(f"CREATE ROLE {stranger} LOGIN")
    tried: list[str] = []

    def try_to_connect(database: str, table: str, rows: int) -> None:
        (scratch,) = shop.server.execute("SELECT datname FROM pg_database WHERE datname ~ '^subs_drill'")[0]
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(plain(shop.server, scratch).replace("subs@", f"{stranger}@"))
        tried.append(table)

    try:
        assert drill.drill(archive, {"warehouse": shop.url}, progress=try_to_connect).ok
    finally:
        shop.execute(f"DROP ROLE {stranger}")
    assert tried == ["companies", "products"]


def test_a_drill_that_is_killed_is_swept_by_the_next(archive: Path, shop: PostgresPlace) -> None:
    kill_in_the_middle("drill", shop.url, str(archive))
    (left,) = shop.server.execute("SELECT count(*) FROM pg_database WHERE datname ~ '^subs_drill'")[0]
    assert left == 1
    for _ in range(50):
        assert drill.drill(archive, {"warehouse": shop.url}).ok
        (left,) = shop.server.execute("SELECT count(*) FROM pg_database WHERE datname ~ '^subs_drill'")[0]
        if left == 0:  # the server has noticed
            return
    raise AssertionError("the scratch database of a killed drill is still there")


@pytest.mark.archive_case(50)
def test_a_commit_whose_answer_is_lost_is_asked_for_again(
    archive: Path, shop: PostgresPlace, new_postgres: NewPostgres
) -> None:
    """Case 69: the server has committed, and the connection is gone before it can say so."""
    target = new_postgres()
    with LossyProxy(target.server.port) as proxy:
        url = target.url.replace(str(target.server.port), str(proxy.port))
        assert restore.restore(archive, {"warehouse": url}).rows == 300
        assert proxy.lost == 1
    assert same(shop, target)


@pytest.mark.archive_case(50)
def test_a_commit_that_nobody_can_tell_of_is_not_called_undone(
    archive: Path, shop: PostgresPlace, new_postgres: NewPostgres
) -> None:
    """Case 69: the server cannot be reached any more, either."""
    target = new_postgres()
    with LossyProxy(target.server.port, stays_dead=True) as proxy:
        url = target.url.replace(str(target.server.port), str(proxy.port))
        with pytest.raises(CommitUnknown, match="cannot be found out; look into the database"):
            restore.restore(archive, {"warehouse": url})
    assert same(shop, target)


def change_entry(monkeypatch: pytest.MonkeyPatch, archive: Path, **changes: object) -> None:
    """Let a restore read another description of the database "w" than the archive has."""
    manifest = store.read_manifest(archive)
    entry = manifest.databases["w"].model_copy(update=changes)
    changed = manifest.model_copy(update={"databases": {"w": entry}})
    monkeypatch.setattr(restore, "read_manifest", lambda _: changed)


def test_an_extension_that_the_server_lacks_is_named(
    new_postgres: NewPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = new_postgres("CREATE EXTENSION seg", "CREATE TABLE t (a seg)"), new_postgres()
    archive = snapshot.create({"w": source.url}, tmp_path / "archives")
    renamed = tuple(
        one.model_copy(update={"name": "nowhere_to_be_found"}) if one.kind == "extension" else one
        for one in store.read_manifest(archive).databases["w"].ddl
    )
    change_entry(monkeypatch, archive, ddl=renamed)
    with pytest.raises(
        RestoreRefused, match="needs the extension nowhere_to_be_found, which this server does not have"
    ):
        restore.restore(archive, {"w": target.url})


@pytest.mark.archive_case(56)
@pytest.mark.parametrize("is_same_version", [True, False])
def test_another_major_version_may_write_a_view_with_other_words(
    new_postgres: NewPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_same_version: bool
) -> None:
    """Case 56: of an older server's archive, what there is is compared, and not how it is written."""
    source, target = new_postgres(*POSTGRES_SHOP, "CREATE VIEW names AS SELECT name FROM products"), new_postgres()
    archive = snapshot.create({"w": source.url}, tmp_path / "archives")
    reworded = tuple(
        one.model_copy(update={"sql": one.sql.replace("products.name", "name")}) if one.kind == "view" else one
        for one in store.read_manifest(archive).databases["w"].ddl
    )
    major = int(source.server.execute("SHOW server_version_num")[0][0]) // 10000
    change_entry(monkeypatch, archive, ddl=reworded, server_version=f"{major if is_same_version else major - 1}.1")
    if is_same_version:
        with pytest.raises(RestoreRefused, match="differs from the archived one: view names"):
            restore.restore(archive, {"w": target.url})
        return
    restore.restore(archive, {"w": target.url})
    assert same(source, target)


def test_the_planners_estimates_and_rights_are_not_part_of_it(new_postgres: NewPostgres, tmp_path: Path) -> None:
    """A decision: rights and owners belong to the server; what is restored belongs to who restores it."""
    source, target = new_postgres(*POSTGRES_SHOP, "GRANT SELECT ON companies TO PUBLIC", "ANALYZE"), new_postgres()
    archive = snapshot.create({"w": source.url}, tmp_path / "archives")
    assert store.read_manifest(archive).not_represented == ()
    restore.restore(archive, {"w": target.url})
    with psycopg.connect(plain(target.server, target.name)) as connection:
        assert connection.execute("SELECT relacl FROM pg_class WHERE relname = 'companies'").fetchone() == (None,)


def test_databases_of_both_kinds_are_one_archive(
    shop: PostgresPlace, new_postgres: NewPostgres, tmp_path: Path
) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "control.db")) as connection:
        connection.execute("CREATE TABLE decisions (verdict)")
    urls = {"warehouse": shop.url, "control": url_of(tmp_path / "control.db")}
    archive = snapshot.create(urls, tmp_path / "archives")
    assert drill.drill(archive, urls) == drill.Drill(True, (), 3, 300)
    target = new_postgres()
    restore.restore(archive, {"warehouse": target.url, "control": url_of(tmp_path / "new.db")})
    assert same(shop, target)


def test_of_two_databases_none_is_restored_when_one_cannot_be(
    shop: PostgresPlace, new_postgres: NewPostgres, tmp_path: Path
) -> None:
    archive = snapshot.create({"one": shop.url, "two": shop.url}, tmp_path / "archives")
    empty, full = new_postgres(), new_postgres("CREATE TABLE t (a int)")
    with pytest.raises(RestoreRefused, match="not empty"):
        restore.restore(archive, {"one": empty.url, "two": full.url})
    assert is_empty(empty)


@pytest.mark.archive_case(36)
def test_a_partitions_foreign_key_keeps_its_own_name(new_postgres: NewPostgres, tmp_path: Path) -> None:
    place, target = new_postgres(), new_postgres()
    place.execute(
        "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)",
        "CREATE TABLE parts (id int, at int) PARTITION BY LIST (at)",
        "CREATE TABLE own (id int CONSTRAINT own_name REFERENCES t ON DELETE CASCADE DEFERRABLE, at int)",
        "CREATE TABLE deep (id int, at int) PARTITION BY LIST (at)",
        "CREATE TABLE deeper (id int CONSTRAINT deepest REFERENCES t ON DELETE CASCADE DEFERRABLE, at int)",
        "ALTER TABLE deep ATTACH PARTITION deeper FOR VALUES IN (2)",
        "ALTER TABLE parts ADD CONSTRAINT of_parent FOREIGN KEY (id) REFERENCES t ON DELETE CASCADE DEFERRABLE",
        "ALTER TABLE parts ATTACH PARTITION own FOR VALUES IN (1)",
        "ALTER TABLE parts ATTACH PARTITION deep FOR VALUES IN (2)",
        "CREATE TABLE plain PARTITION OF parts FOR VALUES IN (3)",
        "COMMENT ON CONSTRAINT own_name ON own IS 'of the partition'",
        "INSERT INTO parts VALUES (1, 1), (1, 2), (1, 3)",
    )
    archive = snapshot.create({"w": place.url}, tmp_path / "archives")
    assert store.read_manifest(archive).not_represented == ()
    restore.restore(archive, {"w": target.url})
    assert same(place, target)


@pytest.mark.archive_case(29, 35)
def test_a_table_without_columns_may_be_called_anything(new_postgres: NewPostgres, tmp_path: Path) -> None:
    place, target = new_postgres('CREATE TABLE "50% off" (); INSERT INTO "50% off" DEFAULT VALUES'), new_postgres()
    restore.restore(snapshot.create({"w": place.url}, tmp_path / "archives"), {"w": target.url})
    assert same(place, target)


@pytest.mark.archive_case(50)
def test_what_was_restored_before_another_could_not_be_is_named(
    shop: PostgresPlace, new_postgres: NewPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = snapshot.create({"one": shop.url, "two": shop.url}, tmp_path / "archives")
    first, second = new_postgres(), new_postgres()
    real = postgres_target.PostgresTarget.publish

    def publish(target: postgres_target.PostgresTarget) -> None:
        real(target)
        second.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    monkeypatch.setattr(postgres_target.PostgresTarget, "publish", publish)
    with pytest.raises(
        RestoreRefused,
        match="two: .* could not be committed: .* nothing was restored into it; already restored, .*: one$",
    ):
        restore.restore(archive, {"one": first.url, "two": second.url})
    assert same(shop, first)
    assert is_empty(second)


def test_settings_of_a_toast_table_that_a_new_table_does_not_get_are_no_difference(
    new_postgres: NewPostgres, tmp_path: Path
) -> None:
    """PostgreSQL keeps them with the TOAST table, and that goes on when the last long column is dropped."""
    place, target = (
        new_postgres(
            "CREATE TABLE t (n int, long text) WITH (fillfactor = 70, toast.autovacuum_enabled = false)",
            "ALTER TABLE t DROP COLUMN long",
            "CREATE TABLE kept (long text) WITH (toast.autovacuum_enabled = false)",
            "INSERT INTO t VALUES (1)",
        ),
        new_postgres(),
    )
    restore.restore(snapshot.create({"w": place.url}, tmp_path / "archives"), {"w": target.url})
    options = (
        "SELECT c.relname, c.reloptions, t.reloptions FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid"
    )
    assert target.server.execute(f"{options} WHERE c.relname IN ('t', 'kept') ORDER BY 1", target.name) == [
        ("kept", None, ["autovacuum_enabled=false"]),
        ("t", ["fillfactor=70"], None),
    ]
    assert target.server.execute("TABLE t", target.name) == [(1,)]


def test_a_child_table_may_have_null_where_its_parent_may_not(new_postgres: NewPostgres, tmp_path: Path) -> None:
    place = new_postgres(
        "CREATE TABLE base (a int NOT NULL, b int NOT NULL)",
        "CREATE TABLE child () INHERITS (base); CREATE TABLE merged (a int) INHERITS (base)",
        "CREATE TABLE grandchild () INHERITS (child); CREATE TABLE last () INHERITS (grandchild)",
    )
    if int(place.server.execute("SHOW server_version_num")[0][0]) >= 180000:
        return  # where no child may
    place.execute(
        "ALTER TABLE child ALTER a DROP NOT NULL; ALTER TABLE ONLY grandchild ALTER a SET NOT NULL",
        "ALTER TABLE merged ALTER a DROP NOT NULL, ALTER b DROP NOT NULL",
        "INSERT INTO child VALUES (NULL, 1); INSERT INTO merged VALUES (NULL, NULL)",
    )
    target = new_postgres()
    archive = snapshot.create({"w": place.url}, tmp_path / "archives")
    restore.restore(archive, {"w": target.url})
    query = "SELECT attrelid::regclass::text, attname, attnotnull FROM pg_attribute WHERE attname IN ('a', 'b')"
    found, expected = (sorted(place.server.execute(query, one.name)) for one in (target, place))
    assert found == expected
    assert same(place, target)
