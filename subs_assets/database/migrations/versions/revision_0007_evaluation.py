"""The table ``evaluation``."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE_NUMBER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "evaluation",
        sa.Column("measure", TEXT, nullable=False),
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("target_company_slug", TEXT, nullable=False),
        sa.Column("part", TEXT, nullable=False),
        sa.Column("value", sa.Float()),
        sa.Column("low", sa.Float()),
        sa.Column("high", sa.Float()),
        sa.Column("cases", WHOLE_NUMBER, nullable=False),
        sa.Column("said", TEXT),
        sa.PrimaryKeyConstraint("measure", "company_slug", "target_company_slug", "part", name="pk_evaluation"),
    )
