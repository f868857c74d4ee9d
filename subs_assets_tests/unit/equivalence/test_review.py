"""The queue: one row a pair, what a person reads in it, and in which order."""

import pandas as pd
import pytest

from subs_assets.equivalence.mapping import EVIDENCE_COLUMNS
from subs_assets.equivalence.review import QUEUE_COLUMNS, review_queue
from subs_assets_tests.small_shops import path
from subs_assets_tests.unit.equivalence.review_night import changes, decisions, mappings, night

MUESLI_CEREAL = ("aldi", "Pantry > Muesli", "coles", "Breakfast > Cereal")
CEREAL_MUESLI = ("coles", "Breakfast > Cereal", "aldi", "Pantry > Muesli")
HONEY_HONEY = ("aldi", "Pantry > Honey", "coles", "Breakfast > Spreads > Honey")
SIDES = ["company_slug", "category", "target_company_slug", "target_category"]


def pairs_in(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(rows[SIDES].itertuples(index=False, name=None))


def test_a_pair_that_is_in_question_in_both_directions_is_one_row_from_the_larger_side() -> None:
    rows = mappings((*MUESLI_CEREAL, "broad", "proposed"), (*CEREAL_MUESLI, "narrow", "proposed"))
    queue = review_queue(night(rows), decisions())
    assert pairs_in(queue.rows) == [MUESLI_CEREAL]  # three listings there, two here
    only = queue.rows.iloc[0]
    assert only[["proposed_relation", "status", "relation_back", "status_back"]].tolist() == [
        "broad", "proposed", "narrow", "proposed",
    ]  # fmt: skip
    assert only["why"] == "proposed: nothing accepted at coles for the category of aldi"
    assert queue.asked == {"proposed": 1}


def test_what_only_the_other_direction_asks_is_in_the_row_that_was_asked_for() -> None:
    rows = mappings((*MUESLI_CEREAL, "broad"), (*CEREAL_MUESLI, "narrow", "proposed"))
    assert pairs_in(review_queue(night(rows), decisions()).rows) == [CEREAL_MUESLI]
    (row,) = review_queue(night(rows), decisions(), "aldi").rows.to_dict("records")
    assert (row["category"], row["proposed_relation"], row["status"]) == ("Pantry > Muesli", "broad", "accepted")
    assert row["why"] == "proposed, back: nothing accepted at aldi for the category of coles"


@pytest.mark.parametrize(
    ("company", "target", "expected"),
    [
        (None, None, {"aldi", "coles", "iga"}),
        ("aldi", None, {"aldi"}),
        ("aldi", "coles", {"aldi"}),
        (None, "iga", {"coles"}),
        ("iga", None, set()),
    ],
)
def test_of_one_company_or_to_one(company: str | None, target: str | None, expected: set[str]) -> None:
    rows = mappings(
        (*MUESLI_CEREAL, "close", "proposed"),
        ("coles", "Breakfast > Cereal", "iga", "Cereal", "close", "proposed"),
        ("iga", "Spreads", "aldi", "Pantry > Honey", "broad", "proposed"),
    )
    if expected == set():  # asked for where the other direction alone is published
        rows = rows.iloc[:2]
    assert set(review_queue(night(rows), decisions(), company, target).rows["company_slug"]) == expected


def test_vanished_decisions_first_then_what_reaches_most_listings() -> None:
    rows = mappings(
        (*HONEY_HONEY, "close", "proposed"),
        (*MUESLI_CEREAL, "close", "proposed"),
        ("iga", "Spreads", "coles", "Breakfast > Spreads", "close", "proposed"),
    )
    gone = decisions(
        ("aldi", "Tea", "coles", "Breakfast > Cereal", "accept", "broad"),
        ("coles", "Breakfast > Cereal", "aldi", "Tea", "accept", "narrow"),
    )
    queue = review_queue(night(rows), gone)
    assert queue.rows["category"].tolist() == ["Breakfast > Cereal", "Pantry > Muesli", "Pantry > Honey", "Spreads"]
    assert queue.rows["listings_reached"].tolist() == [2, 3, 2, 1]
    assert queue.rows["why"].str.split(":").str[0].tolist() == ["vanished", "proposed", "proposed", "proposed"]
    assert queue.asked == {"vanished": 1, "proposed": 3}


def test_what_a_person_needs_is_in_the_row() -> None:
    rows = mappings((*MUESLI_CEREAL, "close", "proposed"), (*MUESLI_CEREAL[:3], "Breakfast > Spreads", "related"))
    figures = {"support": 2.345, "hard_support": 1.04, "soft_support": 1.305, "label_similarity": 0.516}
    bounds = {"target_given_source_bound": 0.444, "source_given_target_bound": 0.5}
    row = review_queue(night(rows.assign(**figures, **bounds)), decisions()).rows.iloc[0]
    assert row["path"] == path("Pantry > Muesli") and row["target_path"] == path("Breakfast > Cereal")
    assert row[["verdict", "relation", "reason"]].tolist() == ["", "", ""]
    assert row[["support", "hard_support", "soft_support", "label_similarity", *bounds]].tolist() == [
        2.3, 1.0, 1.3, 0.52, 0.44, 0.5,
    ]  # fmt: skip
    assert row[["listings_reached", "listings", "target_listings"]].tolist() == [3, 3, 2]
    assert row["accepted_beside"] == 1 and row["evidence_says"] == "made up"


def test_the_strongest_pairs_of_listings_are_shown_each_name_once() -> None:
    key = ("aldi", path("Pantry > Muesli"), "coles", path("Breakfast > Cereal"))
    names = ["Oats", "Oats", "Bran", "Rye", "Corn", "Rice", "Nuts"]
    evidence = pd.DataFrame(
        [(*key, rank, "soft", "1", "2", name, f"{name} {rank}", 0.5) for rank, name in enumerate(names, start=1)],
        columns=EVIDENCE_COLUMNS,
    )
    other = evidence.assign(target_path=path("Breakfast > Spreads"), name="Jam")
    row = review_queue(
        night(mappings((*MUESLI_CEREAL, "close", "proposed")), evidence=pd.concat([other, evidence.iloc[::-1]])),
        decisions(),
    ).rows.iloc[0]
    assert row[[f"pair_{number}" for number in range(1, 6)]].tolist() == [
        f"{name} ~ {name} {rank} (soft 0.50)"
        for rank, name in ((1, "Oats"), (3, "Bran"), (4, "Rye"), (5, "Corn"), (6, "Rice"))
    ]


def test_a_mapping_that_is_gone_is_shown_with_what_it_was() -> None:
    gone = changes((*MUESLI_CEREAL, "gone", "accepted", "broad", None, None))
    (row,) = review_queue(night(mappings(), gone), decisions()).rows.to_dict("records")
    assert (row["proposed_relation"], row["status"], row["why"]) == ("broad", "", "changed: gone, was accepted broad")
    assert pd.isna(row["support"])


def test_nothing_to_ask() -> None:
    queue = review_queue(night(mappings((*MUESLI_CEREAL, "close"))), decisions())
    assert (len(queue.rows), list(queue.rows.columns), queue.asked, queue.left_out) == (0, QUEUE_COLUMNS, {}, 0)


def test_proposals_of_no_use_are_counted_where_they_are_asked_for() -> None:
    rows = mappings(("aldi", "Pantry > Honey", "coles", "Breakfast", "related", "proposed"))
    assert review_queue(night(rows), decisions(), "aldi").left_out == 1
    assert review_queue(night(rows), decisions(), "coles").left_out == 0
