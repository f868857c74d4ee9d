"""The first page: rates and precision of every pair of companies; whether night, deliveries and archive are well."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Query, Request

from subs_assets.archive.errors import ArchiveError
from subs_assets.archive.places import open_place
from subs_assets.database import frames, lookups, runs, tables
from subs_assets.database.tables import READ
from subs_assets.explorer.company_names import by_name, isolated
from subs_assets.explorer.night import Explored
from subs_assets.explorer.rendering import page
from subs_assets.explorer.words import ago, day
from subs_assets.settings import Settings

router = APIRouter()

Setting = Literal["linked", "siloed", "null"]

SHADES = 20
"""Steps of colour, as the style sheet has them."""

FEW = 6
"""Up to so many companies the rates leave room beside them."""

MANY = 15
"""From so many on a cell is as small as can be: forty columns fit a window of 1,280 pixels."""

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
    names: Mapping[str, str] = request.app.state.company_names
    targets = by_name(rates["target_company_slug"].unique(), names)
    return page(
        request,
        "overview.html",
        setting=setting,
        companies=targets,
        size="few" if len(targets) <= FEW else "many" if len(targets) >= MANY else "some",
        rows=heatmap(rates, precision if setting == "linked" else {}, setting, names),
        largest=largest_rate(rates),
        run=last_run(explored),
        delivery=delivery(files),
        archive=newest_archive(explored.settings, time.monotonic()),
    )


def heatmap(
    rates: pd.DataFrame, precision: dict[tuple[str, str], float], setting: str, names: Mapping[str, str]
) -> list[tuple[str, int, list[Cell]]]:
    """A row a company: its slug, its products, and a cell for each target, all in the order of their names."""
    chosen = rates[rates["setting"] == setting]
    rate = {(row.company_slug, row.target_company_slug): row.rate for row in chosen.itertuples(index=False)}
    products = chosen.groupby("company_slug")["products"].max().to_dict()
    targets, largest = by_name(rates["target_company_slug"].unique(), names), largest_rate(rates)

    def cell(company: str, target: str) -> Cell:
        found, good = rate.get((company, target)), precision.get((company, target))
        here, there = (isolated(names.get(slug, slug)) for slug in (company, target))
        said = _said(here, there, found, good)
        return Cell(target, found, good, None if found is None else shade(found, largest), said)

    return [
        (company, int(products[company]), [cell(company, target) for target in targets])
        for company in by_name(products, names)
    ]


def largest_rate(rates: pd.DataFrame) -> float:
    """Of every setting, so that a colour means the same in all of them; 0 where there is none."""
    return 0.0 if rates.empty else float(rates["rate"].max())


def shade(rate: float, largest: float) -> int:
    """The step of colour, the last for the largest rate: real ones lie so close together that on a scale up to 100 %
    all would look alike.

    >>> shade(0.0, 0.3), shade(0.15, 0.3), shade(0.3, 0.3), shade(0.0, 0.0)
    (0, 10, 20, 0)
    """
    return round(rate / largest * SHADES) if largest else 0


def _said(company: str, target: str, rate: float | None, precision: float | None) -> str:
    if rate is None:
        return f"{company} at {target}: not measured"
    of_those = "" if precision is None else f"; a shopper accepts {precision:.0%} of those shown"
    return f"{rate:.1%} of {company}'s products have a substitute at {target}{of_those}"


def last_run(explored: Explored) -> dict[str, Any] | None:
    """When the last run published, and how long it took; None where nobody noted one."""
    noted = explored.of_control(lambda engine: runs.read_published(engine, 1))
    if noted is None or noted.empty:
        return None
    row = noted.iloc[0]
    seconds = None if pd.isna(row["seconds"]) else float(row["seconds"])
    return {"at": day(row["published_at"]), "ago": ago(row["published_at"]), "seconds": seconds}


def delivery(files: pd.DataFrame) -> dict[str, Any]:
    """How many companies delivered, and what is wrong with the files of the others: (slug, problem)."""
    late = files[files["status"] != READ]
    companies = files["company_slug"].nunique()
    return {
        "companies": companies,
        "delivered": companies - late["company_slug"].nunique(),
        "problems": list(late.dropna(subset="problem")[["company_slug", "problem"]].itertuples(index=False, name=None)),
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
