"""What a person's decisions do to a night: rows, ranks, reasons, outcomes and rates, and what they leave alone."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.substitution import rows as rows_module
from subs_assets.substitution.build import (
    SubstitutionInputs,
    Substitutions,
    build_substitutions,
    night_judge,
    null_outcomes,
)
from subs_assets.substitution.decisions import standing_decisions
from subs_assets.substitution.explain import explain_pair
from subs_assets.substitution.rates import build_rates
from subs_assets_tests.small_shops import MODEL, equivalences, inputs_of, item, shops, spelled
from subs_assets_tests.unit.substitution.decided import decided, decision

G500 = (500.0, "g")
MAPPED = equivalences(("aldi", "Cereal", "coles", "Muesli", "exact"))
ITEMS = [
    item("aldi", "1", "swiss muesli", "Cereal", brand="a", size=G500),
    item("aldi", "2", "rolled oats", "Cereal", brand="a", size=G500, claims={"vegan"}),
    item("coles", "1", "swiss muesli", "Muesli", brand="b", size=G500),
    item("coles", "2", "swiss muesli toasted", "Muesli", brand="c", size=G500),
    item("coles", "9", "dish soap", "Kitchen", brand="d", size=(500.0, "ml")),
]


def night(*decisions: dict, items: list[dict] = ITEMS) -> tuple[Substitutions, SubstitutionInputs]:
    shop = shops(items)
    standing = standing_decisions(decided(*decisions), shop.product_listings)
    inputs = replace(inputs_of(shop, MAPPED), decisions=standing)
    return build_substitutions(inputs, spelled(shop.products["core_name"]), MODEL), inputs


def at_coles(found: Substitutions, product: str) -> list[str]:
    rows = frames.conform(found.substitutions, tables.substitutions)
    mine = rows[(rows["product_id"] == product) & (rows["company_slug"] == "coles")]
    return mine.sort_values("rank")["substitute_id"].tolist()


def stage(found: Substitutions, product: str) -> pd.Series:
    rows = frames.conform(found.outcomes, tables.substitution_outcomes)
    return rows[(rows["product_id"] == product) & (rows["target_company_slug"] == "coles")].iloc[0]


def test_a_rejected_pair_is_not_shown_and_the_next_one_moves_up() -> None:
    before, _ = night()
    assert at_coles(before, "aldi:1") == ["coles:1", "coles:2"]
    after, _ = night(decision("aldi 1", "coles 1"))
    assert at_coles(after, "aldi:1") == ["coles:2"] and stage(after, "aldi:1")["stage"] == "found"
    rest = before.substitutions[before.substitutions["product_id"] != "aldi:1"].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        after.substitutions[after.substitutions["product_id"] != "aldi:1"].reset_index(drop=True), rest
    )


def test_where_only_a_person_refused_the_outcome_says_who() -> None:
    found, inputs = night(decision("aldi 1", "coles 1", reason="too sweet"), decision("aldi 1", "coles 2"))
    lost = stage(found, "aldi:1")
    assert (lost["stage"], lost["nearest_id"]) == ("refused: decision", "coles:1")
    assert lost["detail"] == "rejected by Ann on 2025-01-02: too sweet"
    assert len(found.outcomes) == len(night()[0].outcomes)
    null = null_outcomes(inputs, spelled(inputs.products["core_name"]), MODEL)
    rates = build_rates(found.outcomes, null).set_index(["company_slug", "target_company_slug", "setting"])
    assert rates.loc[("aldi", "coles"), "with_any"].to_dict() == {"linked": 0, "null": 0, "siloed": 0}


@pytest.mark.parametrize("refused", ["coles 9", "coles 1"], ids=["no candidate", "below the score"])
def test_a_rejection_of_what_would_not_be_shown_changes_nothing(refused: str) -> None:
    before, after = night()[0], night(decision("aldi 2", refused))[0]
    pd.testing.assert_frame_equal(before.substitutions, after.substitutions)
    pd.testing.assert_frame_equal(before.outcomes, after.outcomes)


def test_an_accepted_pair_is_shown_whatever_gate_level_and_score_say_and_says_why() -> None:
    found, inputs = night(decision("aldi 2", "coles 9", "accept", reason="we sell them as one"))
    rows = frames.conform(found.substitutions, tables.substitutions)
    (row,) = rows[rows["product_id"] == "aldi:2"].to_dict("records")
    assert (row["substitute_id"], row["level"], row["rank"]) == ("coles:9", 5, 1) and row["score"] < MODEL.shown_from
    reasons = json.loads(row["reasons"])
    assert reasons[0] == "accepted by Ann on 2025-01-02: we sell them as one"
    assert reasons[1].startswith("the evidence alone: refused: ")
    assert rows_module.is_accepted_by_person(row["reasons"])
    outcome = stage(found, "aldi:2")
    assert (outcome["stage"], outcome["level_5"], outcome["level_5_own_tree"]) == ("found", True, True)
    null = null_outcomes(inputs, spelled(inputs.products["core_name"]), MODEL)
    assert null.set_index(["product_id", "target_company_slug"]).loc[("aldi:2", "coles"), "stage"] == "found"


def test_an_accepted_pair_that_the_evidence_finds_keeps_its_level_and_its_score() -> None:
    keys = ["product_id", "company_slug", "substitute_id"]
    before, after = (
        found.substitutions.set_index(keys).drop(columns="reasons")
        for found in (night()[0], night(decision("aldi 1", "coles 2", "accept"))[0])
    )
    pd.testing.assert_frame_equal(before, after)


def test_the_cap_cuts_off_no_accepted_pair_and_the_ranks_follow_the_score() -> None:
    many = [ITEMS[0]] + [item("coles", f"{n:02}", "swiss muesli", brand=f"b{n}", size=G500) for n in range(14)]
    last = item("coles", "99", "swiss muesli clusters with honey", brand="z", size=G500)
    found, _ = night(decision("aldi 1", "coles 99", "accept"), items=[*many, last])
    shown = at_coles(found, "aldi:1")
    assert len(shown) == rows_module.CAP and shown[-1] == "coles:99"
    all_of_them = [decision("aldi 1", f"coles {n:02}", "accept") for n in range(14)]
    found, _ = night(*all_of_them, items=many)
    assert len(at_coles(found, "aldi:1")) == 14


def test_a_decision_holds_when_a_barcode_appears_later_and_the_product_is_another() -> None:
    gtin = "09300601001231"
    items = [*ITEMS, item("iga", "7", "swiss muesli", brand="b", size=G500)]
    made = decision("aldi 1", "coles 1")
    assert at_coles(night(made, items=items)[0], "aldi:1") == ["coles:2"]
    merged = [  # the Coles and the IGA listing turn out to be one trade item
        {**listing, "gtin": gtin} if listing["sku"] in ("1", "7") and listing["company_slug"] != "aldi" else listing
        for listing in items
    ]
    found, inputs = night(made, items=merged)
    assert gtin in set(inputs.products["product_id"])
    rows = found.substitutions
    assert gtin not in set(rows.loc[rows["product_id"] == "aldi:1", "substitute_id"])  # nor at IGA


def test_an_accepted_pair_goes_when_one_side_is_no_longer_sold_and_comes_back_with_it() -> None:
    made = decision("aldi 2", "coles 9", "accept")
    found, inputs = night(made, items=ITEMS[:-1])
    assert at_coles(found, "aldi:2") == [] and 'coles sells no listing "9" any more' in inputs.decisions.idle[0]
    assert at_coles(night(made)[0], "aldi:2") == ["coles:9"]


@pytest.mark.parametrize(
    ("made", "conclusion"),
    [
        (decision("aldi 1", "coles 1", reason="dear"), "It is no substitute at coles: a person decided so."),
        (
            decision("aldi 1", "coles 1", "accept", reason="dear"),
            "It is a substitute at coles, on level 3: a person decided so.",
        ),
    ],
)
def test_an_explanation_says_who_decided(made: dict, conclusion: str) -> None:
    _, inputs = night(made)
    features = spelled(inputs.products["core_name"])
    (told,) = explain_pair(inputs, features, night_judge(inputs, MODEL), "aldi:1", "coles:1")
    assert told.is_decided and told.conclusion == conclusion
    assert told.lines[-1] == f"a person decided: {made['verdict']}ed by Ann on 2025-01-02: dear"
