"""What a reset does on PostgreSQL only; the numbers are those of the cases that the archive must stand."""

import threading

import psycopg
import pytest

from subs_assets.archive import reset, reset_state, snapshot, store
from subs_assets.archive.databases import open_for_wiping
from subs_assets.archive.errors import ResetRefused
from subs_assets.archive.places import LocalPlace
from subs_assets.archive.postgres import connection as postgres_connection
from subs_assets.database.kept_decisions import record_decision
from subs_assets_tests.unit.archive.conftest import PostgresSchemas
from subs_assets_tests.unit.archive.lossy_proxy import LossyProxy
from subs_assets_tests.unit.archive.postgres_oracle import content, plain


@pytest.fixture
def place(postgres_place: PostgresSchemas) -> PostgresSchemas:
    return postgres_place


def value_of(place: PostgresSchemas, query: str) -> object:
    return place.warehouse.server.execute(query, place.warehouse.name)[0][0]


def test_the_control_state_in_the_same_database_stays(place: PostgresSchemas) -> None:
    decision = {"company_slug": "aldi", "subject": "1", "target_company_slug": "coles", "target_subject": "2"}
    record_decision(place.control, kind="substitution", verdict="reject", decided_by="ana", **decision)
    request_id = place.archived_without_drill()
    server, name = place.warehouse.server, place.warehouse.name
    before = content(server, name, "subs_control")
    assert place.confirm(request_id).state == "wiped"
    after = content(server, name, "subs_control")
    assert after["subs_control.decisions"] == before["subs_control.decisions"] != []
    assert after["schema"] == before["schema"]


def test_sequences_start_again_and_materialised_views_are_empty(place: PostgresSchemas) -> None:
    assert place.confirm(place.archived_without_drill()).state == "wiped"
    assert value_of(place, "SELECT nextval('counter')") == 1
    assert value_of(place, "INSERT INTO listings (price) VALUES (1) RETURNING id") == 1
    assert value_of(place, "SELECT count FROM counted") == 0


def test_rows_that_only_a_materialised_view_has_are_not_wiped(place: PostgresSchemas) -> None:
    place.execute(
        "CREATE MATERIALIZED VIEW empty AS SELECT 1 WITH NO DATA",
        'CREATE MATERIALIZED VIEW "50% Off" AS SELECT slug, price FROM listings',
        'CREATE MATERIALIZED VIEW above AS SELECT slug FROM "50% Off"',
        "DELETE FROM listings WHERE id = 1",
        "REFRESH MATERIALIZED VIEW counted",
    )
    before = place.content()
    outcome = place.confirm(place.archived_without_drill())
    assert outcome.state == "refused"
    assert "the materialised view 50% Off, above are not what its query gives" in outcome.sentence
    assert place.content() == before
    place.execute('REFRESH MATERIALIZED VIEW "50% Off"', "REFRESH MATERIALIZED VIEW above")
    assert place.confirm(place.archived_without_drill()).state == "wiped"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO somebodys_notes VALUES ('between')",
        "SELECT * FROM listings",
        "SELECT nextval('counter')",
        "SELECT setval('listings_id_seq', 5)",
        "TRUNCATE alembic_version",
        "ALTER TABLE companies ADD later int",
    ],
)
def test_nobody_comes_between_the_comparison_and_the_wipe(place: PostgresSchemas, statement: str) -> None:
    entry = store.read_manifest(snapshot.create(place.databases, place.archives)).databases["warehouse"]
    with (
        open_for_wiping(place.databases["warehouse"], entry),
        psycopg.connect(plain(place.warehouse.server, place.warehouse.name)) as other,
    ):
        other.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute(statement)
        other.rollback()
        # The control state can be written meanwhile.
        reset.request(place.control, "ana")


def test_a_warehouse_in_use_is_not_wiped_and_who_uses_it_is_named(
    place: PostgresSchemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 41."""
    monkeypatch.setitem(postgres_connection.SESSION_SETTINGS, "lock_timeout", "200ms")  # type: ignore[arg-type]
    request_id = place.archived_without_drill()
    before = place.content()
    with psycopg.connect(plain(place.warehouse.server, place.warehouse.name), application_name="a run") as other:
        other.execute("INSERT INTO somebodys_notes VALUES ('half way')")
        outcome = place.confirm(request_id)
        assert outcome.state == "refused"
        assert f"process {other.info.backend_pid} of subs (a run), idle in transaction" in outcome.sentence
        assert outcome.sentence.count(" process ") == 1
        other.rollback()
    assert place.content() == before


def test_who_holds_a_sequence_is_named(place: PostgresSchemas, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgres_connection.SESSION_SETTINGS, "lock_timeout", "200ms")  # type: ignore[arg-type]
    request_id = place.archived_without_drill()
    url = plain(place.warehouse.server, place.warehouse.name)
    with psycopg.connect(url) as reader, psycopg.connect(url, application_name="a run") as other:
        reader.execute("SELECT last_value FROM counter")
        other.execute("ALTER SEQUENCE counter CYCLE")
        outcome = place.confirm(request_id)
        assert "its sequences could not be locked (share row exclusive) within 30 seconds" in outcome.sentence
        assert f"in the way: process {other.info.backend_pid} of subs (a run), idle in" in outcome.sentence
        assert outcome.sentence.count(" process ") == 1
        other.rollback()


@pytest.mark.archive_case(65, 68)
def test_what_a_writer_commits_while_the_lock_is_waited_for_is_compared(place: PostgresSchemas) -> None:
    """The comparison sees what was committed last, not what was there when it was asked for."""
    request_id = place.archived_without_drill()
    outcomes: list[reset.Outcome] = []
    with psycopg.connect(plain(place.warehouse.server, place.warehouse.name)) as other:
        other.execute("UPDATE listings SET price = 9 WHERE id = 1")
        confirming = threading.Thread(target=lambda: outcomes.append(place.confirm(request_id)))
        confirming.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
        while not value_of(place, waiting):
            confirming.join(0.05)
        other.commit()
    confirming.join()
    assert "table listings has as many rows as were archived, 2, but not the same" in outcomes[0].sentence


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("INSERT INTO public.companies VALUES (''late'')", "table companies has 1 rows, 0 were archived"),
        ("RAISE EXCEPTION ''never''", "never"),
        ("DELETE FROM public.alembic_version", "table alembic_version has 0 rows"),
    ],
)
def test_a_wipe_that_does_not_end_in_an_empty_database_is_rolled_back(
    place: PostgresSchemas, body: str, word: str
) -> None:
    place.execute(
        f"CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {body}; RETURN NULL; END'",
        "CREATE TRIGGER act AFTER TRUNCATE ON somebodys_notes EXECUTE FUNCTION act()",
    )
    request_id = place.archived_without_drill()
    before = place.content()
    outcome = place.confirm(request_id)
    assert (outcome.state, word in outcome.sentence) == ("refused", True), outcome
    assert place.content() == before


def test_an_archive_that_takes_the_control_state_for_the_warehouse_wipes_nothing(place: PostgresSchemas) -> None:
    place.databases.pop("control")
    request_id = place.archived_without_drill()
    before = place.content()
    outcome = place.confirm(request_id)
    assert (outcome.state, "archive both under their own names" in outcome.sentence) == ("refused", True)
    assert place.content() == before


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (["CREATE SCHEMA theirs", "CREATE TABLE theirs.t AS SELECT 1 AS a"], '"theirs"."t"'),
        (["CREATE SCHEMA theirs", "CREATE SEQUENCE theirs.counter"], '"theirs"."counter"'),
        (["CREATE SCHEMA wh", "ALTER DATABASE {name} SET search_path = wh"], '"public"."companies"'),
    ],
)
def test_tables_beyond_the_schema_that_the_url_works_in_are_not_wiped(
    place: PostgresSchemas, statements: list[str], named: str
) -> None:
    place.execute(*(statement.format(name=place.warehouse.name) for statement in statements))
    request_id = place.archived_without_drill()
    server, name = place.warehouse.server, place.warehouse.name
    before = content(server, name, "public", "theirs")
    outcome = place.confirm(request_id)
    assert (outcome.state, named in outcome.sentence) == ("refused", True), outcome
    assert "a database of its own, or name its schema in the URL" in outcome.sentence
    assert content(server, name, "public", "theirs") == before


@pytest.mark.parametrize("options", ["-csearch_path%3Dwh", "-cSearch_Path%3Dwh", "--search-path%3Dwh"])
def test_a_schema_in_the_url_is_wiped_alone(place: PostgresSchemas, options: str) -> None:
    place.execute("CREATE SCHEMA wh", "CREATE TABLE wh.listings AS SELECT 1 AS id")
    place.databases["warehouse"] += f"?options={options}"
    before = place.content()
    assert place.confirm(place.archived_without_drill()).rows == {"listings": 1}
    assert place.content() == before
    assert value_of(place, "SELECT count(*) FROM wh.listings") == 0


def test_a_key_of_the_control_state_into_the_warehouse_is_no_complete_archive(place: PostgresSchemas) -> None:
    place.execute(
        "ALTER TABLE subs_control.decisions ADD CONSTRAINT across FOREIGN KEY (company_slug) REFERENCES companies"
    )
    request_id = reset.request(place.control, "ana")
    with pytest.raises(ResetRefused, match="not complete: control: .* needs .*, which is not in this archive"):
        reset.archive_request(place.control, request_id, place.databases, LocalPlace(place.archives))


def test_a_lost_connection_wipes_nothing(place: PostgresSchemas, monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 50."""
    request_id = place.archived_without_drill()
    before = place.content()
    real = postgres_connection.run_one

    def cut(connection: psycopg.Connection, statement: str) -> None:
        real(connection, statement)
        if statement.startswith("TRUNCATE"):
            place.execute(f"SELECT pg_terminate_backend({connection.info.backend_pid}, 5000)")

    monkeypatch.setattr("subs_assets.archive.postgres.wipe.run_one", cut)
    outcome = place.confirm(request_id)
    assert (outcome.state, "is as it was" in outcome.sentence) == ("refused", True)
    assert place.content() == before


def work_through(place: PostgresSchemas, proxy: LossyProxy) -> None:
    place.databases["warehouse"] = place.databases["warehouse"].replace(
        str(place.warehouse.server.port), str(proxy.port)
    )


@pytest.mark.archive_case(69)
def test_a_wipe_whose_commit_lost_its_answer_is_a_wipe(place: PostgresSchemas) -> None:
    with LossyProxy(place.warehouse.server.port) as proxy:
        work_through(place, proxy)
        request_id = place.archived_without_drill()
        assert proxy.lost == 0
        outcome = place.confirm(request_id)
        assert proxy.lost == 1
    assert (outcome.state, outcome.rows["listings"]) == ("wiped", 2)
    assert place.content()["listings"] == []


@pytest.mark.archive_case(69)
def test_a_wipe_of_which_nobody_can_tell_is_not_called_undone(place: PostgresSchemas) -> None:
    with LossyProxy(place.warehouse.server.port, stays_dead=True) as proxy:
        work_through(place, proxy)
        request_id = place.archived_without_drill()
        outcome = place.confirm(request_id)
    assert outcome.state == "refused"
    assert "cannot be found out" in outcome.sentence and "as it was" not in outcome.sentence
    found = reset_state.find(place.control, request_id)
    assert found is not None and "cannot be found out" in str(found.outcome)


def test_the_sentence_of_a_refusal_holds_no_password(place: PostgresSchemas) -> None:
    server, name = place.warehouse.server, place.warehouse.name
    place.databases["warehouse"] = place.databases["warehouse"].replace("subs@", "subs:s3cr3t@")
    request_id = place.archived_without_drill()
    server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
    outcome = place.confirm(request_id)
    server.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
    assert outcome.state == "refused"
    assert "not currently accepting connections" in outcome.sentence and "s3cr3t" not in outcome.sentence
    (_, command) = reset.ways_back("archives/1", place.databases["warehouse"])
    assert "subs:***@127.0.0.1" in command and "/restored" in command and "s3cr3t" not in command
