"""The tables of the first system's successor.

The company's own id of a category still bears the first system's name, ``store_product_id``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# PostgreSQL is told to do as SQLite does: text is compared by bytes, whole numbers have 64 bits.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WHOLE_NUMBER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "listings",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("core_name", TEXT, nullable=False),
        sa.Column("brand", TEXT),
        sa.Column("brand_key", TEXT),
        sa.Column("gtin", TEXT),
        sa.Column("in_store_code", TEXT),
        sa.Column("size_text", TEXT),
        sa.Column("quantity", sa.Float),
        sa.Column("unit", TEXT),
        sa.Column("pack_count", WHOLE_NUMBER),
        sa.Column("total", sa.Float),
        sa.Column("dimension", TEXT),
        sa.Column("approximate", sa.Boolean, nullable=False),
        sa.Column("price", sa.Float),
        sa.Column("currency", TEXT),
        sa.Column("unit_price", sa.Float),
        sa.Column("available", sa.Boolean),
        sa.Column("claims", TEXT, nullable=False),
        sa.Column("url", TEXT),
        sa.Column("file", TEXT, nullable=False),
        sa.Column("line", WHOLE_NUMBER, nullable=False),
        sa.Column("repairs", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "sku", name="pk_listings"),
    )
    op.create_index("ix_listings_gtin", "listings", ["gtin"])
    op.create_table(
        "listing_categories",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("position", WHOLE_NUMBER, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("category_ids", TEXT),
        sa.PrimaryKeyConstraint("company_slug", "sku", "position", name="pk_listing_categories"),
    )
    op.create_table(
        "set_aside_rows",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("file", TEXT, nullable=False),
        sa.Column("line", WHOLE_NUMBER, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("value", TEXT),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "file", "line", "field", name="pk_set_aside_rows"),
    )
    op.create_table(
        "catalogue_files",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("file", TEXT, nullable=False),
        sa.Column("sha256", TEXT),
        sa.Column("bytes", WHOLE_NUMBER),
        sa.Column("modified_at", TEXT),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("problem", TEXT),
        sa.Column("read", WHOLE_NUMBER, nullable=False),
        sa.Column("accepted", WHOLE_NUMBER, nullable=False),
        sa.Column("repaired", WHOLE_NUMBER, nullable=False),
        sa.Column("set_aside", WHOLE_NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "file", name="pk_catalogue_files"),
    )
    op.create_table(
        "products",
        sa.Column("product_id", TEXT, nullable=False),
        sa.Column("gtin", TEXT),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("core_name", TEXT, nullable=False),
        sa.Column("brand", TEXT),
        sa.Column("brand_key", TEXT),
        sa.Column("quantity", sa.Float),
        sa.Column("unit", TEXT),
        sa.Column("pack_count", WHOLE_NUMBER),
        sa.Column("total", sa.Float),
        sa.Column("dimension", TEXT),
        sa.Column("approximate", sa.Boolean, nullable=False),
        sa.Column("listing_count", WHOLE_NUMBER, nullable=False),
        sa.Column("company_count", WHOLE_NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("product_id", name="pk_products"),
    )
    op.create_index("ix_products_gtin", "products", ["gtin"])
    op.create_table(
        "product_listings",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("product_id", TEXT, nullable=False),
        sa.Column("matched_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "sku", name="pk_product_listings"),
    )
    op.create_index("ix_product_listings_product_id", "product_listings", ["product_id"])
    op.create_table(
        "identity_conflicts",
        sa.Column("conflict_id", TEXT, nullable=False),
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("product_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("conflict_id", "company_slug", "sku", name="pk_identity_conflicts"),
    )
    op.create_table(
        "categories",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("depth", WHOLE_NUMBER, nullable=False),
        sa.Column("store_product_id", TEXT),
        sa.Column("parents", TEXT, nullable=False),
        sa.Column("own_listings", WHOLE_NUMBER, nullable=False),
        sa.Column("listings", WHOLE_NUMBER, nullable=False),
        sa.Column("is_leaf", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "path", name="pk_categories"),
    )
    op.create_table(
        "category_inventory",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("depth", WHOLE_NUMBER, nullable=False),
        sa.Column("categories", WHOLE_NUMBER, nullable=False),
        sa.Column("leaves", WHOLE_NUMBER, nullable=False),
        sa.Column("listings", WHOLE_NUMBER, nullable=False),
        sa.Column("products", WHOLE_NUMBER, nullable=False),
        sa.Column("empty_categories", WHOLE_NUMBER, nullable=False),
        sa.Column("shared_names", TEXT, nullable=False),
        sa.Column("samples", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "depth", name="pk_category_inventory"),
    )
    op.create_table(
        "listing_shelves",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("weight", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "sku", "path", name="pk_listing_shelves"),
    )
    op.create_table(
        "product_claims",
        sa.Column("product_id", TEXT, nullable=False),
        sa.Column("claims", TEXT, nullable=False),
        sa.Column("department", TEXT),
        sa.Column("product_class", TEXT),
        sa.PrimaryKeyConstraint("product_id", name="pk_product_claims"),
    )
    op.create_table(
        "substitutions",
        sa.Column("product_id", TEXT, nullable=False),
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("substitute_id", TEXT, nullable=False),
        sa.Column("sku", TEXT, nullable=False),
        sa.Column("level", WHOLE_NUMBER, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("rank", WHOLE_NUMBER, nullable=False),
        sa.Column("cosine", sa.Float, nullable=False),
        sa.Column("lexical", sa.Float, nullable=False),
        sa.Column("pack_ratio", sa.Float),
        sa.Column("unit_price_ratio", sa.Float),
        sa.Column("path", TEXT),
        sa.Column("target_path", TEXT),
        sa.Column("relation", TEXT),
        sa.Column("reasons", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("product_id", "company_slug", "substitute_id", name="pk_substitutions"),
    )
    op.create_index("ix_substitutions_substitute_id", "substitutions", ["substitute_id"])
    op.create_table(
        "substitution_outcomes",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("target_company_slug", TEXT, nullable=False),
        sa.Column("product_id", TEXT, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("levels_1_to_4", sa.Boolean, nullable=False),
        sa.Column("level_5", sa.Boolean, nullable=False),
        sa.Column("level_5_own_tree", sa.Boolean, nullable=False),
        sa.Column("nearest_id", TEXT),
        sa.Column("nearest_score", sa.Float),
        sa.Column("detail", TEXT),
        sa.PrimaryKeyConstraint("company_slug", "target_company_slug", "product_id", name="pk_substitution_outcomes"),
    )
    op.create_table(
        "substitution_rates",
        sa.Column("company_slug", TEXT, nullable=False),
        sa.Column("target_company_slug", TEXT, nullable=False),
        sa.Column("setting", TEXT, nullable=False),
        sa.Column("products", WHOLE_NUMBER, nullable=False),
        sa.Column("with_levels_1_to_4", WHOLE_NUMBER, nullable=False),
        sa.Column("with_level_5", WHOLE_NUMBER, nullable=False),
        sa.Column("with_any", WHOLE_NUMBER, nullable=False),
        sa.Column("rate_levels_1_to_4", sa.Float, nullable=False),
        sa.Column("rate_level_5", sa.Float, nullable=False),
        sa.Column("rate", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "target_company_slug", "setting", name="pk_substitution_rates"),
    )
