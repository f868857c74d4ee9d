"""A person's decision over a proposed mapping, one that was not proposed, and one whose category is gone."""

import pandas as pd
import pytest

from subs_assets.database import control_tables, frames, tables
from subs_assets.equivalence.decisions import apply_decisions, both_directions, without_inverses
from subs_assets.equivalence.mapping import MAPPING_COLUMNS
from subs_assets_tests.small_shops import item, path, shops

MUESLI, SPREADS, BREAKFAST = path("Pantry > Muesli"), path("Pantry > Spreads"), path("Breakfast > Cereal")

CATEGORIES = shops(
    [
        item("aldi", "1", "swiss muesli", "Pantry > Muesli"),
        item("aldi", "2", "honey", "Pantry > Spreads"),
        item("coles", "1", "toasted muesli", "Breakfast > Cereal"),
    ]
).categories


def mapping(source: str, target: str, relation: str = "close", status: str = "accepted") -> dict[str, object]:
    key = {"company_slug": "aldi", "path": source, "target_company_slug": "coles", "target_path": target}
    numbers = dict.fromkeys(MAPPING_COLUMNS[7:17], 0.5)
    return {**key, "relation": relation, "status": status, "origin": "evidence", **numbers, "reason": "evidence"}


def proposed(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=MAPPING_COLUMNS)


def decision(source: str, target: str, verdict: str, relation: str | None = None, **given: object) -> dict[str, object]:
    return {
        "kind": "equivalence",
        "company_slug": "aldi",
        "subject": source,
        "target_company_slug": "coles",
        "target_subject": target,
        "verdict": verdict,
        "relation": relation,
        "decided_by": "ann",
        "decided_at": "2025-01-02T03:04:05Z",
        "reason": None,
        **given,
    }


def decided(*rows: dict[str, object]) -> pd.DataFrame:
    columns = control_tables.decisions.columns.keys()
    return frames.conform(pd.DataFrame(rows, columns=columns), control_tables.decisions)


@pytest.mark.parametrize(
    ("before", "verdict", "relation", "after"),
    [
        (mapping(MUESLI, BREAKFAST), "reject", None, ("rejected", "decision", "close")),
        (mapping(MUESLI, BREAKFAST), "accept", "narrow", ("accepted", "decision", "narrow")),
        (mapping(MUESLI, BREAKFAST, "related", "proposed"), "accept", "exact", ("accepted", "decision", "exact")),
        (None, "accept", "broad", ("accepted", "decision", "broad")),
        (None, "reject", None, ("rejected", "decision", "related")),
    ],
)
def test_a_decision_always_wins(
    before: dict[str, object] | None, verdict: str, relation: str | None, after: tuple[str, str, str]
) -> None:
    rows, vanished = apply_decisions(
        proposed(*([before] if before else [])), decided(decision(MUESLI, BREAKFAST, verdict, relation)), CATEGORIES
    )
    assert vanished == []
    only = frames.conform(rows, tables.category_equivalences).iloc[0]
    assert (only["status"], only["origin"], only["relation"]) == after
    alone = f". The evidence alone: {before['status']}, {before['relation']}; evidence" if before else ""
    assert only["reason"] == f"{verdict}ed by ann on 2025-01-02{alone}"
    assert only["support"] == (0.5 if before else 0.0)  # what the evidence said stays to be read


def test_a_decision_touches_no_other_mapping_and_its_reason_is_told() -> None:
    rows, _ = apply_decisions(
        proposed(mapping(SPREADS, BREAKFAST), mapping(MUESLI, BREAKFAST)),
        decided(decision(SPREADS, BREAKFAST, "reject", reason="honey is no cereal")),
        CATEGORIES,
    )
    assert rows["path"].tolist() == [MUESLI, SPREADS]
    assert rows["status"].tolist() == ["accepted", "rejected"]
    alone = ". The evidence alone: accepted, close; evidence"
    assert rows["reason"].tolist() == ["evidence", f"rejected by ann on 2025-01-02: honey is no cereal{alone}"]


def test_the_reverse_direction_is_another_mapping() -> None:
    reverse = decision(BREAKFAST, MUESLI, "reject", company_slug="coles", target_company_slug="aldi")
    rows, _ = apply_decisions(proposed(mapping(MUESLI, BREAKFAST)), decided(reverse), CATEGORIES)
    assert dict(zip(rows["company_slug"], rows["status"], strict=True)) == {"aldi": "accepted", "coles": "rejected"}


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [
        (
            path("Pantry > Granola"),
            BREAKFAST,
            "aldi: Pantry > Granola ~ coles: Breakfast > Cereal, accepted by ann on 2025-01-02: "
            'aldi has no category "Pantry > Granola" any more; the decision is kept and waits for it',
        ),
        (
            MUESLI,
            path("Sale"),
            "aldi: Pantry > Muesli ~ coles: Sale, accepted by ann on 2025-01-02: "
            'coles has no category "Sale" any more; the decision is kept and waits for it',
        ),
        (
            path("Gone"),
            path("Sale"),
            "aldi: Gone ~ coles: Sale, accepted by ann on 2025-01-02: "
            'aldi has no category "Gone" and coles has no category "Sale" any more; '
            "the decision is kept and waits for it",
        ),
    ],
)
def test_a_decision_whose_category_is_gone_is_told_and_changes_nothing(source: str, target: str, sentence: str) -> None:
    before = proposed(mapping(MUESLI, BREAKFAST))
    rows, vanished = apply_decisions(before, decided(decision(source, target, "accept", "exact")), CATEGORIES)
    assert vanished == [sentence]
    pd.testing.assert_frame_equal(rows, before)


def test_both_directions_of_a_vanished_pair_are_told_once() -> None:
    there = decision(path("Pantry > Granola"), BREAKFAST, "accept", "broad")
    back = decision(
        BREAKFAST, path("Pantry > Granola"), "accept", "narrow", company_slug="coles", target_company_slug="aldi"
    )
    _, vanished = apply_decisions(proposed(), decided(there, back), CATEGORIES)
    assert len(vanished) == 1


@pytest.mark.parametrize(
    ("verdict", "relation", "inverse"),
    [
        ("accept", "exact", "exact"),
        ("accept", "close", "close"),
        ("accept", "broad", "narrow"),
        ("accept", "narrow", "broad"),
        ("accept", "related", "related"),
        ("reject", None, None),
    ],
)
def test_a_decision_in_the_other_direction(verdict: str, relation: str | None, inverse: str | None) -> None:
    one = decided(decision(MUESLI, BREAKFAST, verdict, relation))
    rows = both_directions(one.set_index(pd.Index([7])))
    assert rows.index.tolist() == [7, 7]
    back = decision(BREAKFAST, MUESLI, verdict, inverse, company_slug="coles", target_company_slug="aldi")
    expected = decided(decision(MUESLI, BREAKFAST, verdict, relation), back)
    pd.testing.assert_frame_equal(frames.conform(rows, control_tables.decisions), expected)


@pytest.mark.parametrize(
    ("back", "shown"),
    [
        (("accept", "narrow"), 1),
        (("accept", "broad"), 2),
        (("accept", "exact"), 2),
        (("reject", None), 2),
    ],
)
def test_a_pair_is_listed_once_where_its_directions_agree(back: tuple[str, str | None], shown: int) -> None:
    inverse = decision(BREAKFAST, MUESLI, *back, company_slug="coles", target_company_slug="aldi")
    rows = without_inverses(decided(decision(MUESLI, BREAKFAST, "accept", "broad"), inverse))
    assert len(rows) == shown and rows["company_slug"].iloc[0] == "aldi"


def test_a_rejected_pair_is_listed_once() -> None:
    back = decision(BREAKFAST, MUESLI, "reject", company_slug="coles", target_company_slug="aldi")
    assert len(without_inverses(decided(decision(MUESLI, BREAKFAST, "reject"), back))) == 1
    assert without_inverses(decided()).empty


def test_a_category_of_the_other_company_does_not_stand_in_for_a_vanished_one() -> None:
    _, vanished = apply_decisions(proposed(), decided(decision(BREAKFAST, BREAKFAST, "accept", "exact")), CATEGORIES)
    assert len(vanished) == 1 and "aldi has no category" in vanished[0]


def test_nothing_proposed_and_nothing_decided() -> None:
    rows, vanished = apply_decisions(proposed(), decided(), frames.empty(tables.categories))
    assert (len(rows), list(rows.columns), vanished) == (0, MAPPING_COLUMNS, [])
