"""``subs runs``, on records that no run had to make."""

import sys

import pandas as pd
import pytest

from subs_assets import cli
from subs_assets.commands.output import console
from subs_assets.database import control
from subs_assets.database.runs import (
    CHECK_COLUMNS,
    FIGURE_COLUMNS,
    STEP_COLUMNS,
    BegunRun,
    EndedRun,
    end_run,
    record_published,
)
from subs_assets.settings import Settings
from subs_assets_tests.unit.commands.conftest import Subs

SAID = "aldi/today.jsonl: the file is empty; the listings of 2026-11-20 are kept, see that the delivery is whole"


def keep(settings: Settings, run_id: str, job: str, launched_by: str, said: str | None, *checks: tuple) -> None:  # type: ignore[type-arg]
    begun = BegunRun(run_id, job, launched_by, None, "2026-11-20T16:30:00.000000+00:00")
    ended = EndedRun(
        "failed", said, pd.DataFrame(columns=STEP_COLUMNS), pd.DataFrame(checks, columns=CHECK_COLUMNS),
        pd.DataFrame(columns=FIGURE_COLUMNS),
    )  # fmt: skip
    with control.opened(settings.control_url) as engine:
        end_run(engine, begun, ended)


def test_a_narrow_screen_breaks_no_word(subs: Subs, empty_home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    check = ("catalogue/aldi", "delivered", False, "ERROR", False, SAID)
    keep(empty_home, "4291d2ab-1", "nightly", "schedule nightly_schedule", SAID, check)
    keep(empty_home, "5391d2ab-1", "archive_tables", "schedule archive_schedule", None)
    with control.opened(empty_home.control_url) as engine:
        record_published(engine, "4291d2ab-1", {"listings": 5_123_456})
    monkeypatch.setattr(console, "_width", 80)
    lines = subs(empty_home, "runs").stdout.splitlines()
    assert f"  4291d2ab: catalogue/aldi delivered; {SAID}" in lines
    words = {"4291d2ab", "16:30", "nightly_schedule", "archive_schedule", "archive_tables", "published,", "seconds"}
    assert words <= set(" ".join(lines).split()), lines


def test_a_home_that_is_none_is_said_and_not_made(subs: Subs, empty_home: Settings) -> None:
    asked = subs(empty_home, "runs")
    assert asked.exit_code == 1 and "keeps no run yet: see that SUBS_HOME is right" in asked.stderr
    assert not empty_home.home.exists()


@pytest.mark.parametrize("setting", ["SUBS_DATABASE_URL", "SUBS_CONTROL_URL"])
def test_a_url_that_is_none_of_ours_is_one_sentence(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setenv(setting, "postgresql+psycopg2://me:s3cret@host/name")
    monkeypatch.setattr(sys, "argv", ["subs", "runs"])
    with pytest.raises(SystemExit, match=r"^error: postgresql://host/name .* psycopg 3: write") as ended:
        cli.main()
    assert "s3cret" not in str(ended.value)
