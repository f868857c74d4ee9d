"""The explorer in this process, over a night of three companies with hostile, foreign and long names, on a real SQLite
file and on a real PostgreSQL server."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from subs_assets.explorer.access import Access
from subs_assets.explorer.application import build_app
from subs_assets.report.night import Night
from subs_assets.settings import Settings
from subs_assets_tests.made_up_nights import made_up_night
from subs_assets_tests.postgres_server import PostgresServer
from subs_assets_tests.published_nights import published_home

TOKEN = "a-token-of-these-tests"
ACCESS = Access(TOKEN)

on_both = pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
"""Without it: on SQLite."""


PATIENT_SECONDS = 60.0
"""However slow the machine is, a page of these tests has its questions."""


@cache
def application(settings: Settings, access: Access) -> FastAPI:
    app = build_app(settings, access)
    app.state.queues.patience_seconds = PATIENT_SECONDS
    return app


def client_of(settings: Settings, access: Access = ACCESS, address: str = "127.0.0.1") -> TestClient:
    """Asks as a browser on this machine would; a mistake of the program is an answer, as it is for a browser."""
    return TestClient(
        application(settings, access),
        base_url="http://localhost",
        client=(address, 50_000),
        raise_server_exceptions=False,
        follow_redirects=False,
    )


@pytest.fixture(scope="session")
def night() -> Night:
    return made_up_night(3)


@pytest.fixture(scope="session")
def homes(
    night: Night, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[[str], Settings]:
    """Kind of database -> the home, made when it is first asked for; its decisions are each test's own to take back."""
    made: dict[str, Settings] = {}

    def home_on(kind: str) -> Settings:
        if kind not in made:
            url = ""
            if kind == "postgresql":
                server: PostgresServer = request.getfixturevalue("postgres_server")
                url = server.url(server.new_database())
            made[kind] = published_home(tmp_path_factory.mktemp(kind), night, url)
        return made[kind]

    return home_on


@pytest.fixture
def home(request: pytest.FixtureRequest, homes: Callable[[str], Settings]) -> Settings:
    return homes(getattr(request, "param", "sqlite"))


@pytest.fixture(scope="session")
def named_client(
    homes: Callable[[str], Settings], night: Night, tmp_path_factory: pytest.TempPathFactory
) -> TestClient:
    """Of an explorer that knows what people call the companies of the night."""
    folder = tmp_path_factory.mktemp("named")
    for slug, name in night.company_names.items():
        (folder / slug).mkdir()
        source = {"company": {"name": name}, "currency": "AUD", "files": ["*.jsonl"], "format": "jsonl"}
        fields = {"sku": "id", "name": "name", "price": "price"}
        (folder / slug / "source.yaml").write_text(json.dumps({**source, "fields": fields}), encoding="utf-8")
    return client_of(replace(homes("sqlite"), catalogues=(folder,)))


@pytest.fixture
def client(home: Settings) -> TestClient:
    return client_of(home)


@pytest.fixture
def empty_home(tmp_path: Path) -> Settings:
    return Settings.from_environment({"SUBS_HOME": str(tmp_path / "home"), "SUBS_CATALOGUES": str(tmp_path)})
