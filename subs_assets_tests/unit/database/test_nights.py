"""What nights measured, and the word that lets one pass."""

import json

import pandas as pd
import pytest
from sqlalchemy import Engine

from subs_assets.database.audit_lines import read_audit
from subs_assets.database.nights import (
    MEASURED_COLUMNS,
    NightPass,
    earlier_nights,
    let_pass,
    open_pass,
    record_night,
    take_back_pass,
)
from subs_assets_tests.unit.database.conftest import on_sqlite


def figures(rate: float) -> pd.DataFrame:
    rows = [("precision", "", "", 0.9, 300), ("rate", "aldi", "coles", rate, 2835)]
    return pd.DataFrame(rows, columns=MEASURED_COLUMNS)


def rates(control: Engine, last: int = 7) -> dict[str, float]:
    found = earlier_nights(control, last)
    return dict(found.loc[found["measure"] == "rate", ["run_id", "value"]].itertuples(index=False, name=None))


def test_the_last_nights_are_kept(control: Engine) -> None:
    for number in range(9):
        record_night(control, f"run-{number}", figures(number / 10))
    record_night(control, "run-8", figures(0.85))
    assert rates(control) == {**{f"run-{number}": number / 10 for number in range(2, 8)}, "run-8": 0.85}
    assert rates(control, last=1) == {"run-8": 0.85}
    record_night(control, "run-9", figures(0.1).iloc[:0])
    assert rates(control, last=1) == {"run-8": 0.85}, "a night without figures is none to be held against"


def test_a_pass_is_used_once_and_what_it_let_pass_is_the_measure(control: Engine) -> None:
    record_night(control, "before", figures(0.6))
    let_pass(control, " Ana ", "the drinks are gone")
    granted = open_pass(control)
    assert isinstance(granted, NightPass)
    assert (granted.asked_by, granted.reason) == ("Ana", "the drinks are gone")
    with pytest.raises(ValueError, match="Ana lets the next night pass already .the drinks are gone."):
        let_pass(control, "Bo", "me too")
    assert rates(control) == {"before": 0.6}
    record_night(control, "let pass", figures(0.2))
    assert open_pass(control) is None
    assert rates(control) == {"let pass": 0.2}
    record_night(control, "after", figures(0.3))
    assert rates(control) == {"let pass": 0.2, "after": 0.3}
    audit = read_audit(control)
    assert audit["what"].tolist() == ["night let pass", "next night may pass"]
    assert [json.loads(detail) for detail in audit["detail"]] == [
        {"run_id": "let pass"},
        {"reason": "the drinks are gone"},
    ]


@on_sqlite
def test_a_pass_is_taken_back(control: Engine) -> None:
    assert not take_back_pass(control, "Ana")
    let_pass(control, "Ana", "a mistake")
    assert take_back_pass(control, "Ana") and open_pass(control) is None
    assert read_audit(control)["what"].tolist() == ["next night may not pass", "next night may pass"]


@on_sqlite
@pytest.mark.parametrize(("who", "reason"), [("", "why"), ("Ana", "  ")])
def test_a_pass_says_who_and_why(control: Engine, who: str, reason: str) -> None:
    with pytest.raises(ValueError, match="say who lets the night pass, and why"):
        let_pass(control, who, reason)
    assert open_pass(control) is None
