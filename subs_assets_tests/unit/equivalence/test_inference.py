"""Mappings through a third company: which chains say something, and what the two companies' own evidence forbids."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from subs_assets.database import frames, tables
from subs_assets.equivalence.inference import DirectEvidence, infer_mappings
from subs_assets_tests.small_shops import equivalences, path

SHELVES = {"aldi": "Pork", "coles": "Meat > Pork", "iga": "Meat"}


def direct(
    matched: float = 0.0, points_there: float = 0.0, middle: tuple[set[int], set[int]] = ({1, 2, 3}, {2, 3, 4})
) -> dict[tuple[str, str], DirectEvidence]:
    """Aldi -> Coles -> IGA: what Aldi's shelf says of IGA itself, and which of Coles's listings (rows) have a
    counterpart at Aldi and at IGA."""
    numbers = {company: {path(shelf): 0} for company, shelf in SHELVES.items()}
    rows = {("coles", "aldi"): middle[0], ("coles", "iga"): middle[1]}

    def between(one: str, other: str) -> DirectEvidence:
        told = (one, other) == ("aldi", "iga")
        mass = sparse.csr_matrix([[points_there if told else 0.0]])
        everything = sparse.csc_matrix(np.ones((10, 1)))
        found = np.array(sorted(rows.get((one, other), set())), np.intp)
        return DirectEvidence(
            mass, np.array([matched if told else 0.0]), everything, numbers[one], numbers[other], found
        )

    return {(one, other): between(one, other) for one in SHELVES for other in SHELVES if one != other}


def chain(first: str, second: str, forward: float = 0.8, backward: float = 0.1) -> pd.DataFrame:
    rows = equivalences(
        ("aldi", "Pork", "coles", "Meat > Pork", first), ("coles", "Meat > Pork", "iga", "Meat", second)
    )
    return rows.assign(target_given_source_bound=forward, source_given_target_bound=backward)


def inferred(mappings: pd.DataFrame, evidence: dict[tuple[str, str], DirectEvidence] | None = None) -> pd.DataFrame:
    found = infer_mappings(mappings, evidence or direct())
    return frames.conform(found, tables.category_equivalences)


@pytest.mark.parametrize(
    ("first", "second", "forward", "backward", "relation"),
    [
        ("exact", "exact", 0.9, 0.9, "close"),
        ("exact", "close", 0.6, 0.6, "close"),
        ("exact", "exact", 0.9, 0.4, "broad"),
        ("exact", "broad", 0.8, 0.1, "broad"),
        ("exact", "broad", 0.8, 0.8, "broad"),
        ("broad", "broad", 0.8, 0.1, "broad"),
        ("narrow", "exact", 0.1, 0.8, "narrow"),
        ("broad", "narrow", 0.9, 0.9, None),
        ("narrow", "broad", 0.9, 0.9, None),
        ("exact", "related", 0.9, 0.9, None),
        ("broad", "broad", 0.4, 0.1, None),
    ],
)
def test_what_follows_from_two_relations(
    first: str, second: str, forward: float, backward: float, relation: str | None
) -> None:
    found = inferred(chain(first, second, forward, backward))
    assert found["relation"].tolist() == ([] if relation is None else [relation])
    if relation is not None:
        row = found.iloc[0]
        assert (row["company_slug"], row["target_company_slug"], row["origin"]) == ("aldi", "iga", "inferred")
        assert row["target_given_source_bound"] == pytest.approx(forward**2)
        assert row["reason"].startswith("through coles: Meat > Pork is")


def test_own_evidence_that_points_elsewhere_forbids_it() -> None:
    assert inferred(chain("exact", "broad"), direct(matched=4, points_there=1)).empty
    assert len(inferred(chain("exact", "broad"), direct(matched=4, points_there=2))) == 1


def test_the_middle_must_be_the_same_listings() -> None:
    """Half of "Breakfast" is muesli, which Aldi has, the other half porridge, which IGA has: nothing follows."""
    assert inferred(chain("exact", "exact", 0.9, 0.9), direct(middle=({1, 2, 3}, {4, 5, 6}))).empty


@pytest.mark.parametrize(("status", "count"), [("accepted", 0), ("proposed", 1), ("rejected", 1)])
def test_a_category_with_a_mapping_of_its_own_there_needs_none(status: str, count: int) -> None:
    own = equivalences(("aldi", "Pork", "iga", "Bacon", "related", status))
    assert len(inferred(pd.concat([chain("exact", "broad"), own], ignore_index=True))) == count


def test_what_a_person_rejected_is_not_inferred() -> None:
    rejected = equivalences(("aldi", "Pork", "iga", "Meat", "broad", "rejected"))
    assert inferred(pd.concat([chain("exact", "broad"), rejected], ignore_index=True)).empty


def test_one_hop_and_no_more() -> None:
    mappings = chain("exact", "broad")
    again = pd.concat([mappings, inferred(mappings)], ignore_index=True)
    assert inferred(again).empty


def test_proposed_mappings_are_no_hops() -> None:
    assert inferred(chain("exact", "broad").assign(status="proposed")).empty


def test_two_ways_that_disagree_tell_nothing() -> None:
    forth = chain("exact", "exact", 0.9, 0.9)
    back = equivalences(
        ("iga", "Meat", "coles", "Meat > Pork", "exact"), ("coles", "Meat > Pork", "aldi", "Pork", "narrow")
    )
    back = back.assign(target_given_source_bound=0.1, source_given_target_bound=0.9)
    assert len(inferred(forth)) == 1
    assert inferred(pd.concat([forth, back], ignore_index=True)).empty
