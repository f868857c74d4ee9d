"""A filled-in queue read back: what is taken, what is refused, and what is said of it."""

import csv
import io

import pandas as pd
import pytest

from subs_assets.equivalence.review_file import NEEDED, read_review
from subs_assets.review.decided import Review
from subs_assets.review.sheet import RefusedFile, read_sheet
from subs_assets_tests.small_shops import path
from subs_assets_tests.unit.equivalence.review_night import FACETS, SHOPS

GOOD = {
    "company_slug": "aldi",
    "path": path("Pantry > Muesli"),
    "target_company_slug": "coles",
    "target_path": path("Breakfast > Cereal"),
    "verdict": "accept",
    "relation": "broad",
    "reason": "seen",
}
HONEY = {**GOOD, "path": path("Pantry > Honey"), "target_path": path("Breakfast > Spreads"), "relation": "close"}
SAID = ["company_slug", "subject", "target_company_slug", "target_subject", "verdict", "relation", "reason"]


def sheet(*rows: dict[str, str], separator: str = ",", newline: str = "\n") -> str:
    text = io.StringIO()
    columns = list(dict.fromkeys([*NEEDED, *(name for row in rows for name in row)]))
    writer = csv.DictWriter(text, columns, restval="", delimiter=separator, lineterminator=newline)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def taken(content: str | bytes) -> Review:
    file = read_sheet(content if isinstance(content, bytes) else content.encode(), {"equivalence": NEEDED})
    return read_review(file, SHOPS.categories, FACETS)


def refused(content: str | bytes) -> list[str]:
    with pytest.raises(RefusedFile) as caught:
        taken(content)
    return caught.value.problems


def test_a_row_is_a_decision_in_both_directions() -> None:
    review = taken(
        sheet(
            {**GOOD, "verdict": "", "relation": ""}, GOOD, {**HONEY, "verdict": "reject", "relation": "", "reason": ""}
        )
    )
    muesli, cereal = path("Pantry > Muesli"), path("Breakfast > Cereal")
    honey, spreads = path("Pantry > Honey"), path("Breakfast > Spreads")
    assert review.undecided == 1
    said = review.decided[SAID].astype(object)
    assert said.where(said.notna(), None).values.tolist() == [
        ["aldi", muesli, "coles", cereal, "accept", "broad", "seen"],
        ["coles", cereal, "aldi", muesli, "accept", "narrow", "seen"],
        ["aldi", honey, "coles", spreads, "reject", None, None],
        ["coles", spreads, "aldi", honey, "reject", None, None],
    ]
    assert review.decided.index.tolist() == [3, 3, 4, 4]


PLAIN = taken(sheet(GOOD, HONEY)).decided


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("\ufeff" + sheet(GOOD, HONEY), id="byte order mark"),
        pytest.param(sheet(GOOD, HONEY, newline="\r\n"), id="CRLF"),
        pytest.param("\ufeff" + sheet(GOOD, HONEY, separator=";", newline="\r\n"), id="semicolons"),
        pytest.param(sheet(GOOD, HONEY, separator="\t"), id="tabs"),
        pytest.param(sheet({**GOOD, "verdict": " Accept ", "relation": "BROAD"}, HONEY), id="capitals and blanks"),
        pytest.param(sheet({**GOOD, "path": '["Pantry", "Muesli"]'}, HONEY), id="a path typed with blanks"),
        pytest.param(sheet({**GOOD, "path": "", "category": "pantry>Muesli"}, HONEY), id="a path as people write it"),
        pytest.param(sheet({**GOOD, "category": "Pantry > Muesli", "support": "1,5"}, HONEY), id="the queue's columns"),
        pytest.param(sheet(GOOD, HONEY).replace("reason\n", "reason,,\n") + ",,,,,,,,\n", id="empty cells and rows"),
    ],
)
def test_what_spreadsheets_and_people_do_to_a_file(content: str) -> None:
    pd.testing.assert_frame_equal(taken(content).decided, PLAIN)


def test_an_empty_row_counts_as_a_row_and_a_cell_may_have_lines() -> None:
    first = {**GOOD, "reason": "one\ntwo"}
    review = taken(sheet(first, HONEY).replace('two"\n', 'two"\n\n'))
    assert review.decided.index.tolist() == [2, 2, 4, 4]
    assert review.decided["reason"].tolist()[0] == "one\ntwo"


def test_a_formula_guard_is_taken_off_again() -> None:
    (reason, _) = taken(sheet({**GOOD, "reason": "'- no"})).decided["reason"]
    assert reason == "- no"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verdict": "maybe"}, 'verdict "maybe" is not one of accept, reject, withdraw'),
        ({"relation": ""}, "accept needs a relation, what the target is to the category: one of exact, close"),
        ({"relation": "same"}, 'relation "same" is not one of exact, close, broad, narrow, related'),
        ({"verdict": "reject"}, 'only an accepted pair has a relation, found "broad"'),
        ({"verdict": "withdraw"}, 'only an accepted pair has a relation, found "broad"'),
        ({"verdict": ""}, 'relation "broad" without a verdict: write accept'),
        ({"company_slug": "aldo"}, 'company_slug: there is no company "aldo", only aldi, coles, iga'),
        (
            {"target_path": path("Breakfast > Cereals")},
            'target_path: coles has no category "Breakfast > Cereals"; near it: Breakfast > Cereal',
        ),
        (
            {"path": "", "category": "Pantry > Mueslis"},
            'category: aldi has no category "Pantry > Mueslis"; near it: Pantry > Muesli',
        ),
        ({"path": ""}, "path: the row names no category of aldi"),
        ({"path": "Pantry > Muesli"}, 'path: Pantry > Muesli is no JSON array of names, as ["Pantry","Muesli"]'),
        ({"path": "[" * 100_000}, "is no JSON array of names"),
        ({"path": '["\\ud800"]'}, "is no JSON array of names"),
        ({"path": '{"a": 1}'}, "is no JSON array of names"),
        ({"path": "[]"}, 'path: aldi has no category "(no category)"'),
        ({"category": "Pantry > Honey"}, "category says Pantry > Honey, but path says Pantry > Muesli: were only some"),
        (
            {"target_company_slug": "aldi", "target_path": path("Pantry > Honey")},
            "both categories are of aldi: a mapping leads to another company",
        ),
        ({"path": path("Gluten Free")}, 'aldi "Gluten Free" is a facet (dietary), no category'),
        ({"reason": "a\0b"}, "the reason has a NUL character"),
    ],
)
def test_a_bad_row_is_named_with_its_reason(change: dict[str, str], says: str) -> None:
    (problem,) = refused(sheet(HONEY, {**GOOD, **change}))
    assert problem.startswith("row 3: ") and says in problem


def test_every_bad_row_is_named_with_every_reason() -> None:
    problems = refused(sheet({**GOOD, "verdict": "x", "path": "?"}, HONEY, {**HONEY, "relation": "y"}) + "aldi,\n")
    assert [problem.split(":")[0] for problem in problems] == ["row 2", "row 2", "row 4", "row 4", "row 5"]
    assert problems[-1] == "row 5: it has 2 cells, but the header 7"


BACK = {
    **{name: GOOD[other] for name, other in zip(NEEDED[:4], (*NEEDED[2:4], *NEEDED[:2]), strict=True)},
    "verdict": "accept", "relation": "narrow", "reason": "",
}  # fmt: skip


@pytest.mark.archive_case(63)
@pytest.mark.parametrize("again", [GOOD, {**GOOD, "verdict": "reject", "relation": ""}, BACK])
def test_a_pair_is_decided_once(again: dict[str, str]) -> None:
    assert refused(sheet(GOOD, HONEY, again)) == [
        "row 4: the same two categories as in row 2: decide them once, in either direction"
    ]


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        (("aldi", path("Pantry > Tea")), {}),
        (("aldi", path("Gluten Free")), {}),
        (("spar", path("Tea")), {}),
        (("spar", path("Tea")), {"category": "Tea"}),
        (("spar", path("Tea")), {"category": "Tea", "path": ""}),
    ],
)
def test_a_decision_may_be_withdrawn_though_its_category_or_company_is_gone(
    gone: tuple[str, str], named: dict[str, str]
) -> None:
    company, of = gone
    row = {**GOOD, "company_slug": company, "path": of, **named, "verdict": "withdraw", "relation": ""}
    review = taken(sheet(row))
    assert review.decided["company_slug"].tolist() == [company, "coles"]
    assert review.decided["subject"].tolist() == [of, GOOD["target_path"]]
    assert set(review.decided["verdict"]) == {"withdraw"}


def test_a_pair_may_stand_again_without_a_verdict() -> None:
    assert len(taken(sheet(GOOD, {**GOOD, "verdict": "", "relation": ""})).decided) == 2


@pytest.mark.parametrize("rows", [[], [{**GOOD, "verdict": "", "relation": ""}]])
def test_a_file_without_a_verdict_decides_nothing(rows: list[dict[str, str]]) -> None:
    review = taken(sheet(*rows))
    assert (len(review.decided), list(review.decided.columns), review.undecided) == (0, SAID, len(rows))
