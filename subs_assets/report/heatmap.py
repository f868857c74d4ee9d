"""Pictures of the substitution rates; the figures themselves are made in substitution/rates.py."""

import io

import numpy as np
import pandas as pd

TITLES = {
    "siloed": "siloed: level 5 inside one company's tree",
    "linked": "linked: level 5 through equivalences",
    "null": "null: shelves dealt by chance",
}


def rates_picture(rates: pd.DataFrame) -> bytes:
    """PNG of the company-by-company matrix, one panel a setting, on one scale from 0 to 100 %; readable without
    colour."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    companies = sorted(rates["company_slug"].unique())
    width = 1.6 + 0.75 * len(companies)
    figure, panels = pyplot.subplots(1, len(TITLES), figsize=(width * len(TITLES), width), layout="constrained")
    try:
        for panel, (setting, title) in zip(panels, TITLES.items(), strict=True):
            own = rates[rates["setting"] == setting]
            matrix = own.pivot(index="company_slug", columns="target_company_slug", values="rate").reindex(
                index=companies, columns=companies
            )
            _draw(panel, matrix.to_numpy(np.float64), companies, title)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=85, bbox_inches="tight")  # or the titles are cut off
        return picture.getvalue()
    finally:
        pyplot.close(figure)


def _draw(panel, matrix, companies: list[str], title: str) -> None:  # type: ignore[no-untyped-def]  # matplotlib is loaded late
    panel.imshow(matrix, vmin=0, vmax=1, cmap="cividis")
    panel.set_title(title, fontsize=9)
    panel.set_xticks(range(len(companies)), companies, rotation=45, ha="right")
    panel.set_yticks(range(len(companies)), companies)
    panel.set_xlabel("substitutes sold at")
    panel.set_ylabel("products of")
    for (row, column), rate in np.ndenumerate(matrix):
        colour = "black" if rate > 0.6 else "white"
        panel.text(
            column, row, f"{rate:.0%}" if rate == rate else "-", ha="center", va="center", color=colour, fontsize=9
        )
