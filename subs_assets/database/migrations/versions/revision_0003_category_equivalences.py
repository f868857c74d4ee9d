"""Categories of two companies are linked: facets, equivalences and what they rest on."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# PostgreSQL is told to do as SQLite does: text is compared by bytes, whole numbers have 64 bits.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE_NUMBER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "category_facets",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("spread", sa.Float),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "path", name="pk_category_facets"),
    )
    op.create_table(
        "category_equivalences",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("target_company_slug", TEXT, nullable=False),
        sa.Column("target_path", TEXT, nullable=False),
        sa.Column("relation", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("support", sa.Float, nullable=False),
        sa.Column("hard_support", sa.Float, nullable=False),
        sa.Column("soft_support", sa.Float, nullable=False),
        sa.Column("matched_source", sa.Float, nullable=False),
        sa.Column("matched_target", sa.Float, nullable=False),
        sa.Column("target_given_source", sa.Float, nullable=False),
        sa.Column("target_given_source_bound", sa.Float, nullable=False),
        sa.Column("source_given_target", sa.Float, nullable=False),
        sa.Column("source_given_target_bound", sa.Float, nullable=False),
        sa.Column("label_similarity", sa.Float, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint(
            "company_slug", "path", "target_company_slug", "target_path", name="pk_category_equivalences"
        ),
    )
    op.create_table(
        "category_evidence",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("target_company_slug", TEXT, nullable=False),
        sa.Column("target_path", TEXT, nullable=False),
        sa.Column("rank", WHOLE_NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("target_sku", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("target_name", TEXT, nullable=False),
        sa.Column("weight", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint(
            "company_slug", "path", "target_company_slug", "target_path", "rank", name="pk_category_evidence"
        ),
    )
