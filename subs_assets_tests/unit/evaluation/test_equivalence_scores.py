"""What follows from what a method states, and the weighted figures over labelled pairs, worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from subs_assets.equivalence.mapping import KEY_COLUMNS
from subs_assets.evaluation.equivalence_labels import CONTAINS, HALVES, STRATUM, labelled_pairs
from subs_assets.evaluation.equivalence_scores import relation_scores, said_pairs, scores
from subs_assets.evaluation.intervals import weighted_share, wilson_interval
from subs_assets_tests.small_shops import path

ALDI = ["Dairy", "Dairy > Milk", "Dairy > Milk > Fresh", "Dairy > Cheese", "Pantry"]
COLES = ["Fridge", "Fridge > Milk", "Fridge > Milk > Long Life", "Fridge > Cheese"]


def said(*stated: tuple[str, str, str]) -> set[tuple[str, str]]:
    statements = [(path(one), path(other), relation) for one, other, relation in stated]
    return said_pairs(statements, [path(one) for one in ALDI], [path(other) for other in COLES])


def pairs(*expected: tuple[str, str]) -> set[tuple[str, str]]:
    return {(path(one), path(other)) for one, other in expected}


def test_counterparts_reach_up_on_both_sides_and_down_to_what_has_no_counterpart_of_its_own() -> None:
    assert said(("Dairy > Milk", "Fridge > Milk", "exact")) == pairs(
        ("Dairy > Milk", "Fridge > Milk"),
        ("Dairy > Milk", "Fridge"),
        ("Dairy", "Fridge > Milk"),
        ("Dairy > Milk > Fresh", "Fridge > Milk"),
        ("Dairy > Milk > Fresh", "Fridge"),
        ("Dairy > Milk", "Fridge > Milk > Long Life"),
        ("Dairy", "Fridge > Milk > Long Life"),
    )


def test_a_category_with_a_holder_of_its_own_inherits_none() -> None:
    found = said(("Dairy > Milk", "Fridge > Milk", "exact"), ("Dairy > Milk > Fresh", "Fridge > Cheese", "close"))
    assert (path("Dairy > Milk > Fresh"), path("Fridge > Milk")) not in found


def test_a_department_says_nothing_of_each_of_its_shelves() -> None:
    assert said(("Dairy", "Fridge", "exact")) == pairs(("Dairy", "Fridge"))


def test_broad_reaches_up_at_the_target_narrow_at_the_source_and_related_nowhere() -> None:
    assert said(("Dairy > Cheese", "Fridge > Cheese", "broad")) == pairs(
        ("Dairy > Cheese", "Fridge > Cheese"), ("Dairy > Cheese", "Fridge")
    )
    assert said(("Dairy > Cheese", "Fridge > Cheese", "narrow")) == pairs(
        ("Dairy > Cheese", "Fridge > Cheese"), ("Dairy", "Fridge > Cheese")
    )
    assert said(("Dairy > Cheese", "Fridge > Cheese", "related")) == set()


LABELS = pd.DataFrame(
    [
        ("aldi", "a", "coles", "x", "exact", 1.0),
        ("aldi", "b", "coles", "y", "narrow", 3.0),
        ("aldi", "c", "coles", "z", "none", 2.0),
        ("aldi", "d", "coles", "z", "related", 4.0),
        ("aldi", "e", "coles", "z", "broad", 4.0),
    ],
    columns=[*KEY_COLUMNS, "relation", "weight"],
)


def test_figures_are_weighted_back_to_the_pool() -> None:
    found = scores(LABELS, {("aldi", "coles"): {("a", "x"), ("b", "y"), ("c", "z")}})
    assert found.precision.value == pytest.approx(4 / 6) and found.precision.cases == 3
    assert found.recall.value == pytest.approx(4 / 8) and found.recall.cases == 3
    assert found.f1.value == pytest.approx(2 * (4 / 6) * (1 / 2) / (4 / 6 + 1 / 2)) and found.f1.cases == 4
    assert found.f1.low < found.f1.value < found.f1.high


def test_a_method_that_says_nothing_has_no_precision() -> None:
    found = scores(LABELS, {})
    assert (found.precision.value, found.precision.cases) == (None, 0)
    assert (found.recall.value, found.f1.value) == (0.0, 0.0)


def test_unequal_weights_are_worth_fewer_cases() -> None:
    even, uneven = (weighted_share([True] * 4, [True] * 4, weight) for weight in ([1.0] * 4, [1.0, 1.0, 1.0, 50.0]))
    assert (even.low, even.high) == pytest.approx(wilson_interval(4, 4))
    assert uneven.cases == 4 and uneven.low < even.low


def test_relations_are_judged_by_what_is_stated_itself() -> None:
    stated = {("aldi", "coles"): {("a", "x", "close"), ("b", "y", "broad"), ("d", "z", "related"), ("e", "z", "broad")}}
    found = relation_scores(LABELS, stated)
    assert [estimate.value for estimate in found["exact or close"]] == [1.0, 1.0]
    assert [estimate.value for estimate in found["broad or narrow"]] == pytest.approx([1.0, 4 / 7])
    assert [estimate.value for estimate in found["related"]] == [1.0, 1.0]


def test_the_halves_cut_every_stratum_in_two_and_keep_its_weight() -> None:
    labels = labelled_pairs()
    counts = labels.groupby(STRATUM)["half"].value_counts().unstack(fill_value=0)
    assert set(counts.columns) == set(HALVES) and (counts[HALVES[0]] - counts[HALVES[1]]).abs().max() <= 1
    assert labels["weight"].sum() == pytest.approx(11_270)
    assert np.isclose(labels.groupby("half")["weight"].sum(), 11_270 / 2, rtol=0.1).all()
    assert labels["relation"].isin([*CONTAINS, "related", "none"]).all()
