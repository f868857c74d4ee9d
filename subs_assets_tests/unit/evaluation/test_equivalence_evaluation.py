"""The evaluation as a whole, on made-up shops with labels of their own."""

import json
from pathlib import Path

import pandas as pd
import pytest

from subs_assets.equivalence.mapping import KEY_COLUMNS
from subs_assets.evaluation.equivalence_evaluation import BASELINES, evaluate_equivalences
from subs_assets.evaluation.equivalence_labels import HALVES, labelled_pairs
from subs_assets_tests.small_shops import path
from subs_assets_tests.unit.evaluation.made_up_inputs import SHELVES, two_shops


def labels() -> pd.DataFrame:
    """Every shelf of the one shop is exactly its namesake of the other and none of the next; one label is of a category
    that there is not."""
    shelves = list(SHELVES.values())
    rows = [("left", path(one), "right", path(other), "exact") for one, other in shelves]
    rows += [
        ("left", path(one), "right", path(other), "none")
        for (one, _), (_, other) in zip(shelves, [*shelves[1:], shelves[0]], strict=True)
    ]
    rows.append(("left", path("Nowhere"), "right", path("Breakfast"), "narrow"))
    both = [(*row, 1.0, half) for row in rows for half in HALVES]
    return pd.DataFrame(both, columns=[*KEY_COLUMNS, "relation", "weight", "half"])


def test_every_method_has_its_figures(tmp_path: Path) -> None:
    told: list[str] = []
    found = evaluate_equivalences(two_shops(tmp_path), labels(), 1, told.append)
    assert set(found.methods) == {"ours", *BASELINES} and told[0] == "mappings as they are"
    ours = found.methods["ours"]
    assert (ours.scores.precision.value, ours.scores.recall.value) == (1.0, pytest.approx(5 / 6))
    assert ours.scores == found.fitted, "the two halves are the same here"
    assert (ours.coverage.value, ours.coverage.cases) == (1.0, 80)
    assert found.unknown == 2 and found.labels == dict.fromkeys(HALVES, 11)
    assert found.relations["exact or close"][0].value == 1.0
    as_json = found.to_json()
    assert set(as_json["methods"]["ours"]) >= {"precision", "recall", "f1", "coverage", "cases"}
    nulls = [as_json["trials"]["null_mappings"][way] for way in ("rerun", "facets_kept")]
    assert as_json["null_mappings"] == max(null["rate"] for null in nulls)
    assert all(null["low"] <= null["rate"] <= null["high"] and null["cases"] > 0 for null in nulls)
    assert as_json["stability"] == pytest.approx(found.trials.stability.changed.rate)
    json.dumps(as_json)


def test_labels_of_other_catalogues_say_nothing_here(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="747 of the 747 labelled pairs are of categories that these catalogues have not"
    ):
        evaluate_equivalences(two_shops(tmp_path), labelled_pairs(), 1)
