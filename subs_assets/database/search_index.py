"""The words of the published listings, kept so that a search reads no listing; what is asked of them is
``lookups/search.py``'s.

They lie in plain tables and not in a database's own full text: docs/decisions/0035-words-in-tables-of-our-own.md.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator

import pandas as pd
from sqlalchemy import URL, Connection, Table, delete, func, insert, select

from subs_assets.catalogue.measures import UNITS, parse_number
from subs_assets.catalogue.text import fold
from subs_assets.database import frames
from subs_assets.database.engine import answering, writing
from subs_assets.database.tables import listings, published_tables, search_listings, search_words

FIRST, NAME, BRAND, SIZE = "first", "name", "brand", "size"
"""Where in a listing a word stands."""

LONGEST_WORD, LONGEST_ASKED = 400, 100
"""Characters. PostgreSQL keeps no key of more than 2,704 bytes, so a longer word is kept in pieces, which overlap by so
much that one of them holds whatever is asked for."""

NOT_NOTED = ""
"""Stands for the content of listings that no publication has noted: those of a program before ``published_tables``."""


FORM = "3"
"""Of the words: another one whenever they are made in another way, so that those of an earlier program are made anew. 1
had no sizes, 2 no decimals in them and no heads."""

HEADS = {"ol": "öl"}
"""What German compounds end in and is too short to be looked for within words: what is asked for -> the word that
stands for all that end so. It is kept with its diacritics, as no folded word is: "öl" ends Rapsöl, "ol" Tirol.
"Ei" is none: most of what ends so in at/ ends in -frei, -brei or -erei."""
_ENDS_IN_A_HEAD = re.compile(rf"\w({'|'.join(HEADS.values())})\b")

_SPELLED = {
    spelling: next(first for first, same in UNITS.items() if same == measure) for spelling, measure in UNITS.items()
}
_UNIT = "|".join(re.escape(unit) for unit in UNITS)
_NUMBER_WITH_UNIT = re.compile(rf"(?<!\S)(\d+) ?({_UNIT})(?!\S)")
_DECIMAL_WITH_UNIT = re.compile(rf"(?<![\d.,])(\d+[.,]\d+) ?({_UNIT})(?!\w)")


def folded_with_sizes(text: str) -> str:
    """Folded, but that a number with its unit is one word, in one spelling.

    >>> folded_with_sizes("Milk, 2 Litre"), folded_with_sizes("Cola 1,50 L"), folded_with_sizes("6 x 375ml 7-Up")
    ('milk 2l', 'cola 1.5l', '6 x 375ml 7 up')
    """
    before, *others = _DECIMAL_WITH_UNIT.split(text.casefold())
    words = [_folded_with_whole_sizes(before)]
    for number, unit, after in zip(others[::3], others[1::3], others[2::3], strict=True):
        words += [f"{parse_number(number, unit):g}{_SPELLED[unit]}", _folded_with_whole_sizes(after)]
    return " ".join(filter(None, words))


def _folded_with_whole_sizes(text: str) -> str:
    return _NUMBER_WITH_UNIT.sub(lambda found: found[1] + _SPELLED[found[2]], fold(text))


def words_of(named: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of ``search_listings`` and of ``search_words``.

    ``named``: DataFrame[company_slug, sku, name, brand, size_text]. A word is what ``catalogue.text.fold``
    leaves between two spaces, a number with its unit, or one of HEADS; of one that a listing has several
    times, the best place counts.
    """
    length = named["name"].str.len().rename("length")
    ordered = pd.concat([named, length], axis="columns").sort_values(["length", "company_slug", "sku"])
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    texts = zip(ordered["name"], ordered["brand"].fillna(""), ordered["size_text"].fillna(""), strict=True)
    for number, (name, brand, size_text) in enumerate(texts):
        for word, place in _places(name, brand, size_text).items():
            numbers[word, place].append(number)
    numbered = ordered[["company_slug", "sku"]].assign(number=range(len(ordered)))
    words = pd.DataFrame(
        [(*key, len(some), json.dumps(some, separators=(",", ":"))) for key, some in numbers.items()],
        columns=["word", "place", "listings", "numbers"],
    )
    return frames.conform(numbered[search_listings.c.keys()], search_listings), frames.conform(words, search_words)


def index(url: str | URL) -> int | None:
    """``bring_up_to_date`` a database in a transaction of its own, by whoever holds the run lock; how many listings
    that were, None where nothing was to be done."""
    with answering(url) as engine, writing(engine) as connection:
        return _count(connection, search_listings) if bring_up_to_date(connection) else None


def _places(name: str, brand: str, size_text: str) -> dict[str, str]:
    """Word -> where it stands."""
    places = dict.fromkeys(_words(size_text), SIZE) | dict.fromkeys(_words(brand), BRAND)
    words = list(_words(name))
    return places | dict.fromkeys(words[1:], NAME) | dict.fromkeys(words[:1], FIRST)


def _words(text: str) -> Iterator[str]:
    plain = text.casefold()
    apart = _DECIMAL_WITH_UNIT.sub(r"\1 \2", plain)  # "1.5l" is not to be found by "5l"
    heads = _ENDS_IN_A_HEAD.findall(plain)
    for word in dict.fromkeys([*fold(apart).split(), *folded_with_sizes(plain).split(), *heads]):
        if len(word) <= LONGEST_WORD:
            yield word
        else:
            yield from (
                word[start : start + LONGEST_WORD] for start in range(0, len(word), LONGEST_WORD - LONGEST_ASKED)
            )


def bring_up_to_date(connection: Connection) -> bool:
    """Within the connection's transaction, make the tables anew unless they are of the listings that are published;
    whether that was so."""
    noted = {name: (digest, rows) for name, digest, rows in connection.execute(select(published_tables))}
    digest, _ = noted.get(listings.name, (NOT_NOTED, 0))
    rows, indexed = (_count(connection, table) for table in (listings, search_listings))
    mark = f"{FORM}:{digest}"
    is_of_these = noted.get(search_listings.name) == (mark, rows) and indexed == rows
    if is_of_these or not (rows or indexed):
        return False
    named = frames.fetch(connection, select(*listings.c["company_slug", "sku", "name", "brand", "size_text"]))
    connection.execute(delete(published_tables).where(published_tables.c.table_name == search_listings.name))
    connection.execute(insert(published_tables).values(table_name=search_listings.name, digest=mark, rows=rows))
    for table, frame in zip((search_listings, search_words), words_of(named), strict=True):
        frames.replace(connection, table, [frame])
    return True


def _count(connection: Connection, table: Table) -> int:
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)
