"""The table ``evaluation``: what a night measures of itself, from its own tables and the labelled pairs alone; no
candidate is judged again, which ``subs evaluate substitutions`` does."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from subs_assets.database import frames, tables
from subs_assets.embedding.similarity import NameFeatures
from subs_assets.equivalence.coverage import PAIR
from subs_assets.evaluation.intervals import Estimate, wilson_interval
from subs_assets.evaluation.judged_labels import judged_labels, labels_of_products
from subs_assets.evaluation.shown import (
    FAR,
    LABELLED,
    ShownTables,
    coverage_by_department,
    first_choices_of_outcomes,
    price_sanity,
    rates_by_setting,
    with_what_is_shown,
)
from subs_assets.evaluation.substitution_labels import LABEL_KEYS
from subs_assets.evaluation.substitution_methods import OURS
from subs_assets.evaluation.substitution_scores import (
    BINS,
    FEWEST_CASES,
    NOT_MEASURED,
    SHOWN,
    Bin,
    Point,
    curve,
    expected_calibration_error,
    measured,
    precision_of_shown,
    reliability,
)
from subs_assets.substitution.acceptance import AcceptanceModel
from subs_assets.substitution.build import SubstitutionInputs, night_judge
from subs_assets.substitution.rows import is_accepted_by_person

POINTS = 25
"""Of a curve are kept."""

EVERY = ("", "")
"""Instead of two companies: all of them."""

Row = dict[str, Any]


def night_figures(
    inputs: SubstitutionInputs,
    features: NameFeatures,
    shown: ShownTables,
    model: AcceptanceModel,
    labels: pd.DataFrame,
    traps: pd.DataFrame,
) -> pd.DataFrame:
    """The table ``evaluation``; ``labels`` and ``traps`` as ``substitution_labels`` gives them."""
    placed = with_what_is_shown(_placed(labels, inputs), shown.substitutions)
    rows = [
        *_precision(placed),
        *_calibration(placed[labels.columns], inputs, features, model),
        *_curves(placed, shown.substitution_outcomes),
        *_traps(_placed(traps.drop_duplicates(LABEL_KEYS), inputs), shown.substitutions),
        *_rates(shown.substitution_rates),
        *_coverage(shown.substitution_outcomes, inputs.product_claims),
        *_prices(shown.substitutions, inputs.product_listings),
    ]
    frame = pd.DataFrame(rows, columns=tables.evaluation.columns.keys())
    return frames.conform(frame, tables.evaluation)


def _placed(labels: pd.DataFrame, inputs: SubstitutionInputs) -> pd.DataFrame:
    return labels_of_products(labels, inputs.listings, inputs.product_listings)


def why_not_measured(cases: int, fewest: int = FEWEST_CASES) -> str:
    """The sentence for a figure that has too few cases."""
    return f"{NOT_MEASURED}: {cases} labelled pairs are in these catalogues, and {fewest} are needed"


def _row(
    measure: str, pair: tuple[str, str], part: str, value: float | None, cases: int, said: str = "", **ends: float
) -> Row:
    return {
        "measure": measure,
        "company_slug": pair[0],
        "target_company_slug": pair[1],
        "part": part,
        "value": value,
        "low": ends.get("low"),
        "high": ends.get("high"),
        "cases": cases,
        "said": said or None,
    }


def _estimated(measure: str, pair: tuple[str, str], part: str, estimate: Estimate) -> Row:
    found = measured(estimate)
    if found is None:
        return _row(measure, pair, part, None, estimate.cases, why_not_measured(estimate.cases))
    return _row(measure, pair, part, found.value, found.cases, low=found.low, high=found.high)


def _precision(placed: pd.DataFrame) -> Iterator[Row]:
    drawn = placed[placed["stratum"].str.startswith(SHOWN)]
    for measure, is_accepted in (
        ("precision", drawn["is_accepted"]),
        ("precision_without_reservation", drawn["verdict"] == "accept"),
    ):
        found = precision_of_shown(drawn.assign(is_accepted=is_accepted))
        yield _estimated(measure, EVERY, "", found.overall)
        for pair, estimate in found.by_pair.items():
            yield _estimated(measure, pair, "", estimate)
        for level, estimate in found.by_level.items():
            yield _estimated(measure, EVERY, f"level {level}", estimate)


def _calibration(
    labels: pd.DataFrame, inputs: SubstitutionInputs, features: NameFeatures, model: AcceptanceModel
) -> Iterator[Row]:
    bins: list[Bin] = []
    if len(labels):
        judged = judged_labels(labels.drop_duplicates(LABEL_KEYS), inputs, features, night_judge(inputs, model))
        allowed = judged[(judged["gate"] == 0) & (judged["level"] > 0)]
        bins = reliability(allowed["score"].to_numpy(), allowed["is_accepted"].to_numpy())
    cases = sum(one.cases for one in bins)
    error = expected_calibration_error(bins)
    yield _row("ece", EVERY, "", error, cases, why_not_measured(cases) if error is None else "")
    for one in bins if error is not None else ():
        part = bin_name(one)
        low, high = wilson_interval(one.accepted * one.cases, one.cases)
        yield _row("score_promised", EVERY, part, one.promised, one.cases)
        yield _row("score_accepted", EVERY, part, one.accepted, one.cases, low=low, high=high)


def bin_name(one: Bin) -> str:
    """ "0.8 to 0.9": what the scores of a bin lie between."""
    start = min(int(one.promised * BINS), BINS - 1)
    return f"{start / BINS:.1f} to {(start + 1) / BINS:.1f}"


def _curves(placed: pd.DataFrame, outcomes: pd.DataFrame) -> Iterator[Row]:
    choices = first_choices_of_outcomes(outcomes)
    asked = placed[placed["stratum"] == f"first choice, {OURS}"]
    labelled = asked.drop(columns="score").merge(choices, on=["company_slug", *LABELLED])
    products = outcomes.groupby(PAIR)["product_id"].nunique()
    across = [(company, target) for company, target in products.index if company != target]
    between = _between_companies(choices), _between_companies(labelled)
    yield from _curve(EVERY, curve(between[0], int(products[across].sum()), between[1]))
    for pair in across:
        own, asked_of_pair = (frame[(frame[PAIR] == list(pair)).all(axis=1)] for frame in between)
        yield from _curve(pair, curve(own, int(products[pair]), asked_of_pair))


def _between_companies(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["company_slug"] != frame["target_company_slug"]]


def _curve(pair: tuple[str, str], points: list[Point]) -> Iterator[Row]:
    if not points:
        return
    places = np.unique(np.linspace(0, len(points) - 1, POINTS).round().astype(int))
    by_rate = {f"{points[place].rate:.4f}": points[place] for place in places}
    for rate, point in by_rate.items():
        found = point.precision
        yield _row(
            "precision_at_rate", pair, rate, found.value, found.cases,
            f"with a score of {point.threshold:.2f} or more", low=found.low, high=found.high,
        )  # fmt: skip


def _traps(placed: pd.DataFrame, substitutions: pd.DataFrame) -> Iterator[Row]:
    found = with_what_is_shown(placed, substitutions)
    shown = found[found["is_shown"]]
    shown = shown[~shown["reasons"].map(is_accepted_by_person).astype(bool)]  # what a person says blocks no night
    yield _row("traps_shown", EVERY, "", float(len(shown)), len(placed))
    for trap in shown.itertuples():
        pair = (str(trap.company_slug), str(trap.target_company_slug))
        said = f"{trap.words} -> {trap.target_words} ({trap.trap})"
        yield _row("trap_shown", pair, f"{trap.sku} -> {trap.target_sku}", float(trap.score), 1, said)


def _rates(rates: pd.DataFrame) -> Iterator[Row]:
    for found in rates_by_setting(rates).itertuples():
        pair = (str(found.company_slug), str(found.target_company_slug))
        for measure, value in (("rate", found.linked), ("rate_siloed", found.siloed), ("rate_by_chance", found.null)):
            yield _row(measure, pair, "", float(value), int(found.products))


def _coverage(outcomes: pd.DataFrame, product_claims: pd.DataFrame) -> Iterator[Row]:
    for found in coverage_by_department(outcomes, product_claims).itertuples():
        pair = (str(found.company_slug), str(found.target_company_slug))
        yield _row("coverage", pair, str(found.department), float(found.share), int(found.products))


def _prices(substitutions: pd.DataFrame, product_listings: pd.DataFrame) -> Iterator[Row]:
    for found in price_sanity(substitutions, product_listings).itertuples():
        pair = (str(found.company_slug), str(found.target_company_slug))
        yield _row("unit_price_ratio", pair, "", float(found.median), int(found.rows))
        said = f"outside of 1/{FAR:.0f} to {FAR:.0f}"
        yield _row("unit_price_far", pair, "", float(found.far), int(found.rows), said)


def curve_points(evaluation: pd.DataFrame) -> pd.DataFrame:
    """The rows of the table ``evaluation`` that are points of a curve, with their ``rate``, in its order."""
    points = evaluation[evaluation["measure"] == "precision_at_rate"]
    return points.assign(rate=points["part"].astype(float)).sort_values(["company_slug", "target_company_slug", "rate"])


def reliability_bins(evaluation: pd.DataFrame) -> pd.DataFrame:
    """``part`` (a range of scores), ``promised``, ``accepted`` with ``low`` and ``high``, ``cases``."""
    promised, accepted = (
        evaluation[evaluation["measure"] == measure] for measure in ("score_promised", "score_accepted")
    )
    bins = accepted[["part", "value", "low", "high", "cases"]].rename(columns={"value": "accepted"})
    return bins.merge(promised[["part", "value"]].rename(columns={"value": "promised"}), on="part")
