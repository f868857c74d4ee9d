"""The documented Dagster ways to run the graph, as programs, on a home whose vectors are known."""

import json
import sqlite3
from pathlib import Path

from subs_assets.database.engine import sqlite_file
from subs_assets.made_from import PUBLISHED
from subs_assets_tests.e2e.conftest import REPOSITORY, Installation
from subs_assets_tests.shops_and_runs import rows_in


def vector_files(installation: Installation) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in installation.settings.vectors.rglob("*") if file.is_file()}


def test_everything_is_materialised_the_archive_too(installation: Installation) -> None:
    before, vectors = rows_in(installation.settings.database_url), vector_files(installation)
    with sqlite3.connect(sqlite_file(installation.settings.database_url) or "") as connection:
        connection.execute("DELETE FROM substitutions")  # so that it shows that something was published
    connection.close()
    done = installation.dagster("asset", "materialize", "-m", "subs_assets", "--select", "*")
    assert done.returncode == 0, done.stderr[-4000:]
    assert rows_in(installation.settings.database_url) == before
    (archive,) = (path for path in Path(installation.settings.archives).iterdir() if not path.name.startswith("."))
    assert json.loads((archive / "manifest.json").read_text(encoding="utf-8"))["complete"] is True
    assert vector_files(installation) == vectors  # an unchanged text is never encoded twice


def test_the_nightly_job(installation: Installation) -> None:
    done = installation.dagster("job", "execute", "-m", "subs_assets", "-j", "nightly")
    assert done.returncode == 0, done.stderr[-4000:]
    assert len(rows_in(installation.settings.control_url, "run_history")["run_history"]) == 2
    assert not Path(installation.settings.archives).exists()


def test_one_asset_with_its_upstream(installation: Installation) -> None:
    before = rows_in(installation.settings.database_url)
    done = installation.dagster("asset", "materialize", "-m", "subs_assets", "--select", "+categories")
    assert done.returncode == 0, done.stderr[-4000:]
    (staging,) = (run for run in installation.settings.staging.iterdir() if not (run / PUBLISHED).exists())
    assert (staging / "categories.parquet").is_file() and not (staging / "products.parquet").exists()
    assert rows_in(installation.settings.database_url) == before


def test_the_workspace_is_valid(installation: Installation) -> None:
    workspace = str(REPOSITORY / "workspace.yaml")
    done = installation.dagster("definitions", "validate", "-w", workspace)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Validation successful" in done.stdout + done.stderr
    assert "subs_assets" in done.stdout + done.stderr
