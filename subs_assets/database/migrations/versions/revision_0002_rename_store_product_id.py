"""``categories.store_product_id`` becomes ``category_id``, in place: no row, index, trigger or view is lost.

Autogenerate saw this rename as "add a column, drop a column", and the first system's database was left out of step with
its models. The native rename moves nothing: rows stay, and the database rewrites indexes, triggers and views itself.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RENAMES = {"categories.store_product_id": "categories.category_id"}


def upgrade() -> None:
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("categories")}
    if columns >= {"store_product_id", "category_id"}:
        raise RuntimeError(
            "categories has both store_product_id and category_id, and a person must say which holds the ids: drop the "
            "other (ALTER TABLE categories DROP COLUMN ...), then run `subs db upgrade`"
        )
    if "category_id" in columns:
        return  # somebody renamed it by hand; the rest of the way is the same
    op.execute("ALTER TABLE categories RENAME COLUMN store_product_id TO category_id")
