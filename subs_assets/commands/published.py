"""What every question to the published tables begins with: its options, a connection, companies that exist."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from subs_assets.commands.output import fail
from subs_assets.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subs_assets.embedding.similarity import NameFeatures
    from subs_assets.model.trained import TrainedModel
    from subs_assets.substitution.build import SubstitutionInputs
    from subs_assets.substitution.decisions import StandingDecisions

AsJson = Annotated[bool, typer.Option("--json", help="For scripts: JSON with the tables' own column names.")]
From = Annotated[str | None, typer.Option("--from", help="The company whose products or categories are asked about.")]
To = Annotated[str | None, typer.Option("--to", help="The company where substitutes or counterparts are looked for.")]


@contextmanager
def published(settings: Settings) -> Iterator["Connection"]:
    """A connection to the published tables; ends with a sentence when there are none or they do not fit."""
    from subs_assets.database.check import check
    from subs_assets.database.engine import open_engine, sqlite_file

    file = sqlite_file(settings.database_url)
    if file is not None and not file.exists():
        fail(f"there is no database {file} yet: start a run with `subs run`, or set SUBS_HOME to the home of one")
    problems = check(settings.database_url)
    if problems:
        fail("\n".join(problems))
    engine = open_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def require_companies(connection: "Connection", *slugs: str | None) -> None:
    """A company that is misspelt is an error, and not one without substitutes."""
    from subs_assets.database import lookups

    known = sorted(set(lookups.rates(connection)["company_slug"]))
    for slug in slugs:
        if slug is not None and slug not in known:
            fail(f"nothing is published of a company {slug}; there are {', '.join(known) or 'none'}")


def trained_model(settings: Settings) -> "TrainedModel":
    """The model that runs use; ends with a sentence when it is unusable."""
    from subs_assets.model.trained import SHIPPED, ModelUnusable, load

    try:
        return load(settings.model or SHIPPED)
    except ModelUnusable as problem:
        fail(str(problem))


def substitution_decisions(connection: "Connection", settings: Settings) -> "StandingDecisions":
    """What people's decisions on substitutions, those made since the last run too, come to with the published
    products."""
    from subs_assets.database import control, kept_decisions, lookups
    from subs_assets.substitution.decisions import standing_decisions

    decisions = kept_decisions.read_decisions(control.open_control(settings.control_url), "substitution")
    companies = {*decisions["company_slug"], *decisions["target_company_slug"]}
    skus = {*decisions["subject"], *decisions["target_subject"]}
    return standing_decisions(decisions, lookups.products_of_listings(connection, companies, skus))


def substitution_inputs(connection: "Connection", settings: Settings) -> tuple["SubstitutionInputs", "NameFeatures"]:
    """What the published substitutions were made from, but for people's decisions; no model is loaded."""
    from subs_assets.database import frames, tables
    from subs_assets.embedding import matrices
    from subs_assets.substitution.build import SubstitutionInputs

    read = {
        table.name: frames.read(connection, table)
        for table in (
            tables.listings, tables.products, tables.product_listings, tables.product_claims,
            tables.product_kinds, tables.category_facets, tables.category_equivalences,
        )
    }  # fmt: skip
    published = matrices.load(matrices.published(settings.matrices))
    if published.product_ids.tolist() != read["products"]["product_id"].tolist():
        fail("the published matrices are of another night than the published tables: run `subs run`")
    return SubstitutionInputs(**read, blocks=published.blocks, alike_names=published.alike_names), published.features
