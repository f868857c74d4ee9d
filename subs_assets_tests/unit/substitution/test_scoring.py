"""How categories, sizes and preferences move a score, and in which order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subs_assets.substitution import scoring
from subs_assets.substitution.scoring import score


def one(similarity: float, relation: int = scoring.NO_RELATION, lowered: int = 0, ratio: float = 1.0) -> float:
    return float(
        score(
            np.array([similarity], np.float32),
            np.array([relation], np.int8),
            np.array([lowered], np.int64),
            np.array([ratio]),
        )[0]
    )


def test_the_better_the_categories_agree_the_higher_the_score() -> None:
    order = [
        [scoring.SAME, scoring.EXACT, scoring.CLOSE],
        [scoring.BROAD, scoring.NARROW],
        [scoring.RELATED],
        [scoring.NO_RELATION],
        [scoring.CONTRADICTS],
    ]
    scores = [{one(0.7, relation) for relation in equal} for equal in order]
    assert all(len(equal) == 1 for equal in scores)
    flat = [equal.pop() for equal in scores]
    assert flat == sorted(set(flat), reverse=True)
    assert flat[3] < 0.7 < flat[2]


@pytest.mark.parametrize(
    ("ratio", "far"),
    [(1.0, False), (4.0, False), (0.25, False), (4.1, True), (0.24, True), (np.nan, False)],
)
def test_a_sachet_for_a_family_pack_scores_lower(ratio: float, far: bool) -> None:
    assert (one(0.7, ratio=ratio) < one(0.7)) == far


def test_each_lost_preference_lowers() -> None:
    scores = [one(0.8, lowered=count) for count in range(4)]
    assert np.diff(scores) == pytest.approx([-0.05] * 3)


@given(st.floats(-1, 1, width=32), st.integers(0, 7), st.integers(0, 5), st.floats(0.001, 1000) | st.just(np.nan))
def test_a_score_is_between_0_and_1_and_grows_with_similarity(
    similarity: float, relation: int, lowered: int, ratio: float
) -> None:
    assert 0 <= one(similarity, relation, lowered, ratio) <= 1
    assert one(similarity, relation, lowered, ratio) <= one(min(1.0, similarity + 0.1), relation, lowered, ratio)


def test_every_relation_has_a_name_and_an_effect() -> None:
    assert len(scoring.RELATIONS) == len(scoring.CATEGORY_EFFECT) == 8
