"""Two PostgreSQL databases compared by ``pg_dump`` and through the plain driver, without any code of the archive."""

import re
import subprocess

import psycopg

from subs_assets_tests.postgres_server import PostgresServer


def content(server: PostgresServer, database: str, *schemas: str) -> dict[str, object]:
    """Everything that a database holds, or that some schemas of it hold: its DDL as ``pg_dump`` writes it, each table's
    rows in COPY's own form, where the sequences stand, and the materialised views' rows.
    """
    found: dict[str, object] = {"schema": schema(server, database, *schemas)}
    with psycopg.connect(plain(server, database), autocommit=True) as connection:
        connection.execute("SET row_security = off")
        relations = connection.execute(
            "SELECT n.nspname, c.relname, c.relkind::text, c.oid::regclass::text "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'S', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        ).fetchall()
        for schema_name, name, kind, quoted in relations:
            if schemas and schema_name not in schemas:
                continue
            if kind == "m":
                populated = connection.execute(
                    "SELECT relispopulated FROM pg_class WHERE oid = %s::regclass", (quoted,)
                ).fetchone()
                if populated == (False,):
                    continue
            columns = "last_value, is_called" if kind == "S" else "*"
            only = "ONLY " if kind == "r" else ""
            with connection.cursor().copy(f"COPY (SELECT {columns} FROM {only}{quoted}) TO STDOUT") as copy:
                found[f"{schema_name}.{name}"] = sorted(bytes(row) for row in copy)
    return found


def schema(server: PostgresServer, database: str, *schemas: str) -> str:
    """``pg_dump --schema-only``, without what differs from one run to the next."""
    chosen = [f"--schema={name}" for name in schemas]
    command = [
        server.programs / "pg_dump", "--host=127.0.0.1", f"--port={server.port}", "--username=subs", "--schema-only",
        "--no-owner", *chosen, database,
    ]  # fmt: skip
    dumped = subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout
    return re.sub(r"^\\(un)?restrict .*$", "", dumped, flags=re.MULTILINE)


def plain(server: PostgresServer, database: str) -> str:
    """A URL for the driver itself."""
    return server.url(database).replace("+psycopg", "")
