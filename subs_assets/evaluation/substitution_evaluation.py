"""Everything that is measured about substitutions on pairs that nothing was fitted to, beside other methods on the same
labels."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.embedding.similarity import NameFeatures
from subs_assets.equivalence.coverage import PAIR
from subs_assets.evaluation.flipped_claims import Catalogues, Flips, flipped_claims
from subs_assets.evaluation.hidden_twins import HiddenTwins, hidden_twins
from subs_assets.evaluation.intervals import Estimate, Share
from subs_assets.evaluation.judged_labels import judged_labels
from subs_assets.evaluation.mapping_run import MappingInputs, Report, silent
from subs_assets.evaluation.shown import ShownTables, coverage_by_department, price_sanity, rates_by_setting
from subs_assets.evaluation.substitution_labels import LABEL_KEYS, labelled_pairs, traps
from subs_assets.evaluation.substitution_methods import METHODS, OURS, first_choices, ours_first
from subs_assets.evaluation.substitution_scores import (
    FEWEST_CASES,
    NOT_MEASURED,
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
from subs_assets.substitution.build import SubstitutionInputs, judged_in_parts, night_judge
from subs_assets.substitution.judge import Judge
from subs_assets.substitution.rates import SETTINGS
from subs_assets.substitution.rows import ranked

PRECISIONS = (0.9, 0.95)

PRODUCTS_AT_COMPANY = ["left", "right", "company"]


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

    @property
    def ece(self) -> float | None:
        """None where it is not measured."""
        return expected_calibration_error(self.bins)

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
            "ece": _told(self.ece),
            "reliability": [] if self.ece is None else [asdict(one) for one in self.bins],
            "traps_shown": len(self.traps_shown),
            "traps": self.traps,
            "traps_by_name": [trap_name(trap) for trap in self.traps_shown.to_dict("records")],
            "recall_at_20": _told(_rate(self.twins.recall[20])),
            "recall": {str(first): _recall(share) for first, share in self.twins.recall.items()},
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
    pairs = judged.drop_duplicates(LABEL_KEYS)
    allowed = pairs[(pairs["gate"] == 0) & (pairs["level"] > 0)]
    trapped = judged_labels(traps(), inputs, features, judge)
    methods = dict.fromkeys(METHODS, Method([], {}, 0))
    is_shown, is_trap_shown = np.zeros(len(judged), bool), np.zeros(len(trapped), bool)
    if len(judged) or len(trapped):
        report("candidates")
        shown, ours = shown_and_first(inputs, features, judge)
        is_shown, is_trap_shown = is_among(judged, shown), is_among(trapped, shown)
        report("first choices of other methods")
        methods = method_curves(first_choices(inputs, features, judge, ours), judged, judge)
    drawn_as_shown = judged.assign(is_shown=is_shown)[judged["stratum"].str.startswith(SHOWN)]
    report("claims flipped on what is shown")
    catalogues = Catalogues(inputs.listings, night.listing_categories, inputs.products, inputs.product_listings)
    rows = shown_tables.substitutions
    flips = flipped_claims(catalogues, zip(rows["product_id"], rows["substitute_id"], strict=True))
    report("products that companies share, hidden from each other")
    return Evaluation(
        methods,
        precision_of_shown(drawn_as_shown),
        precision_of_shown(drawn_as_shown.assign(is_accepted=drawn_as_shown["verdict"] == "accept")),
        reliability(allowed["score"].to_numpy(), allowed["is_accepted"].to_numpy()),
        len(trapped),
        trapped[is_trap_shown],
        hidden_twins(inputs.products, night, model),
        flips,
        rates_by_setting(shown_tables.substitution_rates),
        coverage_by_department(shown_tables.substitution_outcomes, inputs.product_claims),
        price_sanity(shown_tables.substitutions, inputs.product_listings),
        len(pairs),
        len(labels.drop_duplicates(LABEL_KEYS)) - len(pairs),
    )


def shown_and_first(
    inputs: SubstitutionInputs, features: NameFeatures, judge: Judge
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``ranked`` and ``ours_first`` of all candidates; of what is ranked the two products and the company."""
    shown, first = [], []
    for judged in judged_in_parts(inputs, features, judge):
        shown.append(ranked(judged[judged["level"] > 0])[PRODUCTS_AT_COMPANY])
        first.append(ours_first(judged))
    return pd.concat(shown, ignore_index=True), pd.concat(first, ignore_index=True)


def is_among(judged: pd.DataFrame, shown: pd.DataFrame) -> NDArray[np.bool_]:
    """Which of these pairs are shown: accepted candidates, and none that the cap on what is kept cuts off."""
    keys, found = (pd.MultiIndex.from_frame(frame[PRODUCTS_AT_COMPANY]) for frame in (judged, shown))
    return keys.isin(found)


def method_curves(choices: Mapping[str, pd.DataFrame], judged: pd.DataFrame, judge: Judge) -> dict[str, Method]:
    """The curves of all methods on the labelled first choices; across companies only, and for ours by pair within a
    company too. As in ``substitution_rates``, a product counts for each company that sells it."""
    slugs = np.array(judge.offers.companies, object)
    sold = pd.DataFrame(
        {"company_slug": slugs[judge.offers.rows["company"]], "left": judge.offers.rows["product"].to_numpy()}
    )
    products = sold["company_slug"].value_counts()
    methods = {}
    for name, found in choices.items():
        placed = found.assign(target_company_slug=slugs[found["company"]]).merge(sold, on="left")
        asked = judged[judged["stratum"] == (f"first choice, {OURS}" if name == OURS else "first choice, every method")]
        keys = ["company_slug", *PRODUCTS_AT_COMPANY]
        labelled = placed.merge(asked[[*keys, "is_accepted"]], on=keys)
        across, labelled_across = (
            frame[frame["company_slug"] != frame["target_company_slug"]] for frame in (placed, labelled)
        )
        by_pair = {
            pair: curve(placed[(placed[PAIR] == list(pair)).all(axis=1)], int(products[pair[0]]), part)
            for pair, part in labelled.groupby(PAIR, sort=True)
        }
        every = int(products.sum()) * (len(slugs) - 1)
        methods[name] = Method(curve(across, every, labelled_across), by_pair, len(labelled_across))
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
    return {"value": NOT_MEASURED, "cases": estimate.cases} if found is None else asdict(found)


def _point(point: Point) -> dict[str, Any]:
    return {"threshold": point.threshold, "rate": point.rate, "precision": asdict(point.precision)}


def _pair(pair: tuple[str, str]) -> str:
    return f"{pair[0]} -> {pair[1]}"


def _rates_at(points: list[Point]) -> dict[str, float | str | None]:
    """None: at no threshold; "not measured": fewer labelled choices than a point needs."""
    return {f"rate_at_{round(100 * level)}": rate_at(points, level) if points else NOT_MEASURED for level in PRECISIONS}


def _rate(share: Share) -> float | None:
    return share.rate if share.cases >= FEWEST_CASES else None


def _recall(share: Share) -> dict[str, Any]:
    if share.cases < FEWEST_CASES:
        return {"rate": NOT_MEASURED, "cases": share.cases}
    return {"rate": share.rate, **asdict(share)}


def _told(value: float | None) -> float | str:
    return NOT_MEASURED if value is None else value
