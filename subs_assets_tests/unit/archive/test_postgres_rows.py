"""Rows between COPY's text and lines of JSON, judged by a real server."""

import json

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from subs_assets.archive.errors import BadArchive
from subs_assets.archive.postgres.rows import BLOCK, copy_blocks, json_lines
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive.postgres_oracle import plain

cells = st.one_of(
    st.none(),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
    st.text('\\\\nrtbfvN."\t\n\r\b\f\v\x01\x7f\u2028 ', max_size=8),
)


@pytest.fixture(scope="module")
def connection(postgres_server: PostgresServer) -> psycopg.Connection:
    name = postgres_server.new_database()
    connected = psycopg.connect(plain(postgres_server, name), autocommit=True)
    connected.execute("CREATE TABLE here (n int, a text, b text); CREATE TABLE there (n int, a text, b text)")
    return connected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(cells, cells), max_size=6))
@example([("\\", None), ('\\"', "x"), ('"', "\\\\"), ("\\N", ""), ("\\.", "N")])
def test_any_text_goes_to_json_and_back_as_it_was(
    connection: psycopg.Connection, rows: list[tuple[str | None, str | None]]
) -> None:
    connection.execute("TRUNCATE here, there")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO here VALUES (%s, %s, %s)", [(n, *row) for n, row in enumerate(rows)])
        with cursor.copy("COPY (SELECT * FROM here ORDER BY n) TO STDOUT") as copy:
            lines = list(json_lines(copy, ("n", "a", "b")))
        assert [json.loads(line) for line in lines] == [{"n": str(n), "a": a, "b": b} for n, (a, b) in enumerate(rows)]
        assert all(line.endswith(b"\n") for line in lines)
        with cursor.copy("COPY there FROM STDIN") as copy:
            for block in copy_blocks([line[:-1] for line in lines], ("n", "a", "b")):
                copy.write(block)
    assert connection.execute("SELECT * FROM there ORDER BY n").fetchall() == [(n, *row) for n, row in enumerate(rows)]


def test_blocks_are_of_bounded_size() -> None:
    line = json.dumps({"a": "x" * 1000}).encode()
    blocks = list(copy_blocks([line] * 1000, ("a",)))
    assert sum(block.count("\n") for block in blocks) == 1000
    assert max(map(len, blocks)) < BLOCK + 2000


@pytest.mark.parametrize("line", [b'{"b":"x"}', b'{"a":1}', b'{"a":["x"]}', b"no json", b'{"a":"x","a":"y","b":"z"}'])
def test_a_line_of_another_table_is_refused(line: bytes) -> None:
    with pytest.raises(BadArchive):
        list(copy_blocks([line], ("a",)))
