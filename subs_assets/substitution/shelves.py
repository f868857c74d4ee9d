"""Which shelves may be compared at level 5: the same one, and those that an accepted equivalence leads to; no product
is compared here."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.catalogue import category_path
from subs_assets.equivalence.absences import SPEAKS_FOR_PARTS, speaks_for_parts
from subs_assets.substitution import category_relation

CODES = {
    "exact": category_relation.EXACT,
    "close": category_relation.CLOSE,
    "broad": category_relation.BROAD,
    "narrow": category_relation.NARROW,
}


@dataclass(frozen=True)
class ShelfRelations:
    """Shelves (company_slug, path), numbered in order, and the pairs of them that may be compared.

    ``shelves``: DataFrame[company_slug, path]; ``products``: DataFrame[product, shelf], both int, sorted; ``pairs``:
    DataFrame[shelf, other, company, relation, bound, path, target_path], one row a pair: ``company`` is the other's,
    ``relation`` a code of category_relation.py, ``bound`` the higher Wilson bound of the mapping that allowed it (1
    for the same shelf), and the two paths are that mapping.
    """

    shelves: pd.DataFrame
    products: pd.DataFrame
    pairs: pd.DataFrame

    def lookup(self, shelf: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.intp]:
        """Row of ``pairs`` for each (shelf, other), -1 where the two may not be compared."""
        known = self.pairs["shelf"].to_numpy() * len(self.shelves) + self.pairs["other"].to_numpy()
        wanted = shelf * len(self.shelves) + other
        if not len(known):
            return np.full(len(wanted), -1, np.intp)
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        return np.where(known[at] == wanted, at, -1)


def shelf_relations(blocks: pd.DataFrame, equivalences: pd.DataFrame, facets: pd.DataFrame) -> ShelfRelations:
    """The shelves of the blocks of ``EmbeddingMatrices`` and how they stand to each other by the accepted rows of
    ``category_equivalences``; ``facets``: the table ``category_facets``.

    Where a category has no accepted mapping of its own to one that holds it, the nearest category above it that has
    such a mapping speaks for it too, as ``related`` (``speaks_for_parts``).
    """
    shelves = (
        blocks[["company_slug", "path"]].drop_duplicates().sort_values(["company_slug", "path"], ignore_index=True)
    )
    number = {key: index for index, key in enumerate(shelves.itertuples(index=False, name=None))}
    shelf = [number[key] for key in zip(blocks["company_slug"], blocks["path"], strict=True)]
    standing = pd.DataFrame({"product": blocks["row"].to_numpy(np.intp), "shelf": np.array(shelf, np.intp)})
    standing = standing.drop_duplicates().sort_values(["product", "shelf"], ignore_index=True)
    return ShelfRelations(shelves, standing, _comparable(shelves, number, equivalences, facets))


PAIR_COLUMNS = ["shelf", "other", "company", "relation", "bound", "path", "target_path"]


def _comparable(
    shelves: pd.DataFrame, number: dict[tuple, int], equivalences: pd.DataFrame, facets: pd.DataFrame
) -> pd.DataFrame:
    accepted = equivalences[equivalences["status"] == "accepted"]
    mapped, speaking = _targets(accepted), _targets(accepted[speaks_for_parts(accepted, facets)])
    rejected = _targets(equivalences[equivalences["status"] == "rejected"])
    below: dict[tuple[str, str], list[int]] = {}
    for (company, path), index in number.items():
        for node in (*category_path.ancestors(path), path):
            below.setdefault((company, node), []).append(index)
    companies = sorted(shelves["company_slug"].unique())
    rows = [
        (index, index, company, category_relation.SAME, 1.0, path, path) for (company, path), index in number.items()
    ]
    for (company, path), index in number.items():
        for target in companies:
            for node, target_path, relation, bound in _mappings_for(mapped, speaking, company, path, target):
                code = CODES.get(relation, category_relation.RELATED) if node == path else category_relation.RELATED
                # What a person rejected does not come back through a broader mapping, only by one that is more precise
                # on either side: that a department is no match for a shelf says nothing about the department's own
                # shelves.
                coarser = [
                    pair[0]
                    for above in (*category_path.ancestors(path), path)
                    if above not in category_path.ancestors(node)
                    for pair in rejected.get((company, above), {}).get(target, ())
                    if pair[0] not in category_path.ancestors(target_path)
                ]
                banned = {other for path in coarser for other in below.get((target, path), ())}
                rows += [
                    (index, other, target, code, bound, node, target_path)
                    for other in below.get((target, target_path), ())
                    if other not in banned
                ]
    frame = pd.DataFrame(rows, columns=PAIR_COLUMNS).sort_values(["shelf", "other", "relation", "target_path"])
    return frame.drop_duplicates(["shelf", "other"]).reset_index(drop=True)


Targets = dict[tuple[str, str], dict[str, list[tuple[str, str, float]]]]
"""(company, path) -> target company -> its (path, relation, bound)s."""


def _targets(equivalences: pd.DataFrame) -> Targets:
    targets: Targets = {}
    for row in equivalences.itertuples(index=False):
        of_company = targets.setdefault((row.company_slug, row.path), {}).setdefault(row.target_company_slug, [])
        bound = max(row.target_given_source_bound, row.source_given_target_bound)
        of_company.append((row.target_path, row.relation, float(bound)))
    return targets


def _mappings_for(
    mapped: Targets, speaking: Targets, company: str, path: str, target: str
) -> list[tuple[str, str, str, float]]:
    """(category that is mapped, target path, relation, bound) of everything that speaks for a category."""
    own = mapped.get((company, path), {}).get(target, [])
    found = [(path, *pair) for pair in own]
    if any(relation in SPEAKS_FOR_PARTS for _, relation, _ in own):
        return found
    for node in reversed(category_path.ancestors(path)):
        whole = speaking.get((company, node), {}).get(target, ())
        if whole:
            return found + [(node, *pair) for pair in whole]
    return found
