"""What a product's name states in words of ``terms.csv``: substances, varieties, states, uses; how two products
differ in them is judged in differences.py."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

import pandas as pd

FACETS = ("ingredients", "flavours", "varieties", "states", "uses")
"""What ``find_terms`` fills; ``terms.csv`` knows ingredients and flavours as substances only."""

SUBSTANCE, VARIETY, STATE, USE = "substance", "variety", "state", "use"
FLAVOURING, NOTHING = "flavouring", "nothing"
"""Words of products that substances flavour rather than make (yoghurt, crisps, gum), and words that look like a term
and are none ("chicken salt")."""

FACET_OF = {VARIETY: "varieties", STATE: "states", USE: "uses"}
STATE_OF_DEPARTMENT = {"frozen": "frozen", "chilled": "chilled", "produce": "fresh", "meat_seafood": "chilled"}
SCENTED_DEPARTMENTS = frozenset({"household", "health_beauty"})
"""Here a substance is a scent, as little the product as a flavour is."""

MAKES_ANYWAY = frozenset({"grain", "legume", "corn", "potato", "coconut", "tapioca"})
"""Roots or terms that make what others flavour: rice crackers, soy yoghurt, potato chips."""
SEASONS = frozenset({"spice", "herb", "salt", "vinegar", "savoury_sauce", "sweet", "mint", "cola"})
"""Roots that flavour whatever stands beside them."""

ACCOMPANIES = frozenset({"with", "in", "mit", "im", "w"})
SAYS_FLAVOUR = frozenset(
    {
        "flavour",
        "flavours",
        "flavoured",
        "flavor",
        "flavored",
        "infused",
        "scented",
        "scent",
        "seasoned",
        "coated",
        "topped",
        "dipped",
        "filled",
        "geschmack",
        "aroma",
        "duft",
        "gefullt",
        "umhullt",
    }
)
NEGATES_BEFORE = frozenset({"no", "low", "without", "ohne", "less", "zero", "kein", "keine"})
NEGATES_AFTER = frozenset({"free", "frei"})
MAY_BE_REDUCED = frozenset({"salt", "sugar", "sodium"})
"""What "reduced" beside it denies; of other words it says nothing: "salt reduced chicken stock" is of chicken."""
JOINS = frozenset({"&", "and", "und", "n", "+", "or", "oder"})

PLURALS = (("s", "", 3), ("es", "", 3), ("ies", "y", 2), ("n", "", 4), ("en", "", 4), ("e", "", 4))
"""Ending, what stands there instead in the singular, and how many letters must remain: "cane" is no "can"."""


@dataclass(frozen=True)
class Term:
    """One row of ``terms.csv``; ``likeness``: how much two kinds of it that differ are alike, 0 not at all."""

    facet: str
    name: str
    parent: str
    likeness: float
    words: tuple[str, ...]


@dataclass(frozen=True)
class Lexicon:
    """``terms`` by facet and name; ``phrases``: words by their first word, with what they state;
    ``prefixes`` and ``suffixes``: of compounds ("Erdbeerjoghurt")."""

    terms: Mapping[tuple[str, str], Term]
    phrases: Mapping[str, list[tuple[tuple[str, ...], Term]]]
    prefixes: Mapping[str, tuple[Term, ...]]
    suffixes: Mapping[str, tuple[Term, ...]]

    def ancestry(self, facet: str, name: str) -> tuple[Term, ...]:
        """The term and its parents, root last."""
        term = self.terms[facet, name]
        return (term, *self.ancestry(facet, term.parent)) if term.parent else (term,)


@cache
def lexicon() -> Lexicon:
    """``terms.csv``, read once; what of it is wrong raises."""
    text = files("subs_assets.substitution").joinpath("terms.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return _lexicon(
        Term(
            row["facet"],
            row["term"],
            row["parent"],
            float(row["likeness"] or 0.0),
            tuple(word for word in row["words"].split("|") if word),
        )
        for row in rows
    )


def _lexicon(terms: Iterable[Term]) -> Lexicon:
    by_name: dict[tuple[str, str], Term] = {}
    stated: dict[str, list[Term]] = {}
    for term in terms:
        if (term.facet, term.name) in by_name:
            raise ValueError(f"terms.csv: {term.facet} {term.name} stands there twice; keep one row")
        by_name[term.facet, term.name] = term
        for word in term.words:
            stated.setdefault(word, []).append(term)
    for term in by_name.values():
        if term.parent and (term.facet, term.parent) not in by_name:
            raise ValueError(f"terms.csv: {term.facet} {term.name} has the parent {term.parent}, which has no row")
    phrases: dict[str, list[tuple[tuple[str, ...], Term]]] = {}
    for word, found in stated.items():
        if "*" not in word:
            words = tuple(word.split())
            phrases.setdefault(words[0], []).extend((words, term) for term in found)
    return Lexicon(
        by_name,
        phrases,
        {word[:-1]: tuple(found) for word, found in stated.items() if word.endswith("*")},
        {word[1:]: tuple(found) for word, found in stated.items() if word.startswith("*")},
    )


def find_terms(core_name: str, department: str | None = None) -> dict[str, list[str]]:
    """The terms of each of ``FACETS`` that a folded name states, sorted, with what its department adds.

    >>> found = find_terms("lamb mince with garlic", "frozen")
    >>> found["ingredients"], found["flavours"], found["varieties"], found["states"]
    (['lamb'], ['garlic'], ['mince'], ['frozen'])
    """
    words = core_name.replace("&", " & ").replace("+", " + ").split()
    matches = list(_matches(words))
    found: dict[str, set[str]] = {facet: set() for facet in FACETS}
    for match in matches:
        if match.term.facet in FACET_OF:
            found[FACET_OF[match.term.facet]].add(match.term.name)
    found["ingredients"], found["flavours"] = _substances(words, matches, department)
    added = STATE_OF_DEPARTMENT.get(department or "")
    if added and not any(_root(STATE, state) == _root(STATE, added) for state in found["states"]):
        found["states"].add(added)
    return {facet: sorted(names) for facet, names in found.items()}


def product_terms(core_names: pd.Series, departments: pd.Series) -> pd.DataFrame:
    """The columns ``FACETS``, JSON arrays, of products in order; a department may be null."""
    known = departments.astype(object).where(departments.notna(), None)
    found = [find_terms(name, department) for name, department in zip(core_names.astype(object), known, strict=True)]
    return pd.DataFrame(
        {facet: [json.dumps(names) if (names := stated[facet]) else "[]" for stated in found] for facet in FACETS},
        index=core_names.index,
        dtype="str",
    )


class _Match(NamedTuple):
    start: int
    end: int
    term: Term


def _matches(words: list[str]) -> Iterator[_Match]:
    """From left to right the longest phrases of each facet by itself ("milk chocolate" is a variety, and its chocolate
    a substance); a phrase of ``NOTHING`` hides its words from all. What is denied ("no salt", "nut free") is passed
    over."""
    free_from: dict[str, int] = {}
    for at, word in enumerate(words):
        beginning = _beginning(word)
        if not beginning:
            continue
        longest: dict[str, int] = {}
        for phrase, term in beginning:
            end = at + len(phrase)
            if (
                free_from.get(term.facet, 0) <= at
                and free_from.get(NOTHING, 0) <= at
                and longest.get(term.facet, end) == end
                and longest.get(NOTHING, 0) < end
                and _continues(words, at, phrase)
            ):
                longest[term.facet] = end
                if term.facet != NOTHING and not _denied(words, at, end):
                    yield _Match(at, end, term)
        free_from.update(longest)


def _continues(words: list[str], at: int, phrase: tuple[str, ...]) -> bool:
    end = at + len(phrase)
    return len(phrase) == 1 or (end <= len(words) and all(map(_is_form_of, words[at + 1 : end], phrase[1:])))


def _is_form_of(word: str, wanted: str) -> bool:
    return word == wanted or wanted in _stems(word)


@lru_cache(maxsize=2**17)
def _beginning(word: str) -> tuple[tuple[tuple[str, ...], Term], ...]:
    """The phrases that may begin with a word, ``NOTHING`` first among the longest; a facet that does not know the
    word itself may know it as a plural, or else as a compound."""
    phrases: list[tuple[tuple[str, ...], Term]] = []
    as_word: set[str] = set()
    for form in (word, *_stems(word)):
        found = lexicon().phrases.get(form, ())
        phrases += [(words, term) for words, term in found if len(words) > 1 or term.facet not in as_word]
        as_word |= {term.facet for words, term in found if len(words) == 1}
    phrases += [((word,), term) for term in _compound(word) if term.facet not in as_word]
    return tuple(sorted(dict.fromkeys(phrases), key=lambda phrase: (-len(phrase[0]), phrase[1].facet != NOTHING)))


@lru_cache(maxsize=2**17)
def _stems(word: str) -> tuple[str, ...]:
    """What a word may be the plural of, in English or German."""
    return tuple(
        word.removesuffix(ending) + instead
        for ending, instead, shortest in PLURALS
        if word.endswith(ending) and len(word) - len(ending) >= shortest
    )


def _compound(word: str) -> tuple[Term, ...]:
    """What the longest prefix and the longest suffix state that do not overlap."""
    known = lexicon()
    prefix = next((word[:end] for end in range(len(word), 1, -1) if word[:end] in known.prefixes), "")
    rest = range(max(len(prefix), 1), len(word) - 1)
    suffix = next(
        (form for start in rest for form in (word[start:], *_stems(word[start:])) if form in known.suffixes), ""
    )
    begins, ends = known.prefixes.get(prefix, ()), known.suffixes.get(suffix, ())
    hidden = [term for term in begins if term.facet == NOTHING]
    return tuple(hidden) or (*begins, *ends)


def _denied(words: list[str], start: int, end: int) -> bool:
    """ "no salt", "no added sugar", "nut free", "dairy & gluten free", "salt reduced"; but "eggs free range"."""
    before = words[max(start - 2, 0) : start]
    if before and before[-1] == "added":
        before.pop()
    after = _word_after(words, end)
    if " ".join(words[start:end]) in MAY_BE_REDUCED and "reduced" in (*before[-1:], after):
        return True
    is_free = after in NEGATES_AFTER and "range" not in words[end:]
    return not NEGATES_BEFORE.isdisjoint(before[-1:]) or is_free


def _substances(words: list[str], matches: list[_Match], department: str | None) -> tuple[set[str], set[str]]:
    """(ingredients, flavours): a flavour is what the wording calls one, what follows "with" or "in", what seasons
    another substance, and any but a staple in a product that is flavoured. What is flavoured is itself neither: a
    strawberry yoghurt states no yoghurt, a yoghurt flavoured bar does."""
    if not any(match.term.facet == SUBSTANCE for match in matches):
        return set(), set()
    accompanying = next((at for at, word in enumerate(words) if word in ACCOMPANIES and at), len(words))
    flavoured = {
        (match.start, match.term.name)
        for match in matches
        if match.term.facet == FLAVOURING and match.start < accompanying
    }
    substances = [
        match
        for match in matches
        if match.term.facet == SUBSTANCE
        and ((match.start, match.term.name) not in flavoured or _called_flavour(words, match.end))
    ]
    beside = any(not SEASONS & _ancestors(match.term.name) for match in substances)
    ingredients, flavours = set(), set()
    for match in substances:
        name = match.term.name
        lineage = _ancestors(name)
        if (
            department in SCENTED_DEPARTMENTS
            or match.start > accompanying
            or _called_flavour(words, match.end)
            or (flavoured and not MAKES_ANYWAY & lineage)
            or (beside and SEASONS & lineage)
        ):
            flavours.add(name)
        else:
            ingredients.add(name)
    return ingredients, flavours - ingredients


def _called_flavour(words: list[str], end: int) -> bool:
    """ "strawberry flavoured", "strawberry & vanilla flavour"."""
    return _word_after(words, end) in SAYS_FLAVOUR


def _word_after(words: list[str], end: int) -> str:
    """What follows, past words joined to it: "free" after the dairy of "dairy & gluten free"."""
    while end + 1 < len(words) and words[end] in JOINS:
        end += 2
    return words[end] if end < len(words) else ""


@cache
def _ancestors(substance: str) -> frozenset[str]:
    return frozenset(term.name for term in lexicon().ancestry(SUBSTANCE, substance))


@cache
def _root(facet: str, name: str) -> str:
    return lexicon().ancestry(facet, name)[-1].name
