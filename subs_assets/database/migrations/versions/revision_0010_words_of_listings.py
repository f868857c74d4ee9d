"""The words of the listings, which a search goes by."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE_NUMBER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "search_listings",
        sa.Column("number", WHOLE_NUMBER, autoincrement=False, nullable=False),
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_search_listings"),
    )
    op.create_index("ix_search_listings_company_slug_sku", "search_listings", ["company_slug", "sku"])
    op.create_table(
        "search_words",
        sa.Column("word", TEXT, nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("listings", WHOLE_NUMBER, nullable=False),
        sa.Column("numbers", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("word", "place", name="pk_search_words"),
    )
