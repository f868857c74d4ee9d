"""What a product is: the concept of its name's head noun ("yoghurt", "vodka", "hot chips"), by the lexicon
``kinds.csv``; which kinds may replace each other is said there too, whether they do is judged in gates.py.

A kind that is not sure is unknown, and refuses nothing: a wrong one hides a good substitute from everyone.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.catalogue.core_name import core_name
from subs_assets.catalogue.text import fold
from subs_assets.substitution.product_claims import department_of

COLUMNS = ["product_id", "kind", "kind_group", "ingredients", "flavours", "varieties", "states"]

PULLS = ("weak", "plain", "strong")
"""How much a word decides: ``weak`` is as often an ingredient or a flavour ("cheese" in "cheese crackers") and gives way
to any other head; ``strong`` decides wherever it stands ("shampoo", "dog food")."""

TAILS = frozenset("with in for from on filled topped flavour flavoured flavor mit in ohne fur aus von auf nach".split())
"""What follows one of these words is not the head: "tuna in olive oil"."""

ANY_NAME = "*"
"""The phrase that stands for a whole shelf: on "Red Wine" all is wine, whatever its name."""

MAY_STAND_ON: dict[str, frozenset[str]] = {
    "food": frozenset({"food", "baby", "flowers"}),
    "alcohol": frozenset({"alcohol"}),
    "baby": frozenset({"baby"}),
    "pet": frozenset({"pet"}),
    "household": frozenset({"household", "kitchenware", "flowers", "tobacco", "personal_care", "medicine"}),
    "personal_care": frozenset({"personal_care", "medicine", "baby", "household", "kitchenware"}),
}
"""Class of a shelf -> classes of what may stand there: on a pet shelf "chicken" is no meat, on a food shelf "rum" is a
flavour."""

SHORTEST_COMPOUND_HEAD = 4
"""Letters. Shorter German heads ("Tee", "Eis", "Öl") end too many other words; their compounds are in the lexicon."""


@dataclass(frozen=True)
class Kind:
    """A concept, the group in which its kinds may replace each other at a loss, and its product class."""

    name: str
    group: str
    product_class: str


@dataclass(frozen=True)
class Shelf:
    """What a kind is allowed to know of where a listing stands: the words of its paths with the departments that they
    name, and the class, None where the paths say nothing."""

    words: frozenset[str]
    product_class: str | None


@dataclass(frozen=True)
class _Entry:
    """One row of the lexicon for one of its phrases."""

    kind: Kind
    pull: int
    only_on: frozenset[str]

    def holds_on(self, shelf: Shelf) -> bool:
        if shelf.product_class is not None and self.kind.product_class not in _may_stand_on(shelf):
            return False
        return not self.only_on or not self.only_on.isdisjoint(shelf.words)


@dataclass(frozen=True)
class _Lexicon:
    """Phrases as tuples of singular words -> their entries in the order of the file; ``heads`` are those German words
    that end a compound; ``shelves`` the entries for whole shelves."""

    phrases: dict[tuple[str, ...], tuple[_Entry, ...]]
    longest: dict[str, int]
    heads: frozenset[str]
    shelves: tuple[_Entry, ...]
    kinds: dict[str, Kind]


def kind_of(name: str, shelf: Shelf) -> Kind | None:
    """The kind of a folded name on a shelf, None where it is not sure.

    The longest phrases of the lexicon are found from left to right. The last strong one decides; else the last plain
    one before the tail; else the last weak one there; else the shelf, where it holds one kind only.

    >>> kind_of("strawberry greek yoghurt with honey", shelf_of(())).name
    'yoghurt'
    >>> kind_of("erdbeerjoghurt", shelf_of(())).name
    'yoghurt'
    """
    lexicon = _lexicon()
    found: tuple[tuple[bool, int, int], Kind] | None = None
    words = name.split()
    singular = [_singular(word) for word in words]
    tail = next((at for at, word in enumerate(words) if at and word in TAILS), len(words))
    at = 0
    while at < len(words):
        entry, length = _longest_entry(lexicon, singular, at, shelf)
        if entry is not None:
            order = (entry.pull == PULLS.index("strong") or at < tail, entry.pull, at)
            if found is None or order > found[0]:
                found = (order, entry.kind)
        at += length
    if found is not None:
        return found[1]
    return next((entry.kind for entry in lexicon.shelves if entry.holds_on(shelf)), None)


def _longest_entry(lexicon: _Lexicon, words: list[str], at: int, shelf: Shelf) -> tuple[_Entry | None, int]:
    for key in _heads_of(words[at]):
        for length in range(min(lexicon.longest.get(key, 0), len(words) - at), 0, -1):
            for entry in lexicon.phrases.get((key, *words[at + 1 : at + length]), ()):
                if entry.holds_on(shelf):
                    return entry, length
    return None, 1


@lru_cache(maxsize=100_000)
def _heads_of(word: str) -> tuple[str, ...]:
    """The word, then the German heads that it ends with, the longest first."""
    heads = _lexicon().heads
    ends = (word[begin:] for begin in range(1, len(word) - SHORTEST_COMPOUND_HEAD + 1))
    return (word, *(end for end in ends if end in heads))


def shelf_of(paths: Iterable[str]) -> Shelf:
    """What the category paths of a listing say, whatever their order."""
    words: set[str] = set()
    classes: set[str] = set()
    for path in paths:
        department, product_class = department_of(path)
        words.update(_singular(word) for name in category_path.decode(path) for word in fold(name).split())
        if department is not None and product_class is not None:
            words.add(department)
            classes.add(product_class)
    return Shelf(frozenset(words), classes.pop() if len(classes) == 1 else None)


def class_of(kind: str | None) -> str | None:
    """The product class of a kind of the lexicon."""
    known = _lexicon().kinds.get(kind) if kind is not None else None
    return known.product_class if known else None


def build_product_kinds(
    products: pd.DataFrame, product_listings: pd.DataFrame, listings: pd.DataFrame, listing_categories: pd.DataFrame
) -> pd.DataFrame:
    """Table ``product_kinds``: what each product is, by the majority of its listings; the first of them wins a tie."""
    kinds = listing_kinds(listings, listing_categories).merge(product_listings, on=["company_slug", "sku"])
    kinds = kinds.dropna(subset="kind").sort_values(["product_id", "company_slug", "sku"], ignore_index=True)
    kinds["place"] = kinds.index
    votes = kinds.groupby(["product_id", "kind", "kind_group"], as_index=False).agg(
        votes=("place", "size"), first=("place", "min")
    )
    votes = votes.sort_values(["product_id", "votes", "first"], ascending=[True, False, True])
    frame = products[["product_id"]].merge(votes.drop_duplicates("product_id"), on="product_id", how="left")
    for column in COLUMNS[3:]:
        frame[column] = "[]"
    return frame[COLUMNS]


def listing_kinds(listings: pd.DataFrame, listing_categories: pd.DataFrame) -> pd.DataFrame:
    """DataFrame[company_slug, sku, kind, kind_group]: each listing by its own words and shelves."""
    keys = ["company_slug", "sku"]
    paths = listing_categories.groupby(keys)["path"].agg(frozenset).reindex(pd.MultiIndex.from_frame(listings[keys]))
    shelves = cache(shelf_of)
    described = cache(_listing_kind)
    kinds = [
        described(name, brand if isinstance(brand, str) else None, shelves(own if own == own else frozenset()))
        for name, brand, own in zip(listings["name"], listings["brand"], paths, strict=True)
    ]
    frame = listings[keys].copy()
    frame["kind"] = [kind.name if kind else None for kind in kinds]
    frame["kind_group"] = [kind.group if kind else None for kind in kinds]
    return frame


def _listing_kind(name: str, brand: str | None, shelf: Shelf) -> Kind | None:
    """By the name without its brand, else with it: "Kit Kat" and "Doritos" say what they are."""
    core = core_name(name, brand)
    named = kind_of(core, Shelf(shelf.words - {ANY_NAME}, shelf.product_class))
    return named


@lru_cache(maxsize=100_000)
def _singular(word: str) -> str:
    """One form for singular and plural; it need not be a word, only the same for both."""
    if len(word) < 4 or word.endswith("ss"):
        return word
    for ending, singular in (("ies", "y"), ("oes", "o"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("s", "")):
        if word.endswith(ending):
            return word[: -len(ending)] + singular
    return word


@cache
def _lexicon() -> _Lexicon:
    text = files("subs_assets.substitution").joinpath("kinds.csv").read_text(encoding="utf-8")
    phrases: dict[tuple[str, ...], list[_Entry]] = {}
    heads: set[str] = set()
    shelves: list[_Entry] = []
    kinds: dict[str, Kind] = {}
    for row in csv.DictReader(text.splitlines()):
        kind = Kind(row["kind"], row["group"], row["class"])
        if kinds.setdefault(kind.name, kind) != kind:
            raise ValueError(f"kinds.csv: {kind.name} has two groups or classes: {kinds[kind.name]}, {kind}")
        only_on = frozenset(_singular(word) for word in row["only_on"].split("|") if word)
        entry = _Entry(kind, PULLS.index(row["pull"]), only_on)
        for phrase in row["phrases"].split("|"):
            if phrase == ANY_NAME:
                shelves.append(entry)
                continue
            words = tuple(_singular(word) for word in phrase.split())
            phrases.setdefault(words, []).append(entry)
            if row["language"] == "de" and len(words) == 1 and len(words[0]) >= SHORTEST_COMPOUND_HEAD:
                heads.add(words[0])
    longest: dict[str, int] = {}
    for words in phrases:
        longest[words[0]] = max(longest.get(words[0], 0), len(words))
    return _Lexicon({key: tuple(own) for key, own in phrases.items()}, longest, frozenset(heads), tuple(shelves), kinds)
