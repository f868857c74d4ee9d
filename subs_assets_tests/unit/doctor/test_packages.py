"""Installed packages against their bounds, on packages made for it."""

import importlib
import sys
from pathlib import Path

import pytest

from subs_assets.doctor.finding import Finding
from subs_assets.doctor.packages import Installed, companions_findings, extras_needed, installed, package_findings
from subs_assets.settings import Settings

REQUIREMENTS = ["made_up>=2", 'other>=1; extra == "s3"', 'windows_only>=1; sys_platform == "nowhere"']


def problems(found: dict[str, Installed], extras: dict[str, str] | None = None) -> list[Finding]:
    return [one for one in package_findings(REQUIREMENTS, extras or {}, found.get) if one.state != "ok"]


def test_within_its_bounds_is_well_and_extras_count_only_where_they_are_needed() -> None:
    assert problems({"made_up": Installed("2.1")}) == []
    (one,) = problems({"made_up": Installed("2.1")}, {"s3": "SUBS_ARCHIVES"})
    assert one.state == "error"
    assert one.found == "other, which SUBS_ARCHIVES needs, is not installed"
    assert 'pip install "subs_assets[s3]"' in one.remedy


@pytest.mark.parametrize(
    "there, found, remedy",
    [
        (None, "made_up, which subs_assets needs, is not installed", 'pip install "made_up>=2"'),
        (Installed("1.9"), "made_up is 1.9, and subs_assets needs >=2", 'pip install "made_up>=2"'),
        (
            Installed("2.1", missing_files=("a.py", "b.py", "c.py")),
            "made_up 2.1 lacks files that it was installed with (a.py, b.py and 1 more)",
            'pip install --force-reinstall --no-deps "made_up==2.1"',
        ),
    ],
)
def test_what_is_wrong_with_a_package(there: Installed | None, found: str, remedy: str) -> None:
    (one,) = problems({} if there is None else {"made_up": there})
    assert (one.state, one.found) == ("error", found)
    assert one.remedy.startswith(remedy)


def test_dagsters_packages_are_of_one_release() -> None:
    webserver = Installed("1.13.27", ("dagster==1.13.27", "click>=8", "dagster-graphql==1.13.27"))
    right = {"dagster-webserver": webserver, "dagster": Installed("1.13.27"), "dagster-graphql": Installed("1.13.27")}
    assert list(companions_findings(["dagster-webserver"], right.get)) == []
    (one,) = companions_findings(["dagster-webserver"], (right | {"dagster": Installed("1.13.9")}).get)
    assert one.state == "error" and "needs dagster==1.13.27, and dagster is 1.13.9" in one.found
    assert one.remedy == 'pip install "dagster==1.13.27"'


def test_what_is_there_is_read_from_what_pip_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    importlib.import_module("importlib_metadata")  # its finder then takes the place of the standard library's
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    information = tmp_path / "made_up-2.1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Name: made_up\nVersion: 2.1\nRequires-Dist: other>=1\n", encoding="utf-8")
    (information / "RECORD").write_text(
        "made_up.py,,\ngone.py,,\n__pycache__/gone.pyc,,\nmade_up-2.1.dist-info/RECORD,,\n", encoding="utf-8"
    )
    (tmp_path / "made_up.py").write_text("", encoding="utf-8")
    assert installed("made_up") == Installed("2.1", ("other>=1",), ("gone.py",))
    assert installed("made_up_and_nowhere") is None


@pytest.mark.parametrize(
    "variables, needed",
    [
        ({}, {}),
        ({"SUBS_DATABASE_URL": "postgresql+psycopg://me@host/name"}, {"postgresql": "SUBS_DATABASE_URL"}),
        ({"SUBS_ARCHIVES": "s3://bucket/x"}, {"s3": "SUBS_ARCHIVES"}),
        ({"SUBS_COMPUTE": "dask://host:1"}, {"dask": "SUBS_COMPUTE"}),
    ],
)
def test_which_extras_the_settings_need(variables: dict[str, str], needed: dict[str, str]) -> None:
    assert extras_needed(Settings.from_environment(variables)) == needed
