import json
from collections import Counter
from importlib.resources import files

import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from subs_assets.database.kept_decisions import RELATIONS
from subs_assets.equivalence.mapping import KEY_COLUMNS

SHEETS = {"au_equivalences.csv": (366, 351, 0.947), "au_equivalences_2.csv": (381, 373, 0.957)}
"""Pairs, pairs on which the two agree, and their kappa."""


def sheet(name: str) -> pd.DataFrame:
    return pd.read_csv(str(files("subs_assets.evaluation") / "gold" / name))


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    return pd.concat([sheet(name).assign(sheet=name) for name in SHEETS], ignore_index=True)


def test_every_pair_is_labelled_once_with_a_relation_that_there_is(labels: pd.DataFrame) -> None:
    assert not labels.duplicated(KEY_COLUMNS).any()
    assert Counter(labels["sheet"]) == {name: pairs for name, (pairs, _, _) in SHEETS.items()}
    for column in ("label_1", "label_2", "relation"):
        assert set(labels[column]) <= {*RELATIONS, "none"}
    for column in ("path", "target_path"):
        assert all(isinstance(json.loads(path), list) for path in labels[column])
    assert (labels["company_slug"] < labels["target_company_slug"]).all()


def test_where_two_labellers_agree_their_label_holds_and_else_the_third(labels: pd.DataFrame) -> None:
    agree = labels["label_1"] == labels["label_2"]
    assert (labels["relation"] == labels["label_1"].where(agree, labels["label_3"])).all()
    assert (labels["label_3"].notna() == ~agree).all()
    for name, (_, agreed, kappa) in SHEETS.items():
        one = labels[labels["sheet"] == name]
        assert agree[one.index].sum() == agreed
        assert cohen_kappa_score(one["label_1"], one["label_2"]) == pytest.approx(kappa, abs=0.0005)


def test_a_stratum_says_how_many_of_how_many_were_drawn(labels: pd.DataFrame) -> None:
    strata = labels.groupby(["company_slug", "target_company_slug", "stratum"])
    assert (strata["pooled"].nunique() == 1).all() and strata["pooled"].first().sum() == 11_270
    assert (strata.size() <= strata["pooled"].first()).all()
    drawn = labels.groupby(["sheet", "company_slug", "target_company_slug", "stratum"])["drawn"]
    assert (drawn.nunique() == 1).all() and (drawn.size() == drawn.first()).all()
