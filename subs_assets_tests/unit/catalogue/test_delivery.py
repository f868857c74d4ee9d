"""How old is what a company delivers: by its content, not by when its files were written."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from subs_assets.catalogue.company import read_company
from subs_assets.catalogue.delivery import content_of, is_recent, newest_change
from subs_assets.catalogue.source import BrokenSource
from subs_assets.finding import Gravity
from subs_assets_tests.unit.catalogue.conftest import WriteCompany, json_lines, product

BROKEN = BrokenSource("aldi", Path("aldi"), "aldi/source.yaml: is no YAML")
NOW = datetime(2026, 3, 20, 3, 30, tzinfo=UTC)


def test_the_same_bytes_under_another_name_are_the_same_content(write_company: WriteCompany) -> None:
    def content(files: dict[str, bytes]) -> str | None:
        return content_of(read_company(write_company(files)))

    monday = content({"monday.jsonl": json_lines(product("1")), "more.jsonl": json_lines(product("2"))})
    assert content({"a.jsonl": json_lines(product("2")), "tuesday.jsonl": json_lines(product("1"))}) == monday
    assert content({"a.jsonl": json_lines(product("2")), "tuesday.jsonl": json_lines(product("3"))}) != monday
    assert content({"a.jsonl": b""}) is None, "an empty file is no news"
    assert content_of(read_company(write_company({}, files=["nothing.jsonl"]))) is None


def test_the_newest_of_the_files_tells(write_company: WriteCompany) -> None:
    source = write_company({"a.jsonl": b"1", "b.jsonl": b"2"})
    for name, time in (("a.jsonl", NOW), ("b.jsonl", NOW - timedelta(days=3))):
        os.utime(source.folder / name, (time.timestamp(),) * 2)
    assert newest_change(read_company(source)) == NOW
    assert newest_change(read_company(BROKEN)) is None


@pytest.mark.parametrize(
    ("days", "said", "gravity"),
    [
        (0, {}, Gravity.NOTE),
        (7, {}, Gravity.NOTE),
        (7.1, {}, Gravity.WARNING),
        (2.1, {"stale_after_days": 2}, Gravity.WARNING),
        (30, {"stale_after_days": 31}, Gravity.NOTE),
        (-1, {}, Gravity.NOTE),  # a clock that was set back
    ],
)
def test_old_content_is_told(write_company: WriteCompany, days: float, said: dict[str, int], gravity: Gravity) -> None:
    verdict = is_recent(write_company({"a.jsonl": b""}, **said), NOW - timedelta(days=days), NOW)
    assert verdict.gravity is gravity
    assert verdict.figures == {"Days since the newest content": max(days, 0)}
    if gravity is Gravity.WARNING:
        assert verdict.sentence.startswith(f"aldi: nothing new for {int(days)} days: what its files hold was first ")
        assert f"stale_after_days is {said.get('stale_after_days', 7)}" in verdict.sentence


def test_a_source_that_cannot_be_read_ages_too() -> None:
    assert is_recent(BROKEN, NOW - timedelta(days=8), NOW).gravity is Gravity.WARNING
    assert is_recent(BROKEN, None, NOW).gravity is Gravity.NOTE
