"""How the trained model is made from published tables; what is kept of it, and in which files, is in trained.py."""

from collections.abc import Sequence

import pandas as pd

from subs_assets.embedding import packaged_model
from subs_assets.embedding.encoder import SentenceTransformerEncoder
from subs_assets.embedding.name_weights import train_name_weights
from subs_assets.embedding.similarity import name_features
from subs_assets.embedding.vector_store import VectorStore
from subs_assets.equivalence.build import own_shelves
from subs_assets.equivalence.evidence import calibrate
from subs_assets.evaluation.label_features import labels_with_features
from subs_assets.evaluation.substitution_labels import CANDIDATES
from subs_assets.model.trained import TrainedFor, TrainedModel, TrainedOn
from subs_assets.substitution.acceptance import AcceptanceModel
from subs_assets.substitution.features import FEATURES
from subs_assets.substitution.training import train_acceptance

PROMISED_PRECISION = 0.95
"""Share of what is shown that a shopper would accept, with reservation or without."""


def train(
    listings: pd.DataFrame,
    shelves: pd.DataFrame,
    further: Sequence[pd.DataFrame],
    store: VectorStore,
    encoder: str,
    day: str,
) -> TrainedModel:
    """Names and shelves are measured on ``listings`` and ``shelves`` (the tables ``listings`` and ``listing_shelves``);
    of each table in ``further``, listings of other catalogues, only the names count, and only for the n-grams.
    Acceptance is that of the labelled pairs, whose kept features are of the packaged encoder.

    ``encoder`` is what people call the encoder of ``store``. Raises ValueError where the listings are too few.
    """
    core_names = [frame["core_name"].tolist() for frame in (listings, *further)]
    weights = train_name_weights(core_names)
    features = name_features(core_names[0], weights, store)
    return TrainedModel(
        trained_at=day,
        trained_for=TrainedFor(encoder, store.encoder.fingerprint),
        acceptance_for=TrainedFor(packaged_model.NAME, SentenceTransformerEncoder().fingerprint),
        trained_on=(_set(listings, "names", "same_shelf"), *(_set(frame, "names") for frame in further)),
        names=weights,
        same_shelf=calibrate(features, listings["company_slug"], own_shelves(listings, shelves)),
        acceptance=acceptance_of_labels(),
    )


def acceptance_labels() -> pd.DataFrame:
    """The labelled pairs that are for fitting and that no gate refuses, with their features."""
    labels = labels_with_features("fitted")
    return labels[labels["gate"] == ""]


def acceptance_of_labels() -> AcceptanceModel:
    """The acceptance model of ``acceptance_labels``. What is shown is a candidate with a level, so only the sheet of
    candidates counts for the threshold, and of it what has a level."""
    labels = acceptance_labels()
    weight = labels["weight"].where((labels["level"] > 0) & (labels["sheet"] == CANDIDATES), 0.0)
    return train_acceptance(
        labels[list(FEATURES)], labels["is_accepted"].to_numpy(), weight.to_numpy(), PROMISED_PRECISION
    )


def _set(listings: pd.DataFrame, *learned: str) -> TrainedOn:
    counts = listings["company_slug"].value_counts().sort_index()
    return TrainedOn({str(company): int(count) for company, count in counts.items()}, learned)
