"""How the categories of a product and of its substitute stand to each other, as codes."""

NO_RELATION, SAME, EXACT, CLOSE, BROAD, NARROW, RELATED, CONTRADICTS = range(8)
RELATIONS = (None, "same", "exact", "close", "broad", "narrow", "related", None)
"""By code. CONTRADICTS: the product's shelf is mapped to that company, but not to this shelf."""
