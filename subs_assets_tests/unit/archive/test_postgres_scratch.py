"""Scratch databases of a role that is no superuser; those of drills are test_postgres_restore.py's."""

import time

import psycopg
from sqlalchemy import make_url

from subs_assets.archive.postgres.scratch import scratch_database
from subs_assets_tests.postgres_server import SETTINGS, running_server

AUTOVACUUM_THAT_STAYS = (
    "autovacuum_naptime=1",  # seconds between its looks at a database
    "autovacuum_vacuum_cost_delay=100",
    "autovacuum_vacuum_cost_limit=1",
)


def test_one_goes_while_autovacuum_is_in_it_though_its_role_is_no_superuser() -> None:
    """FORCE refused for that reason, and what a night's drill had restored stayed on the server."""
    with running_server((*SETTINGS, *AUTOVACUUM_THAT_STAYS)) as server:
        server.execute("CREATE ROLE night LOGIN CREATEDB")
        with scratch_database(make_url(server.url()).set(username="night")) as scratch:
            with psycopg.connect(scratch.set(drivername="postgresql").render_as_string()) as connection:
                connection.execute("CREATE TABLE rows AS SELECT generate_series(1, 200000) AS number")
                connection.execute("DELETE FROM rows WHERE number % 2 = 0")
            workers = (
                "SELECT count(*) FROM pg_stat_activity "
                f"WHERE datname = '{scratch.database}' AND backend_type = 'autovacuum worker'"
            )
            deadline = time.monotonic() + 60
            while server.execute(workers) == [(0,)]:
                assert time.monotonic() < deadline, "autovacuum does not come"
                time.sleep(0.05)
        assert server.execute("SELECT count(*) FROM pg_database WHERE datname ~ '^subs_drill'") == [(0,)]
