"""Rates of outcomes that are written out: linked, siloed, null."""

import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.substitution.rates import PAIRS_PLOTTED, build_rates, plotted_rates, rates_between_companies

FLAGS = ["levels_1_to_4", "level_5", "level_5_own_tree"]


def outcomes(*flags: tuple[bool, bool, bool], company: str = "aldi", target: str = "coles") -> pd.DataFrame:
    rows = [
        (company, target, str(n), "found" if any(f) else "no candidate", *f, None, None, None)
        for n, f in enumerate(flags)
    ]
    columns = [
        "company_slug",
        "target_company_slug",
        "product_id",
        "stage",
        *FLAGS,
        "nearest_id",
        "nearest_score",
        "detail",
    ]
    return frames.conform(pd.DataFrame(rows, columns=columns), tables.substitution_outcomes)


def rates(real: pd.DataFrame, null: pd.DataFrame) -> pd.DataFrame:
    found = frames.conform(build_rates(real, null), tables.substitution_rates)
    return found.set_index(["company_slug", "target_company_slug", "setting"])


NOTHING, LOWER, FIFTH, OWN, BOTH = (
    (False, False, False),
    (True, False, False),
    (False, True, False),
    (False, True, True),
    (True, True, True),
)


@pytest.mark.parametrize(
    ("flags", "linked", "siloed"),
    [
        # (levels 1-4, level 5, any)
        ([NOTHING, NOTHING], (0, 0, 0), (0, 0, 0)),
        ([LOWER, NOTHING], (1, 0, 1), (1, 0, 1)),
        ([FIFTH, NOTHING], (0, 1, 1), (0, 0, 0)),
        ([OWN, NOTHING], (0, 1, 1), (0, 1, 1)),
        ([BOTH, NOTHING], (1, 1, 1), (1, 1, 1)),
        ([LOWER, FIFTH, OWN, BOTH], (2, 3, 4), (2, 2, 3)),
    ],
)
def test_rates(flags: list[tuple[bool, bool, bool]], linked: tuple[int, ...], siloed: tuple[int, ...]) -> None:
    found = rates(outcomes(*flags), outcomes(LOWER, NOTHING, NOTHING, NOTHING))
    counts = ["with_levels_1_to_4", "with_level_5", "with_any"]
    shares = ["rate_levels_1_to_4", "rate_level_5", "rate"]
    for setting, expected in (("linked", linked), ("siloed", siloed)):
        row = found.loc[("aldi", "coles", setting)]
        assert row["products"] == len(flags)
        assert tuple(row[counts]) == expected
        assert row[shares].tolist() == [round(count / len(flags), 4) for count in expected]
    assert found.loc[("aldi", "coles", "null"), [*counts, *shares]].tolist() == [1, 0, 1, 0.25, 0, 0.25]


def test_directions_are_counted_apart() -> None:
    both = pd.concat([outcomes(LOWER), outcomes(NOTHING, NOTHING, company="coles", target="aldi")])
    found = rates(both, both)
    assert found["rate"].to_dict() == {
        (*pair, setting): rate
        for pair, rate in ((("aldi", "coles"), 1.0), (("coles", "aldi"), 0.0))
        for setting in ("linked", "null", "siloed")
    }


def test_no_outcomes() -> None:
    nothing = outcomes()
    assert len(rates(nothing, nothing)) == 0


def test_the_rate_between_companies_leaves_each_company_s_own_products_out() -> None:
    real = pd.concat(
        [
            outcomes(LOWER, LOWER, target="aldi"),
            outcomes(LOWER, NOTHING),
            outcomes(FIFTH, NOTHING, NOTHING, NOTHING, company="coles", target="aldi"),
        ]
    )
    found = rates_between_companies(build_rates(real, real.assign(levels_1_to_4=False, level_5=False)))
    assert list(found.items()) == [("linked", round(2 / 6, 4)), ("siloed", round(1 / 6, 4)), ("null", 0.0)]
    assert rates_between_companies(build_rates(outcomes(LOWER, target="aldi"), outcomes(target="aldi"))) == {}


def rates_of(companies: int) -> pd.DataFrame:
    pairs = [(f"c{one}", f"c{two}") for one in range(companies) for two in range(companies)]
    rows = [(*pair, setting, 10, 4, 0.4) for pair in pairs for setting in ("linked", "null")]
    return pd.DataFrame(
        rows, columns=["company_slug", "target_company_slug", "setting", "products", "with_any", "rate"]
    )


def test_pairs_are_plotted_where_they_are_few_and_companies_where_they_are_many() -> None:
    assert plotted_rates(rates_of(2)) == {"Rate of c0 at c1": 0.4, "Rate of c1 at c0": 0.4}
    assert len(plotted_rates(rates_of(5))) == PAIRS_PLOTTED
    assert plotted_rates(rates_of(6)) == {f"Rate of c{company} elsewhere": 0.4 for company in range(6)}
    assert plotted_rates(rates_of(1)) == {}
