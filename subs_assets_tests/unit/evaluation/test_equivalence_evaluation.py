"""The evaluation as a whole, on shops with the companies of the labels and categories of their own."""

from pathlib import Path

import pytest

from subs_assets.evaluation.equivalence_evaluation import BASELINES, evaluate_equivalences
from subs_assets_tests.small_shops import item
from subs_assets_tests.unit.evaluation.made_up_inputs import SHELVES, TASTES, inputs_of, two_shops

COMPANIES = ("aldi", "coles", "iga")


def test_every_method_has_its_figures_and_unknown_categories_are_counted(tmp_path: Path) -> None:
    items = [
        item(company, f"{thing}-{taste}", f"{thing} {taste}", shelves[place % 2], brand=company)
        for thing, shelves in SHELVES.items()
        for place, company in enumerate(COMPANIES)
        for taste in TASTES
    ]
    told: list[str] = []
    found = evaluate_equivalences(inputs_of(items, tmp_path), 1, told.append)
    assert set(found.methods) == {"ours", *BASELINES}
    assert found.unknown == sum(found.labels.values()) == 747
    ours = found.methods["ours"]
    assert ours.stated > 0 and ours.coverage.value == 1.0 and ours.coverage.cases == 2 * len(items)
    assert ours.scores.recall.value == 0.0, "no labelled category is here"
    as_json = found.to_json()
    assert set(as_json["methods"]["ours"]) >= {"precision", "recall", "f1", "coverage", "cases"}
    assert as_json["null_mappings"] is not None and as_json["stability"] is not None
    assert told[0] == "mappings as they are"


def test_labels_of_other_companies_say_nothing_here(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="labelled pairs are of aldi, coles and iga, and there is no aldi, coles, iga"):
        evaluate_equivalences(two_shops(tmp_path), 1)
