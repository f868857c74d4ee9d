"""``subs evaluate``: figures of what is published, for people and as JSON, and the word that lets a night pass."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from subs_assets.commands.evaluated_substitutions import show_substitutions
from subs_assets.database import control, nights
from subs_assets.evaluation.flipped_claims import Flips
from subs_assets.evaluation.hidden_twins import HiddenTwins
from subs_assets.evaluation.intervals import Estimate, Share
from subs_assets.evaluation.substitution_evaluation import Evaluation, Method
from subs_assets.evaluation.substitution_methods import METHODS
from subs_assets.evaluation.substitution_scores import Bin, Point, Precision
from subs_assets.settings import Settings
from subs_assets_tests.hashing_encoder import HashingEncoder
from subs_assets_tests.unit.commands.conftest import Subs

PAIR = {"company_slug": "aldi", "target_company_slug": "coles"}
SURE, FEW = Estimate(0.96, 0.93, 0.98, 400), Estimate(1.0, 0.8, 1.0, 12)
POINTS = [Point(0.9, 0.4, Estimate(0.96, 0.9, 1.0, 40)), Point(0.8, 0.7, Estimate(0.91, 0.85, 0.95, 90))]

CURVES = {
    ("aldi", "coles"): POINTS,
    ("aldi", "iga"): [Point(0.8, 0.7, Estimate(0.8, 0.7, 0.9, 50))],
    ("iga", "aldi"): [],
}


def measured() -> Evaluation:
    precision = Precision(SURE, {("aldi", "coles"): FEW}, {1: FEW, 5: SURE})
    return Evaluation(
        methods={name: Method(POINTS, CURVES, 90) for name in METHODS},
        precision=precision,
        without_reservation=precision,
        bins=[Bin(0.95, 0.93, 200)],
        traps=725,
        traps_shown=pd.DataFrame(
            [{**PAIR, "words": "lime each", "target_words": "lime cordial", "trap": "form", "score": 0.9}]
        ),
        twins=HiddenTwins(
            {1: Share(45, 50), 5: Share(50, 50), 20: Share(50, 50)}, Share(5, 50), Share(45, 50), Share(40, 50)
        ),
        flips=[Flips("vegan", "the product states it", 100, 1, 0, ("vegan ham",)), Flips("halal", "x", 50, 0, 0, ())],
        rates=pd.DataFrame([{**PAIR, "linked": 0.75, "siloed": 0.01, "null": 0.2, "products": 2835}]),
        departments=pd.DataFrame([{**PAIR, "department": "pantry", "products": 900, "share": 0.8}]),
        prices=pd.DataFrame([{**PAIR, "rows": 3000, "median": 1.31, "far": 0.105}]),
        cases=1200,
        unknown=3,
    )


def test_the_json_has_the_words_that_scripts_expect() -> None:
    found = json.loads(json.dumps(measured().to_json()))
    assert found["methods"]["ours"] | {"curve": [], "by_pair": {}} == {
        "rate_at_90": 0.7, "rate_at_95": 0.4, "cases": 90, "curve": [], "by_pair": {},
    }  # fmt: skip
    assert found["methods"]["ours"]["by_pair"] == {
        "aldi -> coles": {"rate_at_90": 0.7, "rate_at_95": 0.4},
        "aldi -> iga": {"rate_at_90": None, "rate_at_95": None},
        "iga -> aldi": {"rate_at_90": "not measured", "rate_at_95": "not measured"},
    }
    assert found["precision"]["overall"]["value"] == 0.96
    assert found["precision"]["by_pair"] == {"aldi -> coles": {"value": "not measured", "cases": 12}}
    assert set(found["precision"]["by_level"]) == {"1", "5"}
    assert found["ece"] == pytest.approx(0.02)
    assert found["recall"]["1"] == {"rate": 0.9, "successes": 45, "cases": 50}
    assert (found["gate_violations"], found["traps_shown"], found["recall_at_20"], found["cases"]) == (1, 1, 1.0, 1200)
    assert found["flips"][0]["examples"] == ["vegan ham"]
    assert found["traps_by_name"] == ["aldi -> coles: lime each -> lime cordial (form; 0.90)"]
    assert found["rates"] == {"aldi -> coles": {"linked": 0.75, "siloed": 0.01, "null": 0.2}}
    assert found["coverage"] == {"aldi -> coles": {"pantry": 0.8}}
    assert found["unit_price_ratio"] == {"aldi -> coles": {"median": 1.31, "far": 0.105, "rows": 3000}}


def test_people_read_tables(capsys: pytest.CaptureFixture[str]) -> None:
    show_substitutions(measured())
    shown = re.sub(r"\s+", " ", capsys.readouterr().out)
    for part in (
        "1,200 labelled pairs that nothing was fitted to; 3 others are not in these catalogues",
        "aldi coles 75.0% 1.0% 20.0% not measured (12) 1.31 10.5%",
        "every level 96.0% (93.0% to 98.0%; 400)",
        "level 1 not measured (12)",
        "ours 70.0% 40.0% 90",
        "error (ECE) 0.020",
        "1 of 725 that are known here",
        "lime each lime cordial form 0.90",
        "1 of 150 not refused",
        "among the first 20 100.0% of 50",
        "refused by a gate 10.0% of 50",
        "pantry 900 80.0%",
    ):
        assert part in shown, part


def test_few_cases_are_not_measured(capsys: pytest.CaptureFixture[str]) -> None:
    few = Share(9, 10)
    found = replace(
        measured(),
        methods={name: Method([], {}, 12) for name in METHODS},
        bins=[Bin(0.95, 0.93, 12)],
        twins=HiddenTwins(dict.fromkeys((1, 5, 20), few), few, few, few),
    )
    told = json.loads(json.dumps(found.to_json()))
    assert told["ece"] == told["recall_at_20"] == told["methods"]["ours"]["rate_at_95"] == "not measured"
    assert told["reliability"] == []
    assert told["recall"] == {first: {"rate": "not measured", "cases": 10} for first in ("1", "5", "20")}
    show_substitutions(found)
    shown = re.sub(r"\s+", " ", capsys.readouterr().out)
    for part in (
        "ours not measured not measured 12",
        "error (ECE) not measured (12)",
        "among the first 20 not measured (10)",
        "shown not measured (10)",
    ):
        assert part in shown, part


def test_without_labelled_companies_what_needs_no_label_is_shown(
    subs: Subs, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subs_assets.embedding.fast_encoder.FastEncoder", lambda model, vectors: HashingEncoder())
    result = subs(home, "evaluate", "substitutions", "--json")
    assert result.exit_code == 0, result.output
    assert "scores of substitutions, and what is shown, are a guess" in " ".join(result.stderr.split())
    found = json.loads(result.stdout)
    assert found["cases"] == found["traps"] == found["traps_shown"] == 0
    assert found["ece"] == found["precision"]["overall"]["value"] == "not measured"
    assert {method["rate_at_95"] for method in found["methods"].values()} == {"not measured"}
    assert len(found["rates"]) == 9 and len(found["coverage"]) == 6
    assert found["gate_violations"] == 0


def test_a_night_is_let_pass_and_that_is_taken_back(subs: Subs, home: Settings) -> None:
    def granted() -> Any:
        engine = control.open_control(home.control_url)
        try:
            return nights.open_pass(engine)
        finally:
            engine.dispose()

    refused = subs(home, "evaluate", "let-pass", "--by", "Ana")
    assert refused.exit_code == 1 and "say why" in refused.stderr and granted() is None
    assert subs(home, "evaluate", "let-pass", "--reason", "drinks are gone", "--by", "Ana").exit_code == 0
    assert granted().asked_by == "Ana"
    again = subs(home, "evaluate", "let-pass", "--reason", "me too", "--by", "Bo")
    assert again.exit_code == 1 and "Ana lets the next night pass already (drinks are gone)" in again.stderr
    assert subs(home, "evaluate", "let-pass", "--take-back", "--by", "Ana").stdout == "taken back\n"
    assert granted() is None
    assert subs(home, "evaluate", "let-pass", "--take-back", "--by", "Ana").stdout == "there is nothing to take back\n"


@pytest.mark.parametrize("command", [("substitutions",), ("equivalences",)])
def test_without_a_database_it_says_so(subs: Subs, empty_home: Settings, command: tuple[str, ...]) -> None:
    result = subs(empty_home, "evaluate", *command)
    assert result.exit_code == 1 and "there is no database" in result.stderr
    assert not Path(empty_home.home).exists()
