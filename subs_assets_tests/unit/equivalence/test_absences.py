"""A category without counterpart says which kind of absence it is, and what was refused."""

import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.equivalence.absences import find_absences
from subs_assets.equivalence.mapping import CANDIDATE_COLUMNS
from subs_assets_tests.small_shops import equivalences, item, path, shops

SHOP = shops(
    [
        item("aldi", "1", "Muesli", "Pantry > Breakfast > Muesli"),
        item("aldi", "2", "Tea", "Pantry > Tea"),
        item("aldi", "3", "Soap", "Specials"),
        item("coles", "1", "Muesli", "Cereals"),
        item("iga", "1", "Muesli", "Muesli"),
    ]
)
FACETS = pd.DataFrame([("aldi", path("Specials"))], columns=["company_slug", "path"])


def candidates(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [(one, path(here), other, path(there), support, "too little") for one, here, other, there, support in rows],
        columns=CANDIDATE_COLUMNS,
    )


def absences(mappings: pd.DataFrame, refused: pd.DataFrame | None = None) -> pd.DataFrame:
    found = find_absences(
        SHOP.categories, FACETS, mappings, candidates() if refused is None else refused, ["aldi", "coles", "iga"]
    )
    return frames.conform(found, tables.category_absences).set_index(["company_slug", "path", "target_company_slug"])


def of(found: pd.DataFrame, category: str, column: str = "answer", target: str = "coles") -> object:
    return found.loc[("aldi", path(category), target), column]


def test_every_category_that_is_no_facet_has_a_row_for_every_company_it_is_not_mapped_to() -> None:
    found = absences(equivalences(("aldi", "Pantry > Tea", "coles", "Cereals", "related")))
    assert set(found.loc["aldi"].index) == {
        (path(category), target)
        for category in ("Pantry", "Pantry > Breakfast", "Pantry > Breakfast > Muesli", "Pantry > Tea")
        for target in ("coles", "iga")
    } - {(path("Pantry > Tea"), "coles")}
    assert set(found.loc["coles"].index) == {(path("Cereals"), "aldi"), (path("Cereals"), "iga")}
    assert of(found, "Pantry", "listings") == 2


@pytest.mark.parametrize(
    "mapping, answers",
    [
        (("Pantry > Breakfast", "broad"), {"Pantry": "parts", "Pantry > Breakfast > Muesli": "above"}),
        (("Pantry > Breakfast", "close"), {"Pantry": "parts", "Pantry > Breakfast > Muesli": "above"}),
        (("Pantry > Breakfast", "narrow"), {"Pantry": "parts", "Pantry > Breakfast > Muesli": "none"}),
        (("Pantry > Breakfast", "related"), {"Pantry": "parts", "Pantry > Breakfast > Muesli": "none"}),
        (("Pantry > Breakfast", "broad", "proposed"), {"Pantry": "none", "Pantry > Breakfast": "undecided"}),
        (("Pantry > Breakfast", "broad", "rejected"), {"Pantry": "none", "Pantry > Breakfast": "none"}),
        (("Pantry > Breakfast > Muesli", "exact"), {"Pantry": "parts", "Pantry > Breakfast": "parts"}),
    ],
)
def test_the_answer(mapping: tuple[str, ...], answers: dict[str, str]) -> None:
    category, relation, *status = mapping
    row = ("aldi", category, "coles", "Cereals", relation, *(status or ["accepted"]))
    found = absences(equivalences(row))  # type: ignore[arg-type]
    assert {category: of(found, category) for category in answers} == answers
    assert {of(found, category, target="iga") for category in answers} == {"none"}


def test_the_nearest_category_above_that_is_mapped_as_a_whole_speaks() -> None:
    whole, part = ("aldi", "Pantry", "coles", "Cereals", "broad"), ("aldi", "Pantry > Breakfast", "coles", "Cereals")
    muesli = "Pantry > Breakfast > Muesli"
    decided = absences(equivalences(whole, (*part, "narrow")).assign(origin="decision"))
    assert of(decided, muesli, "through_path") == path("Pantry")
    assert of(absences(equivalences(whole, (*part, "broad"))), muesli, "through_path") == path("Pantry > Breakfast")
    assert pd.isna(of(decided, muesli, "through_path", "iga"))


def test_a_whole_department_speaks_for_its_parts_only_if_a_person_says_so() -> None:
    found = absences(equivalences(("aldi", "Pantry", "coles", "Cereals", "exact")))
    assert of(found, "Pantry > Breakfast") == "none" and pd.isna(of(found, "Pantry > Breakfast", "through_path"))


def test_the_best_refused_candidate_is_what_waits_then_what_a_person_rejected_then_what_resembles_it_most() -> None:
    tea = "Pantry > Tea"
    resembling = candidates(("aldi", tea, "coles", "Cereals", 9.0), ("aldi", tea, "iga", "Muesli", 0.5))
    rejected = equivalences(("aldi", tea, "coles", "Old", "close", "rejected")).assign(support=3.0, reason="Ann: no")
    weak, strong = (
        equivalences(("aldi", tea, "coles", name, "close", "proposed")).assign(support=support)
        for name, support in (("Weak", 1.0), ("Strong", 2.0))
    )
    one, other, last = (
        absences(pd.concat(mappings), resembling)
        for mappings in ([rejected, weak, strong], [rejected], [equivalences()])
    )
    assert of(one, tea, "candidate_path") == path("Strong") and of(one, tea, "candidate_support") == 2.0
    assert (of(other, tea, "candidate_path"), of(other, tea, "reason")) == (path("Old"), "Ann: no")
    assert (of(last, tea, "candidate_path"), of(last, tea, "reason")) == (path("Cereals"), "too little")
    assert of(last, tea, "candidate_support", "iga") == 0.5


def test_where_nothing_resembles_it_there_is_no_candidate() -> None:
    found = absences(equivalences())
    assert pd.isna(of(found, "Pantry > Tea", "candidate_path"))
    assert of(found, "Pantry > Tea", "reason") == "no listing in it resembles one there"


def test_one_company_alone_lacks_nothing() -> None:
    alone = SHOP.categories[SHOP.categories["company_slug"] == "aldi"]
    assert find_absences(alone, FACETS, equivalences(), candidates(), ["aldi"]).empty


def test_a_company_without_any_category_has_its_answer_too() -> None:
    alone = SHOP.categories[SHOP.categories["company_slug"] == "aldi"]
    found = find_absences(alone, FACETS, equivalences(), candidates(), ["aldi", "dm"])
    assert set(found["target_company_slug"]) == {"dm"} and set(found["answer"]) == {"none"}


def test_a_third_company_changes_no_answer_between_two() -> None:
    own = ("aldi", "Pantry > Breakfast", "coles", "Cereals", "exact")
    third = ("aldi", "Pantry", "iga", "Muesli", "related")
    alone, beside = absences(equivalences(own)), absences(equivalences(own, third))
    assert of(alone, "Pantry > Breakfast > Muesli") == of(beside, "Pantry > Breakfast > Muesli") == "above"
