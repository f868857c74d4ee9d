"""Decisions on listings, held against the products that these belong to tonight."""

import pytest

from subs_assets.substitution.decisions import STANDING_COLUMNS, standing_decisions
from subs_assets_tests.unit.substitution.decided import decided, decision, sold

TONIGHT = sold(bread="aldi 1, iga 1", loaf="coles 1, iga 2", milk="coles 3")


def standing(*decisions: dict, listings=TONIGHT) -> tuple[list[tuple[object, ...]], list[str]]:
    found = standing_decisions(decided(*decisions), listings)
    assert list(found.pairs.columns) == STANDING_COLUMNS
    return list(found.pairs.itertuples(index=False, name=None)), found.idle


def test_a_rejection_holds_everywhere_and_an_acceptance_where_it_was_seen() -> None:
    pairs, idle = standing(
        decision("aldi 1", "coles 1", "reject", reason="no bread"), decision("iga 1", "coles 3", "accept")
    )
    assert pairs == [
        ("bread", "loaf", None, "reject", "rejected by Ann on 2025-01-02: no bread"),
        ("bread", "milk", "coles", "accept", "accepted by Ann on 2025-01-02"),
    ]
    assert idle == []


def test_a_decision_is_on_one_direction() -> None:
    pairs, _ = standing(decision("coles 1", "aldi 1"))
    assert [pair[:2] for pair in pairs] == [("loaf", "bread")]


def test_an_accepted_pair_may_be_accepted_at_several_companies() -> None:
    pairs, idle = standing(
        decision("aldi 1", "coles 1", "accept", "2025-01-01"), decision("aldi 1", "iga 2", "accept", "2025-01-02")
    )
    assert [pair[2:4] for pair in pairs] == [("coles", "accept"), ("iga", "accept")] and idle == []


@pytest.mark.parametrize(
    ("listings", "expected"),
    [
        pytest.param(sold(x="aldi 1", y="coles 1"), [("x", "y", None)], id="other product ids"),
        pytest.param(sold(x="aldi 1, aldi 2, iga 1", y="coles 1, coles 3"), [("x", "y", None)], id="merged"),
        pytest.param(sold(x="aldi 1", z="iga 1", y="coles 1"), [("x", "y", None)], id="split: the decided listing's"),
        pytest.param(sold(x="aldi 1, coles 1"), [], id="both merged into one"),
        pytest.param(sold(x="iga 1", y="coles 1"), [], id="no longer sold"),
    ],
)
def test_a_decision_holds_for_the_products_that_the_listings_belong_to(listings, expected) -> None:
    pairs, idle = standing(decision("aldi 1", "coles 1"), listings=listings)
    assert [pair[:3] for pair in pairs] == expected and len(idle) == 1 - len(expected)


@pytest.mark.parametrize(
    ("listings", "says"),
    [
        (sold(y="coles 1"), 'aldi sells no listing "1" any more; the decision is kept and waits for it'),
        (
            sold(z="coles 2"),
            'aldi sells no listing "1" and coles sells no listing "1" any more; the decision is kept and waits for it',
        ),
        (sold(x="aldi 1, coles 1"), "both listings are of one product now; the decision is kept"),
    ],
)
def test_a_decision_that_counts_for_nothing_is_told(listings, says: str) -> None:
    _, idle = standing(decision("aldi 1", "coles 1", reason="dull"), listings=listings)
    assert idle == [f"aldi 1 -> coles 1, rejected by Ann on 2025-01-02: {says}"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (decision("aldi 1", "coles 1", "accept", "2025-01-01"), decision("iga 1", "iga 2", "reject"), "reject"),
        (decision("iga 1", "iga 2", "reject", "2025-01-01"), decision("aldi 1", "coles 1", "accept"), "accept"),
        (decision("aldi 1", "coles 1", "accept"), decision("iga 1", "iga 2", "reject"), "reject"),
    ],
)
def test_of_decisions_that_contradict_each_other_after_a_merge_the_later_wins(first, second, expected: str) -> None:
    for order in ((first, second), (second, first)):
        pairs, idle = standing(*order)
        assert [pair[3] for pair in pairs] == [expected]
        (sentence,) = idle
        assert "now about the same two products as" in sentence and "which is later and wins" in sentence
        assert sentence.startswith("iga 1 -> iga 2, rejected" if expected == "accept" else "aldi 1 -> coles 1, accept")


def test_nothing_decided() -> None:
    assert standing() == ([], [])


def test_the_decisions_on_one_product() -> None:
    found = standing_decisions(decided(decision("aldi 1", "coles 1"), decision("aldi 1", "coles 3")), TONIGHT)
    assert found.of("bread")["substitute_id"].tolist() == ["loaf", "milk"]
    assert found.of("bread", "milk")["verdict"].tolist() == ["reject"]
    assert found.of("milk", "bread").empty
