"""Every product is in exactly one stage of each pair's funnel, and in exactly one department."""

import pandas as pd
import pytest

from subs_assets.report.coverage import department_coverage, mapped_departments
from subs_assets.report.funnel import FUNNEL, by_company, loss_funnel, segments
from subs_assets.substitution.departments import NOT_TOLD
from subs_assets_tests.made_up_nights import made_up_night
from subs_assets_tests.small_shops import equivalences, path


def outcomes(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["company_slug", "target_company_slug", "product_id", "stage"])


SMALL = outcomes(
    ("a", "a", "1", "found"),
    ("a", "b", "1", "found"),
    ("a", "b", "2", "no mapping"),
    ("a", "b", "3", "refused: claim"),
    ("a", "c", "1", "below score"),
    ("a", "c", "2", "found"),
    ("b", "a", "1", "found"),
)


def test_the_funnel_counts_every_product_once_for_each_pair() -> None:
    funnel = loss_funnel(SMALL).set_index(["company_slug", "target_company_slug"])
    assert list(funnel.columns) == [*FUNNEL, "products"]
    assert FUNNEL[0] == "found" and FUNNEL[-1] == "uncategorised"
    assert funnel["products"].to_dict() == {("a", "a"): 1, ("a", "b"): 3, ("a", "c"): 2, ("b", "a"): 1}
    assert (funnel[list(FUNNEL)].sum(axis=1) == funnel["products"]).all()
    assert funnel.loc[("a", "b"), ["found", "refused: claim", "no mapping", "below score"]].tolist() == [1, 1, 1, 0]


def test_a_company_s_funnel_leaves_out_itself() -> None:
    table = by_company(loss_funnel(SMALL)).set_index("company_slug")
    assert table["products"].to_dict() == {"a": 5, "b": 1} and table.loc["a", "found"] == 2


def test_the_pieces_of_a_bar_touch_and_fill_it() -> None:
    for _, bar in segments(loss_funnel(made_up_night(3).substitution_outcomes)).groupby(
        ["company_slug", "target_company_slug"]
    ):
        assert bar["start"].iloc[0] == 0 and bar["end"].iloc[-1] == pytest.approx(1)
        assert bar["start"].iloc[1:].tolist() == pytest.approx(bar["end"].iloc[:-1].tolist())
        assert bar["share"].tolist() == pytest.approx((bar["count"] / bar["count"].sum()).tolist())
        assert [FUNNEL.index(stage) for stage in bar["stage"]] == sorted(map(FUNNEL.index, bar["stage"]))


def test_a_stage_that_no_bar_has_a_colour_for_is_not_left_out_in_silence() -> None:
    with pytest.raises(ValueError, match="lost in the post"):
        loss_funnel(outcomes(("a", "b", "1", "lost in the post")))


def test_coverage_counts_a_product_with_a_substitute_anywhere_else_once() -> None:
    claims = pd.DataFrame({"product_id": ["1", "2", "3"], "department": ["pantry", None, "chilled"]})
    coverage = department_coverage(SMALL, claims)
    assert coverage[["department", "company_slug", "products", "covered"]].to_dict("split")["data"] == [
        ["chilled", "a", 1, 0],
        ["pantry", "a", 1, 1],
        ["pantry", "b", 1, 1],
        ["not told", "a", 1, 1],
    ]
    assert department_coverage(SMALL.head(1), claims).empty


def test_coverage_holds_every_product_of_every_company() -> None:
    night = made_up_night(3)
    coverage = department_coverage(night.substitution_outcomes, night.product_claims)
    sold = night.product_listings.groupby("company_slug")["product_id"].nunique()
    assert coverage.groupby("company_slug")["products"].sum().to_dict() == sold.to_dict()
    assert ((coverage["rate"] > 0) & (coverage["rate"] <= 1)).any()


def test_listings_in_a_mapped_category_count_once_for_each_other_company() -> None:
    """aldi's milk is mapped to iga and not to coles; its bread stands in no category, and its department is unknown."""
    standing = pd.DataFrame(
        [("aldi", "1", path("Milk")), ("aldi", "2", "[]"), ("coles", "1", "[]"), ("iga", "1", path("Dairy"))],
        columns=["company_slug", "sku", "path"],
    ).assign(department="own")
    listed = standing[["company_slug", "sku"]].assign(product_id=["milk", "bread", "milk", "milk"])
    claims = pd.DataFrame({"product_id": ["milk", "bread"], "department": ["chilled", None]})
    found = mapped_departments(standing, listed, claims, equivalences(("aldi", "Milk", "iga", "Dairy", "exact")))
    assert list(found.itertuples(index=False, name=None)) == [
        ("aldi", "chilled", 2, 1, 0.5),
        ("coles", "chilled", 2, 0, 0.0),
        ("iga", "chilled", 2, 0, 0.0),
        ("aldi", NOT_TOLD, 2, 0, 0.0),
    ]
