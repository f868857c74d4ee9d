"""After a reset the catalogues give every row again, or the archive does; and what people decided is in force either
way. All cells of all tables are compared, by the plain driver.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from subs_assets.archive import reset
from subs_assets.archive.places import open_place
from subs_assets.catalogue import category_path
from subs_assets.database import control, kept_decisions
from subs_assets.database.engine import sqlite_file
from subs_assets.settings import Settings, control_url_beside
from subs_assets_tests.shops_and_runs import (
    COMMON_SKU,
    SHELVES,
    copy_of,
    publish_again,
    reason_of,
    rows_in,
    run_graph,
    run_selection,
    settings_of,
    value_of,
)
from subs_assets_tests.unit.commands.conftest import Subs, on_both

MILK = tuple(category_path.encode(SHELVES[slug]["Milk"]) for slug in ("corner", "depot"))

OF_THE_NIGHT_BEFORE = "category_equivalence_changes"
"""It says what is other than in the table before: after a reset there is none, so nothing is."""


def decide(settings: Settings) -> None:
    """The corner shop's milk shelf is wider than the depot's; milk of the one is none of the other's; and dog food is
    as good as milk."""
    mapping = [("corner", MILK[0], "depot", MILK[1], "accept", "narrow", "no drinks")]
    swaps = [
        ("corner", "c001", "depot", "d001", "reject", None, "sour"),
        ("corner", "c001", "market", COMMON_SKU, "accept", None, None),
    ]
    engine = control.open_control(settings.control_url)
    for kind, said in (("equivalence", mapping), ("substitution", swaps)):
        kept_decisions.record_decisions(engine, kind, pd.DataFrame(said, columns=kept_decisions.DECIDED_COLUMNS), "Ann")
    engine.dispose()


def in_force(settings: Settings) -> list[object]:
    """What the decisions make of the published tables: relation and origin of the mapping, and how often each pair is
    offered."""
    pair = "product_id = (SELECT product_id FROM product_listings WHERE company_slug = 'corner' AND sku = 'c001') "
    offered = f"SELECT count(*) FROM substitutions WHERE {pair} AND substitute_id = (SELECT product_id FROM "
    offered += "product_listings WHERE company_slug = '{}' AND sku = '{}')"
    return [
        value_of(
            settings.database_url,
            "SELECT relation || ' ' || origin FROM category_equivalences WHERE company_slug = 'corner' "
            f"AND path = '{MILK[0]}' AND target_company_slug = 'depot' AND target_path = '{MILK[1]}'",
        ),
        value_of(settings.database_url, offered.format("depot", "d001")),
        value_of(settings.database_url, offered.format("market", COMMON_SKU)),
    ]


@pytest.fixture(scope="module")
def decided_folder(published_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """After decisions, and a run by ``--select '*'`` while a reset waits for its confirmation; not to be changed."""
    folder = tmp_path_factory.mktemp("decided")
    settings = copy_of(published_folder, folder)
    assert in_force(settings) == ["exact evidence", 1, 0]
    decide(settings)
    engine = control.open_control(settings.control_url)
    place = open_place(settings.archives, settings.scratch)
    reset.archive_request(engine, reset.request(engine, "ann"), settings.databases, place)
    result = run_selection(settings, "*")
    assert result.success, reason_of(result)
    engine.dispose()
    return folder


def test_everything_that_can_be_selected_was_run_and_the_reset_still_waits(decided_folder: Path) -> None:
    settings = settings_of(decided_folder)
    assert in_force(settings) == ["narrow decision", 0, 1]
    engine = control.open_control(settings.control_url)
    assert [request.state for request in reset.pending(engine)] == ["archived"]
    engine.dispose()


@pytest.fixture
def decided_home(decided_folder: Path, tmp_path: Path, database: str, new_database: Callable[..., str]) -> Settings:
    if database == "sqlite":
        return copy_of(decided_folder, tmp_path / "shops")
    home = copy_of(decided_folder, tmp_path / "shops", new_database())
    publish_again(tmp_path / "shops", home.database_url)
    decide(home)
    return home


def reset_of(subs: Subs, home: Settings) -> str:
    """Request, archive and confirm; what the last of them prints."""
    request_id = subs(home, "reset", "request", "--reason", "start afresh").stdout.strip()
    assert subs(home, "reset", "archive", request_id).exit_code == 0
    confirmed = subs(home, "reset", "confirm", request_id)
    assert confirmed.exit_code == 0, confirmed.output
    return confirmed.stdout


@on_both
def test_after_a_reset_everything_comes_back(
    subs: Subs, decided_home: Settings, database: str, new_database: Callable[..., str]
) -> None:
    home = decided_home
    before, decided = rows_in(home.database_url), rows_in(home.control_url, "decisions")
    assert in_force(home) == ["narrow decision", 0, 1] and len(decided["decisions"]) == 3
    said = reset_of(subs, home)
    wiped = rows_in(home.database_url)
    assert wiped.pop("alembic_version") == before["alembic_version"]
    assert wiped.keys() | {"alembic_version"} == before.keys() and not any(wiped.values())
    assert rows_in(home.control_url, "decisions") == decided

    # The archive brings it back, by the command that was printed.
    (archive, into) = re.findall(r'subs archive restore "(.+)" --into "(.+)"`', said)[0]
    if database == "postgresql":
        into = new_database()
    assert subs(home, "archive", "restore", archive, "--into", into).exit_code == 0
    assert rows_in(into) == before
    copy = into.replace("restored_subs.db", "copy.db") if database == "sqlite" else into
    assert subs(home, "archive", "restore", archive, "--into", copy, "--database", "control").exit_code == 0
    control_copy = copy if database == "sqlite" else control_url_beside(into, home.home)
    assert rows_in(control_copy, "decisions") == decided

    # So do the catalogues.
    assert "subs run" in said
    result = run_graph(home)
    assert result.success, reason_of(result)
    assert in_force(home) == ["narrow decision", 0, 1]
    after = rows_in(home.database_url)
    assert after.pop(OF_THE_NIGHT_BEFORE) == []
    assert before.pop(OF_THE_NIGHT_BEFORE)
    for rows in (before, after):  # one is of a table that is another now
        rows["published_tables"] = [row for row in rows["published_tables"] if row[0] != OF_THE_NIGHT_BEFORE]
    assert after == before

    if database == "sqlite":  # the restored file takes the place of the old one
        old, new = sqlite_file(home.database_url), sqlite_file(into)
        assert old is not None and new is not None
        for file in old.parent.glob("subs.db*"):
            file.unlink()
        new.rename(old)
    else:
        home = settings_of(home.home.parent, into)
    assert subs(home, "db", "check").exit_code == 0
    assert in_force(home) == ["narrow decision", 0, 1]
