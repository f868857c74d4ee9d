"""A night against the nights before it: what falls is said, what falls far blocks, and few cases never do."""

import pandas as pd
import pytest

from subs_assets.database import tables
from subs_assets.evaluation.night_comparison import (
    FEWEST_CASES,
    compare,
    measured_figures,
)
from subs_assets.finding import Finding, Gravity

EVERY, PAIR = ("", ""), ("aldi", "coles")


def night(*figures: tuple[str, tuple[str, str], float | None, int]) -> pd.DataFrame:
    rows = [
        {"measure": measure, "company_slug": pair[0], "target_company_slug": pair[1], "part": "", "value": value,
         "low": None, "high": None, "cases": cases, "said": None}
        for measure, pair, value, cases in figures
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=tables.evaluation.columns.keys())


def nights(measure: str, pair: tuple[str, str], *values: float) -> pd.DataFrame:
    figures = pd.concat([night((measure, pair, value, 500)).assign(run_id=value) for value in values])
    return figures.assign(published_at="2025")


@pytest.mark.parametrize(
    ("measure", "pair", "before", "tonight", "gravity"),
    [
        ("rate", PAIR, (0.60,) * 7, 0.60, None),
        ("rate", PAIR, (0.60,) * 7, 0.90, None),
        ("rate", PAIR, (0.60,) * 7, 0.541, None),
        ("rate", PAIR, (0.60,) * 7, 0.54, Gravity.WARNING),
        ("rate", PAIR, (0.60,) * 7, 0.401, Gravity.WARNING),
        ("rate", PAIR, (0.60,) * 7, 0.40, Gravity.ERROR),
        ("rate", PAIR, (0.60,), 0.0, Gravity.ERROR),
        ("rate", PAIR, (0.1, 0.1, 0.1, 0.6, 0.6, 0.6, 0.6), 0.1, Gravity.ERROR),
        ("rate", PAIR, (0.1, 0.1, 0.1, 0.1, 0.6, 0.6, 0.6), 0.1, None),
        ("rate", PAIR, (0.0,), 0.0, None),
        ("precision", EVERY, (0.95,), 0.931, None),
        ("precision", EVERY, (0.95,), 0.93, Gravity.WARNING),
        ("precision", EVERY, (0.95,), 0.90, Gravity.ERROR),
        ("precision", PAIR, (0.95,), 0.90, Gravity.WARNING),
        ("precision", PAIR, (0.95,), 0.85, Gravity.ERROR),
    ],
)
def test_a_fall_against_the_median(
    measure: str, pair: tuple[str, str], before: tuple[float, ...], tonight: float, gravity: Gravity | None
) -> None:
    findings = compare(night((measure, pair, tonight, 500)), nights(measure, pair, *before), measure)
    assert [finding.gravity for finding in findings] == ([] if gravity is None else [gravity])
    for finding in findings:
        name = measure if pair == EVERY else f"{measure} aldi -> coles"
        assert finding.sentence.startswith(f"{name} is {tonight:.1%}; the median of the last {len(before)} published")


def test_few_labelled_pairs_are_said_and_never_block() -> None:
    few = FEWEST_CASES - 1
    tonight = night(("precision", EVERY, 0.1, few), ("precision", PAIR, 0.1, few), ("rate", PAIR, 0.1, few))
    earlier = pd.concat([nights("precision", PAIR, 0.95), nights("precision", EVERY, 0.95)])
    (finding,) = compare(tonight, earlier, "precision")
    assert finding == Finding(
        Gravity.WARNING, "precision: not measured: 49 labelled pairs are in these catalogues, and 50 are needed"
    )
    (finding,) = compare(night(("precision", EVERY, 0.95, 400), ("precision", PAIR, 0.1, few)), earlier, "precision")
    assert finding == Finding(
        Gravity.NOTE, "precision of 1 of the pairs of companies: not measured, each has under 50 labelled pairs"
    )
    assert compare(tonight, nights("rate", PAIR, 0.95), "rate") == []
    assert len(measured_figures(tonight)) == 3, "they are kept, and held against nothing"
    assert compare(night(("rate", PAIR, 0.1, 500)), nights("rate", PAIR, 0.95).assign(cases=few), "rate") == []


def test_nobody_is_warned_each_night_that_no_labelled_company_is_there() -> None:
    none = night(("precision", EVERY, None, 0))
    sentence = "precision: not measured: 0 labelled pairs are in these catalogues, and 50 are needed"
    assert compare(none, nights("rate", PAIR, 0.5), "precision") == [Finding(Gravity.NOTE, sentence)]
    assert compare(none, nights("precision", EVERY, 0.9), "precision") == [Finding(Gravity.WARNING, sentence)]


def test_a_first_night_holds_and_a_pair_that_is_gone_is_said() -> None:
    tonight = night(("rate", PAIR, 0.6, 500))
    assert compare(tonight, nights("precision", PAIR, 0.9), "rate") == []
    (gone,) = compare(tonight, nights("rate", ("iga", "coles"), 0.5), "rate")
    assert gone == Finding(Gravity.WARNING, "rate iga -> coles: there was one before, and is none tonight")


def test_only_whole_figures_are_held_against_each_other() -> None:
    levels = night(("precision", EVERY, 0.9, 400)).assign(part="level 3")
    assert measured_figures(pd.concat([levels, night(("coverage", PAIR, 0.5, 400), ("rate", PAIR, 0.5, 50))])).to_dict(
        "records"
    ) == night(("rate", PAIR, 0.5, 50)).to_dict("records")
