"""Control state whose tables a development version made: told in words that mend it; looking makes nothing."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from subs_assets.database import control as control_state
from subs_assets.database.control_drift import control_problems
from subs_assets.database.engine import DatabaseNotReady
from subs_assets.settings import Settings, sqlite_url
from subs_assets_tests.plain_sql import execute, table_names

RENAMED = 'ALTER TABLE {schema}data_set RENAME COLUMN "name" TO "label"'
"""As a development version called it; it holds a row."""


def schema_of(url: str) -> str:
    return "" if url.startswith("sqlite") else "subs_control."


def test_what_every_version_made_is_sound(control: Engine, control_url: str) -> None:
    assert control_problems(control_url) == []


def test_looking_makes_nothing(url: str, tmp_path: Path) -> None:
    environment = {"SUBS_HOME": str(tmp_path / "home"), "SUBS_DATABASE_URL": url}
    assert control_problems(Settings.from_environment(environment).control_url) == []
    assert not (tmp_path / "home").exists()
    if not url.startswith("sqlite"):
        assert table_names(url) == []


def test_a_column_that_a_key_needs(control: Engine, control_url: str) -> None:
    schema = schema_of(control_url)
    control_state.claim_data_set(control, "shops", may_replace=False)
    execute(control_url, RENAMED.format(schema=schema))
    lacks, unknown = (problem.sentence for problem in control_problems(control_url))
    assert "data_set lacks name: its 1 rows cannot be used so: keep a copy (`subs archive create`; then " in lacks
    assert f"then run the SQL `DROP TABLE {schema}data_set`; it is made again when it is next needed" in lacks
    assert "data_set has a column label that needs a value and that nothing here knows: keep a copy" in unknown
    assert f"run the SQL `ALTER TABLE {schema}data_set DROP COLUMN label`" in unknown
    execute(control_url, f"DROP TABLE {schema}data_set")
    assert control_problems(control_url) == []
    assert control_state.claim_data_set(control_state.open_control(control_url), "mine", may_replace=False) == "mine"


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (
            "ALTER TABLE {schema}decisions DROP COLUMN reason",
            "decisions lacks reason: run the SQL `ALTER TABLE {schema}decisions ADD COLUMN reason TEXT",
        ),
        (
            "ALTER TABLE {schema}run_history DROP COLUMN counts",
            "run_history lacks counts: run the SQL `DROP TABLE {schema}run_history`",
        ),
        (
            "ALTER TABLE {schema}audit_log ADD COLUMN mood TEXT NOT NULL DEFAULT 'fine'",
            "",
        ),
    ],
)
def test_other_differences(control: Engine, control_url: str, damage: str, sentence: str) -> None:
    schema = schema_of(control_url)
    execute(control_url, damage.format(schema=schema))
    said = [problem.sentence for problem in control_problems(control_url)]
    assert len(said) == bool(sentence), "a column that needs no value disturbs nobody"
    for one in said:
        assert sentence.format(schema=schema) in one
        execute(control_url, one.split("`")[1])
    control_state.open_control(control_url).dispose()
    assert control_problems(control_url) == []


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "control.db"
    file.write_bytes(b"no database at all" * 1000)
    [problem] = control_problems(sqlite_url(file))
    assert "control.db cannot be opened (file is not a database): see that SUBS_CONTROL_URL, SUBS_DATABASE_URL or " in (
        problem.sentence
    )
    assert problem.needs_archive
    with pytest.raises(DatabaseNotReady, match="see that SUBS_CONTROL_URL"):
        control_state.open_control(sqlite_url(file))
