"""What a product is: the concept of its name's head noun ("yoghurt", "vodka", "hot chips"), by the lexicon
``kinds.csv``; which kinds may replace each other is said there too, whether they do is judged in gates.py.

A kind that is not sure is unknown, and refuses nothing: a wrong one hides a good substitute from everyone.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.catalogue.text import fold
from subs_assets.known_texts import NOTHING_KNOWN, KnownTexts
from subs_assets.substitution.departments import department_of, departments_of
from subs_assets.substitution.terms import FACETS, product_terms

COLUMNS = ["product_id", "kind", "kind_group", *FACETS]

PULLS = ("weak", "plain", "strong")
"""How much a word decides: ``weak`` is as often an ingredient or a flavour ("cheese" in "cheese crackers") and gives
way to any other head; ``strong`` decides beside any other ("shampoo", "dog food")."""

WEAK, STRONG = PULLS.index("weak"), PULLS.index("strong")

TAILS = frozenset(
    [
        *("with", "in", "for", "from", "on"),
        *("mit", "ohne", "fur", "aus", "von", "auf", "nach"),
    ]
)
"""What follows one of these words is not the head: "tuna in olive oil"."""

NO_TAILS = frozenset([("free", "from"), ("skin", "on"), ("tail", "on"), ("rind", "on")])
"""Words that look like the beginning of a tail and are none: "free from muffins", "skin on fries"."""

ANY_NAME = "*"
"""The phrase that stands for a whole shelf: on "Red Wine" all is wine, whatever its name."""

WHOLE_NAME = "="
"""Begins a condition that a category has exactly this name; without it, that some category's name holds the word."""

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
    name, and the classes that may stand there; none are named where the paths say nothing, and any may. A row that
    names the department stands there whatever its class: protein bars among the vitamins."""

    words: frozenset[str]
    classes: frozenset[str]
    departments: frozenset[str]


@dataclass(frozen=True)
class _Entry:
    """One row of the lexicon for one of its phrases."""

    kind: Kind | None
    pull: int
    only_on: frozenset[str]

    @property
    def is_no_head(self) -> bool:
        """A phrase that only takes its words away."""
        return self.kind is None and self.pull == WEAK

    def holds_on(self, shelf: Shelf) -> bool:
        stands_there = not shelf.classes or not self.only_on.isdisjoint(shelf.departments)
        if self.kind is not None and not stands_there and self.kind.product_class not in shelf.classes:
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


def kind_of(core_name: str, shelf: Shelf, whole_name: str = "") -> Kind | None:
    """The kind of a product on a shelf, None where it is not sure.

    By the head of its core name, or of its name with its brand where the core's says nothing, since a brand may say it
    ("Doritos"); both are folded. A shelf that holds one kind only is a head before all words: a word that pulls as much
    beats it.

    >>> kind_of("strawberry greek yoghurt with honey", shelf_of(())).name
    'yoghurt'
    """
    head = head_of(core_name, shelf)
    if head is None or head.kind is None:
        head = head_of(whole_name, shelf) or head
    on_shelf = _of_whole(shelf)
    if on_shelf is not None and (head is None or head.kind is None or head.pull < on_shelf.pull):
        return on_shelf.kind
    return head.kind if head is not None else None


@lru_cache(maxsize=10_000)
def _of_whole(shelf: Shelf) -> _Entry | None:
    """The entry for a shelf that holds one kind only."""
    return next((entry for entry in _lexicon().shelves if entry.holds_on(shelf)), None)


def head_of(name: str, shelf: Shelf) -> _Entry | None:
    """What the lexicon knows of the head of a folded name, None where it knows none of its words.

    The longest phrases are found from left to right; one may begin within the one before it and end after it. Of those
    before the tail the last strong one decides, else the last plain one, else the last weak one; else the last strong
    one of the tail. A weak phrase without a kind ("salt & vinegar", "sugar free") only takes its words away; a plain
    one ("spread", "mix") is a head of unknown kind: a pistachio spread is no pistachios.

    >>> head_of("erdbeerjoghurt", shelf_of(())).kind.name
    'yoghurt'
    """
    lexicon = _lexicon()
    head: tuple[tuple[bool, int, int], _Entry] | None = None
    words = name.split()
    forms = [_one_form(word) for word in words]
    tails = (at for at, word in enumerate(words) if at and word in TAILS and (words[at - 1], word) not in NO_TAILS)
    tail = next(tails, len(words))
    at = 0
    while at < len(words):
        entry, length = _longest_entry(lexicon, forms, at, shelf)
        if entry is not None and not entry.is_no_head and (at < tail or entry.pull == STRONG):
            order = (at < tail, entry.pull, at)
            if head is None or order > head[0]:
                head = (order, entry)
        at = _next_phrase(lexicon, forms, at, at + length, shelf)
    return head[1] if head is not None else None


def _next_phrase(lexicon: _Lexicon, words: list[str], begin: int, end: int, shelf: Shelf) -> int:
    """Where to go on after the phrase ``words[begin:end]``: at a word within it, where a phrase begins that reaches
    beyond it ("banana bread" and then "bread mix"), else at its end."""
    if end == begin + 1:
        return end
    within = range(begin + 1, end)
    return next((at for at in within if at + _longest_entry(lexicon, words, at, shelf)[1] > end), end)


def _longest_entry(lexicon: _Lexicon, words: list[str], at: int, shelf: Shelf) -> tuple[_Entry | None, int]:
    for key, longest in _heads_of(words[at]):
        for length in range(min(longest, len(words) - at), 0, -1):
            for entry in lexicon.phrases.get((key, *words[at + 1 : at + length]), ()):
                if entry.holds_on(shelf):
                    return entry, length
    return None, 1


@lru_cache(maxsize=100_000)
def _heads_of(word: str) -> tuple[tuple[str, int], ...]:
    """The word, then the German heads that it ends with, the longest first; those with which a phrase begins, and how
    many words the longest of these has."""
    lexicon = _lexicon()
    ends = (word[begin:] for begin in range(1, len(word) - SHORTEST_COMPOUND_HEAD + 1))
    heads = (word, *(end for end in ends if end in lexicon.heads))
    return tuple((head, lexicon.longest[head]) for head in heads if head in lexicon.longest)


def shelf_of(paths: Iterable[str]) -> Shelf:
    """What the category paths of a listing say, whatever their order."""
    words: set[str] = set()
    classes: set[str] = set()
    departments: set[str] = set()
    for path in paths:
        department, product_class = department_of(path)
        for name in category_path.decode(path):
            forms = [_one_form(word) for word in fold(name).split()]
            words.update(forms, [WHOLE_NAME + " ".join(forms)])
        if department is not None and product_class is not None:
            departments.add(_condition(department))
            classes |= MAY_STAND_ON[product_class]
            if department == "drinks":
                classes.add("alcohol")
    return Shelf(frozenset(words | departments), frozenset(classes), frozenset(departments))


def class_of(kind: str | None) -> str | None:
    """The product class of a kind of the lexicon."""
    known = _lexicon().kinds.get(kind) if kind is not None else None
    return known.product_class if known else None


def build_product_kinds(
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    listings: pd.DataFrame,
    listing_categories: pd.DataFrame,
    known: KnownTexts = NOTHING_KNOWN,
) -> pd.DataFrame:
    """Table ``product_kinds``: what each product is, by the majority of its listings, of which the first wins a tie;
    and what its name states, with what its department adds."""
    kinds = listing_kinds(listings, listing_categories, known).merge(product_listings, on=["company_slug", "sku"])
    kinds = kinds.dropna(subset="kind").sort_values(["product_id", "company_slug", "sku"], ignore_index=True)
    kinds["place"] = kinds.index
    votes = kinds.groupby(["product_id", "kind", "kind_group"], as_index=False).agg(
        votes=("place", "size"), first=("place", "min")
    )
    votes = votes.sort_values(["product_id", "votes", "first"], ascending=[True, False, True])
    frame = products[["product_id"]].merge(votes.drop_duplicates("product_id"), on="product_id", how="left")
    shelved = listing_categories.merge(product_listings, on=["company_slug", "sku"])
    departments = frame["product_id"].map(departments_of(shelved)["department"])
    named = pd.DataFrame({"core_name": products["core_name"].array, "department": departments.astype("str").array})
    terms = known.find("product-terms", named, lambda new: product_terms(new["core_name"], new["department"]))
    return pd.concat([frame, terms], axis=1)[COLUMNS]


def listing_kinds(
    listings: pd.DataFrame, listing_categories: pd.DataFrame, known: KnownTexts = NOTHING_KNOWN
) -> pd.DataFrame:
    """DataFrame[company_slug, sku, kind, kind_group]: each listing by its own words and shelves."""
    keys = ["company_slug", "sku"]
    paths: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for company, sku, path in _rows(listing_categories[[*keys, "path"]]):
        paths[company, sku].add(path)
    shelved = ["\n".join(sorted(paths.get(key, ()))) for key in _rows(listings[keys])]
    texts = listings[["core_name", "name", "brand"]].assign(paths=pd.Series(shelved, listings.index, dtype="str"))
    found = known.find("listing-kinds", texts, _kinds_of)
    return pd.concat([listings[keys], found.set_index(listings.index)], axis=1)


def _kinds_of(texts: pd.DataFrame) -> pd.DataFrame:
    """DataFrame[kind, kind_group] of core_name, name, brand and paths (one a line)."""
    shelves = cache(lambda paths: shelf_of(paths.split("\n") if paths else ()))
    kinds = [
        kind_of(core, shelves(paths), _with_brand(fold(name), brand))
        for core, name, brand, paths in _rows(texts[["core_name", "name", "brand", "paths"]])
    ]
    names = {"kind": [kind and kind.name for kind in kinds], "kind_group": [kind and kind.group for kind in kinds]}
    return pd.DataFrame(names, dtype="str")


def _rows(frame: pd.DataFrame) -> Iterator[tuple]:
    return frame.astype(object).itertuples(
        index=False, name=None
    )  # as objects at once: one by one takes thrice as long


def _with_brand(name: str, brand: object) -> str:
    """A folded name behind the brand, which only some companies write into their names."""
    folded = fold(brand) if isinstance(brand, str) else ""
    return name if name.startswith(folded) else f"{folded} {name}"


def known_by_department(
    kinds: pd.DataFrame, product_listings: pd.DataFrame, listing_categories: pd.DataFrame
) -> pd.DataFrame:
    """DataFrame[department, products, known]: of how many products of a department the kind is known."""
    shelved = listing_categories.merge(product_listings, on=["company_slug", "sku"])
    named = {path: department_of(path)[0] for path in shelved["path"].unique()}
    shelved = shelved.assign(department=shelved["path"].map(named).fillna("none"))[["product_id", "department"]]
    counted = shelved.drop_duplicates().merge(kinds, on="product_id")
    return counted.groupby("department", as_index=False).agg(products=("product_id", "size"), known=("kind", "count"))


def unknown_heads(products: pd.DataFrame, kinds: pd.DataFrame) -> pd.DataFrame:
    """DataFrame[word, products, example]: the last words of products without a kind, the most frequent first."""
    unknown = products[["product_id", "core_name"]].merge(kinds[["product_id", "kind"]], on="product_id")
    unknown = unknown[unknown["kind"].isna()]
    unknown = unknown.assign(word=unknown["core_name"].str.split().str[-1])
    counted = unknown.groupby("word", as_index=False).agg(products=("product_id", "size"), example=("core_name", "min"))
    return counted.sort_values(["products", "word"], ascending=[False, True], ignore_index=True)


@lru_cache(maxsize=100_000)
def _one_form(word: str) -> str:
    """One form for singular and plural, "and" and "&"; it need not be a word, only the same for both."""
    if word in ("and", "und"):
        return "&"
    if len(word) < 4 or word.endswith("ss"):
        return word
    for ending, singular in (("ies", "y"), ("oes", "o"), ("ches", "ch"), ("shes", "sh"), ("sses", "ss"), ("s", "")):
        if word.endswith(ending):
            return word[: -len(ending)] + singular
    return word


def _condition(text: str) -> str:
    forms = " ".join(_one_form(word) for word in fold(text).split())
    return WHOLE_NAME + forms if text.startswith(WHOLE_NAME) else forms


@cache
def _lexicon() -> _Lexicon:
    text = files("subs_assets.substitution").joinpath("kinds.csv").read_text(encoding="utf-8")
    phrases: dict[tuple[str, ...], list[_Entry]] = {}
    heads: set[str] = set()
    shelves: list[_Entry] = []
    kinds: dict[str, Kind] = {}
    for row in csv.DictReader(text.splitlines()):
        kind = Kind(row["kind"], row["group"], row["class"]) if row["kind"] else None
        if kind is not None and kinds.setdefault(kind.name, kind) != kind:
            raise ValueError(f"kinds.csv: {kind.name} has two groups or classes: {kinds[kind.name]}, {kind}")
        only_on = frozenset(_condition(text) for text in row["only_on"].split("|") if text)
        entry = _Entry(kind, PULLS.index(row["pull"]), only_on)
        for phrase in row["phrases"].split("|"):
            if phrase == ANY_NAME:
                shelves.append(entry)
                continue
            words = tuple(_one_form(word) for word in fold(phrase).split())
            phrases.setdefault(words, []).append(entry)
            if row["language"] == "de" and len(words) == 1 and len(words[0]) >= SHORTEST_COMPOUND_HEAD:
                heads.add(words[0])
    longest: dict[str, int] = {}
    for words in phrases:
        longest[words[0]] = max(longest.get(words[0], 0), len(words))
    return _Lexicon({key: tuple(own) for key, own in phrases.items()}, longest, frozenset(heads), tuple(shelves), kinds)
