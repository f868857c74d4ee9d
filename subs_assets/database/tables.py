"""The warehouse's tables, named like the assets that make them; those of control state: ``control_tables.py``.

Every column holds a scalar. A category path, and any other list, is canonical JSON text
(``catalogue/category_path.py``), so that one value means the same in a frame, in Parquet, in SQLite, in PostgreSQL and
in an archive, and can be a key.

What a column means is its ``doc``: Dagster's UI shows it, and nothing of it reaches a database (``comment`` would).

The published tables have no foreign keys among each other: they are swapped as a whole (``publication``), and asset
checks hold their keys against each other before that.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, Table, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Compared and sorted by bytes, as SQLite does it: by a language's rules two servers would give two orders."""

WHOLE_NUMBER = Integer().with_variant(BigInteger(), "postgresql")
"""64 bits everywhere; SQLite's INTEGER has them, PostgreSQL's has half."""


def _key(name: str, doc: str) -> Column:
    return Column(name, TEXT, primary_key=True, doc=doc)


COMPANY = "The company's key"
SKU = "The company's own key of the listing"
PRODUCT = "GTIN-14 of the trade item, else `company:sku` of its first listing"
PATH = "The category: JSON array of the names from the root down"
TARGET_COMPANY = "The other company"
TARGET_PATH = "The category at the other company: JSON array of names"


listings = Table(
    "listings",
    metadata,
    _key("company_slug", COMPANY),
    _key("sku", SKU),
    Column("name", TEXT, nullable=False, doc="As shown to a person: repaired, but not shortened"),
    Column("core_name", TEXT, nullable=False, doc="Without brand and size, case folded: what is compared"),
    Column("brand", TEXT, doc="As the company writes it, or found in the name"),
    Column("brand_key", TEXT, doc="The brand, folded for comparison; null where unknown"),
    Column("gtin", TEXT, doc="GTIN-14, check digit right, never an in-store code"),
    Column("in_store_code", TEXT, doc="A barcode that only this company uses: no identity"),
    Column("size_text", TEXT, doc="The size as the company writes it"),
    Column("quantity", Float, doc="Of one unit of the pack, in `unit`"),
    Column("unit", TEXT, doc="g, ml, m, m2 or each"),
    Column("pack_count", WHOLE_NUMBER, doc="How many units the pack holds"),
    Column("total", Float, doc="`quantity` times `pack_count`, in `unit`; null where the size was not understood"),
    Column("dimension", TEXT, doc="mass, volume, length, area or count"),
    Column("approximate", Boolean, nullable=False, doc="The company says that the size is approximate"),
    Column("price", Float, doc="Of the whole pack, in `currency`"),
    Column("currency", TEXT, doc="ISO 4217"),
    Column("unit_price", Float, doc="Per kg, l, m, m2 or piece"),
    Column("available", Boolean, doc="Whether the company says that it can be bought; null where it says nothing"),
    Column("claims", TEXT, nullable=False, doc="JSON array of claim slugs, sorted; from the listing's own words only"),
    Column("url", TEXT, doc="The listing's page at the company"),
    Column("file", TEXT, nullable=False, doc="The file that the row came from"),
    Column("line", WHOLE_NUMBER, nullable=False, doc="Its line, or its place in the file"),
    Column("repairs", TEXT, nullable=False, doc="JSON array of sentences: what was mended in the row"),
    Index("ix_listings_gtin", "gtin"),
    Index("ix_listings_sku", "sku"),
)

listing_categories = Table(
    "listing_categories",
    metadata,
    _key("company_slug", COMPANY),
    _key("sku", SKU),
    Column("position", WHOLE_NUMBER, primary_key=True, doc="0 is the listing's first path"),
    Column("path", TEXT, nullable=False, doc="JSON array of names from the root down; `[]` where the listing has none"),
    Column("category_ids", TEXT, doc="JSON array: the company's own ids along the path"),
)

set_aside_rows = Table(
    "set_aside_rows",
    metadata,
    _key("company_slug", COMPANY),
    _key("file", "The file that the row is in"),
    Column("line", WHOLE_NUMBER, primary_key=True, doc="Its line, or its place in the file; 0: the file as a whole"),
    _key("field", "Which field was wrong: file for the file as a whole, empty for the row as a whole"),
    Column("value", TEXT, doc="What stood there, shortened to 200 characters"),
    Column("reason", TEXT, nullable=False, doc="Why the row was not accepted"),
)

READ, FAILED, KEPT = "read", "failed", "kept"
"""What ``catalogue_files.status`` says."""

catalogue_files = Table(
    "catalogue_files",
    metadata,
    _key("company_slug", COMPANY),
    _key("file", "Its path within the company's folder"),
    Column("sha256", TEXT, doc="Of the file as it came"),
    Column("bytes", WHOLE_NUMBER, doc="Its size"),
    Column("modified_at", TEXT, doc="ISO 8601, UTC"),
    Column("status", TEXT, nullable=False, doc="read, failed, or kept: the last good listings are shown instead"),
    Column("problem", TEXT, doc="Why the file was not read or not taken, and what to do"),
    Column("read", WHOLE_NUMBER, nullable=False, doc="Rows in the file: accepted and set aside together"),
    Column("accepted", WHOLE_NUMBER, nullable=False, doc="Rows that became listings"),
    Column("repaired", WHOLE_NUMBER, nullable=False, doc="Of the accepted: rows in which something was mended"),
    Column("set_aside", WHOLE_NUMBER, nullable=False, doc="Rows that were not accepted"),
)

products = Table(
    "products",
    metadata,
    _key("product_id", PRODUCT),
    Column("gtin", TEXT, doc="GTIN-14; null where no listing has one that is sure"),
    Column("name", TEXT, nullable=False, doc="Of its first listing"),
    Column("core_name", TEXT, nullable=False, doc="Without brand and size, case folded: what is compared"),
    Column("brand", TEXT, doc="Of its first listing that has one"),
    Column("brand_key", TEXT, doc="The brand, folded for comparison; null where unknown"),
    Column("quantity", Float, doc="Of one unit of the pack, in `unit`"),
    Column("unit", TEXT, doc="g, ml, m, m2 or each"),
    Column("pack_count", WHOLE_NUMBER, doc="How many units the pack holds"),
    Column("total", Float, doc="`quantity` times `pack_count`, in `unit`"),
    Column("dimension", TEXT, doc="mass, volume, length, area or count"),
    Column("approximate", Boolean, nullable=False, doc="The size is approximate"),
    Column("listing_count", WHOLE_NUMBER, nullable=False, doc="How many listings describe it"),
    Column("company_count", WHOLE_NUMBER, nullable=False, doc="How many companies sell it"),
    Index("ix_products_gtin", "gtin"),
)

product_listings = Table(
    "product_listings",
    metadata,
    _key("company_slug", COMPANY),
    _key("sku", SKU),
    Column("product_id", TEXT, nullable=False, doc=PRODUCT),
    Column(
        "matched_by",
        TEXT,
        nullable=False,
        doc="gtin (it carries the product's), name (it joined by brand, name and size) or sku (it stands alone)",
    ),
    Index("ix_product_listings_product_id", "product_id"),
)

identity_conflicts = Table(
    "identity_conflicts",
    metadata,
    _key("conflict_id", "What the conflict is about: its listings share it"),
    _key("company_slug", COMPANY),
    _key("sku", SKU),
    Column(
        "kind", TEXT, nullable=False, doc="gtin_name_mismatch, ambiguous_name, uncertain_name or contradicting_gtin"
    ),
    Column("reason", TEXT, nullable=False, doc="What was found, and what was done"),
    Column("product_id", TEXT, nullable=False, doc="The product that the listing is now"),
)

categories = Table(
    "categories",
    metadata,
    _key("company_slug", COMPANY),
    _key("path", PATH),
    Column("name", TEXT, nullable=False, doc="The last name of the path"),
    Column("depth", WHOLE_NUMBER, nullable=False, doc="1: a root"),
    Column("category_id", TEXT, doc="The company's own id, never a key"),
    Column("parents", TEXT, nullable=False, doc="JSON array of paths: a node may hang in several places"),
    Column("own_listings", WHOLE_NUMBER, nullable=False, doc="Listings on the node itself"),
    Column("listings", WHOLE_NUMBER, nullable=False, doc="Listings in the whole subtree"),
    Column("is_leaf", Boolean, nullable=False, doc="Nothing stands below it"),
)

category_inventory = Table(
    "category_inventory",
    metadata,
    _key("company_slug", COMPANY),
    Column("depth", WHOLE_NUMBER, primary_key=True, doc="1: the roots; 0: listings without a category"),
    Column("categories", WHOLE_NUMBER, nullable=False, doc="Nodes on this level"),
    Column("leaves", WHOLE_NUMBER, nullable=False, doc="Of these: nodes with nothing below"),
    Column("listings", WHOLE_NUMBER, nullable=False, doc="Listings on this level or below"),
    Column("products", WHOLE_NUMBER, nullable=False, doc="Products on this level or below"),
    Column("empty_categories", WHOLE_NUMBER, nullable=False, doc="Nodes that hold no listing themselves"),
    Column("shared_names", TEXT, nullable=False, doc="JSON array: names on this level that other companies use too"),
    Column("samples", TEXT, nullable=False, doc="JSON array of paths: the largest nodes"),
)

category_facets = Table(
    "category_facets",
    metadata,
    _key("company_slug", COMPANY),
    _key("path", PATH),
    Column("kind", TEXT, nullable=False, doc="universal_root, promotional, seasonal, dietary or mixed"),
    Column("spread", Float, doc="Effective number of other branches that its listings resemble; mixed ones only"),
    Column("reason", TEXT, nullable=False, doc="Why it is no category"),
)

listing_shelves = Table(
    "listing_shelves",
    metadata,
    _key("company_slug", COMPANY),
    _key("sku", SKU),
    _key("path", "Where the listing counts for equivalences and level 5; never a facet"),
    Column(
        "origin",
        TEXT,
        nullable=False,
        doc="own, or relatives: it stands under facets only, so its nearest relatives tell",
    ),
    Column("weight", Float, nullable=False, doc="How sure that is; 1 for its own"),
)

category_equivalences = Table(
    "category_equivalences",
    metadata,
    _key("company_slug", COMPANY),
    _key("path", PATH),
    _key("target_company_slug", TARGET_COMPANY),
    _key("target_path", TARGET_PATH),
    Column(
        "relation",
        TEXT,
        nullable=False,
        doc="SKOS mapping relation, exact, close, broad, narrow or related: broad says that the target is broader",
    ),
    Column("status", TEXT, nullable=False, doc="accepted, proposed or rejected; only accepted ones are used"),
    Column("origin", TEXT, nullable=False, doc="evidence, decision (of a person) or inferred"),
    Column(
        "support", Float, nullable=False, doc="Effective number of matched listings; of the weaker half where inferred"
    ),
    Column("hard_support", Float, nullable=False, doc="Of these: by products that both companies list"),
    Column("soft_support", Float, nullable=False, doc="Of these: by listings that are nearly identical"),
    Column("matched_source", Float, nullable=False, doc="Matched weight of the source category"),
    Column("matched_target", Float, nullable=False, doc="Matched weight of the target category"),
    Column("target_given_source", Float, nullable=False, doc="P(target given source) by the evidence"),
    Column("target_given_source_bound", Float, nullable=False, doc="Its Wilson lower bound"),
    Column("source_given_target", Float, nullable=False, doc="P(source given target) by the evidence"),
    Column("source_given_target_bound", Float, nullable=False, doc="Its Wilson lower bound"),
    Column("label_similarity", Float, nullable=False, doc="How alike the names and the paths of the two are, 0 to 1"),
    Column("reason", TEXT, nullable=False, doc="Why relation and status are what they are"),
)

category_evidence = Table(
    "category_evidence",
    metadata,
    _key("company_slug", COMPANY),
    _key("path", PATH),
    _key("target_company_slug", TARGET_COMPANY),
    _key("target_path", TARGET_PATH),
    Column("rank", WHOLE_NUMBER, primary_key=True, doc="The ten strongest pairs, 1 first"),
    Column("kind", TEXT, nullable=False, doc="hard (one product) or soft (nearly identical)"),
    Column("sku", TEXT, nullable=False, doc=SKU),
    Column("target_sku", TEXT, nullable=False, doc="The other company's own key of its listing"),
    Column("name", TEXT, nullable=False, doc="The listing"),
    Column("target_name", TEXT, nullable=False, doc="The other company's listing"),
    Column("weight", Float, nullable=False, doc="How much the pair counts, 0 to 1"),
)

category_absences = Table(
    "category_absences",
    metadata,
    _key("company_slug", COMPANY),
    _key("path", PATH),
    _key("target_company_slug", TARGET_COMPANY),
    Column(
        "answer",
        TEXT,
        nullable=False,
        doc="none (no category there holds its kind), undecided (a mapping waits for a person), parts (only categories "
        "below it are mapped) or above (a category above it is mapped, and speaks for it)",
    ),
    Column("listings", WHOLE_NUMBER, nullable=False, doc="Listings in the category and below it"),
    Column("through_path", TEXT, doc="The category above it that is mapped; null unless the answer is above"),
    Column("candidate_path", TEXT, doc="The best refused category there; null where nothing resembles it"),
    Column("candidate_support", Float, doc="Effective number of listings that point to that candidate"),
    Column("reason", TEXT, nullable=False, doc="Why there is no accepted mapping"),
)

category_equivalence_changes = Table(
    "category_equivalence_changes",
    metadata,
    _key("company_slug", COMPANY),
    _key("path", PATH),
    _key("target_company_slug", TARGET_COMPANY),
    _key("target_path", TARGET_PATH),
    Column("change", TEXT, nullable=False, doc="Against the night before: new, gone, status or relation"),
    Column("status_before", TEXT, doc="Null where it is new"),
    Column("status_after", TEXT, doc="Null where it is gone"),
    Column("relation_before", TEXT, doc="Null where it is new"),
    Column("relation_after", TEXT, doc="Null where it is gone"),
)

product_claims = Table(
    "product_claims",
    metadata,
    _key("product_id", PRODUCT),
    Column("claims", TEXT, nullable=False, doc="JSON array of claim slugs: from words and from dietary shelves"),
    Column("department", TEXT, doc="One of twelve; null where no root word tells"),
    Column(
        "product_class",
        TEXT,
        doc="Of its kind, else of its department: food, alcohol, baby, pet, household, personal_care, medicine, "
        "kitchenware, flowers or tobacco",
    ),
)

product_kinds = Table(
    "product_kinds",
    metadata,
    _key("product_id", PRODUCT),
    Column("kind", TEXT, doc="What it is, by the head of its name and its shelf; null where that is not sure"),
    Column("kind_group", TEXT, doc="Kinds of one group may replace each other at a loss, others never; null: unknown"),
    Column("ingredients", TEXT, nullable=False, doc="JSON array: what its name says that it is made of"),
    Column("flavours", TEXT, nullable=False, doc="JSON array: what its name says that it tastes or smells of"),
    Column("varieties", TEXT, nullable=False, doc="JSON array: which sort of its kind its name names"),
    Column("states", TEXT, nullable=False, doc="JSON array: how it is kept or prepared, such as frozen or canned"),
    Column("uses", TEXT, nullable=False, doc="JSON array: what or whom it is for"),
)

substitutions = Table(
    "substitutions",
    metadata,
    _key("product_id", "The product that is to be replaced"),
    _key("company_slug", "Where the substitute is sold"),
    _key("substitute_id", "The product to buy instead"),
    Column("sku", TEXT, nullable=False, doc="The cheapest listing of the substitute there"),
    Column("level", WHOLE_NUMBER, nullable=False, doc="1 to 5, the lowest that applied"),
    Column("score", Float, nullable=False, doc="Probability that a shopper would accept it"),
    Column("rank", WHOLE_NUMBER, nullable=False, doc="Within product and company, 1 first"),
    Column("cosine", Float, nullable=False, doc="Of the embeddings of both names"),
    Column("lexical", Float, nullable=False, doc="Cosine of the character n-grams of both names"),
    Column("pack_ratio", Float, doc="How many of the substitute make up one product"),
    Column("unit_price_ratio", Float, doc="The substitute's unit price over the product's cheapest"),
    Column("path", TEXT, doc="The product's category that allowed level 5; null where none did"),
    Column("target_path", TEXT, doc="The substitute's category that allowed level 5"),
    Column("relation", TEXT, doc="How the two categories stand to each other"),
    Column(
        "reasons",
        TEXT,
        nullable=False,
        doc="JSON array: who accepted it, every level that applied, what lowered it, to which topics it owes its score",
    ),
    Index("ix_substitutions_substitute_id", "substitute_id"),
)

substitution_outcomes = Table(
    "substitution_outcomes",
    metadata,
    _key("company_slug", "The product's company"),
    _key("target_company_slug", "Where a substitute was looked for"),
    _key("product_id", "Every product once, so the counts add up"),
    Column(
        "stage",
        TEXT,
        nullable=False,
        doc="found, uncategorised, no mapping, no candidate, below score, or refused: and by which gate, or a decision",
    ),
    Column("levels_1_to_4", Boolean, nullable=False, doc="Found on one of these levels"),
    Column("level_5", Boolean, nullable=False, doc="Found on level 5"),
    Column("level_5_own_tree", Boolean, nullable=False, doc="Found on level 5 without any equivalence"),
    Column("nearest_id", TEXT, doc="The best candidate: taken, or lost at this stage"),
    Column("nearest_score", Float, doc="Its score"),
    Column("detail", TEXT, doc="What stood in the way, in words"),
    Index("ix_substitution_outcomes_product_id", "product_id"),
)

substitution_rates = Table(
    "substitution_rates",
    metadata,
    _key("company_slug", "Whose products"),
    _key("target_company_slug", "Where the substitutes are sold"),
    _key(
        "setting", "linked (through equivalences), siloed (one company's tree only) or null (shelves dealt by chance)"
    ),
    Column("products", WHOLE_NUMBER, nullable=False, doc="The company's products"),
    Column("with_levels_1_to_4", WHOLE_NUMBER, nullable=False, doc="Of these: with a substitute on levels 1 to 4"),
    Column("with_level_5", WHOLE_NUMBER, nullable=False, doc="Of these: with a substitute on level 5"),
    Column("with_any", WHOLE_NUMBER, nullable=False, doc="Of these: with any substitute"),
    Column("rate_levels_1_to_4", Float, nullable=False, doc="Share with a substitute on levels 1 to 4"),
    Column("rate_level_5", Float, nullable=False, doc="Share with a substitute on level 5"),
    Column("rate", Float, nullable=False, doc="Share with any substitute"),
)

evaluation = Table(
    "evaluation",
    metadata,
    _key(
        "measure",
        "What is measured, as docs/evaluate-substitutions.md says it: precision, ece, traps_shown, coverage ...",
    ),
    _key("company_slug", "Whose products; empty: all companies"),
    _key("target_company_slug", "Where the substitutes are sold; empty: all companies"),
    _key("part", "A level, a department, a range of scores, a rate, a pair of skus; empty: the whole"),
    Column("value", Float, doc="Null where it is not measured"),
    Column("low", Float, doc="Lower end of the 95 % interval"),
    Column("high", Float, doc="Upper end of the 95 % interval"),
    Column("cases", WHOLE_NUMBER, nullable=False, doc="Labelled pairs, products or rows that it rests on"),
    Column("said", TEXT, doc="What a person should know of it"),
)

published_tables = Table(
    "published_tables",
    metadata,
    _key("table_name", "One of the tables above"),
    Column("digest", TEXT, nullable=False, doc="Of its content, as the run that wrote it had staged it"),
    Column("rows", WHOLE_NUMBER, nullable=False, doc="How many it had then"),
)

search_listings = Table(
    "search_listings",
    metadata,
    Column(
        "number", WHOLE_NUMBER, primary_key=True, autoincrement=False, doc="From 0 on; a shorter name has a lower one"
    ),
    Column("company_slug", TEXT, nullable=False, doc=COMPANY),
    Column("sku", TEXT, nullable=False, doc=SKU),
    Index("ix_search_listings_company_slug_sku", "company_slug", "sku"),
)

search_words = Table(
    "search_words",
    metadata,
    _key("word", "A word of a listing's name, brand or size, without case and diacritics"),
    _key("place", "first (of the name), name (elsewhere in it), brand or size (in none before)"),
    Column("listings", WHOLE_NUMBER, nullable=False, doc="How many listings have it there"),
    Column("numbers", TEXT, nullable=False, doc="JSON array: their numbers in `search_listings`, ascending"),
)

MADE_BY_PUBLICATION = (published_tables.name, search_listings.name, search_words.name)

MADE_BY_ASSETS = tuple(name for name in metadata.tables if name not in MADE_BY_PUBLICATION)
"""The tables that a run makes and publication swaps in."""
