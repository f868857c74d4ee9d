import json
from importlib.resources import files

import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from subs_assets.database.control import RELATIONS
from subs_assets.evaluation.equivalence_methods import PAIR_COLUMNS


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    return pd.read_csv(str(files("subs_assets.evaluation") / "gold" / "au_equivalences.csv"))


def test_every_pair_is_labelled_once_with_a_relation_that_there_is(labels: pd.DataFrame) -> None:
    assert not labels.duplicated(PAIR_COLUMNS).any() and len(labels) == 366
    for column in ("label_1", "label_2", "relation"):
        assert set(labels[column]) <= {*RELATIONS, "none"}
    for column in ("path", "target_path"):
        assert all(isinstance(json.loads(path), list) for path in labels[column])
    assert (labels["company_slug"] < labels["target_company_slug"]).all()


def test_where_two_labellers_agree_their_label_holds_and_else_the_third(labels: pd.DataFrame) -> None:
    agree = labels["label_1"] == labels["label_2"]
    assert (labels["relation"] == labels["label_1"].where(agree, labels["label_3"])).all()
    assert (labels["label_3"].notna() == ~agree).all()
    assert agree.sum() == 351
    assert cohen_kappa_score(labels["label_1"], labels["label_2"]) == pytest.approx(0.947, abs=0.0005)


def test_a_stratum_says_how_many_of_how_many_were_drawn(labels: pd.DataFrame) -> None:
    strata = labels.groupby(["company_slug", "target_company_slug", "stratum"])
    assert (strata["pooled"].nunique() == 1).all() and (strata["drawn"].nunique() == 1).all()
    assert (strata.size() == strata["drawn"].first()).all()
    assert (labels["drawn"] <= labels["pooled"]).all() and strata["pooled"].first().sum() == 11_270
