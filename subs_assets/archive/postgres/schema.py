"""What a PostgreSQL database consists of, asked of its catalogue: tables, DDL, sequences; no row is read here."""

from dataclasses import dataclass

from pydantic import JsonValue

from subs_assets.archive.manifest import SchemaObject, Scope
from subs_assets.archive.postgres import objects, tables, types
from subs_assets.archive.postgres.catalogue import Catalogue, Graph, qualified
from subs_assets.archive.postgres.connection import Connection
from subs_assets.archive.postgres.tables import PostgresTable


@dataclass(frozen=True)
class PostgresSchema:
    """The whole of it; ``problems`` says, a sentence each, what of it no statement makes, ``rows_left_out`` which rows
    no archive holds.
    """

    schemas: tuple[str, ...]
    tables: tuple[PostgresTable, ...]
    sequences: tuple[str, ...]  # quoted, with their schemas
    ddl: tuple[SchemaObject, ...]
    problems: tuple[str, ...]
    rows_left_out: tuple[str, ...]

    @property
    def not_represented(self) -> tuple[str, ...]:
        """What an archive of this database would lack."""
        return self.problems + self.rows_left_out


def read_schema(connection: Connection, scope: Scope) -> PostgresSchema:
    """Read the schema within the connection's transaction; it must have its settings pinned."""
    catalogue = Catalogue(connection, scope)
    relations = tables.read_relations(catalogue)
    statements = [
        *types.type_statements(catalogue),
        *objects.object_statements(catalogue),
        *tables.table_statements(catalogue, relations),
    ]
    graph = Graph(catalogue, statements)
    problems = [
        *graph.missing(),
        *tables.problems_of(catalogue, relations),
        *objects.problems_of(catalogue),
    ]
    statements += objects.refreshes(catalogue, graph)
    statements += objects.extension_dependencies(catalogue, graph, problems)
    statements += objects.comments(catalogue, graph, problems)
    ordered = Graph(catalogue, statements).ordered(problems)
    return PostgresSchema(
        schemas=tuple(sorted(catalogue.schemas.values())),
        tables=tables.tables_of(catalogue, relations),
        sequences=tuple(qualified(row.nspname, row.relname) for row in catalogue.rows(_SEQUENCES)),
        ddl=tuple(SchemaObject(kind=one.kind, name=one.name, table=one.table, sql=one.sql) for one in ordered),
        problems=tuple(problems),
        rows_left_out=tuple(objects.rows_left_out(catalogue)),
    )


def table_names(connection: Connection, scope: Scope) -> dict[int, str]:
    """OID -> quoted name with its schema, of all tables that the scope covers, sorted by name."""
    relations = tables.read_relations(Catalogue(connection, scope))
    return {relation.row.oid: relation.qualified_name for relation in relations}


def sequence_values(connection: Connection, schema: PostgresSchema) -> tuple[dict[str, JsonValue], ...]:
    """Where each sequence stands: its name, ``value``, and whether that value was given out (``called``)."""
    return tuple(
        {"name": name, "value": row.last_value, "called": row.is_called}
        for name in schema.sequences
        for row in connection.execute(f"SELECT last_value, is_called FROM {name}")
    )


_SEQUENCES = """
    SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' AND c.relnamespace = ANY (%(schemas)s) AND c.oid NOT IN (
        SELECT objid FROM pg_catalog.pg_depend
        WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND deptype = 'e')
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
"""
