"""Categories of two companies are linked: facets, equivalences and what they rest on."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "category_facets",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("spread", sa.Float),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "path", name="pk_category_facets"),
    )
    op.create_table(
        "category_equivalences",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("target_company_slug", sa.Text, nullable=False),
        sa.Column("target_path", sa.Text, nullable=False),
        sa.Column("relation", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
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
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint(
            "company_slug", "path", "target_company_slug", "target_path", name="pk_category_equivalences"
        ),
    )
    op.create_table(
        "category_evidence",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("target_company_slug", sa.Text, nullable=False),
        sa.Column("target_path", sa.Text, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("target_sku", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("target_name", sa.Text, nullable=False),
        sa.Column("weight", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint(
            "company_slug", "path", "target_company_slug", "target_path", "rank", name="pk_category_evidence"
        ),
    )
