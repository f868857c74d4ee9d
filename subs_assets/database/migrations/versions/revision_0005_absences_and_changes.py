"""The tables ``category_absences`` and ``category_equivalence_changes``."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE_NUMBER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "category_absences",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("target_company_slug", TEXT, nullable=False),
        sa.Column("answer", TEXT, nullable=False),
        sa.Column("listings", WHOLE_NUMBER, nullable=False),
        sa.Column("through_path", TEXT),
        sa.Column("candidate_path", TEXT),
        sa.Column("candidate_support", sa.Float()),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "path", "target_company_slug", name="pk_category_absences"),
    )
    op.create_table(
        "category_equivalence_changes",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("target_company_slug", TEXT, nullable=False),
        sa.Column("target_path", TEXT, nullable=False),
        sa.Column("change", TEXT, nullable=False),
        sa.Column("status_before", TEXT),
        sa.Column("status_after", TEXT),
        sa.Column("relation_before", TEXT),
        sa.Column("relation_after", TEXT),
        sa.PrimaryKeyConstraint(
            "company_slug", "path", "target_company_slug", "target_path", name="pk_category_equivalence_changes"
        ),
    )
