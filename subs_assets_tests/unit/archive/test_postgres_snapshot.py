"""What is read of PostgreSQL while others are at work, and what is said where it cannot be read; the numbers are those
of the cases that the archive must stand."""

import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from subs_assets.archive import digest, drill, restore, snapshot, store
from subs_assets.archive.errors import ArchiveError, UnreadableDatabase, UnsupportedDatabase
from subs_assets.archive.postgres import connection as postgres_connection
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive.conftest import PostgresPlace
from subs_assets_tests.unit.archive.postgres_oracle import plain

NewPostgres = Callable[..., PostgresPlace]
TWO_TABLES = (
    "CREATE TABLE a AS SELECT generate_series(1, 100) AS n; CREATE TABLE b AS SELECT generate_series(1, 100) AS n"
)


def rows_of(archive: Path, table: str) -> list[dict[str, object]]:
    return list(store.read_rows(archive, table))


def nothing_left(destination: Path) -> bool:
    return [path for path in destination.iterdir() if not path.name.endswith(".lock")] == []


@pytest.mark.archive_case(38)
def test_writers_at_work_are_seen_as_of_one_moment(new_postgres: NewPostgres, tmp_path: Path) -> None:
    """Case 38: what leaves one table comes to the other in the same transaction, thousands of times."""
    place = new_postgres(
        "CREATE TABLE a (n int); CREATE TABLE b (n int); INSERT INTO a SELECT generate_series(1, 1000)"
    )
    done = threading.Event()

    def write() -> None:
        with psycopg.connect(plain(place.server, place.name), autocommit=True) as connection:
            while not done.is_set():
                connection.execute(
                    "WITH moved AS (DELETE FROM a WHERE n % 7 = 0 RETURNING n) INSERT INTO b SELECT n FROM moved"
                )
                connection.execute("WITH moved AS (DELETE FROM b RETURNING n) INSERT INTO a SELECT n FROM moved")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            archive = snapshot.create({"warehouse": place.url}, tmp_path / "archives")
            assert len(rows_of(archive, "a")) + len(rows_of(archive, "b")) == 1000
    finally:
        done.set()
        writer.join()


@pytest.mark.archive_case(39)
def test_a_table_is_not_truncated_between_the_snapshot_and_its_rows(new_postgres: NewPostgres, tmp_path: Path) -> None:
    """Case 39: TRUNCATE is not MVCC-safe: after it, a snapshot from before sees an empty table."""
    place = new_postgres(TWO_TABLES)
    refused: list[str] = []

    def truncate(database: str, table: str, rows: int) -> None:
        if table == "a":
            with psycopg.connect(plain(place.server, place.name), autocommit=True) as other:
                other.execute("SET lock_timeout = '200ms'")
                try:
                    other.execute("TRUNCATE b")
                except psycopg.errors.LockNotAvailable:
                    refused.append("b")

    archive = snapshot.create({"warehouse": place.url}, tmp_path / "archives", progress=truncate)
    assert len(rows_of(archive, "b")) == 100
    assert refused == ["b"]


@pytest.mark.archive_case(39)
def test_a_table_that_is_filled_anew_while_its_lock_is_waited_for_is_not_empty(
    new_postgres: NewPostgres, tmp_path: Path
) -> None:
    """Case 39: a snapshot from before the lock would see neither the old rows nor the new ones."""
    place = new_postgres(TWO_TABLES)
    made: list[Path] = []
    with psycopg.connect(plain(place.server, place.name)) as other:
        other.execute("TRUNCATE b")
        other.execute("INSERT INTO b SELECT generate_series(1, 50)")
        archiving = threading.Thread(
            target=lambda: made.append(snapshot.create({"warehouse": place.url}, tmp_path / "archives"))
        )
        archiving.start()
        while not place.server.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation'"):
            archiving.join(0.05)
            assert archiving.is_alive()
        other.commit()
    archiving.join()
    assert len(rows_of(made[0], "b")) == 50


@pytest.mark.archive_case(11)
@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("CREATE VIEW later AS SELECT 1", "view later"),
        ("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'", r"function f\(\)"),
        ("CREATE TABLE later (a int)", "table later"),
        ("DROP TYPE mood", "enum mood"),
        ("CREATE PUBLICATION p FOR ALL TABLES", "publication p"),
    ],
)
def test_a_schema_that_changes_meanwhile_is_no_archive(
    new_postgres: NewPostgres, tmp_path: Path, statement: str, word: str
) -> None:
    """Case 11."""
    place = new_postgres(
        TWO_TABLES, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE TYPE mood AS ENUM ('a')"
    )

    def change(database: str, table: str, rows: int) -> None:
        if table == "a":
            place.execute(statement)

    with pytest.raises(UnreadableDatabase, match=f"its schema was changed while it was read .*{word}.*try again"):
        snapshot.create({"warehouse": place.url}, tmp_path / "archives", progress=change)
    assert nothing_left(tmp_path / "archives")


def test_rows_that_are_not_archived_may_come_meanwhile(new_postgres: NewPostgres, tmp_path: Path) -> None:
    place = new_postgres(
        TWO_TABLES,
        "CREATE EXTENSION hstore; CREATE TABLE jobs (n int); ALTER EXTENSION hstore ADD TABLE jobs",
        "SELECT lo_create(0); INSERT INTO jobs VALUES (1)",
    )

    def work(database: str, table: str, rows: int) -> None:
        place.execute("SELECT lo_create(0)", "INSERT INTO jobs VALUES (2)")

    archive = snapshot.create({"w": place.url}, tmp_path / "archives", progress=work)
    assert store.read_manifest(archive).not_represented == (
        "w: extension hstore: 1 rows of its own table public.jobs are not archived",
        "w: 1 large objects are not archived",
    )


@pytest.mark.archive_case(11)
def test_a_table_that_is_dropped_before_it_is_locked_is_read_anew(
    new_postgres: NewPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 11: between the first look at the catalogue and the locks."""
    place = new_postgres(TWO_TABLES)
    real_lock = postgres_connection.lock

    def lock(connection: object, url: object, tables: list[str], *others: object) -> None:
        if '"public"."late"' not in tables:
            place.execute("CREATE TABLE late AS SELECT 1 AS n")
        real_lock(connection, url, tables, *others)  # type: ignore[arg-type]

    monkeypatch.setattr("subs_assets.archive.postgres.source.lock", lock)
    archive = snapshot.create({"warehouse": place.url}, tmp_path / "archives")
    assert [table.name for table in store.read_manifest(archive).tables] == ["a", "b", "late"]


@pytest.mark.archive_case(11)
@pytest.mark.parametrize("statement", ["DROP TABLE s.gone", "DROP SCHEMA s CASCADE"])
def test_a_table_that_is_gone_when_it_is_locked_is_left_out(
    new_postgres: NewPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    """Case 11."""
    place = new_postgres(TWO_TABLES, "CREATE SCHEMA s; CREATE TABLE s.gone (n int)")
    real_lock = postgres_connection.lock

    def lock(connection: object, url: object, tables: list[str], *others: object) -> None:
        if '"s"."gone"' in tables:
            place.execute(statement)
        real_lock(connection, url, tables, *others)  # type: ignore[arg-type]

    monkeypatch.setattr("subs_assets.archive.postgres.source.lock", lock)
    archive = snapshot.create({"warehouse": place.url}, tmp_path / "archives")
    assert [table.name for table in store.read_manifest(archive).tables] == ["a", "b"]


@pytest.mark.archive_case(32)
def test_equal_rows_have_equal_digests_however_they_lie_and_whatever_the_locale(new_postgres: NewPostgres) -> None:
    words = ["b", "B", "a", "A", "ä", "z", "1", "a b", "a-b", ""]
    place = new_postgres()
    name = f"{place.name}_c"
    place.execute(f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        other = PostgresPlace(place.server, name)
        for one, order in ((place, words), (other, words[::-1])):
            one.execute(
                "CREATE TABLE no_key (w text, n int)",
                "CREATE TABLE by_word (w text PRIMARY KEY, n int)",
                "CREATE TABLE by_number (n int PRIMARY KEY, w text)",
            )
            for number, word in ((words.index(word), word) for word in order):
                one.execute(
                    f"INSERT INTO no_key VALUES ('{word}', {number}), ('{word}', NULL), ('{word}', NULL)",
                    f"INSERT INTO by_word VALUES ('{word}', {number})",
                    f"INSERT INTO by_number VALUES ({number}, '{word}')",
                )
        assert digest.digests(place.url) == digest.digests(other.url)
    finally:
        place.server.drop_database(name)


@pytest.mark.archive_case(40)
def test_two_archives_at_once_are_equal(new_postgres: NewPostgres, tmp_path: Path) -> None:
    """Case 40."""
    place = new_postgres(TWO_TABLES)
    made: list[Path] = []
    threads = [
        threading.Thread(
            target=lambda number=number: made.append(snapshot.create({"w": place.url}, tmp_path / str(number)))
        )
        for number in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second, third = (store.read_manifest(archive).digests("w") for archive in made)
    assert first == second == third


@pytest.mark.archive_case(41)
def test_a_lock_that_is_waited_for_in_vain_names_who_holds_it(
    new_postgres: NewPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 41."""
    monkeypatch.setitem(postgres_connection.SESSION_SETTINGS, "lock_timeout", "200ms")  # type: ignore[arg-type]
    place = new_postgres(TWO_TABLES)
    with psycopg.connect(plain(place.server, place.name), application_name="a long migration") as other:
        other.execute("LOCK TABLE b")
        reader = psycopg.connect(plain(place.server, place.name))
        reader.execute("SELECT * FROM a")  # is in nobody's way
        with pytest.raises(UnreadableDatabase) as raised:
            snapshot.create({"warehouse": place.url}, tmp_path / "archives")
        assert f"process {other.info.backend_pid} of subs (a long migration), idle in transaction" in str(raised.value)
        assert str(raised.value).count(" process ") == 1
        reader.close()
    assert nothing_left(tmp_path / "archives")
    assert snapshot.create({"warehouse": place.url}, tmp_path / "archives").is_dir()


@pytest.mark.archive_case(50)
def test_a_connection_that_is_lost_leaves_nothing(new_postgres: NewPostgres, tmp_path: Path) -> None:
    """Case 50."""
    place = new_postgres(TWO_TABLES)

    def cut(database: str, table: str, rows: int) -> None:
        place.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'subs_assets archive' AND datname = current_database()"
        )

    with pytest.raises(UnreadableDatabase, match="table b cannot be read"):
        snapshot.create({"warehouse": place.url}, tmp_path / "archives", progress=cut)
    assert nothing_left(tmp_path / "archives")


@pytest.mark.archive_case(37)
@pytest.mark.parametrize(
    ("statements", "word"),
    [
        (["CREATE TABLE hidden (a int)"], "permission denied for table hidden"),
        (
            ["CREATE SCHEMA hidden", "CREATE TABLE hidden.t (a int)", "GRANT SELECT ON hidden.t TO {role}"],
            "schema hidden",
        ),
        (["CREATE SEQUENCE hidden"], "permission denied for sequence hidden"),
        (
            [
                "CREATE TABLE guarded (a int)",
                "GRANT SELECT ON guarded TO {role}",
                "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY few ON guarded USING (a > 1)",
            ],
            'row-level security policy for table "guarded"',
        ),
    ],
)
def test_what_one_may_not_read_is_an_error_and_not_left_out(
    new_postgres: NewPostgres, tmp_path: Path, statements: list[str], word: str
) -> None:
    place = new_postgres(TWO_TABLES)
    role = f"reader_{place.name}"
    place.execute(f"CREATE ROLE {role} LOGIN", "GRANT SELECT ON a, b TO " + role)
    url = place.url.replace("subs@", f"{role}@")
    try:
        assert store.read_manifest(snapshot.create({"warehouse": url}, tmp_path / "archives")).complete
        place.execute(*(statement.format(role=role) for statement in statements))
        with pytest.raises(UnreadableDatabase, match=word):
            snapshot.create({"warehouse": url}, tmp_path / "archives")
        assert len(store.list_archives(tmp_path / "archives")) == 1
    finally:
        place.execute(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.mark.archive_case(36)
@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["SELECT lo_create(0)", "SELECT lo_create(0)"], ["2 large objects"]),
        (["CREATE PUBLICATION p FOR TABLE a"], ["publication p"]),
        (
            [
                "CREATE EXTENSION file_fdw",
                "CREATE SERVER s FOREIGN DATA WRAPPER file_fdw",
                "CREATE FOREIGN TABLE f (a int) SERVER s OPTIONS (filename '/nowhere')",
            ],
            ["server s", "foreign table public.f"],
        ),
        (["CREATE FOREIGN DATA WRAPPER bare"], ["foreign-data wrapper bare"]),
        (
            [
                "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
                "CREATE EVENT TRIGGER on_end ON ddl_command_end EXECUTE FUNCTION e()",
            ],
            ["event trigger on_end"],
        ),
        (["CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int)"], ["aggregate public.total"]),
        (["CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl)"], ["operator public.###"]),
        (
            [
                "CREATE FUNCTION as_int(boolean[]) RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "CREATE CAST (boolean[] AS int) WITH FUNCTION as_int(boolean[])",
            ],
            [r"cast \(boolean\[\] AS integer\)"],
        ),
        (["CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple)"], ["text search configuration public.mine"]),
        (["CREATE OPERATOR FAMILY fam USING btree"], ["operator family public.fam"]),
        (["CREATE CONVERSION conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8"], ["conversion public.conv"]),
        (["CREATE TYPE shell"], ["type public.shell"]),
        (["CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler"], ["access method other"]),
        (["CREATE EXTENSION seg", "CREATE TABLE t (a int)", "ALTER EXTENSION seg ADD TABLE t"], []),
        (["CREATE EXTENSION seg", "CREATE TABLE t AS SELECT 1 AS a", "ALTER EXTENSION seg ADD TABLE t"], ["public.t"]),
        (
            [
                "CREATE TABLE parent (a int PRIMARY KEY)",
                "CREATE TABLE c (a int REFERENCES parent)",
                "ALTER TABLE c DISABLE TRIGGER ALL",
            ],
            ["table c: the checks of its foreign key c_a_fkey are switched off"],
        ),
        (
            ["CREATE TABLE p (a int)", "CREATE TABLE c (own int) INHERITS (p)", "ALTER TABLE p ADD late int"],
            ["table c: it inherits columns"],
        ),
        (["SECURITY"], ["security labels"]),
        (
            [
                "CREATE FUNCTION f(row_of_a a) RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "ALTER TABLE a ALTER n SET DEFAULT f(NULL)",
            ],
            ["need each other, so a restore can make none first: function f(row_of_a public.a), table a"],
        ),
    ],
)  # fmt: skip
def test_what_is_not_represented_is_named(
    new_postgres: NewPostgres, tmp_path: Path, statements: list[str], words: list[str]
) -> None:
    """Whatever an archive does not hold makes it incomplete."""
    if statements == ["SECURITY"]:
        statements = ["SET allow_system_table_mods = on; INSERT INTO pg_seclabel VALUES (1, 1, 0, 'x', 'y')"]
    place = new_postgres(TWO_TABLES, *statements)
    manifest = store.read_manifest(snapshot.create({"warehouse": place.url}, tmp_path / "archives"))
    assert manifest.complete is (not words)
    for word in words:
        assert any(word.replace("\\", "") in sentence for sentence in manifest.not_represented), (
            manifest.not_represented
        )


def test_temporary_tables_of_other_sessions_are_nobodys_loss(new_postgres: NewPostgres, tmp_path: Path) -> None:
    place = new_postgres(TWO_TABLES)
    with psycopg.connect(plain(place.server, place.name), autocommit=True) as other:
        other.execute("CREATE TEMPORARY TABLE scratch (id serial PRIMARY KEY, long text CHECK (long <> ''))")
        other.execute("CREATE TEMPORARY VIEW looks AS SELECT * FROM scratch")
        manifest = store.read_manifest(snapshot.create({"warehouse": place.url}, tmp_path / "archives"))
    assert manifest.complete
    assert [table.name for table in manifest.tables] == ["a", "b"]


def test_an_index_that_failed_is_named(new_postgres: NewPostgres, tmp_path: Path) -> None:
    place = new_postgres("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        place.execute("CREATE UNIQUE INDEX CONCURRENTLY half ON t (a)")
    manifest = store.read_manifest(snapshot.create({"warehouse": place.url}, tmp_path / "archives"))
    assert ["index public.half" in sentence for sentence in manifest.not_represented] == [True]


def test_rows_that_a_user_gave_an_extension_are_named(new_postgres: NewPostgres, tmp_path: Path) -> None:
    place = new_postgres("CREATE EXTENSION seg", "CREATE TABLE config (a int)", "INSERT INTO config VALUES (1)")
    place.execute(
        "ALTER EXTENSION seg ADD TABLE config",
        "UPDATE pg_extension SET extconfig = ARRAY['config'::regclass::oid], extcondition = ARRAY['WHERE a > 0'] "
        "WHERE extname = 'seg'",
    )
    manifest = store.read_manifest(snapshot.create({"warehouse": place.url}, tmp_path / "archives"))
    assert manifest.not_represented == (
        "warehouse: extension seg: 1 rows of its own table public.config are not archived",
    )


CONTROL = "CREATE SCHEMA subs_control; CREATE TABLE subs_control.decisions (verdict text PRIMARY KEY); " \
    "INSERT INTO subs_control.decisions VALUES ('accept'); CREATE SEQUENCE subs_control.entries"  # fmt: skip


def test_each_row_is_archived_once_where_two_urls_lead_to_one_database(
    new_postgres: NewPostgres, tmp_path: Path
) -> None:
    place = new_postgres(TWO_TABLES, CONTROL)
    control = place.schema_url("subs_control")
    # However the URLs are spelt.
    warehouse = place.url.replace("127.0.0.1", "localhost")
    manifest = store.read_manifest(snapshot.create({"warehouse": warehouse, "control": control}, tmp_path / "archives"))
    assert {(table.database, table.name) for table in manifest.tables} == {
        ("warehouse", "a"),
        ("warehouse", "b"),
        ("control", "decisions"),
    }
    assert manifest.databases["warehouse"].schemas == ("public",)
    assert manifest.databases["control"].schemas == ("subs_control",)
    assert [len(entry.sequences) for entry in manifest.databases.values()] == [0, 1]


def test_one_url_leaves_nothing_out(new_postgres: NewPostgres, tmp_path: Path) -> None:
    place, other = new_postgres(TWO_TABLES, CONTROL), new_postgres(CONTROL)
    alone = store.read_manifest(snapshot.create({"warehouse": place.url}, tmp_path / "archives"))
    assert [table.name for table in alone.tables] == ["a", "b", "subs_control.decisions"]
    # A control schema of another database is no reason to leave out this one's.
    both = {"warehouse": place.url, "control": other.schema_url("subs_control")}
    manifest = store.read_manifest(snapshot.create(both, tmp_path / "archives"))
    assert [table.name for table in manifest.tables_of("warehouse")] == ["a", "b", "subs_control.decisions"]
    assert rows_of(tmp_path / "archives" / store.list_archives(tmp_path / "archives")[0].name, "subs_control.decisions")


def test_a_search_path_from_elsewhere_narrows_nothing(
    new_postgres: NewPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = new_postgres(TWO_TABLES, CONTROL)
    place.execute(f"ALTER DATABASE {place.name} SET search_path = subs_control")
    monkeypatch.setenv("PGOPTIONS", "-csearch_path=subs_control")
    manifest = store.read_manifest(snapshot.create({"warehouse": place.url}, tmp_path / "archives"))
    assert len(manifest.tables) == 3


@pytest.mark.parametrize(
    ("options", "only"),
    [
        ("-csearch_path=subs_control", "subs_control"),
        ("-c search_path=Subs_Control", "subs_control"),
        ('-c search_path="Mixed"', "Mixed"),
        ("-c statement_timeout=0 -c search_path=one -csearch_path=two", "two"),
        ("--search_path=three -c jit=off", "three"),
        ("--search-path=four", "four"),
        ("-cSearch_Path=five", "five"),
        ("-c jit=off", None),
    ],
)
def test_a_url_says_which_schema_it_stands_for(options: str, only: str | None) -> None:
    url = f"postgresql+psycopg://u:secret@h/n?options={options.replace('=', '%3D').replace(' ', '%20')}"
    assert postgres_connection.scope_of(url).only == only


def test_a_url_of_several_schemas_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedDatabase, match="name one schema, or none"):
        snapshot.create({"w": "postgresql+psycopg://u:secret@h/n?options=-csearch_path%3Da,b"}, tmp_path / "archives")


def test_a_schema_that_is_not_there_is_an_error(new_postgres: NewPostgres, tmp_path: Path) -> None:
    with pytest.raises(UnreadableDatabase, match="there is no schema nowhere"):
        snapshot.create({"control": new_postgres().schema_url("nowhere")}, tmp_path / "archives")


def test_what_a_schema_needs_from_outside_is_named(new_postgres: NewPostgres, tmp_path: Path) -> None:
    place = new_postgres("CREATE TYPE mood AS ENUM ('a')", CONTROL, "ALTER TABLE subs_control.decisions ADD m mood")
    control = {"control": place.schema_url("subs_control")}
    manifest = store.read_manifest(snapshot.create(control, tmp_path / "archives"))
    assert manifest.not_represented == (
        "control: table subs_control.decisions needs type public.mood, which is not in this archive",
    )


def test_no_password_is_in_a_message_a_manifest_or_a_folder(new_postgres: NewPostgres, tmp_path: Path) -> None:
    place = new_postgres(TWO_TABLES)
    url = place.url.replace("subs@", "subs:s3cr3t@")
    archive = snapshot.create({"w": url}, tmp_path / "archives")
    assert all(b"s3cr3t" not in path.read_bytes() for path in archive.rglob("*") if path.is_file())
    for wrong in (url.replace(place.name, "s3cr3t_is_missing"), url.replace(str(place.server.port), "1")):
        for work in (snapshot.create, restore.restore):
            arguments = ({"w": wrong}, tmp_path / "archives") if work is snapshot.create else (archive, {"w": wrong})
            with pytest.raises(ArchiveError) as raised:
                work(*arguments)  # type: ignore[arg-type]
            assert ":s3cr3t" not in str(raised.value)
            assert raised.value.__suppress_context__  # or a traceback would show what the driver said


@pytest.mark.parametrize("password", ["s3cr3t@x:y", "s3cr3t:x"])
def test_a_url_that_cannot_be_read_is_not_printed(tmp_path: Path, password: str) -> None:
    with pytest.raises(UnsupportedDatabase, match="no database URL") as raised:
        snapshot.create({"w": f"postgresql+psycopg://subs@host:{password}/name"}, tmp_path / "archives")
    assert raised.value.__suppress_context__


@pytest.mark.archive_case(17)
def test_another_encoding_is_kept(new_postgres: NewPostgres, tmp_path: Path) -> None:
    """Text comes as UTF-8 from whatever the server keeps it in."""
    place = new_postgres()
    name = f"{place.name}_latin"
    make = (
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    place.execute(make)
    try:
        latin = PostgresPlace(place.server, name)
        latin.execute("CREATE TABLE t (a text PRIMARY KEY)", "INSERT INTO t VALUES ('Müsli'), ('a')")
        archive = snapshot.create({"warehouse": latin.url}, tmp_path / "archives")
        assert rows_of(archive, "t") == [{"a": "Müsli"}, {"a": "a"}]
        assert drill.drill(archive, {"warehouse": latin.url}).ok
        with pytest.raises(ArchiveError, match="has the encoding UTF8, the archived one had LATIN1"):
            restore.restore(archive, {"warehouse": place.url})
    finally:
        place.server.drop_database(name)


@pytest.mark.archive_case(17)
def test_text_that_is_none_is_an_error(new_postgres: NewPostgres, tmp_path: Path) -> None:
    """A database without an encoding may hold any bytes."""
    place = new_postgres()
    name = f"{place.name}_ascii"
    place.execute(
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc "
        "LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    try:
        PostgresPlace(place.server, name).execute(
            "CREATE TABLE t AS SELECT convert_from('\\xff'::bytea, 'SQL_ASCII') AS a"
        )
        with pytest.raises(UnreadableDatabase, match="table t cannot be read: invalid byte sequence"):
            snapshot.create({"warehouse": place.server.url(name)}, tmp_path / "archives")
    finally:
        place.server.drop_database(name)


def test_settings_of_a_database_or_a_role_change_no_value(
    rich_template: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    place = PostgresPlace(postgres_server, postgres_server.new_database(rich_template))
    try:
        before = digest.digests(place.url)
        for setting, value in (
            ("DateStyle", "SQL, DMY"), ("IntervalStyle", "iso_8601"), ("TimeZone", "Asia/Kathmandu"),
            ("extra_float_digits", "-15"), ("bytea_output", "escape"),
            ("xmloption", "document"), ("array_nulls", "off"), ("search_path", "nowhere"), ("row_security", "on"),
            ("client_encoding", "LATIN1"), ("quote_all_identifiers", "on"), ("standard_conforming_strings", "off"),
            ("default_transaction_read_only", "on"), ("default_transaction_isolation", "serializable"),
        ):  # fmt: skip
            place.server.execute(f"ALTER DATABASE {place.name} SET {setting} = '{value}'")
        assert digest.digests(place.url) == before
        archive = snapshot.create({"warehouse": place.url}, tmp_path / "archives")
        assert store.read_manifest(archive).digests("warehouse") == before
    finally:
        place.server.drop_database(place.name)
