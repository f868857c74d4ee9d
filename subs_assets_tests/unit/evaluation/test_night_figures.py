"""What a night says of itself, on two shops that a person can count."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from subs_assets.database import frames, tables
from subs_assets.evaluation.night_figures import curve_points, night_figures, reliability_bins
from subs_assets.evaluation.shown import ShownTables
from subs_assets.substitution.build import build_substitutions
from subs_assets.substitution.rates import build_rates
from subs_assets_tests.small_shops import MODEL, Shops, inputs_of, item, shops, spelled

KINDS = 45
SHELF = "Pantry > Soup"
LABEL_COLUMNS = [
    "company_slug", "sku", "target_company_slug", "target_sku", "words", "target_words", "stratum", "pooled", "verdict",
]  # fmt: skip


@pytest.fixture(scope="module")
def shop() -> Shops:
    """Soups of their own name each, sold by both; the price at b is four times as high."""
    names = [f"{word}{word} soup" for word in np.char.add("flavour", np.arange(KINDS).astype(str))]
    return shops(
        item(company, f"{company}{number}", name, SHELF, brand=company, size=(500.0, "g"), price=price)
        for company, price in (("a", 1.0), ("b", 4.0))
        for number, name in enumerate(names)
    )


def labels(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """(sku at a, sku at b, stratum, verdict)."""

    def spoken(sku: str) -> str:
        return f"flavour{sku[1:]}flavour{sku[1:]}"

    frame = pd.DataFrame(
        [
            ("a", sku, "b", other, *map(spoken, (sku, other)), stratum, KINDS, verdict)
            for sku, other, stratum, verdict in rows
        ],
        columns=LABEL_COLUMNS,
    )
    return frame.assign(is_accepted=frame["verdict"] != "reject", weight=1.0)


def figures_of(shop: Shops, labelled: pd.DataFrame, trapped: pd.DataFrame, **changed: Any) -> pd.DataFrame:
    inputs, features = inputs_of(shop), spelled(shop.products["core_name"])
    found = build_substitutions(inputs, features, MODEL)
    rates = build_rates(found.outcomes, found.outcomes.assign(levels_1_to_4=False, level_5=False))
    rows = frames.conform(found.substitutions, tables.substitutions)
    shown = ShownTables(
        rows.assign(**changed) if changed else rows,
        frames.conform(found.outcomes, tables.substitution_outcomes),
        frames.conform(rates, tables.substitution_rates),
    )
    return night_figures(inputs, features, shown, MODEL, labelled, trapped)


def figure(figures: pd.DataFrame, measure: str, pair: str = "", part: str = "") -> pd.Series:
    company, _, target = pair.partition(" -> ")
    keys = figures["measure"], figures["company_slug"], figures["target_company_slug"], figures["part"]
    wanted = measure, company, target, part
    return figures[np.logical_and.reduce([key == value for key, value in zip(keys, wanted, strict=True)])].iloc[0]


SAME = [f"a{number}" for number in range(KINDS)]
SHOWN = labels(
    *((sku, sku.replace("a", "b"), "shown, level 3", "reject" if sku == "a0" else "accept") for sku in SAME),
    *((sku, sku.replace("a", "b"), "first choice, ours", "reject" if sku == "a0" else "reservation") for sku in SAME),
)
TRAP = labels(("a1", "b1", "", "")).assign(trap="form")
NO_TRAP = labels(("a1", "b2", "", "")).assign(trap="form")


@pytest.fixture(scope="module")
def measured(shop: Shops) -> pd.DataFrame:
    return figures_of(shop, SHOWN, pd.concat([TRAP, NO_TRAP]))


def test_precision_is_of_the_labelled_pairs_that_are_shown(measured: pd.DataFrame) -> None:
    for pair, part in (("", ""), ("a -> b", ""), ("", "level 3")):
        found = figure(measured, "precision", pair, part)
        assert found["value"] == pytest.approx(44 / 45) and found["cases"] == 45
        assert found["low"] < found["value"] < found["high"]


def test_a_trap_is_named_where_it_is_shown(measured: pd.DataFrame, shop: Shops) -> None:
    assert figure(measured, "traps_shown")[["value", "cases"]].tolist() == [1.0, 2]
    assert figure(measured, "trap_shown", "a -> b", "a1 -> b1")["said"] == (
        "flavour1flavour1 -> flavour1flavour1 (form)"
    )
    by_person = figures_of(shop, SHOWN, TRAP, reasons='["accepted by Ann on 2025-01-02"]')
    assert figure(by_person, "traps_shown")["value"] == 0, "what a person says blocks no night"


def test_what_needs_no_label_is_of_every_pair_of_companies(measured: pd.DataFrame) -> None:
    assert figure(measured, "rate", "a -> b")["value"] == 1.0
    assert figure(measured, "rate_by_chance", "a -> b")["value"] == 0.0
    assert figure(measured, "coverage", "a -> b", "pantry")[["value", "cases"]].tolist() == [1.0, KINDS]
    assert figure(measured, "unit_price_ratio", "a -> b")["value"] == pytest.approx(4)
    assert figure(measured, "unit_price_ratio", "b -> a")["value"] == pytest.approx(1 / 4)
    assert figure(measured, "unit_price_far", "a -> b")["value"] == 1.0


def test_scores_and_curves_are_of_labelled_pairs(measured: pd.DataFrame) -> None:
    assert figure(measured, "ece")["cases"] == KINDS
    bins = reliability_bins(measured)
    assert bins["cases"].sum() == KINDS and (bins["low"] <= bins["accepted"]).all()
    assert figure(measured, "ece")["value"] == pytest.approx(
        ((bins["accepted"] - bins["promised"]).abs() * bins["cases"]).sum() / KINDS
    )
    points = curve_points(measured)
    last = points[points["company_slug"] == "a"].iloc[-1]
    assert (last["rate"], last["cases"]) == (1.0, KINDS) and last["value"] == pytest.approx(44 / 45)


def test_without_labels_it_says_so_and_judges_nothing(shop: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subs_assets.evaluation.night_figures.night_judge", None)
    elsewhere = SHOWN.assign(company_slug="elsewhere")
    figures = figures_of(shop, elsewhere, TRAP.assign(target_sku="gone"))
    for measure in ("precision", "precision_without_reservation", "ece"):
        assert figure(figures, measure)["said"] == (
            "not measured: 0 labelled pairs are in these catalogues, and 40 are needed"
        )
        assert pd.isna(figure(figures, measure)["value"])
    assert figure(figures, "traps_shown")[["value", "cases"]].tolist() == [0.0, 0]
    assert figure(figures, "rate", "a -> b")["value"] == 1.0
    assert curve_points(figures).empty and reliability_bins(figures).empty
