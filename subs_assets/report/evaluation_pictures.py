"""Pictures of the evaluation for Dagster's UI: precision against rate, and what scores promise; the figures are made in
evaluation/night_figures.py."""

import io

import pandas as pd

from subs_assets.evaluation.night_figures import curve_points, reliability_bins


def precision_picture(evaluation: pd.DataFrame) -> bytes | None:
    """PNG of the precision of first choices by the rate at which they are offered, of each pair of companies and of all
    together with its interval; None where it is not measured."""
    points = curve_points(evaluation)
    if points.empty:
        return None

    def draw(panel) -> None:  # type: ignore[no-untyped-def]  # matplotlib is loaded late
        for (company, target), curve in points.groupby(["company_slug", "target_company_slug"]):
            if company:
                panel.plot(curve["rate"], curve["value"], linewidth=1, alpha=0.7, label=f"{company} -> {target}")
            else:
                panel.fill_between(curve["rate"], curve["low"], curve["high"], color="black", alpha=0.12, linewidth=0)
                panel.plot(curve["rate"], curve["value"], color="black", linewidth=2, label="all pairs, 95 % interval")
        panel.axhline(0.95, color="grey", linewidth=0.8, linestyle=":")
        panel.set(xlim=(0, 1), ylim=(0.5, 1.005), xlabel="rate: products with a substitute", ylabel="precision")
        panel.legend(fontsize=7, loc="lower left")

    return _picture(draw)


def reliability_picture(evaluation: pd.DataFrame) -> bytes | None:
    """PNG of the share of labelled pairs that were accepted by what their scores promised; None where it is not
    measured."""
    bins = reliability_bins(evaluation)
    if bins.empty:
        return None

    def draw(panel) -> None:  # type: ignore[no-untyped-def]  # matplotlib is loaded late
        panel.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle=":")
        ends = [(bins["accepted"] - bins["low"]).clip(lower=0), (bins["high"] - bins["accepted"]).clip(lower=0)]
        panel.errorbar(bins["promised"], bins["accepted"], yerr=ends, fmt="o", color="black", markersize=4, capsize=2)
        for found in bins.itertuples():
            panel.annotate(f"{found.cases:,}", (found.promised, found.accepted), (5, -9), textcoords="offset points",
                           fontsize=7)  # fmt: skip
        panel.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="score: what is promised", ylabel="accepted, and of how many")

    return _picture(draw)


def _picture(draw) -> bytes:  # type: ignore[no-untyped-def]  # matplotlib is loaded late
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panel = pyplot.subplots(figsize=(5.5, 4), layout="constrained")
    try:
        draw(panel)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=85)
        return picture.getvalue()
    finally:
        pyplot.close(figure)
