"""A company's reading held against what is published of it: what is told, what is not believed, and what passes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from subs_assets.catalogue.company import CompanyCatalogue, combine, keep_last_good, read_company
from subs_assets.catalogue.last_night import (
    FEWEST,
    LastNight,
    listings_against,
    prices_against,
    set_aside_against,
    why_prices_are_refused,
)
from subs_assets.finding import Verdict
from subs_assets_tests.unit.catalogue.conftest import WriteCompany, json_lines, product

COUNT = 200
NIGHT_BEFORE = [product(f"{number}", price=2.5) for number in range(COUNT)]


def last_night(reading: CompanyCatalogue) -> LastNight:
    return LastNight(reading.listings[["sku", "price"]], reading.set_aside_rows, reading.catalogue_files)


@pytest.fixture
def nights(write_company: WriteCompany) -> Callable[..., tuple[CompanyCatalogue, LastNight]]:
    """Tonight's reading of rows, and the night before of ``NIGHT_BEFORE``; what else is said is for tonight."""

    def read(rows: list[Any], before: list[Any] = NIGHT_BEFORE, **said: Any) -> tuple[CompanyCatalogue, LastNight]:
        last = last_night(read_company(write_company({"a.jsonl": json_lines(*before)})))
        return read_company(write_company({"a.jsonl": json_lines(*rows)}, **said)), last

    return read


Nights = Callable[..., tuple[CompanyCatalogue, LastNight]]


def told(verdict: Verdict, sentence: str | None) -> None:
    is_told_elsewhere = "they are not shown, the check delivered says" in verdict.sentence
    assert verdict.passed is (sentence is None or is_told_elsewhere), verdict.sentence
    assert (sentence or "") in verdict.sentence


@pytest.mark.parametrize(
    ("rows", "said", "sentence"),
    [
        (NIGHT_BEFORE, {}, None),
        (NIGHT_BEFORE[:181], {}, None),
        (NIGHT_BEFORE[:180], {}, "aldi: 180 listings where there were 200, a fall of 10%: see whether all"),
        (NIGHT_BEFORE[:140], {}, "aldi: 140 listings where there were 200: they are not shown"),
        (NIGHT_BEFORE[:140], {"accept_fall": True}, "take that line out"),
        ([*NIGHT_BEFORE, *(product(f"new {number}") for number in range(99))], {}, None),
        ([*NIGHT_BEFORE, *(product(f"new {number}") for number in range(100))], {}, "a rise of 50%"),
        ([product(f"{number + 59}") for number in range(COUNT)], {}, None),
        ([product(f"{number + 60}") for number in range(COUNT)], {}, "aldi: 60 of 200 skus are gone and 60 are new"),
    ],
)
def test_listings(nights: Nights, rows: list[Any], said: dict[str, Any], sentence: str | None) -> None:
    told(listings_against(*nights(rows, **said)), sentence)


def test_listings_are_counted(nights: Nights) -> None:
    figures = listings_against(*nights([product(f"{number + 20}") for number in range(190)])).figures
    assert figures == {
        "Listings": 190,
        "Listings before": 200,
        "Change of listings": -0.05,
        "Listings gone": 20,
        "Listings new": 10,
    }


def priced(*factors: float | None) -> list[Any]:
    """The rows of the night before, their prices times these factors, in turn; None: without a price."""
    changed = [factors[number % len(factors)] for number in range(COUNT)]
    return [
        {**row, "price": None if factor is None else round(row["price"] * factor, 4)}
        for row, factor in zip(NIGHT_BEFORE, changed, strict=True)
    ]


@pytest.mark.parametrize(
    ("factors", "said", "sentence", "refused"),
    [
        ((1.0,), {}, None, False),
        ((1.0, 1.0, 0.5), {}, None, False),  # a third is on sale
        ((1.09,), {}, None, False),
        ((1.12,), {}, "aldi: half of 200 prices changed by +12% or more", False),
        ((0.88,), {}, "aldi: half of 200 prices changed by -12% or more", False),
        ((1.96,), {}, "changed by +96% or more", False),
        ((2.0,), {}, "aldi: the prices of 200 listings are 2 times what is published at the median", True),
        ((0.5,), {}, "are 0.5 times what is published at the median: they are not shown", True),
        ((100.0,), {}, "are 100 times", True),
        ((100.0, 100.0, 1.0), {}, "are 100 times", True),
        ((100.0,), {"accept_prices": True}, "accept_prices: true in its source.yaml let them pass: take", False),
        ((100.0, *(1.0,) * 99), {}, "aldi: 2 of 200 prices are ten times what they were, or a tenth", False),
        ((100.0, *(1.0,) * 199), {}, None, False),
        ((None, *(1.0,) * 9), {}, "aldi: 20 of 200 listings have lost their price", False),
        ((None, *(1.0,) * 19), {}, None, False),
    ],
)
def test_prices(
    nights: Nights, factors: tuple[float | None, ...], said: dict[str, Any], sentence: str | None, refused: bool
) -> None:
    fields = {"sku": "sku", "name": "name", "price": {"column": "price", "optional": True}}
    reading, last = nights(priced(*factors), fields=fields, **said)
    told(prices_against(reading, last), sentence)
    assert (why_prices_are_refused(reading, last) is not None) is refused
    assert ("the check delivered says" in prices_against(reading, last).sentence) is refused


def test_prices_that_are_not_believed_are_not_shown(nights: Nights) -> None:
    reading, last = nights(priced(100.0))
    good = combine([nights(NIGHT_BEFORE)[0]])
    shown = keep_last_good(reading, COUNT, lambda: good, why_prices_are_refused(reading, last))
    assert set(shown.listings["price"]) == {2.5} and list(shown.catalogue_files["status"]) == ["kept"]
    assert str(shown.problem).startswith(
        "aldi: the prices of 200 listings are 100 times what is published at the median, such as sku 0: 2.5 -> 250; "
        "the 200 listings of the last good reading are shown. Mend `price` in its source.yaml"
    )


def test_set_aside(nights: Nights) -> None:
    """A row that only repeats another is no loss, however many there are."""
    bad = [product(f"bad {number}", price=-1) for number in range(20)]
    repeated = [*NIGHT_BEFORE, *NIGHT_BEFORE]
    verdict = set_aside_against(*nights([*repeated, *bad[:3]], before=repeated))
    told(verdict, None)
    assert verdict.figures["Rows set aside"] == 3
    told(set_aside_against(*nights([*repeated, *bad[:5]], before=repeated)), "5 of 405 rows were set aside (1.2%, 1.2 ")
    told(set_aside_against(*nights([*NIGHT_BEFORE, *bad[:9]], before=[*NIGHT_BEFORE, *bad[:9]])), None)
    verdict = set_aside_against(*nights([*NIGHT_BEFORE, *bad], before=[*NIGHT_BEFORE, *bad]))
    told(verdict, "20 of 220 rows were set aside (9.1%), most of them for price, such as a.jsonl line 201: is negative")


def test_rows_set_aside_are_not_held_against_a_night_whose_file_failed(nights: Nights) -> None:
    """Else the first good file after an outage would be told to have become worse."""
    good = [*NIGHT_BEFORE, *(product(f"bad {number}", price=-1) for number in range(5))]
    (tonight, last), (failed, _) = nights(good, before=good), nights([])
    kept = keep_last_good(failed, COUNT, lambda: tonight)
    verdict = set_aside_against(
        tonight, replace(last, set_aside_rows=kept.set_aside_rows, catalogue_files=kept.catalogue_files)
    )
    told(verdict, None)
    assert "Share set aside before" not in verdict.figures


NOTHING = LastNight(*(pd.DataFrame(columns=["sku", "price", "line", "reason", "read"]),) * 3)


@pytest.mark.parametrize("against", [listings_against, prices_against, set_aside_against])
def test_on_a_first_night_with_a_broken_file_and_in_a_small_shop_nothing_is_warned_of(
    nights: Nights, write_company: WriteCompany, against: Callable[..., Verdict]
) -> None:
    told(against(nights(NIGHT_BEFORE)[0], NOTHING), None)
    few = NIGHT_BEFORE[: FEWEST - 1]
    told(against(*nights([product("bad", price=-1), *priced(100.0)[: FEWEST - 10]], before=few)), None)
    broken = read_company(write_company({"a.jsonl": json_lines(*NIGHT_BEFORE[:60]), "b.jsonl": b""}))
    verdict = against(broken, nights(NIGHT_BEFORE)[1])
    told(verdict, None)
    assert "a file could not be read" in verdict.sentence and verdict.figures == {}
