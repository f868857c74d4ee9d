"""The first page: rates and precision of every pair of companies; whether night, deliveries and archive are well."""

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Query, Request

from subs_assets.archive.errors import ArchiveError
from subs_assets.archive.places import open_place
from subs_assets.database import frames, lookups, runs, tables
from subs_assets.database.tables import READ
from subs_assets.explorer.night import Explored
from subs_assets.explorer.rendering import page
from subs_assets.explorer.words import ago, day
from subs_assets.settings import Settings

router = APIRouter()

Setting = Literal["linked", "siloed", "null"]

SHADES = 20
"""Steps of colour, as the style sheet has them."""


LOOKED_AGAIN_SECONDS = 60
"""In a remote place every archive costs a request to see how old it is."""


@dataclass(frozen=True)
class Cell:
    """A pair's rate and precision, None where not measured; ``shade`` of the rate."""

    target_company_slug: str
    rate: float | None
    precision: float | None
    shade: int | None
    said: str


@router.get("/")
def overview(request: Request, setting: Annotated[Setting, Query()] = "linked") -> Any:
    explored: Explored = request.app.state.explored
    with explored.night() as night:
        rates = lookups.rates(night.connection)
        precision = lookups.precision_by_pair(night.connection)
        files = frames.read(night.connection, tables.catalogue_files)
    return page(
        request,
        "overview.html",
        setting=setting,
        companies=sorted(rates["target_company_slug"].unique()),
        rows=heatmap(rates, precision if setting == "linked" else {}, setting),
        run=last_run(explored),
        delivery=delivery(files),
        archive=newest_archive(explored.settings, time.monotonic()),
    )


def heatmap(
    rates: pd.DataFrame, precision: dict[tuple[str, str], float], setting: str
) -> list[tuple[str, int, list[Cell]]]:
    """A row a company: its slug, its products, and a cell for each target, all in order."""
    chosen = rates[rates["setting"] == setting]
    rate = {(row.company_slug, row.target_company_slug): row.rate for row in chosen.itertuples(index=False)}
    products = chosen.groupby("company_slug")["products"].max().to_dict()
    targets = sorted(rates["target_company_slug"].unique())
    return [
        (company, int(products[company]), [_cell(company, target, rate, precision) for target in targets])
        for company in sorted(products)
    ]


def _cell(
    company: str, target: str, rates: dict[tuple[str, str], float], precision: dict[tuple[str, str], float]
) -> Cell:
    rate, good = rates.get((company, target)), precision.get((company, target))
    known = f"{rate:.1%} of {company}'s products have a substitute at {target}" if rate is not None else "not measured"
    of_those = f"; a shopper accepts {good:.0%} of those shown" if good is not None else ""
    return Cell(target, rate, good, None if rate is None else round(rate * SHADES), known + of_those)


def last_run(explored: Explored) -> dict[str, Any] | None:
    """When the last run published, and how long it took; None where nobody noted one."""
    noted = explored.of_control(lambda engine: runs.read_published(engine, 1))
    if noted is None or noted.empty:
        return None
    row = noted.iloc[0]
    seconds = None if pd.isna(row["seconds"]) else float(row["seconds"])
    return {"at": day(row["published_at"]), "ago": ago(row["published_at"]), "seconds": seconds}


def delivery(files: pd.DataFrame) -> dict[str, Any]:
    """How many companies delivered, and what is wrong with the files of the others."""
    late = files[files["status"] != READ]
    companies = files["company_slug"].nunique()
    return {
        "companies": companies,
        "delivered": companies - late["company_slug"].nunique(),
        "problems": [problem for problem in late["problem"] if isinstance(problem, str)],
    }


def newest_archive(settings: Settings, now: float) -> dict[str, Any]:
    """``at`` and ``ago``, None where there is none; ``problem``: why nobody can say. ``now``: seconds
    on any clock; it is looked up once in LOOKED_AGAIN_SECONDS."""
    created, problem = _archive_created(settings, int(now // LOOKED_AGAIN_SECONDS))
    told = {"at": None, "ago": None} if created is None else {"at": day(created), "ago": ago(created)}
    return {**told, "problem": problem}


@lru_cache(maxsize=4)
def _archive_created(settings: Settings, period: int) -> tuple[str | None, str | None]:
    """When the newest one was made, or why nobody can say."""
    try:
        whole = [one for one in open_place(settings.archives, settings.scratch).summaries() if one.complete]
    except (ArchiveError, OSError) as problem:
        return None, str(problem)
    return (whole[0].created if whole else None), None
