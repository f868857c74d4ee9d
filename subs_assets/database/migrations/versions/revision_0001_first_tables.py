"""The tables of the first system's successor.

The company's own id of a category still bears the first system's name, ``store_product_id``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listings",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("core_name", sa.Text, nullable=False),
        sa.Column("brand", sa.Text),
        sa.Column("brand_key", sa.Text),
        sa.Column("gtin", sa.Text),
        sa.Column("in_store_code", sa.Text),
        sa.Column("size_text", sa.Text),
        sa.Column("quantity", sa.Float),
        sa.Column("unit", sa.Text),
        sa.Column("pack_count", sa.Integer),
        sa.Column("total", sa.Float),
        sa.Column("dimension", sa.Text),
        sa.Column("approximate", sa.Boolean, nullable=False),
        sa.Column("price", sa.Float),
        sa.Column("currency", sa.Text),
        sa.Column("unit_price", sa.Float),
        sa.Column("available", sa.Boolean),
        sa.Column("claims", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("repairs", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "sku", name="pk_listings"),
    )
    op.create_index("ix_listings_gtin", "listings", ["gtin"])
    op.create_table(
        "listing_categories",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("category_ids", sa.Text),
        sa.PrimaryKeyConstraint("company_slug", "sku", "position", name="pk_listing_categories"),
    )
    op.create_table(
        "set_aside_rows",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("value", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "file", "line", "field", name="pk_set_aside_rows"),
    )
    op.create_table(
        "catalogue_files",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text),
        sa.Column("bytes", sa.Integer),
        sa.Column("modified_at", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("read", sa.Integer, nullable=False),
        sa.Column("accepted", sa.Integer, nullable=False),
        sa.Column("repaired", sa.Integer, nullable=False),
        sa.Column("set_aside", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "file", name="pk_catalogue_files"),
    )
    op.create_table(
        "products",
        sa.Column("product_id", sa.Text, nullable=False),
        sa.Column("gtin", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("core_name", sa.Text, nullable=False),
        sa.Column("brand", sa.Text),
        sa.Column("brand_key", sa.Text),
        sa.Column("quantity", sa.Float),
        sa.Column("unit", sa.Text),
        sa.Column("pack_count", sa.Integer),
        sa.Column("total", sa.Float),
        sa.Column("dimension", sa.Text),
        sa.Column("approximate", sa.Boolean, nullable=False),
        sa.Column("listing_count", sa.Integer, nullable=False),
        sa.Column("company_count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("product_id", name="pk_products"),
    )
    op.create_index("ix_products_gtin", "products", ["gtin"])
    op.create_table(
        "product_listings",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("product_id", sa.Text, nullable=False),
        sa.Column("matched_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "sku", name="pk_product_listings"),
    )
    op.create_index("ix_product_listings_product_id", "product_listings", ["product_id"])
    op.create_table(
        "identity_conflicts",
        sa.Column("conflict_id", sa.Text, nullable=False),
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("product_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("conflict_id", "company_slug", "sku", name="pk_identity_conflicts"),
    )
    op.create_table(
        "categories",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("depth", sa.Integer, nullable=False),
        sa.Column("store_product_id", sa.Text),
        sa.Column("parents", sa.Text, nullable=False),
        sa.Column("own_listings", sa.Integer, nullable=False),
        sa.Column("listings", sa.Integer, nullable=False),
        sa.Column("is_leaf", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "path", name="pk_categories"),
    )
    op.create_table(
        "category_inventory",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("depth", sa.Integer, nullable=False),
        sa.Column("categories", sa.Integer, nullable=False),
        sa.Column("leaves", sa.Integer, nullable=False),
        sa.Column("listings", sa.Integer, nullable=False),
        sa.Column("products", sa.Integer, nullable=False),
        sa.Column("empty_categories", sa.Integer, nullable=False),
        sa.Column("shared_names", sa.Text, nullable=False),
        sa.Column("samples", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "depth", name="pk_category_inventory"),
    )
    op.create_table(
        "listing_shelves",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("weight", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "sku", "path", name="pk_listing_shelves"),
    )
    op.create_table(
        "product_claims",
        sa.Column("product_id", sa.Text, nullable=False),
        sa.Column("claims", sa.Text, nullable=False),
        sa.Column("department", sa.Text),
        sa.Column("product_class", sa.Text),
        sa.PrimaryKeyConstraint("product_id", name="pk_product_claims"),
    )
    op.create_table(
        "substitutions",
        sa.Column("product_id", sa.Text, nullable=False),
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("substitute_id", sa.Text, nullable=False),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("cosine", sa.Float, nullable=False),
        sa.Column("lexical", sa.Float, nullable=False),
        sa.Column("pack_ratio", sa.Float),
        sa.Column("unit_price_ratio", sa.Float),
        sa.Column("path", sa.Text),
        sa.Column("target_path", sa.Text),
        sa.Column("relation", sa.Text),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("product_id", "company_slug", "substitute_id", name="pk_substitutions"),
    )
    op.create_index("ix_substitutions_substitute_id", "substitutions", ["substitute_id"])
    op.create_table(
        "substitution_outcomes",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("target_company_slug", sa.Text, nullable=False),
        sa.Column("product_id", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("levels_1_to_4", sa.Boolean, nullable=False),
        sa.Column("level_5", sa.Boolean, nullable=False),
        sa.Column("level_5_own_tree", sa.Boolean, nullable=False),
        sa.Column("nearest_id", sa.Text),
        sa.Column("nearest_score", sa.Float),
        sa.Column("detail", sa.Text),
        sa.PrimaryKeyConstraint("company_slug", "target_company_slug", "product_id", name="pk_substitution_outcomes"),
    )
    op.create_table(
        "substitution_rates",
        sa.Column("company_slug", sa.Text, nullable=False),
        sa.Column("target_company_slug", sa.Text, nullable=False),
        sa.Column("setting", sa.Text, nullable=False),
        sa.Column("products", sa.Integer, nullable=False),
        sa.Column("with_levels_1_to_4", sa.Integer, nullable=False),
        sa.Column("with_level_5", sa.Integer, nullable=False),
        sa.Column("with_any", sa.Integer, nullable=False),
        sa.Column("rate_levels_1_to_4", sa.Float, nullable=False),
        sa.Column("rate_level_5", sa.Float, nullable=False),
        sa.Column("rate", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("company_slug", "target_company_slug", "setting", name="pk_substitution_rates"),
    )
