"""Indexes: listings by their sku alone, and what became of one product."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_listings_sku", "listings", ["sku"])
    op.create_index("ix_substitution_outcomes_product_id", "substitution_outcomes", ["product_id"])
