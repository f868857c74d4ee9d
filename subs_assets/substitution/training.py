"""Fits the acceptance model to labelled pairs; what the labels are and which half may be seen is evaluation's."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.substitution.acceptance import AcceptanceModel
from subs_assets.substitution.features import SPEAK_FOR

STRENGTHS = (0.03, 0.1, 0.3, 1.0)
"""Inverse strengths of the regularisation that are tried (scikit-learn's C)."""

FOLDS = 10
SEED = 20261126


def train_acceptance(
    features: pd.DataFrame, accepted: NDArray[np.bool_], weight: NDArray[np.float64], precision: float
) -> AcceptanceModel:
    """The logistic model of labelled pairs that no gate refuses, and the lowest probability from which on, by
    cross-validation, at least the share ``precision`` of what is shown would be accepted.

    ``weight``: how many pairs each label stands for; it counts for that share, and not for the fit: pairs were drawn by
    what the features say, which leaves P(accepted | features) as it is, and a few heavy pairs would decide.
    A feature whose coefficient points against its meaning (``SPEAK_FOR``) is left out: by chance or by its neighbours,
    it could not be explained to anybody.

    Raises ValueError where no threshold reaches ``precision``.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    names = _informative(features)
    while True:
        scaled = _scaled(features[names])
        strength = _best_strength(scaled, accepted)
        coefficients = LogisticRegression(C=strength, max_iter=1000).fit(scaled, accepted).coef_[0]
        right = [
            value == 0 or (value > 0) == (name in SPEAK_FOR) for name, value in zip(names, coefficients, strict=True)
        ]
        if all(right):
            break
        names = [name for name, keep in zip(names, right, strict=True) if keep]
    fitted = LogisticRegression(C=strength, max_iter=1000).fit(scaled, accepted)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    probability = cross_val_predict(fitted, scaled, accepted, cv=folds, method="predict_proba")[:, 1]
    mean, spread = features[names].mean(), features[names].std()
    raw = fitted.coef_[0] / spread.to_numpy()
    return AcceptanceModel(
        {name: round(float(value), 4) for name, value in zip(names, raw, strict=True)},
        {name: round(float(value), 4) for name, value in mean.items()},
        round(float(fitted.intercept_[0] - (raw * mean.to_numpy()).sum()), 4),
        threshold_for(probability, accepted, weight, precision),
    )


def threshold_for(
    probability: NDArray[np.float64], accepted: NDArray[np.bool_], weight: NDArray[np.float64], precision: float
) -> float:
    """The lowest hundredth from which on the weighted share of accepted pairs is at least ``precision``, there and at
    every higher one that shows at least a tenth of the pairs that have a weight."""
    probability, accepted, weight = probability[weight > 0], accepted[weight > 0], weight[weight > 0]
    reaching = None
    for hundredth in range(99, 0, -1):
        shown = probability >= hundredth / 100
        if shown.mean() < 0.1:
            continue
        if np.average(accepted[shown], weights=weight[shown]) < precision:
            break
        reaching = hundredth / 100
    if reaching is None:
        raise ValueError(f"no threshold shows pairs of which {precision:.0%} would be accepted")
    return reaching


def _informative(features: pd.DataFrame) -> list[str]:
    return [name for name in features.columns if features[name].nunique() > 1]


def _scaled(features: pd.DataFrame) -> pd.DataFrame:
    return (features - features.mean()) / features.std()


def _best_strength(scaled: pd.DataFrame, accepted: NDArray[np.bool_]) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    losses = [
        -cross_val_score(
            LogisticRegression(C=strength, max_iter=1000), scaled, accepted, cv=folds, scoring="neg_log_loss"
        ).mean()
        for strength in STRENGTHS
    ]
    return STRENGTHS[int(np.argmin(losses))]
