"""What the queues for a person are made from; what they ask is ``equivalence/review.py``'s and
``substitution/review.py``'s."""

from dataclasses import fields

from sqlalchemy import Connection, select

from subs_assets.database import frames
from subs_assets.database.tables import (
    listings,
    metadata,
    product_listings,
    substitution_outcomes,
    substitutions,
)
from subs_assets.equivalence.questions import PublishedEquivalences
from subs_assets.substitution.review import DESCRIBED, KEY, NOTHING_THERE, PublishedSubstitutions


def equivalences_to_judge(connection: Connection) -> PublishedEquivalences:
    """All of the tables that its fields name."""
    names = [field.name for field in fields(PublishedEquivalences)]
    return PublishedEquivalences(**{name: frames.read(connection, metadata.tables[name]) for name in names})


def substitutions_to_judge(connection: Connection) -> PublishedSubstitutions:
    """The columns and rows that the queue reads, a third of what its tables hold."""
    outcomes = substitution_outcomes
    statements = {
        listings.name: select(*listings.c[*KEY, *DESCRIBED]).order_by(*listings.primary_key),
        product_listings.name: select(*product_listings.c[*KEY, "product_id"]).order_by(*product_listings.primary_key),
        substitutions.name: select(
            *substitutions.c["product_id", "company_slug", "substitute_id", "sku", "level", "score", "rank", "reasons"]
        ).order_by(*substitutions.primary_key),
        outcomes.name: select(*outcomes.c["product_id", "target_company_slug", "stage", "nearest_id", "nearest_score"])
        .where(outcomes.c.stage == NOTHING_THERE, outcomes.c.nearest_id.is_not(None))
        .order_by(*outcomes.primary_key),
    }
    read = {
        name: frames.fetch(connection, statement.execution_options(stream_results=True))
        for name, statement in statements.items()
    }
    return PublishedSubstitutions(**read)
