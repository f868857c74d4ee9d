"""How long and how far a request may ask, and which texts no database keeps."""

from typing import Annotated

from pydantic import AfterValidator, Field

from subs_assets.catalogue import validate

MOST_ROWS = 500
MOST_OFFSET = 1_000_000_000
"""More than there are rows: databases take no number of any size."""

LONGEST_TEXT = validate.LONGEST_TEXT
LONGEST_PATH = validate.DEEPEST_PATH * (2 * LONGEST_TEXT + len('"",')) + 1
"""Of a category, as JSON, which writes some signs as two: whatever a catalogue may hold can be asked and decided."""
LONGEST_QUERY = 200
LONGEST_REASON = 300
"""Of a decision that a page's form brings; a file or a program may say more."""
LONGEST_ADDRESS = 16 * 2**10
"""Bytes of path and query: a sign may take twelve."""
LONGEST_BODY = 2**20
"""Bytes: a form says two paths, and a sign may take twelve there too."""


def fit_for_databases(text: str) -> str:
    """The text, where every database keeps it; raises ValueError."""
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("has a NUL character or half a surrogate pair, which no catalogue has")
    return text


Text = Annotated[str, AfterValidator(fit_for_databases), Field(json_schema_extra={"pattern": "^[^\\u0000]*$"})]
