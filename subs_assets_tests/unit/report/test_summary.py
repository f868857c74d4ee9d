"""The first screen's figures are counted from the tables, add up, and hide nothing that went wrong."""

import pandas as pd
import pytest

from subs_assets.report.night import Check
from subs_assets.report.summary import (
    changes_against_the_run_before,
    problems,
    reading_of,
    summarise,
)
from subs_assets_tests.made_up_nights import made_up_night


def files(*rows: tuple[str, str, int, int, int]) -> pd.DataFrame:
    """(company, status, read, accepted, set aside)"""
    frame = pd.DataFrame(rows, columns=["company_slug", "status", "read", "accepted", "set_aside"])
    frame["problem"] = [f"{row[0]}: why" if row[1] != "read" else None for row in rows]
    return frame.assign(repaired=1, file=[f"{number}.csv" for number in range(len(rows))])


def listings(**counts: int) -> pd.DataFrame:
    return pd.DataFrame({"company_slug": [slug for slug, count in counts.items() for _ in range(count)]})


@pytest.mark.parametrize(
    ("of", "shown", "adds_up"),
    [
        pytest.param([("a", "read", 10, 8, 2), ("b", "read", 5, 5, 0)], {"a": 8, "b": 5}, True, id="all delivered"),
        pytest.param([("a", "read", 10, 8, 2), ("b", "kept", 0, 0, 0)], {"a": 8, "b": 7}, True, id="one kept"),
        pytest.param([("a", "kept", 6, 5, 1), ("a", "kept", 0, 0, 0)], {"a": 9}, True, id="read, but not shown"),
        pytest.param([("a", "failed", 0, 0, 0)], {}, True, id="nothing at all"),
        pytest.param([("a", "read", 10, 8, 1)], {"a": 8}, False, id="a row is lost"),
        pytest.param([("a", "read", 10, 8, 2)], {"a": 7}, False, id="a listing is lost"),
    ],
)
def test_what_was_read_adds_up_or_it_is_said(of: list, shown: dict[str, int], adds_up: bool) -> None:
    reading = reading_of(files(*of), listings(**shown))
    assert reading.adds_up is adds_up
    assert any("do not add up" in sentence for sentence in problems(files(*of), (), reading)) is not adds_up


def test_every_problem_is_a_sentence_and_none_is_told_twice() -> None:
    of = files(("a", "read", 1, 1, 0), ("b", "kept", 0, 0, 0), ("c", "failed", 0, 0, 0))
    checks = (
        Check("catalogue/b", "delivered", False, "b: why"),
        Check("substitution_rates", "rates_beat_chance", False, "no more than chance"),
        Check("listings", "has_listings", True, "fine"),
    )
    assert problems(of, checks, reading_of(of, listings(a=1, b=2))) == [
        "b: why",
        "c: why",
        "check substitution_rates/rates_beat_chance failed: no more than chance",
    ]


def test_a_company_with_many_failed_files_does_not_fill_the_screen() -> None:
    of = files(*[("a", "failed", 0, 0, 0)] * 9).assign(problem=[f"a/{number}: broken" for number in range(9)])
    found = problems(of, (), reading_of(of, listings()))
    assert found == ["a/0: broken", "a/1: broken", "a/2: broken", "a: and 6 more files"]


def test_a_company_alone_has_no_rates() -> None:
    summary = summarise(made_up_night(1))
    assert summary.rates == summary.companies[0].rates == {"linked": None, "siloed": None, "null": None}


def test_changes_are_told_from_the_second_run_on() -> None:
    history = pd.DataFrame({"counts": ['{"products": 7, "new": 1}', '{"products": 9}', '{"products": 1}']})
    assert changes_against_the_run_before(history) == {"products": -2}
    assert changes_against_the_run_before(history.head(1)) == {}


def test_the_figures_are_those_of_the_tables() -> None:
    night = made_up_night(3)
    summary = summarise(night)
    assert sum(summary.statuses.values()) == len(night.category_equivalences)
    assert sum(summary.relations.values()) == summary.statuses["accepted"] > 0
    assert sum(summary.levels.values()) == len(night.substitutions)
    assert summary.products == len(night.products)
    assert [company.delivered for company in summary.companies] == [False, True, True]
    assert summary.delivered == 2 and summary.companies[0].reading.kept == 24
    for count in ("read", "accepted", "set_aside", "kept", "listings"):
        assert sum(getattr(company.reading, count) for company in summary.companies) == getattr(summary.reading, count)
    outcomes = night.substitution_outcomes
    across = outcomes[outcomes["company_slug"] != outcomes["target_company_slug"]]
    assert summary.rates["linked"] == pytest.approx((across["stage"] == "found").mean(), abs=5e-5)
    assert summary.rates["null"] < summary.rates["linked"]


def test_two_companies_of_one_name_are_told_apart() -> None:
    night = made_up_night(2)
    twins = type(night)(**{**night.__dict__, "company_names": {"shop_00": "Spar", "shop_01": "Spar"}})
    assert list(twins.companies.values()) == ["Spar (shop_00)", "Spar (shop_01)"]
    nameless = type(night)(**{**night.__dict__, "company_names": {}})
    assert list(nameless.companies.values()) == ["shop_00", "shop_01"]
