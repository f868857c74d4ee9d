"""Candidate pairs with everything that decides about them: relation of the shelves, level, gate, score; one table for
rows and outcomes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from subs_assets.embedding.similarity import Pairs
from subs_assets.substitution import category_relation
from subs_assets.substitution.acceptance import AcceptanceModel
from subs_assets.substitution.attributes import ProductAttributes
from subs_assets.substitution.decisions import DecidedPairs
from subs_assets.substitution.features import PairFeatures
from subs_assets.substitution.gates import Gates
from subs_assets.substitution.levels import BY_SHELF, levels_1_to_4, size_ratio, strongest_level
from subs_assets.substitution.offers import Offers, rows_of
from subs_assets.substitution.shelves import ShelfRelations


@dataclass(frozen=True)
class Judge:
    """What is needed to judge pairs of one night's products; all parts are of the same products, in the same order."""

    attributes: ProductAttributes
    gates: Gates
    relations: ShelfRelations
    offers: Offers
    features: PairFeatures
    model: AcceptanceModel
    decided: DecidedPairs

    def judge(self, pairs: Pairs) -> pd.DataFrame:
        """Each pair once for every company that sells its right product; level 0 where no level applies.

        Columns: those of ``stand``, then score (the probability that a shopper would accept it), decision (row of
        ``decided``, -1 without one) and accepted: a person says so, or no gate refuses it, the score is high enough to
        be shown, and nobody rejected it. What a person accepts on no level has level 5, the nearest to a likeness that
        only the person sees.
        """
        judged = self.stand(pairs)
        judged["score"] = self.model.probability(self.features.of(judged))
        decision = self.decided.at(judged)
        by_person = self.decided.is_accepted(decision)
        by_evidence = (judged["gate"] == 0) & (judged["score"] >= self.model.shown_from)
        judged["level"] = judged["level"].mask(by_person & (judged["level"] == 0), BY_SHELF)
        judged["decision"] = decision
        judged["accepted"] = by_person | (by_evidence & ~self.decided.is_rejected(decision))
        return judged

    def stand(self, pairs: Pairs) -> pd.DataFrame:
        """How the two of each pair stand to each other, without a score.

        Columns: left, right, company (ints), offer (row of ``offers``), cosine, lexical, ratio (pack ratio, NaN
        unknown), unit_price_ratio (NaN unknown), relation (code of category_relation.py), mapping (row of
        ``relations.pairs`` or -1), bound (of the mapping, 0 without one), bits (levels 1 to 4), level, gate (index into
        ``GATES``), lowered.
        """
        place, offer = self.offers.at(pairs.right)
        left, right = pairs.left[place], pairs.right[place]
        company = self.offers.rows["company"].to_numpy()[offer]
        relation, mapping = self._relations(left, right, company)
        bits = levels_1_to_4(self.attributes, pairs.left, pairs.right, pairs.similarity)[place]
        by_shelf = (relation >= category_relation.SAME) & (relation <= category_relation.RELATED)
        bounds = self.relations.pairs["bound"].to_numpy(np.float64)
        bound = np.where(mapping >= 0, bounds[mapping], 0.0) if len(bounds) else np.zeros(len(left))
        return pd.DataFrame(
            {
                "left": left,
                "right": right,
                "company": company,
                "offer": offer,
                "cosine": pairs.cosine[place],
                "lexical": pairs.lexical[place],
                "ratio": size_ratio(self.attributes, left, right),
                "unit_price_ratio": self.offers.unit_price_ratio(left, offer),
                "relation": relation,
                "mapping": mapping,
                "bound": bound,
                "bits": bits,
                "level": strongest_level(bits, by_shelf),
                "gate": self.gates.refusal(pairs.left, pairs.right)[place],
                "lowered": self.gates.lowered(pairs.left, pairs.right)[place],
            }
        )

    def _relations(
        self, left: NDArray[np.intp], right: NDArray[np.intp], company: NDArray[np.intp]
    ) -> tuple[NDArray[np.int8], NDArray[np.intp]]:
        """The best relation between any shelf of the left product and any shelf of the right one at its company, and
        the row of ``relations.pairs`` that says so."""
        relations = self.relations
        company_number = {slug: index for index, slug in enumerate(self.offers.companies)}
        at_company = relations.shelves["company_slug"].map(company_number).to_numpy(np.intp)
        standing, shelf_of = relations.products["product"].to_numpy(), relations.products["shelf"].to_numpy()
        row, at_left = rows_of(standing, left)
        of_row, at_right = rows_of(standing, right[row])
        row, shelf, other = row[of_row], shelf_of[at_left[of_row]], shelf_of[at_right]
        sold_there = at_company[other] == company[row]
        row, shelf, other = row[sold_there], shelf[sold_there], other[sold_there]
        at = relations.lookup(shelf, other)
        count = len(self.offers.companies)
        mapped_to = relations.pairs["shelf"] * count + relations.pairs["company"].map(company_number)
        could = np.isin(shelf * count + company[row], mapped_to.unique()) & (at_company[shelf] != company[row])
        unrelated = np.where(could, category_relation.CONTRADICTS, category_relation.NO_RELATION)
        of_pair = np.r_[relations.pairs["relation"].to_numpy(np.intp), 0][at]
        found = np.where(at >= 0, of_pair, unrelated)
        # That nothing is known comes after a relation, and before a contradiction.
        place = np.where(found == category_relation.NO_RELATION, category_relation.RELATED + 0.5, found)
        order = np.lexsort((at, place, row))
        best = order[np.diff(row[order], prepend=-1) != 0]
        relation = np.full(len(left), category_relation.NO_RELATION, np.int8)
        mapping = np.full(len(left), -1, np.intp)
        relation[row[best]], mapping[row[best]] = found[best], at[best]
        return relation, mapping
