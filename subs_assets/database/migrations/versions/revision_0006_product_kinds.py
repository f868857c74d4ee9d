"""The table ``product_kinds``."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "product_kinds",
        sa.Column("product_id", TEXT, nullable=False),
        sa.Column("kind", TEXT),
        sa.Column("kind_group", TEXT),
        sa.Column("ingredients", TEXT, nullable=False),
        sa.Column("flavours", TEXT, nullable=False),
        sa.Column("varieties", TEXT, nullable=False),
        sa.Column("states", TEXT, nullable=False),
        sa.Column("uses", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("product_id", name="pk_product_kinds"),
    )
