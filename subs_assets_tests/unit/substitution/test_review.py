"""What a person is asked about substitutions, and in which order."""

import json

import pandas as pd
import pytest

from subs_assets.substitution.decisions import standing_decisions
from subs_assets.substitution.review import QUEUE_COLUMNS, PublishedSubstitutions, Queue, review_queue
from subs_assets_tests.unit.substitution.decided import decided, decision, sold

SOLD = sold(
    bread="aldi 01", rolls="aldi 2, iga 2", milk="aldi 3", loaf="coles 1, iga 1", buns="coles 2", cream="coles 3"
)


def listing(company: str, sku: str, **given: object) -> dict[str, object]:
    given = {"brand": None, "size_text": "1 kg", "price": 1.0, **given}
    return {"company_slug": company, "sku": sku, "name": f"={sku}", **given}


def shown(product: str, substitute: str, score: float, at: str = "coles 1", rank: int = 1) -> dict[str, object]:
    company, sku = at.split(" ")
    return {
        "product_id": product, "substitute_id": substitute, "company_slug": company, "sku": sku, "level": 3,
        "score": score, "rank": rank, "reasons": json.dumps(["level 3", "no category"]),
    }  # fmt: skip


def lost(product: str, nearest: str | None, score: float | None, stage: str = "below score") -> dict[str, object]:
    return {
        "company_slug": "aldi", "target_company_slug": "coles", "product_id": product, "stage": stage,
        "nearest_id": nearest, "nearest_score": score,
    }  # fmt: skip


def queue_of(*rows: dict[str, object], decisions: tuple[dict, ...] = (), **asked: object) -> Queue:
    of_shown, of_lost = shown("", "", 0.0), lost("", None, 0.0)
    night = PublishedSubstitutions(
        pd.DataFrame([listing(*key) for key in zip(SOLD["company_slug"], SOLD["sku"], strict=True)]),
        SOLD,
        pd.DataFrame([row for row in rows if "stage" not in row], columns=list(of_shown)).astype({"score": float}),
        pd.DataFrame([row for row in rows if "stage" in row], columns=list(of_lost)).astype({"nearest_score": float}),
    )
    return review_queue(night, standing_decisions(decided(*decisions), SOLD), 0.8, **asked)  # type: ignore[arg-type]


def asked_for(queue: Queue) -> list[tuple[str, str]]:
    """(sku, target_sku), without their guards."""
    return [(row.sku.strip("'"), row.target_sku.strip("'")) for row in queue.rows.itertuples()]


def test_a_question_has_both_sides_as_a_person_reads_them_and_as_they_are_taken_back() -> None:
    queue = queue_of(shown("bread", "loaf", 0.812))
    assert queue.rows.columns.tolist() == QUEUE_COLUMNS
    (row,) = queue.rows.to_dict("records")
    assert (row["company_slug"], row["sku"], row["target_company_slug"], row["target_sku"]) == (
        "aldi", "'01", "coles", "'1",
    )  # fmt: skip
    assert (row["name"], row["target_size_text"], row["level"], row["score"]) == ("=01", "1 kg", 3, 0.81)
    assert row["why"] == "shown: level 3; no category" and row["verdict"] == row["reason"] == ""


def test_what_is_nearest_the_threshold_from_either_side_comes_first() -> None:
    queue = queue_of(
        shown("bread", "loaf", 0.90), lost("milk", "cream", 0.76), shown("bread", "buns", 0.82, "coles 2"),
        lost("rolls", "buns", 0.20),
    )  # fmt: skip
    assert asked_for(queue) == [("3", "3"), ("01", "2"), ("01", "1"), ("2", "2")]
    assert queue.shown == 2 and queue.left == 0
    assert "nothing else at coles" in queue.rows["why"].iloc[0] and pd.isna(queue.rows["level"].iloc[0])


def test_listings_and_companies_that_an_answer_reaches_count_and_a_rank_halves_them() -> None:
    one = shown("bread", "loaf", 0.84)
    assert asked_for(queue_of(one, shown("rolls", "buns", 0.84, "coles 2"))) == [("2", "2"), ("01", "1")]
    assert asked_for(queue_of(one, shown("milk", "loaf", 0.83, rank=2))) == [("01", "1"), ("3", "1")]
    everywhere = [shown("milk", "loaf", 0.85), shown("milk", "loaf", 0.85, "iga 1")]
    assert asked_for(queue_of(one, *everywhere)) == [("3", "1"), ("01", "1")]


def test_only_what_an_answer_would_show_is_asked_of_what_is_lost() -> None:
    stages = ("refused: claim", "refused: decision", "no candidate", "found")
    assert queue_of(*(lost("milk", "cream", 0.79, stage) for stage in stages)).rows.empty


@pytest.mark.parametrize(
    ("made", "left"),
    [
        (decision("aldi 01", "iga 1", "reject"), []),
        (decision("aldi 01", "coles 1", "accept"), ["iga"]),
        (decision("aldi 01", "iga 1", "accept"), ["coles"]),
        (decision("coles 1", "aldi 01", "reject"), ["coles"]),
        (decision("aldi 01", "coles 9", "reject"), ["coles"]),
    ],
)
def test_what_is_decided_is_not_asked_again(made: dict, left: list[str]) -> None:
    rows = shown("bread", "loaf", 0.81), shown("bread", "loaf", 0.81, "iga 1")
    assert queue_of(*rows, decisions=(made,)).rows["target_company_slug"].tolist() == left


def test_one_company_s_questions_and_their_number() -> None:
    rows = shown("bread", "loaf", 0.81), shown("rolls", "loaf", 0.82, "iga 1"), lost("milk", "cream", 0.7)
    assert asked_for(queue_of(*rows, target_company_slug="iga")) == [("2", "1")]
    of_iga = queue_of(*rows, company_slug="iga").rows
    assert of_iga[["company_slug", "sku", "listings"]].values.tolist() == [["iga", "'2", 1]]
    bounded = queue_of(*rows, limit=2)
    assert len(bounded.rows) == 2 and bounded.left == 1


def test_nothing_published() -> None:
    queue = queue_of()
    assert queue.rows.empty and queue.rows.columns.tolist() == QUEUE_COLUMNS and queue.left == 0
