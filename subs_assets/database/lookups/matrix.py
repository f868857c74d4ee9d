"""From company to company: the substitution rates, their precision, and where products are lost."""

import json
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, FromClause, Integer, Select, and_, case, cast, func, select

from subs_assets.database import frames
from subs_assets.database.tables import evaluation, products, substitution_outcomes, substitution_rates

EXAMPLES_PER_STAGE = 5
BEST_CANDIDATE_FIRST = (substitution_outcomes.c.nearest_score.desc().nulls_last(), substitution_outcomes.c.product_id)


def rates(connection: Connection) -> pd.DataFrame:
    """The company-by-company matrix, in the form of the table ``substitution_rates``."""
    return frames.read(connection, substitution_rates)


def precision_by_pair(connection: Connection) -> dict[tuple[str, str], float]:
    """(company, target company) -> precision on the labelled pairs that are shown, where it is measured."""
    rows = frames.read(connection, evaluation, measure="precision", part="").dropna(subset="value")
    return {
        (company, target): value
        for company, target, value in rows[["company_slug", "target_company_slug", "value"]].itertuples(index=False)
        if company
    }


def losses(connection: Connection, company_slug: str, target_company_slug: str) -> pd.DataFrame:
    """What became of one company's products on the way to the other: found, then where they are lost, the largest loss
    first.

    Columns: stage, products (how many; they add up to all of the company's), examples: a JSON array of up to five
    objects (product_id, name, detail, nearest_id, nearest_name, nearest_score), those with the best candidate first.
    """
    here = _of_pair(company_slug, target_company_slug)
    place = func.row_number().over(partition_by=substitution_outcomes.c.stage, order_by=BEST_CANDIDATE_FIRST)
    ranked = select(substitution_outcomes, cast(place, Integer).label("place")).where(here).subquery("ranked")
    examples = frames.fetch(
        connection,
        _examples(ranked, ranked.c.stage)
        .where(ranked.c.place <= EXAMPLES_PER_STAGE)
        .order_by(ranked.c.stage, ranked.c.place),
    )
    count = func.count().label("products")
    stages = frames.fetch(
        connection,
        select(substitution_outcomes.c.stage, count)
        .where(here)
        .group_by(substitution_outcomes.c.stage)
        .order_by(
            case((substitution_outcomes.c.stage == "found", 0), else_=1), count.desc(), substitution_outcomes.c.stage
        ),
    )
    by_stage = {
        stage: json.dumps(_records(rows.drop(columns="stage")), ensure_ascii=False)
        for stage, rows in examples.groupby("stage")
    }
    return stages.assign(examples=stages["stage"].map(by_stage).astype(frames.TEXT_DTYPE))


def outcomes_page(
    connection: Connection, company_slug: str, target_company_slug: str, stage: str, limit: int, offset: int
) -> pd.DataFrame:
    """Some of one company's products that ended at this stage on the way to the other, in the order and with the
    columns of the examples of ``losses``."""
    outcome = substitution_outcomes.c
    statement = (
        _examples(substitution_outcomes)
        .where(_of_pair(company_slug, target_company_slug), outcome.stage == stage)
        .order_by(*BEST_CANDIDATE_FIRST)
        .limit(limit)
        .offset(offset)
    )
    return frames.fetch(connection, statement)


def _of_pair(company_slug: str, target_company_slug: str) -> ColumnElement[bool]:
    outcome = substitution_outcomes.c
    return and_(outcome.company_slug == company_slug, outcome.target_company_slug == target_company_slug)


def _examples(outcomes: FromClause, *more: ColumnElement[Any]) -> Select[Any]:
    nearest = products.alias("nearest")
    return (
        select(
            *more,
            outcomes.c.product_id,
            products.c.name,
            outcomes.c.detail,
            outcomes.c.nearest_id,
            nearest.c.name.label("nearest_name"),
            outcomes.c.nearest_score,
        )
        .select_from(outcomes)
        .outerjoin(products, products.c.product_id == outcomes.c.product_id)
        .outerjoin(nearest, nearest.c.product_id == outcomes.c.nearest_id)
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")
