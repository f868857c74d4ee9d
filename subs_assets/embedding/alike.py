"""Which names are alike, exactly, though few of them are compared in full; what is kept of it from night to night is
name_store.py's."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from subs_assets.compute.local import threads
from subs_assets.embedding.encoder import Progress
from subs_assets.embedding.similarity import NameFeatures, Pairs, cosines, joined

FLOOR = 0.55
"""Mean similarity below which nobody asks. On at/ 20 others of 107,220 reach it for each name, on au/ fewer."""

MOST = 1_000
"""Pairs that are kept of a name, those of the names most like it, and what others keep of it: 60,000 phone cases that
differ in a word would be 2 billion pairs. In at/ the most that a name has is 719."""

PAIRS_AT_ONCE = 8_000_000
"""Pairs that are held before they are cut down: 200 MB."""

STRIP = 512
"""Names of one side whose spelling is compared at once. 4,096 were no faster on 113,335 names, and where many names are
nearly equal a strip holds all its pairs at once."""

COLUMNS_AT_ONCE = 16_384
"""Names of the other side that a strip is compared with at once: as fast as all of them, and half of these tiles can be
left out where a pair is wanted one way round only."""

ROOM = 1_000
"""Pairs of a row that the sparse product has room for. The few rows that have more are compared again with room for
all: to give it to every row took three times as long (0.97 and 3.16 s for 2,048 of 121,704 names)."""

SKETCH = 48
"""Directions in which names differ most. What two vectors have in common there, and at most outside of them, rules out
19 of 20 pairs that are spelled a little alike, at a fourteenth of the time of their cosines (512 of 107,220 names:
0.035 and 0.49 s; 32 directions left half as many pairs again, 96 took longer)."""

SKETCHED_FROM = 10_000
"""Vectors that are looked at to find these directions; which they are changes the time, not the pairs."""

SLACK = 1e-4
"""What float32 may add to a bound."""

ROWS_AT_ONCE = 1_000_000
"""Pairs of rows that are made at once of the pairs of their names."""


def alike_pairs(
    features: NameFeatures,
    left: NDArray[np.intp],
    right: NDArray[np.intp],
    minimum: float,
    progress: Progress | None = None,
) -> Pairs:
    """Every (left, right) whose mean similarity is at least ``minimum``, in order of left, then right, each as they
    are given.

    A cosine is at most 1, so the lexical half alone must reach ``2 * minimum - 1``: the sparse product finds those few,
    and only they need a cosine. Therefore ``minimum`` must be above 0.5. ``progress`` is told how many of ``left`` are
    done.
    """
    if minimum <= 0.5:
        raise ValueError(f"minimum is {minimum}; below 0.5 the lexical half cannot choose the candidates")
    return joined(list(compared(features, left, right, minimum, progress)))


def alike_among(features: NameFeatures, minimum: float, progress: Progress | None = None) -> Pairs:
    """The ``most_alike`` pairs of all rows with all rows, each one way round (left <= right): half the work."""
    rows = np.arange(len(features), dtype=np.intp)
    return most_alike(compared(features, rows, rows, minimum, progress, is_one_way=True), len(rows))


def most_alike(parts: Iterable[Pairs], rows: int) -> Pairs:
    """All pairs of ``rows`` rows that are given, each one way round, but of those that are not among the ``MOST`` most
    similar of either row; equal similarities by row number.

    Whenever they have become twice as many they are cut down: a pair that is not among the most similar of some parts
    is not among those of all.
    """
    kept: list[Pairs] = []
    room = PAIRS_AT_ONCE
    for part in parts:
        kept.append(part)
        if sum(map(len, kept)) > room:
            kept = [_cut_down(joined(kept), rows)]
            room = max(PAIRS_AT_ONCE, 2 * len(kept[0]))
    return _cut_down(joined(kept), rows)


def _cut_down(pairs: Pairs, rows: int) -> Pairs:
    if not (_degrees(pairs, rows) > MOST).any():
        return pairs
    different = np.flatnonzero(pairs.left != pairs.right)
    row = np.r_[pairs.left[different], pairs.right[different]]
    other = np.r_[pairs.right[different], pairs.left[different]]
    order = np.lexsort((other, -np.tile(pairs.similarity[different], 2), row))
    near = np.tile(different, 2)[order][_places(row[order]) < MOST]
    stays = pairs.left == pairs.right
    stays[near] = True
    return pairs.where(stays)


def cut_off(pairs: Pairs, gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows whose most similar others these pairs no longer tell once the rows ``gone`` are: they had more than ``MOST``
    and lose one. ``pairs`` as ``most_alike`` gives them; bool (rows,)."""
    full = _degrees(pairs, len(gone)) >= MOST
    found = np.zeros(len(gone), bool)
    found[pairs.left[full[pairs.left] & gone[pairs.right]]] = True
    found[pairs.right[full[pairs.right] & gone[pairs.left]]] = True
    return found


def _degrees(pairs: Pairs, rows: int) -> NDArray[np.intp]:
    """How many other rows each row is paired with."""
    different = pairs.left != pairs.right
    return np.bincount(pairs.left[different], minlength=rows) + np.bincount(pairs.right[different], minlength=rows)


def compared(
    features: NameFeatures,
    left: NDArray[np.intp],
    right: NDArray[np.intp],
    minimum: float,
    progress: Progress | None = None,
    is_one_way: bool = False,
) -> Iterator[Pairs]:
    """The pairs of ``alike_pairs``, those of some left rows at a time; with ``is_one_way``, where ``right`` is
    ``left``, only those whose right row does not stand before the left one."""
    sketch = _Sketch.of(features.vectors)
    starts = range(0, len(right), COLUMNS_AT_ONCE)
    columns = [features.lexical[right[start : start + COLUMNS_AT_ONCE]].T.tocsr() for start in starts]
    for start in range(0, len(left), STRIP):
        rows = left[start : start + STRIP]
        found = []
        for first, block in zip(starts, columns, strict=True):
            if is_one_way and first + block.shape[1] <= start:
                continue
            i, j, lexical = _spelled_alike(features.lexical[rows], block, 2 * minimum - 1)
            if is_one_way:
                i, j, lexical = _where(j + first >= i + start, i, j, lexical)
            near = sketch.highest(rows[i], right[first + j]) + lexical >= 2 * minimum - SLACK
            i, j, lexical = _where(near, i, first + j, lexical)
            pairs = Pairs(i, j, cosines(features.vectors, rows[i], right[j]), lexical)
            found.append(pairs.where(pairs.similarity >= minimum))
        strip = joined(found)
        order = np.lexsort((strip.right, strip.left))
        yield Pairs(rows[strip.left[order]], right[strip.right[order]], strip.cosine[order], strip.lexical[order])
        if progress:
            progress(start + len(rows), len(left))


def _where(mask: NDArray[np.bool_], *arrays: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    return tuple(array[mask] for array in arrays)


@dataclass(frozen=True)
class _Sketch:
    """n vectors in the ``SKETCH`` directions in which they differ most, (n, SKETCH), and how much of each lies outside
    of these, (n,)."""

    inside: NDArray[np.float32]
    outside: NDArray[np.float32]

    @classmethod
    def of(cls, vectors: NDArray[np.float32]) -> "_Sketch":
        some = vectors[:: max(1, len(vectors) // SKETCHED_FROM)]
        _, directions = np.linalg.eigh(np.asarray(some.T @ some, np.float64))
        inside = vectors @ directions[:, -SKETCH:].astype(np.float32)
        left_over = np.einsum("nd,nd->n", vectors, vectors) - np.einsum("nd,nd->n", inside, inside)
        return cls(inside, np.sqrt(np.maximum(left_over, 0)))

    def highest(self, left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.float32]:
        """What the cosine of each pair is at most (Cauchy and Schwarz outside the sketch), but for ``SLACK``."""
        bound: NDArray[np.float32] = cosines(self.inside, left, right) + self.outside[left] * self.outside[right]
        return bound


def _spelled_alike(
    rows: Any, columns: Any, minimum: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """The cells of the sparse product that reach ``minimum``: row, column, value."""
    from scipy import sparse
    from sparse_dot_topn import sp_matmul_topn

    def product(rows: Any, room: int) -> Any:
        below = np.nextafter(np.float32(minimum), np.float32(0))  # it keeps what is above its threshold
        return sp_matmul_topn(rows, columns, top_n=room, threshold=float(below), n_threads=threads())

    every = columns.shape[1]
    found = product(rows, min(ROOM, every))
    full = np.flatnonzero(np.diff(found.indptr) == ROOM) if every > ROOM else np.empty(0, np.intp)
    cells = found.tocoo()
    i, j, value = cells.row.astype(np.intp), cells.col.astype(np.intp), cells.data
    if len(full):
        more = sparse.coo_matrix(product(rows[full], every))
        others = ~np.isin(i, full)
        i, j = np.r_[i[others], full[more.row]], np.r_[j[others], more.col.astype(np.intp)]
        value = np.r_[value[others], more.data]
    return i, j, value.astype(np.float32)


@dataclass(frozen=True)
class AlikeRows:
    """Which of n rows have names that are alike, from the pairs of their names.

    ``name``: intp (n,), the number of each row's name, equal names having equal numbers. ``pairs``: of the names,
    each also with itself (but for a name without n-grams, which is like nothing), both ways round, in order of left,
    then right; the ``most_alike`` whose mean similarity is at least ``FLOOR``.
    """

    name: NDArray[np.intp]
    pairs: Pairs

    def __len__(self) -> int:
        return len(self.name)

    @property
    def names(self) -> int:
        return int(self.name.max()) + 1 if len(self) else 0

    @cached_property
    def _by_left(self) -> "_Groups":
        return _Groups.of(self.pairs.left, self.names)

    @classmethod
    def of(cls, features: NameFeatures) -> "AlikeRows":
        """Of rows that are all taken for different names."""
        return cls(np.arange(len(features), dtype=np.intp), both_ways(alike_among(features, FLOOR)))

    def between(self, left: NDArray[np.intp], right: NDArray[np.intp], minimum: float) -> Iterator[Pairs]:
        """Every (left, right) whose mean similarity is at least ``minimum``, in order of left, then right, each as
        they are given; in parts of about ``ROWS_AT_ONCE``, all pairs of one left row in the same.

        Raises ValueError where ``minimum`` is below ``FLOOR``.
        """
        if minimum < FLOOR:
            raise ValueError(f"minimum is {minimum}; only pairs from {FLOOR} on are known")
        of_name = _Groups.of(self.name[right], self.names)
        names, place = np.unique(self.name[left], return_inverse=True)
        asked = self.pairs.where(self._by_left.members(names)[1])
        asked = asked.where((asked.similarity >= minimum) & (of_name.count[asked.right] > 0))
        by_left = _Groups.of(np.searchsorted(names, asked.left), len(names))
        rows_of_name = np.bincount(by_left.value, of_name.count[asked.right], len(names)).astype(np.intp)
        for part in _parts(rows_of_name[place]):
            row, pair = by_left.members(place[part])
            within, other = of_name.members(asked.right[pair])
            row, pair = row[within], pair[within]
            order = np.lexsort((other, row))
            row, other, pair = row[order], other[order], pair[order]
            yield Pairs(left[part][row], right[other], asked.cosine[pair], asked.lexical[pair])

    def nearest(self, left: NDArray[np.intp], right: NDArray[np.intp], minimum: float, count: int) -> Pairs:
        """Of each left row the ``count`` most similar other right rows that reach ``minimum``; equal similarities by
        row number; in order of left row, then similarity, highest first."""
        few = self._first_of_each_name(right, count + 1)  # one of them may be the row itself
        return joined([_nearest(part, count) for part in self.between(left, few, minimum)])

    def _first_of_each_name(self, rows: NDArray[np.intp], count: int) -> NDArray[np.intp]:
        """Without the others, of which one is as similar as the next: 10,000 equal names are 100 million pairs."""
        ordered = rows[np.lexsort((rows, self.name[rows]))]
        return ordered[_places(self.name[ordered]) < count]

    def mutual_nearest(self, left: NDArray[np.intp], right: NDArray[np.intp], minimum: float, count: int) -> Pairs:
        """Those pairs of a left and a right row of which each is among the other's ``nearest``."""
        there, back = self.nearest(left, right, minimum, count), self.nearest(right, left, minimum, count)
        rows = len(self)
        return there.where(np.isin(there.left * rows + there.right, back.right * rows + back.left))


def both_ways(pairs: Pairs) -> Pairs:
    """Pairs that are given one way round, both ways, in order of left, then right."""
    different = pairs.where(pairs.left != pairs.right)
    turned = Pairs(different.right, different.left, different.cosine, different.lexical)
    every = joined([pairs, turned])
    return every.where(np.lexsort((every.right, every.left)))


def _nearest(pairs: Pairs, count: int) -> Pairs:
    """Of all pairs of some left rows."""
    others = pairs.where(pairs.left != pairs.right)
    ordered = others.where(np.lexsort((others.right, -others.similarity, others.left)))
    return ordered.where(_places(ordered.left) < count)


def _places(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """Each position's place among those of its group; the groups stand together."""
    positions = np.arange(len(groups))
    return positions - np.maximum.accumulate(np.where(np.diff(groups, prepend=-1) != 0, positions, 0))


@dataclass(frozen=True)
class _Groups:
    """Positions in ``value`` by what stands there: ``order`` holds them, those of v from ``first[v]`` on, ``count[v]``
    of them."""

    value: NDArray[np.intp]
    order: NDArray[np.intp]
    first: NDArray[np.intp]
    count: NDArray[np.intp]

    @classmethod
    def of(cls, value: NDArray[np.intp], groups: int) -> "_Groups":
        count = np.bincount(value, minlength=groups)
        return cls(value, np.argsort(value, kind="stable"), np.cumsum(count) - count, count)

    def members(self, wanted: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """(place in ``wanted``, position) of each position where one of the values stands that are wanted."""
        count = self.count[wanted]
        place = np.repeat(np.arange(len(wanted)), count)
        within = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
        return place, self.order[self.first[wanted][place] + within]


def _parts(sizes: NDArray[np.intp]) -> Iterator[slice]:
    """Slices whose sizes sum up to at most ``ROWS_AT_ONCE``, or of one."""
    start, ends = 0, np.cumsum(sizes)
    while start < len(sizes):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + ROWS_AT_ONCE, side="right")))
        yield slice(start, stop)
        start = stop
