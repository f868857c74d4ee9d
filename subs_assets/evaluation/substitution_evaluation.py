"""Everything that is measured about substitutions on pairs that nothing was fitted to, beside other methods on the same
labels."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from subs_assets.embedding.similarity import NameFeatures
from subs_assets.evaluation.flipped_claims import Catalogues, Flips, flipped_claims
from subs_assets.evaluation.hidden_twins import HiddenTwins, hidden_twins
from subs_assets.evaluation.intervals import Estimate
from subs_assets.evaluation.judged_labels import judged_labels
from subs_assets.evaluation.mapping_run import MappingInputs, Report, silent
from subs_assets.evaluation.shown import ShownTables, coverage_by_department, price_sanity, rates_by_setting
from subs_assets.evaluation.substitution_labels import KEYS, labelled_pairs, traps
from subs_assets.evaluation.substitution_methods import METHODS, OURS, first_choices
from subs_assets.evaluation.substitution_scores import (
    PAIR,
    SHOWN,
    Bin,
    Point,
    Precision,
    curve,
    expected_calibration_error,
    measured,
    precision_of_shown,
    rate_at,
    reliability,
)
from subs_assets.substitution.acceptance import AcceptanceModel
from subs_assets.substitution.build import SubstitutionInputs, night_judge
from subs_assets.substitution.judge import Judge
from subs_assets.substitution.rates import SETTINGS

PRECISIONS = (0.9, 0.95)


@dataclass(frozen=True)
class Method:
    """The precision-rate curve of a method's first choices between two companies, and by (company, target company)."""

    across: list[Point]
    by_pair: dict[tuple[str, str], list[Point]]
    cases: int


@dataclass(frozen=True)
class Evaluation:
    """``precision`` counts verdicts that accept, with reservation or without; ``without_reservation`` only the latter.
    ``bins``: of labelled pairs that no gate refuses and to which a level applies. ``traps_shown``: the rows of
    ``traps()`` that would be shown, of ``traps`` known here. ``rates``, ``departments`` and ``prices``, which need no
    label: as ``rates_by_setting``, ``coverage_by_department`` and ``price_sanity`` give them. ``unknown``: labelled
    pairs that are not in these catalogues."""

    methods: dict[str, Method]
    precision: Precision
    without_reservation: Precision
    bins: list[Bin]
    traps: int
    traps_shown: pd.DataFrame
    twins: HiddenTwins
    flips: list[Flips]
    rates: pd.DataFrame
    departments: pd.DataFrame
    prices: pd.DataFrame
    cases: int
    unknown: int

    def to_json(self) -> dict[str, Any]:
        """The figures with DESIGN's words as keys; what rests on too few labelled pairs is "not measured"."""
        return {
            "methods": {
                name: {
                    **_rates_at(found.across),
                    "cases": found.cases,
                    "curve": [_point(point) for point in found.across],
                    "by_pair": {_pair(pair): _rates_at(points) for pair, points in found.by_pair.items()},
                }
                for name, found in self.methods.items()
            },
            "precision": _precision(self.precision),
            "precision_without_reservation": _precision(self.without_reservation),
            "ece": _told(expected_calibration_error(self.bins)),
            "reliability": [asdict(one) for one in self.bins],
            "traps_shown": len(self.traps_shown),
            "traps": self.traps,
            "traps_by_name": [trap_name(trap) for trap in self.traps_shown.to_dict("records")],
            "recall_at_20": self.twins.recall[20].rate,
            "recall": {str(first): asdict(share) for first, share in self.twins.recall.items()},
            "gate_violations": sum(one.violations for one in self.flips),
            "flips": [asdict(one) for one in self.flips],
            "rates": {pair: _shares(rows, list(SETTINGS)) for pair, rows in _by_pair(self.rates)},
            "coverage": {
                pair: dict(zip(rows["department"], rows["share"], strict=True))
                for pair, rows in _by_pair(self.departments)
            },
            "unit_price_ratio": {
                pair: _shares(rows, ["median", "far", "rows"]) for pair, rows in _by_pair(self.prices)
            },
            "cases": self.cases,
            "unknown": self.unknown,
        }


def evaluate_substitutions(
    inputs: SubstitutionInputs,
    features: NameFeatures,
    night: MappingInputs,
    shown_tables: ShownTables,
    model: AcceptanceModel,
    report: Report = silent,
) -> Evaluation:
    """``inputs``, ``features`` and ``shown_tables``: as published; ``night``: the tables that they were made of.

    Where none of the labelled pairs is in these catalogues, what needs labels is not measured.
    """
    judge = night_judge(inputs, model)
    report("labelled pairs")
    labels = labelled_pairs("reported")
    judged = judged_labels(labels, inputs, features, judge)
    judged["is_shown"] = judged["accepted"] & (judged["level"] > 0)
    shown = judged[judged["stratum"].str.startswith(SHOWN)]
    pairs = judged.drop_duplicates(KEYS)
    allowed = pairs[(pairs["gate"] == 0) & (pairs["level"] > 0)]
    report("traps")
    trapped = judged_labels(traps(), inputs, features, judge)
    methods = dict.fromkeys(METHODS, Method([], {}, 0))
    if len(judged):
        report("first choices of other methods")
        methods = method_curves(first_choices(inputs, features, judge), judged, judge)
    report("claims flipped on what is shown")
    catalogues = Catalogues(inputs.listings, night.listing_categories, inputs.products, inputs.product_listings)
    rows = shown_tables.substitutions
    flips = flipped_claims(catalogues, zip(rows["product_id"], rows["substitute_id"], strict=True))
    report("products that companies share, hidden from each other")
    return Evaluation(
        methods,
        precision_of_shown(shown),
        precision_of_shown(shown.assign(is_accepted=shown["verdict"] == "accept")),
        reliability(allowed["score"].to_numpy(), allowed["is_accepted"].to_numpy()),
        len(trapped),
        trapped[trapped["accepted"] & (trapped["level"] > 0)],
        hidden_twins(inputs.products, night, model),
        flips,
        rates_by_setting(shown_tables.substitution_rates),
        coverage_by_department(shown_tables.substitution_outcomes, inputs.product_claims),
        price_sanity(shown_tables.substitutions, inputs.product_listings),
        len(pairs),
        len(labels.drop_duplicates(KEYS)) - len(pairs),
    )


def method_curves(choices: Mapping[str, pd.DataFrame], judged: pd.DataFrame, judge: Judge) -> dict[str, Method]:
    """The curves of all methods on the labelled first choices; across companies only, and for ours by pair within a
    company too."""
    slugs = np.array(judge.offers.companies, object)
    own = judge.offers.rows.drop_duplicates("product").set_index("product")["company"]
    products = own.value_counts()
    methods = {}
    for name, found in choices.items():
        placed = found.assign(
            company_slug=slugs[own[found["left"]].to_numpy()], target_company_slug=slugs[found["company"]]
        )
        asked = judged[judged["stratum"] == (f"first choice, {OURS}" if name == OURS else "first choice, every method")]
        labelled = placed.merge(
            asked[["left", "right", "company", "is_accepted", "weight"]], on=["left", "right", "company"]
        )
        across, labelled_across = (
            frame[frame["company_slug"] != frame["target_company_slug"]] for frame in (placed, labelled)
        )
        sold = sum(int(products[company]) for company in range(len(slugs))) * (len(slugs) - 1)
        by_pair = {
            pair: curve(
                placed[(placed[PAIR] == list(pair)).all(axis=1)], int(products[list(slugs).index(pair[0])]), part
            )
            for pair, part in labelled.groupby(PAIR, sort=True)
        }
        methods[name] = Method(curve(across, sold, labelled_across), by_pair, len(labelled_across))
    return methods


def trap_name(trap: Mapping[str, Any]) -> str:
    """A row of ``traps_shown`` as a person knows it."""
    pair = f"{trap['company_slug']} -> {trap['target_company_slug']}"
    return f"{pair}: {trap['words']} -> {trap['target_words']} ({trap['trap']}; {trap['score']:.2f})"


def _by_pair(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(_pair(pair), rows) for pair, rows in frame.groupby(PAIR, sort=True)]


def _shares(rows: pd.DataFrame, columns: list[str]) -> dict[str, float]:
    row = rows.iloc[0]
    return {column: float(row[column]) for column in columns}


def _precision(precision: Precision) -> dict[str, Any]:
    return {
        "overall": _estimate(precision.overall),
        "by_pair": {_pair(pair): _estimate(found) for pair, found in precision.by_pair.items()},
        "by_level": {str(level): _estimate(found) for level, found in precision.by_level.items()},
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    found = measured(estimate)
    return {"value": "not measured", "cases": estimate.cases} if found is None else asdict(found)


def _point(point: Point) -> dict[str, Any]:
    return {"threshold": point.threshold, "rate": point.rate, "precision": asdict(point.precision)}


def _pair(pair: tuple[str, str]) -> str:
    return f"{pair[0]} -> {pair[1]}"


def _rates_at(points: list[Point]) -> dict[str, float | str | None]:
    """None: at no threshold; "not measured": fewer labelled choices than a point needs."""
    return {
        f"rate_at_{round(100 * level)}": rate_at(points, level) if points else "not measured" for level in PRECISIONS
    }


def _told(value: float | None) -> float | str:
    return "not measured" if value is None else value
