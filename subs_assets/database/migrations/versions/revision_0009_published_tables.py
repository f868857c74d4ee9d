"""The table ``published_tables``: what is published of each table, by its content."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE_NUMBER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "published_tables",
        sa.Column("table_name", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("rows", WHOLE_NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("table_name", name="pk_published_tables"),
    )
