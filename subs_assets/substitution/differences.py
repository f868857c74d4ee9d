"""How two products differ in what their names state (terms.py): for millions of pairs at once, and in words for one
pair. How much of it a shopper minds is the acceptance model's."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from subs_assets.substitution.attributes import StatedTerms
from subs_assets.substitution.terms import STATE, SUBSTANCE, USE, VARIETY, Term, lexicon

Index = NDArray[np.intp]
Degree = NDArray[np.float32]

ONE_SIDED = np.float32(0.5)
"""How bad it is to say nothing of a state or a use that the other one has, where a contradiction is 1."""

ANIMALS = frozenset({"meat", "seafood"})
UNREMARKABLE = "cool"
"""Kept fresh or chilled: that only one side says so, or stands in such a department, is no difference."""

MEANINGS = {
    "ingredients_missing": "ingredients of the product that the substitute does not state",
    "ingredients_added": "ingredients of the substitute that the product does not state",
    "flavours_missing": "flavours of the product that the substitute does not state",
    "flavours_added": "flavours of the substitute that the product does not state",
    "substances_unlike": "both state ingredients or flavours, and none is alike",
    "animals_unlike": "other meat or fish, or meat or fish in one of the two only",
    "varieties_contradict": "another one of varieties of which a product is one",
    "varieties_missing": "varieties of the product that the substitute says nothing of",
    "varieties_added": "varieties of the substitute that the product says nothing of",
    "states_differ": "frozen, canned, dried ...: another one, or stated by one of the two only",
    "uses_differ": "for another use, or for a use that one of the two states only",
}
"""Each difference in words; 0 is none, 1 is as far apart as can be."""


@dataclass(frozen=True)
class TermDifferences:
    """What ``of`` looks up; made once for all pairs of n products by ``term_differences``."""

    ingredients: "_Sets"
    flavours: "_Sets"
    substances: "_Sets"
    animals: "_Sets"
    varieties: "_Sets"
    states: "_Sets"
    remarkable_states: "_Sets"
    uses: "_Sets"

    def of(self, i: Index, j: Index) -> dict[str, Degree]:
        """``MEANINGS`` of "j instead of i", a float32 array of ``len(i)`` each, in [0, 1]."""
        substances, varieties = self.substances, self.varieties
        return {
            "ingredients_missing": self.ingredients.mean(substances.unlike, substances, i, j),
            "ingredients_added": self.ingredients.mean(substances.unlike, substances, j, i),
            "flavours_missing": self.flavours.mean(substances.unlike, substances, i, j),
            "flavours_added": self.flavours.mean(substances.unlike, substances, j, i),
            "substances_unlike": substances.least(substances.unlike, i, j),
            "animals_unlike": np.maximum(
                self.animals.most(self.animals.unlike, self.animals, i, j),
                self.animals.most(self.animals.unlike, self.animals, j, i),
            ),
            "varieties_contradict": varieties.most(varieties.contradicts, varieties, i, j),
            "varieties_missing": varieties.mean(varieties.silent, varieties, i, j),
            "varieties_added": varieties.mean(varieties.silent, varieties, j, i),
            "states_differ": np.maximum(
                self.states.contradiction(i, j), ONE_SIDED * self.remarkable_states.one_sided(self.states, i, j)
            ),
            "uses_differ": np.maximum(self.uses.contradiction(i, j), ONE_SIDED * self.uses.one_sided(self.uses, i, j)),
        }


def term_differences(stated: Mapping[str, StatedTerms]) -> TermDifferences:
    """``stated`` by facet, as ``attributes.stated_terms`` makes it."""
    substances = _union(stated["ingredients"], stated["flavours"])
    return TermDifferences(
        ingredients=_sets(stated["ingredients"], SUBSTANCE),
        flavours=_sets(stated["flavours"], SUBSTANCE),
        substances=_sets(substances, SUBSTANCE),
        animals=_sets(_only(substances, _is_animal), SUBSTANCE),
        varieties=_sets(stated["varieties"], VARIETY),
        states=_sets(stated["states"], STATE),
        remarkable_states=_sets(_only(stated["states"], _is_remarkable), STATE),
        uses=_sets(stated["uses"], USE),
    )


def told_differences(stated: Mapping[str, StatedTerms], i: int, j: int) -> list[str]:
    """The differences of "j instead of i" in words: "lamb instead of beef", "without basil", "frozen"."""
    told: list[str] = []
    sides = [
        (SUBSTANCE, ("ingredients", "flavours")),
        (VARIETY, ("varieties",)),
        (STATE, ("states",)),
        (USE, ("uses",)),
    ]
    for facet, columns in sides:
        product, substitute = ({term for column in columns for term in stated[column].of(side)} for side in (i, j))
        told += _told(facet, product, substitute)
    return told


@dataclass(frozen=True)
class _Sets:
    """The k distinct sets of terms that n products state. ``code`` (n,): the set of each; ``size`` (k,); ``members``
    (k, longest): numbers of terms. For set and term, (k, terms) in [0, 1]: how ``unlike`` the term is to what of the
    set is most like it; how much the set ``contradicts`` it, having other terms of its root; whether the set is
    ``silent``, having none of its root."""

    code: NDArray[np.int32]
    size: NDArray[np.int32]
    members: NDArray[np.int32]
    unlike: Degree
    contradicts: Degree
    silent: Degree

    def mean(self, judged: Degree, of: "_Sets", i: Index, j: Index) -> Degree:
        """Over the terms of ``i``, of what ``of`` states for ``j`` is to them; 0 if there are none."""
        total = np.zeros(len(i), np.float32)
        for rows, values in self._by_term(judged, of, i, j):
            total[rows] += values
        return np.divide(total, np.maximum(self.size[self.code[i]], 1), dtype=np.float32)

    def most(self, judged: Degree, of: "_Sets", i: Index, j: Index) -> Degree:
        """Over the terms of ``i``; 0 if there are none."""
        worst = np.zeros(len(i), np.float32)
        for rows, values in self._by_term(judged, of, i, j):
            worst[rows] = np.maximum(worst[rows], values)
        return worst

    def least(self, judged: Degree, i: Index, j: Index) -> Degree:
        """Over the terms of ``i``; 0 if ``i`` or ``j`` has none."""
        best = np.minimum(np.minimum(self.size[self.code[i]], self.size[self.code[j]]), 1).astype(np.float32)
        for rows, values in self._by_term(judged, self, i, j):
            best[rows] = np.minimum(best[rows], values)
        return best

    def contradiction(self, i: Index, j: Index) -> Degree:
        """The worst of either side."""
        return np.maximum(self.most(self.contradicts, self, i, j), self.most(self.contradicts, self, j, i))

    def one_sided(self, of: "_Sets", i: Index, j: Index) -> Degree:
        """1 where one side has a term of whose root ``of`` says nothing on the other."""
        return np.maximum(self.most(of.silent, of, i, j), self.most(of.silent, of, j, i))

    def _by_term(self, judged: Degree, of: "_Sets", i: Index, j: Index) -> Iterator[tuple[Index, Degree]]:
        """For the first term of each ``i``, then the second ...: the pairs that have one, and what ``j`` is to it."""
        left, right = self.code[i], of.code[j]
        rows = np.flatnonzero(self.size[left])
        place = 0
        while len(rows):
            yield rows, judged[right[rows], self.members[left[rows], place]]
            place += 1
            rows = rows[self.size[left[rows]] > place]


def _sets(stated: StatedTerms, facet: str) -> _Sets:
    names, likeness, same_root = _kinship(facet)
    number = {name: at for at, name in enumerate(names)}
    members = np.zeros((len(stated.sets), max(map(len, stated.sets), default=0)), np.int32)
    like = np.zeros((len(stated.sets), len(names)), np.float32)
    speaks = np.zeros((len(stated.sets), len(names)), np.bool_)
    for at, terms in enumerate(stated.sets):
        numbers = [number[term] for term in terms]
        members[at, : len(numbers)] = numbers
        if numbers:
            like[at] = likeness[numbers].max(axis=0)
            speaks[at] = same_root[numbers].any(axis=0)
    size = np.array([len(terms) for terms in stated.sets], np.int32)
    unlike = 1 - like
    return _Sets(stated.code, size, members, unlike, unlike * speaks, (~speaks).astype(np.float32))


@cache
def _kinship(facet: str) -> tuple[tuple[str, ...], Degree, NDArray[np.bool_]]:
    """The facet's terms; (stated, wanted): how well what is stated stands for what is wanted; whether they share their
    root."""
    names = tuple(sorted(name for of, name in lexicon().terms if of == facet))
    lines = [lexicon().ancestry(facet, name) for name in names]
    likeness = np.array([[_likeness(stated, wanted) for wanted in lines] for stated in lines], np.float32)
    same_root = np.array([[stated[-1] == wanted[-1] for wanted in lines] for stated in lines])
    return names, likeness, same_root


def _likeness(stated: tuple[Term, ...], wanted: tuple[Term, ...]) -> float:
    """A strawberry is a berry (1), a berry is perhaps a strawberry, a raspberry is like one: as their nearest common
    ancestor says."""
    if wanted[0] in stated:
        return 1.0
    return next((term.likeness for term in wanted if term in stated), 0.0)


def _union(one: StatedTerms, other: StatedTerms) -> StatedTerms:
    pairs, pair = np.unique(one.code * np.intp(len(other.sets)) + other.code, return_inverse=True)
    both = zip(*np.divmod(pairs, max(len(other.sets), 1)), strict=True)
    return StatedTerms.of_products({*one.sets[left], *other.sets[right]} for left, right in both).at(pair)


def _only(stated: StatedTerms, wanted: Callable[[str], bool]) -> StatedTerms:
    return StatedTerms.of_products(filter(wanted, terms) for terms in stated.sets).at(stated.code)


@cache
def _is_animal(substance: str) -> bool:
    return lexicon().ancestry(SUBSTANCE, substance)[-1].name in ANIMALS


@cache
def _is_remarkable(state: str) -> bool:
    return all(term.name != UNREMARKABLE for term in lexicon().ancestry(STATE, state))


def _told(facet: str, product: Collection[str], substitute: Collection[str]) -> list[str]:
    """What the substitute has is told with what it stands for, the most alike first."""
    names, likeness, same_root = _kinship(facet)
    number = {name: at for at, name in enumerate(names)}
    missing = [term for term in product if all(likeness[number[other], number[term]] < 1 for other in substitute)]
    added = [term for term in substitute if all(likeness[number[other], number[term]] < 1 for other in product)]
    told = []
    may_stand_for = sorted(
        (-likeness[number[new], number[old]], old, new)
        for old in missing
        for new in added
        if same_root[number[new], number[old]] or facet == SUBSTANCE
    )
    for _, old, new in may_stand_for:
        if old in missing and new in added:
            told.append(f"{_words(new)} instead of {_words(old)}")
            missing.remove(old)
            added.remove(new)

    def is_told(term: str, other: Collection[str]) -> bool:
        spoken_of = any(same_root[number[term], number[of]] for of in other)
        return facet == SUBSTANCE or not (spoken_of or (facet == STATE and not _is_remarkable(term)))

    without, with_ = ("without ", "with ") if facet == SUBSTANCE else ("not ", "")
    told += [without + _words(term) for term in sorted(missing) if is_told(term, substitute)]
    told += [with_ + _words(term) for term in sorted(added) if is_told(term, product)]
    return told


def _words(term: str) -> str:
    return term.replace("_", " ")
