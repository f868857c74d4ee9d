"""How ``subs evaluate substitutions`` shows its figures to people."""

from typing import TYPE_CHECKING, Any

from subs_assets.commands.output import print_table, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from subs_assets.evaluation.intervals import Estimate, Share
    from subs_assets.evaluation.substitution_evaluation import Evaluation
    from subs_assets.evaluation.substitution_scores import Point


def show_substitutions(found: "Evaluation") -> None:
    """Tables, the most important first."""
    unknown = f"; {found.unknown:,} others are not in these catalogues" if found.unknown else ""
    say(f"{found.cases:,} labelled pairs that nothing was fitted to{unknown}. In brackets: 95 % interval; pairs\n")
    print_table(_pairs(found), "Rates between companies, and how good what is shown is")
    print_table(_levels(found), "Precision of what is shown")
    print_table(_methods(found), "Side by side: the highest rate between companies at a precision")
    print_table(_ours(found), "Ours: the highest rate at a precision, by pair of companies")
    print_table(_bins(found), f"Calibration: error (ECE) {_error(found)}")
    print_table(_traps(found), f"Traps shown: {len(found.traps_shown)} of {found.traps:,} that are known here")
    _say_flips(found)
    print_table(
        _twins(found), "Products that companies share, hidden from each other: found among the first candidates"
    )
    for company, departments in found.departments.groupby("company_slug", sort=True):
        print_table(_departments(departments), f"Products of {company} with a substitute there, by department")


def _pairs(found: "Evaluation") -> list[dict[str, Any]]:
    from subs_assets.evaluation.substitution_scores import NOT_MEASURED

    prices = {(row["company_slug"], row["target_company_slug"]): row for row in found.prices.to_dict("records")}
    rows = []
    for row in found.rates.to_dict("records"):
        pair = (row["company_slug"], row["target_company_slug"])
        price = prices.get(pair)
        precision = found.precision.by_pair.get(pair)
        rows.append(
            {
                "from": pair[0],
                "to": pair[1],
                "rate": _percent(row["linked"]),
                "siloed": _percent(row["siloed"]),
                "null": _percent(row["null"]),
                "precision": _figure(precision) if precision else f"{NOT_MEASURED} (0)",
                "price": f"{price['median']:.2f}" if price else "",
                "far off": _percent(price["far"]) if price else "",
            }
        )
    return rows


def _levels(found: "Evaluation") -> list[dict[str, Any]]:
    levels = {"every level": (found.precision.overall, found.without_reservation.overall)} | {
        f"level {level}": (estimate, found.without_reservation.by_level[level])
        for level, estimate in found.precision.by_level.items()
    }
    return [
        {"shown on": name, "accepted, with reservation or without": _figure(one), "without": _figure(other)}
        for name, (one, other) in levels.items()
    ]


def _methods(found: "Evaluation") -> list[dict[str, Any]]:
    from subs_assets.evaluation.substitution_evaluation import PRECISIONS
    from subs_assets.evaluation.substitution_methods import METHODS
    from subs_assets.evaluation.substitution_scores import rate_at

    return [
        {
            "method": name,
            **{f"at {level:.2f}": _rate(rate_at(method.across, level), method.across) for level in PRECISIONS},
            "cases": method.cases,
            "what it does": METHODS[name],
        }
        for name, method in found.methods.items()
    ]


def _ours(found: "Evaluation") -> list[dict[str, Any]]:
    from subs_assets.evaluation.substitution_evaluation import PRECISIONS
    from subs_assets.evaluation.substitution_methods import OURS
    from subs_assets.evaluation.substitution_scores import rate_at

    return [
        {
            "from": company,
            "to": target,
            **{f"at {level:.2f}": _rate(rate_at(points, level), points) for level in PRECISIONS},
            "cases": points[-1].precision.cases if points else "too few",
        }
        for (company, target), points in found.methods[OURS].by_pair.items()
    ]


def _bins(found: "Evaluation") -> list[dict[str, Any]]:
    if found.ece is None:
        return []
    return [
        {"promised": f"{one.promised:.2f}", "accepted": f"{one.accepted:.2f}", "pairs": one.cases} for one in found.bins
    ]


def _error(found: "Evaluation") -> str:
    from subs_assets.evaluation.substitution_scores import NOT_MEASURED

    if found.ece is None:
        return f"{NOT_MEASURED} ({sum(one.cases for one in found.bins):,})"
    return f"{found.ece:.3f}"


def _traps(found: "Evaluation") -> list[dict[str, Any]]:
    return [
        {
            "from": trap["company_slug"],
            "to": trap["target_company_slug"],
            "product": trap["words"],
            "shown instead": trap["target_words"],
            "trap": trap["trap"],
            "score": trap["score"],
        }
        for trap in found.traps_shown.to_dict("records")
    ]


def _say_flips(found: "Evaluation") -> None:
    cases, violations = (sum(getattr(one, what) for one in found.flips) for what in ("cases", "violations"))
    violated = [
        {"claim": one.claim, "flip": one.change, "cases": one.cases, "violations": one.violations,
         "for example": "\n".join(one.examples)}
        for one in found.flips if one.violations
    ]  # fmt: skip
    print_table(violated, f"Claims flipped on pairs that are shown: {violations:,} of {cases:,} not refused")


def _twins(found: "Evaluation") -> list[dict[str, Any]]:
    twins = found.twins
    return [
        {"twins": name, "share": _share(share)}
        for name, share in (
            *((f"among the first {count}", share) for count, share in twins.recall.items()),
            ("refused by a gate", twins.refused),
            ("allowed", twins.allowed),
            ("shown", twins.shown),
        )
    ]


def _departments(departments: "pd.DataFrame") -> list[dict[str, Any]]:
    """Of one company."""
    wide = departments.pivot(index="department", columns="target_company_slug", values="share")
    products = departments.groupby("department")["products"].max()
    return [
        {"department": name, "products": int(products[name]), **{str(to): _percent(share) for to, share in row.items()}}
        for name, row in wide.iterrows()
    ]


def _figure(estimate: "Estimate") -> str:
    from subs_assets.evaluation.substitution_scores import NOT_MEASURED, measured

    if measured(estimate) is None or estimate.value is None:
        return f"{NOT_MEASURED} ({estimate.cases:,})"
    return f"{estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%}; {estimate.cases:,})"


def _rate(rate: float | None, curve: "Sequence[Point]") -> str:
    from subs_assets.evaluation.substitution_scores import NOT_MEASURED

    if not curve:
        return NOT_MEASURED
    return "never" if rate is None else _percent(rate)


def _share(share: "Share") -> str:
    from subs_assets.evaluation.substitution_scores import FEWEST_CASES, NOT_MEASURED

    return str(share) if share.cases >= FEWEST_CASES else f"{NOT_MEASURED} ({share.cases:g})"


def _percent(share: float) -> str:
    return "" if share != share else f"{share:.1%}"
