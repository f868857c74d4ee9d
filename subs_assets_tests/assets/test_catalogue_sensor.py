"""The sensor that sees new catalogue files, on the files, the database and the runs of a real home."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, build_sensor_context
from dagster._core.remote_origin import RemoteJobOrigin

from subs_assets.automation.catalogue_sensor import look, new_catalogues_sensor
from subs_assets.automation.deliveries import LOOKS_APART_SECONDS, Decision, Known
from subs_assets.settings import Settings, sqlite_url
from subs_assets_tests.shops_and_runs import LAUNCHED_BY_DAGSTER, OWN_BRANDS, rows_of, write_shop


@pytest.fixture(scope="module")
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


@dataclass
class Ticks:
    """Looks that are far enough apart."""

    settings: Settings
    instance: DagsterInstance
    loaded: set[str] = field(default_factory=lambda: set(OWN_BRANDS))
    known: dict[str, Known] = field(default_factory=dict)
    now: float = 2e9

    def tick(self) -> Decision:
        self.now += LOOKS_APART_SECONDS
        decision = look(self.settings, self.loaded, self.known, self.instance, self.now)
        self.known = decision.known
        return decision

    def launched(self) -> list[tuple[str, ...]]:
        return [decision.launch_for for _ in range(4) if (decision := self.tick()).launch_for]


@pytest.fixture
def ticks(settings: Settings, instance: DagsterInstance) -> Ticks:
    return Ticks(settings, instance)


@pytest.fixture
def file(settings: Settings) -> Path:
    return settings.catalogues[0] / "corner" / "today.jsonl"


def test_what_is_published_is_not_run_again_and_new_content_is(ticks: Ticks, file: Path) -> None:
    assert ticks.launched() == []
    before = file.read_bytes()
    file.unlink()
    file.write_bytes(before)
    assert ticks.launched() == []
    write_shop(file.parents[1], "corner", rows_of("corner")[1:])
    assert ticks.launched() == [("corner",)]


def test_a_file_that_has_another_name_is_new(ticks: Ticks, file: Path) -> None:
    file.rename(file.with_name("tomorrow.jsonl"))
    assert ticks.launched() == [("corner",)]


def test_what_somebody_has_run_meanwhile_is_not_run_again(ticks: Ticks, file: Path, settings: Settings) -> None:
    ticks.tick()
    write_shop(file.parents[1], "corner", rows_of("corner")[1:])
    ticks.tick()
    read = hashlib.sha256(file.read_bytes()).hexdigest()
    with closing(sqlite3.connect(settings.home / "subs.db")) as published, published:
        published.execute("UPDATE catalogue_files SET sha256 = ? WHERE company_slug = 'corner'", [read])
    assert ticks.launched() == []


@pytest.mark.parametrize("url", ["", "sqlite:///{home}/none.db"])
def test_a_home_without_a_night_gets_its_first_one(ticks: Ticks, settings: Settings, url: str) -> None:
    if url:
        ticks.settings = replace(settings, database_url=sqlite_url(settings.home / "none.db"))
    else:
        (settings.home / "subs.db").write_bytes(b"")
    assert ticks.launched() == [("corner", "depot", "market")]
    assert not (settings.home / "none.db").exists()


def test_a_failed_look_says_why_and_launches_nothing(ticks: Ticks, file: Path, settings: Settings) -> None:
    assert ticks.launched() == []
    aside = file.rename(settings.home / "aside")
    (settings.catalogues[0] / "depot" / "source.yaml").write_text("company: [", encoding="utf-8")
    said = "; ".join(ticks.tick().sentences)
    assert (
        "corner cannot be looked at: No such file" in said
        and "depot cannot be looked at: depot/source.yaml: is no YAML" in said
    )
    assert ticks.launched() == []
    aside.rename(file)
    assert ticks.launched() == []


def test_a_file_that_cannot_be_read_waits(ticks: Ticks, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program has it open on Windows; root reads everything on Linux, so that reading fails by decree here."""
    ticks.tick()
    write_shop(file.parents[1], "corner", rows_of("corner")[1:])

    def refuse(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr("subs_assets.catalogue.delivery.file_digest", refuse)
        assert ticks.launched() == []
        assert any(
            "cannot be looked at: not every file can be read" in one for _ in range(2) for one in ticks.tick().sentences
        )
    assert ticks.launched() == [("corner",)]


def test_companies_that_have_come_or_gone_wait_for_a_reload(ticks: Ticks, file: Path, settings: Settings) -> None:
    assert ticks.launched() == []
    catalogues = settings.catalogues[0]
    write_shop(catalogues, "spar", rows_of("corner"))
    aside = shutil.move(catalogues / "depot", settings.home / "depot")
    write_shop(catalogues, "corner", rows_of("corner")[1:])
    assert ticks.launched() == [("corner",)]
    said = "; ".join(ticks.tick().sentences)
    assert "spar is new, and becomes an asset when you reload" in said
    assert "the folder of depot is gone: its last good listings are shown until it is back" in said
    ticks.loaded = {"corner", "market", "spar"}  # reloaded
    assert ticks.launched() == [("spar",)]
    shutil.move(aside, catalogues / "depot")
    ticks.loaded.add("depot")
    assert ticks.launched() == []


def nightly(status: DagsterRunStatus, origin: RemoteJobOrigin | None) -> DagsterRun:
    return DagsterRun("nightly", status=status, remote_job_origin=origin)


@pytest.mark.parametrize("status", [DagsterRunStatus.QUEUED, DagsterRunStatus.STARTED])
def test_no_second_run_while_one_goes_on(ticks: Ticks, file: Path, status: DagsterRunStatus) -> None:
    ticks.tick()
    write_shop(file.parents[1], "corner", rows_of("corner")[1:])
    # A `subs run` that was killed is "started" for hours.
    ticks.instance.add_run(nightly(DagsterRunStatus.STARTED, None))
    going_on = ticks.instance.add_run(nightly(status, LAUNCHED_BY_DAGSTER))
    assert ticks.launched() == []
    assert f"the run {going_on.run_id} of nightly is queued or in progress" in ticks.tick().sentences[0]
    ticks.instance.delete_run(going_on.run_id)
    assert ticks.launched() == [("corner",)]


def test_the_sensor_keeps_what_it_has_seen_in_its_cursor(settings: Settings, instance: DagsterInstance) -> None:
    sensor = new_catalogues_sensor(settings, OWN_BRANDS)
    write_shop(settings.catalogues[0], "corner", rows_of("corner")[1:])

    def tick(cursor: str | None) -> tuple[list[dict[str, str]], str | None, str | None]:
        with build_sensor_context(instance=instance, cursor=cursor) as context:
            data = sensor.evaluate_tick(context)
        return [dict(run.tags) for run in data.run_requests or []], data.skip_message, data.cursor

    runs, said, cursor = tick("of another release")
    assert runs == [] and said is not None and said.startswith("corner: new files, which are taken when")
    known = json.loads(cursor or "")
    runs, said, cursor = tick(
        json.dumps({slug: [seen, since - 1000, *rest] for slug, (seen, since, *rest) in known.items()})
    )
    assert [tags["subs/new_catalogues"] for tags in runs] == ["corner"]
    assert tick(cursor)[:2] == ([], "no company has delivered anything new")
