"""A filled-in queue of substitutions read back: what is taken, what is refused, and what is said of it."""

import csv
import io

import pytest

from subs_assets.review.decided import Review
from subs_assets.review.sheet import RefusedFile, read_sheet
from subs_assets.substitution.review_file import NEEDED, read_review
from subs_assets_tests.unit.substitution.decided import sold

TONIGHT = sold(bread="aldi 0017, iga 5", loaf="coles 2", cake="coles 3")
GOOD = {
    "company_slug": "aldi", "sku": "0017", "target_company_slug": "coles", "target_sku": "2",
    "verdict": "accept", "reason": "same dough",
}  # fmt: skip
CAKE = {**GOOD, "target_sku": "3", "verdict": "reject", "reason": ""}


def taken(*rows: dict[str, str]) -> Review:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["name", *NEEDED], restval="")
    writer.writeheader()
    writer.writerows(rows)
    return read_review(read_sheet(text.getvalue().encode(), {"substitution": NEEDED}), TONIGHT)


def refused(*rows: dict[str, str]) -> list[str]:
    with pytest.raises(RefusedFile) as caught:
        taken(*rows)
    return caught.value.problems


def test_a_row_is_a_decision_in_one_direction() -> None:
    review = taken({**GOOD, "verdict": ""}, GOOD, CAKE)
    assert review.decided.values.tolist() == [
        ["aldi", "0017", "coles", "2", "accept", None, "same dough"],
        ["aldi", "0017", "coles", "3", "reject", None, None],
    ]
    assert review.decided.index.tolist() == [3, 4] and review.undecided == 1


@pytest.mark.parametrize("change", [{"sku": "'0017", "target_sku": "'2"}, {"verdict": "ACCEPT"}])
def test_what_the_queue_and_people_write(change: dict[str, str]) -> None:
    assert taken({**GOOD, **change}).decided.equals(taken(GOOD).decided)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verdict": "maybe"}, 'verdict "maybe" is not one of accept, reject, withdraw'),
        ({"target_company_slug": "cole"}, 'target_company_slug: there is no company "cole", only aldi, coles, iga'),
        ({"sku": "17"}, 'sku: aldi sells no listing "17". Did a spreadsheet take it for a number?'),
        ({"target_sku": ""}, "target_sku: the row names no listing of coles"),
        ({"reason": "a\0b"}, "the reason has a NUL character"),
        (
            {"target_company_slug": "iga", "target_sku": "5"},
            "both listings are of one product, bread, which is no substitute for itself",
        ),
    ],
)
def test_a_bad_row_is_named_with_its_reason(change: dict[str, str], says: str) -> None:
    (problem,) = refused(CAKE, {**GOOD, **change})
    assert problem.startswith("row 3: ") and says in problem


def test_every_bad_row_is_named_with_every_reason() -> None:
    problems = refused({**GOOD, "verdict": "x", "sku": "?", "target_company_slug": "spar"}, GOOD, {**CAKE, "sku": "!"})
    assert [problem.split(":")[0] for problem in problems] == ["row 2"] * 3 + ["row 4"]


@pytest.mark.parametrize(
    ("again", "what"),
    [
        (GOOD, "listings"),
        ({**GOOD, "verdict": "withdraw"}, "listings"),
        ({**GOOD, "company_slug": "iga", "sku": "5", "verdict": "reject"}, "products"),
    ],
)
def test_a_pair_is_decided_once(again: dict[str, str], what: str) -> None:
    assert refused(GOOD, CAKE, again) == [f"row 4: the same two {what} as in row 2, in the same direction"]


def test_a_decision_may_be_withdrawn_though_its_listing_is_gone_and_made_anew_on_another() -> None:
    gone = {**GOOD, "sku": "'0016", "verdict": "withdraw"}
    review = taken(gone, GOOD, {**GOOD, "company_slug": "iga", "sku": "5", "verdict": "withdraw"})
    assert review.decided[["subject", "verdict"]].values.tolist() == [
        ["0016", "withdraw"], ["0017", "accept"], ["5", "withdraw"],
    ]  # fmt: skip


def test_a_decision_may_be_withdrawn_though_its_company_is_gone() -> None:
    review = taken({**GOOD, "company_slug": "spar", "verdict": "withdraw"})
    assert review.decided[["company_slug", "verdict"]].values.tolist() == [["spar", "withdraw"]]


def test_the_other_direction_is_another_decision() -> None:
    back = {**GOOD, "company_slug": "coles", "sku": "2", "target_company_slug": "aldi", "target_sku": "0017"}
    assert len(taken(GOOD, {**back, "verdict": "reject"}).decided) == 2
