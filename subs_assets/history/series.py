"""What nights counted, measured and checked, as series over time: a frame each, with ``started_at`` and ``run_id``,
oldest first. ``nights`` is always what ``nights.nights_of`` gives."""

import json

import pandas as pd

LISTINGS, SET_ASIDE = "dagster/row_count", "Rows set aside"
"""What the asset of a company calls the listings that are shown and the rows that it set aside."""

COMPANY = "catalogue/"
"""What the keys of companies' assets begin with."""

OTHERS = "all other steps"


def rates_over_nights(nights: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    """``company_slug``, ``target_company_slug``, ``rate``, ``cases``; of published nights. ``rates``: rows of
    ``night_measures``."""
    columns = ["company_slug", "target_company_slug", "value", "cases"]
    return _dated(nights, rates[["run_id", *columns]]).rename(columns={"value": "rate"})


def rates_by_company(rates: pd.DataFrame) -> pd.DataFrame:
    """``company_slug`` and ``rate``: of ``rates_over_nights``, the mean over the other companies."""
    across = rates[rates["company_slug"] != rates["target_company_slug"]]
    return across.groupby(["started_at", "run_id", "company_slug"], as_index=False)["rate"].mean()


def listings_over_nights(nights: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """``company_slug``, ``listings`` that are shown and rows ``set_aside``; of every night that read the company."""
    of_companies = figures[figures["asset"].str.startswith(COMPANY) & figures["figure"].isin([LISTINGS, SET_ASIDE])]
    wide = of_companies.pivot(index=["run_id", "asset"], columns="figure", values="value")
    wide = wide.reindex(columns=[LISTINGS, SET_ASIDE]).set_axis(["listings", "set_aside"], axis=1).reset_index()
    wide.insert(1, "company_slug", wide.pop("asset").str.removeprefix(COMPANY))
    return _dated(nights, wide)


def counts_over_nights(nights: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """``table`` and ``rows`` of every table that a night published. ``published``: rows of ``run_history``."""
    rows = [
        (run_id, table, rows)
        for run_id, counts in zip(published["run_id"], published["counts"], strict=True)
        for table, rows in json.loads(counts).items()
    ]
    return _dated(nights, pd.DataFrame(rows, columns=["run_id", "table", "rows"]))


def seconds_over_nights(nights: pd.DataFrame, steps: pd.DataFrame, longest: int) -> pd.DataFrame:
    """``step`` and ``seconds`` of the ``longest`` steps, by their sum over all nights, and of OTHERS together."""
    ended = steps.dropna(subset=["seconds"])
    first = ended.groupby("step")["seconds"].sum().astype(float).nlargest(longest).index
    named = ended.assign(step=ended["step"].where(ended["step"].isin(first), OTHERS))
    return _dated(nights, named.groupby(["run_id", "step"], as_index=False)["seconds"].sum())


def checks_over_nights(nights: pd.DataFrame, checks: pd.DataFrame) -> pd.DataFrame:
    """``asset``, ``check_name``, ``verdict`` (passed, warned, failed) and ``said``."""
    verdict = checks["severity"].map({"ERROR": "failed"}).fillna("warned").mask(checks["passed"].astype(bool), "passed")
    return _dated(nights, checks.assign(verdict=verdict)[["run_id", "asset", "check_name", "verdict", "said"]])


def _dated(nights: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    dated = nights[["started_at", "run_id"]].iloc[::-1].merge(rows, on="run_id")
    return dated.reset_index(drop=True)
