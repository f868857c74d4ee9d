"""What comes back from an archive of PostgreSQL; the numbers are those of the cases that the archive must stand."""

from collections.abc import Callable
from pathlib import Path

from subs_assets.archive import digest, drill, restore, snapshot, store, verify
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.unit.archive.conftest import PostgresPlace
from subs_assets_tests.unit.archive.postgres_oracle import content

NewPostgres = Callable[..., PostgresPlace]


def test_a_rich_database_comes_back_cell_by_cell(
    postgres_server: PostgresServer, rich_template: str, new_postgres: NewPostgres, tmp_path: Path
) -> None:
    """Cases 8, 10, 15, 18, 21-26, 28-36."""
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
