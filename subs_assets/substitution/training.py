"""Fits the acceptance model to labelled pairs; what the labels are and which half may be seen is evaluation's."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.substitution.acceptance import AcceptanceModel, logistic
from subs_assets.substitution.features import SPEAK_FOR

STRENGTHS = (0.03, 0.1, 0.3, 1.0)
"""Inverse strengths of the regularisation that are tried (scikit-learn's C)."""

GIVEN = {"preferences_lost": -0.5, "states_differ": -1.0, "animals_unlike": -1.0}
"""Coefficients that are a promise, and not fitted: a preference lost, frozen for fresh, and meat or fish in one of the
two only lower a score. Few labelled pairs have them, and the labels of those say little either way."""

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
    it could not be explained to anybody. The coefficients ``GIVEN`` are not fitted.

    Raises ValueError where no threshold reaches ``precision``.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    names = [name for name in features.columns if name not in GIVEN and features[name].nunique() > 1]
    while True:
        scaled = _scaled(features[names])
        fitted = LogisticRegression(C=_best_strength(scaled, accepted), max_iter=1000).fit(scaled, accepted)
        right = [
            value == 0 or (value > 0) == (name in SPEAK_FOR) for name, value in zip(names, fitted.coef_[0], strict=True)
        ]
        if all(right):
            break
        names = [name for name, keep in zip(names, right, strict=True) if keep]
    raw = dict(zip(names, fitted.coef_[0] / features[names].std().to_numpy(), strict=True))
    coefficients = {name: round(float(value), 4) for name, value in {**raw, **GIVEN}.items()}
    typical = {name: round(float(features[name].mean()), 4) for name in coefficients}
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    logit = cross_val_predict(fitted, scaled, accepted, cv=folds, method="decision_function")
    for name, value in GIVEN.items():
        logit += value * (features[name].to_numpy() - typical[name])
    intercept = float(fitted.intercept_[0]) - sum(value * typical[name] for name, value in coefficients.items())
    return AcceptanceModel(
        coefficients, typical, round(intercept, 4), threshold_for(logistic(logit), accepted, weight, precision)
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
