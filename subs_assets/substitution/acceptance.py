"""The probability that a shopper would accept a substitute: a logistic model over named features; how it is fitted is
in training.py, what the features are in features.py."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class AcceptanceModel:
    """``probability = logistic(intercept + sum(coefficient * feature))``; ``shown_from``: the probability from which on
    a pair is shown. ``typical``: each feature's mean over the pairs that were fitted, against which a share is told."""

    coefficients: dict[str, float]
    typical: dict[str, float]
    intercept: float
    shown_from: float

    def probability(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """(n,) float64.

        ``features``: a column for each coefficient, at least.
        """
        logit = np.full(len(features), self.intercept)
        for name, coefficient in self.coefficients.items():
            logit += coefficient * features[name].to_numpy(np.float64)
        return logistic(logit)

    def shares(self, features: pd.DataFrame) -> pd.DataFrame:
        """What each feature adds to the logit of each pair, over what it adds to that of a typical one."""
        return pd.DataFrame(
            {
                name: coefficient * (features[name].to_numpy(np.float64) - self.typical[name])
                for name, coefficient in self.coefficients.items()
            },
            index=features.index,
        )


def logistic(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rounded to four digits, so that the last bit of a sum decides nothing."""
    return np.round(1.0 / (1.0 + np.exp(-logit)), 4)
