"""Where things are, from the environment."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from subs_assets.settings import Settings, sqlite_url


def test_control_state_lies_beside_an_sqlite_database(tmp_path: Path) -> None:
    for url in ({}, {"SUBS_DATABASE_URL": "sqlite:////elsewhere/subs.db"}):
        settings = Settings.from_environment({"SUBS_HOME": str(tmp_path), **url})
        assert settings.control_url == sqlite_url(tmp_path / "control.db")


@pytest.mark.parametrize(
    "url, expected",
    [
        ("postgresql+psycopg://me@host/name", "postgresql+psycopg://me@host/name?options=-csearch_path%3Dsubs_control"),
        ("postgresql:///name", "postgresql:///name?options=-csearch_path%3Dsubs_control"),
    ],
)
def test_control_state_is_a_schema_of_a_postgresql_database(url: str, expected: str) -> None:
    assert Settings.from_environment({"SUBS_DATABASE_URL": url}).control_url == expected


def test_the_rest_of_a_postgresql_url_is_kept() -> None:
    url = "postgresql+psycopg://me:p%40s%3Fx@host:5433/name?sslmode=require&options=-cstatement_timeout%3D5s"
    control = make_url(Settings.from_environment({"SUBS_DATABASE_URL": url}).control_url)
    assert (control.username, control.password, control.port, control.database) == ("me", "p@s?x", 5433, "name")
    assert control.query == {"sslmode": "require", "options": "-cstatement_timeout=5s -csearch_path=subs_control"}


def test_control_state_may_be_named() -> None:
    given = {"SUBS_DATABASE_URL": "postgresql://host/name", "SUBS_CONTROL_URL": "postgresql://other/name"}
    assert Settings.from_environment(given).control_url == "postgresql://other/name"


def test_a_url_that_cannot_be_read_is_an_error_without_its_password() -> None:
    with pytest.raises(ValueError, match="the database URL cannot be read") as caught:
        Settings.from_environment({"SUBS_DATABASE_URL": "postgresql://someone:s3cret@host:notaport/name"})
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_archives_lie_in_the_home_in_another_folder_or_at_a_url(tmp_path: Path) -> None:
    def archives(text: str) -> str:
        return Settings.from_environment({"SUBS_HOME": str(tmp_path), "SUBS_ARCHIVES": text}).archives

    assert archives("") == str(tmp_path / "archives")
    assert archives("elsewhere") == str(Path("elsewhere").resolve())
    assert archives((tmp_path / "by url").as_uri()) == str(tmp_path / "by url")
    assert archives("s3://bucket/shop/") == "s3://bucket/shop"
    with pytest.raises(ValueError, match="must not hold a password") as caught:
        archives("ftp://me:s3cret@host/archives")
    assert "s3cret" not in str(caught.value)


def test_a_model_is_the_shipped_one_unless_a_folder_is_named(tmp_path: Path) -> None:
    assert Settings.from_environment({"SUBS_MODEL": ""}).model is None
    assert Settings.from_environment({"SUBS_MODEL": "mine"}).model == Path("mine").resolve()


def test_names_and_shelves_are_computed_here_unless_a_scheduler_is_named(tmp_path: Path) -> None:
    def compute(text: str) -> tuple[str | None, str]:
        settings = Settings.from_environment({"SUBS_HOME": str(tmp_path), "SUBS_COMPUTE": text})
        return settings.scheduler, settings.shared

    home = str(tmp_path)
    assert compute("") == compute("local") == (None, home)
    assert compute("dask://scheduler:8786") == compute("dask://scheduler:8786/") == ("scheduler:8786", home)
    assert compute("dask://[::1]:8786") == ("[::1]:8786", home)
    assert compute("dask://s:1?shared=s3://bucket/subs/") == ("s:1", "s3://bucket/subs")
    assert compute("dask://s:1?shared=s3://bucket/a+b%26c") == ("s:1", "s3://bucket/a+b&c")
    assert compute("dask://s:1?shared=elsewhere") == ("s:1", str(Path("elsewhere").resolve()))


@pytest.mark.parametrize(
    "text",
    [
        "dask", "dask://", "dask://scheduler", "dask://scheduler:", "dask://scheduler:x", "tcp://scheduler:8786",
        "dask://scheduler:0", "dask://scheduler:99999", "dask://scheduler:8786?", "dask://scheduler:8786?share",
        "dask://scheduler:8786?shared=", "dask://scheduler:8786?shared=/x&shared=/y", "dask://scheduler:8786?shared=/x#y",
        "dask://scheduler:8786/folder", "dask://scheduler:8786?home=/x", "dask://me:s3cret@scheduler:8786", "Local",
    ],
)  # fmt: skip
def test_what_names_no_place_to_compute(text: str) -> None:
    with pytest.raises(ValueError, match=r'SUBS_COMPUTE is ".*"; say local, or dask://host:port') as caught:
        Settings.from_environment({"SUBS_COMPUTE": text})
    assert "s3cret" not in str(caught.value)


def test_what_workers_share_is_named_without_a_secret() -> None:
    with pytest.raises(ValueError, match="the shared folder of SUBS_COMPUTE") as caught:
        Settings.from_environment({"SUBS_COMPUTE": "dask://s:1?shared=s3://key:s3cret@bucket/x"})
    assert "s3cret" not in str(caught.value)


def test_automation_is_off_unless_it_is_switched_on() -> None:
    said = {text: Settings.from_environment({"SUBS_AUTOMATION": text}).automation for text in ("", "on", "off")}
    assert said == {"": False, "on": True, "off": False}
    for text in ("yes", "ON", "1"):
        with pytest.raises(ValueError, match=f'SUBS_AUTOMATION is "{text}"; say on or off'):
            Settings.from_environment({"SUBS_AUTOMATION": text})


def test_the_web_ui_is_at_a_url_or_nowhere() -> None:
    said = {
        text: Settings.from_environment({"SUBS_UI_URL": text}).ui_url for text in ("", "https://a.example/dagster/")
    }
    assert said == {"": None, "https://a.example/dagster/": "https://a.example/dagster"}
    with pytest.raises(ValueError, match='SUBS_UI_URL is "a.example"'):
        Settings.from_environment({"SUBS_UI_URL": "a.example"})


def test_the_explorer_is_at_a_url_or_where_it_is_by_itself() -> None:
    said = {
        text: Settings.from_environment({"SUBS_EXPLORER_URL": text}).explorer_url
        for text in ("", "https://prices.example/")
    }
    assert said == {"": "http://127.0.0.1:8765", "https://prices.example/": "https://prices.example"}
    with pytest.raises(ValueError, match='SUBS_EXPLORER_URL is "localhost:8765"; say where the explorer is'):
        Settings.from_environment({"SUBS_EXPLORER_URL": "localhost:8765"})
