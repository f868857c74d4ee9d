"""How long and how far a request may ask, and which texts no database keeps."""

from typing import Annotated

from pydantic import AfterValidator, Field

MOST_ROWS = 500
MOST_OFFSET = 1_000_000_000
"""More than there are rows: databases take no number of any size."""

LONGEST_TEXT = 1_000
LONGEST_QUERY = 200
LONGEST_ADDRESS = 4_000
"""A search of LONGEST_QUERY signs may take twelve letters for each."""


def fit_for_databases(text: str) -> str:
    """The text, where every database keeps it; raises ValueError."""
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("has a NUL character or half a surrogate pair, which no catalogue has")
    return text


Text = Annotated[str, AfterValidator(fit_for_databases), Field(json_schema_extra={"pattern": "^[^\\u0000]*$"})]
