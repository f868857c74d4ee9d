"""The warehouse's tables, named like the assets that make them; control state lives in ``control.py``.

Every column holds a scalar. A category path, and any other list, is canonical JSON text
(``catalogue/category_path.py``), so that one value means the same in a frame, in Parquet, in SQLite, in PostgreSQL and
in an archive, and can be a key.

The published tables have no foreign keys among each other: they are swapped as a whole (``publication``), and asset
checks hold their keys against each other before that.
"""

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, Table, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(name: str) -> Column:
    return Column(name, Text, primary_key=True)


listings = Table(
    "listings",
    metadata,
    _key("company_slug"),
    _key("sku"),
    Column("name", Text, nullable=False),  # as shown to a person: repaired, but not shortened
    Column("core_name", Text, nullable=False),  # without brand and size, case folded: what is compared
    Column("brand", Text),
    Column("brand_key", Text),  # brand, folded for comparison; null where unknown
    Column("gtin", Text),  # GTIN-14, check digit right, never an in-store code
    Column("in_store_code", Text),
    Column("size_text", Text),
    Column("quantity", Float),  # of one unit of the pack, in ``unit``
    Column("unit", Text),  # g, ml, m, m2, each
    Column("pack_count", Integer),
    Column("total", Float),  # quantity x pack_count
    Column("dimension", Text),  # mass, volume, length, area, count
    Column("approximate", Boolean, nullable=False),
    Column("price", Float),
    Column("currency", Text),
    Column("unit_price", Float),  # per kg, l, m, m2 or piece
    Column("available", Boolean),
    Column("claims", Text, nullable=False),  # JSON array of claim slugs, sorted
    Column("url", Text),
    Column("file", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("repairs", Text, nullable=False),  # JSON array of sentences
    Index("ix_listings_gtin", "gtin"),
)

listing_categories = Table(
    "listing_categories",
    metadata,
    _key("company_slug"),
    _key("sku"),
    Column("position", Integer, primary_key=True),  # 0 is the listing's first path
    Column("path", Text, nullable=False),  # '[]' where the listing has none
    Column("category_ids", Text),  # JSON array, the company's own ids along the path
)

set_aside_rows = Table(
    "set_aside_rows",
    metadata,
    _key("company_slug"),
    _key("file"),
    Column("line", Integer, primary_key=True),  # 0: the file as a whole
    _key("field"),
    Column("value", Text),  # shortened to 200 characters
    Column("reason", Text, nullable=False),
)

catalogue_files = Table(
    "catalogue_files",
    metadata,
    _key("company_slug"),
    _key("file"),
    Column("sha256", Text),
    Column("bytes", Integer),
    Column("modified_at", Text),  # ISO 8601, UTC
    Column("status", Text, nullable=False),  # read, failed, kept (last good listings shown instead)
    Column("problem", Text),
    Column("read", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("repaired", Integer, nullable=False),  # of the accepted
    Column("set_aside", Integer, nullable=False),
)

products = Table(
    "products",
    metadata,
    _key("product_id"),
    Column("gtin", Text),
    Column("name", Text, nullable=False),
    Column("core_name", Text, nullable=False),
    Column("brand", Text),
    Column("brand_key", Text),
    Column("quantity", Float),
    Column("unit", Text),
    Column("pack_count", Integer),
    Column("total", Float),
    Column("dimension", Text),
    Column("approximate", Boolean, nullable=False),
    Column("listing_count", Integer, nullable=False),
    Column("company_count", Integer, nullable=False),
    Index("ix_products_gtin", "gtin"),
)

product_listings = Table(
    "product_listings",
    metadata,
    _key("company_slug"),
    _key("sku"),
    Column("product_id", Text, nullable=False),
    Column("matched_by", Text, nullable=False),  # gtin, key, sku (alone)
    Index("ix_product_listings_product_id", "product_id"),
)

identity_conflicts = Table(
    "identity_conflicts",
    metadata,
    _key("conflict_id"),
    _key("company_slug"),
    _key("sku"),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("product_id", Text, nullable=False),
)

categories = Table(
    "categories",
    metadata,
    _key("company_slug"),
    _key("path"),
    Column("name", Text, nullable=False),
    Column("depth", Integer, nullable=False),  # 1: a root
    Column("category_id", Text),  # the company's own id, never a key
    Column("parents", Text, nullable=False),  # JSON array of paths
    Column("own_listings", Integer, nullable=False),
    Column("listings", Integer, nullable=False),  # in the whole subtree
    Column("is_leaf", Boolean, nullable=False),
)

category_inventory = Table(
    "category_inventory",
    metadata,
    _key("company_slug"),
    Column("depth", Integer, primary_key=True),  # 0: listings without a category
    Column("categories", Integer, nullable=False),
    Column("leaves", Integer, nullable=False),
    Column("listings", Integer, nullable=False),
    Column("products", Integer, nullable=False),
    Column("empty_categories", Integer, nullable=False),
    Column("shared_names", Text, nullable=False),  # JSON array: names on this level that other companies use too
    Column("samples", Text, nullable=False),  # JSON array of paths
)

category_facets = Table(
    "category_facets",
    metadata,
    _key("company_slug"),
    _key("path"),
    Column("kind", Text, nullable=False),  # universal_root, promotional, seasonal, dietary, mixed
    Column("spread", Float),  # effective number of other branches that its listings resemble
    Column("reason", Text, nullable=False),
)

listing_shelves = Table(
    "listing_shelves",
    metadata,
    _key("company_slug"),
    _key("sku"),
    _key("path"),  # where the listing counts for equivalences and level 5; never a facet
    Column("origin", Text, nullable=False),  # own, relatives (it stands under facets only)
    Column("weight", Float, nullable=False),
)

category_equivalences = Table(
    "category_equivalences",
    metadata,
    _key("company_slug"),
    _key("path"),
    _key("target_company_slug"),
    _key("target_path"),
    Column("relation", Text, nullable=False),  # SKOS: "broad" says that the target is broader
    Column("status", Text, nullable=False),  # accepted, proposed, rejected
    Column("origin", Text, nullable=False),  # evidence, decision, inferred
    Column("support", Float, nullable=False),  # effective number of matched listings
    Column("hard_support", Float, nullable=False),
    Column("soft_support", Float, nullable=False),
    Column("matched_source", Float, nullable=False),  # matched weight of the source category
    Column("matched_target", Float, nullable=False),
    Column("target_given_source", Float, nullable=False),  # P(b|a)
    Column("target_given_source_bound", Float, nullable=False),  # its Wilson lower bound
    Column("source_given_target", Float, nullable=False),
    Column("source_given_target_bound", Float, nullable=False),
    Column("label_similarity", Float, nullable=False),
    Column("reason", Text, nullable=False),
)

category_evidence = Table(
    "category_evidence",
    metadata,
    _key("company_slug"),
    _key("path"),
    _key("target_company_slug"),
    _key("target_path"),
    Column("rank", Integer, primary_key=True),  # the ten strongest pairs, 1 first
    Column("kind", Text, nullable=False),  # hard, soft
    Column("sku", Text, nullable=False),
    Column("target_sku", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("target_name", Text, nullable=False),
    Column("weight", Float, nullable=False),
)

product_claims = Table(
    "product_claims",
    metadata,
    _key("product_id"),
    Column("claims", Text, nullable=False),  # JSON array
    Column("department", Text),  # one of twelve; null where no root word tells
    Column("product_class", Text),  # food, alcohol, baby, pet, household, personal_care
)

substitutions = Table(
    "substitutions",
    metadata,
    _key("product_id"),
    _key("company_slug"),  # where the substitute is sold
    _key("substitute_id"),
    Column("sku", Text, nullable=False),  # the cheapest listing of the substitute there
    Column("level", Integer, nullable=False),
    Column("score", Float, nullable=False),
    Column("rank", Integer, nullable=False),  # within product and company_slug, 1 first
    Column("cosine", Float, nullable=False),
    Column("lexical", Float, nullable=False),
    Column("pack_ratio", Float),  # how many of the substitute make up one product
    Column("unit_price_ratio", Float),  # the substitute's unit price over the product's cheapest
    Column("path", Text),  # the category pair that allowed level 5; null where none did
    Column("target_path", Text),
    Column("relation", Text),
    Column("reasons", Text, nullable=False),  # JSON array: every level that applied, and what nearly refused
    Index("ix_substitutions_substitute_id", "substitute_id"),
)

substitution_outcomes = Table(
    "substitution_outcomes",
    metadata,
    _key("company_slug"),  # the product's company
    _key("target_company_slug"),
    _key("product_id"),
    # found, uncategorised, no mapping, no candidate, refused: <gate>, below score; every product once, so the counts
    # add up
    Column("stage", Text, nullable=False),
    Column("levels_1_to_4", Boolean, nullable=False),  # found on one of these levels
    Column("level_5", Boolean, nullable=False),
    Column("level_5_own_tree", Boolean, nullable=False),  # found on level 5 without any equivalence
    Column("nearest_id", Text),  # the best candidate: taken, or lost at this stage
    Column("nearest_score", Float),
    Column("detail", Text),
)

substitution_rates = Table(
    "substitution_rates",
    metadata,
    _key("company_slug"),
    _key("target_company_slug"),
    _key("setting"),  # linked, siloed, null
    Column("products", Integer, nullable=False),
    Column("with_levels_1_to_4", Integer, nullable=False),
    Column("with_level_5", Integer, nullable=False),
    Column("with_any", Integer, nullable=False),
    Column("rate_levels_1_to_4", Float, nullable=False),
    Column("rate_level_5", Float, nullable=False),
    Column("rate", Float, nullable=False),
)
