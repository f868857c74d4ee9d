"""Runs with a password in the database's URL, good ones and failed ones: nothing that they leave, and nothing that they
print, holds it."""

import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import zstandard
from dagster import DagsterInstance, JobDefinition, execute_job

from subs_assets.commands.run import use_dagster_home
from subs_assets.settings import Settings
from subs_assets_tests.plain_sql import execute
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.shops_and_runs import (
    OWN_BRANDS,
    made_anew,
    nightly_of_the_environment,
    small_definitions,
    write_shop,
)

PASSWORD = "Gouda:7/4 @home"
WRITTEN = (PASSWORD, quote(PASSWORD, safe=""), quote(PASSWORD), PASSWORD.replace(" ", "+"))
"""As it is, and as it may stand in a URL."""


def archive_of_the_environment() -> JobDefinition:
    return small_definitions(Settings.from_environment()).resolve_job_def("archive_tables")


@pytest.fixture
def installation(tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty database without a password; the environment names it with one, which lets in everybody."""
    name = postgres_server.new_database()
    plain = postgres_server.url(name)
    url = plain.replace("subs@", f"subs:{quote(PASSWORD, safe='')}@")
    for slug in OWN_BRANDS:
        write_shop(tmp_path / "catalogues", slug)
    given = {
        "SUBS_HOME": str(tmp_path / "home"), "SUBS_CATALOGUES": str(tmp_path / "catalogues"),
        "SUBS_DATABASE_URL": url, "DAGSTER_HOME": "", "SUBS_CONTROL_URL": "", "SUBS_ARCHIVES": "",
    }  # fmt: skip
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    use_dagster_home(Settings.from_environment())
    yield plain
    postgres_server.drop_database(name)


def succeeds(job: Callable[[], JobDefinition], *loggers: str) -> bool:
    """Whether a run of it does, with the streams and the event log that Dagster keeps by itself; its own logger, which
    prints every event, where none is named."""
    with DagsterInstance.get() as instance:
        config = {"loggers": {name: {} for name in loggers}} if loggers else {}
        return bool(execute_job(made_anew(job), instance, run_config=config, raise_on_error=False).success)


def test_a_password_is_nowhere(
    installation: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert succeeds(nightly_of_the_environment)
    assert succeeds(archive_of_the_environment)
    execute(
        installation,
        "DELETE FROM published_tables",  # so that all is written anew
        "DELETE FROM substitutions",
        "ALTER TABLE substitutions ADD CONSTRAINT none_today CHECK (false)",
    )
    assert not succeeds(nightly_of_the_environment), "in the middle of a transaction"
    monkeypatch.setenv("SUBS_DATABASE_URL", os.environ["SUBS_DATABASE_URL"].replace("127.0.0.1", "nowhere.invalid"))
    assert not succeeds(nightly_of_the_environment, "progress"), "before its first step"
    printed = "".join(capfd.readouterr())
    assert "none_today" in printed and "nowhere.invalid" in printed
    found = [word for word in WRITTEN if word in printed]
    assert not found, printed[printed.index(found[0]) - 300 :][:600]
    assert holding(tmp_path) == []


def holding(folder: Path) -> list[str]:
    """The files that hold the password, whatever they are packed with, and where in them."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = unpacked(path)
            for word in WRITTEN:
                if (place := content.find(word.encode())) >= 0:
                    found.append(f"{path}: {content[max(0, place - 200) : place + 100]!r}")
    return found


def unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().decompressobj().decompress(content)
    return gzip.decompress(content) if path.suffix == ".gz" else content


def test_the_search_finds_it(tmp_path: Path) -> None:
    (tmp_path / "a.zst").write_bytes(zstandard.compress(b"x " + WRITTEN[1].encode()))
    (tmp_path / "b").write_text(PASSWORD, encoding="utf-8")
    assert {Path(one.partition(":")[0]).name for one in holding(tmp_path)} == {"a.zst", "b"}
    assert os.sep in holding(tmp_path)[0]
