"""Listings by words, or by an exact key; the tables that it goes by are made in ``search_index.py``."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import Connection, func, or_, select, union

from subs_assets.catalogue.text import fold
from subs_assets.database import frames
from subs_assets.database.engine import DatabaseNotReady
from subs_assets.database.lookups.products import exactly
from subs_assets.database.lookups.rows import same_listing
from subs_assets.database.search_index import BRAND, FIRST, HEADS, LONGEST_ASKED, folded_with_sizes
from subs_assets.database.tables import listings, product_listings, search_listings, search_words

MOST_WORDS = 12
"""Of what is asked: nobody types more, and each is a look through all words."""

SHORTEST_FOLDED = 4
"""Letters of a word after ae, oe and ue in it became one each: "blu" of "blue" stands in many others."""

_WRITTEN_OUT = re.compile("(?<![aeq])([aou])e")
"""Not in "sauer", "steuer" and "quelle"."""

LONGEST_CHANCE = 2
"""Letters or digits that stand within other words by chance."""

ROWS_AT_ONCE = 10_000
"""SQLite takes 32,766 parameters."""

Numbers = np.ndarray
"""int64[n]: numbers of ``search_listings``, ascending, each once."""


@dataclass(frozen=True)
class Found:
    """One page of what was found, and how.

    ``listings``: DataFrame[product_id, company_slug, sku, name, brand, size_text, total, unit, price, currency,
    unit_price].
    ``total``: of all pages. ``corrected``: word that no listing has -> the one that was looked for instead.
    ``has_every_word``: whether all of them have every word; else each has more than half, of two words one.
    """

    listings: pd.DataFrame
    total: int
    corrected: dict[str, str]
    has_every_word: bool


def search(
    connection: Connection, words_or_key: str, limit: int = 20, offset: int = 0, company_slug: str | None = None
) -> Found:
    """Listings by words, or by an exact sku, barcode or product id, of one company or all; a row a listing.

    A word with ae, oe or ue is also looked for with the vowel that has the dots, which it may stand for.

    Every word must stand in the listing's name, brand or size, within another word too (of one or two letters or
    digits: as its beginning, one of HEADS also as its end), whatever its case and diacritics; a number with its unit
    is one word, however it is spelled. Where there is none, words that occur nowhere are replaced by two that stand
    beside each other, else by the nearest one; where there still is none, more than half of the words must, of two
    one. Exact keys come first; then names that begin with the first word; names that have the words as they are, as
    beginnings, within others; and shorter names before longer ones.

    Raises ValueError when nothing is asked for, DatabaseNotReady where the listings' words are not there yet.
    """
    wanted = words_or_key.strip()
    if not wanted:
        raise ValueError("say what to look for: words of a name, a sku, a barcode or a product id")
    asked = folded_with_sizes(wanted[: MOST_WORDS * LONGEST_ASKED]).split()
    words = list(dict.fromkeys(word[:LONGEST_ASKED] for word in asked))[:MOST_WORDS]
    places = [_places(connection, word) for word in words]
    by_words, corrected, has_every_word = _with_every_word(places), {}, True
    if not by_words.size:
        instead = {one.word: _instead(connection, one.word) for one in places if not one.anywhere.size}
        places = [instead.get(one.word) or one for one in places]
        corrected = {word: one.word for word, one in instead.items() if one is not None}
        by_words = _with_every_word(places)
    by_key = _with_key(connection, wanted)
    if not by_words.size and not by_key.size:
        by_words = _with_most_words(places)
        has_every_word = not by_words.size
    numbers = _one_after_the_other([by_key, by_words])
    if company_slug is not None:
        of_company = select(search_listings.c.number).where(search_listings.c.company_slug == company_slug)
        numbers = numbers[np.isin(numbers, np.array(connection.scalars(of_company).all(), dtype=np.int64))]
    if not numbers.size:
        _require_words(connection)
    page = _listings(connection, numbers[offset : offset + limit].tolist())
    return Found(page, len(numbers), corrected if by_words.size else {}, has_every_word)


def find_products(connection: Connection, words_or_key: str, limit: int = 20) -> pd.DataFrame:
    """The first listings of ``search``."""
    return search(connection, words_or_key, limit).listings


@dataclass(frozen=True)
class _Places:
    """Which listings have a word: as it is in their names or sizes, as a beginning there, as the beginning of the name,
    and anywhere."""

    word: str
    whole: Numbers
    begins: Numbers
    first: Numbers
    anywhere: Numbers


def _places(connection: Connection, word: str) -> _Places:
    # "up" within "syrup" is chance; two signs of another script may be a word, and its words stand without spaces.
    only_begins = len(word) <= LONGEST_CHANCE and word.isascii() and word.isalnum()
    of_word, head, spellings = search_words.c.word, HEADS.get(word, word), _spellings(word)
    has_it = [
        of_word.startswith(one, autoescape=True) if only_begins else of_word.contains(one, autoescape=True)
        for one in spellings
    ]
    statement = select(*search_words.c["word", "place", "numbers"]).where(or_(*has_it, of_word == head))
    # To SQLite's LIKE an A is an a.
    rows = [
        row for row in connection.execute(statement) if row.word == head or any(one in row.word for one in spellings)
    ]
    in_name = [(found, place, some) for found, place, some in rows if place != BRAND]
    begins = [(found, place, some) for found, place, some in in_name if found.startswith(spellings)]
    return _Places(
        word,
        _numbers([some for found, _, some in begins if found in spellings]),
        _numbers([some for _, _, some in begins]),
        _numbers([some for _, place, some in begins if place == FIRST]),
        _numbers([some for _, _, some in rows]),
    )


def _spellings(word: str) -> tuple[str, ...]:
    """The word, and what it is folded to if its ae, oe and ue are written for ä, ö and ü.

    >>> _spellings("kaese"), _spellings("blue"), _spellings("steuer")
    (('kaese', 'kase'), ('blue',), ('steuer',))
    """
    folded = _WRITTEN_OUT.sub(r"\1", word)
    return (word, folded) if len(folded) >= SHORTEST_FOLDED and folded != word else (word,)


def _texts(connection: Connection, numbers: Numbers) -> dict[int, str]:
    """Number -> the listing's folded name and brand, with a space before and after each word."""
    statement = select(search_listings.c.number, *listings.c["name", "brand"]).join(
        listings, same_listing(listings, search_listings)
    )
    return {
        number: f" {fold(name)} / {fold(brand or '')} "
        for start in range(0, len(numbers), ROWS_AT_ONCE)
        for number, name, brand in connection.execute(
            statement.where(search_listings.c.number.in_(numbers[start : start + ROWS_AT_ONCE].tolist()))
        )
    }


def _numbers(arrays: Sequence[str]) -> Numbers:
    joined = ",".join(array[1:-1] for array in arrays)
    return np.unique(np.array(json.loads(f"[{joined}]"), dtype=np.int64))


def _with_every_word(places: Sequence[_Places]) -> Numbers:
    """The best first."""
    if not places:
        return _numbers([])
    whole = _in_all([one.whole for one in places])
    begins = _in_all([one.begins for one in places])
    anywhere = _in_all([one.anywhere for one in places])
    first = places[0].first
    return _one_after_the_other([_in_all([first, whole]), whole, _in_all([first, begins]), begins, anywhere])


def _with_most_words(places: Sequence[_Places]) -> Numbers:
    """Those with the most words first; of two words one is enough."""
    least = 1 if len(places) <= 2 else len(places) // 2 + 1
    numbers, words = np.unique(np.concatenate([_numbers([]), *(one.anywhere for one in places)]), return_counts=True)
    enough = words >= least
    return numbers[enough][np.argsort(-words[enough], kind="stable")]


def _in_all(several: Sequence[Numbers]) -> Numbers:
    return reduce(lambda one, other: np.intersect1d(one, other, assume_unique=True), several)


def _one_after_the_other(several: Sequence[Numbers]) -> Numbers:
    """Each number once, where it comes first."""
    joined = np.concatenate(several)
    _, places = np.unique(joined, return_index=True)
    return joined[np.sort(places)]


def _instead(connection: Connection, word: str) -> _Places | None:
    """What a word that occurs nowhere stands for."""
    in_two = _in_two(connection, word)
    if in_two is not None:
        return in_two
    nearest = _nearest(connection, word)
    return None if nearest is None else _places(connection, nearest)


def _in_two(connection: Connection, word: str) -> _Places | None:
    """Two words that stand beside each other in names or brands and make this one together ("weetbix", Weet-Bix);
    those that more listings have, None where there are none."""
    halves = [(word[:end], word[end:]) for end in range(1, len(word))]
    is_half = search_words.c.word.in_({half for two in halves for half in two})
    rows = connection.execute(select(*search_words.c["word", "place", "numbers"]).where(is_half)).all()
    having = {half: _numbers([some for found, _, some in rows if found == half]) for half, _, _ in rows}
    both = {two: _in_all([having[half] for half in two]) for two in halves if all(half in having for half in two)}
    texts = _texts(connection, _numbers([]) if not both else np.unique(np.concatenate(list(both.values()))))
    found = {
        " ".join(two): np.array(
            [number for number in numbers.tolist() if f" {' '.join(two)} " in texts[number]], dtype=np.int64
        )
        for two, numbers in both.items()
    }
    best = max(found, key=lambda two: len(found[two]), default=None)
    if best is None or not found[best].size:
        return None
    first = _numbers([some for half, place, some in rows if place == FIRST and half == best.split()[0]])
    return _Places(best, found[best], found[best], _in_all([found[best], first]), found[best])


def _nearest(connection: Connection, word: str) -> str | None:
    """The word of a listing that differs from this by one letter, of eight letters and more by two behind the first;
    None of codes, sizes and short words, and where there is none. Of several: the nearer one, the one with the same
    first letter, the one that more listings have."""
    allowed = 0 if len(word) < 4 or not word.isalpha() else 1 if len(word) < 8 else 2
    if not allowed:
        return None
    of_its_length = func.length(search_words.c.word).between(len(word) - allowed, len(word) + allowed)
    statement = select(search_words.c.word, func.sum(search_words.c.listings)).where(of_its_length)
    known = {found: int(count) for found, count in connection.execute(statement.group_by(search_words.c.word))}
    near = process.extract(word, list(known), scorer=OSA.distance, score_cutoff=allowed, limit=None)
    begin_alike = [one for one in near if one[1] < 2 or one[0][0] == word[0]]
    ranked = sorted((distance, found[0] != word[0], -known[found], found) for found, distance, _ in begin_alike)
    return ranked[0][-1] if ranked else None


def _with_key(connection: Connection, wanted: str) -> Numbers:
    key = "".join(
        sign for sign in wanted if sign.isprintable()
    ).strip()  # without marks that came along when it was pasted
    of_listing = (
        select(search_listings.c.number)
        .join(listings, same_listing(listings, search_listings))
        .join(product_listings, same_listing(product_listings, listings))
    )
    # Not one query with OR: its parts lie in two tables, and a database then reads both from end to end.
    statement = union(*(of_listing.where(is_it) for is_it in exactly(key)))
    return np.array(sorted(connection.scalars(statement)), dtype=np.int64)


def _require_words(connection: Connection) -> None:
    some = connection.execute(select(search_listings.c.number).limit(1)).first()
    if some is None and connection.execute(select(listings.c.sku).limit(1)).first() is not None:
        raise DatabaseNotReady("the words of the listings are not there yet for a search: run `subs db upgrade`")


def _listings(connection: Connection, numbers: list[int]) -> pd.DataFrame:
    """Their rows in the order of the numbers."""
    statement = (
        select(
            search_listings.c.number,
            product_listings.c.product_id,
            *listings.c[
                "company_slug", "sku", "name", "brand", "size_text", "total", "unit", "price", "currency", "unit_price"
            ],
        )
        .select_from(search_listings)
        .join(listings, same_listing(listings, search_listings))
        .join(product_listings, same_listing(product_listings, listings))
    )
    starts = range(0, len(numbers) or 1, ROWS_AT_ONCE)
    parts = [numbers[start : start + ROWS_AT_ONCE] for start in starts]
    found = pd.concat([frames.fetch(connection, statement.where(search_listings.c.number.in_(part))) for part in parts])
    order = {number: place for place, number in enumerate(numbers)}
    return found.sort_values("number", key=lambda column: column.map(order), ignore_index=True).drop(columns="number")
